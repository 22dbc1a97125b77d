//! Fields of classes that derive from pydantic's `BaseSettings`: each reads a variable.

use super::code_facts::{CodeFacts, EnvRequirement};
use super::env_read::{add, is_assigned};
use super::lex::{TokenKind, Tokens};
use crate::source::Span;

/// How many settings classes of a file are remembered as bases. A file has a handful of them; a
/// hostile one must not cost the square of its length.
const MAX_CLASSES: usize = 64;

/// How far back a bracket is searched that is open around a token.
const MAX_DISTANCE: usize = 64;

/// A settings class: others may derive from it and inherit its prefix.
struct SettingsClass<'t> {
    name: &'t str,
    prefix: String,
}

/// Adds the fields of a file's settings classes, in its order.
pub fn find(tokens: &Tokens, facts: &mut CodeFacts) {
    let mut known = vec![SettingsClass {
        name: "BaseSettings",
        prefix: String::new(),
    }];
    let mut index = 0;

    while index < tokens.count() {
        let (name, open) = (tokens.word(index + 1), index + 2);
        let is_class = tokens.word(index) == "class"
            && tokens.sign(open) == b'('
            && tokens.get(index).is_some_and(|token| token.first);
        if !is_class {
            index += 1;
            continue;
        }

        let close = tokens.close(open);
        let base = (open + 1..close)
            .find_map(|base| known.iter().find(|class| class.name == tokens.word(base)));
        let Some(base) = base else {
            index = close.max(index + 1);
            continue;
        };

        let end = body_end(tokens, close + 1, indent(tokens, index));
        let prefix = (open..end)
            .find(|&index| tokens.reads(index, &["env_prefix", "="]))
            .and_then(|index| tokens.text(index + 2))
            .map_or_else(|| base.prefix.clone(), |(prefix, _)| prefix.to_owned());

        add_fields(tokens, close + 1, end, &prefix, facts);

        if known.len() < MAX_CLASSES {
            known.push(SettingsClass { name, prefix });
        }

        index = end.max(index + 1);
    }
}

/// The index after a class body: that of the next line that is not further in than the class.
fn body_end(tokens: &Tokens, begin: usize, margin: usize) -> usize {
    (begin..tokens.count())
        .find(|&index| {
            let begins_line = tokens
                .get(index)
                .is_some_and(|token| token.first && token.kind != TokenKind::Text);
            begins_line && indent(tokens, index) <= margin
        })
        .unwrap_or(tokens.count())
}

/// The column of a token, in bytes.
fn indent(tokens: &Tokens, index: usize) -> usize {
    let start = tokens
        .get(index)
        .map_or(0, |token| token.span.start as usize);
    let line = tokens.source[..start].rfind('\n').map_or(0, |end| end + 1);

    start - line
}

fn is_first(tokens: &Tokens, index: usize) -> bool {
    tokens.get(index).is_some_and(|token| token.first)
}

/// Adds the annotated fields of a class body.
fn add_fields(tokens: &Tokens, begin: usize, end: usize, prefix: &str, facts: &mut CodeFacts) {
    // The body's own margin; what is further in belongs to methods.
    let Some(first) = (begin..end).find(|&index| is_first(tokens, index)) else {
        return;
    };

    let margin = indent(tokens, first);
    let starts: Vec<usize> = (begin..end)
        .filter(|&index| is_first(tokens, index) && indent(tokens, index) == margin)
        .collect();

    for (number, &start) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(end);
        add_field(tokens, start, end, prefix, facts);
    }
}

/// Adds a field from its tokens: `name: annotation = value`.
fn add_field(tokens: &Tokens, start: usize, end: usize, prefix: &str, facts: &mut CodeFacts) {
    let name = tokens.word(start);
    let is_field = !name.is_empty() && !name.starts_with('_') && name != "model_config";
    if !is_field || tokens.sign(start + 1) != b':' {
        return;
    }

    let annotation = start + 2;
    let value = (annotation..end)
        .find(|&index| is_assigned(tokens, index) && !is_inside_brackets(tokens, index, end));
    let words: Vec<&str> = (annotation..value.unwrap_or(end))
        .map(|index| tokens.word(index))
        .collect();
    if words.contains(&"ClassVar") {
        return;
    }

    let is_optional = words
        .iter()
        .any(|word| matches!(*word, "Optional" | "None"));
    let has_default = match value {
        None => is_optional,
        Some(value) if tokens.word(value + 1) == "Field" => {
            field_has_default(tokens, value, end) || is_optional
        }
        Some(value) => tokens.sign(value + 1) != b'.',
    };
    let need = if has_default {
        EnvRequirement::Defaulted
    } else {
        EnvRequirement::Required
    };

    let aliases = aliases(tokens, annotation, end);

    if aliases.is_empty()
        && let Some(token) = tokens.get(start)
    {
        let variable = format!("{prefix}{name}").to_ascii_uppercase();
        add(facts, (&variable, token.span), need);
    }

    for (alias, span) in aliases {
        add(facts, (&alias.to_ascii_uppercase(), span), need);
    }
}

/// Whether `Field(…)` behind the `=` at an index has a default, by name or as its first argument.
fn field_has_default(tokens: &Tokens, equals: usize, end: usize) -> bool {
    let first = equals + 3;
    let is_named = (first..end).any(|index| {
        matches!(tokens.word(index), "default" | "default_factory")
            && is_assigned(tokens, index + 1)
    });

    // `...` says that there is none.
    let is_leading = !matches!(tokens.sign(first), b'.' | b')') && !is_assigned(tokens, first + 1);

    is_named || is_leading
}

/// Whether a token is in brackets that opened on the way: `x: Annotated[str, Field(a=1)]`.
fn is_inside_brackets(tokens: &Tokens, index: usize, end: usize) -> bool {
    let start = tokens.get(index).map_or(0, |token| token.span.start);

    for back in (index.saturating_sub(MAX_DISTANCE)..index).rev() {
        let close = tokens.close(back);
        if matches!(tokens.sign(back), b'(' | b'[' | b'{') && close > index && close <= end {
            return true;
        }

        if tokens
            .get(back)
            .is_some_and(|token| token.first && token.span.start < start)
        {
            return false;
        }
    }

    false
}

/// The names that a field's `alias`, `validation_alias` or `env` gives.
fn aliases<'t>(tokens: &Tokens<'t>, begin: usize, end: usize) -> Vec<(&'t str, Span)> {
    let keyword = (begin..end)
        .filter(|&index| {
            matches!(tokens.word(index), "alias" | "validation_alias" | "env")
                && is_assigned(tokens, index + 1)
        })
        .max_by_key(|&index| tokens.word(index) == "validation_alias");
    let Some(keyword) = keyword else {
        return Vec::new();
    };

    if let Some(name) = tokens.text(keyword + 2) {
        return vec![name];
    }

    // A list, or `AliasChoices(…)`.
    let open = if tokens.sign(keyword + 2) == b'[' {
        keyword + 2
    } else {
        keyword + 3
    };

    (open + 1..tokens.close(open).min(end))
        .filter_map(|index| tokens.text(index))
        .collect()
}
