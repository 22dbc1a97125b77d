//! Lowering of trees to the parts of GitLab pipelines.

use std::sync::Arc;

use super::super::credentials::arguments;
use super::super::definition::Workflow;
use super::super::jobs::{Job, Step};
use super::super::lower::empty_job;
use super::super::value::{field, flag, text, texts};
use super::part::{
    AllowFailure, Environment, GitlabFile, Include, JobPart, Need, RefFilter, Rule, RuleItem,
    ScriptItem, ScriptLine, Trigger,
};
use crate::model::env::{EnvOrigin, EnvValue, EnvVar};
use crate::model::image::{HOLE, ImageRole, ImageUse, Reference};
use crate::model::{Code, Setting};
use crate::source::{Located, OffsetMap, SourceFile};
use crate::syntax::yaml::{Kind, Node, Tree};

/// Keys at the top that are not jobs.
const GLOBAL: &[&str] = &[
    "stages",
    "types",
    "variables",
    "default",
    "include",
    "workflow",
    "image",
    "services",
    "before_script",
    "after_script",
    "cache",
];

/// How deep lists of scripts and rules may be nested; GitLab allows ten levels.
const MAX_NESTING: u32 = 10;

/// Lowers a file of a GitLab pipeline.
pub fn gitlab_file(tree: &Tree, source: &SourceFile) -> GitlabFile {
    let mut file = GitlabFile {
        written: Workflow {
            file: source.id,
            ..Workflow::default()
        },
        ..GitlabFile::default()
    };

    // The inputs of a configuration are a document of their own, before it.
    let Some(root) = tree.documents().last() else {
        return file;
    };

    file.written.location = root
        .entries()
        .next()
        .map_or_else(|| root.location(), |entry| entry.key.location());
    file.written.env = variables(root.get("variables"));
    file.stages = root.get("stages").map(|node| texts(Some(node)));
    file.includes = root.get("include").map(includes).unwrap_or_default();
    file.is_filtered = root.path(&["workflow", "rules"]).is_some();

    let top = job_part(root);
    file.defaults = match root.get("default") {
        Some(node) => job_part(node).over_defaults(&top),
        None => top,
    };

    let globals = root.get("default").into_iter().chain([root]);
    for node in globals {
        file.add_written("default", node);
    }

    for entry in root.entries() {
        let Some(id) = text(entry.key) else { continue };

        if GLOBAL.contains(&id.value.as_str()) || entry.value.kind() != Kind::Mapping {
            continue;
        }

        file.add_written(&id.value, entry.value);
        file.jobs.push((id, job_part(entry.value)));
    }

    file
}

impl GitlabFile {
    /// Adds what a job or `default` writes itself.
    fn add_written(&mut self, id: &str, node: Node<'_>) {
        let mut job = empty_job(Located::new(id.to_owned(), node.location()));
        job.env = if id == "default" {
            Vec::new()
        } else {
            variables(node.get("variables"))
        };

        let image = node.get("image").into_iter();
        let services = node.get("services").into_iter().flat_map(Node::items);
        for image in image.chain(services) {
            let scopes = [job.env.as_slice(), self.written.env.as_slice()];
            job.images.extend(image_use(image, &scopes));
            job.credentials.extend(variables(image.get("variables")));
        }

        for key in ["before_script", "script", "after_script"] {
            let items = node.get(key).map(script_items).unwrap_or_default();
            let lines = items.into_iter().filter_map(|item| match item {
                ScriptItem::Line(line) => Some(line),
                ScriptItem::Reference(_) => None,
            });
            job.steps.extend(script_steps(&lines.collect::<Vec<_>>()));
        }

        self.written.jobs.push(job);
    }
}

fn includes(node: Node<'_>) -> Vec<Include> {
    let single = (node.kind() != Kind::Sequence).then_some(node);

    single
        .into_iter()
        .chain(node.items())
        .flat_map(include)
        .collect()
}

fn include(node: Node<'_>) -> Vec<Include> {
    if let Some(path) = node.str() {
        return vec![if path.contains("://") {
            Include::Elsewhere
        } else {
            local(path)
        }];
    }

    if let Some(template) = field(node, "template") {
        return vec![Include::Template(template)];
    }

    match node.get("local").and_then(Node::str) {
        Some(path) => vec![local(path)],
        None => vec![Include::Elsewhere],
    }
}

/// A path of the repository; with a variable in it, it cannot be known.
fn local(path: &str) -> Include {
    if path.contains('$') {
        return Include::Elsewhere;
    }

    Include::Local(path.trim_start_matches('/').to_owned())
}

fn job_part(node: Node<'_>) -> JobPart {
    let script = |key: &str| node.get(key).map(|list| Arc::new(script_items(list)));

    JobPart {
        extends: texts(node.get("extends"))
            .into_iter()
            .map(|name| name.value)
            .collect(),
        stage: field(node, "stage"),
        before_script: script("before_script"),
        script: script("script").or_else(|| script("run")),
        after_script: script("after_script"),
        when: field(node, "when"),
        allow_failure: node.get("allow_failure").map(allow_failure),
        rules: node.get("rules").map(|list| Arc::new(rules(list))),
        only: node.get("only").map(ref_filter),
        except: node.get("except").map(ref_filter),
        needs: node.get("needs").map(|list| Arc::new(needs(list))),
        environment: node.get("environment").map(environment),
        resource_group: node.get("resource_group").map(setting),
        timeout: node.get("timeout").map(setting),
        trigger: node.get("trigger").map(|node| Arc::new(trigger(node))),
        variables: Arc::new(variables(node.get("variables"))),
        tags: texts(node.get("tags")),
        ignores_defaults: node
            .path(&["inherit", "default"])
            .is_some_and(|inherited| inherited.as_bool() == Some(false)),
    }
}

/// A scalar as a setting: a value with a variable or an input in it is unknown.
fn setting(node: Node<'_>) -> Setting<String> {
    match text(node) {
        Some(text) if text.value.contains('$') => Setting::Unknown(Some(text.location)),
        Some(text) => Setting::Set(text),
        None => Setting::Unknown(Some(node.location())),
    }
}

/// The items of a script, nested lists and aliases of lists included.
fn script_items(node: Node<'_>) -> Vec<ScriptItem> {
    let mut items = Vec::new();
    add_script_items(node, MAX_NESTING, &mut items);

    items
}

fn add_script_items(node: Node<'_>, nesting: u32, items: &mut Vec<ScriptItem>) {
    if let Some(path) = reference(node) {
        items.push(ScriptItem::Reference(path));
        return;
    }

    if let Some(text) = node.str() {
        items.push(ScriptItem::Line(ScriptLine {
            file: node.definition().file,
            location: node.content(),
            text: text.to_owned(),
            offsets: node.offsets(),
        }));
        return;
    }

    if nesting > 0 {
        for item in node.items() {
            add_script_items(item, nesting - 1, items);
        }
    }
}

/// The path of `!reference [.job, script]`.
fn reference(node: Node<'_>) -> Option<Vec<String>> {
    (node.tag() == Some("!reference")).then(|| {
        texts(Some(node))
            .into_iter()
            .map(|name| name.value)
            .collect()
    })
}

/// Steps of consecutive lines: GitLab runs them in one shell.
pub(super) fn script_steps(lines: &[ScriptLine]) -> Vec<Step> {
    let files = lines.chunk_by(|line, next| line.file == next.file);

    files
        .map(|lines| {
            let mut text = String::new();
            let mut offsets = OffsetMap::default();

            for line in lines {
                offsets.append(text.len() as u32, &line.offsets);
                text.push_str(&line.text);
                text.push('\n');
            }

            step(Code::new(lines[0].file, text, offsets), &lines[0])
        })
        .collect()
}

fn step(code: Code, first: &ScriptLine) -> Step {
    let mut step = Step::empty(first.location);
    step.arguments = arguments(&code);
    // The runner's script begins with `set -eo pipefail`.
    step.shell = Setting::set("bash".to_owned(), first.location);
    step.run = Some(code);

    step
}

fn rules(node: Node<'_>) -> Vec<RuleItem> {
    let mut items = Vec::new();
    add_rules(node, MAX_NESTING, &mut items);

    items
}

fn add_rules(node: Node<'_>, nesting: u32, rules: &mut Vec<RuleItem>) {
    if let Some(path) = reference(node) {
        rules.push(RuleItem::Reference(path));
        return;
    }

    if node.kind() == Kind::Mapping {
        rules.push(RuleItem::Rule(Rule {
            condition: field(node, "if"),
            when: field(node, "when"),
            allow_failure: node.get("allow_failure").map(allow_failure),
            has_paths: node.get("changes").is_some() || node.get("exists").is_some(),
        }));
        return;
    }

    if nesting > 0 {
        for item in node.items() {
            add_rules(item, nesting - 1, rules);
        }
    }
}

fn allow_failure(node: Node<'_>) -> AllowFailure {
    match node.get("exit_codes") {
        Some(codes) => AllowFailure::ExitCodes(texts(Some(codes))),
        None => AllowFailure::Flag(flag(Some(node))),
    }
}

fn ref_filter(node: Node<'_>) -> RefFilter {
    if node.kind() == Kind::Mapping {
        return RefFilter {
            refs: texts(node.get("refs")),
            has_others: node
                .entries()
                .any(|entry| entry.key.str().is_some_and(|key| key != "refs")),
        };
    }

    RefFilter {
        refs: texts(Some(node)),
        has_others: reference(node).is_some() || node.items().any(|item| item.str().is_none()),
    }
}

fn needs(node: Node<'_>) -> Vec<Need> {
    if reference(node).is_some() {
        return vec![Need::Elsewhere];
    }

    node.items()
        .map(|item| {
            let name = item.str().or_else(|| item.get("job").and_then(Node::str));
            let is_elsewhere = item.get("pipeline").is_some() || item.get("project").is_some();

            match name {
                Some(name) if !is_elsewhere && !name.contains('$') => Need::Job(name.to_owned()),
                _ => Need::Elsewhere,
            }
        })
        .collect()
}

fn environment(node: Node<'_>) -> Environment {
    let deploys = node
        .get("action")
        .and_then(Node::str)
        .is_none_or(|action| action == "start");
    let name = match node.kind() {
        Kind::Mapping => node.get("name").map_or(Setting::Absent, setting),
        _ => setting(node),
    };

    Environment { name, deploys }
}

fn trigger(node: Node<'_>) -> Trigger {
    let depends = node
        .get("strategy")
        .and_then(Node::str)
        .is_some_and(|strategy| matches!(strategy, "depend" | "mirror"));
    let mut trigger = Trigger {
        depends,
        ..Trigger::default()
    };

    let listed = node.get("include").map(includes).unwrap_or_default();
    trigger.is_open = listed.is_empty();

    for include in listed {
        match include {
            Include::Local(path) => trigger.files.push(path),
            Include::Template(_) | Include::Elsewhere => trigger.is_open = true,
        }
    }

    trigger
}

/// The entries of `variables`, each a value or a mapping that has one.
fn variables(node: Option<Node<'_>>) -> Vec<EnvVar> {
    let entries = node.into_iter().flat_map(Node::entries);

    entries
        .filter_map(|entry| {
            Some(EnvVar {
                name: text(entry.key)?,
                value: value(entry.value.get("value").unwrap_or(entry.value)),
                origin: EnvOrigin::GitlabVariable,
            })
        })
        .collect()
}

fn value(node: Node<'_>) -> EnvValue {
    let Some(written) = text(node) else {
        return EnvValue::Reference(node.location());
    };

    let inner = written
        .value
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .or_else(|| written.value.strip_prefix('$'));
    let is_variable = inner.is_some_and(|name| {
        name.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    });

    match written.value.contains('$') {
        true if is_variable => EnvValue::Reference(written.location),
        true => EnvValue::Template {
            written,
            resolved: None,
            fallbacks: Vec::new(),
        },
        false => EnvValue::Literal(written),
    }
}

/// The image that a string or a mapping with `name` names, with the variables of the file filled
/// in.
fn image_use(node: Node<'_>, scopes: &[&[EnvVar]]) -> Option<ImageUse> {
    let written = text(node.get("name").unwrap_or(node)).filter(|name| !name.value.is_empty())?;
    let filled = fill_in(&written.value, scopes, true);

    // An image of the project itself may be built anew for each run.
    let is_own = ["$CI_REGISTRY_IMAGE", "${CI_REGISTRY_IMAGE}", "$[["]
        .iter()
        .any(|own| written.value.contains(own));
    let reference = if is_own || filled.contains("{{") {
        None
    } else {
        Reference::parse_holed(&filled)
    };

    Some(ImageUse {
        role: ImageRole::GitlabImage,
        location: written.location,
        written: written.value,
        reference,
        sources: Vec::new(),
    })
}

/// A string with variables replaced by their values, and each unknown one by a hole. Values are
/// filled in too, if asked for, but not the values in them.
fn fill_in(text: &str, scopes: &[&[EnvVar]], fills_values: bool) -> String {
    if text.len() > MAX_IMAGE {
        return HOLE.to_string();
    }

    let mut filled = String::new();
    let mut rest = text;

    while let Some(dollar) = rest.find('$') {
        filled.push_str(&rest[..dollar]);
        let after = &rest[dollar + 1..];
        let (name, end) = match after.strip_prefix('{') {
            Some(inner) => match inner.find('}') {
                Some(end) => (&inner[..end], end + 2),
                None => (inner, after.len()),
            },
            None => {
                let end = after
                    .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                    .unwrap_or(after.len());
                (&after[..end], end)
            }
        };

        let variable = scopes
            .iter()
            .find_map(|scope| scope.iter().find(|variable| variable.name.value == name));
        let value = variable.and_then(|variable| match &variable.value {
            EnvValue::Literal(literal) => Some(literal.value.clone()),
            EnvValue::Template { written, .. } if fills_values => {
                Some(fill_in(&written.value, scopes, false))
            }
            _ => None,
        });

        match value {
            Some(value) if filled.len() + value.len() < MAX_IMAGE => filled.push_str(&value),
            _ => filled.push(HOLE),
        }

        rest = &after[end..];
    }

    filled.push_str(rest);

    filled
}

/// The length of a reference, in bytes, beyond which values are not filled in.
const MAX_IMAGE: usize = 300;

/// A job of the pipeline without steps.
pub(super) fn pipeline_job(id: Located<String>) -> Job {
    empty_job(id)
}
