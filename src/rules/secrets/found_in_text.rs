//! `provider-token`, `private-key`, `connection-string`: credentials that any text file shows by
//! their form.
//!
//! Places that a format gives a meaning belong to other rules.

use std::collections::HashMap;

use crate::analysis::Analysis;
use crate::analysis::secret_exposure::{self, Strength};
use crate::credential::{Certainty, Hit, HitKind, is_comment, redact};
use crate::finding::{Confidence, Finding, Sink};
use crate::model::facts::FileFacts;
use crate::source::{SourceFile, Span};

/// `provider-token`
pub fn token(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    report(
        ctx,
        source,
        facts,
        |hit| matches!(hit.kind, HitKind::ProviderToken { .. }),
        sink,
    );
}

/// `private-key`
pub fn key(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    report(
        ctx,
        source,
        facts,
        |hit| matches!(hit.kind, HitKind::PrivateKey { .. }),
        sink,
    );
}

/// `connection-string`
pub fn connection(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    report(
        ctx,
        source,
        facts,
        |hit| matches!(hit.kind, HitKind::ConnectionString { .. }),
        sink,
    );
}

/// Reports the hits of one kind; the same secret once for each file.
fn report(
    ctx: &Analysis,
    source: &SourceFile,
    facts: &FileFacts,
    is_kind: fn(&Hit) -> bool,
    sink: &mut Sink,
) {
    if !facts.hits.iter().any(is_kind) {
        return;
    }

    let covered = CoveredSpans::of(secret_exposure::covered_spans(ctx, source.id, facts));
    let hits = facts
        .hits
        .iter()
        .filter(|hit| is_kind(hit) && !covered.hold(hit.at.start));
    let mut secrets: Vec<(&str, Vec<&Hit>)> = Vec::new();
    let mut index_of: HashMap<&str, usize> = HashMap::new();

    for hit in hits {
        let text = hit.span.text(&source.text);
        let index = *index_of.entry(text).or_insert(secrets.len());

        match secrets.get_mut(index) {
            Some((_, hits)) => hits.push(hit),
            None => secrets.push((text, vec![hit])),
        }
    }

    for (text, hits) in secrets {
        sink.report(finding(ctx, source, text, &hits));
    }
}

/// The finding for a secret at some places of a file, the first of which is shown.
fn finding(ctx: &Analysis, source: &SourceFile, text: &str, hits: &[&Hit]) -> Finding {
    let hit = hits[0];
    let (message, label) = message_and_label(hit, text);
    let mut finding = Finding::new(source.location(hit.at), message)
        .label(label)
        .help(help(&hit.kind))
        .also_at(hits[1..].iter().map(|hit| source.location(hit.at)));
    finding.confidence = match hit.certainty {
        Certainty::Certain => Confidence::High,
        Certainty::Likely => Confidence::Medium,
        Certainty::Possible => Confidence::Low,
    };

    for case in cases(ctx, hit, source) {
        finding = finding.case(case);
    }

    for hit in hits {
        finding = finding.secret(source.location(hit.span));
    }

    finding
}

/// Sorted spans, each lengthened to the farthest end of those before it: the last one that begins
/// before a hit holds it, if any does.
struct CoveredSpans(Vec<Span>);

impl CoveredSpans {
    fn of(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable();
        let mut farthest = 0;
        for span in &mut spans {
            farthest = span.end.max(farthest);
            span.end = farthest;
        }

        Self(spans)
    }

    fn hold(&self, offset: u32) -> bool {
        let before = self.0.partition_point(|span| span.start <= offset);
        self.0[..before]
            .last()
            .is_some_and(|span| span.end > offset)
    }
}

/// What is known of a hit that lowers the level.
fn cases(ctx: &Analysis, hit: &Hit, source: &SourceFile) -> Vec<&'static str> {
    let is_practice = !ctx.facts.is_production(source.id);
    let mut cases = Vec::new();
    if is_practice {
        cases.push("practice");
    }

    match secret_exposure::strength(hit) {
        Strength::Local => cases.push("local"),
        Strength::Guessable(_) => {
            cases.push("guessable");
            if is_comment(source.text.as_bytes(), hit.at.start as usize) {
                cases.push("guessable-in-comment");
            }
            if is_practice {
                cases.push("guessable-in-practice");
            }
        }
        Strength::Live => {
            let is_uncertain = hit.certainty == Certainty::Possible;
            if hit.weak {
                cases.push("weak");
            }
            if is_uncertain {
                cases.push("uncertain");
            }
            if is_practice && (hit.weak || is_uncertain) {
                cases.push("weak-in-practice");
            }
        }
        Strength::Chosen => {}
    }

    cases
}

fn message_and_label(hit: &Hit, text: &str) -> (String, String) {
    match &hit.kind {
        HitKind::ProviderToken { .. } => {
            let what = secret_exposure::describe(&hit.kind);
            (format!("{what} is in the repository"), redact(text))
        }
        HitKind::PrivateKey { label } => (
            "a private key is in the repository".to_owned(),
            label.to_ascii_lowercase(),
        ),
        HitKind::ConnectionString {
            scheme, user, host, ..
        } => {
            let owner = if user.is_empty() {
                String::new()
            } else {
                format!(" of `{user}`")
            };

            (
                format!("this `{scheme}` URL contains the password{owner}"),
                format!("for `{host}`"),
            )
        }
    }
}

const fn help(kind: &HitKind) -> &'static str {
    match kind {
        HitKind::ProviderToken { .. } => {
            "revoke it, and keep its replacement outside git; deleting the line leaves it in the \
             history"
        }
        HitKind::PrivateKey { .. } => {
            "replace the key pair, and keep the new key in a secret store; deleting the file \
             leaves it in the history"
        }
        HitKind::ConnectionString { .. } => {
            "change the password, and read it from a variable that is set from a secret"
        }
    }
}
