//! What stays the same of a finding when lines are added above it: its rule, its file, the words of
//! its line, and which of several such findings it is.

use std::collections::HashMap;

use super::Report;
use crate::source::Location;

/// A fingerprint for each finding of the outcome, in order: 16 hexadecimal digits, distinct within
/// one outcome but for chance. Secrets do not enter into it.
pub fn all(view: &Report) -> Vec<String> {
    let identities = view.outcome.workers.map(&view.outcome.findings, |finding| {
        let line = normal_line(view, finding.location);
        let path = view.repository_path(finding.location.file);
        hash(
            [finding.rule, &path, &line]
                .into_iter()
                .flat_map(|part| part.bytes().chain([0])),
        )
    });

    let mut seen: HashMap<u64, u64> = HashMap::with_capacity(identities.len());
    let mut numbered: Vec<(u64, u64)> = Vec::with_capacity(identities.len());

    for identity in identities {
        let count = seen.entry(identity).or_insert(0);
        numbered.push((identity, *count));
        *count += 1;
    }

    view.outcome.workers.map(&numbered, |(identity, ordinal)| {
        format!(
            "{:016x}",
            hash(
                identity
                    .to_le_bytes()
                    .into_iter()
                    .chain(ordinal.to_le_bytes())
            )
        )
    })
}

/// The line of a place with its blanks folded; only the surroundings of the place where the line is
/// very long.
fn normal_line(view: &Report, location: Location) -> String {
    let source = view.source(location.file);
    let lines = source.lines();
    let mut span = lines.span(lines.line(location.span.start), &source.text);
    if span.len() > 1_000 {
        span = location.span;
    }

    view.secrets
        .mask(source, span)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// FNV-1a: the same on every platform and in every release.
fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Finding, Level};
    use crate::report::sample;

    fn fingerprints(text: &str) -> Vec<String> {
        let files = [("a", text)];
        let count = text.matches("bad").count();
        let findings = (0..count)
            .map(|nth| Finding {
                rule: "internal-error",
                ..Finding::new(sample::location(&files, "a", "bad", nth), "m")
            })
            .collect();
        let outcome = sample::outcome(&files, findings);

        all(&Report::new(&outcome, Level::Note))
    }

    #[test]
    fn moves_with_its_line_and_tells_twins_apart() {
        let prints = fingerprints("x: bad\nx: bad\n");
        assert_ne!(prints[0], prints[1]);
        assert_eq!(fingerprints("# new\n\n  x:   bad\nx: bad\n"), prints);
        assert_ne!(fingerprints("y: bad\n")[0], prints[0]);
        assert_eq!(hash(*b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
