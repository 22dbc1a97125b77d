//! The shape of a workflow and of an action as a table. Structure only; `values` checks the content
//! of values.

/// The values that a key accepts.
#[derive(Clone, Copy, Debug)]
pub enum ValueShape {
    Any,
    /// A scalar of any type.
    Text,
    Bool,
    Number,
    /// A mapping whose keys are the user's own.
    Map(&'static ValueShape),
    /// A mapping whose keys are GitHub's.
    Mapping(&'static MappingShape),
    List(&'static ValueShape),
    /// One of them, or a list.
    Many(&'static ValueShape),
    /// A scalar, or this.
    Or(&'static ValueShape),
    /// A scalar, a list of scalars, or this.
    ManyOr(&'static ValueShape),
    /// Nothing, or this.
    Maybe(&'static ValueShape),
    Step,
    Job,
    Permissions,
}

/// A mapping whose keys are GitHub's.
#[derive(Debug)]
pub struct MappingShape {
    /// The name in messages: `a step`.
    pub name: &'static str,
    pub keys: &'static [(&'static str, ValueShape)],
    pub required: &'static [&'static str],
}

impl MappingShape {
    /// The key as the table writes it. Writers of YAML 1.1 write `on` back as `true`.
    pub fn canonical_key<'k>(&self, key: &'k str) -> &'k str {
        if key == "true" && self.required.contains(&"on") {
            "on"
        } else {
            key
        }
    }
}

/// A string that may be left empty.
const MAYBE_TEXT: ValueShape = ValueShape::Maybe(&ValueShape::Text);

pub static WORKFLOW: MappingShape = MappingShape {
    name: "a workflow",
    keys: &[
        ("name", MAYBE_TEXT),
        ("run-name", ValueShape::Text),
        // `events` checks its value.
        ("on", ValueShape::Any),
        ("permissions", ValueShape::Permissions),
        ("env", ENV),
        ("defaults", ValueShape::Mapping(&DEFAULTS)),
        (
            "concurrency",
            ValueShape::Or(&ValueShape::Mapping(&CONCURRENCY)),
        ),
        ("cache-mode", ValueShape::Text),
        ("jobs", ValueShape::Map(&ValueShape::Job)),
    ],
    required: &["on", "jobs"],
};

const ENV: ValueShape = ValueShape::Maybe(&ValueShape::Map(&ValueShape::Text));

static DEFAULTS: MappingShape = MappingShape {
    name: "`defaults`",
    keys: &[("run", ValueShape::Mapping(&DEFAULTS_RUN))],
    required: &[],
};

static DEFAULTS_RUN: MappingShape = MappingShape {
    name: "`defaults.run`",
    keys: &[
        ("shell", ValueShape::Text),
        ("working-directory", ValueShape::Text),
    ],
    required: &[],
};

static CONCURRENCY: MappingShape = MappingShape {
    name: "`concurrency`",
    keys: &[
        ("group", ValueShape::Text),
        ("cancel-in-progress", ValueShape::Bool),
        ("queue", ValueShape::Text),
    ],
    required: &["group"],
};

static ENVIRONMENT: MappingShape = MappingShape {
    name: "`environment`",
    keys: &[
        ("name", MAYBE_TEXT),
        ("url", ValueShape::Text),
        ("deployment", ValueShape::Bool),
    ],
    required: &["name"],
};

static CONTAINER: MappingShape = MappingShape {
    name: "a container",
    keys: &[
        ("image", ValueShape::Text),
        ("credentials", ValueShape::Mapping(&CREDENTIALS)),
        ("env", ENV),
        ("ports", ValueShape::List(&ValueShape::Text)),
        ("volumes", ValueShape::List(&ValueShape::Text)),
        ("options", ValueShape::Text),
        ("command", ValueShape::Text),
        ("entrypoint", ValueShape::Text),
    ],
    required: &["image"],
};

static CREDENTIALS: MappingShape = MappingShape {
    name: "`credentials`",
    keys: &[
        ("username", ValueShape::Text),
        ("password", ValueShape::Text),
    ],
    required: &["username", "password"],
};

static STRATEGY: MappingShape = MappingShape {
    name: "`strategy`",
    keys: &[
        ("matrix", ValueShape::Any),
        ("fail-fast", ValueShape::Bool),
        ("max-parallel", ValueShape::Number),
    ],
    required: &[],
};

const STRATEGY_OR_NOTHING: ValueShape = ValueShape::Maybe(&ValueShape::Mapping(&STRATEGY));

static RUNNER: MappingShape = MappingShape {
    name: "`runs-on`",
    keys: &[
        ("group", ValueShape::Text),
        ("labels", ValueShape::Many(&ValueShape::Text)),
    ],
    required: &[],
};

static SNAPSHOT: MappingShape = MappingShape {
    name: "`snapshot`",
    keys: &[
        ("image-name", ValueShape::Text),
        ("version", ValueShape::Text),
        ("if", MAYBE_TEXT),
    ],
    required: &["image-name"],
};

pub static JOB: MappingShape = MappingShape {
    name: "a job",
    keys: &[
        ("name", MAYBE_TEXT),
        ("needs", ValueShape::Many(&ValueShape::Text)),
        ("permissions", ValueShape::Permissions),
        ("if", MAYBE_TEXT),
        ("runs-on", ValueShape::ManyOr(&ValueShape::Mapping(&RUNNER))),
        ("snapshot", ValueShape::Or(&ValueShape::Mapping(&SNAPSHOT))),
        (
            "environment",
            ValueShape::Or(&ValueShape::Mapping(&ENVIRONMENT)),
        ),
        (
            "concurrency",
            ValueShape::Or(&ValueShape::Mapping(&CONCURRENCY)),
        ),
        ("cache-mode", ValueShape::Text),
        ("outputs", ValueShape::Map(&ValueShape::Text)),
        ("env", ENV),
        ("defaults", ValueShape::Mapping(&DEFAULTS)),
        ("timeout-minutes", ValueShape::Number),
        ("strategy", STRATEGY_OR_NOTHING),
        ("continue-on-error", ValueShape::Bool),
        (
            "container",
            ValueShape::Or(&ValueShape::Maybe(&ValueShape::Mapping(&CONTAINER))),
        ),
        (
            "services",
            ValueShape::Maybe(&ValueShape::Map(&ValueShape::Or(&ValueShape::Mapping(
                &CONTAINER,
            )))),
        ),
        ("steps", ValueShape::List(&ValueShape::Step)),
    ],
    required: &["runs-on", "steps"],
};

pub static CALL: MappingShape = MappingShape {
    name: "a job that calls a reusable workflow",
    keys: &[
        ("name", MAYBE_TEXT),
        ("needs", ValueShape::Many(&ValueShape::Text)),
        ("permissions", ValueShape::Permissions),
        ("if", MAYBE_TEXT),
        ("uses", ValueShape::Text),
        ("with", ValueShape::Map(&ValueShape::Text)),
        (
            "secrets",
            ValueShape::Or(&ValueShape::Map(&ValueShape::Text)),
        ),
        ("strategy", STRATEGY_OR_NOTHING),
        (
            "concurrency",
            ValueShape::Or(&ValueShape::Mapping(&CONCURRENCY)),
        ),
        ("cache-mode", ValueShape::Text),
    ],
    required: &["uses"],
};

pub static STEP: MappingShape = MappingShape {
    name: "a step",
    keys: &[
        ("id", ValueShape::Text),
        ("if", MAYBE_TEXT),
        ("name", MAYBE_TEXT),
        ("uses", ValueShape::Text),
        ("run", MAYBE_TEXT),
        ("working-directory", ValueShape::Text),
        ("shell", ValueShape::Text),
        (
            "with",
            ValueShape::Maybe(&ValueShape::Map(&ValueShape::Text)),
        ),
        ("env", ValueShape::Maybe(&ENV)),
        ("continue-on-error", ValueShape::Bool),
        ("timeout-minutes", ValueShape::Number),
        ("background", ValueShape::Bool),
        ("wait", ValueShape::Many(&ValueShape::Text)),
        ("wait-all", ValueShape::Maybe(&ValueShape::Bool)),
        ("cancel", ValueShape::Text),
        ("parallel", ValueShape::List(&ValueShape::Step)),
    ],
    required: &[],
};

pub const SCHEDULE: ValueShape = ValueShape::List(&ValueShape::Mapping(&CRON));

static CRON: MappingShape = MappingShape {
    name: "a schedule",
    keys: &[("cron", ValueShape::Text), ("timezone", ValueShape::Text)],
    required: &["cron"],
};

pub const DISPATCH: ValueShape = ValueShape::Maybe(&ValueShape::Mapping(&DISPATCH_EVENT));

static DISPATCH_EVENT: MappingShape = MappingShape {
    name: "`workflow_dispatch`",
    keys: &[(
        "inputs",
        ValueShape::Maybe(&ValueShape::Map(&ValueShape::Maybe(&ValueShape::Mapping(
            &DISPATCH_INPUT,
        )))),
    )],
    required: &[],
};

static DISPATCH_INPUT: MappingShape = MappingShape {
    name: "an input",
    keys: &[
        ("description", MAYBE_TEXT),
        ("required", ValueShape::Bool),
        ("default", ValueShape::Maybe(&ValueShape::Text)),
        ("type", ValueShape::Text),
        ("options", ValueShape::List(&ValueShape::Text)),
        ("deprecationMessage", ValueShape::Text),
    ],
    required: &[],
};

pub const CALLED: ValueShape = ValueShape::Maybe(&ValueShape::Mapping(&CALL_EVENT));

static CALL_EVENT: MappingShape = MappingShape {
    name: "`workflow_call`",
    keys: &[
        (
            "inputs",
            ValueShape::Maybe(&ValueShape::Map(&ValueShape::Mapping(&CALL_INPUT))),
        ),
        (
            "outputs",
            ValueShape::Maybe(&ValueShape::Map(&ValueShape::Mapping(&CALL_OUTPUT))),
        ),
        (
            "secrets",
            ValueShape::Maybe(&ValueShape::Map(&ValueShape::Maybe(&ValueShape::Mapping(
                &CALL_SECRET,
            )))),
        ),
    ],
    required: &[],
};

static CALL_INPUT: MappingShape = MappingShape {
    name: "an input of a reusable workflow",
    keys: &[
        ("description", MAYBE_TEXT),
        ("required", ValueShape::Bool),
        ("default", ValueShape::Maybe(&ValueShape::Text)),
        ("type", ValueShape::Text),
        ("deprecationMessage", ValueShape::Text),
    ],
    required: &["type"],
};

static CALL_OUTPUT: MappingShape = MappingShape {
    name: "an output of a reusable workflow",
    keys: &[("description", MAYBE_TEXT), ("value", ValueShape::Text)],
    required: &["value"],
};

static CALL_SECRET: MappingShape = MappingShape {
    name: "a secret of a reusable workflow",
    keys: &[("description", MAYBE_TEXT), ("required", ValueShape::Bool)],
    required: &[],
};

pub static ACTION: MappingShape = MappingShape {
    name: "an action",
    keys: &[
        ("name", MAYBE_TEXT),
        ("author", ValueShape::Text),
        ("description", MAYBE_TEXT),
        (
            "inputs",
            ValueShape::Maybe(&ValueShape::Map(&ValueShape::Maybe(&ValueShape::Mapping(
                &ACTION_INPUT,
            )))),
        ),
        (
            "outputs",
            ValueShape::Maybe(&ValueShape::Map(&ValueShape::Any)),
        ),
        ("runs", ValueShape::Any),
        ("branding", ValueShape::Any),
    ],
    required: &["runs"],
};

static ACTION_INPUT: MappingShape = MappingShape {
    name: "an input of an action",
    keys: &[
        ("description", MAYBE_TEXT),
        ("required", ValueShape::Bool),
        ("default", ValueShape::Maybe(&ValueShape::Text)),
        ("deprecationMessage", ValueShape::Text),
        // Other tools read them; GitHub ignores them.
        ("type", ValueShape::Any),
        ("options", ValueShape::Any),
    ],
    required: &[],
};
