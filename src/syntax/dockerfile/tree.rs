//! The tree of a Dockerfile, with the span of every piece. Plain data.

use std::borrow::Cow;

use super::escape::Escape;
use super::word::Word;
use crate::source::{OffsetMap, Span, Spanned};

/// A parsed Dockerfile.
#[derive(Clone, Debug, Default)]
pub struct Dockerfile {
    pub directives: Vec<Directive>,
    pub instructions: Vec<Instruction>,
    /// Every comment from `#` to the end of the line, including comments inside continuations.
    /// Directives and lines of heredocs are not comments.
    pub comments: Vec<Span>,
    pub escape: Escape,
    /// Instructions that the builder rejects although it can read them. See [`FaultKind`].
    pub faults: Vec<Fault>,
    /// A line or a base image with a template. Nothing is an error in such a file, because the
    /// builder reads the rendered text.
    pub template: Option<Span>,
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
    /// The found and the expected text, as a lowercase fragment.
    pub message: String,
    pub related: Option<(Span, String)>,
}

/// The kind of a fault. It does not affect other instructions. Errors that break lines (directives,
/// heredocs, `ENV` without `=`, a JSON array of numbers, overlong lines, a file without
/// instructions) are a [`crate::syntax::SyntaxError`] instead; no fault is both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The builder does not have this keyword.
    UnknownInstruction,
    /// An instruction other than ARG is before the first FROM.
    BeforeFrom,
    /// Only ARG: there is no stage to build.
    NoStage,
    /// Too few or too many arguments, or an empty one.
    Arguments,
    /// The third word of FROM is not a stage name.
    StageName,
    UnknownFlag,
    /// A flag that is allowed once is repeated.
    DuplicateFlag,
    /// A flag without a value, or with one that the builder rejects.
    FlagValue,
    /// A variable where the builder does not expand variables: `COPY --from=$stage`.
    VariableInFrom,
    /// SHELL without a JSON array.
    ShellForm,
    /// The first word of HEALTHCHECK is neither CMD nor NONE.
    HealthcheckKind,
    /// ONBUILD of ONBUILD, FROM or MAINTAINER.
    OnbuildTrigger,
    /// A heredoc as the destination of COPY or ADD.
    HeredocDestination,
    /// A quote that is not closed or a substitution that the builder does not support.
    BadWord,
}

impl FaultKind {
    /// Whether the line cannot be read: an unknown keyword, or words that do not form the
    /// instruction. Faults of the other kinds can be read, and are rejected for their values.
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
    /// None of these; the span has the written word.
    Unknown,
}

impl Keyword {
    /// Every keyword of the builder, in upper case.
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

    /// The keyword in a word of any case.
    pub fn parse(word: &str) -> Self {
        let known = Self::ALL
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(word));
        known.map_or(Self::Unknown, |&(_, keyword)| keyword)
    }

    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, keyword)| *keyword == self)
            .map_or("instruction", |(name, _)| name)
    }
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    pub keyword: Spanned<Keyword>,
    /// From the keyword to the last byte, including heredocs, without the last line end.
    pub span: Span,
    /// The text after the flags, without heredocs; empty when there is none.
    pub arguments: Span,
    pub flags: Vec<Flag>,
    /// Heredocs of RUN, COPY and ADD; an ONBUILD has those of its trigger.
    pub heredocs: Vec<Heredoc>,
    /// Empty lines inside its continuations, about which the builder warns.
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
    /// The name without quotes and dashes; its span includes the dashes.
    pub name: Spanned<String>,
    /// The value without quotes and escapes; its span is the text after `=`.
    pub value: Option<Spanned<String>>,
    pub span: Span,
    /// The source offset of each byte of the value.
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

/// A body of lines attached to an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The terminator, quotes removed.
    pub name: String,
    /// The word that opens it: `<<EOF`, `3<<-"EOF"`.
    pub word: Span,
    /// The file descriptor written before `<<`.
    pub descriptor: Option<u32>,
    /// Part of the word is quoted, so variables in the body stay as they are.
    pub quoted: bool,
    /// `<<-`: leading tabs are removed from the body and the terminator.
    pub strip_tabs: bool,
    /// The lines of the body with their line ends.
    pub body: Span,
    /// The terminator's text; empty, at the end of the body, when there is none.
    pub terminator: Span,
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
    /// Paths, in either form. Items of the JSON form are decoded words with their quotes in the
    /// span.
    Volume(Vec<Word>),
    User(Word),
    Workdir(Word),
    Stopsignal(Word),
    Maintainer(Word),
    Onbuild(Box<Instruction>),
    /// Of an unknown instruction, or of one with invalid arguments, for which there is a fault.
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
    /// A heredoc of the instruction: its index, and the word that opens it.
    Heredoc(usize, Word),
}

/// A command in one of its two forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The JSON form; the spans of the items include their quotes.
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

/// A command for the shell, as long as its source: byte `n` of `text` is at `start + n`.
///
/// Continuations, and comments and empty lines inside them, are spaces. A continuation between two
/// halves of one word (`cu\` and `rl`) is kept, because the shell joins them in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellText {
    pub text: String,
    pub start: u32,
    /// The text begins with `[`, so it was probably meant as a JSON array.
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

/// A `key=value` of a mount; flags such as `ro` have no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountField {
    /// In lower case.
    pub key: Spanned<String>,
    pub value: Option<Spanned<String>>,
}

impl Mount {
    /// The value of the first of these keys.
    pub fn get(&self, keys: &[&str]) -> Option<&Spanned<String>> {
        self.fields
            .iter()
            .find(|field| keys.contains(&field.key.value.as_str()))?
            .value
            .as_ref()
    }

    /// The type in lower case, `bind` by default.
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
