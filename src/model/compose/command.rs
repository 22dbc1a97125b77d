//! The commands of a service: a string in words, as Compose splits it, or a shell's.

use super::value::{Scalar, Value, ValueData, Variables};
use crate::model::{Code, Command, Item};
use crate::source::{OffsetMap, Span};

/// `command` or `entrypoint`: Compose splits a string into words itself, no shell runs it.
pub fn command(value: &Value<'_>, variables: &Variables) -> Option<Command> {
    let words = match &value.data {
        ValueData::Null => return None,
        ValueData::Scalar(scalar) => split_words(scalar, variables),
        ValueData::List(items) => items
            .iter()
            .filter_map(|item| word(item, variables))
            .collect(),
        ValueData::Map(_) | ValueData::Unknown => return None,
    };

    Some(Command::exec(value.location, words))
}

pub fn word(value: &Value<'_>, variables: &Variables) -> Option<Item> {
    let scalar = value.scalar()?;
    let text = scalar
        .text
        .as_deref()
        .unwrap_or(scalar.written())
        .to_owned();
    Some(Item::new(text, value.location, || {
        scalar.mapped(variables).1
    }))
}

fn split_words(scalar: &Scalar<'_>, variables: &Variables) -> Vec<Item> {
    let written = scalar.written();
    let mut words = Vec::new();
    let mut start: Option<usize> = None;
    let mut quote: Option<char> = None;
    let mut braces = 0_u32;
    let mut escaped = false;

    for (offset, letter) in written.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }

        match (letter, quote) {
            ('\\', None | Some('"')) => {
                escaped = true;
                start.get_or_insert(offset);
            }
            (_, Some(open)) if letter == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => {
                quote = Some(letter);
                start.get_or_insert(offset);
            }
            (_, None) if letter.is_whitespace() && braces == 0 => {
                if let Some(from) = start.take() {
                    words.push(split_word(scalar, Span::of(from, offset), variables));
                }
            }
            (_, None) => {
                let opens = letter == '{' && written[..offset].ends_with('$');
                braces = if opens {
                    braces + 1
                } else {
                    braces.saturating_sub(u32::from(letter == '}'))
                };

                start.get_or_insert(offset);
            }
        }
    }

    if let Some(from) = start {
        words.push(split_word(scalar, Span::of(from, written.len()), variables));
    }

    words
}

/// A word of a string that Compose splits.
fn split_word(scalar: &Scalar<'_>, span: Span, variables: &Variables) -> Item {
    let (text, map) = scalar.part(span, variables).mapped(variables);
    let value = unquote(&text);
    let is_in_quotes =
        text.len() == value.len() + 2 && text.get(1..).is_some_and(|rest| rest.starts_with(&value));

    // Of a word in one pair of quotes the map is known; of one with quotes and escapes inside, it
    // is not.
    let skipped = if text == value {
        Some(0)
    } else if is_in_quotes {
        Some(1)
    } else {
        None
    };

    Item {
        value,
        location: scalar.span(span),
        offsets: skipped.map(|count| map.skip(count)),
    }
}

/// A word as the program gets it: quotes and backslashes removed.
fn unquote(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut quote: Option<char> = None;
    let mut chars = word.chars();

    while let Some(letter) = chars.next() {
        match (letter, quote) {
            ('\\', None) => out.extend(chars.next()),
            ('\\', Some('"')) => match chars.next() {
                Some(next @ ('"' | '\\' | '$' | '`')) => out.push(next),
                Some(next) => out.extend(['\\', next]),
                None => out.push('\\'),
            },
            (_, Some(open)) if letter == open => quote = None,
            ('"' | '\'', None) => quote = Some(letter),
            _ => out.push(letter),
        }
    }

    out
}

/// A string that a shell runs. Compose's `$$` becomes `$`; its variables stay, for a shell writes
/// them the same way.
pub fn shell(value: &Value<'_>, scalar: &Scalar<'_>) -> Command {
    let (written, offsets) = (scalar.written(), scalar.offsets());
    let file = value.location.file;

    if !written.contains("$$") {
        return Command::Shell {
            location: value.location,
            code: Code::new(file, written, offsets),
        };
    }

    let mut text = String::with_capacity(written.len());
    let mut map = OffsetMap::default();

    for (offset, letter) in written.char_indices() {
        if letter == '$' && text.ends_with('$') && written[..offset].ends_with('$') {
            // The second of a pair: the first one represents both.
            map.push(text.len() as u32, offsets.offset(offset as u32) + 1);
            continue;
        }

        map.push(text.len() as u32, offsets.offset(offset as u32));
        text.push(letter);
    }

    Command::Shell {
        location: value.location,
        code: Code::new(file, text, map),
    }
}
