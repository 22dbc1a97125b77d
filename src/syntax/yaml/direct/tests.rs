//! The direct reader gives the same tree as the parser.

use std::path::Path;

use proptest::prelude::*;

use super::super::load::ParseExtent;
use super::super::loader::Loader;
use super::super::tree::{Raw, Tree};
use crate::source::{FileId, Span};

/// The parts of a tree of one file.
#[derive(Debug, PartialEq)]
struct Read {
    nodes: Vec<Raw>,
    texts: Vec<String>,
    tags: Vec<(u32, String)>,
    documents: Vec<(u32, Span)>,
    errors: Vec<String>,
}

/// Reads a text document by document; nothing if one of them cannot be read.
fn read(
    text: &str,
    mut document: impl FnMut(&mut Loader<'_, '_>, usize) -> Option<Option<usize>>,
) -> Option<Read> {
    let mut tree = Tree {
        sources: vec![(FileId(0), text)],
        ..Tree::default()
    };

    let mut loader = Loader::new(&mut tree, text, None);
    let mut next = Some(0);
    while let Some(at) = next {
        next = document(&mut loader, at)?;
    }

    let errors = loader
        .errors
        .iter()
        .map(|error| format!("{error:?}"))
        .collect();
    let texts = tree
        .texts
        .iter()
        .map(|text| text.clone().into_owned())
        .collect();
    let tags = tree
        .tags
        .iter()
        .map(|(at, tag)| (*at, tag.clone().into_owned()))
        .collect();
    Some(Read {
        nodes: tree.nodes,
        texts,
        tags,
        documents: tree.documents,
        errors,
    })
}

fn directly(text: &str) -> Option<Read> {
    if !super::is_common(text, 0) {
        return None;
    }
    read(text, |loader, at| super::read_document(loader, text, at))
}

fn by_parser(text: &str) -> Option<Read> {
    read(text, |loader, at| {
        loader.parse(text, at, ParseExtent::OneDocument).ok()
    })
}

/// Texts in common notation.
const COMMON: &[&str] = &[
    "",
    "# only a comment\n",
    "a: 1",
    "\u{feff}# c\na: 1 # d\n\nb: é\u{a0}\n",
    r#"a:
  b: x
  c: [1, 'two', {d: e, f: }, "g"]
  h: {}
i:
"#,
    r"a:
- x
-
- - y
  - z
-   k: v
    l:
    - m
b: 1
",
    "- -    # c\n  - x\n",
    "a: one\n  two\n\n  three # c\nb: 'it''s\n\n  folded'\nc: \"tab\\t\\u00e9 \\\"q\\\" \\\n  joined  \n  end\\x41\"\n",
    r"a: |
  x
   y

  z

b: >-

  f
  g
    deeper
  h

  i
c: |+ # head
  keep

# c
d: >
  t",
    r"a: &n {x: 1}
b: *n
c: &m
  <<: *n
  y: !!str null
d: !custom
- !t &k 'z'
- *m
- [*n, *k]
",
    r"---
# c
a: 1
---
---  # d
b: 2
...
# e
---
[x]
",
    r"a: 1
...
  b: 2
  c: 3
",
    r#"{"a": [1, 2,
  {"b":null}
 ], "c":"d"}
"#,
    r#"command: [
    "x", # why

    y ]
url: http://x:80/#y
flag: --z
at: a@b, c%d - e? f! [g]
"#,
    r#"'k': ~
"l" : NULL
m n: nulls
"#,
    "a: 1\na: 2\n",
    r"a: |
b: >-

# c
c: |+


d:
- |
- x
",
    r"a: [
  x,
  {y: 1
  }
]
b: {
}
c: :80
d: ?x
",
    "plain\ntext\n",
];

/// Texts for the parser: rare, or wrong.
const OTHERS: &[&str] = &[
    "a: 1\r\n",
    "a:\tb\n",
    "a: b\u{2028}c\n",
    r"%YAML 1.2
---
a: 1
",
    "? a\n: b\n",
    "--- a: 1\n",
    "a: !!\n",
    "a: b: c\n",
    "a: - b\n",
    "a: *n\n",
    "a: &n 1\nb: &n 2\n",
    r"a:
    b: 1
  c: 2
",
    "a: b\n  c: d\n",
    "a: 'x\nb: 1\n",
    "a: 'x' y\n",
    "a: [x\nb: 1\n",
    "a: {b:[1]}\n",
    "a: \"\\q\"\n",
    "a: |2\n   x\n",
    r"a: |
    x
  y
",
    "a: b # c\n  d\n",
    "a: @b\n",
    "a: \"x\n  y\": z\n",
    "a: 1\n- b\n",
];

#[test]
fn common_texts_are_read_as_the_parser_reads_them() {
    for text in COMMON {
        let read = directly(text);
        assert!(read.is_some(), "{text:?}");
        assert_eq!(read, by_parser(text), "{text:?}");
    }
}

#[test]
fn other_texts_are_left_to_the_parser() {
    for text in OTHERS {
        assert_eq!(directly(text), None, "{text:?}");
    }
}

#[test]
fn a_document_for_the_parser_leaves_the_others_alone() {
    let text = r"a: 1
---
b: {c:[1]}
---
d: 2
---
? e
: f
";
    let mut tree = Tree {
        sources: vec![(FileId(0), text)],
        ..Tree::default()
    };

    assert!(Loader::new(&mut tree, text, None).run(text, 0).is_err());
    let whole = r"a: 1
---
? e
: f
---
d: 2
"
    .repeat(9);
    let whole = whole.as_str();
    let mut tree = Tree {
        sources: vec![(FileId(0), whole)],
        ..Tree::default()
    };

    assert!(Loader::new(&mut tree, whole, None).run(whole, 0).is_ok());
    let parsed = by_parser(whole).expect("valid");
    assert_eq!(
        (tree.nodes, tree.documents),
        (parsed.nodes, parsed.documents)
    );
}

#[test]
fn fixtures_are_in_common_notation() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")];
    let (mut direct, mut all) = (0, 0);

    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();

            if path.is_dir() {
                folders.push(path);
                continue;
            }

            let is_yaml = path
                .extension()
                .is_some_and(|ending| ending == "yaml" || ending == "yml");
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };

            if !is_yaml || text.contains("{{ .") {
                continue;
            }

            all += 1;
            let Some(read) = directly(&text) else {
                continue;
            };

            direct += 1;
            assert_eq!(Some(read), by_parser(&text), "{}", path.display());
        }
    }

    assert!(direct * 20 > all * 19, "{direct} of {all}");
}

/// Marks that mean something in YAML, and a few that do not.
const MARKS: &[&str] = &[
    "\n",
    " ",
    "  ",
    "\n  ",
    "- ",
    ": ",
    ":",
    "#",
    " # c",
    "'",
    "\"",
    "|",
    "|-\n",
    ">",
    ">+\n",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "!t ",
    "!!str ",
    "---\n",
    "\n---\n",
    "\n...\n",
    "? ",
    "\t",
    "\\",
    "\\n",
    "\\\n",
    "''",
    "\n\n",
    "%",
    "@",
    "é",
    "<<: *a",
    "key: value\n",
    "- x\n",
    "~",
    "null",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A text with a few mistakes in it is read as the parser reads it, or not at all.
    #[test]
    fn damaged_texts_are_read_as_the_parser_reads_them(
        base in prop::sample::select(COMMON),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..4usize, prop::sample::select(MARKS)), 1..5),
    ) {
        let mut text = base.to_owned();

        for (at, lost, mark) in edits {
            let locations: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let from = at.index(locations.len());
            let to = (from + lost).min(locations.len() - 1);
            text.replace_range(locations[from]..locations[to], mark);
        }

        if let Some(read) = directly(&text) {
            prop_assert_eq!(Some(read), by_parser(&text), "{:?}", text);
        }
    }
}
