//! The shape of a value, without its name: how random it is, whether it is a reference, and whether
//! it is a placeholder.

use super::words::words;

/// Shannon entropy in bits per byte.
pub fn entropy(text: &str) -> f32 {
    if text.is_empty() {
        return 0.0;
    }

    let mut counts = [0u32; 256];
    for byte in text.bytes() {
        counts[byte as usize] += 1;
    }

    let len = text.len() as f32;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| count as f32 / len)
        .map(|p| -p * p.log2())
        .sum()
}

/// The number of character classes (lower case, upper case, digits) that occur.
pub fn classes(text: &str) -> u32 {
    [
        u8::is_ascii_lowercase as fn(&u8) -> bool,
        u8::is_ascii_uppercase,
        u8::is_ascii_digit,
    ]
    .iter()
    .map(|class| u32::from(text.as_bytes().iter().any(class)))
    .sum()
}

/// Whether a text contains a run that no generator makes: one character six times, `xxxx`, or six
/// characters that count up, plain (`abcdef`, `123456`) or in two interleaved rows (`a1b2c3d4`).
pub fn patterned(text: &str) -> bool {
    let bytes = text.as_bytes();
    // The lengths of the runs that end here.
    let (mut same, mut up, mut down, mut interleaved) = (1, 1, 1, 1);

    for index in 1..bytes.len() {
        let byte = bytes[index].to_ascii_lowercase();
        let is_alphanumeric = byte.is_ascii_alphanumeric();
        let step = step(bytes[index - 1], byte);
        let continues_row = index >= 2 && self::step(bytes[index - 2], byte) == 1 && step.abs() > 1;

        same = if step == 0 { same + 1 } else { 1 };
        up = if step == 1 && is_alphanumeric {
            up + 1
        } else {
            1
        };
        down = if step == -1 && is_alphanumeric {
            down + 1
        } else {
            1
        };
        interleaved = if continues_row && is_alphanumeric {
            interleaved + 1
        } else {
            1
        };

        if same >= 6
            || (same >= 4 && matches!(byte, b'x' | b'*' | b'.'))
            || up >= 6
            || down >= 7
            || interleaved >= 6
        {
            return true;
        }
    }

    false
}

/// Whether the letters of a text, or its digits, count up by themselves, whatever is between them:
/// `aB1cD2eF3gH4iJ5k`.
fn counts_up(text: &str) -> bool {
    let kinds: [fn(&u8) -> bool; 2] = [u8::is_ascii_alphabetic, u8::is_ascii_digit];

    kinds.iter().any(|is_of_kind| {
        let bytes: Vec<u8> = text.bytes().filter(is_of_kind).collect();
        let mut run = 1;

        bytes.windows(2).any(|pair| {
            run = if step(pair[0], pair[1]) == 1 {
                run + 1
            } else {
                1
            };
            run >= 6
        })
    })
}

/// The distance between two letters, in either case.
fn step(from: u8, to: u8) -> i16 {
    i16::from(to.to_ascii_lowercase()) - i16::from(from.to_ascii_lowercase())
}

/// Whether a text repeats one short piece: `cicicici`, `abcabcabc`.
pub fn repeats(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=8).any(|period| {
        bytes.len() >= 3 * period
            && bytes.len() >= 8
            && bytes.iter().zip(&bytes[period..]).all(|(a, b)| a == b)
    })
}

/// Whether a text in the format of a token is an example: it contains a word for examples, counts
/// up, or repeats itself.
pub fn made_up(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    words()
        .made_up
        .iter()
        .any(|word| lower.contains(word.as_str()))
        || patterned(text)
        || counts_up(text)
        || repeats(text)
}

/// Whether a value refers to a secret elsewhere, or is filled in before use: a variable, a
/// template, a command, the address of a secret store, a path.
pub fn is_reference(value: &str) -> bool {
    let value = value.trim();
    if words()
        .references
        .iter()
        .any(|opening| value.starts_with(opening.as_str()))
    {
        return true;
    }

    if ["${", "$(", "{{", "#{", "<%"]
        .iter()
        .any(|part| value.contains(part))
    {
        return true;
    }

    // akv2k8s: the name of an entry of Azure's key vault.
    if value.contains("@azurekeyvault") {
        return true;
    }

    if is_wrapped(value, b'%')
        || is_wrapped(value, b'@')
        || (is_wrapped(value, b'_') && value.starts_with("__"))
    {
        return true;
    }

    is_format_verb(value) || is_path(value)
}

/// Whether a value is a name between two marks: `%NAME%`, `@NAME@`, `__NAME__`.
fn is_wrapped(value: &str, mark: u8) -> bool {
    let bytes = value.as_bytes();
    bytes.len() > 2
        && bytes[0] == mark
        && bytes[bytes.len() - 1] == mark
        && bytes[1..bytes.len() - 1].iter().all(is_word)
}

fn is_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Whether a value is a format verb: `%s`, `%d`, `%v`, `{}`, `{name}`.
fn is_format_verb(value: &str) -> bool {
    matches!(value, "%s" | "%d" | "%v" | "%q" | "{}" | "?" | "%w")
        || (value.starts_with('{')
            && value.ends_with('}')
            && value[1..].bytes().rev().skip(1).all(|byte| is_word(&byte)))
}

/// Whether a value is a path to a file with a known extension, or a Windows path.
fn is_path(value: &str) -> bool {
    let bytes = value.as_bytes();
    if bytes.len() > 3
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes[2], b'\\' | b'/')
    {
        return true;
    }

    !value.contains(char::is_whitespace)
        && words()
            .path_endings
            .iter()
            .any(|ending| value.ends_with(ending.as_str()))
}

/// Whether a value is a placeholder for a secret: `<token>`, `your-api-key`, `xxxx`, `REPLACE_ME`,
/// `...`, `none`.
pub fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    if words().placeholders.contains(&lower)
        || words()
            .placeholder_parts
            .iter()
            .any(|part| lower.contains(part.as_str()))
    {
        return true;
    }

    value.len() >= 4 && (repeats(value) || value.bytes().all(|byte| byte == value.as_bytes()[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_rows() {
        for text in [
            "aaaaaa",
            "xxXx",
            "abcdef",
            "98765432",
            "a1b2c3d4e5",
            "..abcdefgh",
        ] {
            assert!(patterned(text), "{text}");
        }

        for text in ["aab", "x1x2", "abcde", "kd83hfAAa", "q9w8zz7e"] {
            assert!(!patterned(text), "{text}");
        }

        assert!(repeats("cicicicicici"));
        assert!(!repeats("cicicicicicx"));
    }

    #[test]
    fn references_are_not_literals() {
        for value in [
            "${X}",
            "$X",
            "$(cat f)",
            "{{ x }}",
            "${{ secrets.X }}",
            "ENC[AES256]",
            "op://v/i/f",
            "gcp:secretmanager:projects/p/secrets/s",
            "db-password@azurekeyvault",
            "vault:kv#x",
            "mail-token@azurekeyvault?value",
            "ref+awsssm://x",
            "arn:aws:secretsmanager:eu:1:secret:x",
            "/run/secrets/x",
            "file:///x",
            "%PASSWORD%",
            "@PASSWORD@",
            "__PASSWORD__",
            "{resolve:ssm:x}",
            "certs/tls.key",
            "pre-${X}",
            "{password}",
            "%s",
        ] {
            assert!(is_reference(value), "{value}");
        }

        for value in ["hunter2", "pa$$word", "a/b", "x%y", "{", "p@ss"] {
            assert!(!is_reference(value), "{value}");
        }
    }

    #[test]
    fn placeholders_are_not_secrets() {
        for value in [
            "",
            "<token>",
            "your-api-key",
            "insert-your-token-here",
            "xxxxxx",
            "REPLACE_ME",
            "aaaa",
            "None",
            "...",
        ] {
            assert!(is_placeholder(value), "{value}");
        }

        for value in ["hunter2", "postgres", "s3cr3t!", "changeme"] {
            assert!(!is_placeholder(value), "{value}");
        }
    }
}
