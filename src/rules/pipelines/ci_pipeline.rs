//! `ci-pipeline`: a repository that ships something that no pipeline builds or tests.

use crate::analysis::Analysis;
use crate::analysis::pipelines::is_pipeline;
use crate::finding::{Finding, Sink};
use crate::model::file_kind::FileKind;
use crate::model::file_role::Role;
use crate::source::{Location, Span};

pub fn check(ctx: &Analysis, sink: &mut Sink) {
    let facts = ctx.facts;
    if facts.of_kind(FileKind::Workflow).next().is_some()
        || facts.of_kind(FileKind::GitlabCi).next().is_some()
    {
        return;
    }

    let files = facts.repository.files();
    if files.iter().any(|file| is_pipeline(&file.path)) {
        return;
    }

    let Some((location, product)) = shipped(ctx) else {
        return;
    };

    sink.report(
        Finding::new(
            location,
            format!("no CI pipeline builds or tests this {product}"),
        )
        .label("shipped manually")
        .help(
            "add a workflow, such as `.github/workflows/ci.yml`, that lints, tests, and builds on \
             every push",
        ),
    );
}

/// The first image or service that the repository ships.
fn shipped(ctx: &Analysis) -> Option<(Location, &'static str)> {
    let facts = ctx.facts;
    if let Some(stage) = facts
        .dockerfiles()
        .filter(|dockerfile| facts.is_production(dockerfile.file))
        .find_map(|dockerfile| dockerfile.stages.first())
    {
        return Some((first_line(ctx, stage.location), "image"));
    }

    facts
        .projects()
        .iter()
        .filter(|project| project.role == Role::Production)
        .flat_map(|project| &project.services)
        .find(|service| service.build.is_some())
        .map(|service| (service.container.name.location, "service"))
}

fn first_line(ctx: &Analysis, location: Location) -> Location {
    let source = ctx.facts.source(location.file);
    let Span { start, end } = location.span;
    let line = source
        .lines()
        .span(source.lines().line(start), &source.text);

    Location::new(
        location.file,
        Span::new(start, line.end.min(end).max(start)),
    )
}
