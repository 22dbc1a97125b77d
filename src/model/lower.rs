//! Lowers one file: finds its kind, parses it, and makes its facts. Never fails; a file that no
//! grammar takes is text.

use super::chart::{self, ChartValues};
use super::facts::FileFacts;
use super::file_kind::{self, ChartFolders, FileKind};
use super::kubernetes::{self, Kustomization};
use super::{dockerfile, env, workflow};
use crate::source::{SourceFile, Span};
use crate::syntax::{self, SyntaxError, yaml};
use std::cell::LazyCell;

/// The facts of one file.
pub fn lower_file<'s>(source: &'s SourceFile, listing: &ChartFolders) -> FileFacts<'s> {
    let kind = file_kind::detect(&source.path, &source.text, listing);
    let mut facts = FileFacts::new(kind);

    match kind {
        FileKind::Dockerfile => {
            let parsed = syntax::dockerfile::parse(&source.text);
            facts.comments = parsed.tree.comments.clone();
            facts.dockerfile = Some(Box::new(dockerfile::lower(source, parsed.tree)));
            facts.errors = parsed.errors;
        }
        FileKind::EnvFile => {
            let parsed = syntax::dotenv::parse(&source.text);
            facts.env = env::lower(source, &parsed.tree);
            facts.comments = parsed
                .tree
                .comments
                .iter()
                .map(|comment| comment.span)
                .collect();
            facts.errors = parsed.errors;
        }
        kind if kind.is_yaml() => yaml_file(source, &mut facts),
        FileKind::HelmTemplate => {
            let mask = yaml::mask_templates(&source.text);
            let tree = yaml::Tree::parse_template(source.id, &mask).tree;
            facts.objects =
                kubernetes::objects(&tree, kubernetes::ManifestScope::helm(source.id, &mask));
            facts.comments = tree.comments().to_vec();
            facts.switches = chart::switches(&source.text, &mask);
        }
        _ => {}
    }

    facts
}

fn yaml_file<'s>(source: &'s SourceFile, facts: &mut FileFacts<'s>) {
    // Many tools read JSON with comments; only deployment files must be plain.
    let lenient = facts.kind == FileKind::OtherYaml && source.path.ends_with(".json");
    let is_template = LazyCell::new(|| file_kind::has_template_marks(&source.text));
    let parsed = yaml::Tree::parse_if(source.id, &source.text, &|| !lenient && !*is_template);
    let tree = parsed.tree;
    facts.comments = tree.comments().to_vec();
    facts.errors = if lenient { Vec::new() } else { parsed.errors };

    if !facts.errors.is_empty() && *is_template {
        facts.kind = FileKind::Template;
        facts.errors.clear();
        return;
    }

    match facts.kind {
        FileKind::Workflow | FileKind::Action => {
            let workflow = workflow::workflow(&tree, source);
            // Every Dockerfile will ask for them; here they are read in parallel.
            workflow::image_builds(&workflow);
            facts.workflow = Some(Box::new(workflow));
        }
        FileKind::GitlabCi => {
            facts.gitlab = Some(Box::new(workflow::gitlab::gitlab_file(&tree, source)));
        }
        FileKind::Kubernetes => {
            facts.objects = kubernetes::objects(&tree, kubernetes::ManifestScope::plain(source.id));
        }
        FileKind::Kustomization => {
            let scope = kubernetes::ManifestScope::plain(source.id);
            facts.kustomization =
                Kustomization::from_tree(&tree, scope, &source.path).map(Box::new);
        }
        FileKind::HelmChart | FileKind::HelmValues => {
            facts.values = Some(Box::new(ChartValues::from_tree(&tree)));
        }
        _ => {}
    }

    let read_again = matches!(
        facts.kind,
        FileKind::Compose
            | FileKind::Kubernetes
            | FileKind::Kustomization
            | FileKind::Workflow
            | FileKind::Action
            | FileKind::GitlabCi
    );
    if read_again {
        facts.tree = Some(Box::new(tree));
    }
}

/// The error of a file that is empty although its kind needs content; no parser reports it.
pub fn empty_file_error(source: &SourceFile) -> Option<SyntaxError> {
    source
        .text
        .trim()
        .is_empty()
        .then(|| SyntaxError::new(Span::default(), "the file is empty"))
}
