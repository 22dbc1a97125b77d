//! Keeps secrets out of every report: spans that hold one are starred out, and so is their text
//! wherever else it appears.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::credential;
use crate::engine::Outcome;
use crate::source::{FileId, SourceFile, Span};

/// A secret shorter than this is likely a common word (`postgres`), which must stay readable in
/// messages. Rules word their messages without secrets; this is the net below them.
const SHORTEST: usize = 12;

/// What must not be printed.
#[derive(Debug)]
pub struct Secrets<'o> {
    spans: HashMap<FileId, &'o [Span]>,
    texts: Option<AhoCorasick>,
}

impl<'o> Secrets<'o> {
    pub fn new(outcome: &'o Outcome) -> Self {
        let mut texts = HashSet::new();

        for (file, spans) in &outcome.secrets {
            let text = outcome
                .sources
                .get(file.0 as usize)
                .map_or("", |source| source.text.as_str());
            // A key block is many lines, of which a report may show one.
            let lines = spans.iter().flat_map(|span| span.text(text).lines());
            texts.extend(
                lines
                    .map(str::trim)
                    .filter(|line| line.len() >= SHORTEST && !line.starts_with("-----")),
            );
        }

        let mut builder = AhoCorasick::builder();
        // Quick to make; messages are short, and hardly one of them holds a secret.
        builder.kind(Some(AhoCorasickKind::ContiguousNFA));
        let texts = if texts.is_empty() {
            None
        } else {
            builder
                .match_kind(MatchKind::LeftmostLongest)
                .build(texts)
                .ok()
        };

        Self {
            spans: outcome
                .secrets
                .iter()
                .map(|(file, spans)| (*file, spans.as_slice()))
                .collect(),
            texts,
        }
    }

    /// The text of a span with its secrets starred out. Bytes and characters keep their number.
    pub fn mask(&self, source: &SourceFile, span: Span) -> String {
        let text = span.text(&source.text);
        let spans = self.spans.get(&source.id).copied().unwrap_or_default();
        let first = spans.partition_point(|secret| secret.end <= span.start);
        let within = spans[first..]
            .iter()
            .take_while(|secret| secret.start < span.end);
        let local: Vec<Span> = within
            .map(|secret| {
                Span::new(
                    secret.start.saturating_sub(span.start),
                    secret.end.min(span.end) - span.start,
                )
            })
            .collect();
        let masked = if local.is_empty() {
            text.to_owned()
        } else {
            credential::mask(text, &local)
        };

        self.scrub(&masked).into_owned()
    }

    /// The text with every known secret in it starred out. Bytes and characters keep their number.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(texts) = &self.texts else {
            return Cow::Borrowed(text);
        };

        let spans: Vec<Span> = texts
            .find_iter(text)
            .map(|found| Span::of(found.start(), found.end()))
            .collect();
        if spans.is_empty() {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(credential::mask(text, &spans))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn stars_out_spans_and_their_text_elsewhere() {
        let token = format!("{}{}", "tok_", "€1b2c3d4e5f6");
        let text = format!("a: {token}\nb: {token}\n");
        let mut outcome = sample::outcome(&[("a.yaml", &text)], Vec::new());
        outcome.secrets = vec![(FileId(0), vec![Span::of(3, 3 + token.len())])];
        let secrets = Secrets::new(&outcome);
        let stars = format!("****•{}", "*".repeat(11));
        let source = &outcome.sources[0];
        assert_eq!(
            secrets.mask(source, Span::of(0, text.len())),
            format!("a: {stars}\nb: {stars}\n")
        );
        assert_eq!(secrets.mask(source, Span::of(3, 7)), "****");
        assert_eq!(
            secrets.scrub(&format!("saw {token}!")),
            format!("saw {stars}!")
        );
        assert_eq!(secrets.scrub("saw tok_!"), "saw tok_!");
    }
}
