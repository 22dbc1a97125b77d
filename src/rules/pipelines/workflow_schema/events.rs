//! `on`: events, their filters and activity types, their inputs.

use super::{DATA, Problems, at, check as check_shape, cron, found, is_expression, table};
use crate::source::Location;
use crate::suggest::nearest;
use crate::syntax::yaml::{Kind, Node};

pub fn check(on: Node<'_>, problems: &mut Problems) {
    match on.kind() {
        Kind::Null => problems.wrong(
            on.location(),
            "`on` lists no event, so the workflow never starts",
        ),
        Kind::Scalar => name(on, problems),
        Kind::Sequence => {
            if on.is_empty() {
                problems.wrong(
                    on.location(),
                    "`on` lists no event, so the workflow never starts",
                );
            }

            for item in on.items() {
                match item.kind() {
                    Kind::Scalar => name(item, problems),
                    _ => problems.wrong(
                        at(item),
                        format!("expected an event name, found {}", found(item)),
                    ),
                }
            }
        }
        Kind::Mapping => {
            if on.is_empty() {
                problems.wrong(
                    on.location(),
                    "`on` lists no event, so the workflow never starts",
                );
            }

            for entry in on.entries() {
                name(entry.key, problems);
                event(entry.key.str().unwrap_or_default(), entry.value, problems);
            }
        }
        Kind::Unknown => {}
    }
}

/// An event's name; `schedule` and its like need the form with a value.
fn name(node: Node<'_>, problems: &mut Problems) {
    let text = node.str().unwrap_or_default();
    if DATA.events.contains_key(text) || is_expression(node) {
        return;
    }

    let help = match nearest(text, DATA.events.keys().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "see GitHub's list of events that trigger workflows".to_owned(),
    };

    problems.wrong_with(node.location(), format!("unknown event `{text}`"), help);
}

fn event(name: &str, node: Node<'_>, problems: &mut Problems) {
    match name {
        "schedule" => return schedule(node, problems),
        "workflow_dispatch" => {
            check_shape(node, table::DISPATCH, name, problems);
            return dispatch_inputs(node, problems);
        }
        "workflow_call" => {
            check_shape(node, table::CALLED, name, problems);
            return call_inputs(node, problems);
        }
        _ => {}
    }

    let Some(types) = DATA.events.get(name) else {
        return;
    };

    match node.kind() {
        Kind::Mapping => {}
        Kind::Null | Kind::Unknown => return,
        Kind::Sequence if node.is_empty() => return,
        Kind::Scalar | Kind::Sequence => {
            return problems.wrong(
                at(node),
                format!("`{name}` must be a mapping of filters, not {}", found(node)),
            );
        }
    }

    for entry in node.entries() {
        let key = entry.key.str().unwrap_or_default();
        let allowed: &[&str] = match name {
            "push" => &[
                "branches",
                "branches-ignore",
                "tags",
                "tags-ignore",
                "paths",
                "paths-ignore",
            ],
            "pull_request" | "pull_request_target" => &[
                "types",
                "branches",
                "branches-ignore",
                "paths",
                "paths-ignore",
            ],
            "workflow_run" => &["types", "workflows", "branches", "branches-ignore"],
            "merge_group" => &["types", "branches", "branches-ignore"],
            "image_version" => &["names", "versions"],
            _ => &["types"],
        };

        if !allowed.contains(&key) {
            let help = format!("known filters: {}", allowed.join(", "));
            problems.wrong_with(
                entry.key.location(),
                format!("`{name}` has no filter `{key}`"),
                help,
            );
            continue;
        }

        if key == "types" {
            activity_types(name, types, entry.value, problems);
        } else {
            filter(key, entry.value, problems);
        }
    }

    for (one, other) in [
        ("branches", "branches-ignore"),
        ("tags", "tags-ignore"),
        ("paths", "paths-ignore"),
    ] {
        if let (Some(_), Some(second)) = (node.entry(one), node.entry(other)) {
            let help = format!("keep one, and write exceptions with `!` in `{one}`");
            problems.wrong_with(
                second.key.location(),
                format!("`{one}` and `{other}` cannot be used together"),
                help,
            );
        }
    }

    if name == "workflow_run" && node.get("workflows").is_none() {
        problems.wrong(node.location(), "`workflow_run` requires `workflows`");
    }
}

fn activity_types(event: &str, types: &[String], node: Node<'_>, problems: &mut Problems) {
    let items = node
        .items()
        .chain((node.kind() == Kind::Scalar).then_some(node));
    for item in items {
        let Some(text) = item.str() else { continue };

        if event == "repository_dispatch"
            || is_expression(item)
            || types.iter().any(|known| known == text)
        {
            continue;
        }

        if types.is_empty() {
            problems.wrong(item.location(), format!("`{event}` has no activity types"));
            continue;
        }

        let help = match nearest(text, types.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known types: {}", types.join(", ")),
        };

        problems.wrong_with(
            item.location(),
            format!("`{event}` has no activity type `{text}`"),
            help,
        );
    }
}

/// Patterns of branches, tags and paths.
fn filter(key: &str, node: Node<'_>, problems: &mut Problems) {
    match node.kind() {
        Kind::Null => problems.wrong(node.location(), format!("`{key}` is empty")),
        Kind::Mapping => problems.wrong(
            at(node),
            format!("`{key}` must be a list of patterns, not a mapping"),
        ),
        Kind::Sequence if node.is_empty() => {
            problems.wrong(node.location(), format!("`{key}` is empty"))
        }
        _ => {}
    }

    let items = node
        .items()
        .chain((node.kind() == Kind::Scalar).then_some(node));
    let mut positive = false;
    let mut any = false;

    for item in items {
        let Some(text) = item.str() else { continue };

        any = true;
        positive |= !text.starts_with('!');
        if matches!(key, "workflows" | "names" | "versions") {
            continue;
        }

        if let Some(problem) = glob(text, key.starts_with("paths")) {
            problems.wrong(
                item.location(),
                format!("invalid pattern `{text}`: {problem}"),
            );
        }
    }

    if any && !positive && !key.ends_with("-ignore") {
        problems.wrong(
            node.location(),
            format!("`{key}` has only exclusions, so nothing can match"),
        );
    }
}

/// What is wrong with a filter pattern.
fn glob(text: &str, path: bool) -> Option<&'static str> {
    let body = text.strip_prefix('!').unwrap_or(text);
    if body.is_empty() {
        return Some("it is empty");
    }

    if text != text.trim() {
        return Some("it begins or ends with whitespace");
    }

    if path && (body.starts_with("./") || body.starts_with("../") || body == "." || body == "..") {
        return Some("paths are relative to the repository, without `./`");
    }

    let mut open: Option<Vec<char>> = None;
    let mut before = None;
    let mut escaped = false;

    for letter in body.chars() {
        if std::mem::take(&mut escaped) {
            before = Some(letter);
            continue;
        }

        match (&mut open, letter) {
            (Some(range), ']') => {
                if range.is_empty() || !ascends(range) {
                    return Some("its character range is empty or reversed");
                }

                open = None;
            }
            (Some(range), letter) => range.push(letter),
            (None, '[') => open = Some(Vec::new()),
            (None, '\\') => escaped = true,
            (None, '+' | '?') if before.is_none() || before == Some('+') => {
                return Some("nothing precedes its `+` or `?`");
            }
            (None, ' ' | '\t' | '~' | '^' | ':') if !path => {
                return Some("branch and tag names cannot contain spaces, tabs, `~`, `^` or `:`");
            }
            _ => {}
        }

        before = Some(letter);
    }

    if open.is_some() {
        Some("its `[` is not closed")
    } else {
        None
    }
}

fn ascends(range: &[char]) -> bool {
    range
        .windows(3)
        .all(|three| three[1] != '-' || three[0] <= three[2])
}

fn schedule(node: Node<'_>, problems: &mut Problems) {
    check_shape(node, table::SCHEDULE, "schedule", problems);

    for item in node.items() {
        if let Some(given) = item.get("cron")
            && let Some(text) = given.str().filter(|_| !is_expression(given))
            && let Some(problem) = cron::problem(text)
        {
            problems.wrong(given.location(), format!("`{text}`: {problem}"));
        }

        if let Some(zone) = item.get("timezone")
            && let Some(text) = zone.str().filter(|_| !is_expression(zone))
            && !is_zone(text)
        {
            problems.wrong(
                zone.location(),
                format!("`{text}` is not a time zone such as `Europe/London`"),
            );
        }
    }
}

/// Whether a text has the form of a name in the time zone database.
fn is_zone(text: &str) -> bool {
    const AREAS: &[&str] = &[
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
        "Etc",
        "US",
        "Canada",
        "Brazil",
        "Chile",
        "Mexico",
    ];
    const ALONE: &[&str] = &[
        "UTC",
        "GMT",
        "EST",
        "MST",
        "HST",
        "CET",
        "MET",
        "EET",
        "WET",
        "EST5EDT",
        "CST6CDT",
        "MST7MDT",
        "PST8PDT",
        "Japan",
        "Singapore",
        "Israel",
        "Turkey",
        "Egypt",
        "Iran",
        "Poland",
        "Portugal",
        "Hongkong",
        "Cuba",
        "Eire",
        "Jamaica",
        "Libya",
        "Navajo",
        "PRC",
        "ROC",
        "ROK",
        "Zulu",
        "GB",
        "NZ",
        "Iceland",
        "Universal",
    ];

    match text.split_once('/') {
        Some((area, location)) => {
            let plain = |letter: char| {
                letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '/' | '+')
            };

            AREAS.contains(&area)
                && !location.is_empty()
                && location.starts_with(|c: char| c.is_ascii_uppercase())
                && location.chars().all(plain)
        }
        None => ALONE.contains(&text),
    }
}

fn dispatch_inputs(node: Node<'_>, problems: &mut Problems) {
    let Some(inputs) = node.get("inputs") else {
        return;
    };

    if inputs.len() > 25 {
        problems.wrong(
            inputs.place_of_first(),
            format!("`workflow_dispatch` allows 25 inputs, not {}", inputs.len()),
        );
    }

    for entry in inputs.entries() {
        let kind = entry
            .value
            .get("type")
            .and_then(Node::str)
            .unwrap_or("string");
        let known = ["string", "boolean", "choice", "number", "environment"];
        let Some(location) = input_type(entry.value, kind, &known, problems) else {
            continue;
        };

        let options = entry.value.get("options");
        let listed: Vec<&str> = options
            .into_iter()
            .flat_map(|options| options.items())
            .filter_map(|item| item.str())
            .collect();
        match (kind, options) {
            ("choice", None) => {
                problems.wrong(location, "an input of type `choice` requires `options`")
            }
            ("choice", Some(_)) => {
                for (at, item) in options
                    .into_iter()
                    .flat_map(|options| options.items())
                    .enumerate()
                {
                    if item
                        .str()
                        .is_some_and(|text| listed[..at.min(listed.len())].contains(&text))
                    {
                        problems
                            .wrong(item.location(), format!("duplicate option {}", found(item)));
                    }
                }
            }
            (_, Some(_)) => {
                let key = entry
                    .value
                    .entry("options")
                    .map_or(location, |entry| entry.key.location());
                problems.wrong(
                    key,
                    format!("an input of type `{kind}` cannot have `options`"),
                );
            }
            _ => {}
        }

        let Some(default) = entry
            .value
            .get("default")
            .filter(|default| !default.is_null() && !is_expression(*default))
        else {
            continue;
        };

        let text = default.str().unwrap_or_default();

        if kind == "choice" && !listed.is_empty() && !listed.contains(&text) {
            problems.wrong(
                default.location(),
                format!("{} is not one of the options", found(default)),
            );
        }

        default_type(default, kind, problems);
    }
}

fn call_inputs(node: Node<'_>, problems: &mut Problems) {
    for entry in node
        .get("inputs")
        .into_iter()
        .flat_map(|inputs| inputs.entries())
    {
        let Some(kind) = entry.value.get("type").and_then(Node::str) else {
            continue;
        };

        if input_type(
            entry.value,
            kind,
            &["string", "boolean", "number"],
            problems,
        )
        .is_none()
        {
            continue;
        }

        let default = entry
            .value
            .get("default")
            .filter(|default| !default.is_null());
        let Some(default) = default else { continue };

        if entry.value.get("required").and_then(Node::as_bool) == Some(true) {
            problems.note(
                default.location(),
                "a required input never uses its default",
            );
        }

        if !is_expression(default) {
            default_type(default, kind, problems);
        }
    }
}

/// Checks the type's name; gives its place, or the input's.
fn input_type(
    input: Node<'_>,
    kind: &str,
    known: &[&str],
    problems: &mut Problems,
) -> Option<Location> {
    let location = input
        .get("type")
        .map_or_else(|| input.place_of_first(), |node| node.location());
    if known.contains(&kind) {
        return Some(location);
    }

    problems.wrong_with(
        location,
        format!("unknown input type `{kind}`"),
        format!("known types: {}", known.join(", ")),
    );

    None
}

fn default_type(default: Node<'_>, kind: &str, problems: &mut Problems) {
    let text = default.str().unwrap_or_default();
    let fits = match kind {
        "boolean" => matches!(text, "true" | "false"),
        "number" => text.trim().parse::<f64>().is_ok(),
        _ => true,
    };

    if !fits {
        problems.wrong(
            default.location(),
            format!("the default {} is not a {kind}", found(default)),
        );
    }
}

/// A small place that stands for a whole mapping.
trait First {
    fn place_of_first(self) -> Location;
}

impl First for Node<'_> {
    fn place_of_first(self) -> Location {
        self.entries()
            .next()
            .map_or_else(|| self.location(), |entry| entry.key.location())
    }
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn patterns() {
        for good in [
            "main",
            "release/**",
            "v[0-9]+.[0-9]+",
            "**",
            "!x",
            "a?",
            "releases/[12].*",
        ] {
            assert_eq!(glob(good, false), None, "{good}");
        }

        for bad in ["", "v[9-0]", "a b", "^x", "[a", "+x", "v1~"] {
            assert!(glob(bad, false).is_some(), "{bad}");
        }

        assert!(glob("./src/**", true).is_some());
        assert!(glob(" src", true).is_some());
    }
}
