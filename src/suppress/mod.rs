//! Suppressions: `# deploylint: ignore[rule] reason` hides findings, and is checked itself.
//!
//! Applied before levels and selection, so that a suppression is "used" whether or not its rule is
//! shown.

mod about;
mod directive;

use std::collections::{HashMap, HashSet};

pub use crate::date::Date;
use directive::Directive;
use memchr::memmem;

use crate::fence::isolate_or_default;
use crate::finding::Finding;
use crate::source::{FileId, SourceFile, Span};

/// Removes the suppressed findings from those of each file, and returns them. Findings about the
/// suppressions are added. `comments` returns the comments of a file, with `#`.
pub(crate) fn apply<'s>(
    by_file: &mut [Vec<Finding>],
    sources: &'s [SourceFile],
    comments: impl Fn(FileId) -> &'s [Span],
    today: Date,
) -> Vec<Finding> {
    let mut about = Vec::new();
    let mut files = parse_all(sources, comments, today, &mut about);
    if files.is_empty() && about.is_empty() {
        return Vec::new();
    }

    let mut suppressed = Vec::new();
    for findings in by_file.iter_mut() {
        suppressed
            .extend(findings.extract_if(.., |finding| is_suppressed(finding, sources, &mut files)));
    }

    for source in sources {
        if let Some(file) = files.get(&source.id) {
            let problems =
                isolate_or_default("the check of suppressions", source.id, &mut about, || {
                    file.problems(source)
                });
            about.extend(problems);
        }
    }

    for finding in about {
        if !is_suppressed(&finding, sources, &mut files) {
            by_file[finding.location.file.0 as usize].push(finding);
        }
    }

    suppressed
}

/// The suppressions of each file that has any. Panics are added to `broken`.
fn parse_all<'s>(
    sources: &'s [SourceFile],
    comments: impl Fn(FileId) -> &'s [Span],
    today: Date,
    broken: &mut Vec<Finding>,
) -> HashMap<FileId, FileDirectives<'s>> {
    let word = memmem::Finder::new(directive::WORD);
    let mut files = HashMap::new();

    for source in sources {
        let comments = comments(source.id);
        if !comments
            .iter()
            .any(|comment| word.find(comment.text(&source.text).as_bytes()).is_some())
        {
            continue;
        }

        let file = isolate_or_default("the suppressions", source.id, broken, || {
            FileDirectives::new(source, comments, today)
        });
        if !file.directives.is_empty() {
            files.insert(source.id, file);
        }
    }

    files
}

/// The suppressions of one file, and the lines that they apply to.
#[derive(Default)]
struct FileDirectives<'s> {
    directives: Vec<Directive<'s>>,
    by_line: HashMap<usize, Vec<usize>>,
    file_wide: Vec<usize>,
    /// The names in each of the directives, and those of them that hid a finding.
    names: Vec<HashSet<&'s str>>,
    used: Vec<HashSet<&'static str>>,
}

impl<'s> FileDirectives<'s> {
    fn new(source: &'s SourceFile, comments: &[Span], today: Date) -> Self {
        let directives: Vec<Directive> = comments
            .iter()
            .filter_map(|comment| directive::parse(&source.text, *comment, today))
            .collect();
        let mut by_line: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut file_wide = Vec::new();

        for (index, directive) in directives.iter().enumerate() {
            if !directive.is_active() {
                continue;
            }

            if directive.file_wide {
                file_wide.push(index);
                continue;
            }

            for line in directive::lines(source, directive.comment)
                .into_iter()
                .flatten()
            {
                by_line.entry(line).or_default().push(index);
            }
        }

        let names = directives
            .iter()
            .map(|directive| directive.names.iter().map(|name| name.text).collect())
            .collect();
        let used = vec![HashSet::new(); directives.len()];

        Self {
            directives,
            by_line,
            file_wide,
            names,
            used,
        }
    }

    /// Findings about the suppressions, after they were applied.
    fn problems(&self, source: &SourceFile) -> Vec<Finding> {
        self.directives
            .iter()
            .zip(&self.used)
            .flat_map(|(directive, used)| about::problems(source, directive, used))
            .collect()
    }
}

/// Whether a suppression hides the finding; each one that does is marked as used.
fn is_suppressed(
    finding: &Finding,
    sources: &[SourceFile],
    files: &mut HashMap<FileId, FileDirectives>,
) -> bool {
    let mut is_suppressed = false;

    for location in [Some(finding.location), finding.anchor]
        .into_iter()
        .flatten()
    {
        let Some(file) = files.get_mut(&location.file) else {
            continue;
        };

        let line = sources[location.file.0 as usize]
            .lines()
            .line(location.span.start);
        let on_line = file.by_line.get(&line).map_or(&[][..], Vec::as_slice);

        for &index in file.file_wide.iter().chain(on_line) {
            if file.names[index].contains(finding.rule) {
                file.used[index].insert(finding.rule);
                is_suppressed = true;
            }
        }
    }

    is_suppressed
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = Date {
        year: 2026,
        month: 6,
        day: 15,
    };

    /// Applies the suppressions in `text` to findings of `internal-error` at every `!`, and of
    /// `unreadable-file` at every `?`. Returns the lines of the hidden findings, and each finding
    /// about suppressions with its text.
    fn run(text: &str) -> (String, Vec<String>) {
        let source = SourceFile::new(FileId(0), "Dockerfile", text);
        let comments: Vec<Span> = (0..source.lines().count())
            .filter_map(|line| {
                let span = source.lines().span(line, text);
                let hash = span.text(text).find('#')? as u32;
                Some(Span::new(span.start + hash, span.end))
            })
            .collect();
        let findings = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| b"!?".contains(byte))
            .map(|(offset, byte)| Finding {
                rule: if byte == b'!' {
                    "internal-error"
                } else {
                    "unreadable-file"
                },
                ..Finding::new(source.location(Span::of(offset, offset + 1)), "")
            });
        let mut by_file = [findings.collect()];
        let sources = [source];
        let suppressed = apply(&mut by_file, &sources, |_| &comments, TODAY);
        let hidden: Vec<String> = suppressed
            .iter()
            .map(|finding| {
                sources[0]
                    .lines()
                    .position(finding.location.span.start, text)
                    .line
                    .to_string()
            })
            .collect();
        let about = by_file[0]
            .iter()
            .filter(|finding| !finding.message.is_empty());
        (
            hidden.join(" "),
            about
                .map(|f| format!("{} `{}`", f.rule, f.location.span.text(text)))
                .collect(),
        )
    }

    fn hidden(text: &str) -> String {
        run(text).0
    }

    #[test]
    fn hides_on_its_line_below_it_and_in_the_file() {
        for (text, lines) in [
            ("!\n! # deploylint: ignore[internal-error] why\n!\n", "2"),
            ("!\n# deploylint: ignore[internal-error] why\n!\n!\n", "3"),
            (
                "# deploylint: ignore[internal-error] why\n# more words\n  # and more\n!\n",
                "4",
            ),
            ("# deploylint: ignore[internal-error] why\n\n!\n", ""),
            (
                "# deploylint: ignore[internal-error, unreadable-file] why\n!?\n",
                "2 2",
            ),
            (
                "# deploylint: ignore[unreadable-file] a\n# deploylint: ignore[internal-error] b\n!?!\n",
                "3 3 3",
            ),
            (
                "!\nx: y # deploylint: ignore-file[internal-error] why\n!\n?\n",
                "1 3",
            ),
            (
                "# hadolint ignore=DL3006 # deploylint: ignore[internal-error] why\n!\n",
                "2",
            ),
            ("#deploylint:ignore[internal-error]\n!\n", "2"),
            (
                "# see deploylint: ignore[internal-error] in the docs\n!\n",
                "",
            ),
            (
                "# ! deploylint\n# deploylint: ignore[internal-error] why\r\n!\r\n",
                "3",
            ),
            (
                "# deploylint: ignore[internal-error] until 2026-06-15 why\n!\n",
                "2",
            ),
            (
                "# deploylint: ignore[internal-error] until 2026-06-14 why\n!\n",
                "",
            ),
            (
                "# deploylint: ignore[internal-error, until=2027-01-01] why\n!\n",
                "2",
            ),
            (
                "# deploylint: ignore[internal-error] until=2027-02-30 why\n!\n",
                "",
            ),
        ] {
            assert_eq!(hidden(text), lines, "{text}");
        }
    }

    #[test]
    fn is_checked_itself() {
        for (text, about) in [
            ("# deploylint: ignore[internal-error] why\n!\n", vec![]),
            (
                "# deploylint: ignore[internal-error] why\n",
                vec!["unused-suppression `internal-error`"],
            ),
            (
                "# deploylint: ignore[internal-error]\n!\n",
                vec!["unexplained-suppression `ignore[internal-error]`"],
            ),
            (
                "# deploylint: ignore[internal-error, unreadable-file] a\n!\n",
                vec!["unused-suppression `unreadable-file`"],
            ),
            (
                "# deploylint: ignore[unreadable-file, internal-error, unreadable-file] a\n!\n",
                vec!["unused-suppression `unreadable-file`"],
            ),
            (
                "# deploylint: ignore[internal-eror] a\n!\n",
                vec!["unknown-rule `internal-eror`"],
            ),
            (
                "# deploylint: ignore[tool] a\n!\n",
                vec!["unknown-rule `tool`"],
            ),
            ("# deploylint: ignore\n!\n", vec!["unknown-rule `ignore`"]),
            (
                "# deploylint: disable[internal-error]\n!\n",
                vec!["unknown-rule `disable[internal-error]`"],
            ),
            (
                "# deploylint: ignore[] a\n!\n",
                vec!["unknown-rule `ignore[] a`"],
            ),
            (
                "# deploylint: ignore[internal-error] until 2020-01-31 a\n",
                vec!["expired-suppression `2020-01-31`"],
            ),
            (
                "# deploylint: ignore[internal-error] until tomorrow\n",
                vec!["expired-suppression `tomorrow`"],
            ),
            // Suppressions of findings about suppressions.
            ("# deploylint: ignore[unexplained-suppression] a\n", vec![]),
            (
                "# deploylint: ignore[unused-suppression, internal-error] a\n",
                vec![],
            ),
        ] {
            assert_eq!(run(text).1, about, "{text}");
        }
    }

    #[test]
    fn an_anchor_counts_too() {
        let text = "# deploylint: ignore[internal-error] why\nweb:\n  image: x\n";
        let source = SourceFile::new(FileId(0), "a.yaml", text);
        let location = source.location(Span::of(
            text.find("image").unwrap(),
            text.find(": x").unwrap(),
        ));
        let anchor = source.location(Span::of(
            text.find("web").unwrap(),
            text.find(":\n").unwrap(),
        ));
        let finding = Finding {
            rule: "internal-error",
            ..Finding::new(location, "")
        }
        .anchor(anchor);
        let comment = [Span::of(0, text.find('\n').unwrap())];
        let mut by_file = [vec![finding]];
        let suppressed = apply(&mut by_file, &[source], |_| &comment, TODAY);
        assert_eq!((by_file[0].len(), suppressed.len()), (0, 1));
    }

    #[test]
    fn removes_unused_suppressions() {
        for (text, fixed) in [
            (
                "a\n  # deploylint: ignore[internal-error] why\nb\n",
                "a\nb\n",
            ),
            ("a  # deploylint: ignore[internal-error] why\nb\n", "a\nb\n"),
            (
                "# deploylint: ignore[unreadable-file, internal-error] why\n?\n",
                "# deploylint: ignore[unreadable-file] why\n?\n",
            ),
            (
                "# deploylint: ignore[internal-error, unreadable-file] why\n?\n",
                "# deploylint: ignore[unreadable-file] why\n?\n",
            ),
            ("b\n# deploylint: ignore[internal-error] why", "b\n"),
        ] {
            let source = SourceFile::new(FileId(0), "a", text);
            let hash = text.find('#').unwrap();
            let comment = [Span::of(
                hash,
                text[hash..].find('\n').map_or(text.len(), |end| hash + end),
            )];
            let used = text.find('?').map(|offset| Finding {
                rule: "unreadable-file",
                ..Finding::new(source.location(Span::of(offset, offset + 1)), "")
            });

            let sources = [source];
            let mut by_file = [used.into_iter().collect()];
            apply(&mut by_file, &sources, |_| &comment, TODAY);
            let fix = by_file[0][0].fix.as_ref().unwrap();
            assert_eq!(crate::edit::apply(text, &fix.edits).0, fixed);
        }
    }

    #[test]
    fn only_so_many_unknown_names_are_reported() {
        let names = vec!["no-such-rule"; 1_003].join(", ");

        let (_, about) = run(&format!("# deploylint: ignore[{names}] a\n!\n"));

        assert_eq!(about.len(), 1_001);
        assert!(
            about
                .iter()
                .all(|about| about == "unknown-rule `no-such-rule`")
        );
    }
}
