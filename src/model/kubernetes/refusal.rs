//! What the API server may refuse in an object, each kind of it.

use super::manifest_reader::{ManifestReader, is_placeholder};
use crate::model::spec_reader::SpecReader;
use crate::source::Location;
use crate::syntax::yaml::Kind;

/// A value that the API server refuses.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub location: Location,
    pub problem: Problem,
}

/// Why a value is refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Problem {
    /// A number or a boolean where only a string may be: the key, and the value as written.
    NotString { key: String, written: String },
    /// A variable with a value and a source.
    TwoValues(String),
    /// A mount of a volume that the pod does not have.
    UnknownVolume(String),
    /// Two containers, volumes or ports of one name.
    DuplicateName { what: &'static str, name: String },
    /// The name of a container or a volume, or of an object.
    InvalidName { what: &'static str, name: String },
    /// The name of a port.
    InvalidPortName(String),
    /// A port that is not from 1 to 65535.
    InvalidPort(String),
    /// One of several ports of a Service.
    UnnamedPort,
    /// The value of a label.
    InvalidLabel(String),
    /// A `restartPolicy` that the kind does not allow; `None` where it is missing.
    RestartPolicy {
        written: Option<String>,
        allowed: &'static str,
    },
    /// `podFailurePolicy` with another `restartPolicy` than `Never`.
    FailurePolicy,
    /// `rollingUpdate` beside the type `Recreate`.
    RollingRecreate,
    /// A time zone in a schedule.
    ZoneInSchedule,
    /// A schedule that is not of five fields.
    InvalidSchedule(String),
    /// `minAvailable` and `maxUnavailable` of one budget.
    TwoBounds,
    /// A path of an Ingress without `pathType`.
    NoPathType,
    /// A workload without a selector.
    NoSelector,
    /// A liveness or startup probe that must succeed more than once.
    SuccessThreshold(&'static str),
    /// A gRPC probe of a port by its name.
    NamedGrpcPort(String),
    /// An autoscaler whose minimum is above its maximum.
    MinimumAboveMaximum,
    /// A field that the API does not have in a mapping, which is named by its path.
    UnknownField {
        key: String,
        place: String,
        nearest: Option<&'static str>,
    },
    /// A field that another mapping of the object has.
    MisplacedField {
        key: String,
        place: String,
        right: String,
    },
    /// A value of another type than its field has.
    WrongType { key: String, expected: &'static str },
}

/// A number or a boolean as written; `None` for a string, and for what a template or another tool
/// fills in.
pub(super) fn not_string(value: ManifestReader) -> Option<String> {
    let node = value.node;
    if node.kind() != Kind::Scalar || value.text().is_unknown() {
        return None;
    }

    let text = node.str()?;
    let is_word = text.len() > 1 && node.as_bool_11().is_some();
    let is_typed = is_word || node.as_float().is_some();

    (is_typed && !is_placeholder(text)).then(|| text.to_owned())
}
