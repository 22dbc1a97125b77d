//! The short forms: `127.0.0.1:8080:80/tcp`, `./data:/var/lib/data:ro`, `512m`, `1h30m`. Variables
//! inside them are known or not, part by part.

use super::value::{Scalar, Value, Variables};
use crate::model::container::{Mount, MountSource, Port, Quantity};
use crate::source::Span;

/// Splits at the colons that separate: not those inside `${…}` or `[…]`, nor the one after a drive
/// letter.
fn split(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_u32, 0);

    for (offset, &byte) in bytes.iter().enumerate() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => {
                let drive = offset == start + 1
                    && bytes[start].is_ascii_alphabetic()
                    && matches!(bytes.get(offset + 1), Some(b'\\' | b'/'));
                if !(drive && bytes.get(offset + 1) == Some(&b'\\')) {
                    parts.push(Span::of(start, offset));
                    start = offset + 1;
                }
            }
            _ => {}
        }
    }

    parts.push(Span::of(start, text.len()));

    parts
}

/// A port of a service, short or long.
pub fn port(value: &Value<'_>, variables: &Variables) -> Port {
    let mut port = Port {
        location: value.location,
        name: None,
        target: None,
        published: None,
        host_ip: None,
        protocol: "tcp".to_owned(),
        unknown: false,
        written: String::new(),
    };

    match value.scalar() {
        Some(scalar) => short_port(&mut port, scalar, variables),
        None => long_port(&mut port, value),
    }

    port
}

fn short_port(port: &mut Port, scalar: &Scalar<'_>, variables: &Variables) {
    port.written = scalar.written().to_owned();
    if let Some(text) = &scalar.text {
        return known_port(port, text);
    }

    // Read what is known of the parts: the container's port is the last one.
    let written = scalar.written();
    let body = written
        .rsplit_once('/')
        .filter(|(_, protocol)| !protocol.contains('}'));
    port.protocol = body.map_or("tcp", |(_, protocol)| protocol).to_owned();
    let parts = split(body.map_or(written, |(body, _)| body));
    let known: Vec<Option<String>> = parts
        .iter()
        .map(|span| Some(scalar.part(*span, variables).text?.into_owned()))
        .collect();

    port.target = known.last().and_then(|text| range(text.as_deref()?));
    port.published = Some(None);

    match (parts.as_slice(), known.as_slice()) {
        // `${API_PORT}:80`: only the number is left to the environment.
        ([host, _], _) if is_port_variable(host.text(written)) => {
            port.unknown = port.target.is_none();
        }
        (_, [Some(ip), published, _]) => {
            port.host_ip = Some(ip.clone());
            port.published = Some(published.as_deref().and_then(range));
            port.unknown = port.target.is_none();
        }
        _ => port.unknown = true,
    }
}

/// Whether a string is one variable, without a default, that by its name holds a port.
fn is_port_variable(text: &str) -> bool {
    let name = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .or_else(|| text.strip_prefix('$'));
    name.is_some_and(|name| {
        name.split([':', '?', '-'])
            .next()
            .unwrap_or("")
            .to_ascii_uppercase()
            .contains("PORT")
    })
}

fn known_port(port: &mut Port, text: &str) {
    let (body, protocol) = text.rsplit_once('/').unwrap_or((text, "tcp"));
    port.protocol = protocol.to_ascii_lowercase();
    let (host, target) = match body.rsplit_once(':') {
        Some((host, target)) => (Some(host), target),
        None => (None, body),
    };

    port.target = range(target);
    port.unknown = port.target.is_none();
    // A container port alone is published too, on a port that the engine chooses.
    let Some(host) = host else {
        port.published = Some(None);
        return;
    };

    let (ip, published) = match host.rsplit_once(':') {
        Some((ip, published)) => (Some(ip), published),
        None if host.contains(['.', '[']) => (Some(host), ""),
        None => (None, host),
    };

    port.host_ip = ip
        .map(|ip| ip.trim_matches(['[', ']']).to_owned())
        .filter(|ip| !ip.is_empty());
    port.published = Some(range(published));
    port.unknown |= !published.is_empty() && range(published).is_none();
}

fn long_port(port: &mut Port, value: &Value<'_>) {
    let published = value.text_of("published");
    port.target = value.text_of("target").and_then(range);
    port.name = value.get("name").and_then(Value::at);
    port.protocol = value
        .text_of("protocol")
        .unwrap_or("tcp")
        .to_ascii_lowercase();
    port.host_ip = value.text_of("host_ip").map(str::to_owned);

    match published.map(|text| (text, text.rsplit_once(':'))) {
        Some((_, Some((ip, number)))) => {
            port.host_ip = Some(ip.to_owned());
            port.published = Some(range(number));
        }
        Some((number, None)) => port.published = Some(range(number)),
        None => port.published = Some(None),
    }

    port.unknown = value.is_unknown()
        || value.get("host_ip").is_some_and(Value::is_unknown)
        || port.target.is_none();
    port.location = value
        .get("published")
        .or_else(|| value.get("target"))
        .map_or(value.location, |value| value.location);

    let target = value.text_of("target").unwrap_or("?");
    port.written = match published {
        Some(published) => format!("{published}:{target}"),
        None => target.to_owned(),
    };
}

/// `80` or `8000-8010`.
pub fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some((first, last))
}

/// What makes two ports the same to a merge, be they short or long.
pub fn port_identity(value: &Value<'_>) -> Option<String> {
    if let Some(scalar) = value.scalar().filter(|scalar| scalar.text.is_none()) {
        return Some(scalar.written().to_owned());
    }

    let port = port(value, &Variables::default());
    let host = port.host_ip.as_deref().unwrap_or("0.0.0.0");
    Some(format!(
        "{host}:{:?}:{:?}/{}",
        port.published, port.target?, port.protocol
    ))
}

/// The path in the container that a volume or device is mounted at.
pub fn mount_target(value: &Value<'_>) -> Option<String> {
    let Some(scalar) = value.scalar() else {
        return value.get("target").and_then(Value::text).map(clean);
    };

    let text = scalar.text.as_deref().unwrap_or(scalar.written());
    let parts = split(text);
    let target = parts.get(1).or(parts.first())?;

    Some(clean(target.text(text)))
}

/// The path in the container of a secret or config; those without a folder are in `folder`.
pub fn file_target(value: &Value<'_>, folder: &str) -> Option<String> {
    let target = value
        .get("target")
        .or_else(|| value.get("source"))
        .unwrap_or(value)
        .text()?;
    Some(if target.starts_with('/') {
        clean(target)
    } else {
        format!("{folder}{}", clean(target))
    })
}

fn clean(path: &str) -> String {
    let path = path.trim_end_matches('/');
    if path.is_empty() {
        "/".to_owned()
    } else {
        path.to_owned()
    }
}

/// A volume of a service, short or long.
pub fn mount(value: &Value<'_>, variables: &Variables) -> Mount {
    match value.scalar() {
        Some(scalar) => short_mount(value, scalar, variables),
        None => long_mount(value),
    }
}

fn short_mount(value: &Value<'_>, scalar: &Scalar<'_>, variables: &Variables) -> Mount {
    let written = scalar.written();
    let parts = split(written);
    let mut mount = Mount {
        location: value.location,
        source: MountSource::Anonymous,
        target: None,
        read_only: false,
    };

    match parts.as_slice() {
        [target] => {
            // One variable for the whole: there may be a source in it.
            mount.target = scalar.known_part(*target, variables);
            if mount.target.is_none()
                || mount
                    .target
                    .as_ref()
                    .is_some_and(|target| target.value.contains(':'))
            {
                mount.source = MountSource::Unknown;
            }
        }
        [source, target, options @ ..] => {
            mount.target = scalar.known_part(*target, variables);
            mount.source = match scalar.known_part(*source, variables) {
                Some(source) if source.value.is_empty() => MountSource::Unknown,
                Some(source) if is_path(&source.value) => MountSource::Host(source),
                Some(source) => MountSource::Volume(source),
                None => MountSource::Unknown,
            };

            let options = options
                .iter()
                .flat_map(|span| span.text(written).split(','));
            mount.read_only = options
                .into_iter()
                .any(|option| option == "ro" || option == "readonly");
        }
        [] => {}
    }

    mount
}

/// Whether the source of a volume is a path and not a name.
fn is_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~', '\\']) || source.as_bytes().get(1) == Some(&b':')
}

fn long_mount(value: &Value<'_>) -> Mount {
    let source = value.get("source").or_else(|| value.get("src"));
    let kind = value.get("type").and_then(Value::text).unwrap_or("volume");
    let known = source.and_then(Value::at);
    let source = match (kind, known) {
        ("tmpfs", _) => MountSource::Scratch,
        ("npipe" | "cluster" | "image", _) => MountSource::Other,
        ("bind", Some(path)) => MountSource::Host(path),
        ("volume", Some(name)) => MountSource::Volume(name),
        ("volume", None) if source.is_none() => MountSource::Anonymous,
        _ => MountSource::Unknown,
    };

    let target = value
        .get("target")
        .or_else(|| value.get("destination"))
        .or_else(|| value.get("dst"));
    let location = match &source {
        MountSource::Host(name) | MountSource::Volume(name) => name.location,
        _ => target.map_or(value.location, |target| target.location),
    };

    let read_only = value.get("read_only").and_then(Value::text) == Some("true");
    Mount {
        location,
        source,
        target: target.and_then(Value::at),
        read_only,
    }
}

/// An amount of memory in bytes: `512m`, `1.5gb`, `1024`.
pub fn bytes(text: &str) -> Quantity {
    let lower = text.trim().to_ascii_lowercase();
    let digits =
        lower.trim_end_matches(|letter: char| letter.is_ascii_alphabetic() || letter == ' ');
    // `Mi`, as Kubernetes writes it, is not a unit: Compose wants the `b`.
    let unit = match lower[digits.len()..].trim() {
        "" | "b" => Some(1.0),
        "k" | "kb" | "kib" => Some(1024.0),
        "m" | "mb" | "mib" => Some(1024.0_f64.powi(2)),
        "g" | "gb" | "gib" => Some(1024.0_f64.powi(3)),
        "t" | "tb" | "tib" => Some(1024.0_f64.powi(4)),
        "p" | "pb" | "pib" => Some(1024.0_f64.powi(5)),
        _ => None,
    };

    let amount = digits
        .parse::<f64>()
        .ok()
        .zip(unit)
        .map(|(number, unit)| number * unit);
    Quantity {
        written: text.to_owned(),
        amount,
    }
}

/// A plain number: cores, processes.
pub fn number(text: &str) -> Quantity {
    Quantity {
        written: text.to_owned(),
        amount: text.trim().parse().ok(),
    }
}
