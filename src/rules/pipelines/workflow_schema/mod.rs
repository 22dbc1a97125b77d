//! `invalid-workflow` and `unknown-workflow-key`: a workflow against GitHub's own syntax, read from
//! the tree.

mod cron;
mod data;
mod events;
mod table;
mod values;

use crate::analysis::Ctx;
use crate::analysis::pipelines::is_live;
use crate::credential::conceal;
use crate::finding::{Finding, Sink};
use crate::model::facts::SchemaViolation;
use crate::model::workflow::Workflow;
use crate::rules::pipelines::workflow_schema::table::{Object, Shape};
use crate::source::Location;
use crate::suggest::nearest;
use crate::syntax::yaml::{Kind, Node, Tree};

pub use data::DATA;

/// What a walk finds.
#[derive(Default)]
struct Problems(Vec<SchemaViolation>);

impl Problems {
    fn wrong(&mut self, location: Location, message: impl Into<String>) {
        self.0.push(SchemaViolation {
            finding: Finding::new(location, message),
            is_key: false,
            is_harmless: false,
        });
    }

    fn note(&mut self, location: Location, message: impl Into<String>) {
        self.0.push(SchemaViolation {
            finding: Finding::new(location, message),
            is_key: false,
            is_harmless: true,
        });
    }

    fn wrong_with(
        &mut self,
        location: Location,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.0.push(SchemaViolation {
            finding: Finding::new(location, message).help(help),
            is_key: false,
            is_harmless: false,
        });
    }

    fn unknown(&mut self, location: Location, key: &str, object: &Object) {
        let keys = object.keys.iter().map(|(key, _)| *key);
        let mut finding = Finding::new(location, format!("{} has no key `{key}`", object.name));
        finding = match nearest(key, keys.clone()) {
            Some(meant) => finding.help(format!("did you mean `{meant}`?")),
            None => finding.help(format!(
                "known keys: {}",
                keys.collect::<Vec<_>>().join(", ")
            )),
        };

        self.0.push(SchemaViolation {
            finding,
            is_key: true,
            is_harmless: false,
        });
    }
}

pub fn invalid(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    report(ctx, workflow, sink, false);
}

pub fn unknown_key(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    report(ctx, workflow, sink, true);
}

fn report(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink, keys: bool) {
    if !is_live(ctx, workflow) {
        return;
    }

    let schema_violations = ctx
        .facts
        .file(workflow.file)
        .schema_violations
        .get_or_init(|| schema_violations(ctx, workflow));
    for one in schema_violations.iter().filter(|one| one.is_key == keys) {
        sink.report(one.finding.clone().case_if(one.is_harmless, "harmless"));
    }
}

fn schema_violations(ctx: &Ctx, workflow: &Workflow) -> Vec<SchemaViolation> {
    let mut problems = Problems::default();
    let tree = ctx.facts.file(workflow.file).tree.as_deref();
    let Some(root) = tree.and_then(Tree::root) else {
        return problems.0;
    };

    if workflow.action {
        object(root, &table::ACTION, &mut problems);
        values::action(root, &mut problems);
    } else {
        object(root, &table::WORKFLOW, &mut problems);
        values::workflow(ctx, workflow, root, &mut problems);
    }

    problems.0
}

/// A mapping with keys of GitHub's.
fn object(node: Node<'_>, object: &Object, problems: &mut Problems) {
    if node.kind() != Kind::Mapping {
        if node.kind() != Kind::Unknown {
            problems.wrong(
                node.location(),
                format!("{} must be a mapping, not {}", object.name, found(node)),
            );
        }

        return;
    }

    for entry in node.entries() {
        let Some(key) = entry.key.str() else { continue };
        // A reader of YAML 1.1 writes `on` back as `true`.
        let key = if key == "true" && object.name == "a workflow" {
            "on"
        } else {
            key
        };

        match object.keys.iter().find(|(known, _)| *known == key) {
            Some((_, shape)) => check(entry.value, *shape, key, problems),
            None => problems.unknown(entry.key.location(), key, object),
        }
    }

    if node.is_damaged() {
        return;
    }

    let anchor = || {
        node.entries()
            .next()
            .map_or_else(|| node.location(), |entry| entry.key.location())
    };

    for required in object.required {
        let given = node.get(required).is_some() || *required == "on" && node.get("true").is_some();
        if !given {
            problems.wrong(anchor(), format!("{} requires `{required}`", object.name));
        }
    }
}

fn check(node: Node<'_>, shape: Shape, key: &str, problems: &mut Problems) {
    if is_expression(node) || node.kind() == Kind::Unknown {
        return;
    }

    match shape {
        Shape::Any => {}
        Shape::Maybe(_) if node.is_null() => {}
        Shape::Maybe(inner) => check(node, *inner, key, problems),
        Shape::Text if node.kind() == Kind::Scalar => {}
        Shape::Text
            if node.is_null()
                && matches!(
                    key,
                    "name" | "description" | "default" | "if" | "run" | "env" | "with"
                ) => {}
        Shape::Text => problems.wrong(
            at(node),
            format!("`{key}` must be a string, not {}", found(node)),
        ),
        Shape::Bool => {
            if node.as_bool().is_none() {
                problems.wrong(
                    at(node),
                    format!("`{key}` must be `true` or `false`, not {}", found(node)),
                );
            }
        }
        Shape::Number => {
            if node.as_float().is_none_or(|number| number <= 0.0) {
                problems.wrong(
                    at(node),
                    format!("`{key}` must be a number above 0, not {}", found(node)),
                );
            }
        }
        Shape::Map(inner) => {
            if node.kind() != Kind::Mapping {
                problems.wrong(
                    at(node),
                    format!("`{key}` must be a mapping, not {}", found(node)),
                );
                return;
            }
            // An empty variable or input is an empty text.
            let filled = node
                .entries()
                .filter(|entry| !(entry.value.is_null() && matches!(inner, Shape::Text)));
            for entry in filled {
                check(
                    entry.value,
                    *inner,
                    entry.key.str().unwrap_or(key),
                    problems,
                );
            }
        }
        Shape::Object(shape) => object(node, shape, problems),
        Shape::List(inner) => {
            if node.kind() != Kind::Sequence {
                problems.wrong(
                    at(node),
                    format!("`{key}` must be a list, not {}", found(node)),
                );
                return;
            }

            if node.is_empty() {
                problems.wrong(at(node), format!("`{key}` is empty"));
            }

            node.items()
                .for_each(|item| check(item, *inner, key, problems));
        }
        Shape::Many(inner) => match node.kind() {
            Kind::Sequence => node
                .items()
                .for_each(|item| check(item, *inner, key, problems)),
            _ => check(node, *inner, key, problems),
        },
        Shape::Or(_) if node.kind() == Kind::Scalar => {}
        // Labels of a runner are a list; a group of runners is a mapping.
        Shape::Or(_) if key == "runs-on" && node.kind() == Kind::Sequence => {
            node.items()
                .for_each(|item| check(item, Shape::Text, key, problems));
        }
        Shape::Or(_) if node.is_null() && matches!(key, "env" | "strategy" | "services") => {}
        Shape::Or(inner) if node.is_null() && !matches!(inner, Shape::Maybe(_)) => {
            problems.wrong(at(node), format!("`{key}` is empty"));
        }
        Shape::Or(inner) => check(node, *inner, key, problems),
        Shape::Step => {
            if node.is_null() {
                problems.wrong(at(node), "this step is empty");
            } else {
                object(node, &table::STEP, problems);
            }
        }
        Shape::Job => {
            if node.is_null() {
                problems.wrong(at(node), format!("job `{key}` is empty"));
            } else if node.get("uses").is_some() && node.get("steps").is_none() {
                object(node, &table::CALL, problems);
            } else {
                object(node, &table::JOB, problems);
            }
        }
        Shape::On => events::check(node, problems),
        Shape::Permissions => values::permissions(node, problems),
    }
}

/// Where a wrong value stands; an absent one is shown at the byte before it.
fn at(node: Node<'_>) -> Location {
    node.location()
}

fn is_expression(node: Node<'_>) -> bool {
    node.str().is_some_and(|text| text.contains("${{"))
}

/// What stands there, for messages.
fn found(node: Node<'_>) -> String {
    match node.kind() {
        Kind::Null => "nothing".to_owned(),
        Kind::Mapping => "a mapping".to_owned(),
        Kind::Sequence => "a list".to_owned(),
        Kind::Scalar | Kind::Unknown => {
            let text = conceal(node.str().unwrap_or_default());
            let short: String = text.chars().take(40).collect();
            format!("`{short}`")
        }
    }
}
