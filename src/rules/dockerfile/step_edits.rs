//! Edits of a RUN: what the fixes of several rules have in common.

use crate::edit::Edit;
use crate::model::dockerfile::{Dockerfile, Step};
use crate::source::{Location, SourceFile, Span};
use crate::syntax::dockerfile::{Body, Command, Escape};

/// Runs one more command at the end of a RUN, if all before it succeeded. `None` where its end is
/// not that of its last command: in a heredoc, behind a comment, in the background.
pub fn append_command(
    dockerfile: &Dockerfile,
    step: &Step,
    source: &SourceFile,
    command: &str,
) -> Option<Edit> {
    let Body::Run(run) = &step.instruction.body else {
        return None;
    };
    let is_plain = matches!(run.command, Command::Shell(_))
        && step.instruction.heredocs.is_empty()
        && step.script().heredocs.is_empty()
        && step.script().comments.is_empty();
    if !is_plain {
        return None;
    }

    let arguments = step.instruction.arguments;
    let script = arguments.text(&source.text).trim_end();
    if script.ends_with(['&', ';', '|', '\\', '`', '{', '(']) || script.is_empty() {
        return None;
    }

    let end = arguments.start + script.len() as u32;
    let text = match script.rsplit_once('\n') {
        // A command of several lines gets one more.
        Some((_, last))
            if dockerfile.tree.escape == Escape::Backslash && !script.contains('\r') =>
        {
            let indent = &last[..last.len() - last.trim_start().len()];
            format!(" \\\n{indent}&& {command}")
        }
        _ => format!(" && {command}"),
    };

    Some(Edit::insert(source.id, end, text))
}

/// Removes a word and the blanks behind it.
pub fn remove_word(source: &SourceFile, word: Location) -> Edit {
    let rest = source.text.get(word.span.end as usize..).unwrap_or("");
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let span = Span::new(word.span.start, word.span.end + blanks as u32);

    Edit::replace(word.file, span, "")
}
