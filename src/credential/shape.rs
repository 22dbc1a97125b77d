//! The shape of a value, whatever its name: how random it looks, whether it stands for something else (a reference), or
//! whether it only shows where a secret would go (a placeholder).

/// Shannon entropy in bits a byte.
pub fn entropy(text: &str) -> f32 {
    if text.is_empty() {
        return 0.0;
    }
    let mut counts = [0u32; 256];
    for byte in text.bytes() {
        counts[byte as usize] += 1;
    }
    let len = text.len() as f32;
    counts.iter().filter(|&&count| count > 0).map(|&count| count as f32 / len).map(|p| -p * p.log2()).sum()
}

/// How many of lower case, upper case and digits occur.
pub fn classes(text: &str) -> u32 {
    let has = |test: fn(&u8) -> bool| u32::from(text.as_bytes().iter().any(|byte| test(byte)));
    has(u8::is_ascii_lowercase) + has(u8::is_ascii_uppercase) + has(u8::is_ascii_digit)
}

/// A run no generator gives: one character six times, `xxxx`, or six characters that count up, plain (`abcdef`,
/// `123456`) or in two interleaved rows (`a1b2c3d4`).
pub fn patterned(text: &str) -> bool {
    let bytes = text.as_bytes();
    let lower = |at: usize| bytes[at].to_ascii_lowercase();
    let step = |from: usize, to: usize| i16::from(lower(to)) - i16::from(lower(from));
    let (mut same, mut up, mut down, mut weave) = (1, 1, 1, 1);
    for at in 1..bytes.len() {
        let alnum = lower(at).is_ascii_alphanumeric();
        let by = step(at - 1, at);
        same = if by == 0 { same + 1 } else { 1 };
        up = if by == 1 && alnum { up + 1 } else { 1 };
        down = if by == -1 && alnum { down + 1 } else { 1 };
        weave = if at >= 2 && alnum && step(at - 2, at) == 1 && by.abs() > 1 { weave + 1 } else { 1 };
        if same >= 6 || (same >= 4 && matches!(lower(at), b'x' | b'*' | b'.')) || up >= 6 || down >= 7 || weave >= 6 {
            return true;
        }
    }
    false
}

/// The same short piece over and over: `cicicici`, `abcabcabc`.
pub fn repeats(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=8).any(|period| {
        bytes.len() >= 3 * period && bytes.len() >= 8 && bytes.iter().zip(&bytes[period..]).all(|(a, b)| a == b)
    })
}

/// Words that only stand in a secret somebody made up to show its place. Safe to look for inside long random text.
const MADE_UP: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "replace",
    "redacted",
    "dummy",
    "your-",
    "your_",
    "-your",
    "_your",
    "yourkey",
    "yourtoken",
    "yourapi",
    "insert",
    "sample",
    "xxxx",
    "fakekey",
    "faketoken",
    "fake-",
    "fake_",
    "-fake",
    "_fake",
    "notreal",
    "not-real",
    "not_real",
    "donotuse",
    "secret-here",
    "key-here",
    "key_here",
    "keyhere",
    "token-here",
    "mykey",
    "my-key",
    "my_key",
    "mysecret",
    "testkey",
    "testtoken",
    "test-key",
    "test_key",
    "invalid",
    "deadbeef",
    "foobar",
    "1234567",
    "7654321",
    "abcdefg",
    "qwerty",
    "asdf",
];

/// Whether a text that has a token's format was made up: a word in it says so, it counts, or it repeats itself.
pub fn made_up(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    MADE_UP.iter().any(|word| lower.contains(word)) || patterned(text) || repeats(text)
}

/// Whether a value names where the secret is kept, or is filled in before use: a variable, a template, a command, a
/// secret store's address, a path.
pub fn is_reference(value: &str) -> bool {
    let value = value.trim();
    const OPENINGS: &[&str] = &[
        "$",
        "{{",
        "{%",
        "%(",
        "<%",
        "@@",
        "!vault",
        "$ANSIBLE_VAULT",
        "ENC[",
        "ENC(",
        "op://",
        "vault:",
        "vault://",
        "ref+",
        "arn:aws:secretsmanager",
        "arn:aws:ssm",
        "arn:aws:kms",
        "{resolve:",
        "awssm://",
        "gcpsm://",
        "azkv://",
        "sm://",
        "akv://",
        "bws://",
        "doppler://",
        "infisical://",
        "keyring:",
        "kms:",
        "secretref:",
        "secret://",
        "secrets.",
        "ssm:",
        "file:",
        "/",
        "./",
        "../",
        "~/",
        "env:",
        "env(",
        "env.",
        "getenv(",
        "os.environ",
        "os.getenv",
        "process.env",
        "System.getenv",
        "ENV[",
        "ENV.fetch",
        "config.",
        "self.",
        "this.",
        "import.meta.env",
        "data.",
        "var.",
        "local.",
        "module.",
        "keyvault(",
        "@Microsoft.KeyVault(",
        "Fn::",
        "!Ref",
        "!Sub",
        "!GetAtt",
        "!ImportValue",
        "AQICA",
        "projects/",
        "%{",
        "#{",
        "[[",
    ];
    if OPENINGS.iter().any(|opening| value.starts_with(opening)) {
        return true;
    }
    if ["${", "$(", "{{", "#{", "<%"].iter().any(|part| value.contains(part)) {
        return true;
    }
    if is_wrapped(value, b'%') || is_wrapped(value, b'@') || (is_wrapped(value, b'_') && value.starts_with("__")) {
        return true;
    }
    is_format_verb(value) || is_path(value)
}

/// `%NAME%`, `@NAME@`, `__NAME__`.
fn is_wrapped(value: &str, by: u8) -> bool {
    let bytes = value.as_bytes();
    bytes.len() > 2 && bytes[0] == by && bytes[bytes.len() - 1] == by && bytes[1..bytes.len() - 1].iter().all(is_word)
}

fn is_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// `%s`, `%d`, `%v`, `{}`, `{name}`, `:name`.
fn is_format_verb(value: &str) -> bool {
    matches!(value, "%s" | "%d" | "%v" | "%q" | "{}" | "?" | "%w")
        || (value.starts_with('{')
            && value.ends_with('}')
            && value[1..].bytes().rev().skip(1).all(|byte| is_word(&byte)))
}

/// A path of two parts or more that ends in a file with an extension, or a Windows path.
fn is_path(value: &str) -> bool {
    const ENDINGS: &[&str] = &[
        ".pem", ".key", ".crt", ".json", ".txt", ".yaml", ".yml", ".env", ".p12", ".pfx", ".jks", ".file", ".conf",
        ".ini", ".cfg", ".toml", ".pub", ".asc", ".gpg",
    ];
    let bytes = value.as_bytes();
    if bytes.len() > 3 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && matches!(bytes[2], b'\\' | b'/') {
        return true;
    }
    !value.contains(char::is_whitespace) && ENDINGS.iter().any(|ending| value.ends_with(ending))
}

/// Whether a value only shows where a secret would go: `<token>`, `your-api-key`, `xxxx`, `REPLACE_ME`, `...`, `none`.
pub fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    const WHOLE: &[&str] = &[
        "",
        "none",
        "null",
        "nil",
        "undefined",
        "empty",
        "na",
        "n/a",
        "-",
        "--",
        "_",
        "?",
        "todo",
        "tbd",
        "fixme",
        "unset",
        "unused",
        "not-needed",
        "notneeded",
        "not_needed",
        "no-key",
        "nokey",
        "no_key",
        "notused",
        "not-used",
        "not_used",
        "optional",
        "required",
        "disabled",
        "dummy",
        "fake",
        "mock",
        "mocked",
        "placeholder",
        "redacted",
        "hidden",
        "masked",
        "value",
        "string",
        "key",
        "token",
        "apikey",
        "api_key",
        "api-key",
        "api key",
        "sk-",
        "sk-...",
        "ignored",
        "ignore",
        "any",
        "anything",
        "whatever",
        "something",
        "foo",
        "bar",
        "baz",
        "foobar",
        "here",
        "base64",
        "auto",
        "generate",
        "generated",
        "random",
        "not-set",
        "not_set",
        "notset",
        "not-required",
        "not_required",
        "blank",
        "xxx",
        "sk-xxx",
        "abc",
        "encrypted",
        "sealed",
    ];
    const PARTS: &[&str] = &[
        "your-",
        "your_",
        "your ",
        "-your",
        "_your",
        "yourkey",
        "yourapi",
        "yourtoken",
        "yoursecret",
        "yourpass",
        "placeholder",
        "replace",
        "insert",
        "redacted",
        "xxxx",
        "****",
        "....",
        "...",
        "todo",
        "fixme",
        "example",
        "sample",
        "dummy",
        "fake",
        "mocked",
        "changethis_to",
        "fill-in",
        "fill_in",
        "fillin",
        "put-",
        "put_",
        "enter-",
        "enter_",
        "-here",
        "_here",
        "set-secure",
        "set_secure",
        "set-me",
        "set_me",
        "setme",
        "set-a-",
        "to-be-",
        "tobe",
        "to_be_",
        "not-needed",
        "not_needed",
        "no-key",
        "no_key",
        "not-a-real",
        "notarealkey",
        "not_a_real",
        "not-real",
        "some-secret-key-here",
        "my-api-key",
        "my_api_key",
        "myapikey",
        "my-token",
        "my_token",
        "<",
        "…",
        "●",
        "•",
        "overwrite",
        "override-me",
        "provided-by",
        "from-secret",
        "generate-",
        "generate_",
        "generated-by",
        "-goes-",
        "_goes_",
        "openssl rand",
        "unused",
    ];
    if WHOLE.contains(&lower.as_str()) || PARTS.iter().any(|part| lower.contains(part)) {
        return true;
    }
    value.len() >= 4 && (repeats(value) || value.bytes().all(|byte| byte == value.as_bytes()[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_rows() {
        for text in ["aaaaaa", "xxXx", "abcdef", "98765432", "a1b2c3d4e5", "..abcdefgh"] {
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
            "vault:kv#x",
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
        for value in
            ["", "<token>", "your-api-key", "insert-your-token-here", "xxxxxx", "REPLACE_ME", "aaaa", "None", "..."]
        {
            assert!(is_placeholder(value), "{value}");
        }
        for value in ["hunter2", "postgres", "s3cr3t!", "changeme"] {
            assert!(!is_placeholder(value), "{value}");
        }
    }
}
