//! The other linters whose rules ours answer, and what is known of their rules. Pages list what they
//! answer under `[answers]`; the reasons for the rest are in `rules/data/peers.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::embedded::table;

static LISTS: LazyLock<BTreeMap<Peer, PeerList>> = LazyLock::new(|| table!("peers"));

/// Another linter that looks at the same files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    Hadolint,
    Buildkit,
    KubeLinter,
    KubeScore,
    Polaris,
    Zizmor,
    Actionlint,
    Dclint,
    ComposeLint,
    Trivy,
    Checkov,
    Kics,
    Kubescape,
    Gitleaks,
}

impl Peer {
    pub const ALL: [Peer; 14] = [
        Peer::Hadolint,
        Peer::Buildkit,
        Peer::KubeLinter,
        Peer::KubeScore,
        Peer::Polaris,
        Peer::Zizmor,
        Peer::Actionlint,
        Peer::Dclint,
        Peer::ComposeLint,
        Peer::Trivy,
        Peer::Checkov,
        Peer::Kics,
        Peer::Kubescape,
        Peer::Gitleaks,
    ];

    /// The name in `[answers]` and before the colon of `zizmor:unpinned-uses`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Peer::Hadolint => "hadolint",
            Peer::Buildkit => "buildkit",
            Peer::KubeLinter => "kube-linter",
            Peer::KubeScore => "kube-score",
            Peer::Polaris => "polaris",
            Peer::Zizmor => "zizmor",
            Peer::Actionlint => "actionlint",
            Peer::Dclint => "dclint",
            Peer::ComposeLint => "compose-lint",
            Peer::Trivy => "trivy",
            Peer::Checkov => "checkov",
            Peer::Kics => "kics",
            Peer::Kubescape => "kubescape",
            Peer::Gitleaks => "gitleaks",
        }
    }

    /// What `rules/data/peers.toml` says of this linter's rules.
    pub fn list(self) -> &'static PeerList {
        &LISTS[&self]
    }
}

/// All rules of another linter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerList {
    /// The linter's name as it writes it.
    pub title: String,
    /// Version and place that the list was read from.
    pub source: String,
    /// Date on which it was read.
    pub read: String,
    /// Ids that a page lists under `[answers]`. A `*` stands for any characters.
    pub answered: Vec<String>,
    /// Ids without an answer, each with the reason.
    pub unanswered: BTreeMap<String, String>,
}
