//! Planted tokens are assembled from a prefix and a body, so that no line of this file has a
//! token's shape.

use super::*;

const HEX: &str =
    "9f2c81d7b35e0a46d8e17c94b2f60a3e5d81c7f4096b2ae3d5180f7c64b9e2a1f08d3c57b6e94a20";
const MIX: &str = "Zq7Lx2Vb9Rt4Yw8Kc3Nd6Hf1Js5Pg0AmTu4Be7Wi2Ox9Lk6QrXyD8cVn3Gf5Hj1Mp0sZaQwEdRfTg7uJk9LoPiB2vXcZ4mNhY6tR5eWq8AhG7fD2sPo1Iu";
const LOW: &str =
    "q7lx2vb9rt4yw8kc3nd6hf1js5pg0amtu4be7wi2ox9lk6qrxyd8cvn3gf5hj1mp0szaqwedrftg7ujk9";
const UPPER: &str =
    "Q7LX2VB9RT4YW8KC3ND6HF5JS5PG4AMTU4BE7WI2OX9LK6QRXYD2CVN3GF5HJ6MP7SZAQWEDRFTG7UJK9";

/// A GitHub token whose checksum is right.
fn github(prefix: &str, random: &str) -> String {
    let mut value = crc32(random.as_bytes());
    let mut sum = Vec::new();

    for _ in 0..6 {
        sum.push(
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                [(value % 62) as usize],
        );
        value /= 62;
    }

    sum.reverse();

    format!("{prefix}{random}{}", String::from_utf8_lossy(&sum))
}

/// The provider of the one hit in `text`, and the text it covers.
fn one(text: &str) -> Option<(&'static str, &str)> {
    match scan(text).as_slice() {
        [
            Hit {
                kind: HitKind::ProviderToken { provider, .. },
                span,
                ..
            },
        ] => Some((provider, span.text(text))),
        [] => None,
        more => panic!("{text}: {more:?}"),
    }
}

/// Prefix, alphabet, body length and provider, for formats that are a prefix and a body.
const SIMPLE: &[(&str, &str, usize, &str)] = &[
    ("sk-proj-", MIX, 74, "OpenAI"),
    ("sk-ant-api03-", MIX, 95, "Anthropic"),
    ("sk-ant-admin01-", MIX, 95, "Anthropic"),
    ("AIza", MIX, 35, "Google"),
    ("GOCSPX-", MIX, 28, "Google"),
    ("hf_", MIX, 34, "Hugging Face"),
    ("gsk_", MIX, 52, "Groq"),
    ("r8_", MIX, 37, "Replicate"),
    ("sk-or-v1-", HEX, 64, "OpenRouter"),
    ("xai-", MIX, 80, "xAI"),
    ("pplx-", MIX, 48, "Perplexity"),
    ("nvapi-", MIX, 64, "NVIDIA"),
    ("tgp_v1_", MIX, 43, "Together AI"),
    ("csk-", LOW, 48, "Cerebras"),
    ("fw_", MIX, 24, "Fireworks AI"),
    ("wandb_v1_", MIX, 77, "Weights & Biases"),
    ("tvly-dev-", MIX, 32, "Tavily"),
    ("fc-", HEX, 32, "Firecrawl"),
    ("llx-", MIX, 48, "LlamaIndex"),
    ("AKIA", UPPER, 16, "AWS"),
    ("ABSK", MIX, 110, "AWS"),
    ("dop_v1_", HEX, 64, "DigitalOcean"),
    ("rnd_", MIX, 28, "Render"),
    ("vcp_", MIX, 56, "Vercel"),
    ("sbp_", HEX, 40, "Supabase"),
    ("sb_secret_", MIX, 31, "Supabase"),
    ("napi_", LOW, 64, "Neon"),
    ("dapi", HEX, 32, "Databricks"),
    ("glpat-", MIX, 20, "GitLab"),
    ("glptt-", HEX, 40, "GitLab"),
    ("npm_", MIX, 36, "npm"),
    ("pypi-AgEIcHlwaS5vcmc", MIX, 100, "PyPI"),
    ("rubygems_", HEX, 48, "RubyGems"),
    ("dckr_pat_", MIX, 27, "Docker Hub"),
    ("squ_", HEX, 40, "SonarQube"),
    ("hvs.", MIX, 95, "HashiCorp Vault"),
    ("pul-", HEX, 40, "Pulumi"),
    ("NRAK-", UPPER, 27, "New Relic"),
    ("phx_", MIX, 43, "PostHog"),
    ("sk_live_", MIX, 24, "Stripe"),
    ("shpat_", HEX, 32, "Shopify"),
    ("lin_api_", MIX, 40, "Linear"),
    ("figd_", MIX, 40, "Figma"),
];

#[test]
fn tokens_of_a_prefix_and_a_body() {
    for (prefix, alphabet, length, provider) in SIMPLE {
        let token = format!("{prefix}{}", &alphabet[..*length]);
        for text in [
            token.clone(),
            format!("KEY={token}"),
            format!("  key: \"{token}\"\n"),
            format!("curl -H 'Authorization: Bearer {token}' https://api.internal"),
            format!("{{\"text\": \"a\\n{token}\\n\"}}"),
            format!("?key%3D{token}&x=1"),
        ] {
            assert_eq!(one(&text), Some((*provider, token.as_str())), "{text}");
        }
    }
}

#[test]
fn what_only_looks_like_such_a_token() {
    for (prefix, alphabet, length, _) in SIMPLE {
        let body = &alphabet[..*length];
        for text in [
            // Grown together with what stands before or after it.
            format!("x{prefix}{body}"),
            format!("KEY={prefix}{}", &body[..8]),
            format!("{prefix}{body}_{}", body.repeat(12)),
            // Made up.
            format!("{prefix}your-key-here"),
            format!("{prefix}{}", "x".repeat(*length)),
            format!("{prefix}{}", "a".repeat(*length)),
            format!(
                "{prefix}{}",
                "abcdefghijklmnopqrstuvwxyz0123456789"
                    .repeat(4)
                    .get(..*length)
                    .unwrap_or("")
            ),
            format!("{prefix}{}EXAMPLE", &body[..length - 7]),
            format!("{prefix}<token>"),
            format!("{prefix}${{TOKEN}}"),
            format!("{prefix}..."),
        ] {
            assert_eq!(scan(&text), [], "{text}");
        }
    }
}

#[test]
fn tokens_of_other_shapes() {
    let uuid = "9f2c81d7-b35e-4a46-98e1-7c94b2f60a3e";
    for (provider, before, token, after) in [
        (
            "OpenAI",
            "k=",
            format!("sk-{}T3Blbk{}{}", &MIX[..20], "FJ", &MIX[20..40]),
            "",
        ),
        (
            "OpenAI",
            "k=",
            format!("sk-proj-{}T3Blbk{}{}", &MIX[..74], "FJ", &MIX[20..94]),
            "",
        ),
        (
            "OpenAI",
            "OPENAI_API_KEY=",
            format!("sk-{}", &MIX[..48]),
            "",
        ),
        (
            "DeepSeek",
            "DEEPSEEK_API_KEY=",
            format!("sk-{}", &HEX[..32]),
            "",
        ),
        (
            "Langfuse",
            "LANGFUSE_SECRET_KEY: ",
            format!("sk-lf-{uuid}"),
            "",
        ),
        (
            "LangSmith",
            "k=",
            format!("lsv2_pt_{}_{}", &HEX[..32], &HEX[32..42]),
            "",
        ),
        (
            "Pinecone",
            "k=",
            format!("pcsk_{}_{}", &MIX[..6], &MIX[6..69]),
            "",
        ),
        (
            "Weights & Biases",
            "WANDB_API_KEY=",
            HEX[..40].to_owned(),
            "\n",
        ),
        ("Mistral", "MISTRAL_API_KEY: \"", MIX[..32].to_owned(), "\""),
        (
            "AWS",
            "AWS_SECRET_ACCESS_KEY=",
            format!("{}/{}+", &MIX[..20], &MIX[20..38]),
            "\n",
        ),
        (
            "Azure",
            "x;AccountKey=",
            format!("{}==", &format!("{MIX}{MIX}")[..86]),
            ";EndpointSuffix=x",
        ),
        ("Azure", "s=", format!("abc8Q{}{}", '~', &MIX[..34]), ""),
        (
            "GitHub",
            "k=",
            format!("github_pat_{}_{}", &MIX[..22], &MIX[22..81]),
            "",
        ),
        (
            "Slack",
            "k=",
            format!("xoxb-{}-{}-{}", "271828182845", "904523536028", &MIX[..24]),
            "",
        ),
        (
            "Slack",
            "https://hooks.slack.com/services/",
            format!("T0{}/B0{}/{}", "4KD82LQ", "5MX91ZP", &MIX[..24]),
            "",
        ),
        (
            "Discord",
            "https://discord.com/api/webhooks/271828182845904523/",
            MIX[..68].to_owned(),
            "",
        ),
        (
            "Telegram",
            "k=",
            format!("{}:AA{}", "271828182", &MIX[..33]),
            "",
        ),
        (
            "SendGrid",
            "k=",
            format!("SG.{}.{}", &MIX[..22], &MIX[22..65]),
            "",
        ),
        ("Mailchimp", "k=", format!("{}-us12", &HEX[..32]), ""),
        ("Twilio", "TWILIO_API_KEY=", format!("SK{}", &HEX[..32]), ""),
        (
            "HCP Terraform",
            "token = \"",
            format!("{}.atlasv1.{}", &MIX[..14], &MIX[14..81]),
            "\"",
        ),
        (
            "Grafana",
            "k=",
            format!("glsa_{}_{}", &MIX[..32], &HEX[..8]),
            "",
        ),
        (
            "npm",
            "//registry.npmjs.org/:_authToken=",
            uuid.to_owned(),
            "\n",
        ),
        (
            "Airtable",
            "k=",
            format!("pat{}.{}", &MIX[..14], &HEX[..64]),
            "",
        ),
        (
            "Docker",
            "docker swarm join --token ",
            format!("SWMTKN-1-{}-{}", &LOW[..50], &LOW[50..75]),
            " h:2377",
        ),
    ] {
        let text = format!("{before}{token}{after}");
        assert_eq!(one(&text), Some((provider, token.as_str())), "{text}");
    }
}

#[test]
fn random_text_that_is_no_token() {
    let base64 = format!("{MIX}{MIX}{MIX}{MIX}");
    for text in [
        format!("\"integrity\": \"sha512-{}==\"", &base64[..86]),
        format!("FROM alpine@sha256:{}", &HEX[..64]),
        format!("uses: actions/checkout@{}", &HEX[..40]),
        "id: 9f2c81d7-b35e-4a46-98e1-7c94b2f60a3e".to_owned(),
        format!("data:image/png;base64,{base64}"),
        format!("sk-{}", &HEX[..32]),
        format!("SK{}", &HEX[..32]),
        format!("key: {}", &HEX[..40]),
        format!("https://cdn.internal/{}/app-us1.js", &HEX[..32]),
        "if text.starts_with(\"ghp_\") || text.starts_with(\"sk-ant-\")".to_owned(),
        "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        "pk-lf-9f2c81d7-b35e-4a46-98e1-7c94b2f60a3e".to_owned(),
    ] {
        assert_eq!(scan(&text), [], "{text}");
    }
}

#[test]
fn a_checksum_raises_and_lowers_certainty() {
    // Assembled here: the last six characters are computed from the others.
    for prefix in ["ghp_", "gho_", "ghu_", "ghs_"] {
        let right = github(prefix, &MIX[..30]);
        assert_eq!(scan(&right)[0].certainty, Certainty::Certain, "{right}");
        let wrong = github(prefix, &MIX[..30]).replace(&MIX[..3], "aB9");
        assert_eq!(scan(&wrong)[0].certainty, Certainty::Possible, "{wrong}");
    }

    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
}

#[test]
fn keys_have_a_body() {
    let body = format!("{}\n{}\n", &format!("{MIX}{MIX}")[..64], &MIX[..40]);
    for label in [
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
    ] {
        let (begin, end) = (
            format!("-----BEGIN {label}-----"),
            format!("-----END {label}-----"),
        );
        let text = format!(
            r"key: |
{begin}
{body}{end}
"
        );
        let hits = scan(&text);
        assert_eq!(hits.len(), 1, "{text}");
        assert_eq!(
            hits[0].kind,
            HitKind::PrivateKey {
                label: label.to_owned()
            }
        );
        assert_eq!(hits[0].at.text(&text), begin);
        assert_eq!(hits[0].span.text(&text), body.trim_end());
        let escaped = format!("\"{begin}\\n{}{end}\\n\"", body.replace('\n', "\\n"));
        assert_eq!(scan(&escaped).len(), 1, "{escaped}");
        for silent in [
            format!("if (text.includes('{begin}')) {{ throw new Error('no') }}"),
            format!(
                r"{begin}
...
{end}"
            ),
            format!(
                r"{begin}
{}
{end}",
                "x".repeat(64)
            ),
            format!(
                r"{begin}
your key here
{end}"
            ),
            text.replace("PRIVATE", "PUBLIC"),
        ] {
            assert_eq!(scan(&silent), [], "{silent}");
        }
    }
}

#[test]
fn a_service_account_is_named() {
    let key = format!(
        "-----BEGIN {}-----\\n{}\\n-----END {}-----\\n",
        "PRIVATE KEY",
        &format!("{MIX}{MIX}")[..128],
        "PRIVATE KEY"
    );
    let text = format!("{{\"type\": \"service_account\", \"private_key\": \"{key}\"}}");
    assert_eq!(one(&text).map(|it| it.0), Some("Google Cloud"));
}

#[test]
fn only_the_service_role_of_a_signed_token_is_a_secret() {
    // {"role":"service_role"}, {"role":"anon"} and {"iss":"demo","role":"service_role"}, padded
    // with an issue date.
    let claims = |text: &str| format!("eyJhbGciOiJIUzI1NiJ9.{text}.{}", &MIX[..43]);
    let service = claims("eyJyb2xlIjoic2VydmljZV9yb2xlIiwiaWF0IjoxNzAwMDAwMDAwfQ");
    assert_eq!(one(&service), Some(("Supabase", service.as_str())));
    assert_eq!(
        scan(&claims("eyJyb2xlIjoiYW5vbiIsImlhdCI6MTcwMDAwMDAwMH0")),
        []
    );
    assert_eq!(
        scan(&claims("eyJpc3MiOiJkZW1vIiwicm9sZSI6InNlcnZpY2Vfcm9sZSJ9")),
        []
    );
}

#[test]
fn urls_with_a_password() {
    for (text, password, host, local, weak) in [
        (
            "postgres://app:Tr0ub4dor3@db:5432/app",
            "Tr0ub4dor3",
            "db",
            false,
            false,
        ),
        (
            "\"mongodb+srv://app:Tr0ub4dor3@c0.internal.net,c1:27017\"",
            "Tr0ub4dor3",
            "c0.internal.net",
            false,
            false,
        ),
        (
            "redis://:Tr0ub4dor3@cache:6379/0",
            "Tr0ub4dor3",
            "cache",
            false,
            false,
        ),
        (
            "${DB:-postgres://app:Tr0ub4dor3@db/app}",
            "Tr0ub4dor3",
            "db",
            false,
            false,
        ),
        (
            "\\npostgres://app:Tr0ub4dor3@db/app",
            "Tr0ub4dor3",
            "db",
            false,
            false,
        ),
        (
            "https://bot:Tr0ub4dor3@git.internal/x.git",
            "Tr0ub4dor3",
            "git.internal",
            false,
            false,
        ),
        ("postgres://app:p@ss@db/app", "p@ss", "db", false, false),
        (
            "postgres://postgres:postgres@db:5432",
            "postgres",
            "db",
            false,
            true,
        ),
        (
            "postgresql+psycopg://ai:ai@postgres:5432",
            "ai",
            "postgres",
            false,
            true,
        ),
        (
            "amqp://user:password@queue:5672",
            "password",
            "queue",
            false,
            true,
        ),
        (
            "postgres://app:Tr0ub4dor3@localhost/app",
            "Tr0ub4dor3",
            "localhost",
            true,
            false,
        ),
        (
            "postgres://app:Tr0ub4dor3@127.0.0.1/app",
            "Tr0ub4dor3",
            "127.0.0.1",
            true,
            false,
        ),
        (
            "postgres://app:Tr0ub4dor3@db.example.com/app",
            "Tr0ub4dor3",
            "db.example.com",
            true,
            false,
        ),
        (
            "Server=db;User Id=app;Password=Tr0ub4dor3;",
            "Tr0ub4dor3",
            "db",
            false,
            false,
        ),
        (
            "jdbc:mysql://db:3306/app?user=app&password=Tr0ub4dor3",
            "Tr0ub4dor3",
            "db",
            false,
            false,
        ),
    ] {
        let hits = scan(text);
        assert_eq!(hits.len(), 1, "{text}: {hits:?}");
        let HitKind::ConnectionString {
            host: found,
            local: is_local,
            ..
        } = &hits[0].kind
        else {
            panic!("{text}")
        };

        assert_eq!(
            (
                hits[0].span.text(text),
                found.as_str(),
                *is_local,
                hits[0].weak
            ),
            (password, host, local, weak),
            "{text}"
        );
    }
}

#[test]
fn urls_without_a_literal_password() {
    for text in [
        "postgres://app@db/app",
        "postgres://db:5432/app",
        "postgres://app:${PASSWORD}@db/app",
        "postgres://app:$PASSWORD@db/app",
        "postgres://$(USER):$(PASSWORD)@db",
        "postgres://{user}:{password}@{host}",
        "postgres://%s:%s@%s",
        "postgres://<user>:<password>@<host>",
        "postgres://user:password@host:5432/db",
        "postgres://user:pass@localhost/db",
        "postgres://app:your_password@db/app",
        "postgres://app:****@db/app",
        "https://user:pass@example.com",
        "https://username:password@index.internal/simple",
        "https://x-access-token:${{ github.token }}@github.com",
        "https://esm.sh/react@18",
        "https://cdn.internal:8080/x@1.2.3",
        "git@github.com:a/b.git",
        "chrome://a:bcde@f",
        "?password=hunter2222",
    ] {
        assert_eq!(scan(text), [], "{text}");
    }
}

#[test]
fn hits_come_in_order_and_apart() {
    let (groq, npm) = (format!("gsk_{}", &MIX[..52]), format!("npm_{}", &MIX[..36]));
    let text = format!("é {npm} {groq}\nhttps://bot:{groq}@git.internal");
    let found: Vec<_> = scan(&text)
        .iter()
        .map(|hit| hit.span.text(&text).to_owned())
        .collect();
    assert_eq!(found, [npm, groq.clone(), groq]);
}

#[test]
fn hostile_text_is_read_in_linear_time() {
    for piece in [
        "-----BEGIN ",
        "://",
        "sk-",
        "sk-proj-",
        "T3BlbkFJ",
        "a:b@",
        "&password=",
        "eyJ",
        "-----BEGIN PRIVATE KEY-----",
    ] {
        assert!(scan(&piece.repeat(20_000)).len() < 20_000, "{piece}");
    }
}
