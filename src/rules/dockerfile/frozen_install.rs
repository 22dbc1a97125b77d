//! `frozen-install`: installs that may take other versions than the lock file says.

use std::collections::BTreeMap;

use crate::analysis::lock_files::{self, WhenMissing};
use crate::analysis::{Ctx, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::scope::VariableValue;
use crate::model::dockerfile::{Dockerfile, Step};
use crate::model::package::{Call, Verb, call};
use crate::source::Location;
use crate::syntax::dockerfile::Body;
use crate::syntax::shell::Invocation;

pub fn check(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    let built = shipped_stages::built(ctx, dockerfile);
    if shipped_stages::is_development(ctx, dockerfile) {
        return;
    }
    // One cause for each manager, wherever it repeats.
    let mut found: BTreeMap<&str, (Location, Finding, Vec<Location>)> = BTreeMap::new();
    for step in dockerfile
        .steps()
        .filter(|step| built.contains(&step.stage.index))
    {
        let script = step.script();
        let invocations = script.invocations();

        for one in &invocations {
            let Some(call) = call(one).filter(|call| follows_lock(one, call)) else {
                continue;
            };

            if is_frozen(ctx, dockerfile, &step, &invocations, one, &call) {
                continue;
            }

            let location = step.location(call.span(one));
            let finding = || finding(ctx, dockerfile, &step, location, (&call, &call.title(one)));
            let entry = found
                .entry(call.family())
                .or_insert_with(|| (location, finding(), Vec::new()));
            if entry.0 != location {
                entry.2.push(location);
            }
        }
    }

    for (_, (_, mut finding, again)) in found {
        for location in again.iter().take(3) {
            finding = finding.related(*location, "also here");
        }

        sink.report(finding);
    }
}

/// Of a lock file that is there, in the image or only in the repository; of one that nobody wrote;
/// of one that may be anywhere.
fn finding(
    ctx: &Ctx,
    dockerfile: &Dockerfile,
    step: &Step,
    location: Location,
    (call, title): (&Call, &str),
) -> Finding {
    let names = &call.manager.locks;
    let lock = names.first().map_or("the lock file", String::as_str);
    let drifts = Finding::new(
        location,
        format!("`{title}` can install versions that differ from the lock file"),
    );
    let remedy = match call.verb {
        Verb::Upgrade => "upgrade versions on a branch, and install from the lock file here",
        _ => remedy(call.family()),
    };
    // What no COPY brings was cloned, or came with the base image: its lock file too, if there is
    // one.
    let chain = dockerfile.layers(step.stage.index);
    let brings = |body: &Body| matches!(body, Body::Copy(transfer) | Body::Add(transfer) if transfer.from.is_none());
    let foreign = step.mounts.is_empty()
        && !dockerfile.instructions().any(|position| {
            position.at < step.at
                && chain.contains(&position.stage.index)
                && brings(&position.instruction.body)
        });
    if foreign
        || names
            .iter()
            .any(|lock| lock_files::copied(ctx, dockerfile, step, lock, WhenMissing::No))
    {
        return drifts.label(why(call)).help(remedy);
    }

    if names
        .iter()
        .any(|lock| lock_files::exists(ctx, dockerfile, lock))
    {
        return drifts
            .label(format!("no `{lock}` is copied before it"))
            .help(match call.family() {
                "poetry" => remedy.to_owned(),
                _ => format!("copy `{lock}` next to the manifest, and {remedy}"),
            });
    }

    Finding::new(
        location,
        format!("`{title}` installs the newest versions at build time"),
    )
    .label(format!("no `{lock}` in the repository pins them"))
    .help(format!("commit `{lock}`, and {remedy}"))
}

fn why(call: &Call) -> &'static str {
    match call.family() {
        _ if call.verb == Verb::Upgrade => "installs the newest versions that the manifest allows",
        "npm" => "rewrites the lock file if it is out of date",
        _ => "updates the lock file if it is out of date",
    }
}

fn remedy(family: &str) -> &'static str {
    match family {
        "npm" => "use `npm ci`",
        "yarn" => "add `--frozen-lockfile` (`--immutable` in Yarn 2 and later)",
        "pnpm" | "bun" => "add `--frozen-lockfile`",
        "uv" => "add `--locked`",
        "poetry" => "copy `poetry.lock` next to `pyproject.toml` before installing",
        "pdm" => "use `pdm sync`, or add `--frozen-lockfile`",
        "pipenv" => "use `pipenv sync`, or add `--deploy`",
        "bundler" => "set `BUNDLE_FROZEN=true`, or run `bundle config set --global frozen true`",
        "cargo" => "add `--locked`",
        _ => "install from the lock file",
    }
}

/// What a lock file should rule: an install of what the manifest lists, and a build of the project
/// itself.
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
    let off = one
        .args
        .iter()
        .any(|word| word.text() == "--no-frozen-lockfile");
    let variable = manager.frozen_env.iter().any(|name| {
        let on = |value: &str| !matches!(value, "" | "0" | "false" | "no");
        let inherited = dockerfile
            .chain(step.stage.index)
            .any(|stage| matches!(stage.scope.get(name), Some(VariableValue::Known { text, .. }) if on(text)));
        let exported = invocations.iter().filter(|other| other.is(&["export"])).flat_map(|other| other.args);
        inherited
            || one.environment().any(|(set, value, _)| set == name && on(value))
            || exported.into_iter().any(|word| word.assignment().is_some_and(|(set, value)| set == name && on(value)))
    });
    // What a variable adds may be the very flag.
    let filled = one
        .args
        .iter()
        .any(|word| word.is_expanded() && word.text().starts_with('$'));
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
                || one
                    .flag(&["-g", "--global", "--package-lock-only"])
                    .is_some()
        }
        "pnpm" if matches!(word, "ci" | "fetch") => true,
        "pnpm" | "yarn" => {
            one.flag(&["--offline"]).is_some() || one.flag(&["--version", "--help", "-v"]).is_some()
        }
        "bun" => word == "ci",
        "poetry" => lock_files::copied(ctx, dockerfile, step, "poetry.lock", WhenMissing::Yes),
        "pipenv" | "pdm" => word == "sync",
        "bundler" => configured(dockerfile, step, "bundle", &["frozen", "deployment"]),
        // `cargo run` and `build` fetch too; what builds an empty shell to fill the cache is bound
        // by the same lock.
        "cargo" => {
            !lock_files::exists(ctx, dockerfile, "Cargo.lock")
                || one.flag(&["--help", "--version"]).is_some()
        }
        // These follow their lock files without being told; an environment's file is its own lock,
        // or is none.
        "go" | "composer" | "conda" => true,
        _ => false,
    }
}

/// Whether `bundle config set frozen true` or its like came before.
fn configured(dockerfile: &Dockerfile, step: &Step, program: &str, keys: &[&str]) -> bool {
    let chain = dockerfile.layers(step.stage.index);
    let earlier = dockerfile
        .steps()
        .filter(|other| other.at <= step.at && chain.contains(&other.stage.index));
    earlier.into_iter().any(|other| {
        let script = other.script();
        script.invocations().iter().any(|one| {
            let sets = one.is(&[program]) && one.args.iter().any(|word| word.text() == "config");
            sets && one.args.iter().any(|word| keys.contains(&word.text()))
        })
    })
}
