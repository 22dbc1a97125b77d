//! What a Helm chart's templates leave to its values, and what its values are.

use crate::source::{Located, Location, Span};
use crate::syntax::yaml::{Kind, Mask, Node, Tree};

/// How deep values are read. Charts nest them a few levels deep.
const MAX_DEPTH: usize = 16;

/// How many values of a file are read.
const MAX_VALUES: usize = 4_000;

/// A part of a template that is there under a condition: one branch of an `if` or `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// From the action that opens the branch to the one that ends it.
    pub span: Span,
    /// The value that decides, where it is one alone.
    pub condition: Option<SwitchCondition>,
}

/// The value that a branch depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchCondition {
    /// `a.b` of `.Values.a.b`.
    pub path: String,
    /// The branch is there if the value is false or empty.
    pub negated: bool,
}

/// The branches of a template, in the order in which they end.
pub(super) fn switches(text: &str, mask: &Mask) -> Vec<Switch> {
    let mut switches = Vec::new();
    let mut open: Vec<Option<(u32, Option<SwitchCondition>)>> = Vec::new();

    for action in &mask.actions {
        let body = action_body(action.span.text(text));
        let keyword = body.split_whitespace().next().unwrap_or("");

        match keyword {
            "if" | "with" => {
                open.push(Some((action.span.start, condition(body, keyword))));
            }
            "range" | "define" | "block" => open.push(None),
            "else" => {
                if let Some(branch) = open.last_mut()
                    && let Some((start, condition)) = branch.take()
                {
                    switches.push(Switch {
                        span: Span::new(start, action.span.start),
                        condition: condition.clone(),
                    });
                    *branch = Some((action.span.start, other_branch(body, condition)));
                }
            }
            "end" => {
                if let Some(Some((start, condition))) = open.pop() {
                    switches.push(Switch {
                        span: Span::new(start, action.span.end),
                        condition,
                    });
                }
            }
            _ => {}
        }
    }

    switches
}

/// The content of an action, without its braces and trim marks.
fn action_body(action: &str) -> &str {
    action
        .trim_start_matches(['{', '-'])
        .trim_end_matches(['}', '-'])
        .trim()
}

/// The condition of an `if` or `with`, if it is one value or its negation.
fn condition(body: &str, keyword: &str) -> Option<SwitchCondition> {
    let rest = body.strip_prefix(keyword)?.trim();
    let (rest, negated) = match rest.strip_prefix("not ") {
        Some(rest) => (rest.trim(), true),
        None => (rest, false),
    };

    Some(SwitchCondition {
        path: value_path(rest)?.to_owned(),
        negated,
    })
}

/// The condition of the branch after an `else`. An `else if` depends on two values.
fn other_branch(body: &str, condition: Option<SwitchCondition>) -> Option<SwitchCondition> {
    if body != "else" {
        return None;
    }

    condition.map(|condition| SwitchCondition {
        negated: !condition.negated,
        ..condition
    })
}

/// The path of a value: `a.b` of `.Values.a.b` and `$.Values.a.b`.
pub fn value_path(expression: &str) -> Option<&str> {
    let expression = expression
        .strip_prefix('$')
        .unwrap_or(expression)
        .strip_prefix(".Values.")?;
    let is_path = !expression.is_empty()
        && expression
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-'));

    is_path.then_some(expression)
}

/// The values of a chart, flattened.
#[derive(Debug, Default)]
pub struct ChartValues {
    /// In the order of the text.
    pub entries: Vec<ChartValue>,
}

/// A value, by the keys that lead to it.
#[derive(Debug)]
pub struct ChartValue {
    /// `image.tag`; items of lists have their number in it.
    pub path: String,
    /// The last key.
    pub key: Location,
    pub value: ValueKind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueKind {
    Null(Location),
    Scalar(Located<String>),
    /// A mapping or a list; `true` if it is empty.
    Collection {
        empty: bool,
    },
}

impl ChartValues {
    pub(super) fn from_tree(tree: &Tree) -> Self {
        let mut values = Self::default();

        if let Some(root) = tree.root() {
            values.add(root, "", 0);
        }

        values
    }

    fn add(&mut self, node: Node, prefix: &str, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }

        for entry in node.entries() {
            let Some(key) = entry.key.str() else {
                continue;
            };

            self.add_value(
                entry.value,
                join_path(prefix, key),
                entry.key.content(),
                depth,
            );
        }

        for (index, item) in node.items().enumerate() {
            self.add_value(
                item,
                join_path(prefix, &index.to_string()),
                item.location(),
                depth,
            );
        }
    }

    fn add_value(&mut self, node: Node, path: String, key: Location, depth: usize) {
        if self.entries.len() >= MAX_VALUES {
            return;
        }

        let value = match node.kind() {
            Kind::Mapping | Kind::Sequence => ValueKind::Collection {
                empty: node.is_empty(),
            },
            Kind::Scalar => ValueKind::Scalar(Located::new(
                node.str().unwrap_or("").to_owned(),
                node.content(),
            )),
            _ => ValueKind::Null(node.location()),
        };
        self.entries.push(ChartValue {
            path: path.clone(),
            key,
            value,
        });
        self.add(node, &path, depth + 1);
    }

    /// The value of a path.
    pub fn get(&self, path: &str) -> Option<&ChartValue> {
        self.entries.iter().find(|entry| entry.path == path)
    }

    /// The text of the value of a path.
    pub fn text(&self, path: &str) -> Option<&Located<String>> {
        match &self.get(path)?.value {
            ValueKind::Scalar(text) => Some(text),
            ValueKind::Null(_) | ValueKind::Collection { .. } => None,
        }
    }

    /// Whether a template takes the value of a path for true. A value that is not there is false.
    pub fn is_true(&self, path: &str) -> bool {
        match self.get(path).map(|entry| &entry.value) {
            None | Some(ValueKind::Null(_)) => false,
            Some(ValueKind::Collection { empty }) => !empty,
            Some(ValueKind::Scalar(text)) => {
                !matches!(text.value.as_str(), "" | "false" | "False" | "FALSE" | "0")
            }
        }
    }
}

/// Functions of templates that leave a string as it is.
const PLAIN_FUNCTIONS: [&str; 5] = ["quote", "squote", "toString", "trim", "default"];

/// A text of a template with the values of its chart filled in, and the place of the last one;
/// `None` where one of its actions is something else than a value that is set.
pub fn fill_in(text: &str, values: &ChartValues) -> Option<Located<String>> {
    let mut filled = String::new();
    let mut last = None;
    let mut rest = text;

    while let Some((before, after)) = rest.split_once("{{") {
        let (action, after) = after.split_once("}}")?;
        let mut parts = action.trim_matches(['-', ' ']).split('|').map(str::trim);
        let value = values.text(value_path(parts.next()?)?)?;
        let is_plain = parts.all(|part| {
            let function = part.split(' ').next().unwrap_or("");
            PLAIN_FUNCTIONS.contains(&function)
        });

        if !is_plain || value.value.is_empty() {
            return None;
        }

        filled.push_str(before);
        filled.push_str(&value.value);
        last = Some(value.location);
        rest = after;
    }

    filled.push_str(rest);

    Some(Located::new(filled, last?))
}

fn join_path(prefix: &str, key: &str) -> String {
    if prefix.is_empty() {
        key.to_owned()
    } else {
        format!("{prefix}.{key}")
    }
}

impl Switch {
    /// Whether a location is in the branch.
    pub const fn holds(&self, location: Location) -> bool {
        self.span.contains(location.span)
    }
}

/// Whether a switch of a file lets something in by the values of its chart; `None` if that cannot be
/// said.
pub fn is_on(switch: &Switch, values: Option<&ChartValues>) -> Option<bool> {
    let condition = switch.condition.as_ref()?;

    Some(values?.is_true(&condition.path) != condition.negated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::syntax::yaml::mask_templates;

    #[test]
    fn branches_and_what_they_depend_on() {
        let text = "{{- if .Values.a }}\nx: 1\n{{- else }}\ny: 1\n{{- end }}\n{{ range .Values.l }}{{ with not $.Values.b.c }}z{{ end }}{{ end }}";
        let found: Vec<(String, bool)> = switches(text, &mask_templates(text))
            .into_iter()
            .filter_map(|switch| switch.condition)
            .map(|condition| (condition.path, condition.negated))
            .collect();

        assert_eq!(
            found,
            [
                ("a".to_owned(), false),
                ("a".to_owned(), true),
                ("b.c".to_owned(), true)
            ]
        );
    }

    #[test]
    fn values_that_are_false() {
        let text = "a: {on: true, off: false, none: '', list: [], null: ~}\nlist: [{name: x}]\n";
        let values = ChartValues::from_tree(&Tree::parse(FileId(0), text).tree);

        assert!(values.is_true("a.on") && values.is_true("a") && values.is_true("list.0.name"));
        assert!(
            !["a.off", "a.none", "a.list", "a.null", "a.gone"]
                .iter()
                .any(|path| values.is_true(path))
        );
    }
}
