//! Forms of installs: `dependency-layer-order`, `dist-upgrade`, `package-update-alone` and
//! `missing-assume-yes`.

use std::collections::{BTreeSet, HashMap};

use crate::analysis::{Analysis, shipped_stages};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::{Base, Dockerfile, StageId, Step};
use crate::model::package::{self, Call, Verb, call, manager};
use crate::rules::dockerfile::dockerignore;
use crate::source::Location;
use crate::syntax::shell::{Invocation, Script};

/// `dependency-layer-order`
pub fn layer_order(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    if shipped_stages::is_development(ctx, dockerfile) {
        return;
    }

    // The families that install dependencies in each stage, those it starts from included.
    let mut families: HashMap<StageId, BTreeSet<&str>> = HashMap::new();

    for &stage in shipped_stages::built(ctx, dockerfile) {
        let inherited = match dockerfile.stages[stage].base {
            Base::Stage(earlier) => families.get(&earlier).cloned().unwrap_or_default(),
            Base::Image(_) | Base::Scratch(_) => BTreeSet::new(),
        };
        let installs = installs(dockerfile, stage);
        let all = installs.iter().map(|install| install.family);
        families.insert(stage, inherited.iter().copied().chain(all).collect());

        let copy = dockerfile.instructions_of(stage).find_map(|position| {
            dockerignore::whole_context(position).map(|word| (position.at, word))
        });
        let Some((copy, word)) = copy else { continue };

        let (before, after): (Vec<&DependencyInstall>, Vec<&DependencyInstall>) =
            installs.iter().partition(|install| install.step < copy);
        let is_known = |family| {
            inherited.contains(family) || before.iter().any(|install| install.family == family)
        };
        let Some(install) = after
            .iter()
            .find(|install| !install.is_cached && !is_known(install.family))
        else {
            continue;
        };

        if runs_sources(dockerfile, stage, copy, install.step) {
            continue;
        }

        sink.report(
            Finding::new(
                Location::new(dockerfile.file, word.span),
                format!("`{}` runs again after every source change", install.title),
            )
            .label("copies everything before dependencies are installed")
            .related(install.location, "not cached, because it follows the COPY")
            .help(match manifests(install.family) {
                "" => "install dependencies first, then copy the sources".to_owned(),
                names => format!("copy {names} first, install, then copy the rest"),
            }),
        );
    }
}

/// Whether a step between a COPY and an install runs a script of the sources, which then have to be
/// there first.
fn runs_sources(dockerfile: &Dockerfile, stage: StageId, copy: usize, install: usize) -> bool {
    dockerfile
        .steps_of(stage)
        .filter(|step| (copy..=install).contains(&step.at))
        .any(|step| {
            step.script().invocations().iter().any(|invocation| {
                let first = invocation.args.first().map_or("", |word| word.text());
                let is_shell = invocation.is(&["sh", "bash"]) && first.ends_with(".sh");

                is_shell || invocation.name.text().ends_with(".sh")
            })
        })
}

/// An install of dependencies.
struct DependencyInstall {
    /// Index of its instruction.
    step: usize,
    family: &'static str,
    title: String,
    location: Location,
    /// A cache is mounted for it.
    is_cached: bool,
}

/// The installs of dependencies in the steps of a stage.
fn installs(dockerfile: &Dockerfile, stage: StageId) -> Vec<DependencyInstall> {
    let mut installs = Vec::new();

    for step in dockerfile.steps_of(stage) {
        for invocation in step.script().invocations() {
            // `pnpm install --offline` takes what an earlier `pnpm fetch` brought.
            if invocation.flag(&["--offline"]).is_some() {
                continue;
            }

            let Some(call) = call(&invocation) else {
                continue;
            };

            if installs_dependencies(&invocation, &call) {
                installs.push(DependencyInstall {
                    step: step.at,
                    family: call.family(),
                    title: call.title(&invocation),
                    location: step.location(call.span(&invocation)),
                    is_cached: step.mounts.iter().any(|mount| mount.kind() == "cache"),
                });
            }
        }
    }

    installs
}

fn manifests(family: &str) -> &'static str {
    match family {
        "npm" => "`package.json` and `package-lock.json`",
        "yarn" => "`package.json` and `yarn.lock`",
        "pnpm" => "`package.json` and `pnpm-lock.yaml`",
        "bun" => "`package.json` and `bun.lock`",
        "pip" => "`requirements.txt`",
        "uv" => "`pyproject.toml` and `uv.lock`",
        "poetry" => "`pyproject.toml` and `poetry.lock`",
        "pipenv" => "`Pipfile` and `Pipfile.lock`",
        "pdm" => "`pyproject.toml` and `pdm.lock`",
        "bundler" => "`Gemfile` and `Gemfile.lock`",
        "composer" => "`composer.json` and `composer.lock`",
        "go" => "`go.mod` and `go.sum`",
        _ => "",
    }
}

/// An install that needs manifests at most, not the sources.
fn installs_dependencies(invocation: &Invocation, call: &Call) -> bool {
    match (call.family(), call.verb) {
        ("cargo", _) => false,
        ("go", verb) => verb == Verb::Sync,
        ("pip" | "uv", Verb::Install) => {
            let from_file = invocation
                .flag(&["-r", "--requirement", "--requirements"])
                .is_some();
            from_file
                && !call
                    .packages
                    .iter()
                    .any(|word| word.text().starts_with('.'))
        }
        (_, Verb::Sync) => true,
        (_, Verb::Install) => call.manager.system,
        _ => false,
    }
}

/// `dist-upgrade`
pub fn dist_upgrade(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let built = shipped_stages::built(ctx, dockerfile);
    for step in dockerfile
        .steps()
        .filter(|step| built.contains(&step.stage.index))
    {
        let script = step.script();

        for invocation in script.invocations() {
            if manager(invocation.program).is_none_or(|known| !known.system) {
                continue;
            }

            let Some(call) = call(&invocation) else {
                continue;
            };

            if !matches!(call.verb, Verb::Distribution | Verb::Upgrade) {
                continue;
            }

            let location = step.location(call.span(&invocation));
            let title = call.title(&invocation);

            match call.verb {
                Verb::Distribution => sink.report(
                    Finding::new(
                        location,
                        format!("`{title}` turns the base image into a different system"),
                    )
                    .label("adds and removes packages on its own")
                    .help("start from a newer base image"),
                ),
                // `dnf update` in a RUN of its own is `package-update-alone`.
                Verb::Upgrade if is_alone(&call, &script.invocations()) => {}
                Verb::Upgrade => sink.report(
                    Finding::new(
                        location,
                        format!("`{title}` upgrades every package of the base image"),
                    )
                    .case("within-release")
                    .label("the result depends on the date of the build")
                    .help(
                        "start from a newer base image and rebuild regularly, or name the \
                            packages to upgrade",
                    ),
                ),
                _ => {}
            }
        }
    }
}

/// `package-update-alone`
pub fn update_alone(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    if shipped_stages::is_development(ctx, dockerfile) {
        return;
    }

    for step in dockerfile.steps() {
        let script = step.script();
        let invocations = script.invocations();
        let calls: Vec<_> = invocations
            .iter()
            .filter_map(|invocation| Some((invocation, call(invocation)?)))
            .filter(|(_, call)| call.manager.system)
            .collect();
        let Some((invocation, call)) = calls
            .iter()
            .find(|(_, call)| call.verb == Verb::Refresh || is_alone(call, &invocations))
        else {
            continue;
        };

        if is_used(call, &calls)
            || invocations
                .iter()
                .any(|invocation| invocation.is(LIST_READERS))
            || call
                .manager
                .caches
                .iter()
                .any(|cache| step.is_mounted(cache) || step.has_cache(cache))
        {
            continue;
        }

        let finding = Finding::new(
            step.location(call.span(invocation)),
            format!("`{}` is in a separate RUN", call.title(invocation)),
        );
        sink.report(if installs_later(dockerfile, &step, call) {
            finding
                .label("once cached, it leaves later installs with stale lists")
                .help("update and install in the same RUN, joined by `&&`")
        } else {
            finding
                .label("no install uses these package lists")
                .help("remove it")
        });
    }
}

/// Programs that read the package lists, and scripts that may install.
const LIST_READERS: &[&str] = &[
    "add-apt-repository",
    "apt-cache",
    "apt-file",
    "bash",
    "dpkg",
    "sh",
    "tasksel",
];

/// Whether another call of the RUN uses the package lists that a call updates.
fn is_used(update: &Call, calls: &[(&Invocation, Call)]) -> bool {
    calls
        .iter()
        .filter(|(_, call)| call.family() == update.family())
        .any(|(_, call)| match call.verb {
            Verb::Install | Verb::Other => true,
            Verb::Upgrade | Verb::Distribution => update.verb != Verb::Upgrade,
            _ => false,
        })
}

/// Whether a later RUN installs with the same manager.
fn installs_later(dockerfile: &Dockerfile, step: &Step, update: &Call) -> bool {
    dockerfile
        .steps()
        .filter(|later| later.at > step.at)
        .any(|later| {
            let script = later.script();
            script.invocations().iter().filter_map(call).any(|call| {
                call.family() == update.family() && matches!(call.verb, Verb::Install | Verb::Other)
            })
        })
}

/// Whether `yum update` is meant as `apt-get update`: it upgrades all packages, in a RUN that installs
/// none.
fn is_alone(call: &Call, invocations: &[Invocation]) -> bool {
    let updates = call.verb == Verb::Upgrade && matches!(call.word.text(), "update" | "up");
    let mut others = invocations.iter().filter_map(package::call);
    updates
        && matches!(call.family(), "dnf" | "zypper")
        && !others.any(|other| other.verb == Verb::Install)
}

/// `missing-assume-yes`
pub fn assume_yes(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let mut configured = false;

    for step in dockerfile.steps() {
        let script = step.script();
        let invocations = script.invocations();
        configured |= invocations
            .iter()
            .flat_map(|invocation| invocation.args)
            .any(|word| configures_yes(word.text()));

        for invocation in &invocations {
            let Some(call) = call(invocation) else {
                continue;
            };

            let asks = matches!(
                call.verb,
                Verb::Install | Verb::Upgrade | Verb::Distribution | Verb::Remove
            );
            if call.manager.yes.is_empty() || !asks || configured {
                continue;
            }

            let flags: Vec<&str> = call.manager.yes.iter().map(String::as_str).collect();
            if invocation.flag(&flags).is_some()
                || is_quiet(invocation)
                || is_dry_run(invocation)
                || has_input(script, invocation)
            {
                continue;
            }

            let finding = Finding::new(
                step.location(call.span(invocation)),
                format!(
                    "`{}` waits for a confirmation that never comes",
                    call.title(invocation)
                ),
            )
            .label("prompts before it continues")
            .help(format!("add `{}`", flags[0]));
            let end = step.location(call.word.span).span.end;
            let edit = Edit::insert(dockerfile.file, end, format!(" {}", flags[0]));
            sink.report(finding.fix(Fix::new(
                Applicability::Safe,
                format!("add `{}`", flags[0]),
                vec![edit],
            )));
        }
    }
}

/// Whether a word of a command configures the manager to assume yes.
fn configures_yes(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.contains("assume-yes") && !word.starts_with("--")
        || word.contains("assumeyes=")
        || word.contains("always_yes")
}

/// Whether it is called with `-qq` or `-q=2`, which imply yes.
fn is_quiet(invocation: &Invocation) -> bool {
    let count = invocation
        .args
        .iter()
        .filter(|word| matches!(word.text(), "-q" | "--quiet"))
        .count();

    count > 1
        || invocation
            .option(&["-q", "--quiet"])
            .is_some_and(|option| option.option.text().ends_with("=2"))
}

/// Whether it only simulates, downloads or prints.
fn is_dry_run(invocation: &Invocation) -> bool {
    const FLAGS: &[&str] = &[
        "--assume-no",
        "--assumeno",
        "--download-only",
        "--dry-run",
        "--help",
        "--json",
        "--just-print",
        "--simulate",
        "-d",
        "-s",
    ];

    invocation.flag(FLAGS).is_some()
}

/// Whether its prompts are answered: `yes | apt-get …`.
fn has_input(script: &Script, invocation: &Invocation) -> bool {
    !script.feeders(invocation.command).is_empty()
        || invocation
            .command
            .redirects
            .iter()
            .any(|redirect| redirect.descriptor == Some(0))
}
