//! Flags: `--name=value` words between the keyword and the arguments.
//!
//! All instructions read them in the same way; [`accepted_flags`] lists the flags of each
//! instruction.

use super::line::Segment;
use super::tree::{Fault, FaultKind, Flag, Keyword, Mount, MountField};
use crate::source::{OffsetMap, Span, Spanned, slice};

/// The flags at the start of `part`, and the rest of it, trimmed.
pub(super) fn split_flags<'l>(part: Segment<'l>) -> (Vec<Flag>, Segment<'l>) {
    let mut flags = Vec::new();
    let mut rest = part.trimmed();

    while rest.text().starts_with("--") {
        let (word, after) = rest.split_at(word_end(rest.text()));
        rest = after.trimmed();
        let text = Unquoted::of(word);
        if text.value == "--" {
            break;
        }

        flags.push(flag(word, text));
    }

    (flags, rest)
}

/// The end of the word at the beginning of `text`; white space inside quotes does not end it.
fn word_end(text: &str) -> usize {
    let mut quote = None;
    let mut chars = text.char_indices();

    while let Some((offset, next)) = chars.next() {
        match (next, quote) {
            ('\\', _) => _ = chars.next(),
            ('\'' | '"', None) => quote = Some(next),
            (_, Some(open)) if next == open => quote = None,
            (_, None) if next.is_whitespace() => return offset,
            _ => {}
        }
    }

    text.len()
}

/// A word without its quotes and escapes, and the source offset of each of its bytes.
struct Unquoted {
    value: String,
    /// `(byte of value, byte of the word)` at which each run begins.
    runs: Vec<(usize, usize)>,
}

impl Unquoted {
    fn of(word: Segment) -> Self {
        let mut value = String::new();
        let mut runs = Vec::new();
        let mut quote = None;
        let mut chars = word.text().char_indices();

        while let Some((offset, next)) = chars.next() {
            let (offset, kept) = match (next, quote) {
                ('\\', _) => match chars.next() {
                    Some(escaped) => escaped,
                    None => break,
                },
                ('\'' | '"', None) => {
                    quote = Some(next);
                    continue;
                }
                (_, Some(open)) if next == open => {
                    quote = None;
                    continue;
                }
                _ => (offset, next),
            };

            if runs
                .last()
                .is_none_or(|&(local, source)| offset - source != value.len() - local)
            {
                runs.push((value.len(), offset));
            }

            value.push(kept);
        }

        Self { value, runs }
    }

    /// The offset in the word of byte `local` of the value.
    fn source(&self, local: usize) -> usize {
        let run = self.runs.partition_point(|run| run.0 <= local);
        self.runs
            .get(run.saturating_sub(1))
            .map_or(local, |&(begin, source)| source + (local - begin))
    }
}

fn flag(word: Segment, text: Unquoted) -> Flag {
    let span = word.span();
    let Some(equals) = text.value.find('=') else {
        let name = Spanned::new(slice(&text.value, 2..text.value.len()).to_owned(), span);
        return Flag {
            name,
            value: None,
            span,
            offsets: OffsetMap::verbatim(span.end),
        };
    };

    let offset = text.source(equals);
    let name = Spanned::new(
        slice(&text.value, 2..equals).to_owned(),
        word.sub(0..offset).span(),
    );
    let value_part = word.split_at(offset + 1).1;
    let mut offsets = OffsetMap::verbatim(value_part.span().start);

    for local in equals + 1..text.value.len() {
        let source = text.source(local);
        offsets.push(
            (local - equals - 1) as u32,
            word.sub(source..source + 1).span().start,
        );
    }

    let value = Spanned::new(text.value[equals + 1..].to_owned(), value_part.span());
    Flag {
        name,
        value: Some(value),
        span,
        offsets,
    }
}

/// The values that a flag accepts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FlagForm {
    /// A value, once.
    Value,
    /// A value, any number of times.
    Values,
    /// No value, `true` or `false`.
    Switch,
}

/// The flags that an instruction accepts; `None` for instructions that ignore flags.
fn accepted_flags(keyword: Keyword) -> Option<&'static [(&'static str, FlagForm)]> {
    use FlagForm::{Switch, Value, Values};
    Some(match keyword {
        Keyword::From => &[("platform", Value)],
        Keyword::Add => &[
            ("chown", Value),
            ("chmod", Value),
            ("link", Switch),
            ("keep-git-dir", Switch),
            ("checksum", Value),
            ("unpack", Switch),
            ("exclude", Values),
        ],
        Keyword::Copy => &[
            ("chown", Value),
            ("from", Value),
            ("chmod", Value),
            ("link", Switch),
            ("parents", Switch),
            ("exclude", Values),
        ],
        Keyword::Run => &[
            ("mount", Values),
            ("network", Value),
            ("security", Value),
            ("device", Values),
        ],
        Keyword::Healthcheck => &[
            ("interval", Value),
            ("timeout", Value),
            ("start-period", Value),
            ("start-interval", Value),
            ("retries", Value),
        ],
        Keyword::Arg | Keyword::Stopsignal | Keyword::Unknown => return None,
        _ => &[],
    })
}

/// Checks the flags of an instruction.
pub(super) fn check_flags(keyword: Keyword, flags: &[Flag], faults: &mut Vec<Fault>) {
    let Some(accepted) = accepted_flags(keyword) else {
        return;
    };

    for (index, flag) in flags.iter().enumerate() {
        let name = flag.name.value.as_str();
        let Some(&(_, form)) = accepted.iter().find(|(known, _)| *known == name) else {
            let message = format!(
                "{} has no flag `--{name}`{}",
                keyword.name(),
                known_flags(accepted)
            );
            faults.push(Fault::new(FaultKind::UnknownFlag, flag.name.span, message));
            continue;
        };

        let earlier = flags[..index]
            .iter()
            .find(|earlier| earlier.name.value == name);
        if form != FlagForm::Values
            && let Some(earlier) = earlier
        {
            let message = format!("duplicate flag `--{name}`");
            let fault = Fault::new(FaultKind::DuplicateFlag, flag.name.span, message);
            faults.push(fault.related(earlier.span, "first given here"));
            continue;
        }

        if let Some((span, message)) = flag_problem(keyword, form, flag) {
            let span = if span.is_empty() { flag.span } else { span };
            faults.push(Fault::new(FaultKind::FlagValue, span, message));
        }
    }
}

/// The span and the message of a wrong value of a flag.
fn flag_problem(keyword: Keyword, form: FlagForm, flag: &Flag) -> Option<(Span, String)> {
    let name = flag.name.value.as_str();

    match (form, &flag.value) {
        (FlagForm::Switch, None) => None,
        (FlagForm::Switch, Some(value)) => {
            let is_switch = ["true", "false"]
                .iter()
                .any(|word| word.eq_ignore_ascii_case(&value.value));
            if is_switch {
                return None;
            }

            Some((value.span, format!("`--{name}` must be `true` or `false`")))
        }
        (_, None) => Some((
            flag.span,
            format!("`--{name}` requires a value: `--{name}=…`"),
        )),
        (_, Some(value)) => value_problem(keyword, name, value),
    }
}

fn known_flags(accepted: &[(&str, FlagForm)]) -> String {
    let names: Vec<String> = accepted
        .iter()
        .map(|(name, _)| format!("`--{name}`"))
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("; known flags: {}", names.join(", "))
    }
}

fn value_problem(keyword: Keyword, name: &str, value: &Spanned<String>) -> Option<(Span, String)> {
    let text = value.value.as_str();
    let message = match (keyword, name) {
        (Keyword::Run, "network")
            if !text.contains('$') && !["default", "none", "host"].contains(&text) =>
        {
            "the network must be `default`, `none` or `host`".to_owned()
        }

        (Keyword::Run, "security")
            if !text.contains('$') && !["sandbox", "insecure"].contains(&text) =>
        {
            "security must be `sandbox` or `insecure`".to_owned()
        }
        (Keyword::Healthcheck, "retries") => match text.parse::<i32>() {
            Ok(0..) => return None,
            _ if text.is_empty() => return None,
            _ => "retries must be a non-negative integer".to_owned(),
        },
        (Keyword::Healthcheck, _) if !text.is_empty() => match duration(text) {
            None => "expected a duration such as `30s` or `1m30s`".to_owned(),
            Some(nanoseconds) if nanoseconds != 0.0 && nanoseconds < 1e6 => {
                "a duration must be 0 or at least 1ms".to_owned()
            }
            Some(_) => return None,
        },
        _ => return None,
    };

    Some((value.span, message))
}

/// The duration in a text in the format of Go, `1h2m3.5s`, in nanoseconds.
pub(crate) fn duration(text: &str) -> Option<f64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };

    if rest == "0" {
        return Some(0.0);
    }

    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }

    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let nanoseconds = match &rest[..unit] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };

        total += number * nanoseconds;
        rest = &rest[unit..];
    }

    Some(sign * total)
}

/// The mounts of the `--mount` flags.
pub(super) fn mounts(flags: &[Flag], faults: &mut Vec<Fault>) -> Vec<Mount> {
    let mounts = flags
        .iter()
        .filter(|flag| flag.name.value == "mount" && flag.value.is_some());
    mounts.map(|flag| mount(flag, faults)).collect()
}

fn mount(flag: &Flag, faults: &mut Vec<Fault>) -> Mount {
    let text = flag.text();
    let mut fields = Vec::new();

    for (start, end) in field_ranges(text) {
        fields.push(mount_field(flag, start, end));
    }

    let mount = Mount {
        span: flag.span,
        fields,
    };

    check_mount(&mount, faults);

    mount
}

/// The field in a range of the value of a flag.
fn mount_field(flag: &Flag, start: usize, end: usize) -> MountField {
    let text = flag.text();
    let (key_end, value) = match slice(text, start..end).find('=') {
        Some(equals) => {
            let from = start + equals + 1;
            let value = slice(text, from..end).to_owned();
            let span = flag.span_of(Span::of(from, end));
            (start + equals, Some(Spanned::new(value, span)))
        }
        None => (end, None),
    };

    let key = Spanned::new(
        slice(text, start..key_end).to_ascii_lowercase(),
        flag.span_of(Span::of(start, key_end)),
    );

    MountField { key, value }
}

/// The ranges of the comma-separated fields of a mount. A field in double quotes may contain
/// commas.
fn field_ranges(text: &str) -> Vec<(usize, usize)> {
    let mut fields = Vec::new();
    let mut offset = 0;

    loop {
        let quoted = slice(text, offset..text.len()).starts_with('"');
        let from = if quoted { offset + 1 } else { offset };
        let close = if quoted { '"' } else { ',' };
        let end = slice(text, from..text.len())
            .find(close)
            .map_or(text.len(), |len| from + len);
        fields.push((from, end));
        let Some(comma) = slice(text, end..text.len()).find(',') else {
            return fields;
        };

        offset = end + comma + 1;
    }
}

const MOUNT_KINDS: [&str; 5] = ["bind", "cache", "tmpfs", "secret", "ssh"];

fn check_mount(mount: &Mount, faults: &mut Vec<Fault>) {
    for field in &mount.fields {
        let key = field.key.value.as_str();
        let value = field.value.as_ref().map(|value| value.value.as_str());

        if value.is_some_and(|value| value.contains('$')) {
            if key == "from" {
                let span = field
                    .value
                    .as_ref()
                    .map_or(field.key.span, |value| value.span);
                let message =
                    "`from` cannot contain variables; name a stage with FROM and use that";
                faults.push(Fault::new(FaultKind::VariableInFrom, span, message));
            }

            continue;
        }

        let problem = match (key, value) {
            ("readonly" | "ro" | "readwrite" | "rw" | "required", None) => continue,
            (_, None) => format!("`{key}` requires a value: `{key}=…`"),
            ("type", Some(kind)) if !MOUNT_KINDS.contains(&kind.to_ascii_lowercase().as_str()) => {
                format!("the mount type must be one of {}", MOUNT_KINDS.join(", "))
            }

            ("sharing", Some(mode))
                if !["shared", "private", "locked"]
                    .contains(&mode.to_ascii_lowercase().as_str()) =>
            {
                "sharing must be `shared`, `private` or `locked`".to_owned()
            }

            (
                "type" | "from" | "source" | "src" | "target" | "dst" | "destination" | "readonly"
                | "ro" | "readwrite" | "rw" | "required" | "size" | "id" | "sharing" | "mode"
                | "uid" | "gid" | "env",
                Some(_),
            ) => continue,
            _ => format!("a mount has no key `{key}`"),
        };

        let span = match &field.value {
            Some(value) if matches!(key, "type" | "sharing") => value.span,
            _ => field.key.span,
        };
        let span = if span.is_empty() { mount.span } else { span };
        faults.push(Fault::new(FaultKind::FlagValue, span, problem));
    }
}
