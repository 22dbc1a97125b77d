//! Places that several questions of the checklist point at.

use super::answer::Place;
use crate::analysis::Ctx;
use crate::model::proof::ProofKind;
use crate::source::{FileId, Location, Span};

/// The beginning of a file.
pub fn start_of(file: FileId) -> Location {
    Location::new(file, Span::default())
}

/// The first place outside of tests and examples that proves one of these.
pub fn proof(ctx: &Ctx, kinds: &[ProofKind]) -> Option<(Place, &'static str)> {
    proofs(ctx, kinds).next()
}

/// The places outside of tests and examples that prove one of these.
pub fn proofs<'c>(
    ctx: &'c Ctx,
    kinds: &'c [ProofKind],
) -> impl Iterator<Item = (Place, &'static str)> + 'c {
    ctx.facts
        .files
        .iter()
        .enumerate()
        .filter(|(_, facts)| !facts.proofs.is_empty())
        .map(|(index, facts)| (FileId(index as u32), facts))
        .filter(|(file, _)| !ctx.facts.is_practice(*file))
        .flat_map(move |(file, facts)| {
            facts
                .proofs
                .iter()
                .filter(|proof| kinds.contains(&proof.kind))
                .map(move |proof| (Place::of_proof(file, proof), proof.word))
        })
}
