//! `on`: events, their filters and activity types, their inputs.

use std::collections::HashSet;

use super::pattern::pattern_error;
use super::problems::{Problems, describe, first_key, is_expression, literal};
use super::time_zone::is_time_zone;
use super::walk::check_value;
use super::{cron, table};
use crate::data::workflow::DATA;
use crate::source::Location;
use crate::suggest::nearest;
use crate::syntax::yaml::{Kind, Node};

/// Checks the value of `on`.
pub(super) fn check(on: Node<'_>, problems: &mut Problems) {
    if on.is_null() || matches!(on.kind(), Kind::Sequence | Kind::Mapping) && on.is_empty() {
        return problems.wrong(
            on.location(),
            "`on` lists no event, so the workflow never starts",
        );
    }

    match on.kind() {
        Kind::Scalar => check_bare_event(on, problems),
        Kind::Sequence => {
            for item in on.items() {
                match item.kind() {
                    Kind::Scalar => check_bare_event(item, problems),
                    _ => problems.wrong(
                        item.location(),
                        format!("expected an event name, found {}", describe(item)),
                    ),
                }
            }
        }
        Kind::Mapping => {
            for entry in on.entries() {
                check_name(entry.key, problems);
                check_event(entry.key.str().unwrap_or_default(), entry.value, problems);
            }
        }
        Kind::Null | Kind::Unknown => {}
    }
}

/// Checks an event that is named without settings.
fn check_bare_event(node: Node<'_>, problems: &mut Problems) {
    check_name(node, problems);

    match node.str() {
        Some("schedule") => problems.wrong_with(
            node.location(),
            "`schedule` without `cron` never starts the workflow",
            "write `schedule:` with a list of `- cron: '…'` entries",
        ),
        Some("workflow_run") => {
            problems.wrong(node.location(), "`workflow_run` requires `workflows`");
        }
        _ => {}
    }
}

fn check_name(node: Node<'_>, problems: &mut Problems) {
    let name = node.str().unwrap_or_default();
    if DATA.events.contains_key(name) || is_expression(node) {
        return;
    }

    let help = match nearest(name, DATA.events.keys().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "see GitHub's list of events that trigger workflows".to_owned(),
    };

    problems.wrong_with(node.location(), format!("unknown event `{name}`"), help);
}

fn check_event(name: &str, node: Node<'_>, problems: &mut Problems) {
    match name {
        "schedule" => check_schedule(node, problems),
        "workflow_dispatch" => {
            check_value(node, table::DISPATCH, name, problems);
            dispatch_inputs(node, problems);
        }
        "workflow_call" => {
            check_value(node, table::CALLED, name, problems);
            call_inputs(node, problems);
        }
        _ => check_filters(name, node, problems),
    }
}

/// Filters of which an event takes only one.
const EXCLUSIVE: &[(&str, &str)] = &[
    ("branches", "branches-ignore"),
    ("tags", "tags-ignore"),
    ("paths", "paths-ignore"),
];

fn check_filters(name: &str, node: Node<'_>, problems: &mut Problems) {
    let Some(types) = DATA.events.get(name) else {
        return;
    };

    match node.kind() {
        Kind::Mapping => {}
        Kind::Null | Kind::Unknown => return,
        Kind::Sequence if node.is_empty() => return,
        Kind::Scalar | Kind::Sequence => {
            return problems.wrong(
                node.location(),
                format!(
                    "`{name}` must be a mapping of filters, not {}",
                    describe(node)
                ),
            );
        }
    }

    let filters = filters_of(name);

    for entry in node.entries() {
        let key = entry.key.str().unwrap_or_default();

        if !filters.contains(&key) {
            problems.wrong_with(
                entry.key.location(),
                format!("`{name}` has no filter `{key}`"),
                format!("known filters: {}", filters.join(", ")),
            );
        } else if key == "types" {
            activity_types(name, types, entry.value, problems);
        } else {
            check_filter(key, entry.value, problems);
        }
    }

    for &(include, exclude) in EXCLUSIVE {
        if node.entry(include).is_none() {
            continue;
        }

        if let Some(entry) = node.entry(exclude) {
            problems.wrong_with(
                entry.key.location(),
                format!("`{include}` and `{exclude}` cannot be used together"),
                format!("keep one, and write exceptions with `!` in `{include}`"),
            );
        }
    }

    if name == "workflow_run" && node.get("workflows").is_none() {
        problems.wrong(node.location(), "`workflow_run` requires `workflows`");
    }
}

/// The filters that an event takes.
fn filters_of(event: &str) -> &'static [&'static str] {
    match event {
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
    }
}

/// The items of a list, or a scalar as a list of one.
fn items_or_scalar(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let scalar = (node.kind() == Kind::Scalar).then_some(node);
    node.items().chain(scalar)
}

fn activity_types(event: &str, types: &[String], node: Node<'_>, problems: &mut Problems) {
    for item in items_or_scalar(node) {
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

/// Checks patterns of branches, tags and paths, and names of workflows and images.
fn check_filter(key: &str, node: Node<'_>, problems: &mut Problems) {
    match node.kind() {
        Kind::Null => problems.wrong(node.location(), format!("`{key}` is empty")),
        Kind::Sequence if node.is_empty() => {
            problems.wrong(node.location(), format!("`{key}` is empty"));
        }
        Kind::Mapping => problems.wrong(
            node.location(),
            format!("`{key}` must be a list of patterns, not a mapping"),
        ),
        Kind::Scalar | Kind::Sequence | Kind::Unknown => {}
    }

    let is_name = matches!(key, "workflows" | "names" | "versions");
    let mut has_inclusion = false;
    let mut has_exclusion = false;

    for item in items_or_scalar(node) {
        let Some(text) = item.str() else { continue };

        if text.starts_with('!') {
            has_exclusion = true;
        } else {
            has_inclusion = true;
        }

        if !is_name && let Some(error) = pattern_error(text, key.starts_with("paths")) {
            problems.wrong(
                item.location(),
                format!("invalid pattern `{text}`: {error}"),
            );
        }
    }

    if has_exclusion && !has_inclusion && !key.ends_with("-ignore") {
        problems.wrong(
            node.location(),
            format!("`{key}` has only exclusions, so nothing can match"),
        );
    }
}

fn check_schedule(node: Node<'_>, problems: &mut Problems) {
    check_value(node, table::SCHEDULE, "schedule", problems);

    for item in node.items() {
        if let Some(schedule) = item.get("cron")
            && let Some(text) = literal(schedule)
            && let Some(error) = cron::problem(text)
        {
            problems.wrong(schedule.location(), format!("`{text}`: {error}"));
        }

        if let Some(zone) = item.get("timezone")
            && let Some(text) = literal(zone)
            && !is_time_zone(text)
        {
            problems.wrong(
                zone.location(),
                format!("`{text}` is not a time zone such as `Europe/London`"),
            );
        }
    }
}

/// How many inputs `workflow_dispatch` takes.
const MAX_INPUTS: usize = 25;

fn dispatch_inputs(node: Node<'_>, problems: &mut Problems) {
    let Some(inputs) = node.get("inputs") else {
        return;
    };

    if inputs.len() > MAX_INPUTS {
        problems.wrong(
            first_key(inputs),
            format!(
                "`workflow_dispatch` allows {MAX_INPUTS} inputs, not {}",
                inputs.len()
            ),
        );
    }

    for entry in inputs.entries() {
        dispatch_input(entry.value, problems);
    }
}

fn dispatch_input(input: Node<'_>, problems: &mut Problems) {
    const TYPES: &[&str] = &["string", "boolean", "choice", "number", "environment"];

    let kind = input.get("type").and_then(Node::str).unwrap_or("string");
    let Some(location) = check_input_type(input, kind, TYPES, problems) else {
        return;
    };

    let options: Vec<Node<'_>> = match input.entry("options") {
        Some(options) => {
            if kind != "choice" {
                problems.wrong(
                    options.key.location(),
                    format!("an input of type `{kind}` cannot have `options`"),
                );
            }
            options.value.items().collect()
        }
        None => {
            if kind == "choice" {
                problems.wrong(location, "an input of type `choice` requires `options`");
            }
            Vec::new()
        }
    };
    let is_choice = kind == "choice";
    if is_choice {
        duplicate_options(&options, problems);
    }

    let Some(default) = default_value(input).filter(|default| !is_expression(*default)) else {
        return;
    };

    let text = default.str().unwrap_or_default();
    let mut names = options.iter().filter_map(|option| option.str()).peekable();
    if is_choice && names.peek().is_some() && !names.any(|name| name == text) {
        problems.wrong(
            default.location(),
            format!("{} is not one of the options", describe(default)),
        );
    }

    check_default(default, kind, problems);
}

fn duplicate_options(options: &[Node<'_>], problems: &mut Problems) {
    let mut seen = HashSet::new();

    for option in options {
        if option.str().is_some_and(|text| !seen.insert(text)) {
            problems.wrong(
                option.location(),
                format!("duplicate option {}", describe(*option)),
            );
        }
    }
}

/// The default of an input, where it is not empty.
fn default_value(input: Node<'_>) -> Option<Node<'_>> {
    input.get("default").filter(|default| !default.is_null())
}

fn call_inputs(node: Node<'_>, problems: &mut Problems) {
    let Some(inputs) = node.get("inputs") else {
        return;
    };

    for entry in inputs.entries() {
        let Some(kind) = entry.value.get("type").and_then(Node::str) else {
            continue;
        };

        if check_input_type(
            entry.value,
            kind,
            &["string", "boolean", "number"],
            problems,
        )
        .is_none()
        {
            continue;
        }

        let Some(default) = default_value(entry.value) else {
            continue;
        };

        if entry.value.get("required").and_then(Node::as_bool) == Some(true) {
            problems.harmless(
                default.location(),
                "a required input never uses its default",
            );
        }

        if !is_expression(default) {
            check_default(default, kind, problems);
        }
    }
}

/// Checks the name of an input's type. Returns its location, or that of the input; `None` for an
/// unknown type.
fn check_input_type(
    input: Node<'_>,
    kind: &str,
    known: &[&str],
    problems: &mut Problems,
) -> Option<Location> {
    let location = input
        .get("type")
        .map_or_else(|| first_key(input), |node| node.location());
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

fn check_default(default: Node<'_>, kind: &str, problems: &mut Problems) {
    let text = default.str().unwrap_or_default();
    let fits = match kind {
        "boolean" => matches!(text, "true" | "false"),
        "number" => text.trim().parse::<f64>().is_ok(),
        _ => true,
    };

    if !fits {
        problems.wrong(
            default.location(),
            format!("the default {} is not a {kind}", describe(default)),
        );
    }
}
