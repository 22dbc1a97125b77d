//! Which files and projects are not for production: development, and what only shows how something
//! is done.

use super::Ctx;
use crate::model::compose::{Project, Service};
use crate::source::file_name;

/// Whether a compose file is for development: by its name, or because a file for production is
/// beside it and does not use it.
pub fn is_for_developers(ctx: &Ctx, project: &Project) -> bool {
    project.development
        || !has_serious_name(ctx, project)
            && ctx.graph.has_serious_project(&project.folder, |other| {
                other.base_files == 0 && has_serious_name(ctx, other)
            })
}

/// Whether the project's own first file is for production by its name.
fn has_serious_name(ctx: &Ctx, project: &Project) -> bool {
    const WORDS: &[&str] = &[
        "deploy",
        "deployment",
        "live",
        "prod",
        "production",
        "release",
        "selfhost",
        "staging",
    ];
    let Some(file) = project.files.get(project.base_files) else {
        return false;
    };

    let name = file_name(ctx.facts.path(*file)).to_ascii_lowercase();
    name.split(['.', '-', '_'])
        .any(|part| WORDS.contains(&part))
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
