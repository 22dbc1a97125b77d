//! The instruction of one logical line: keyword, flags, and the arguments of the keyword.

use super::escape::Escape;
use super::flags;
use super::heredoc::{Opener, opener};
use super::json::{JsonArray, string_array};
use super::line::{LogicalLine, Segment};
use super::tree::{
    Argument, Body, Command, Fault, FaultKind, Flag, From, Healthcheck, Instruction, Keyword, Pair,
    Pairs, Run, ShellText, Source, Transfer,
};
use super::word::{Word, is_template};
use crate::source::{Span, Spanned};
use crate::syntax::SyntaxError;

/// The state that the instructions of a file share while they are read.
#[derive(Default)]
pub(super) struct ParseContext {
    pub escape: Escape,
    pub errors: Vec<SyntaxError>,
    pub faults: Vec<Fault>,
    /// Another frontend reads this file, and may accept unknown instructions and flags.
    pub foreign: bool,
    /// The first sign that the file is a template.
    pub template: Option<Span>,
}

impl ParseContext {
    fn fault(&mut self, kind: FaultKind, span: Span, message: impl Into<String>) {
        self.faults.push(Fault::new(kind, span, message));
    }
}

impl Fault {
    pub(super) fn new(kind: FaultKind, span: Span, message: impl Into<String>) -> Self {
        Self {
            kind,
            span,
            message: message.into(),
            related: None,
        }
    }

    #[must_use]
    pub(super) fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related = Some((span, text.into()));
        self
    }
}

/// White space between the arguments of an instruction. Other spaces, such as U+00A0, are part of
/// words.
const BLANKS: [char; 5] = ['\t', '\u{b}', '\u{c}', '\r', ' '];

/// The instruction in `part`, without the bodies of its heredocs.
pub(super) fn parse_instruction(part: Segment, context: &mut ParseContext) -> Instruction {
    let word = keyword(part);
    let rest = part.split_at(word.end - word.start).1;
    let keyword = Keyword::parse(word.text());
    let (flags, rest) = flags::split_flags(rest);
    if !context.foreign {
        flags::check_flags(keyword, &flags, &mut context.faults);
    }

    let mut reader = InstructionReader {
        keyword,
        word,
        rest,
        flags: &flags,
        context,
    };

    let body = reader.body();
    Instruction {
        keyword: Spanned::new(keyword, word.span()),
        span: part.span(),
        arguments: if rest.is_empty() {
            Span::new(part.span().end, part.span().end)
        } else {
            rest.span()
        },
        flags,
        heredocs: Vec::new(),
        blank_lines: Vec::new(),
        body,
    }
}

struct InstructionReader<'r, 'l> {
    keyword: Keyword,
    word: Segment<'l>,
    /// The arguments, trimmed.
    rest: Segment<'l>,
    flags: &'r [Flag],
    context: &'r mut ParseContext,
}

impl<'l> InstructionReader<'_, 'l> {
    fn body(&mut self) -> Body {
        match self.keyword {
            Keyword::From => self.from(),
            Keyword::Arg => self.arg(),
            Keyword::Env => self.pairs().map_or(Body::Invalid, Body::Env),
            Keyword::Label => self.pairs().map_or(Body::Invalid, Body::Label),
            Keyword::Add => self.transfer().map_or(Body::Invalid, Body::Add),
            Keyword::Copy => self.transfer().map_or(Body::Invalid, Body::Copy),
            Keyword::Run => {
                let mounts = flags::mounts(self.flags, &mut self.context.faults);
                self.command(self.rest)
                    .map_or(Body::Invalid, |command| Body::Run(Run { command, mounts }))
            }
            Keyword::Cmd => self.command(self.rest).map_or(Body::Invalid, Body::Cmd),
            Keyword::Entrypoint => self
                .command(self.rest)
                .map_or(Body::Invalid, Body::Entrypoint),
            Keyword::Shell => self.shell(),
            Keyword::Healthcheck => self.healthcheck(),
            Keyword::Expose => self.expose(),
            Keyword::Volume => self.volume(),
            Keyword::User => self.single().map_or(Body::Invalid, Body::User),
            Keyword::Workdir => self.single().map_or(Body::Invalid, Body::Workdir),
            Keyword::Stopsignal => self.single().map_or(Body::Invalid, Body::Stopsignal),
            Keyword::Maintainer => self.single().map_or(Body::Invalid, Body::Maintainer),
            Keyword::Onbuild => self.onbuild(),
            Keyword::Unknown => Body::Invalid,
        }
    }

    fn arguments_fault(&mut self, span: Span, what: &str) {
        self.context.fault(
            FaultKind::Arguments,
            span,
            format!("{} {what}", self.keyword.name()),
        );
    }

    /// A word that the builder expands; a fault is reported if it does not lex.
    fn expanded(&mut self, part: Segment) -> Word {
        let word = part.word(self.context.escape);
        self.check_word(&word);
        word
    }

    fn check_word(&mut self, word: &Word) {
        if let Some(bad) = word.problem() {
            self.context
                .fault(FaultKind::BadWord, word.span_of(bad.local), bad.message);
        }
    }

    /// The value of the first flag of this name.
    fn flag_value(&self, name: &str) -> Option<Spanned<String>> {
        let flag = self.flags.iter().find(|flag| flag.name.value == name)?;
        flag.value.clone()
    }

    fn from(&mut self) -> Body {
        let platform = self.flag_value("platform");
        let mut words: Vec<Segment> = blank_separated(self.rest).collect();

        if is_template(self.rest.text()) {
            self.context.template.get_or_insert(self.rest.span());
            words = template_words(&words);
        }

        let image = match words.first() {
            Some(&image) => self.expanded(image),
            None => {
                self.arguments_fault(
                    self.word.span(),
                    "requires an image: `FROM image` or `FROM image AS name`",
                );
                let end = self.word.span().end;
                Word::new(
                    String::new(),
                    Span::new(end, end),
                    None,
                    self.context.escape,
                )
            }
        };

        let [_, as_word, name] = words[..] else {
            if words.len() > 1 {
                let message = format!(
                    "expects `image` or `image AS name`, not {} words",
                    if words.len() == 2 {
                        "two".to_owned()
                    } else {
                        words.len().to_string()
                    }
                );
                let extra = words[1].span().cover(words[words.len() - 1].span());
                self.arguments_fault(extra, &message);
            }

            return Body::From(From {
                platform,
                image,
                name: None,
                as_word: None,
            });
        };

        if !as_word.text().eq_ignore_ascii_case("as") {
            self.arguments_fault(
                as_word.span(),
                "expects `AS` between the image and the stage name",
            );
            return Body::From(From {
                platform,
                image,
                name: None,
                as_word: None,
            });
        }

        if !is_stage_name(name.text()) {
            let message = "a stage name must start with a letter, followed by letters, digits, \
                `-`, `_` or `.`";
            self.context
                .fault(FaultKind::StageName, name.span(), message);
        }

        let name = Some(name.word(self.context.escape));
        Body::From(From {
            platform,
            image,
            name,
            as_word: Some(as_word.span()),
        })
    }

    fn arg(&mut self) -> Body {
        let mut arguments = Vec::new();

        for part in builder_words(self.rest, self.context.escape) {
            let text = part.text();
            let (name, default) = match text.find('=') {
                Some(equals) => {
                    let (name, value) = part.split_at(equals);
                    (
                        name,
                        Some(self.expanded(value.sub(1..value.end - value.start))),
                    )
                }
                None => (part, None),
            };

            if name.is_empty() {
                self.arguments_fault(part.span(), "has no name before `=`");
                continue;
            }

            arguments.push(Argument {
                name: Spanned::new(name.text().to_owned(), name.span()),
                default,
            });
        }

        if self.rest.is_empty() {
            self.arguments_fault(
                self.word.span(),
                "requires a name: `ARG NAME` or `ARG NAME=default`",
            );
        }

        Body::Arg(arguments)
    }

    fn pairs(&mut self) -> Option<Pairs> {
        let words = builder_words(self.rest, self.context.escape);
        let Some(first) = words.first() else {
            self.arguments_fault(self.word.span(), "requires a pair: `KEY=value`");
            return None;
        };

        if !first.text().contains('=') {
            let text = self.rest.text();
            let Some(blank) = text.find(BLANKS) else {
                let message = format!(
                    "{} has a name but no value, expected `KEY=value`",
                    self.keyword.name()
                );
                self.context
                    .errors
                    .push(SyntaxError::new(first.span(), message));
                return None;
            };

            let (key, value) = self.rest.split_at(blank);
            let (key, value) = (self.expanded(key), self.expanded(value.trimmed()));
            return Some(Pairs {
                pairs: vec![Pair { key, value }],
                legacy: true,
            });
        }

        let mut pairs = Vec::new();

        for part in words {
            let Some(equals) = part.text().find('=') else {
                let message = "expected `KEY=value` here; a value with spaces needs quotes";
                self.context
                    .errors
                    .push(SyntaxError::new(part.span(), message));
                continue;
            };

            let (key, value) = part.split_at(equals);

            if key.is_empty() {
                self.arguments_fault(part.span(), "has no name before `=`");
                continue;
            }

            let (key, value) = (
                self.expanded(key),
                self.expanded(value.sub(1..value.end - value.start)),
            );
            pairs.push(Pair { key, value });
        }

        Some(Pairs {
            pairs,
            legacy: false,
        })
    }

    /// The words of an instruction that takes JSON or plain words, and whether it is JSON.
    fn list(&mut self) -> Option<(Vec<Word>, bool)> {
        let escape = self.context.escape;

        match string_array(self.rest) {
            JsonArray::Strings(items) => {
                let words = items
                    .into_iter()
                    .map(|item| Word::new(item.value, item.span, None, escape));
                Some((words.collect(), true))
            }
            JsonArray::OtherItems => {
                self.report_other_items(self.rest);
                None
            }
            JsonArray::No => {
                let words = blank_separated(self.rest).map(|part| part.word(escape));
                Some((words.collect(), false))
            }
        }
    }

    fn report_other_items(&mut self, part: Segment) {
        let message = "a JSON array of arguments may contain only strings";
        self.context
            .errors
            .push(SyntaxError::new(part.span(), message));
    }

    fn transfer(&mut self) -> Option<Transfer> {
        let (mut words, json) = self.list()?;

        if words.len() < 2 {
            let span = words.first().map_or(self.word.span(), |word| word.span);
            self.arguments_fault(span, "requires a source and a destination");
            return None;
        }

        let destination = words.pop()?;

        if !json && opener(&destination.text, 0..0).is_some() {
            let message = "a heredoc is a source; a destination must follow";
            self.context
                .fault(FaultKind::HeredocDestination, destination.span, message);
        }

        let mut heredocs = 0;
        let mut sources = Vec::new();

        for word in words {
            if !json && opener(&word.text, 0..0).is_some() {
                sources.push(Source::Heredoc(heredocs, word));
                heredocs += 1;
            } else {
                self.check_word(&word);
                sources.push(Source::Path(word));
            }
        }

        self.check_word(&destination);
        let from = match self.keyword {
            Keyword::Copy => self.flag_value("from"),
            _ => None,
        };

        if let Some(from) = &from
            && from.value.contains('$')
        {
            let message = "`--from` cannot contain variables; name a stage with FROM and use that";
            self.context
                .fault(FaultKind::VariableInFrom, from.span, message);
        }

        Some(Transfer {
            from,
            sources,
            destination,
            json,
        })
    }

    fn command(&mut self, part: Segment<'l>) -> Option<Command> {
        match string_array(part) {
            JsonArray::Strings(items) => Some(Command::Exec(items)),
            JsonArray::OtherItems => {
                self.report_other_items(part);
                None
            }
            JsonArray::No => Some(Command::Shell(shell_text(part))),
        }
    }

    fn shell(&mut self) -> Body {
        match self.command(self.rest) {
            None => Body::Invalid,
            Some(Command::Exec(items)) if !items.is_empty() => Body::Shell(items),
            Some(_) if self.rest.is_empty() || self.rest.text() == "[]" => {
                self.arguments_fault(
                    self.word.span(),
                    "requires a JSON array: `SHELL [\"/bin/sh\", \"-c\"]`",
                );
                Body::Invalid
            }
            Some(_) => {
                let message =
                    "SHELL requires a JSON array of strings: `SHELL [\"/bin/sh\", \"-c\"]`";
                self.context
                    .fault(FaultKind::ShellForm, self.rest.span(), message);
                Body::Invalid
            }
        }
    }

    fn healthcheck(&mut self) -> Body {
        let text = self.rest.text();

        if text.is_empty() {
            self.arguments_fault(self.word.span(), "requires `CMD` and a command, or `NONE`");
            return Body::Invalid;
        }

        let (kind, command) = self
            .rest
            .split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
        let command = command.trimmed();

        if kind.text().eq_ignore_ascii_case("NONE") {
            if !command.is_empty() {
                self.arguments_fault(command.span(), "NONE takes no arguments");
            }

            return Body::Healthcheck(Healthcheck::None(kind.span()));
        }

        if !kind.text().eq_ignore_ascii_case("CMD") {
            let message = "HEALTHCHECK must be followed by `CMD` and a command, or by `NONE`";
            self.context
                .fault(FaultKind::HealthcheckKind, kind.span(), message);
            return Body::Invalid;
        }

        let Some(check) = self.command(command) else {
            return Body::Invalid;
        };

        if command.is_empty() || check.exec().is_some_and(<[_]>::is_empty) {
            self.arguments_fault(kind.span(), "CMD requires a command");
            return Body::Invalid;
        }

        Body::Healthcheck(Healthcheck::Command(check))
    }

    fn expose(&mut self) -> Body {
        if self.rest.is_empty() {
            self.arguments_fault(self.word.span(), "requires a port");
        }

        let ports: Vec<Segment> = blank_separated(self.rest).collect();
        Body::Expose(ports.into_iter().map(|port| self.expanded(port)).collect())
    }

    fn volume(&mut self) -> Body {
        let Some((words, _)) = self.list() else {
            return Body::Invalid;
        };

        if words.is_empty() {
            self.arguments_fault(self.word.span(), "requires a path");
        }

        for word in &words {
            if word.text.trim().is_empty() {
                self.arguments_fault(word.span, "does not accept an empty path");
            }

            self.check_word(word);
        }

        Body::Volume(words)
    }

    /// The rest of the line as one word.
    fn single(&mut self) -> Option<Word> {
        if self.rest.is_empty() {
            self.arguments_fault(self.word.span(), "requires one argument");
            return None;
        }

        if self.keyword == Keyword::Maintainer {
            return Some(self.rest.word(self.context.escape));
        }

        Some(self.expanded(self.rest))
    }

    fn onbuild(&mut self) -> Body {
        if self.rest.is_empty() {
            self.arguments_fault(self.word.span(), "requires an instruction");
            return Body::Invalid;
        }

        let trigger = keyword(self.rest);
        let keyword = Keyword::parse(trigger.text());

        match keyword {
            Keyword::Onbuild | Keyword::From | Keyword::Maintainer => {
                let message = format!("{} cannot be triggered by ONBUILD", keyword.name());
                self.context
                    .fault(FaultKind::OnbuildTrigger, trigger.span(), message);
                Body::Invalid
            }
            Keyword::Unknown => {
                report_unknown(trigger, self.context);
                Body::Invalid
            }
            _ => Body::Onbuild(Box::new(parse_instruction(self.rest, self.context))),
        }
    }
}

/// The first word of an instruction.
pub(super) fn keyword<'l>(part: Segment<'l>) -> Segment<'l> {
    let text = part.text();
    part.sub(0..text.find(BLANKS).unwrap_or(text.len()))
}

/// Reports a keyword that the builder does not have.
pub(super) fn report_unknown(word: Segment, context: &mut ParseContext) {
    if context.foreign {
        return;
    }

    let written = word.text();
    if is_template(written) {
        context.template.get_or_insert(word.span());
    }

    let message = match nearest(written) {
        Some(name) => format!("unknown instruction `{written}`, did you mean `{name}`?"),
        None if written.starts_with(|c: char| c.is_ascii_uppercase()) => {
            "unknown instruction".to_owned()
        }
        None => "unknown instruction, or a missing continuation on the previous line".to_owned(),
    };

    context.fault(FaultKind::UnknownInstruction, word.span(), message);
}

/// The keyword that one or two edits make of this word.
fn nearest(word: &str) -> Option<&'static str> {
    if word.len() > 12 || !word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }

    let upper = word.to_ascii_uppercase();
    let scored = Keyword::ALL
        .iter()
        .map(|&(name, _)| (distance(name.as_bytes(), upper.as_bytes()), name));
    let (edits, name) = scored.min()?;

    (edits * 3 <= name.len()).then_some(name)
}

fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();

    for (i, a) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;

        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }

    row[right.len()]
}

/// A stage's name in lower case is a letter followed by letters, digits, `-`, `_` and `.`.
fn is_stage_name(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.'))
}

fn blank_separated<'l>(part: Segment<'l>) -> impl Iterator<Item = Segment<'l>> {
    let text = part.text();
    let words = text.split(BLANKS).filter(|word| !word.is_empty());
    words.map(move |word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        part.sub(start..start + word.len())
    })
}

/// The words of a FROM in a template: placeholders contain spaces, so everything before `AS` is the
/// image.
fn template_words<'l>(words: &[Segment<'l>]) -> Vec<Segment<'l>> {
    let as_word = words
        .iter()
        .rposition(|word| word.text().eq_ignore_ascii_case("as"))
        .filter(|&index| index > 0);
    let (image, name) = words.split_at(as_word.unwrap_or(words.len()));

    joined_words(image)
        .into_iter()
        .chain(name.first().copied())
        .chain(joined_words(name.get(1..).unwrap_or_default()))
        .collect()
}

/// The segment from the first to the last of these words.
fn joined_words<'l>(words: &[Segment<'l>]) -> Option<Segment<'l>> {
    let (first, last) = (words.first()?, words.last()?);
    Some(first.line.part(first.start..last.end))
}

/// The words of ARG, ENV and LABEL. White space in quotes or after an escape does not end a word.
fn builder_words<'l>(part: Segment<'l>, escape: Escape) -> Vec<Segment<'l>> {
    let text = part.text();
    let escape = escape.char();
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut chars = text.char_indices();

    while let Some((offset, next)) = chars.next() {
        if quote.is_none() && next.is_whitespace() {
            words.extend(start.take().map(|start| part.sub(start..offset)));
            continue;
        }

        start.get_or_insert(offset);

        match quote {
            Some('\'') if next == escape => {}
            _ if next == escape => _ = chars.next(),
            None if matches!(next, '\'' | '"') => quote = Some(next),
            Some(open) if next == open => quote = None,
            _ => {}
        }
    }

    words.extend(start.map(|start| part.sub(start..text.len())));

    words
}

/// The arguments for the shell, as long as their source.
fn shell_text(part: Segment) -> ShellText {
    let span = if part.is_empty() {
        Span::new(part.span().start, part.span().start)
    } else {
        part.span()
    };

    let line: &LogicalLine = part.line;
    let mut bytes = line.source.as_bytes()[span.range()].to_vec();

    for gap in &line.gaps {
        let (start, end) = (
            gap.start.max(span.start as usize),
            gap.end.min(span.end as usize),
        );
        if start >= end {
            continue;
        }

        let (start, end) = (start - span.start as usize, end - span.start as usize);
        let glued = end - start == 2
            && bytes[start] == b'\\'
            && start
                .checked_sub(1)
                .is_some_and(|before| !bytes[before].is_ascii_whitespace())
            && bytes
                .get(end)
                .is_some_and(|after| !after.is_ascii_whitespace());
        if !glued {
            bytes[start..end].fill(b' ');
        }
    }

    // Gaps begin and end between characters, so this cannot fail.
    let text = String::from_utf8(bytes).unwrap_or_default();
    ShellText {
        text,
        start: span.start,
        looks_like_json: part.text().starts_with('['),
    }
}

/// The heredoc openers of an instruction. In JSON forms and after other keywords such words are
/// plain words.
pub(super) fn heredocs(instruction: &Instruction, line: &LogicalLine) -> Vec<Opener> {
    let inner = match &instruction.body {
        Body::Onbuild(inner) => inner,
        _ => instruction,
    };

    let is_json = match &inner.body {
        Body::Run(run) => run.command.exec().is_some(),
        Body::Add(transfer) | Body::Copy(transfer) => transfer.json,
        _ => inner.keyword.value == Keyword::Run,
    };

    if is_json
        || !matches!(
            inner.keyword.value,
            Keyword::Run | Keyword::Add | Keyword::Copy
        )
    {
        return Vec::new();
    }

    super::heredoc::openers(line)
}
