//! What a job really does: its steps, and the tasks, scripts, actions and workflows of the
//! repository that they run.

use std::collections::HashSet;

use super::Analysis;
pub use super::answers::JobWork;
use crate::model::Setting;
use crate::model::task_call::{TaskCall, is_xtask};
use crate::model::tasks::TaskFormat;
use crate::model::workflow::{
    ActionRef, Evidence, Job, Matrix, Step, Workflow, command_purposes, job_purposes,
    nested_script, step_purposes,
};
use crate::source::{Location, SourceFile, join};
use crate::syntax::shell::{self, Invocation};

/// How far tasks, scripts and calls are followed.
const MAX_DEPTH: u32 = 6;

/// How many bytes of a script are read.
const MAX_SCRIPT: usize = 64 * 1024;

/// What a job does, with all that it runs.
pub fn job_work<'c>(ctx: &'c Analysis, workflow: &Workflow, job: &Job) -> &'c JobWork {
    static UNKNOWN: JobWork = JobWork {
        evidence: Vec::new(),
        is_open: true,
    };
    let part = (job.index, workflow.jobs.len());

    ctx.job_works
        .answer(workflow.id, part, || find_job_work(ctx, workflow, job))
        .unwrap_or(&UNKNOWN)
}

fn find_job_work(ctx: &Analysis, workflow: &Workflow, job: &Job) -> JobWork {
    let mut follower = Follower::new(ctx, workflow);
    follower.work.evidence = job_purposes(job);
    follower.job(workflow, job);
    follower.work
}

/// What one step does, with all that it runs.
pub fn step_work(ctx: &Analysis, workflow: &Workflow, step: &Step) -> JobWork {
    let mut follower = Follower::new(ctx, workflow);
    follower.work.evidence = step_purposes(step).collect();
    follower.step(step);
    follower.work
}

/// The workflow of the repository that a job calls.
pub fn called_workflow<'a>(
    ctx: &Analysis<'a>,
    workflow: &Workflow,
    job: &Job,
) -> Option<&'a Workflow> {
    let ActionRef::Local(path) = ActionRef::parse(&job.uses.as_ref()?.value) else {
        return None;
    };
    let root = root_of(ctx.facts.path(workflow.file));

    workflow_at(ctx, &join(root, local_path(path))?)
}

/// The composite action of the repository that a step uses.
pub fn composite_action<'a>(
    ctx: &Analysis<'a>,
    workflow: &Workflow,
    step: &Step,
) -> Option<&'a Workflow> {
    let ActionRef::Local(path) = step.action()? else {
        return None;
    };
    let root = root_of(ctx.facts.path(workflow.file));
    let folder = join(root, local_path(path))?;
    let action = ["action.yml", "action.yaml"]
        .iter()
        .find_map(|name| workflow_at(ctx, &join(&folder, name)?))?;
    let is_composite = action
        .using
        .as_ref()
        .is_some_and(|using| using.value == "composite");

    is_composite.then_some(action)
}

/// The folder that holds `.github`, to which local references are relative.
fn root_of(path: &str) -> &str {
    path.split_once(".github/")
        .map_or("", |(root, _)| root.trim_end_matches('/'))
}

fn workflow_at<'a>(ctx: &Analysis<'a>, path: &str) -> Option<&'a Workflow> {
    let file = ctx.facts.repository.find(path)?;
    ctx.facts.file(file.id).workflow.as_deref()
}

struct Follower<'a> {
    ctx: &'a Analysis<'a>,
    /// The folder that holds `.github`.
    root: &'a str,
    depth: u32,
    /// Paths and names of what was followed.
    seen: HashSet<(String, String)>,
    /// The matrix of the job.
    matrix: Option<Matrix>,
    /// The place of the job from which something outside of it is followed.
    origin: Option<Location>,
    work: JobWork,
}

impl<'a> Follower<'a> {
    fn new(ctx: &'a Analysis<'a>, workflow: &Workflow) -> Self {
        Self {
            ctx,
            root: root_of(ctx.facts.path(workflow.file)),
            depth: 0,
            seen: HashSet::new(),
            matrix: None,
            origin: None,
            work: JobWork::default(),
        }
    }

    fn job(&mut self, workflow: &Workflow, job: &Job) {
        if let Some(uses) = &job.uses {
            self.call(called_workflow(self.ctx, workflow, job), uses.location);
        }

        let outer = std::mem::replace(&mut self.matrix, job.matrix.clone());
        for step in &job.steps {
            self.step(step);
        }
        self.matrix = outer;
    }

    fn step(&mut self, step: &Step) {
        if step.is_disabled() {
            return;
        }

        if let Some(uses) = &step.uses
            && let ActionRef::Local(path) = ActionRef::parse(&uses.value)
        {
            self.local_action(path, uses.location);
        }

        let Some(code) = &step.run else { return };

        let folder = match &step.working_directory {
            Setting::Set(folder) => join(self.root, &folder.value),
            Setting::Absent => Some(self.root.to_owned()),
            Setting::Unknown(_) => None,
        };
        let Some(folder) = folder else {
            return;
        };

        let mut folders = vec![folder];
        for invocation in code.script().invocations() {
            let origin = code.location(invocation.span());
            self.enter(origin, |follower| {
                follower.invocation(&invocation, &mut folders);
            });
        }
    }

    /// Follows something from a place of the job.
    fn enter(&mut self, origin: Location, follow: impl FnOnce(&mut Self)) {
        if self.depth > MAX_DEPTH {
            self.work.is_open = true;
            return;
        }

        let before = self.origin;
        self.origin = Some(before.unwrap_or(origin));
        self.depth += 1;
        follow(self);
        self.depth -= 1;
        self.origin = before;
    }

    /// Remembers what was found outside of the job.
    fn add(&mut self, evidence: impl IntoIterator<Item = Evidence>) {
        let Some(origin) = self.origin else { return };

        self.work
            .evidence
            .extend(evidence.into_iter().map(|evidence| Evidence {
                location: origin,
                ..evidence
            }));
    }

    /// Whether something is followed for the first time.
    fn is_new(&mut self, path: &str, name: &str) -> bool {
        self.seen.insert((path.to_owned(), name.to_owned()))
    }

    fn call(&mut self, called: Option<&'a Workflow>, origin: Location) {
        let Some(called) = called else {
            self.work.is_open = true;
            return;
        };

        if !self.is_new(self.ctx.facts.path(called.file), "") {
            return;
        }

        self.enter(origin, |follower| {
            for job in called.jobs.iter().filter(|job| !job.is_disabled()) {
                follower.add(job_purposes(job));
                follower.job(called, job);
            }
        });
    }

    fn local_action(&mut self, path: &str, origin: Location) {
        let folder = join(self.root, local_path(path));
        let action = folder.and_then(|folder| {
            ["action.yml", "action.yaml"]
                .iter()
                .find_map(|name| workflow_at(self.ctx, &join(&folder, name)?))
        });

        // What a program or an image does cannot be seen.
        let Some(action) = action.filter(|action| {
            action
                .using
                .as_ref()
                .is_some_and(|using| using.value == "composite")
        }) else {
            self.work.is_open = true;
            return;
        };

        if !self.is_new(self.ctx.facts.path(action.file), "") {
            return;
        }

        self.enter(origin, |follower| {
            for step in action.jobs.iter().flat_map(|job| &job.steps) {
                follower.add(step_purposes(step));
                follower.step(step);
            }
        });
    }

    /// Follows a script of the repository, or a task's commands.
    fn script(&mut self, text: &str, folder: &str) {
        if text.len() > MAX_SCRIPT {
            self.work.is_open = true;
            return;
        }

        let script = shell::parse(text);
        let mut folders = vec![folder.to_owned()];

        for invocation in script.invocations() {
            let Some(location) = self.origin else { return };
            let purposes = command_purposes(&invocation);
            self.add(purposes.into_iter().map(|(purpose, named)| Evidence {
                purpose,
                location,
                named,
                on_runner: matches!(invocation.program, "docker" | "docker-compose"),
            }));

            self.enter(location, |follower| {
                follower.invocation(&invocation, &mut folders);
            });
        }
    }

    /// Follows what a command runs. `folders` are those in which the script may be, the newest
    /// last.
    fn invocation(&mut self, invocation: &Invocation<'_>, folders: &mut Vec<String>) {
        let words: Vec<&str> = invocation.args.iter().map(|word| word.text()).collect();
        if invocation.program == "cd" {
            let to = words.first().and_then(|to| join(folders.last()?, to));
            folders.extend(to);
            return;
        }

        if let Some(nested) = nested_script(invocation.program, &words)
            && invocation.program != "ssh"
        {
            let folder = folders.last().cloned().unwrap_or_default();
            self.script(&nested, &folder);
            return;
        }

        if let Some(call) = TaskCall::of(invocation) {
            self.task(&call, folders);
        } else if let Some(file) = self.script_file(invocation, folders)
            && self.is_new(&file.path, "")
        {
            self.script(&file.text, folders.first().map_or("", String::as_str));
        } else if OPAQUE.contains(&invocation.program) || is_xtask(invocation) {
            self.work.is_open = true;
        }
    }

    /// The shell script of the repository that a command runs.
    fn script_file(
        &self,
        invocation: &Invocation<'_>,
        folders: &[String],
    ) -> Option<&'a SourceFile> {
        let is_shell = invocation.is(&["sh", "bash", "source", ".", "zsh"]);
        let word = if is_shell {
            let plain = invocation
                .args
                .iter()
                .find(|word| !word.text().starts_with('-'));
            plain?.text()
        } else {
            invocation.name.text()
        };

        let is_path = is_shell || word.contains('/');
        if !is_path || word.contains('$') {
            return None;
        }

        folders
            .iter()
            .rev()
            .filter_map(|folder| self.ctx.facts.repository.find(&join(folder, word)?))
            .find(|file| is_shell_script(file))
    }

    fn task(&mut self, call: &TaskCall<'_>, folders: &[String]) {
        let mut found = false;

        for name in &call.names {
            let Some(name) = name else {
                found |= self.named_task(call, None, folders);
                continue;
            };

            for name in self.matrix_values(name) {
                // `bun run scripts/x.ts` runs a file.
                let is_file = call.format == TaskFormat::Manifest && name.contains(['/', '.']);
                found |= is_file || self.named_task(call, Some(&name), folders);
            }
        }

        // A target without a definition may be a file, or come from an included file.
        if !found && call.is_certain {
            self.work.is_open = true;
        }
    }

    /// The values that a name has in the runs of a matrix: those of `os` for `${{ matrix.os }}`.
    fn matrix_values(&self, name: &str) -> Vec<String> {
        let axis = name
            .strip_prefix("${{")
            .and_then(|rest| rest.strip_suffix("}}"))
            .and_then(|expression| expression.trim().strip_prefix("matrix."));
        let axes = self.matrix.iter().flat_map(|matrix| &matrix.axes);

        match axes
            .into_iter()
            .find(|known| Some(known.name.value.as_str()) == axis)
        {
            Some(axis) => axis
                .values
                .iter()
                .map(|value| value.value.clone())
                .collect(),
            None => vec![name.to_owned()],
        }
    }

    /// Follows one task; returns whether its definition was found.
    fn named_task(&mut self, call: &TaskCall<'_>, name: Option<&str>, folders: &[String]) -> bool {
        for folder in folders.iter().rev() {
            let folder = match call.folder {
                Some(inner) => join(folder, inner),
                None => Some(folder.clone()),
            };
            let Some(folder) = folder else { continue };

            for file in task_files(self.ctx, call, &folder) {
                let tasks = self.ctx.tasks(file.id);
                let Some(task) = tasks.and_then(|tasks| tasks.task(name)) else {
                    continue;
                };

                if self.is_new(&file.path, name.unwrap_or_default()) {
                    let inside = match call.format {
                        TaskFormat::Manifest => file.folder(),
                        _ => folder.as_str(),
                    };
                    self.script(&task.script, inside);
                    let needed = TaskCall {
                        names: task.needs.into_iter().map(Some).collect(),
                        is_certain: false,
                        ..*call
                    };
                    self.task(&needed, std::slice::from_ref(&folder));
                }

                if !call.is_everywhere {
                    return true;
                }
            }

            if call.is_everywhere {
                return true;
            }
        }

        false
    }
}

/// Runners of tasks that are written in a language which is not followed.
const OPAQUE: &[&str] = &[
    "tox", "nox", "invoke", "inv", "rake", "mage", "earthly", "dagger", "pants", "buck2", "moon",
    "garden", "fastlane", "ant", "bake", "doit", "scons", "waf", "fab", "thor", "gulp", "grunt",
];

/// A path of the repository in a local reference: `$/x` and `./x` are the same.
fn local_path(path: &str) -> &str {
    path.strip_prefix("$/").unwrap_or(path)
}

fn is_shell_script(file: &SourceFile) -> bool {
    let shebang = file.text.lines().next().unwrap_or_default();

    !file.text.is_empty()
        && (file.name().ends_with(".sh")
            || shebang.starts_with("#!") && shebang.trim_end().ends_with("sh"))
}

/// The files in a folder, or in the whole repository, that may define a task.
fn task_files<'a>(ctx: &Analysis<'a>, call: &TaskCall<'_>, folder: &str) -> Vec<&'a SourceFile> {
    let repository = ctx.facts.repository;
    let paths = call.format.paths().iter();

    if !call.is_everywhere {
        return paths
            .filter_map(|path| repository.find(&join(folder, path)?))
            .collect();
    }

    let mut files: Vec<&SourceFile> = paths
        .flat_map(|name| ctx.files_named(name))
        .map(|file| ctx.facts.source(*file))
        .filter(|file| !file.path.contains("node_modules/"))
        .collect();
    files.sort_by_key(|file| file.id);
    files
}
