//! Lowers one file: finds its kind, parses it, and makes its facts. Never fails; a file that no
//! grammar takes is text.

use std::cell::LazyCell;

use super::code::lex::Language;
use super::facts::FileFacts;
use super::kind::{self, FileKind, Listing};
use super::kubernetes::Kustomization;
use super::{dockerfile, env, file_role, kubernetes, workflow};
use crate::source::{SourceFile, Span, file_name};
use crate::syntax::{self, SyntaxError, yaml};

/// Whether a path is one that a deployment stands or falls with: it must be readable.
pub fn is_deployment(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let yaml = name.ends_with(".yaml") || name.ends_with(".yml");
    yaml || name.starts_with("dockerfile")
        || name.ends_with(".dockerfile")
        || name.starts_with("containerfile")
}

/// Whether checks read a file's text beyond searching it for credentials: deployment files,
/// manifests of packages, scripts, the sources that serve and configure.
pub fn is_evidence(path: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "yaml",
        "yml",
        "json",
        "toml",
        "sh",
        "env",
        "conf",
        "tpl",
        "txt",
        "dockerignore",
        "lock",
        "npmrc",
        "pypirc",
        "netrc",
        "template",
    ];
    const NAMES: &[&str] = &[
        "dockerfile",
        "containerfile",
        ".env",
        "env.",
        "makefile",
        "compose",
        "procfile",
        "caddyfile",
        ".gitignore",
        ".gitmodules",
        ".dockerignore",
    ];
    let name = file_name(path).to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    !file_role::is_generated(path)
        && (ENDINGS.contains(&ending)
            || NAMES.iter().any(|part| name.contains(part))
            || !name.contains('.'))
}

/// Whether a path may be one of an env file, by its name alone.
pub fn is_env_file(path: &str) -> bool {
    file_name(path).to_ascii_lowercase().contains("env")
}

/// Whether a path is an env file that shows what to set: `.env.example`, `env.sample`, `.env.dist`.
pub fn is_example_env(path: &str) -> bool {
    const WORDS: &[&str] = &[
        "example", "sample", "template", "dist", "tpl", "tmpl", "defaults", "default",
    ];
    let name = file_name(path);
    if !(name.contains("env") || name.contains("ENV")) || Language::of(path).is_some() {
        return false;
    }

    let is = |part: &str, words: &[&str]| words.iter().any(|word| part.eq_ignore_ascii_case(word));
    let mut parts = name.split(['.', '-', '_']);

    parts.clone().any(|part| is(part, &["env"])) && parts.any(|part| is(part, WORDS))
}

/// Whether a file is a program's source or configuration, in which names are assigned.
pub fn is_source(path: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "py",
        "js",
        "ts",
        "jsx",
        "tsx",
        "mjs",
        "cjs",
        "go",
        "rb",
        "php",
        "java",
        "kt",
        "cs",
        "rs",
        "scala",
        "ex",
        "exs",
        "ini",
        "cfg",
        "properties",
        "tf",
        "tfvars",
        "hcl",
        "xml",
        "swift",
        "dart",
        "lua",
        "pl",
        "groovy",
        "gradle",
    ];
    let name = file_name(path);
    !file_role::is_generated(path)
        && name
            .rsplit_once('.')
            .is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

/// The facts of one file.
pub fn lower<'s>(source: &'s SourceFile, listing: &Listing) -> FileFacts<'s> {
    let kind = kind::kind(&source.path, &source.text, listing);
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
        }
        _ => {}
    }

    facts
}

fn yaml_file<'s>(source: &'s SourceFile, facts: &mut FileFacts<'s>) {
    // Tools that read JSON with comments are many; only what deploys must be plain.
    let lenient = facts.kind == FileKind::OtherYaml && source.path.ends_with(".json");
    let is_template = LazyCell::new(|| kind::has_template_marks(&source.text));
    let worth = || !lenient && !*is_template;
    let parsed = yaml::Tree::parse_if(source.id, &source.text, &worth);
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
        FileKind::Kubernetes => {
            facts.objects = kubernetes::objects(&tree, kubernetes::ManifestScope::plain(source.id));
        }
        FileKind::Kustomization => {
            let scope = kubernetes::ManifestScope::plain(source.id);
            facts.kustomization =
                Kustomization::from_tree(&tree, scope, &source.path).map(Box::new);
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

/// Errors of a whole file that no parser sees: it is empty where something must stand.
pub fn empty(source: &SourceFile) -> Option<SyntaxError> {
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
    fn example_files_are_told_from_real_ones() {
        for path in [
            ".env.example",
            "a/.env.sample",
            ".env.template",
            "env.example",
            "example.env",
            ".env-dist",
            ".env.prod.example",
        ] {
            assert!(is_example_env(path), "{path}");
        }

        for path in [
            ".env",
            ".env.production",
            "prod.env",
            "environment.example.ts",
            "example.yaml",
        ] {
            assert!(!is_example_env(path), "{path}");
        }
    }
}
