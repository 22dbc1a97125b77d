//! Shell scripts as they stand in `RUN`, `CMD`, health checks, Kubernetes commands and workflow
//! `run` steps.
//!
//! [`parse`] answers one question: which commands run, with which words, joined how. It is
//! tolerant: whatever text comes in, a [`Script`] comes out, in linear time and with bounded depth.
//! It never expands, never guesses a value and never looks at the world. Text that a command hands
//! to another shell (`sh -c "…"`, `eval`, `bash <<EOF`) is parsed too, and its commands stand in
//! the same flat list with spans that point through the quoting.
//!
//! All spans are local to the text that was given; callers own the map from there to the file.

mod compound;
mod invocation;
mod nested;
mod parser;
#[cfg(test)]
mod tests;
mod word;
mod words;
mod wrapper;

pub use invocation::{Argument, Invocation};
pub use word::{Operator, Part, PartKind, Quote, Variable, Word};
pub use wrapper::{Wrapper, WrapperKind};

use std::sync::OnceLock;

use crate::source::{OffsetMap, Span};

/// The commands of a script and how they hang together.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Every simple command in order of appearance, those inside substitutions and compound
    /// commands too. Commands of nested shell text (`sh -c "…"`) follow after all others.
    pub commands: Vec<Command>,
    /// What commands stand in. The first block is the script itself.
    pub blocks: Vec<Block>,
    pub pipelines: Vec<Pipeline>,
    pub heredocs: Vec<Heredoc>,
    /// Comments, from `#` to before the line end.
    pub comments: Vec<Span>,
    found: OnceLock<Vec<invocation::Found>>,
}

/// A simple command: assignments, words and redirects.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// The command's name as written and its arguments. Empty when there are only assignments or
    /// redirects.
    pub words: Vec<Word>,
    pub assignments: Vec<Assignment>,
    pub redirects: Vec<Redirect>,
    /// From the first word, assignment or redirect to the end of the last one.
    pub span: Span,
    /// The block it stands in, an index into [`Script::blocks`].
    pub block: u32,
    /// The pipeline it belongs to, an index into [`Script::pipelines`]; a command alone is a
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
    /// The block it stands in.
    pub block: u32,
    /// How it is joined to the pipeline before it in the same block.
    pub joined: Connector,
    /// What follows it: the connector to the next pipeline of its block, or [`Connector::None`].
    pub then: Connector,
    /// Number of elements, at least one.
    pub len: u32,
    /// `!` stands before it.
    pub negated: bool,
    /// The spans of its `|` and `|&`.
    pub pipes: Vec<Span>,
}

/// What stands between two pipelines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connector {
    /// Nothing: the first or the last of its block.
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
    /// The pipeline in whose element it stands, and the element's position.
    pub pipeline: u32,
    pub index: u32,
    /// The command in one of whose words it stands: set for substitutions and for nested shell
    /// text.
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
    /// What `if`, `elif`, `while` and `until` test.
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
    /// Text that its host command gives to another shell.
    Shell,
}

/// A redirect of one command or block.
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
    /// The lines between the operator's line and the terminator; with expansions as parts unless
    /// `quoted`.
    pub body: Word,
    /// Any part of the delimiter is quoted, so nothing in the body is expanded.
    pub quoted: bool,
    /// `<<-`: leading tabs are not part of the text. They are left in `body`.
    pub strips_tabs: bool,
    /// The terminating line was found.
    pub closed: bool,
}

/// Shell options that change what a failing command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShellOption {
    /// `set -e`
    ErrExit,
    /// `set -o pipefail`
    PipeFail,
}

impl ShellOption {
    const fn letter(self) -> Option<char> {
        match self {
            Self::ErrExit => Some('e'),
            Self::PipeFail => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::ErrExit => "errexit",
            Self::PipeFail => "pipefail",
        }
    }

    /// Whether the words of a `set` or of a shell's own command line turn the option on
    /// (`Some(true)`), off, or leave it.
    pub fn set_by(self, words: &[Word]) -> Option<bool> {
        let mut state = None;
        let mut words = words.iter().peekable();

        while let Some(word) = words.next() {
            let text = word.text();
            let on = match text.as_bytes().first() {
                Some(b'-') if text != "--" => true,
                Some(b'+') => false,
                _ => break,
            };

            if text.starts_with("--") {
                continue;
            }

            if self.letter().is_some_and(|letter| text.contains(letter)) {
                state = Some(on);
            }

            if text.ends_with('o')
                && let Some(name) = words.next_if(|name| !name.text().starts_with(['-', '+']))
                && name.text() == self.name()
            {
                state = Some(on);
            }
        }

        state
    }
}

/// Parses shell text. Never fails: what is not shell becomes commands with odd names.
pub fn parse(text: &str) -> Script {
    let mut script = parser::parse(text, Vec::new());
    nested::expand(&mut script);
    script
}

/// The one command of an exec form (a JSON array, a YAML list). Its words are taken as they are,
/// without expansion; each comes with its span and, where escapes make the text differ from its
/// source, the map from text to source. Without a map, a text that is exactly as long as its span,
/// or two bytes shorter (its quotes), is mapped byte by byte.
pub fn exec<'a>(words: impl IntoIterator<Item = (&'a str, Span, Option<&'a OffsetMap>)>) -> Script {
    let words: Vec<Word> = words
        .into_iter()
        .map(|(text, span, map)| Word::decoded(text, span, map))
        .collect();
    let span = words
        .iter()
        .map(|word| word.span)
        .reduce(Span::cover)
        .unwrap_or_default();
    let mut script = Script::default();
    script.blocks.push(Block::new(BlockKind::Script, span));
    script.pipelines.push(Pipeline::new(0, Connector::None));

    if !words.is_empty() {
        script.commands.push(Command {
            words,
            span,
            ..Command::default()
        });
    }

    nested::expand(&mut script);

    script
}

impl Block {
    const fn new(kind: BlockKind, span: Span) -> Self {
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
    const fn new(block: u32, joined: Connector) -> Self {
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
            .and_then(|at| self.heredocs.get(at as usize))
    }

    /// The blocks around a command, innermost first, the script itself last.
    pub fn ancestors(&self, command: &Command) -> impl Iterator<Item = &Block> {
        std::iter::successors(self.blocks.get(command.block as usize), |block| {
            block
                .parent
                .and_then(|parent| self.blocks.get(parent as usize))
        })
    }

    /// Whether the command stands in a block of this kind, at any depth.
    pub fn within(&self, command: &Command, kind: BlockKind) -> bool {
        self.ancestors(command).any(|block| block.kind == kind)
    }

    /// The commands whose output flows into this one through a pipe, nearest last: `a` and `b` for
    /// `c` in `a | (b) | c`. A command inside a block is fed by what is piped into the block.
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

        let feeds = |pipeline: u32, index: u32| {
            sinks
                .iter()
                .any(|sink| sink.0 == pipeline && index < sink.1)
        };

        self.commands
            .iter()
            .filter(|other| {
                feeds(other.pipeline, other.index)
                    || self
                        .output_blocks(other)
                        .any(|block| feeds(block.pipeline, block.index))
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

    /// Whether a failure of this command is deliberately passed over: it is tested by `if`,
    /// `while`, `!`, `||` or `&&` (other than as the last of its list), or it is sent to the
    /// background, itself or by a block around it.
    pub fn failure_is_handled(&self, command: &Command) -> bool {
        let handled = |pipeline: &Pipeline| {
            pipeline.negated || matches!(pipeline.then, Connector::Or | Connector::Background)
        };

        handled(self.pipeline(command))
            || self.or_follows(command.pipeline)
            || self.ancestors(command).any(|block| {
                block.kind == BlockKind::Condition
                    || (block.kind != BlockKind::Script
                        && (handled(&self.pipelines[block.pipeline as usize])
                            || self.or_follows(block.pipeline)))
            })
    }

    /// `a && b || c`: the `||` stands for a failure of `a` as well.
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

    /// Whether the script itself has turned an option on by the time the command runs: by `set`, or
    /// by the command line of the nested shell that runs it. What starts the script from outside is
    /// the caller's to know.
    pub fn option_before(&self, command: &Command, option: ShellOption) -> bool {
        let around: Vec<u32> = self.block_ids(command).collect();
        let mut state = false;

        for &block in around.iter().rev() {
            if self.blocks[block as usize].kind == BlockKind::Shell {
                state = self.host_sets(&self.blocks[block as usize], option);
            }
        }

        let shell = self.shell_of(&around);

        for other in &self.commands {
            if other.span.start >= command.span.start || other.name() != "set" {
                continue;
            }

            let theirs: Vec<u32> = self.block_ids(other).collect();
            let leaks = theirs
                .iter()
                .take_while(|block| !around.contains(block))
                .all(|&block| {
                    matches!(
                        self.blocks[block as usize].kind,
                        BlockKind::Group
                            | BlockKind::If
                            | BlockKind::Body
                            | BlockKind::Condition
                            | BlockKind::Loop
                    )
                });
            if leaks && self.shell_of(&theirs) == shell {
                state = option.set_by(&other.words[1..]).unwrap_or(state);
            }
        }

        state
    }

    fn host_sets(&self, block: &Block, option: ShellOption) -> bool {
        let Some(host) = block.host.and_then(|host| self.commands.get(host as usize)) else {
            return false;
        };
        Invocation::of(host)
            .and_then(|invocation| option.set_by(invocation.args))
            .unwrap_or(false)
    }

    fn shell_of(&self, blocks: &[u32]) -> Option<u32> {
        blocks
            .iter()
            .copied()
            .find(|&block| self.blocks[block as usize].kind == BlockKind::Shell)
    }

    fn block_ids(&self, command: &Command) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(command.block), |&block| {
            self.blocks.get(block as usize)?.parent
        })
    }

    /// What really runs: one entry for each command that has a name, seen through `sudo`, `env`,
    /// `exec` and their like.
    ///
    /// Many rules ask; wrappers are seen through once, for the first of them.
    pub fn invocations(&self) -> Vec<Invocation<'_>> {
        self.found
            .get_or_init(|| invocation::find(self))
            .iter()
            .map(|found| found.of(self))
            .collect()
    }
}
