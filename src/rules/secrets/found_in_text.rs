//! `provider-token`, `private-key`, `connection-string`: credentials that show themselves in any
//! text file.
//!
//! Levels: what was made for tests or protects itself (a test key, an encrypted key) is a warning,
//! as is a password that anybody can guess; a server on this machine or of documentation is a note.
//! Tests, examples and documentation take one step off. Places that a format gives a meaning belong
//! to other rules.

use std::collections::HashMap;

use crate::analysis::Ctx;
use crate::analysis::secret_exposure::{self, Strength};
use crate::credential::{Certainty, Hit, HitKind, is_comment, redact};
use crate::finding::{Confidence, Finding, Level, Sink};
use crate::model::facts::FileFacts;
use crate::model::file_role::is_practice;
use crate::source::SourceFile;

/// `provider-token`
pub fn token(ctx: &Ctx, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    report(
        ctx,
        source,
        facts,
        |hit| matches!(hit.kind, HitKind::ProviderToken { .. }),
        sink,
    );
}

/// `private-key`
pub fn key(ctx: &Ctx, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    report(
        ctx,
        source,
        facts,
        |hit| matches!(hit.kind, HitKind::PrivateKey { .. }),
        sink,
    );
}

/// `connection-string`
pub fn connection(ctx: &Ctx, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    report(
        ctx,
        source,
        facts,
        |hit| matches!(hit.kind, HitKind::ConnectionString { .. }),
        sink,
    );
}

/// Reports the hits of one sort; the same secret once a file.
fn report(
    ctx: &Ctx,
    source: &SourceFile,
    facts: &FileFacts,
    sort: fn(&Hit) -> bool,
    sink: &mut Sink,
) {
    if !facts.hits.iter().any(sort) {
        return;
    }

    let mut claimed = secret_exposure::claimed(ctx, source.id, facts);
    claimed.sort_unstable();
    // Of the spans that begin before a hit, the one that reaches farthest may hold it.
    let mut farthest = 0;

    for span in &mut claimed {
        farthest = span.end.max(farthest);
        span.end = farthest;
    }

    let free = |hit: &&Hit| {
        let before = claimed.partition_point(|span| span.start <= hit.at.start);
        claimed[..before]
            .last()
            .is_none_or(|span| span.end <= hit.at.start)
    };

    let mut seen: Vec<(&str, Vec<&Hit>)> = Vec::new();
    let mut by_text: HashMap<&str, usize> = HashMap::new();

    for hit in facts.hits.iter().filter(|hit| sort(hit)).filter(free) {
        let text = hit.span.text(&source.text);
        let number = *by_text.entry(text).or_insert(seen.len());

        match seen.get_mut(number) {
            Some((_, hits)) => hits.push(hit),
            None => seen.push((text, vec![hit])),
        }
    }

    for (text, hits) in seen {
        let hit = hits[0];
        let (message, label) = words(hit, text);
        let mut finding = Finding::new(source.location(hit.at), message)
            .label(label)
            .help(help(&hit.kind))
            .others(hits.len() as u32 - 1);
        finding.confidence = match hit.certainty {
            Certainty::Certain => Confidence::High,
            Certainty::Likely => Confidence::Medium,
            Certainty::Possible => Confidence::Low,
        };

        for hit in hits {
            finding = finding.secret(source.location(hit.span));
        }

        sink.report_at(level(hit, source, sink.level()), finding);
    }
}

fn level(hit: &Hit, source: &SourceFile, level: Level) -> Level {
    let level = match secret_exposure::strength(hit) {
        Strength::Local => Level::Note,
        // What a comment shows with a password that nobody keeps is the shape of such a URL.
        Strength::Guessable(_) if is_comment(source.text.as_bytes(), hit.at.start as usize) => {
            Level::Note
        }
        Strength::Guessable(_) => level.lowered(),
        Strength::Live if hit.weak || hit.certainty == Certainty::Possible => level.lowered(),
        Strength::Live | Strength::Chosen => level,
    };

    if is_practice(&source.path) {
        level.lowered()
    } else {
        level
    }
}

fn words(hit: &Hit, text: &str) -> (String, String) {
    match &hit.kind {
        HitKind::ProviderToken { .. } => (
            format!(
                "{} is in the repository",
                secret_exposure::describe(&hit.kind)
            ),
            redact(text),
        ),
        HitKind::PrivateKey { label } => (
            "a private key is in the repository".to_owned(),
            label.to_ascii_lowercase(),
        ),
        HitKind::ConnectionString {
            scheme, user, host, ..
        } => {
            let who = if user.is_empty() {
                String::new()
            } else {
                format!(" of `{user}`")
            };

            (
                format!("this `{scheme}` URL contains the password{who}"),
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
