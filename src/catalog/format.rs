//! The formats of files that rules are about.

use serde::Deserialize;

use crate::model::file_kind::FileKind;

/// What a rule looks at.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Dockerfile,
    Compose,
    Kubernetes,
    Workflow,
    /// Any text file.
    Text,
    /// The repository as a whole.
    Repository,
    /// The linter's own comments and configuration.
    Tool,
}

impl Format {
    /// The format of a kind of file; `None` where rules do not tell it from others.
    pub const fn of(kind: FileKind) -> Option<Self> {
        match kind {
            FileKind::Dockerfile => Some(Format::Dockerfile),
            FileKind::Compose => Some(Format::Compose),
            FileKind::Kubernetes
            | FileKind::Kustomization
            | FileKind::HelmTemplate
            | FileKind::HelmValues => Some(Format::Kubernetes),
            kind if kind.is_pipeline() => Some(Format::Workflow),
            _ => None,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Dockerfile => "dockerfile",
            Format::Compose => "compose",
            Format::Kubernetes => "kubernetes",
            Format::Workflow => "workflow",
            Format::Text => "text",
            Format::Repository => "repository",
            Format::Tool => "tool",
        }
    }
}
