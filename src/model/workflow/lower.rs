//! Lowering of trees to workflows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use super::credentials::arguments;
use super::definition::{Input, Trigger, Workflow};
use super::expression::Expression;
use super::jobs::{Axis, Grant, Job, JobId, Matrix, Permissions, Secrets, Step, StepPosition};
use super::value::{
    code, expressions, field, flag, scalars, setting, text, texts, value, variables,
};
use crate::model::env::{EnvOrigin, EnvVar};
use crate::model::image::{ImageRole, ImageSource, ImageSourceKind, ImageUse, Reference};
use crate::model::{Many, Setting};
use crate::source::{Located, SourceFile};
use crate::syntax::yaml::{Entry, Kind, Node, Tree};

/// Lowers a workflow or, if the file has `runs` and neither `jobs` nor `on`, an action.
pub fn workflow(tree: &Tree, source: &SourceFile) -> Workflow {
    let mut workflow = Workflow {
        file: source.id,
        ..Workflow::default()
    };

    let Some(root) = tree.root() else {
        return workflow;
    };

    workflow.location = root
        .entries()
        .next()
        .map_or_else(|| root.location(), |entry| entry.key.location());
    workflow.name = field(root, "name");
    workflow.action = root.get("runs").is_some() && root.get("jobs").is_none();
    if workflow.action {
        lower_action(root, &mut workflow);
    } else {
        lower_jobs(root, &mut workflow);
    }

    for (index, job) in workflow.jobs.iter_mut().enumerate() {
        job.index = JobId::new(index);
    }

    collect(root, &mut Vec::new(), &mut workflow.expressions);
    let positions = Positions::of(&workflow.jobs);
    for expression in &mut workflow.expressions {
        locate(expression, &positions);
    }

    workflow
}

/// The jobs by their written ids, and the numbers of steps by their jobs and their places in
/// `steps`.
struct Positions {
    jobs: HashMap<String, JobId>,
    steps: HashMap<(JobId, StepPosition), usize>,
}

impl Positions {
    fn of(jobs: &[Job]) -> Self {
        let mut positions = Self {
            jobs: HashMap::new(),
            steps: HashMap::new(),
        };

        for job in jobs {
            positions
                .jobs
                .entry(job.id.value.clone())
                .or_insert(job.index);

            for (index, step) in job.steps.iter().enumerate() {
                positions
                    .steps
                    .entry((job.index, step.position))
                    .or_insert(index);
            }
        }

        positions
    }
}

fn lower_jobs(root: Node<'_>, workflow: &mut Workflow) {
    // A reader of YAML 1.1 writes the key `on` back as `true`.
    if let Some(on) = root.get("on").or_else(|| root.get("true")) {
        workflow.triggers = triggers(on);

        let outputs = on.path(&["workflow_call", "outputs"]);
        workflow.outputs = outputs
            .into_iter()
            .flat_map(|node| node.entries())
            .filter_map(|entry| text(entry.key))
            .collect();

        workflow.secrets = on
            .path(&["workflow_call", "secrets"])
            .map(|secrets| secrets.entries().filter_map(|it| text(it.key)).collect());

        for event in ["workflow_dispatch", "workflow_call"] {
            if let Some(node) = on.path(&[event, "inputs"]) {
                workflow.inputs.extend(inputs(node, event));
            }
        }
    }

    workflow.permissions = permissions(root);
    workflow.concurrency = concurrency(root);
    workflow.shell = setting(root.path(&["defaults", "run", "shell"]));
    workflow.env = variables(root.get("env"), EnvOrigin::WorkflowEnv);
    let directory = setting(root.path(&["defaults", "run", "working-directory"]));

    if let Some(entry) = root.entry("jobs") {
        workflow.jobs_key = Some(entry.key.location());
        workflow.jobs = entry
            .value
            .entries()
            .filter_map(|entry| job(&entry, &workflow.shell, &directory))
            .collect();
    }
}

fn lower_action(root: Node<'_>, workflow: &mut Workflow) {
    let Some(entry) = root.entry("runs") else {
        return;
    };

    let runs = entry.value;
    workflow.using = field(runs, "using");
    if let Some(node) = root.get("inputs") {
        workflow.inputs = inputs(node, "");
    }

    let id = Located::new("runs".to_owned(), entry.key.location());
    let mut job = empty_job(id);
    job.outputs = outputs(root.get("outputs"));
    job.env = variables(runs.get("env"), EnvOrigin::WorkflowEnv);

    if let Some(image) = runs.get("image") {
        job.images.extend(docker_action(image));
    }

    if let Some(listed) = runs.get("steps") {
        job.steps = steps(listed, &Setting::Absent, &Setting::Absent, &mut job.images);
    }

    workflow.jobs.push(job);
}

fn triggers(on: Node<'_>) -> Vec<Trigger> {
    let named = texts(Some(on))
        .into_iter()
        .map(|event| trigger(event, None));
    let mapped = on
        .entries()
        .filter_map(|entry| Some(trigger(text(entry.key)?, Some(entry.value))));
    named.chain(mapped).collect()
}

fn trigger(event: Located<String>, filters: Option<Node<'_>>) -> Trigger {
    Trigger {
        types: filter_list(filters, "types"),
        branches: filter_list(filters, "branches"),
        branches_ignore: filter_list(filters, "branches-ignore"),
        tags: filter_list(filters, "tags"),
        tags_ignore: filter_list(filters, "tags-ignore"),
        paths: filter_list(filters, "paths"),
        workflows: filter_list(filters, "workflows"),
        event,
    }
}

fn filter_list(filters: Option<Node<'_>>, key: &str) -> Vec<Located<String>> {
    texts(filters.and_then(|node| node.get(key)))
}

fn inputs(node: Node<'_>, event: &'static str) -> Vec<Input> {
    node.entries()
        .filter_map(|entry| {
            let kind =
                field(entry.value, "type").map_or_else(|| "string".to_owned(), |kind| kind.value);
            Some(Input {
                name: text(entry.key)?,
                event,
                kind,
            })
        })
        .collect()
}

fn permissions(node: Node<'_>) -> Option<Permissions> {
    let entry = node.entry("permissions")?;
    let grant = match entry.value.str() {
        Some("read-all") => Grant::ReadAll,
        Some("write-all") => Grant::WriteAll,
        Some(_) => Grant::Unknown,
        None if entry.value.kind() == Kind::Mapping => Grant::Scopes(
            entry
                .value
                .entries()
                .filter_map(|scope| Some((text(scope.key)?, text(scope.value)?)))
                .collect(),
        ),
        None => Grant::Unknown,
    };

    Some(Permissions {
        key: entry.key.location(),
        value: entry.value.location(),
        grant,
    })
}

fn concurrency(node: Node<'_>) -> Setting<String> {
    let Some(node) = node.get("concurrency") else {
        return Setting::Absent;
    };

    match node.kind() {
        Kind::Mapping => setting(node.get("group")),
        _ => setting(Some(node)),
    }
}

pub(super) fn empty_job(id: Located<String>) -> Job {
    Job {
        index: JobId::default(),
        id,
        name: None,
        needs: Vec::new(),
        uses: None,
        with: Vec::new(),
        secrets: Secrets::None,
        condition: None,
        runs_on: Vec::new(),
        environment: Setting::Absent,
        permissions: None,
        concurrency: Setting::Absent,
        timeout: Setting::Absent,
        continue_on_error: Setting::Absent,
        shell: Setting::Absent,
        matrix: None,
        outputs: Vec::new(),
        env: Vec::new(),
        credentials: Vec::new(),
        images: Vec::new(),
        steps: Vec::new(),
        purposes: OnceLock::new(),
        by_step_id: OnceLock::new(),
    }
}

fn job(entry: &Entry<'_>, shell: &Setting<String>, directory: &Setting<String>) -> Option<Job> {
    let node = entry.value;
    let mut job = empty_job(text(entry.key)?);
    job.name = field(node, "name");
    job.needs = texts(node.get("needs"));
    job.uses = field(node, "uses");
    job.with = variables(node.get("with"), EnvOrigin::WorkflowWith);
    job.secrets = secrets(node);
    job.condition = field(node, "if");
    job.runs_on = runs_on(node);
    job.environment = environment(node);
    job.permissions = permissions(node);
    job.concurrency = concurrency(node);
    job.timeout = setting(node.get("timeout-minutes"));
    job.continue_on_error = flag(node.get("continue-on-error"));
    job.shell = setting(node.path(&["defaults", "run", "shell"])).or(shell.clone());
    job.matrix = node.path(&["strategy", "matrix"]).map(matrix);
    job.outputs = outputs(node.get("outputs"));
    job.env = variables(node.get("env"), EnvOrigin::WorkflowEnv);
    if let Some(container) = node.get("container") {
        add_container(container, ImageRole::WorkflowContainer, &mut job);
    }

    for service in node
        .get("services")
        .iter()
        .flat_map(|services| services.entries())
    {
        add_container(service.value, ImageRole::WorkflowService, &mut job);
    }

    if let Some(listed) = node.get("steps") {
        let directory =
            setting(node.path(&["defaults", "run", "working-directory"])).or(directory.clone());
        job.steps = steps(listed, &job.shell, &directory, &mut job.images);
    }

    Some(job)
}

fn secrets(node: Node<'_>) -> Secrets {
    let Some(secrets) = node.get("secrets") else {
        return Secrets::None;
    };

    match secrets.str() {
        Some("inherit") => Secrets::Inherit(secrets.location()),
        _ => Secrets::Passed(variables(Some(secrets), EnvOrigin::WorkflowWith)),
    }
}

fn runs_on(node: Node<'_>) -> Vec<Located<String>> {
    let Some(node) = node.get("runs-on") else {
        return Vec::new();
    };

    match node.kind() {
        Kind::Mapping => texts(node.get("labels")),
        _ => texts(Some(node)),
    }
}

fn environment(node: Node<'_>) -> Setting<String> {
    let Some(node) = node.get("environment") else {
        return Setting::Absent;
    };

    match node.kind() {
        Kind::Mapping => setting(node.get("name")),
        _ => setting(Some(node)),
    }
}

fn outputs(node: Option<Node<'_>>) -> Vec<EnvVar> {
    let entries = node.into_iter().flat_map(|node| node.entries());
    entries
        .filter_map(|entry| {
            // An action's output is a mapping with a `value`; a job's is the value itself.
            let value_node = entry.value.get("value").unwrap_or(entry.value);
            Some(EnvVar {
                name: text(entry.key)?,
                value: value(value_node),
                origin: EnvOrigin::WorkflowEnv,
            })
        })
        .collect()
}

fn matrix(node: Node<'_>) -> Matrix {
    let mut matrix = Matrix {
        axes: Many::default().open_if(node.kind() != Kind::Mapping),
    };

    for entry in node.entries() {
        let Some(name) = text(entry.key) else {
            continue;
        };

        match name.value.as_str() {
            "exclude" => {}
            "include" => {
                let has_other = |kind| entry.value.items().any(|item| item.kind() != kind);
                if entry.value.kind() != Kind::Sequence || has_other(Kind::Mapping) {
                    matrix.axes.open();
                }

                for item in entry.value.items() {
                    for pair in item.entries() {
                        if let Some(name) = text(pair.key) {
                            add_axis(&mut matrix, name, pair.value);
                        }
                    }
                }
            }
            _ => add_axis(&mut matrix, name, entry.value),
        }
    }

    matrix
}

fn add_axis(matrix: &mut Matrix, name: Located<String>, node: Node<'_>) {
    let mut values = Vec::new();
    scalars(node, &mut values);
    match matrix
        .axes
        .iter_mut()
        .find(|axis| axis.name.value.eq_ignore_ascii_case(&name.value))
    {
        Some(axis) => axis.values.extend(values),
        None => matrix.axes.push(Axis { name, values }),
    }
}

fn add_container(node: Node<'_>, role: ImageRole, job: &mut Job) {
    let image = if node.kind() == Kind::Mapping {
        node.get("image")
    } else {
        Some(node)
    };

    job.credentials
        .extend(variables(node.get("credentials"), EnvOrigin::WorkflowWith));
    job.credentials
        .extend(variables(node.get("env"), EnvOrigin::WorkflowEnv));
    let Some(image) = image.and_then(text).filter(|image| !image.value.is_empty()) else {
        return;
    };

    let images = image_use(role, image, job.matrix.as_ref());
    job.images.extend(images);
}

fn docker_action(uses: Node<'_>) -> Option<ImageUse> {
    let written = uses.str()?;
    let image = written.strip_prefix("docker://")?;
    let location = uses.content_span(crate::source::Span::of(
        written.len() - image.len(),
        written.len(),
    ));
    image_use(
        ImageRole::DockerAction,
        Located::new(image.to_owned(), location),
        None,
    )
    .into_iter()
    .next()
}

/// The images that a reference comes to: itself, or each value of the matrix row that it names.
fn image_use(role: ImageRole, written: Located<String>, matrix: Option<&Matrix>) -> Vec<ImageUse> {
    let axis = matrix.and_then(|matrix| named_axis(matrix, &written.value));

    match axis {
        Some(axis) if !axis.values.is_empty() => {
            let source = ImageSource {
                location: written.location,
                kind: ImageSourceKind::Matrix,
            };

            axis.values
                .iter()
                .filter(|value| !value.value.is_empty())
                .map(|value| written_image(role, value.clone(), vec![source.clone()]))
                .collect()
        }
        _ => vec![written_image(role, written, Vec::new())],
    }
}

/// The axis that a string names: `${{ matrix.image }}`.
fn named_axis<'m>(matrix: &'m Matrix, text: &str) -> Option<&'m Axis> {
    let expression = text.strip_prefix("${{")?.strip_suffix("}}")?;
    let name = expression.trim().strip_prefix("matrix.")?;

    matrix.axes.iter().find(|axis| axis.name.value == name)
}

fn written_image(role: ImageRole, image: Located<String>, sources: Vec<ImageSource>) -> ImageUse {
    let reference = if image.value.contains("${{") {
        None
    } else {
        Some(Reference::parse(&image.value))
    };

    ImageUse {
        role,
        location: image.location,
        reference,
        written: image.value,
        sources,
    }
}

/// The steps in their order; those of a `parallel` group in its place.
fn steps(
    listed: Node<'_>,
    shell: &Setting<String>,
    directory: &Setting<String>,
    images: &mut Vec<ImageUse>,
) -> Vec<Step> {
    let mut steps = Vec::new();

    for (index, node) in listed.items().enumerate() {
        images.extend(node.get("uses").and_then(docker_action));

        match node.get("parallel") {
            Some(group) => {
                images.extend(
                    group
                        .items()
                        .filter_map(|node| docker_action(node.get("uses")?)),
                );
                steps.extend(
                    group
                        .items()
                        .enumerate()
                        .map(|(inner, node)| step(node, (index, Some(inner)), shell, directory)),
                );
            }
            None => steps.push(step(node, (index, None), shell, directory)),
        }
    }

    steps
}

fn step(
    node: Node<'_>,
    position: (usize, Option<usize>),
    shell: &Setting<String>,
    directory: &Setting<String>,
) -> Step {
    let run = node.get("run").and_then(code);
    Step {
        position,
        location: node
            .entries()
            .next()
            .map_or_else(|| node.location(), |entry| entry.key.location()),
        id: field(node, "id"),
        name: field(node, "name"),
        uses: field(node, "uses"),
        arguments: run.as_ref().map(arguments).unwrap_or_default(),
        run,
        shell: setting(node.get("shell")).or(shell.clone()),
        working_directory: setting(node.get("working-directory")).or(directory.clone()),
        condition: field(node, "if"),
        env: variables(node.get("env"), EnvOrigin::WorkflowEnv),
        with: variables(node.get("with"), EnvOrigin::WorkflowWith),
        continue_on_error: flag(node.get("continue-on-error")),
        timeout: setting(node.get("timeout-minutes")),
        purposes: OnceLock::new(),
    }
}

/// Finds the expressions of all scalars below a node.
fn collect<'t>(node: Node<'t>, keys: &mut Vec<Cow<'t, str>>, collected: &mut Vec<Expression>) {
    match node.kind() {
        Kind::Scalar => expressions(node, keys, collected),
        Kind::Mapping => {
            for entry in node.entries() {
                keys.push(Cow::Borrowed(entry.key.str().unwrap_or_default()));
                collect(entry.value, keys, collected);
                keys.pop();
            }
        }
        Kind::Sequence => {
            for (index, item) in node.items().enumerate() {
                keys.push(Cow::Owned(index.to_string()));
                collect(item, keys, collected);
                keys.pop();
            }
        }
        Kind::Null | Kind::Unknown => {}
    }
}

/// Names the job and the step that an expression belongs to.
fn locate(expression: &mut Expression, positions: &Positions) {
    let keys: Vec<&str> = expression.keys.iter().map(String::as_str).collect();
    let (job, rest) = match keys.as_slice() {
        ["jobs", id, rest @ ..] => (positions.jobs.get(*id).copied(), rest),
        ["runs", rest @ ..] => (Some(JobId::default()), rest),
        _ => (None, &[][..]),
    };

    let position = match rest {
        ["steps", index, "parallel", inner, ..] => {
            index.parse().ok().map(|index| (index, inner.parse().ok()))
        }
        ["steps", index, ..] => index.parse().ok().map(|index| (index, None)),
        _ => None,
    };

    // `runs` beside `jobs`, of which there may be none, belongs to no job.
    let job = if positions.jobs.is_empty() { None } else { job };
    let step = job
        .zip(position)
        .and_then(|key| positions.steps.get(&key).copied());

    // A step of a group is a step like any other.
    let group = expression.keys.iter().position(|key| key == "parallel");
    if step.is_some()
        && let Some(group) = group
    {
        expression.keys.drain(group..group + 2);
    }

    (expression.job, expression.step) = (job, step);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::env::EnvValue;
    use crate::source::FileId;

    fn lower(text: &str) -> (Workflow, SourceFile) {
        let source = SourceFile::new(FileId(0), ".github/workflows/x.yml", text);
        let parsed = Tree::parse(source.id, &source.text);
        (workflow(&parsed.tree, &source), source)
    }

    #[test]
    fn triggers_come_in_three_shapes() {
        for (text, events) in [
            ("on: push\njobs: {}\n", &["push"][..]),
            ("'on': [push, pull_request]\n", &["push", "pull_request"]),
            (
                "on:\n  push:\n    branches: main\n  schedule:\n    - cron: '1 2 * * *'\n",
                &["push", "schedule"],
            ),
        ] {
            let (workflow, _) = lower(text);
            let found: Vec<&str> = workflow
                .triggers
                .iter()
                .map(|trigger| trigger.event.value.as_str())
                .collect();
            assert_eq!(found, events, "{text}");
        }
    }

    #[test]
    fn jobs_and_steps_keep_their_places() {
        let (workflow, source) = lower(concat!(
            "on: push\njobs:\n  a:\n    runs-on: [self-hosted, linux]\n    container: ${{ matrix.image }}\n",
            "    strategy: {matrix: {image: ['x:1', y]}}\n    steps:\n      - run: |\n          echo\n",
            "          echo ${{ github.actor }}\n        env: {A: '${{ secrets.A || \"b\" }}', B: \"${{ secrets.B || 'dev' }}\"}\n",
            "  b:\n    needs: a\n    if: always()\n    uses: ./.github/workflows/b.yml\n    secrets: inherit\n",
        ));
        assert_eq!(workflow.jobs[JobId::new(0)].runs_on.len(), 2);
        let images: Vec<&str> = workflow.jobs[JobId::new(0)]
            .images
            .iter()
            .map(|image| image.written.as_str())
            .collect();
        assert_eq!(images, ["x:1", "y"]);
        assert!(matches!(
            workflow.jobs[JobId::new(1)].secrets,
            Secrets::Inherit(_)
        ));
        let run = workflow
            .expressions
            .iter()
            .find(|found| found.keys.last().is_some_and(|key| key == "run"))
            .unwrap();
        assert_eq!((run.job, run.step), (Some(JobId::new(0)), Some(0)));
        assert_eq!(run.location.span.text(&source.text), "${{ github.actor }}");
        assert_eq!(
            run.accesses()[0].location.span.text(&source.text),
            "github.actor"
        );
        let condition = workflow
            .expressions
            .iter()
            .find(|found| found.bare)
            .unwrap();
        assert_eq!(
            (condition.job, condition.location.span.text(&source.text)),
            (Some(JobId::new(1)), "always()")
        );
        let env = &workflow.jobs[JobId::new(0)].steps[0].env;
        let EnvValue::Template { fallbacks, .. } = &env[1].value else {
            panic!("{:?}", env[1])
        };

        assert_eq!(fallbacks[0].literal.location.span.text(&source.text), "dev");
    }

    #[test]
    fn steps_of_a_group_are_steps() {
        let (workflow, _) = lower(concat!(
            "on: push\njobs:\n  a:\n    steps:\n      - run: x\n      - parallel:\n          - run: y\n          - if: always()\n",
            "            run: ${{ github.sha }}\n      - run: ${{ github.ref }}\n",
        ));
        assert_eq!(workflow.jobs[JobId::new(0)].steps.len(), 4);
        let found: Vec<(Option<usize>, &str)> = workflow
            .expressions
            .iter()
            .map(|found| (found.step, found.key()))
            .collect();
        assert_eq!(found, [(Some(2), "if"), (Some(2), "run"), (Some(3), "run")]);
    }

    #[test]
    fn odd_shapes_cost_only_themselves() {
        for text in [
            "",
            "jobs: 3",
            "on: {push: [1]}\njobs: [a]",
            "jobs: {a: , b: {steps: x, needs: {c: d}}}",
            "runs: 1",
        ] {
            lower(text);
        }
    }

    #[test]
    fn an_action_is_one_job() {
        let (workflow, _) = lower(
            "name: a\ninputs: {x: {}}\nruns:\n  using: composite\n  steps:\n    - run: a ${{ inputs.x }}\n      shell: bash\n",
        );
        assert!(workflow.action);
        assert_eq!(workflow.jobs[JobId::new(0)].steps.len(), 1);
        assert_eq!(
            (workflow.expressions[0].job, workflow.expressions[0].step),
            (Some(JobId::new(0)), Some(0))
        );
    }
}
