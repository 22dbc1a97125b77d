//! Scripts: commands, pipelines, blocks, redirects and here-documents. Plain data, and questions
//! about their structure.

use std::sync::OnceLock;

use super::word::Word;
use super::wrapper::WrapperKind;
use crate::source::Span;

/// The commands of a script and their structure.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Every simple command in order of appearance, including those inside substitutions and
    /// compound commands. Commands of nested shell text (`sh -c "…"`) follow all others.
    pub commands: Vec<Command>,
    /// The blocks that contain commands. The first block is the script itself.
    pub blocks: Vec<Block>,
    pub pipelines: Vec<Pipeline>,
    pub heredocs: Vec<Heredoc>,
    /// Comments, from `#` to before the line end.
    pub comments: Vec<Span>,
    /// The invocations, computed on first use.
    pub(super) invocations: OnceLock<Vec<StoredInvocation>>,
}

/// A simple command: assignments, words and redirects.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// The name of the command as written, and its arguments. Empty when there are only assignments
    /// or redirects.
    pub words: Vec<Word>,
    pub assignments: Vec<Assignment>,
    pub redirects: Vec<Redirect>,
    /// From the first word, assignment or redirect to the end of the last one.
    pub span: Span,
    /// The block of the command, an index into [`Script::blocks`].
    pub block: u32,
    /// The pipeline of the command, an index into [`Script::pipelines`]; a single command is a
    /// pipeline of one.
    pub pipeline: u32,
    /// Position in its pipeline.
    pub index: u32,
}

impl Command {
    /// The first word, as written without its quotes; empty when there is none.
    pub fn name(&self) -> &str {
        self.words.first().map_or("", Word::text)
    }
}

/// `NAME=value` before a command, or alone.
#[derive(Clone, Debug)]
pub struct Assignment {
    pub name: String,
    pub name_span: Span,
    /// Empty for `NAME=`. An array is one [`PartKind::Array`] part.
    pub value: Word,
}

/// Commands joined by `|`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// The block of the pipeline.
    pub block: u32,
    /// The connector to the pipeline before it in the same block.
    pub joined: Connector,
    /// The connector to the next pipeline of its block, or [`Connector::None`].
    pub then: Connector,
    /// The number of elements, at least one.
    pub len: u32,
    /// Preceded by `!`.
    pub negated: bool,
    /// The spans of its `|` and `|&`.
    pub pipes: Vec<Span>,
}

/// The connector between two pipelines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connector {
    /// None: the first or the last of its block.
    #[default]
    None,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `;` or a line end.
    Sequence,
    /// `&`
    Background,
}

/// A compound command or another part of a script that holds commands.
#[derive(Clone, Debug)]
pub struct Block {
    pub kind: BlockKind,
    pub span: Span,
    /// The block around it; `None` for the script itself.
    pub parent: Option<u32>,
    /// The pipeline that contains the block, and the position of the element in it.
    pub pipeline: u32,
    pub index: u32,
    /// The command with the word that contains the block: set for substitutions and for nested
    /// shell text.
    pub host: Option<u32>,
    /// The list of a `for`, the subject of a `case`, the patterns of an arm, the name of a
    /// function.
    pub words: Vec<Word>,
    /// Redirects that follow a compound command.
    pub redirects: Vec<Redirect>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    Script,
    /// `( … )`
    Subshell,
    /// `{ …; }`
    Group,
    If,
    /// `while`, `until`, `for` and `select`.
    Loop,
    Case,
    /// The condition of `if`, `elif`, `while` and `until`.
    Condition,
    /// After `then`, `else` or `do`.
    Body,
    /// One arm of a `case`.
    Arm,
    Function,
    /// `$( … )` or backticks.
    Substitution,
    /// `<( … )` or `>( … )`.
    Process,
    /// Text that its host command passes to another shell.
    Shell,
}

/// A redirect of a command or block.
#[derive(Clone, Debug)]
pub struct Redirect {
    pub operator: RedirectOperator,
    /// From the file descriptor or operator to the end of the target.
    pub span: Span,
    /// The number before the operator.
    pub descriptor: Option<u32>,
    /// The file, the descriptor, the here-string or the delimiter of a here-document.
    pub target: Word,
    /// The here-document, an index into [`Script::heredocs`].
    pub heredoc: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectOperator {
    /// `<`
    Read,
    /// `>` or `>|`
    Write,
    /// `>>`
    Append,
    /// `<>`
    ReadWrite,
    /// `&>`
    WriteBoth,
    /// `&>>`
    AppendBoth,
    /// `<&`
    DuplicateRead,
    /// `>&`
    DuplicateWrite,
    /// `<<` or `<<-`
    Heredoc,
    /// `<<<`
    HereString,
}

/// A here-document.
#[derive(Clone, Debug, Default)]
pub struct Heredoc {
    /// The lines between the line of the operator and the terminator; with expansions as parts
    /// unless `quoted`.
    pub body: Word,
    /// A part of the delimiter is quoted, so nothing in the body is expanded.
    pub quoted: bool,
    /// `<<-`: leading tabs are not part of the text. `body` contains them.
    pub strips_tabs: bool,
    /// The terminating line was found.
    pub closed: bool,
}

/// An invocation by the indices of its command and words, in the form that a script can store.
#[derive(Clone, Debug)]
pub(super) struct StoredInvocation {
    pub program: ProgramWords,
    /// What runs it, outermost first.
    pub wrappers: Vec<(WrapperKind, ProgramWords)>,
}

/// The name of a program and its arguments.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProgramWords {
    pub command: u32,
    /// The index of the word that names it, and the end of its arguments.
    pub name: u32,
    pub end: u32,
    /// The start and the end of the name in the text of the word, without its folders.
    pub text: (u32, u32),
}

impl Block {
    pub(super) const fn new(kind: BlockKind, span: Span) -> Self {
        Self {
            kind,
            span,
            parent: None,
            pipeline: 0,
            index: 0,
            host: None,
            words: Vec::new(),
            redirects: Vec::new(),
        }
    }
}

impl Pipeline {
    pub(super) const fn new(block: u32, joined: Connector) -> Self {
        Self {
            block,
            joined,
            then: Connector::None,
            len: 1,
            negated: false,
            pipes: Vec::new(),
        }
    }
}

impl Script {
    /// The pipeline of a command.
    pub fn pipeline(&self, command: &Command) -> &Pipeline {
        &self.pipelines[command.pipeline as usize]
    }

    /// The here-document of a redirect.
    pub fn heredoc(&self, redirect: &Redirect) -> Option<&Heredoc> {
        redirect
            .heredoc
            .and_then(|index| self.heredocs.get(index as usize))
    }

    /// The blocks around a command, innermost first, the script itself last.
    pub fn ancestors(&self, command: &Command) -> impl Iterator<Item = &Block> {
        std::iter::successors(self.blocks.get(command.block as usize), |block| {
            block
                .parent
                .and_then(|parent| self.blocks.get(parent as usize))
        })
    }

    /// Whether the command is in a block of this kind, at any depth.
    pub fn within(&self, command: &Command, kind: BlockKind) -> bool {
        self.ancestors(command).any(|block| block.kind == kind)
    }

    /// The commands whose output is piped into this one, nearest last: `a` and `b` for `c` in
    /// `a | (b) | c`. Input of a block is input of the commands inside it.
    pub fn feeders(&self, command: &Command) -> Vec<&Command> {
        let mut sinks = vec![(command.pipeline, command.index)];

        for block in self.ancestors(command) {
            if matches!(
                block.kind,
                BlockKind::Substitution | BlockKind::Process | BlockKind::Script
            ) {
                break;
            }

            sinks.push((block.pipeline, block.index));
        }

        sinks.retain(|sink| sink.1 > 0);
        if sinks.is_empty() {
            return Vec::new();
        }

        self.commands
            .iter()
            .filter(|other| {
                is_piped_into(&sinks, other.pipeline, other.index)
                    || self
                        .output_blocks(other)
                        .any(|block| is_piped_into(&sinks, block.pipeline, block.index))
            })
            .collect()
    }

    /// The blocks around a command that its standard output passes through.
    fn output_blocks(&self, command: &Command) -> impl Iterator<Item = &Block> {
        self.ancestors(command).take_while(|block| {
            !matches!(
                block.kind,
                BlockKind::Script
                    | BlockKind::Substitution
                    | BlockKind::Process
                    | BlockKind::Function
            )
        })
    }

    /// Whether a failure of this command is deliberately ignored: it is tested by `if`, `while`,
    /// `!`, `||` or `&&` (unless it is the last of its list), or it runs in the background, itself
    /// or by a block around it.
    pub fn failure_is_handled(&self, command: &Command) -> bool {
        self.is_tested(command.pipeline)
            || self.ancestors(command).any(|block| match block.kind {
                BlockKind::Condition => true,
                BlockKind::Script => false,
                _ => self.is_tested(block.pipeline),
            })
    }

    /// Whether a failure of the pipeline is handled by `!`, `||` or `&`.
    fn is_tested(&self, pipeline: u32) -> bool {
        let Pipeline { negated, then, .. } = self.pipelines[pipeline as usize];

        negated
            || matches!(then, Connector::Or | Connector::Background)
            || self.or_follows(pipeline)
    }

    /// Whether a later `||` handles the failure too, as that of `a` in `a && b || c`.
    fn or_follows(&self, pipeline: u32) -> bool {
        let block = self.pipelines[pipeline as usize].block;
        let mut then = self.pipelines[pipeline as usize].then;
        for next in self.pipelines[pipeline as usize + 1..]
            .iter()
            .filter(|next| next.block == block)
        {
            if then != Connector::And {
                break;
            }

            then = next.then;
        }

        matches!(then, Connector::Or | Connector::Background)
    }
}

/// Whether an element of a pipeline comes before one of the `sinks`.
fn is_piped_into(sinks: &[(u32, u32)], pipeline: u32, index: u32) -> bool {
    sinks
        .iter()
        .any(|sink| sink.0 == pipeline && index < sink.1)
}
