//! What a service is told to run: a text in words, as Compose splits it, or a shell's.

use super::value::{Data, Scalar, Value, Variables};
use crate::model::{Code, Command};
use crate::source::{At, OffsetMap, Span};

/// `command` or `entrypoint`: Compose splits a text into words itself, no shell runs it.
pub fn command(value: &Value<'_>, variables: &Variables) -> Option<Command> {
    let words = match &value.data {
        Data::Null => return None,
        Data::Scalar(scalar) => split_words(scalar, variables),
        Data::List(items) => items.iter().filter_map(word).collect(),
        Data::Map(_) | Data::Unknown => return None,
    };
    Some(Command::Exec { place: value.place, words })
}

pub fn word(value: &Value<'_>) -> Option<At<String>> {
    let scalar = value.scalar()?;
    Some(At::new(scalar.text.as_deref().unwrap_or(scalar.written()).to_owned(), value.place))
}

fn split_words(scalar: &Scalar<'_>, variables: &Variables) -> Vec<At<String>> {
    let written = scalar.written();
    let mut words = Vec::new();
    let mut start: Option<usize> = None;
    let mut quote: Option<char> = None;
    let mut braces = 0_u32;
    let mut end_word = |from: usize, to: usize| {
        let span = Span::of(from, to);
        let part = scalar.part(span, variables);
        let text = part.text.as_deref().unwrap_or(part.written());
        words.push(At::new(unquote(text), scalar.span(span)));
    };
    let mut escaped = false;
    for (at, c) in written.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match (c, quote) {
            ('\\', None | Some('"')) => {
                escaped = true;
                start.get_or_insert(at);
            }
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => {
                quote = Some(c);
                start.get_or_insert(at);
            }
            (c, None) if c.is_whitespace() && braces == 0 => {
                if let Some(from) = start.take() {
                    end_word(from, at);
                }
            }
            (c, None) => {
                let opens = c == '{' && written[..at].ends_with('$');
                braces = if opens { braces + 1 } else { braces.saturating_sub(u32::from(c == '}')) };
                start.get_or_insert(at);
            }
        }
    }
    if let Some(from) = start {
        end_word(from, written.len());
    }
    words
}

/// A word as the program gets it: quotes and backslashes taken off.
fn unquote(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut quote: Option<char> = None;
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', None) => out.extend(chars.next()),
            ('\\', Some('"')) => match chars.next() {
                Some(next @ ('"' | '\\' | '$' | '`')) => out.push(next),
                Some(next) => out.extend(['\\', next]),
                None => out.push('\\'),
            },
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            (c, _) => out.push(c),
        }
    }
    out
}

/// A text that a shell runs. Compose's `$$` becomes `$`; its variables stay, for a shell writes them the same way.
pub fn shell(value: &Value<'_>, scalar: &Scalar<'_>) -> Command {
    let (written, offsets) = (scalar.written(), scalar.offsets());
    let file = value.place.file;
    if !written.contains("$$") {
        return Command::Shell { place: value.place, code: Code::new(file, written, offsets) };
    }
    let mut text = String::with_capacity(written.len());
    let mut map = OffsetMap::default();
    for (at, c) in written.char_indices() {
        if c == '$' && text.ends_with('$') && written[..at].ends_with('$') {
            // The second of a pair: the first one stands for both.
            map.push(text.len() as u32, offsets.offset(at as u32) + 1);
            continue;
        }
        map.push(text.len() as u32, offsets.offset(at as u32));
        text.push(c);
    }
    Command::Shell { place: value.place, code: Code::new(file, text, map) }
}
