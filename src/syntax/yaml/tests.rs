//! What the tree says, and where it says it stands.

use super::*;
use crate::source::Location;

fn tree(text: &str) -> Tree<'_> {
    let parsed = Tree::parse(FileId(0), text);
    assert_eq!(parsed.errors, [], "{text}");
    parsed.tree
}

/// The source of a place.
fn at(text: &str, location: Location) -> &str {
    location.span.text(text)
}

/// Source, path, decoded text, place, content.
type Case = (
    &'static str,
    &'static [&'static str],
    Option<&'static str>,
    &'static str,
    &'static str,
);

#[test]
fn values_stand_where_they_are_written() {
    let cases: &[Case] = &[
        ("é: ü # c\n", &["é"], Some("ü"), "ü", "ü"),
        ("a: 'it''s'\n", &["a"], Some("it's"), "'it''s'", "it''s"),
        ("a: \"x\\ny\"\n", &["a"], Some("x\ny"), "\"x\\ny\"", "x\\ny"),
        ("a:   b  c  \n", &["a"], Some("b  c"), "b  c", "b  c"),
        ("a: b\n  c\n", &["a"], Some("b c"), "b\n  c", "b\n  c"),
        (
            r"a: |
  x
  y


b: 1
",
            &["a"],
            Some("x\ny\n"),
            r"|
  x
  y",
            "x\n  y",
        ),
        (
            r"a: &n !t >- # c

  x
  y
",
            &["a"],
            Some("\nx y"),
            r">- # c

  x
  y",
            "x\n  y",
        ),
        ("a: |\nb: 1\n", &["a"], Some(""), "|", ""),
        (
            r"a: |+


b: 1
",
            &["a"],
            Some("\n\n"),
            "|+",
            "",
        ),
        ("a: |\r\n  x\r\n", &["a"], Some("x\n"), "|\r\n  x", "x"),
        ("- |\n x", &[], None, "- |\n x", "- |\n x"),
        (
            "{\"a\": [1, {b: c}]}",
            &["a"],
            None,
            "[1, {b: c}]",
            "[1, {b: c}]",
        ),
        ("{a: {b: c}, d: e}", &["a", "b"], Some("c"), "c", "c"),
        (
            r"a:
  # c
  b: 1
  c:
  - x
d: 1
",
            &["a"],
            None,
            r"b: 1
  c:
  - x",
            r"b: 1
  c:
  - x",
        ),
        (
            r"a:
- - x
  - y
# c
",
            &["a"],
            None,
            "- - x\n  - y",
            "- - x\n  - y",
        ),
        (
            r"a: # c

  - x
",
            &["a"],
            None,
            "- x",
            "- x",
        ),
        ("a: !override\n- x\n", &["a"], None, "- x", "- x"),
        ("a: &n\n  b: 1\n", &["a"], None, "b: 1", "b: 1"),
        (
            r#"command: [
  "x"
]
"#,
            &["command"],
            None,
            r#"[
  "x"
]"#,
            r#"[
  "x"
]"#,
        ),
        (
            r"a:
  b: [
    x
  ]
c: {
}
",
            &["a", "b"],
            None,
            r"[
    x
  ]",
            r"[
    x
  ]",
        ),
    ];

    for (text, path, value, location, content) in cases {
        let tree = tree(text);
        let node = tree.root().and_then(|root| root.path(path)).expect(text);
        assert_eq!(node.str(), *value, "{text:?}");
        assert_eq!(at(text, node.location()), *location, "{text:?}");
        assert_eq!(at(text, node.content()), *content, "{text:?}");
    }
}

#[test]
fn an_absent_value_stands_after_its_colon() {
    for (text, path, offset) in [
        ("a:\nb: 1", "a", 2),
        ("a:   # c\n", "a", 2),
        ("{a: , b}", "a", 3),
        ("{a: , b}", "b", 7),
        ("a: !reset\n", "a", 9),
    ] {
        let tree = tree(text);
        let node = tree.root().and_then(|root| root.get(path)).expect(text);
        assert_eq!(
            (node.kind(), node.location().span),
            (Kind::Null, Span::new(offset, offset)),
            "{text}"
        );
    }

    let text = r"a: null
b: ~
c: 'null'
d: !!str null
";
    let tree = tree(text);
    let kinds: Vec<_> = tree
        .root()
        .into_iter()
        .flat_map(Node::entries)
        .map(|entry| entry.value.kind())
        .collect();
    assert_eq!(kinds, [Kind::Null, Kind::Null, Kind::Scalar, Kind::Scalar]);
}

#[test]
fn plain_scalars_have_types_and_quoted_ones_are_text() {
    let int = |text: &str| tree(text).root().and_then(Node::as_int);
    assert_eq!(int("12"), Some(12));
    assert_eq!(int("-0x1F"), Some(-31));
    assert_eq!(int("0o17"), Some(15));
    assert_eq!(int("0644"), Some(0o644));
    assert_eq!(int("1_000"), Some(1000));
    assert_eq!(int("9223372036854775808"), None);
    for text in [
        "'12'", "\"12\"", "!!str 12", "1.5", "08", "0x", "+-1", "a", "1_a",
    ] {
        assert_eq!(int(text), None, "{text}");
    }

    let float = |text: &str| tree(text).root().and_then(Node::as_float);
    assert_eq!(float("1.5"), Some(1.5));
    assert_eq!(float("-1e3"), Some(-1000.0));
    assert_eq!(float("7"), Some(7.0));
    assert_eq!(float(".inf"), Some(f64::INFINITY));
    for text in ["infinity", "nan", "'1.5'", "1.5m"] {
        assert_eq!(float(text), None, "{text}");
    }

    for (text, core, old) in [
        ("true", Some(true), Some(true)),
        ("False", Some(false), Some(false)),
        ("yes", None, Some(true)),
        ("Off", None, Some(false)),
        ("n", None, Some(false)),
        ("'true'", None, None),
        ("yess", None, None),
    ] {
        let tree = tree(text);
        let root = tree.root().expect(text);
        assert_eq!((root.as_bool(), root.as_bool_11()), (core, old), "{text}");
    }
}

#[test]
fn tags_are_as_written() {
    let tree = tree(
        r"a: !reset null
b: !override [x]
c: !!binary aGk=
d: !<x:y> z
e: 1
",
    );
    let tags: Vec<_> = tree
        .root()
        .into_iter()
        .flat_map(Node::entries)
        .map(|entry| entry.value.tag())
        .collect();
    assert_eq!(
        tags,
        [
            Some("!reset"),
            Some("!override"),
            Some("!!binary"),
            Some("!<x:y>"),
            None
        ]
    );
}

#[test]
fn an_alias_stands_in_one_place_and_is_defined_in_another() {
    let text = "a: &n {x: 1}\nb: *n\n";
    let tree = tree(text);
    let alias = tree.root().and_then(|root| root.get("b")).expect("b");
    assert_eq!(at(text, alias.location()), "*n");
    assert_eq!(at(text, alias.definition()), "{x: 1}");
    assert_eq!(alias.path(&["x"]).and_then(Node::as_int), Some(1));
    assert!(alias.is_alias());
}

#[test]
fn an_anchor_name_may_be_used_twice() {
    let tree = tree(
        r"a: &n 1
b: *n
c: &n 2
d: *n
",
    );
    let value = |key| {
        tree.root()
            .and_then(|root| root.get(key))
            .and_then(Node::as_int)
    };

    assert_eq!((value("b"), value("d")), (Some(1), Some(2)));
}

#[test]
fn merge_keys_yield_to_what_is_written() {
    let tree = tree(
        r"x: &x {a: 1, b: 1}
y: &y {b: 2, c: 2}
z: &z
  <<: *y
  d: 3
m:
  <<: [*x, *z]
  c: 4
  '<<': quoted
n: {<<: {a: 5}}
",
    );
    let entries = |key: &str| -> Vec<(String, String)> {
        let node = tree.root().and_then(|root| root.get(key)).expect(key);
        let text = |node: Node<'_>| node.str().unwrap_or("?").to_owned();
        node.entries()
            .map(|entry| (text(entry.key), text(entry.value)))
            .collect()
    };

    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    };

    assert_eq!(
        entries("m"),
        pairs(&[
            ("c", "4"),
            ("<<", "quoted"),
            ("a", "1"),
            ("b", "1"),
            ("d", "3")
        ])
    );
    assert_eq!(entries("n"), pairs(&[("a", "5")]));
    let merged = tree.root().and_then(|root| root.get("m")).expect("m");
    assert_eq!(merged.len(), 5);
    assert_eq!(merged.get("d").and_then(Node::as_int), Some(3));
    assert_eq!(merged.get("<<").and_then(Node::str), Some("quoted"));
    assert!(merged.get("nope").is_none());
}

#[test]
fn of_a_repeated_key_the_last_one_counts() {
    let text = r#"a: 1
b: 2
"a": 3
"#;
    let parsed = Tree::parse(FileId(0), text);
    assert_eq!(parsed.errors.len(), 1);
    assert_eq!(parsed.errors[0].span.text(text), "\"a\"");
    assert_eq!(
        parsed.errors[0].related.as_ref().map(|first| first.0),
        Some(Span::new(0, 1))
    );
    let root = parsed.tree.root().expect("root");
    assert_eq!(root.get("a").and_then(Node::as_int), Some(3));
    assert_eq!(root.len(), 2);
    // Large mappings are compared in another way.
    let many: String = (0..50)
        .map(|key| format!("k{}: {key}\n", key % 40))
        .collect();
    let parsed = Tree::parse(FileId(0), &many);
    assert_eq!(parsed.errors.len(), 10);
    assert_eq!(parsed.tree.root().map(Node::len), Some(40));
}

#[test]
fn keys_need_not_be_scalars() {
    let tree = tree(
        r"? [a, b]
: 1
? {c: d}
: 2
~: 3
? e
",
    );
    let root = tree.root().expect("root");
    let keys: Vec<_> = root
        .entries()
        .map(|entry| (entry.key.kind(), entry.value.as_int()))
        .collect();
    let expected = [
        (Kind::Sequence, Some(1)),
        (Kind::Mapping, Some(2)),
        (Kind::Null, Some(3)),
        (Kind::Scalar, None),
    ];
    assert_eq!(keys, expected);
}

#[test]
fn empty_documents_are_sections_but_not_documents() {
    let text = r"# c
---
a: 1
---
---
# only
...
--- # x
b: 2
";
    let tree = tree(text);
    let sections: Vec<_> = tree
        .sections()
        .map(|(span, root)| (span.text(text), root.kind()))
        .collect();
    assert_eq!(
        sections,
        [
            ("---\na: 1\n", Kind::Mapping),
            ("---", Kind::Null),
            (
                r"---
# only
...",
                Kind::Null
            ),
            ("--- # x\nb: 2\n", Kind::Mapping),
        ]
    );
    assert_eq!(tree.documents().count(), 2);
    let comments: Vec<_> = tree
        .comments()
        .iter()
        .map(|comment| comment.text(text))
        .collect();
    assert_eq!(comments, ["# c", "# only", "# x"]);
    assert!(super::Tree::parse(FileId(0), "").tree.root().is_none());
}

#[test]
fn a_byte_order_mark_is_survived() {
    let text = "\u{feff}a: 1\r\nb:\r\n  - x\r\n";
    let tree = tree(text);
    let root = tree.root().expect("root");
    assert_eq!(
        root.get("a").map(|node| at(text, node.location())),
        Some("1")
    );
    assert_eq!(
        root.get("b").map(|node| at(text, node.location())),
        Some("- x")
    );
}

#[test]
fn every_byte_of_a_scalar_is_found_in_its_source() {
    // Each case marks the same word in the source and in the decoded text.
    let cases = [
        "a: plain WORD here\n",
        "a: é WORD\n",
        r"a: folded
  onto

  the WORD line
",
        "a: 'it''s ''the'' WORD'\n",
        r"a: 'x


  WORD'
",
        "a: \"\\u00e9\\t\\x41\\\\ \\\"WORD\\\"\"\n",
        "a: \"\\uD83D\\uDE00 \\U0001F600 \\N\\_\\L WORD\"\n",
        r#"a: "x \
    y
   z WORD"
"#,
        r"a: |
  one
    two

  WORD
",
        r"a: |2-
     one
   WORD
",
        r"a: |+

   é
   x WORD

",
        r"a: >
  one
  two

  three
    more

  WORD
  x
",
        r"a: >-


  one WORD
",
        "a: |\r\n  one\r\n  WORD\r\n",
        "a: 'one\r\n\r\n  WORD'\r\n",
        r"- # c
  - |
     x
     WORD
",
    ];

    for text in cases {
        let tree = tree(text);
        let mut node = tree.root().expect(text);
        while let Some(inner) = node.get("a").or_else(|| node.items().next()) {
            node = inner;
        }

        let value = node.str().expect(text);
        let found = value.find("WORD").expect(text);
        let location = node.content_span(Span::of(found, found + 4));
        assert_eq!(at(text, location), "WORD", "{text:?} {value:?}");
    }
}

#[test]
fn an_entry_reaches_from_its_key_to_the_end_of_its_value() {
    let text = r#"a:
  "b": [1,
    2] # c
  c: 3
"#;
    let tree = tree(text);
    let entry = tree
        .root()
        .and_then(|root| root.get("a"))
        .and_then(|node| node.entry("b"))
        .expect("b");
    assert_eq!(at(text, entry.location()), "\"b\": [1,\n    2]");
}
