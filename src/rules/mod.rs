//! The coded rules: plain functions over facts and the graph, registered in one slice.
//!
//! A check reads facts and reports findings. It does no IO, keeps no state, and cannot fail.

mod application;
pub(crate) mod capacity;
pub(crate) mod dockerfile;
mod environment;
pub(crate) mod images;
mod isolation;
pub(crate) mod lifecycle;
mod pipelines;
mod secrets;
mod structure;
pub(crate) mod wiring;

pub(crate) mod additions;
mod block_edits;
mod check;
pub(crate) mod declarative;

pub use check::{Check, CheckFn};
pub(crate) use check::{each_built, name_role};

/// The coded checks of all wings, each sorted by rule. A rule that is not here is declarative: its
/// page has a `[match]` table.
pub const CHECKS: &[&[Check]] = &[
    application::CHECKS,
    capacity::CHECKS,
    dockerfile::CHECKS,
    environment::CHECKS,
    images::CHECKS,
    isolation::CHECKS,
    lifecycle::CHECKS,
    pipelines::CHECKS,
    secrets::CHECKS,
    structure::CHECKS,
    wiring::CHECKS,
];
