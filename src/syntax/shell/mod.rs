//! Shell scripts of `RUN`, `CMD`, health checks, Kubernetes commands and workflow `run` steps.
//!
//! [`parse`] returns the commands of a script, their words and their connectors. It is tolerant: it
//! returns a [`Script`] for every text, in linear time and with bounded depth. It does not expand
//! variables or guess values, and depends on the text only. Text that a command passes to another
//! shell (`sh -c "…"`, `eval`, `bash <<EOF`) is parsed too, and its commands are in the same flat
//! list with spans through the quoting.
//!
//! All spans are local to the parsed text; callers have the map from there to the file.

mod compound;
mod invocation;
mod keyword;
mod nested;
mod options;
mod parser;
mod script;
#[cfg(test)]
mod tests;
mod word;
mod words;
mod wrapper;

pub(crate) use invocation::{Argument, Invocation};
pub(crate) use options::ShellOption;
pub(crate) use script::{
    Block, BlockKind, Command, Connector, Pipeline, Redirect, RedirectOperator, Script,
};
pub(crate) use word::{Operator, PartKind, Word};
pub(crate) use wrapper::WrapperKind;

use crate::source::{OffsetMap, Span};

/// Parses shell text. Never fails: text that is not shell becomes commands with odd names.
pub fn parse(text: &str) -> Script {
    let mut script = parser::parse(text, Vec::new());
    nested::expand(&mut script);
    script
}

/// The command of an exec form (a JSON array, a YAML list). Its words are literal; each has its
/// span and, where escapes make the text differ from its source, the map from text to source.
/// Without a map, a text that is exactly as long as its span, or two bytes shorter (its quotes), is
/// mapped byte by byte.
pub(crate) fn exec<'a>(
    words: impl IntoIterator<Item = (&'a str, Span, Option<&'a OffsetMap>)>,
) -> Script {
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
