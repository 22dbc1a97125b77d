//! Names of files that hold secrets. Only the path matters; rules decide whether the file is
//! tracked or copied.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::source::{Span, file_name, parent};

use super::classify::{Place, Verdict, classify};
use super::words::words;

/// The kind of a file that should not be in an image or a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretFile {
    /// `.env` and its variants, except examples.
    Env,
    /// A private key, or a key store.
    PrivateKey,
    /// A package manager's or tool's file that may hold a token: `.npmrc`, `.pypirc`, `.netrc`,
    /// `.git-credentials`.
    ToolCredentials,
    /// Cloud provider credentials.
    CloudCredentials,
    /// Access to a cluster.
    Kubeconfig,
    /// Other files of secrets, by their name: `secrets.yaml`, `terraform.tfvars`, `.htpasswd`.
    Secrets,
}

impl SecretFile {
    /// The kind as a noun with its article.
    pub const fn noun(self) -> &'static str {
        match self {
            SecretFile::Env => "an env file",
            SecretFile::PrivateKey => "a private key",
            SecretFile::ToolCredentials => "a file with access tokens",
            SecretFile::CloudCredentials => "cloud credentials",
            SecretFile::Kubeconfig => "a kubeconfig",
            SecretFile::Secrets => "a secrets file",
        }
    }
}

type FilesByName = HashMap<&'static str, Vec<(Option<&'static str>, SecretFile)>>;

/// The files of the lists by name, each with the folder that must contain it, if any.
static NAMED: LazyLock<FilesByName> = LazyLock::new(files_by_name);

fn files_by_name() -> FilesByName {
    let lists = words();
    let mut files = FilesByName::new();

    for (list, kind) in [
        (&lists.tool_files, SecretFile::ToolCredentials),
        (&lists.cloud_files, SecretFile::CloudCredentials),
        (&lists.kubeconfig_files, SecretFile::Kubeconfig),
        (&lists.secret_files, SecretFile::Secrets),
        (&lists.key_files, SecretFile::PrivateKey),
    ] {
        for file in list {
            let (folder, name) = file
                .rsplit_once('/')
                .map_or((None, file.as_str()), |(folder, name)| (Some(folder), name));
            files.entry(name).or_default().push((folder, kind));
        }
    }

    files
}

/// The kind of secrets in a file, by its path. `None` for examples, encrypted files and public
/// keys.
pub fn secret_file(path: &str) -> Option<SecretFile> {
    let lists = words();
    let name = file_name(path).to_ascii_lowercase();
    if name
        .split(['.', '-', '_'])
        .any(|part| lists.example_files.contains(part))
    {
        return None;
    }

    // Cloudflare's Workers read the variables of a developer from `.dev.vars`.
    let is_env = [".env", ".dev.vars"].iter().any(|env| {
        name.strip_prefix(env)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    if is_env {
        return Some(SecretFile::Env);
    }

    let folder = file_name(parent(path)).to_ascii_lowercase();
    if let Some((_, kind)) = NAMED
        .get(name.as_str())
        .into_iter()
        .flatten()
        .find(|(inside, _)| inside.is_none_or(|inside| inside == folder))
    {
        return Some(*kind);
    }

    let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));

    match extension {
        "json"
            if lists
                .cloud_json_parts
                .iter()
                .any(|part| stem.contains(part.as_str())) =>
        {
            Some(SecretFile::CloudCredentials)
        }
        // Other `name.env` files are mostly settings of tools.
        "env"
            if matches!(
                stem,
                "prod" | "production" | "staging" | "secret" | "secrets"
            ) =>
        {
            Some(SecretFile::Env)
        }
        "p12" | "pfx" | "jks" | "keystore" | "ppk" | "kdbx" | "p8" => Some(SecretFile::PrivateKey),
        "key" if !is_public(stem) => Some(SecretFile::PrivateKey),
        "pem" if is_private_pem(stem) => Some(SecretFile::PrivateKey),
        "kubeconfig" => Some(SecretFile::Kubeconfig),
        "tfvars"
            if matches!(
                stem,
                "terraform" | "secret" | "secrets" | "prod" | "production"
            ) =>
        {
            Some(SecretFile::Secrets)
        }
        // A chart's template of this name renders a Secret and holds none.
        "yaml" | "yml" if stem == "secrets" && folder != "templates" => Some(SecretFile::Secrets),
        _ => None,
    }
}

/// The secrets of a file that consists of nothing else: the key of Rails' encrypted credentials, and
/// the passwords of `.pgpass`.
pub fn secrets_of_file(path: &str, text: &str) -> Vec<Span> {
    let name = file_name(path);
    let is_rails_key =
        name == "master.key" || name.ends_with(".key") && parent(path).ends_with("credentials");
    if is_rails_key {
        let key = text.trim_end();
        let is_key = key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit());

        return if is_key {
            vec![Span::of(0, key.len())]
        } else {
            Vec::new()
        };
    }

    if name != ".pgpass" {
        return Vec::new();
    }

    let mut spans = Vec::new();
    let mut offset = 0;

    for line in text.split_inclusive('\n') {
        let entry = line.trim_end();
        let password = entry.rsplit(':').next().unwrap_or("");
        let end = offset + entry.len();
        if entry.matches(':').count() == 4
            && !entry.starts_with('#')
            && matches!(
                classify("PASSWORD", password, Place::Variable),
                Verdict::Secret { .. }
            )
        {
            spans.push(Span::of(end - password.len(), end));
        }

        offset += line.len();
    }

    spans
}

fn is_public(stem: &str) -> bool {
    stem.split(['.', '-', '_'])
        .any(|part| matches!(part, "public" | "pub" | "pubkey" | "cert"))
}

/// Whether a `.pem` file holds a private key, by its name. Most hold certificates.
fn is_private_pem(stem: &str) -> bool {
    !is_public(stem)
        && stem.split(['.', '-', '_']).any(|part| {
            matches!(
                part,
                "key" | "private" | "priv" | "privkey" | "privatekey" | "privkey1" | "rsa"
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_hold_secrets() {
        for (path, kind) in [
            (".env", SecretFile::Env),
            ("app/.env.production", SecretFile::Env),
            (".env.local", SecretFile::Env),
            ("config/prod.env", SecretFile::Env),
            ("id_rsa", SecretFile::PrivateKey),
            (".ssh/id_ed25519", SecretFile::PrivateKey),
            ("certs/tls.key", SecretFile::PrivateKey),
            ("certs/server-key.pem", SecretFile::PrivateKey),
            ("privkey.pem", SecretFile::PrivateKey),
            ("store.p12", SecretFile::PrivateKey),
            (".npmrc", SecretFile::ToolCredentials),
            ("root/.docker/config.json", SecretFile::ToolCredentials),
            (".git-credentials", SecretFile::ToolCredentials),
            (".aws/credentials", SecretFile::CloudCredentials),
            ("google-storage-service.json", SecretFile::CloudCredentials),
            ("my-service-account-prod.json", SecretFile::CloudCredentials),
            ("credentials.json", SecretFile::CloudCredentials),
            (".kube/config", SecretFile::Kubeconfig),
            ("kubeconfig", SecretFile::Kubeconfig),
            ("secrets.yml", SecretFile::Secrets),
            ("terraform.tfvars", SecretFile::Secrets),
            (".htpasswd", SecretFile::Secrets),
        ] {
            assert_eq!(secret_file(path), Some(kind), "{path}");
        }
    }

    #[test]
    fn names_that_do_not() {
        for path in [
            ".env.example",
            ".env.sample",
            ".env.template",
            ".env.dist",
            ".env.test",
            "env.example",
            "example.env",
            ".envrc.example",
            ".env.enc",
            "id_rsa.pub",
            "tls.crt",
            "ca.pem",
            "fullchain.pem",
            "public.key",
            "public-key.pem",
            "config.json",
            "config",
            "secrets.enc.yaml",
            "secrets.sops.yaml",
            "secrets.md",
            "secrets.py",
            "terraform.tfvars.example",
            "environment.ts",
            "credentials.py",
            "src/env.rs",
            "chart/templates/secrets.yaml",
            "params.env",
            "monkey",
            "keys.json",
            "cert.pem",
        ] {
            assert_eq!(secret_file(path), None, "{path}");
        }
    }
}
