//! Tests as data: a Dockerfile, and what is read in it with the span of every piece.
//!
//! [`show`] writes one line per piece, `name "value" start..end`, where the value is what the tree
//! holds and the span is what the file holds there.

mod differential;
mod errors;
mod fuzz;
mod heredocs;
mod instructions;
mod lines;
mod stages;
mod words;

use std::fmt::Write;

use super::stages::{Stages, Target};
use super::*;
use crate::source::{Span, Spanned};

/// Asserts what [`show`] says of a Dockerfile. Lines of the expectation are trimmed.
#[track_caller]
fn check(text: &str, expected: &str) {
    let shown = show(text);
    let expected: Vec<&str> = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let found: Vec<&str> = shown.lines().collect();
    assert_eq!(
        found, expected,
        r"
in:
{text}
found:
{shown}"
    );
}

fn show(text: &str) -> String {
    let parsed = parse(text);
    let mut out = Show {
        text,
        out: String::new(),
    };

    for directive in &parsed.tree.directives {
        out.piece(
            "directive",
            &format!("{:?}", directive.key.value),
            directive.key.span,
        );
        out.piece("value", &directive.value.value, directive.value.span);
    }

    for instruction in &parsed.tree.instructions {
        out.instruction(instruction);
    }

    for comment in &parsed.tree.comments {
        out.piece("comment", comment.text(text), *comment);
    }

    for error in &parsed.errors {
        out.piece("error", &error.message, error.span);
    }

    for fault in &parsed.tree.faults {
        out.piece(&format!("{:?}", fault.kind), &fault.message, fault.span);
    }

    out.out
}

struct Show<'a> {
    text: &'a str,
    out: String,
}

impl Show<'_> {
    fn piece(&mut self, name: &str, value: &str, span: Span) {
        assert!(
            self.text.get(span.range()).is_some(),
            "{name} has a span outside the file: {span:?}"
        );
        let value = value
            .replace('\n', "\\n")
            .replace('\r', "\\r")
            .replace('\t', "\\t");
        _ = writeln!(self.out, "{name} {value} {}..{}", span.start, span.end);
    }

    fn spanned(&mut self, name: &str, value: &Spanned<String>) {
        self.piece(name, &value.value, value.span);
    }

    fn word(&mut self, name: &str, word: &Word) {
        self.piece(name, &word.text, word.span);
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::Exec(items) => items.iter().for_each(|item| self.spanned("exec", item)),
            Command::Shell(shell) => {
                assert_eq!(
                    shell.offsets().span(Span::of(0, shell.text.len())).start,
                    shell.start
                );
                self.piece(
                    if shell.looks_like_json {
                        "almost-json"
                    } else {
                        "shell"
                    },
                    &shell.text,
                    shell.span(),
                );
            }
        }
    }

    fn instruction(&mut self, one: &Instruction) {
        self.piece(
            &format!("{:?}", one.keyword.value),
            one.keyword.span.text(self.text),
            one.span,
        );

        for flag in &one.flags {
            self.spanned("flag", &flag.name);
            flag.value
                .iter()
                .for_each(|value| self.spanned("flag-value", value));
        }

        match &one.body {
            Body::From(from) => {
                from.platform
                    .iter()
                    .for_each(|platform| self.spanned("platform", platform));
                self.word("image", &from.image);
                from.name.iter().for_each(|name| self.word("name", name));
            }
            Body::Arg(arguments) => {
                for argument in arguments {
                    self.spanned("name", &argument.name);
                    argument
                        .default
                        .iter()
                        .for_each(|default| self.word("default", default));
                }
            }
            Body::Env(pairs) | Body::Label(pairs) => {
                for pair in &pairs.pairs {
                    self.word(if pairs.legacy { "legacy-key" } else { "key" }, &pair.key);
                    self.word("value", &pair.value);
                }
            }
            Body::Add(transfer) | Body::Copy(transfer) => {
                transfer
                    .from
                    .iter()
                    .for_each(|from| self.spanned("from", from));
                for source in &transfer.sources {
                    match source {
                        Source::Path(word) => self.word("source", word),
                        Source::Heredoc(index, word) => {
                            self.word(&format!("source-heredoc-{index}"), word)
                        }
                    }
                }

                self.word("destination", &transfer.destination);
            }
            Body::Run(run) => {
                for field in run.mounts.iter().flat_map(|mount| &mount.fields) {
                    self.spanned("mount-key", &field.key);
                    field
                        .value
                        .iter()
                        .for_each(|value| self.spanned("mount-value", value));
                }

                self.command(&run.command);
            }
            Body::Cmd(command) | Body::Entrypoint(command) => self.command(command),
            Body::Healthcheck(Healthcheck::Command(command)) => self.command(command),
            Body::Healthcheck(Healthcheck::None(span)) => {
                self.piece("none", span.text(self.text), *span)
            }
            Body::Shell(items) => items.iter().for_each(|item| self.spanned("exec", item)),
            Body::Expose(words) | Body::Volume(words) => {
                words.iter().for_each(|word| self.word("word", word))
            }

            Body::User(word)
            | Body::Workdir(word)
            | Body::Stopsignal(word)
            | Body::Maintainer(word) => {
                self.word("word", word);
            }
            Body::Onbuild(inner) => self.instruction(inner),
            Body::Invalid => self.out.push_str("invalid\n"),
        }

        let heredocs = match one.body {
            Body::Onbuild(_) => &[][..],
            _ => &one.heredocs,
        };

        for heredoc in heredocs {
            let quoted = if heredoc.quoted { " quoted" } else { "" };
            let tabs = if heredoc.strip_tabs { " tabs" } else { "" };
            let descriptor = heredoc
                .descriptor
                .map_or(String::new(), |number| format!(" {number}"));
            self.piece(
                &format!("heredoc{quoted}{tabs}{descriptor}"),
                &heredoc.name,
                heredoc.word,
            );
            self.piece("body", heredoc.body.text(self.text), heredoc.body);
            self.piece(
                "end",
                heredoc.terminator.text(self.text),
                heredoc.terminator,
            );
        }

        for blank in &one.blank_lines {
            self.piece("blank", blank.text(self.text), *blank);
        }
    }
}
