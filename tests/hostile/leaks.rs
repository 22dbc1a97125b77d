//! Planted credentials: in any word of any example, in pieces, in names and beside findings, none
//! is printed.

use std::fmt::Write as _;

use crate::reports::{all, examples, lint, shown, spread, with_text};

/// Tokens of three formats, put together here so that this file holds none.
fn tokens() -> [String; 3] {
    let body = "t7Rk2Vw9Lq4Xz8Nc3Hd6Jf1Ps5Bg0Ym2Ku7Ea4Wo9Ti6Cy1Zv";
    [
        ["gs", "k_", body, "Q8x"]
            .concat()
            .chars()
            .take(56)
            .collect(),
        ["glp", "at-", &body[3..23]].concat(),
        ["sk_", "live_", &body[5..45]].concat(),
    ]
}

/// A password of no format.
fn password() -> String {
    ["w3Lk", "_Vz9q", "-Tr7xPn"].concat()
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();

    for chunk in text.as_bytes().chunks(3) {
        let bits = (0..3).fold(0u32, |bits, at| {
            bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0))
        });

        for digit in 0..=chunk.len() {
            encoded.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
        }
    }

    encoded
}

#[track_caller]
fn check(files: &[(&str, &str)], secrets: &[&str], formats: &[(&'static str, String)]) {
    for (format, text) in formats {
        for secret in secrets {
            assert!(
                !text.contains(secret),
                "{format} shows `{secret}` of {files:#?}\n{text}"
            );
            assert!(
                !text.contains(&base64(secret)),
                "{format} shows base64 of `{secret}`\n{text}"
            );
        }
    }
}

#[track_caller]
fn check_files(files: &[(&str, &str)], secrets: &[&str]) {
    let outcome = lint(files);
    assert!(
        !outcome.findings.is_empty(),
        "nothing is shown of {files:#?}"
    );
    check(files, secrets, &all(&outcome));
}

/// Where the words of a text begin and end.
fn words(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = None;

    for (at, char) in text.char_indices().chain([(text.len(), ' ')]) {
        let inside = char.is_ascii_alphanumeric() || matches!(char, '_' | '-');

        match start {
            None if inside => start = Some(at),
            Some(begin) if !inside => {
                found.push((begin, at));
                start = None;
            }
            _ => {}
        }
    }

    found
}

#[test]
fn a_token_in_any_word_of_any_example() {
    let tokens = tokens();

    for (seed, (_, example)) in examples().iter().enumerate() {
        for (changed, file) in example.files.iter().enumerate() {
            let words = words(&file.text);

            for round in 0..2 {
                let seed = seed * 64 + changed * 8 + round;
                let Some(&(start, end)) = words.get(spread(seed, words.len())) else {
                    continue;
                };

                let token = &tokens[spread(seed + 3, tokens.len())];
                let text = format!("{}{token}{}", &file.text[..start], &file.text[end..]);
                let files = with_text(example, changed, &text);
                check(&files, &[token], &shown(&lint(&files)));
            }
        }
    }
}

#[test]
fn several_in_one_value() {
    let [first, second, third] = tokens();
    let password = password();
    let secrets = [first.as_str(), &second, &third, &password];
    let dockerfile = format!(
        r#"FROM node
ARG KEYS={first},{second}
ENV ALL="{third} {first}" DB_PASSWORD="{second}+{password}"
LABEL a="{first}:{third}"
RUN sudo x
"#
    );
    let compose = format!(
        r"services:
  a:
    image: node
    environment:
      BROKERS: amqp://a:{password}@b1:5672,amqp://a:{second}@b2:5672
      CLUSTER: mongodb://a:{third}@m1:27017,a:{password}@m2:27017/x
      DB: postgres://a:{password}@db/x?sslmode=require&token={first}
    command: run --keys {first},{third}
"
    );
    let manifest = format!(
        r#"apiVersion: v1
kind: ConfigMap
metadata: {{name: a}}
data:
  keys: "{first};{second}"
  more: {third}/{first}
"#
    );
    check_files(&[("Dockerfile", &dockerfile)], &secrets);
    check_files(&[("compose.yaml", &compose)], &secrets);
    check_files(&[("k8s/a.yaml", &manifest)], &secrets);
}

/// A token in pieces is no token until a reader joins them; neither the whole nor a piece is shown.
#[test]
fn in_pieces() {
    let token = tokens()[0].clone();
    let (head, tail) = token.split_at(24);
    let escaped = |mut out: String, char: char| {
        let _ = write!(out, "\\x{:02x}", u32::from(char));
        out
    };

    let hex: String = tail.chars().fold(String::new(), escaped);
    let secrets = [token.as_str(), head, tail];
    for file in [
        (
            "Dockerfile",
            format!(
                r"FROM node
RUN sudo pip install {head}\
{tail}
"
            ),
        ),
        (
            "Dockerfile",
            format!(
                r"FROM node
RUN sudo pip install {head}\
# why

{tail}
"
            ),
        ),
        (
            "Dockerfile",
            format!(
                r#"FROM node
RUN sudo npm config set x '{head}''{tail}' && sudo {head}"{tail}"
"#
            ),
        ),
        (
            "compose.yaml",
            format!(
                r#"services:
  a:
    image: "x/{head}{hex}"
    privileged: true
"#
            ),
        ),
        (
            "compose.yaml",
            format!(
                r"services:
  a:
    image: x/${{A:-{head}}}${{B:-{tail}}}
    privileged: true
"
            ),
        ),
        (
            "compose.yaml",
            format!(
                r#"services:
  a:
    image: node
    user: "{}"
"#,
                base64(&token)
            ),
        ),
        (
            ".github/workflows/a.yml",
            format!(
                r#"on: push
jobs:
  a:
    runs-on: x
    steps:
      - run: pip install '{head}'"{tail}"
"#
            ),
        ),
    ] {
        check_files(&[(file.0, &file.1)], &secrets);
    }
}

#[test]
fn in_names_of_files_and_folders() {
    let token = tokens()[1].clone();
    for path in [
        format!("{token}/Dockerfile"),
        format!("Dockerfile.{token}"),
        format!("a/x-{token}.d/compose.yaml"),
    ] {
        check_files(&[(&path, "FROM node\nservices:\n")], &[&token]);
    }
}

/// No rule speaks of these; the lines are shown because a finding is beside them.
#[test]
fn beside_a_finding() {
    let password = password();
    let secrets = [password.as_str()];
    let chart = (
        "chart/Chart.yaml",
        r"apiVersion: v2
name: a
version: 1.0.0
",
    );
    let values = format!(
        r"adminPassword: {password}
url: postgres://a:{password}@db.internal/x
"
    );
    check_files(&[chart, ("chart/values.yaml", &values)], &secrets);

    let pair = format!(
        r"extraEnv:
  - name: SMTP_PASSWORD
    value: {password}
url: amqp://a:{password}@mq.internal/
"
    );
    check_files(&[chart, ("chart/values.yaml", &pair)], &secrets);

    let generated = format!(
        r"resources: [missing.yaml]
secretGenerator: [{{name: a, literals: ['api-token={password}']}}]
patches: [{{path: gone.yaml}}
"
    );
    check_files(&[("kustomization.yaml", &generated)], &secrets);

    let scrape = format!(
        r"scrape_configs:
  - job_name: a
    basic_auth: {{username: a, password: '{password}'}}
    static_configs: [{{targets: ['gone:9100']}}]
"
    );
    let compose = r"services:
  p:
    image: prom/prometheus
    volumes: ['./prometheus.yml:/etc/prometheus/prometheus.yml']
";
    check_files(
        &[("prometheus.yml", &scrape), ("compose.yaml", compose)],
        &secrets,
    );
}

#[test]
fn in_a_configuration_that_is_wrong() {
    use deploylint::config::Config;
    use deploylint::report::human::{broken_config, failure};
    use deploylint::report::style::RenderOptions;

    for token in &tokens() {
        for text in [
            format!("select = [\"{token}\"]\n"),
            format!("[levels]\n{token} = \"off\"\n"),
            format!("fail-on = \"{token}\"\n"),
            format!("exclude = [\"{token}{{a\"]\n"),
            format!("{token} = 1\n"),
            format!("a = \"{token}\"\nselect = [\n"),
        ] {
            let broken = Config::parse("deploylint.toml", &text).expect_err("it is wrong");
            let shown = broken_config(broken, RenderOptions::PLAIN);
            assert!(!shown.contains(token.as_str()), "{shown}");
        }

        let shown = failure(
            &format!("cannot read `{token}/x`"),
            Some(&format!("is it {token}?")),
            RenderOptions::PLAIN,
        );
        assert!(!shown.contains(token.as_str()), "{shown}");
    }
}

#[test]
fn a_value_in_every_place_that_is_read() {
    let secret = ["m4Tz7Rk2Wb", "Xq9Lc3Vn8J"].concat();
    let login = base64(&format!("bot:{secret}"));

    for (path, text) in [
        (
            "config/a.yaml",
            "db: {user: a, password: ?}\napi_key: >-\n  ?\ntoken: &t ?\n",
        ),
        ("config/a.toml", "db = { password = \"?\" }\n"),
        ("a.properties", "%prod.db.password=?\nmail.password ?\n"),
        ("a.ini", "[db]\npassword = ?\n"),
        ("redis.conf", "requirepass ?\n"),
        (".netrc", "machine a.io login b password ?\n"),
        (".npmrc", "//npm.acme.io/:_authToken=??\n_auth=!\n"),
        (".pypirc", "[a]\npassword = ?\n"),
        (".envrc", "export API_KEY=?\n"),
        (
            ".docker/config.json",
            "{\"auths\": {\"a.io\": {\"auth\": \"!\"}}}\n",
        ),
        (
            "kubeconfig",
            "apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    token: ??\n",
        ),
        ("wg0.conf", "[Interface]\nPrivateKey = ??\n"),
        ("config/master.key", "5c1e9a7f3b2d48601f7e9c3a5b8d2460"),
        (
            "web.config",
            "<add key=\"ApiKey\" value=\"?\"/>\n<password>?</password>\n",
        ),
        (
            "vars.tf",
            "variable \"db_password\" {\n  default = \"?\"\n}\n",
        ),
        (
            "terraform.tfstate",
            "{\"outputs\": {\"db_password\": {\"value\": \"?\"}}}\n",
        ),
        (
            ".mcp.json",
            "{\"headers\": {\"Authorization\": \"Bearer ??\"}}\n",
        ),
        (
            ".mcp.json",
            "{\"args\": [\"--api-key\", \"?\", \"--password=?\"]}\n",
        ),
        (
            "a.ipynb",
            "{\"source\": [\"api_key = \\\"?\\\"\\n\", \"DB_PASSWORD=?\\n\"]}\n",
        ),
        (
            "a.py",
            "HEADERS = {\"Authorization\": \"Basic !\"}\npassword = '?'\n",
        ),
        ("db.go", "const dsn = \"app:?@tcp(db.acme.io:3306)/a\"\n"),
        (
            "db.py",
            "dsn = \"host=db.acme.io user=app password=? dbname=a\"\n",
        ),
        ("a.yaml", "env:\n  - name: DB_PASSWORD\n    value: ?\n"),
        (".pgpass", "db.acme.io:5432:a:app:?\n"),
    ] {
        let text = text.replace('?', &secret).replace('!', &login);
        let key = "5c1e9a7f3b2d48601f7e9c3a5b8d2460";
        check_files(&[(path, text.as_str())], &[&secret, &login, key]);
    }
}
