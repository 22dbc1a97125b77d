//! What the facts of a repository say about one question of the checklist, with the places that
//! show it.

use crate::model::proof::{ModelName, Proof};
use crate::source::{FileId, Location};

/// How a question stands by the facts alone, before findings and attestations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A place proves it.
    Proven,
    /// One part is proven, and another one is not.
    Partial,
    /// All that could prove it was seen, and does not.
    Lacking,
    /// A place shows the contrary.
    Broken,
    NotApplicable,
    /// What would decide it was not seen.
    Unknown,
}

/// What a place shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    For,
    Against,
}

/// One piece of evidence.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub weight: Weight,
    pub place: Option<Place>,
    /// What it shows, in one sentence without a full stop.
    pub shows: String,
}

/// A place in a file, whose text may have been dropped after reading.
#[derive(Clone, Debug)]
pub struct Place {
    pub location: Location,
    /// The line and its text, where the file has none anymore.
    pub kept: Option<(u32, String)>,
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        Self {
            location,
            kept: None,
        }
    }
}

impl Place {
    pub fn of_proof(file: FileId, proof: &Proof) -> Self {
        Self {
            location: Location::new(file, proof.span),
            kept: Some((proof.line, proof.excerpt.clone())),
        }
    }

    pub fn of_model(file: FileId, model: &ModelName) -> Self {
        Self {
            location: Location::new(file, model.span),
            kept: Some((model.line, model.excerpt.clone())),
        }
    }
}

/// The answer of the facts to one question.
#[derive(Clone, Debug)]
pub struct Answer {
    pub standing: Standing,
    /// Why: what is missing, what would have to be seen, why it does not apply.
    pub reason: String,
    pub evidence: Vec<Evidence>,
}

/// How many pieces of evidence an answer keeps.
const MAX_EVIDENCE: usize = 12;

/// How many reasons an answer names.
const MAX_REASONS: usize = 3;

impl Answer {
    fn new(standing: Standing, reason: impl Into<String>) -> Self {
        Self {
            standing,
            reason: reason.into(),
            evidence: Vec::new(),
        }
    }

    pub fn proven(place: impl Into<Place>, shows: impl Into<String>) -> Self {
        Self::new(Standing::Proven, "").with(Weight::For, Some(place.into()), shows)
    }

    pub fn lacking(place: impl Into<Place>, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::new(Standing::Lacking, reason.clone()).with(
            Weight::Against,
            Some(place.into()),
            reason,
        )
    }

    /// Something is missing that has no place in the repository yet.
    pub fn missing(reason: impl Into<String>) -> Self {
        Self::new(Standing::Lacking, reason)
    }

    pub fn broken(place: impl Into<Place>, reason: impl Into<String>) -> Self {
        Self {
            standing: Standing::Broken,
            ..Self::lacking(place, reason)
        }
    }

    pub fn not_applicable(reason: impl Into<String>) -> Self {
        Self::new(Standing::NotApplicable, reason)
    }

    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::new(Standing::Unknown, reason)
    }

    pub fn unknown_at(place: impl Into<Place>, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::new(Standing::Unknown, reason.clone()).with(
            Weight::Against,
            Some(place.into()),
            reason,
        )
    }

    fn with(mut self, weight: Weight, place: Option<Place>, shows: impl Into<String>) -> Self {
        self.evidence.push(Evidence {
            weight,
            place,
            shows: shows.into(),
        });

        self
    }

    /// Adds a place that supports the answer.
    #[must_use]
    pub fn and(self, place: impl Into<Place>, shows: impl Into<String>) -> Self {
        self.with(Weight::For, Some(place.into()), shows)
    }

    /// Adds a statement about the whole, which has no place.
    #[must_use]
    pub fn and_whole(self, shows: impl Into<String>) -> Self {
        self.with(Weight::For, None, shows)
    }

    /// The answer to a question that consists of these: proven if all that apply are.
    pub fn all(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers: Vec<Answer> = answers.into_iter().collect();
        let standing = standing_of_all(answers.iter().map(|answer| answer.standing));
        let mut reasons: Vec<&str> = Vec::new();

        for answer in &answers {
            let is_cause = match standing {
                Standing::NotApplicable => true,
                Standing::Proven => false,
                Standing::Unknown => answer.standing == Standing::Unknown,
                _ => matches!(
                    answer.standing,
                    Standing::Lacking | Standing::Broken | Standing::Partial
                ),
            };
            if is_cause && !answer.reason.is_empty() && !reasons.contains(&answer.reason.as_str()) {
                reasons.push(&answer.reason);
            }
        }

        let more = reasons.len().saturating_sub(MAX_REASONS);
        reasons.truncate(MAX_REASONS);
        let mut reason = reasons.join("; ");
        if more > 0 {
            reason.push_str(&format!("; and {more} more"));
        }

        let mut evidence: Vec<Evidence> = Vec::new();

        for piece in answers.into_iter().flat_map(|answer| answer.evidence) {
            let is_known = evidence.iter().any(|known| {
                known.shows == piece.shows
                    && known.place.as_ref().map(|place| place.location)
                        == piece.place.as_ref().map(|place| place.location)
            });
            if !is_known {
                evidence.push(piece);
            }
        }

        // What is wrong is shown in any case.
        evidence.sort_by_key(|piece| piece.weight == Weight::For);
        evidence.truncate(MAX_EVIDENCE);

        Self {
            standing,
            reason,
            evidence,
        }
    }
}

/// The standing of a question that consists of others.
pub fn standing_of_all(standings: impl IntoIterator<Item = Standing>) -> Standing {
    let applicable: Vec<Standing> = standings
        .into_iter()
        .filter(|standing| *standing != Standing::NotApplicable)
        .collect();
    let has = |wanted: Standing| applicable.contains(&wanted);

    if applicable.is_empty() {
        Standing::NotApplicable
    } else if has(Standing::Partial)
        || has(Standing::Proven) && (has(Standing::Lacking) || has(Standing::Broken))
    {
        Standing::Partial
    } else if has(Standing::Broken) {
        Standing::Broken
    } else if has(Standing::Lacking) {
        Standing::Lacking
    } else if has(Standing::Unknown) {
        Standing::Unknown
    } else {
        Standing::Proven
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_is_as_good_as_its_parts() {
        use Standing::{Broken, Lacking, NotApplicable, Partial, Proven, Unknown};

        for (parts, expected) in [
            (vec![], NotApplicable),
            (vec![NotApplicable, Proven], Proven),
            (vec![Proven, Unknown], Unknown),
            (vec![Proven, Lacking], Partial),
            (vec![Proven, Broken, Unknown], Partial),
            (vec![Lacking, Broken], Broken),
            (vec![Lacking, Unknown], Lacking),
            (vec![Proven, Proven], Proven),
        ] {
            assert_eq!(standing_of_all(parts.clone()), expected, "{parts:?}");
        }
    }
}
