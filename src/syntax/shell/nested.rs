//! Shell text inside words: `sh -c "…"`, `su -c "…"`, `eval …`, `bash <<EOF`. Its commands are
//! added to the outer script, with spans in the outer text.

use super::invocation::Invocation;
use super::parser;
use super::script::{Block, BlockKind, Command, Redirect, RedirectOperator, Script};
use super::word::{PartKind, Word};
use crate::source::{OffsetMap, Span, slice};

/// The depth to which shells may be nested.
const MAX_SHELLS: usize = 4;

/// Programs that take shell text after `-c`.
const SHELLS: &[&str] = &["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash"];

/// Adds the commands in the shell text of every command, including those that are added.
pub(super) fn expand(script: &mut Script) {
    let mut index = 0;

    while index < script.commands.len() {
        if let Some(text) = shell_text(script, &script.commands[index]) {
            let shells = script
                .ancestors(&script.commands[index])
                .filter(|block| block.kind == BlockKind::Shell)
                .count();
            if shells < MAX_SHELLS {
                let nested = parser::parse(&text.text, text.known.clone());
                graft(script, index as u32, nested, &text);
            }
        }

        index += 1;
    }
}

/// Text for another shell.
#[derive(Default)]
struct NestedText {
    text: String,
    map: OffsetMap,
    /// The span of its words: spans of commands are clamped to it.
    within: Span,
    /// Substitutions that the outer shell runs; their commands are in the outer script.
    known: Vec<Span>,
}

impl NestedText {
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
        // The end of the copied part of the word, and the number of bytes that braces added.
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
                && continues_name(rest)
            {
                // `$X'y'` is `${X}y` for the inner shell, not `$Xy`.
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
        let Span { start, end } = self.within;

        Span::new(
            location.start.clamp(start, end),
            location.end.clamp(start, end),
        )
    }
}

/// Whether a variable is written without braces.
fn is_bare(variable: &str) -> bool {
    variable
        .strip_prefix('$')
        .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

/// Whether a text continues a name before it.
fn continues_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

/// The text that a command passes to another shell.
fn shell_text(script: &Script, command: &Command) -> Option<NestedText> {
    let invocation = Invocation::of(command)?;

    match invocation.program {
        "eval" => {
            let mut text = NestedText::default();
            for word in invocation.args {
                text.push(word);
            }

            (!text.text.is_empty()).then_some(text)
        }
        "su" | "runuser" => invocation
            .option(&["-c", "--command"])
            .map(|command| NestedText::of(command.word)),
        shell if SHELLS.contains(&shell) => match command_string(invocation.args) {
            CommandString::Word(word) => Some(NestedText::of(word)),
            CommandString::Input => input_text(script, command),
            CommandString::None => None,
        },
        _ => None,
    }
}

enum CommandString<'s> {
    Word(&'s Word),
    /// The shell reads its standard input.
    Input,
    /// The shell runs a file, or nothing.
    None,
}

fn command_string(args: &[Word]) -> CommandString<'_> {
    let mut has_command_option = false;
    let mut words = args.iter();

    while let Some(word) = words.next() {
        let text = word.text();
        if text == "-" || text == "--" {
            continue;
        }

        if !text.starts_with(['-', '+']) {
            return if has_command_option {
                CommandString::Word(word)
            } else {
                CommandString::None
            };
        }

        if matches!(text, "--rcfile" | "--init-file") {
            words.next();
        }

        if !text.starts_with("--") {
            has_command_option |= text.contains('c');
            if text == "-s" {
                return CommandString::Input;
            }

            if text.ends_with(['o', 'O']) {
                words.next();
            }
        }
    }

    if has_command_option {
        CommandString::None
    } else {
        CommandString::Input
    }
}

/// The here-document or here-string that a shell reads.
fn input_text(script: &Script, command: &Command) -> Option<NestedText> {
    let redirect = command
        .redirects
        .iter()
        .rev()
        .find(|redirect| redirect.descriptor.unwrap_or(0) == 0)?;
    match redirect.operator {
        RedirectOperator::Heredoc => script
            .heredoc(redirect)
            .map(|heredoc| NestedText::of(&heredoc.body)),
        RedirectOperator::HereString => Some(NestedText::of(&redirect.target)),
        _ => None,
    }
}

/// Adds the commands of `nested` to `script`, as the shell that the command `host` runs.
fn graft(script: &mut Script, host: u32, nested: Script, text: &NestedText) {
    let runner = &script.commands[host as usize];
    let shell = Block {
        parent: Some(runner.block),
        pipeline: runner.pipeline,
        index: runner.index,
        host: Some(host),
        ..Block::new(BlockKind::Shell, text.within)
    };

    let graft = Graft {
        text,
        blocks: script.blocks.len() as u32,
        pipelines: script.pipelines.len() as u32,
        heredocs: script.heredocs.len() as u32,
        commands: script.commands.len() as u32,
    };

    script.blocks.push(shell);

    // The first block of the nested script is the shell.
    for mut block in nested.blocks.into_iter().skip(1) {
        graft.move_block(&mut block);
        script.blocks.push(block);
    }

    for mut pipeline in nested.pipelines {
        pipeline.block += graft.blocks;
        for pipe in &mut pipeline.pipes {
            *pipe = text.location(*pipe);
        }

        script.pipelines.push(pipeline);
    }

    for mut heredoc in nested.heredocs {
        graft.move_word(&mut heredoc.body);
        script.heredocs.push(heredoc);
    }

    let comments = nested.comments.into_iter();
    script
        .comments
        .extend(comments.map(|comment| text.location(comment)));

    for mut command in nested.commands {
        graft.move_command(&mut command);
        script.commands.push(command);
    }
}

/// The translation of a nested script: spans through the text, and indices by the number of items
/// that the outer script has.
struct Graft<'t> {
    text: &'t NestedText,
    blocks: u32,
    pipelines: u32,
    heredocs: u32,
    commands: u32,
}

impl Graft<'_> {
    fn move_word(&self, word: &mut Word) {
        word.remap(&|span| self.text.location(span), self.blocks);
    }

    fn move_redirects(&self, redirects: &mut [Redirect]) {
        for redirect in redirects {
            redirect.span = self.text.location(redirect.span);
            self.move_word(&mut redirect.target);
            redirect.heredoc = redirect.heredoc.map(|index| index + self.heredocs);
        }
    }

    fn move_block(&self, block: &mut Block) {
        block.span = self.text.location(block.span);
        block.parent = block.parent.map(|parent| parent + self.blocks);
        block.pipeline += self.pipelines;
        block.host = block.host.map(|host| host + self.commands);

        for word in &mut block.words {
            self.move_word(word);
        }

        self.move_redirects(&mut block.redirects);
    }

    fn move_command(&self, command: &mut Command) {
        command.span = self.text.location(command.span);
        command.block += self.blocks;
        command.pipeline += self.pipelines;

        for word in &mut command.words {
            self.move_word(word);
        }

        for assignment in &mut command.assignments {
            assignment.name_span = self.text.location(assignment.name_span);
            self.move_word(&mut assignment.value);
        }

        self.move_redirects(&mut command.redirects);
    }
}
