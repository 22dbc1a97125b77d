//! `lint-stage`, `test-stage`, `build-stage`, `scan-stage`, `secret-scan-hook`, `sbom-stage`,
//! `deploy-stage`, `eval-stage`: what no pipeline of the repository does.

use crate::analysis::Ctx;
use crate::analysis::packages::{MANIFESTS, is_manifest, package_at};
use crate::analysis::pipelines::{is_live, is_pipeline};
use crate::finding::{Finding, Level, Sink};
use crate::model::file_kind::FileKind;
use crate::model::keywords::Signal;
use crate::model::workflow::{ActionRef, Purpose, Workflow, job_purposes};
use crate::source::{Location, file_name};

/// Packages by which an application that calls language models is known.
const LLM_PACKAGES: &[&str] = &[
    "openai",
    "anthropic",
    "langchain",
    "langgraph",
    "llama-index",
    "llama_index",
    "litellm",
    "google-generativeai",
    "google-genai",
    "cohere",
    "mistralai",
    "groq",
    "crewai",
    "autogen",
    "semantic-kernel",
    "haystack-ai",
    "pydantic-ai",
    "dspy",
    "instructor",
    "@anthropic-ai/sdk",
    "@langchain/core",
    "@ai-sdk/openai",
    "@ai-sdk/anthropic",
    "ollama",
    "async-openai",
    "rig-core",
];

pub fn lint(ctx: &Ctx, sink: &mut Sink) {
    if has_code(ctx) {
        missing(
            ctx,
            sink,
            &[Purpose::Lint, Purpose::Typecheck],
            "lints or type-checks the code",
            "a lint job",
            sink.level(),
        );
    }
}

pub fn test(ctx: &Ctx, sink: &mut Sink) {
    if has_code(ctx) {
        missing(
            ctx,
            sink,
            &[Purpose::Test],
            "runs the tests",
            "a job that runs the tests",
            sink.level(),
        );
    }
}

pub fn build(ctx: &Ctx, sink: &mut Sink) {
    if has_image(ctx) {
        missing(
            ctx,
            sink,
            &[Purpose::Build, Purpose::Image, Purpose::Push],
            "builds what the repository ships",
            "a job that builds the image",
            sink.level(),
        );
    }
}

pub fn scan(ctx: &Ctx, sink: &mut Sink) {
    if has_image(ctx) {
        missing(
            ctx,
            sink,
            &[Purpose::ImageScan, Purpose::Scan],
            "scans the image for known vulnerabilities",
            "a scan that fails on CRITICAL and HIGH, such as `trivy image --exit-code 1 \
             --severity CRITICAL,HIGH`",
            sink.level(),
        );
    }
}

pub fn sbom(ctx: &Ctx, sink: &mut Sink) {
    if has_image(ctx) {
        missing(
            ctx,
            sink,
            &[Purpose::Sbom],
            "generates an SBOM of the image",
            "`sbom: true` for `docker/build-push-action`, or `syft`",
            sink.level(),
        );
    }
}

pub fn deploy(ctx: &Ctx, sink: &mut Sink) {
    if has_image(ctx) {
        let ships = [
            Purpose::Deploy,
            Purpose::Push,
            Purpose::Publish,
            Purpose::Release,
        ];
        missing(
            ctx,
            sink,
            &ships,
            "deploys or publishes the build",
            "a job that deploys after the tests pass",
            sink.level(),
        );
    }
}

pub fn secret_scan(ctx: &Ctx, sink: &mut Sink) {
    if !ctx.facts.env_usage.signals.contains(Signal::SecretScan) {
        let help = "a scan of every commit, such as `gitleaks` as a pre-commit hook and in CI";
        missing(
            ctx,
            sink,
            &[Purpose::SecretScan],
            "or hook scans commits for secrets",
            help,
            sink.level(),
        );
    }
}

pub fn eval(ctx: &Ctx, sink: &mut Sink) {
    if has_llm(ctx) {
        let help = "a job that runs an evaluation set with a threshold, such as `promptfoo \
            eval`, before the deploy";
        missing(
            ctx,
            sink,
            &[Purpose::Evaluate],
            "evaluates the answers of this LLM application",
            help,
            sink.level(),
        );
    }
}

/// Reports that no pipeline does it, unless some pipeline cannot be seen from here.
fn missing(ctx: &Ctx, sink: &mut Sink, purposes: &[Purpose], what: &str, help: &str, level: Level) {
    let Some((location, jobs)) = pipelines(ctx) else {
        return;
    };

    let does = |workflow: &Workflow| {
        let jobs = workflow.jobs.iter().filter(|job| !job.is_disabled());
        jobs.flat_map(job_purposes)
            .any(|evidence| purposes.contains(&evidence.purpose))
            || builds_with_sbom(workflow, purposes)
    };

    let named = |workflow: &Workflow| {
        let path = file_name(ctx.facts.path(workflow.file)).to_ascii_lowercase();
        workflow
            .name
            .as_ref()
            .map(|name| name.value.to_ascii_lowercase())
            .into_iter()
            .chain([path])
            .any(|name| purposes.iter().any(|purpose| name.contains(word(*purpose))))
    };

    if jobs
        .iter()
        .any(|workflow| does(workflow) || named(workflow))
    {
        return;
    }
    // What is asked of the image belongs to the job that makes it.
    let of_image = purposes
        .iter()
        .any(|purpose| matches!(purpose, Purpose::ImageScan | Purpose::Sbom));
    let (location, label) = match maker(&jobs).filter(|_| of_image) {
        Some(maker) => (maker, "builds the image"),
        None => (location, "the pipeline"),
    };

    sink.report_at(
        level,
        Finding::new(location, format!("no CI job {what}"))
            .label(label)
            .help(format!("add {help}")),
    );
}

/// The job that makes the image: better one that pushes it too.
fn maker(workflows: &[&Workflow]) -> Option<Location> {
    let jobs = || {
        workflows
            .iter()
            .filter(|workflow| !workflow.action)
            .flat_map(|workflow| &workflow.jobs)
    };

    let which = |purpose: Purpose| {
        let mut running = jobs().filter(|job| !job.is_disabled());
        running.find(|job| {
            job_purposes(job)
                .iter()
                .any(|found| !found.named && found.purpose == purpose)
        })
    };

    which(Purpose::Push)
        .or_else(|| which(Purpose::Image))
        .map(|job| job.id.location)
}

const fn word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Lint => "lint",
        Purpose::Typecheck => "typecheck",
        Purpose::Test => "test",
        Purpose::Build | Purpose::Image => "build",
        Purpose::Push | Purpose::Publish => "publish",
        Purpose::Release => "release",
        Purpose::Pages => "pages",
        Purpose::Deploy => "deploy",
        Purpose::Scan | Purpose::ImageScan | Purpose::SecretScan => "scan",
        Purpose::Sbom => "sbom",
        Purpose::Evaluate => "eval",
    }
}

/// `sbom: true` of the build action.
fn builds_with_sbom(workflow: &Workflow, purposes: &[Purpose]) -> bool {
    let mut steps = workflow.jobs.iter().flat_map(|job| &job.steps);
    purposes.contains(&Purpose::Sbom)
        && steps.any(|step| {
            step.input("sbom")
                .is_some_and(|input| input.value.literal().is_none_or(|at| at.value != "false"))
        })
}

/// The workflows that run, and the job by which the pipeline is shown. Nothing where a part of the
/// pipeline stands elsewhere: in another system, or in a workflow of another repository.
fn pipelines<'a>(ctx: &'a Ctx) -> Option<(Location, Vec<&'a Workflow>)> {
    let facts = ctx.facts;
    if facts.of_kind(FileKind::GitlabCi).next().is_some()
        || facts
            .repository
            .files()
            .iter()
            .any(|file| is_pipeline(&file.path))
    {
        return None;
    }

    let all: Vec<&Workflow> = facts
        .workflows()
        .filter(|workflow| workflow.action || is_live(ctx, workflow))
        .collect();
    let calls = |workflow: &&Workflow| {
        workflow
            .jobs
            .iter()
            .filter_map(|job| job.uses.as_ref())
            .any(|uses| !matches!(ActionRef::parse(&uses.value), ActionRef::Local(_)))
    };

    if all.iter().any(calls) {
        return None;
    }

    let running = all
        .iter()
        .filter(|workflow| !workflow.action && !workflow.jobs.is_empty());
    let main = running.rev().max_by_key(|workflow| importance(workflow))?;

    Some((main.jobs[0].id.location, all))
}

/// How likely a workflow is to be the one that a reader calls the pipeline.
fn importance(workflow: &Workflow) -> (bool, usize) {
    let changes = workflow.trigger("push").is_some() || workflow.trigger("pull_request").is_some();
    let evidence = workflow
        .jobs
        .iter()
        .flat_map(job_purposes)
        .collect::<Vec<_>>();
    let central = [Purpose::Test, Purpose::Image, Purpose::Build];
    let does = |purpose: &&Purpose| {
        evidence
            .iter()
            .any(|found| !found.named && found.purpose == **purpose)
    };

    (changes, central.iter().filter(does).count())
}

fn has_code(ctx: &Ctx) -> bool {
    ctx.facts
        .repository
        .files()
        .iter()
        .any(|file| MANIFESTS.contains(&file.name()) && !file.path.contains("node_modules/"))
}

fn has_image(ctx: &Ctx) -> bool {
    ctx.facts.dockerfiles().next().is_some()
}

fn has_llm(ctx: &Ctx) -> bool {
    let manifests = ctx
        .facts
        .repository
        .files()
        .iter()
        .filter(|file| is_manifest(file));
    manifests.into_iter().any(|file| {
        LLM_PACKAGES
            .iter()
            .any(|package| package_at(&file.text, package).is_some())
    })
}
