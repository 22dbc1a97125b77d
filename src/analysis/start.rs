//! The one command that a container runs: ENTRYPOINT and CMD, compose's `entrypoint` and `command`,
//! Kubernetes' `command` and `args`, each laid over those of the image.

use crate::analysis::Analysis;
use crate::data;
use crate::model::Command;
use crate::model::container::Container;
use crate::model::dockerfile::{Dockerfile, StageId};
use crate::source::{Location, OffsetMap, Span};
use crate::syntax::shell::{self, Script};

/// The command that a container runs.
#[derive(Debug)]
pub enum StartCommand<'a> {
    /// A string that a shell runs.
    Shell(&'a Command),
    /// A program and its arguments, of one file or two.
    Words(StartWords),
}

/// The words of a start command, joined.
#[derive(Debug)]
pub struct StartWords {
    pub words: Vec<StartWord>,
    pub script: Script,
}

/// One word of a start command.
#[derive(Debug)]
pub struct StartWord {
    pub value: String,
    pub location: Location,
    pub part: StartPart,
    /// Where the word is in the joined script.
    span: Span,
    /// The place of each byte, if not byte by byte in `location`.
    offsets: Option<OffsetMap>,
}

/// The setting that a word comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartPart {
    /// ENTRYPOINT, `entrypoint`, Kubernetes' `command`.
    Entrypoint,
    /// CMD, compose's `command`, `args`.
    Command,
}

/// The command of a stage's image by itself.
pub fn of_stage(dockerfile: &Dockerfile, stage: StageId) -> Option<StartCommand<'_>> {
    let (entrypoint, cmd) = dockerfile.start(stage);

    join(entrypoint, cmd)
}

/// The command of a container, where it sets a part of it.
pub fn of_container<'a>(ctx: &Analysis<'a>, container: &'a Container) -> Option<StartCommand<'a>> {
    let own = (container.entrypoint.as_ref(), container.command.as_ref());

    match own {
        (None, None) => None,
        // An entry point of its own clears the image's CMD.
        (Some(entrypoint), command) => join(Some(entrypoint), command),
        (None, command) => match ctx.graph.build_of(container) {
            Some((dockerfile, stage)) => join(dockerfile.start(stage).0, command),
            None => behind_known(container, command),
        },
    }
}

/// The command of a container behind the entry point of its well-known image.
fn behind_known<'a>(
    container: &Container,
    command: Option<&'a Command>,
) -> Option<StartCommand<'a>> {
    let reference = container.image.as_ref()?.reference.as_ref();
    let entrypoint = reference
        .and_then(|reference| data::image(&reference.repository()))
        .map_or(&[][..], |known| known.entrypoint.as_slice());
    let items = match command {
        Some(Command::Exec { words, .. }) if !entrypoint.is_empty() => words,
        _ => return join(None, command),
    };

    let location = command?.location();
    let mut words = Vec::new();

    for word in entrypoint {
        let offsets = Some(OffsetMap::default());
        push(&mut words, StartPart::Entrypoint, word, location, offsets);
    }

    for item in items {
        let offsets = item.offsets.clone();
        push(
            &mut words,
            StartPart::Command,
            &item.value,
            item.location,
            offsets,
        );
    }

    Some(StartCommand::Words(StartWords::new(words)))
}

fn join<'a>(
    entrypoint: Option<&'a Command>,
    command: Option<&'a Command>,
) -> Option<StartCommand<'a>> {
    let first = entrypoint.or(command)?;

    match (entrypoint, command) {
        // A shell runs its string and ignores what follows.
        (Some(Command::Shell { .. }), _) | (None, Some(Command::Shell { .. })) => {
            return Some(StartCommand::Shell(first));
        }
        _ => {}
    }

    let mut words = Vec::new();

    for (part, command) in [
        (StartPart::Entrypoint, entrypoint),
        (StartPart::Command, command),
    ] {
        match command {
            None => {}
            Some(Command::Exec { words: items, .. }) => {
                for item in items {
                    push(
                        &mut words,
                        part,
                        &item.value,
                        item.location,
                        item.offsets.clone(),
                    );
                }
            }
            Some(Command::Shell { location, code }) => {
                for word in ["/bin/sh", "-c"] {
                    push(
                        &mut words,
                        part,
                        word,
                        *location,
                        Some(OffsetMap::default()),
                    );
                }

                let offsets = Some(code.offsets.clone());
                push(&mut words, part, &code.text, *location, offsets);
            }
        }
    }

    Some(StartCommand::Words(StartWords::new(words)))
}

fn push(
    words: &mut Vec<StartWord>,
    part: StartPart,
    value: &str,
    location: Location,
    offsets: Option<OffsetMap>,
) {
    let start = words.last().map_or(0, |last| last.span.end as usize + 1);

    words.push(StartWord {
        value: value.to_owned(),
        location,
        part,
        span: Span::of(start, start + value.len()),
        offsets,
    });
}

impl StartCommand<'_> {
    pub fn script(&self) -> &Script {
        match self {
            StartCommand::Shell(command) => command.script(),
            StartCommand::Words(words) => &words.script,
        }
    }

    /// The place of a span of [`StartCommand::script`]. Of words in two settings, those in the
    /// last one.
    pub fn place_of(&self, span: Span) -> Location {
        match self {
            StartCommand::Shell(command) => command.place_of(span),
            StartCommand::Words(words) => words.place_of(span),
        }
    }
}

impl StartWords {
    fn new(words: Vec<StartWord>) -> Self {
        let script = shell::exec(
            words
                .iter()
                .map(|word| (word.value.as_str(), word.span, None)),
        );

        Self { words, script }
    }

    pub fn place_of(&self, span: Span) -> Location {
        let touched = self
            .words
            .iter()
            .filter(|word| word.span.start < span.end && span.start < word.span.end);
        let mut place: Option<(StartPart, Location)> = None;

        for word in touched {
            let location = word.place_of(span);
            let covered = match place {
                Some((part, before)) if part == word.part => {
                    Location::new(location.file, before.span.cover(location.span))
                }
                _ => location,
            };
            place = Some((word.part, covered));
        }

        let first = self.words.first().map(|word| word.location);

        place
            .map(|(_, location)| location)
            .or(first)
            .unwrap_or_default()
    }
}

impl StartWord {
    /// The place of the part of a span that is in this word.
    fn place_of(&self, span: Span) -> Location {
        let start = span.start.max(self.span.start) - self.span.start;
        let end = span.end.min(self.span.end) - self.span.start;
        let is_whole = start == 0 && end == self.span.len();
        let Location { file, span: source } = self.location;

        let quotes = match (&self.offsets, source.len().checked_sub(self.span.len())) {
            (Some(offsets), _) if !is_whole => {
                return Location::new(file, offsets.span(Span::new(start, end)));
            }
            (None, Some(0)) => 0,
            (None, Some(2)) => 1,
            _ => return self.location,
        };

        if is_whole {
            return self.location;
        }

        Location::new(
            file,
            Span::new(source.start + quotes + start, source.start + quotes + end),
        )
    }
}
