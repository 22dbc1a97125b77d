//! Evidence about pipelines: what their jobs do, in which order, with which rights.

use crate::analysis::Analysis;
use crate::analysis::packages::MANIFESTS;
use crate::checklist::answer::{Answer, Standing};
use crate::checklist::evidence::application::llm_application;
use crate::checklist::pipelines::{Pipelines, Work, foreign, live};
use crate::checklist::places::{proof, start_of};
use crate::checklist::service::{Service, Services};
use crate::model::id::IdVec;
use crate::model::proof::ProofKind;
use crate::model::workflow::gitlab::{BranchFilter, GitlabJob, GitlabPipeline, Start};
use crate::model::workflow::{ActionRef, Job, JobId, Purpose};
use crate::source::Location;

/// Whether there is anything that a pipeline could build, test or ship.
fn has_work(ctx: &Analysis, all: &Services) -> bool {
    !all.all.is_empty() || has_code(ctx)
}

fn has_code(ctx: &Analysis) -> bool {
    ctx.facts
        .repository
        .files()
        .iter()
        .any(|file| MANIFESTS.contains(&file.name()) && !ctx.facts.is_practice(file.id))
}

pub fn pipeline(ctx: &Analysis, all: &Services) -> Answer {
    let mut answers: Vec<Answer> = live(ctx)
        .filter(|workflow| !workflow.jobs.is_empty())
        .map(|workflow| {
            Answer::proven(
                workflow.location,
                format!(
                    "{} jobs in `{}`",
                    workflow.jobs.len(),
                    ctx.facts.path(workflow.file)
                ),
            )
        })
        .collect();
    answers.extend(ctx.facts.gitlab_pipelines.iter().map(|pipeline| {
        let jobs = pipeline.jobs.len();
        Answer::proven(
            pipeline.workflow.location,
            format!(
                "{jobs} jobs in `{}`",
                ctx.facts.path(pipeline.workflow.file)
            ),
        )
    }));

    if let Some(file) = foreign(ctx) {
        answers.push(Answer::proven(
            start_of(file),
            "a pipeline of another system",
        ));
    }

    if !answers.is_empty() {
        return Answer::all(answers);
    }

    if has_work(ctx, all) {
        Answer::missing("there is no pipeline")
    } else {
        Answer::not_applicable("there is nothing to build, test or ship")
    }
}

pub fn stages(ctx: &Analysis, all: &Services) -> Answer {
    if !has_work(ctx, all) {
        return Answer::not_applicable("there is nothing to build, test or ship");
    }

    let pipelines = &all.pipelines;
    if pipelines.work.is_empty() && pipelines.foreign.is_none() {
        return Answer::missing("there is no pipeline");
    }

    let mut answers = Vec::new();

    if has_code(ctx) || all.all.iter().any(Service::is_built) {
        answers.push(pipelines.stage(&[Purpose::Lint], "lints", "no job lints"));
        if is_typed(ctx) {
            answers.push(pipelines.stage(
                &[Purpose::Typecheck],
                "checks types",
                "no job checks types",
            ));
        }

        answers.push(pipelines.stage(&[Purpose::Test], "runs tests", "no job runs tests"));
    }

    if all.all.iter().any(Service::is_built) {
        answers.push(pipelines.stage(
            &[Purpose::Image, Purpose::Push, Purpose::Build],
            "builds",
            "no job builds the image",
        ));
    }

    if answers.is_empty() {
        return Answer::not_applicable("there is no code to check and no image to build");
    }

    Answer::all(answers)
}

/// Whether the source declares types that a tool of its own checks: compilers do it by themselves.
fn is_typed(ctx: &Analysis) -> bool {
    let files = ctx.facts.repository.files();

    files.iter().any(|file| {
        let is_config = matches!(
            file.name(),
            "tsconfig.json" | "mypy.ini" | "pyrightconfig.json"
        );
        let is_python = file.name() == "pyproject.toml"
            && [
                "[tool.mypy",
                "[tool.pyright",
                "[tool.ty]",
                "\"mypy",
                "\"pyright",
                "'mypy",
            ]
            .iter()
            .any(|word| file.text.contains(word));

        (is_config || is_python) && !ctx.facts.is_practice(file.id)
    })
}

pub fn image_scan(ctx: &Analysis, all: &Services) -> Answer {
    if !all.all.iter().any(Service::is_built) {
        return Answer::not_applicable("no image is built here");
    }

    let pipelines = &all.pipelines;
    let sbom_input = live(ctx)
        .flat_map(|workflow| &workflow.jobs)
        .flat_map(|job| &job.steps)
        .find_map(|step| {
            let input = step.input("sbom")?;
            let is_on = input
                .value
                .literal()
                .is_none_or(|text| text.value != "false");

            is_on.then_some(input.name.location)
        });
    let sbom = match sbom_input {
        Some(place) => Answer::proven(place, "the build writes an SBOM"),
        None => pipelines.stage(&[Purpose::Sbom], "writes an SBOM", "no job writes an SBOM"),
    };

    Answer::all([
        pipelines.stage(
            &[Purpose::ImageScan],
            "scans the image",
            "no job scans the image",
        ),
        sbom,
    ])
}

pub fn deploy(_: &Analysis, all: &Services) -> Answer {
    if all.all.is_empty() {
        return Answer::not_applicable("there is nothing to deploy");
    }

    let pipelines = &all.pipelines;
    let shipping = [Purpose::Deploy, Purpose::Push, Purpose::Publish];
    let Some(ships) = pipelines
        .first(&[Purpose::Deploy])
        .or_else(|| pipelines.first(&shipping))
    else {
        return pipelines.absent("no job deploys or publishes");
    };

    let job = ships.job;
    let verb = if ships.purpose == Purpose::Deploy {
        "deploys"
    } else {
        "publishes the build"
    };
    let automated = Answer::proven(ships.place, format!("job `{}` {verb}", job.id.value));

    Answer::all([automated, gate(pipelines, ships), guard(ships)])
}

/// Whether tests come before what ships.
fn gate(pipelines: &Pipelines, ships: &Work) -> Answer {
    let (workflow, job) = (ships.workflow, ships.job);
    let upstream = match ships.gitlab {
        Some((pipeline, gitlab)) => awaited(pipeline, gitlab),
        None => workflow.upstream(job),
    };
    let test = pipelines.work.iter().find(|work| {
        let is_test = matches!(work.purpose, Purpose::Test | Purpose::Evaluate);
        let is_before = std::ptr::eq(work.job, job)
            && work.place.span.start < ships.place.span.start
            || upstream
                .iter()
                .any(|needed| std::ptr::eq(*needed, work.job));

        is_test && is_before && std::ptr::eq(work.workflow, workflow)
    });
    if let Some(test) = test {
        return Answer::proven(test.place, "tests run before it");
    }

    if let Some(trigger) = workflow.trigger("workflow_run") {
        return Answer::proven(trigger.event.location, "it waits for another workflow");
    }

    let waits = pipelines
        .work
        .iter()
        .find(|work| work.purpose == Purpose::AwaitChecks && std::ptr::eq(work.workflow, workflow));
    if let Some(waits) = waits {
        return Answer::proven(waits.place, "it waits for the checks of the commit");
    }

    Answer::lacking(
        job.id.location,
        format!("job `{}` does not wait for tests", job.id.value),
    )
}

/// The jobs that a job of GitLab waits for, directly and through others.
fn awaited<'a>(pipeline: &'a GitlabPipeline, job: &GitlabJob) -> Vec<&'a Job> {
    let mut seen: IdVec<Job, bool> = IdVec::with(pipeline.jobs.len(), || false);
    let mut open: Vec<JobId> = job.waits.jobs().to_vec();
    let mut awaited = Vec::new();

    while let Some(index) = open.pop() {
        if seen.get(index).is_none_or(|seen| *seen) {
            continue;
        }

        seen[index] = true;
        awaited.push(&pipeline.workflow.jobs[index]);
        open.extend(pipeline.jobs[index].waits.jobs());
    }

    awaited
}

/// What limits when a job ships: a branch, a tag, a release, an environment, a person.
fn guard(ships: &Work) -> Answer {
    let (workflow, job) = (ships.workflow, ships.job);
    if let Some(environment) = job.environment.location() {
        return Answer::proven(environment, "it runs in an environment");
    }

    if let Some((pipeline, gitlab)) = ships.gitlab {
        let is_limited = pipeline.is_filtered
            || gitlab.branches == BranchFilter::Some
            || gitlab.start == Start::Manual;
        return if is_limited {
            Answer::proven(job.id.location, "its rules limit when it runs")
        } else {
            Answer::lacking(job.id.location, "it runs for every branch")
        };
    }

    if let Some(condition) = &job.condition
        && [
            "github.ref",
            "github.event",
            "startsWith",
            "refs/",
            "inputs.",
        ]
        .iter()
        .any(|word| condition.value.contains(word))
    {
        return Answer::proven(condition.location, "a condition limits when it runs");
    }

    if let Some(push) = workflow.trigger("push") {
        let first = push.branches.first().or(push.tags.first());
        return match first {
            Some(name) => Answer::proven(name.location, format!("runs for `{}` only", name.value)),
            None => Answer::lacking(push.event.location, "it runs for every branch"),
        };
    }

    let deliberate = [
        "release",
        "workflow_dispatch",
        "schedule",
        "workflow_run",
        "workflow_call",
        "create",
    ]
    .iter()
    .find_map(|event| workflow.trigger(event));

    match deliberate {
        Some(trigger) => Answer::proven(
            trigger.event.location,
            format!("runs on `{}` only", trigger.event.value),
        ),
        None => Answer::lacking(
            job.id.location,
            format!("nothing limits when job `{}` runs", job.id.value),
        ),
    }
}

pub fn eval(ctx: &Analysis, all: &Services) -> Answer {
    if let Err(answer) = llm_application(ctx, all) {
        return answer;
    }

    let pipelines = &all.pipelines;
    let Some(work) = pipelines.first(&[Purpose::Evaluate]) else {
        return pipelines.absent("no job evaluates the answers of the models");
    };

    let runs = Answer::proven(work.place, format!("job `{}` evaluates", work.job.id.value));
    let threshold = match proof(ctx, &[ProofKind::EvalThreshold]) {
        Some((place, word)) => Answer::proven(place, format!("`{word}` sets a threshold")),
        None => match threshold(work.job) {
            Some(place) => Answer::proven(place, "a step judges the result"),
            None => Answer::lacking(work.place, "no threshold can fail the evaluation"),
        },
    };

    Answer::all([runs, threshold])
}

/// A step of a job that judges a result.
fn threshold(job: &Job) -> Option<Location> {
    const WORDS: &[&str] = &[
        "threshold",
        "assert ",
        "pass_rate",
        "pass-rate",
        "sys.exit(1)",
    ];

    job.steps.iter().find_map(|step| {
        let code = step.run.as_ref()?;
        let name = step.name.as_ref().map_or("", |name| name.value.as_str());
        let text = format!("{name}\n{}", code.text).to_ascii_lowercase();

        WORDS
            .iter()
            .any(|word| text.contains(word))
            .then_some(step.location)
    })
}

pub fn supply_chain(ctx: &Analysis, _: &Services) -> Answer {
    let mut pinned = 0;
    let mut answers = Vec::new();

    for workflow in live(ctx) {
        for step in workflow.jobs.iter().flat_map(|job| &job.steps) {
            let Some(uses) = &step.uses else {
                continue;
            };

            let action = ActionRef::parse(&uses.value);
            if matches!(action, ActionRef::Local(_)) {
                continue;
            }

            let reference = uses
                .value
                .rsplit_once('@')
                .map_or("", |(_, reference)| reference);
            let is_commit =
                reference.len() >= 40 && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
            let is_digest = uses.value.contains("@sha256:");
            let is_official = ["actions/", "github/"]
                .iter()
                .any(|owner| uses.value.starts_with(owner));

            if is_commit || is_digest {
                pinned += 1;
                if pinned == 1 {
                    answers.push(Answer::proven(uses.location, format!("`{}`", uses.value)));
                }
            } else if is_official && !matches!(reference, "main" | "master" | "") {
                pinned += 1;
                if pinned == 1 {
                    answers.push(Answer::proven(
                        uses.location,
                        format!("`{}` is GitHub's own, at a version", uses.value),
                    ));
                }
            } else {
                answers.push(Answer::lacking(
                    uses.location,
                    format!("`{}` is not pinned to a commit", uses.value),
                ));
            }
        }
    }

    if answers.is_empty() {
        return if live(ctx).next().is_some() {
            Answer::not_applicable("the workflows use no actions of others")
        } else {
            Answer::not_applicable("there are no workflows")
        };
    }

    let mut whole = Answer::all(answers);
    if whole.standing == Standing::Proven {
        whole = whole.and_whole(format!("{pinned} uses of actions are pinned"));
    }

    whole
}
