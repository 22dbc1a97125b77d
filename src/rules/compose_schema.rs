//! unknown-key, invalid-value: a compose file against the compose specification's own schema (`rules/data/compose-spec.json`),
//! read as it stands: JSON schema, as much of it as the specification uses.
//!
//! Where a value holds a variable, or was lost to a syntax error, nothing is claimed. An empty value is always allowed.

use std::sync::LazyLock;

use serde_json::Value;

use super::Ctx;
use super::compose_form::compose_root;
use crate::finding::{Finding, Sink};
use crate::model::facts::{Departure, FileFacts};
use crate::source::{Place, SourceFile};
use crate::suggest;
use crate::syntax::yaml::{Kind, Node};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../rules/data/compose-spec.json"))
        .unwrap_or_else(|error| panic!("rules/data/compose-spec.json: {error}"))
});

pub fn unknown_key(_: &Ctx, _: &SourceFile, file: &FileFacts, sink: &mut Sink) {
    for departure in departures(file) {
        let Departure::UnknownKey { name, place, parent, meant } = departure else { continue };
        let finding =
            Finding::new(*place, format!("`{name}` is no key of {parent}")).label("Compose refuses to load the file");
        sink.report(finding.help(match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "remove it, or begin it with `x-` if it is your own".to_owned(),
        }));
    }
}

pub fn invalid_value(_: &Ctx, _: &SourceFile, file: &FileFacts, sink: &mut Sink) {
    for departure in departures(file) {
        let Departure::Wrong { place, message, help } = departure else { continue };
        let finding = Finding::new(*place, message.as_str()).label("Compose refuses to load the file");
        sink.report(finding.help(help.as_str()));
    }
}

fn departures<'f>(file: &'f FileFacts<'_>) -> &'f [Departure] {
    file.departures.get_or_init(|| problems(file).into_iter().map(departure).collect())
}

fn departure(problem: Problem<'_>) -> Departure {
    match problem {
        Problem::UnknownKey { key, parent, known } => {
            let name = key.str().unwrap_or("");
            let near = suggest::nearest(name, known.iter().map(String::as_str)).or_else(|| {
                // Compose writes with underscores what others write with dashes, or in one word.
                let flat = |text: &str| text.to_ascii_lowercase().replace(['-', '_'], "");
                known.iter().map(String::as_str).find(|candidate| flat(candidate) == flat(name))
            });
            let meant = near.map(str::to_owned);
            Departure::UnknownKey { name: name.to_owned(), place: key.content(), parent, meant }
        }
        Problem::Wrong { node, message, help } => Departure::Wrong { place: place(node), message, help },
    }
}

/// The first token of a mapping or list, the whole of a scalar.
fn place(node: Node<'_>) -> Place {
    match node.kind() {
        Kind::Mapping => node.entries().next().map_or(node.definition(), |entry| entry.key.content()),
        _ => node.content(),
    }
}

enum Problem<'t> {
    UnknownKey { key: Node<'t>, parent: String, known: Vec<String> },
    Wrong { node: Node<'t>, message: String, help: String },
}

fn problems<'f>(file: &'f FileFacts<'_>) -> Vec<Problem<'f>> {
    let mut found = Vec::new();
    if let Some(root) =
        compose_root(file).filter(|root| root.get("services").is_some_and(|node| node.kind() == Kind::Mapping))
    {
        check(root, &SCHEMA, "a compose file", &mut found);
    }
    found
}

/// Follows `$ref`.
fn resolve(mut schema: &'static Value) -> &'static Value {
    while let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let Some(target) = name.rsplit('/').next().and_then(|name| SCHEMA.get("$defs")?.get(name)) else { break };
        schema = target;
    }
    schema
}

fn check<'t>(node: Node<'t>, schema: &'static Value, name: &str, found: &mut Vec<Problem<'t>>) {
    let schema = resolve(schema);
    let open = matches!(node.kind(), Kind::Null | Kind::Unknown) || node.tag().is_some_and(|tag| tag == "!reset");
    if open || node.str().is_some_and(|text| text.contains('$')) {
        return;
    }
    if let Some(choices) = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array) {
        return choose(node, choices, name, found);
    }
    if !is_of_type(node, schema) {
        return found.push(wrong_type(node, &[schema], name));
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        check_word(node, words, name, found);
    }
    if let (Some(pattern), Some(text)) = (schema.get("pattern").and_then(Value::as_str), node.str())
        && !matches(pattern, text)
    {
        let message = format!("`{text}` is no value for {name}");
        found.push(Problem::Wrong { node, message, help: format!("it must match `{pattern}`") });
    }
    match node.kind() {
        Kind::Mapping => check_mapping(node, schema, name, found),
        Kind::Sequence => {
            if let Some(items) = schema.get("items") {
                for item in node.items() {
                    check(item, items, &format!("an item of {name}"), found);
                }
            }
        }
        _ => {}
    }
}

/// Of several schemas the one that fits, or what is wrong by the one that comes nearest.
fn choose<'t>(node: Node<'t>, choices: &'static [Value], name: &str, found: &mut Vec<Problem<'t>>) {
    let fitting: Vec<&'static Value> = choices.iter().filter(|choice| is_of_type(node, resolve(choice))).collect();
    if fitting.is_empty() {
        let choices: Vec<&'static Value> = choices.iter().map(resolve).collect();
        return found.push(wrong_type(node, &choices, name));
    }
    let tried = fitting.into_iter().map(|choice| {
        let mut problems = Vec::new();
        check(node, choice, name, &mut problems);
        problems
    });
    found.extend(tried.min_by_key(Vec::len).into_iter().flatten());
}

fn types(schema: &'static Value) -> Vec<&'static str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether the node has the type that a schema asks for. Compose reads `"8"` and `"true"` where it wants numbers and
/// booleans, but takes no number for a text.
fn is_of_type(node: Node<'_>, schema: &'static Value) -> bool {
    if let Some(choices) = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array) {
        return choices.iter().any(|choice| is_of_type(node, resolve(choice)));
    }
    let types = types(schema);
    let text = node.str().unwrap_or("");
    types.is_empty()
        || types.iter().any(|one| match (*one, node.kind()) {
            ("object", Kind::Mapping) | ("array", Kind::Sequence) => true,
            ("string", Kind::Scalar) => node.as_bool().is_none() && node.as_float().is_none(),
            ("number" | "integer", Kind::Scalar) => node.as_float().is_some() || text.trim().parse::<f64>().is_ok(),
            ("boolean", Kind::Scalar) => {
                matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n")
            }
            _ => false,
        })
}

fn wrong_type<'t>(node: Node<'t>, schemas: &[&'static Value], name: &str) -> Problem<'t> {
    let mut wanted: Vec<&str> = Vec::new();
    for one in schemas.iter().flat_map(|schema| types(schema)) {
        let phrase = match one {
            "object" => "a mapping",
            "array" => "a list",
            "string" => "a text",
            "number" | "integer" => "a number",
            "boolean" => "true or false",
            _ => continue,
        };
        if !wanted.contains(&phrase) {
            wanted.push(phrase);
        }
    }
    let is = match node.kind() {
        Kind::Mapping => "a mapping".to_owned(),
        Kind::Sequence => "a list".to_owned(),
        _ => format!("`{}`", node.str().unwrap_or("")),
    };
    let wanted = wanted.join(" or ");
    let help = if node.kind() == Kind::Scalar && wanted.contains("a text") {
        "put it in quotes".to_owned()
    } else {
        format!("write {wanted} here")
    };
    Problem::Wrong { node, message: format!("{is} stands where {name} wants {wanted}"), help }
}

fn check_word<'t>(node: Node<'t>, words: &'static [Value], name: &str, found: &mut Vec<Problem<'t>>) {
    let text = node.str().unwrap_or("");
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    if words.is_empty() || words.contains(&text) {
        return;
    }
    let near = suggest::nearest(text, words.iter().copied());
    let help =
        near.map_or_else(|| format!("it is one of {}", words.join(", ")), |near| format!("did you mean `{near}`?"));
    found.push(Problem::Wrong { node, message: format!("`{text}` is no value for {name}"), help });
}

fn check_mapping<'t>(node: Node<'t>, schema: &'static Value, name: &str, found: &mut Vec<Problem<'t>>) {
    let mut shape = Shape::default();
    shape.add(schema);
    for entry in node.entries() {
        let Some(key) = entry.key.str() else { continue };
        if let Some(inner) = shape.properties.iter().find_map(|properties| properties.get(key)) {
            check(entry.value, inner, &format!("`{key}`"), found);
        } else if let Some((_, inner)) = shape.patterns.iter().find(|(pattern, _)| matches(pattern, key)) {
            let name = if name == "`services`" { format!("the service `{key}`") } else { format!("`{key}`") };
            check(entry.value, inner, &name, found);
        } else if let Some(inner) = shape.others {
            check(entry.value, inner, &format!("`{key}`"), found);
        } else if shape.closed {
            let known = shape.properties.iter().flat_map(|properties| properties.keys().cloned()).collect();
            found.push(Problem::UnknownKey { key: entry.key, parent: name.to_owned(), known });
        }
    }
    for required in shape.required {
        if node.get(required).is_none() {
            let message = format!("{name} lacks `{required}`");
            found.push(Problem::Wrong { node, message, help: format!("add `{required}`") });
        }
    }
}

/// What a mapping may hold, the parts that a schema is composed of joined.
#[derive(Default)]
struct Shape {
    properties: Vec<&'static serde_json::Map<String, Value>>,
    patterns: Vec<(&'static str, &'static Value)>,
    others: Option<&'static Value>,
    closed: bool,
    required: Vec<&'static str>,
}

impl Shape {
    fn add(&mut self, schema: &'static Value) {
        let schema = resolve(schema);
        self.properties.extend(schema.get("properties").and_then(Value::as_object));
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        self.patterns.extend(patterns.into_iter().flatten().map(|(pattern, inner)| (pattern.as_str(), inner)));
        self.others = self.others.or_else(|| schema.get("additionalProperties").filter(|others| others.is_object()));
        let shut = |key: &str| schema.get(key) == Some(&Value::Bool(false));
        self.closed |= shut("additionalProperties") || shut("unevaluatedProperties");
        let required = schema.get("required").and_then(Value::as_array);
        self.required.extend(required.into_iter().flatten().filter_map(Value::as_str));
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.add(part);
        }
    }
}

/// Whether a text matches one of the few patterns that the specification uses; an unknown one holds of everything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern {
        "^x-" => text.starts_with("x-"),
        "^[a-z]+$" => text.bytes().all(|byte| byte.is_ascii_lowercase()),
        "^[a-zA-Z0-9._-]+$" => text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)),
        pattern if pattern.starts_with("^(always|never|") => {
            let names = ["always", "never", "build", "if_not_present", "missing", "refresh", "daily", "weekly"];
            names.contains(&text) || text.starts_with("every_")
        }
        _ => true,
    }
}
