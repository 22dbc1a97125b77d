//! One read of an environment variable in tokens: its name, and what follows if it is missing.

use super::code_facts::{CodeFacts, EnvRead, EnvRequirement};
use super::lex::Tokens;
use crate::source::{Span, Spanned};

/// A read of a variable, unless the name cannot be one.
pub fn add(facts: &mut CodeFacts, (name, span): (&str, Span), need: EnvRequirement) {
    let valid = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if valid && !name.as_bytes()[0].is_ascii_digit() {
        facts.reads.push(EnvRead {
            name: Spanned::new(name.to_owned(), span),
            need,
        });
    }
}

/// A read after which the program continues without a value, or with a value of its own.
pub fn add_optional(facts: &mut CodeFacts, name: (&str, Span), has_default: bool) {
    let need = if has_default {
        EnvRequirement::Defaulted
    } else {
        EnvRequirement::Optional
    };

    add(facts, name, need);
}

/// Notes that the program sets a variable itself.
pub fn set(facts: &mut CodeFacts, name: Option<(&str, Span)>) {
    facts.sets.extend(name.map(|(name, _)| name.to_owned()));
}

/// Whether an assignment, and not a comparison, is at an index.
pub fn is_assigned(tokens: &Tokens, index: usize) -> bool {
    tokens.sign(index) == b'=' && !matches!(tokens.sign(index + 1), b'=' | b'~')
}

/// A call whose first argument is a name: the name, and whether more arguments follow. `open` is
/// its parenthesis.
pub fn first_argument<'t>(tokens: &Tokens<'t>, open: usize) -> Option<((&'t str, Span), bool)> {
    let name = tokens.text(open + 1)?;
    let more = tokens.sign(open + 2) == b',' && tokens.close(open) > open + 3;
    matches!(tokens.sign(open + 2), b',' | b')').then_some((name, more))
}

/// A call that reads; `without` is what it means for the program if nothing else is given.
pub fn read_call(tokens: &Tokens, open: usize, without: EnvRequirement, facts: &mut CodeFacts) {
    match first_argument(tokens, open) {
        Some((name, more)) => {
            let otherwise = more || is_otherwise(tokens, tokens.close(open) + 1);
            add(
                facts,
                name,
                if otherwise {
                    EnvRequirement::Defaulted
                } else {
                    without
                },
            );
        }
        None => facts.reads_any = true,
    }
}

/// Whether what follows gives another value: `or x`, `|| x`, `?? x`, `?: x`.
pub fn is_otherwise(tokens: &Tokens, index: usize) -> bool {
    tokens.word(index) == "or"
        || matches!(
            (tokens.sign(index), tokens.sign(index + 1)),
            (b'|', b'|') | (b'?', b'?' | b':')
        )
}
