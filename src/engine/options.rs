//! What to lint, and how.

use std::path::PathBuf;

use crate::config::Config;
use crate::suppress::Date;

/// What to lint, and how.
#[derive(Debug, Default)]
pub struct Options {
    /// The repository's root: paths are relative to it.
    pub root: PathBuf,
    /// Repository paths (files or folders) whose findings are wanted; empty for all. Everything
    /// else is still read as evidence.
    pub focus: Vec<String>,
    /// What the user names, as paths from the root: read whatever leaves it out, or else an error.
    /// The root itself is an empty path.
    pub named: Vec<PathBuf>,
    pub evidence: Evidence,
    /// A file's text given instead of what is on disk, with its repository path.
    pub stdin: Option<(String, String)>,
    pub config: Config,
    /// Worker threads; `None` for one a core.
    pub threads: Option<usize>,
    /// The day on which suppressions are judged; `None` for the system's.
    pub today: Option<Date>,
    /// The process ends with this run: what it made is left to the system, which lets go of all of
    /// it at once.
    pub ends: bool,
}

/// What is read besides what the user names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Evidence {
    /// All of the repository.
    #[default]
    Repository,
    /// Nothing: a file outside of any repository says nothing of the files beside it.
    NamedOnly,
}
