//! All facts of a repository, file by file, and the projects that compose files form together.

use std::collections::HashMap;

use super::compose::Project;
use super::dockerfile::Dockerfile;
use super::env::EnvVar;
use super::kind::FileKind;
use super::kubernetes::Object;
use super::workflow::Workflow;
use crate::credential::Hit;
use crate::source::{FileId, Place, SourceFile, Span};
use crate::syntax::SyntaxError;
use crate::syntax::yaml::Tree;

/// What one file says.
#[derive(Debug)]
pub struct FileFacts<'s> {
    pub kind: FileKind,
    /// The tree of a YAML file that compose, kustomize or later checks may want to read again.
    pub tree: Option<Tree<'s>>,
    pub dockerfile: Option<Dockerfile>,
    pub objects: Vec<Object>,
    pub workflow: Option<Workflow>,
    /// Variables of an env file.
    pub env: Vec<EnvVar>,
    /// Comments, `#` included, in formats where they can hold suppressions.
    pub comments: Vec<Span>,
    pub errors: Vec<SyntaxError>,
    /// Tokens, keys and URLs with passwords found in the text.
    pub hits: Vec<Hit>,
}

impl FileFacts<'_> {
    pub const fn new(kind: FileKind) -> Self {
        Self {
            kind,
            tree: None,
            dockerfile: None,
            objects: Vec::new(),
            workflow: None,
            env: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
            hits: Vec::new(),
        }
    }
}

/// Everything known of a repository before its parts are joined.
#[derive(Debug)]
pub struct Facts<'s> {
    /// Every file of the repository, by id, sorted by path. Files that no check reads have an empty text.
    pub sources: &'s [SourceFile],
    /// By id, one for each source.
    pub files: Vec<FileFacts<'s>>,
    pub projects: Vec<Project>,
    paths: HashMap<&'s str, FileId>,
}

impl<'s> Facts<'s> {
    pub fn new(sources: &'s [SourceFile], files: Vec<FileFacts<'s>>, projects: Vec<Project>) -> Self {
        let paths = sources.iter().map(|source| (source.path.as_str(), source.id)).collect();
        Self { sources, files, projects, paths }
    }

    pub fn source(&self, file: FileId) -> &'s SourceFile {
        &self.sources[file.0 as usize]
    }

    pub fn file(&self, file: FileId) -> &FileFacts<'s> {
        &self.files[file.0 as usize]
    }

    /// The repository path of a file.
    pub fn path(&self, file: FileId) -> &'s str {
        &self.source(file).path
    }

    /// The text of a place.
    pub fn text(&self, place: Place) -> &'s str {
        place.span.text(&self.source(place.file).text)
    }

    /// The file at a repository path.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.paths.get(path).copied()
    }

    /// Whether a folder of this repository path holds anything.
    pub fn has_folder(&self, path: &str) -> bool {
        if path.is_empty() {
            return !self.sources.is_empty();
        }
        let prefix = format!("{path}/");
        let next = self.sources.partition_point(|source| source.path.as_str() < prefix.as_str());
        self.sources.get(next).is_some_and(|source| source.path.starts_with(&prefix))
    }

    pub fn dockerfiles(&self) -> impl Iterator<Item = &Dockerfile> {
        self.files.iter().filter_map(|file| file.dockerfile.as_ref())
    }

    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.files.iter().flat_map(|file| &file.objects)
    }

    /// Workflows and actions.
    pub fn workflows(&self) -> impl Iterator<Item = &Workflow> {
        self.files.iter().filter_map(|file| file.workflow.as_ref())
    }

    /// The ids of all files of a kind.
    pub fn of_kind(&self, kind: FileKind) -> impl Iterator<Item = FileId> {
        let ids = self.files.iter().zip(self.sources);
        ids.filter(move |(facts, _)| facts.kind == kind).map(|(_, source)| source.id)
    }
}
