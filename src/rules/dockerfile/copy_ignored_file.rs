//! `copy-ignored-file`: a COPY or ADD of what `.dockerignore` keeps from the builder.

use crate::analysis::build_context::{BuildContext, contexts};
use crate::analysis::{Analysis, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::Dockerfile;
use crate::source::{Location, join};
use crate::syntax::dockerfile::{Body, Source, Word};

pub fn check(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let contexts = contexts(ctx, dockerfile);
    if contexts.iter().any(|context| context.ignore.is_none()) {
        return;
    }

    let built = shipped_stages::built(ctx, dockerfile);

    for position in dockerfile
        .instructions()
        .filter(|position| built.contains(&position.stage.index))
    {
        let (Body::Copy(transfer) | Body::Add(transfer)) = &position.instruction.body else {
            continue;
        };

        if transfer.from.is_some() {
            continue;
        }

        for source in &transfer.sources {
            let Source::Path(word) = source else {
                continue;
            };

            let Some(path) = plain_path(word) else {
                continue;
            };

            // A pattern may be for what another tool puts into the folder.
            let is_pattern = word.text.contains('*');
            let is_known = contexts.iter().any(|context| {
                join(&context.folder, &path)
                    .is_some_and(|folder| ctx.facts.repository.has_folder(&folder))
            });
            if is_pattern && !is_known {
                continue;
            }

            if contexts
                .iter()
                .all(|context| is_kept_out(ctx, context, &path))
            {
                report(ctx, dockerfile, word, &path, &contexts[0], sink);
            }
        }
    }
}

/// The path that a source names in the context; `None` for patterns of folders, addresses and the
/// context itself. A pattern of files in a folder finds nothing if all of the folder is ignored.
fn plain_path(word: &Word) -> Option<String> {
    let text = word.literal()?;
    let path = text
        .trim_start_matches("./")
        .trim_matches('/')
        .trim_end_matches("/.");
    let path = match path.rsplit_once('/') {
        Some((folder, name)) if name.contains('*') => folder,
        _ => path,
    };
    let is_plain = !path.is_empty()
        && path != "."
        && !path.starts_with("..")
        && !path.contains(['*', '?', '[', ':', '\\']);

    is_plain.then(|| path.to_owned())
}

/// Whether nothing of a path reaches the builder: it is ignored, and no exception lets a part of it
/// in.
fn is_kept_out(ctx: &Analysis, context: &BuildContext, path: &str) -> bool {
    let Some((file, _)) = &context.ignore else {
        return false;
    };

    let may_let_in = ctx
        .facts
        .source(*file)
        .text
        .lines()
        .filter_map(|line| line.trim().strip_prefix('!'))
        .map(|kept| kept.trim().trim_start_matches('/'))
        .any(|kept| kept.contains('*') || kept.starts_with(path));

    context.ignores(path) && !may_let_in
}

fn report(
    ctx: &Analysis,
    dockerfile: &Dockerfile,
    word: &Word,
    path: &str,
    context: &BuildContext,
    sink: &mut Sink,
) {
    let mut finding = Finding::new(
        Location::new(dockerfile.file, word.span),
        format!("`{path}` is copied, but `.dockerignore` keeps it from the builder"),
    )
    .label("the build fails here: not found")
    .help(format!("remove the pattern, or let the path in: `!{path}`"))
    .case_if(!context.certain, "likely-context");

    if let Some((file, ignore)) = &context.ignore
        && let Some(line) = ignore.last_match(path)
        && let Some(span) = line_span(&ctx.facts.source(*file).text, line)
    {
        finding = finding.related(Location::new(*file, span), "excluded here");
    }

    sink.report(finding);
}

/// The span of a line, counted from 0, without its end.
fn line_span(text: &str, line: usize) -> Option<crate::source::Span> {
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let content = text.get(start..)?.lines().next()?;

    Some(crate::source::Span::of(
        start,
        start + content.trim_end().len(),
    ))
}
