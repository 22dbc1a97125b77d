//! `invalid-value`, `unknown-field` and `misplaced-field`: what the Kubernetes API server refuses.

use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::kubernetes::{Object, Problem, Refusal, Workload};

const REFUSED: &str = "the API server rejects this";
const UNKNOWN: &str = "the API server rejects or drops this";

pub fn object(_: &Analysis, object: &Object, sink: &mut Sink) {
    // `probe-port` reports the ports of probes.
    let refusals = object.refusals.iter().filter(|refusal| {
        !matches!(
            refusal.problem,
            Problem::NamedGrpcPort(_)
                | Problem::UnknownField { .. }
                | Problem::MisplacedField { .. }
        )
    });
    for refusal in refusals {
        // The branches of an `if` in a template exclude each other.
        let may_be_exclusive = matches!(
            refusal.problem,
            Problem::DuplicateName { .. }
                | Problem::InvalidLabel(_)
                | Problem::TwoBounds
                | Problem::TwoValues(_)
                | Problem::UnnamedPort
        );

        if !(object.helm && may_be_exclusive) {
            sink.report(finding(object, refusal));
        }
    }
}

pub fn unknown_field(_: &Analysis, object: &Object, sink: &mut Sink) {
    for refusal in &object.refusals {
        if matches!(refusal.problem, Problem::UnknownField { .. }) {
            sink.report(finding(object, refusal).label(UNKNOWN));
        }
    }
}

pub fn misplaced_field(_: &Analysis, object: &Object, sink: &mut Sink) {
    for refusal in &object.refusals {
        if matches!(refusal.problem, Problem::MisplacedField { .. }) {
            sink.report(finding(object, refusal).label(UNKNOWN));
        }
    }
}

fn finding(object: &Object, refusal: &Refusal) -> Finding {
    let (message, help) = words(&object.title(), &refusal.problem);

    Finding::new(refusal.location, message)
        .label(REFUSED)
        .help(help)
        .anchor(object.anchor)
}

/// Message and help about a problem.
fn words(title: &str, problem: &Problem) -> (String, String) {
    match problem {
        Problem::NotString { key, written } => (
            format!("`{key}` of {title} is not a string"),
            format!("put it in quotes: `\"{written}\"`"),
        ),
        Problem::TwoValues(name) => (
            format!("`{name}` of {title} has both a value and a source"),
            "keep either `value` or `valueFrom`".to_owned(),
        ),
        Problem::UnknownVolume(name) => (
            format!("{title} mounts `{name}`, but has no volume of this name"),
            format!("add `{name}` to `volumes`, or correct the name"),
        ),
        Problem::DuplicateName { what, name } => (
            format!("{title} has two {what} with the name `{name}`"),
            "rename one of them".to_owned(),
        ),
        Problem::InvalidName { what, name } => (
            format!("`{name}` is not a valid name of {what}"),
            "use lower-case letters, digits and dashes".to_owned(),
        ),
        Problem::InvalidPortName(name) => (
            format!("`{name}` is not a valid name of a port"),
            "use at most 15 lower-case letters, digits and dashes".to_owned(),
        ),
        Problem::InvalidPort(port) => (
            format!("{title} has a port {port}, which does not exist"),
            "use a port from 1 to 65535".to_owned(),
        ),
        Problem::NoImage => (
            format!("a container of {title} has no image"),
            "add `image`".to_owned(),
        ),
        Problem::UnnamedPort => (
            format!("{title} has several ports, and one without a name"),
            "give each port a `name`".to_owned(),
        ),
        Problem::InvalidLabel(value) => (
            format!("`{value}` is not a valid value of a label"),
            "use letters, digits, dashes, dots and underscores, at most 63".to_owned(),
        ),
        Problem::RestartPolicy { written, allowed } => {
            restart_words(title, written.as_deref(), allowed)
        }
        Problem::FailurePolicy => (
            format!("{title} has a `podFailurePolicy`, but restarts containers in place"),
            "set `restartPolicy: Never` in the pod template".to_owned(),
        ),
        Problem::RollingRecreate => (
            format!("{title} sets `rollingUpdate` for the strategy `Recreate`"),
            "remove `rollingUpdate`, or use the type `RollingUpdate`".to_owned(),
        ),
        Problem::ZoneInSchedule => (
            format!("the schedule of {title} contains a time zone"),
            "set `timeZone` beside `schedule`".to_owned(),
        ),
        Problem::InvalidSchedule(schedule) => (
            format!("`{schedule}` is not a schedule of five fields"),
            "write minute, hour, day, month and day of the week".to_owned(),
        ),
        Problem::TwoBounds => (
            format!("{title} sets both `minAvailable` and `maxUnavailable`"),
            "keep one of them".to_owned(),
        ),
        Problem::NoPathType => (
            format!("a path of {title} has no `pathType`"),
            "add `pathType: Prefix` or `pathType: Exact`".to_owned(),
        ),
        Problem::NoSelector => (
            format!("{title} has no `selector`"),
            "add `selector.matchLabels` with labels of the pod template".to_owned(),
        ),
        Problem::SuccessThreshold(probe) => (
            format!("the `{probe}` of {title} must succeed more than once"),
            "set `successThreshold: 1`, or remove it".to_owned(),
        ),
        Problem::NamedGrpcPort(port) => (
            format!("a gRPC probe of {title} uses the port name `{port}`"),
            "use the number of the port".to_owned(),
        ),
        Problem::MinimumAboveMaximum => (
            format!("{title} has a minimum above its maximum"),
            "raise `maxReplicas`, or reduce `minReplicas`".to_owned(),
        ),
        Problem::UnknownField { .. }
        | Problem::MisplacedField { .. }
        | Problem::WrongType { .. } => field_words(title, problem),
    }
}

/// Message and help about a field, or about the type of its value.
fn field_words(title: &str, problem: &Problem) -> (String, String) {
    match problem {
        Problem::UnknownField {
            key,
            place,
            nearest,
        } => (
            format!("unknown field `{key}` in {}", place_name(title, place)),
            match nearest {
                Some(nearest) => format!("write `{nearest}`, or remove it"),
                None => "remove it, or correct its name".to_owned(),
            },
        ),
        Problem::MisplacedField { key, place, right } => (
            format!("`{key}` is not a field of {}", place_name(title, place)),
            match right.as_str() {
                "" => "move it to the top level of the object".to_owned(),
                right => format!("move it to {}", way_to(right)),
            },
        ),
        Problem::WrongType { key, expected } => (
            format!("`{key}` of {title} is not {expected}"),
            match *expected {
                "a string" => "put it in quotes".to_owned(),
                "a number" => "write a number without quotes".to_owned(),
                "true or false" => "write `true` or `false` without quotes".to_owned(),
                expected => format!("write {expected}"),
            },
        ),
        _ => (String::new(), String::new()),
    }
}

/// The mapping of a path, from the inside out: an item of `containers` of `spec`.
fn way_to(path: &str) -> String {
    let parts: Vec<String> = path
        .split('.')
        .filter(|part| *part != "*")
        .rev()
        .map(|part| match part.strip_suffix("[]") {
            Some(list) => format!("an item of `{list}`"),
            None => format!("`{part}`"),
        })
        .collect();

    parts.join(" of ")
}

/// A mapping of an object: the end of its path, or the object itself.
fn place_name(title: &str, place: &str) -> String {
    match place.rsplit('.').next() {
        None | Some("") => title.to_owned(),
        Some(_) => format!("`{place}`"),
    }
}

fn restart_words(title: &str, written: Option<&str>, allowed: &str) -> (String, String) {
    let message = match written {
        Some(policy) => format!("{title} does not allow `restartPolicy: {policy}`"),
        None => format!("{title} has no `restartPolicy`, and the default is `Always`"),
    };
    let help = if allowed == "Always" {
        "remove `restartPolicy`; the controller restarts its pods".to_owned()
    } else {
        "set `restartPolicy: Never` or `OnFailure` in the pod template".to_owned()
    };

    (message, help)
}

/// Mounts of volumes that the pod does not have.
pub fn mounts(_: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
    if workload.guessed || object.open {
        return;
    }

    for name in &workload.pod.unknown_mounts {
        let refusal = Refusal {
            location: name.location,
            problem: Problem::UnknownVolume(name.value.clone()),
        };
        sink.report(finding(object, &refusal));
    }
}
