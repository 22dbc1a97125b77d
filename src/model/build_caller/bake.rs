//! Bake files: `docker-bake.hcl`, `docker-bake.json` and their like. Compose files that bake reads
//! are read as such.

use std::collections::{BTreeMap, BTreeSet};

use super::caller::{BuildCaller, CallerTool, DockerfilePath, is_unknown, locate};
use super::hcl::{HclBlock, HclValue, blocks};
use crate::model::Setting;
use crate::model::image::NamedContext;
use crate::source::{Repository, SourceFile, Span};

/// Whether a file is a bake file by its name, in small letters.
pub(super) fn is_bake(name: &str) -> bool {
    (name.contains("docker-bake") && (name.ends_with(".hcl") || name.ends_with(".json")))
        || name.ends_with(".bake.hcl")
        || name == "bake.hcl"
}

/// The targets of a bake file.
pub(super) fn callers(repository: Repository<'_>, file: &SourceFile) -> Vec<BuildCaller> {
    let bake = if file.name().ends_with(".json") {
        Bake::new(json_blocks(&file.text))
    } else {
        Bake::new(blocks(&file.text))
    };

    let shipped = bake.shipped();

    bake.targets
        .keys()
        .filter_map(|name| bake.caller(repository, file, name, shipped.contains(name.as_str())))
        .collect()
}

/// A bake file by its blocks.
struct Bake {
    targets: BTreeMap<String, HclBlock>,
    groups: BTreeMap<String, Vec<String>>,
    variables: BTreeMap<String, String>,
}

/// How many targets may inherit from each other in a row.
const MAX_INHERITED: usize = 16;

impl Bake {
    fn new(blocks: Vec<HclBlock>) -> Self {
        let mut bake = Self {
            targets: BTreeMap::new(),
            groups: BTreeMap::new(),
            variables: BTreeMap::new(),
        };

        for block in blocks {
            match block.kind.as_str() {
                "target" => {
                    bake.targets.insert(block.label.clone(), block);
                }
                "group" => {
                    let targets = block.attributes.get("targets").map_or(&[][..], items);
                    let names = targets.iter().filter_map(|target| match target {
                        HclValue::Text(name) => Some(name.clone()),
                        _ => None,
                    });
                    bake.groups.insert(block.label.clone(), names.collect());
                }
                "variable" => {
                    if let Some(HclValue::Text(text)) = block.attributes.get("default") {
                        bake.variables.insert(block.label.clone(), text.clone());
                    }
                }
                _ => {}
            }
        }

        bake
    }

    /// An attribute of a target, inherited ones included: the last of `inherits` wins, and the
    /// target's own before it.
    fn attribute(&self, target: &str, name: &str) -> Option<&HclValue> {
        self.inherited(target, name, MAX_INHERITED)
    }

    fn inherited(&self, target: &str, name: &str, depth: usize) -> Option<&HclValue> {
        let block = self.targets.get(target)?;
        if let Some(value) = block.attributes.get(name) {
            return Some(value);
        }

        let depth = depth.checked_sub(1)?;
        let parents = block.attributes.get("inherits").map_or(&[][..], items);

        parents.iter().rev().find_map(|parent| match parent {
            HclValue::Text(parent) => self.inherited(parent, name, depth),
            _ => None,
        })
    }

    /// A text with the defaults of variables filled in; those without one stay as written.
    fn text(&self, value: &HclValue) -> Option<String> {
        match value {
            HclValue::Text(text) => Some(self.fill(text)),
            HclValue::Name(name) => self.variables.get(name).map(|text| self.fill(text)),
            HclValue::List(_) | HclValue::Map(_) | HclValue::Unknown => None,
        }
    }

    fn fill(&self, text: &str) -> String {
        let mut filled = text.to_owned();

        for (name, value) in &self.variables {
            let form = format!("${{{name}}}");
            if filled.contains(&form) && !value.contains(&form) {
                filled = filled.replace(&form, value);
            }
        }

        filled
    }

    /// The targets whose image is for use: those that get a name; where none does, those of the
    /// default group; else all. A target that only checks or writes files is not.
    fn shipped(&self) -> BTreeSet<&str> {
        let built: Vec<&str> = self
            .targets
            .keys()
            .map(String::as_str)
            .filter(|name| !self.writes_files(name))
            .collect();
        let tagged: BTreeSet<&str> = built
            .iter()
            .copied()
            .filter(|name| {
                self.attribute(name, "tags")
                    .is_some_and(|tags| !items(tags).is_empty())
            })
            .collect();

        if !tagged.is_empty() {
            return tagged;
        }

        let mut default = BTreeSet::new();
        self.reach("default", &mut default, MAX_INHERITED);

        let all = built.iter().copied();
        if default.is_empty() {
            all.collect()
        } else {
            all.filter(|name| default.contains(name)).collect()
        }
    }

    /// The targets that a group or a target leads to.
    fn reach<'b>(&'b self, name: &str, reached: &mut BTreeSet<&'b str>, depth: usize) {
        if let Some((target, _)) = self.targets.get_key_value(name) {
            reached.insert(target);
        }

        let (Some(group), Some(depth)) = (self.groups.get(name), depth.checked_sub(1)) else {
            return;
        };

        for target in group.iter().filter(|target| *target != name) {
            self.reach(target, reached, depth);
        }
    }

    fn writes_files(&self, target: &str) -> bool {
        let outputs = self.attribute(target, "output").map_or(&[][..], items);

        !outputs.is_empty()
            && outputs.iter().all(|output| match output {
                HclValue::Text(text) => {
                    text.contains("cacheonly")
                        || text.contains("type=local")
                        || text.contains("type=tar")
                        || !text.contains("type=")
                }
                HclValue::Map(entries) => entries.iter().any(|(key, value)| {
                    let plain = ["local", "cacheonly", "tar"];
                    key == "type"
                        && matches!(value, HclValue::Text(text) if plain.contains(&text.as_str()))
                }),
                _ => false,
            })
    }

    fn caller(
        &self,
        repository: Repository<'_>,
        file: &SourceFile,
        name: &str,
        ships: bool,
    ) -> Option<BuildCaller> {
        if self.attribute(name, "dockerfile-inline").is_some() {
            return None;
        }

        let location = file.location(self.targets.get(name)?.span);
        let path = |key: &str, default: &str| match self.attribute(name, key) {
            Some(value) => self.text(value),
            None => Some(default.to_owned()),
        };
        let context = path("context", ".")?;
        let dockerfile = path("dockerfile", "Dockerfile")?;
        let (context, dockerfile) = locate(
            repository,
            file,
            &context,
            &DockerfilePath::InContext(&dockerfile),
        )?;
        let target = match self.attribute(name, "target") {
            None => Setting::Absent,
            Some(value) => match self.text(value).filter(|text| !is_unknown(text)) {
                Some(text) => Setting::set(text, location),
                None => Setting::Unknown(Some(location)),
            },
        };
        let tags = self.attribute(name, "tags").map_or(&[][..], items);
        let contexts = match self.attribute(name, "contexts") {
            Some(HclValue::Map(entries)) => entries.as_slice(),
            _ => &[],
        };

        Some(BuildCaller {
            tool: CallerTool::Bake,
            name: name.to_owned(),
            location,
            context: Some(context),
            dockerfile: Some(dockerfile),
            target,
            images: tags.iter().filter_map(|tag| self.text(tag)).collect(),
            named_contexts: contexts
                .iter()
                .map(|(name, value)| NamedContext {
                    name: name.clone(),
                    value: self.text(value).unwrap_or_default(),
                })
                .collect(),
            ships,
        })
    }
}

fn items(value: &HclValue) -> &[HclValue] {
    match value {
        HclValue::List(items) => items,
        _ => &[],
    }
}

/// The blocks of a bake file in JSON.
fn json_blocks(text: &str) -> Vec<HclBlock> {
    let Ok(serde_json::Value::Object(root)) = serde_json::from_str(text) else {
        return Vec::new();
    };

    let mut blocks = Vec::new();

    for kind in ["variable", "group", "target"] {
        let Some(serde_json::Value::Object(all)) = root.get(kind) else {
            continue;
        };

        for (label, block) in all {
            let start = text.find(&format!("\"{label}\"")).unwrap_or(0);
            let attributes = block.as_object().into_iter().flatten();
            blocks.push(HclBlock {
                kind: kind.to_owned(),
                label: label.clone(),
                span: Span::of(start, start + label.len() + 2),
                attributes: attributes
                    .map(|(name, value)| (name.clone(), json_value(value)))
                    .collect(),
            });
        }
    }

    blocks
}

fn json_value(value: &serde_json::Value) -> HclValue {
    match value {
        serde_json::Value::String(text) => HclValue::Text(text.clone()),
        serde_json::Value::Array(items) => HclValue::List(items.iter().map(json_value).collect()),
        serde_json::Value::Object(entries) => HclValue::Map(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), json_value(value)))
                .collect(),
        ),
        _ => HclValue::Unknown,
    }
}
