//! `committed-secret`, `secret-in-configmap`: credentials in manifests.

use crate::analysis::Analysis;
use crate::credential::{self, DefaultReason, HitKind, Place, Verdict};
use crate::finding::{Finding, Sink};
use crate::model::facts::FileFacts;
use crate::model::kubernetes::{Body, Data, DataEntry, GeneratedObject, Object};
use crate::source::{Location, OffsetMap, SourceFile, Span, file_name};

/// Types of Secrets whose whole content is a credential.
const TYPED: [&str; 5] = [
    "kubernetes.io/basic-auth",
    "kubernetes.io/ssh-auth",
    "kubernetes.io/tls",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/dockercfg",
];

/// A credential in an entry of a Secret or ConfigMap.
struct EntryCredential {
    location: Location,
    /// Its description with an article.
    what: String,
    /// Why the value is weak, where it is.
    weakness: Option<&'static str>,
    /// What is known of it that lowers the level.
    case: Option<&'static str>,
}

impl EntryCredential {
    const fn new(location: Location, what: String) -> Self {
        Self {
            location,
            what,
            weakness: None,
            case: None,
        }
    }

    fn guessable(location: Location, reason: &'static str) -> Self {
        Self {
            weakness: Some(reason),
            case: Some("guessable"),
            ..Self::new(location, "a weak credential".to_owned())
        }
    }

    const fn case(mut self, case: Option<&'static str>) -> Self {
        self.case = case;
        self
    }
}

/// A Secret or a ConfigMap: an object, or what a generator of kustomize makes.
struct Holder<'d> {
    title: String,
    data: &'d Data,
    anchor: Location,
}

impl<'d> Holder<'d> {
    fn of_object(object: &Object, data: &'d Data) -> Self {
        Self {
            title: object.title(),
            data,
            anchor: object.anchor,
        }
    }

    fn of_generated(made: &GeneratedObject, data: &'d Data) -> Self {
        Self {
            title: format!("{}/{}", made.kind, made.name.value),
            data,
            anchor: made.name.location,
        }
    }
}

pub fn committed(_: &Analysis, object: &Object, sink: &mut Sink) {
    if let Body::Secret(data) = &object.body {
        report_secret(&Holder::of_object(object, data), sink);
    }
}

pub fn in_config_map(_: &Analysis, object: &Object, sink: &mut Sink) {
    if let Body::ConfigMap(data) = &object.body {
        report_config_map(&Holder::of_object(object, data), sink);
    }
}

/// The Secrets that a kustomization makes of what is committed.
pub fn generated_secrets(ctx: &Analysis, _: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    for made in generated(facts, "Secret") {
        report_secret(&Holder::of_generated(made, &made.data), sink);

        for data in env_data(ctx, made) {
            report_secret(&Holder::of_generated(made, &data), sink);
        }
    }
}

/// The ConfigMaps that a kustomization makes.
pub fn generated_config_maps(ctx: &Analysis, _: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    for made in generated(facts, "ConfigMap") {
        report_config_map(&Holder::of_generated(made, &made.data), sink);

        for data in env_data(ctx, made) {
            report_config_map(&Holder::of_generated(made, &data), sink);
        }
    }
}

fn generated<'f>(
    facts: &'f FileFacts,
    kind: &'static str,
) -> impl Iterator<Item = &'f GeneratedObject> {
    let kustomization = facts.kustomization.iter();

    kustomization
        .flat_map(|kustomization| &kustomization.generated)
        .filter(move |made| made.kind == kind)
}

/// The variables of the env files of a generator, as far as these are committed.
fn env_data(ctx: &Analysis, made: &GeneratedObject) -> Vec<Data> {
    let mut all = Vec::new();

    for path in &made.env_files {
        // `env-file-committed` reports these.
        let is_dot_env = file_name(&path.value).starts_with(".env");
        let Some(file) = ctx.facts.repository.find(&path.value) else {
            continue;
        };

        if is_dot_env || !ctx.facts.is_committed(&path.value) {
            continue;
        }

        let variables = ctx.facts.file(file.id).env.iter();
        let entries = variables.filter_map(|variable| {
            let value = variable.value.literal()?;

            Some(DataEntry {
                key: variable.name.clone(),
                value: value.clone(),
                decoded: None,
                offsets: OffsetMap::verbatim(value.location.span.start),
            })
        });
        all.push(Data {
            entries: entries.collect(),
            ..Data::default()
        });
    }

    all
}

fn report_secret(holder: &Holder, sink: &mut Sink) {
    let data = holder.data;
    if data.encrypted {
        return;
    }

    for entry in &data.entries {
        let Some(credential) = secret_credential(data, entry) else {
            continue;
        };

        let form = if entry.decoded.is_some() {
            "base64 is not encryption"
        } else {
            "plain text"
        };
        let message = format!(
            "{} is committed with {} in `{}`",
            holder.title, credential.what, entry.key.value
        );
        let mut finding = Finding::new(credential.location, message)
            .label(credential.weakness.unwrap_or(form))
            .help(
                "remove it from git and rotate it; use SealedSecret, ExternalSecret, or SOPS \
                 instead",
            )
            .anchor(holder.anchor)
            .secret(entry.value.location);
        if let Some(case) = credential.case {
            finding = finding.case(case);
        }

        sink.report(finding);
    }
}

/// The credential in an entry of a Secret.
fn secret_credential(data: &Data, entry: &DataEntry) -> Option<EntryCredential> {
    let text = entry.text();
    if text.trim().is_empty()
        || text.contains("ENC[AES256_GCM")
        || credential::is_reference(text.trim())
    {
        return None;
    }

    if text.contains('\n') || text.len() > 200 {
        return file_credential(data, entry, text);
    }

    let location = entry.value.location;
    match credential::classify(&entry.key.value, text, Place::Variable) {
        Verdict::Secret { .. } if repeats_entry(data, entry) => {
            let reason = DefaultReason::RepeatsName.clause();
            Some(EntryCredential::guessable(location, reason))
        }
        Verdict::Secret { redacted, .. } => {
            Some(EntryCredential::new(location, credential_shown(&redacted)))
        }
        Verdict::Token(hit) | Verdict::UrlPassword(hit) => Some(EntryCredential::new(
            entry.place_of(hit.span),
            describe(&hit.kind),
        )),
        Verdict::Default(reason) => Some(EntryCredential::guessable(location, reason.clause())),
        Verdict::NotSecret if looks_secret(&entry.key.value, text.trim()) => {
            let what = "a value that looks like a credential".to_owned();
            Some(EntryCredential::new(location, what).case(Some("uncertain")))
        }
        Verdict::NotSecret | Verdict::Placeholder | Verdict::Reference => None,
    }
}

/// Whether a password is the user's or the database's name, which another entry gives.
fn repeats_entry(data: &Data, entry: &DataEntry) -> bool {
    let text = entry.text().trim();

    data.entries.iter().any(|other| {
        let key = other.key.value.to_ascii_lowercase();
        let is_name = ["user", "db", "database", "name"]
            .iter()
            .any(|part| key.ends_with(part));

        is_name && other.key.location != entry.key.location && other.text().trim() == text
    })
}

/// The credential in an entry that holds a file: found by the file's content, or by the type of the
/// Secret.
fn file_credential(data: &Data, entry: &DataEntry, text: &str) -> Option<EntryCredential> {
    if let Some(hit) = credential::scan(text).into_iter().next() {
        return Some(EntryCredential::new(
            entry.place_of(hit.at),
            describe(&hit.kind),
        ));
    }

    let key = &entry.key;
    let is_typed = data
        .kind
        .value()
        .is_some_and(|kind| TYPED.contains(&kind.as_str()));
    if is_typed && !key.value.contains("crt") && !key.value.contains("cert") {
        return Some(EntryCredential::new(
            key.location,
            "a credential".to_owned(),
        ));
    }

    name_value_lines(text).find_map(|(name, value, span)| {
        match credential::classify(name, value, Place::Variable) {
            Verdict::Secret { redacted, .. } => Some(EntryCredential::new(
                entry.place_of(span),
                credential_shown(&redacted),
            )),
            _ => None,
        }
    })
}

/// Parts of keys whose values may be public.
const PUBLIC: &str =
    "user host port name url region bucket endpoint ca.crt email enabled path domain type id";

/// Whether a value looks like a credential although its key does not announce one. What is in a
/// Secret is meant to be secret; names, numbers, switches and addresses are not.
fn looks_secret(key: &str, value: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let mixed = value.bytes().any(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| byte.is_ascii_alphabetic());
    let plain = PUBLIC.split(' ').any(|part| key.contains(part))
        || value.contains([' ', '.'])
        || value.contains("://");
    value.len() >= 12 && mixed && !plain && !credential::is_placeholder(value)
}

fn report_config_map(holder: &Holder, sink: &mut Sink) {
    if holder.data.encrypted {
        return;
    }

    for entry in &holder.data.entries {
        let text = entry.value.value.as_str();

        if text.contains('\n') {
            report_file(holder, entry, sink);
        } else if let Some(credential) = config_credential(entry, text) {
            report(holder, entry, credential, sink);
        } else if !is_program(&entry.key.value) {
            report_words(holder, entry, sink);
        }
    }
}

/// Reports the credentials in the words of a line: `NAME=value`, `-Dname=value` and
/// `requirepass value`.
fn report_words(holder: &Holder, entry: &DataEntry, sink: &mut Sink) {
    let text = entry.value.value.as_str();

    for (name, value, span) in assignments(text) {
        if let Verdict::Secret { redacted, .. } = credential::classify(name, value, Place::Variable)
        {
            let what = credential_shown(&redacted);
            let credential = EntryCredential::new(entry.place_of(span), what);
            report(holder, entry, credential, sink);
        }
    }
}

/// Settings of servers whose value is the next word, and a password.
const PASSWORD_SETTINGS: [&str; 3] = ["requirepass", "masterauth", "primaryauth"];

/// Names and values in the words of a line, with the value's span in it.
fn assignments(line: &str) -> Vec<(&str, &str, Span)> {
    let base = line.as_ptr() as usize;
    let mut assignments = Vec::new();
    let mut words = line
        .split([' ', '\t', ';', ',', '&'])
        .filter(|word| !word.is_empty())
        .peekable();

    while let Some(word) = words.next() {
        let word = word.trim_start_matches(['-', '"', '\'']);
        let is_password = PASSWORD_SETTINGS.contains(&word);

        let (name, value) = match (word.split_once('='), words.peek()) {
            (Some((name, value)), _) => (name, value),
            (None, Some(next)) if is_password => ("password", *next),
            _ => continue,
        };

        let value = value.trim_matches(['"', '\'']);
        let name = name
            .strip_prefix('D')
            .filter(|name| name.contains('.'))
            .unwrap_or(name);
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));

        if is_name && !value.contains(['$', '{', '<', '%', '(']) {
            let start = value.as_ptr() as usize - base;
            assignments.push((name, value, Span::of(start, start + value.len())));
        }
    }

    assignments
}

/// The credential in an entry of a ConfigMap that holds one value.
fn config_credential(entry: &DataEntry, text: &str) -> Option<EntryCredential> {
    let location = entry.value.location;

    match credential::classify(&entry.key.value, text, Place::Variable) {
        Verdict::Secret { redacted, .. } => {
            Some(EntryCredential::new(location, credential_shown(&redacted)))
        }
        Verdict::Token(hit) => Some(EntryCredential::new(
            entry.place_of(hit.span),
            describe(&hit.kind),
        )),
        Verdict::UrlPassword(hit) => Some(
            EntryCredential::new(entry.place_of(hit.span), describe(&hit.kind))
                .case(local_case(&hit.kind)),
        ),
        Verdict::Default(reason) => Some(EntryCredential::guessable(location, reason.clause())),
        Verdict::NotSecret | Verdict::Placeholder | Verdict::Reference => None,
    }
}

/// Reports the credentials of a configuration file in a ConfigMap: its tokens, and its lines of
/// names and values.
fn report_file(holder: &Holder, entry: &DataEntry, sink: &mut Sink) {
    let text = entry.value.value.as_str();
    let mut reported: Vec<Span> = Vec::new();

    for hit in credential::scan(text) {
        reported.push(hit.span);
        let credential = EntryCredential::new(entry.place_of(hit.at), describe(&hit.kind))
            .case(local_case(&hit.kind));
        report(holder, entry, credential, sink);
    }

    if is_program(&entry.key.value) {
        return;
    }

    for (name, value, span) in name_value_lines(text) {
        if reported
            .iter()
            .any(|other| other.start < span.end && span.start < other.end)
        {
            continue;
        }

        if let Verdict::Secret { redacted, .. } = credential::classify(name, value, Place::Variable)
        {
            let what = credential_shown(&redacted);
            let credential = EntryCredential::new(entry.place_of(span), what);
            report(holder, entry, credential, sink);
        }
    }
}

/// Whether an entry is a program. Programs assign computed values to names that announce secrets,
/// so only whole tokens are looked for in them.
fn is_program(key: &str) -> bool {
    const ENDINGS: [&str; 14] = [
        "sh", "py", "js", "ts", "lua", "go", "rb", "sql", "tpl", "tmpl", "star", "rego", "bash",
        "html",
    ];
    key.rsplit_once('.')
        .is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

/// Names and values of lines such as `name = value` and `name: value`, with the value's span in the
/// text.
fn name_value_lines(text: &str) -> impl Iterator<Item = (&str, &str, Span)> {
    let base = text.as_ptr() as usize;
    text.lines().filter_map(move |line| {
        let body = line.trim();
        if body.starts_with(['#', ';']) || body.starts_with("//") || body.starts_with("--") {
            return None;
        }

        let is_setting = |(name, _): &(&str, &str)| PASSWORD_SETTINGS.contains(name);
        let (name, value) = match body.split_once(' ').filter(is_setting) {
            Some((_, value)) => ("password", value),
            None => body.split_once('=').or_else(|| body.split_once(':'))?,
        };
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

fn report(holder: &Holder, entry: &DataEntry, credential: EntryCredential, sink: &mut Sink) {
    let message = format!(
        "{} contains {} in `{}`",
        holder.title, credential.what, entry.key.value
    );
    let mut finding = Finding::new(credential.location, message)
        .label(credential.weakness.unwrap_or(READABLE))
        .help(
            "move it to a Secret that is filled from an external store or SealedSecret, and \
             rotate it",
        )
        .anchor(holder.anchor)
        .secret(credential.location);
    if let Some(case) = credential.case {
        finding = finding.case(case);
    }

    sink.report(finding);
}

/// The case of a password for a server on this machine.
const fn local_case(kind: &HitKind) -> Option<&'static str> {
    match kind {
        HitKind::ConnectionString { local: true, .. } => Some("local"),
        _ => None,
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
