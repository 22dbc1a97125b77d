//! Attestations: what a person vouches for because files cannot show it.

use crate::date::Date;

/// `[attest.<item>]`: what a person vouches for, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    pub by: String,
    /// The day on which it was seen.
    pub on: Option<Date>,
    /// The last day on which it counts.
    pub until: Date,
    /// Where the result is.
    pub link: Option<String>,
    pub note: Option<String>,
}
