//! The grammar of a suppression comment, and the lines that it applies to.

use super::Date;
use crate::source::{SourceFile, Span};

/// The word that every suppression contains.
pub const WORD: &str = "deploylint:";

/// One suppression comment.
#[derive(Debug)]
pub struct Directive<'s> {
    /// The whole comment.
    pub comment: Span,
    /// From the verb to the closing bracket; to the end of the comment where there is a fault.
    pub body: Span,
    /// The comment contains only the suppression.
    pub alone: bool,
    pub file_wide: bool,
    pub names: Vec<Name<'s>>,
    pub until: Option<Until>,
    /// A reason follows.
    pub explained: bool,
    /// Why the comment is invalid; then it hides nothing.
    pub fault: Option<&'static str>,
}

/// A rule's name between the brackets.
#[derive(Debug)]
pub struct Name<'s> {
    pub text: &'s str,
    pub span: Span,
}

/// The last day of a suppression.
#[derive(Debug)]
pub struct Until {
    pub span: Span,
    pub date: Option<Date>,
    pub holds: bool,
}

impl Directive<'_> {
    /// Whether the suppression hides findings: it has no fault, and has not expired.
    pub fn is_active(&self) -> bool {
        self.fault.is_none() && self.until.as_ref().is_none_or(|until| until.holds)
    }
}

/// The suppression in a comment; `None` if it has none. `# words # deploylint: …` is one, `# see
/// deploylint: …` is not.
pub fn parse(text: &str, comment: Span, today: Date) -> Option<Directive<'_>> {
    let content = comment.text(text);
    let word = content.find(WORD)?;
    let before = content[..word].trim_end();
    if !before.ends_with('#') {
        return None;
    }

    let mut cursor = Cursor {
        text,
        offset: comment.start as usize + word + WORD.len(),
        end: comment.end as usize,
    };

    cursor.skip_blanks();
    let body = cursor.offset;
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

    directive.body.end = cursor.offset as u32;

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
    let tail = Span::of(cursor.offset, cursor.end);

    if let Some(span) = date_after(text, tail) {
        let word = Span::of(
            span.start as usize,
            span.start as usize + first_word(span.text(text)),
        );
        directive.until = Some(until(text, word, today));
        cursor.offset = word.end as usize;
    }

    directive.explained = cursor.rest().chars().any(char::is_alphanumeric);

    Some(directive)
}

/// The lines (zero-based) on which a comment hides findings: its own, and the next line with code if
/// only comments are between them.
pub fn lines(source: &SourceFile, comment: Span) -> [Option<usize>; 2] {
    let (text, index) = (&source.text, source.lines());
    let line = index.line(comment.start);
    if !Span::new(index.start(line), comment.start)
        .text(text)
        .trim()
        .is_empty()
    {
        return [Some(line), None];
    }

    let next = (line + 1..index.count()).find(|&next| {
        !index
            .span(next, text)
            .text(text)
            .trim_start()
            .starts_with('#')
    });

    [
        Some(line),
        next.filter(|&next| !index.span(next, text).text(text).trim().is_empty()),
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

/// The span after `until` and an equals sign or blank, if it starts so.
fn date_after(text: &str, span: Span) -> Option<Span> {
    let rest = span.text(text).strip_prefix("until")?;
    let value = rest.trim_start_matches(['=', ' ', '\t', ':']);
    if value.len() == rest.len() {
        return None;
    }

    Some(Span::new(span.end - value.len() as u32, span.end))
}

fn first_word(text: &str) -> usize {
    text.find(|char: char| char.is_whitespace() || char == ',' || char == ';')
        .unwrap_or(text.len())
}

/// The trimmed, comma-separated parts of a span that are not empty.
fn parts(text: &str, inner: Span) -> Vec<Span> {
    let mut start = inner.start as usize;
    let mut spans = Vec::new();

    for part in inner.text(text).split(',') {
        let trimmed = part.trim();

        if !trimmed.is_empty() {
            let begin = start + (part.len() - part.trim_start().len());
            spans.push(Span::of(begin, begin + trimmed.len()));
        }

        start += part.len() + 1;
    }

    spans
}

struct Cursor<'s> {
    text: &'s str,
    offset: usize,
    end: usize,
}

impl<'s> Cursor<'s> {
    fn rest(&self) -> &'s str {
        &self.text[self.offset..self.end]
    }

    fn skip_blanks(&mut self) {
        self.offset += self.rest().len() - self.rest().trim_start().len();
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> Span {
        let start = self.offset;
        self.offset += self
            .rest()
            .find(|char| !keep(char))
            .unwrap_or(self.rest().len());
        Span::of(start, self.offset)
    }

    /// The span between a `[` at the cursor and the next `]`.
    fn brackets(&mut self) -> Option<Span> {
        let inner = self.rest().strip_prefix('[')?;
        let close = inner.find(']')?;
        let start = self.offset + 1;
        self.offset = start + close + 1;
        Some(Span::of(start, start + close))
    }
}
