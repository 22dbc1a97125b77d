//! `lint-stage`, `test-stage`, `build-stage`, `scan-stage`, `secret-scan-hook`, `sbom-stage`,
//! `deploy-stage`, `eval-stage`: stages that no pipeline of the repository has.

use std::collections::HashSet;

use crate::analysis::Analysis;
use crate::analysis::job_work::job_work;
use crate::analysis::packages::{MANIFESTS, is_manifest, package_at};
use crate::analysis::pipelines::{is_live, is_pipeline};
use crate::finding::{Finding, Sink};
use crate::model::file_kind::FileKind;
use crate::model::keywords::Signal;
use crate::model::workflow::gitlab::GitlabPipeline;
use crate::model::workflow::{ActionRef, Purpose, Step, Workflow, job_purposes};
use crate::source::{FileId, Location, file_name};

/// Packages of applications that call language models.
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

/// A stage that a pipeline should have.
struct PipelineStage {
    /// What the jobs of the stage do; one of these is enough.
    purposes: &'static [Purpose],
    /// What no CI job does, for the message.
    task: &'static str,
    /// What to add.
    addition: &'static str,
    anchor: Anchor,
}

/// The job at which a missing stage is reported: where it would be added.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Anchor {
    /// The main pipeline.
    Pipeline,
    /// The job that builds the image.
    Image,
    /// The job that ships the application, or else tests it.
    Shipping,
}

pub fn lint(ctx: &Analysis, sink: &mut Sink) {
    if has_code(ctx) {
        let stage = PipelineStage {
            purposes: &[Purpose::Lint, Purpose::Typecheck],
            task: "lints or type-checks the code",
            addition: "a lint job",
            anchor: Anchor::Pipeline,
        };
        report_missing(ctx, &stage, sink);
    }
}

pub fn test(ctx: &Analysis, sink: &mut Sink) {
    if has_code(ctx) {
        let stage = PipelineStage {
            purposes: &[Purpose::Test],
            task: "runs the tests",
            addition: "a job that runs the tests",
            anchor: Anchor::Pipeline,
        };
        report_missing(ctx, &stage, sink);
    }
}

pub fn build(ctx: &Analysis, sink: &mut Sink) {
    if has_image(ctx) {
        let stage = PipelineStage {
            purposes: &[Purpose::Build, Purpose::Image, Purpose::Push],
            task: "builds what the repository ships",
            addition: "a job that builds the image",
            anchor: Anchor::Pipeline,
        };
        report_missing(ctx, &stage, sink);
    }
}

pub fn scan(ctx: &Analysis, sink: &mut Sink) {
    if has_image(ctx) {
        let stage = PipelineStage {
            purposes: &[Purpose::ImageScan, Purpose::Scan],
            task: "scans the image for known vulnerabilities",
            addition: "a scan that fails on CRITICAL and HIGH, such as `trivy image --exit-code 1 \
                       --severity CRITICAL,HIGH`",
            anchor: Anchor::Image,
        };
        report_missing(ctx, &stage, sink);
    }
}

pub fn sbom(ctx: &Analysis, sink: &mut Sink) {
    if has_image(ctx) && !is_sbom_configured(ctx) {
        let stage = PipelineStage {
            purposes: &[Purpose::Sbom],
            task: "generates an SBOM of the image",
            addition: "`sbom: true` for `docker/build-push-action`, or `syft`",
            anchor: Anchor::Image,
        };
        report_missing(ctx, &stage, sink);
    }
}

/// Whether the configuration of a tool that builds images or releases has it make an SBOM.
fn is_sbom_configured(ctx: &Analysis) -> bool {
    const WORDS: &[(&str, &str)] = &[
        (".goreleaser.", "sboms:"),
        ("goreleaser.", "sboms:"),
        ("docker-bake", "type=sbom"),
        (".ko.yaml", "sbom"),
        ("apko.", "contents:"),
    ];
    let mut files = ctx.facts.repository.files().iter();

    files.any(|file| {
        WORDS
            .iter()
            .any(|(name, word)| file.name().starts_with(name) && file.text.contains(word))
    })
}

pub fn deploy(ctx: &Analysis, sink: &mut Sink) {
    if has_image(ctx) {
        let stage = PipelineStage {
            purposes: &[
                Purpose::Deploy,
                Purpose::Push,
                Purpose::Publish,
                Purpose::Release,
            ],
            task: "deploys or publishes the build",
            addition: "a job that deploys after the tests pass",
            anchor: Anchor::Pipeline,
        };
        report_missing(ctx, &stage, sink);
    }
}

pub fn secret_scan(ctx: &Analysis, sink: &mut Sink) {
    if !ctx.facts.env_usage.signals.contains(Signal::SecretScan) {
        let stage = PipelineStage {
            purposes: &[Purpose::SecretScan],
            task: "or hook scans commits for secrets",
            addition: "a scan of every commit, such as `gitleaks` as a pre-commit hook and in CI",
            anchor: Anchor::Pipeline,
        };
        report_missing(ctx, &stage, sink);
    }
}

pub fn eval(ctx: &Analysis, sink: &mut Sink) {
    if has_llm(ctx) {
        let stage = PipelineStage {
            purposes: &[Purpose::Evaluate],
            task: "evaluates the answers of this LLM application",
            addition: "a job that runs an evaluation set with a threshold, such as `promptfoo \
                       eval`, before the deploy",
            anchor: Anchor::Shipping,
        };
        report_missing(ctx, &stage, sink);
    }
}

/// Reports that no pipeline has the stage, unless a part of the pipeline is elsewhere.
fn report_missing(ctx: &Analysis, stage: &PipelineStage, sink: &mut Sink) {
    let Some(pipelines) = pipelines(ctx) else {
        return;
    };

    let (main_job, workflows) = (pipelines.main, pipelines.workflows);
    if pipelines
        .template_work
        .iter()
        .any(|purpose| stage.purposes.contains(purpose))
        || workflows
            .iter()
            .any(|workflow| has_stage(workflow, stage) || announces_stage(ctx, workflow, stage))
        || workflows
            .iter()
            .any(|workflow| may_run_stage(ctx, workflow, stage))
    {
        return;
    }

    let job = match stage.anchor {
        Anchor::Pipeline => None,
        Anchor::Image => image_job(&workflows),
        Anchor::Shipping => image_job(&workflows)
            .or_else(|| job_with(&workflows, Purpose::Deploy))
            .or_else(|| job_with(&workflows, Purpose::Test)),
    };
    let (location, label) = match job {
        Some(job) if stage.anchor == Anchor::Image => (job, "builds the image"),
        Some(job) => (job, "the pipeline"),
        None => (main_job, "the pipeline"),
    };
    let ships_image = job_with(&workflows, Purpose::Push).is_some()
        || job_with(&workflows, Purpose::Deploy).is_some();
    let is_library = job_with(&workflows, Purpose::Publish).is_some();

    sink.report(
        Finding::new(location, format!("no CI job {}", stage.task))
            .label(label)
            .help(format!("add {}", stage.addition))
            .case_if(stage.is_image_scan() && !ships_image, "not-shipped")
            .case_if(stage.anchor == Anchor::Shipping && is_library, "library"),
    );
}

impl PipelineStage {
    fn is_image_scan(&self) -> bool {
        self.purposes.contains(&Purpose::ImageScan)
    }
}

/// Whether a job of the workflow does what the stage does, by its own steps.
fn has_stage(workflow: &Workflow, stage: &PipelineStage) -> bool {
    let makes_sbom = stage.purposes.contains(&Purpose::Sbom)
        && workflow
            .jobs
            .iter()
            .flat_map(|job| &job.steps)
            .any(sets_sbom);

    makes_sbom
        || workflow
            .jobs
            .iter()
            .filter(|job| !job.is_disabled())
            .flat_map(job_purposes)
            .any(|evidence| stage.purposes.contains(&evidence.purpose))
}

/// Whether a job of the workflow runs a task, a script or an action that does what the stage does,
/// or that cannot be followed.
fn may_run_stage(ctx: &Analysis, workflow: &Workflow, stage: &PipelineStage) -> bool {
    workflow
        .jobs
        .iter()
        .filter(|job| !job.is_disabled())
        .map(|job| job_work(ctx, workflow, job))
        .any(|work| {
            work.is_open
                || work
                    .evidence
                    .iter()
                    .any(|evidence| stage.purposes.contains(&evidence.purpose))
        })
}

/// Whether a step sets `sbom: true`, an input of the build action.
fn sets_sbom(step: &Step) -> bool {
    let is_on = step.input("sbom").is_some_and(|input| {
        input
            .value
            .literal()
            .is_none_or(|text| text.value != "false")
    });
    let names_sbom = |input| {
        step.input_text(input)
            .is_some_and(|text| text.contains("sbom"))
    };

    is_on || names_sbom("attests") || names_sbom("set") || names_sbom("args")
}

/// Whether the name of a workflow, or of its file, announces the stage.
fn announces_stage(ctx: &Analysis, workflow: &Workflow, stage: &PipelineStage) -> bool {
    let file = file_name(ctx.facts.path(workflow.file)).to_ascii_lowercase();
    let name = workflow
        .name
        .as_ref()
        .map(|name| name.value.to_ascii_lowercase())
        .unwrap_or_default();

    stage.purposes.iter().any(|purpose| {
        let word = stage_word(*purpose);
        name.contains(word) || file.contains(word)
    })
}

/// The job that builds the image, preferably one that pushes it too.
fn image_job(workflows: &[&Workflow]) -> Option<Location> {
    job_with(workflows, Purpose::Push).or_else(|| job_with(workflows, Purpose::Image))
}

/// The first job that has a command or an action of this purpose.
fn job_with(workflows: &[&Workflow], purpose: Purpose) -> Option<Location> {
    workflows
        .iter()
        .filter(|workflow| !workflow.action)
        .flat_map(|workflow| &workflow.jobs)
        .filter(|job| !job.is_disabled())
        .find(|job| {
            job_purposes(job)
                .iter()
                .any(|evidence| !evidence.named && evidence.purpose == purpose)
        })
        .map(|job| job.id.location)
}

/// The word for a purpose in names of workflows.
const fn stage_word(purpose: Purpose) -> &'static str {
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
        Purpose::AwaitChecks => "wait",
    }
}

/// The pipelines of a repository.
struct Pipelines<'a> {
    /// The place by which they are shown.
    main: Location,
    /// The workflows that run, and the pipelines of GitLab.
    workflows: Vec<&'a Workflow>,
    /// What the included templates of GitLab do.
    template_work: Vec<Purpose>,
}

/// The pipelines of a repository. `None` where a part of them is elsewhere: in another system, or in
/// another repository.
fn pipelines<'a>(ctx: &'a Analysis) -> Option<Pipelines<'a>> {
    let facts = ctx.facts;
    let mut files = facts.repository.files().iter();
    if files.any(|file| is_pipeline(&file.path)) || has_unknown_gitlab(ctx) {
        return None;
    }

    let workflows: Vec<&Workflow> = facts
        .workflows()
        .filter(|workflow| workflow.action || is_live(ctx, workflow))
        .collect();
    if workflows.iter().any(|workflow| calls_elsewhere(workflow)) {
        return None;
    }

    let gitlab = &facts.gitlab_pipelines;
    let mut all = workflows;
    all.extend(gitlab.iter().map(|pipeline| &pipeline.workflow));

    let main = all
        .iter()
        .filter(|workflow| !workflow.action && !workflow.jobs.is_empty())
        .rev()
        .max_by_key(|workflow| importance(workflow))?;
    let template_work = gitlab.iter().flat_map(|pipeline| &pipeline.template_work);

    Some(Pipelines {
        main: main.jobs.first()?.id.location,
        template_work: template_work.map(|evidence| evidence.purpose).collect(),
        workflows: all,
    })
}

/// Whether a part of a GitLab pipeline cannot be seen, or its files are not those that GitLab looks
/// for.
fn has_unknown_gitlab(ctx: &Analysis) -> bool {
    let facts = ctx.facts;
    let pipelines = &facts.gitlab_pipelines;
    let is_unknown = |pipeline: &GitlabPipeline| {
        !pipeline.is_whole || pipeline.jobs.iter().any(|job| job.is_open)
    };
    let is_root = |file: FileId| {
        pipelines
            .iter()
            .any(|pipeline| pipeline.workflow.file == file)
    };

    pipelines.iter().any(is_unknown)
        || pipelines.is_empty() && facts.of_kind(FileKind::GitlabCi).next().is_some()
        || facts
            .repository
            .files()
            .iter()
            .any(|file| file.name() == ".gitlab-ci.yml" && !is_root(file.id))
}

/// Whether a job calls a workflow of another repository.
fn calls_elsewhere(workflow: &Workflow) -> bool {
    workflow
        .jobs
        .iter()
        .filter_map(|job| job.uses.as_ref())
        .any(|uses| !matches!(ActionRef::parse(&uses.value), ActionRef::Local(_)))
}

/// How likely a workflow is to be the one that readers call the pipeline.
fn importance(workflow: &Workflow) -> (bool, usize) {
    // A pipeline of GitLab has no triggers: it runs for every push.
    let runs_on_changes = workflow.triggers.is_empty()
        || workflow.trigger("push").is_some()
        || workflow.trigger("pull_request").is_some();
    let purposes: HashSet<Purpose> = workflow
        .jobs
        .iter()
        .flat_map(job_purposes)
        .filter(|evidence| !evidence.named)
        .map(|evidence| evidence.purpose)
        .collect();
    let central = [Purpose::Test, Purpose::Image, Purpose::Build]
        .iter()
        .filter(|purpose| purposes.contains(purpose))
        .count();

    (runs_on_changes, central)
}

fn has_code(ctx: &Analysis) -> bool {
    ctx.facts
        .repository
        .files()
        .iter()
        .any(|file| MANIFESTS.contains(&file.name()) && !file.path.contains("node_modules/"))
}

fn has_image(ctx: &Analysis) -> bool {
    ctx.facts.dockerfiles().next().is_some()
}

fn has_llm(ctx: &Analysis) -> bool {
    ctx.facts
        .repository
        .files()
        .iter()
        .filter(|file| is_manifest(file))
        .any(|file| {
            LLM_PACKAGES
                .iter()
                .any(|package| package_at(&file.text, package).is_some())
        })
}
