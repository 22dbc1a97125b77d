//! What a value is taken for: a secret, a placeholder, a reference.

use super::super::defaults::default_pair;
use super::*;

/// The verdict in one word.
fn word(name: &str, value: &str) -> &'static str {
    match judge(name, value) {
        Verdict::NotSecret => "no",
        Verdict::Placeholder => "placeholder",
        Verdict::Reference => "reference",
        Verdict::Default(DefaultReason::WellKnown) => "known",
        Verdict::Default(DefaultReason::RepeatsName) => "name",
        Verdict::Default(DefaultReason::Development) => "dev",
        Verdict::Default(DefaultReason::Placeholder) => "never judged by its value",
        Verdict::Default(DefaultReason::Plain) => "plain",
        Verdict::Secret { .. } => "secret",
        Verdict::Token(_) => "token",
        Verdict::UrlPassword(_) => "url",
    }
}

#[test]
fn name_and_value_give_the_verdict() {
    let groq = format!(
        "gsk_{}",
        "Zq7Lx2Vb9Rt4Yw8Kc3Nd6Hf1Js5Pg0AmTu4Be7Wi2Ox9Lk6QrXyD"
    );
    for (name, value, verdict) in [
        ("DB_PASSWORD", "Tr0ub4dor&3", "secret"),
        ("DB_PASSWORD", "whalehello", "secret"),
        ("POSTGRES_PASSWORD", "83749201", "secret"),
        ("JWT_SECRET", "8f3b1c9e7d2a4650", "secret"),
        ("NPM_TOKEN", "9f86d081884c7d659a2feaa0c55ad015", "secret"),
        ("API_KEY", "my_key_value_77", "known"),
        ("apiKey", "k3J9dLq27TzPvX51", "secret"),
        ("POSTGRES_PASSWORD", "postgres", "known"),
        ("MINIO_ROOT_PASSWORD", "minioadmin", "known"),
        ("ADMIN_PASSWORD", "changeme", "known"),
        ("ADMIN_PASSWORD", "admin", "known"),
        ("DB_PASSWORD", "password", "known"),
        ("DB_PASSWORD", "mysecretpassword", "known"),
        ("DB_PASSWORD", "root", "known"),
        ("DB_PASSWORD", "1234", "known"),
        ("GITHUB_TOKEN", "test", "dev"),
        ("SECRET_KEY", "dev-secret", "dev"),
        (
            "AUTH_SECRET",
            "dev-secret-at-least-32-characters-long",
            "dev",
        ),
        (
            "JWT_SECRET_KEY",
            "test-secret-key-for-system-tests-do-not-use-in-production",
            "dev",
        ),
        ("WAREHOUSE_PASSWORD", "warehouse", "name"),
        ("BILLING_PASSWORD", "billing123", "name"),
        ("REDIS_PASSWORD", "warehouse-password", "plain"),
        ("N8N_SECRET", "even-more-secret", "plain"),
        ("COOKIE_SECRET", "bbbb2222", "plain"),
        ("DB_PASSWORD", "cGFzc3dvcmQ=", "known"),
        ("DB_PASSWORD", "ZXhhbXBsZS1hcHAtc2VjcmV0", "placeholder"),
        ("HMAC_SECRET", "acme-local-hmac-20260422", "dev"),
        ("HMAC_SECRET", "warehousing-local-hmac-20260422", "dev"),
        ("secretKey", "APP_DB_PASSWORD", "reference"),
        ("secretKey", "S3_POSTGRES_USER", "reference"),
        ("password", "team/app/db-password", "reference"),
        ("secretKey", "token", "placeholder"),
        ("authKey", "auth", "no"),
        ("VNC_PASSWORD", "P", "no"),
        ("OPENAI_API_KEY", "your-api-key", "placeholder"),
        ("OPENAI_API_KEY", "sk-...", "placeholder"),
        (
            "HF_TOKEN",
            "insert-your-huggingface-token-here",
            "placeholder",
        ),
        ("OPENAI_API_KEY", "EMPTY", "placeholder"),
        ("SECRET", "cicicicicicicicicicicici", "placeholder"),
        ("DB_PASSWORD", "${DB_PASSWORD}", "reference"),
        ("DB_PASSWORD", "$DB_PASSWORD", "reference"),
        ("DB_PASSWORD", "{{ .Values.password }}", "reference"),
        ("DB_PASSWORD", "/run/secrets/db", "reference"),
        ("DB_PASSWORD", "op://vault/item/field", "reference"),
        (
            "GOOGLE_APPLICATION_CREDENTIALS",
            "./app/google.json",
            "reference",
        ),
        ("TOKEN", "https://login.internal/token", "reference"),
        ("DB_PASSWORD", "", "no"),
        ("DB_PASSWORD", "true", "no"),
        ("SESSION_TOKEN", "0", "no"),
        ("DB_PASSWORD_FILE", "hunter22", "no"),
        ("GPG_KEY", "0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D", "no"),
        ("tokenSecret", "grafana-credentials", "no"),
        ("GREETING", "s3cr3t-looking-99", "no"),
        ("GREETING", &groq, "token"),
        ("OPENAI_API_KEY", &groq, "token"),
        ("AZURE_OPENAI_API_KEY", "2024-10-21", "no"),
        ("LICENSE_KEY", "ask-the-sales-team", "placeholder"),
        ("JWT_SECRET", "ask-the-sales-team", "secret"),
        ("VITE_FIREBASE_API_KEY", "q7Lw2pXv81LmQz73RtYb", "no"),
        ("BACKUP_S3_ACCESS_KEY", "q7Lw2pXv81LmQz73RtYb", "no"),
        ("AWS_SECRET_KEY", "q7Lw2pXv81LmQz73RtYb", "secret"),
        ("REDIS_AUTH", "q7Lw2pXv81LmQz73RtYb", "secret"),
        (
            "DATABASE_URL",
            "postgres://app:Tr0ub4dor3@db:5432/app",
            "url",
        ),
        ("DATABASE_URL", "postgres://app@db:5432/app", "no"),
        (
            "DATABASE_URL",
            "postgres://app:${PASSWORD}@db:5432/app",
            "no",
        ),
    ] {
        assert_eq!(word(name, value), verdict, "{name}={value}");
    }
}

#[test]
fn no_verdict_carries_the_secret() {
    let Verdict::Secret { redacted, .. } = judge("DB_PASSWORD", "Tr0ub4dor&3") else {
        panic!("a secret")
    };
    assert!(!redacted.contains("Tr0"));
}

#[test]
fn users_that_are_their_own_password() {
    assert!(default_pair("ai", "ai"));
    assert!(!default_pair("", ""));
    assert!(!default_pair("app", "Tr0ub4dor3"));
}

#[test]
fn secrets_that_the_program_checks_itself() {
    for (name, expected) in [
        ("APP_SECRET", true),
        ("SECRET_KEY_BASE", true),
        ("JWT_SECRET_KEY", true),
        ("SESSION_SECRET", true),
        ("POSTGRES_PASSWORD", true),
        ("ENCRYPTION_KEY", true),
        ("JUPYTER_TOKEN", true),
        ("SMTP_PASSWORD", false),
        ("GOOGLE_CLIENT_SECRET", false),
        ("AWS_SECRET_ACCESS_KEY", false),
        ("STRIPE_SECRET_KEY", false),
        ("OPENAI_API_KEY", false),
        ("GITHUB_TOKEN", false),
        ("LOG_LEVEL", false),
    ] {
        assert_eq!(is_own_secret(name), expected, "{name}");
    }

    assert!(starts_with_placeholder("replace-me-with-32-bytes"));
    assert!(starts_with_placeholder("00000000000000000000"));
    assert!(!starts_with_placeholder("not-required"));
}

/// Rows of a label, a place, a name and a value; a `|` in a value keeps the file free of what looks
/// like a live credential.
const TABLE: &str = include_str!("classify_table.tsv");

#[test]
fn labeled_examples_are_told_apart() {
    let (mut right, mut missed, mut wrong) = (0u32, Vec::new(), Vec::new());

    for row in TABLE.lines() {
        let [label, place, name, value] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("four columns: {row}")
        };
        let place = match place {
            "variable" => Place::Variable,
            "setting" => Place::Setting,
            "code" => Place::Code,
            _ => panic!("a place: {row}"),
        };
        let verdict = classify(name, &value.replace('|', ""), place);
        let is_secret = matches!(
            verdict,
            Verdict::Secret { .. } | Verdict::Token(_) | Verdict::UrlPassword(_)
        );

        match (label, is_secret) {
            ("secret", true) => right += 1,
            ("secret", false) => missed.push(format!("{row}: {verdict:?}")),
            (_, true) => wrong.push(format!("{row}: {verdict:?}")),
            (_, false) => {}
        }
    }

    let rows = TABLE.lines().count();
    let found = right + wrong.len() as u32;
    let secrets = right + missed.len() as u32;
    let report = format!(
        "missed:\n{}\nwrong:\n{}",
        missed.join("\n"),
        wrong.join("\n")
    );

    assert!(rows >= 600, "{rows} rows");
    assert!(
        right * 100 >= found * 98,
        "precision {right} of {found}\n{report}"
    );
    assert!(
        right * 100 >= secrets * 97,
        "recall {right} of {secrets}\n{report}"
    );
}
