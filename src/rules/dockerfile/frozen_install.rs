//! `frozen-install`: installs that may take other versions than the lock file says.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::analysis::lock_files::{self, WhenMissing};
use crate::analysis::{Analysis, shipped_stages};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::scope::VariableValue;
use crate::model::dockerfile::{Dockerfile, Step};
use crate::model::package::{Call, Verb, call};
use crate::source::Location;
use crate::syntax::dockerfile::Body;
use crate::syntax::shell::Invocation;

pub fn check(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    if shipped_stages::is_development(ctx, dockerfile) {
        return;
    }

    // One finding for each manager, however often it is run.
    let mut by_family: BTreeMap<&str, (Finding, Vec<Location>)> = BTreeMap::new();
    let built = shipped_stages::built(ctx, dockerfile);
    for step in dockerfile
        .steps()
        .filter(|step| built.contains(&step.stage.index))
    {
        let script = step.script();
        let invocations = script.invocations();

        for invocation in &invocations {
            let Some(call) = call(invocation) else {
                continue;
            };

            let install = Install {
                ctx,
                dockerfile,
                step: &step,
                invocations: &invocations,
                invocation,
                call: &call,
            };
            if !install.follows_lock() || install.is_frozen() {
                continue;
            }

            let location = step.location(call.span(invocation));
            match by_family.entry(call.family()) {
                Entry::Vacant(vacant) => {
                    vacant.insert((install.finding(location), Vec::new()));
                }
                Entry::Occupied(mut occupied) => {
                    let (finding, others) = occupied.get_mut();
                    if finding.location != location {
                        others.push(location);
                    }
                }
            }
        }
    }

    for (mut finding, others) in by_family.into_values() {
        for location in others.iter().take(3) {
            finding = finding.related(*location, "also here");
        }

        sink.report(finding);
    }
}

/// A call of a package manager, and the step it is in.
struct Install<'a> {
    ctx: &'a Analysis<'a>,
    dockerfile: &'a Dockerfile,
    step: &'a Step<'a>,
    /// All invocations of the step.
    invocations: &'a [Invocation<'a>],
    invocation: &'a Invocation<'a>,
    call: &'a Call<'a>,
}

/// Where the lock file of an install is.
enum Lock {
    /// In the image, or wherever the sources come from.
    Present,
    /// In the repository, and no COPY takes it along.
    NotCopied,
    Missing,
}

impl Install<'_> {
    /// Whether a lock file should decide the versions: for an install of what the manifest lists,
    /// and a build of the project itself.
    fn follows_lock(&self) -> bool {
        let is_global = self.invocation.flag(&["-g", "--global"]).is_some();

        match (self.call.family(), self.call.verb) {
            (_, Verb::Sync) => true,
            ("cargo", Verb::Install) => self.invocation.option(&["--path"]).is_some(),
            (_, Verb::Upgrade) => !self.call.manager.locks.is_empty() && !is_global,
            _ => false,
        }
    }

    /// Whether the lock file is followed, as far as can be known.
    fn is_frozen(&self) -> bool {
        if self.has_frozen_flag() || self.may_have_flag() {
            return true;
        }

        let off = self
            .invocation
            .args
            .iter()
            .any(|word| word.text() == "--no-frozen-lockfile");
        if self.has_frozen_variable() && !off {
            return true;
        }

        self.call.verb != Verb::Upgrade && self.is_frozen_by_default()
    }

    fn has_frozen_flag(&self) -> bool {
        let flags: Vec<&str> = self
            .call
            .manager
            .frozen
            .iter()
            .map(String::as_str)
            .collect();
        !flags.is_empty() && self.invocation.flag(&flags).is_some()
    }

    /// Whether a variable is among the arguments, which may hold the flag.
    fn may_have_flag(&self) -> bool {
        self.invocation
            .args
            .iter()
            .any(|word| word.is_expanded() && word.text().starts_with('$'))
    }

    fn has_frozen_variable(&self) -> bool {
        self.call
            .manager
            .frozen_env
            .iter()
            .any(|name| self.is_variable_on(name))
    }

    /// Whether the stage, the step or the command itself sets the variable.
    fn is_variable_on(&self, name: &str) -> bool {
        let mut chain = self.dockerfile.chain(self.step.stage.index);
        let inherited = chain.any(|stage| {
            matches!(stage.scope.get(name), Some(VariableValue::Known { text, .. }) if is_on(text))
        });
        let mut exported = self
            .invocations
            .iter()
            .filter(|other| other.is(&["export"]))
            .flat_map(|other| other.args)
            .filter_map(|word| word.assignment());

        inherited
            || self
                .invocation
                .environment()
                .any(|(set, value, _)| set == name && is_on(value))
            || exported.any(|(set, value)| set == name && is_on(value))
    }

    /// Whether the manager follows its lock file in this form without a flag.
    fn is_frozen_by_default(&self) -> bool {
        let (ctx, dockerfile, step) = (self.ctx, self.dockerfile, self.step);
        let has = |flags: &[&str]| self.invocation.flag(flags).is_some();
        let word = self.call.word.text();

        match self.call.family() {
            "npm" => {
                matches!(word, "ci" | "clean-install" | "install-ci-test" | "cit")
                    || has(&["-g", "--global", "--package-lock-only"])
            }
            "pnpm" if matches!(word, "ci" | "fetch") => true,
            "pnpm" | "yarn" => has(&["--offline"]) || has(&["--version", "--help", "-v"]),
            "bun" => word == "ci",
            "poetry" => lock_files::copied(ctx, dockerfile, step, "poetry.lock", WhenMissing::Yes),
            "pipenv" | "pdm" => word == "sync",
            "bundler" => is_configured(dockerfile, step, "bundle", &["frozen", "deployment"]),
            // `cargo run` and `build` fetch too; what builds an empty shell to fill the cache is
            // bound by the same lock.
            "cargo" => {
                !lock_files::exists(ctx, dockerfile, "Cargo.lock") || has(&["--help", "--version"])
            }
            // These follow their lock files by default; an environment's file is its own lock, or
            // has none.
            "go" | "composer" | "conda" => true,
            _ => false,
        }
    }

    fn finding(&self, location: Location) -> Finding {
        let family = self.call.family();
        let title = self.call.title(self.invocation);
        let names = &self.call.manager.locks;
        let name = names.first().map_or("the lock file", String::as_str);
        let remedy = match self.call.verb {
            Verb::Upgrade => "upgrade versions on a branch, and install from the lock file here",
            _ => remedy(family),
        };
        let drifts = format!("`{title}` can install versions that differ from the lock file");

        match self.lock() {
            Lock::Present => Finding::new(location, drifts)
                .label(why(self.call))
                .help(remedy)
                .fix(self.fix()),
            Lock::NotCopied => Finding::new(location, drifts)
                .label(format!("no `{name}` is copied before it"))
                .help(match family {
                    "poetry" => remedy.to_owned(),
                    _ => format!("copy `{name}` next to the manifest, and {remedy}"),
                }),
            Lock::Missing => Finding::new(
                location,
                format!("`{title}` installs the newest versions at build time"),
            )
            .label(format!("no `{name}` in the repository pins them"))
            .help(format!("commit `{name}`, and {remedy}")),
        }
    }

    /// The fix for an install whose lock file is there.
    fn fix(&self) -> Option<Fix> {
        let (file, word) = (self.dockerfile.file, self.call.word);
        let span = self.step.location(word.span).span;
        let is_upgrade = self.call.verb == Verb::Upgrade;
        let add = |flag: &str| {
            let edit = Edit::insert(file, span.end, format!(" {flag}"));
            Fix::new(Applicability::Unsafe, format!("add `{flag}`"), vec![edit])
        };

        match self.call.family() {
            _ if is_upgrade => None,
            "npm" if matches!(word.text(), "install" | "i") => {
                let edit = Edit::replace(file, span, "ci");
                Fix::new(Applicability::Unsafe, "use `npm ci`", vec![edit])
            }
            "yarn" | "pnpm" | "bun" if word.text() == "install" => add("--frozen-lockfile"),
            "uv" if matches!(word.text(), "sync" | "run") => add("--locked"),
            "cargo" => add("--locked"),
            _ => None,
        }
    }

    fn lock(&self) -> Lock {
        let (ctx, dockerfile) = (self.ctx, self.dockerfile);
        let names = &self.call.manager.locks;
        if self.has_foreign_sources()
            || names
                .iter()
                .any(|name| lock_files::copied(ctx, dockerfile, self.step, name, WhenMissing::No))
        {
            return Lock::Present;
        }

        if names
            .iter()
            .any(|name| lock_files::exists(ctx, dockerfile, name))
        {
            Lock::NotCopied
        } else {
            Lock::Missing
        }
    }

    /// Whether no COPY brings the sources: they were cloned, or came with the base image, and so
    /// did their lock file, if there is one.
    fn has_foreign_sources(&self) -> bool {
        let chain = self.dockerfile.layers(self.step.stage.index);
        let mut earlier = self
            .dockerfile
            .instructions()
            .filter(|position| position.at < self.step.at && chain.contains(&position.stage.index));

        self.step.mounts.is_empty()
            && !earlier.any(|position| copies_context(&position.instruction.body))
    }
}

fn copies_context(body: &Body) -> bool {
    matches!(body, Body::Copy(transfer) | Body::Add(transfer) if transfer.from.is_none())
}

fn is_on(value: &str) -> bool {
    !matches!(value, "" | "0" | "false" | "no")
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

/// Whether `bundle config set frozen true` or its like came before.
fn is_configured(dockerfile: &Dockerfile, step: &Step, program: &str, keys: &[&str]) -> bool {
    let chain = dockerfile.layers(step.stage.index);
    let earlier = dockerfile
        .steps()
        .filter(|other| other.at <= step.at && chain.contains(&other.stage.index));
    earlier.into_iter().any(|other| {
        let script = other.script();
        script.invocations().iter().any(|invocation| {
            let sets = invocation.is(&[program])
                && invocation.args.iter().any(|word| word.text() == "config");
            sets && invocation
                .args
                .iter()
                .any(|word| keys.contains(&word.text()))
        })
    })
}
