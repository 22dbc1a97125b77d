//! Quotes, escapes and variables of words.

use super::*;

/// The first value of `ENV A=…`.
fn word(head: &str, value: &str) -> (String, Word) {
    let text = format!("{head}FROM a\nENV A={value}\n");
    let tree = parse(&text).tree;
    let Body::Env(mut pairs) = tree.instructions[1].body.clone() else {
        panic!("no pairs in {text}")
    };
    (text, pairs.pairs.remove(0).value)
}

#[test]
fn literals_lose_quotes_and_escapes() {
    for (head, value, literal) in [
        ("", "plain", Some("plain")),
        ("", "\"a b\"c'd \"e'", Some("a bcd \"e")),
        ("", "a\\ b\\\"", Some("a b\"")),
        ("", "\"a\\\"b\\$c\\d\\\\\"", Some("a\"b$c\\d\\")),
        ("", "'$x \\'", Some("$x \\")),
        ("", "\\$x", Some("$x")),
        ("", "5$", Some("5$")),
        ("# escape=`\n", "C:\\a` b", Some("C:\\a b")),
        ("", "$x", None),
        ("", "a${x}", None),
        ("", "\"open", None),
    ] {
        assert_eq!(word(head, value).1.literal().as_deref(), literal, "{value}");
    }
}

#[test]
fn variables_are_found_with_their_modifiers_and_places() {
    for (value, expected) in [
        ("$a${b}", "a@$a b@${b}"),
        ("\"x $a\"'$b'\\$c", "a@$a"),
        ("${a:-${b}/$c}", "a@${a:-${b}/$c} b@${b} c@$c"),
        (
            "${a#*.}${b%%x}${c//x/$y}",
            "a@${a#*.} b@${b%%x} c@${c//x/$y} y@$y",
        ),
        ("${a:?no}${b+yes}", "a@${a:?no} b@${b+yes}"),
        (
            r"x\
$a\
${b}",
            "a@$a b@${b}",
        ),
        ("é$a", "a@$a"),
    ] {
        let (text, word) = word("", value);
        let found: Vec<String> = word
            .variables()
            .iter()
            .map(|variable| {
                format!(
                    "{}@{}",
                    variable.name,
                    word.span_of(variable.local).text(&text)
                )
            })
            .collect();
        assert_eq!(found.join(" "), expected, "{value}");
    }
}

#[test]
fn modifiers_say_what_an_unset_variable_gives() {
    for (value, kind, or_empty, text) in [
        ("${a-b}", ModifierKind::Default, false, "b"),
        ("${a:-b c}", ModifierKind::Default, true, "b c"),
        ("${a:+b}", ModifierKind::Alternate, true, "b"),
        ("${a?}", ModifierKind::Required, false, ""),
        ("${a/b/c}", ModifierKind::Pattern, false, "bc"),
        ("${a.b}", ModifierKind::Placeholder, false, "b"),
        ("${a:0:3}", ModifierKind::Unsupported, true, ":3"),
    ] {
        let found = word("", &format!("\"{value}\""))
            .1
            .variables()
            .remove(0)
            .modifier
            .expect("a modifier");
        let pieces: Vec<String> = found
            .word
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Variable(variable) => variable.name.clone(),
            })
            .collect();
        assert_eq!(
            (found.kind, found.or_empty, pieces.concat()),
            (kind, or_empty, text.to_owned()),
            "{value}"
        );
    }
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("{}x{}", "${a:-".repeat(5000), "}".repeat(5000));
    assert_eq!(
        word("", &deep).1.problem().map(|bad| bad.message),
        Some("substitutions are nested too deeply")
    );
}
