//! `invalid-value`, beyond the schema: words and numbers of services that Compose or the engine does
//! not know: restart policies, ports and their protocols, namespaces, capabilities, durations.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::analysis::Analysis;
use crate::embedded::table;
use crate::finding::{Finding, Sink};
use crate::model::facts::FileFacts;
use crate::rules::structure::compose_form::compose_root;
use crate::source::{Location, SourceFile, Span};
use crate::suggest;
use crate::syntax::yaml::{Kind, Node};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordTable {
    restart: Vec<String>,
    restart_conditions: Vec<String>,
    lenient_conditions: Vec<String>,
    deploy_modes: Vec<String>,
    endpoint_modes: Vec<String>,
    update_failures: Vec<String>,
    rollback_failures: Vec<String>,
    propagations: Vec<String>,
    mount_options: Vec<String>,
    network_modes: Vec<String>,
    protocols: Vec<String>,
    port_modes: Vec<String>,
    pid: Vec<String>,
    ipc: Vec<String>,
    uts: Vec<String>,
    userns_mode: Vec<String>,
    ulimits: Vec<String>,
    capabilities: Vec<String>,
    units: Vec<String>,
}

static WORDS: LazyLock<WordTable> = LazyLock::new(|| table!("compose-words"));

const LOAD: &str = "Compose refuses to load the project";
const CREATE: &str = "the engine refuses to create the container";

pub fn check(_: &Analysis, _: &SourceFile, file: &FileFacts, sink: &mut Sink) {
    let Some(root) = compose_root(file) else {
        return;
    };
    let Some(services) = root.get("services") else {
        return;
    };

    for entry in services.entries() {
        let name = entry.key.str().unwrap_or("");
        let mut faults = Vec::new();
        add_restart_faults(entry.value, &mut faults);
        add_port_faults(entry.value, &mut faults);
        add_namespace_faults(entry.value, &mut faults);
        add_list_faults(entry.value, &mut faults);
        add_deploy_faults(entry.value, &mut faults);
        add_volume_faults(entry.value, &mut faults);
        add_network_fault(entry.value, root, &mut faults);
        add_duration_faults(entry.value, &mut faults);

        for fault in faults {
            sink.report(fault.finding(name));
        }
    }
}

/// A word or number that is not known.
struct WordFault {
    location: Location,
    word: String,
    /// The name of what it should be: `restart policy`.
    what: &'static str,
    label: &'static str,
    help: String,
    /// Compose knows the word; a swarm does not.
    is_lenient: bool,
}

impl WordFault {
    fn finding(self, service: &str) -> Finding {
        let Self { word, what, .. } = &self;
        let article = if what.starts_with('u') { "an" } else { "a" };

        Finding::new(
            self.location,
            format!("`{word}` of `{service}` is not {article} {what}"),
        )
        .label(self.label)
        .help(self.help)
        .case_if(self.is_lenient, "lenient")
    }
}

/// The text of a scalar that can be judged: not empty, and without variables.
fn literal(node: Node<'_>) -> Option<&str> {
    let text = node.str()?;
    let is_known = node.kind() == Kind::Scalar && !text.is_empty() && !text.contains('$');
    is_known.then_some(text)
}

fn fault(
    location: Location,
    word: &str,
    what: &'static str,
    label: &'static str,
    words: &[String],
) -> WordFault {
    let candidates = words.iter().map(String::as_str);
    let help = match suggest::nearest(word, candidates) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None if words.len() > 8 => "remove it, or write one that exists".to_owned(),
        None => format!("use one of `{}`", words.join("`, `")),
    };

    WordFault {
        location,
        word: word.to_owned(),
        what,
        label,
        help,
        is_lenient: false,
    }
}

fn is_in(words: &[String], text: &str) -> bool {
    words.iter().any(|word| word == text)
}

fn add_restart_faults(service: Node<'_>, faults: &mut Vec<WordFault>) {
    if let Some(node) = service.get("restart")
        && let Some(policy) = literal(node)
        && node.as_bool().is_none()
    {
        let (word, attempts) = policy.split_once(':').unwrap_or((policy, ""));
        let counts = attempts.is_empty() || word == "on-failure" && attempts.parse::<u32>().is_ok();
        if !is_in(&WORDS.restart, word) || !counts {
            let mut fault = fault(
                node.content(),
                policy,
                "restart policy",
                CREATE,
                &WORDS.restart,
            );
            if word == "never" {
                fault.help = "write `restart: \"no\"`".to_owned();
            }

            faults.push(fault);
        }
    }

    if let Some(node) = service.path(&["deploy", "restart_policy", "condition"])
        && let Some(condition) = literal(node)
        && !is_in(&WORDS.restart_conditions, condition)
    {
        let is_lenient = is_in(&WORDS.lenient_conditions, condition);
        let label = if is_lenient {
            "Compose accepts it, a swarm refuses it"
        } else {
            CREATE
        };
        let mut fault = fault(
            node.content(),
            condition,
            "restart condition",
            label,
            &WORDS.restart_conditions,
        );
        fault.is_lenient = is_lenient;
        if is_lenient {
            let word = if condition == "no" { "none" } else { "any" };
            fault.help = format!("write `{word}`");
        }

        faults.push(fault);
    }
}

/// `ports` and `expose`.
fn add_port_faults(service: Node<'_>, faults: &mut Vec<WordFault>) {
    for port in service.get("ports").into_iter().flat_map(Node::items) {
        match port.kind() {
            Kind::Scalar => faults.extend(short_port_fault(port)),
            Kind::Mapping => add_long_port_faults(port, faults),
            _ => {}
        }
    }

    for port in service.get("expose").into_iter().flat_map(Node::items) {
        if let Some(text) = literal(port) {
            faults.extend(container_port_fault(port, text, 0));
        }
    }
}

/// The first fault in `[[address:]published:]target[/protocol]`.
fn short_port_fault(node: Node<'_>) -> Option<WordFault> {
    let text = literal(node)?;
    let target_start = text.rfind(':').map_or(0, |colon| colon + 1);
    let fault = container_port_fault(node, &text[target_start..], target_start);
    if fault.is_some() || target_start == 0 {
        return fault;
    }

    let host = &text[..target_start - 1];
    // An address of IPv6 has brackets, and may have no port behind it.
    let published_start = host.rfind([':', ']']).map_or(0, |end| end + 1);
    let published = &host[published_start..];
    let is_address = published_start == 0 && published.contains('.');
    if published.is_empty() || is_address || is_port_range(published) {
        return None;
    }

    Some(port_fault(node, published, published_start))
}

/// The fault in `target[/protocol]`, which begins at an offset of the scalar.
fn container_port_fault(node: Node<'_>, text: &str, offset: usize) -> Option<WordFault> {
    let (port, protocol) = match text.split_once('/') {
        Some((port, protocol)) => (port, Some(protocol)),
        None => (text, None),
    };

    if !is_port_range(port) {
        return Some(port_fault(node, port, offset));
    }

    let protocol = protocol?;
    if is_in(&WORDS.protocols, &protocol.to_ascii_lowercase()) {
        return None;
    }

    let start = offset + port.len() + 1;
    let location = part(node, start, protocol.len());

    Some(fault(
        location,
        protocol,
        "protocol",
        LOAD,
        &WORDS.protocols,
    ))
}

fn port_fault(node: Node<'_>, word: &str, offset: usize) -> WordFault {
    WordFault {
        location: part(node, offset, word.len()),
        word: word.to_owned(),
        what: "port number",
        label: LOAD,
        help: "write a number from 1 to 65535, or a range such as `8000-8005`".to_owned(),
        is_lenient: false,
    }
}

/// A part of a scalar, or all of it where there is nothing to point at.
fn part(node: Node<'_>, start: usize, length: usize) -> Location {
    if length == 0 {
        node.content()
    } else {
        node.content_span(Span::of(start, start + length))
    }
}

/// Whether a text is a port or a range of ports.
fn is_port_range(text: &str) -> bool {
    let (first, last) = text.split_once('-').unwrap_or((text, text));

    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) => first <= last,
        _ => false,
    }
}

fn add_long_port_faults(port: Node<'_>, faults: &mut Vec<WordFault>) {
    for key in ["target", "published"] {
        if let Some(node) = port.get(key)
            && let Some(text) = literal(node)
            && !text.contains(':')
            && !is_port_range(text)
        {
            faults.push(port_fault(node, text, 0));
        }
    }

    for (key, what, words) in [
        ("protocol", "protocol", &WORDS.protocols),
        ("mode", "port mode", &WORDS.port_modes),
    ] {
        if let Some(node) = port.get(key)
            && let Some(text) = literal(node)
            && !is_in(words, &text.to_ascii_lowercase())
        {
            faults.push(fault(node.content(), text, what, LOAD, words));
        }
    }
}

/// Words of `deploy` that a swarm refuses.
fn add_deploy_faults(service: Node<'_>, faults: &mut Vec<WordFault>) {
    for (path, what, words) in [
        (&["deploy", "mode"][..], "deploy mode", &WORDS.deploy_modes),
        (
            &["deploy", "endpoint_mode"],
            "way to reach replicas",
            &WORDS.endpoint_modes,
        ),
        (
            &["deploy", "update_config", "failure_action"],
            "failure action",
            &WORDS.update_failures,
        ),
        (
            &["deploy", "rollback_config", "failure_action"],
            "failure action",
            &WORDS.rollback_failures,
        ),
    ] {
        if let Some(node) = service.path(path)
            && let Some(text) = literal(node)
            && !is_in(words, text)
        {
            let label = "no mode of a swarm or of Compose";
            faults.push(fault(node.content(), text, what, label, words));
        }
    }
}

/// Options of mounts.
fn add_volume_faults(service: Node<'_>, faults: &mut Vec<WordFault>) {
    for volume in service.get("volumes").into_iter().flat_map(Node::items) {
        if let Some(node) = volume.path(&["bind", "propagation"])
            && let Some(text) = literal(node)
            && !is_in(&WORDS.propagations, text)
        {
            let what = "propagation of a mount";
            faults.push(fault(
                node.content(),
                text,
                what,
                CREATE,
                &WORDS.propagations,
            ));
        }

        faults.extend(literal(volume).and_then(|text| mount_option_fault(volume, text)));
    }
}

/// The first option in `source:target:options` that the engine does not know.
fn mount_option_fault(node: Node<'_>, text: &str) -> Option<WordFault> {
    let mut parts = text.split(':');
    let (source, target, options) = (parts.next()?, parts.next()?, parts.next()?);
    // A drive of Windows has a colon of its own.
    let is_plain = source.len() > 1 && target.starts_with('/') && parts.next().is_none();
    if !is_plain {
        return None;
    }

    let mut start = source.len() + target.len() + 2;

    for option in options.split(',') {
        if !is_in(&WORDS.mount_options, option) {
            let location = part(node, start, option.len());
            let mut fault = fault(
                location,
                option,
                "mount option",
                CREATE,
                &WORDS.mount_options,
            );
            if matches!(option, "readonly" | "read_only" | "r" | "read-only") {
                fault.help = "write `ro`".to_owned();
            }

            return Some(fault);
        }

        start += option.len() + 1;
    }

    None
}

/// A network mode that is nearly a word of the engine, and the name of no network.
fn add_network_fault(service: Node<'_>, root: Node<'_>, faults: &mut Vec<WordFault>) {
    let Some(node) = service.get("network_mode") else {
        return;
    };
    let Some(text) = literal(node) else { return };

    let is_network = root
        .get("networks")
        .into_iter()
        .flat_map(Node::entries)
        .any(|entry| {
            let name = entry.value.get("name").and_then(Node::str);
            entry.key.str() == Some(text) || name == Some(text)
        });
    let words = WORDS.network_modes.iter().map(String::as_str);
    let is_known = is_in(&WORDS.network_modes, text) || text.contains(':') || is_network;
    if is_known || suggest::nearest(text, words).is_none() {
        return;
    }

    faults.push(fault(
        node.content(),
        text,
        "network mode",
        CREATE,
        &WORDS.network_modes,
    ));
}

/// `pid`, `ipc` and the like: a word, or a service or container behind a colon.
fn add_namespace_faults(service: Node<'_>, faults: &mut Vec<WordFault>) {
    for (key, what, words) in [
        ("pid", "process namespace", &WORDS.pid),
        ("ipc", "shared memory namespace", &WORDS.ipc),
        ("uts", "uts namespace", &WORDS.uts),
        ("userns_mode", "user namespace", &WORDS.userns_mode),
    ] {
        let Some(node) = service.get(key) else {
            continue;
        };

        if let Some(text) = literal(node)
            && !words.iter().any(|word| {
                word == text
                    || word.ends_with(':')
                        && text.starts_with(word.as_str())
                        && text.len() > word.len()
            })
        {
            faults.push(fault(node.content(), text, what, CREATE, words));
        }
    }
}

/// `cap_add`, `cap_drop` and `ulimits`.
fn add_list_faults(service: Node<'_>, faults: &mut Vec<WordFault>) {
    let capabilities = ["cap_add", "cap_drop"]
        .into_iter()
        .filter_map(|key| service.get(key))
        .flat_map(Node::items);

    for node in capabilities {
        let Some(text) = literal(node) else { continue };

        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
        if !is_in(&WORDS.capabilities, name) {
            let mut fault = fault(
                node.content(),
                text,
                "capability",
                CREATE,
                &WORDS.capabilities,
            );
            if let Some(similar) = nearest_capability(name) {
                fault.help = format!("did you mean `{similar}`?");
            }

            faults.push(fault);
        }
    }

    for entry in service.get("ulimits").into_iter().flat_map(Node::entries) {
        if let Some(text) = literal(entry.key)
            && !is_in(&WORDS.ulimits, text)
        {
            let location = entry.key.content();
            faults.push(fault(location, text, "ulimit", CREATE, &WORDS.ulimits));
        }
    }
}

/// The capability that a misspelled one means; the search for similar words is in lower case.
fn nearest_capability(name: &str) -> Option<&'static str> {
    let lower: Vec<String> = WORDS
        .capabilities
        .iter()
        .map(|word| word.to_ascii_lowercase().replace('_', "-"))
        .collect();
    let similar = suggest::nearest(name, lower.iter().map(String::as_str))?;
    let index = lower.iter().position(|word| word == similar)?;

    Some(&WORDS.capabilities[index])
}

/// Where a service has durations.
const DURATIONS: &[&[&str]] = &[
    &["healthcheck", "interval"],
    &["healthcheck", "timeout"],
    &["healthcheck", "start_period"],
    &["healthcheck", "start_interval"],
    &["stop_grace_period"],
    &["deploy", "restart_policy", "delay"],
    &["deploy", "restart_policy", "window"],
    &["deploy", "update_config", "delay"],
    &["deploy", "update_config", "monitor"],
    &["deploy", "rollback_config", "delay"],
    &["deploy", "rollback_config", "monitor"],
];

fn add_duration_faults(service: Node<'_>, faults: &mut Vec<WordFault>) {
    for path in DURATIONS {
        let Some(node) = service.path(path) else {
            continue;
        };

        let Some(text) = literal(node) else { continue };

        // The schema reports a number without quotes.
        if is_duration(text) || node.as_float().is_some() {
            continue;
        }

        let is_number = text.parse::<f64>().is_ok();
        faults.push(WordFault {
            location: node.content(),
            word: text.to_owned(),
            what: "duration",
            label: LOAD,
            help: if is_number {
                format!("add a unit: `{text}s`")
            } else {
                "write numbers with units, such as `1m30s`".to_owned()
            },
            is_lenient: false,
        });
    }
}

/// Whether a text is one or more numbers with units.
fn is_duration(text: &str) -> bool {
    let mut rest = text;

    if rest == "0" {
        return true;
    }

    while !rest.is_empty() {
        let digits = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
                .len();
        let after = &rest[digits..];
        let Some(unit) = WORDS.units.iter().find(|unit| {
            after.strip_prefix(unit.as_str()).is_some_and(|next| {
                next.is_empty() || next.starts_with(|c: char| c.is_ascii_digit())
            })
        }) else {
            return false;
        };

        if digits == 0 || rest[..digits].parse::<f64>().is_err() {
            return false;
        }

        rest = &after[unit.len()..];
    }

    true
}

#[cfg(test)]
mod tests {
    use super::{is_duration, is_port_range};

    #[test]
    fn durations_have_units() {
        for text in ["30s", "1m30s", "1.5h", "0", "100ms", "2w1d"] {
            assert!(is_duration(text), "{text}");
        }

        for text in ["30", "5 s", "1x", "s", "1m 30s", "1..5s", ""] {
            assert_eq!(is_duration(text), text.is_empty(), "{text}");
        }
    }

    #[test]
    fn ports_fit_in_two_bytes() {
        for (text, expected) in [
            ("80", true),
            ("8000-8010", true),
            ("65535", true),
            ("65536", false),
            ("8010-8000", false),
            ("http", false),
            ("80 ", false),
            ("", false),
        ] {
            assert_eq!(is_port_range(text), expected, "{text}");
        }
    }
}
