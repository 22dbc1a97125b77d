//! What a README says of its folder: whether it presents a collection of samples.

use crate::source::file_name;

/// How much of a README is read, in bytes: its title, and what it says first.
const OPENING_BYTES: usize = 8 << 10;

/// How many sentences say what a folder is.
const SENTENCES: usize = 2;

/// The longest phrase between a collection and what it collects, in words.
const PHRASE_WORDS: usize = 8;

/// Names of several things that show how something is done.
const SAMPLES: &[&str] = &[
    "demos",
    "examples",
    "exercises",
    "playgrounds",
    "quickstarts",
    "samples",
    "showcases",
    "snippets",
    "tutorials",
    "walkthroughs",
];

/// Words that make samples of what they are before.
const SAMPLE_WORDS: &[&str] = &[
    "boilerplate",
    "demo",
    "demonstration",
    "example",
    "quickstart",
    "sample",
    "starter",
    "tutorial",
];

/// What there are samples of.
const CONTENTS: &[&str] = &[
    "applications",
    "apps",
    "charts",
    "code",
    "configs",
    "configurations",
    "deployments",
    "dockerfiles",
    "files",
    "implementations",
    "manifests",
    "pipelines",
    "programs",
    "projects",
    "scenarios",
    "services",
    "setups",
    "stacks",
    "templates",
    "workflows",
];

/// Words that begin another phrase: samples behind them are an addition to something else.
const BOUNDARIES: &[&str] = &[
    "and", "as", "but", "by", "for", "from", "her", "his", "in", "its", "on", "or", "plus", "that",
    "their", "to", "used", "using", "which", "with", "without",
];

/// Whether a file is a README that presents its folder as a collection of samples: by its title, or
/// by its first sentences.
pub fn presents_samples(path: &str, text: &str) -> bool {
    if !is_readme(path) {
        return false;
    }

    let mut end = text.len().min(OPENING_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let opening = Opening::of(&text[..end]);

    is_title_of_samples(&opening.title)
        || opening.sentences.iter().any(|sentence| {
            let words: Vec<&str> = sentence.split_whitespace().collect();
            introduces_samples(&words) || is_collection_of_samples(&words)
        })
}

fn is_readme(path: &str) -> bool {
    const NAMES: &[&str] = &[
        "readme",
        "readme.md",
        "readme.rst",
        "readme.txt",
        "readme.adoc",
    ];

    NAMES
        .iter()
        .any(|name| name.eq_ignore_ascii_case(file_name(path)))
}

/// The beginning of a README in lower case and without markup. Phrases are separated by ` | `.
#[derive(Debug, Default, PartialEq, Eq)]
struct Opening {
    title: String,
    sentences: Vec<String>,
}

impl Opening {
    fn of(text: &str) -> Self {
        let mut opening = Self::default();
        let mut prose = String::new();
        let mut lines = text.lines().map(plain).peekable();

        while let Some(line) = lines.next() {
            let is_underlined = lines.peek().is_some_and(|next| is_underline(next));
            let heading = match line.strip_prefix('#') {
                Some(rest) => Some(rest.trim_start_matches('#')),
                None => (is_underlined && !line.is_empty()).then_some(line.as_str()),
            };

            match heading {
                Some(heading) if opening.title.is_empty() && prose.is_empty() => {
                    opening.title = phrases(heading);
                }
                // An introduction may have a heading of its own.
                Some(_) if prose.is_empty() => {}
                Some(_) => break,
                None if is_underline(&line) || (line.is_empty() && prose.is_empty()) => {}
                None => {
                    prose.push_str(line.trim_start_matches(['>', ' ']));
                    // A paragraph ends what is said in it.
                    prose.push_str(if line.is_empty() { ". " } else { " " });
                }
            }
        }

        let sentences = prose.split_terminator(". ").map(phrases);
        opening.sentences = sentences
            .filter(|sentence| !sentence.is_empty())
            .take(SENTENCES)
            .collect();

        opening
    }
}

/// A line in lower case without images, tags, links and emphasis.
fn plain(line: &str) -> String {
    let line = line.trim();
    let mut out = String::with_capacity(line.len());
    let mut rest = line;

    while let Some(first) = rest.chars().next() {
        let behind = &rest[first.len_utf8()..];
        rest = match first {
            '<' => {
                if behind.starts_with("h1") {
                    out.push('#');
                }
                behind.split_once('>').map_or("", |(_, after)| after)
            }
            '!' if behind.starts_with('[') => after_link(behind),
            // A link around an image has no text.
            '[' if behind.starts_with("![") => after_link(rest),
            '[' | '*' | '_' | '`' => behind,
            ']' if behind.starts_with('(') => behind.split_once(')').map_or("", |(_, after)| after),
            ']' => behind,
            _ => {
                out.extend(first.to_lowercase());
                behind
            }
        };
    }

    out.trim().to_owned()
}

/// What is behind the last target of a link or an image, `[text](target)`.
fn after_link(text: &str) -> &str {
    let mut rest = text;

    while let Some((_, target)) = rest.split_once("](") {
        rest = target.split_once(')').map_or("", |(_, after)| after);
        if !rest.starts_with("](") {
            break;
        }
    }

    if rest.len() == text.len() { "" } else { rest }
}

/// Whether a line underlines a heading.
fn is_underline(line: &str) -> bool {
    line.len() >= 3
        && ['=', '-', '~']
            .iter()
            .any(|mark| line.chars().all(|c| c == *mark))
}

/// A text whose phrases are separated by ` | `.
fn phrases(text: &str) -> String {
    let words = text.split_whitespace().map(|word| match word {
        "-" | "–" | "—" | "|" => "|".to_owned(),
        _ => word.replace([',', ';', ':', '(', ')', '!', '?'], " | "),
    });
    let text = words.collect::<Vec<_>>().join(" ");

    text.trim_end_matches(['.', ' ', '|']).trim().to_owned()
}

/// Whether a title is one of samples: `compose examples`, `samples for the shop`.
fn is_title_of_samples(title: &str) -> bool {
    let words: Vec<&str> = title.split_whitespace().collect();
    let end = words
        .iter()
        .position(|word| *word == "|" || *word == "of" || BOUNDARIES.contains(word))
        .unwrap_or(words.len());

    ends_with_samples(&words[..end])
}

fn ends_with_samples(phrase: &[&str]) -> bool {
    match phrase {
        [.., last] if SAMPLES.contains(last) => true,
        [before @ .., last] => {
            let near = &before[before.len().saturating_sub(2)..];
            CONTENTS.contains(last) && near.iter().any(|word| SAMPLE_WORDS.contains(word))
        }
        [] => false,
    }
}

/// Whether a sentence begins with the samples of a folder: `these samples show …`.
fn introduces_samples(words: &[&str]) -> bool {
    match words {
        ["these" | "following", rest @ ..] | ["the", "following", rest @ ..] => {
            rest.first().is_some_and(|word| SAMPLES.contains(word))
                || rest.get(..2).is_some_and(ends_with_samples)
        }
        _ => false,
    }
}

/// Whether a sentence says that the folder is a collection of samples, or holds them before anything
/// else: `this repository contains examples`, `a list of samples`.
fn is_collection_of_samples(words: &[&str]) -> bool {
    const COLLECTIONS: &[&str] = &[
        "collection",
        "compilation",
        "list",
        "selection",
        "series",
        "set",
    ];
    const HOLDERS: &[&str] = &["directory", "folder", "repo", "repository"];
    const VERBS: &[&str] = &[
        "collects", "contains", "holds", "hosts", "houses", "is", "offers", "provides",
    ];
    // What comes with something is not what it is.
    const ADDITIONS: &[&str] = &[
        "|",
        "and",
        "comes",
        "has",
        "includes",
        "including",
        "provides",
        "ships",
        "with",
    ];

    words.iter().enumerate().any(|(index, word)| {
        let before = &words[..index];
        let after = &words[index + 1..];

        let is_collection = COLLECTIONS.contains(word)
            && after.first() == Some(&"of")
            && (before.is_empty() || before.iter().any(|word| is_opener(word)))
            && !before.iter().any(|word| ADDITIONS.contains(word));
        let is_holder = HOLDERS.contains(word)
            && index <= 3
            && before
                .first()
                .is_some_and(|first| matches!(*first, "this" | "the" | "our"))
            && after.first().is_some_and(|verb| VERBS.contains(verb));

        (is_collection || is_holder) && begins_with_samples(&after[1..])
    })
}

/// Whether a word may begin a sentence that says what its folder is.
fn is_opener(word: &str) -> bool {
    matches!(word, "a" | "an" | "the" | "this" | "my" | "our" | "is")
}

/// Whether the first phrase is one of samples: `a number of small examples`.
fn begins_with_samples(words: &[&str]) -> bool {
    let end = words
        .iter()
        .position(|word| *word == "|" || BOUNDARIES.contains(word))
        .unwrap_or(words.len())
        .min(PHRASE_WORDS);

    (1..=end).any(|end| ends_with_samples(&words[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_of_samples_say_so_first() {
        for text in [
            "# Compose Examples\n",
            "# Sample applications for the mesh\n",
            "Queue Samples\n=============\n\nHow to run a queue.\n",
            "<h1 align=\"center\">Shop demos</h1>\n",
            "# Stacks [![Build](https://a.example/b.svg)](https://a.example)\n\n![logo](a.png)\n\n\
             > A curated list of Compose samples.\n",
            "# Cluster\n\nThis directory contains a number of examples of how to run\nthings.\n",
            "# Cluster\n\n## Introduction\n\nThis repository provides small examples, each of one idea.\n",
            "# Mesh\n\nThe mesh routes calls. These samples show how.\n",
            "# Mesh\n\nThis repo is a collection of **starter [templates](b.md)**.\n",
            "# Mesh\n\nThis git repository contains sample code for the mesh.\n",
            "This folder holds tutorials.\n",
        ] {
            assert!(presents_samples("README.md", text), "{text}");
        }

        assert!(presents_samples(
            "deploy/readme.rst",
            "Tutorials\n---------\n"
        ));
    }

    #[test]
    fn products_with_samples_are_products() {
        for text in [
            "# Shop\n\nA shop. See the [examples](examples).\n",
            "# Shop\n\nA shop with a collection of examples.\n",
            "# Shop\n\nThis repository contains the shop and its examples.\n",
            "# Shop\n\nThis repository contains the source code of the shop, with examples.\n",
            "# Shop\n\nThis repository contains the code for the examples of a book.\n",
            "# Shop\n\nThis repository contains Helm templates for the shop.\n",
            "# Shop\n\nThis repository provides compose files that run the examples.\n",
            "# Shop\n\nSells things. Ships them. A list of examples is below.\n",
            "# Shop\n\nSells things.\n\n## Examples\n\nThis folder contains examples.\n",
            "# Shop: learning from examples\n",
            "# Full Shop Template\n\nA template for a shop.\n",
            "# Sample Shop Application\n\nA sample application with many services.\n",
            "# Shop Demo\n\nThis demo app consists of a group of services.\n",
            "",
        ] {
            assert!(!presents_samples("README.md", text), "{text}");
        }

        assert!(!presents_samples("docs/index.md", "# Examples\n"));
    }
}
