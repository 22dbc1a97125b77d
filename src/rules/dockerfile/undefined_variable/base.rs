//! Variables of FROM: the image and the platform.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{PREDEFINED, is_self_contained, nearest};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::scope::PLATFORM;
use crate::model::dockerfile::{Base, Dockerfile};
use crate::model::image::Reference;
use crate::source::{Location, Span};
use crate::syntax::dockerfile::{Body, Word};

/// The ARGs that matter to a FROM.
#[derive(Clone, Copy)]
pub(super) struct Arguments<'s> {
    /// Names that are declared before the first FROM.
    pub(super) global: &'s BTreeSet<String>,
    /// Those of them that are empty unless the build sets them.
    pub(super) empty: &'s [(String, Location)],
    /// Names that the stages before this FROM declare.
    pub(super) of_stages: &'s BTreeSet<String>,
}

/// Why a variable of a FROM is undefined.
enum UndefinedInFrom<'n> {
    /// It is most likely a misspelling of this name.
    Misspelt(&'n str),
    /// Only a stage declares it.
    OfStage,
    Undeclared,
}

impl UndefinedInFrom<'_> {
    fn label(&self) -> String {
        match self {
            UndefinedInFrom::Misspelt(near) => format!("did you mean `{near}`?"),
            UndefinedInFrom::OfStage => "an ARG inside a stage is not visible to FROM".to_owned(),
            UndefinedInFrom::Undeclared => "no ARG before the first FROM declares it".to_owned(),
        }
    }
}

/// Findings of the FROM at an index.
pub(super) fn check(dockerfile: &Dockerfile, index: usize, arguments: Arguments, sink: &mut Sink) {
    let Body::From(from) = &dockerfile.tree.instructions[index].body else {
        return;
    };

    if let Some(platform) = &from.platform {
        for (name, local) in plain_variables(&platform.value) {
            if let Some(cause) = cause_in_platform(name, arguments) {
                let span = local.shift(platform.span.start);
                sink.report(undefined(
                    Location::new(dockerfile.file, span),
                    name,
                    &cause,
                ));
            }
        }
    }

    let mut all_defined = true;
    for variable in from.image.variables() {
        let name = variable.name.as_str();
        if is_self_contained(&variable) {
            continue;
        }

        if let Some(cause) = cause_in_image(name, arguments) {
            let location = Location::new(dockerfile.file, from.image.span_of(variable.local));
            sink.report(undefined(location, name, &cause));
            all_defined = false;
        }
    }

    if all_defined {
        check_defaults(dockerfile, &from.image, arguments.empty, sink);
    }
}

/// Whether some declaration gives the name a value for a FROM.
fn is_defined(name: &str, arguments: Arguments) -> bool {
    arguments.global.contains(name) || PLATFORM.contains(&name) || PREDEFINED.contains(&name)
}

fn cause_in_platform<'n>(name: &str, arguments: Arguments<'n>) -> Option<UndefinedInFrom<'n>> {
    if is_defined(name, arguments) {
        return None;
    }

    let names = arguments.global.iter().map(String::as_str);
    Some(match nearest(name, names.chain(PLATFORM.iter().copied())) {
        Some(near) => UndefinedInFrom::Misspelt(near),
        None => UndefinedInFrom::Undeclared,
    })
}

fn cause_in_image<'n>(name: &str, arguments: Arguments<'n>) -> Option<UndefinedInFrom<'n>> {
    if is_defined(name, arguments) {
        return None;
    }

    Some(
        match nearest(name, arguments.global.iter().map(String::as_str)) {
            Some(near) => UndefinedInFrom::Misspelt(near),
            None if arguments.of_stages.contains(name) => UndefinedInFrom::OfStage,
            None => UndefinedInFrom::Undeclared,
        },
    )
}

fn undefined(location: Location, name: &str, cause: &UndefinedInFrom) -> Finding {
    Finding::new(
        location,
        format!("FROM expands undefined variable `{name}` to an empty string"),
    )
    .label(cause.label())
    .help(format!("declare `ARG {name}=…` before the first FROM"))
}

/// An image that is not a reference unless the build sets an argument.
fn check_defaults(
    dockerfile: &Dockerfile,
    image: &Word,
    empty: &[(String, Location)],
    sink: &mut Sink,
) {
    let variables = image.variables();
    let used = empty.iter().find(|(name, _)| {
        variables
            .iter()
            .any(|variable| variable.name == *name && !is_self_contained(variable))
    });
    let Some((name, declaration)) = used else {
        check_broken_default(dockerfile, image, sink);
        return;
    };

    let text = without(image, empty);
    if is_reference(&text) {
        return;
    }

    let label = if text.is_empty() {
        "expands to nothing without it".to_owned()
    } else {
        format!("expands to `{text}` without it")
    };

    sink.report(
        Finding::new(
            Location::new(dockerfile.file, image.span),
            format!("a build without a value for `{name}` has no base image"),
        )
        .label(label)
        .related(*declaration, "declared without a default")
        .help(format!("give `ARG {name}` a working default"))
        .case("required-argument"),
    );
}

/// An image whose name is none with the defaults of its variables.
fn check_broken_default(dockerfile: &Dockerfile, image: &Word, sink: &mut Sink) {
    let stage = dockerfile
        .stages
        .iter()
        .find(|stage| stage.location.span == image.span);
    let Some(Base::Image(image_use)) = stage.map(|stage| &stage.base) else {
        return;
    };

    let variables = image.variables();
    let Some(first) = variables.first() else {
        return;
    };

    // Each variable has a default, so that the whole name is known.
    let defaults = default_values(dockerfile);
    let mut text = image.text.clone();
    for variable in &variables {
        let Some(value) = defaults.get(variable.name.as_str()) else {
            return;
        };

        text = text
            .replace(&format!("${{{}}}", variable.name), value)
            .replace(&format!("${}", variable.name), value);
    }

    if text.contains('$')
        || image_use.reference.is_some()
        || Reference::parse_holed(&text).is_some()
    {
        return;
    }

    sink.report(
        Finding::new(
            Location::new(dockerfile.file, image.span),
            format!(
                "a build without a value for `{}` has no base image",
                first.name
            ),
        )
        .label(format!("expands to `{text}`, which is not an image name"))
        .help(format!("correct the default of `ARG {}`", first.name)),
    );
}

/// The defaults of the ARGs before the first FROM that are plain texts.
fn default_values(dockerfile: &Dockerfile) -> BTreeMap<String, String> {
    let first = dockerfile.named.all.first().map_or(0, |stage| stage.from);
    let mut values = BTreeMap::new();

    for instruction in &dockerfile.tree.instructions[..first] {
        let Body::Arg(arguments) = &instruction.body else {
            continue;
        };

        for argument in arguments {
            if let Some(text) = argument.default.as_ref().and_then(|word| word.literal()) {
                values.insert(argument.name.value.clone(), text.to_string());
            }
        }
    }

    values
}

/// The plain variables of a flag's value, `$NAME` or `${NAME}`, and where they are in it.
fn plain_variables(text: &str) -> Vec<(&str, Span)> {
    let mut variables = Vec::new();

    for (offset, _) in text.match_indices('$') {
        let rest = &text[offset + 1..];
        let (skip, rest) = rest.strip_prefix('{').map_or((0, rest), |rest| (1, rest));
        let len = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        let closed = skip == 0 || rest[len..].starts_with('}');
        if len > 0 && closed {
            let span = Span::of(offset, offset + 1 + len + 2 * skip);
            variables.push((&rest[..len], span));
        }
    }

    variables
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

/// Whether a string can be the reference of an image.
fn is_reference(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && !text.contains("//")
        && !text.contains("/:")
        && !text.contains(":@")
}
