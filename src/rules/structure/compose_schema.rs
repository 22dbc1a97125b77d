//! `unknown-key`, `invalid-value`: a compose file against the schema of the compose specification
//! (`rules/data/compose-spec.json`), a JSON schema of which only the used keywords are supported.
//!
//! A value with a variable, or one that was lost to a syntax error, is not checked. An empty value
//! is always allowed.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use serde_json::Value;

use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::facts::FileFacts;
use crate::rules::structure::compose_form::compose_root;
use crate::source::{Location, SourceFile};
use crate::suggest;
use crate::syntax::yaml::{Kind, Node};

static TEXT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../rules/data/compose-spec.json"))
        .unwrap_or_else(|error| panic!("rules/data/compose-spec.json: {error}"))
});

/// The schema of a compose file first, then those that it is made of.
static SCHEMAS: LazyLock<Vec<Schema>> = LazyLock::new(|| {
    let mut reader = SchemaReader::default();
    reader.read(&TEXT);
    reader.schemas
});

/// What a compose file holds that the specification does not allow.
struct SchemaViolation {
    location: Location,
    message: String,
    help: String,
    /// A key that does not exist, and not a value.
    is_key: bool,
}

impl SchemaViolation {
    fn finding(self) -> Finding {
        Finding::new(self.location, self.message)
            .label("Compose refuses to load the file")
            .help(self.help)
    }
}

pub fn unknown_key(_: &Analysis, _: &SourceFile, file: &FileFacts, sink: &mut Sink) {
    for violation in schema_violations(file) {
        if violation.is_key {
            sink.report(violation.finding());
        }
    }
}

pub fn invalid_value(_: &Analysis, _: &SourceFile, file: &FileFacts, sink: &mut Sink) {
    for violation in schema_violations(file) {
        if !violation.is_key {
            sink.report(violation.finding());
        }
    }
}

fn schema_violations(file: &FileFacts<'_>) -> Vec<SchemaViolation> {
    let mut violations = Vec::new();

    if let Some(root) = compose_root(file)
        && root
            .get("services")
            .is_some_and(|node| node.kind() == Kind::Mapping)
    {
        check_node(root, &SCHEMAS[0], Name::File, &mut violations);
    }

    violations
}

fn unknown_key_violation(key: Node<'_>, parent: Name, shape: &Shape) -> SchemaViolation {
    let name = key.str().unwrap_or("");
    let similar = suggest::nearest(name, shape.names.iter().copied()).or_else(|| {
        shape
            .names
            .iter()
            .copied()
            .find(|candidate| as_one_word(candidate) == as_one_word(name))
    });

    let help = match similar {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => "remove it, or prefix it with `x-` if it is your own extension".to_owned(),
    };

    SchemaViolation {
        location: key.content(),
        message: format!("unknown key `{name}` in {parent}"),
        help,
        is_key: true,
    }
}

/// A key in one word: Compose has underscores where others have dashes, or nothing.
fn as_one_word(key: &str) -> String {
    key.to_ascii_lowercase().replace(['-', '_'], "")
}

fn invalid(node: Node<'_>, message: String, help: String) -> SchemaViolation {
    SchemaViolation {
        location: location(node),
        message,
        help,
        is_key: false,
    }
}

/// The first token of a mapping or list, the whole of a scalar.
fn location(node: Node<'_>) -> Location {
    match node.kind() {
        Kind::Mapping => node
            .entries()
            .next()
            .map_or(node.definition(), |entry| entry.key.content()),
        _ => node.content(),
    }
}

/// The name of a value in messages. Most values are valid, so it is formatted only when needed.
#[derive(Clone, Copy)]
enum Name<'n> {
    File,
    Key(&'n str),
    Service(&'n str),
    ItemOf(&'n Name<'n>),
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::File => f.write_str("the compose file"),
            Name::Key(key) => write!(f, "`{key}`"),
            Name::Service(key) => write!(f, "service `{key}`"),
            Name::ItemOf(list) => write!(f, "an item of {list}"),
        }
    }
}

/// A schema with `$ref` followed. The schemas in it are indexes of [`SCHEMAS`].
#[derive(Default)]
struct Schema {
    /// `oneOf` or `anyOf`; other keywords of such a schema are ignored.
    choices: Option<Vec<usize>>,
    types: Vec<&'static str>,
    words: Vec<&'static str>,
    pattern: Option<&'static str>,
    items: Option<usize>,
    shape: Shape,
}

/// The keys of a mapping; the parts of `allOf` are joined.
#[derive(Default)]
struct Shape {
    names: Vec<&'static str>,
    properties: HashMap<&'static str, usize>,
    patterns: Vec<(&'static str, usize)>,
    others: Option<usize>,
    closed: bool,
    required: Vec<&'static str>,
}

/// Reads the schemas of the specification, each once: some are recursive.
#[derive(Default)]
struct SchemaReader {
    schemas: Vec<Schema>,
    /// By the address of the value.
    numbers: HashMap<usize, usize>,
}

impl SchemaReader {
    fn read(&mut self, value: &'static Value) -> usize {
        let value = resolve(value);
        let address = std::ptr::from_ref(value) as usize;
        if let Some(&number) = self.numbers.get(&address) {
            return number;
        }

        let number = self.schemas.len();
        self.numbers.insert(address, number);
        self.schemas.push(Schema::default());
        let choices = value
            .get("oneOf")
            .or_else(|| value.get("anyOf"))
            .and_then(Value::as_array);
        let choices =
            choices.map(|choices| choices.iter().map(|choice| self.read(choice)).collect());
        let items = value.get("items").map(|items| self.read(items));
        let mut shape = Shape::default();
        self.add(value, &mut shape);
        self.schemas[number] = Schema {
            choices,
            types: strings(value.get("type")),
            words: strings(value.get("enum")),
            pattern: value.get("pattern").and_then(Value::as_str),
            items,
            shape,
        };

        number
    }

    fn add(&mut self, value: &'static Value, shape: &mut Shape) {
        let value = resolve(value);
        for (name, inner) in value
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let inner = self.read(inner);
            shape.names.push(name);
            shape.properties.entry(name).or_insert(inner);
        }

        for (pattern, inner) in value
            .get("patternProperties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let inner = self.read(inner);
            shape.patterns.push((pattern, inner));
        }

        if let Some(others) = value
            .get("additionalProperties")
            .filter(|others| others.is_object())
        {
            shape.others = shape.others.or(Some(self.read(others)));
        }

        shape.closed |= ["additionalProperties", "unevaluatedProperties"]
            .iter()
            .any(|key| value.get(*key) == Some(&Value::Bool(false)));
        shape.required.extend(strings(value.get("required")));
        for part in value
            .get("allOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.add(part, shape);
        }
    }
}

/// Follows `$ref`.
fn resolve(mut value: &'static Value) -> &'static Value {
    while let Some(name) = value.get("$ref").and_then(Value::as_str) {
        let Some(target) = name
            .rsplit('/')
            .next()
            .and_then(|name| TEXT.get("$defs")?.get(name))
        else {
            break;
        };

        value = target;
    }

    value
}

/// One string, or a list of them.
fn strings(value: Option<&'static Value>) -> Vec<&'static str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Adds the violations of a node against a schema.
fn check_node(node: Node<'_>, schema: &Schema, name: Name, violations: &mut Vec<SchemaViolation>) {
    let is_unknown = matches!(node.kind(), Kind::Null | Kind::Unknown)
        || node.tag().is_some_and(|tag| tag == "!reset");
    if is_unknown || node.str().is_some_and(|text| text.contains('$')) {
        return;
    }

    if let Some(choices) = &schema.choices {
        return check_choices(node, choices, name, violations);
    }

    if !is_of_type(node, schema) {
        return violations.push(wrong_type(node, &[schema], name));
    }

    check_word(node, &schema.words, name, violations);
    if let (Some(pattern), Some(text)) = (schema.pattern, node.str())
        && !matches(pattern, text)
    {
        violations.push(invalid(
            node,
            format!("invalid value `{text}` for {name}"),
            format!("write a value that matches `{pattern}`"),
        ));
    }

    match node.kind() {
        Kind::Mapping => check_mapping(node, &schema.shape, name, violations),
        Kind::Sequence => {
            if let Some(items) = schema.items {
                node.items().for_each(|item| {
                    check_node(item, &SCHEMAS[items], Name::ItemOf(&name), violations)
                });
            }
        }
        _ => {}
    }
}

/// Adds the violations against the schema that a node fits best, of several.
fn check_choices(
    node: Node<'_>,
    choices: &[usize],
    name: Name,
    violations: &mut Vec<SchemaViolation>,
) {
    let mut fitting = choices
        .iter()
        .map(|&choice| &SCHEMAS[choice])
        .filter(|choice| is_of_type(node, choice))
        .peekable();
    if fitting.peek().is_none() {
        let choices: Vec<&Schema> = choices.iter().map(|&choice| &SCHEMAS[choice]).collect();
        return violations.push(wrong_type(node, &choices, name));
    }

    let mut nearest: Option<Vec<SchemaViolation>> = None;

    for choice in fitting {
        let mut of_choice = Vec::new();
        check_node(node, choice, name, &mut of_choice);
        if of_choice.is_empty() {
            return;
        }

        if nearest
            .as_ref()
            .is_none_or(|nearest| of_choice.len() < nearest.len())
        {
            nearest = Some(of_choice);
        }
    }

    violations.extend(nearest.into_iter().flatten());
}

/// Whether the node has the type of a schema. Compose accepts `"8"` and `"true"` as numbers and
/// booleans, but not a number as a string.
fn is_of_type(node: Node<'_>, schema: &Schema) -> bool {
    if let Some(choices) = &schema.choices {
        return choices
            .iter()
            .any(|&choice| is_of_type(node, &SCHEMAS[choice]));
    }

    let text = node.str().unwrap_or("");
    schema.types.is_empty()
        || schema.types.iter().any(|kind| match (*kind, node.kind()) {
            ("object", Kind::Mapping) | ("array", Kind::Sequence) => true,
            ("string", Kind::Scalar) => node.as_bool().is_none() && node.as_float().is_none(),
            ("number" | "integer", Kind::Scalar) => {
                node.as_float().is_some() || text.trim().parse::<f64>().is_ok()
            }
            ("boolean", Kind::Scalar) => {
                BOOLEANS.iter().any(|word| text.eq_ignore_ascii_case(word))
            }
            _ => false,
        })
}

const BOOLEANS: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "y", "n"];

fn wrong_type(node: Node<'_>, schemas: &[&Schema], name: Name) -> SchemaViolation {
    let mut wanted: Vec<&str> = Vec::new();

    for kind in schemas.iter().flat_map(|schema| &schema.types) {
        let phrase = match *kind {
            "object" => "a mapping",
            "array" => "a list",
            "string" => "a string",
            "number" | "integer" => "a number",
            "boolean" => "true or false",
            _ => continue,
        };

        if !wanted.contains(&phrase) {
            wanted.push(phrase);
        }
    }

    let actual = match node.kind() {
        Kind::Mapping => "a mapping".to_owned(),
        Kind::Sequence => "a list".to_owned(),
        _ => format!("`{}`", node.str().unwrap_or("")),
    };

    let wanted = wanted.join(" or ");
    let help = if node.kind() == Kind::Scalar && wanted.contains("a string") {
        "quote it".to_owned()
    } else {
        format!("write {wanted} here")
    };

    invalid(node, format!("{name} must be {wanted}, not {actual}"), help)
}

fn check_word(node: Node<'_>, words: &[&str], name: Name, violations: &mut Vec<SchemaViolation>) {
    let text = node.str().unwrap_or("");
    if words.is_empty() || words.contains(&text) {
        return;
    }

    let help = match suggest::nearest(text, words.iter().copied()) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => format!("use one of {}", words.join(", ")),
    };
    violations.push(invalid(
        node,
        format!("invalid value `{text}` for {name}"),
        help,
    ));
}

fn check_mapping(node: Node<'_>, shape: &Shape, name: Name, violations: &mut Vec<SchemaViolation>) {
    for entry in node.entries() {
        let Some(key) = entry.key.str() else { continue };

        if let Some(&inner) = shape.properties.get(key) {
            check_node(entry.value, &SCHEMAS[inner], Name::Key(key), violations);
        } else if let Some(&(_, inner)) = shape
            .patterns
            .iter()
            .find(|(pattern, _)| matches(pattern, key))
        {
            let name = if matches!(name, Name::Key("services")) {
                Name::Service(key)
            } else {
                Name::Key(key)
            };

            check_node(entry.value, &SCHEMAS[inner], name, violations);
        } else if let Some(inner) = shape.others {
            check_node(entry.value, &SCHEMAS[inner], Name::Key(key), violations);
        } else if shape.closed {
            violations.push(unknown_key_violation(entry.key, name, shape));
        }
    }

    for required in &shape.required {
        if node.get(required).is_none() {
            violations.push(invalid(
                node,
                format!("{name} has no `{required}`"),
                format!("add `{required}`"),
            ));
        }
    }
}

/// Whether a string matches one of the few patterns in the specification; an unknown pattern matches
/// every string.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern {
        "^x-" => text.starts_with("x-"),
        "^[a-z]+$" => text.bytes().all(|byte| byte.is_ascii_lowercase()),
        "^[a-zA-Z0-9._-]+$" => text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)),
        pattern if pattern.starts_with("^(always|never|") => {
            let names = [
                "always",
                "never",
                "build",
                "if_not_present",
                "missing",
                "refresh",
                "daily",
                "weekly",
            ];
            names.contains(&text) || text.starts_with("every_")
        }
        _ => true,
    }
}
