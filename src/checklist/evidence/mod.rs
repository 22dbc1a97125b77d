//! The questions of the checklist, asked of the facts, the graph and the analysis. One function
//! answers one item; the item's page says what it asks.

pub mod application;
pub mod capacity;
pub mod health;
pub mod images;
pub mod network;
pub mod pipeline;
pub mod secrets;

use super::answer::Answer;
use super::service::{Service, Services};
use crate::analysis::Analysis;

/// How an item is answered.
#[derive(Clone, Copy)]
pub enum Question {
    /// Of each service.
    Service(for<'a> fn(&Analysis<'a>, &Services<'a>, &Service<'a>) -> Answer),
    /// Of the repository as a whole.
    Repository(for<'a> fn(&Analysis<'a>, &Services<'a>) -> Answer),
}

/// The question of each item that files answer, by the item's name.
pub const QUESTIONS: &[(&str, Question)] = &[
    ("api-spec", Question::Repository(application::api_spec)),
    ("autoscaling", Question::Service(capacity::autoscaling)),
    ("backups", Question::Service(capacity::backups)),
    ("build-context", Question::Service(images::build_context)),
    ("ci-deploy", Question::Repository(pipeline::deploy)),
    ("ci-eval", Question::Repository(pipeline::eval)),
    ("ci-pipeline", Question::Repository(pipeline::pipeline)),
    ("ci-stages", Question::Repository(pipeline::stages)),
    (
        "ci-supply-chain",
        Question::Repository(pipeline::supply_chain),
    ),
    ("container-isolation", Question::Service(network::isolation)),
    (
        "default-credentials",
        Question::Service(secrets::default_credentials),
    ),
    (
        "documented-env",
        Question::Repository(secrets::documented_env),
    ),
    ("durable-storage", Question::Service(capacity::storage)),
    ("graceful-shutdown", Question::Service(health::shutdown)),
    ("health-checks", Question::Service(health::checks)),
    ("health-endpoints", Question::Service(health::endpoints)),
    (
        "high-availability",
        Question::Service(capacity::availability),
    ),
    ("image-scan", Question::Repository(pipeline::image_scan)),
    ("least-privilege", Question::Repository(network::privileges)),
    ("llm-cost", Question::Repository(application::llm_cost)),
    ("logging", Question::Repository(application::logging)),
    ("metrics", Question::Repository(application::metrics)),
    ("migrations", Question::Repository(application::migrations)),
    (
        "model-pinning",
        Question::Repository(application::model_pinning),
    ),
    ("network-exposure", Question::Service(network::exposure)),
    ("network-policy", Question::Service(network::policy)),
    ("no-secrets", Question::Repository(secrets::no_secrets)),
    ("non-root", Question::Service(images::non_root)),
    ("pinned-images", Question::Service(images::pinned)),
    ("probes", Question::Service(health::probes)),
    ("rate-limiting", Question::Repository(network::rate_limit)),
    (
        "reproducible-builds",
        Question::Service(images::reproducible),
    ),
    ("resource-limits", Question::Service(capacity::resources)),
    ("restart-policy", Question::Service(health::restarts)),
    ("rollback-plan", Question::Repository(application::rollback)),
    ("rollout-safety", Question::Service(capacity::rollout)),
    (
        "secret-management",
        Question::Repository(secrets::management),
    ),
    ("service-wiring", Question::Repository(network::wiring)),
    ("small-images", Question::Service(images::small)),
    ("startup-order", Question::Service(health::startup_order)),
    (
        "timeouts-and-concurrency",
        Question::Service(capacity::timeouts),
    ),
    ("tls", Question::Repository(network::tls)),
];

/// The question of an item; `None` for one that only a person can answer.
pub fn question(item: &str) -> Option<Question> {
    QUESTIONS
        .iter()
        .find(|(name, _)| *name == item)
        .map(|(_, question)| *question)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::item::{ItemScope, items};

    #[test]
    fn every_item_has_a_question_of_its_scope() {
        for item in items() {
            let scope = match question(item.name) {
                Some(Question::Service(_)) => ItemScope::Service,
                Some(Question::Repository(_)) => ItemScope::Repository,
                None => ItemScope::Attested,
            };
            assert_eq!(scope, item.scope, "{}", item.name);
        }

        for (name, _) in QUESTIONS {
            assert!(items().iter().any(|item| item.name == *name), "{name}");
        }
    }
}
