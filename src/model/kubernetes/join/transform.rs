//! Namespaces, counts and images that a kustomization sets.

use super::closure::Closure;
use crate::model::Setting;
use crate::model::facts::FileFacts;
use crate::model::image::{ImageSource, ImageSourceKind, ImageUse, Reference};
use crate::model::kubernetes::kustomize::{ImageRule, Kustomization};
use crate::model::kubernetes::object::{Body, Object};
use crate::model::kubernetes::workload::Workload;

/// Applies a kustomization to the objects that it reaches.
pub(super) fn transform(files: &mut [FileFacts], closure: &Closure) {
    let owner = closure.kustomization.0 as usize;
    let Some(kustomization) = files[owner].kustomization.take() else {
        return;
    };

    for file in &closure.files {
        for object in &mut files[file.0 as usize].objects {
            set_namespace(object, &kustomization);
            set_count(object, &kustomization);

            if let Body::Workload(workload) = &mut object.body {
                set_images(workload, &kustomization);
            }
        }
    }

    files[owner].kustomization = Some(kustomization);
}

fn set_namespace(object: &mut Object, kustomization: &Kustomization) {
    let Some(namespace) = kustomization.namespace.known() else {
        return;
    };

    match &object.namespace {
        // Two kustomizations put the object into different namespaces.
        Setting::Set(earlier)
            if earlier.location.file != object.file && earlier.value != namespace.value =>
        {
            object.namespace = Setting::Unknown(None);
        }
        Setting::Unknown(_) => {}
        _ => object.namespace = Setting::Set(namespace.clone()),
    }
}

fn set_count(object: &mut Object, kustomization: &Kustomization) {
    let (Some(name), Body::Workload(workload)) = (&object.name, &mut object.body) else {
        return;
    };

    let rule = kustomization
        .replicas
        .iter()
        .find(|rule| rule.name.value == name.value);
    if let Some(rule) = rule {
        workload.replicas = rule.count.clone();
    }
}

fn set_images(workload: &mut Workload, kustomization: &Kustomization) {
    for container in &mut workload.pod.containers {
        let Some(image) = &mut container.image else {
            continue;
        };

        let Some(rule) = kustomization.image(written_name(image)) else {
            continue;
        };

        let is_set_already = image
            .sources
            .iter()
            .any(|source| source.location.file == kustomization.file);
        if is_set_already || rule.sets_nothing() {
            continue;
        }

        if let Some(reference) = &mut image.reference {
            apply_rule(rule, reference);
            image.sources.push(ImageSource {
                location: rule.name.location,
                kind: ImageSourceKind::Kustomization,
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
