//! What kinds of secret files have in common: advice, and folders whose files are invented.

use crate::credential::SecretFile;

/// Folders whose files are invented.
const INVENTED: &[&str] = &[
    "test", "tests", "testdata", "fixture", "fixtures", "example", "examples", "docs", "mocks",
    "samples", "spec",
];

/// Whether a part of a path announces invented files.
pub(super) fn is_invented(part: &str) -> bool {
    INVENTED.contains(&part)
}

/// How such a file should reach the build or the container.
pub(super) const fn advice(kind: SecretFile) -> &'static str {
    match kind {
        SecretFile::Env => {
            "leave it out and pass the variables at run time: `env_file`, a Secret or the \
             platform's secret store"
        }
        SecretFile::ToolCredentials => {
            "mount it only for the command that needs it: `RUN --mount=type=secret,id=…,target=…`"
        }
        SecretFile::PrivateKey => {
            "mount it at run time; for builds, use `RUN --mount=type=ssh` or `--mount=type=secret`"
        }
        SecretFile::CloudCredentials | SecretFile::Kubeconfig => {
            "use a workload identity of the platform, or mount it at run time"
        }
        SecretFile::Secrets => "mount it at run time, or read it from a secret store",
    }
}
