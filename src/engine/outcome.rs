//! What a run found, and what it looked at.

use std::path::PathBuf;
use std::time::Duration;

use super::workers::Workers;
use crate::finding::Finding;
use crate::source::{FileId, SourceFile, Span};

/// What a run found.
#[derive(Debug, Default)]
pub struct Outcome {
    pub root: PathBuf,
    pub sources: Vec<SourceFile>,
    /// After selection, levels and suppressions; sorted by path, then errors first, then by place.
    /// Notes included: reporters decide what is shown.
    pub findings: Vec<Finding>,
    /// Spans that hold secrets, sorted by file: no output may print their text.
    pub secrets: Vec<(FileId, Vec<Span>)>,
    pub summary: Summary,
    /// The threads of the run, for its reports.
    pub workers: Workers,
}

impl Outcome {
    /// What several runs found, each with the path from where the user stands to its root, empty or
    /// ending in `/`. None of them was evidence for another.
    pub fn join(runs: Vec<(String, Outcome)>) -> Outcome {
        let mut whole = Outcome::default();

        for (prefix, run) in runs {
            let first = whole.sources.len() as u32;
            let moved = |file: FileId| FileId(file.0 + first);
            whole.sources.extend(run.sources.into_iter().map(|source| {
                let path = format!("{prefix}{}", source.path);
                SourceFile::new(moved(source.id), path.trim_end_matches('/'), source.text)
            }));
            whole.secrets.extend(
                run.secrets
                    .into_iter()
                    .map(|(file, spans)| (moved(file), spans)),
            );
            whole
                .findings
                .extend(run.findings.into_iter().map(|mut finding| {
                    finding.rename_files(moved);
                    finding
                }));
            whole.summary.add(&run.summary);
        }

        whole
    }
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub dockerfiles: usize,
    pub compose_files: usize,
    pub kubernetes_objects: usize,
    pub workflows: usize,
    /// Deployable units: builds, compose services and workloads, joined.
    pub services: usize,
    /// All text files read.
    pub files: usize,
    /// Files that the configuration leaves out.
    pub excluded: usize,
    /// Files and folders that `.gitignore` and `.deploylintignore` leave out.
    pub ignored: usize,
    pub suppressed: usize,
    pub elapsed: Duration,
    /// Something could not be checked (unreadable file, internal error): exit code 2.
    pub failed: bool,
}

impl Summary {
    pub(super) fn add(&mut self, other: &Summary) {
        self.dockerfiles += other.dockerfiles;
        self.compose_files += other.compose_files;
        self.kubernetes_objects += other.kubernetes_objects;
        self.workflows += other.workflows;
        self.services += other.services;
        self.files += other.files;
        self.excluded += other.excluded;
        self.ignored += other.ignored;
        self.suppressed += other.suppressed;
        self.elapsed += other.elapsed;
        self.failed |= other.failed;
    }
}
