//! `.dockerignore`: which files of a build context never reach the builder.
//!
//! The rules are the builder's: `#` comments, `!` exceptions, the last pattern that holds counts, `**` spans folders,
//! and a pattern that holds for a folder holds for everything in it.

use regex::Regex;

/// A parsed ignore file.
#[derive(Debug, Default)]
pub struct Dockerignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    regex: Regex,
    /// `!`: what it holds for is kept.
    keeps: bool,
}

impl Dockerignore {
    /// Parses the text. A pattern that cannot be read is left out, as if it held for nothing.
    pub fn parse(text: &str) -> Self {
        let text = text.trim_start_matches('\u{feff}');
        Self { patterns: text.lines().filter_map(pattern).collect() }
    }

    /// Whether a path, relative to the context, is left out. A folder is written without a final `/`.
    pub fn ignores(&self, path: &str) -> bool {
        self.patterns.iter().fold(false, |ignored, pattern| {
            // A pattern that would change nothing need not be tried.
            if pattern.keeps != ignored {
                return ignored;
            }
            if pattern.regex.is_match(path) { !pattern.keeps } else { ignored }
        })
    }
}

fn pattern(line: &str) -> Option<Pattern> {
    if line.starts_with('#') {
        return None;
    }
    let line = line.trim();
    let (keeps, rest) = match line.strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, line),
    };
    let clean = clean(rest);
    if clean.is_empty() {
        return None;
    }
    // A pattern also holds for whatever lies below what it matches.
    let regex = Regex::new(&format!("^{}(?:/.*)?$", translate(&clean))).ok()?;
    Some(Pattern { regex, keeps })
}

/// Without leading and trailing slashes, `.` and `..`, as Go's `filepath.Clean` does.
fn clean(pattern: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A pattern as a regular expression.
fn translate(pattern: &str) -> String {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '*' if chars.peek() == Some(&'*') => {
                chars.next();
                if chars.peek() == Some(&'/') {
                    chars.next();
                }
                // `**` alone or at the end is everything; before a `/` any number of folders.
                out.push_str(if chars.peek().is_none() { ".*" } else { "(?:.*/)?" });
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '[' => {
                out.push('[');
                if chars.peek() == Some(&'^') {
                    chars.next();
                    out.push('^');
                }
                for inner in chars.by_ref() {
                    match inner {
                        ']' => break,
                        '\\' | '[' | '&' | '~' => out.extend(['\\', inner]),
                        inner => out.push(inner),
                    }
                }
                out.push(']');
            }
            '\\' => out.push_str(&regex::escape(&chars.next().map_or_else(String::new, String::from))),
            other => out.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Dockerignore;

    #[test]
    fn the_last_pattern_that_holds_counts() {
        for (text, path, ignored) in [
            ("node_modules", "node_modules/a/b.js", true),
            ("node_modules", "web/node_modules", false),
            ("**/node_modules", "web/node_modules/x", true),
            ("**/node_modules", "node_modules", true),
            ("node_modules/\n", "node_modules", true),
            ("/.git", ".git", true),
            ("./.git/", ".git", true),
            (".env*", ".env.local", true),
            (".env*\n!.env.example", ".env.example", false),
            (".env*\n!.env.example", ".env", true),
            ("*\n!src", ".git", true),
            ("*\n!src", "src/main.rs", false),
            ("!src\n*", "src", true),
            ("**\n!**/*.py", "a/b/c.py", false),
            ("**\n!**/*.py", ".env", true),
            ("**/.env", "deep/er/.env", true),
            ("**/*.log", "x.log", true),
            ("*.log", "a/x.log", false),
            ("*/temp*", "a/temporary", true),
            ("*/temp*", "a/b/temp", false),
            ("temp?", "tempa", true),
            ("[a-c].txt", "b.txt", true),
            ("[^a-c].txt", "b.txt", false),
            ("# .env", ".env", false),
            ("  .env  ", ".env", true),
            ("a/../.env", ".env", true),
            (r"\!x", "!x", true),
            ("", "x", false),
            (".", "x", false),
        ] {
            assert_eq!(Dockerignore::parse(text).ignores(path), ignored, "{text:?} on {path}");
        }
    }
}
