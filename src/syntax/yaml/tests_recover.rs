//! Errors, recovery, hostile input, templates and trees made of parts.

use super::*;
use crate::source::Location;

/// The errors of a text as `span text | message`.
fn errors(text: &str) -> Vec<String> {
    let parsed = Tree::parse(FileId(0), text);
    parsed
        .errors
        .iter()
        .map(|error| format!("{} | {}", error.span.text(text), error.message))
        .collect()
}

/// The tree of a text, errors aside, in one line.
fn shape(text: &str) -> String {
    let parsed = Tree::parse(FileId(0), text);
    parsed
        .tree
        .documents()
        .map(show)
        .collect::<Vec<_>>()
        .join(" --- ")
}

fn show(node: Node<'_>) -> String {
    match node.kind() {
        Kind::Null => "null".to_owned(),
        Kind::Unknown => "?".to_owned(),
        Kind::Scalar => node.str().unwrap_or_default().to_owned(),
        Kind::Mapping => {
            let entries: Vec<_> = node
                .entries()
                .map(|entry| show(entry.key) + ": " + &show(entry.value))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Kind::Sequence => format!(
            "[{}]",
            node.items().map(show).collect::<Vec<_>>().join(", ")
        ),
    }
}

#[test]
fn an_error_costs_its_own_line_and_is_reported_once() {
    let cases = [
        (
            "a: b: c\nd: 1\n",
            ": | found a second `: ` in this value, expected quotes around it",
            "{a: ?, d: 1}",
        ),
        (
            "a: @x\nd: 1\n",
            "@ | `@` cannot begin a value without quotes",
            "{a: ?, d: 1}",
        ),
        (
            "a: \"x\nb: 1\n",
            "\" | this quote is never closed",
            "{a: ?, b: 1}",
        ),
        (
            r#"a: "x
b: "1"
c: 2
"#,
            "\" | this quote is never closed",
            "{a: ?, b: 1, c: 2}",
        ),
        (
            "a: 'it's'\nb: 1\n",
            "s' | found text after the closing quote, expected the end of the value",
            "{a: ?, b: 1}",
        ),
        (
            r"a: [1,
  2
b: 1
",
            "[ | this `[` is never closed",
            "{a: ?, b: 1}",
        ),
        (
            "a: {x: 1\nb: 1\n",
            "{ | this `{` is never closed",
            "{a: ?, b: 1}",
        ),
        (
            "a: [1, 2}\nb: 1\n",
            "} | found `}` where `[` is still open",
            "{a: ?, b: 1}",
        ),
        (
            r"a: 1
}
b: 1
",
            "} | found a closing bracket that nothing opens",
            "{a: 1, b: 1}",
        ),
        (
            "a:\n\tb: 1\n\tc: 2\nd: 3\n",
            "\t | found a tab in the indentation, expected spaces",
            "{a: {b: 1, c: 2}, d: 3}",
        ),
        (
            r"a:
  b: 1
 c: 2
d: 3
",
            "c: 2 | expected a key of the mapping above; check the indentation",
            "{a: {b: 1}, d: 3}",
        ),
        (
            r"a: 1
  b: 2
c: 3
",
            "b | unexpected indentation: found key `b:` inside another value",
            "{a: 1, c: 3}",
        ),
        (
            r"a:
- 1
foo
b: 2
",
            "foo | found text that is neither `key: value` nor a list item",
            "{a: [1], b: 2}",
        ),
        (
            "a: \"\\d+\"\nb: 1\n",
            "\\d | `\\d` is not an escape in double quotes; write `\\\\` for a backslash",
            "{a: ?, b: 1}",
        ),
        (
            "{% if x %}\na: 1\n",
            "% | `%` cannot begin a value without quotes",
            "{a: 1}",
        ),
        (
            r"a: |
  x
 y
b: 1
",
            "y | expected a key of the mapping above; check the indentation",
            "{a: x\n, b: 1}",
        ),
        // The children of a key that is lost are not given to another key, nor reported.
        (
            r"a:
  b:
    c: 1
   d:
    e: 2
    f: 3
  g: 4
",
            "d: | expected a key of the mapping above; check the indentation",
            "{a: {b: {c: 1}, g: 4}}",
        ),
    ];

    for (text, error, tree) in cases {
        assert_eq!(errors(text), [error], "{text:?}");
        assert_eq!(shape(text), tree, "{text:?}");
    }
}

#[test]
fn an_alias_to_nothing_is_unknown() {
    let text = r"a: *b
c: &b 1
---
d: *b
";
    assert_eq!(
        errors(text),
        [
            "*b | alias `*b` has no anchor `&b` before it in this document",
            "*b | alias `*b` has no anchor `&b` before it in this document",
        ]
    );
    assert_eq!(shape(text), "{a: ?, c: 1} --- {d: ?}");
}

#[test]
fn other_documents_do_not_suffer() {
    let text = r"a: 1
---
b: 2
c: : x
 d
---
e: 3
";
    assert_eq!(errors(text).len(), 1);
    assert_eq!(shape(text), "{a: 1} --- {b: 2, c: ?} --- {e: 3}");
    // A document without hope is given up; the next one goes on.
    let hopeless = format!(
        r"a: 1
---
ok: 1
{}---
z: 26
",
        "@\n".repeat(40)
    );
    let parsed = Tree::parse(FileId(0), &hopeless);
    let roots: Vec<_> = parsed.tree.documents().map(show).collect();
    assert_eq!(roots, ["{a: 1}", "{ok: 1}", "{z: 26}"]);
}

#[test]
fn what_is_lost_is_remembered() {
    let text = r"a:
  b: 1
  c: @x
d:
  e: 1
";
    let parsed = Tree::parse(FileId(0), text);
    assert_eq!(
        parsed
            .tree
            .damage()
            .iter()
            .map(|lost| lost.text(text))
            .collect::<Vec<_>>(),
        ["@x"]
    );
    let root = parsed.tree.root().expect("root");
    let damaged = |key| root.get(key).map(Node::is_damaged);
    assert_eq!((damaged("a"), damaged("d")), (Some(true), Some(false)));
    assert_eq!(root.path(&["a", "c"]).map(Node::kind), Some(Kind::Unknown));
}

#[test]
fn long_comments_and_deep_lists_are_read() {
    let text = format!("key:\n{}  child: 1\n", "  # comment\n".repeat(200));
    assert_eq!(errors(&text), [""; 0]);
    assert_eq!(shape(&text), "{key: {child: 1}}");
    assert_eq!(Tree::parse(FileId(0), &text).tree.comments().len(), 200);
    assert_eq!(shape(&format!("{}x", "- ".repeat(200))).len(), 401);
    let deep = format!(
        r"a: 1
---
{}x
---
b: 2
",
        "- ".repeat(300)
    );
    assert_eq!(errors(&deep).len(), 1);
    assert!(
        errors(&deep)[0].ends_with("nested too deeply: more than 255 levels"),
        "{:?}",
        errors(&deep)
    );
    assert!(shape(&deep).ends_with("{b: 2}"));
}

#[test]
fn a_long_file_is_read() {
    use std::fmt::Write;
    let mut text = String::new();
    for line in 0..40_000 {
        let _ = writeln!(text, "key{line}: {line}");
    }

    let parsed = Tree::parse(FileId(0), &text);
    assert_eq!(parsed.errors, []);
    assert_eq!(
        parsed
            .tree
            .root()
            .and_then(|root| root.get("key39999"))
            .and_then(Node::as_int),
        Some(39_999)
    );
}

#[test]
fn aliases_cannot_explode() {
    use std::fmt::Write;
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    let mut merges = "m0: &m0 {k0: 1}\n".to_owned();
    let mut tower = format!("t0: &t0 {}x{}\n", "[".repeat(200), "]".repeat(200));

    for level in 1..40 {
        let below = level - 1;
        let _ = writeln!(
            bomb,
            "a{level}: &a{level} [{}]",
            vec![format!("*a{below}"); 10].join(", ")
        );
        let _ = writeln!(
            merges,
            "m{level}: &m{level} {{<<: [*m{below}, *m{below}], k{level}: 1}}"
        );
        let _ = writeln!(
            tower,
            "t{level}: &t{level} {}*t{below}{}",
            "[".repeat(200),
            "]".repeat(200)
        );
    }

    for text in [
        bomb,
        merges,
        tower,
        "a: &a [*a, {b: *a}]\n".to_owned(),
        "&a {<<: *a, ? *a : *a}\n".to_owned(),
    ] {
        let parsed = Tree::parse(FileId(0), &text);
        assert_eq!(parsed.errors, []);
        let last = parsed
            .tree
            .root()
            .and_then(|root| root.entries().last())
            .expect("an entry")
            .value;
        assert!(last.is_damaged() || show(last).contains('?'));
        let mut builder = Builder::new();
        let roots = parsed
            .tree
            .documents()
            .map(|root| builder.copy(root))
            .collect();
        let copy = builder.finish(roots);
        assert!(
            copy.documents()
                .map(show)
                .eq(parsed.tree.documents().map(show))
        );
    }
}

#[test]
fn hostile_text_ends_quickly() {
    let cases = [
        "- ".repeat(20_000),
        "? ".repeat(20_000),
        "[".repeat(20_000),
        "{a: ".repeat(20_000),
        "a: \"x\n".repeat(5_000),
        "a: [\n".repeat(5_000),
        "\t\n".repeat(20_000),
        "&a ".repeat(20_000),
        "a: |\n".repeat(20_000),
        "a: @\n---\n".repeat(5_000),
        "a:\n".repeat(20_000),
        "%x\n".repeat(5_000),
        format!("{}\n@", "# c\n".repeat(20_000)),
    ];

    for text in cases {
        let parsed = Tree::parse(FileId(0), &text);
        assert!(parsed.tree.nodes.len() <= text.len() + 1);
    }
}

#[test]
fn templates_keep_their_offsets() {
    let text = concat!(
        "{{- if .Values.on }}\n",
        "metadata:\n",
        "  name: {{ include \"x\" . }}-é\n",
        "  labels:\n",
        "    app: web\n",
        "    {{- include \"labels\" . | nindent 4 }}\n",
        "  annotations:\n",
        "    {{- toYaml .Values.a | nindent 4 }}\n",
        "spec: {{ toYaml .Values.spec | nindent 2 }}\n",
        "data: {{/* }} */}}\n",
        "{{ .Values.key }}: \"{{ `}}` }}\"\n",
        "script: |\n",
        "        {{- if \"}}\" }}\n",
        "  echo {{ .Values.x }}\n",
        "        {{- end }}\n",
        "{{- end }}\n",
    );
    let mask = mask_templates(text);
    assert_eq!(mask.text.len(), text.len());
    assert!(
        mask.text
            .char_indices()
            .all(|(offset, _)| text.is_char_boundary(offset))
    );
    let parsed = Tree::parse_template(FileId(0), &mask);
    assert_eq!(parsed.errors, []);
    let root = parsed.tree.root().expect("root");
    let span = |path: &[&str]| {
        root.path(path)
            .map(|node| node.location().span)
            .expect("a node")
    };

    assert_eq!(
        span(&["metadata", "name"]).text(text),
        "{{ include \"x\" . }}-é"
    );
    assert!(mask.touches(span(&["metadata", "name"])));
    assert!(!mask.touches(span(&["metadata", "labels", "app"])));
    assert!(mask.is_open(span(&["metadata", "labels"])));
    assert!(
        !mask.is_open(span(&["metadata"])),
        "the labels are open, not what holds them"
    );
    assert_eq!(
        root.path(&["metadata", "annotations"]).map(Node::kind),
        Some(Kind::Unknown)
    );
    assert_eq!(root.get("spec").map(Node::kind), Some(Kind::Unknown));
    assert_eq!(root.get("data").map(Node::kind), Some(Kind::Null));
    let keys: Vec<_> = root
        .entries()
        .map(|entry| entry.key.location().span.text(text))
        .collect();
    assert_eq!(
        keys,
        ["metadata", "spec", "data", "{{ .Values.key }}", "script"]
    );
    let roles: Vec<_> = mask.actions.iter().map(|action| action.role).collect();
    use super::template::Role::{Control, Inline, Output, Silent};
    assert_eq!(
        roles,
        [
            Control, Inline, Output, Output, Inline, Silent, Inline, Inline, Control, Inline,
            Control, Control
        ]
    );
}

#[test]
fn branches_of_a_template_may_repeat_keys() {
    let mask = mask_templates(
        r"{{ if .x }}
a: 1
{{ else }}
a: 2
{{ end }}
b: {{ if .y }}1{{ else }}2{{ end }}
",
    );
    let parsed = Tree::parse_template(FileId(0), &mask);
    assert_eq!(parsed.errors.len(), 0, "{:?}", parsed.errors);
    assert_eq!(
        parsed
            .tree
            .root()
            .and_then(|root| root.get("a"))
            .and_then(Node::as_int),
        Some(2)
    );
}

#[test]
fn a_tree_of_parts_keeps_every_place() {
    let (base, over) = (
        r"a: &x {k: 'v'}
b: *x
c: {<<: *x, n: |
  text
}
",
        "b: !reset null\nd: [1]\n",
    );
    let base = base.replace("|\n  text\n", "text");
    let (one, two) = (Tree::parse(FileId(1), &base), Tree::parse(FileId(2), over));
    assert_eq!((one.errors.len(), two.errors.len()), (0, 0));
    let (first, second) = (
        one.tree.root().expect("root"),
        two.tree.root().expect("root"),
    );
    let mut builder = Builder::new();
    let mut entries = Vec::new();
    for entry in first
        .entries()
        .filter(|entry| entry.key.str() != Some("a"))
        .chain(second.entry("d"))
    {
        entries.push((builder.copy(entry.key), builder.copy(entry.value)));
    }

    let location = Location::new(FileId(2), Span::new(0, 1));
    let made = (builder.scalar(location, "made"), builder.null(location));
    let unknown = builder.unknown(location);
    let reset = second
        .entry("b")
        .map(|entry| (builder.scalar(location, "r"), builder.copy(entry.value)));
    let list = (
        builder.scalar(location, "l"),
        builder.sequence(location, vec![unknown]),
    );
    entries.extend([made, list]);
    entries.extend(reset);
    let root = builder.mapping(first.location(), entries);
    let tree = builder.finish(vec![root]);
    let root = tree.root().expect("root");
    assert_eq!(
        show(root),
        "{b: {k: v}, c: {n: text, k: v}, d: [1], made: null, l: [?], r: null}"
    );
    let location = |path: &[&str]| {
        root.path(path)
            .map(|node| (node.location().file.0, node.location().span))
            .expect("a node")
    };

    assert_eq!(
        (location(&["b"]).0, location(&["b"]).1.text(&base)),
        (1, "*x")
    );
    assert_eq!(location(&["b", "k"]).1.text(&base), "'v'");
    assert_eq!(
        root.get("b").map(|node| node.definition().span.text(&base)),
        Some("{k: 'v'}")
    );
    assert_eq!(
        (location(&["d"]).0, location(&["d"]).1.text(over)),
        (2, "[1]")
    );
    assert_eq!(root.get("r").and_then(Node::tag), Some("!reset"));
    let value = root.path(&["c", "k"]).expect("k");
    assert_eq!(value.style(), Style::SingleQuoted);
    assert_eq!(value.content_span(Span::new(0, 1)).span.text(&base), "v");
}

/// Asks every mapping of a tree for a key, and compares the answer with a walk over its entries.
fn ask_for(key: &str, node: Node<'_>) {
    for item in node.items() {
        ask_for(key, item);
    }

    let walked = node.entries().find(|entry| entry.key.str() == Some(key));
    let found = node.entry(key).map(|entry| entry.value.location());
    assert_eq!(found, walked.map(|entry| entry.value.location()));

    for entry in node.entries() {
        ask_for(key, entry.value);
    }
}

#[test]
fn a_damaged_mapping_is_asked_for_any_key() {
    let text = "s: :\ns\n |\ne \n :\na\ns\n.\n)\nn\n\"\n\"\n\"\nt\n1\ni\n\"\nn\n.\n1\ni\n d";

    for end in 0..=text.len() {
        let parsed = Tree::parse(FileId(0), &text[..end]);

        for document in parsed.tree.documents() {
            for key in ["s", "on", "name", "absent"] {
                ask_for(key, document);
            }
        }
    }
}
