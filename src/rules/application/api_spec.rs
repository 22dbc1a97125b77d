//! api-spec, invalid-api-spec: whether an HTTP API is described, and whether its description holds
//! together.

use crate::analysis::Analysis;
use crate::analysis::endpoints::is_api;
use crate::finding::{Finding, Sink};
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::model::file_role::is_test_input;
use crate::model::keywords::Signal;
use crate::source::{Location, SourceFile};
use crate::syntax::yaml::{Kind, Node, Tree};
use std::collections::HashMap;

/// The methods of a path item.
const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace", "query",
];

/// Two or more routes of one image that no document describes.
pub fn missing(ctx: &Analysis, sink: &mut Sink) {
    if ctx.facts.env_usage.signals.contains(Signal::ApiSpec) {
        return;
    }

    for dockerfile in ctx.facts.dockerfiles() {
        let codes = ctx
            .graph
            .context(dockerfile)
            .iter()
            .filter_map(|file| Some((file, ctx.facts.file(file.id).code.as_ref()?)));
        let routes: Vec<Location> = codes
            .flat_map(|(file, code)| code.routes.iter().map(move |route| (file, route)))
            .filter(|(_, route)| is_api(&route.path.value))
            .map(|(file, route)| file.location(route.path.span))
            .collect();
        if let [first, _, ..] = routes.as_slice() {
            return sink.report(
                Finding::new(*first, "no OpenAPI document describes this API")
                    .label("served here")
                    .help(
                        "generate one from the routes and commit it, so that clients and \
                        reviewers can see changes",
                    ),
            );
        }
    }
}

pub fn invalid(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if facts.kind != FileKind::OtherYaml
        || !names_version(&source.text)
        || (is_test_input(&source.path) && !ctx.facts.is_production(source.id))
    {
        return;
    }

    let tree = Tree::parse(source.id, &source.text).tree;
    if !tree.damage().is_empty() {
        return;
    }

    let Some(root) = tree.root() else {
        return;
    };

    let Some(version) = root.entry("openapi") else {
        return;
    };

    // Only the document itself has its version as a plain string.
    let Some(text) = version
        .value
        .str()
        .filter(|text| text.starts_with(|c: char| c.is_ascii_digit()))
    else {
        return;
    };

    if !text.starts_with("3.") {
        let finding = Finding::new(
            version.value.content(),
            format!("`{text}` is not an OpenAPI 3 version"),
        );
        return sink.report(
            finding
                .label("documents with the key `openapi` use version 3")
                .help(
                    "write a version that your tools support, such as `3.1.1`; older documents use \
                 `swagger: \"2.0\"`",
                ),
        );
    }

    let document = OpenApiDocument {
        root,
        version: version.key.location(),
        old: text.starts_with("3.0"),
    };

    document.head(sink);
    document.paths(sink);
    document.references(root, sink);
}

/// Whether a key `openapi` with a version may be anywhere in a string; only then is it parsed.
fn names_version(text: &str) -> bool {
    text.match_indices("openapi").any(|(offset, key)| {
        let after = text[offset + key.len()..]
            .trim_start_matches(['"', '\''])
            .trim_start();
        let value = after
            .strip_prefix(':')
            .map(|value| value.trim_start().trim_start_matches(['"', '\'']));
        value.is_some_and(|value| {
            value.starts_with(|c: char| c.is_ascii_digit() || "!&*|>#".contains(c))
        })
    })
}

/// An absent key that the specification requires.
fn required_key(location: Location, key: &str, owner: &str) -> Finding {
    Finding::new(location, format!("{owner} has no `{key}`"))
        .label("tools reject the document")
        .help(format!("add `{key}`"))
}

struct OpenApiDocument<'t> {
    root: Node<'t>,
    /// The key `openapi`.
    version: Location,
    /// 3.0, which demands more.
    old: bool,
}

impl<'t> OpenApiDocument<'t> {
    fn head(&self, sink: &mut Sink) {
        match self.root.entry("info") {
            None => sink.report(required_key(self.version, "info", "this OpenAPI document")),
            Some(info) if info.value.get("$ref").is_none() => {
                for key in ["title", "version"]
                    .into_iter()
                    .filter(|key| info.value.get(key).is_none())
                {
                    sink.report(required_key(info.key.content(), key, "`info`"));
                }
            }
            Some(_) => {}
        }

        let has = |key: &str| self.root.get(key).is_some();
        if !has("paths") && (self.old || !has("webhooks") && !has("components")) {
            sink.report(required_key(self.version, "paths", "this OpenAPI document"));
        }
    }

    fn paths(&self, sink: &mut Sink) {
        let mut operations: HashMap<&'t str, Location> = HashMap::new();

        for path in self.root.get("paths").into_iter().flat_map(Node::entries) {
            let Some(name) = path
                .key
                .str()
                .filter(|name| !name.starts_with("x-") && *name != "$ref")
            else {
                continue;
            };

            if !name.starts_with('/') {
                let finding = Finding::new(
                    path.key.content(),
                    format!("path `{name}` does not start with `/`"),
                );
                sink.report(finding.help(format!("write `/{name}`")));
            }

            let methods = path
                .value
                .entries()
                .filter(|entry| entry.key.str().is_some_and(|key| METHODS.contains(&key)));
            for method in methods {
                let operation = method.value;
                self.operation_id(operation, &mut operations, sink);
                self.responses(name, method.key, operation, sink);
                self.parameters(name, path.key.content(), path.value, operation, sink);
            }
        }
    }

    fn operation_id(
        &self,
        operation: Node<'t>,
        operations: &mut HashMap<&'t str, Location>,
        sink: &mut Sink,
    ) {
        let Some(id) = operation.get("operationId") else {
            return;
        };

        if id.is_alias() {
            return;
        }

        let Some(title) = id.str() else {
            return;
        };

        if let Some(first) = operations.insert(title, id.content()) {
            sink.report(
                Finding::new(id.content(), format!("duplicate operation ID `{title}`"))
                    .related(first, "first used here")
                    .help(
                        "give each operation a unique ID; generated clients use it as a function \
                         name",
                    ),
            );
        }
    }

    fn responses(&self, path: &str, method: Node<'t>, operation: Node<'t>, sink: &mut Sink) {
        if !self.old
            || operation.kind() != Kind::Mapping
            || operation.get("responses").is_some()
            || operation.get("$ref").is_some()
        {
            return;
        }

        let title = method.str().unwrap_or_default();
        sink.report(
            Finding::new(
                method.content(),
                format!("`{title}` on `{path}` has no `responses`"),
            )
            .label("OpenAPI 3.0 requires at least one")
            .help("add the responses that it returns"),
        );
    }

    /// Whether the parts of a path that are in braces are parameters of the operation.
    fn parameters(
        &self,
        name: &str,
        location: Location,
        item: Node<'t>,
        operation: Node<'t>,
        sink: &mut Sink,
    ) {
        let lists = [item, operation]
            .into_iter()
            .filter_map(|node| node.get("parameters"));
        let mut known: Vec<&str> = Vec::new();

        for parameter in lists.flat_map(Node::items) {
            let target = match parameter.get("$ref") {
                None => Some(parameter),
                Some(reference) => reference
                    .str()
                    .and_then(|reference| self.target(reference))
                    .flatten(),
            };
            // A parameter of another file may be any of them.
            let Some(name) = target.and_then(|target| target.get("name")?.str()) else {
                return;
            };

            known.push(name);
        }

        if operation.get("$ref").is_some() || item.get("$ref").is_some() {
            return;
        }

        for part in name
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(part, _)| part)
        {
            if !known.contains(&part) {
                let finding = Finding::new(
                    location,
                    format!("path parameter `{{{part}}}` is not declared"),
                );
                return sink.report(finding.label("no `parameters` entry has this name").help(
                    format!("add `{{name: {part}, in: path, required: true}}` to `parameters`"),
                ));
            }
        }
    }

    /// References into this document to what it does not define.
    fn references(&self, node: Node<'t>, sink: &mut Sink) {
        for entry in node.entries() {
            let key = entry.key.str().unwrap_or_default();
            // Examples hold anything.
            if matches!(key, "example" | "examples" | "default" | "enum" | "const")
                || key.starts_with("x-")
                || entry.value.is_alias()
            {
                continue;
            }

            if key == "$ref"
                && let Some(reference) = entry.value.str()
            {
                if self
                    .target(reference)
                    .is_some_and(|target| target.is_none())
                {
                    let finding = Finding::new(
                        entry.value.content(),
                        format!("`{reference}` does not exist"),
                    );
                    sink.report(
                        finding
                            .label("not defined in this document")
                            .help("define it, or correct the reference"),
                    );
                }

                continue;
            }

            self.references(entry.value, sink);
        }

        node.items()
            .filter(|item| !item.is_alias())
            .for_each(|item| self.references(item, sink));
    }

    /// The node that a reference into this document names; `None` for one into another.
    #[expect(clippy::option_option, reason = "elsewhere, nowhere, there")]
    fn target(&self, reference: &str) -> Option<Option<Node<'t>>> {
        let pointer = reference.strip_prefix("#/")?;
        let mut node = self.root;

        for part in pointer.split('/') {
            let key = part
                .replace("~1", "/")
                .replace("~0", "~")
                .replace("%7B", "{")
                .replace("%7D", "}");
            let next = match key.parse::<usize>() {
                Ok(index) if node.kind() == Kind::Sequence => node.items().nth(index),
                _ => node.get(&key),
            };
            // A part behind a reference, or one that is written in another way, may be there.
            match next {
                Some(next) => node = next,
                None if node.get("$ref").is_some() || key.contains('%') => return None,
                None => return Some(None),
            }
        }

        Some(Some(node))
    }
}
