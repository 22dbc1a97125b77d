//! What to lint, and how.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::Config;
use crate::suppress::Date;

/// What to lint, and how.
#[derive(Debug, Default)]
pub struct Options {
    /// The repository's root: paths are relative to it.
    pub root: PathBuf,
    /// Repository paths (files or folders) whose findings are reported; empty for all. Other files
    /// are still read as evidence.
    pub focus: Vec<String>,
    /// Paths that the user names, from the root: they are read even if excluded, or an error is
    /// reported. The root itself is an empty path.
    pub named: Vec<PathBuf>,
    pub evidence: Evidence,
    /// Texts that count instead of what is on disk, by repository path.
    pub texts: BTreeMap<String, String>,
    pub config: Config,
    /// Worker threads; `None` for one a core.
    pub threads: Option<usize>,
    /// The day on which suppressions are judged; `None` for the system's.
    pub today: Option<Date>,
    /// The process ends with this run, so that the system can free its memory at once.
    pub ends: bool,
}

/// The files that are read besides those that the user names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Evidence {
    /// All of the repository.
    #[default]
    Repository,
    /// Nothing: the files beside a file outside of any repository are not related to it.
    NamedOnly,
}
