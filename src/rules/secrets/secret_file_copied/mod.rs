//! `secret-file-copied`: files of credentials that a COPY or ADD puts into the image.

mod pointer;

use crate::analysis::{Ctx, shipped_stages};
use crate::credential::{SecretFile, secret_file, secret_name};
use crate::finding::{Finding, Sink};
use crate::model::build_context::{BuildContext, contexts};
use crate::model::dockerfile::Dockerfile;
use crate::source::{Location, SourceFile, join};
use crate::syntax::dockerfile::{Body, Source, Word};

/// How many files are named; the rest are counted.
const SHOWN: usize = 3;

/// Folders whose files are made up.
const MADE_UP: &[&str] = &[
    "test", "tests", "testdata", "fixture", "fixtures", "example", "examples", "docs", "mocks",
    "samples", "spec",
];

pub fn check(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    let shipped = shipped_stages::shipped_layers(ctx, dockerfile);
    let contexts = contexts(ctx.facts, dockerfile);
    pointer::pointers(dockerfile, &shipped, sink);

    for position in dockerfile.instructions() {
        let (Body::Copy(transfer) | Body::Add(transfer)) = &position.instruction.body else {
            continue;
        };

        if transfer.from.is_some() {
            continue;
        }

        let is_shipped = shipped.contains(&position.stage.index);

        for source in &transfer.sources {
            let Source::Path(word) = source else { continue };

            let location = Location::new(dockerfile.file, word.span);

            if let Some((path, kind)) = named(word) {
                let holds = contexts.iter().any(|context| {
                    !context.ignores(&path) && holds_secret(ctx, context, &path, kind)
                });

                if holds {
                    let finding = Finding::new(
                        location,
                        format!("`{path}` ({}) is copied into the image", kind.noun()),
                    )
                    .label("readable in the image, even if a later layer deletes it")
                    .help(advice(kind));
                    let level = if is_shipped {
                        sink.level()
                    } else {
                        sink.level().lowered()
                    };

                    sink.report_at(level, finding);
                }
            } else if let Some(kind) = pointer::by_destination(&transfer.destination)
                .filter(|_| transfer.sources.len() == 1 && !pointer::is_example(&word.text))
            {
                let to = Location::new(dockerfile.file, transfer.destination.span);
                let finding = Finding::new(
                    to,
                    format!(
                        "`{}` ({}) becomes part of the image",
                        word.text,
                        kind.noun()
                    ),
                )
                .label("the usual location of such files")
                .help(advice(kind));
                let level = if is_shipped {
                    sink.level()
                } else {
                    sink.level().lowered()
                };

                sink.report_at(level, finding);
            } else if is_shipped {
                folder(ctx, &contexts, word, location, sink);
            }
        }
    }
}

/// The secret file that a source names, patterns such as `.env*` included.
fn named(word: &Word) -> Option<(String, SecretFile)> {
    let text = word.literal()?;
    let path = text.trim_start_matches("./").trim_start_matches('/');
    // `uv.lock*` and `.env*` are ways to say "if it is there".
    let path = path.trim_end_matches(['*', '?']);
    if path.is_empty() || path.contains(['*', '?', ':']) {
        return None;
    }

    Some((path.to_owned(), secret_file(path)?))
}

/// Whether a file that may hold credentials does, as far as it can be read. One that is not in the
/// repository does: it is kept out of git for a reason.
fn holds_secret(ctx: &Ctx, context: &BuildContext, path: &str, kind: SecretFile) -> bool {
    if path.split('/').any(|part| MADE_UP.contains(&part)) {
        return false;
    }

    if kind != SecretFile::ToolCredentials {
        return true;
    }

    let file = join(&context.folder, path).and_then(|path| ctx.facts.repository.find(&path));
    // Yarn's settings are meant to be shared; its tokens usually stand elsewhere.
    file.map_or(!path.contains(".yarnrc"), |file| holds_token(ctx, file))
}

fn holds_token(ctx: &Ctx, file: &SourceFile) -> bool {
    let words = ["_authToken", "_auth", "_password", "password"];
    !ctx.facts.file(file.id).hits.is_empty() || words.iter().any(|word| file.text.contains(word))
}

/// Whether an env file sets anything that is secret by its name. Some frameworks keep public
/// settings in `.env`.
fn holds_credential(ctx: &Ctx, file: &SourceFile) -> bool {
    let facts = ctx.facts.file(file.id);
    let mut secrets = facts
        .env
        .iter()
        .filter(|var| secret_name(&var.name.value).is_some());
    !facts.hits.is_empty()
        || secrets.any(|var| {
            var.value
                .literal()
                .is_some_and(|value| !value.value.trim().is_empty())
        })
}

/// A whole folder that holds secret files which no ignore file keeps out.
fn folder(ctx: &Ctx, contexts: &[BuildContext], word: &Word, location: Location, sink: &mut Sink) {
    let Some(text) = word.literal() else { return };

    let relative = text
        .trim_start_matches('/')
        .trim_end_matches("/*")
        .trim_end_matches('*');
    if relative.contains(['*', '?', ':']) {
        return;
    }

    for context in contexts {
        let Some(folder) = join(&context.folder, relative) else {
            continue;
        };

        let found: Vec<(&SourceFile, SecretFile)> = ctx
            .facts
            .secret_files(&folder)
            .iter()
            .filter_map(|&(file, kind)| {
                let file = ctx.facts.source(file);
                let inside = context.relative(&file.path)?;
                let made_up = inside.split('/').any(|part| MADE_UP.contains(&part));
                let token = match kind {
                    SecretFile::ToolCredentials => holds_token(ctx, file),
                    SecretFile::Env => holds_credential(ctx, file),
                    _ => true,
                };

                (!made_up && token && !context.ignores(inside)).then_some((file, kind))
            })
            .collect();
        let Some((first, kind)) = found.first() else {
            continue;
        };

        let mut finding = Finding::new(
            location,
            format!(
                "`{}` ({}) is copied into the image with its directory",
                first.path,
                kind.noun()
            ),
        )
        .label("copies the whole directory")
        .help(match &context.ignore {
            Some((file, _)) => format!("list it in `{}`", file.path),
            None => "list it in a `.dockerignore`, or copy only what is needed".to_owned(),
        });

        for (file, kind) in found.iter().take(SHOWN) {
            finding = finding.related(file.location(file.lines().span(0, &file.text)), kind.noun());
        }

        sink.report(finding.others(found.len() as u32 - 1));
        return;
    }
}

fn advice(kind: SecretFile) -> &'static str {
    match kind {
        SecretFile::Env => {
            "leave it out and pass the variables at run time: `env_file`, a Secret or the \
             platform's secret store"
        }
        SecretFile::ToolCredentials => {
            "mount it only for the command that needs it: `RUN --mount=type=secret,id=…,target=…`"
        }
        SecretFile::PrivateKey => {
            "mount it at run time; for builds, use `RUN --mount=type=ssh` or `--mount=type=secret`"
        }
        SecretFile::CloudCredentials | SecretFile::Kubeconfig => {
            "use a workload identity of the platform, or mount it at run time"
        }
        SecretFile::Secrets => "mount it at run time, or read it from a secret store",
    }
}
