//! The tree: what a Dockerfile says, with the span of every piece.
//!
//! Plain data. Nothing here parses, and nothing here knows what a value is worth.

use std::borrow::Cow;

use super::heredoc::Heredoc;
use super::word::Word;
use crate::source::{OffsetMap, Span, Spanned};

/// A parsed Dockerfile.
#[derive(Clone, Debug, Default)]
pub struct Dockerfile {
    pub directives: Vec<Directive>,
    pub instructions: Vec<Instruction>,
    /// Every comment, those inside continuations too, from `#` to the end of the line. Directives
    /// and heredoc bodies are none.
    pub comments: Vec<Span>,
    pub escape: Escape,
    /// Instructions that the builder refuses though it can read them. See [`FaultKind`].
    pub faults: Vec<Fault>,
    /// A line of a template engine, or a base image that one has still to fill in. Nothing is an
    /// error in such a file, for what the builder will read is not this.
    pub template: Option<Span>,
}

/// The character that escapes and that continues lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escape {
    #[default]
    Backslash,
    Backtick,
}

impl Escape {
    pub const fn char(self) -> char {
        match self {
            Self::Backslash => '\\',
            Self::Backtick => '`',
        }
    }
}

/// A parser directive: `# syntax=docker/dockerfile:1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    pub key: Spanned<DirectiveKey>,
    pub value: Spanned<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectiveKey {
    Syntax,
    Escape,
    Check,
}

/// An instruction that breaks a rule of its own grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// The smallest place a user would edit.
    pub span: Span,
    /// What was found and what was expected, as a lowercase fragment.
    pub message: String,
    pub related: Option<(Span, String)>,
}

/// What is wrong with an instruction. A file with one of these still has sound lines: every other
/// instruction stands. What breaks the lines themselves (directives, heredocs, `ENV` without `=`, a
/// JSON array of numbers, overlong lines, a file without instructions) is a
/// [`crate::syntax::SyntaxError`] instead, and no fault is both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The keyword is none of the builder's.
    UnknownInstruction,
    /// An instruction other than ARG stands before the first FROM.
    BeforeFrom,
    /// Nothing but ARG: no stage to build.
    NoStage,
    /// Too few or too many arguments, or an empty one.
    Arguments,
    /// The third word of FROM is no stage name.
    StageName,
    UnknownFlag,
    /// A flag that may stand once stands twice.
    DuplicateFlag,
    /// A flag without a value, or with one the builder does not take.
    FlagValue,
    /// A variable where the builder does not expand any: `COPY --from=$stage`.
    VariableInFrom,
    /// SHELL without a JSON array.
    ShellForm,
    /// The first word of HEALTHCHECK is neither CMD nor NONE.
    HealthcheckKind,
    /// ONBUILD of ONBUILD, FROM or MAINTAINER.
    OnbuildTrigger,
    /// A heredoc as the destination of COPY or ADD.
    HeredocDestination,
    /// A quote that is not closed or a substitution that the builder cannot make.
    BadWord,
}

impl FaultKind {
    /// Whether the line has no reading at all: an unknown keyword, or words that do not make the
    /// instruction. The other kinds can be read, and are refused for what they say.
    pub const fn is_unreadable(self) -> bool {
        matches!(
            self,
            Self::UnknownInstruction | Self::Arguments | Self::StageName | Self::BadWord
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
    /// None of these; the span tells what was written.
    Unknown,
}

impl Keyword {
    /// Every keyword of the builder, as it is usually written.
    pub const ALL: [(&'static str, Self); 18] = [
        ("ADD", Self::Add),
        ("ARG", Self::Arg),
        ("CMD", Self::Cmd),
        ("COPY", Self::Copy),
        ("ENTRYPOINT", Self::Entrypoint),
        ("ENV", Self::Env),
        ("EXPOSE", Self::Expose),
        ("FROM", Self::From),
        ("HEALTHCHECK", Self::Healthcheck),
        ("LABEL", Self::Label),
        ("MAINTAINER", Self::Maintainer),
        ("ONBUILD", Self::Onbuild),
        ("RUN", Self::Run),
        ("SHELL", Self::Shell),
        ("STOPSIGNAL", Self::Stopsignal),
        ("USER", Self::User),
        ("VOLUME", Self::Volume),
        ("WORKDIR", Self::Workdir),
    ];

    /// Reads a keyword in any case.
    pub fn read(word: &str) -> Self {
        let found = Self::ALL
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(word));
        found.map_or(Self::Unknown, |&(_, keyword)| keyword)
    }

    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, keyword)| *keyword == self)
            .map_or("instruction", |(name, _)| name)
    }
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    pub keyword: Spanned<Keyword>,
    /// From the keyword to the last byte, heredocs included, the last line end not.
    pub span: Span,
    /// What follows the flags, on the instruction's own lines; empty after them when there is
    /// nothing.
    pub arguments: Span,
    pub flags: Vec<Flag>,
    /// Of RUN, COPY and ADD; an ONBUILD carries those of its trigger too.
    pub heredocs: Vec<Heredoc>,
    /// Empty lines inside its continuations, which the builder warns of.
    pub blank_lines: Vec<Span>,
    pub body: Body,
}

impl Instruction {
    /// The first flag of this name.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.name.value == name)
    }

    /// The command of RUN, CMD, ENTRYPOINT or HEALTHCHECK CMD.
    pub fn command(&self) -> Option<&Command> {
        match &self.body {
            Body::Run(Run { command, .. }) | Body::Cmd(command) | Body::Entrypoint(command) => {
                Some(command)
            }
            Body::Healthcheck(Healthcheck::Command(command)) => Some(command),
            _ => None,
        }
    }
}

/// `--name` or `--name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The name, quotes and dashes removed; its span holds the dashes.
    pub name: Spanned<String>,
    /// The value, quotes and escapes removed; its span is what stands after `=`.
    pub value: Option<Spanned<String>>,
    pub span: Span,
    /// Where each byte of the value stands.
    pub(super) offsets: OffsetMap,
}

impl Flag {
    /// The value's text; empty without one.
    pub fn text(&self) -> &str {
        self.value.as_ref().map_or("", |value| &value.value)
    }

    /// The source span of a range of the value.
    pub fn span_of(&self, local: Span) -> Span {
        self.offsets.span(local)
    }
}

/// The arguments of an instruction, by keyword.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    From(From),
    Arg(Vec<Argument>),
    Env(Pairs),
    Label(Pairs),
    Add(Transfer),
    Copy(Transfer),
    Run(Run),
    Cmd(Command),
    Entrypoint(Command),
    Shell(Vec<Spanned<String>>),
    Healthcheck(Healthcheck),
    Expose(Vec<Word>),
    /// Paths, in either form. Items of the JSON form are words too, decoded, with their quotes in
    /// the span.
    Volume(Vec<Word>),
    User(Word),
    Workdir(Word),
    Stopsignal(Word),
    Maintainer(Word),
    Onbuild(Box<Instruction>),
    /// Of an unknown instruction, or of one whose arguments make no sense; a fault says why.
    Invalid,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct From {
    pub platform: Option<Spanned<String>>,
    /// Image or stage, as written; empty when it is missing.
    pub image: Word,
    /// The stage's name as written. Names are compared in lower case.
    pub name: Option<Word>,
    /// The word `AS`.
    pub as_word: Option<Span>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    pub name: Spanned<String>,
    pub default: Option<Word>,
}

/// The pairs of ENV or LABEL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairs {
    pub pairs: Vec<Pair>,
    /// The old form without `=`, which sets one value to the rest of the line.
    pub legacy: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub key: Word,
    pub value: Word,
}

/// COPY or ADD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// `--from` of COPY.
    pub from: Option<Spanned<String>>,
    pub sources: Vec<Source>,
    pub destination: Word,
    /// Written as a JSON array.
    pub json: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A path, a pattern or, for ADD, a URL.
    Path(Word),
    /// A heredoc of the instruction: its index, and the word that names it.
    Heredoc(usize, Word),
}

/// A command in one of its two forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The JSON form; the items' spans hold their quotes.
    Exec(Vec<Spanned<String>>),
    Shell(ShellText),
}

impl Command {
    pub const fn shell(&self) -> Option<&ShellText> {
        match self {
            Self::Shell(shell) => Some(shell),
            Self::Exec(_) => None,
        }
    }

    pub fn exec(&self) -> Option<&[Spanned<String>]> {
        match self {
            Self::Exec(items) => Some(items),
            Self::Shell(_) => None,
        }
    }
}

/// A command for the shell, as long as its source: byte `n` of `text` stands at `start + n`.
///
/// Continuations, and comments and empty lines inside them, are spaces. Where a continuation joins
/// two halves of one word (`cu\` and `rl`) it stays as it is, for the shell joins them the same
/// way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellText {
    pub text: String,
    pub start: u32,
    /// It begins with `[`, so a JSON array was probably meant.
    pub looks_like_json: bool,
}

impl ShellText {
    pub fn span(&self) -> Span {
        Span::new(self.start, self.start + self.text.len() as u32)
    }

    pub fn offsets(&self) -> OffsetMap {
        OffsetMap::verbatim(self.start)
    }

    /// The text without the white space around it.
    pub fn trimmed(&self) -> &str {
        self.text.trim()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub command: Command,
    pub mounts: Vec<Mount>,
}

/// `--mount=type=…,from=…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The whole flag.
    pub span: Span,
    pub fields: Vec<MountField>,
}

/// One `key=value` of a mount; flags such as `ro` have no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountField {
    /// In lower case.
    pub key: Spanned<String>,
    pub value: Option<Spanned<String>>,
}

impl Mount {
    /// The value of the first key of these.
    pub fn get(&self, keys: &[&str]) -> Option<&Spanned<String>> {
        self.fields
            .iter()
            .find(|field| keys.contains(&field.key.value.as_str()))?
            .value
            .as_ref()
    }

    /// `bind` unless it says otherwise, in lower case.
    pub fn kind(&self) -> Cow<'_, str> {
        self.get(&["type"]).map_or(Cow::Borrowed("bind"), |kind| {
            Cow::Owned(kind.value.to_ascii_lowercase())
        })
    }

    pub fn from(&self) -> Option<&Spanned<String>> {
        self.get(&["from"])
    }

    pub fn source(&self) -> Option<&Spanned<String>> {
        self.get(&["source", "src"])
    }

    pub fn target(&self) -> Option<&Spanned<String>> {
        self.get(&["target", "dst", "destination"])
    }

    pub fn id(&self) -> Option<&Spanned<String>> {
        self.get(&["id"])
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Healthcheck {
    /// `HEALTHCHECK NONE`, with the span of `NONE`.
    None(Span),
    Command(Command),
}
