//! The laws of the house that a compiler does not know: homes, tables, and documents that keep up
//! with the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use deploylint::catalog::example::Role;
use deploylint::catalog::{self, Rule};
use deploylint::credential::{HitKind, scan};

/// A package, and the only places that may name it.
const HOMES: &[(&str, &[&str])] = &[
    ("miette", &["src/report/human.rs"]),
    ("rayon", &["src/engine/", "src/parallel.rs"]),
    ("granit_parser", &["src/syntax/yaml/"]),
];

/// Where text of a credential's shape may stand, by the start of the path: with the sort that it
/// may be, and the reason. Tokens of providers stand nowhere.
const NOT_SECRET: &[(&str, Sort, &str)] = &[
    (
        "rules/",
        Sort::Connection,
        "examples of the rules, with hosts and passwords that are made up",
    ),
    (
        "src/credential/classify_tests.rs",
        Sort::Connection,
        "made-up hosts",
    ),
    (
        "src/credential/scan_tests.rs",
        Sort::Connection,
        "made-up hosts",
    ),
    (
        "rules/private-key.md",
        Sort::Key,
        "the example is a line of text between the marks of a key",
    ),
];

/// What a text has the shape of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Token,
    Key,
    Connection,
}

#[test]
fn packages_stay_at_home() {
    for (package, homes) in HOMES {
        let is_home = |path: &String| homes.iter().any(|home| path.starts_with(home));
        let (use_, path_) = (format!("use {package}"), format!("{package}::"));
        for path in rust_files("src").into_iter().filter(|path| !is_home(path)) {
            for (at, line) in code(&read(&path)) {
                assert!(
                    !line.contains(&use_) && !line.contains(&path_),
                    "{path}:{at}: `{package}` belongs in {}",
                    homes.join(" or ")
                );
            }
        }

        assert!(
            rust_files("src").iter().any(is_home),
            "the home of {package} is gone; mend HOMES"
        );
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for path in ["src", "tests", "benches"].into_iter().flat_map(rust_files) {
        if path == "src/main.rs" {
            continue;
        }

        assert!(
            read(&path).starts_with("//! "),
            "{path}: a file opens with `//!` and what it is for"
        );
    }
}

/// Each question has unit tests: in its file, or in one of the same name beside it.
#[test]
fn every_question_of_the_analysis_is_tested() {
    for path in rust_files("src/analysis/") {
        let name = path.trim_start_matches("src/analysis/");
        // The shapes of answers are tested with their questions, `truncate` in `tests/text.rs`.
        if name.starts_with("tests/") || matches!(name, "mod.rs" | "answers.rs") {
            continue;
        }

        let beside = root().join("src/analysis/tests").join(name);
        let text = read(root().join(&path));
        let has_tests = text.contains("#[test]");
        let is_beside = beside.exists() && read(&beside).contains("#[test]");
        assert!(has_tests || is_beside, "{path} has no unit tests");
    }
}

#[test]
fn nothing_is_left_unfinished_or_waved_through() {
    // In parts, so that this file passes its own test.
    let lint = ["#[", "allow("].concat();
    let inner = ["#![", "allow("].concat();
    let marks =
        [["TO", "DO"], ["FIX", "ME"], ["XX", "X:"], ["HA", "CK:"]].map(|parts| parts.concat());
    let macros =
        [["to", "do!("], ["unimple", "mented!("], ["db", "g!("]].map(|parts| parts.concat());
    for path in ["src", "tests", "benches"]
        .into_iter()
        .flat_map(rust_files)
        .chain(["build.rs".to_owned()])
    {
        for (number, line) in read(&path).lines().enumerate() {
            let at = format!("{path}:{}", number + 1);
            assert!(
                !line.contains(&lint) && !line.contains(&inner),
                "{at}: use `expect` with a reason"
            );
            for word in marks.iter().chain(&macros) {
                assert!(!line.contains(word.as_str()), "{at}: `{word}`");
            }
        }
    }
}

/// What the formatter leaves alone: strings that are too long for their line, and a condition that
/// looks like a filter.
#[test]
fn code_is_laid_out() {
    // In parts, so that this file passes its own test.
    let condition = [".filter(", "|_|"].concat();

    for path in ["src", "tests", "benches"].into_iter().flat_map(rust_files) {
        let text = read(&path);

        let is_program = path.starts_with("src") && !path.contains("tests");
        let tests_start = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
        let last_line = text[..tests_start].lines().count();

        for (number, line) in code(&text) {
            let is_wide = is_program && number <= last_line && line.chars().count() > 100;
            assert!(!is_wide, "{path}:{number}: wider than 100 columns");
            assert!(!line.contains(&condition), "{path}:{number}: use `if`");
        }
    }
}

/// Promised in `docs/security.md`.
#[test]
fn nothing_starts_a_process_or_a_connection() {
    let names = [
        "process::Command",
        "Command::new(",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "ToSocketAddrs",
        "UnixStream",
    ];

    for path in rust_files("src") {
        for (number, line) in code(&read(&path)) {
            let found = names.iter().find(|name| line.contains(**name));
            assert_eq!(found, None, "{path}:{number}: {line}");
        }
    }

    let clients = [
        "reqwest",
        "ureq",
        "hyper",
        "curl",
        "tokio",
        "mio",
        "socket2",
        "native-tls",
        "rustls",
    ];
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).expect("Cargo.toml is TOML");
    let packages = manifest["dependencies"]
        .as_table()
        .expect("dependencies are a table");
    for client in clients {
        assert!(!packages.contains_key(client), "{client} opens connections");
    }
}

#[test]
fn no_file_looks_like_a_leak() {
    let mut leaks = Vec::new();

    for path in files("") {
        let Ok(text) = fs::read_to_string(root().join(&path)) else {
            continue;
        };

        for hit in scan(&text) {
            let sort = match hit.kind {
                HitKind::ProviderToken { .. } => Sort::Token,
                HitKind::PrivateKey { .. } => Sort::Key,
                HitKind::ConnectionString { .. } => Sort::Connection,
            };

            if !NOT_SECRET
                .iter()
                .any(|known| path.starts_with(known.0) && sort == known.1)
            {
                let line = text[..hit.at.start as usize].lines().count().max(1);
                leaks.push(format!("{path}:{line}: {:?}", hit.kind));
            }
        }
    }

    assert!(
        leaks.is_empty(),
        "assemble planted tokens from parts:\n{}",
        leaks.join("\n")
    );
}

#[test]
fn every_table_parses() {
    for path in files("rules/data") {
        let text = read(&path);

        if path.ends_with(".json") {
            let value: serde_json::Value =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert!(value.is_object(), "{path} is no object");
        } else if path.ends_with(".toml") {
            let table: toml::Table =
                toml::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert!(!table.is_empty(), "{path} is empty");
        }

        let name = path.rsplit('/').next().unwrap_or(&path);
        let asked = name
            .strip_suffix(".toml")
            .map_or_else(|| name.to_owned(), |name| format!("table!(\"{name}\")"));
        let used = rust_files("src")
            .iter()
            .any(|path| read(path).contains(&asked));
        assert!(used, "{path}: nothing in src reads it");
    }
}

#[test]
fn documents_know_every_flag() {
    let documents = [
        "README.md",
        "docs/configuration.md",
        "docs/fixes.md",
        "docs/output.md",
        "docs/suppression.md",
        "docs/uses.md",
    ];
    let text: String = documents.map(read).concat();
    let help = Command::new(env!("CARGO_BIN_EXE_deploylint"))
        .args(["check", "--help"])
        .output()
        .expect("runs");
    let help = String::from_utf8(help.stdout).expect("help is text");
    let flags: Vec<&str> = help
        .split(|char: char| !(char.is_ascii_alphanumeric() || char == '-'))
        .filter(|word| word.starts_with("--") && word.len() > 2 && *word != "--help")
        .collect();
    assert!(
        flags.contains(&"--min-level"),
        "the help could not be read:\n{help}"
    );

    for flag in flags {
        assert!(
            text.contains(flag),
            "{flag} stands in none of {documents:?}"
        );
    }
}

#[test]
fn the_architecture_names_every_module() {
    let document = read("docs/architecture.md");
    for module in read("src/lib.rs").lines().filter_map(|line| {
        line.trim_start_matches("pub ")
            .strip_prefix("mod ")?
            .strip_suffix(';')
    }) {
        assert!(
            document.contains(&format!("`{module}`")),
            "docs/architecture.md says nothing of `{module}`"
        );
    }
}

#[test]
fn links_lead_somewhere() {
    for path in files("")
        .into_iter()
        .filter(|path| path.ends_with(".md") && !path.starts_with("fixtures/"))
    {
        let text = read(&path);
        let folder = root()
            .join(&path)
            .parent()
            .map(Path::to_owned)
            .unwrap_or_default();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = link.split('#').next().unwrap_or("");
            if target.is_empty() || target.contains("://") || target.contains(char::is_whitespace) {
                continue;
            }

            assert!(
                folder.join(target).exists(),
                "{path}: `{link}` leads nowhere"
            );
        }
    }
}

/// An address of the project is one of its repository, as `Cargo.toml` names it.
#[test]
fn addresses_of_the_project_are_in_its_repository() {
    let repository = env!("CARGO_PKG_REPOSITORY");
    let other = concat!("deploylint", ".dev");

    for path in ["src", "docs", "rules", "tests"]
        .iter()
        .flat_map(|&folder| files(folder))
    {
        assert!(!read(&path).contains(other), "{path} names {other}");
    }

    let schema = read("docs/output.schema.json");
    let id = format!("\"$id\": \"{repository}/blob/main/docs/output.schema.json\"");
    assert!(schema.contains(&id), "the schema is not at {id}");
}

#[test]
fn the_changelog_knows_this_version() {
    let heading = format!("## [{}]", env!("CARGO_PKG_VERSION"));
    assert!(
        read("CHANGELOG.md").contains(&heading),
        "CHANGELOG.md has no section `{heading}`"
    );
}

/// Every line of the sample in the README is a line of what the program says today.
#[test]
fn the_sample_in_the_readme_is_real() {
    let readme = read("README.md");
    let sample = readme
        .split("```")
        .find(|block| block.starts_with("text\n") && block.contains("error["))
        .expect("README.md shows a sample");
    let real = read("tests/snapshots/fixtures/agent-service-broken.text.snap");
    // How many findings there are changes with every rule; that they are counted does not.
    for line in sample
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with("Checked"))
    {
        let trimmed = line.trim_end();
        assert!(
            trimmed == "…" || real.lines().any(|real| real.trim_end() == trimmed),
            "not in the real output: {line}"
        );
    }
}

/// The pages that `docs/contributing.md` has its reader write are pages that the catalogue would
/// take.
#[test]
fn the_worked_rules_are_rules() {
    let document = read("docs/contributing.md");
    let mut names = Vec::new();

    for block in document.split("````markdown\n").skip(1) {
        let page: &'static str = block.split("````").next().unwrap_or("").to_owned().leak();
        let name = page.lines().next().unwrap_or("").trim_start_matches("# ");
        let rule = Rule::parse(name, page)
            .unwrap_or_else(|error| panic!("docs/contributing.md, {name}: {error}"));
        for role in [Role::Bad, Role::Good] {
            assert!(
                rule.examples().iter().any(|example| example.role == role),
                "{name}: no {role:?} example"
            );
        }

        names.push((name, rule.matcher.is_some()));
    }

    assert_eq!(
        names
            .iter()
            .map(|(_, declarative)| *declarative)
            .collect::<Vec<_>>(),
        [false, true],
        "{names:?}"
    );
}

#[test]
fn rules_name_items_of_one_list() {
    for rule in catalog::rules() {
        let plain = rule
            .item
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert!(
            plain,
            "{}: the item `{}` is lower-case words and dashes",
            rule.name, rule.item
        );
    }
}

/// A case that code names is on a page, and a case of a page is named by code: a misspelled one would
/// be without effect.
#[test]
fn cases_of_levels_are_named_by_rules() {
    let sources: String = rust_files("src/rules")
        .into_iter()
        .chain(rust_files("src/analysis"))
        .map(read)
        .collect();
    let mut on_pages = BTreeSet::new();

    for rule in catalog::rules() {
        for (case, level) in &rule.levels {
            // The engine looks for these by the role of the file.
            let named = case.strip_suffix("-in-practice").unwrap_or(case);
            assert!(
                matches!(named, "practice" | "development")
                    || sources.contains(&format!("\"{named}\""))
                    || sources.contains(&format!("\"{case}\"")),
                "rules/{}.md: no rule names the case `{case}`",
                rule.name
            );
            assert!(
                *level < rule.level,
                "rules/{}.md: the case `{case}` lowers nothing",
                rule.name
            );
            on_pages.insert(case.as_str());
        }
    }

    for call in [".case(\"", ".case_if("] {
        for rest in sources.split(call).skip(1) {
            let end = rest.find(')').unwrap_or(rest.len());
            let case = match call {
                ".case(\"" => rest.split('"').next(),
                _ => rest[..end].rsplit('"').nth(1),
            };
            if let Some(case) = case.filter(|case| !case.contains(char::is_whitespace)) {
                assert!(on_pages.contains(case), "no page has the case `{case}`");
            }
        }
    }
}

/// The numbered lines of a file that are not comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn rust_files(folder: &str) -> Vec<String> {
    files(folder)
        .into_iter()
        .filter(|path| path.ends_with(".rs"))
        .collect()
}

/// Every file below a folder, from the root, sorted; without what is built or belongs to git.
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];

    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };

        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();

            if path.is_dir() {
                if name != "target" && name != ".git" {
                    folders.push(path);
                }
            } else if let Ok(inner) = path.strip_prefix(root()) {
                found.push(inner.to_string_lossy().replace('\\', "/"));
            }
        }
    }

    found.sort();

    found
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
