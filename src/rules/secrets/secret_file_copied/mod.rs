//! `secret-file-copied`: credential files that a COPY or ADD puts into the image.

mod pointer;
mod secret_kind;

use crate::analysis::build_context::{BuildContext, contexts};
use crate::analysis::secret_exposure::holds_credential;
use crate::analysis::{Analysis, shipped_stages};
use crate::credential::{SecretFile, secret_file};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::{Base, Dockerfile};
use crate::source::{Location, SourceFile, join};
use crate::syntax::dockerfile::{Body, Source, Transfer, Word};
use secret_kind::{advice, is_invented};

pub fn check(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let shipped = shipped_stages::shipped_layers(ctx, dockerfile);
    let contexts = contexts(ctx, dockerfile);
    pointer::report_pointers(dockerfile, shipped, sink);

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

            if let Some((path, kind)) = named_secret(word) {
                let is_copied = contexts.iter().any(|context| {
                    !context.ignores(&path) && holds_secret(ctx, context, &path, kind)
                });

                if is_copied {
                    let location = Location::new(dockerfile.file, word.span);
                    sink.report(
                        copied_file(location, &path, kind)
                            .case_if(!is_shipped, "unshipped")
                            .case_if(lays_files_over_any_base(dockerfile), "any-base"),
                    );
                }
            } else if let Some(kind) = kind_by_destination(transfer, word) {
                let location = Location::new(dockerfile.file, transfer.destination.span);
                let finding = renamed_file(location, word, kind);
                sink.report(finding.case_if(!is_shipped, "unshipped"));
            } else if is_shipped {
                let location = Location::new(dockerfile.file, word.span);
                report_folder(ctx, contexts, word, location, sink);
            }
        }
    }
}

/// Whether a Dockerfile only copies files into an image that its caller passes. A program fills its
/// context with the files of another project, and that project decides where its image goes.
fn lays_files_over_any_base(dockerfile: &Dockerfile) -> bool {
    let [stage] = &*dockerfile.stages else {
        return false;
    };

    let is_any_base = match &stage.base {
        Base::Image(image) => image.reference.is_none(),
        Base::Stage(_) | Base::Scratch(_) => false,
    };

    is_any_base && stage.runs.is_empty() && stage.cmd.is_none() && stage.entrypoint.is_none()
}

fn copied_file(location: Location, path: &str, kind: SecretFile) -> Finding {
    let message = format!("`{path}` ({}) is copied into the image", kind.noun());

    Finding::new(location, message)
        .label("readable in the image, even if a later layer deletes it")
        .help(advice(kind))
}

fn renamed_file(location: Location, word: &Word, kind: SecretFile) -> Finding {
    let message = format!(
        "`{}` ({}) becomes part of the image",
        word.text,
        kind.noun()
    );

    Finding::new(location, message)
        .label("the usual location of such files")
        .help(advice(kind))
}

/// The kind of secret that the only source of a COPY becomes by its destination.
fn kind_by_destination(transfer: &Transfer, source: &Word) -> Option<SecretFile> {
    if transfer.sources.len() != 1 || pointer::is_example(&source.text) {
        return None;
    }

    pointer::by_destination(&transfer.destination)
}

/// The secret file that a source names, patterns such as `.env*` included.
fn named_secret(word: &Word) -> Option<(String, SecretFile)> {
    let text = word.literal()?;
    let path = text.trim_start_matches("./").trim_start_matches('/');
    // `uv.lock*` and `.env*` are ways to say "if it is there".
    let path = path.trim_end_matches(['*', '?']);
    if path.is_empty() || path.contains(['*', '?', ':']) {
        return None;
    }

    Some((path.to_owned(), secret_file(path)?))
}

/// Whether a file that may hold credentials does, as far as it can be read. A file that is not in
/// the repository does: it is kept out of git for a reason.
fn holds_secret(ctx: &Analysis, context: &BuildContext, path: &str, kind: SecretFile) -> bool {
    if path.split('/').any(is_invented) {
        return false;
    }

    let file = join(&context.folder, path).and_then(|path| ctx.facts.repository.find(&path));

    // Some frameworks keep public settings in an env file that is in git.
    if kind == SecretFile::Env
        && let Some(file) = file
    {
        return !ctx.facts.is_committed(&file.path) || holds_credential(ctx, file);
    }

    if kind != SecretFile::ToolCredentials {
        return true;
    }

    // Yarn's settings are meant to be shared; its tokens are usually elsewhere.
    file.map_or(!path.contains(".yarnrc"), |file| holds_token(ctx, file))
}

fn holds_token(ctx: &Analysis, file: &SourceFile) -> bool {
    let words = ["_authToken", "_auth", "_password", "password"];
    !ctx.facts.file(file.id).hits.is_empty() || words.iter().any(|word| file.text.contains(word))
}

/// Reports a folder with secret files that no ignore file excludes.
fn report_folder(
    ctx: &Analysis,
    contexts: &[BuildContext],
    word: &Word,
    location: Location,
    sink: &mut Sink,
) {
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

        let secrets = secrets_below(ctx, context, &folder);
        if !secrets.is_empty() {
            sink.report(copied_folder(ctx, context, location, &secrets));
            return;
        }
    }
}

/// The secret files below a folder that reach the build.
fn secrets_below<'a>(
    ctx: &Analysis<'a>,
    context: &BuildContext,
    folder: &str,
) -> Vec<(&'a SourceFile, SecretFile)> {
    let mut secrets = Vec::new();

    for &(file, kind) in ctx.secret_files(folder) {
        let file = ctx.facts.source(file);
        let Some(inside) = context.relative(&file.path) else {
            continue;
        };

        let holds_secret = match kind {
            SecretFile::ToolCredentials => holds_token(ctx, file),
            SecretFile::Env => holds_credential(ctx, file),
            _ => true,
        };

        if holds_secret && !inside.split('/').any(is_invented) && !context.ignores(inside) {
            secrets.push((file, kind));
        }
    }

    secrets
}

fn copied_folder(
    ctx: &Analysis,
    context: &BuildContext,
    location: Location,
    secrets: &[(&SourceFile, SecretFile)],
) -> Finding {
    let (first, kind) = secrets[0];
    let help = match &context.ignore {
        Some((file, _)) => format!("list it in `{}`", ctx.facts.path(*file)),
        None => "list it in a `.dockerignore`, or copy only what is needed".to_owned(),
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
    .help(help);

    for (file, kind) in secrets {
        finding = finding.related(file.location(file.lines().span(0, &file.text)), kind.noun());
    }

    finding
}
