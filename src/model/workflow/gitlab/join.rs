//! Joins the files of GitLab pipelines.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::lower::{pipeline_job, script_steps};
use super::part::{
    AllowFailure, GitlabFile, Include, JobPart, Need, RefFilter, Rule, RuleItem, ScriptItem,
    ScriptLine,
};
use super::pipeline::{
    BranchFilter, GitlabJob, GitlabPipeline, PipelineId, Start, Tolerance, Waits,
};
use super::template::template_work;
use crate::model::id::IdVec;
use crate::model::workflow::definition::Workflow;
use crate::model::workflow::evidence::Evidence;
use crate::model::workflow::jobs::{Job, JobId};
use crate::model::{Many, Setting};
use crate::source::{FileId, Located, Repository, SourceFile, file_name, join as join_path};

/// The name of the file that a pipeline begins with.
const ROOT_NAME: &str = ".gitlab-ci.yml";

/// How many files a pipeline may have; GitLab allows 150.
const MAX_FILES: usize = 150;

/// How many pipelines a repository may have, children included.
const MAX_PIPELINES: usize = 50;

/// How many jobs of a pipeline are joined. What is beyond is unknown.
const MAX_JOBS: usize = 1000;

/// How many bytes of scripts the jobs of a pipeline may have together, `extends` applied.
const MAX_SCRIPTS: usize = 2 << 20;

/// How deep `!reference` is followed; GitLab allows ten levels.
const MAX_DEPTH: u32 = 10;

/// How many items of scripts and rules are read for a pipeline, references included.
const MAX_ITEMS: u32 = 200_000;

/// The pipelines of a repository: that of each root, and those that their jobs start.
pub fn join<'f>(
    repository: Repository<'_>,
    file_of: &dyn Fn(FileId) -> Option<&'f GitlabFile>,
) -> IdVec<GitlabPipeline> {
    let mut roots: Vec<&SourceFile> = repository.find(ROOT_NAME).into_iter().collect();
    if roots.is_empty() {
        let files = repository.files().iter();
        roots = files
            .filter(|file| file_name(&file.path) == ROOT_NAME)
            .collect();
    }

    let mut pipelines: IdVec<GitlabPipeline> = IdVec::default();

    for root in roots {
        let joiner = Joiner {
            repository,
            file_of,
            folder: root.folder(),
        };
        let Some(pipeline) = joiner.pipeline(&[root.id], None) else {
            continue;
        };

        let id = pipelines.push(pipeline.pipeline);
        joiner.add_children(id, pipeline.children, &mut pipelines);
    }

    pipelines
}

struct Joiner<'a, 'f> {
    repository: Repository<'a>,
    file_of: &'a dyn Fn(FileId) -> Option<&'f GitlabFile>,
    /// The folder to which paths are relative.
    folder: &'a str,
}

/// A pipeline, and the files of the children that its jobs start.
struct Joined {
    pipeline: GitlabPipeline,
    children: Vec<(JobId, Vec<String>)>,
}

impl<'f> Joiner<'_, 'f> {
    /// Adds the children of a pipeline, and theirs.
    fn add_children(
        &self,
        parent: PipelineId,
        children: Vec<(JobId, Vec<String>)>,
        pipelines: &mut IdVec<GitlabPipeline>,
    ) {
        let mut open: Vec<(PipelineId, JobId, Vec<String>)> = children
            .into_iter()
            .map(|(job, files)| (parent, job, files))
            .collect();

        while let Some((parent, job, paths)) = open.pop() {
            let files: Vec<FileId> = paths.iter().flat_map(|path| self.files(path)).collect();
            let is_whole = files.len() >= paths.len() && pipelines.len() < MAX_PIPELINES;
            let child = if is_whole {
                self.pipeline(&files, Some((parent, job)))
            } else {
                None
            };

            let Some(child) = child else {
                pipelines[parent].jobs[job].is_open = true;
                continue;
            };

            let id = pipelines.push(child.pipeline);
            pipelines[parent].jobs[job].child = Some(id);
            open.extend(
                child
                    .children
                    .into_iter()
                    .map(|(job, files)| (id, job, files)),
            );
        }
    }

    /// The files that a path of `include: local` names.
    fn files(&self, path: &str) -> Vec<FileId> {
        let Some(path) = join_path(self.folder, path) else {
            return Vec::new();
        };

        if !path.contains('*') {
            let file = self.repository.find(&path);
            return file.map(|file| file.id).into_iter().collect();
        }

        let fixed = path.split('*').next().unwrap_or_default();
        let folder = fixed.rsplit_once('/').map_or("", |(folder, _)| folder);

        self.repository
            .below(folder)
            .iter()
            .filter(|file| is_match(&path, &file.path))
            .take(MAX_FILES)
            .map(|file| file.id)
            .collect()
    }

    fn pipeline(&self, roots: &[FileId], parent: Option<(PipelineId, JobId)>) -> Option<Joined> {
        let mut parts = Parts::default();
        for &root in roots {
            self.add_file(root, &mut parts);
        }

        let first = (self.file_of)(*roots.first()?)?;
        let mut workflow = Workflow {
            file: first.written.file,
            location: first.written.location,
            env: first.written.env.clone(),
            ..Workflow::default()
        };

        parts.is_whole &= parts.jobs.len() <= MAX_JOBS;
        let resolver = Resolver::of(&parts);
        let visible = parts
            .jobs
            .iter()
            .take(MAX_JOBS)
            .filter(|(id, _)| !id.value.starts_with('.'));

        let mut merged = IdVec::default();
        let mut jobs = IdVec::default();
        let mut scripts = 0;

        for (id, part) in visible {
            let (resolved, is_known) = resolver.extended(part);
            let resolved = if resolved.ignores_defaults {
                resolved
            } else {
                resolved.over_defaults(&parts.defaults)
            };
            let Some((start, tolerance)) = resolver.start(&resolved) else {
                continue;
            };

            let mut job = pipeline_job(id.clone());
            job.index = JobId::new(workflow.jobs.len());
            let (first_after, is_whole) = resolver.add_steps(&resolved, &mut job, &mut scripts);
            fill_job(&resolved, &mut job);

            let trigger = resolved.trigger.as_deref();
            jobs.push(GitlabJob {
                start,
                tolerance,
                waits: Waits::Unknown,
                branches: resolver.branches(&resolved),
                first_after,
                is_open: !is_known || !is_whole || trigger.is_some_and(|trigger| trigger.is_open),
                depends_on_child: trigger.is_some_and(|trigger| trigger.depends),
                child: None,
            });
            workflow.jobs.push(job);
            merged.push(resolved);
        }

        add_waits(&parts, &merged, &workflow, &mut jobs);

        let children = merged
            .ids()
            .filter_map(|job| {
                let files = &merged[job].trigger.as_ref()?.files;
                (!files.is_empty()).then(|| (job, files.clone()))
            })
            .collect();

        Some(Joined {
            pipeline: GitlabPipeline {
                workflow,
                jobs,
                files: parts.files,
                template_work: parts.template_work,
                is_whole: parts.is_whole,
                is_filtered: parts.is_filtered,
                parent,
            },
            children,
        })
    }

    /// Adds what a file includes, then the file itself, which replaces keys of what it includes.
    fn add_file(&self, id: FileId, parts: &mut Parts<'f>) {
        if !parts.seen.insert(id) {
            return;
        }

        if parts.seen.len() > MAX_FILES {
            parts.is_whole = false;
            return;
        }

        let Some(file) = (self.file_of)(id) else {
            parts.is_whole = false;
            return;
        };

        for include in &file.includes {
            parts.includes += 1;
            if parts.includes > MAX_FILES {
                parts.is_whole = false;
                break;
            }

            match include {
                Include::Local(path) => {
                    let files = self.files(path);
                    parts.is_whole &= !files.is_empty();
                    for included in files {
                        self.add_file(included, parts);
                    }
                }
                Include::Template(template) => match template_work(template) {
                    Some(work) => {
                        parts.template_work.extend(work.evidence);
                        parts.is_filtered |= work.filters;
                    }
                    None => parts.is_whole = false,
                },
                Include::Elsewhere => parts.is_whole = false,
            }
        }

        parts.files.push(id);
        if let Some(stages) = &file.stages {
            parts.stages = Some(stages);
        }
        parts.is_filtered |= file.is_filtered;
        parts.defaults = file.defaults.clone().over_defaults(&parts.defaults);

        for (id, part) in &file.jobs {
            match parts.by_id.get(id.value.as_str()) {
                Some(&number) => {
                    let known = &mut parts.jobs[number];
                    known.1 = part.clone().over(&known.1);
                    known.0 = id.clone();
                }
                None => {
                    parts.by_id.insert(&id.value, parts.jobs.len());
                    parts.jobs.push((id.clone(), part.clone()));
                }
            }
        }
    }
}

/// Whether a path fits a pattern in which `*` stands for a part of a name and `**` for any path.
fn is_match(pattern: &str, path: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('*') else {
        return pattern == path;
    };

    let Some(path) = path.strip_prefix(before) else {
        return false;
    };

    // Only the end of the pattern is compared: patterns have one wildcard, or end in a name.
    let is_deep = rest.contains('*');
    let end = rest.rsplit('*').next().unwrap_or_default();

    path.len() >= end.len()
        && path.ends_with(end)
        && (is_deep || !path[..path.len() - end.len()].contains('/'))
}

/// What the files of a pipeline say together.
struct Parts<'f> {
    seen: HashSet<FileId>,
    files: Vec<FileId>,
    stages: Option<&'f Vec<Located<String>>>,
    defaults: JobPart,
    jobs: Vec<(Located<String>, JobPart)>,
    by_id: HashMap<&'f str, usize>,
    template_work: Vec<Evidence>,
    /// How many entries of `include` were followed.
    includes: usize,
    is_whole: bool,
    is_filtered: bool,
}

impl Default for Parts<'_> {
    fn default() -> Self {
        Self {
            seen: HashSet::new(),
            files: Vec::new(),
            stages: None,
            defaults: JobPart::default(),
            jobs: Vec::new(),
            by_id: HashMap::new(),
            template_work: Vec::new(),
            includes: 0,
            is_whole: true,
            is_filtered: false,
        }
    }
}

/// Answers what `extends` and `!reference` lead to.
struct Resolver<'p> {
    jobs: &'p [(Located<String>, JobPart)],
    by_id: &'p HashMap<&'p str, usize>,
    /// Parts with what they extend, by their numbers; `None` while one is being resolved.
    extended: RefCell<HashMap<usize, Option<(JobPart, bool)>>>,
    /// How many more items are read.
    items: Cell<u32>,
}

impl<'p> Resolver<'p> {
    fn of(parts: &'p Parts<'_>) -> Self {
        Self {
            jobs: &parts.jobs,
            by_id: &parts.by_id,
            extended: RefCell::default(),
            items: Cell::new(MAX_ITEMS),
        }
    }

    /// The part of an id with what it extends, and whether all of that is known. `None` if there
    /// is no such part, or it extends itself.
    fn part(&self, id: &str) -> Option<(JobPart, bool)> {
        let number = *self.by_id.get(id)?;
        let known = self.extended.borrow().get(&number).cloned();
        if let Some(known) = known {
            return known;
        }

        self.extended.borrow_mut().insert(number, None);
        let extended = self.extended(&self.jobs[number].1);
        self.extended
            .borrow_mut()
            .insert(number, Some(extended.clone()));

        Some(extended)
    }

    /// A part with what it extends, and whether all of that is known. Of several parents, the last
    /// one wins.
    fn extended(&self, part: &JobPart) -> (JobPart, bool) {
        let mut merged = part.clone();
        let mut is_known = true;

        for id in part.extends.iter().rev() {
            match self.part(id) {
                Some((parent, is_parent_known)) => {
                    merged = merged.over(&parent);
                    is_known &= is_parent_known;
                }
                None => is_known = false,
            }
        }

        (merged, is_known)
    }

    /// Whether one more item is read.
    fn takes_item(&self) -> bool {
        let left = self.items.get();
        self.items.set(left.saturating_sub(1));

        left > 0
    }

    /// Adds the steps of a job. Returns the number of the first one after the script, and whether
    /// all are known.
    fn add_steps(&self, part: &JobPart, job: &mut Job, total: &mut usize) -> (usize, bool) {
        let mut is_whole = true;
        let mut lines = Vec::new();
        let before = part.before_script.iter().chain(&part.script);
        for script in before {
            is_whole &= self.add_lines(script, MAX_DEPTH, total, &mut lines);
        }
        job.steps = script_steps(&lines);

        let first_after = job.steps.len();
        let mut after = Vec::new();
        if let Some(script) = &part.after_script {
            is_whole &= self.add_lines(script, MAX_DEPTH, total, &mut after);
        }
        job.steps.extend(script_steps(&after));

        (first_after, is_whole)
    }

    /// Adds the lines of a script; returns whether all are known.
    fn add_lines(
        &self,
        script: &Arc<Vec<ScriptItem>>,
        depth: u32,
        total: &mut usize,
        lines: &mut Vec<ScriptLine>,
    ) -> bool {
        let mut is_whole = true;

        for item in script.iter() {
            if !self.takes_item() {
                return false;
            }

            match item {
                ScriptItem::Line(line) if *total + line.text.len() <= MAX_SCRIPTS => {
                    *total += line.text.len();
                    lines.push(line.clone());
                }
                ScriptItem::Line(_) => is_whole = false,
                ScriptItem::Reference(path) => {
                    is_whole &= depth > 0
                        && self
                            .referenced_script(path)
                            .is_some_and(|script| self.add_lines(&script, depth - 1, total, lines));
                }
            }
        }

        is_whole
    }

    fn referenced_script(&self, path: &[String]) -> Option<Arc<Vec<ScriptItem>>> {
        let [id, key] = path else { return None };
        let (part, _) = self.part(id)?;

        match key.as_str() {
            "before_script" => part.before_script,
            "script" => part.script,
            "after_script" => part.after_script,
            _ => None,
        }
    }

    /// The rules of a job, and whether all are known.
    fn rules(&self, items: &[RuleItem], depth: u32) -> (Vec<Rule>, bool) {
        let mut rules = Vec::new();
        let mut is_whole = true;

        for item in items {
            if !self.takes_item() {
                return (rules, false);
            }

            match item {
                RuleItem::Rule(rule) => rules.push(rule.clone()),
                RuleItem::Reference(path) => {
                    let referenced = match path.as_slice() {
                        [id, key] if key == "rules" && depth > 0 => self.part(id),
                        _ => None,
                    };
                    match referenced.and_then(|(part, _)| part.rules) {
                        Some(items) => {
                            let (found, is_known) = self.rules(&items, depth - 1);
                            rules.extend(found);
                            is_whole &= is_known;
                        }
                        None => is_whole = false,
                    }
                }
            }
        }

        (rules, is_whole)
    }

    /// When a job starts, and whether it may fail; `None` if it is never in the pipeline.
    fn start(&self, part: &JobPart) -> Option<(Start, Tolerance)> {
        let job_when = part.when.as_ref();
        let own = part.allow_failure.as_ref();

        let Some(items) = &part.rules else {
            if is_when(job_when, "never") {
                return None;
            }

            let tolerance = match own {
                Some(allowed) => tolerance(allowed),
                None if is_when(job_when, "manual") => Tolerance::Optional,
                None => Tolerance::Stops,
            };

            return Some((start_of(job_when), tolerance));
        };

        let (rules, is_whole) = self.rules(items, MAX_DEPTH);
        let active: Vec<(Start, Tolerance)> = rules
            .iter()
            .map(|rule| (rule, rule.when.as_ref().or(job_when)))
            .filter(|(_, when)| !is_when(*when, "never"))
            .map(|(rule, when)| {
                let allowed = rule.allow_failure.as_ref().or(own);
                (start_of(when), allowed.map_or(Tolerance::Stops, tolerance))
            })
            .collect();
        if active.is_empty() {
            return (!is_whole).then_some((Start::Unknown, Tolerance::Unknown));
        }

        let starts = || active.iter().map(|(start, _)| *start);
        let start = starts()
            .find(|start| matches!(start, Start::Always(_)))
            .or_else(|| starts().find(|start| *start == Start::OnSuccess))
            .unwrap_or(active[0].0);

        // The rules may be for different pipelines: what holds for one of them is not a habit.
        let stopping = active
            .iter()
            .map(|(_, tolerance)| tolerance)
            .find(|tolerance| !matches!(tolerance, Tolerance::Continues(_)));
        let tolerance = stopping.unwrap_or(&active[0].1).clone();

        Some(if is_whole {
            (start, tolerance)
        } else {
            (Start::Unknown, Tolerance::Unknown)
        })
    }

    /// The branches whose pushes the job runs for by itself.
    fn branches(&self, part: &JobPart) -> BranchFilter {
        if let Some(items) = &part.rules {
            let (rules, is_whole) = self.rules(items, MAX_DEPTH);
            let is_any = is_whole
                && rules
                    .iter()
                    .map(|rule| (rule, rule.when.as_ref().or(part.when.as_ref())))
                    .take_while(|(rule, when)| {
                        // What excludes pipelines before may exclude branches.
                        !is_when(*when, "never") || !names_branches(rule)
                    })
                    .filter(|(_, when)| !is_when(*when, "never") && !is_when(*when, "manual"))
                    .any(|(rule, _)| holds_for_all_branches(rule));

            return if is_any {
                BranchFilter::Any
            } else {
                BranchFilter::Some
            };
        }

        let narrows = |filter: &RefFilter, every: &[&str]| {
            filter.has_others
                || !filter
                    .refs
                    .iter()
                    .any(|name| every.contains(&name.value.as_str()))
        };
        let is_narrow = part
            .only
            .as_ref()
            .is_some_and(|only| narrows(only, &["branches", "pushes"]))
            || part.except.as_ref().is_some_and(|except| {
                except.has_others
                    || !except
                        .refs
                        .iter()
                        .all(|name| is_kind_of_pipeline(&name.value))
            });

        if is_narrow {
            BranchFilter::Some
        } else {
            BranchFilter::Any
        }
    }
}

/// Whether a word of `except` leaves all branches: it is about pipelines that are not for one.
fn is_kind_of_pipeline(word: &str) -> bool {
    matches!(
        word,
        "tags" | "merge_requests" | "schedules" | "triggers" | "web" | "api" | "external"
    )
}

fn names_branches(rule: &Rule) -> bool {
    rule.condition.as_ref().is_none_or(|condition| {
        let text = &condition.value;
        !text.contains("CI_PIPELINE_SOURCE") && !text.contains("CI_COMMIT_TAG")
    })
}

/// Whether a rule holds for pushes to every branch.
fn holds_for_all_branches(rule: &Rule) -> bool {
    if rule.has_paths {
        return false;
    }

    let Some(condition) = &rule.condition else {
        return true;
    };

    let condition: String = condition
        .value
        .chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '(' | ')'))
        .collect();

    matches!(
        condition.replace('\'', "\"").as_str(),
        "$CI_COMMIT_BRANCH"
            | "$CI_COMMIT_BRANCH!=null"
            | "$CI_PIPELINE_SOURCE==\"push\""
            | "$CI_COMMIT_REF_NAME"
            | "$CI_COMMIT_BRANCH=~/.*/"
    )
}

fn is_when(when: Option<&Located<String>>, word: &str) -> bool {
    when.is_some_and(|when| when.value == word)
}

fn start_of(when: Option<&Located<String>>) -> Start {
    match when {
        None => Start::OnSuccess,
        Some(when) => match when.value.as_str() {
            "on_success" | "delayed" => Start::OnSuccess,
            "always" => Start::Always(when.location),
            "on_failure" => Start::OnFailure,
            "manual" => Start::Manual,
            _ => Start::Unknown,
        },
    }
}

fn tolerance(allowed: &AllowFailure) -> Tolerance {
    match allowed {
        AllowFailure::Flag(Setting::Set(flag)) if flag.value => Tolerance::Continues(flag.location),
        AllowFailure::Flag(Setting::Unknown(_)) => Tolerance::Unknown,
        AllowFailure::Flag(_) => Tolerance::Stops,
        AllowFailure::ExitCodes(codes) => Tolerance::ExitCodes(codes.clone()),
    }
}

/// What every job has.
fn fill_job(part: &JobPart, job: &mut Job) {
    // A stage that a job names says what the job is for.
    job.name.clone_from(&part.stage);
    job.runs_on.clone_from(&part.tags);
    job.env = part.variables.to_vec();
    job.timeout = part.timeout.clone().unwrap_or_default();
    job.concurrency = part.resource_group.clone().unwrap_or_default();

    if let Some(environment) = &part.environment {
        job.environment = if environment.deploys {
            environment.name.clone()
        } else {
            Setting::Absent
        };
    }
}

/// Adds the jobs that each job waits for.
fn add_waits(
    parts: &Parts<'_>,
    merged: &IdVec<Job, JobPart>,
    workflow: &Workflow,
    jobs: &mut IdVec<Job, GitlabJob>,
) {
    let ids: HashMap<&str, JobId> = workflow
        .jobs
        .iter()
        .map(|job| (job.id.value.as_str(), job.index))
        .collect();
    let stages: IdVec<Job, Option<usize>> = merged
        .iter()
        .map(|part| stage_number(parts, part.stage.as_ref()))
        .collect();

    // The jobs in the order of their stages: those before a stage are a prefix of them.
    let mut by_stage: Vec<JobId> = jobs.ids().filter(|&job| stages[job].is_some()).collect();
    by_stage.sort_by_key(|&job| stages[job]);

    for id in jobs.ids() {
        jobs[id].waits = match (&merged[id].needs, stages[id]) {
            (Some(needs), _) => {
                let mut waited = Many::default();

                for need in needs.iter() {
                    match need {
                        Need::Job(name) => match ids.get(name.as_str()) {
                            Some(&needed) => waited.push(needed),
                            None if parts.by_id.contains_key(name.as_str()) => {}
                            None => waited.open(),
                        },
                        Need::Elsewhere => waited.open(),
                    }
                }

                Waits::Needs(waited)
            }
            (None, Some(stage)) => {
                let end = by_stage.partition_point(|&other| stages[other] < Some(stage));
                Waits::Stages(by_stage[..end].to_vec())
            }
            (None, None) => Waits::Unknown,
        };
    }
}

/// The number of a stage in the order of the pipeline.
fn stage_number(parts: &Parts<'_>, stage: Option<&Located<String>>) -> Option<usize> {
    let stage = stage.map_or("test", |stage| stage.value.as_str());

    match stage {
        ".pre" => return Some(0),
        ".post" => return Some(usize::MAX),
        _ => {}
    }

    let position = match parts.stages {
        Some(stages) => stages.iter().position(|known| known.value == stage),
        None => ["build", "test", "deploy"]
            .iter()
            .position(|known| *known == stage),
    };

    position.map(|position| position + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::workflow::gitlab::gitlab_file;
    use crate::syntax::yaml::Tree;

    /// The pipelines of some files, sorted by path.
    fn pipelines(files: &[(&str, &str)]) -> Vec<GitlabPipeline> {
        let sources: Vec<SourceFile> = files
            .iter()
            .enumerate()
            .map(|(index, (path, text))| SourceFile::new(FileId(index as u32), *path, *text))
            .collect();
        let lowered: Vec<GitlabFile> = sources
            .iter()
            .map(|source| gitlab_file(&Tree::parse(source.id, &source.text).tree, source))
            .collect();

        join(Repository::new(&sources), &|id| lowered.get(id.0 as usize))
            .into_iter()
            .collect()
    }

    fn scripts(pipeline: &GitlabPipeline, job: usize) -> Vec<&str> {
        pipeline.workflow.jobs[JobId::new(job)]
            .steps
            .iter()
            .flat_map(|step| step.run.as_ref().map(|code| code.text.trim_end()))
            .collect()
    }

    #[test]
    fn files_are_included_and_extended() {
        let pipelines = pipelines(&[
            (
                ".gitlab-ci.yml",
                "include: ['ci/*.yml']\nstages: [a, b]\nx:\n  extends: [.one, .two]\n  stage: b\n  \
                 script:\n    - !reference [.one, script]\n    - run\n",
            ),
            (
                "ci/base.yml",
                ".one: {before_script: [first], script: [one], when: always}\n.two:\n  when: \
                 manual\ny: {stage: a, script: [why]}\n",
            ),
        ]);
        let pipeline = &pipelines[0];
        assert!(pipeline.is_whole);
        assert_eq!(pipeline.files.len(), 2);
        assert_eq!(pipeline.workflow.jobs[JobId::new(1)].id.value, "x");
        assert_eq!(scripts(pipeline, 1), ["first\none", "run"]);
        assert_eq!(pipeline.jobs[JobId::new(1)].start, Start::Manual);
        assert_eq!(
            pipeline.jobs[JobId::new(1)].waits,
            Waits::Stages(vec![JobId::new(0)])
        );
    }

    #[test]
    fn what_is_elsewhere_is_unknown() {
        for text in [
            "include: https://example.com/ci.yml\nx: {script: [a]}\n",
            "include: [{project: a/b, file: c.yml}]\nx: {script: [a]}\n",
            "include: missing.yml\nx: {script: [a]}\n",
            "include: [{template: Some/New.gitlab-ci.yml}]\nx: {script: [a]}\n",
            "include: .gitlab-$NAME.yml\nx: {script: [a]}\n",
        ] {
            assert!(
                !pipelines(&[(".gitlab-ci.yml", text)])[0].is_whole,
                "{text}"
            );
        }

        for text in [
            "x: {extends: .missing, script: [a]}\n",
            "x: {script: [!reference [.missing, script]]}\n",
            "x: {extends: x, script: [a]}\n",
            "x: {trigger: other/project}\n",
            "x: {trigger: {include: [{artifact: a.yml, job: b}]}}\n",
        ] {
            assert!(
                pipelines(&[(".gitlab-ci.yml", text)])[0].jobs[JobId::new(0)].is_open,
                "{text}"
            );
        }
    }

    #[test]
    fn circles_end() {
        let text = ".a: {extends: .b, script: [!reference [.b, script]]}\n.b: {extends: .a, script: \
                    [!reference [.a, script]]}\nx: {extends: .a}\n";
        let child = "include: .gitlab-ci.yml\nz: {trigger: {include: child.yml}}\n";
        let found = pipelines(&[(".gitlab-ci.yml", text), ("child.yml", child)]);
        assert_eq!(found.len(), 1);

        let text = "z: {trigger: {include: child.yml}}\n";
        let found = pipelines(&[(".gitlab-ci.yml", text), ("child.yml", child)]);
        assert!(found.len() <= MAX_PIPELINES);
    }

    #[test]
    fn when_and_rules_decide_how_a_job_starts() {
        let job = |text: &str| {
            let text = format!("x:\n  script: [a]\n  {text}\n");
            let mut found = pipelines(&[(".gitlab-ci.yml", &text)]);
            found.remove(0).jobs.into_iter().next()
        };

        assert!(job("when: never").is_none());
        assert!(job("rules: [{when: never}]").is_none());
        assert!(job("rules: [{if: $A, when: never}, {when: manual}]").is_some());
        assert!(matches!(
            job("rules: [{if: $A}, {if: $B, when: always}]").map(|job| job.start),
            Some(Start::Always(_))
        ));
        assert_eq!(
            job("when: delayed").map(|job| job.start),
            Some(Start::OnSuccess)
        );
        assert_eq!(
            job("when: manual").map(|job| job.tolerance),
            Some(Tolerance::Optional)
        );
        assert_eq!(
            job("rules: [{if: $A, allow_failure: true}, {if: $B}]").map(|job| job.tolerance),
            Some(Tolerance::Stops)
        );
        assert_eq!(
            job("rules: [!reference [.z, rules]]").map(|job| job.start),
            Some(Start::Unknown)
        );
    }
}
