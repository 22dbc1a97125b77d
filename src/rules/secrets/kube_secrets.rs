//! `committed-secret`, `secret-in-configmap`: credentials that stand in manifests.

use crate::analysis::Ctx;
use crate::credential::{self, HitKind, Verdict};
use crate::finding::{Finding, Level, Sink};
use crate::model::kubernetes::{Body, Data, DataEntry, Object};
use crate::source::{Location, Span};

/// Types of Secrets whose whole content is one.
const TYPED: [&str; 5] = [
    "kubernetes.io/basic-auth",
    "kubernetes.io/ssh-auth",
    "kubernetes.io/tls",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/dockercfg",
];

pub fn committed(_: &Ctx, object: &Object, sink: &mut Sink) {
    let Body::Secret(data) = &object.body else {
        return;
    };

    if data.encrypted {
        return;
    }

    for entry in &data.entries {
        let Some((location, what, level, why)) = judge_secret(data, entry, sink.level()) else {
            continue;
        };

        let finding = Finding::new(
            location,
            format!(
                "{} is committed with {what} in `{}`",
                object.title(),
                entry.key.value
            ),
        )
        .label(why.unwrap_or(if entry.decoded.is_some() {
            "base64 is not encryption"
        } else {
            "plain text"
        }))
        .help("remove it from git and rotate it; use SealedSecret, ExternalSecret, or SOPS instead")
        .anchor(object.anchor)
        .secret(entry.value.location);
        sink.report_at(level, finding);
    }
}

/// Where to point, what it is, how much it matters, and why it is weak; `None` where the entry
/// holds no secret.
fn judge_secret(
    data: &Data,
    entry: &DataEntry,
    level: Level,
) -> Option<(Location, String, Level, Option<&'static str>)> {
    let text = entry.text();
    let location = entry.value.location;
    if text.trim().is_empty()
        || text.contains("ENC[AES256_GCM")
        || credential::is_reference(text.trim())
    {
        return None;
    }

    if text.contains('\n') || text.len() > 200 {
        // A file: judged by what stands in it, or by the type that says what it is.
        let hit = credential::scan(text).into_iter().next();
        let typed = data
            .kind
            .value()
            .is_some_and(|kind| TYPED.contains(&kind.as_str()));
        return match hit {
            Some(hit) => Some((entry.place_of(hit.at), describe(&hit.kind), level, None)),
            None if typed
                && !entry.key.value.contains("crt")
                && !entry.key.value.contains("cert") =>
            {
                Some((entry.key.location, "a credential".to_owned(), level, None))
            }
            None => {
                lines(text).find_map(|(name, value, span)| match credential::judge(name, value) {
                    Verdict::Secret { redacted, .. } => Some((
                        entry.place_of(span),
                        credential_shown(&redacted),
                        level,
                        None,
                    )),
                    _ => None,
                })
            }
        };
    }

    match credential::judge(&entry.key.value, text) {
        Verdict::Secret { redacted, .. } => {
            Some((location, credential_shown(&redacted), level, None))
        }
        Verdict::Token(hit) | Verdict::UrlPassword(hit) => {
            Some((entry.place_of(hit.span), describe(&hit.kind), level, None))
        }
        Verdict::Default(reason) => Some((
            location,
            "a weak credential".to_owned(),
            level.lowered(),
            Some(reason.clause()),
        )),
        Verdict::Placeholder | Verdict::Reference => None,
        Verdict::NotSecret => looks_secret(&entry.key.value, text.trim()).then(|| {
            (
                location,
                "a value that looks like a credential".to_owned(),
                level.lowered(),
                None,
            )
        }),
    }
}

/// Parts of keys whose values may be known to everybody.
const OPEN: &str =
    "user host port name url region bucket endpoint ca.crt email enabled path domain type id";

/// What stands in a Secret is meant to be one, whatever its key; names, numbers, switches and
/// addresses are not.
fn looks_secret(key: &str, value: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let mixed = value.bytes().any(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| byte.is_ascii_alphabetic());
    let plain = OPEN.split(' ').any(|part| key.contains(part))
        || value.contains([' ', '.'])
        || value.contains("://");
    value.len() >= 12 && mixed && !plain && !credential::is_placeholder(value)
}

pub fn in_config_map(_: &Ctx, object: &Object, sink: &mut Sink) {
    let Body::ConfigMap(data) = &object.body else {
        return;
    };

    if data.encrypted {
        return;
    }

    for entry in &data.entries {
        let text = entry.value.value.as_str();

        if text.contains('\n') {
            in_file(object, entry, sink);
            continue;
        }

        let verdict = credential::judge(&entry.key.value, text);
        let (location, what, level) = match &verdict {
            Verdict::Secret { redacted, .. } => (
                entry.value.location,
                credential_shown(redacted),
                sink.level(),
            ),
            Verdict::Token(hit) => (entry.place_of(hit.span), describe(&hit.kind), sink.level()),
            Verdict::UrlPassword(hit) => (
                entry.place_of(hit.span),
                describe(&hit.kind),
                local(&hit.kind, sink.level()),
            ),
            Verdict::Default(_) => (
                entry.value.location,
                "a weak credential".to_owned(),
                sink.level().lowered(),
            ),
            _ => continue,
        };

        let label = match &verdict {
            Verdict::Default(reason) => reason.clause(),
            _ => READABLE,
        };

        report(object, entry, location, (&what, label), level, sink);
    }
}

/// A configuration file inside a ConfigMap: its tokens, and its lines of names and values.
fn in_file(object: &Object, entry: &DataEntry, sink: &mut Sink) {
    let text = entry.value.value.as_str();
    let mut told: Vec<Span> = Vec::new();

    for hit in credential::scan(text) {
        told.push(hit.span);
        let what = describe(&hit.kind);
        let level = local(&hit.kind, sink.level());
        report(
            object,
            entry,
            entry.place_of(hit.at),
            (&what, READABLE),
            level,
            sink,
        );
    }

    if is_program(&entry.key.value) {
        return;
    }

    for (name, value, span) in lines(text) {
        if told
            .iter()
            .any(|own| own.start < span.end && span.start < own.end)
        {
            continue;
        }

        if let Verdict::Secret { redacted, .. } = credential::judge(name, value) {
            let what = credential_shown(&redacted);
            report(
                object,
                entry,
                entry.place_of(span),
                (&what, READABLE),
                sink.level(),
                sink,
            );
        }
    }
}

/// Programs assign computed values to names that announce secrets; only whole tokens are looked for
/// in them.
fn is_program(key: &str) -> bool {
    const ENDINGS: [&str; 14] = [
        "sh", "py", "js", "ts", "lua", "go", "rb", "sql", "tpl", "tmpl", "star", "rego", "bash",
        "html",
    ];
    key.rsplit_once('.')
        .is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

/// `name = value` and `name: value` lines with the value's span in the text.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str, Span)> {
    let base = text.as_ptr() as usize;
    text.lines().filter_map(move |line| {
        let body = line.trim();
        if body.starts_with(['#', ';']) || body.starts_with("//") || body.starts_with("--") {
            return None;
        }

        let (name, value) = body.split_once('=').or_else(|| body.split_once(':'))?;
        let name = name
            .trim()
            .trim_matches(['"', '\''])
            .trim_start_matches("export ")
            .trim_start_matches("- ");
        let value = value
            .trim()
            .trim_end_matches([',', ';'])
            .trim_matches(['"', '\'']);
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        if !is_name || value.is_empty() || value.contains([' ', '(', '{', '$', '<', '%']) {
            return None;
        }

        let start = value.as_ptr() as usize - base;

        Some((name, value, Span::of(start, start + value.len())))
    })
}

/// Why a credential in a ConfigMap matters, where nothing more is known of it.
const READABLE: &str = "readable by anyone with read access to the namespace";

fn report(
    object: &Object,
    entry: &DataEntry,
    location: Location,
    (what, label): (&str, &str),
    level: Level,
    sink: &mut Sink,
) {
    let finding = Finding::new(
        location,
        format!(
            "{} contains {what} in `{}`",
            object.title(),
            entry.key.value
        ),
    )
    .label(label)
    .help(
        "move it to a Secret that is filled from an external store or SealedSecret, and rotate it",
    )
    .anchor(object.anchor)
    .secret(location);
    sink.report_at(level, finding);
}

/// A password for this machine costs little.
fn local(kind: &HitKind, level: Level) -> Level {
    match kind {
        HitKind::ConnectionString { local: true, .. } => Level::Note,
        _ => level,
    }
}

fn describe(kind: &HitKind) -> String {
    match kind {
        HitKind::ProviderToken { provider, name } => format!("a {provider} {name}"),
        HitKind::PrivateKey { label } => format!("a key ({label})"),
        HitKind::ConnectionString { scheme, .. } => format!("a password in a {scheme} URL"),
    }
}

/// A credential with the part of it that may be shown.
fn credential_shown(redacted: &str) -> String {
    if redacted.starts_with('*') {
        "a credential".to_owned()
    } else {
        format!("a credential ({redacted})")
    }
}
