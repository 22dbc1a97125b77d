//! Suppressions: `# deploylint: ignore[rule] reason` hides findings, and is judged itself.
//!
//! Works on findings as the checks made them, before levels and selection, so that a suppression is
//! "used" whether or not its rule is shown.

mod date;
mod directive;

use std::collections::{HashMap, HashSet};

pub use date::Date;
use directive::Directive;
use memchr::memmem;

use crate::catalog::{self, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::fence::isolate_or_default;
use crate::finding::{Finding, Sink};
use crate::source::{FileId, SourceFile, Span};
use crate::suggest;

/// Takes away what the comments ask to hide, from the findings of each file, and gives it back.
/// Findings about the suppressions are added. `comments` gives the comments of a file, `#`
/// included.
pub fn apply<'s>(
    found: &mut [Vec<Finding>],
    sources: &'s [SourceFile],
    comments: impl Fn(FileId) -> &'s [Span],
    today: Date,
) -> Vec<Finding> {
    let word = memmem::Finder::new(directive::WORD);
    let has_word = |comment: &Span, source: &SourceFile| {
        word.find(comment.text(&source.text).as_bytes()).is_some()
    };

    let mut about = Vec::new();
    let mut files: HashMap<FileId, FileDirectives> = sources
        .iter()
        .filter(|source| {
            comments(source.id)
                .iter()
                .any(|comment| has_word(comment, source))
        })
        .map(|source| {
            let read = || FileDirectives::of(source, comments(source.id), today);
            (
                source.id,
                isolate_or_default("the suppressions", source.id, &mut about, read),
            )
        })
        .filter(|(_, file)| !file.directives.is_empty())
        .collect();
    if files.is_empty() && about.is_empty() {
        return Vec::new();
    }

    let mut suppressed = Vec::new();
    for findings in found.iter_mut() {
        suppressed.extend(findings.extract_if(.., |finding| hidden(finding, sources, &mut files)));
    }

    for source in sources {
        if let Some(file) = files.get(&source.id) {
            let mut own = Vec::new();
            isolate_or_default(
                "the judgement of suppressions",
                source.id,
                &mut about,
                || {
                    let used = file.used.iter();
                    file.directives
                        .iter()
                        .zip(used)
                        .for_each(|(directive, used)| judge(source, directive, used, &mut own));
                },
            );
            about.append(&mut own);
        }
    }

    for finding in about {
        if !hidden(&finding, sources, &mut files) {
            found[finding.location.file.0 as usize].push(finding);
        }
    }

    suppressed
}

/// The suppressions of one file, and the lines they speak of.
#[derive(Default)]
struct FileDirectives<'s> {
    directives: Vec<Directive<'s>>,
    by_line: HashMap<usize, Vec<usize>>,
    file_wide: Vec<usize>,
    /// The names in each of the directives, and those of them that hid something.
    names: Vec<HashSet<&'s str>>,
    used: Vec<HashSet<&'static str>>,
}

impl<'s> FileDirectives<'s> {
    fn of(source: &'s SourceFile, comments: &[Span], today: Date) -> Self {
        let read = |comment: &Span| directive::parse(&source.text, *comment, today);
        let directives: Vec<Directive> = comments.iter().filter_map(read).collect();
        let mut by_line: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut file_wide = Vec::new();
        for (at, directive) in directives
            .iter()
            .enumerate()
            .filter(|(_, directive)| directive.holds())
        {
            if directive.file_wide {
                file_wide.push(at);
                continue;
            }

            for line in directive::lines(source, directive.comment)
                .into_iter()
                .flatten()
            {
                by_line.entry(line).or_default().push(at);
            }
        }

        let names_of =
            |directive: &Directive<'s>| directive.names.iter().map(|name| name.text).collect();
        let names = directives.iter().map(names_of).collect();
        let used = vec![HashSet::new(); directives.len()];
        Self {
            directives,
            by_line,
            file_wide,
            names,
            used,
        }
    }
}

/// Whether a suppression hides the finding; every one that does is marked as used.
fn hidden(
    finding: &Finding,
    sources: &[SourceFile],
    files: &mut HashMap<FileId, FileDirectives>,
) -> bool {
    let mut any = false;
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

        for &at in file.file_wide.iter().chain(on_line) {
            if file.names[at].contains(finding.rule) {
                file.used[at].insert(finding.rule);
                any = true;
            }
        }
    }

    any
}

/// Findings about one suppression.
fn judge(source: &SourceFile, directive: &Directive, used: &HashSet<&str>, out: &mut Vec<Finding>) {
    let mut report = |rule: &'static str, span: Span, make: &dyn Fn(Finding) -> Finding| {
        let Some(rule) = catalog::rule(rule) else {
            return;
        };

        let mut sink = Sink::new(rule.name, rule.level, rule.confidence);
        sink.report(make(Finding::new(source.location(span), "")));
        out.extend(sink.into_findings());
    };

    if let Some(fault) = directive.fault {
        report("unknown-rule", directive.body, &|finding| Finding {
            message: format!("invalid suppression: {fault}"),
            help: Some(
                "write `# deploylint: ignore[rule] reason`, or `ignore-file[rule]` for the whole \
                 file"
                    .to_owned(),
            ),
            ..finding
        });

        return;
    }

    let unknown = directive
        .names
        .iter()
        .filter(|name| catalog::rule(name.text).is_none());
    for (number, name) in unknown.enumerate() {
        report("unknown-rule", name.span, &|finding| {
            about_unknown(finding, name.text, number < MAX_GUESSED)
        });
    }

    if let Some(until) = &directive.until
        && !until.holds
    {
        report("expired-suppression", until.span, &|finding| Finding {
            message: match until.date {
                Some(date) => format!("this suppression expired on {date}"),
                None => "this suppression has an invalid expiry date".to_owned(),
            },
            label: if until.date.is_some() {
                String::new()
            } else {
                "expected YYYY-MM-DD".to_owned()
            },
            help: Some("fix the finding, or extend the date".to_owned()),
            ..finding
        });

        return;
    }

    if !directive.explained {
        report("unexplained-suppression", directive.body, &|finding| {
            Finding {
                message: "this suppression has no reason".to_owned(),
                help: Some("add a reason after the bracket".to_owned()),
                ..finding
            }
        });
    }

    for (at, name) in directive.names.iter().enumerate() {
        let Some(rule) = catalog::rule(name.text) else {
            continue;
        };

        if used.contains(name.text) || about_suppressions(rule) {
            continue;
        }

        report("unused-suppression", name.span, &|finding| {
            Finding {
                message: format!("unused suppression of `{}`", name.text),
                help: Some("remove the suppression".to_owned()),
                ..finding
            }
            .fix(removal(source, directive, at))
        });
    }
}

/// For how many names of one comment it is said which rule may be meant: nobody writes hundreds by
/// hand.
const MAX_GUESSED: usize = 64;

fn about_unknown(finding: Finding, name: &str, guess: bool) -> Finding {
    let rules = || catalog::rules().iter();

    if rules().any(|rule| rule.item == name) {
        let inside: Vec<String> = rules()
            .filter(|rule| rule.item == name)
            .take(4)
            .map(|rule| format!("`{}`", rule.name))
            .collect();
        return Finding {
            message: format!("`{name}` is a checklist item, not a rule"),
            help: Some(format!("use one of its rules: {}", inside.join(", "))),
            ..finding
        };
    }

    Finding {
        message: format!("unknown rule `{name}`"),
        label: suggest::nearest(name, rules().map(|rule| rule.name).filter(|_| guess))
            .map(|meant| format!("did you mean `{meant}`?"))
            .unwrap_or_default(),
        help: Some("run `deploylint rules` to list all rules".to_owned()),
        ..finding
    }
}

/// A suppression of these is never used while the others are judged, because they come last.
fn about_suppressions(rule: &Rule) -> bool {
    rule.name.ends_with("-suppression") || rule.name == "unknown-rule"
}

/// Takes one name out of the brackets, or the whole comment with it if it is the only one.
fn removal(source: &SourceFile, directive: &Directive, at: usize) -> Option<Fix> {
    let span = if directive.names.len() > 1 {
        match directive.names.get(at + 1) {
            Some(next) => Span::new(directive.names[at].span.start, next.span.start),
            None => Span::new(
                directive.names[at - 1].span.end,
                directive.names[at].span.end,
            ),
        }
    } else {
        if !directive.alone {
            return None;
        }

        let line = source.lines().line(directive.comment.start);
        let start = source.lines().start(line);
        let before = Span::new(start, directive.comment.start).text(&source.text);

        if before.trim().is_empty() {
            Span::new(
                start,
                source.lines().start(line + 1).max(directive.comment.end),
            )
        } else {
            Span::new(
                start + before.trim_end().len() as u32,
                directive.comment.end,
            )
        }
    };

    Fix::new(
        Applicability::Safe,
        "remove the suppression",
        vec![Edit::replace(source.id, span, "")],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = Date {
        year: 2026,
        month: 6,
        day: 15,
    };

    /// Applies the suppressions in `text` to findings of `internal-error` (a rule that always
    /// speaks) at every `!`, and to one of `unreadable-file` at every `?`. Gives the bytes hidden,
    /// and each finding about suppressions with its text.
    fn run(text: &str) -> (String, Vec<String>) {
        let source = SourceFile::new(FileId(0), "Dockerfile", text);
        let comments: Vec<Span> = (0..source.lines().count())
            .filter_map(|line| {
                let span = source.lines().span(line, text);
                let hash = span.text(text).find('#')? as u32;
                Some(Span::new(span.start + hash, span.end))
            })
            .collect();
        let found = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| b"!?".contains(byte))
            .map(|(at, byte)| Finding {
                rule: if byte == b'!' {
                    "internal-error"
                } else {
                    "unreadable-file"
                },
                ..Finding::new(source.location(Span::of(at, at + 1)), "")
            });
        let mut found = [found.collect()];
        let sources = [source];
        let suppressed = apply(&mut found, &sources, |_| &comments, TODAY);
        let line = |finding: &Finding| {
            sources[0]
                .lines()
                .position(finding.location.span.start, text)
                .line
        };

        let hidden: Vec<String> = suppressed
            .iter()
            .map(|finding| line(finding).to_string())
            .collect();
        let about = found[0]
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
    fn is_judged_itself() {
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
        let mut found = [vec![finding]];
        let suppressed = apply(&mut found, &[source], |_| &comment, TODAY);
        assert_eq!((found[0].len(), suppressed.len()), (0, 1));
    }

    #[test]
    fn what_is_unused_can_be_taken_away() {
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
            let used = text.find('?').map(|at| Finding {
                rule: "unreadable-file",
                ..Finding::new(source.location(Span::of(at, at + 1)), "")
            });

            let sources = [source];
            let mut found = [used.into_iter().collect()];
            apply(&mut found, &sources, |_| &comment, TODAY);
            let fix = found[0][0].fix.as_ref().unwrap();
            assert_eq!(crate::edit::apply(text, &fix.edits).0, fixed);
        }
    }
}
