//! Filter patterns of branches, tags and paths.

/// The error in a filter pattern.
pub(super) fn pattern_error(text: &str, is_path: bool) -> Option<&'static str> {
    let body = text.strip_prefix('!').unwrap_or(text);
    if body.is_empty() {
        return Some("it is empty");
    }

    if text != text.trim() {
        return Some("it begins or ends with whitespace");
    }

    if is_path && (body.starts_with("./") || body.starts_with("../") || body == "." || body == "..")
    {
        return Some("paths are relative to the repository, without `./`");
    }

    let mut open: Option<Vec<char>> = None;
    let mut before = None;
    let mut escaped = false;

    for letter in body.chars() {
        if std::mem::take(&mut escaped) {
            before = Some(letter);
            continue;
        }

        match (&mut open, letter) {
            (Some(range), ']') => {
                if range.is_empty() || !ascends(range) {
                    return Some("its character range is empty or reversed");
                }

                open = None;
            }
            (Some(range), letter) => range.push(letter),
            (None, '[') => open = Some(Vec::new()),
            (None, '\\') => escaped = true,
            (None, '+' | '?') if before.is_none() || before == Some('+') => {
                return Some("nothing precedes its `+` or `?`");
            }
            (None, ' ' | '\t' | '~' | '^' | ':') if !is_path => {
                return Some("branch and tag names cannot contain spaces, tabs, `~`, `^` or `:`");
            }
            _ => {}
        }

        before = Some(letter);
    }

    open.is_some().then_some("its `[` is not closed")
}

/// Whether every range in the brackets ascends, as `a-z` does.
fn ascends(range: &[char]) -> bool {
    range
        .windows(3)
        .all(|three| three[1] != '-' || three[0] <= three[2])
}

#[cfg(test)]
mod tests {
    use super::pattern_error;

    #[test]
    fn patterns() {
        for good in [
            "main",
            "release/**",
            "v[0-9]+.[0-9]+",
            "**",
            "!x",
            "a?",
            "releases/[12].*",
        ] {
            assert_eq!(pattern_error(good, false), None, "{good}");
        }

        for bad in ["", "v[9-0]", "a b", "^x", "[a", "+x", "v1~"] {
            assert!(pattern_error(bad, false).is_some(), "{bad}");
        }

        assert!(pattern_error("./src/**", true).is_some());
        assert!(pattern_error(" src", true).is_some());
    }
}
