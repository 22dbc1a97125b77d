//! What is deployed and could not be seen: what a run without findings does not vouch for.

use std::collections::HashSet;
use std::path::PathBuf;

use super::outcome::Unseen;
use crate::input;
use crate::model::container::Container;
use crate::model::facts::Facts;
use crate::model::file_kind::FileKind;
use crate::model::file_role::Role;
use crate::source::{FileId, is_inside, parent};

/// What could not be seen of what is deployed.
pub(super) fn unseen(facts: &Facts) -> Unseen {
    let is_production = |file: &FileId| facts.role(*file) == Role::Production;
    let mut charts: Vec<&str> = facts
        .of_kind(FileKind::HelmChart)
        .map(|file| parent(facts.path(file)))
        .collect();
    charts.sort_by_key(|folder| std::cmp::Reverse(folder.len()));
    let (mut open_charts, mut images) = (HashSet::new(), 0);

    for project in facts.projects().iter().filter(|it| !it.development) {
        let services = project.services.iter();
        images += services
            .filter(|service| has_unknown_image(&service.container))
            .count();
    }

    for (object, workload) in facts.files.iter().flat_map(|file| file.workloads()) {
        if !is_production(&object.file) {
            continue;
        }

        let mut containers = workload.pod.containers.iter();
        if !object.helm {
            images += containers.filter(|it| has_unknown_image(it)).count();
        } else if containers.any(has_unknown_setting) {
            let folder = facts.source(object.file).folder();
            let chart = charts
                .iter()
                .find(|chart| chart.is_empty() || is_inside(folder, chart));
            open_charts.insert(chart.copied().unwrap_or(folder));
        }
    }

    let partial = facts.files.iter().filter_map(|file| {
        let kustomization = file.kustomization.as_deref()?;
        kustomization
            .resources
            .is_open()
            .then_some(kustomization.file)
    });

    Unseen {
        charts: open_charts.len(),
        kustomizations: partial.filter(is_production).count(),
        templates: facts
            .of_kind(FileKind::Template)
            .filter(is_production)
            .count(),
        images,
    }
}

fn has_unknown_image(container: &Container) -> bool {
    let image = container.image.as_ref();
    image.is_some_and(|image| image.reference.is_none())
}

/// Whether a setting that rules ask for depends on the values of a chart.
fn has_unknown_setting(container: &Container) -> bool {
    let security = &container.security;
    let resources = &container.resources;

    has_unknown_image(container)
        || security.user.is_unknown()
        || security.privileged.is_unknown()
        || resources.memory_limit.is_unknown()
        || container.readiness.is_unknown()
}

/// The files that the user names and that are none of a deployment.
pub(super) fn unrecognized(facts: &Facts, named: &[PathBuf]) -> Vec<String> {
    let paths = named.iter().map(|path| input::shown(path));

    paths
        .filter(|path| {
            let file = facts.repository.find(path);
            file.is_some_and(|file| !is_recognized(facts.file(file.id).kind))
        })
        .collect()
}

const fn is_recognized(kind: FileKind) -> bool {
    !matches!(
        kind,
        FileKind::Text | FileKind::OtherYaml | FileKind::Template
    )
}
