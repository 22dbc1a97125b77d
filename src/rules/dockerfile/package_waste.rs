//! What package managers leave in a shipped layer: `apt-recommends`, `apt-lists`, `apk-cache`,
//! `dnf-cache`, `zypper-cache`, `pip-cache`, `npm-cache` and `yarn-cache`.

use crate::analysis::{Analysis, shipped_stages};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::scope::VariableValue;
use crate::model::dockerfile::{Dockerfile, Step};
use crate::model::package::{Call, Verb, call, covers_folder, manager};
use crate::rules::dockerfile::step_edits;
use crate::syntax::shell::Invocation;

/// `apt-recommends`
pub fn apt_recommends(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let mut configured = false;
    each_call(ctx, dockerfile, &["apt"], |step, invocations, calls| {
        // A line in `apt.conf.d` counts for all that follow.
        configured |= mentions(invocations, "Install-Recommends")
            && !invocations
                .iter()
                .any(|invocation| invocation.is(&["apt-get", "apt"]));
        for (invocation, call) in calls {
            let off = invocation
                .flag(&["--no-install-recommends", "--without-recommends"])
                .is_some()
                || invocation
                    .options(&["-o", "--option"])
                    .any(|option| is_off(option.value))
                || invocation.args.iter().any(|word| is_off(word.text()));
            if call.verb != Verb::Install
                || off
                || configured
                || call.word.text() == "build-dep"
                || call.packages.is_empty()
            {
                continue;
            }

            let location = step.location(call.span(invocation));
            let end = step.location(call.word.span).span.end;
            let edit = Edit::insert(dockerfile.file, end, " --no-install-recommends");
            sink.report(
                Finding::new(location, "recommended packages are installed as well")
                    .label("installs more packages than requested")
                    .help(
                        "add `--no-install-recommends`, and name the recommended packages you need",
                    )
                    .fix(Fix::new(
                        Applicability::Unsafe,
                        "add `--no-install-recommends`",
                        vec![edit],
                    )),
            );
        }
    });
}

fn is_off(option: &str) -> bool {
    let option = option.to_ascii_lowercase();
    option.contains("apt::install-recommends")
        && ["=0", "=false", "=no"]
            .iter()
            .any(|off| option.ends_with(off))
}

/// `apt-lists`
pub fn apt_lists(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    each_call(ctx, dockerfile, &["apt"], |step, invocations, calls| {
        let Some((invocation, call)) = calls.iter().rfind(|(_, call)| call.verb == Verb::Refresh)
        else {
            return;
        };

        // What is removed before the last refresh comes back.
        let after: Vec<Invocation> = invocations
            .iter()
            .filter(|other| other.name.span.start > invocation.name.span.start)
            .cloned()
            .collect();
        let removed = removes(&after, &["/var/lib/apt/lists", "apt/lists"]);
        if removed || step.is_mounted("/var/lib/apt") || step.is_mounted("/var/lib/apt/lists") {
            return;
        }

        sink.report(
            Finding::new(
                step.location(call.span(invocation)),
                "the package lists stay in the layer",
            )
            .label("writes tens of megabytes to `/var/lib/apt/lists`")
            .help("end the same RUN with `&& rm -rf /var/lib/apt/lists/*`, or mount a cache there")
            .fix(cleanup(
                ctx,
                dockerfile,
                step,
                "rm -rf /var/lib/apt/lists/*",
            )),
        );
    });
}

/// `apk-cache`
pub fn apk_cache(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    each_call(ctx, dockerfile, &["apk"], |step, invocations, calls| {
        if calls.is_empty()
            || removes(invocations, &["/var/cache/apk", "/etc/apk/cache"])
            || step.is_mounted("/var/cache/apk")
            || step.is_mounted("/etc/apk/cache")
        {
            return;
        }

        for (invocation, call) in calls.iter().filter(|(_, call)| call.verb == Verb::Install) {
            if has_flag(invocation, call) {
                continue;
            }

            let end = step.location(call.word.span).span.end;
            let edit = Edit::insert(dockerfile.file, end, " --no-cache");
            sink.report(
                Finding::new(
                    step.location(call.span(invocation)),
                    "the package index stays in the layer",
                )
                .label("keeps `/var/cache/apk`")
                .help("add `--no-cache`, which also makes `apk update` unnecessary")
                .fix(Fix::new(
                    Applicability::Safe,
                    "add `--no-cache`",
                    vec![edit],
                )),
            );
        }
    });
}

/// `dnf-cache`
pub fn dnf_cache(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    cleaned(ctx, dockerfile, "dnf", "dnf clean all", sink);
}

/// `zypper-cache`
pub fn zypper_cache(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    cleaned(ctx, dockerfile, "zypper", "zypper clean --all", sink);
}

fn cleaned(ctx: &Analysis, dockerfile: &Dockerfile, family: &str, command: &str, sink: &mut Sink) {
    each_call(ctx, dockerfile, &[family], |step, invocations, calls| {
        let Some(last) = calls.iter().rposition(|(_, call)| fills_cache(call)) else {
            return;
        };

        let (invocation, call) = &calls[last];
        let clean = calls[last..]
            .iter()
            .any(|(invocation, call)| cleans_all(invocation, call));
        let caches: Vec<&str> = call.manager.caches.iter().map(String::as_str).collect();
        let mounted = caches.iter().any(|cache| step.is_mounted(cache));
        if clean || removes(invocations, &caches) || mounted {
            return;
        }

        let command = command.replacen(
            "dnf",
            if invocation.is(&["yum", "microdnf", "tdnf"]) {
                invocation.program
            } else {
                "dnf"
            },
            1,
        );
        sink.report(
            Finding::new(
                step.location(call.span(invocation)),
                "downloaded packages and metadata stay in the layer",
            )
            .label(format!("keeps `{}`", call.manager.caches[0]))
            .help(format!("end the same RUN with `&& {command}`"))
            .fix(cleanup(ctx, dockerfile, step, &command)),
        );
    });
}

fn fills_cache(call: &Call) -> bool {
    match call.verb {
        Verb::Install | Verb::Upgrade | Verb::Distribution | Verb::Refresh => true,
        Verb::Remove => call.family() == "zypper",
        _ => false,
    }
}

/// Whether a call empties the cache; `dnf clean metadata` leaves the packages.
fn cleans_all(invocation: &Invocation, call: &Call) -> bool {
    call.verb == Verb::Clean
        && (call.family() != "dnf" || invocation.args.iter().any(|word| word.text() == "all"))
}

/// `pip-cache`
pub fn pip_cache(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    language(ctx, dockerfile, &["pip", "uv", "pipenv", "poetry"], sink);
}

/// `npm-cache`
pub fn npm_cache(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    language(ctx, dockerfile, &["npm"], sink);
}

/// `yarn-cache`
pub fn yarn_cache(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    language(ctx, dockerfile, &["yarn"], sink);
}

fn language(ctx: &Analysis, dockerfile: &Dockerfile, families: &[&str], sink: &mut Sink) {
    each_call(ctx, dockerfile, families, |step, invocations, calls| {
        let cleans = calls.iter().any(|(_, call)| call.verb == Verb::Clean);
        let wasteful: Vec<_> = calls
            .iter()
            .filter(|(invocation, call)| keeps_cache(step, invocations, invocation, call))
            .collect();
        let Some(((invocation, call), rest)) = wasteful.split_first() else {
            return;
        };

        if cleans {
            return;
        }

        let mut finding = Finding::new(
            step.location(call.span(invocation)),
            format!("the `{}` cache stays in the layer", invocation.program),
        )
        .label("keeps the downloaded files")
        .help(advice(call.family()));
        for (other, call) in rest.iter().take(3) {
            finding = finding.related(step.location(call.span(other)), "and this");
        }

        sink.report(finding.fix(cache_fix(ctx, dockerfile, step, call)));
    });
}

/// The fix that keeps a tool's downloads out of the layer.
fn cache_fix(ctx: &Analysis, dockerfile: &Dockerfile, step: &Step, call: &Call) -> Option<Fix> {
    let flag = match call.family() {
        "pip" => "--no-cache-dir",
        "uv" => "--no-cache",
        "npm" => return cleanup(ctx, dockerfile, step, "npm cache clean --force"),
        "yarn" => return cleanup(ctx, dockerfile, step, "yarn cache clean"),
        _ => return None,
    };

    let end = step.location(call.word.span).span.end;
    let edit = Edit::insert(dockerfile.file, end, format!(" {flag}"));
    Fix::new(Applicability::Safe, format!("add `{flag}`"), vec![edit])
}

/// The fix that ends a RUN with a command. Later layers might look for what it removes.
fn cleanup(ctx: &Analysis, dockerfile: &Dockerfile, step: &Step, command: &str) -> Option<Fix> {
    let source = ctx.facts.source(dockerfile.file);
    let edit = step_edits::append_command(dockerfile, step, source, command)?;

    Fix::new(
        Applicability::Unsafe,
        format!("end it with `{command}`"),
        vec![edit],
    )
}

/// Whether an install leaves its downloads in the layer.
fn keeps_cache(
    step: &Step,
    invocations: &[Invocation],
    invocation: &Invocation,
    call: &Call,
) -> bool {
    if !matches!(call.verb, Verb::Install | Verb::Sync) || has_flag(invocation, call) {
        return false;
    }

    let caches: Vec<&str> = call.manager.caches.iter().map(String::as_str).collect();
    let is_off = call
        .manager
        .uncached_env
        .iter()
        .any(|name| is_variable_on(step, invocations, invocation, name));
    let is_temporary = invocation
        .option(&["--cache", "--cache-dir", "--cache-folder"])
        .is_some_and(|option| option.value.starts_with("/tmp"));

    !is_off
        && !is_temporary
        && !is_cache_mounted(step, call.family(), &caches)
        && !removes(invocations, &caches)
}

/// Whether the stage, the command or an `export` of the RUN sets the variable.
fn is_variable_on(
    step: &Step,
    invocations: &[Invocation],
    invocation: &Invocation,
    name: &str,
) -> bool {
    let is_inherited = matches!(
        step.stage.scope.get(name),
        Some(VariableValue::Known { text, .. }) if is_on_for(name, text)
    );

    is_inherited
        || invocation
            .environment()
            .any(|(set, value, _)| set == name && is_on_for(name, value))
        || assigned(invocations, name)
}

/// Whether a cache of the tool is mounted, under any folder with the tool's name in it.
fn is_cache_mounted(step: &Step, family: &str, caches: &[&str]) -> bool {
    caches.iter().any(|cache| step.has_cache(cache))
        || step.mounts.iter().any(|mount| {
            mount.kind() == "cache"
                && mount
                    .target()
                    .is_some_and(|target| target.value.contains(family))
        })
}

fn advice(family: &str) -> &'static str {
    match family {
        "pip" => {
            "add `--no-cache-dir`, or mount a cache: `RUN \
             --mount=type=cache,target=/root/.cache/pip …`"
        }
        "uv" => {
            "add `--no-cache`, or mount a cache: `RUN --mount=type=cache,target=/root/.cache/uv …`"
        }
        "npm" => {
            "end the same RUN with `&& npm cache clean --force`, or mount a cache on `/root/.npm`"
        }
        "yarn" => "end the same RUN with `&& yarn cache clean`, or mount a cache on its directory",
        _ => "remove the cache in the same RUN, or mount one",
    }
}

/// Calls a visitor once for each RUN of a shipped layer that uses one of these families.
fn each_call(
    ctx: &Analysis,
    dockerfile: &Dockerfile,
    families: &[&str],
    mut visit: impl FnMut(&Step, &[Invocation], &[(&Invocation, Call)]),
) {
    let shipped = shipped_stages::shipped_layers(ctx, dockerfile);
    if shipped_stages::is_development(ctx, dockerfile) {
        return;
    }

    for step in dockerfile
        .steps()
        .filter(|step| shipped.contains(&step.stage.index))
    {
        let script = step.script();
        let invocations = script.invocations();
        let calls: Vec<_> = invocations
            .iter()
            .filter(|invocation| {
                manager(invocation.program)
                    .is_some_and(|manager| families.contains(&manager.family.as_str()))
            })
            .filter_map(|invocation| Some((invocation, call(invocation)?)))
            .collect();
        visit(&step, &invocations, &calls);
    }
}

fn has_flag(invocation: &Invocation, call: &Call) -> bool {
    let flags: Vec<&str> = call.manager.uncached.iter().map(String::as_str).collect();
    invocation.flag(&flags).is_some()
}

/// Whether an `rm` or `find -delete` of the RUN empties one of these folders.
fn removes(invocations: &[Invocation], folders: &[&str]) -> bool {
    let removing = invocations
        .iter()
        .filter(|invocation| invocation.is(&["rm", "find", "rmdir"]));
    let mut words = removing.flat_map(|invocation| invocation.args);
    words.any(|word| {
        // `/var/lib/{apt,dpkg}` names several folders at once.
        spread(word.text())
            .iter()
            .any(|path| folders.iter().any(|folder| covers_folder(path, folder)))
    })
}

/// The words that one with braces stands for.
fn spread(word: &str) -> Vec<String> {
    let Some((head, rest)) = word.split_once('{') else {
        return vec![word.to_owned()];
    };
    let Some((inner, tail)) = rest.split_once('}') else {
        return vec![word.to_owned()];
    };

    inner
        .split(',')
        .map(|part| format!("{head}{part}{tail}"))
        .collect()
}

fn assigned(invocations: &[Invocation], name: &str) -> bool {
    let exports = invocations
        .iter()
        .filter(|invocation| invocation.is(&["export"]));
    exports.flat_map(|invocation| invocation.args).any(|word| {
        word.assignment()
            .is_some_and(|(set, value)| set == name && is_on_for(name, value))
    })
}

/// Whether a value switches the cache off. For pip every value does, `0` and `false` too:
/// `_handle_no_cache_dir` in `pip/_internal/cli/cmdoptions.py`, 2026-11.
fn is_on_for(name: &str, value: &str) -> bool {
    if name == "PIP_NO_CACHE_DIR" {
        return !value.trim().is_empty();
    }

    is_on(value)
}

fn is_on(value: &str) -> bool {
    !matches!(
        value.trim().to_ascii_lowercase().as_str(),
        "" | "0" | "false" | "no" | "off" | "n" | "f"
    )
}

fn mentions(invocations: &[Invocation], part: &str) -> bool {
    invocations
        .iter()
        .flat_map(|invocation| invocation.args)
        .any(|word| word.text().contains(part))
}
