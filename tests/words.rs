//! Words for users, as `tests/words.toml` lists them: no turn that a tired reader stumbles over, short
//! messages and labels, and help texts that begin with what to do.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use deploylint::catalog::{self, Profile};
use deploylint::config::Config;
use deploylint::engine::lint_texts;
use serde::Deserialize;

const MAX_MESSAGE: usize = 90;
const MAX_LABEL: usize = 60;
const MAX_SUMMARY: usize = 90;

/// Documents and tables that users read, beside the pages of the rules.
const DOCUMENTS: &[&str] = &[
    "README.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "rules/data/peers.toml",
];

/// Calls whose strings users do not see.
const INTERNAL: &[&str] = &["expect(", "panic!(", "unreachable!("];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    turn: Vec<Turn>,
    exception: Vec<Exception>,
    help: Help,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    words: Vec<String>,
    say: String,
    #[serde(default)]
    unless: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    path: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Help {
    verbs: BTreeSet<String>,
    also: Vec<String>,
}

/// A string of the program.
struct Literal {
    /// Where it is in the source, with its quotes.
    place: Range<usize>,
    text: String,
}

#[test]
fn no_string_of_the_program_holds_a_banned_turn() {
    let words = words();
    let mut hits = Vec::new();

    for path in sources() {
        let source = read(&path);
        let code = without_tests(&source);

        for literal in literals(code) {
            let before = code[..literal.place.start].trim_end();
            let is_internal = INTERNAL.iter().any(|call| before.ends_with(call));
            // A single word is a name or a key.
            if !is_internal && literal.text.contains(' ') {
                let line = line_of(code, literal.place.start);
                hits.extend(turns_in(&words, &path, line, &literal.text));
            }
        }
    }

    // The help of the command line is in the doc comments of its arguments.
    let path = "src/cli/args.rs";
    for (index, line) in read(path).lines().enumerate() {
        if let Some(comment) = line.trim_start().strip_prefix("/// ") {
            hits.extend(turns_in(&words, path, index + 1, comment));
        }
    }

    assert!(hits.is_empty(), "{}", hits.join("\n"));
}

#[test]
fn no_page_or_document_holds_a_banned_turn() {
    let words = words();
    let mut hits = Vec::new();
    let mut paths = markdown("rules");
    paths.extend(markdown("docs"));
    paths.extend(DOCUMENTS.iter().map(|path| (*path).to_owned()));

    for path in paths {
        let text = read(&path);
        let prose = if path.ends_with(".md") {
            prose(&text)
        } else {
            text
        };

        // A turn may be broken over two lines.
        for (start, paragraph) in paragraphs(&prose) {
            hits.extend(turns_in(&words, &path, line_of(&prose, start), &paragraph));
        }
    }

    assert!(hits.is_empty(), "{}", hits.join("\n"));
}

#[test]
fn every_exception_is_needed() {
    let words = words();

    for exception in &words.exception {
        let path = &exception.path;
        assert!(!exception.reason.is_empty(), "{path}: no reason");

        let text = read(path);
        let needed = words
            .turn
            .iter()
            .any(|turn| !occurrences(turn, &text).is_empty());
        assert!(needed, "{path} has no banned turn; remove the exception");
    }
}

/// Only the literal text counts: what is put in for `{…}` is the user's.
#[test]
fn messages_and_labels_are_short() {
    let mut long = Vec::new();

    for path in sources() {
        let source = read(&path);
        let code = without_tests(&source);
        let literals = literals(code);
        let limits = [
            ("Finding::new(", MAX_MESSAGE),
            (".label(", MAX_LABEL),
            (".related(", MAX_LABEL),
        ];

        for (call, limit) in limits {
            for (start, _) in code.match_indices(call) {
                let arguments = arguments(code, start + call.len(), &literals);
                let inside = literals.iter().filter(|literal| {
                    arguments.start <= literal.place.start && literal.place.end <= arguments.end
                });
                for literal in inside {
                    let length = fixed_length(&literal.text);
                    if length > limit {
                        let line = line_of(code, literal.place.start);
                        long.push(format!("{path}:{line}: {length} of {limit} characters"));
                    }
                }
            }
        }
    }

    for rule in catalog::rules() {
        let summary = rule.summary.chars().count();
        if summary > MAX_SUMMARY {
            long.push(format!(
                "rules/{}.md: summary of {summary} characters",
                rule.name
            ));
        }
    }

    for rule in catalog::rules() {
        let Some(matcher) = &rule.matcher else {
            continue;
        };
        let label = matcher.label.as_deref().unwrap_or("");
        if fixed_length(&matcher.message) > MAX_MESSAGE || fixed_length(label) > MAX_LABEL {
            long.push(format!(
                "rules/{}.md: message or label of [match]",
                rule.name
            ));
        }
    }

    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// The help of every finding in the pages' examples, as users see it.
#[test]
fn help_says_what_to_do() {
    let words = words();
    let mut wrong = BTreeSet::new();

    for rule in catalog::rules() {
        for example in rule.examples() {
            let files: Vec<(&str, &str)> = example
                .files
                .iter()
                .map(|file| (file.path.as_str(), file.text.as_str()))
                .collect();
            let config = Config {
                profile: Profile::Strict,
                ..Config::default()
            };

            for finding in lint_texts(config, &files).findings {
                let Some(help) = finding.help else { continue };
                let first = help.split([' ', ',', ':']).next().unwrap_or("");
                let is_question = words.help.also.iter().any(|start| help.starts_with(start));
                if !is_question && !words.help.verbs.contains(first) {
                    wrong.insert(format!("{}: {help}", finding.rule));
                }
            }
        }
    }

    let wrong: Vec<String> = wrong.into_iter().collect();
    assert!(
        wrong.is_empty(),
        "begin with a verb of tests/words.toml:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn turns_are_found_as_whole_words() {
    let turn = Turn {
        words: vec!["is no".to_owned(), "mend".to_owned()],
        say: String::new(),
        unless: vec!["there is no".to_owned()],
    };
    let count = |text: &str| occurrences(&turn, text).len();

    assert_eq!(count("`x` is no port, and Is No name"), 2);
    assert_eq!(count("There is no port"), 0);
    assert_eq!(count("there is no port, and `x` is no name"), 1);
    assert_eq!(count("amend and recommend"), 0);
    assert_eq!(count("mend."), 1);
}

#[test]
fn literals_are_read_from_code() {
    let code = r##"
        // "a comment"
        fn quoted<'a>(x: &'a str) -> char { '"' }
        let a = "one \"two\" \
                 three";
        let b = r#"raw "text""#;
        Finding::new(at, format!("{{a}} {x} b")).label("c)");
    "##;
    let literals = literals(code);
    let texts: Vec<&str> = literals
        .iter()
        .map(|literal| literal.text.as_str())
        .collect();
    assert_eq!(
        texts,
        ["one \"two\" three", "raw \"text\"", "{{a}} {x} b", "c)"]
    );
    assert_eq!(fixed_length(texts[2]), "{a}  b".len());

    let start = code.find(".label(").expect("a call") + ".label(".len();
    let arguments = arguments(code, start, &literals);
    assert_eq!(&code[arguments], "\"c)\"");
}

fn words() -> Words {
    toml::from_str(&read("tests/words.toml")).unwrap_or_else(|error| panic!("words.toml: {error}"))
}

/// A line for each banned turn in a text, unless the file is an exception.
fn turns_in(words: &Words, path: &str, line: usize, text: &str) -> Vec<String> {
    if words
        .exception
        .iter()
        .any(|exception| exception.path == path)
    {
        return Vec::new();
    }

    let mut hits = Vec::new();
    for turn in &words.turn {
        for word in occurrences(turn, text) {
            hits.push(format!("{path}:{line}: `{word}`; write: {}", turn.say));
        }
    }

    hits
}

/// The words of a turn that a text holds, apart from those inside of an allowed phrase.
fn occurrences<'t>(turn: &'t Turn, text: &str) -> Vec<&'t str> {
    let text = text.to_lowercase();
    let allowed: Vec<Range<usize>> = turn
        .unless
        .iter()
        .flat_map(|phrase| whole_words(&text, phrase))
        .collect();
    let mut hits = Vec::new();

    for word in &turn.words {
        for place in whole_words(&text, word) {
            let is_allowed = allowed
                .iter()
                .any(|phrase| phrase.start <= place.start && place.end <= phrase.end);
            if !is_allowed {
                hits.push(word.as_str());
            }
        }
    }

    hits
}

/// Where a phrase is in a text without a letter before or after it.
fn whole_words(text: &str, phrase: &str) -> Vec<Range<usize>> {
    text.match_indices(phrase)
        .map(|(start, _)| start..start + phrase.len())
        .filter(|place| {
            let before = text[..place.start].chars().next_back();
            let after = text[place.end..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        })
        .collect()
}

/// A Markdown file with its code blocks blanked, but for the headers of rules, whose strings users
/// read. Lines keep their numbers.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<(&str, bool)> = None;

    for line in text.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        let is_fence = ticks >= 3;

        match fence {
            Some((mark, _)) if is_fence && line.trim_end() == mark => fence = None,
            None if is_fence => fence = Some((&line[..ticks], line.ends_with("toml rule"))),
            Some((_, false)) => {}
            Some((_, true)) | None => out.push_str(line),
        }

        out.push('\n');
    }

    out
}

/// Each paragraph on one line, with where it starts.
fn paragraphs(text: &str) -> Vec<(usize, String)> {
    let mut paragraphs = Vec::new();
    let mut start = 0;

    for paragraph in text.split("\n\n") {
        paragraphs.push((start, paragraph.replace('\n', " ")));
        start += paragraph.len() + 2;
    }

    paragraphs
}

/// The strings of Rust code, outside of comments.
fn literals(code: &str) -> Vec<Literal> {
    let bytes = code.as_bytes();
    let mut literals = Vec::new();
    let mut index = 0;

    while index < bytes.len() {
        match bytes[index] {
            b'/' if code[index..].starts_with("//") => {
                index = code[index..]
                    .find('\n')
                    .map_or(code.len(), |length| index + length);
            }
            b'\'' => index += character(&code[index..]),
            b'r' if is_raw(code, index) => {
                let hashes =
                    code[index + 1..].len() - code[index + 1..].trim_start_matches('#').len();
                let start = index + 1 + hashes + 1;
                let close = format!("\"{}", "#".repeat(hashes));
                let length = code[start..].find(&close).expect("a raw string ends");
                let end = start + length + close.len();
                literals.push(Literal {
                    place: index..end,
                    text: code[start..start + length].to_owned(),
                });
                index = end;
            }
            b'"' => {
                let end = index + 1 + quoted(&code[index + 1..]);
                literals.push(Literal {
                    place: index..end + 1,
                    text: unescaped(&code[index + 1..end]),
                });
                index = end + 1;
            }
            _ => index += 1,
        }
    }

    literals
}

/// Whether a raw string starts at an `r`, which is not the end of a word.
fn is_raw(code: &str, index: usize) -> bool {
    let before = code[..index].chars().next_back();
    let is_word =
        before.is_some_and(|char| char.is_alphanumeric() || char == '_') && before != Some('b');

    !is_word && code[index + 1..].trim_start_matches('#').starts_with('"')
}

/// The length of a character literal, or 1 for the quote of a lifetime.
fn character(code: &str) -> usize {
    let mut chars = code.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => code[2..]
            .char_indices()
            .skip(1)
            .find(|(_, char)| *char == '\'')
            .map_or(1, |(length, _)| 2 + length + 1),
        Some((start, char)) if code[start + char.len_utf8()..].starts_with('\'') => {
            start + char.len_utf8() + 1
        }
        _ => 1,
    }
}

/// The length of a string up to its closing quote.
fn quoted(code: &str) -> usize {
    let mut escaped = false;

    for (index, char) in code.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index,
            _ => {}
        }
    }

    code.len()
}

/// A string without its escapes, as far as words need it.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();

    while let Some(char) = chars.next() {
        if char != '\\' {
            out.push(char);
            continue;
        }

        match chars.next() {
            Some('\n') => while chars.next_if(|char| char.is_whitespace()).is_some() {},
            Some('n' | 't' | 'r') => out.push(' '),
            Some(char) => out.push(char),
            None => {}
        }
    }

    out
}

/// The arguments of a call, from behind its bracket to the closing one.
fn arguments(code: &str, start: usize, literals: &[Literal]) -> Range<usize> {
    let mut depth = 0_usize;
    let mut index = start;

    while index < code.len() {
        if let Ok(literal) = literals.binary_search_by_key(&index, |literal| literal.place.start) {
            index = literals[literal].place.end;
            continue;
        }

        match code.as_bytes()[index] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => break,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }

        index += 1;
    }

    start..index
}

/// The length of a format string without what is put in.
fn fixed_length(text: &str) -> usize {
    let text = text.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let mut length = 0;
    let mut inside = false;

    for char in text.chars() {
        match char {
            '{' => inside = true,
            '}' => inside = false,
            _ if inside => {}
            _ => length += 1,
        }
    }

    length
}

/// The code above a file's unit tests.
fn without_tests(source: &str) -> &str {
    source
        .split_once("#[cfg(test)]\nmod tests {")
        .map_or(source, |(code, _)| code)
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// The files of `src` that are not tests.
fn sources() -> Vec<String> {
    let mut paths = files("src", ".rs");
    paths.retain(|path| !path.contains("/tests") && !path.ends_with("_tests.rs"));

    paths
}

fn markdown(folder: &str) -> Vec<String> {
    files(folder, ".md")
}

/// Files below a folder with this ending, from the root, sorted.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut folders = vec![root().join(folder)];

    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                let path = path.strip_prefix(root()).expect("below the root");
                paths.push(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }

    paths.sort();

    paths
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
