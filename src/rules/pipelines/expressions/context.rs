//! `undefined-context`: names that nothing defines, or that are not there yet.

use super::key;
use crate::analysis::Ctx;
use crate::analysis::pipelines::is_live;
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Access, Expression, Job, Workflow};
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

pub fn check(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    if !is_live(ctx, workflow) {
        return;
    }

    for expression in &workflow.expressions {
        for access in expression.accesses() {
            if let Some(finding) = root(expression, access) {
                sink.report(finding);
            } else if let Some(finding) = name(workflow, expression, access) {
                sink.report(finding.case_if(access.part(0) == "matrix", "matrix"));
            }
        }
    }
}

/// A context that does not exist, or not here.
fn root(expression: &Expression, access: &Access) -> Option<Finding> {
    let root = access.part(0);

    if !CONTEXTS.contains(&root) {
        let finding = Finding::new(access.location, format!("unknown context `{root}`"));
        return Some(match nearest(root, CONTEXTS.iter().copied()) {
            Some(meant) => finding.help(format!("did you mean `{meant}`?")),
            None => finding.help(format!(
                "use one of {}; put string literals in single quotes",
                CONTEXTS.join(", ")
            )),
        });
    }

    let entry = key(expression)?;
    if entry.contexts.iter().any(|known| known == root) {
        return None;
    }

    let help = match root {
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

    Some(
        Finding::new(
            access.location,
            format!("`{root}` is not available under `{}`", expression.key()),
        )
        .help(help),
    )
}

/// A name in a context that nothing defines.
fn name(workflow: &Workflow, expression: &Expression, access: &Access) -> Option<Finding> {
    let job = expression.job.and_then(|job| workflow.jobs.get(job));
    let name = access.part(1);
    if name.is_empty() || name == "*" {
        return None;
    }

    match access.part(0) {
        "github" => known(access, "`github`", name, GITHUB.iter().copied()),
        "runner" => known(access, "`runner`", name, RUNNER.iter().copied()),
        "strategy" => known(
            access,
            "`strategy`",
            name,
            ["fail-fast", "job-index", "job-total", "max-parallel"],
        ),
        "steps" => step(job?, expression, access, name),
        "needs" => needs(workflow, job?, access, name),
        "jobs" => {
            let ids = workflow.jobs.iter().map(|job| job.id.value.as_str());
            known(access, "`jobs`", name, ids)
        }
        "matrix" => {
            let Some(matrix) = &job?.matrix else {
                // A composite action runs inside of somebody's matrix.
                let finding = Finding::new(access.location, "this job has no matrix")
                    .help("add `strategy.matrix`, or read the value from elsewhere");
                return (!workflow.action).then_some(finding);
            };

            if matrix.open {
                return None;
            }

            known(
                access,
                "the matrix",
                name,
                matrix.axes.iter().map(|axis| axis.name.value.as_str()),
            )
        }
        "inputs" => {
            let takes = workflow.action
                || workflow.trigger("workflow_call").is_some()
                || workflow.trigger("workflow_dispatch").is_some();
            if !takes {
                return Some(
                    Finding::new(
                        access.location,
                        "`inputs` requires a `workflow_dispatch` or \
                        `workflow_call` trigger",
                    )
                    .help(
                        "add one of them and declare the input there, or read the value \
                            from elsewhere",
                    ),
                );
            }

            known(
                access,
                "`inputs`",
                name,
                workflow
                    .inputs
                    .iter()
                    .map(|input| input.name.value.as_str()),
            )
        }
        _ => None,
    }
}

fn known<'n>(
    access: &Access,
    of: &str,
    name: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<Finding> {
    let names: Vec<&str> = names.into_iter().collect();
    if names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return None;
    }

    let finding = Finding::new(access.location, format!("`{name}` is not defined in {of}"));
    Some(match nearest(name, names.iter().copied()) {
        Some(meant) => finding.help(format!("did you mean `{meant}`?")),
        None if names.is_empty() => {
            finding.help("declare it, or remove the reference; nothing is declared there")
        }
        None => finding.help(format!("use one of {}", names.join(", "))),
    })
}

fn step(job: &Job, expression: &Expression, access: &Access, id: &str) -> Option<Finding> {
    let at = job.step_index(id);
    let Some(at) = at else {
        let ids = job
            .steps
            .iter()
            .filter_map(|step| step.id.as_ref())
            .map(|id| id.value.as_str());
        let finding = Finding::new(
            access.location,
            format!("no step in this job has the ID `{id}`"),
        );
        return Some(match nearest(id, ids) {
            Some(meant) => finding.help(format!("did you mean `{meant}`?")),
            None => finding.help(
                "give the step an `id`; to read steps of other jobs, use `needs` and `outputs`",
            ),
        });
    };

    if expression.step.is_some_and(|here| at >= here) {
        let location = job.steps[at]
            .id
            .as_ref()
            .map_or(job.steps[at].location, |id| id.location);
        return Some(
            Finding::new(
                access.location,
                format!("step `{id}` has not run yet at this point"),
            )
            .related(location, "runs here")
            .help("move the step before the one that reads it"),
        );
    }

    let property = access.part(2);
    let fits = matches!(property, "" | "*" | "outputs" | "outcome" | "conclusion");
    (!fits).then(|| {
        Finding::new(
            access.location,
            format!("a step has no property `{property}`"),
        )
        .help("use `outputs`, `outcome`, or `conclusion`")
    })
}

fn needs(workflow: &Workflow, job: &Job, access: &Access, id: &str) -> Option<Finding> {
    if !job
        .needs
        .iter()
        .any(|needed| needed.value.eq_ignore_ascii_case(id))
    {
        let finding = Finding::new(
            access.location,
            format!("job `{}` does not list `{id}` in its `needs`", job.id.value),
        );
        return Some(if workflow.job(id).is_some() {
            finding.help(format!("add `{id}` to its `needs`"))
        } else {
            match nearest(id, job.needs.iter().map(|needed| needed.value.as_str())) {
                Some(meant) => finding.help(format!("did you mean `{meant}`?")),
                None => finding.help("name a job that is listed in its `needs`"),
            }
        });
    }

    let needed = workflow.job(id)?;

    match access.part(2) {
        "" | "*" | "result" => None,
        "outputs" => {
            let output = access.part(3);
            if output.is_empty() || output == "*" || needed.uses.is_some() {
                return None;
            }

            let names = needed
                .outputs
                .iter()
                .map(|output| output.name.value.as_str());
            known(access, &format!("the outputs of job `{id}`"), output, names)
        }
        other => Some(
            Finding::new(access.location, format!("a job has no property `{other}`"))
                .help("use `outputs` or `result`"),
        ),
    }
}
