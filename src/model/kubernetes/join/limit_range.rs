//! The resources that a LimitRange gives to containers without their own.

use crate::model::Setting;
use crate::model::container::{Quantity, Resources};
use crate::model::facts::FileFacts;
use crate::model::kubernetes::object::Body;
use crate::model::kubernetes::policy::Defaults;
use crate::source::{Repository, is_inside, parent};

/// The defaults of a LimitRange, and where they apply.
struct LimitRange<'s> {
    namespace: Option<String>,
    folder: &'s str,
    defaults: Defaults,
}

impl LimitRange<'_> {
    fn covers(&self, namespace: Option<&str>, folder: &str) -> bool {
        match (self.namespace.as_deref(), namespace) {
            (Some(own_namespace), Some(namespace)) => own_namespace == namespace,
            // Neither has a namespace, and one file is beside or above the other: most likely, they
            // are applied together.
            (None, None) => is_inside(folder, self.folder) || is_inside(self.folder, folder),
            _ => false,
        }
    }
}

/// Gives containers without resources the defaults of a LimitRange of their namespace.
pub(super) fn fill_defaults(files: &mut [FileFacts], repository: Repository) {
    let ranges = limit_ranges(files, repository);
    if ranges.is_empty() {
        return;
    }

    for (facts, source) in files.iter_mut().zip(repository.files()) {
        let folder = parent(&source.path);

        let variants = facts.variants.iter_mut().map(|variant| &mut variant.object);

        for object in facts.objects.iter_mut().chain(variants) {
            let Body::Workload(workload) = &mut object.body else {
                continue;
            };

            let namespace = object.namespace.value().map(String::as_str);
            let Some(range) = ranges.iter().find(|range| range.covers(namespace, folder)) else {
                continue;
            };

            for container in &mut workload.pod.containers {
                fill_resources(&mut container.resources, &range.defaults);
            }
        }
    }
}

fn limit_ranges<'s>(files: &[FileFacts], repository: Repository<'s>) -> Vec<LimitRange<'s>> {
    let mut ranges = Vec::new();

    for object in files.iter().flat_map(|facts| &facts.objects) {
        if let Body::LimitRange(defaults) = &object.body {
            ranges.push(LimitRange {
                namespace: object.namespace.value().cloned(),
                folder: parent(&repository.file(object.file).path),
                defaults: (**defaults).clone(),
            });
        }
    }

    ranges
}

fn fill_resources(resources: &mut Resources, defaults: &Defaults) {
    fill(&mut resources.cpu_request, &defaults.cpu_request);
    fill(&mut resources.cpu_limit, &defaults.cpu_limit);
    fill(&mut resources.memory_request, &defaults.memory_request);
    fill(&mut resources.memory_limit, &defaults.memory_limit);
}

fn fill(setting: &mut Setting<Quantity>, default: &Setting<Quantity>) {
    if setting.is_absent() {
        *setting = default.clone();
    }
}
