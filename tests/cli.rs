//! The program from outside: flags, exit codes, streams, and what it says of mistakes.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of its own for a test, gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "deploylint-cli-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let root = std::env::temp_dir().canonicalize().unwrap().join(name);
        fs::create_dir_all(root.join(".git")).unwrap();

        for (path, text) in files {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), text).unwrap();
        }

        Self(root)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deploylint"));
        command.args(arguments).current_dir(&self.0);
        for variable in [
            "NO_COLOR",
            "CLICOLOR_FORCE",
            "FORCE_COLOR",
            "COLUMNS",
            "GITHUB_STEP_SUMMARY",
        ] {
            command.env_remove(variable);
        }

        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().unwrap(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

/// A Dockerfile with one error (no tag), whatever else it has.
const UNPINNED: &str = r#"FROM debian
USER 10001
CMD ["/bin/true"]
"#;

#[test]
fn nothing_to_check_is_clean() {
    let run = Folder::new(&[]).run(&[]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(
        run.out
            .starts_with("Nothing to deploy: no Dockerfile, compose file"),
        "{}",
        run.out
    );
}

#[test]
fn mistakes_on_the_command_line_exit_with_two() {
    let folder = Folder::new(&[("Dockerfile", UNPINNED)]);
    for (arguments, said) in [
        (&["--format", "sarf"][..], "similar value exists: 'sarif'"),
        (&["--no-such-flag"], "--no-such-flag"),
        (
            &["nowhere/Dockerfile"],
            "no file or folder at `nowhere/Dockerfile`",
        ),
        (&["explian"], "did you mean the command `explain`?"),
        (
            &["--select", "unknown-rule,unused-supression"],
            "did you mean `unused-suppression`?",
        ),
        (&["--ignore", "zzzzzz"], "unknown rule `zzzzzz`"),
        (
            &["--config", "missing.toml"],
            "cannot read configuration file `missing.toml`",
        ),
        (&["--config", "a.toml", "--isolated"], "cannot be used with"),
        (&["-"], "`-` requires a file name"),
        (&["explain", "unknown-rul"], "did you mean `unknown-rule`?"),
        (
            &["explain", "zizmor:unpined-uses"],
            "did you mean `zizmor:unpinned-uses`?",
        ),
        (&["--threads", "0"], "--threads"),
        (
            &[".", "--stdin-filename", "../other/Dockerfile"],
            "is not inside",
        ),
    ] {
        let run = folder.run(arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}");
        assert!(run.err.contains(said), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn mistakes_in_the_configuration_are_shown_in_it() {
    let config = r#"profile = "strct"
ignore = ["unused-supression"]

[levels]
unknown-rule = "warn"

[[paths]]
globs = "dev/**"
select = []
"#;
    let folder = Folder::new(&[("Dockerfile", UNPINNED), ("deploylint.toml", config)]);
    let run = folder.run(&[]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    insta::assert_snapshot!(run.err);
    assert_eq!(folder.run(&["--isolated", "--fail-on", "never"]).code, 0);
}

#[test]
fn the_configuration_is_found_above_the_root() {
    let folder = Folder::new(&[
        ("a/b/Dockerfile", UNPINNED),
        (".github/deploylint.toml", "nonsense = 1\n"),
    ]);
    let run = folder.run(&["a/b"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("unknown key `nonsense`"), "{}", run.err);
    assert_eq!(
        folder
            .run(&["a/b", "--isolated", "--fail-on", "never"])
            .code,
        0
    );
    // A repository within is its own.
    fs::create_dir_all(folder.0.join("a/.git")).unwrap();
    assert_eq!(folder.run(&["a/b", "--fail-on", "never"]).code, 0);
}

#[test]
fn rules_can_be_listed_and_explained() {
    let folder = Folder::new(&[]);
    let run = folder.run(&["rules", "--format", "json"]);
    let rules: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(
        rules.as_array().unwrap().len(),
        folder.run(&["rules"]).out.lines().count()
    );

    for rule in rules.as_array().unwrap() {
        let run = folder.run(&["explain", rule["name"].as_str().unwrap()]);
        assert_eq!(run.code, 0);
        assert!(run.out.contains(rule["summary"].as_str().unwrap()));
    }

    assert!(
        folder
            .run(&["explain", "tool"])
            .out
            .contains("unused-suppression")
    );

    let run = folder.run(&["explain", "hadolint:dl3002"]);
    assert_eq!(run.code, 0);
    assert!(run.out.starts_with("hadolint DL3002: see non-root-user\n"));
}

#[test]
fn every_format_is_well_formed() {
    let folder = Folder::new(&[("Dockerfile", UNPINNED)]);

    for format in ["json", "sarif"] {
        let run = folder.run(&["check", "--format", format, "--fail-on", "never", "."]);
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        serde_json::from_str::<serde_json::Value>(&run.out).unwrap();
    }

    let file = folder.0.join("out.sarif");
    let run = folder.run(&[
        "--format",
        "sarif",
        "--output-file",
        "out.sarif",
        "--fail-on",
        "never",
    ]);
    serde_json::from_str::<serde_json::Value>(&fs::read_to_string(file).unwrap()).unwrap();
    assert!(!run.out.contains("$schema"));
    let run = folder.run(&[
        "--format",
        "sarif",
        "--output-file",
        "no/such/folder/out.sarif",
    ]);
    assert_eq!(run.code, 2);
}

#[test]
fn the_job_summary_is_appended() {
    let folder = Folder::new(&[("Dockerfile", UNPINNED)]);
    let page = folder.0.join("page.md");
    fs::write(&page, "before\n").unwrap();
    let mut command = folder.command(&["--format", "github", "--fail-on", "never"]);
    command.env("GITHUB_STEP_SUMMARY", &page).output().unwrap();
    let page = fs::read_to_string(page).unwrap();
    assert!(page.starts_with("before\n## deploylint\n"), "{page}");
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = Folder::new(&[]);
    let mut child = folder
        .command(&["rules", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

#[test]
fn help_names_the_exit_codes() {
    let run = Folder::new(&[]).run(&["--help"]);
    assert_eq!(run.code, 0);
    for word in ["Exit codes:", "--fail-on", "explain", "deploylint.toml"] {
        assert!(run.out.contains(word), "{word}");
    }
}

#[test]
fn the_exit_code_says_what_was_found() {
    let folder = Folder::new(&[("Dockerfile", UNPINNED)]);
    for (arguments, code) in [
        (&["--select", "pinned-image"][..], 1),
        (&["--select", "pinned-image", "--fail-on", "warning"], 1),
        (&["--select", "pinned-image", "--fail-on", "never"], 0),
        (
            &[
                "--select",
                "pinned-image",
                "--min-level",
                "error",
                "--format",
                "sarif",
            ],
            1,
        ),
        (&["--ignore", "pinned-image", "--select", "pinned-image"], 0),
        (&["--select", "unused-suppression", "--fail-on", "note"], 0),
    ] {
        assert_eq!(folder.run(arguments).code, code, "{arguments:?}");
    }
    // What is not shown still counts.
    let note = Folder::new(&[
        ("Dockerfile", UNPINNED),
        ("deploylint.toml", "levels.pinned-image = 'note'\n"),
    ]);
    let run = note.run(&["--select", "pinned-image", "--fail-on", "note"]);
    assert_eq!(run.code, 1);
    assert!(
        run.out.contains("1 note hidden (--min-level note)"),
        "{}",
        run.out
    );
}

#[test]
fn findings_are_told_in_every_format() {
    let folder = Folder::new(&[("sub/Dockerfile", UNPINNED)]);
    let run = |format| {
        folder
            .run(&["--select", "pinned-image", "--format", format])
            .out
    };

    assert!(run("text").contains("─[sub/Dockerfile:1:6]"));
    assert!(run("concise").starts_with("sub/Dockerfile:1:6: error[pinned-image] "));
    assert!(
        run("github")
            .starts_with("::error file=sub/Dockerfile,line=1,endLine=1,col=6,endColumn=12,")
    );
    let json: serde_json::Value = serde_json::from_str(&run("json")).unwrap();
    assert_eq!(json["findings"][0]["file"], "sub/Dockerfile");
    let location = |sarif: &str| {
        let log: serde_json::Value = serde_json::from_str(sarif).unwrap();
        log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            .clone()
    };

    assert_eq!(location(&run("sarif")), "sub/Dockerfile");
    // A folder within a repository: its findings are placed in the repository.
    let inner = folder.run(&["sub", "--select", "pinned-image", "--format", "sarif"]);
    assert_eq!(location(&inner.out), "sub/Dockerfile");
    let inner = folder.run(&["sub", "--select", "pinned-image", "--format", "concise"]);
    assert!(
        inner.out.starts_with("sub/Dockerfile:1:6: "),
        "{}",
        inner.out
    );
}

#[test]
fn a_file_is_shown_alone_and_judged_with_the_rest() {
    let folder = Folder::new(&[("a/Dockerfile", UNPINNED), ("b/Dockerfile", UNPINNED)]);
    let run = folder.run(&[
        "a/Dockerfile",
        "--select",
        "pinned-image",
        "--format",
        "concise",
    ]);
    assert_eq!((run.code, run.out.lines().count()), (1, 1));
    assert!(run.out.starts_with("a/Dockerfile:1:6: "));
    let run = folder.run(&["a/Dockerfile", "b", "--select", "pinned-image"]);
    assert!(
        run.out.contains("Checked 2 Dockerfiles") && run.out.contains("Showing 2 paths only"),
        "{}",
        run.out
    );
}

#[test]
fn standard_input_stands_for_a_file() {
    let folder = Folder::new(&[
        ("a/Dockerfile", "FROM debian:12.11-slim\n"),
        ("b/Dockerfile", UNPINNED),
    ]);
    for arguments in [
        &["--stdin-filename", "a/Dockerfile"][..],
        &["-", "--stdin-filename", "./b/../a/Dockerfile"],
    ] {
        let arguments = [
            arguments,
            &["--select", "pinned-image", "--format", "concise"],
        ]
        .concat();
        let run = with_input(&folder, &arguments, UNPINNED);
        assert_eq!(run.code, 1);
        assert_eq!(run.out.lines().count(), 1, "{}", run.out);
        assert!(
            run.out.starts_with("a/Dockerfile:1:6: error[pinned-image]"),
            "{}",
            run.out
        );
    }
}

#[test]
fn suppressions_hide_and_are_judged() {
    let text = |comment: &str| format!("{comment}\n{UNPINNED}");
    for (comment, code, rule) in [
        (
            "# deploylint: ignore[pinned-image] rebuilt every night",
            0,
            None,
        ),
        (
            "# deploylint: ignore-file[pinned-image] rebuilt every night",
            0,
            None,
        ),
        (
            "# deploylint: ignore[pinned-image] until 2999-12-31 soon",
            0,
            None,
        ),
        (
            "# deploylint: ignore[pinned-image] until 2020-01-31 soon",
            1,
            Some("expired-suppression"),
        ),
        (
            "# deploylint: ignore[pined-image] typo",
            1,
            Some("unknown-rule"),
        ),
        (
            "# deploylint: ignore[pinned-image, pinned-action] two",
            0,
            Some("unused-suppression"),
        ),
    ] {
        let folder = Folder::new(&[("Dockerfile", &text(comment))]);
        let run = folder.run(&["--select", "pinned-image,tool", "--format", "concise"]);
        assert_eq!(run.code, code, "{comment}: {}", run.out);
        assert_eq!(
            run.out.contains("-suppression]") || run.out.contains("[unknown-rule]"),
            rule.is_some(),
            "{}",
            run.out
        );
        assert!(
            rule.is_none_or(|rule| run.out.contains(rule)),
            "{comment}: {}",
            run.out
        );
    }

    let folder = Folder::new(&[(
        "Dockerfile",
        &text("# deploylint: ignore[pinned-image] why"),
    )]);
    assert!(
        folder
            .run(&["--select", "pinned-image"])
            .out
            .contains("1 suppressed")
    );
}

#[test]
fn paths_can_be_left_out_or_judged_differently() {
    let config = r"exclude = ['gone/']
[[paths]]
globs = ['dev/']
levels.pinned-image = 'warning'
";
    let folder = Folder::new(&[
        ("gone/Dockerfile", UNPINNED),
        ("dev/Dockerfile", UNPINNED),
        (".config/deploylint.toml", config),
    ]);
    let run = folder.run(&["--select", "pinned-image", "--format", "concise"]);
    assert_eq!((run.code, run.out.lines().count()), (0, 1), "{}", run.out);
    assert!(run.out.starts_with("dev/Dockerfile:1:6: warning"));
    let run = folder.run(&["dev", "--select", "pinned-image", "--format", "concise"]);
    assert!(
        run.out.starts_with("dev/Dockerfile:1:6: warning"),
        "{}",
        run.out
    );
}

/// Words of paths count below what the user names.
#[test]
fn a_file_that_is_named_is_not_one_of_tests() {
    const PRIVILEGED: &str = "services: {a: {image: 'acme/a:1', privileged: true}}\n";
    const OTHER: &str = "services: {b: {image: 'acme/b:1', privileged: true}}\n";
    let folder = Folder::new(&[
        ("tests/shop/compose.yaml", PRIVILEGED),
        ("tests/shop/compose.dev.yaml", OTHER),
    ]);
    let select = ["--select", "privileged-container", "--format", "concise"];
    let levels = |paths: &[&str]| {
        let arguments = [paths, &select[..], &["--min-level", "note"]].concat();
        let run = folder.run(&arguments);
        let lines = run.out.lines().filter_map(|line| line.split(' ').nth(1));
        lines
            .map(|level| level.to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };

    assert_eq!(levels(&[]), "note[privileged-container]");
    assert_eq!(
        levels(&["tests/shop/compose.yaml"]),
        "error[privileged-container]"
    );
    assert_eq!(
        levels(&["tests/shop/compose.yaml", "tests/shop/compose.dev.yaml"]),
        "note[privileged-container] error[privileged-container]"
    );
}

#[test]
fn several_folders_are_no_evidence_for_each_other() {
    let service =
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {app: a}}\n";
    let other = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {app: x}}\n";
    let folder = Folder::new(&[
        ("a/k8s.yaml", &format!("{service}{other}")),
        ("b/k8s.yaml", POD),
    ]);
    let rules = ["--select", "dangling-service", "--min-level", "note"];
    let count = |paths: &[&str]| {
        let run = folder.run(&[paths, &rules[..], &["--format", "concise"]].concat());
        run.out.matches("[dangling-service]").count()
    };

    assert_eq!((count(&["."]), count(&["a", "b"])), (0, 1));
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: a}}\n\
                   spec: {containers: [{name: a, image: 'acme/a:1.0.0'}]}\n";

#[test]
fn a_named_file_that_is_not_recognized_is_not_clean() {
    let folder = Folder::new(&[("notes.txt", "hello\n"), ("Dockerfile", "FROM scratch\n")]);
    let line = "`notes.txt` is not a Dockerfile, compose file, Kubernetes manifest, Helm chart or \
                workflow\n";

    let run = folder.run(&["notes.txt"]);
    assert_eq!(run.code, 0);
    assert!(
        run.out.contains(line) && !run.out.contains("Clean"),
        "{}",
        run.out
    );

    let run = folder.run(&["notes.txt", "--format", "concise"]);
    assert_eq!(
        (run.code, run.out.as_str(), run.err.as_str()),
        (0, "", line)
    );

    let run = folder.run(&["Dockerfile", "--select", "pinned-image"]);
    assert!(
        run.out.contains("Clean") && !run.out.contains("is not a"),
        "{}",
        run.out
    );
}

#[test]
fn ready_names_what_was_not_seen() {
    let folder = Folder::new(&[
        (
            "compose.yaml",
            "services: {a: {image: 'acme/a:${TAG}'}, b: {image: 'acme/b:1.0.0'}}\n",
        ),
        (
            "k8s/kustomization.yaml",
            "resources: ['https://example.com/base?ref=v1']\n",
        ),
    ]);
    let run = folder.run(&["--select", "pinned-image"]);
    assert!(run.out.starts_with("Ready"), "{}", run.out);
    assert!(
        run.out.contains(
            "Not seen: what a kustomization gathers from elsewhere, an image whose name is set \
             elsewhere\n"
        ),
        "{}",
        run.out
    );

    let run = folder.run(&["--select", "pinned-image", "--format", "json"]);
    assert!(run.out.contains(r#""images": 1"#), "{}", run.out);
}

fn with_input(folder: &Folder, arguments: &[&str], text: &str) -> Run {
    let mut command = folder.command(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    Run::of(child.wait_with_output().unwrap())
}

#[test]
fn standard_input_may_be_a_file_that_is_not_there() {
    let folder = Folder::new(&[]);
    let run = with_input(
        &folder,
        &["--stdin-filename", "sub/Dockerfile", "--fail-on", "never"],
        UNPINNED,
    );
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(!Path::new(&folder.0).join("sub").exists());
}

/// A Dockerfile with one finding that has a safe fix.
const ADDS: &str = "FROM debian:12.5\r\n# Kept.\r\nADD a /a\r\nUSER 10001\r\nCMD [\"/a\"]\r\n";

#[test]
fn diff_shows_and_fix_writes() {
    let folder = Folder::new(&[("api/Dockerfile", ADDS), ("api/a", "x")]);
    let fixed = ADDS.replace("ADD", "COPY");

    let diff = folder.run(&["--diff", "--select", "copy-not-add", "--min-level", "note"]);
    assert_eq!(diff.code, 1, "{}{}", diff.out, diff.err);
    assert_eq!(
        diff.out,
        "--- a/api/Dockerfile\n+++ b/api/Dockerfile\n@@ -1,5 +1,5 @@\n FROM debian:12.5\r\n \
         # Kept.\r\n-ADD a /a\r\n+COPY a /a\r\n USER 10001\r\n CMD [\"/a\"]\r\n"
    );
    assert_eq!(diff.err, "Would fix 1 finding in 1 file\n");
    assert_eq!(folder.read("api/Dockerfile"), ADDS);

    let fix = folder.run(&["--fix", "--select", "copy-not-add", "--min-level", "note"]);
    assert_eq!(fix.code, 0, "{}{}", fix.out, fix.err);
    assert_eq!(fix.err, "Fixed 1 finding in 1 file\n");
    assert!(fix.out.starts_with("Ready: "), "{}", fix.out);
    assert_eq!(folder.read("api/Dockerfile"), fixed);

    let again = folder.run(&["--diff", "--select", "copy-not-add", "--min-level", "note"]);
    assert_eq!((again.code, again.out.as_str()), (0, ""), "{}", again.err);
}

#[test]
fn fix_stays_within_the_named_paths() {
    let folder = Folder::new(&[("a/Dockerfile", ADDS), ("b/Dockerfile", ADDS)]);

    folder.run(&["--fix", "--min-level", "note", "b/Dockerfile"]);

    assert_eq!(folder.read("a/Dockerfile"), ADDS);
    assert_ne!(folder.read("b/Dockerfile"), ADDS);
}

#[test]
fn fix_leaves_what_it_cannot_write_as_it_is() {
    let folder = Folder::new(&[("a/Dockerfile", "")]);
    let latin = [b"# \xe9\n".as_slice(), ADDS.as_bytes()].concat();
    fs::write(folder.0.join("a/Dockerfile"), &latin).unwrap();

    let run = folder.run(&["--fix", "--min-level", "note", "a"]);

    assert_eq!(run.code, 2, "{}", run.out);
    assert_eq!(fs::read(folder.0.join("a/Dockerfile")).unwrap(), latin);
}

#[test]
fn fix_refuses_standard_input() {
    let folder = Folder::new(&[]);

    let run = folder.run(&["--fix", "--stdin-filename", "Dockerfile"]);

    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("`--fix` cannot write to standard input"),
        "{}",
        run.err
    );
}

#[test]
fn a_secret_is_allowed_by_its_fingerprint() {
    let secret = ["Vb3xT9qLw6", "Zr2Kd8Hn5s"].concat();
    let text = format!("API_KEY = \"{secret}\"\n");
    let folder = Folder::new(&[("src/settings.py", &text)]);
    let arguments = ["--format", "concise", "--fail-on", "warning"];
    assert_eq!(folder.run(&arguments).code, 1);

    let hash = with_input(&folder, &["secrets", "hash"], &format!("{secret}\n"));
    assert_eq!(hash.code, 0);
    let fingerprint = hash.out.trim();
    assert!(!hash.out.contains(&secret));

    let config = format!("[secrets]\nallow = [\"{fingerprint}\"]\n");
    fs::write(folder.0.join("deploylint.toml"), config).unwrap();
    let run = folder.run(&arguments);
    assert_eq!(run.code, 0, "{}", run.out);

    let config = format!("[secrets]\nallow = [\"{secret}\"]\n");
    fs::write(folder.0.join("deploylint.toml"), config).unwrap();
    let run = folder.run(&arguments);
    assert_eq!(run.code, 2);
}
