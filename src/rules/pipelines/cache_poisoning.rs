//! `cache-poisoning`: what is released is built from a cache that others can fill.

use crate::analysis::Ctx;
use crate::analysis::taint::untrusted_files_before;
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Purpose, Step, Trigger, Workflow, step_purposes};
use crate::source::Location;

/// Actions with a cache: the input that turns it on or off, and what holds without it.
enum Cache {
    Always,
    /// On unless the input has one of these values.
    OnUnless(&'static str, &'static [&'static str]),
    /// Off unless the input has a value that is not one of these.
    OffUnless(&'static str),
}

const CACHES: &[(&str, Cache)] = &[
    ("actions/cache", Cache::OnUnless("lookup-only", &["true"])),
    ("actions/cache/restore", Cache::Always),
    ("actions/setup-java", Cache::OffUnless("cache")),
    // By itself since version 4.
    ("actions/setup-go", Cache::OnUnless("cache", &["false"])),
    ("actions/setup-node", Cache::OffUnless("cache")),
    ("actions/setup-python", Cache::OffUnless("cache")),
    ("actions/setup-dotnet", Cache::OffUnless("cache")),
    (
        "astral-sh/setup-uv",
        Cache::OnUnless("enable-cache", &["false"]),
    ),
    (
        "Swatinem/rust-cache",
        Cache::OnUnless("lookup-only", &["true"]),
    ),
    ("ruby/setup-ruby", Cache::OffUnless("bundler-cache")),
    ("PyO3/maturin-action", Cache::OffUnless("sccache")),
    ("Mozilla-Actions/sccache-action", Cache::Always),
    ("mozilla-actions/sccache-action", Cache::Always),
    ("nix-community/cache-nix-action", Cache::Always),
    (
        "gradle/actions/setup-gradle",
        Cache::OnUnless("cache-disabled", &["true"]),
    ),
    (
        "gradle/gradle-build-action",
        Cache::OnUnless("cache-disabled", &["true"]),
    ),
    (
        "ramsey/composer-install",
        Cache::OnUnless("ignore-cache", &["true", "yes", "1"]),
    ),
    (
        "actions-rust-lang/setup-rust-toolchain",
        Cache::OnUnless("cache", &["false"]),
    ),
    (
        "golangci/golangci-lint-action",
        Cache::OnUnless("skip-cache", &["true"]),
    ),
    ("dart-lang/setup-dart", Cache::OffUnless("cache")),
    ("oven-sh/setup-bun", Cache::OnUnless("no-cache", &["true"])),
    ("graalvm/setup-graalvm", Cache::OffUnless("cache")),
];

pub fn check(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let release = |trigger: &&Trigger| match trigger.event.value.as_str() {
        "release" => true,
        "push" => {
            let branches = trigger
                .branches
                .iter()
                .all(|branch| branch.value.starts_with("release"));
            branches && !(trigger.tags.is_empty() && trigger.branches.is_empty())
        }
        _ => false,
    };

    let by_hand = |trigger: &Trigger| {
        matches!(
            trigger.event.value.as_str(),
            "workflow_dispatch" | "workflow_call"
        )
    };

    let all = workflow
        .triggers
        .iter()
        .all(|trigger| release(&trigger) || by_hand(trigger));
    let released = workflow.triggers.iter().find(release).filter(|_| all);

    for job in &workflow.jobs {
        // Said once a job.
        let mut caches = job
            .steps
            .iter()
            .enumerate()
            .filter_map(|(number, step)| Some((number, cached(step)?)));
        let Some((number, location)) = caches.next() else {
            continue;
        };

        let others = caches.count() as u32;
        let publishing = job
            .steps
            .iter()
            .flat_map(step_purposes)
            .find(|evidence| matches!(evidence.purpose, Purpose::Publish | Purpose::Release));
        let why = match (&publishing, released) {
            (Some(evidence), _) => Some((evidence.location, "published here")),
            (None, Some(trigger)) => Some((trigger.event.location, "triggered by a release")),
            (None, None) => None,
        };

        if let Some((reason, label)) = why {
            let mut finding = Finding::new(
                location,
                "the release may use a cache that any branch or pull request can write to",
            )
            .related(reason, label)
            .help("disable the cache in this job; build releases without one");
            finding.others = others;
            sink.report(finding);
        } else if let Some(stranger) = untrusted_files_before(workflow, job, number) {
            sink.report(
                Finding::new(
                    location,
                    "untrusted files can enter the default branch's cache, which other runs use",
                )
                .related(stranger, "untrusted code enters here")
                .help("disable caching in privileged workflows that outside users can trigger"),
            );
        }
    }
}

/// Where a step uses a cache, if it does.
fn cached(step: &Step) -> Option<Location> {
    let action = step.action().filter(|_| !step.is_disabled())?;
    let uses = step.uses.as_ref()?;
    let (_, cache) = CACHES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(action.name()))?;
    // Since version 5 the package manager of `package.json` is cached unless that is switched off.
    let automatic = action.name() == "actions/setup-node" && is_automatic(step);
    let major = major(step);
    if action.name().eq_ignore_ascii_case("actions/setup-go")
        && major.is_some_and(|major| major < 4)
        && step.input("cache").is_none()
    {
        return None;
    }

    match cache {
        Cache::Always => Some(uses.location),
        Cache::OnUnless(input, off) => {
            let is_off = step.input(input).is_some_and(|input| {
                input
                    .value
                    .literal()
                    .is_none_or(|at| off.contains(&at.value.as_str()))
            });

            (!is_off).then_some(uses.location)
        }
        Cache::OffUnless(input) => match step.input(input) {
            Some(given) => {
                let text = given.value.literal().map(|at| at.value.as_str());

                match text {
                    Some("" | "false") if !automatic => None,
                    _ => Some(given.name.location),
                }
            }
            None => automatic.then_some(uses.location),
        },
    }
}

fn is_automatic(step: &Step) -> bool {
    let off = step.input_text("package-manager-cache") == Some("false");
    let by_hash = step.action().is_some_and(|action| action.is_hash());
    let written = step.input_text("package-manager-cache") == Some("true");
    !off && (written || major(step).is_some_and(|major| major >= 5) || by_hash)
}

/// The major version of a step's action, where its tag says so.
fn major(step: &Step) -> Option<u32> {
    let action = step.action()?;
    let major = action
        .version()?
        .trim_start_matches('v')
        .split('.')
        .next()?
        .parse()
        .ok();
    major.filter(|major| *major < 100)
}
