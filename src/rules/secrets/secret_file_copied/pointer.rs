//! Files that are credentials because of their destination, or because a variable points to them.

use std::collections::BTreeSet;

use super::secret_kind::{advice, is_invented};
use crate::credential::{SecretFile, secret_file};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::{Dockerfile, Stage, StageId};
use crate::model::env::EnvVar;
use crate::syntax::dockerfile::{Body, Word};

/// Variables that hold the path of a credential file.
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

/// Whether a path announces an invented file.
pub(super) fn is_example(path: &str) -> bool {
    let parts = path.split(['/', '.', '-', '_']);
    parts
        .into_iter()
        .any(|part| is_invented(part) || matches!(part, "sample" | "template" | "dist" | "default"))
}

/// The kind of credential that a file becomes by its destination: `COPY key /root/.ssh/id_rsa`,
/// `COPY config $AWS_CONFIG_FILE`.
pub(super) fn by_destination(destination: &Word) -> Option<SecretFile> {
    if let Some(text) = destination.literal() {
        let kind = secret_file(&text)?;
        return (kind != SecretFile::Env || text.ends_with(".env")).then_some(kind);
    }

    match destination.variables().as_slice() {
        [variable] => pointer_kind(&variable.name),
        _ => None,
    }
}

fn pointer_kind(name: &str) -> Option<SecretFile> {
    let (_, kind) = POINTERS.iter().find(|(pointer, _)| *pointer == name)?;

    Some(*kind)
}

/// Reports variables that point to a credential file below a folder that a COPY puts into the
/// image.
pub(super) fn report_pointers(
    dockerfile: &Dockerfile,
    shipped: &BTreeSet<StageId>,
    sink: &mut Sink,
) {
    for stage in dockerfile
        .stages
        .iter()
        .filter(|stage| shipped.contains(&stage.index))
    {
        for var in &stage.env {
            let Some(kind) = pointer_kind(&var.name.value) else {
                continue;
            };

            let Some(path) = var.value.resolved() else {
                continue;
            };

            if secret_file(path) == Some(kind) && is_copied(dockerfile, stage, path) {
                sink.report(pointer(var, kind));
            }
        }
    }
}

/// Whether an instruction of a stage copies a folder that may hold the path.
fn is_copied(dockerfile: &Dockerfile, stage: &Stage, path: &str) -> bool {
    let path = path.trim_start_matches("./").trim_start_matches('/');

    dockerfile.instructions().any(|position| {
        let (Body::Copy(transfer) | Body::Add(transfer)) = &position.instruction.body else {
            return false;
        };

        let folder = transfer.destination.literal().unwrap_or_default();
        let folder = folder.trim_start_matches("./").trim_matches('/');
        let is_inside = folder.is_empty()
            || folder == "."
            || path
                .strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'));

        position.stage.index == stage.index && transfer.from.is_none() && is_inside
    })
}

fn pointer(var: &EnvVar, kind: SecretFile) -> Finding {
    Finding::new(
        var.value.location().unwrap_or(var.name.location),
        format!(
            "`{}` points to {} in the image",
            var.name.value,
            kind.noun()
        ),
    )
    .label("in a directory that is copied into the image")
    .help(advice(kind))
}
