//! Files that are credentials because of where they are put, or because a variable says so.

use std::collections::BTreeSet;

use super::{MADE_UP, advice};
use crate::credential::{SecretFile, secret_file};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::Dockerfile;
use crate::syntax::dockerfile::{Body, Word};

/// Variables that tell a program where its credentials lie.
const POINTERS: &[(&str, SecretFile)] = &[
    (
        "GOOGLE_APPLICATION_CREDENTIALS",
        SecretFile::CloudCredentials,
    ),
    ("AWS_CONFIG_FILE", SecretFile::CloudCredentials),
    ("AWS_SHARED_CREDENTIALS_FILE", SecretFile::CloudCredentials),
    ("AZURE_CREDENTIALS_LOCATION", SecretFile::CloudCredentials),
    ("KUBECONFIG", SecretFile::Kubeconfig),
    ("NPM_CONFIG_USERCONFIG", SecretFile::ToolCredentials),
    ("NETRC", SecretFile::ToolCredentials),
];

/// Whether a path says itself that what it holds is made up.
pub(super) fn is_example(path: &str) -> bool {
    let parts = path.split(['/', '.', '-', '_']);
    parts.into_iter().any(|part| {
        MADE_UP.contains(&part) || matches!(part, "sample" | "template" | "dist" | "default")
    })
}

/// Files that become credentials by where they are put: `COPY key /root/.ssh/id_rsa`, `COPY config
/// $AWS_CONFIG_FILE`.
pub(super) fn by_destination(destination: &Word) -> Option<SecretFile> {
    if let Some(text) = destination.literal() {
        return secret_file(&text)
            .filter(|kind| *kind != SecretFile::Env || text.ends_with(".env"));
    }

    let variables = destination.variables();
    let [variable] = variables.as_slice() else {
        return None;
    };

    POINTERS
        .iter()
        .find(|(name, _)| *name == variable.name)
        .map(|&(_, kind)| kind)
}

/// Variables that point at a file of credentials below a folder that the image got by COPY.
pub(super) fn pointers(dockerfile: &Dockerfile, shipped: &BTreeSet<usize>, sink: &mut Sink) {
    for stage in dockerfile
        .stages
        .iter()
        .filter(|stage| shipped.contains(&stage.index))
    {
        for var in &stage.env {
            let Some((_, kind)) = POINTERS.iter().find(|(name, _)| *name == var.name.value) else {
                continue;
            };

            let Some(path) = var
                .value
                .resolved()
                .filter(|path| secret_file(path) == Some(*kind))
            else {
                continue;
            };

            let path = path.trim_start_matches("./").trim_start_matches('/');
            let copied = dockerfile.instructions().any(|position| {
                let (Body::Copy(transfer) | Body::Add(transfer)) = &position.instruction.body
                else {
                    return false;
                };

                let folder = transfer.destination.literal().unwrap_or_default();
                let folder = folder.trim_start_matches("./").trim_matches('/');
                let inside = folder.is_empty()
                    || folder == "."
                    || path
                        .strip_prefix(folder)
                        .is_some_and(|rest| rest.starts_with('/'));
                position.stage.index == stage.index && transfer.from.is_none() && inside
            });

            if copied {
                sink.report(
                    Finding::new(
                        var.value.location().unwrap_or(var.name.location),
                        format!(
                            "`{}` points to {} in the image",
                            var.name.value,
                            kind.noun()
                        ),
                    )
                    .label("in a directory that is copied into the image")
                    .help(advice(*kind)),
                );
            }
        }
    }
}
