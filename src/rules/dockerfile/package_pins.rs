//! `pinned-package` and `pinned-os-package`: installs of the newest version.

use crate::analysis::{Analysis, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::{Dockerfile, Step};
use crate::model::package::{Call, Pin, Verb, call, launch, pin};
use crate::syntax::shell::{Invocation, Word};

/// How many packages a message names.
const SHOWN: usize = 4;

/// Installers that are upgraded before they install anything else.
const BOOTSTRAP: &[&str] = &["pip", "setuptools", "wheel", "npm", "bundler", "build"];

/// `pinned-package`
pub fn language(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    each_open(ctx, dockerfile, false, |step, invocation, call, open| {
        let bootstraps = open.iter().all(|word| BOOTSTRAP.contains(&word.text()));
        let finding = finding(step, invocation, call, open)
            .help(advice(call.family(), open[0].text()))
            .case_if(bootstraps, "bootstrap");
        sink.report(finding);
    });
}

/// `pinned-os-package`
pub fn system(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    each_open(ctx, dockerfile, true, |step, invocation, call, open| {
        let finding =
            finding(step, invocation, call, open).help(advice(call.family(), open[0].text()));
        sink.report(finding);
    });
}

fn finding(step: &Step, invocation: &Invocation, call: &Call, open: &[&Word]) -> Finding {
    let names: Vec<String> = open
        .iter()
        .take(SHOWN)
        .map(|word| format!("`{}`", word.text()))
        .collect();
    let more = if open.len() > SHOWN {
        format!(" and {} more", open.len() - SHOWN)
    } else {
        String::new()
    };

    let moving = open[0].text().contains("@latest");
    let what = if moving {
        "at the latest version"
    } else {
        "without a pinned version"
    };

    Finding::new(
        step.location(open[0].span),
        format!(
            "`{}` installs {}{more} {what}",
            call.title(invocation),
            names.join(", ")
        ),
    )
    .label("the version can differ between builds")
}

fn each_open(
    ctx: &Analysis,
    dockerfile: &Dockerfile,
    system: bool,
    mut visit: impl FnMut(&Step, &Invocation, &Call, &[&Word]),
) {
    let built = shipped_stages::built(ctx, dockerfile);
    if shipped_stages::is_development(ctx, dockerfile) {
        return;
    }

    for step in dockerfile
        .steps()
        .filter(|step| built.contains(&step.stage.index))
    {
        let script = step.script();
        for invocation in script.invocations() {
            let installing = call(&invocation).filter(|call| call.verb == Verb::Install);
            let Some(call) = installing
                .or_else(|| launch(&invocation))
                .filter(|call| call.manager.system == system)
            else {
                continue;
            };

            if is_constrained(&invocation, &call) {
                continue;
            }

            let open: Vec<&Word> = call
                .packages
                .iter()
                .copied()
                .filter(|word| pin(&call, &invocation, word) == Pin::Open)
                .collect();
            if !open.is_empty() {
                visit(&step, &invocation, &call, &open);
            }
        }
    }
}

/// Whether versions are pinned elsewhere: in a constraint file, a lock, an offline folder.
fn is_constrained(invocation: &Invocation, call: &Call) -> bool {
    match call.family() {
        "pip" | "uv" | "pipx" => invocation
            .flag(&[
                "-c",
                "--constraint",
                "--constraints",
                "--no-index",
                "--no-deps",
                "--override",
            ])
            .is_some(),
        // Added to the manifest and its lock: a choice of a developer, not of a build.
        "npm" => invocation
            .flag(&["--package-lock-only", "--offline"])
            .is_some(),
        "apt" => call.word.text() == "build-dep",
        "go" => {
            invocation.flag(&["-u"]).is_none()
                && call.packages.iter().all(|word| !word.text().contains('.'))
        }
        _ => false,
    }
}

/// How the address of a repository or an archive is bound to a version.
fn advice_for_address(family: &str, package: &str) -> Option<&'static str> {
    let is_script = matches!(family, "npm" | "yarn" | "pnpm" | "bun");
    let is_repository = package.contains("git+")
        || family == "cargo" && package.contains("://")
        || family == "poetry" && package.ends_with(".git")
        || is_script && !package.starts_with('@') && package.contains('/');

    match family {
        _ if !is_repository && package.contains("://") => {
            Some("use the archive of a tag or a commit")
        }
        _ if !is_repository => None,
        "cargo" => Some("name a tag or a commit: `--tag v1.2.3`"),
        _ if is_script => Some("name a tag or a commit: `…#v1.2.3`"),
        _ => Some("name a tag or a commit: `git+https://…@v1.2.3`"),
    }
}

fn advice(family: &str, name: &str) -> String {
    if let Some(advice) = advice_for_address(family, name) {
        return advice.to_owned();
    }

    // The name of a package in a scope begins with the sign that separates others from their version.
    let start = usize::from(name.starts_with('@'));
    let end = name[start..].find(['@', '=', '>', '[', '$']);
    let name = match end {
        Some(end) if start + end > 0 => &name[..start + end],
        _ => name,
    };
    match family {
        "pip" | "uv" | "pipx" | "pdm" | "pipenv" => {
            format!("pin the version, as in `{name}==1.2.3`, or install from a lock file")
        }
        "npm" | "yarn" | "pnpm" | "bun" => format!("pin the version, as in `{name}@1.2.3`"),
        "gem" => format!("pin the version, as in `{name}:1.2.3`"),
        "go" => "pin the version, as in `…@v1.2.3`".to_owned(),
        "cargo" => format!("pin the version, as in `{name}@1.2.3`, and add `--locked`"),
        "composer" => format!("pin the version, as in `{name}:^1.2`"),
        "dnf" => format!("pin the version, as in `{name}-1.2.3`"),
        "apk" | "zypper" | "conda" => format!("pin the version, as in `{name}=1.2.3`"),
        "apt" => {
            format!(
                "pin the version, as in `{name}=1.2.*`, or pin the base image by digest and \
                 accept its versions"
            )
        }
        _ => "pin the version".to_owned(),
    }
}
