//! The whole file: directives, then instructions one after the other, heredoc bodies and what has
//! to stand first.

use super::heredoc::{self, Heredoc, Reach};
use super::instruction::{self, Context};
use super::line::{Line, Physical, physical};
use super::tree::{
    Body, Directive, DirectiveKey, Dockerfile, Escape, Fault, FaultKind, Instruction, Keyword,
};
use crate::source::{Span, Spanned};
use crate::syntax::{Parsed, SyntaxError};

/// The builder reads lines into a buffer of this size and refuses longer ones.
const MAX_LINE: usize = 65_535;

/// Parses a Dockerfile.
pub fn parse(text: &str) -> Parsed<Dockerfile> {
    let mut tree = Dockerfile::default();
    let mut context = Context::default();
    // A byte order mark is the reader's to strip; one that is still here must not hide the first
    // directive.
    let mut at = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };

    at = directives(text, at, &mut tree, &mut context);
    let mut reach = Reach::EndOfFile;
    let mut after_unknown = false;

    while let Some(first) = physical(text, at) {
        if let Some(comment) = first.comment() {
            tree.comments.push(comment);
            at = first.next;
            continue;
        }

        if first.text.trim_start().is_empty() {
            at = first.next;
            continue;
        }

        let (line, next) = Line::read(text, first, context.escape, &mut tree.comments);
        check_length(text, first.start, next, &mut context);
        at = next;
        let mut instruction = instruction::read(line.whole(), &mut context);

        if instruction.keyword.value == Keyword::Unknown {
            // A forgotten continuation turns each of the following lines into an unknown
            // instruction; one report is enough, unless the next one is written like an instruction
            // of its own.
            let word = instruction::keyword(line.whole());
            if !after_unknown || word.text().bytes().all(|byte| byte.is_ascii_uppercase()) {
                instruction::unknown(word, &mut context);
            }
        }

        after_unknown = instruction.keyword.value == Keyword::Unknown;
        at = heredocs(text, at, &line, &mut instruction, &mut context, &mut reach);
        instruction.blank_lines = line.blank;
        tree.instructions.push(instruction);
    }

    check_order(text, &tree.instructions, &mut context);
    tree.template = context.template;

    if tree.template.is_some() {
        context.faults.clear();
        context.errors.clear();
    }

    context.faults.sort_by_key(|fault| fault.span);
    context.errors.sort_by_key(|error| error.span);
    tree.escape = context.escape;
    tree.faults = context.faults;
    Parsed {
        tree,
        errors: context.errors,
    }
}

/// Reads the directives at the top. Gives the offset of the first line that is none.
fn directives(text: &str, mut at: usize, tree: &mut Dockerfile, context: &mut Context) -> usize {
    while let Some(line) = physical(text, at) {
        let Some(directive) = directive(line) else {
            break;
        };

        let key = directive.key.value;
        let value = directive.value.value.as_str();
        if let Some(earlier) = tree
            .directives
            .iter()
            .find(|earlier| earlier.key.value == key)
        {
            let error = SyntaxError::new(directive.key.span, "duplicate directive");
            context
                .errors
                .push(error.related(earlier.key.span, "first given here"));
        } else if key == DirectiveKey::Escape {
            match value {
                "\\" => context.escape = Escape::Backslash,
                "`" => context.escape = Escape::Backtick,
                _ => {
                    let message = "the escape character must be `\\` or a backtick";
                    context
                        .errors
                        .push(SyntaxError::new(directive.value.span, message));
                }
            }
        } else if key == DirectiveKey::Syntax {
            context.foreign = !is_builders_own(value);
        }

        tree.directives.push(directive);
        at = line.next;
    }

    at
}

/// Whether a frontend is one of the builder's own, whose grammar this is.
fn is_builders_own(frontend: &str) -> bool {
    let image = frontend.split([':', '@', ' ']).next().unwrap_or("");
    image.ends_with("docker/dockerfile") || image.ends_with("docker/dockerfile-upstream")
}

fn directive(line: Physical) -> Option<Directive> {
    let comment = line.comment()?;
    let body = line.text.trim_start().strip_prefix('#')?.trim_start();
    let name_start = comment.end as usize - body.len();
    let equals = body.find('=')?;
    let name = body[..equals].trim_end();
    let key = match name.to_ascii_lowercase().as_str() {
        "syntax" => DirectiveKey::Syntax,
        "escape" => DirectiveKey::Escape,
        "check" => DirectiveKey::Check,
        _ => return None,
    };

    let value = body[equals + 1..].trim();
    if value.is_empty() {
        return None;
    }

    let value_start = comment.end as usize - body[equals + 1..].trim_start().len();
    Some(Directive {
        key: Spanned::new(key, Span::of(name_start, name_start + name.len())),
        value: Spanned::new(
            value.to_owned(),
            Span::of(value_start, value_start + value.len()),
        ),
    })
}

fn check_length(text: &str, start: usize, end: usize, context: &mut Context) {
    if end - start <= MAX_LINE {
        return;
    }

    let mut at = start;

    while let Some(line) = physical(text, at).filter(|line| line.start < end) {
        if line.text.len() > MAX_LINE {
            let message = format!(
                "this line has {} bytes; the builder reads at most {MAX_LINE}",
                line.text.len()
            );
            let word = line
                .text
                .split_whitespace()
                .next()
                .map_or(1, str::len)
                .min(80);
            context.errors.push(SyntaxError::new(
                Span::of(line.start, line.start + word),
                message,
            ));
        }

        at = line.next;
    }
}

/// Reads the heredoc bodies that follow an instruction. Gives the offset after them.
fn heredocs(
    text: &str,
    mut at: usize,
    line: &Line,
    instruction: &mut Instruction,
    context: &mut Context,
    reach: &mut Reach,
) -> usize {
    let mut heredocs = Vec::new();

    for opener in instruction::heredocs(instruction, line) {
        let found = heredoc::body(text, at, &opener, *reach, resumes);
        let word = line.span(opener.range);
        let missing = found.terminator.is_none();

        if missing {
            let message = format!(
                "this heredoc is not closed, expected a line `{}`",
                opener.name
            );
            context.errors.push(SyntaxError::new(word, message));
            *reach = Reach::Window;
        }

        let terminator = found
            .terminator
            .unwrap_or(Span::new(found.body.end, found.body.end));
        at = found.next;
        instruction.span.end = instruction.span.end.max(terminator.end);
        heredocs.push(Heredoc {
            name: opener.name,
            word,
            descriptor: opener.descriptor,
            quoted: opener.quoted,
            strip_tabs: opener.strip_tabs,
            body: found.body,
            terminator,
        });

        if missing {
            break;
        }
    }

    if let Body::Onbuild(inner) = &mut instruction.body {
        inner.heredocs.clone_from(&heredocs);
        inner.span.end = instruction.span.end;
    }

    instruction.heredocs = heredocs;

    at
}

/// Whether a line looks like the next instruction, for recovery from a heredoc without an end.
fn resumes(line: &str) -> bool {
    let word = line.split([' ', '\t']).next().unwrap_or("");
    word.len() < line.len() && Keyword::ALL.iter().any(|(name, _)| *name == word)
}

/// Checks that a file has a stage and that nothing but ARG stands before it.
fn check_order(text: &str, instructions: &[Instruction], context: &mut Context) {
    let Some(last) = instructions.last() else {
        let start = text.len() - text.trim_start().len();
        let end = text[start..]
            .find(['\n', '\r'])
            .map_or(text.len(), |len| start + len);
        context.errors.push(SyntaxError::new(
            Span::of(start, end),
            "no instructions, expected at least `FROM`",
        ));
        return;
    };

    let is = |instruction: &Instruction, keyword| instruction.keyword.value == keyword;
    let before = |instruction: &&Instruction| {
        !is(instruction, Keyword::Arg) && !is(instruction, Keyword::Unknown)
    };

    match instructions.iter().find(before) {
        Some(first) if !is(first, Keyword::From) => {
            let from = instructions
                .iter()
                .find(|instruction| is(instruction, Keyword::From));
            let name = first.keyword.value.name();
            let message = format!("{name} is not allowed before the first FROM; only ARG is");
            let fault = Fault::new(FaultKind::BeforeFrom, first.keyword.span, message);
            context.faults.push(match from {
                Some(from) => fault.related(from.keyword.span, "the first stage begins here"),
                None => fault,
            });
        }

        None if instructions
            .iter()
            .all(|instruction| is(instruction, Keyword::Arg)) =>
        {
            let message = "no stage to build, expected `FROM` after this";
            context
                .faults
                .push(Fault::new(FaultKind::NoStage, last.keyword.span, message));
        }
        _ => {}
    }
}
