//! `image-drift`: whether what is deployed is what the pipeline builds, and whether files agree on
//! its version.

use std::collections::HashMap;

use crate::analysis::Analysis;
use crate::analysis::pipelines::is_live;
use crate::data;
use crate::finding::{Finding, Sink};
use crate::model::container::Container;
use crate::model::file_role::Role;
use crate::model::image::{ImageUse, Reference};
use crate::model::workflow::image_builds;
use crate::source::{Located, parent};
use crate::syntax::shell::Script;

pub fn check(ctx: &Analysis, sink: &mut Sink) {
    if replaces_images(ctx) {
        return;
    }

    let deployed = deployed(ctx);
    if let Some(built) = pushed(ctx) {
        other_names(&deployed, &built, sink);
    }

    other_tags(ctx, &deployed, sink);
}

/// An image that something runs, and what.
struct Deployed<'a> {
    owner: String,
    image: &'a ImageUse,
    reference: &'a Reference,
    /// It is built from a Dockerfile of this repository.
    is_built_here: bool,
}

/// What runs outside development: pods, and services of compose that pull. A service that builds
/// names its output.
fn deployed<'a>(ctx: &Analysis<'a>) -> Vec<Deployed<'a>> {
    let pods = ctx
        .facts
        .deployed_workloads()
        .flat_map(|(object, workload)| {
            workload
                .pod
                .containers
                .iter()
                .map(move |container| (object.title(), container))
        });
    let projects = ctx
        .facts
        .projects()
        .iter()
        .filter(|project| project.role == Role::Production && !project.overlay);
    let services = projects
        .flat_map(|project| &project.services)
        .filter(|service| service.build.is_none());
    let services = services.map(|service| (service.name().to_owned(), &service.container));

    pods.chain(services)
        .filter_map(|(owner, container)| deployed_image(ctx, owner, container))
        .collect()
}

fn deployed_image<'a>(
    ctx: &Analysis<'a>,
    owner: String,
    container: &'a Container,
) -> Option<Deployed<'a>> {
    let image = container.image.as_ref()?;
    let reference = image.reference.as_ref()?;
    if reference.path.contains(['?', '$', '{']) || data::image(&reference.repository()).is_some() {
        return None;
    }

    Some(Deployed {
        owner,
        image,
        reference,
        is_built_here: ctx.graph.built(container).is_some(),
    })
}

/// Whether a pipeline or a kustomization replaces images: the files then do not say what runs.
fn replaces_images(ctx: &Analysis) -> bool {
    ctx.facts
        .workflows()
        .flat_map(|workflow| &workflow.jobs)
        .flat_map(|job| &job.steps)
        .any(|step| {
            let is_action = step
                .uses
                .as_ref()
                .is_some_and(|uses| is_replacing_action(&uses.value));
            let is_script = step
                .run
                .as_ref()
                .is_some_and(|code| replaces(code.script()));

            is_action || is_script
        })
}

fn is_replacing_action(uses: &str) -> bool {
    const WORDS: &[&str] = &[
        "azure/k8s-deploy",
        "deploy-to-kubernetes",
        "helm",
        "k8s-bake",
        "kustomize",
        "update-image",
        "yq",
    ];
    let uses = uses.to_ascii_lowercase();
    WORDS.iter().any(|word| uses.contains(word))
}

fn replaces(script: &Script) -> bool {
    script.invocations().iter().any(|invocation| {
        let has = |word: &str| invocation.args.iter().any(|arg| arg.text() == word);

        match invocation.program {
            "kubectl" | "oc" => has("set") && has("image"),
            "kustomize" => has("set"),
            "helm" | "sed" | "yq" | "envsubst" | "skaffold" | "ko" => true,
            _ => false,
        }
    })
}

/// The repositories that pipelines build, without tags. `None` where one of them cannot be known.
fn pushed(ctx: &Analysis) -> Option<Vec<Located<String>>> {
    let mut names = Vec::new();
    for build in ctx
        .facts
        .workflows()
        .filter(|workflow| is_live(ctx, workflow))
        .flat_map(image_builds)
    {
        for tag in build.tags {
            // A variable in the tag does not matter; one that may hold the name does.
            let name = tag.value.split('@').next().unwrap_or("");
            let name = match name.rsplit_once(':') {
                Some((name, rest)) if !rest.contains('/') => name,
                _ => name,
            };

            let last = name.rsplit('/').next().unwrap_or(name);
            if last.is_empty() || last.contains(['$', '{', '}', '`']) {
                return None;
            }

            names.push(Located::new(name.to_owned(), tag.location));
        }
    }

    Some(names)
}

fn other_names(deployed: &[Deployed], built: &[Located<String>], sink: &mut Sink) {
    let mut by_name: HashMap<&str, Vec<&Located<String>>> = HashMap::new();

    for name in built {
        by_name
            .entry(name.value.rsplit('/').next().unwrap_or(""))
            .or_default()
            .push(name);
    }

    for image_use in deployed {
        let repository = image_use.reference.repository();
        let short = image_use.reference.short_name();
        let namesakes = by_name.get(short).map_or(&[][..], Vec::as_slice);
        // A bare name is filled in where it is deployed.
        if namesakes.is_empty()
            || !repository.contains('/')
            || namesakes
                .iter()
                .any(|name| may_be(&name.value, &repository))
        {
            continue;
        }

        let built = namesakes[0];
        // A local name is tagged again before it is pushed.
        if !built.value.contains('/') {
            continue;
        }

        sink.report(
            Finding::new(
                image_use.image.location,
                format!(
                    "`{}` runs `{repository}`, but the pipeline builds `{}`",
                    image_use.owner, built.value
                ),
            )
            .label("nothing here builds this image")
            .related(built.location, "built under this name")
            .help("deploy the image that the pipeline pushes, or push it under the deployed name"),
        );
    }
}

/// Whether a built name, which may contain expressions, may be a repository.
fn may_be(built: &str, repository: &str) -> bool {
    let reference = Reference::parse(built);
    if !built.contains(['$', '{']) {
        return reference.repository() == repository;
    }

    // Only the part after the last expression is known.
    let known = built.rsplit('}').next().unwrap_or("");

    repository.ends_with(known.trim_start_matches('/'))
}

/// One image of this repository under two versions, in files of one folder.
fn other_tags(ctx: &Analysis, deployed: &[Deployed], sink: &mut Sink) {
    let mut first: HashMap<(String, &str), &Deployed> = HashMap::new();

    for image_use in deployed.iter().filter(|image_use| image_use.is_built_here) {
        let Some(tag) = image_use
            .reference
            .tag
            .as_deref()
            .filter(|tag| is_version(tag))
        else {
            continue;
        };

        let folder = parent(ctx.facts.path(image_use.image.location.file));
        let seen = first
            .entry((image_use.reference.repository(), folder))
            .or_insert(image_use);
        let Some(other) = seen.reference.tag.as_deref().filter(|other| *other != tag) else {
            continue;
        };

        sink.report(
            Finding::new(
                image_use.image.location,
                format!(
                    "`{}` runs version {tag} of an image that `{}` runs as {other}",
                    image_use.owner, seen.owner
                ),
            )
            .related(seen.image.location, format!("version {other} here"))
            .help("use the same version in both places"),
        );
    }
}

/// `1.4.2`, `v2.0`: not a branch, a channel or a commit.
fn is_version(tag: &str) -> bool {
    let tag = tag.strip_prefix('v').unwrap_or(tag);
    tag.starts_with(|c: char| c.is_ascii_digit()) && tag.contains('.')
}
