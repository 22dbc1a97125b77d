//! Environment variables and other named values, wherever they are set.

use crate::source::{Located, Location, SourceFile};
use crate::syntax::dotenv::{Entry, EnvFile, Quote};

/// Where a variable is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EnvOrigin {
    DockerEnv,
    DockerArg,
    DockerLabel,
    ComposeEnvironment,
    ComposeBuildArg,
    ComposeLabel,
    KubernetesEnv,
    WorkflowEnv,
    /// An input of a step: `with:`.
    WorkflowWith,
    GitlabVariable,
    EnvFile,
}

/// A literal default in a value: the `postgres` of `${DB_PASSWORD:-postgres}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// The variable that it is the default of.
    pub variable: String,
    /// The value where the variable is not set.
    pub literal: Located<String>,
}

/// The value of a variable.
#[derive(Clone, Debug, PartialEq)]
pub enum EnvValue {
    /// A string without variables.
    Literal(Located<String>),
    /// A string with variables in it. `resolved` is the string with them filled in, where defaults
    /// and `.env` set them.
    Template {
        written: Located<String>,
        resolved: Option<String>,
        fallbacks: Vec<Fallback>,
    },
    /// A value from elsewhere: `valueFrom`, a secret, `${{ secrets.X }}`.
    Reference(Location),
    /// A name without a value, which is passed through from the caller's environment.
    Inherited,
}

impl EnvValue {
    /// The literal value, where there is one.
    pub const fn literal(&self) -> Option<&Located<String>> {
        match self {
            EnvValue::Literal(literal) => Some(literal),
            _ => None,
        }
    }

    /// The value with its variables filled in, where that is known.
    pub fn resolved(&self) -> Option<&str> {
        match self {
            EnvValue::Literal(literal) => Some(&literal.value),
            EnvValue::Template { resolved, .. } => resolved.as_deref(),
            EnvValue::Reference(_) | EnvValue::Inherited => None,
        }
    }

    pub const fn location(&self) -> Option<Location> {
        match self {
            EnvValue::Literal(literal) => Some(literal.location),
            EnvValue::Template { written, .. } => Some(written.location),
            EnvValue::Reference(location) => Some(*location),
            EnvValue::Inherited => None,
        }
    }
}

/// One variable.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvVar {
    pub name: Located<String>,
    pub value: EnvValue,
    pub origin: EnvOrigin,
}

/// The variables of an env file.
pub fn lower(source: &SourceFile, file: &EnvFile) -> Vec<EnvVar> {
    let entries = file.entries.iter();

    entries
        .map(|entry| EnvVar {
            name: Located::new(entry.key.clone(), source.location(entry.key_span)),
            value: entry_value(entry, source.location(entry.value_span)),
            origin: EnvOrigin::EnvFile,
        })
        .collect()
}

/// The value of an entry. A string in single quotes is literal; in others, a reader of the file may
/// expand a `$`.
fn entry_value(entry: &Entry, location: Location) -> EnvValue {
    let Some(text) = &entry.value else {
        return EnvValue::Inherited;
    };

    let value = Located::new(text.clone(), location);
    if entry.quote == Some(Quote::Single) || !text.contains('$') {
        return EnvValue::Literal(value);
    }

    EnvValue::Template {
        written: value,
        resolved: None,
        fallbacks: Vec::new(),
    }
}
