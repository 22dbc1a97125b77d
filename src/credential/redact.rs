//! How a secret may be shown. Every message and every snippet that touches a secret goes through
//! here.

use crate::source::Span;

use super::conceal::disjoint;
use super::table::{Anchor, table};

/// Longest documented prefix that is shown.
const PREFIX: usize = 14;
/// Shortest rest of which the end is shown.
const REST: usize = 24;

/// A form of the secret that tells its owner which one it is and nobody what it is: the documented
/// prefix of its format, `…`, and the last four characters of a long one. Of what has no known
/// format, nothing is shown, not even its length.
pub fn redact(secret: &str) -> String {
    let prefix = table()
        .formats
        .iter()
        .filter(|format| format.anchor == Anchor::AtKeyword)
        .flat_map(|format| &format.keywords)
        .filter(|keyword| {
            keyword.len() >= 3 && keyword.len() <= PREFIX && secret.starts_with(keyword.as_str())
        })
        .map(String::len)
        .max();
    let Some(prefix) = prefix else {
        return "********".to_owned();
    };

    let (shown, rest) = secret.split_at(prefix);
    if rest.len() < REST {
        return format!("{shown}…");
    }

    let last: String = rest.chars().skip(rest.chars().count() - 4).collect();

    format!("{shown}…{last}")
}

/// `text` with the characters of `spans` replaced, line ends kept. Characters and bytes keep their
/// number, so columns and offsets stay true.
pub fn mask(text: &str, spans: &[Span]) -> String {
    let spans = disjoint(spans.to_vec());
    let mut rest = spans.iter().peekable();
    let mut hidden = |at: usize| {
        while rest.next_if(|span| span.end as usize <= at).is_some() {}
        rest.peek().is_some_and(|span| span.start as usize <= at)
    };

    text.char_indices()
        .map(|(at, char)| match char.len_utf8() {
            _ if char.is_ascii_whitespace() || !hidden(at) => char,
            1 => '*',
            2 => '·',
            3 => '•',
            _ => '𐄁',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_prefix_and_at_most_four() {
        let body = "Zq7Lx2Vb9Rt4Yw8Kc3Nd6Hf1Js5Pg0Am";
        assert_eq!(redact(&format!("gsk_{body}")), "gsk_…g0Am");
        assert_eq!(redact(&format!("ghp_{}", &body[..12])), "ghp_…");
        for secret in ["", "x", "hunter2", "correct horse battery staple", body] {
            assert_eq!(redact(secret), "********");
        }
    }

    #[test]
    fn shows_no_more_than_prefix_and_four_of_any_format() {
        for format in &table().formats {
            for keyword in &format.keywords {
                let secret = format!("{keyword}{}", "kR7".repeat(20));
                let shown = redact(&secret);
                assert!(shown.chars().count() <= PREFIX + 1 + 4, "{shown}");
                assert!(!shown.contains("kR7kR7"), "{shown}");
            }
        }
    }

    #[test]
    fn masks_keep_every_offset() {
        let text = "a=sécret\nb€𝄞";
        let masked = mask(text, &[Span::new(2, text.len() as u32)]);
        assert_eq!(masked, "a=*·****\n*•𐄁");
        assert_eq!(masked.len(), text.len());
        assert_eq!(mask(text, &[]), text);
    }
}
