//! What a service is told to run: a text in words, as Compose splits it, or a shell's.

use super::value::{Data, Scalar, Value, Variables};
use crate::model::{Code, Command, Item};
use crate::source::{OffsetMap, Span};

/// `command` or `entrypoint`: Compose splits a text into words itself, no shell runs it.
pub fn command(value: &Value<'_>, variables: &Variables) -> Option<Command> {
    let words = match &value.data {
        Data::Null => return None,
        Data::Scalar(scalar) => split_words(scalar, variables),
        Data::List(items) => items
            .iter()
            .filter_map(|item| word(item, variables))
            .collect(),
        Data::Map(_) | Data::Unknown => return None,
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
    let mut end_word = |from: usize, to: usize| {
        let span = Span::of(from, to);
        let (text, map) = scalar.part(span, variables).mapped(variables);
        let value = unquote(&text);
        // Of a word in one pair of quotes the map is known; where quotes and escapes stand inside,
        // it is not.
        let quotes = (text.len() == value.len() + 2
            && text.get(1..).is_some_and(|rest| rest.starts_with(&value)))
        .then_some(1);
        let before = if text == value { Some(0) } else { quotes };
        words.push(Item {
            value,
            location: scalar.span(span),
            offsets: before.map(|count| map.skip(count)),
        });
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
                braces = if opens {
                    braces + 1
                } else {
                    braces.saturating_sub(u32::from(c == '}'))
                };

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

/// A text that a shell runs. Compose's `$$` becomes `$`; its variables stay, for a shell writes
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

    for (at, c) in written.char_indices() {
        if c == '$' && text.ends_with('$') && written[..at].ends_with('$') {
            // The second of a pair: the first one stands for both.
            map.push(text.len() as u32, offsets.offset(at as u32) + 1);
            continue;
        }

        map.push(text.len() as u32, offsets.offset(at as u32));
        text.push(c);
    }

    Command::Shell {
        location: value.location,
        code: Code::new(file, text, map),
    }
}
