//! Namespaces, counts and images that a kustomization sets.

use super::closure::Closure;
use super::variant::BuiltVariant;
use crate::model::Setting;
use crate::model::facts::FileFacts;
use crate::model::image::{ImageSource, ImageSourceKind, ImageUse, Reference};
use crate::model::kubernetes::kustomize::{ImageRule, Kustomization, LabelRule};
use crate::model::kubernetes::labels::Labels;
use crate::model::kubernetes::merge::Conflict;
use crate::model::kubernetes::object::{Body, Object, ObjectVariant};
use crate::model::kubernetes::refusal::Problem;
use crate::model::kubernetes::workload::Workload;
use crate::source::FileId;

/// Applies a kustomization to the objects that it reaches.
pub(super) fn transform(files: &mut [FileFacts], closure: &Closure) {
    let owner = closure.kustomization.0 as usize;
    if closure.delivery.is_some() {
        return;
    }

    let Some(mut kustomization) = files[owner].kustomization.take() else {
        return;
    };

    for file in &closure.files {
        for object in &mut files[file.0 as usize].objects {
            mark_count(object, &mut kustomization);
            change(object, &kustomization, Conflict::Unknown);
        }
    }

    files[owner].kustomization = Some(kustomization);
}

/// Applies the kustomizations of a variant to it, bases first, and puts it to its file.
pub(super) fn keep_variant(
    files: &mut [FileFacts],
    closures: &[Closure],
    mut variant: BuiltVariant,
) {
    for &closure in &variant.closures {
        let closure = &closures[closure];
        let kustomization = &files[closure.kustomization.0 as usize].kustomization;

        if let Some(number) = closure.delivery {
            if let Body::Workload(workload) = &mut variant.object.body {
                let images = delivered_images(files, closure, number);
                set_images(workload, closure.kustomization, &images);
            }
        } else if let Some(kustomization) = kustomization
            && closure.files.contains(&variant.file)
        {
            change(&mut variant.object, kustomization, Conflict::LastHolds);
        }
    }

    files[variant.file.0 as usize].variants.push(ObjectVariant {
        builders: variant.builders,
        object: variant.object,
    });
}

fn change(object: &mut Object, kustomization: &Kustomization, conflict: Conflict) {
    set_namespace(object, kustomization, conflict);
    set_count(object, kustomization);
    set_labels(object, kustomization, conflict);

    if let Body::Workload(workload) = &mut object.body {
        set_images(workload, kustomization.file, &kustomization.images);
    }
}

/// Applies the images of the objects that deploy a folder to what they reach.
pub(super) fn deliver(files: &mut [FileFacts], closures: &[Closure]) {
    for closure in closures {
        let Some(number) = closure.delivery else {
            continue;
        };

        let images = delivered_images(files, closure, number);
        if images.is_empty() {
            continue;
        }

        for file in &closure.files {
            for object in &mut files[file.0 as usize].objects {
                if let Body::Workload(workload) = &mut object.body {
                    set_images(workload, closure.kustomization, &images);
                }
            }
        }
    }
}

/// The images of the object of a closure.
fn delivered_images(files: &[FileFacts], closure: &Closure, number: usize) -> Vec<ImageRule> {
    let object = files[closure.kustomization.0 as usize].objects.get(number);

    match object.map(|object| &object.body) {
        Some(Body::Delivery(delivery)) => delivery.images.clone(),
        _ => Vec::new(),
    }
}

fn set_namespace(object: &mut Object, kustomization: &Kustomization, conflict: Conflict) {
    let Some(namespace) = kustomization.namespace.known() else {
        return;
    };

    if object.written_namespace.is_none()
        && let Setting::Set(written) = &object.namespace
        && written.location.file == object.file
    {
        object.written_namespace = Some(written.value.clone());
    }

    match &object.namespace {
        // Two kustomizations put the object into different namespaces.
        Setting::Set(earlier)
            if conflict == Conflict::Unknown
                && earlier.location.file != object.file
                && earlier.value != namespace.value =>
        {
            object.namespace = Setting::Unknown(None);
        }
        Setting::Unknown(_) => {}
        _ => object.namespace = Setting::Set(namespace.clone()),
    }
}

/// Marks the number of replicas that a kustomization sets as one that has its workload.
fn mark_count(object: &Object, kustomization: &mut Kustomization) {
    let (Some(name), Body::Workload(_)) = (&object.name, &object.body) else {
        return;
    };

    let mut rules = kustomization.replicas.iter_mut();
    if let Some(rule) = rules.find(|rule| rule.name.value == name.value) {
        rule.matched = true;
    }
}

fn set_count(object: &mut Object, kustomization: &Kustomization) {
    let (Some(name), Body::Workload(workload)) = (&object.name, &mut object.body) else {
        return;
    };

    let mut rules = kustomization.replicas.iter();
    if let Some(rule) = rules.find(|rule| rule.name.value == name.value) {
        workload.replicas = rule.count.clone();
    }
}

/// Adds the labels of a kustomization to pods and selectors.
fn set_labels(object: &mut Object, kustomization: &Kustomization, conflict: Conflict) {
    let home = object.file;

    for rule in &kustomization.labels {
        add_labels(&mut object.labels, rule, home, conflict);

        let selector = match &mut object.body {
            Body::Workload(workload) => {
                if rule.templates {
                    add_labels(&mut workload.pod_labels, rule, home, conflict);
                }

                workload.selector.as_mut()
            }
            Body::Service(service) => service.selector.as_mut(),
            Body::DisruptionBudget(budget) => budget.selector.as_mut(),
            Body::NetworkPolicy(policy) => policy.selector.as_mut(),
            _ => None,
        };

        // Where a workload has no selector, kustomize makes one.
        if rule.selectors {
            object
                .refusals
                .retain(|refusal| refusal.problem != Problem::NoSelector);
        }

        if rule.selectors
            && let Some(selector) = selector
        {
            add_labels(&mut selector.labels, rule, home, conflict);
        }
    }
}

/// Adds labels to others. One that two kustomizations set in different ways is unknown.
fn add_labels(labels: &mut Labels, rule: &LabelRule, home: FileId, conflict: Conflict) {
    for (key, value) in &rule.pairs {
        let existing = labels
            .entries
            .iter_mut()
            .find(|(name, _)| name.value == key.value);

        match existing {
            Some((_, setting)) => {
                let differs = setting.value() != value.value();
                let is_from_elsewhere = setting
                    .location()
                    .is_some_and(|location| location.file != home);

                if differs && is_from_elsewhere && conflict == Conflict::Unknown {
                    *setting = Setting::Unknown(value.location());
                } else if differs {
                    *setting = value.clone();
                }
            }
            None => labels.entries.push((key.clone(), value.clone())),
        }
    }
}

fn set_images(workload: &mut Workload, source: FileId, rules: &[ImageRule]) {
    for container in &mut workload.pod.containers {
        let Some(image) = &mut container.image else {
            continue;
        };

        let name = written_name(image);
        let named = |rule: &&ImageRule| rule.name.value == name;
        let Some(rule) = rules.iter().find(named) else {
            continue;
        };

        let is_set_already = image
            .sources
            .iter()
            .any(|known| known.location.file == source);
        if is_set_already || rule.sets_nothing() {
            continue;
        }

        if let Some(reference) = &mut image.reference {
            apply_rule(rule, reference);
            let version = rule.digest.as_ref().or(rule.new_tag.as_ref());
            let location = version.map_or(rule.name.location, |version| version.location);
            let tag = rule.new_tag.as_ref().map(|tag| tag.value.clone());
            image.sources.push(ImageSource {
                location,
                kind: ImageSourceKind::Kustomization { tag },
            });
        }
    }
}

/// The name of an image as written, without tag and digest.
fn written_name(image: &ImageUse) -> &str {
    let name = image.written.split('@').next().unwrap_or("");

    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    }
}

fn apply_rule(rule: &ImageRule, reference: &mut Reference) {
    if let Some(name) = &rule.new_name {
        let renamed = Reference::parse(&name.value);
        reference.registry = renamed.registry;
        reference.path = renamed.path;
    }

    if let Some(tag) = &rule.new_tag {
        reference.tag = Some(tag.value.clone());
        reference.digest = None;
    }

    if let Some(digest) = &rule.digest {
        reference.digest = Some(digest.value.clone());
    }
}
