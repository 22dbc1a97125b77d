//! Places that several questions of the checklist point at.

use super::answer::Place;
use crate::analysis::Analysis;
use crate::model::container::Container;
use crate::model::kubernetes::Object;
use crate::model::path_class::is_prose;
use crate::model::proof::ProofKind;
use crate::source::{FileId, Location, Span};

/// The beginning of a file.
pub fn start_of(file: FileId) -> Location {
    Location::new(file, Span::default())
}

/// The first place outside of tests and examples that proves one of these.
pub fn proof(ctx: &Analysis, kinds: &[ProofKind]) -> Option<(Place, &'static str)> {
    proofs(ctx, kinds).next()
}

/// The places outside of tests and examples that prove one of these.
pub fn proofs<'c>(
    ctx: &'c Analysis,
    kinds: &'c [ProofKind],
) -> impl Iterator<Item = (Place, &'static str)> + 'c {
    ctx.facts
        .files
        .iter()
        .enumerate()
        .filter(|(_, facts)| !facts.proofs.is_empty())
        .map(|(index, facts)| (FileId(index as u32), facts))
        .filter(|(file, _)| {
            // Documentation is no evidence of what runs, but of what people do.
            let is_prose =
                kinds.contains(&ProofKind::Rollback) && is_document(ctx.facts.path(*file));
            is_prose || !ctx.facts.is_practice(*file)
        })
        .flat_map(move |(file, facts)| {
            facts
                .proofs
                .iter()
                .filter(|proof| kinds.contains(&proof.kind))
                .map(move |proof| (Place::of_proof(file, proof), proof.word))
        })
}

fn is_document(path: &str) -> bool {
    const ASIDE: &[&str] = &[
        "example", "examples", "samples", "test", "tests", "fixtures",
    ];

    is_prose(path) && !path.split('/').any(|part| ASIDE.contains(&part))
}

/// A reason, with the name of the container where it is not the pod's own.
pub fn of(object: &Object, container: &Container, reason: &str) -> String {
    let is_alone = object
        .workload()
        .is_some_and(|workload| workload.pod.containers.len() == 1);

    if is_alone {
        reason.to_owned()
    } else {
        format!("{}: {reason}", container.title())
    }
}
