//! Images that the repository itself publishes, by their names: what a build here tags, what is
//! named like the project, and what else the same owner publishes.

use std::collections::{HashMap, HashSet};

use crate::data;
use crate::model::facts::Facts;
use crate::model::image::Reference;
use crate::model::workflow::{Purpose, image_builds, job_purposes};
use crate::source::{Repository, file_name, parent};

/// How long the name of a folder must be to mark `prefix-folder` as an image of the repository.
const MIN_FOLDER: usize = 3;

/// The names by which images of the repository itself are known.
#[derive(Debug, Default)]
pub(super) struct OwnImages {
    /// Registry and folder: `ghcr.io/acme`.
    owners: HashSet<String>,
    /// The names of the project in its manifests.
    projects: HashSet<String>,
}

impl OwnImages {
    /// Finds the owners of which several images are named like folders with a Dockerfile:
    /// `acme/shop-api` and `acme/shop-worker` beside `api/Dockerfile` and `worker/Dockerfile`.
    pub fn new(facts: &Facts) -> Self {
        let folders: HashSet<&str> = facts
            .dockerfiles()
            .map(|dockerfile| file_name(parent(facts.path(dockerfile.file))))
            .filter(|name| name.len() >= MIN_FOLDER)
            .collect();
        let mut images: HashMap<String, HashSet<String>> = HashMap::new();

        for reference in references(facts) {
            let name = reference.short_name();
            let is_named_so = folders.contains(name)
                || name
                    .split_once('-')
                    .is_some_and(|(_, rest)| folders.contains(rest));

            if is_named_so && let Some(owner) = owner(reference) {
                images.entry(owner).or_default().insert(name.to_owned());
            }
        }

        let owners = images
            .into_iter()
            .filter(|(_, names)| names.len() >= 2)
            .map(|(owner, _)| owner)
            .chain(pushed_owners(facts))
            .chain(owners_in_matrices(facts))
            .chain(owners_in_expressions(facts));

        Self {
            owners: owners.collect(),
            projects: project_names(facts.repository),
        }
    }

    pub fn contains(&self, reference: &Reference) -> bool {
        let Some(owner) = owner(reference) else {
            return false;
        };

        data::image(&reference.repository()).is_none()
            && (self.owners.contains(&owner) || self.projects.contains(reference.short_name()))
    }
}

/// The owners that workflows which push images name in a variable: `REGISTRY_BASE: acme`.
fn pushed_owners<'a>(facts: &'a Facts) -> impl Iterator<Item = String> + 'a {
    const NAMES: [&str; 6] = ["REGISTRY", "IMAGE", "DOCKER", "NAMESPACE", "OWNER", "ORG"];

    let pushing = facts
        .workflows()
        .filter(|workflow| image_builds(workflow).iter().any(|build| build.pushes));
    let variables = pushing.flat_map(|workflow| {
        let of_jobs = workflow.jobs.iter().flat_map(|job| &job.env);
        workflow.env.iter().chain(of_jobs)
    });

    variables
        .filter(|variable| {
            let name = variable.name.value.to_ascii_uppercase();
            NAMES.iter().any(|part| name.contains(part))
        })
        .filter_map(|variable| Some(variable.value.literal()?.value.trim_matches('/')))
        .filter(|value| !value.is_empty() && !value.contains([' ', ':', '$']))
        .filter(|value| !value.contains('.') || value.contains('/'))
        .filter_map(|value| owner(&Reference::parse(&format!("{value}/image"))))
}

/// The owners of images that the matrix of a pushing job lists: `image: acme/shop`.
fn owners_in_matrices(facts: &Facts) -> Vec<String> {
    let mut owners = Vec::new();

    for workflow in facts.workflows() {
        let pushing = workflow.jobs.iter().filter(|job| {
            let purposes = job_purposes(job);
            job.matrix.is_some()
                && purposes
                    .iter()
                    .any(|evidence| evidence.purpose == Purpose::Push)
        });
        let axes = pushing
            .filter_map(|job| job.matrix.as_ref())
            .flat_map(|matrix| &matrix.axes)
            .filter(|axis| names_image(&axis.name.value));

        for value in axes.flat_map(|axis| &axis.values) {
            if !value.value.contains(['$', '{', ' ']) && !value.value.starts_with(['.', '/']) {
                owners.extend(owner(&Reference::parse(&value.value)));
            }
        }
    }

    owners
}

/// Whether the values of an axis are names of images, other than those that are built on.
fn names_image(axis: &str) -> bool {
    let axis = axis.to_ascii_lowercase();

    axis.contains("image") && !axis.contains("base") && !axis.contains("from")
}

/// The owners of images that a pushing workflow chooses from:
/// `${{ github.ref_name == 'main' && 'acme/shop' || 'acme/shop-next' }}`.
fn owners_in_expressions(facts: &Facts) -> Vec<String> {
    let mut owners = Vec::new();

    for workflow in facts.workflows() {
        for build in image_builds(workflow).iter().filter(|build| build.pushes) {
            for tag in build.tags.iter().filter(|tag| tag.value.contains("${{")) {
                let literals = tag.value.split('\'').skip(1).step_by(2);
                let images = literals.filter(|literal| {
                    literal.contains('/')
                        && !literal.contains(['{', ' '])
                        && !literal.starts_with("refs/")
                });
                owners.extend(images.filter_map(|image| owner(&Reference::parse(image))));
            }
        }
    }

    owners
}

/// The registry and the folder of an image; `None` for images without a folder.
fn owner(reference: &Reference) -> Option<String> {
    let repository = reference.repository();
    let (owner, _) = repository.rsplit_once('/')?;

    Some(owner.to_owned())
}

/// The images of services, pods and jobs.
fn references<'a>(facts: &'a Facts) -> impl Iterator<Item = &'a Reference> {
    let services = facts
        .projects()
        .iter()
        .flat_map(|project| &project.services)
        .filter_map(|service| service.container.image.as_ref());
    let others = facts.files.iter().flat_map(|file| file.images());

    services
        .chain(others)
        .filter_map(|image| image.reference.as_ref())
}

/// The names that the manifests in the root of a repository give the project.
fn project_names(repository: Repository<'_>) -> HashSet<String> {
    let mut names = HashSet::new();

    for path in ["pyproject.toml", "Cargo.toml"] {
        let Some(file) = repository.find(path) else {
            continue;
        };

        let name = file.text.lines().find_map(|line| {
            let value = line.strip_prefix("name")?.trim_start().strip_prefix('=')?;
            Some(value.trim().trim_matches('"').to_owned())
        });
        names.extend(name);
    }

    if let Some(file) = repository.find("package.json")
        && let Ok(manifest) = serde_json::from_str::<serde_json::Value>(&file.text)
        && let Some(name) = manifest.get("name").and_then(serde_json::Value::as_str)
    {
        names.insert(file_name(name).to_owned());
    }

    if let Some(file) = repository.find("go.mod") {
        let module = file
            .text
            .lines()
            .find_map(|line| line.strip_prefix("module "));
        names.extend(module.map(|module| file_name(module.trim()).to_owned()));
    }

    names
}
