//! A credential that was found in a text.

use crate::source::Span;

/// A credential in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub kind: HitKind,
    /// The secret part alone: the token, the body of the key, the password of the URL.
    pub span: Span,
    /// A small span to point at: `span`, or the opening line of a key.
    pub at: Span,
    pub certainty: Certainty,
    /// A leak of it does little harm: a test key, a default password, half of a pair.
    pub weak: bool,
}

/// The kind of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HitKind {
    /// A token of a documented format, such as `OpenAI` and `API key`.
    ProviderToken {
        provider: &'static str,
        name: &'static str,
    },
    /// The body of a private key; `label` is from its first line, such as `RSA PRIVATE KEY`.
    PrivateKey { label: String },
    /// A URL or connection string with a literal password. `local` is true for this machine and for
    /// hosts reserved for documentation.
    ConnectionString {
        scheme: String,
        user: String,
        host: String,
        local: bool,
    },
}

/// How certain the shape alone is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// The format matches, but a checksum does not.
    Possible,
    #[default]
    Likely,
    /// A checksum matches, or a mark that only tokens of the provider have.
    Certain,
}
