//! `dockerignore`: files that `COPY .` takes along because no `.dockerignore` excludes them.

use crate::analysis::{Ctx, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::context::{Context, contexts};
use crate::model::dockerfile::{Dockerfile, Position};
use crate::source::{Location, join, parent};
use crate::syntax::dockerfile::{Body, Source, Word};

pub fn check(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    let built = shipped_stages::built(ctx, dockerfile);
    if ctx.facts.path(dockerfile.file).contains(".devcontainer/") {
        return;
    }

    let copies = dockerfile
        .instructions()
        .filter(|position| built.contains(&position.stage.index));
    let Some((position, word)) = copies
        .filter_map(|copy| Some((copy, whole_context(copy)?)))
        .next()
    else {
        return;
    };

    let location = Location::new(dockerfile.file, word.span);
    let shipped = shipped_stages::shipped_layers(ctx, dockerfile).contains(&position.stage.index);
    let target = if shipped { "the image" } else { "the build" };

    for context in contexts(ctx.facts, dockerfile) {
        let risks = risks(ctx, &context);
        let here = if context.folder.is_empty() {
            "the repository".to_owned()
        } else {
            format!("`{}/`", context.folder)
        };

        let Some((file, ignore)) = &context.ignore else {
            if !context.certain && above(ctx, &context) {
                continue;
            }

            let made = [risks, leftovers(ctx, &context)].concat();
            let label = match made.as_slice() {
                [] => "copies everything present at build time".to_owned(),
                made => format!("can include {}", list(made)),
            };

            let finding = Finding::new(
                location,
                format!("all of {here} is copied without a `.dockerignore`"),
            )
            .label(label);
            let help = if made.is_empty() {
                "add a `.dockerignore` there, or copy only what the build needs".to_owned()
            } else {
                format!("add a `.dockerignore` there:\n  {}", made.join("\n  "))
            };

            sink.report(
                finding
                    .help(help)
                    .case_if(made.is_empty(), "nothing-to-exclude"),
            );

            return;
        };

        let open: Vec<&str> = risks
            .iter()
            .copied()
            .filter(|path| !ignore.ignores(path))
            .collect();
        if open.is_empty() {
            continue;
        }

        // The history alone, in a stage that is thrown away, costs the cache and no more.
        let history = !shipped && open == [".git"];
        sink.report(
            Finding::new(
                location,
                format!(
                    "`.dockerignore` does not exclude {} from {target}",
                    list(&open)
                ),
            )
            .label(format!("copies all of {here}"))
            .related(
                file.location(file.lines().span(0, &file.text)),
                "not excluded here",
            )
            .help(format!("add to `{}`:\n  {}", file.path, open.join("\n  ")))
            .case_if(history, "unshipped-history"),
        );
        return;
    }
}

/// The word of a COPY or ADD that takes the whole context.
pub fn whole_context<'d>(position: Position<'d>) -> Option<&'d Word> {
    let (Body::Copy(transfer) | Body::Add(transfer)) = &position.instruction.body else {
        return None;
    };

    if transfer.from.is_some() {
        return None;
    }

    transfer.sources.iter().find_map(|source| match source {
        Source::Path(word) => {
            let text = word.literal()?;
            matches!(
                &*text,
                "." | "./" | "/" | "*" | "./*" | "/." | "./." | "/*" | "**"
            )
            .then_some(word)
        }
        Source::Heredoc(..) => None,
    })
}

/// What the context of a developer's machine is likely to hold, and an image should not.
fn risks(ctx: &Ctx, context: &Context) -> Vec<&'static str> {
    const EXAMPLES: &[&str] = &[
        ".env",
        ".env.dist",
        ".env.example",
        ".env.sample",
        ".env.template",
        "env.example",
    ];
    let mut risks = Vec::new();
    if context.folder.is_empty() {
        risks.push(".git");
    }

    let has_manifest = has(ctx, context, "package.json");
    if EXAMPLES.iter().any(|name| has(ctx, context, name))
        || has_manifest && is_env_ignored(ctx, context)
    {
        risks.push(".env");
    }

    if has_manifest {
        risks.push("node_modules");
    }

    risks
}

/// Whether a context has a file of this name at its root.
fn has(ctx: &Ctx, context: &Context, name: &str) -> bool {
    join(&context.folder, name).is_some_and(|path| ctx.facts.repository.find(&path).is_some())
}

/// Whether git ignores `.env`: then there is one.
fn is_env_ignored(ctx: &Ctx, context: &Context) -> bool {
    [".gitignore", "../.gitignore"]
        .iter()
        .filter_map(|name| join(&context.folder, name))
        .filter_map(|path| ctx.facts.repository.find(&path))
        .flat_map(|file| file.text.lines())
        .any(|line| {
            matches!(
                line.trim().trim_start_matches('/'),
                ".env" | ".env*" | "*.env"
            )
        })
}

/// Manifests, and what their tools leave beside them on a developer's machine.
const LEFTOVERS: &[(&str, &[&str])] = &[
    (".csproj", &["**/bin", "**/obj"]),
    (".fsproj", &["**/bin", "**/obj"]),
    (".sln", &["**/bin", "**/obj"]),
    ("Cargo.toml", &["target"]),
    ("build.gradle", &[".gradle", "build"]),
    ("build.gradle.kts", &[".gradle", "build"]),
    ("composer.json", &["vendor"]),
    ("mix.exs", &["_build", "deps"]),
    ("pom.xml", &["target"]),
    ("pyproject.toml", &[".venv", "**/__pycache__"]),
    ("requirements.txt", &[".venv", "**/__pycache__"]),
    ("setup.py", &[".venv", "**/__pycache__"]),
];

/// What builds leave in the context, beside [`risks`].
fn leftovers(ctx: &Ctx, context: &Context) -> Vec<&'static str> {
    let mut leftovers: Vec<&str> = Vec::new();

    for (_, names) in LEFTOVERS
        .iter()
        .filter(|(manifest, _)| has_manifest(ctx, context, manifest))
    {
        for name in *names {
            if !leftovers.contains(name) {
                leftovers.push(name);
            }
        }
    }

    leftovers
}

/// Whether a context has a manifest of this name, or of this ending.
fn has_manifest(ctx: &Ctx, context: &Context, manifest: &str) -> bool {
    match manifest.strip_prefix('.') {
        Some(extension) => ctx.facts.has_extension(&context.folder, extension),
        None => has(ctx, context, manifest),
    }
}

/// Whether a folder above holds an ignore file that may well be the one in effect.
fn above(ctx: &Ctx, context: &Context) -> bool {
    let mut folder = context.folder.as_str();

    while !folder.is_empty() {
        folder = parent(folder);
        if join(folder, ".dockerignore")
            .is_some_and(|path| ctx.facts.repository.find(&path).is_some())
        {
            return true;
        }
    }

    false
}

fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
        [] => String::new(),
    }
}
