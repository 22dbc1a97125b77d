//! Whether the profiles of a compose project are chosen, so that services of profiles run as well.

use super::Analysis;
use crate::model::compose::Project;

/// What chooses profiles.
const CHOICES: &[&str] = &["COMPOSE_PROFILES", "--profile"];

/// Whether something of the project chooses profiles: its `.env`, a script or a Makefile beside it,
/// or a comment that says how to start it.
pub fn are_chosen(ctx: &Analysis, project: &Project) -> bool {
    *ctx.chosen_profiles
        .answer(project.id, || find_choice(ctx, project))
}

fn find_choice(ctx: &Analysis, project: &Project) -> bool {
    let own = project.files.iter().map(|file| ctx.facts.source(*file));
    let mut files = own.chain(ctx.facts.repository.inside(&project.folder));

    files.any(|file| CHOICES.iter().any(|choice| file.text.contains(choice)))
}
