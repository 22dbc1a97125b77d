//! Questions about a path alone: what kind of content its name promises. The walk, the engine and
//! the rules ask them, some of them before a file is read.

use super::code::lex::Language;
use super::file_role;
use crate::credential::Values;
use crate::source::file_name;

/// Whether a path is one of a deployment file, which must be readable.
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
        "mk",
        "mod",
        "work",
        "sln",
        "gemspec",
        "yarnrc",
    ];
    const NAMES: &[&str] = &[
        "dockerfile",
        "containerfile",
        ".env",
        "env.",
        "makefile",
        "docker-bake",
        "bake.hcl",
        "tiltfile",
        "compose",
        "procfile",
        "caddyfile",
        "pom.xml",
        ".dev.vars",
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
    let name = file_name(path).to_ascii_lowercase();

    name.contains("env") || name.starts_with(".dev.vars")
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

    let mut parts = name.split(['.', '-', '_']);
    let names_env = parts.clone().any(|part| part.eq_ignore_ascii_case("env"));

    names_env && parts.any(|part| WORDS.iter().any(|word| part.eq_ignore_ascii_case(word)))
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
        "tfstate",
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

/// Whether names of secrets are searched in a file of this path, whose text is not kept otherwise.
pub fn assigns(path: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "ipynb", "config", "plist", "cnf", "envrc", "flaskenv", "key", "csv", "kts", "mts", "cts",
        "vue", "svelte", "json5", "jsonc", "http", "rest", "service", "ps1",
    ];
    let name = file_name(path).trim_end_matches(".backup");

    is_source(name)
        || !file_role::is_generated(path)
            && name
                .rsplit_once('.')
                .is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

/// How a file of this name writes the values that it assigns.
pub fn values(path: &str) -> Values {
    const PLAIN: &[&str] = &[
        "yaml",
        "yml",
        "ini",
        "cfg",
        "envrc",
        "flaskenv",
        "npmrc",
        "pypirc",
        "cnf",
        "kubeconfig",
        "s3cfg",
        "boto",
    ];
    const SPACED: &[&str] = &["properties", "conf", "netrc", "service"];
    let name = file_name(path).to_ascii_lowercase();
    let ending = name
        .rsplit_once('.')
        .map_or(name.as_str(), |(_, ending)| ending);

    if PLAIN.contains(&ending) || name == "credentials" {
        Values::Plain
    } else if SPACED.contains(&ending) || name == "_netrc" {
        Values::Spaced
    } else if ending == "ipynb" {
        Values::Notebook
    } else {
        Values::Quoted
    }
}

/// Whether a path is one of prose: Markdown and its like.
pub fn is_prose(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    [".md", ".mdx", ".rst", ".adoc", ".txt"]
        .iter()
        .any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn example_files_are_not_real_ones() {
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
