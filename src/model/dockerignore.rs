//! `.dockerignore`: which files of a build context never reach the builder.
//!
//! The rules are the builder's: `#` comments, `!` exceptions, the last pattern that matches counts,
//! `**` spans folders, and a pattern that matches a folder matches everything in it.

/// A parsed ignore file.
#[derive(Debug, Default)]
pub struct Dockerignore {
    patterns: Vec<IgnorePattern>,
}

#[derive(Debug)]
struct IgnorePattern {
    /// The number of the line, from 0.
    line: usize,
    glob: Vec<GlobToken>,
    /// `!`: what it matches is kept.
    keeps: bool,
}

impl Dockerignore {
    /// Parses the text. A pattern that cannot be read is left out, as if it matched nothing.
    pub fn parse(text: &str) -> Self {
        let text = text.trim_start_matches('\u{feff}');
        Self {
            patterns: text
                .lines()
                .enumerate()
                .filter_map(|(number, line)| pattern(number, line))
                .collect(),
        }
    }

    /// The line, from 0, of the last pattern that leaves a path out.
    pub fn last_match(&self, path: &str) -> Option<usize> {
        self.patterns
            .iter()
            .rev()
            .find(|pattern| !pattern.keeps && holds(&pattern.glob, path))
            .map(|pattern| pattern.line)
    }

    /// Whether a path, relative to the context, is left out. A folder is written without a final
    /// `/`.
    pub fn ignores(&self, path: &str) -> bool {
        self.patterns.iter().fold(false, |ignored, pattern| {
            // A pattern that would change nothing need not be tried.
            if pattern.keeps != ignored {
                return ignored;
            }

            if holds(&pattern.glob, path) {
                !pattern.keeps
            } else {
                ignored
            }
        })
    }
}

fn pattern(number: usize, line: &str) -> Option<IgnorePattern> {
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

    Some(IgnorePattern {
        line: number,
        glob: tokens(&clean),
        keeps,
    })
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

/// A part of a pattern.
#[derive(Debug, PartialEq, Eq)]
enum GlobToken {
    Char(char),
    /// `?`
    AnyChar,
    /// `*`
    Star,
    /// `**` before something: any number of folders.
    Folders,
    /// `**` at the end.
    Rest,
    /// `[a-z]`; true for `[^a-z]`.
    Class(bool, Vec<(char, char)>),
}

fn tokens(pattern: &str) -> Vec<GlobToken> {
    let mut out = Vec::new();
    let mut chars = pattern.chars().peekable();

    while let Some(char) = chars.next() {
        out.push(match char {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                if chars.peek().is_none() {
                    GlobToken::Rest
                } else {
                    GlobToken::Folders
                }
            }
            '*' => GlobToken::Star,
            '?' => GlobToken::AnyChar,
            '[' => {
                let negated = chars.next_if_eq(&'^').is_some();
                let inner: Vec<char> = chars.by_ref().take_while(|char| *char != ']').collect();
                GlobToken::Class(negated, ranges(&inner))
            }
            '\\' => match chars.next() {
                Some(escaped) => GlobToken::Char(escaped),
                None => continue,
            },
            char => GlobToken::Char(char),
        });
    }

    out
}

fn ranges(class: &[char]) -> Vec<(char, char)> {
    let mut out = Vec::new();
    let mut rest = class;

    loop {
        rest = match rest {
            [first, '-', last, rest @ ..] => {
                out.push((*first, *last));
                rest
            }
            [single, rest @ ..] => {
                out.push((*single, *single));
                rest
            }
            [] => return out,
        };
    }
}

/// Whether a pattern matches a path or for a folder above it. Time is the product of both lengths
/// at most.
fn holds(glob: &[GlobToken], path: &str) -> bool {
    // Most patterns differ from the path in how they begin.
    let literal = glob.iter().map_while(|token| {
        if let GlobToken::Char(char) = token {
            Some(*char)
        } else {
            None
        }
    });

    let mut rest = path.chars();
    let mut plain = 0;

    for char in literal {
        if rest.next() != Some(char) {
            return false;
        }

        plain += 1;
    }

    let mut states = vec![GlobState::default(); glob.len() + 1];
    states[plain].next = true;
    skip_empty(glob, &mut states);

    for char in rest {
        if char == '/' && states[glob.len()].next {
            return true;
        }

        let mut after = vec![GlobState::default(); glob.len() + 1];
        for (index, token) in glob
            .iter()
            .enumerate()
            .filter(|(index, _)| states[*index] != GlobState::default())
        {
            let (stays, ends) = match token {
                GlobToken::Char(wanted) => (false, *wanted == char),
                GlobToken::AnyChar => (false, char != '/'),
                GlobToken::Class(negated, ranges) => (
                    false,
                    ranges
                        .iter()
                        .any(|(first, last)| (first..=last).contains(&&char))
                        != *negated,
                ),
                GlobToken::Star => (char != '/', false),
                GlobToken::Folders => (true, char == '/'),
                GlobToken::Rest => (true, false),
            };

            after[index].begun |= stays;
            after[index + 1].next |= ends;
        }

        skip_empty(glob, &mut after);
        states = after;
        if states.iter().all(|state| *state == GlobState::default()) {
            return false;
        }
    }

    states[glob.len()].next
}

/// Whether a token may come next, and whether it may have begun and continue.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct GlobState {
    next: bool,
    begun: bool,
}

/// Moves on to what follows the tokens that may match nothing, or nothing more.
fn skip_empty(glob: &[GlobToken], states: &mut [GlobState]) {
    for (index, token) in glob.iter().enumerate() {
        let state = states[index];
        states[index + 1].next |= match token {
            GlobToken::Star | GlobToken::Rest => state.next || state.begun,
            GlobToken::Folders => state.next,
            GlobToken::Char(_) | GlobToken::AnyChar | GlobToken::Class(..) => false,
        };
    }
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
            ("a**b", "axb", false),
            ("a**b", "ax/y/b", true),
            ("a**/b", "ab/c", true),
            ("a/**", "a", false),
            ("a/**", "a/b", true),
            ("**/a/*.b", "x/a/y.b/z", true),
            ("*.*.c", "a.b.c", true),
            ("*.*.c", "a.c", false),
            ("[a", "a", true),
            ("[]", "]", false),
            ("é*", "éa", true),
            (r"\!x", "!x", true),
            ("", "x", false),
            (".", "x", false),
            (&"*a".repeat(20_000), &"a".repeat(500), false),
        ] {
            assert_eq!(
                Dockerignore::parse(text).ignores(path),
                ignored,
                "{text:?} on {path}"
            );
        }
    }
}
