//! "Did you mean …?": the known name nearest to a misspelled one.

/// The number of candidates that are compared. Where thousands of services name thousands of others
/// wrongly, each would be compared with all; and among so many names a near one is found by chance.
pub const MAX_CANDIDATES: usize = 512;

/// The candidate that a person most likely meant by `word`; `None` when none is near enough.
///
/// Neither case nor the choice between `_` and `-` counts. A candidate that extends the word
/// (`non-root` for `non-root-user`) counts as near; beyond that a third of the word's letters may
/// differ.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word = word.trim().to_lowercase().replace('_', "-");
    // Longer words are not typing mistakes, and the distance is quadratic.
    if word.len() < 2 || word.len() > 64 {
        return None;
    }

    let allowed = (word.len() / 3).max(1);
    candidates
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter_map(|candidate| {
            let known = candidate.to_lowercase().replace('_', "-");
            let distance = if word.len() > 3 && (known.starts_with(&word) || known.ends_with(&word))
            {
                1
            } else if word.chars().count().abs_diff(known.chars().count()) > allowed {
                // Each additional letter is an edit.
                return None;
            } else {
                distance(&word, &known)
            };

            (distance <= allowed).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits between two words: insert, delete, replace, and swap of two neighbours.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();

    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];

        for j in 1..=b.len() {
            let replaced = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }

        before = std::mem::replace(&mut above, row);
    }

    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant_and_nothing_far_off() {
        let names = [
            "non-root-user",
            "pinned-image",
            "pinned-action",
            "probe-port",
        ];
        for (word, meant) in [
            ("non-root", Some("non-root-user")),
            ("pined-image", Some("pinned-image")),
            ("pinned_image", Some("pinned-image")),
            ("pinned-aciton", Some("pinned-action")),
            ("Probe-Port", Some("probe-port")),
            ("hadolint", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, names), meant, "{word}");
        }

        assert_eq!(
            nearest("net_admn", ["NET_ADMIN", "SYS_ADMIN"]),
            Some("NET_ADMIN")
        );
        assert_eq!(
            nearest("Mem_Limit", ["mem_limit", "cpus"]),
            Some("mem_limit")
        );
    }
}
