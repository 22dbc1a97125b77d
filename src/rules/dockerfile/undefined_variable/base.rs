//! Variables of FROM: the image and the platform.

use std::collections::BTreeSet;

use super::{PLATFORM, PREDEFINED, is_self_contained, nearest};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::Dockerfile;
use crate::source::{Location, Span};
use crate::syntax::dockerfile::{Body, Word};

/// The names that a FROM can see: declared before it; those of them that are empty; those that only
/// stages declare.
pub(super) type Seen<'s> = (
    &'s BTreeSet<String>,
    &'s [(String, Location)],
    &'s BTreeSet<String>,
);

pub(super) fn check(
    dockerfile: &Dockerfile,
    at: usize,
    (globals, empty, inside): Seen,
    sink: &mut Sink,
) {
    let Body::From(from) = &dockerfile.tree.instructions[at].body else {
        return;
    };

    let word = &from.image;
    let mut sound = true;

    if let Some(platform) = &from.platform {
        for (name, local) in named(&platform.value) {
            if globals.contains(name) || PLATFORM.contains(&name) || PREDEFINED.contains(&name) {
                continue;
            }

            let near = nearest(
                name,
                globals
                    .iter()
                    .map(String::as_str)
                    .chain(PLATFORM.iter().copied()),
            );
            let label = near.map_or_else(
                || "no ARG before the first FROM declares it".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            sink.report(
                Finding::new(
                    Location::new(dockerfile.file, local.shift(platform.span.start)),
                    format!("FROM expands undefined variable `{name}` to an empty string"),
                )
                .label(label)
                .help(format!("declare `ARG {name}=…` before the first FROM")),
            );
        }
    }

    for variable in word.variables() {
        let name = variable.name.as_str();
        if globals.contains(name)
            || PLATFORM.contains(&name)
            || PREDEFINED.contains(&name)
            || is_self_contained(&variable)
        {
            continue;
        }

        sound = false;
        let label = match nearest(name, globals.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if inside.contains(name) => {
                "an ARG inside a stage is not visible to FROM".to_owned()
            }
            None => "no ARG before the first FROM declares it".to_owned(),
        };

        let location = Location::new(dockerfile.file, word.span_of(variable.local));
        sink.report(
            Finding::new(
                location,
                format!("FROM expands undefined variable `{name}` to an empty string"),
            )
            .label(label)
            .help(format!("declare `ARG {name}=…` before the first FROM")),
        );
    }

    let used: Vec<&(String, Location)> = empty
        .iter()
        .filter(|(name, _)| {
            word.variables()
                .iter()
                .any(|variable| variable.name == *name && !is_self_contained(variable))
        })
        .collect();
    if let (true, Some((name, location))) = (sound, used.first()) {
        let text = without(word, empty);
        if is_reference(&text) {
            return;
        }

        sink.report(
            Finding::new(
                Location::new(dockerfile.file, word.span),
                format!("a build without a value for `{name}` has no base image"),
            )
            .label(if text.is_empty() {
                "expands to nothing without it".to_owned()
            } else {
                format!("expands to `{text}` without it")
            })
            .related(*location, "declared without a default")
            .help(format!("give `ARG {name}` a working default"))
            .case("required-argument"),
        );
    }
}

/// The plain variables of a flag's value, `$NAME` or `${NAME}`, and where they stand in it.
fn named(text: &str) -> Vec<(&str, Span)> {
    let mut found = Vec::new();

    for (at, _) in text.match_indices('$') {
        let rest = &text[at + 1..];
        let (skip, rest) = rest.strip_prefix('{').map_or((0, rest), |rest| (1, rest));
        let len = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        let closed = skip == 0 || rest[len..].starts_with('}');
        if len > 0 && closed {
            found.push((&rest[..len], Span::of(at, at + 1 + len + 2 * skip)));
        }
    }

    found
}

/// The word with every variable that has no default left out, and `x` for those that have one.
fn without(word: &Word, empty: &[(String, Location)]) -> String {
    let mut text = String::new();
    let mut done = 0;

    for variable in word.variables() {
        let range = variable.local.range();
        if range.start < done {
            continue;
        }

        text.push_str(word.text.get(done..range.start).unwrap_or(""));
        if is_self_contained(&variable) || !empty.iter().any(|(name, _)| *name == variable.name) {
            text.push('x');
        }

        done = range.end;
    }

    text.push_str(word.text.get(done..).unwrap_or(""));

    text.trim_matches(['"', '\'']).to_owned()
}

fn is_reference(text: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    !text.is_empty()
        && text.starts_with(ends)
        && text.ends_with(|c: char| ends(c) || c == '_')
        && !text.contains("//")
        && !text.contains("/:")
        && !text.contains(":@")
}
