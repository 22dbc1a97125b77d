//! The results of a run, and what it covered.

use std::path::PathBuf;
use std::time::Duration;

use super::workers::Workers;
use crate::finding::Finding;
use crate::source::{FileId, SourceFile, Span};

/// The results of a run.
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
    /// The results of several runs that share no evidence, each with the path from the current folder
    /// to its root, empty or ending in `/`.
    pub fn join(runs: Vec<(String, Outcome)>) -> Outcome {
        let mut whole = Outcome::default();

        for (prefix, run) in runs {
            let first = whole.sources.len() as u32;
            let renumber = |file: FileId| FileId(file.0 + first);

            for source in run.sources {
                let path = format!("{prefix}{}", source.path);
                let path = path.trim_end_matches('/');
                whole
                    .sources
                    .push(SourceFile::new(renumber(source.id), path, source.text));
            }

            for (file, spans) in run.secrets {
                whole.secrets.push((renumber(file), spans));
            }

            for mut finding in run.findings {
                finding.rename_files(renumber);
                whole.findings.push(finding);
            }

            let mut summary = run.summary;
            for path in &mut summary.unrecognized {
                *path = format!("{prefix}{path}");
            }

            whole.summary.add(&summary);
        }

        whole
    }
}

/// Counts of what a run covered.
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
    /// Files that the configuration excludes.
    pub excluded: usize,
    /// Files and folders that `.gitignore` and `.deploylintignore` ignore.
    pub ignored: usize,
    pub suppressed: usize,
    pub elapsed: Duration,
    /// What is deployed and could not be seen.
    pub unseen: Unseen,
    /// Files that the user names and that are none of a deployment.
    pub unrecognized: Vec<String>,
    /// Something could not be checked (unreadable file, internal error): exit code 2.
    pub failed: bool,
}

/// Counts of what is deployed and could not be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Unseen {
    /// Charts whose pods depend on values that are set elsewhere.
    pub charts: usize,
    /// Kustomizations that gather something from outside of the repository, or make it.
    pub kustomizations: usize,
    /// Templates that are not rendered.
    pub templates: usize,
    /// Images whose name depends on something that is not here.
    pub images: usize,
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
        self.unseen.charts += other.unseen.charts;
        self.unseen.kustomizations += other.unseen.kustomizations;
        self.unseen.templates += other.unseen.templates;
        self.unseen.images += other.unseen.images;
        self.unrecognized.extend(other.unrecognized.iter().cloned());
        self.elapsed += other.elapsed;
        self.failed |= other.failed;
    }
}
