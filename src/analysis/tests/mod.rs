//! Tests of the questions, one file for each module. Each lowers and joins a small repository, asks,
//! and compares the answers with a table.

mod base_image;
mod build_context;
mod cluster_program;
mod effective_env;
mod env_examples;
mod exits;
mod hosts;
mod image_files;
mod job_work;
mod lock_files;
mod misplaced_variables;
mod packages;
mod pipelines;
mod privileges;
mod profiles;
mod repository;
mod required_variables;
mod roles;
mod secret_exposure;
mod shipped_stages;
mod start;
mod startup;
mod taint;
mod text;
mod untrusted_checkout;
mod upstream;
mod workload;

use super::Analysis;
use crate::credential;
use crate::graph::Graph;
use crate::graph::kubernetes::Cluster;
use crate::model::compose::{Project, Service};
use crate::model::dockerfile::{Dockerfile, StageId};
use crate::model::facts::{Facts, FileFacts};
use crate::model::file_kind::ChartFolders;
use crate::model::kubernetes::{Object, Workload};
use crate::model::roles::{self as file_roles, RoleHints};
use crate::model::workflow::Workflow;
use crate::model::{build_caller, compose, kubernetes, lower};
use crate::source::{FileId, Location, Repository, SourceFile};

/// Calls `ask` with the analysis of a repository.
fn analyze(files: &[(&str, &str)], ask: impl FnOnce(&Repo)) {
    let mut files = files.to_vec();
    files.sort_unstable();
    let sources: Vec<SourceFile> = files
        .iter()
        .enumerate()
        .map(|(index, (path, text))| SourceFile::new(FileId(index as u32), *path, *text))
        .collect();
    let listing = ChartFolders::new(sources.iter().map(|source| source.path.as_str()));
    let mut lowered: Vec<FileFacts> = sources
        .iter()
        .map(|source| {
            let mut facts = lower::lower_file(source, &listing);
            facts.hits = credential::scan(&source.text);

            facts
        })
        .collect();
    let repository = Repository::new(&sources);
    let broken = kubernetes::join::join_objects(&mut lowered, repository);
    assert!(broken.is_empty());

    let mut facts = Facts::new(repository, lowered, None);
    facts.build_callers = build_caller::find(repository);
    let hints = RoleHints {
        named: &[],
        configured: &|_| None,
    };
    file_roles::assign(&mut facts, &hints);
    facts.add_projects(compose::projects(&facts));

    let graph = Graph::new(&facts, Cluster::new(&facts));
    ask(&Repo {
        analysis: Analysis::new(&facts, &graph),
    });
}

fn stage(number: usize) -> StageId {
    StageId::new(number)
}

/// A small repository.
struct Repo<'a> {
    analysis: Analysis<'a>,
}

impl<'a> Repo<'a> {
    /// A place as `path:line:text`.
    fn show(&self, location: Location) -> String {
        let source = self.analysis.facts.source(location.file);
        let lines = source.lines();
        let line = lines.position(location.span.start, &source.text).line;

        format!(
            "{}:{line}:{}",
            source.path,
            location.span.text(&source.text)
        )
    }

    fn file(&self, path: &str) -> &'a SourceFile {
        let repository = self.analysis.facts.repository;
        repository.find(path).expect("the file is there")
    }

    fn dockerfile(&self, path: &str) -> &'a Dockerfile {
        let facts = self.analysis.facts.file(self.file(path).id);
        facts.dockerfile.as_deref().expect("a Dockerfile")
    }

    fn workflow(&self, path: &str) -> &'a Workflow {
        let facts = self.analysis.facts.file(self.file(path).id);
        facts.workflow.as_deref().expect("a workflow")
    }

    /// The only project of a file.
    fn project(&self, path: &str) -> &'a Project {
        let file = self.file(path).id;
        let mut projects = self.analysis.facts.projects().iter();
        projects
            .find(|project| project.files.first() == Some(&file))
            .expect("a project")
    }

    fn service(&self, path: &str, name: &str) -> (&'a Project, &'a Service) {
        let project = self.project(path);

        (project, project.service(name).expect("a service"))
    }

    fn object(&self, name: &str) -> &'a Object {
        let mut objects = self.analysis.facts.objects();
        objects
            .find(|object| object.is_named(name))
            .expect("an object")
    }

    fn workload(&self, name: &str) -> (&'a Object, &'a Workload) {
        let object = self.object(name);

        (object, object.workload().expect("a workload"))
    }
}
