//! Credentials in text: token formats, names of secrets, values that are not secrets, names of
//! secret files, and the form in which a secret may be shown.
//!
//! Pure functions over text. Nothing here depends on services or workloads, opens a file, uses a
//! network, or puts a whole secret into a message.

mod assign;
mod base64;
mod classify;
mod conceal;
mod connection;
mod decoded;
mod defaults;
mod files;
mod fingerprint;
mod generated;
mod hit;
mod key;
mod named;
mod names;
mod public;
mod redact;
mod scan;
mod shape;
mod table;
mod words;
mod written;

pub(crate) use assign::{NameParts, Values, assignments, assignments_at, is_comment};
pub(crate) use base64::{as_base64, base64};
pub use classify::{Place, Verdict, classify};
pub(crate) use classify::{is_own_secret, starts_with_placeholder};
pub(crate) use conceal::{Writing, conceal, secret_spans, unescaped};
pub use defaults::DefaultReason;
pub(crate) use defaults::{default_credential, default_pair};
pub(crate) use files::{SecretFile, secret_file, secrets_of_file};
pub(crate) use fingerprint::{fingerprint, is_fingerprint};
pub use hit::{Certainty, Hit, HitKind};
pub(crate) use names::{NameKind, secret_name, words_of_name};
pub(crate) use redact::{disjoint, mask, redact};
pub use scan::scan;
pub(crate) use shape::{entropy, is_placeholder, is_reference};
