//! `cache-poisoning`: releases built from a cache that other runs can write.

use crate::analysis::Analysis;
use crate::analysis::action_versions::version_of;
use crate::analysis::taint::untrusted_files_before;
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Job, Purpose, Step, Trigger, Workflow, step_purposes};
use crate::source::Location;

/// When an action uses a cache: the input that turns it on or off, and the default.
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

pub fn check(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    let release = release_trigger(workflow);

    for (job, cache) in workflow
        .jobs
        .iter()
        .filter_map(|job| Some((job, JobCache::of(ctx, job)?)))
    {
        if let Some((reason, label)) = release_reason(job, release) {
            sink.report(
                Finding::new(
                    cache.location,
                    "the release may use a cache that any branch or pull request can write to",
                )
                .related(reason, label)
                .help("disable the cache in this job; build releases without one")
                .also_at(cache.others),
            );
        } else if let Some(entry) = untrusted_files_before(workflow, job, cache.step) {
            sink.report(
                Finding::new(
                    cache.location,
                    "untrusted files can enter the default branch's cache, which other runs use",
                )
                .related(entry, "untrusted code enters here")
                .help("disable caching in privileged workflows that outside users can trigger")
                .aspect("untrusted files"),
            );
        }
    }
}

/// The first step of a job that uses a cache. A job is reported once.
struct JobCache {
    /// The index of the step.
    step: usize,
    location: Location,
    /// Where other steps use one.
    others: Vec<Location>,
}

impl JobCache {
    fn of(ctx: &Analysis, job: &Job) -> Option<Self> {
        let mut caches = job
            .steps
            .iter()
            .enumerate()
            .filter_map(|(index, step)| Some((index, cache_location(ctx, step)?)));
        let (step, location) = caches.next()?;

        Some(Self {
            step,
            location,
            others: caches.map(|(_, location)| location).collect(),
        })
    }
}

/// The trigger by which a workflow releases, if it starts for no other reason than a release or by
/// hand.
fn release_trigger(workflow: &Workflow) -> Option<&Trigger> {
    let triggers = &workflow.triggers;
    if !triggers
        .iter()
        .all(|trigger| is_release(trigger) || is_manual(trigger))
    {
        return None;
    }

    triggers.iter().find(|trigger| is_release(trigger))
}

fn is_release(trigger: &Trigger) -> bool {
    match trigger.event.value.as_str() {
        "release" => true,
        "push" => {
            let is_filtered = !trigger.tags.is_empty() || !trigger.branches.is_empty();
            is_filtered
                && trigger
                    .branches
                    .iter()
                    .all(|branch| branch.value.starts_with("release"))
        }
        _ => false,
    }
}

fn is_manual(trigger: &Trigger) -> bool {
    matches!(
        trigger.event.value.as_str(),
        "workflow_dispatch" | "workflow_call"
    )
}

/// Where the job publishes, or else the trigger by which its workflow releases.
fn release_reason(job: &Job, release: Option<&Trigger>) -> Option<(Location, &'static str)> {
    let publishing = job
        .steps
        .iter()
        .flat_map(step_purposes)
        .find(|evidence| matches!(evidence.purpose, Purpose::Publish | Purpose::Release));
    if let Some(evidence) = publishing {
        return Some((evidence.location, "published here"));
    }

    Some((release?.event.location, "triggered by a release"))
}

/// The place where a step uses a cache.
fn cache_location(ctx: &Analysis, step: &Step) -> Option<Location> {
    if step.is_disabled() {
        return None;
    }

    let action = step.action()?;
    let uses = step.uses.as_ref()?;
    let (_, cache) = CACHES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(action.name()))?;
    if is_before_default(ctx, step, action.name()) {
        return None;
    }

    match cache {
        Cache::Always => Some(uses.location),
        Cache::OnUnless(input, off) => {
            let is_off = step.input(input).is_some_and(|input| {
                input
                    .value
                    .literal()
                    .is_none_or(|text| off.contains(&text.value.as_str()))
            });

            (!is_off).then_some(uses.location)
        }
        Cache::OffUnless(input) => {
            // Since version 5 the package manager of `package.json` is cached by default.
            let is_automatic = action.name() == "actions/setup-node" && is_automatic(ctx, step);
            let Some(setting) = step.input(input) else {
                return is_automatic.then_some(uses.location);
            };

            match setting.value.literal().map(|text| text.value.as_str()) {
                Some("" | "false") if !is_automatic => None,
                _ => Some(setting.name.location),
            }
        }
    }
}

/// Actions that cache by themselves only since a major version, with the input that asked for a
/// cache before.
const CACHING_SINCE: &[(&str, &str, u32)] = &[
    ("actions/setup-go", "cache", 4),
    ("astral-sh/setup-uv", "enable-cache", 5),
];

/// Whether the action is older than the version since which it caches by itself, and is not told
/// to cache.
fn is_before_default(ctx: &Analysis, step: &Step, name: &str) -> bool {
    CACHING_SINCE.iter().any(|(action, input, since)| {
        action.eq_ignore_ascii_case(name)
            && step.input(input).is_none()
            && version_of(ctx, step).is_some_and(|version| version.major < *since)
    })
}

/// Whether `actions/setup-node` caches without being told to: since version 5, if `package.json`
/// names its package manager. An unknown version counts as a recent one.
fn is_automatic(ctx: &Analysis, step: &Step) -> bool {
    match step.input_text("package-manager-cache") {
        Some("false") => false,
        Some("true") => true,
        _ => {
            version_of(ctx, step).is_none_or(|version| version.major >= 5)
                && names_package_manager(ctx)
        }
    }
}

fn names_package_manager(ctx: &Analysis) -> bool {
    ctx.facts
        .repository
        .find("package.json")
        .is_none_or(|manifest| {
            manifest.text.contains("\"packageManager\"") || manifest.text.contains("\"devEngines\"")
        })
}
