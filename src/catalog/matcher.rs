//! The `[match]` table of declarative rules: tests of the fields of one fact. There are no variables,
//! joins or arithmetic; a rule that needs them is a function.

use std::collections::BTreeMap;

use regex::Regex;
use serde::Deserialize;

use super::cause::HelpText;

/// `[match]` of a rule's page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matcher {
    /// The kind of fact: `container`, `service`, `workload`.
    pub fact: FactKind,
    /// All of these must hold.
    #[serde(default, rename = "where")]
    pub all: BTreeMap<String, Test>,
    /// If there are any, at least one of these must hold.
    #[serde(default)]
    pub any: Vec<BTreeMap<String, Test>>,
    /// None of these may hold.
    #[serde(default)]
    pub not: BTreeMap<String, Test>,
    /// The field whose location is the finding's; without it, the fact's anchor.
    pub at: Option<String>,
    /// Contains `{field}` placeholders.
    pub message: String,
    pub label: Option<String>,
    pub help: Option<HelpText>,
}

/// The facts that a matcher can test.
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

/// A test of one field: `field = value`, `field = { in = […] }` and so on.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Test {
    Bool(bool),
    Number(f64),
    Text(String),
    Op(Op),
}

/// A test with an operator. `min` and `max` can be combined.
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
    /// No test holds for an unknown value, neither directly nor under `not`.
    Unknown,
    Bool(bool),
    Number(f64),
    Text(String),
    /// A test holds for a list if it holds for one of its items.
    List(Vec<String>),
}

/// Something with fields.
pub trait Fact {
    /// The field of this name; `None` if the fact has no such field, which a test over all pages
    /// rejects.
    fn field(&self, name: &str) -> Option<Field>;
}

impl Matcher {
    /// Whether the rule reports the fact. Unknown fields never match.
    pub fn holds(&self, fact: &dyn Fact) -> bool {
        if !all_hold(&self.all, fact) {
            return false;
        }

        let has_alternative = self.any.iter().any(|tests| all_hold(tests, fact));
        if !self.any.is_empty() && !has_alternative {
            return false;
        }

        !self.not.iter().any(|(name, test)| {
            let field = field_of(fact, name);
            field == Field::Unknown || test.holds(&field)
        })
    }

    /// The names of all fields that the matcher uses, including placeholders.
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
        let texts = [Some(&self.message), self.label.as_ref()];
        let helps = self.help.iter().flat_map(HelpText::all);
        let texts = texts.into_iter().flatten().chain(helps);
        names.extend(texts.flat_map(|text| placeholders(text)));

        names
    }
}

/// A text with its `{field}` placeholders filled.
pub fn fill(text: &str, fact: &dyn Fact) -> String {
    let mut out = text.to_owned();

    for name in placeholders(text) {
        let value = match field_of(fact, name) {
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

fn all_hold(tests: &BTreeMap<String, Test>, fact: &dyn Fact) -> bool {
    tests
        .iter()
        .all(|(name, test)| test.holds(&field_of(fact, name)))
}

fn field_of(fact: &dyn Fact, name: &str) -> Field {
    fact.field(name).unwrap_or(Field::Unknown)
}

fn placeholders(text: &str) -> Vec<&str> {
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
            (Test::Bool(expected), Field::Bool(actual)) => expected == actual,
            (Test::Number(expected), Field::Number(actual)) => expected == actual,
            (Test::Text(expected), Field::Text(actual)) => expected == actual,
            (Test::Text(expected), Field::List(items)) => items.contains(expected),
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
            Field::Text(text) => self.holds_for_text(text),
            Field::List(items) => items.iter().any(|item| self.holds_for_text(item)),
            Field::Number(number) => {
                (self.min.is_some() || self.max.is_some())
                    && self.min.is_none_or(|min| *number >= min)
                    && self.max.is_none_or(|max| *number <= max)
            }
            Field::Absent | Field::Unknown | Field::Bool(_) => false,
        }
    }

    fn holds_for_text(&self, text: &str) -> bool {
        let values = self.one_of.as_ref();
        let pattern = self.matches.as_ref();

        values.is_some_and(|values| values.iter().any(|value| value == text))
            || pattern.is_some_and(|pattern| pattern.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct OneField(Field);

    impl Fact for OneField {
        fn field(&self, name: &str) -> Option<Field> {
            (name == "x").then(|| self.0.clone())
        }
    }

    fn matcher(tests: &str) -> Matcher {
        toml::from_str(&format!(
            "fact = \"container\"\nmessage = \"{{x}}!\"\n{tests}"
        ))
        .unwrap()
    }

    #[test]
    fn tests_hold_as_written_and_never_for_the_unknown() {
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
                matcher(tests).holds(&OneField(field.clone())),
                holds,
                "{tests} on {field:?}"
            );
        }

        assert_eq!(fill("{x}!", &OneField(Field::Text("a".into()))), "a!");
    }
}
