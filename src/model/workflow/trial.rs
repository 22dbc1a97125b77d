//! Jobs that deploy only for a test.

use super::jobs::{Job, Step};

/// Words in the scripts of a job that makes its own cluster.
const TRIAL_COMMANDS: &[&str] = &[
    "kind ",
    "minikube",
    "k3d ",
    "k3s",
    "microk8s",
    "kind.sh",
    "kind_",
    "localstack",
];

/// Words in the names of actions that make a cluster.
const TRIAL_ACTIONS: &[&str] = &["kind", "minikube", "k3d", "k3s", "microk8s"];

/// Whether a job deploys only for a test: to a cluster that it makes for itself, or on its own
/// runner.
pub fn is_trial(job: &Job) -> bool {
    job_names(job).any(says_test) || job.steps.iter().any(makes_cluster)
}

fn makes_cluster(step: &Step) -> bool {
    let action = step.action().map_or("", |action| action.name());
    if TRIAL_ACTIONS.iter().any(|word| action.contains(word)) {
        return true;
    }

    let Some(code) = &step.run else { return false };

    let script = code.text.to_ascii_lowercase();
    TRIAL_COMMANDS.iter().any(|word| script.contains(word))
}

/// The id of a job, and its name.
fn job_names(job: &Job) -> impl Iterator<Item = &str> {
    let names = [Some(&job.id), job.name.as_ref()];
    names.into_iter().flatten().map(|name| name.value.as_str())
}

/// Whether a name announces tests.
pub fn says_test(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "test",
        "tests",
        "testing",
        "verify",
        "check",
        "smoke",
        "e2e",
        "integration",
        "validate",
        "validation",
        "conformance",
        "lint",
    ];

    name.split(|letter: char| !letter.is_ascii_alphanumeric())
        .any(|word| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}
