//! The shape of a workflow and of an action as a table. Structure only; what values must look like
//! is for `values`.

/// What may stand at a place.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    Any,
    /// A scalar of any type.
    Text,
    Bool,
    Number,
    /// A mapping with names of the user's own.
    Map(&'static Shape),
    /// A mapping with names of GitHub's.
    Object(&'static Object),
    List(&'static Shape),
    /// One or a list of it.
    Many(&'static Shape),
    /// A scalar, or this.
    Or(&'static Shape),
    /// Nothing at all, or this.
    Maybe(&'static Shape),
    Step,
    Job,
    On,
    Permissions,
}

/// A mapping whose keys are GitHub's.
#[derive(Debug)]
pub struct Object {
    /// For messages: `a step`.
    pub name: &'static str,
    pub keys: &'static [(&'static str, Shape)],
    pub required: &'static [&'static str],
}

pub static WORKFLOW: Object = Object {
    name: "a workflow",
    keys: &[
        ("name", Shape::Text),
        ("run-name", Shape::Text),
        ("on", Shape::On),
        ("permissions", Shape::Permissions),
        ("env", ENV),
        ("defaults", Shape::Object(&DEFAULTS)),
        ("concurrency", Shape::Or(&Shape::Object(&CONCURRENCY))),
        ("cache-mode", Shape::Text),
        ("jobs", Shape::Map(&Shape::Job)),
    ],
    required: &["on", "jobs"],
};

const ENV: Shape = Shape::Or(&Shape::Map(&Shape::Text));

static DEFAULTS: Object = Object {
    name: "`defaults`",
    keys: &[("run", Shape::Object(&DEFAULTS_RUN))],
    required: &[],
};

static DEFAULTS_RUN: Object = Object {
    name: "`defaults.run`",
    keys: &[("shell", Shape::Text), ("working-directory", Shape::Text)],
    required: &[],
};

static CONCURRENCY: Object = Object {
    name: "`concurrency`",
    keys: &[
        ("group", Shape::Text),
        ("cancel-in-progress", Shape::Bool),
        ("queue", Shape::Text),
    ],
    required: &["group"],
};

static ENVIRONMENT: Object = Object {
    name: "`environment`",
    keys: &[
        ("name", Shape::Text),
        ("url", Shape::Text),
        ("deployment", Shape::Bool),
    ],
    required: &["name"],
};

static CONTAINER: Object = Object {
    name: "a container",
    keys: &[
        ("image", Shape::Text),
        ("credentials", Shape::Or(&Shape::Object(&CREDENTIALS))),
        ("env", ENV),
        ("ports", Shape::List(&Shape::Text)),
        ("volumes", Shape::List(&Shape::Text)),
        ("options", Shape::Text),
        ("command", Shape::Text),
        ("entrypoint", Shape::Text),
    ],
    required: &["image"],
};

static CREDENTIALS: Object = Object {
    name: "`credentials`",
    keys: &[("username", Shape::Text), ("password", Shape::Text)],
    required: &["username", "password"],
};

static STRATEGY: Object = Object {
    name: "`strategy`",
    keys: &[
        ("matrix", Shape::Any),
        ("fail-fast", Shape::Bool),
        ("max-parallel", Shape::Number),
    ],
    required: &[],
};

static RUNNER: Object = Object {
    name: "`runs-on`",
    keys: &[
        ("group", Shape::Text),
        ("labels", Shape::Many(&Shape::Text)),
    ],
    required: &[],
};

static SNAPSHOT: Object = Object {
    name: "`snapshot`",
    keys: &[
        ("image-name", Shape::Text),
        ("version", Shape::Text),
        ("if", Shape::Text),
    ],
    required: &["image-name"],
};

pub static JOB: Object = Object {
    name: "a job",
    keys: &[
        ("name", Shape::Text),
        ("needs", Shape::Many(&Shape::Text)),
        ("permissions", Shape::Permissions),
        ("if", Shape::Text),
        ("runs-on", Shape::Or(&RUNS_ON)),
        ("snapshot", Shape::Or(&Shape::Object(&SNAPSHOT))),
        ("environment", Shape::Or(&Shape::Object(&ENVIRONMENT))),
        ("concurrency", Shape::Or(&Shape::Object(&CONCURRENCY))),
        ("cache-mode", Shape::Text),
        ("outputs", Shape::Map(&Shape::Text)),
        ("env", ENV),
        ("defaults", Shape::Object(&DEFAULTS)),
        ("timeout-minutes", Shape::Number),
        ("strategy", Shape::Or(&Shape::Object(&STRATEGY))),
        ("continue-on-error", Shape::Bool),
        (
            "container",
            Shape::Or(&Shape::Maybe(&Shape::Object(&CONTAINER))),
        ),
        (
            "services",
            Shape::Or(&Shape::Map(&Shape::Or(&Shape::Object(&CONTAINER)))),
        ),
        ("steps", Shape::List(&Shape::Step)),
    ],
    required: &["runs-on", "steps"],
};

/// Either a list of labels or a group; which of the two is told apart by the walker.
const RUNS_ON: Shape = Shape::Object(&RUNNER);

pub static CALL: Object = Object {
    name: "a job that calls a reusable workflow",
    keys: &[
        ("name", Shape::Text),
        ("needs", Shape::Many(&Shape::Text)),
        ("permissions", Shape::Permissions),
        ("if", Shape::Text),
        ("uses", Shape::Text),
        ("with", Shape::Map(&Shape::Text)),
        ("secrets", Shape::Or(&Shape::Map(&Shape::Text))),
        ("strategy", Shape::Or(&Shape::Object(&STRATEGY))),
        ("concurrency", Shape::Or(&Shape::Object(&CONCURRENCY))),
        ("cache-mode", Shape::Text),
    ],
    required: &["uses"],
};

pub static STEP: Object = Object {
    name: "a step",
    keys: &[
        ("id", Shape::Text),
        ("if", Shape::Text),
        ("name", Shape::Text),
        ("uses", Shape::Text),
        ("run", Shape::Text),
        ("working-directory", Shape::Text),
        ("shell", Shape::Text),
        ("with", Shape::Maybe(&Shape::Map(&Shape::Text))),
        ("env", Shape::Maybe(&ENV)),
        ("continue-on-error", Shape::Bool),
        ("timeout-minutes", Shape::Number),
        ("background", Shape::Bool),
        ("wait", Shape::Many(&Shape::Text)),
        ("wait-all", Shape::Maybe(&Shape::Bool)),
        ("cancel", Shape::Text),
        ("parallel", Shape::List(&Shape::Step)),
    ],
    required: &[],
};

pub const SCHEDULE: Shape = Shape::List(&Shape::Object(&CRON));

static CRON: Object = Object {
    name: "a schedule",
    keys: &[("cron", Shape::Text), ("timezone", Shape::Text)],
    required: &["cron"],
};

pub const DISPATCH: Shape = Shape::Maybe(&Shape::Object(&DISPATCH_EVENT));

static DISPATCH_EVENT: Object = Object {
    name: "`workflow_dispatch`",
    keys: &[(
        "inputs",
        Shape::Maybe(&Shape::Map(&Shape::Maybe(&Shape::Object(&DISPATCH_INPUT)))),
    )],
    required: &[],
};

static DISPATCH_INPUT: Object = Object {
    name: "an input",
    keys: &[
        ("description", Shape::Text),
        ("required", Shape::Bool),
        ("default", Shape::Maybe(&Shape::Text)),
        ("type", Shape::Text),
        ("options", Shape::List(&Shape::Text)),
        ("deprecationMessage", Shape::Text),
    ],
    required: &[],
};

pub const CALLED: Shape = Shape::Maybe(&Shape::Object(&CALL_EVENT));

static CALL_EVENT: Object = Object {
    name: "`workflow_call`",
    keys: &[
        (
            "inputs",
            Shape::Maybe(&Shape::Map(&Shape::Object(&CALL_INPUT))),
        ),
        (
            "outputs",
            Shape::Maybe(&Shape::Map(&Shape::Object(&CALL_OUTPUT))),
        ),
        (
            "secrets",
            Shape::Maybe(&Shape::Map(&Shape::Maybe(&Shape::Object(&CALL_SECRET)))),
        ),
    ],
    required: &[],
};

static CALL_INPUT: Object = Object {
    name: "an input of a reusable workflow",
    keys: &[
        ("description", Shape::Text),
        ("required", Shape::Bool),
        ("default", Shape::Maybe(&Shape::Text)),
        ("type", Shape::Text),
        ("deprecationMessage", Shape::Text),
    ],
    required: &["type"],
};

static CALL_OUTPUT: Object = Object {
    name: "an output of a reusable workflow",
    keys: &[("description", Shape::Text), ("value", Shape::Text)],
    required: &["value"],
};

static CALL_SECRET: Object = Object {
    name: "a secret of a reusable workflow",
    keys: &[("description", Shape::Text), ("required", Shape::Bool)],
    required: &[],
};

pub static ACTION: Object = Object {
    name: "an action",
    keys: &[
        ("name", Shape::Text),
        ("author", Shape::Text),
        ("description", Shape::Text),
        (
            "inputs",
            Shape::Maybe(&Shape::Map(&Shape::Maybe(&Shape::Object(&ACTION_INPUT)))),
        ),
        ("outputs", Shape::Maybe(&Shape::Map(&Shape::Any))),
        ("runs", Shape::Any),
        ("branding", Shape::Any),
    ],
    required: &["name", "description", "runs"],
};

static ACTION_INPUT: Object = Object {
    name: "an input of an action",
    keys: &[
        ("description", Shape::Text),
        ("required", Shape::Bool),
        ("default", Shape::Maybe(&Shape::Text)),
        ("deprecationMessage", Shape::Text),
        // Read by tools beside GitHub; GitHub passes over it.
        ("type", Shape::Any),
        ("options", Shape::Any),
    ],
    required: &[],
};
