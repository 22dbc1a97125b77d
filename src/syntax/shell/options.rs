//! Shell options: which ones a script sets before a command.

use super::invocation::Invocation;
use super::script::{Block, BlockKind, Command, Script};
use super::word::Word;

/// A shell option that changes the effect of a failing command.
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

impl Script {
    /// Whether the script itself turns an option on before the command runs: by `set`, or by the
    /// command line of the nested shell that runs it. Options from outside of the script are known
    /// to the caller only.
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

            let other_blocks: Vec<u32> = self.block_ids(other).collect();
            let reaches_command = other_blocks
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
            if reaches_command && self.shell_of(&other_blocks) == shell {
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
}
