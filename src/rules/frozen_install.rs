//! `frozen-install`: installs that may take other versions than the lock file says.

use std::collections::BTreeMap;

use super::{Ctx, reach};
use crate::finding::{Finding, Sink};
use crate::model::context::contexts;
use crate::model::dockerfile::scope::Worth;
use crate::model::dockerfile::{Dockerfile, Step};
use crate::model::package::{Call, Verb, call};
use crate::source::{Place, file_name, join};
use crate::syntax::dockerfile::{Body, Source};
use crate::syntax::shell::Invocation;

pub fn check(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    let built = reach::built(ctx, dockerfile);
    if reach::is_development(ctx, dockerfile) {
        return;
    }
    // One cause for each manager, wherever it repeats.
    let mut found: BTreeMap<&str, (Place, Finding, Vec<Place>)> = BTreeMap::new();
    for step in dockerfile.steps().filter(|step| built.contains(&step.stage.index)) {
        let script = step.script();
        let invocations = script.invocations();
        for one in &invocations {
            let Some(call) = call(one).filter(|call| follows_lock(one, call)) else { continue };
            if is_frozen(ctx, dockerfile, &step, &invocations, one, &call) {
                continue;
            }
            let place = step.place(call.span(one));
            let finding = || finding(ctx, dockerfile, &step, place, (&call, &call.title(one)));
            let entry = found.entry(call.family()).or_insert_with(|| (place, finding(), Vec::new()));
            if entry.0 != place {
                entry.2.push(place);
            }
        }
    }
    for (_, (_, mut finding, again)) in found {
        for place in again.iter().take(3) {
            finding = finding.related(*place, "so is this");
        }
        sink.report(finding);
    }
}

/// Of a lock file that is there, in the image or only in the repository; of one that nobody wrote; of one that may be
/// anywhere.
fn finding(ctx: &Ctx, dockerfile: &Dockerfile, step: &Step, place: Place, (call, title): (&Call, &str)) -> Finding {
    let locks = &call.manager.locks;
    let lock = locks.first().map_or("the lock file", String::as_str);
    let drifts = Finding::new(place, format!("`{title}` is free to install other versions than the lock file says"));
    let remedy = match call.verb {
        Verb::Upgrade => "raise versions on a branch, and install here what the lock file says",
        _ => remedy(call.family()),
    };
    // What no COPY brings was cloned, or came with the base image: its lock file too, if there is one.
    let chain = dockerfile.layers(step.stage.index);
    let brings = |body: &Body| matches!(body, Body::Copy(transfer) | Body::Add(transfer) if transfer.from.is_none());
    let foreign = step.mounts.is_empty()
        && !dockerfile.instructions().any(|position| {
            position.at < step.at && chain.contains(&position.stage.index) && brings(&position.instruction.body)
        });
    if foreign || locks.iter().any(|lock| copies_lock(ctx, dockerfile, step, lock)) {
        return drifts.label(why(call)).help(remedy);
    }
    if locks.iter().any(|lock| has_lock(ctx, dockerfile, lock)) {
        return drifts.label(format!("no `{lock}` is copied before it")).help(match call.family() {
            "poetry" => remedy.to_owned(),
            _ => format!("copy `{lock}` beside the manifest, and {remedy}"),
        });
    }
    Finding::new(place, format!("`{title}` installs whatever versions are newest that day"))
        .label(format!("no `{lock}` in the repository holds it to any"))
        .help(format!("commit `{lock}`, and {remedy}"))
}

fn why(call: &Call) -> &'static str {
    match call.family() {
        _ if call.verb == Verb::Upgrade => "asks for the newest that the manifest allows",
        "npm" => "rewrites the lock file where it does not fit",
        _ => "updates the lock file where it does not fit",
    }
}

fn remedy(family: &str) -> &'static str {
    match family {
        "npm" => "use `npm ci`",
        "yarn" => "add `--frozen-lockfile` (`--immutable` from Yarn 2 on)",
        "pnpm" | "bun" => "add `--frozen-lockfile`",
        "uv" => "add `--locked`",
        "poetry" => "copy `poetry.lock` beside `pyproject.toml` before installing",
        "pdm" => "use `pdm sync`, or add `--frozen-lockfile`",
        "pipenv" => "use `pipenv sync`, or add `--deploy`",
        "bundler" => "set `BUNDLE_FROZEN=true`, or `bundle config set --global frozen true`",
        "cargo" => "add `--locked`",
        _ => "hold it to the lock file",
    }
}

/// What a lock file should rule: an install of what the manifest lists, and a build of the project itself.
fn follows_lock(one: &Invocation, call: &Call) -> bool {
    let global = one.flag(&["-g", "--global"]).is_some();
    match (call.family(), call.verb) {
        (_, Verb::Sync) => true,
        ("cargo", Verb::Install) => one.option(&["--path"]).is_some(),
        (_, Verb::Upgrade) => !call.manager.locks.is_empty() && !global,
        _ => false,
    }
}

fn is_frozen(
    ctx: &Ctx,
    dockerfile: &Dockerfile,
    step: &Step,
    invocations: &[Invocation],
    one: &Invocation,
    call: &Call,
) -> bool {
    let manager = call.manager;
    let flags: Vec<&str> = manager.frozen.iter().map(String::as_str).collect();
    let flagged = !flags.is_empty() && one.flag(&flags).is_some();
    let off = one.args.iter().any(|word| word.text() == "--no-frozen-lockfile");
    let variable = manager.frozen_env.iter().any(|name| {
        let on = |value: &str| !matches!(value, "" | "0" | "false" | "no");
        let inherited = dockerfile
            .chain(step.stage.index)
            .any(|stage| matches!(stage.scope.get(name), Some(Worth::Known { text, .. }) if on(text)));
        let exported = invocations.iter().filter(|other| other.is(&["export"])).flat_map(|other| other.args);
        inherited
            || one.environment().any(|(set, value, _)| set == name && on(value))
            || exported.into_iter().any(|word| word.assignment().is_some_and(|(set, value)| set == name && on(value)))
    });
    // What a variable adds may be the very flag.
    let filled = one.args.iter().any(|word| word.is_expanded() && word.text().starts_with('$'));
    if flagged || filled || variable && !off {
        return true;
    }
    let word = call.word.text();
    if call.verb == Verb::Upgrade {
        return false;
    }
    match call.family() {
        "npm" => {
            matches!(word, "ci" | "clean-install" | "install-ci-test" | "cit")
                || one.flag(&["-g", "--global", "--package-lock-only"]).is_some()
        }
        "pnpm" if matches!(word, "ci" | "fetch") => true,
        "pnpm" | "yarn" => one.flag(&["--offline"]).is_some() || one.flag(&["--version", "--help", "-v"]).is_some(),
        "bun" => word == "ci",
        "poetry" => copies_lock(ctx, dockerfile, step, "poetry.lock"),
        "pipenv" | "pdm" => word == "sync",
        "bundler" => configured(dockerfile, step, "bundle", &["frozen", "deployment"]),
        // `cargo run` and `build` fetch too; what builds an empty shell to fill the cache is bound by the same lock.
        "cargo" => !has_lock(ctx, dockerfile, "Cargo.lock") || one.flag(&["--help", "--version"]).is_some(),
        // These follow their lock files without being told; an environment's file is its own lock, or is none.
        "go" | "composer" | "conda" => true,
        _ => false,
    }
}

/// Whether `bundle config set frozen true` or its like came before.
fn configured(dockerfile: &Dockerfile, step: &Step, program: &str, keys: &[&str]) -> bool {
    let chain = dockerfile.layers(step.stage.index);
    let earlier = dockerfile.steps().filter(|other| other.at <= step.at && chain.contains(&other.stage.index));
    earlier.into_iter().any(|other| {
        let script = other.script();
        script.invocations().iter().any(|one| {
            let sets = one.is(&[program]) && one.args.iter().any(|word| word.text() == "config");
            sets && one.args.iter().any(|word| keys.contains(&word.text()))
        })
    })
}

fn has_lock(ctx: &Ctx, dockerfile: &Dockerfile, name: &str) -> bool {
    contexts(ctx.facts, dockerfile)
        .iter()
        .any(|context| ctx.facts.repository.below(&context.folder).iter().any(|file| file.name() == name))
}

/// Whether a lock file is in the image when the step runs.
fn copies_lock(ctx: &Ctx, dockerfile: &Dockerfile, step: &Step, name: &str) -> bool {
    let chain = dockerfile.layers(step.stage.index);
    let contexts = contexts(ctx.facts, dockerfile);
    let in_context = || {
        contexts
            .iter()
            .any(|context| join(&context.folder, name).is_some_and(|path| ctx.facts.repository.find(&path).is_some()))
    };
    let mounted = step.mounts.iter().any(|mount| mount.source().is_some_and(|source| source.value.contains(name)));
    mounted
        || dockerfile.instructions().any(|position| {
            let (Body::Copy(transfer) | Body::Add(transfer)) = &position.instruction.body else { return false };
            if position.at > step.at || !chain.contains(&position.stage.index) {
                return false;
            }
            let mut sources = transfer.sources.iter();
            transfer.from.is_some()
                || sources.any(|source| match source {
                    Source::Path(word) => {
                        let text = word.text.as_str();
                        // `package*.json`, `*.lock`: what comes before the star may begin the name.
                        let stem = text.trim_start_matches("./").split('*').next().unwrap_or("");
                        let pattern = text.contains('*') && name.starts_with(file_name(stem));
                        // A whole folder holds it if the repository does.
                        let named = text.contains(name) || pattern || text.contains('$');
                        named || (!text.contains('.') || matches!(text, "." | "./")) && in_context()
                    }
                    Source::Heredoc(..) => false,
                })
        })
}
