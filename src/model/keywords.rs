//! Keywords that show that a repository deals with a subject at all: rate limits, rotated and
//! shipped logs, scraped metrics, rollbacks, scans for secrets.
//!
//! Most files are dropped after reading, so the words are searched while reading. What counts is
//! generous, as the question is asked only to report that *nothing* mentions the subject.

use super::path_class::{self, is_prose};
use crate::model::file_role::is_generated;
use crate::source::file_name;

/// A subject that keywords show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    RateLimit,
    LogRotation,
    LogShipping,
    Scraping,
    Rollback,
    SecretScan,
    ApiSpec,
}

/// The signals of a text or of all texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals(u8);

impl Signals {
    pub const fn contains(self, signal: Signal) -> bool {
        self.0 & (1 << signal as u8) != 0
    }

    pub const fn insert(&mut self, signal: Signal) {
        self.0 |= 1 << signal as u8;
    }

    pub const fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// Options of proxies and gateways, libraries, and common names in application code. A client
/// mentions the limits of other services too: `RateLimitError` is not evidence.
const RATE_LIMIT: &[&str] = &[
    "limit_req",
    "http_req_rate",
    "mod_ratelimit",
    "mod_evasive",
    "limit-rps",
    "limit-rpm",
    "limit-req",
    "limit-count",
    "ratelimiter",
    "rate_limiter",
    "rate-limiter",
    "ratelimitmiddleware",
    "rate_limit_middleware",
    "ratelimit_middleware",
    "local_ratelimit",
    "@ratelimit",
    "@rate_limit",
    "ratelimit(",
    "rate_limit(",
    "ratelimits",
    "rate_limits",
    "rate_limit_per",
    "ratelimit.average",
    "rate_limit {",
    "rate-limiting",
    "rate_limiting",
    "ratelimiting",
    "backendtrafficpolicy",
    "slowapi",
    "flask-limiter",
    "flask_limiter",
    "fastapi-limiter",
    "fastapi_limiter",
    "django-ratelimit",
    "django_ratelimit",
    "express-rate-limit",
    "express-slow-down",
    "koa-ratelimit",
    "hono-rate-limiter",
    "@fastify/rate-limit",
    "@nestjs/throttler",
    "upstash/ratelimit",
    "rack-attack",
    "rack::attack",
    "throttle_classes",
    "default_throttle",
    "throttlerequests",
    "throttle:",
    "tower_governor",
    "actix-governor",
    "actix_governor",
    "x/time/rate",
    "tollbooth",
    "ulule/limiter",
    "httprate",
    "bucket4j",
    "resilience4j",
];

const LOG_ROTATION: &[&str] = &[
    "log-opt",
    "log-driver",
    "logrotate",
    "log_driver",
    "docker_log",
];

const LOG_SHIPPING: &[&str] = &[
    "loki",
    "promtail",
    "grafana/alloy",
    "fluentd",
    "fluent-bit",
    "fluentbit",
    "fluent/",
    "timberio/vector",
    "vector.toml",
    "vector.yaml",
    "logstash",
    "filebeat",
    "elastic-agent",
    "graylog",
    "gelf",
    "splunk",
    "datadog",
    "newrelic",
    "new-relic",
    "new_relic",
    "papertrail",
    "logtail",
    "betterstack",
    "awslogs",
    "gcplogs",
    "cloudwatch",
    "google.cloud.logging",
    "google-cloud-logging",
    "opentelemetry",
    "otel",
    "logspout",
    "signoz",
    "openobserve",
    "victorialogs",
    "victoria-logs",
    "sumologic",
    "loggly",
    "logdna",
    "coralogix",
    "dynatrace",
    "honeycomb",
    "axiom-",
    "applicationinsights",
    "application-insights",
    "datalust/seq",
    "logfire",
    "hyperdx",
    "uptrace",
    "parseable",
    "quickwit",
    "syslog",
];

const SCRAPING: &[&str] = &[
    "scrape_configs",
    "scrape_interval",
    "prometheus.io/scrape",
    "prometheus.io.scrape",
    "prometheus.scrape",
    "servicemonitor",
    "podmonitor",
    "vmservicescrape",
    "vmpodscrape",
    "metrics_path",
    "inputs.prometheus",
    "openmetrics",
    "prometheusreceiver",
    "scrapeconfig",
];

const ROLLBACK: &[&str] = &[
    "rollback",
    "roll back",
    "roll-back",
    "roll_back",
    "rolled back",
    "rolling back",
    "rollout undo",
    "--atomic",
    "previous release",
    "previous version",
    "previous image",
    "revert the deploy",
    "flagger",
    "argoproj.io",
];

const SECRET_SCAN: &[&str] = &[
    "gitleaks",
    "trufflehog",
    "detect-secrets",
    "detect-private-key",
    "git-secrets",
    "git_secrets",
    "ggshield",
    "gitguardian",
    "talisman",
    "secretlint",
    "noseyparker",
    "kingfisher",
    "ripsecrets",
    "secret-scan",
    "secret_scan",
    "secret scan",
    "secret-detection",
    "secret_detection",
    "credscan",
    "deploylint",
    "megalinter",
    "super-linter",
    "trivy fs",
    "scan-type: fs",
    "scan-type: 'fs'",
    "scan-type: \"fs\"",
    "trivy repo",
    "whispers",
];

/// Documents, frameworks that write them by themselves, and ways of calling that have descriptions
/// of their own.
const API_SPEC: &[&str] = &[
    "openapi",
    "swagger",
    "fastapi",
    "litestar",
    "apispec",
    "flasgger",
    "drf_yasg",
    "drf-yasg",
    "drf_spectacular",
    "drf-spectacular",
    "django-ninja",
    "springdoc",
    "utoipa",
    "huma",
    "tsoa",
    "redoc",
    "raml",
    "apiblueprint",
    "api-platform",
    "graphql",
    "grpc",
    "trpc",
    "protobuf",
    "connectrpc",
    "next.config",
    "\"next\":",
];

/// A longer word that contains a keyword and means something else: a client mentions the limits of
/// other services.
const FALSE_MATCH: &str = "ratelimiterror";

/// Every word with its signal.
pub fn words() -> impl Iterator<Item = (&'static str, Signal)> {
    let lists = [
        (Signal::RateLimit, RATE_LIMIT),
        (Signal::LogRotation, LOG_ROTATION),
        (Signal::LogShipping, LOG_SHIPPING),
        (Signal::Scraping, SCRAPING),
        (Signal::Rollback, ROLLBACK),
        (Signal::SecretScan, SECRET_SCAN),
        (Signal::ApiSpec, API_SPEC),
    ];
    lists
        .into_iter()
        .flat_map(|(signal, words)| words.iter().map(move |word| (*word, signal)))
}

/// The longest text that is searched, in bytes: longer ones are data.
const MAX_BYTES: usize = 1 << 20;

/// The signals that a text counts for. Prose describes plans: it counts only for what people do by
/// hand.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignalScope {
    /// What it does.
    source: bool,
    /// What people do.
    runbook: bool,
}

impl SignalScope {
    pub fn of(path: &str, bytes: usize) -> Self {
        if bytes > MAX_BYTES || is_generated(path) {
            return Self::default();
        }

        let name = file_name(path).to_ascii_lowercase();
        // A log of changes says what was, not what to do.
        let history = ["changelog", "changes", "history", "license"]
            .iter()
            .any(|word| name.starts_with(word));
        let manifest = name.starts_with("requirements") && name.ends_with(".txt");
        let code = path_class::is_source(path);
        Self {
            source: (code || path_class::is_evidence(path)) && !is_prose(path) || manifest,
            runbook: !history && !manifest && !code,
        }
    }

    pub const fn is_empty(self) -> bool {
        !(self.source || self.runbook)
    }

    /// Whether the word of a signal at a place of the text is evidence.
    pub fn counts(self, signal: Signal, text: &str, offset: usize) -> bool {
        match signal {
            Signal::Rollback => self.runbook,
            Signal::RateLimit => self.source && !is_false_match(text, offset),
            _ => self.source,
        }
    }
}

fn is_false_match(text: &str, offset: usize) -> bool {
    text.get(offset..offset + FALSE_MATCH.len())
        .is_some_and(|word| word.eq_ignore_ascii_case(FALSE_MATCH))
}

/// The signals in the name of a file.
pub fn named(path: &str) -> Signals {
    let name = file_name(path).to_ascii_lowercase();
    let mut found = Signals::default();
    if ["rollback", "roll-back"]
        .iter()
        .any(|word| name.contains(word))
        && !is_generated(path)
    {
        found.insert(Signal::Rollback);
    }

    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::env_usage::EnvNameSearch;

    #[test]
    fn a_signal_is_found_where_it_counts() {
        for (path, text, signal, expected) in [
            ("nginx.conf", "limit_req zone=api;", Signal::RateLimit, true),
            (
                "requirements.txt",
                "slowapi==0.1.9\n",
                Signal::RateLimit,
                true,
            ),
            (
                "app.py",
                "except openai.RateLimitError:",
                Signal::RateLimit,
                false,
            ),
            (
                "README.md",
                "We have a rate_limiter.",
                Signal::RateLimit,
                false,
            ),
            ("docs/runbook.md", "## Roll back", Signal::Rollback, true),
            (
                "CHANGELOG.md",
                "rollback of transactions",
                Signal::Rollback,
                false,
            ),
            ("db.py", "session.rollback()", Signal::Rollback, false),
            ("scripts/rollback.py", "", Signal::Rollback, true),
            (
                "ops/daemon.json",
                "{\"log-opts\": {}}",
                Signal::LogRotation,
                true,
            ),
            (
                ".pre-commit-config.yaml",
                "repo: https://github.com/gitleaks/gitleaks",
                Signal::SecretScan,
                true,
            ),
            (
                "monitoring/prometheus.yml",
                "scrape_configs: []",
                Signal::Scraping,
                true,
            ),
        ] {
            let names = EnvNameSearch::of([]);
            let found = names.all([names.find(path, text)]);
            assert_eq!(found.signals.contains(signal), expected, "{path}: {text}");
        }
    }
}
