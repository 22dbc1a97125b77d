//! `dockerignore`: what `COPY .` takes along because nothing keeps it out.

use crate::analysis::{Ctx, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::context::{Context, contexts};
use crate::model::dockerfile::{Dockerfile, Position};
use crate::source::{Location, join};
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

/// What is likely to lie in the context on the machine that builds, and should not be in an image.
fn risks(ctx: &Ctx, context: &Context) -> Vec<&'static str> {
    let repository = ctx.facts.repository;
    let has = |name: &str| {
        join(&context.folder, name).is_some_and(|path| repository.find(&path).is_some())
    };

    let mut risks = Vec::new();
    if context.folder.is_empty() {
        risks.push(".git");
    }

    let example = [
        ".env",
        ".env.example",
        ".env.sample",
        ".env.template",
        "env.example",
        ".env.dist",
    ]
    .iter()
    .any(|name| has(name));
    let ignored = [".gitignore", "../.gitignore"].iter().any(|name| {
        let file = join(&context.folder, name).and_then(|path| repository.find(&path));
        file.is_some_and(|file| {
            file.text.lines().any(|line| {
                matches!(
                    line.trim().trim_start_matches('/'),
                    ".env" | ".env*" | "*.env"
                )
            })
        })
    });

    if example || ignored && has("package.json") {
        risks.push(".env");
    }

    if has("package.json") {
        risks.push("node_modules");
    }

    risks
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
    let has = |name: &str| match name.strip_prefix('.') {
        Some(extension) => ctx.facts.has_extension(&context.folder, extension),
        None => join(&context.folder, name)
            .is_some_and(|path| ctx.facts.repository.find(&path).is_some()),
    };

    let there = LEFTOVERS.iter().filter(|(name, _)| has(name));
    let mut leftovers: Vec<&str> = Vec::new();

    for name in there.flat_map(|(_, names)| names.iter()) {
        if !leftovers.contains(name) {
            leftovers.push(name);
        }
    }

    leftovers
}

/// Whether a folder above holds an ignore file that may well be the one in effect.
fn above(ctx: &Ctx, context: &Context) -> bool {
    let mut folder = context.folder.as_str();

    while !folder.is_empty() {
        folder = crate::source::parent(folder);
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
