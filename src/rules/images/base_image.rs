//! What a stage starts from: `eol-image`, `slim-image`, `python-on-alpine` and `image-labels`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::analysis::{Ctx, shipped_stages};
use crate::embedded::table;
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::{Base, Dockerfile};
use crate::model::env::EnvOrigin;
use crate::model::image::{ImageUse, Reference};
use crate::model::package::{Verb, call};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BaseTable {
    known: String,
    line: Vec<ReleaseLine>,
    full: Vec<FullSizeImage>,
}

/// The release lines of an image.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseLine {
    images: Vec<String>,
    name: String,
    /// Line to the day it ends.
    #[serde(default)]
    ends: BTreeMap<String, String>,
    /// The day that every tag ended.
    all: Option<String>,
    newer: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FullSizeImage {
    images: Vec<String>,
    slim: String,
    why: String,
}

static TABLE: LazyLock<BaseTable> = LazyLock::new(|| table!("bases"));

/// `eol-image`
pub fn eol(_: &Ctx, image: &ImageUse, sink: &mut Sink) {
    let Some(reference) = &image.reference else {
        return;
    };

    let repository = canonical(reference);
    let Some(line) = TABLE
        .line
        .iter()
        .find(|line| line.images.contains(&repository))
    else {
        return;
    };

    let ended = line
        .all
        .as_ref()
        .map(|day| (String::new(), day))
        .or_else(|| {
            let tag = reference.tag.as_deref()?;
            let (name, day) = longest(&line.ends, tag).or_else(|| distribution(tag))?;
            Some((format!(" {name}"), day))
        });
    let Some((version, day)) = ended.filter(|(_, day)| **day < TABLE.known) else {
        return;
    };

    let known = if distribution(reference.tag.as_deref().unwrap_or("")).is_some()
        && longest(&line.ends, reference.tag.as_deref().unwrap_or("")).is_none()
    {
        "Debian"
    } else {
        &line.name
    };

    let mut finding = Finding::new(
        image.location,
        format!("{known}{version} has had no security updates since {day}"),
    )
    .label("past its end of life")
    .help(if known == line.name {
        format!("move to a supported release, such as {}", line.newer)
    } else {
        "use a tag that is based on a newer distribution".to_owned()
    });

    for source in &image.sources {
        finding = finding.related(source.location, source.text.clone());
    }

    sink.report(finding);
}

/// The longest line that a tag begins with.
fn longest<'t>(ends: &'t BTreeMap<String, String>, tag: &str) -> Option<(&'t str, &'t String)> {
    let tag = tag.strip_prefix('v').unwrap_or(tag);
    let fits = |line: &str| {
        tag.strip_prefix(line)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
    };

    let longest_line = ends
        .iter()
        .filter(|(line, _)| fits(line))
        .max_by_key(|(line, _)| line.len())?;
    // `3` is whatever is newest of it, unless the whole of it has ended.
    Some((longest_line.0.as_str(), longest_line.1))
}

/// The Debian release that a tag's suffix names: `3.12-slim-buster`.
fn distribution(tag: &str) -> Option<(&'static str, &'static String)> {
    let debian = TABLE.line.iter().find(|line| line.name == "Debian")?;
    let mut parts = tag.split('-').skip(1);
    let found = parts.find_map(|part| {
        debian
            .ends
            .get_key_value(part)
            .filter(|_| part.chars().all(|c| c.is_ascii_alphabetic()))
    })?;

    Some((found.0.as_str(), found.1))
}

/// The repository without the prefix of a mirror.
fn canonical(reference: &Reference) -> String {
    let repository = reference.repository();
    for prefix in [
        "public.ecr.aws/docker/library/",
        "mirror.gcr.io/library/",
        "mirror.gcr.io/",
    ] {
        if let Some(rest) = repository.strip_prefix(prefix) {
            return rest.to_owned();
        }
    }

    repository
}

/// `slim-image`
pub fn slim(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    for stage in shipped_stages::serving(ctx, dockerfile) {
        let Some((location, reference)) = root(dockerfile, stage) else {
            continue;
        };

        let Some(tag) = reference.tag.as_deref() else {
            continue;
        };

        let repository = canonical(reference);
        let Some(full) = TABLE
            .full
            .iter()
            .find(|full| full.images.contains(&repository))
        else {
            continue;
        };

        let lean = [
            "slim",
            "alpine",
            "windows",
            "nanoserver",
            "onbuild",
            "latest",
        ]
        .iter()
        .any(|word| tag.contains(word));
        if lean {
            continue;
        }

        sink.report(
            Finding::new(
                location,
                format!(
                    "the shipped image is based on the full-size `{}`",
                    reference.short_name()
                ),
            )
            .label(format!("hundreds of megabytes, {}", full.why))
            .help(format!(
                "use `{repository}:{tag}-{}`, and move steps that need more to an earlier \
                     build stage",
                full.slim
            )),
        );
    }
}

/// `python-on-alpine`
pub fn python_on_alpine(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    let built = shipped_stages::built(ctx, dockerfile);

    for &stage in &built {
        let Some((location, reference)) = root(dockerfile, stage)
            .filter(|_| !matches!(dockerfile.stages[stage].base, Base::Stage(_)))
        else {
            continue;
        };

        let alpine = reference
            .tag
            .as_deref()
            .is_some_and(|tag| tag.contains("alpine"));
        let plain = reference.repository() == "alpine" && installs_with_pip(dockerfile, stage);
        if !(plain || alpine && reference.short_name() == "python") {
            continue;
        }

        sink.report(
            Finding::new(
                location,
                "Python packages on Alpine are built from source or run slower",
            )
            .label("few Python packages publish wheels for musl")
            .help("use a `slim` image"),
        );
    }
}

fn installs_with_pip(dockerfile: &Dockerfile, stage: usize) -> bool {
    dockerfile.steps_of(stage).any(|step| {
        let script = step.script();
        script.invocations().iter().filter_map(call).any(|call| {
            matches!(call.family(), "pip" | "uv" | "poetry")
                && matches!(call.verb, Verb::Install | Verb::Sync)
        })
    })
}

/// `image-labels`
pub fn labels(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    for stage in ctx.graph.shipped(dockerfile) {
        let labelled = dockerfile
            .chain(stage)
            .flat_map(|stage| &stage.env)
            .any(|var| {
                var.origin == EnvOrigin::DockerLabel
                    && ["org.opencontainers.image.", "org.label-schema."]
                        .iter()
                        .any(|prefix| var.name.value.starts_with(prefix))
            });
        if labelled {
            continue;
        }

        let location = dockerfile.stages[stage].location;
        sink.report(
            Finding::new(
                location,
                "the shipped image has no label that names its source",
            )
            .label("no OCI labels")
            .help(
                "add `LABEL org.opencontainers.image.source=…` and `.revision=…`, here or \
                    in the pipeline",
            )
            .anchor(location),
        );
    }
}

/// The image that a stage is built upon in the end, and where it is named.
fn root(dockerfile: &Dockerfile, stage: usize) -> Option<(crate::source::Location, &Reference)> {
    match dockerfile.root(stage)? {
        Base::Image(ImageUse {
            reference: Some(reference),
            location,
            ..
        }) if !reference.path.contains('?') => Some((*location, reference)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_match_whole_parts() {
        let ends = &TABLE
            .line
            .iter()
            .find(|line| line.name == "Python")
            .unwrap()
            .ends;
        let line = |tag: &str| longest(ends, tag).map(|(line, _)| line);
        assert_eq!(line("3.8-slim"), Some("3.8"));
        assert_eq!(line("3.8.19"), Some("3.8"));
        assert_eq!(line("3.80"), None);
        assert_eq!(line("3.1"), Some("3.1"));
        assert_eq!(line("3.12"), None);
        assert_eq!(line("3"), None);
        assert_eq!(
            distribution("3.12-slim-buster").map(|(name, _)| name),
            Some("buster")
        );
    }

    #[test]
    fn days_are_days() {
        for line in &TABLE.line {
            for day in line.ends.values().chain(&line.all).chain([&TABLE.known]) {
                assert!(
                    day.len() == 10 && day.as_bytes()[4] == b'-' && day.as_bytes()[7] == b'-',
                    "{}: {day}",
                    line.name
                );
            }
        }
    }
}
