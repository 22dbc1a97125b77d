//! Shell text inside words: `sh -c "…"`, `su -c "…"`, `eval …`, `bash <<EOF`. Its commands join the
//! script they were found in, with spans that point at the outer text.

use super::{
    Block, BlockKind, Command, Invocation, PartKind, RedirectOperator, Script, Word, parser,
};
use crate::source::{OffsetMap, Span, slice};

/// How many shells may stand in each other.
const MAX_SHELLS: usize = 4;

/// Programs that take shell text after `-c`.
const SHELLS: &[&str] = &["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash"];

/// Finds the shell text of every command and adds its commands, and those found in them.
pub(super) fn expand(script: &mut Script) {
    let mut at = 0;

    while at < script.commands.len() {
        if let Some(text) = shell_text(script, &script.commands[at]) {
            let shells = script
                .ancestors(&script.commands[at])
                .filter(|block| block.kind == BlockKind::Shell)
                .count();
            if shells < MAX_SHELLS {
                let nested = parser::parse(&text.text, text.known.clone());
                graft(script, at as u32, nested, &text);
            }
        }

        at += 1;
    }
}

/// Text for another shell.
#[derive(Default)]
struct Text {
    text: String,
    map: OffsetMap,
    /// The words it was made from: no span may leave them.
    within: Span,
    /// Substitutions that the outer shell runs; their commands are in the script already.
    known: Vec<Span>,
}

impl Text {
    fn push(&mut self, word: &Word) {
        if self.text.is_empty() {
            (self.map, self.within) = (word.map(), word.span);
        } else {
            self.text.push(' ');
            self.within = self.within.cover(word.span);
        }

        let base = self.text.len() as u32;
        self.map.push(
            base,
            word.parts
                .first()
                .filter(|part| part.offset == 0)
                .map_or(word.span.start, |part| part.span.start),
        );
        // What is written up to here of the word, and how much longer it became by braces.
        let (mut done, mut grown) = (0, 0);

        for (index, part) in word.parts.iter().enumerate() {
            let end = word
                .parts
                .get(index + 1)
                .map_or(word.text().len(), |next| next.offset as usize);
            let start = base + part.offset + grown;
            self.map.push(start, part.span.start);
            if matches!(part.kind, PartKind::Substitution { .. }) {
                self.known.push(Span::new(start, base + end as u32 + grown));
            }

            let (before, rest) = word.text().split_at(end);
            if matches!(part.kind, PartKind::Variable(_))
                && is_bare(slice(before, part.offset as usize..before.len()))
                && runs_on(rest)
            {
                // `$X'y'` is `${X}y` to the inner shell, and not `$Xy`.
                self.text
                    .push_str(slice(before, done..part.offset as usize));
                let name = slice(before, part.offset as usize + 1..before.len());
                self.text.push_str("${");
                self.map.push(start + 2, part.span.start + 1);
                self.text.push_str(name);
                self.map.push(
                    start + 2 + name.len() as u32,
                    part.span.start + name.len() as u32,
                );
                self.text.push('}');
                (done, grown) = (end, grown + 2);
            }
        }

        self.text
            .push_str(slice(word.text(), done..word.text().len()));
    }

    fn of(word: &Word) -> Self {
        let mut text = Self::default();
        text.push(word);
        text
    }

    fn location(&self, span: Span) -> Span {
        let location = self.map.span(span);
        let clamp = |at: u32| at.clamp(self.within.start, self.within.end);
        Span::new(clamp(location.start), clamp(location.end))
    }
}

/// Whether a variable is written without braces.
fn is_bare(variable: &str) -> bool {
    variable
        .strip_prefix('$')
        .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

/// Whether a text would be read as the rest of a name before it.
fn runs_on(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

fn shell_text(script: &Script, command: &Command) -> Option<Text> {
    let invocation = Invocation::of(command)?;

    match invocation.program {
        "eval" => {
            let mut text = Text::default();
            invocation.args.iter().for_each(|word| text.push(word));
            (!text.text.is_empty()).then_some(text)
        }
        "su" | "runuser" => invocation
            .option(&["-c", "--command"])
            .map(|command| Text::of(command.word)),
        shell if SHELLS.contains(&shell) => match command_string(invocation.args) {
            CommandString::Word(word) => Some(Text::of(word)),
            CommandString::Input => input(script, command),
            CommandString::None => None,
        },
        _ => None,
    }
}

enum CommandString<'s> {
    Word(&'s Word),
    /// The shell reads its standard input.
    Input,
    /// It runs a file, or nothing that is written here.
    None,
}

fn command_string(args: &[Word]) -> CommandString<'_> {
    let mut given = false;
    let mut words = args.iter();

    while let Some(word) = words.next() {
        let text = word.text();
        if text == "-" || text == "--" {
            continue;
        }

        if !text.starts_with(['-', '+']) {
            return if given {
                CommandString::Word(word)
            } else {
                CommandString::None
            };
        }

        if matches!(text, "--rcfile" | "--init-file") {
            words.next();
        }

        if !text.starts_with("--") {
            given |= text.contains('c');
            if text == "-s" {
                return CommandString::Input;
            }

            if text.ends_with(['o', 'O']) {
                words.next();
            }
        }
    }

    if given {
        CommandString::None
    } else {
        CommandString::Input
    }
}

/// The here-document or here-string that a shell reads.
fn input(script: &Script, command: &Command) -> Option<Text> {
    let redirect = command
        .redirects
        .iter()
        .rev()
        .find(|redirect| redirect.descriptor.unwrap_or(0) == 0)?;
    match redirect.operator {
        RedirectOperator::Heredoc => script
            .heredoc(redirect)
            .map(|heredoc| Text::of(&heredoc.body)),
        RedirectOperator::HereString => Some(Text::of(&redirect.target)),
        _ => None,
    }
}

/// Adds the commands of `nested` to `script`, as the shell that the command `host` runs.
fn graft(script: &mut Script, host: u32, nested: Script, text: &Text) {
    let location = |span: Span| text.location(span);
    let (blocks, pipelines) = (script.blocks.len() as u32, script.pipelines.len() as u32);
    let heredocs = script.heredocs.len() as u32;
    let runner = &script.commands[host as usize];
    let around = Block {
        parent: Some(runner.block),
        pipeline: runner.pipeline,
        index: runner.index,
        host: Some(host),
        ..Block::new(BlockKind::Shell, text.within)
    };

    let commands = script.commands.len() as u32;
    let redirects = |redirects: &mut Vec<super::Redirect>| {
        for redirect in redirects {
            redirect.span = location(redirect.span);
            redirect.target.remap(&location, blocks);
            redirect.heredoc = redirect.heredoc.map(|at| at + heredocs);
        }
    };

    script.blocks.push(around);
    script
        .blocks
        .extend(nested.blocks.into_iter().skip(1).map(|mut block| {
            block.span = location(block.span);
            block.parent = block.parent.map(|parent| parent + blocks);
            block.pipeline += pipelines;
            block.host = block.host.map(|host| host + commands);
            block
                .words
                .iter_mut()
                .for_each(|word| word.remap(&location, blocks));
            redirects(&mut block.redirects);

            block
        }));
    script
        .pipelines
        .extend(nested.pipelines.into_iter().map(|mut pipeline| {
            pipeline.block += blocks;
            pipeline
                .pipes
                .iter_mut()
                .for_each(|pipe| *pipe = location(*pipe));
            pipeline
        }));
    script
        .heredocs
        .extend(nested.heredocs.into_iter().map(|mut heredoc| {
            heredoc.body.remap(&location, blocks);
            heredoc
        }));
    script
        .comments
        .extend(nested.comments.into_iter().map(location));
    script
        .commands
        .extend(nested.commands.into_iter().map(|mut command| {
            command.span = location(command.span);
            command.block += blocks;
            command.pipeline += pipelines;
            command
                .words
                .iter_mut()
                .for_each(|word| word.remap(&location, blocks));
            for assignment in &mut command.assignments {
                assignment.name_span = location(assignment.name_span);
                assignment.value.remap(&location, blocks);
            }

            redirects(&mut command.redirects);

            command
        }));
}
