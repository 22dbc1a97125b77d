//! The grammar of a suppression comment, and the lines it speaks of.

use super::Date;
use crate::source::{SourceFile, Span};

/// What every suppression has in it.
pub const WORD: &str = "deploylint:";

/// One suppression comment.
#[derive(Debug)]
pub struct Directive<'s> {
    /// The whole comment.
    pub comment: Span,
    /// From the verb to the closing bracket; to the end of the comment where there is a fault.
    pub body: Span,
    /// Nothing but the suppression stands in the comment.
    pub alone: bool,
    pub file_wide: bool,
    pub names: Vec<Name<'s>>,
    pub until: Option<Until>,
    /// Words follow.
    pub explained: bool,
    /// Why it cannot be read; then it hides nothing.
    pub fault: Option<&'static str>,
}

/// A rule's name between the brackets.
#[derive(Debug)]
pub struct Name<'s> {
    pub text: &'s str,
    pub span: Span,
}

/// The last day.
#[derive(Debug)]
pub struct Until {
    pub span: Span,
    pub date: Option<Date>,
    pub holds: bool,
}

impl Directive<'_> {
    /// Whether it hides anything at all.
    pub fn holds(&self) -> bool {
        self.fault.is_none() && self.until.as_ref().is_none_or(|until| until.holds)
    }
}

/// Reads a comment; `None` if it is not addressed to us. `# words # deploylint: …` is, `# see
/// deploylint: …` is not.
pub fn parse(text: &str, comment: Span, today: Date) -> Option<Directive<'_>> {
    let said = comment.text(text);
    let word = said.find(WORD)?;
    let before = said[..word].trim_end();
    if !before.ends_with('#') {
        return None;
    }

    let mut cursor = Cursor {
        text,
        at: comment.start as usize + word + WORD.len(),
        end: comment.end as usize,
    };

    cursor.skip_blanks();
    let body = cursor.at;
    let mut directive = Directive {
        comment,
        body: Span::of(body, body + cursor.rest().trim_end().len()),
        alone: before.trim_start_matches('#').is_empty(),
        file_wide: false,
        names: Vec::new(),
        until: None,
        explained: false,
        fault: None,
    };

    let verb = cursor.take_while(|char| char.is_ascii_alphanumeric() || char == '-' || char == '_');
    directive.file_wide = verb.text(text) == "ignore-file";

    if !directive.file_wide && verb.text(text) != "ignore" {
        directive.fault = Some("expected `ignore[…]` or `ignore-file[…]`");
        return Some(directive);
    }

    cursor.skip_blanks();
    let Some(inner) = cursor.brackets() else {
        directive.fault = Some("expected rule names in brackets");
        return Some(directive);
    };

    directive.body.end = cursor.at as u32;

    for part in parts(text, inner) {
        match date_after(text, part) {
            Some(span) => directive.until = Some(until(text, span, today)),
            None => directive.names.push(Name {
                text: part.text(text),
                span: part,
            }),
        }
    }

    if directive.names.is_empty() {
        directive.body.end = comment.end;
        directive.fault = Some("expected at least one rule in brackets");
        return Some(directive);
    }

    cursor.skip_blanks();
    let tail = Span::of(cursor.at, cursor.end);

    if let Some(span) = date_after(text, tail) {
        let word = Span::of(
            span.start as usize,
            span.start as usize + first_word(span.text(text)),
        );
        directive.until = Some(until(text, word, today));
        cursor.at = word.end as usize;
    }

    directive.explained = cursor.rest().chars().any(char::is_alphanumeric);

    Some(directive)
}

/// The lines (zero-based) on which a comment hides findings: its own, and the next one with code if
/// nothing but comments stands between them.
pub fn lines(source: &SourceFile, comment: Span) -> [Option<usize>; 2] {
    let (text, index) = (&source.text, source.lines());
    let own = index.line(comment.start);
    if !Span::new(index.start(own), comment.start)
        .text(text)
        .trim()
        .is_empty()
    {
        return [Some(own), None];
    }

    let next = (own + 1..index.count()).find(|&line| {
        !index
            .span(line, text)
            .text(text)
            .trim_start()
            .starts_with('#')
    });

    [
        Some(own),
        next.filter(|&line| !index.span(line, text).text(text).trim().is_empty()),
    ]
}

fn until(text: &str, span: Span, today: Date) -> Until {
    let date = Date::parse(span.text(text));
    Until {
        span,
        date,
        holds: date.is_some_and(|date| date >= today),
    }
}

/// What follows `until` and an equals sign or blank, if the span begins so.
fn date_after(text: &str, span: Span) -> Option<Span> {
    let said = span.text(text);
    let rest = said.strip_prefix("until")?;
    let value = rest.trim_start_matches(['=', ' ', '\t', ':']);
    (value.len() < rest.len()).then(|| Span::new(span.end - value.len() as u32, span.end))
}

fn first_word(text: &str) -> usize {
    text.find(|char: char| char.is_whitespace() || char == ',' || char == ';')
        .unwrap_or(text.len())
}

/// The trimmed, comma-separated parts of a span that are not empty.
fn parts(text: &str, inner: Span) -> Vec<Span> {
    let mut start = inner.start as usize;
    let mut found = Vec::new();

    for part in inner.text(text).split(',') {
        let trimmed = part.trim();

        if !trimmed.is_empty() {
            let begin = start + (part.len() - part.trim_start().len());
            found.push(Span::of(begin, begin + trimmed.len()));
        }

        start += part.len() + 1;
    }

    found
}

struct Cursor<'s> {
    text: &'s str,
    at: usize,
    end: usize,
}

impl<'s> Cursor<'s> {
    fn rest(&self) -> &'s str {
        &self.text[self.at..self.end]
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> Span {
        let start = self.at;
        self.at += self
            .rest()
            .find(|char| !keep(char))
            .unwrap_or(self.rest().len());
        Span::of(start, self.at)
    }

    /// What stands between `[` here and the next `]`.
    fn brackets(&mut self) -> Option<Span> {
        let inner = self.rest().strip_prefix('[')?;
        let close = inner.find(']')?;
        let start = self.at + 1;
        self.at = start + close + 1;
        Some(Span::of(start, start + close))
    }
}
