//! Jobs of a workflow and their steps.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::action::ActionRef;
use super::evidence::Evidence;
use crate::model::env::EnvVar;
use crate::model::id::Id;
use crate::model::image::{ImageUse, NamedContext};
use crate::model::{Code, Many, Setting};
use crate::source::{Located, Location};

/// A `permissions` key.
#[derive(Debug, Clone)]
pub struct Permissions {
    pub key: Location,
    pub value: Location,
    pub grant: Grant,
}

#[derive(Debug, Clone)]
pub enum Grant {
    ReadAll,
    WriteAll,
    /// Scope and access, as written; none for `{}`.
    Scopes(Vec<(Located<String>, Located<String>)>),
    /// Neither a known word nor a mapping.
    Unknown,
}

/// How a job hands secrets to a reusable workflow.
#[derive(Debug, Clone, Default)]
pub enum Secrets {
    #[default]
    None,
    Inherit(Location),
    Passed(Vec<EnvVar>),
}

/// `strategy.matrix`.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    /// Open where a part of it comes from an expression: there may be more names and values.
    pub axes: Many<Axis>,
}

/// One name of a matrix, with the values of its row and of `include`.
#[derive(Debug, Clone)]
pub struct Axis {
    pub name: Located<String>,
    /// Scalars, those inside of nested values too.
    pub values: Vec<Located<String>>,
}

/// The number of a job in its workflow.
pub type JobId = Id<Job>;

/// A job; of an action, all there is.
#[derive(Debug)]
pub struct Job {
    pub index: JobId,
    pub id: Located<String>,
    pub name: Option<Located<String>>,
    pub needs: Vec<Located<String>>,
    /// `uses:` of a reusable workflow.
    pub uses: Option<Located<String>>,
    /// `with:` of a reusable workflow.
    pub with: Vec<EnvVar>,
    pub secrets: Secrets,
    pub condition: Option<Located<String>>,
    /// Labels of `runs-on`.
    pub runs_on: Vec<Located<String>>,
    pub environment: Setting<String>,
    pub permissions: Option<Permissions>,
    pub concurrency: Setting<String>,
    pub timeout: Setting<String>,
    pub continue_on_error: Setting<bool>,
    /// `defaults.run.shell`.
    pub shell: Setting<String>,
    pub matrix: Option<Matrix>,
    pub outputs: Vec<EnvVar>,
    pub env: Vec<EnvVar>,
    /// `container.credentials` and those of services.
    pub credentials: Vec<EnvVar>,
    pub images: Vec<ImageUse>,
    pub steps: Vec<Step>,
    /// What the job is for, found once: see [`job_purposes`].
    pub(super) purposes: OnceLock<Vec<Evidence>>,
    /// The number of each step by its id in lower case.
    pub(super) by_step_id: OnceLock<HashMap<String, usize>>,
}

/// Index in `steps` and, inside of a `parallel` group, in the group.
pub(super) type StepPosition = (usize, Option<usize>);

/// One step.
#[derive(Debug)]
pub struct Step {
    /// Index in `steps` and, inside of a `parallel` group, in the group.
    pub(super) position: StepPosition,
    /// Its first key.
    pub location: Location,
    pub id: Option<Located<String>>,
    pub name: Option<Located<String>>,
    pub uses: Option<Located<String>>,
    pub run: Option<Code>,
    /// Its own, else its job's or workflow's default.
    pub shell: Setting<String>,
    pub working_directory: Setting<String>,
    pub condition: Option<Located<String>>,
    pub env: Vec<EnvVar>,
    pub with: Vec<EnvVar>,
    /// Literals that commands of `run` are given by name: `-e X=y`, `login -p`, `export X=y`.
    pub arguments: Vec<EnvVar>,
    pub continue_on_error: Setting<bool>,
    pub timeout: Setting<String>,
    /// What the step is for, found once: see [`step_purposes`].
    pub(super) purposes: OnceLock<Vec<Evidence>>,
}

/// An image that a step builds.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageBuild {
    /// The command or the action.
    pub location: Location,
    /// Folder in the repository; `None` for a URL or what cannot be known.
    pub context: Option<Located<String>>,
    /// Path of the Dockerfile in the repository, default applied; `None` if it cannot be known.
    pub dockerfile: Option<Located<String>>,
    pub target: Setting<String>,
    /// References, with `${{ env.X }}` and images of the metadata action filled in; other
    /// expressions stay as written.
    pub tags: Vec<Located<String>>,
    pub named_contexts: Vec<NamedContext>,
    pub pushes: bool,
}

impl Job {
    /// The number of the step of this id; GitHub ignores case.
    pub fn step_index(&self, id: &str) -> Option<usize> {
        self.by_step_id
            .get_or_init(|| first_ids(self.steps.iter().map(|step| step.id.as_ref()).enumerate()))
            .get(&id.to_ascii_lowercase())
            .copied()
    }

    /// Whether `if: false` keeps it from ever running.
    pub fn is_disabled(&self) -> bool {
        never(self.condition.as_ref())
    }
}

impl Step {
    /// A step that does nothing yet.
    pub(super) fn empty(location: Location) -> Self {
        Self {
            position: (0, None),
            location,
            id: None,
            name: None,
            uses: None,
            run: None,
            shell: Setting::Absent,
            working_directory: Setting::Absent,
            condition: None,
            env: Vec::new(),
            with: Vec::new(),
            arguments: Vec::new(),
            continue_on_error: Setting::Absent,
            timeout: Setting::Absent,
            purposes: OnceLock::new(),
        }
    }

    /// Whether `if: false` keeps it from ever running.
    pub fn is_disabled(&self) -> bool {
        never(self.condition.as_ref())
    }

    /// The input of this name; GitHub ignores case.
    pub fn input(&self, name: &str) -> Option<&EnvVar> {
        self.with
            .iter()
            .find(|input| input.name.value.eq_ignore_ascii_case(name))
    }

    /// The literal value of an input.
    pub fn input_text(&self, name: &str) -> Option<&str> {
        self.input(name)?
            .value
            .literal()
            .map(|text| text.value.as_str())
    }

    /// The action it uses.
    pub fn action(&self) -> Option<ActionRef<'_>> {
        self.uses.as_ref().map(|uses| ActionRef::parse(&uses.value))
    }

    /// Whether the step runs this action, any version of it.
    pub fn runs_action(&self, name: &str) -> bool {
        self.action()
            .is_some_and(|action| action.name().eq_ignore_ascii_case(name))
    }
}

/// The first part of each written id, in lower case.
pub(super) fn first_ids<'w, I>(
    ids: impl Iterator<Item = (I, Option<&'w Located<String>>)>,
) -> HashMap<String, I> {
    let mut first = HashMap::new();

    for (part, id) in ids {
        if let Some(id) = id {
            first.entry(id.value.to_ascii_lowercase()).or_insert(part);
        }
    }

    first
}

fn never(condition: Option<&Located<String>>) -> bool {
    condition.is_some_and(|condition| {
        let text = condition.value.trim();
        let text = text
            .strip_prefix("${{")
            .and_then(|rest| rest.strip_suffix("}}"))
            .unwrap_or(text);
        text.trim() == "false"
    })
}
