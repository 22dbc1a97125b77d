//! `undefined-context`: names that are not defined, or not yet.

use super::availability::available;
use crate::analysis::Analysis;
use crate::analysis::job_work::{called_workflow, composite_action};
use crate::analysis::pipelines::is_live;
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Access, Expression, Job, Secrets, Workflow};
use crate::suggest::nearest;

const CONTEXTS: &[&str] = &[
    "github", "env", "vars", "job", "jobs", "steps", "runner", "secrets", "strategy", "matrix",
    "needs", "inputs",
];

const GITHUB: &[&str] = &[
    "action",
    "action_path",
    "action_ref",
    "action_repository",
    "action_status",
    "actor",
    "actor_id",
    "api_url",
    "artifact_cache_size_limit",
    "base_ref",
    "env",
    "event",
    "event_name",
    "event_path",
    "graphql_url",
    "head_ref",
    "job",
    "job_workflow_sha",
    "output",
    "path",
    "ref",
    "ref_name",
    "ref_protected",
    "ref_type",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "repositoryurl",
    "retention_days",
    "run_id",
    "run_number",
    "run_attempt",
    "secret_source",
    "server_url",
    "sha",
    "state",
    "step_summary",
    "token",
    "triggering_actor",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "workspace",
];

const RUNNER: &[&str] = &[
    "name",
    "os",
    "arch",
    "temp",
    "tool_cache",
    "debug",
    "environment",
    "workspace",
];

const STRATEGY: &[&str] = &["fail-fast", "job-index", "job-total", "max-parallel"];

pub fn check(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    if !is_live(ctx, workflow) {
        return;
    }

    for expression in &workflow.expressions {
        for access in expression.accesses() {
            if let Some(finding) = unavailable_context(expression, access) {
                sink.report(finding);
            } else if !is_in_comment(ctx, expression)
                && let Some(finding) = undefined_name(ctx, workflow, expression, access)
            {
                sink.report(
                    finding
                        .case_if(access.part(0) == "matrix", "matrix")
                        .case_if(expression.key() == "name", "name"),
                );
            }
        }
    }
}

/// Whether an expression is in a comment of a script, where nothing depends on its value.
fn is_in_comment(ctx: &Analysis, expression: &Expression) -> bool {
    let location = expression.location;
    let text = &ctx.facts.source(location.file).text;
    let before = text.get(..location.span.start as usize).unwrap_or("");
    let line = before.rsplit('\n').next().unwrap_or("");

    expression.key() == "run" && line.trim_start().starts_with('#')
}

/// The help with the nearest of some names, or else the other help.
fn suggest<'n>(
    name: &str,
    names: impl IntoIterator<Item = &'n str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    match nearest(name, names) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => otherwise(),
    }
}

/// The finding for a context that does not exist, or not under this key.
fn unavailable_context(expression: &Expression, access: &Access) -> Option<Finding> {
    let context = access.part(0);

    if !CONTEXTS.contains(&context) {
        let help = suggest(context, CONTEXTS.iter().copied(), || {
            format!(
                "use one of {}; put string literals in single quotes",
                CONTEXTS.join(", ")
            )
        });
        let message = format!("unknown context `{context}`");
        return Some(Finding::new(access.location, message).help(help));
    }

    let entry = available(expression)?;
    if entry.contexts.iter().any(|known| known == context) {
        return None;
    }

    let help = match context {
        "env" => "write the value, or use `vars` or an input; `env` is not set yet at this point"
            .to_owned(),
        "secrets" if expression.key() == "if" => {
            "put the secret into `env` and test the variable: `if: env.TOKEN != ''`".to_owned()
        }
        "secrets" if entry.path.starts_with("runs") => {
            "pass it as an input; an action has no secrets".to_owned()
        }
        _ => format!("use one of {}", entry.contexts.join(", ")),
    };
    let message = format!("`{context}` is not available under `{}`", expression.key());

    Some(Finding::new(access.location, message).help(help))
}

/// The finding for a name that its context does not define.
fn undefined_name(
    ctx: &Analysis,
    workflow: &Workflow,
    expression: &Expression,
    access: &Access,
) -> Option<Finding> {
    let job = expression.job.and_then(|job| workflow.jobs.get(job));
    let name = access.part(1);
    if name.is_empty() || name == "*" {
        return None;
    }

    match access.part(0) {
        "github" => undefined_in("`github`", access, name, GITHUB.iter().copied()),
        "runner" => undefined_in("`runner`", access, name, RUNNER.iter().copied()),
        "strategy" => undefined_in("`strategy`", access, name, STRATEGY.iter().copied()),
        "steps" => undefined_step(job?, expression, access, name)
            .or_else(|| undefined_step_output(ctx, workflow, job?, access, name)),
        "needs" => undefined_need(ctx, workflow, job?, access, name),
        "jobs" => {
            let ids = workflow.jobs.iter().map(|job| job.id.value.as_str());
            undefined_in("`jobs`", access, name, ids)
                .or_else(|| undefined_output(ctx, workflow, workflow.job(name)?, access))
        }
        "matrix" => undefined_axis(workflow, job?, access, name),
        "inputs" => undefined_input(workflow, access, name)
            .or_else(|| later_input(workflow, expression, access, name)),
        "secrets" => undeclared_secret(ctx, workflow, access, name),
        _ => None,
    }
}

/// The finding for a name that is not one of `names`.
fn undefined_in<'n>(
    context: &str,
    access: &Access,
    name: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<Finding> {
    let names: Vec<&str> = names.into_iter().collect();
    if names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return None;
    }

    let help = suggest(name, names.iter().copied(), || {
        if names.is_empty() {
            "declare it, or remove the reference; nothing is declared there".to_owned()
        } else {
            format!("use one of {}", names.join(", "))
        }
    });
    let message = format!("`{name}` is not defined in {context}");

    Some(Finding::new(access.location, message).help(help))
}

fn undefined_axis(workflow: &Workflow, job: &Job, access: &Access, name: &str) -> Option<Finding> {
    let Some(matrix) = &job.matrix else {
        // A composite action may run inside the matrix of its caller.
        if workflow.action {
            return None;
        }

        return Some(
            Finding::new(access.location, "this job has no matrix")
                .help("add `strategy.matrix`, or read the value from elsewhere"),
        );
    };

    if matrix.axes.is_open() {
        return None;
    }

    let names = matrix.axes.iter().map(|axis| axis.name.value.as_str());
    undefined_in("the matrix", access, name, names)
}

fn undefined_input(workflow: &Workflow, access: &Access, name: &str) -> Option<Finding> {
    let takes_inputs = workflow.action
        || workflow.trigger("workflow_call").is_some()
        || workflow.trigger("workflow_dispatch").is_some();
    if !takes_inputs {
        return Some(
            Finding::new(
                access.location,
                "`inputs` requires a `workflow_dispatch` or `workflow_call` trigger",
            )
            .help("add one of them and declare the input there, or read the value from elsewhere"),
        );
    }

    let names = workflow.inputs.iter();
    undefined_in(
        "`inputs`",
        access,
        name,
        names.map(|input| input.name.value.as_str()),
    )
}

/// The finding for the default of an input that reads the input itself, or one after it.
fn later_input(
    workflow: &Workflow,
    expression: &Expression,
    access: &Access,
    name: &str,
) -> Option<Finding> {
    let keys: Vec<&str> = expression.keys.iter().map(String::as_str).collect();
    let [_, "workflow_call", "inputs", own, "default"] = keys.as_slice() else {
        return None;
    };

    let position = |name: &str| {
        let mut inputs = workflow.inputs.iter();
        inputs.position(|input| {
            input.event == "workflow_call" && input.name.value.eq_ignore_ascii_case(name)
        })
    };
    if position(name)? < position(own)? {
        return None;
    }

    Some(
        Finding::new(
            access.location,
            format!("input `{name}` is not set yet at this point"),
        )
        .help(format!("declare it before `{own}`, or write the value")),
    )
}

/// The finding for a secret that a called workflow does not declare, if nothing passes all of the
/// caller's secrets to it.
fn undeclared_secret(
    ctx: &Analysis,
    workflow: &Workflow,
    access: &Access,
    name: &str,
) -> Option<Finding> {
    let declared = workflow.secrets.as_ref()?;
    if name == "github_token" || !workflow.only_on(&["workflow_call"]) {
        return None;
    }

    let inherits = ctx.facts.workflows().any(|caller| {
        caller.jobs.iter().any(|job| {
            matches!(job.secrets, Secrets::Inherit(_))
                && called_workflow(ctx, caller, job)
                    .is_some_and(|called| called.file == workflow.file)
        })
    });
    if inherits {
        return None;
    }

    undefined_in(
        "the `secrets` of `workflow_call`",
        access,
        name,
        declared.iter().map(|secret| secret.value.as_str()),
    )
}

fn undefined_step(
    job: &Job,
    expression: &Expression,
    access: &Access,
    id: &str,
) -> Option<Finding> {
    let Some(index) = job.step_index(id) else {
        let ids = job.steps.iter().filter_map(|step| step.id.as_ref());
        let help = suggest(id, ids.map(|id| id.value.as_str()), || {
            "give the step an `id`; to read steps of other jobs, use `needs` and `outputs`"
                .to_owned()
        });
        let message = format!("no step in this job has the ID `{id}`");
        return Some(Finding::new(access.location, message).help(help));
    };

    if expression.step.is_some_and(|reader| index >= reader) {
        let step = &job.steps[index];
        let location = step.id.as_ref().map_or(step.location, |id| id.location);
        let message = format!("step `{id}` has not run yet at this point");
        return Some(
            Finding::new(access.location, message)
                .related(location, "runs here")
                .help("move the step before the one that reads it"),
        );
    }

    match access.part(2) {
        "" | "*" | "outputs" | "outcome" | "conclusion" => None,
        property => Some(
            Finding::new(
                access.location,
                format!("a step has no property `{property}`"),
            )
            .help("use `outputs`, `outcome`, or `conclusion`"),
        ),
    }
}

/// The output of a step or a job that an access names.
fn named_output(access: &Access) -> Option<&str> {
    let output = access.part(3);
    let is_named = access.part(2) == "outputs" && !output.is_empty() && output != "*";

    is_named.then_some(output)
}

/// The finding for an output that a composite action of the repository does not have.
fn undefined_step_output(
    ctx: &Analysis,
    workflow: &Workflow,
    job: &Job,
    access: &Access,
    id: &str,
) -> Option<Finding> {
    let output = named_output(access)?;

    let step = &job.steps[job.step_index(id)?];
    let action = composite_action(ctx, workflow, step)?;
    let outputs = action.jobs.iter().flat_map(|job| &job.outputs);
    let path = step.uses.as_ref()?.value.as_str();

    undefined_in(
        &format!("the outputs of `{path}`"),
        access,
        output,
        outputs.map(|output| output.name.value.as_str()),
    )
}

/// The finding for an output that a job, or the workflow that it calls, does not have.
fn undefined_output(
    ctx: &Analysis,
    workflow: &Workflow,
    job: &Job,
    access: &Access,
) -> Option<Finding> {
    let output = named_output(access)?;

    let id = &job.id.value;
    if job.uses.is_none() {
        let names = job.outputs.iter();
        return undefined_in(
            &format!("the outputs of job `{id}`"),
            access,
            output,
            names.map(|output| output.name.value.as_str()),
        );
    }

    let called = called_workflow(ctx, workflow, job)?;
    let names = called.outputs.iter().map(|name| name.value.as_str());

    undefined_in(
        &format!("the outputs of the workflow that job `{id}` calls"),
        access,
        output,
        names,
    )
}

fn undefined_need(
    ctx: &Analysis,
    workflow: &Workflow,
    job: &Job,
    access: &Access,
    id: &str,
) -> Option<Finding> {
    let is_needed = job
        .needs
        .iter()
        .any(|needed| needed.value.eq_ignore_ascii_case(id));
    if !is_needed {
        return Some(missing_need(workflow, job, access, id));
    }

    let needed = workflow.job(id)?;

    match access.part(2) {
        "" | "*" | "result" => None,
        "outputs" => undefined_output(ctx, workflow, needed, access),
        property => Some(
            Finding::new(
                access.location,
                format!("a job has no property `{property}`"),
            )
            .help("use `outputs` or `result`"),
        ),
    }
}

fn missing_need(workflow: &Workflow, job: &Job, access: &Access, id: &str) -> Finding {
    let help = if workflow.job(id).is_some() {
        format!("add `{id}` to its `needs`")
    } else {
        let needs = job.needs.iter().map(|needed| needed.value.as_str());
        suggest(id, needs, || {
            "name a job that is listed in its `needs`".to_owned()
        })
    };

    Finding::new(
        access.location,
        format!("job `{}` does not list `{id}` in its `needs`", job.id.value),
    )
    .help(help)
}
