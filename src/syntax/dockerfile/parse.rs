//! The whole file: directives, instructions, heredoc bodies, and the order of instructions.

use super::escape::Escape;
use super::heredoc::{self, SearchLimit};
use super::instruction::{self, ParseContext};
use super::line::{LogicalLine, PhysicalLine, physical_line};
use super::tree::{
    Body, Directive, DirectiveKey, Dockerfile, Fault, FaultKind, Heredoc, Instruction, Keyword,
};
use crate::source::{Span, Spanned};
use crate::syntax::{Parsed, SyntaxError};

/// The length of the longest line that the builder accepts, in bytes.
const MAX_LINE: usize = 65_535;

/// Parses a Dockerfile.
pub fn parse(text: &str) -> Parsed<Dockerfile> {
    let mut tree = Dockerfile::default();
    let mut context = ParseContext::default();
    // Callers strip a byte order mark; one that is still here must not hide the first directive.
    let mut offset = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };

    offset = read_directives(text, offset, &mut tree, &mut context);
    let mut search_limit = SearchLimit::EndOfFile;
    let mut after_unknown = false;

    while let Some(first) = physical_line(text, offset) {
        if let Some(comment) = first.comment() {
            tree.comments.push(comment);
            offset = first.next;
            continue;
        }

        if first.text.trim_start().is_empty() {
            offset = first.next;
            continue;
        }

        let (line, next) = LogicalLine::join(text, first, context.escape, &mut tree.comments);
        check_length(text, first.start, next, &mut context);
        offset = next;
        let mut instruction = instruction::parse_instruction(line.whole(), &mut context);

        if instruction.keyword.value == Keyword::Unknown {
            // A missing continuation makes each of the following lines an unknown instruction; one
            // report is enough, unless the next line looks like a new instruction.
            let word = instruction::keyword(line.whole());
            if !after_unknown || word.text().bytes().all(|byte| byte.is_ascii_uppercase()) {
                instruction::report_unknown(word, &mut context);
            }
        }

        after_unknown = instruction.keyword.value == Keyword::Unknown;
        offset = read_heredocs(
            text,
            offset,
            &line,
            &mut instruction,
            &mut context,
            &mut search_limit,
        );
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

/// Reads the directives at the top. Returns the offset of the first line that is not a directive.
fn read_directives(
    text: &str,
    mut offset: usize,
    tree: &mut Dockerfile,
    context: &mut ParseContext,
) -> usize {
    while let Some(line) = physical_line(text, offset) {
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
            context.foreign = !is_standard_frontend(value);
        }

        tree.directives.push(directive);
        offset = line.next;
    }

    offset
}

/// Whether a frontend is one of the builder's, whose grammar this module implements.
fn is_standard_frontend(frontend: &str) -> bool {
    let image = frontend.split([':', '@', ' ']).next().unwrap_or("");
    image.ends_with("docker/dockerfile") || image.ends_with("docker/dockerfile-upstream")
}

fn directive(line: PhysicalLine) -> Option<Directive> {
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

fn check_length(text: &str, start: usize, end: usize, context: &mut ParseContext) {
    if end - start <= MAX_LINE {
        return;
    }

    let mut offset = start;

    while let Some(line) = physical_line(text, offset)
        && line.start < end
    {
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

        offset = line.next;
    }
}

/// Reads the heredoc bodies that follow an instruction. Returns the offset after them.
fn read_heredocs(
    text: &str,
    mut offset: usize,
    line: &LogicalLine,
    instruction: &mut Instruction,
    context: &mut ParseContext,
    search_limit: &mut SearchLimit,
) -> usize {
    let mut heredocs = Vec::new();

    for opener in instruction::heredocs(instruction, line) {
        let range = heredoc::find_body(text, offset, &opener, *search_limit, resumes);
        let word = line.span(opener.range);
        let is_unclosed = range.terminator.is_none();

        if is_unclosed {
            let message = format!(
                "this heredoc is not closed, expected a line `{}`",
                opener.name
            );
            context.errors.push(SyntaxError::new(word, message));
            *search_limit = SearchLimit::Window;
        }

        let terminator = range
            .terminator
            .unwrap_or(Span::new(range.body.end, range.body.end));
        offset = range.next;
        instruction.span.end = instruction.span.end.max(terminator.end);
        heredocs.push(Heredoc {
            name: opener.name,
            word,
            descriptor: opener.descriptor,
            quoted: opener.quoted,
            strip_tabs: opener.strip_tabs,
            body: range.body,
            terminator,
        });

        if is_unclosed {
            break;
        }
    }

    if let Body::Onbuild(inner) = &mut instruction.body {
        inner.heredocs.clone_from(&heredocs);
        inner.span.end = instruction.span.end;
    }

    instruction.heredocs = heredocs;

    offset
}

/// Whether a line looks like the next instruction, for recovery from a heredoc without an end.
fn resumes(line: &str) -> bool {
    let word = line.split([' ', '\t']).next().unwrap_or("");
    word.len() < line.len() && Keyword::ALL.iter().any(|(name, _)| *name == word)
}

/// Checks that a file has a stage and only ARG before it.
fn check_order(text: &str, instructions: &[Instruction], context: &mut ParseContext) {
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

    let first = instructions
        .iter()
        .find(|instruction| !matches!(instruction.keyword.value, Keyword::Arg | Keyword::Unknown));

    match first {
        Some(first) if first.keyword.value != Keyword::From => {
            let from = instructions
                .iter()
                .find(|instruction| instruction.keyword.value == Keyword::From);
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
            .all(|instruction| instruction.keyword.value == Keyword::Arg) =>
        {
            let message = "no stage to build, expected `FROM` after this";
            context
                .faults
                .push(Fault::new(FaultKind::NoStage, last.keyword.span, message));
        }
        _ => {}
    }
}
