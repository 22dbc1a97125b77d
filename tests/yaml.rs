//! The YAML tree beside two other readers, and under random text.

use std::path::Path;

use deploylint::source::{FileId, Span};
use deploylint::syntax::yaml::{Kind, Node, Style, Tree, mask_templates};
use proptest::prelude::*;
use saphyr_parser::{Event, Parser};
use serde::Deserialize;
use serde_yaml::Value;

const SAMPLES: &[&str] = &[
    r#"services:
  web:
    image: "nginx:1.27"
    ports: ['80:80', 443]
    environment:
      A: é
      B:
"#,
    r"x-base: &base
  restart: always
  deploy: {replicas: 2}
services:
  a:
    <<: *base
    image: x
",
    r"on:
  push:
    branches: [main]
jobs:
  a:
    steps:
    - run: |
        echo 1

        echo 2
    - run: >-
        folded
        line

        next
          deeper
      if: ${{ true }}
",
    r"apiVersion: v1
kind: List
items:
- a: 1
  b: [1, 2, {c: d}]
- |+
  keep

- >
  clip

---
# empty
---
last: ~
",
    "a: 'it''s'\nb: \"tab\\t\\u00e9 \\\"q\\\" \\\n  joined\"\nc: plain text # not this\nd: a#b\ne: - \nf: \"\"\n",
    "n: [0, -1, 1.5, 1e3, true, False, null, ~, .inf, yes, 0x1F, 0o17, 2024-01-01]\n",
    r"? complex
: value
? - seq
: {a: , b: 1}
",
    "a:\r\n  - x\r\n  - |\r\n    l1\r\n    l2\r\nb: 'f\r\n  g'\r\n",
    "\"q\": {\"j\":1,\"k\":[\"a\",\"b\"]}\n",
    r"a: !custom x
b: !!str 1
c: {d: !t [1]}
",
];

/// The samples, and every YAML text that the project ships as a fixture or as an example of a rule.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = SAMPLES.iter().map(|&sample| sample.to_owned()).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("fixtures"), root.join("rules")];

    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();

            if path.is_dir() {
                folders.push(path);
                continue;
            }

            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };

            match path.extension().and_then(|extension| extension.to_str()) {
                Some("yaml" | "yml") => texts.push(text),
                Some("md") => {
                    let blocks = text
                        .split("\n```yaml")
                        .skip(1)
                        .filter_map(|block| block.split_once('\n'));
                    texts.extend(blocks.filter_map(|(_, block)| {
                        Some(block.split("\n```").next()?.to_owned() + "\n")
                    }));
                }
                _ => {}
            }
        }
    }

    texts
}

/// Our tree as the other reader's value; numbers and booleans by the rules of YAML 1.2.
fn value(node: Node<'_>) -> Value {
    let plain = match node.kind() {
        Kind::Null | Kind::Unknown => Value::Null,
        Kind::Mapping => Value::Mapping(
            node.entries()
                .map(|entry| (value(entry.key), value(entry.value)))
                .collect(),
        ),
        Kind::Sequence => Value::Sequence(node.items().map(value).collect()),
        Kind::Scalar => {
            let text = node.str().unwrap_or_default();
            if let Some(truth) = node.as_bool() {
                Value::Bool(truth)
            } else if node.as_float().is_some() {
                // Which spellings are numbers is compared by both sides' own reading of the same
                // text.
                serde_yaml::from_str(text).unwrap_or(Value::Null)
            } else {
                Value::String(text.to_owned())
            }
        }
    };

    match node.tag() {
        Some(tag) if !tag.starts_with("!!") => {
            Value::Tagged(Box::new(serde_yaml::value::TaggedValue {
                tag: serde_yaml::value::Tag::new(tag),
                value: plain,
            }))
        }
        _ => plain,
    }
}

#[test]
fn values_equal_those_of_serde_yaml() {
    let mut compared = 0;

    for text in texts() {
        let parsed = Tree::parse(FileId(0), &text);
        let theirs: Result<Vec<Value>, _> = serde_yaml::Deserializer::from_str(&text)
            .map(Value::deserialize)
            .collect();
        let Ok(theirs) = theirs else { continue };

        assert_eq!(parsed.errors, [], "{text}");
        let ours: Vec<Value> = parsed.tree.documents().map(value).collect();
        let theirs = theirs.into_iter().filter(|document| !document.is_null());

        for (ours, mut theirs) in ours.into_iter().zip(theirs) {
            // Merges come last in ours and in theirs; mappings compare without their order.
            if theirs.apply_merge().is_ok() {
                assert_eq!(ours, theirs, "{text}");
                compared += 1;
            }
        }
    }

    assert!(
        compared >= SAMPLES.len(),
        "only {compared} documents were compared"
    );
}

/// The texts of all scalars but nulls, in order; nothing where aliases make the order differ.
fn scalars(node: Node<'_>, into: &mut Vec<String>) {
    if node.kind() == Kind::Scalar {
        into.extend(node.str().map(str::to_owned));
    }

    for entry in node.entries() {
        scalars(entry.key, into);
        scalars(entry.value, into);
    }

    for item in node.items() {
        scalars(item, into);
    }
}

#[test]
fn scalars_equal_those_of_saphyr() {
    for text in texts() {
        let mut theirs = Vec::new();
        let mut is_comparable = true;

        for event in Parser::new_from_str(&text) {
            match event {
                Ok((Event::Scalar(value, style, _, tag), _)) => {
                    let is_plain = style == saphyr_parser::ScalarStyle::Plain && tag.is_none();
                    if !(is_plain && matches!(&*value, "" | "~" | "null" | "Null" | "NULL")) {
                        theirs.push(value.into_owned());
                    }
                }
                // After an error this reader goes on without end.
                Ok((Event::Alias(_), _)) | Err(_) => {
                    is_comparable = false;
                    break;
                }
                Ok(_) => {}
            }
        }

        let parsed = Tree::parse(FileId(0), &text);
        if !is_comparable || !parsed.errors.is_empty() {
            continue;
        }

        let mut ours = Vec::new();
        parsed
            .tree
            .documents()
            .for_each(|root| scalars(root, &mut ours));
        assert_eq!(ours, theirs, "{text}");
    }
}

fn check(node: Node<'_>, text: &str) {
    let span = node.location().span;
    assert!(text.get(span.range()).is_some(), "{span:?} of {text:?}");
    assert!(
        text.get(node.content().span.range()).is_some(),
        "{:?} of {text:?}",
        node.content()
    );

    if let Some(value) = node.str() {
        let first = value.chars().next().map_or(0, char::len_utf8);
        for range in [
            Span::of(0, value.len()),
            Span::of(first, value.len()),
            Span::of(0, first),
        ] {
            let location = node.content_span(range);
            assert!(location.span.start <= location.span.end, "{location:?}");
            assert!(
                location.span.end as usize <= text.len(),
                "{location:?} of {text:?}"
            );
        }

        if node.style() == Style::Plain && !value.contains(['\n', ' ']) {
            assert_eq!(node.definition().span.text(text), value);
        }
    }

    node.entries().for_each(|entry| {
        check(entry.key, text);
        check(entry.value, text);
        assert!(entry.key.str().is_none_or(|key| node.get(key).is_some()));
    });

    node.items().for_each(|item| check(item, text));
}

/// A tree of any text has errors and nodes inside it, and no error is reported twice.
fn survives(text: &str) {
    let parsed = Tree::parse(FileId(0), text);
    parsed
        .tree
        .sections()
        .for_each(|(_, root)| check(root, text));
    for span in parsed.tree.comments().iter().chain(parsed.tree.damage()) {
        assert!(text.get(span.range()).is_some(), "{span:?} of {text:?}");
    }

    for error in &parsed.errors {
        assert!(
            text.get(error.span.range()).is_some(),
            "{error:?} of {text:?}"
        );
    }

    let mask = mask_templates(text);
    assert_eq!(mask.text.len(), text.len());
    let parsed = Tree::parse_template(FileId(0), &mask);
    parsed
        .tree
        .sections()
        .for_each(|(_, root)| check(root, &mask.text));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in "[-:?#|>&*!%@,\\[\\]{}\"' \t\r\n\\\\abé0~<.=]{0,120}") {
        survives(&text);
    }

    #[test]
    fn a_broken_sample_is_survived(
        sample in 0..SAMPLES.len(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0..4_usize, "[-:?#|>&*!{}\\[\\]\"' \t\né]{0,3}"), 1..5),
    ) {
        let mut text: Vec<char> = SAMPLES[sample].chars().collect();

        for (at, length, instead) in cuts {
            let at = at.index(text.len() + 1);
            let end = (at + length).min(text.len());
            text.splice(at..end, instead.chars());
        }

        survives(&text.into_iter().collect::<String>());
    }
}
