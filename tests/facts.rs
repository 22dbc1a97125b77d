//! `deploylint facts`: what it says of two fixtures, the documented shape of its JSON, and that it
//! prints neither secrets nor control characters.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

#[test]
fn an_application_is_understood() {
    pin("agent-service-broken");
}

#[test]
fn kustomizations_are_understood() {
    pin("kustomize-pins-image");
}

#[test]
fn one_file_is_joined_to_its_repository() {
    let folder = Folder::new("joined");
    folder.write(".git/HEAD", "ref: refs/heads/main\n");
    folder.write(
        "api/Dockerfile",
        r#"FROM python:3.13 AS build
FROM python:3.13 AS runtime
EXPOSE 9000
CMD ["gunicorn", "--bind", "0.0.0.0:9000", "--workers", "3", "app:app"]
"#,
    );
    folder.write(
        "compose.yaml",
        r"services:
  api:
    build: {context: api, target: runtime}
    image: ${REGISTRY}/api:1.0
    depends_on: [db]
  db:
    image: postgres:${PG_TAG:-17.2}
    volumes: ['data:/var/lib/postgresql/data:ro']
volumes: {data: {}}
",
    );
    let facts = folder.json("compose.yaml");

    assert_eq!(facts["files"].as_array().map(Vec::len), Some(1));
    let file = &facts["files"][0];
    assert_eq!(file["kind"], "compose");
    assert_eq!(file["unknowns"], Value::Array(Vec::new()));
    let api = &file["units"][0];
    assert_eq!(api["build"]["dockerfile"], "api/Dockerfile");
    assert_eq!(api["build"]["stage"], "runtime");
    assert_eq!(api["servers"][0]["name"], "gunicorn");
    assert_eq!(api["servers"][0]["port"], 9000);
    assert_eq!(api["servers"][0]["workers"], "3");
    assert_eq!(api["servers"][0]["file"], "api/Dockerfile");
    assert_eq!(api["depends_on"][0], "db");
    let db = &file["units"][1];
    assert_eq!(db["source"]["reference"], "postgres:17.2");
    assert_eq!(db["volumes"][0]["source"], "data");
    assert_eq!(db["volumes"][0]["read_only"], true);
}

#[test]
fn the_documented_shape_is_the_shape() {
    let document = read("docs/facts.md");
    let table = document.split("## JSON").nth(1).expect("a section on JSON");
    let documented: BTreeSet<&str> = table.split('`').skip(1).step_by(2).collect();
    let mut keys = BTreeSet::new();

    for fixture in fixtures() {
        let facts = json(&run(&["--format", "json"], &fixture));
        assert_eq!(facts["version"], 1);
        collect_keys(&facts, &mut keys);
        let kinds = facts["totals"]["kinds"].as_object().expect("kinds");
        keys.extend(kinds.keys().cloned());
    }

    let missing: Vec<&String> = keys
        .iter()
        .filter(|key| !documented.contains(key.as_str()))
        .collect();
    assert!(missing.is_empty(), "not in docs/facts.md: {missing:?}");

    for key in [
        "servers", "used_by", "health", "unknowns", "gathers", "builds",
    ] {
        assert!(keys.contains(key), "no fixture shows `{key}`");
    }
}

#[test]
fn nothing_secret_and_nothing_that_steers_is_printed() {
    let token = ["gh", "p_", "Ht5Vn8Cz2Kp6Xw1Bd9Rj4Ls7Gm3Qf0YeAu5I"].concat();
    let password = ["Hx4-lantern", "-57-gravel"].concat();
    let folder = Folder::new("secrets");
    folder.write(
        "compose.yaml",
        &format!(
            r#"services:
  "a::b\e[31m":
    image: acme/a:1
    command: serve --token {token} --password {password}
    healthcheck: {{test: "curl -H 'Authorization: Bearer {token}' http://localhost"}}
    volumes: ["/srv/{token}:/data"]
  "::warning::b":
    image: acme/a:1
"#
        ),
    );

    for format in ["text", "json"] {
        let output = run(&["--format", format], &folder.0);
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(text.contains("serve --token ****"), "{text}");
        assert!(
            !text.contains('\u{1b}') && !text.contains(r"\u001b"),
            "{text}"
        );

        let is_command = |line: &str| line.trim_start().starts_with("::");
        assert!(!text.lines().any(is_command), "{text}");

        for secret in [&token, &password] {
            assert!(!text.contains(&secret[4..14]), "{format}: {text}");
        }
    }
}

#[test]
fn help_says_what_it_shows() {
    let output = Command::new(env!("CARGO_BIN_EXE_deploylint"))
        .args(["facts", "--help"])
        .output()
        .expect("runs");
    let help = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success());

    for words in [
        "Show what was understood",
        "[PATH]",
        "--format",
        "--isolated",
    ] {
        assert!(help.contains(words), "{words}: {help}");
    }

    let refused = run(&[], Path::new("no-such-folder"));
    assert_eq!(refused.status.code(), Some(2));
}

/// The text for a fixture, against its snapshot.
fn pin(fixture: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_deploylint"))
        .args(["facts", "--isolated"])
        .current_dir(root().join("fixtures").join(fixture))
        .env_remove("COLUMNS")
        .output()
        .expect("runs");
    assert!(output.status.success());

    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/facts");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let text = String::from_utf8(output.stdout).expect("text");
    settings.bind(|| insta::assert_snapshot!(fixture, text));
}

fn run(arguments: &[&str], path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deploylint"))
        .args(["facts", "--isolated"])
        .args(arguments)
        .arg(path)
        .output()
        .expect("runs")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The keys of all objects, but for those of `kinds`.
fn collect_keys(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                keys.insert(key.clone());

                if key != "kinds" {
                    collect_keys(value, keys);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        _ => {}
    }
}

/// A folder of this process, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("deploylint-facts-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("can be made");

        Self(folder)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("can be made");
        fs::write(path, text).expect("can be written");
    }

    fn json(&self, path: &str) -> Value {
        let output = run(&["--format", "json"], &self.0.join(path));
        assert!(output.status.success());

        json(&output)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn fixtures() -> Vec<PathBuf> {
    let folder = root().join("fixtures");
    let entries = fs::read_dir(folder).expect("can be read");
    entries
        .map(|entry| entry.expect("can be read").path())
        .collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect(path)
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
