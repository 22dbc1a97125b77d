//! Names of environment variables that prose describes: `NAME=value` in a code block, `NAME` in
//! backquotes or in a table.

use super::path_class::is_prose;

/// The longest prose that is read, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// The variables that the text of a path describes, each once.
pub fn described(path: &str, text: &str) -> Vec<String> {
    if !is_prose(path) || text.len() > MAX_BYTES {
        return Vec::new();
    }

    let bytes = text.as_bytes();
    let mut names: Vec<String> = Vec::new();
    let mut start = 0;

    while start < bytes.len() {
        let length = bytes[start..]
            .iter()
            .take_while(|byte| is_of_name(byte))
            .count();
        let end = start + length;
        let before = start.checked_sub(1).map_or(b'\n', |index| bytes[index]);
        let after = bytes.get(end).copied().unwrap_or(b'\n');

        if is_variable(&bytes[start..end]) && is_described(before, after) {
            names.push(text[start..end].to_owned());
        }

        start = end + 1;
    }

    names.sort_unstable();
    names.dedup();

    names
}

const fn is_of_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

/// Whether a word is written as variables are: capitals, and an underscore or four letters.
fn is_variable(word: &[u8]) -> bool {
    word.len() >= 4
        && word[0].is_ascii_uppercase()
        && word.iter().all(|byte| !byte.is_ascii_lowercase())
}

/// Whether the bytes beside a name say that it is a variable and not a word in capitals.
const fn is_described(before: u8, after: u8) -> bool {
    after == b'=' || matches!((before, after), (b'`' | b'$' | b'{', _) | (_, b'`'))
}

#[cfg(test)]
mod tests {
    use super::described;

    #[test]
    fn assignments_and_code_are_descriptions() {
        let text =
            "# PORTS\nSet `API_KEY` and\n\n    export DATABASE_URL=x\n\nREADME of HTTP and ${HOST}";
        assert_eq!(
            described("docs/a.md", text),
            ["API_KEY", "DATABASE_URL", "HOST"]
        );
        assert!(described("a.yaml", text).is_empty());
    }
}
