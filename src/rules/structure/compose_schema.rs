//! unknown-key, invalid-value: a compose file against the compose specification's own schema
//! (`rules/data/compose-spec.json`), read as it stands: JSON schema, as much of it as the
//! specification uses.
//!
//! Where a value holds a variable, or was lost to a syntax error, nothing is claimed. An empty
//! value is always allowed.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use serde_json::Value;

use crate::analysis::Ctx;
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
    let mut reader = Reader::default();
    reader.read(&TEXT);
    reader.all
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

pub fn unknown_key(_: &Ctx, _: &SourceFile, file: &FileFacts, sink: &mut Sink) {
    schema_violations(file)
        .into_iter()
        .filter(|violation| violation.is_key)
        .for_each(|violation| sink.report(violation.finding()));
}

pub fn invalid_value(_: &Ctx, _: &SourceFile, file: &FileFacts, sink: &mut Sink) {
    schema_violations(file)
        .into_iter()
        .filter(|violation| !violation.is_key)
        .for_each(|violation| sink.report(violation.finding()));
}

fn schema_violations(file: &FileFacts<'_>) -> Vec<SchemaViolation> {
    let mut violations = Vec::new();

    if let Some(root) = compose_root(file)
        && root
            .get("services")
            .is_some_and(|node| node.kind() == Kind::Mapping)
    {
        check(root, &SCHEMAS[0], Name::File, &mut violations);
    }

    violations
}

fn unknown(key: Node<'_>, parent: Name, shape: &Shape) -> SchemaViolation {
    let name = key.str().unwrap_or("");
    let near = suggest::nearest(name, shape.names.iter().copied()).or_else(|| {
        // Compose writes with underscores what others write with dashes, or in one word.
        let flat = |text: &str| text.to_ascii_lowercase().replace(['-', '_'], "");
        shape
            .names
            .iter()
            .copied()
            .find(|candidate| flat(candidate) == flat(name))
    });

    let help = match near {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "remove it, or prefix it with `x-` if it is your own extension".to_owned(),
    };

    SchemaViolation {
        location: key.content(),
        message: format!("unknown key `{name}` in {parent}"),
        help,
        is_key: true,
    }
}

fn wrong(node: Node<'_>, message: String, help: String) -> SchemaViolation {
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

/// What a value is called in messages. Nearly all are sound, so it is written only when one is not.
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

/// A schema with `$ref` followed. Those that it is made of are numbers in [`SCHEMAS`].
#[derive(Default)]
struct Schema {
    /// `oneOf` or `anyOf`; nothing else of such a schema counts.
    choices: Option<Vec<usize>>,
    types: Vec<&'static str>,
    words: Vec<&'static str>,
    pattern: Option<&'static str>,
    items: Option<usize>,
    shape: Shape,
}

/// What a mapping may hold, the parts that a schema is composed of joined.
#[derive(Default)]
struct Shape {
    names: Vec<&'static str>,
    properties: HashMap<&'static str, usize>,
    patterns: Vec<(&'static str, usize)>,
    others: Option<usize>,
    closed: bool,
    required: Vec<&'static str>,
}

/// Reads the schemas of the specification, each once: some hold themselves.
#[derive(Default)]
struct Reader {
    all: Vec<Schema>,
    /// By the address of the value.
    numbers: HashMap<usize, usize>,
}

impl Reader {
    fn read(&mut self, value: &'static Value) -> usize {
        let value = resolve(value);
        let address = std::ptr::from_ref(value) as usize;
        if let Some(&number) = self.numbers.get(&address) {
            return number;
        }

        let number = self.all.len();
        self.numbers.insert(address, number);
        self.all.push(Schema::default());
        let choices = value
            .get("oneOf")
            .or_else(|| value.get("anyOf"))
            .and_then(Value::as_array);
        let choices =
            choices.map(|choices| choices.iter().map(|choice| self.read(choice)).collect());
        let items = value.get("items").map(|items| self.read(items));
        let mut shape = Shape::default();
        self.add(value, &mut shape);
        self.all[number] = Schema {
            choices,
            types: texts(value.get("type")),
            words: texts(value.get("enum")),
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

        let shut = |key: &str| value.get(key) == Some(&Value::Bool(false));
        shape.closed |= shut("additionalProperties") || shut("unevaluatedProperties");
        shape.required.extend(texts(value.get("required")));
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

/// One text, or a list of them.
fn texts(value: Option<&'static Value>) -> Vec<&'static str> {
    match value {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn check(node: Node<'_>, schema: &Schema, name: Name, found: &mut Vec<SchemaViolation>) {
    let open = matches!(node.kind(), Kind::Null | Kind::Unknown)
        || node.tag().is_some_and(|tag| tag == "!reset");
    if open || node.str().is_some_and(|text| text.contains('$')) {
        return;
    }

    if let Some(choices) = &schema.choices {
        return choose(node, choices, name, found);
    }

    if !is_of_type(node, schema) {
        return found.push(wrong_type(node, &[schema], name));
    }

    check_word(node, &schema.words, name, found);
    if let (Some(pattern), Some(text)) = (schema.pattern, node.str())
        && !matches(pattern, text)
    {
        found.push(wrong(
            node,
            format!("invalid value `{text}` for {name}"),
            format!("write a value that matches `{pattern}`"),
        ));
    }

    match node.kind() {
        Kind::Mapping => check_mapping(node, &schema.shape, name, found),
        Kind::Sequence => {
            if let Some(items) = schema.items {
                node.items()
                    .for_each(|item| check(item, &SCHEMAS[items], Name::ItemOf(&name), found));
            }
        }
        _ => {}
    }
}

/// Of several schemas the one that fits, or what is wrong by the one that comes nearest.
fn choose(node: Node<'_>, choices: &[usize], name: Name, found: &mut Vec<SchemaViolation>) {
    let mut fitting = choices
        .iter()
        .map(|&choice| &SCHEMAS[choice])
        .filter(|choice| is_of_type(node, choice))
        .peekable();
    if fitting.peek().is_none() {
        let choices: Vec<&Schema> = choices.iter().map(|&choice| &SCHEMAS[choice]).collect();
        return found.push(wrong_type(node, &choices, name));
    }

    let mut nearest: Option<Vec<SchemaViolation>> = None;

    for choice in fitting {
        let mut schema_violations = Vec::new();
        check(node, choice, name, &mut schema_violations);
        if schema_violations.is_empty() {
            return;
        }

        if nearest
            .as_ref()
            .is_none_or(|nearest| schema_violations.len() < nearest.len())
        {
            nearest = Some(schema_violations);
        }
    }

    found.extend(nearest.into_iter().flatten());
}

/// Whether the node has the type that a schema asks for. Compose reads `"8"` and `"true"` where it
/// wants numbers and booleans, but takes no number for a text.
fn is_of_type(node: Node<'_>, schema: &Schema) -> bool {
    if let Some(choices) = &schema.choices {
        return choices
            .iter()
            .any(|&choice| is_of_type(node, &SCHEMAS[choice]));
    }

    let text = node.str().unwrap_or("");
    let is_one_of = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    schema.types.is_empty()
        || schema.types.iter().any(|one| match (*one, node.kind()) {
            ("object", Kind::Mapping) | ("array", Kind::Sequence) => true,
            ("string", Kind::Scalar) => node.as_bool().is_none() && node.as_float().is_none(),
            ("number" | "integer", Kind::Scalar) => {
                node.as_float().is_some() || text.trim().parse::<f64>().is_ok()
            }
            ("boolean", Kind::Scalar) => {
                is_one_of(&["true", "false", "yes", "no", "on", "off", "y", "n"])
            }
            _ => false,
        })
}

fn wrong_type(node: Node<'_>, schemas: &[&Schema], name: Name) -> SchemaViolation {
    let mut wanted: Vec<&str> = Vec::new();

    for one in schemas.iter().flat_map(|schema| &schema.types) {
        let phrase = match *one {
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

    let is = match node.kind() {
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

    wrong(node, format!("{name} must be {wanted}, not {is}"), help)
}

fn check_word(node: Node<'_>, words: &[&str], name: Name, found: &mut Vec<SchemaViolation>) {
    let text = node.str().unwrap_or("");
    if words.is_empty() || words.contains(&text) {
        return;
    }

    let near = suggest::nearest(text, words.iter().copied());
    let help = near.map_or_else(
        || format!("use one of {}", words.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    found.push(wrong(
        node,
        format!("invalid value `{text}` for {name}"),
        help,
    ));
}

fn check_mapping(node: Node<'_>, shape: &Shape, name: Name, found: &mut Vec<SchemaViolation>) {
    for entry in node.entries() {
        let Some(key) = entry.key.str() else { continue };

        if let Some(&inner) = shape.properties.get(key) {
            check(entry.value, &SCHEMAS[inner], Name::Key(key), found);
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

            check(entry.value, &SCHEMAS[inner], name, found);
        } else if let Some(inner) = shape.others {
            check(entry.value, &SCHEMAS[inner], Name::Key(key), found);
        } else if shape.closed {
            found.push(unknown(entry.key, name, shape));
        }
    }

    for required in &shape.required {
        if node.get(required).is_none() {
            found.push(wrong(
                node,
                format!("{name} has no `{required}`"),
                format!("add `{required}`"),
            ));
        }
    }
}

/// Whether a text matches one of the few patterns that the specification uses; an unknown one holds
/// of everything.
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
