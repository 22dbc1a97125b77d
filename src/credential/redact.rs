//! The form in which a secret may be shown. Every message and every snippet with a secret uses this
//! module.

use crate::source::Span;

use super::table::{Anchor, table};

/// The longest documented prefix that is shown, in bytes.
const PREFIX: usize = 14;
/// The shortest rest of which the end is shown, in bytes.
const REST: usize = 24;

/// A form of a secret by which its owner can identify it, and which does not reveal it: the
/// documented prefix of its format, `…`, and the last four characters of a long one. A secret
/// without a known format is hidden completely, with its length.
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

/// `text` with the characters of `spans` replaced and line ends kept. The number of characters and
/// bytes does not change, so columns and offsets stay valid.
pub fn mask(text: &str, spans: &[Span]) -> String {
    let spans = disjoint(spans.to_vec());
    let mut rest = spans.iter().peekable();
    let mut masked = String::with_capacity(text.len());

    for (offset, char) in text.char_indices() {
        while rest.next_if(|span| span.end as usize <= offset).is_some() {}
        let is_hidden = rest
            .peek()
            .is_some_and(|span| span.start as usize <= offset);

        masked.push(if is_hidden { star(char) } else { char });
    }

    masked
}

/// A sign of as many bytes as a character; white space stays.
const fn star(char: char) -> char {
    if char.is_ascii_whitespace() {
        return char;
    }

    match char.len_utf8() {
        1 => '*',
        2 => '·',
        3 => '•',
        _ => '𐄁',
    }
}

/// Sorted spans without overlap that cover the same bytes.
pub fn disjoint(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| !span.is_empty());
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());

    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => *last = last.cover(span),
            _ => merged.push(span),
        }
    }

    merged
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
