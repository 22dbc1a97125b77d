//! What a credential looks like: token formats, names that announce a secret, values that are none,
//! file names that hold one, and how a secret may be shown.
//!
//! Pure functions over text. Nothing here knows what a service or a workload is, opens a file, asks
//! a network, or hands out a whole secret in a message.

mod assign;
mod classify;
mod conceal;
mod connection;
mod decoded;
mod files;
mod key;
mod named;
mod names;
mod redact;
mod scan;
mod shape;
mod table;
mod words;

pub use assign::{Assigned, assignments, is_comment};
pub use classify::{DefaultReason, Verdict, default_credential, default_pair, judge};
pub use conceal::{Writing, as_base64, conceal, disjoint, secret_spans, unescaped};
pub use files::{SecretFile, secret_file};
pub use names::{NameKind, secret_name};
pub use redact::{mask, redact};
pub use scan::{Certainty, Hit, HitKind, base64, scan};
pub use shape::{entropy, is_placeholder, is_reference};
