//! The readiness report: `deploylint checklist`. For each item of the checklist, and for each
//! service where that applies, whether it holds, and which places show it.
//!
//! `service` joins what is deployed, `evidence` asks the facts, `verdict` adds findings and
//! attestations, and one module renders each form. An item passes by evidence alone, never because
//! no rule found anything.

mod answer;
pub mod compare;
mod evidence;
pub mod html;
pub mod json;
pub mod markdown;
mod pipelines;
mod places;
mod service;
mod shown;
pub mod text;
mod verdict;

pub use verdict::{Checklist, Gathered, Status, gather};
