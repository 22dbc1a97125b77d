//! The parts of a GitLab pipeline as one file writes them: jobs, templates of jobs, defaults.

use std::sync::Arc;

use super::super::definition::Workflow;
use crate::model::Setting;
use crate::model::env::EnvVar;
use crate::source::{FileId, Located, Location, OffsetMap};

/// What one file says, before files are joined.
#[derive(Debug, Default)]
pub struct GitlabFile {
    /// The variables, images and scripts of this file alone, each where it is written: templates
    /// of jobs are jobs here.
    pub written: Workflow,
    pub(super) stages: Option<Vec<Located<String>>>,
    pub(super) includes: Vec<Include>,
    /// `default`, and its older form: keys at the top.
    pub(super) defaults: JobPart,
    /// Whether `workflow: rules` decides when there is a pipeline at all.
    pub(super) is_filtered: bool,
    pub(super) jobs: Vec<(Located<String>, JobPart)>,
}

impl GitlabFile {
    /// The ids of its jobs, without templates of jobs.
    pub fn job_ids(&self) -> impl Iterator<Item = &str> {
        let ids = self.jobs.iter().map(|(id, _)| id.value.as_str());

        ids.filter(|id| !id.starts_with('.'))
    }
}

/// An entry of `include`.
#[derive(Clone, Debug)]
pub(super) enum Include {
    /// A path of the repository; `*` and `**` are wildcards.
    Local(String),
    /// A template that GitLab brings along.
    Template(Located<String>),
    /// Another project, a URL or a component.
    Elsewhere,
}

/// The keys of a job, a template of jobs or `default`. `None` is a key that is not written.
#[derive(Clone, Debug, Default)]
pub(super) struct JobPart {
    pub extends: Vec<String>,
    pub stage: Option<Located<String>>,
    pub before_script: Option<Arc<Vec<ScriptItem>>>,
    pub script: Option<Arc<Vec<ScriptItem>>>,
    pub after_script: Option<Arc<Vec<ScriptItem>>>,
    pub when: Option<Located<String>>,
    pub allow_failure: Option<AllowFailure>,
    pub rules: Option<Arc<Vec<RuleItem>>>,
    pub only: Option<RefFilter>,
    pub except: Option<RefFilter>,
    pub needs: Option<Arc<Vec<Need>>>,
    pub environment: Option<Environment>,
    pub resource_group: Option<Setting<String>>,
    pub timeout: Option<Setting<String>>,
    pub trigger: Option<Arc<Trigger>>,
    pub variables: Arc<Vec<EnvVar>>,
    pub tags: Vec<Located<String>>,
    /// `inherit: default: false`.
    pub ignores_defaults: bool,
}

impl JobPart {
    /// This part, with what it does not write taken from another one.
    pub fn over(mut self, base: &Self) -> Self {
        self.stage = self.stage.or_else(|| base.stage.clone());
        self.when = self.when.or_else(|| base.when.clone());
        self.allow_failure = self.allow_failure.or_else(|| base.allow_failure.clone());
        self.rules = self.rules.or_else(|| base.rules.clone());
        self.only = self.only.or_else(|| base.only.clone());
        self.except = self.except.or_else(|| base.except.clone());
        self.needs = self.needs.or_else(|| base.needs.clone());
        self.environment = self.environment.or_else(|| base.environment.clone());
        self.trigger = self.trigger.or_else(|| base.trigger.clone());
        self.ignores_defaults |= base.ignores_defaults;

        if self.variables.is_empty() {
            self.variables = base.variables.clone();
        }

        self.over_defaults(base)
    }

    /// This part, with what it does not write taken from `default`, which has fewer keys.
    pub fn over_defaults(mut self, base: &Self) -> Self {
        let scripts = [
            (&mut self.before_script, &base.before_script),
            (&mut self.script, &base.script),
            (&mut self.after_script, &base.after_script),
        ];
        for (own, other) in scripts {
            if own.is_none() {
                own.clone_from(other);
            }
        }

        self.resource_group = self.resource_group.or_else(|| base.resource_group.clone());
        self.timeout = self.timeout.or_else(|| base.timeout.clone());

        if self.tags.is_empty() {
            self.tags.clone_from(&base.tags);
        }

        self
    }
}

/// An item of a script.
#[derive(Clone, Debug)]
pub(super) enum ScriptItem {
    Line(ScriptLine),
    /// `!reference [.job, script]`
    Reference(Vec<String>),
}

/// Commands, with the way back to their file.
#[derive(Clone, Debug)]
pub(super) struct ScriptLine {
    pub file: FileId,
    pub location: Location,
    pub text: String,
    pub offsets: OffsetMap,
}

/// An item of `rules`.
#[derive(Clone, Debug)]
pub(super) enum RuleItem {
    Rule(Rule),
    /// `!reference [.job, rules]`
    Reference(Vec<String>),
}

/// When a job is in the pipeline, and how.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub condition: Option<Located<String>>,
    pub when: Option<Located<String>>,
    pub allow_failure: Option<AllowFailure>,
    /// `changes` or `exists`.
    pub has_paths: bool,
}

#[derive(Clone, Debug)]
pub(super) enum AllowFailure {
    Flag(Setting<bool>),
    /// Only of these statuses of the script.
    ExitCodes(Vec<Located<String>>),
}

/// `only` or `except`.
#[derive(Clone, Debug, Default)]
pub(super) struct RefFilter {
    pub refs: Vec<Located<String>>,
    /// `variables`, `changes` or `kubernetes`.
    pub has_others: bool,
}

/// An entry of `needs`.
#[derive(Clone, Debug)]
pub(super) enum Need {
    Job(String),
    /// A job of another pipeline, or a reference.
    Elsewhere,
}

#[derive(Clone, Debug)]
pub(super) struct Environment {
    pub name: Setting<String>,
    /// Whether the job deploys to it, rather than stops, prepares or checks it.
    pub deploys: bool,
}

/// What a job triggers.
#[derive(Clone, Debug, Default)]
pub(super) struct Trigger {
    /// Files of the repository that make a child pipeline.
    pub files: Vec<String>,
    /// Whether a part of what it triggers is not in the repository.
    pub is_open: bool,
    /// `strategy: depend`: whether the job fails if the pipeline fails.
    pub depends: bool,
}
