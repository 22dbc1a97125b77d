//! The fenced language of declarative rules: predicates over the fields of one fact. No variables,
//! no joins, no arithmetic; what needs more is Rust.

use std::collections::BTreeMap;

use regex::Regex;
use serde::Deserialize;

/// `[match]` of a rule's page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matcher {
    /// Which facts: `container`, `service`, `workload`.
    pub fact: FactKind,
    /// All of these hold.
    #[serde(default, rename = "where")]
    pub all: BTreeMap<String, Test>,
    /// If there are any, at least one of these holds.
    #[serde(default)]
    pub any: Vec<BTreeMap<String, Test>>,
    /// None of these holds.
    #[serde(default)]
    pub not: BTreeMap<String, Test>,
    /// Whether containers of one file share the cause, so that it is reported once.
    #[serde(default)]
    pub once: bool,
    /// The field that the finding points at; the fact's anchor where that is missing.
    pub at: Option<String>,
    /// With `{field}` holes.
    pub message: String,
    pub label: Option<String>,
    pub help: Option<String>,
}

/// The facts that a matcher can range over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FactKind {
    /// Containers of compose services and of pods.
    Container,
    /// Compose services.
    Service,
    /// Kubernetes objects with a pod template.
    Workload,
}

/// A test of one field: `field = value`, or `field = { in = […] }` and its kin.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Test {
    Bool(bool),
    Number(f64),
    Text(String),
    Op(Op),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Op {
    #[serde(rename = "in")]
    pub one_of: Option<Vec<String>>,
    #[serde(default, deserialize_with = "pattern")]
    pub matches: Option<Regex>,
    pub absent: Option<bool>,
    pub min: Option<f64>,
    pub max: Option<f64>,
}

fn pattern<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Regex>, D::Error> {
    let text = String::deserialize(from)?;
    Regex::new(&text)
        .map(Some)
        .map_err(serde::de::Error::custom)
}

/// The value of a field, as a matcher sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    Absent,
    /// No test holds of what is unknown, neither directly nor under `not`.
    Unknown,
    Bool(bool),
    Number(f64),
    Text(String),
    /// A test holds of a list if it holds of one of its items.
    List(Vec<String>),
}

/// Something with fields.
pub trait Fact {
    /// The field of this name; `None` if the fact has no such field, which a test over the
    /// catalogue refuses.
    fn field(&self, name: &str) -> Option<Field>;
}

impl Matcher {
    /// Whether the fact is one that the rule speaks of. Unknown fields never match.
    pub fn holds(&self, fact: &dyn Fact) -> bool {
        let all = |tests: &BTreeMap<String, Test>| {
            tests
                .iter()
                .all(|(name, test)| test.holds(&read(fact, name)))
        };

        let refused = |(name, test): (&String, &Test)| {
            let field = read(fact, name);
            field == Field::Unknown || test.holds(&field)
        };

        all(&self.all)
            && (self.any.is_empty() || self.any.iter().any(all))
            && !self.not.iter().any(refused)
    }

    /// The names of all fields that the matcher asks for, its holes included.
    pub fn fields(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .all
            .keys()
            .chain(self.not.keys())
            .map(String::as_str)
            .collect();
        names.extend(
            self.any
                .iter()
                .flat_map(|tests| tests.keys())
                .map(String::as_str),
        );
        let texts = [Some(&self.message), self.label.as_ref(), self.help.as_ref()];
        names.extend(texts.into_iter().flatten().flat_map(|text| holes(text)));

        names
    }
}

/// Fills `{field}` holes.
pub fn fill(text: &str, fact: &dyn Fact) -> String {
    let mut out = text.to_owned();

    for name in holes(text) {
        let value = match read(fact, name) {
            Field::Text(text) => text,
            Field::Bool(value) => value.to_string(),
            Field::Number(value) => value.to_string(),
            Field::List(items) => items.join(", "),
            Field::Absent | Field::Unknown => String::new(),
        };

        out = out.replace(&format!("{{{name}}}"), &value);
    }

    out
}

fn read(fact: &dyn Fact, name: &str) -> Field {
    fact.field(name).unwrap_or(Field::Unknown)
}

fn holes(text: &str) -> Vec<&str> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .collect()
}

impl Test {
    fn holds(&self, field: &Field) -> bool {
        match (self, field) {
            (_, Field::Unknown) => false,
            (Test::Bool(want), Field::Bool(is)) => want == is,
            (Test::Number(want), Field::Number(is)) => want == is,
            (Test::Text(want), Field::Text(is)) => want == is,
            (Test::Text(want), Field::List(items)) => items.contains(want),
            (Test::Op(op), field) => op.holds(field),
            _ => false,
        }
    }
}

impl Op {
    fn holds(&self, field: &Field) -> bool {
        if let Some(absent) = self.absent {
            return absent == (*field == Field::Absent);
        }

        match field {
            Field::Text(text) => self.text(text),
            Field::List(items) => items.iter().any(|item| self.text(item)),
            Field::Number(number) => {
                (self.min.is_some() || self.max.is_some())
                    && self.min.is_none_or(|min| *number >= min)
                    && self.max.is_none_or(|max| *number <= max)
            }
            Field::Absent | Field::Unknown | Field::Bool(_) => false,
        }
    }

    fn text(&self, text: &str) -> bool {
        self.one_of
            .as_ref()
            .is_some_and(|list| list.iter().any(|item| item == text))
            || self
                .matches
                .as_ref()
                .is_some_and(|pattern| pattern.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One(Field);

    impl Fact for One {
        fn field(&self, name: &str) -> Option<Field> {
            (name == "x").then(|| self.0.clone())
        }
    }

    #[test]
    fn tests_hold_as_written_and_never_of_the_unknown() {
        let matcher = |tests: &str| -> Matcher {
            toml::from_str(&format!(
                "fact = \"container\"\nmessage = \"{{x}}!\"\n{tests}"
            ))
            .unwrap()
        };

        for (tests, field, holds) in [
            ("where = { x = true }", Field::Bool(true), true),
            ("where = { x = true }", Field::Bool(false), false),
            ("where = { x = true }", Field::Unknown, false),
            ("not = { x = true }", Field::Unknown, false),
            ("not = { x = true }", Field::Bool(false), true),
            (
                "where = { x = { in = ['a', 'b'] } }",
                Field::Text("b".into()),
                true,
            ),
            (
                "where = { x = { matches = '^a+$' } }",
                Field::List(vec!["b".into(), "aa".into()]),
                true,
            ),
            ("where = { x = { absent = true } }", Field::Absent, true),
            ("where = { x = { absent = true } }", Field::Unknown, false),
            (
                "where = { x = { absent = false } }",
                Field::Text("a".into()),
                true,
            ),
            ("where = { x = { min = 2.0 } }", Field::Number(2.0), true),
            ("where = { x = { max = 1.0 } }", Field::Number(2.0), false),
            (
                "any = [{ x = 'a' }, { x = 'b' }]",
                Field::Text("b".into()),
                true,
            ),
        ] {
            assert_eq!(
                matcher(tests).holds(&One(field.clone())),
                holds,
                "{tests} on {field:?}"
            );
        }

        assert_eq!(fill("{x}!", &One(Field::Text("a".into()))), "a!");
    }
}
