//! Skaffold configurations: the artifacts that they build and tag.

use super::caller::{BuildCaller, CallerTool, is_unknown};
use crate::model::Setting;
use crate::source::{SourceFile, join};
use crate::syntax::yaml::{Node, Tree};

/// Whether a file may be a configuration of Skaffold by its name, in small letters.
pub(super) fn is_skaffold(name: &str) -> bool {
    name.contains("skaffold") && (name.ends_with(".yaml") || name.ends_with(".yml"))
}

/// The artifacts of a configuration, those of its profiles included.
pub(super) fn callers(file: &SourceFile) -> Vec<BuildCaller> {
    let parsed = Tree::parse(file.id, &file.text);
    let mut callers = Vec::new();

    for root in parsed.tree.documents() {
        artifacts(file, root, &mut callers);

        for profile in root.get("profiles").into_iter().flat_map(Node::items) {
            artifacts(file, profile, &mut callers);
        }
    }

    callers
}

fn artifacts(file: &SourceFile, owner: Node<'_>, callers: &mut Vec<BuildCaller>) {
    let artifacts = owner
        .get("build")
        .and_then(|build| build.get("artifacts"))
        .into_iter()
        .flat_map(Node::items);
    callers.extend(artifacts.filter_map(|artifact| caller(file, artifact)));
}

fn caller(file: &SourceFile, artifact: Node<'_>) -> Option<BuildCaller> {
    let image = artifact.get("image")?;
    let context = artifact.get("context").and_then(Node::str).unwrap_or(".");
    let context = join(file.folder(), context).filter(|path| !is_unknown(path));
    let docker = artifact.get("docker").or_else(|| artifact.get("kaniko"));
    let builds_otherwise = ["jib", "ko", "buildpacks", "bazel", "custom"]
        .iter()
        .any(|builder| artifact.get(builder).is_some());
    let path = docker
        .and_then(|docker| docker.get("dockerfile"))
        .and_then(Node::str)
        .unwrap_or("Dockerfile");
    let dockerfile = match &context {
        Some(context) if !builds_otherwise && !is_unknown(path) => join(context, path),
        _ => None,
    };
    let target = match docker.and_then(|docker| docker.get("target")) {
        None => Setting::Absent,
        Some(target) => match target.str().filter(|text| !is_unknown(text)) {
            Some(text) => Setting::set(text.to_owned(), target.location()),
            None => Setting::Unknown(Some(target.location())),
        },
    };

    Some(BuildCaller {
        tool: CallerTool::Skaffold,
        name: String::new(),
        location: image.location(),
        context,
        dockerfile,
        target,
        images: vec![image.str()?.to_owned()],
        named_contexts: Vec::new(),
        ships: true,
    })
}
