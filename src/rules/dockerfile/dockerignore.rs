//! `dockerignore`: files that `COPY .` takes along because no `.dockerignore` excludes them.

use crate::analysis::build_context::{BuildContext, contexts};
use crate::analysis::secret_exposure::holds_credential;
use crate::analysis::{Analysis, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::{Dockerfile, StageInstruction};
use crate::model::dockerignore::Dockerignore;
use crate::source::{Location, SourceFile, join, parent};
use crate::syntax::dockerfile::{Body, Source, Word};
use crate::syntax::shell::Invocation;

pub fn check(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    if ctx.facts.path(dockerfile.file).contains(".devcontainer/") {
        return;
    }

    let built = shipped_stages::built(ctx, dockerfile);
    let copy = dockerfile
        .instructions()
        .filter(|position| built.contains(&position.stage.index))
        .find_map(|position| Some((position.stage.index, whole_context(position)?)));
    let Some((stage, word)) = copy else {
        return;
    };

    let location = Location::new(dockerfile.file, word.span);
    let shipped = shipped_stages::shipped_layers(ctx, dockerfile).contains(&stage);
    let finding = contexts(ctx, dockerfile)
        .iter()
        .find_map(|context| match &context.ignore {
            Some((file, ignore)) => {
                let needed = needed_paths(ctx, dockerfile, context);
                incomplete(
                    ctx,
                    context,
                    (ctx.facts.source(*file), ignore),
                    &needed,
                    (location, shipped),
                )
            }
            None => missing(
                ctx,
                context,
                &needed_paths(ctx, dockerfile, context),
                location,
            ),
        });
    if let Some(finding) = finding {
        sink.report(finding);
    }
}

/// A context without an ignore file, unless that of a folder above may be the one in effect.
fn missing(
    ctx: &Analysis,
    context: &BuildContext,
    needed: &[&str],
    location: Location,
) -> Option<Finding> {
    if !context.certain && above(ctx, context) {
        return None;
    }

    let mut unwanted = [risks(ctx, context), leftovers(ctx, context)].concat();
    unwanted.retain(|path| !needed.contains(path));
    let (label, help) = if unwanted.is_empty() {
        (
            "copies everything present at build time".to_owned(),
            "add a `.dockerignore` there, or copy only what the build needs".to_owned(),
        )
    } else {
        (
            format!("can include {}", list(&unwanted)),
            format!("add a `.dockerignore` there:\n  {}", unwanted.join("\n  ")),
        )
    };

    let message = format!(
        "all of {} is copied without a `.dockerignore`",
        title(context)
    );
    Some(
        Finding::new(location, message)
            .label(label)
            .help(help)
            .case_if(unwanted.is_empty(), "nothing-to-exclude"),
    )
}

/// An ignore file that does not exclude all that it should.
fn incomplete(
    ctx: &Analysis,
    context: &BuildContext,
    (file, ignore): (&SourceFile, &Dockerignore),
    needed: &[&str],
    (location, shipped): (Location, bool),
) -> Option<Finding> {
    let mut unwanted = risks(ctx, context);
    // What the file lets in by name is let in on purpose.
    unwanted.retain(|path| {
        let is_kept = file
            .text
            .lines()
            .filter_map(|line| line.trim().strip_prefix('!'))
            .any(|kept| kept.trim().trim_start_matches(['/', '*']) == *path);

        !ignore.ignores(path) && !needed.contains(path) && !is_kept
    });
    if unwanted.is_empty() {
        return None;
    }

    let target = if shipped { "the image" } else { "the build" };
    let message = format!(
        "`.dockerignore` does not exclude {} from {target}",
        list(&unwanted)
    );
    // The history alone, in a stage that is thrown away, costs the cache and no more.
    let history = !shipped && unwanted == [".git"];
    Some(
        Finding::new(location, message)
            .label(format!("copies all of {}", title(context)))
            .related(
                file.location(file.lines().span(0, &file.text)),
                "not excluded here",
            )
            .help(format!(
                "add to `{}`:\n  {}",
                file.path,
                unwanted.join("\n  ")
            ))
            .case_if(history, "unshipped-history"),
    )
}

/// What the build needs of what an image should not hold: files that it copies or mounts by name,
/// the history that a step reads, and settings in git that are no secret.
fn needed_paths(
    ctx: &Analysis,
    dockerfile: &Dockerfile,
    context: &BuildContext,
) -> Vec<&'static str> {
    const CANDIDATES: &[&str] = &[".git", ".env", "node_modules", "target", "vendor", "build"];
    let mut needed: Vec<&str> = CANDIDATES
        .iter()
        .copied()
        .filter(|path| is_named(dockerfile, path))
        .collect();

    let reads_history = dockerfile.steps().any(|step| {
        step.script()
            .invocations()
            .iter()
            .any(|invocation| invocation.is(&["git"]) && reads_checkout(invocation))
    });
    if reads_history {
        needed.push(".git");
    }

    let env = join(&context.folder, ".env").and_then(|path| ctx.facts.repository.find(&path));
    if let Some(file) = env
        && ctx.facts.is_committed(&file.path)
        && !holds_credential(ctx, file)
    {
        needed.push(".env");
    }

    needed
}

/// Whether a call of git is about the checkout that it is in.
fn reads_checkout(invocation: &Invocation) -> bool {
    let word = invocation.subcommand(&["-C", "-c"]).unwrap_or("");

    [
        "rev-parse",
        "describe",
        "log",
        "show",
        "rev-list",
        "submodule",
        "status",
        "diff",
        "ls-files",
    ]
    .contains(&word)
}

/// Whether an instruction copies or mounts a path of the context by its name.
fn is_named(dockerfile: &Dockerfile, path: &str) -> bool {
    let names = |text: &str| {
        let text = text.trim_start_matches("./").trim_start_matches('/');
        let text = text.trim_end_matches(['*', '/']);

        text == path
            || text
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with(['/', '.']))
    };

    dockerfile
        .instructions()
        .any(|position| match &position.instruction.body {
            Body::Copy(transfer) | Body::Add(transfer) if transfer.from.is_none() => {
                transfer.sources.iter().any(|source| match source {
                    Source::Path(word) => names(&word.text),
                    Source::Heredoc(..) => false,
                })
            }
            Body::Run(run) => run.mounts.iter().any(|mount| {
                mount.kind() == "bind"
                    && mount.get(&["from"]).is_none()
                    && mount
                        .get(&["source", "src"])
                        .is_some_and(|source| names(&source.value))
            }),
            _ => false,
        })
}

fn title(context: &BuildContext) -> String {
    if context.folder.is_empty() {
        "the repository".to_owned()
    } else {
        format!("`{}/`", context.folder)
    }
}

/// The word of a COPY or ADD that takes the whole context.
pub fn whole_context<'d>(position: StageInstruction<'d>) -> Option<&'d Word> {
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
fn risks(ctx: &Analysis, context: &BuildContext) -> Vec<&'static str> {
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
fn has(ctx: &Analysis, context: &BuildContext, name: &str) -> bool {
    join(&context.folder, name).is_some_and(|path| ctx.facts.repository.find(&path).is_some())
}

/// Whether git ignores `.env`: then there is one.
fn is_env_ignored(ctx: &Analysis, context: &BuildContext) -> bool {
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
fn leftovers(ctx: &Analysis, context: &BuildContext) -> Vec<&'static str> {
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
fn has_manifest(ctx: &Analysis, context: &BuildContext, manifest: &str) -> bool {
    match manifest.strip_prefix('.') {
        Some(extension) => ctx.has_extension(&context.folder, extension),
        None => has(ctx, context, manifest),
    }
}

/// Whether a folder above holds an ignore file that may well be the one in effect.
fn above(ctx: &Analysis, context: &BuildContext) -> bool {
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
