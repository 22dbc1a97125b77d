//! Variables: what is found, and where it stands.

use super::*;
use proptest::prelude::*;

fn lookup(name: &str) -> Option<Lookup> {
    match name {
        "SET" => Some(Lookup::Value("1.2.3".to_owned())),
        "EMPTY" => Some(Lookup::Value(String::new())),
        "ARG" => Some(Lookup::Unknown),
        _ => None,
    }
}

const DOCKERFILE: Dialect = Dialect::Dockerfile { escape: '\\' };

#[test]
fn three_values() {
    let cases: &[(&str, Option<&str>)] = &[
        ("plain", Some("plain")),
        ("a$SET-b", Some("a1.2.3-b")),
        ("${SET}", Some("1.2.3")),
        ("$UNSET", None),
        ("${ARG:-x}", None),
        ("${UNSET:-d}", Some("d")),
        ("${UNSET-d}", Some("d")),
        ("${EMPTY:-d}", Some("d")),
        ("${EMPTY-d}", Some("")),
        ("${UNSET:-${OTHER-${SET}}}x", Some("1.2.3x")),
        ("${UNSET:-$OTHER}", None),
        ("${SET:-$OTHER}", Some("1.2.3")),
        ("${UNSET:?say it}", None),
        ("${EMPTY:?say it}", None),
        ("${EMPTY?say it}", Some("")),
        ("${SET?}", Some("1.2.3")),
        ("${SET:+alt}", Some("alt")),
        ("${EMPTY:+alt}", Some("")),
        ("${EMPTY+alt}", Some("alt")),
        ("a${UNSET+alt}", Some("a")),
        ("${UNSET:-}", Some("")),
    ];

    for dialect in [Dialect::Compose, DOCKERFILE] {
        for (text, expected) in cases {
            let expansion = expand(text, dialect, &lookup);
            assert_eq!(expansion.text.as_deref(), *expected, "{text} {dialect:?}");
            assert_eq!(expansion.errors, [], "{text}");
        }
    }
}

#[test]
fn each_dialect_has_its_own_escapes() {
    let tick = Dialect::Dockerfile { escape: '`' };
    let cases: &[(Dialect, &str, Option<&str>)] = &[
        (Dialect::Compose, "$$SET $${SET}", Some("$SET ${SET}")),
        (Dialect::Compose, "'$SET'", Some("'1.2.3'")),
        (Dialect::Compose, r"\$SET", Some(r"\1.2.3")),
        (Dialect::Compose, "a$", Some("a$")),
        (Dialect::Compose, "$1 $?", Some("$1 $?")),
        (Dialect::Compose, "${}", None),
        (Dialect::Compose, "${SET", None),
        (Dialect::Compose, "${SET:-x", None),
        (Dialect::Compose, "${SET#1}", None),
        (DOCKERFILE, r"\$SET \a", Some("$SET a")),
        (
            DOCKERFILE,
            r#"'$SET' "$SET \a \"""#,
            Some(r#"$SET 1.2.3 \a ""#),
        ),
        (DOCKERFILE, r"C:\\x$", Some(r"C:\x$")),
        (tick, r"C:\x`$SET", Some(r"C:\x$SET")),
        (DOCKERFILE, r#"${UNSET:-"a}b"}"#, Some("a}b")),
        (
            DOCKERFILE,
            "${SET#*.}|${SET##*.}|${SET%.*}|${SET%%.*}",
            Some("2.3|3|1.2|1"),
        ),
        (
            DOCKERFILE,
            "${SET/./_}|${SET//./_}|${SET//x/y}",
            Some("1_2.3|1_2_3|1.2.3"),
        ),
        (DOCKERFILE, "${SET%x}", Some("1.2.3")),
        (DOCKERFILE, "${UNSET#x}", None),
        (
            Dialect::Kubernetes,
            "a $(SET) $$(SET) $SET ${SET} $(",
            Some("a 1.2.3 $(SET) $SET ${SET} $("),
        ),
        (Dialect::Kubernetes, "$(UNSET)", Some("$(UNSET)")),
        (Dialect::Kubernetes, "$(ARG)", None),
        (Dialect::Kubernetes, "$(x $(SET)", Some("$(x 1.2.3")),
    ];

    for (dialect, text, expected) in cases {
        assert_eq!(
            expand(text, *dialect, &lookup).text.as_deref(),
            *expected,
            "{text} {dialect:?}"
        );
    }
}

#[test]
fn uses_know_their_places() {
    let text = "é${A:-x$B}/${C:?no}$D";
    let uses = variables(text, Dialect::Compose);
    let shown: Vec<(&str, &str, Option<&str>, bool)> = uses
        .iter()
        .map(|found| {
            let default = found.default().map(|span| span.text(text));
            (
                found.name_span.text(text),
                found.span.text(text),
                default,
                found.required(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("A", "${A:-x$B}", Some("x$B"), false),
            ("B", "$B", None, false),
            ("C", "${C:?no}", None, true),
            ("D", "$D", None, false),
        ]
    );
}

#[test]
fn errors_point_at_the_fault() {
    let cases = [("a ${} b", "${}"), ("a ${X:-y", "${"), ("${X!}", "${X!}")];

    for (text, expected) in cases {
        let expansion = expand(text, Dialect::Compose, &lookup);
        let found: Vec<&str> = expansion
            .errors
            .iter()
            .map(|error| error.span.text(text))
            .collect();
        assert_eq!(found, [expected], "{text}");
    }
}

#[test]
fn deep_nesting_ends() {
    for dialect in [Dialect::Compose, DOCKERFILE, Dialect::Kubernetes] {
        assert!(
            expand(&"${A:-".repeat(100_000), dialect, &lookup)
                .uses
                .len()
                < 100
        );
        expand(&"$(".repeat(100_000), dialect, &lookup);
        expand(&"${".repeat(100_000), dialect, &lookup);
        expand(&"${A!".repeat(100_000), dialect, &lookup);
    }
}

proptest! {
    #[test]
    fn any_text_gives_spans_inside_it(
        text in "(\\$|\\{|\\}|\\(|\\)|A|SET|:-|-|\\?|#|%|/|\\*|'|\"|\\\\|é| ){0,40}"
    ) {
        for dialect in [Dialect::Compose, DOCKERFILE, Dialect::Kubernetes] {
            let expansion = expand(&text, dialect, &lookup);

            for found in &expansion.uses {
                prop_assert_eq!(found.name_span.text(&text), &found.name);
                prop_assert!(text.get(found.span.range()).is_some());
                prop_assert!(found.operand.is_none_or(|span| text.get(span.range()).is_some()));
            }

            for error in &expansion.errors {
                prop_assert!(text.get(error.span.range()).is_some());
            }
        }
    }
}
