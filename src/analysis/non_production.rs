//! Which files and projects are not for production: development, and what only shows how something
//! is done.

use super::Ctx;
use crate::model::compose::{Project, Service};
use crate::source::{FileId, file_name};

/// Whether a compose file is for development: by its name, or because one that is for production
/// stands beside it and needs it not.
pub fn is_for_developers(ctx: &Ctx, project: &Project) -> bool {
    const WORDS: [&str; 8] = [
        "prod",
        "production",
        "deploy",
        "deployment",
        "release",
        "live",
        "staging",
        "selfhost",
    ];
    let serious = |file: &FileId| {
        let name = file_name(ctx.facts.path(*file)).to_ascii_lowercase();
        name.split(['.', '-', '_'])
            .any(|part| WORDS.contains(&part))
    };

    let first = |project: &Project| project.files.get(project.base_files).copied();
    project.development
        || (!first(project).as_ref().is_some_and(serious)
            && ctx.graph.has_serious_project(&project.folder, |other| {
                other.base_files == 0 && first(other).as_ref().is_some_and(serious)
            }))
}

/// Whether a file for production that is laid over this one takes something back.
pub fn is_changed_over(
    ctx: &Ctx,
    project: &Project,
    service: &Service,
    gone: impl Fn(&Project, &Service) -> bool,
) -> bool {
    let over = project
        .files
        .first()
        .into_iter()
        .flat_map(|first| ctx.graph.projects_over(*first));
    let mut over = over
        .filter(|other| !other.development)
        .filter_map(|other| Some((other, other.service(service.name())?)));

    over.any(|(other, laid)| gone(other, laid))
}
