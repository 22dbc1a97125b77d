//! Lowers one file: finds its kind, parses it, and makes its facts. Never fails; a file that no
//! grammar takes is text.

use super::chart::{self, ChartValues};
use super::facts::FileFacts;
use super::file_kind::{self, ChartFolders, FileKind};
use super::kubernetes::{self, Kustomization, ManifestScope};
use super::{dockerfile, env, workflow};
use crate::source::{SourceFile, Span};
use crate::syntax::yaml::Tree;
use crate::syntax::{self, SyntaxError, yaml};
use std::cell::LazyCell;

/// What there is to know about a kind of file.
#[derive(Debug)]
pub struct FormatSpec {
    pub kind: FileKind,
    /// Its name in JSON.
    pub name: &'static str,
    /// What users call it.
    pub label: &'static str,
    grammar: Grammar,
}

/// How the text of a file becomes facts.
#[derive(Debug)]
enum Grammar {
    /// No facts are made of it.
    None,
    /// By a grammar of its own.
    Own(fn(&SourceFile, &mut FileFacts)),
    /// YAML, or JSON, which is YAML too.
    Yaml(fn(&Tree, &SourceFile, &mut FileFacts), TreeUse),
}

/// Whether the tree of a file is needed after its facts are made: to join files, or to compare it
/// with a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TreeUse {
    Kept,
    Dropped,
}

/// All kinds, in the order of [`FileKind`].
pub const FORMATS: &[FormatSpec] = &[
    FormatSpec {
        kind: FileKind::Dockerfile,
        name: "dockerfile",
        label: "Dockerfile",
        grammar: Grammar::Own(dockerfile_facts),
    },
    FormatSpec {
        kind: FileKind::Compose,
        name: "compose",
        label: "compose file",
        grammar: Grammar::Yaml(no_facts, TreeUse::Kept),
    },
    FormatSpec {
        kind: FileKind::Kubernetes,
        name: "kubernetes",
        label: "Kubernetes manifest",
        grammar: Grammar::Yaml(manifest_facts, TreeUse::Kept),
    },
    FormatSpec {
        kind: FileKind::Kustomization,
        name: "kustomization",
        label: "kustomization",
        grammar: Grammar::Yaml(kustomization_facts, TreeUse::Kept),
    },
    FormatSpec {
        kind: FileKind::HelmChart,
        name: "helm-chart",
        label: "Helm chart",
        grammar: Grammar::Yaml(chart_facts, TreeUse::Dropped),
    },
    FormatSpec {
        kind: FileKind::HelmTemplate,
        name: "helm-template",
        label: "Helm template",
        grammar: Grammar::Own(template_facts),
    },
    FormatSpec {
        kind: FileKind::HelmValues,
        name: "helm-values",
        label: "Helm values",
        grammar: Grammar::Yaml(chart_facts, TreeUse::Dropped),
    },
    FormatSpec {
        kind: FileKind::Workflow,
        name: "workflow",
        label: "GitHub workflow",
        grammar: Grammar::Yaml(workflow_facts, TreeUse::Kept),
    },
    FormatSpec {
        kind: FileKind::Action,
        name: "action",
        label: "GitHub action",
        grammar: Grammar::Yaml(workflow_facts, TreeUse::Kept),
    },
    FormatSpec {
        kind: FileKind::GitlabCi,
        name: "gitlab-ci",
        label: "GitLab pipeline",
        grammar: Grammar::Yaml(gitlab_facts, TreeUse::Kept),
    },
    FormatSpec {
        kind: FileKind::EnvFile,
        name: "env",
        label: "env file",
        grammar: Grammar::Own(env_facts),
    },
    FormatSpec {
        kind: FileKind::Dockerignore,
        name: "dockerignore",
        label: "ignore file of a build",
        grammar: Grammar::None,
    },
    FormatSpec {
        kind: FileKind::OtherYaml,
        name: "other-yaml",
        label: "other YAML or JSON",
        grammar: Grammar::Yaml(no_facts, TreeUse::Dropped),
    },
    FormatSpec {
        kind: FileKind::Template,
        name: "template",
        label: "template",
        grammar: Grammar::None,
    },
    FormatSpec {
        kind: FileKind::Text,
        name: "text",
        label: "other text",
        grammar: Grammar::None,
    },
];

impl FormatSpec {
    /// The row of a kind.
    pub const fn of(kind: FileKind) -> &'static Self {
        let spec = &FORMATS[kind as usize];
        debug_assert!(spec.kind as usize == kind as usize, "a row per kind");

        spec
    }

    pub const fn is_yaml(&self) -> bool {
        matches!(self.grammar, Grammar::Yaml(..))
    }
}

/// The facts of one file.
pub fn lower_file<'s>(source: &'s SourceFile, listing: &ChartFolders) -> FileFacts<'s> {
    let kind = file_kind::detect(&source.path, &source.text, listing);
    let mut facts = FileFacts::new(kind);

    match FormatSpec::of(kind).grammar {
        Grammar::None => {}
        Grammar::Own(lower) => lower(source, &mut facts),
        Grammar::Yaml(lower, tree_use) => {
            if let Some(tree) = yaml_tree(source, &mut facts) {
                lower(&tree, source, &mut facts);
                facts.tree = (tree_use == TreeUse::Kept).then(|| Box::new(tree));
            }
        }
    }

    facts
}

/// The tree of a YAML file; `None` if it is a template of some engine.
fn yaml_tree<'s>(source: &'s SourceFile, facts: &mut FileFacts) -> Option<Tree<'s>> {
    // Many tools read JSON with comments; only deployment files must be plain.
    let lenient = facts.kind == FileKind::OtherYaml && source.path.ends_with(".json");
    let is_template = LazyCell::new(|| file_kind::has_template_marks(&source.text));
    let parsed = Tree::parse_if(source.id, &source.text, &|| !lenient && !*is_template);
    facts.comments = parsed.tree.comments().to_vec();
    facts.errors = if lenient { Vec::new() } else { parsed.errors };

    if !facts.errors.is_empty() && *is_template {
        facts.kind = FileKind::Template;
        facts.errors.clear();
        return None;
    }

    Some(parsed.tree)
}

fn dockerfile_facts(source: &SourceFile, facts: &mut FileFacts) {
    let parsed = syntax::dockerfile::parse(&source.text);
    facts.comments = parsed.tree.comments.clone();
    facts.dockerfile = Some(Box::new(dockerfile::lower(source, parsed.tree)));
    facts.errors = parsed.errors;
}

fn env_facts(source: &SourceFile, facts: &mut FileFacts) {
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

/// A file under a chart's `templates/`.
fn template_facts(source: &SourceFile, facts: &mut FileFacts) {
    let mask = yaml::mask_templates(&source.text);
    let tree = Tree::parse_template(source.id, &mask).tree;
    facts.objects = kubernetes::objects(&tree, ManifestScope::helm(source.id, &mask));
    facts.comments = tree.comments().to_vec();
    facts.switches = chart::switches(&source.text, &mask);
}

/// Compose files are lowered when they are merged; of other YAML, only the errors count.
const fn no_facts(_: &Tree, _: &SourceFile, _: &mut FileFacts) {}

fn workflow_facts(tree: &Tree, source: &SourceFile, facts: &mut FileFacts) {
    let workflow = workflow::workflow(tree, source);
    // Every Dockerfile will ask for them; here they are read in parallel.
    workflow::image_builds(&workflow);
    facts.workflow = Some(Box::new(workflow));
}

fn gitlab_facts(tree: &Tree, source: &SourceFile, facts: &mut FileFacts) {
    facts.gitlab = Some(Box::new(workflow::gitlab::gitlab_file(tree, source)));
}

fn manifest_facts(tree: &Tree, source: &SourceFile, facts: &mut FileFacts) {
    facts.objects = kubernetes::objects(tree, ManifestScope::plain(source.id));
}

fn kustomization_facts(tree: &Tree, source: &SourceFile, facts: &mut FileFacts) {
    let scope = ManifestScope::plain(source.id);
    facts.kustomization = Kustomization::from_tree(tree, scope, &source.path).map(Box::new);
}

/// `Chart.yaml` and values files.
fn chart_facts(tree: &Tree, _: &SourceFile, facts: &mut FileFacts) {
    facts.values = Some(Box::new(ChartValues::from_tree(tree)));
}

/// The error of a file that is empty although its kind needs content; no parser reports it.
pub fn empty_file_error(source: &SourceFile) -> Option<SyntaxError> {
    source
        .text
        .trim()
        .is_empty()
        .then(|| SyntaxError::new(Span::default(), "the file is empty"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_row() {
        for (index, spec) in FORMATS.iter().enumerate() {
            assert_eq!(spec.kind as usize, index, "{}", spec.name);
        }

        assert_eq!(FileKind::Text as usize + 1, FORMATS.len());
    }
}
