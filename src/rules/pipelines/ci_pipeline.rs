//! `ci-pipeline`: something to ship, and nothing that builds or tests it.

use crate::analysis::Ctx;
use crate::analysis::pipelines::is_pipeline;
use crate::finding::{Finding, Sink};
use crate::model::file_kind::FileKind;
use crate::source::{Location, Span};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let facts = ctx.facts;
    if facts.of_kind(FileKind::Workflow).next().is_some()
        || facts.of_kind(FileKind::GitlabCi).next().is_some()
    {
        return;
    }

    if facts
        .repository
        .files()
        .iter()
        .any(|file| is_pipeline(&file.path))
    {
        return;
    }

    let Some((location, what)) = shipped(ctx) else {
        return;
    };

    sink.report(
        Finding::new(
            location,
            format!("no CI pipeline builds or tests this {what}"),
        )
        .label("shipped manually")
        .help(
            "add a workflow, such as `.github/workflows/ci.yml`, that lints, tests, and \
                builds on every push",
        ),
    );
}

/// The first thing that the repository ships.
fn shipped(ctx: &Ctx) -> Option<(Location, &'static str)> {
    let facts = ctx.facts;
    if let Some(dockerfile) = facts
        .dockerfiles()
        .find(|dockerfile| !dockerfile.stages.is_empty())
    {
        let location = dockerfile.stages[0].location;
        let source = facts.source(location.file);
        let line = source
            .lines()
            .span(source.lines().line(location.span.start), &source.text);
        let span = Span::new(
            location.span.start,
            line.end.min(location.span.end).max(location.span.start),
        );
        return Some((Location::new(location.file, span), "image"));
    }

    let services = facts
        .projects()
        .iter()
        .filter(|project| !project.development)
        .flat_map(|project| &project.services);
    if let Some(service) = services.into_iter().find(|service| service.build.is_some()) {
        return Some((service.container.name.location, "service"));
    }

    None
}
