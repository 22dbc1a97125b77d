//! Keeps secrets out of every report: what the findings list, what the scanner finds in a shown
//! line, in decoded form too, what its name makes secret, and the text of each of these wherever
//! else it appears.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::credential::{self, Writing};
use crate::engine::Outcome;
use crate::model::path_class;
use crate::source::{FileId, SourceFile, Span};

/// A secret shorter than this is likely a common word (`postgres`), which must stay readable in
/// messages, unless it has letters and digits.
const SHORTEST: usize = 12;
/// Shortest secret with letters and digits that is looked for in other texts.
const SHORTEST_MIXED: usize = 8;

/// What must not be printed.
#[derive(Debug)]
pub struct SecretFilter<'o> {
    /// What the run lists.
    listed: HashMap<FileId, &'o [Span]>,
    /// What must not be shown of each file; of those without findings, found when one is shown.
    hidden: Vec<OnceLock<Vec<Span>>>,
    texts: Option<AhoCorasick>,
}

impl<'o> SecretFilter<'o> {
    pub fn new(outcome: &'o Outcome) -> Self {
        let mut texts = HashSet::new();

        for (file, spans) in &outcome.secrets {
            let text = outcome
                .sources
                .get(file.0 as usize)
                .map_or("", |source| source.text.as_str());
            for secret in spans.iter().map(|span| span.text(text)) {
                forms(secret, &mut texts);
            }
        }

        let listed: HashMap<FileId, &[Span]> = outcome
            .secrets
            .iter()
            .map(|(file, spans)| (*file, spans.as_slice()))
            .collect();
        let shown: Vec<&SourceFile> = shown_files(outcome);
        let secrets = outcome.workers.map(&shown, |source| {
            hidden(source, listed.get(&source.id).copied())
        });

        let cells: Vec<OnceLock<Vec<Span>>> =
            outcome.sources.iter().map(|_| OnceLock::new()).collect();
        for (source, spans) in shown.into_iter().zip(secrets) {
            texts.extend(
                spans
                    .iter()
                    .flat_map(|span| pieces(span.text(&source.text))),
            );

            if let Some(cell) = cells.get(source.id.0 as usize) {
                // It is empty: each file is there once.
                let _ = cell.set(spans);
            }
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
            listed,
            hidden: cells,
            texts,
        }
    }

    /// What must not be shown of a file that no finding may be in.
    fn hidden(&self, source: &SourceFile) -> Cow<'_, [Span]> {
        let listed = self.listed.get(&source.id).copied();

        match self.hidden.get(source.id.0 as usize) {
            Some(cell) => Cow::Borrowed(cell.get_or_init(|| hidden(source, listed))),
            None => Cow::Owned(hidden(source, listed)),
        }
    }

    /// The text of a span with its secrets starred out. Bytes and characters keep their number.
    pub fn mask(&self, source: &SourceFile, span: Span) -> String {
        let text = span.text(&source.text);
        let spans = self.hidden(source);
        let first = spans.partition_point(|secret| secret.end <= span.start);
        let within = spans[first..]
            .iter()
            .take_while(|secret| secret.start < span.end);
        let mut local: Vec<Span> = within
            .map(|secret| {
                Span::new(
                    secret.start.saturating_sub(span.start),
                    secret.end.min(span.end) - span.start,
                )
            })
            .collect();
        local.extend(self.known(text));
        if local.is_empty() {
            text.to_owned()
        } else {
            credential::mask(text, &local)
        }
    }

    /// The text with every secret in it starred out. Bytes and characters keep their number.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut spans = credential::secret_spans(text, Writing::Data);
        spans.extend(self.known(text));
        if spans.is_empty() {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(credential::mask(text, &spans))
        }
    }

    /// Where a string repeats a secret that the run lists.
    fn known<'t>(&self, text: &'t str) -> impl Iterator<Item = Span> + use<'_, 't> {
        self.texts
            .iter()
            .flat_map(move |texts| texts.find_iter(text))
            .map(|hit| Span::of(hit.start(), hit.end()))
    }
}

/// The files that findings are about, each once.
fn shown_files(outcome: &Outcome) -> Vec<&SourceFile> {
    let locations = outcome.findings.iter().flat_map(|finding| {
        let related = finding.related.iter().map(|label| label.location);
        related.chain([finding.location])
    });

    let mut files: Vec<FileId> = locations.map(|location| location.file).collect();
    files.sort_unstable();
    files.dedup();

    files
        .into_iter()
        .filter_map(|file| outcome.sources.get(file.0 as usize))
        .collect()
}

/// What must not be shown of a file, sorted and disjoint.
fn hidden(source: &SourceFile, listed: Option<&[Span]>) -> Vec<Span> {
    let writing = if path_class::is_source(&source.path) {
        Writing::Code
    } else {
        Writing::Data
    };

    let mut spans = credential::secret_spans(&source.text, writing);
    spans.extend_from_slice(listed.unwrap_or_default());

    credential::disjoint(spans)
}

/// The parts of a secret between quotes, escapes and line ends: a message may quote one of them.
fn pieces(secret: &str) -> impl Iterator<Item = String> {
    let words =
        secret.split(|char: char| !char.is_ascii_alphanumeric() && !"_-+/.=".contains(char));
    // The sign of `${A:-x}` is not a part of `x`.
    let pieces = words.map(|word| word.trim_start_matches(['-', '+', '=']));
    pieces
        .filter(|piece| is_mixed(piece) && is_distinct(piece))
        .map(str::to_owned)
}

/// The forms in which a secret may be seen elsewhere: its lines, for a key block is many of them,
/// decoded and as base64.
fn forms(secret: &str, texts: &mut HashSet<String>) {
    let mut written: Vec<String> = secret.lines().map(|line| line.trim().to_owned()).collect();
    written.extend(credential::unescaped(secret));
    let decoded = credential::base64(secret.trim()).and_then(|bytes| String::from_utf8(bytes).ok());
    written.extend(
        decoded
            .iter()
            .flat_map(|decoded| decoded.lines())
            .map(|line| line.trim().to_owned()),
    );

    for form in written.into_iter().filter(|form| is_distinct(form)) {
        texts.extend(credential::as_base64(&form));
        texts.insert(form);
    }
}

/// Whether a secret differs from words that a report needs.
fn is_distinct(text: &str) -> bool {
    let shortest = if is_mixed(text) && credential::default_credential(text).is_none() {
        SHORTEST_MIXED
    } else {
        SHORTEST
    };
    text.len() >= shortest && !text.starts_with("-----")
}

fn is_mixed(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
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
        let secrets = SecretFilter::new(&outcome);
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

    #[test]
    fn a_listed_secret_is_known_in_its_other_forms() {
        let secret = ["qv7Lw2Zr", "8xTk2vMn"].concat();
        let text = format!(
            "a: \"{}\\x{:02x}{}\"\n",
            &secret[..4],
            secret.as_bytes()[4],
            &secret[5..]
        );
        let mut outcome = sample::outcome(&[("a.yaml", &text)], Vec::new());
        outcome.secrets = vec![(FileId(0), vec![Span::of(4, text.len() - 2)])];
        let secrets = SecretFilter::new(&outcome);

        assert!(!secrets.scrub(&format!("saw {secret}!")).contains(&secret));

        for shift in ["", "x", "xy"] {
            let bytes = format!("{shift}{secret}:user");
            let encoded = credential::as_base64(&bytes).swap_remove(0);
            let shown = secrets.scrub(&encoded).into_owned();
            assert!(shown.matches('*').count() >= 18, "{encoded}: {shown}");
        }
    }
}
