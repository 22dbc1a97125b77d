//! Untrusted input in the expressions of a workflow: read directly, or through variables, step
//! outputs, job outputs and the matrix. The table is `rules/data/untrusted.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::analysis::untrusted_checkout::{Site, script_input, untrusted_checkout_of};
use crate::embedded::table;
use crate::model::env::EnvVar;
use crate::model::workflow::{Access, Expression, Job, JobId, Step, Workflow};
use crate::source::{Location, Span};

/// How far values are followed through outputs and variables.
const DEPTH: u32 = 6;

#[derive(Deserialize)]
struct TaintTable {
    contexts: Vec<String>,
    privileged: Vec<String>,
    source: Vec<OutputSource>,
    passes: Vec<ActionNames>,
    artifact: Vec<ActionNames>,
    sink: Vec<CodeInput>,
}

/// Actions whose outputs are untrusted.
#[derive(Deserialize)]
struct OutputSource {
    actions: Vec<String>,
    outputs: Vec<String>,
}

#[derive(Deserialize)]
struct ActionNames {
    actions: Vec<String>,
}

/// Inputs that actions run as code.
#[derive(Deserialize)]
struct CodeInput {
    actions: Vec<String>,
    inputs: Vec<String>,
}

static TABLE: LazyLock<TaintTable> = LazyLock::new(|| table!("untrusted"));

/// The parts of each context.
static CONTEXTS: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| {
    TABLE
        .contexts
        .iter()
        .map(|context| context.split('.').collect())
        .collect()
});

/// Untrusted input, and how it enters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    /// The context that an outside user fills, or the command or action that fetches the input.
    pub origin: String,
    /// Where the input enters, if that is not where it is used.
    pub location: Option<Location>,
    pub writer: Writer,
}

/// Who can write an input, the most dangerous last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Writer {
    /// People with access to the repository, or callers of the workflow.
    Insider,
    /// Outside users, in runs without secrets.
    Outsider,
    /// Outside users, in runs with secrets and a token that can write.
    PrivilegedOutsider,
}

impl Writer {
    fn of(workflow: &Workflow) -> Self {
        if is_privileged(workflow) {
            Writer::PrivilegedOutsider
        } else {
            Writer::Outsider
        }
    }
}

/// Whether outside users can start the workflow with its secrets and a token that can write.
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
            && lists_action(&sink.actions, action.name())
    })
}

/// Whether the step downloads an artifact that an untrusted run may have uploaded.
pub fn downloads_artifact(step: &Step) -> bool {
    let Some(action) = step.action() else {
        return step.run.as_ref().is_some_and(|code| {
            code.text.contains("gh run download")
                || code.text.contains("/artifacts") && code.text.contains("gh api")
        });
    };

    let name = action.name();
    if TABLE
        .artifact
        .iter()
        .any(|known| lists_action(&known.actions, name))
    {
        return true;
    }

    match name {
        // By default, it downloads artifacts of its own run.
        "actions/download-artifact" => {
            step.input("run-id").is_some() || step.input("github-token").is_some()
        }
        "actions/github-script" => script_input(step).contains("downloadArtifact"),
        _ => false,
    }
}

/// The untrusted input that may become a part of the value of an expression.
pub fn taint(site: Site, expression: &Expression) -> Option<Taint> {
    expression_taint(site, expression, DEPTH)
}

fn expression_taint(site: Site, expression: &Expression, depth: u32) -> Option<Taint> {
    if depth == 0 {
        return None;
    }

    let dumps = expression.text.to_ascii_lowercase().contains("tojson");
    let flows = expression.flows();
    let worst = flows
        .iter()
        .filter_map(|access| access_taint(site, access, dumps, depth))
        .max_by_key(|taint| taint.writer);
    if worst.is_some() {
        return worst;
    }

    // An index such as `commits[github.event.issue.title]` only chooses a value by its text; it is
    // untrusted all the same.
    let accesses = expression.accesses();
    let is_indexed = accesses.len() > flows.len()
        && flows
            .iter()
            .any(|flow| flow.parts.iter().any(|part| part == "*"));
    if !is_indexed {
        return None;
    }

    accesses
        .iter()
        .find_map(|access| context_taint(site.workflow, access, false))
}

fn access_taint(site: Site, access: &Access, dumps: bool, depth: u32) -> Option<Taint> {
    if let Some(taint) = context_taint(site.workflow, access, dumps) {
        return Some(taint);
    }

    match (
        access.part(0),
        access.part(1),
        access.part(2),
        access.part(3),
    ) {
        ("env", name, "", "") => env_taint(site, name, depth),
        ("steps", id, "outputs", output) => {
            let step = site.job()?.step_index(id)?;
            step_output_taint(site.at_step(step), output, depth - 1)
        }
        ("needs", id, "outputs", output) => job_output_taint(site, id, output, depth),
        ("matrix", axis, ..) => matrix_taint(site, axis, depth),
        ("inputs", name, "", "") => input_taint(site.workflow, name),
        ("github", "event", "inputs", name) => input_taint(site.workflow, name),
        _ => None,
    }
}

/// The taint of a context that the table lists.
fn context_taint(workflow: &Workflow, access: &Access, dumps: bool) -> Option<Taint> {
    if !CONTEXTS
        .iter()
        .any(|known| reads_context(access, known, dumps))
    {
        return None;
    }

    Some(Taint {
        origin: access.path(),
        location: None,
        writer: Writer::of(workflow),
    })
}

/// Whether an access reads a context, or dumps an object that holds it.
fn reads_context(access: &Access, known: &[&str], dumps: bool) -> bool {
    if access.parts.len() > known.len() {
        return false;
    }

    let is_same = access.parts.iter().zip(known).all(|(part, known)| {
        known == part || *known == "*" || part == "*" && access.parts.len() > 2
    });
    let is_whole = access.parts.len() == known.len();

    is_same && (is_whole || dumps && access.part(1) == "event")
}

/// The taint of a string input that people with access to the repository, or callers, set.
fn input_taint(workflow: &Workflow, name: &str) -> Option<Taint> {
    let input = workflow
        .inputs
        .iter()
        .find(|input| input.name.value.eq_ignore_ascii_case(name))?;
    if input.kind != "string" {
        return None;
    }

    Some(Taint {
        origin: format!("inputs.{}", input.name.value),
        location: Some(input.name.location),
        writer: Writer::Insider,
    })
}

/// The taint of the variable that applies at a site, the innermost one first.
fn env_taint(site: Site, name: &str, depth: u32) -> Option<Taint> {
    let workflow = site.workflow;
    let of_job = Site { step: None, ..site };
    let of_workflow = Site {
        job: None,
        ..of_job
    };
    let step_env = site.step().map_or(&[][..], |step| &step.env);
    let job_env = site.job().map_or(&[][..], |job| &job.env);

    for (site, env) in [
        (site, step_env),
        (of_job, job_env),
        (of_workflow, &workflow.env),
    ] {
        let variable = env
            .iter()
            .rev()
            .find(|variable| variable.name.value.eq_ignore_ascii_case(name));
        if let Some(variable) = variable {
            return place_taint(site, variable.value.location()?, depth - 1);
        }
    }

    // Set by an earlier step.
    let earlier = 0..site.step?.min(site.job()?.steps.len());
    earlier
        .rev()
        .find_map(|step| written_taint(site.at_step(step), name, StepFile::Env, depth - 1))
}

/// The taint of an output of another job.
fn job_output_taint(site: Site, id: &str, output: &str, depth: u32) -> Option<Taint> {
    let workflow = site.workflow;
    let index = workflow.job_index(id)?;
    if site
        .job()
        .is_some_and(|job| !waits_for(workflow, job, id, index))
    {
        return None;
    }

    let output = workflow.jobs[index]
        .outputs
        .iter()
        .find(|candidate| candidate.name.value.eq_ignore_ascii_case(output))?;
    let location = output.value.location()?;

    place_taint(Site::of_job(workflow, index), location, depth - 1)
}

/// Whether a job waits for the job of this id and index, directly or through others.
fn waits_for(workflow: &Workflow, job: &Job, id: &str, index: JobId) -> bool {
    job.needs
        .iter()
        .any(|needed| needed.value.eq_ignore_ascii_case(id))
        || workflow
            .upstream(job)
            .iter()
            .any(|job| std::ptr::eq(*job, &workflow.jobs[index]))
}

/// The taint of the expressions inside a place.
fn place_taint(site: Site, location: Location, depth: u32) -> Option<Taint> {
    let taint = site
        .workflow
        .expressions_in(location)
        .filter_map(|expression| expression_taint(site, expression, depth))
        .max_by_key(|taint| taint.writer)?;

    Some(Taint {
        location: Some(taint.location.unwrap_or(location)),
        ..taint
    })
}

fn matrix_taint(site: Site, axis: &str, depth: u32) -> Option<Taint> {
    let matrix = site.job()?.matrix.as_ref()?;
    let of_job = Site { step: None, ..site };
    let axis = matrix
        .axes
        .iter()
        .find(|candidate| candidate.name.value.eq_ignore_ascii_case(axis));
    if let Some(axis) = axis {
        return axis
            .values
            .iter()
            .find_map(|value| place_taint(of_job, value.location, depth - 1));
    }

    if !matrix.axes.is_open() {
        return None;
    }

    site.workflow
        .expressions_of(site.job?)
        .filter(|expression| fills_matrix(expression))
        .find_map(|expression| expression_taint(of_job, expression, depth - 1))
}

/// Whether an expression is a whole matrix, or a part of its `include`.
fn fills_matrix(expression: &Expression) -> bool {
    let keys: Vec<&str> = expression.keys.iter().map(String::as_str).collect();

    matches!(
        keys.as_slice(),
        ["jobs", _, "strategy", "matrix"] | ["jobs", _, "strategy", "matrix", "include", ..]
    )
}

/// The taint of a step's output.
fn step_output_taint(site: Site, output: &str, depth: u32) -> Option<Taint> {
    let step = site.step()?;
    let Some(action) = step.action() else {
        return written_taint(site, output, StepFile::Output, depth);
    };

    let name = action.name();
    let is_source = TABLE
        .source
        .iter()
        .any(|source| lists_action(&source.actions, name) && lists_output(&source.outputs, output));
    if is_source {
        return Some(action_taint(site, step, name));
    }

    let passes_inputs = TABLE
        .passes
        .iter()
        .any(|passes| lists_action(&passes.actions, name));
    if passes_inputs {
        return step
            .with
            .iter()
            .find_map(|input: &EnvVar| place_taint(site, input.value.location()?, depth));
    }

    if name == "actions/github-script" && script_outputs_event(script_input(step), output) {
        return Some(action_taint(site, step, "text from the event"));
    }

    None
}

fn action_taint(site: Site, step: &Step, origin: &str) -> Taint {
    Taint {
        origin: origin.to_owned(),
        location: step.uses.as_ref().map(|uses| uses.location),
        writer: Writer::of(site.workflow),
    }
}

/// Fields of an event, as JavaScript reads them, that outside users write.
const EVENT_FIELDS: &[&str] = &[
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

/// Whether a script of `actions/github-script` sets the output and reads untrusted fields.
fn script_outputs_event(script: &str, output: &str) -> bool {
    let sets_output = output == "result"
        || script
            .lines()
            .any(|line| line.contains("setOutput") && line.contains(output));

    sets_output && EVENT_FIELDS.iter().any(|field| script.contains(field))
}

/// One line of a script, with the untrusted input in it.
struct ScriptLine<'c> {
    text: &'c str,
    location: Location,
    taint: Option<Taint>,
    /// The line sets a shell variable.
    is_assignment: bool,
}

impl ScriptLine<'_> {
    /// Whether the line writes to the environment or the path of later steps.
    fn writes_environment(&self) -> bool {
        self.text.contains("GITHUB_ENV") || self.text.contains("GITHUB_PATH")
    }
}

/// The lines of a step's script. Untrusted input is followed through shell variables.
fn script_lines<'w>(site: Site<'w>, depth: u32) -> Vec<ScriptLine<'w>> {
    let Some(code) = site.step().and_then(|step| step.run.as_ref()) else {
        return Vec::new();
    };

    let mut tainted: Vec<(&str, Taint)> = Vec::new();
    let mut lines = Vec::new();
    let mut offset = 0;

    for line in code.text.split_inclusive('\n') {
        let start = offset + line.len() - line.trim_start().len();
        let end = (offset + line.trim_end().len()).max(start);
        offset += line.len();
        let location = code.location(Span::of(start, end));
        let taint = line_taint(site, line, location, &tainted, depth);
        let variable = assigned_variable(line);
        if let (Some(variable), Some(taint)) = (variable, &taint) {
            tainted.push((variable, taint.clone()));
        }

        lines.push(ScriptLine {
            text: line.trim(),
            location,
            taint,
            is_assignment: variable.is_some(),
        });
    }

    lines
}

/// The shell variable that a line sets.
fn assigned_variable(line: &str) -> Option<&str> {
    let statement = line
        .trim_start()
        .trim_start_matches("export ")
        .trim_start_matches("local ");
    let (variable, _) = statement.split_once('=')?;
    let is_name = !variable.is_empty()
        && variable
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');

    is_name.then_some(variable)
}

/// A file by which a step passes values to later ones.
#[derive(Clone, Copy)]
enum StepFile {
    Output,
    Env,
}

impl StepFile {
    /// The variable that holds its path.
    const fn variable(self) -> &'static str {
        match self {
            StepFile::Output => "GITHUB_OUTPUT",
            StepFile::Env => "GITHUB_ENV",
        }
    }

    /// The deprecated command that does the same.
    const fn command(self) -> &'static str {
        match self {
            StepFile::Output => "::set-output",
            StepFile::Env => "::set-env",
        }
    }
}

/// The taint of what a script writes for `name` to a file for later steps.
fn written_taint(site: Site, name: &str, file: StepFile, depth: u32) -> Option<Taint> {
    let code = site.step()?.run.as_ref()?;
    if !code.text.contains(file.variable()) && !code.text.contains(file.command()) {
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

    let lines = script_lines(site, depth);
    for line in lines.iter().filter(|line| !line.is_assignment) {
        let text = line.text.to_ascii_lowercase();
        if line.taint.is_some() && writes.iter().any(|write| text.contains(write)) {
            return line.taint.clone();
        }
    }

    // A block such as `{ echo "name<<EOF"; cat file; echo EOF; } >> "$GITHUB_OUTPUT"`.
    let writes_block = text.contains(&writes[1]);
    if !writes_block {
        return None;
    }

    lines.into_iter().rev().find_map(|line| line.taint)
}

/// The places where a script writes untrusted input to the environment or the path of later steps.
pub fn environment_writes(site: Site) -> Vec<(Location, Taint)> {
    let lines = script_lines(site, DEPTH);
    let mut writes = Vec::new();
    let mut open: Option<Taint> = None;

    for (index, line) in lines.iter().enumerate() {
        match (&line.taint, line.writes_environment()) {
            (Some(taint), true) => writes.push((line.location, taint.clone())),
            // The lines of a here-document follow, those of a block come before.
            (Some(taint), false) if !line.is_assignment => match writing_heredoc(&lines[..index]) {
                Some(start) => writes.push((start.location, taint.clone())),
                None => open = Some(taint.clone()),
            },
            (None, true) if line.text.starts_with(['}', ')']) => {
                writes.extend(open.take().map(|taint| (line.location, taint)));
            }
            _ => {}
        }
    }

    writes
}

/// The line that opens the here-document after these lines, if it writes to the environment.
fn writing_heredoc<'l, 'c>(lines: &'l [ScriptLine<'c>]) -> Option<&'l ScriptLine<'c>> {
    let start = lines
        .iter()
        .rev()
        .find(|line| line.text.contains("<<") || line.text == "EOF")?;

    (start.writes_environment() && !start.text.contains("echo")).then_some(start)
}

/// The untrusted input in a line of a script.
fn line_taint(
    site: Site,
    line: &str,
    location: Location,
    tainted: &[(&str, Taint)],
    depth: u32,
) -> Option<Taint> {
    if let Some(taint) = place_taint(site, location, depth) {
        return (taint.writer > Writer::Insider).then_some(taint);
    }

    let step = site.step()?;
    if !line.contains('$') {
        return fetched_taint(site, line, location);
    }

    if let Some((_, taint)) = tainted.iter().find(|(name, _)| reads_variable(line, name)) {
        return Some(taint.clone());
    }

    let job_env = site.job().map_or(&[][..], |job| &job.env);
    for variable in step.env.iter().chain(job_env).chain(&site.workflow.env) {
        if !reads_variable(line, &variable.name.value) {
            continue;
        }

        if let Some(location) = variable.value.location()
            && let Some(taint) = place_taint(site, location, depth)
            && taint.writer > Writer::Insider
        {
            return Some(taint);
        }
    }

    fetched_taint(site, line, location)
}

/// Whether a line of a script expands a variable.
fn reads_variable(line: &str, name: &str) -> bool {
    line.split("${").skip(1).any(|rest| rest.starts_with(name))
        || line
            .split(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '_' | '$'))
            .any(|word| word.strip_prefix('$') == Some(name))
}

/// Commands that fetch issues and pull requests.
const FETCHING: &[&str] = &[
    "gh pr view",
    "gh pr list",
    "gh issue view",
    "gh api",
    "/pulls/",
];

/// Fields of them that outside users write.
const FETCHED_FIELDS: &[&str] = &[
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

/// Commands that print names and messages of checked-out commits.
const LISTING: &[&str] = &[
    "git diff",
    "git log",
    "git show",
    "git branch",
    "git rev-parse --abbrev-ref",
];

/// Commands that print files.
const READING: &[&str] = &["$(<", "cat ", "jq ", "< ", "head -", "sed ", "grep "];

/// The taint of what a command fetches: fields of a pull request, files of an untrusted run.
fn fetched_taint(site: Site, line: &str, location: Location) -> Option<Taint> {
    if !is_privileged(site.workflow) || site.workflow.action {
        return None;
    }

    Some(Taint {
        origin: fetched_origin(site, line)?.to_owned(),
        location: Some(location),
        writer: Writer::Outsider,
    })
}

fn fetched_origin(site: Site, line: &str) -> Option<&'static str> {
    if contains_any(line, FETCHING) && contains_any(line, FETCHED_FIELDS) {
        return Some("the output of `gh`");
    }

    let earlier = site.job()?.steps.get(..site.step?)?;
    let reads_files = READING.iter().any(|word| reads_outside_pipe(line, word));
    if reads_files && earlier.iter().any(downloads_artifact) {
        return Some("a file from the downloaded artifact");
    }

    let has_checkout = (reads_files || contains_any(line, LISTING))
        && earlier
            .iter()
            .any(|step| untrusted_checkout_of(site.workflow, step).is_some());

    has_checkout.then_some("a file from the pull request")
}

/// Whether a line has a command that reads files, other than one that filters a pipe: the `grep`
/// of `git tag | grep v` reads what `git` prints.
fn reads_outside_pipe(line: &str, command: &str) -> bool {
    line.match_indices(command)
        .any(|(start, _)| !line[..start].trim_end().ends_with('|'))
}

fn contains_any(line: &str, words: &[&str]) -> bool {
    words.iter().any(|word| line.contains(word))
}

/// Whether a list of actions has this one. `owner/repository` includes the actions in its folders.
fn lists_action(actions: &[String], name: &str) -> bool {
    actions.iter().any(|known| {
        known.eq_ignore_ascii_case(name)
            || name
                .split_at_checked(known.len())
                .is_some_and(|(start, rest)| {
                    start.eq_ignore_ascii_case(known) && rest.starts_with('/')
                })
    })
}

/// Whether a list of outputs has this one. `*_suffix` means all outputs that end so.
fn lists_output(outputs: &[String], output: &str) -> bool {
    outputs.iter().any(|known| match known.strip_prefix('*') {
        Some(end) => output.ends_with(end),
        None => known.eq_ignore_ascii_case(output),
    })
}

/// The place before a step where untrusted files enter its job: by a checkout, or by an artifact.
pub fn untrusted_files_before(workflow: &Workflow, job: &Job, step: usize) -> Option<Location> {
    job.steps.iter().take(step).find_map(|step| {
        if let Some(location) = untrusted_checkout_of(workflow, step) {
            return Some(location);
        }

        let location = step
            .uses
            .as_ref()
            .map_or(step.location, |uses| uses.location);
        downloads_artifact(step).then_some(location)
    })
}
