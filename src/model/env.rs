//! Environment variables and other named values, wherever they are set.

use crate::source::{Located, Location, SourceFile};
use crate::syntax::dotenv::{EnvFile, Quote};

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
    EnvFile,
}

/// A literal default inside a value: the `postgres` of `${DB_PASSWORD:-postgres}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// The variable that is asked for.
    pub variable: String,
    /// The literal used where the variable is not set.
    pub literal: Located<String>,
}

/// What a variable is set to.
#[derive(Clone, Debug, PartialEq)]
pub enum EnvValue {
    /// A text that depends on nothing.
    Literal(Located<String>),
    /// A text with variables in it. `resolved` is what it comes to, if that can be known from
    /// defaults and `.env`.
    Template {
        written: Located<String>,
        resolved: Option<String>,
        fallbacks: Vec<Fallback>,
    },
    /// Taken from elsewhere: `valueFrom`, a secret reference, `${{ secrets.X }}`.
    Reference(Location),
    /// Named without a value: passed through from the caller's environment.
    Inherited,
}

impl EnvValue {
    /// The literal text, where there is one.
    pub const fn literal(&self) -> Option<&Located<String>> {
        match self {
            EnvValue::Literal(at) => Some(at),
            _ => None,
        }
    }

    /// What the value comes to, where that can be known.
    pub fn resolved(&self) -> Option<&str> {
        match self {
            EnvValue::Literal(at) => Some(&at.value),
            EnvValue::Template { resolved, .. } => resolved.as_deref(),
            EnvValue::Reference(_) | EnvValue::Inherited => None,
        }
    }

    pub const fn location(&self) -> Option<Location> {
        match self {
            EnvValue::Literal(at) => Some(at.location),
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

/// The variables of an env file. What is inside single quotes is literal; elsewhere a `$` may be
/// expanded by the reader.
pub fn lower(source: &SourceFile, file: &EnvFile) -> Vec<EnvVar> {
    let lower = |entry: &crate::syntax::dotenv::Entry| {
        let location = source.location(entry.value_span);
        let value = match &entry.value {
            None => EnvValue::Inherited,
            Some(text) if entry.quote != Some(Quote::Single) && text.contains('$') => {
                EnvValue::Template {
                    written: Located::new(text.clone(), location),
                    resolved: None,
                    fallbacks: Vec::new(),
                }
            }
            Some(text) => EnvValue::Literal(Located::new(text.clone(), location)),
        };

        EnvVar {
            name: Located::new(entry.key.clone(), source.location(entry.key_span)),
            value,
            origin: EnvOrigin::EnvFile,
        }
    };

    file.entries.iter().map(lower).collect()
}
