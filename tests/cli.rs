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
        let name = format!("deploylint-cli-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
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
        for variable in ["NO_COLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "COLUMNS", "GITHUB_STEP_SUMMARY"] {
            command.env_remove(variable);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
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
        Self { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// A Dockerfile with one error (no tag), whatever else it has.
const UNPINNED: &str = "FROM debian\nUSER 10001\nCMD [\"/bin/true\"]\n";

#[test]
fn nothing_to_check_is_clean() {
    let run = Folder::new(&[]).run(&[]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.starts_with("Nothing to deploy: no Dockerfile, compose file"), "{}", run.out);
}

#[test]
fn mistakes_on_the_command_line_exit_with_two() {
    let folder = Folder::new(&[("Dockerfile", UNPINNED)]);
    for (arguments, said) in [
        (&["--format", "sarf"][..], "similar value exists: 'sarif'"),
        (&["--no-such-flag"], "--no-such-flag"),
        (&["nowhere/Dockerfile"], "there is no file or folder `nowhere/Dockerfile`"),
        (&["explian"], "did you mean the command `explain`?"),
        (&["--select", "unknown-rule,unused-supression"], "did you mean `unused-suppression`?"),
        (&["--ignore", "zzzzzz"], "no rule is called `zzzzzz`"),
        (&["--config", "missing.toml"], "cannot read the configuration `missing.toml`"),
        (&["--config", "a.toml", "--isolated"], "cannot be used with"),
        (&["-"], "`-` needs a file name"),
        (&["explain", "unknown-rul"], "did you mean `unknown-rule`?"),
        (&["--threads", "0"], "--threads"),
        (&[".", "--stdin-filename", "../other/Dockerfile"], "is not within"),
    ] {
        let run = folder.run(arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}");
        assert!(run.err.contains(said), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn mistakes_in_the_configuration_are_shown_in_it() {
    let config = "profile = \"strct\"\nignore = [\"unused-supression\"]\n\n[levels]\nunknown-rule = \"warn\"\n\n[[paths]]\nglobs = \"dev/**\"\nselect = []\n";
    let folder = Folder::new(&[("Dockerfile", UNPINNED), ("deploylint.toml", config)]);
    let run = folder.run(&[]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    insta::assert_snapshot!(run.err);
    assert_eq!(folder.run(&["--isolated", "--fail-on", "never"]).code, 0);
}

#[test]
fn the_configuration_is_found_above_the_root() {
    let folder = Folder::new(&[("a/b/Dockerfile", UNPINNED), (".github/deploylint.toml", "nonsense = 1\n")]);
    let run = folder.run(&["a/b"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("unknown key `nonsense`"), "{}", run.err);
    assert_eq!(folder.run(&["a/b", "--isolated", "--fail-on", "never"]).code, 0);
    // A repository within is its own.
    fs::create_dir_all(folder.0.join("a/.git")).unwrap();
    assert_eq!(folder.run(&["a/b", "--fail-on", "never"]).code, 0);
}

#[test]
fn rules_can_be_listed_and_explained() {
    let folder = Folder::new(&[]);
    let run = folder.run(&["rules", "--format", "json"]);
    let rules: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(rules.as_array().unwrap().len(), folder.run(&["rules"]).out.lines().count());
    for rule in rules.as_array().unwrap() {
        let run = folder.run(&["explain", rule["name"].as_str().unwrap()]);
        assert_eq!(run.code, 0);
        assert!(run.out.contains(rule["summary"].as_str().unwrap()));
    }
    assert!(folder.run(&["explain", "tool"]).out.contains("unused-suppression"));
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
    let run = folder.run(&["--format", "sarif", "--output-file", "out.sarif", "--fail-on", "never"]);
    serde_json::from_str::<serde_json::Value>(&fs::read_to_string(file).unwrap()).unwrap();
    assert!(!run.out.contains("$schema"));
    let run = folder.run(&["--format", "sarif", "--output-file", "no/such/folder/out.sarif"]);
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
    let mut child =
        folder.command(&["rules", "--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
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

fn with_input(folder: &Folder, arguments: &[&str], text: &str) -> Run {
    let mut command = folder.command(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    Run::of(child.wait_with_output().unwrap())
}

#[test]
fn standard_input_may_be_a_file_that_is_not_there() {
    let folder = Folder::new(&[]);
    let run = with_input(&folder, &["--stdin-filename", "sub/Dockerfile", "--fail-on", "never"], UNPINNED);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(!Path::new(&folder.0).join("sub").exists());
}
