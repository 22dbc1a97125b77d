//! Which expressions of a workflow carry text that strangers write: directly, or through variables,
//! step outputs, job outputs and the matrix. The table is `rules/data/untrusted.toml`.

use crate::analysis::untrusted_checkout::{self, Site};
use crate::embedded::table;
use crate::finding::Level;
use crate::model::env::EnvVar;
use crate::model::workflow::{Access, Expression, Job, Step, Workflow};
use crate::source::{Location, Span};
use std::sync::LazyLock;

use serde::Deserialize;

/// How far values are followed through outputs and variables.
const DEPTH: u32 = 6;

#[derive(Deserialize)]
struct Table {
    contexts: Vec<String>,
    privileged: Vec<String>,
    source: Vec<Source>,
    passes: Vec<Actions>,
    artifact: Vec<Actions>,
    sink: Vec<CodeSink>,
}

#[derive(Deserialize)]
struct Source {
    actions: Vec<String>,
    outputs: Vec<String>,
}

#[derive(Deserialize)]
struct Actions {
    actions: Vec<String>,
}

#[derive(Deserialize)]
struct CodeSink {
    actions: Vec<String>,
    inputs: Vec<String>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| table!("untrusted"));

/// The parts of each context.
static CONTEXTS: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| {
    TABLE
        .contexts
        .iter()
        .map(|context| context.split('.').collect())
        .collect()
});

/// Text from outside, and how it came here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    /// The context that a stranger fills, or the command or action that fetches it.
    pub origin: String,
    /// Where it comes in, if that is not where it is used.
    pub location: Option<Location>,
    /// Error for strangers under a privileged event, warning for strangers otherwise, note for
    /// people with access.
    pub level: Level,
}

/// Whether strangers can start the workflow with its secrets and a token that writes.
pub fn is_privileged(workflow: &Workflow) -> bool {
    workflow.action
        || workflow
            .triggers
            .iter()
            .any(|trigger| TABLE.privileged.contains(&trigger.event.value))
}

/// Whether the step runs an input of this name as code.
pub fn is_code_input(step: &Step, input: &str) -> bool {
    let Some(action) = step.action() else {
        return false;
    };

    TABLE.sink.iter().any(|sink| {
        sink.inputs
            .iter()
            .any(|known| known.eq_ignore_ascii_case(input))
            && names(&sink.actions, action.name())
    })
}

/// Whether the step downloads what an untrusted run may have uploaded.
pub fn downloads_artifact(step: &Step) -> bool {
    if let Some(action) = step.action() {
        let other_run = || step.input("run-id").is_some() || step.input("github-token").is_some();
        return TABLE
            .artifact
            .iter()
            .any(|known| names(&known.actions, action.name()))
            || action.name() == "actions/download-artifact" && other_run()
            || action.name() == "actions/github-script"
                && step
                    .input("script")
                    .and_then(|script| script.value.location())
                    .is_some()
                && step_text(step).contains("downloadArtifact");
    }

    step.run.as_ref().is_some_and(|code| {
        code.text.contains("gh run download")
            || code.text.contains("/artifacts") && code.text.contains("gh api")
    })
}

fn step_text(step: &Step) -> &str {
    match step.input("script").map(|script| &script.value) {
        Some(crate::model::env::EnvValue::Literal(at)) => &at.value,
        Some(crate::model::env::EnvValue::Template { written, .. }) => &written.value,
        _ => "",
    }
}

/// The untrusted text that may become a part of what an expression comes to.
pub fn taint(site: Site, expression: &Expression) -> Option<Taint> {
    taint_at(site, expression, DEPTH)
}

fn taint_at(site: Site, expression: &Expression, depth: u32) -> Option<Taint> {
    if depth == 0 {
        return None;
    }

    let dumps = expression.text.to_ascii_lowercase().contains("tojson");
    let inner = expression.accesses();
    let flows = expression.flows();
    let found: Vec<Taint> = flows
        .iter()
        .filter_map(|access| access_taint(site, access, dumps, depth))
        .collect();
    let worst = found.into_iter().max_by_key(|taint| taint.level);
    // An index such as `commits[github.event.issue.title]` hands its own text on only as a choice;
    // it is still one.
    worst.or_else(|| {
        let indexed = inner.len() > flows.len()
            && flows
                .iter()
                .any(|flow| flow.parts.iter().any(|part| part == "*"));
        indexed
            .then(|| {
                inner
                    .iter()
                    .find_map(|access| direct(site.workflow, access, false))
            })
            .flatten()
    })
}

fn access_taint(site: Site, access: &Access, dumps: bool, depth: u32) -> Option<Taint> {
    if let Some(taint) = direct(site.workflow, access, dumps) {
        return Some(taint);
    }

    match (
        access.part(0),
        access.part(1),
        access.part(2),
        access.part(3),
    ) {
        ("env", name, "", "") => variable(site, name, depth),
        ("steps", id, "outputs", output) => {
            let job = site.job()?;
            let at = job.step_index(id)?;
            step_output(
                Site {
                    step: Some(at),
                    ..site
                },
                output,
                depth - 1,
            )
        }
        ("needs", id, "outputs", output) => {
            let workflow = site.workflow;
            let at = workflow.job_index(id)?;
            let needed = site.job().is_none_or(|job| {
                job.needs
                    .iter()
                    .any(|needed| needed.value.eq_ignore_ascii_case(id))
                    || workflow
                        .upstream(job)
                        .iter()
                        .any(|job| std::ptr::eq(*job, &workflow.jobs[at]))
            });

            let given = workflow.jobs[at]
                .outputs
                .iter()
                .find(|given| given.name.value.eq_ignore_ascii_case(output));
            let location = given.filter(|_| needed)?.value.location()?;
            inside(
                Site {
                    workflow,
                    job: Some(at),
                    step: None,
                },
                location,
                depth - 1,
            )
        }
        ("matrix", axis, ..) => matrix(site, axis, depth),
        ("inputs", name, "", "") => input(site.workflow, name),
        ("github", "event", "inputs", name) => input(site.workflow, name),
        _ => None,
    }
}

/// What the table says of a context.
fn direct(workflow: &Workflow, access: &Access, dumps: bool) -> Option<Taint> {
    let is_known = CONTEXTS.iter().any(|known| {
        let mut parts = known.iter().copied();
        let read = access.parts.iter();
        let same = read.clone().all(|part| {
            parts.next().is_some_and(|known| {
                known == part || known == "*" || part == "*" && access.parts.len() > 2
            })
        });

        let ends = parts.next().is_none();

        same && (ends || dumps && access.part(1) == "event")
    });

    if !is_known {
        return None;
    }

    let level = if is_privileged(workflow) {
        Level::Error
    } else {
        Level::Warning
    };

    Some(Taint {
        origin: access.path(),
        location: None,
        level,
    })
}

/// A text input that people with access to the repository, or callers, fill in.
fn input(workflow: &Workflow, name: &str) -> Option<Taint> {
    let found = workflow
        .inputs
        .iter()
        .find(|input| input.name.value.eq_ignore_ascii_case(name))?;
    let free = found.kind == "string";
    free.then(|| Taint {
        origin: format!("inputs.{}", found.name.value),
        location: Some(found.name.location),
        level: Level::Note,
    })
}

/// What a variable of `env` is set to, the innermost one first.
fn variable(site: Site, name: &str, depth: u32) -> Option<Taint> {
    let step = site.step().map_or(&[][..], |step| &step.env);
    let job = site.job().map_or(&[][..], |job| &job.env);

    for (level, env) in [step, job, &site.workflow.env].into_iter().enumerate() {
        let Some(found) = env
            .iter()
            .rev()
            .find(|found| found.name.value.eq_ignore_ascii_case(name))
        else {
            continue;
        };

        let around = match level {
            0 => site,
            1 => Site { step: None, ..site },
            _ => Site {
                workflow: site.workflow,
                job: None,
                step: None,
            },
        };

        return inside(around, found.value.location()?, depth - 1);
    }
    // Set by an earlier step for those that follow.
    let steps = site.job()?.steps.get(..site.step?)?;
    (0..steps.len()).rev().find_map(|at| {
        written(
            Site {
                step: Some(at),
                ..site
            },
            name,
            "GITHUB_ENV",
            depth - 1,
        )
    })
}

/// The taint of the expressions that stand inside a place.
fn inside(site: Site, location: Location, depth: u32) -> Option<Taint> {
    let within = site.workflow.expressions_in(location);
    let taint = within
        .filter_map(|found| taint_at(site, found, depth))
        .max_by_key(|taint| taint.level)?;
    Some(Taint {
        location: Some(taint.location.unwrap_or(location)),
        ..taint
    })
}

fn matrix(site: Site, axis: &str, depth: u32) -> Option<Taint> {
    let matrix = site.job()?.matrix.as_ref()?;
    let around = Site { step: None, ..site };
    let row = matrix
        .axes
        .iter()
        .find(|found| found.name.value.eq_ignore_ascii_case(axis));
    if let Some(row) = row {
        return row
            .values
            .iter()
            .find_map(|value| inside(around, value.location, depth - 1));
    }

    let whole = site.workflow.expressions_of(site.job?).filter(|found| {
        let keys: Vec<&str> = found.keys.iter().map(String::as_str).collect();
        matches!(
            keys.as_slice(),
            ["jobs", _, "strategy", "matrix"] | ["jobs", _, "strategy", "matrix", "include", ..]
        )
    });

    matrix
        .open
        .then(|| {
            whole
                .filter_map(|found| taint_at(around, found, depth - 1))
                .next()
        })
        .flatten()
}

/// What a step's output carries.
fn step_output(site: Site, output: &str, depth: u32) -> Option<Taint> {
    let step = site.step()?;
    let Some(action) = step.action() else {
        return written(site, output, "GITHUB_OUTPUT", depth);
    };

    let level = if is_privileged(site.workflow) {
        Level::Error
    } else {
        Level::Warning
    };

    let carries = |known: &String| match known.strip_prefix('*') {
        Some(end) => output.ends_with(end),
        None => known.eq_ignore_ascii_case(output),
    };

    let known = TABLE
        .source
        .iter()
        .any(|source| names(&source.actions, action.name()) && source.outputs.iter().any(carries));
    let location = step.uses.as_ref().map(|uses| uses.location);

    if known {
        return Some(Taint {
            origin: action.name().to_owned(),
            location,
            level,
        });
    }

    if TABLE
        .passes
        .iter()
        .any(|passes| names(&passes.actions, action.name()))
    {
        return step
            .with
            .iter()
            .find_map(|input: &EnvVar| inside(site, input.value.location()?, depth));
    }

    if action.name() == "actions/github-script" {
        let text = step_text(step);
        let sets = output == "result"
            || text
                .lines()
                .any(|line| line.contains("setOutput") && line.contains(output));
        let fields = [
            "payload.issue.title",
            "payload.issue.body",
            "payload.comment.body",
            "payload.pull_request.title",
            "payload.pull_request.body",
            "pull_request.head.ref",
            "data.head.ref",
            "data.title",
            "data.body",
            "head.ref",
        ];

        if sets && fields.iter().any(|field| text.contains(field)) {
            return Some(Taint {
                origin: "text from the event".to_owned(),
                location,
                level,
            });
        }
    }

    None
}

/// One line of a script, with the untrusted text that flows through it.
struct Line<'c> {
    text: &'c str,
    location: Location,
    taint: Option<Taint>,
    /// It sets a shell variable to it.
    assigns: bool,
}

/// Follows untrusted text through the variables of a script, line by line.
fn lines<'w>(site: Site<'w>, depth: u32) -> Vec<Line<'w>> {
    let Some(code) = site.step().and_then(|step| step.run.as_ref()) else {
        return Vec::new();
    };

    let mut tainted: Vec<(String, Taint)> = Vec::new();
    let mut found = Vec::new();
    let mut at = 0;

    for line in code.text.split_inclusive('\n') {
        let start = at + line.len() - line.trim_start().len();
        let end = (at + line.trim_end().len()).max(start);
        at += line.len();
        let location = code.location(Span::of(start, end));
        let taint = line_taint(site, line, location, &tainted, depth);
        let statement = line
            .trim_start()
            .trim_start_matches("export ")
            .trim_start_matches("local ");
        let variable = statement
            .split_once('=')
            .map(|(variable, _)| variable)
            .filter(|variable| {
                !variable.is_empty()
                    && variable
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            });
        if let (Some(variable), Some(taint)) = (variable, &taint) {
            tainted.push((variable.to_owned(), taint.clone()));
        }

        found.push(Line {
            text: line.trim(),
            location,
            taint,
            assigns: variable.is_some(),
        });
    }

    found
}

/// What a script writes for `name` to `$GITHUB_OUTPUT` or `$GITHUB_ENV`.
fn written(site: Site, name: &str, file: &str, depth: u32) -> Option<Taint> {
    let code = site.step()?.run.as_ref()?;
    let command = if file == "GITHUB_ENV" {
        "::set-env"
    } else {
        "::set-output"
    };

    if !code.text.contains(file) && !code.text.contains(command) {
        return None;
    }

    let name = name.to_ascii_lowercase();
    let writes = [
        format!("{name}="),
        format!("{name}<<"),
        format!("name={name}::"),
    ];
    let text = code.text.to_ascii_lowercase();
    if !writes.iter().any(|write| text.contains(write)) {
        return None;
    }

    let lines = lines(site, depth);
    let direct = lines.iter().filter(|line| !line.assigns).find(|line| {
        let text = line.text.to_ascii_lowercase();
        line.taint.is_some() && writes.iter().any(|write| text.contains(write))
    });

    if let Some(line) = direct {
        return line.taint.clone();
    }
    // A block such as `{ echo "name<<EOF"; cat file; echo EOF; } >> "$GITHUB_OUTPUT"`.
    let block = text.contains(&writes[1]);
    lines
        .into_iter()
        .rev()
        .find_map(|line| line.taint)
        .filter(|_| block)
}

/// Where a script writes untrusted text to the environment or the path of later steps.
pub fn environment_writes(site: Site) -> Vec<(Location, Taint)> {
    let lines = lines(site, DEPTH);
    let is_write =
        |line: &Line| line.text.contains("GITHUB_ENV") || line.text.contains("GITHUB_PATH");
    let mut found = Vec::new();
    let mut open: Option<Taint> = None;

    for (at, line) in lines.iter().enumerate() {
        match (&line.taint, is_write(line)) {
            (Some(taint), true) => found.push((line.location, taint.clone())),
            // The lines of a here-document follow, those of a block come before.
            (Some(taint), false) if !line.assigns => {
                let heredoc = lines[..at]
                    .iter()
                    .rev()
                    .find(|line| line.text.contains("<<") || line.text == "EOF");
                match heredoc.filter(|line| is_write(line) && !line.text.contains("echo")) {
                    Some(start) => found.push((start.location, taint.clone())),
                    None => open = Some(taint.clone()),
                }
            }
            (None, true) if line.text.starts_with(['}', ')']) => {
                found.extend(open.take().map(|taint| (line.location, taint)))
            }
            _ => {}
        }
    }

    found
}

fn line_taint(
    site: Site,
    line: &str,
    location: Location,
    tainted: &[(String, Taint)],
    depth: u32,
) -> Option<Taint> {
    if let Some(found) = inside(site, location, depth) {
        return (found.level > Level::Note).then_some(found);
    }

    let reads = |name: &str| {
        line.split("${").skip(1).any(|rest| rest.starts_with(name))
            || line
                .split(|letter: char| {
                    !letter.is_ascii_alphanumeric() && !matches!(letter, '_' | '$')
                })
                .any(|word| word.strip_prefix('$') == Some(name))
    };

    let step = site.step()?;
    if !line.contains('$') {
        return fetched(site, line, location);
    }

    if let Some((_, taint)) = tainted.iter().find(|(name, _)| reads(name)) {
        return Some(taint.clone());
    }

    let job = site.job().map_or(&[][..], |job| &job.env);
    for variable in step
        .env
        .iter()
        .chain(job)
        .chain(&site.workflow.env)
        .filter(|variable| reads(&variable.name.value))
    {
        let taint = variable
            .value
            .location()
            .and_then(|location| inside(site, location, depth));
        if let Some(taint) = taint.filter(|taint| taint.level > Level::Note) {
            return Some(taint);
        }
    }

    fetched(site, line, location)
}

/// Text that a command fetches: a pull request's fields, files of an untrusted run.
fn fetched(site: Site, line: &str, location: Location) -> Option<Taint> {
    if !is_privileged(site.workflow) || site.workflow.action {
        return None;
    }

    let level = Level::Warning;
    let fields = [
        "headRefName",
        "head.ref",
        "title",
        "body",
        "comments",
        "files",
        "author",
        "filename",
        ".message",
    ];
    let asks = [
        "gh pr view",
        "gh pr list",
        "gh issue view",
        "gh api",
        "/pulls/",
    ];
    if asks.iter().any(|ask| line.contains(ask)) && fields.iter().any(|field| line.contains(field))
    {
        return Some(Taint {
            origin: "the output of `gh`".to_owned(),
            location: Some(location),
            level,
        });
    }

    let changed = [
        "git diff",
        "git log",
        "git show",
        "git branch",
        "git rev-parse --abbrev-ref",
    ];
    let reads_files = line.contains("$(<")
        || line.contains("cat ")
        || line.contains("jq ")
        || line.contains("< ")
        || line.contains("head -")
        || line.contains("sed ")
        || line.contains("grep ");
    let before = site.job()?.steps.get(..site.step?)?;

    if reads_files && before.iter().any(downloads_artifact) {
        return Some(Taint {
            origin: "a file from the downloaded artifact".to_owned(),
            location: Some(location),
            level,
        });
    }

    let untrusted = || {
        before
            .iter()
            .any(|step| untrusted_checkout::untrusted_checkout_of(site.workflow, step).is_some())
    };

    if (reads_files || changed.iter().any(|command| line.contains(command))) && untrusted() {
        return Some(Taint {
            origin: "a file from the pull request".to_owned(),
            location: Some(location),
            level,
        });
    }

    None
}

fn names(actions: &[String], name: &str) -> bool {
    actions.iter().any(|known| {
        known.eq_ignore_ascii_case(name) || {
            // `owner/repository` stands for the actions in its folders too.
            name.len() > known.len()
                && name.is_char_boundary(known.len())
                && name[..known.len()].eq_ignore_ascii_case(known)
                && name.as_bytes()[known.len()] == b'/'
        }
    })
}

/// Whether strangers' files may be used by later steps of the job: after a checkout of theirs, or
/// their artifact.
pub fn is_tainted_before(workflow: &Workflow, job: &Job, step: usize) -> Option<Location> {
    job.steps.iter().take(step).find_map(|step| {
        untrusted_checkout::untrusted_checkout_of(workflow, step).or_else(|| {
            downloads_artifact(step).then(|| {
                step.uses
                    .as_ref()
                    .map_or(step.location, |uses| uses.location)
            })
        })
    })
}
