//! Base images of stages: `eol-image`, `slim-image`, `python-on-alpine` and `image-labels`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::image_sources::with_sources;
use crate::analysis::{Analysis, shipped_stages};
use crate::embedded::table;
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::{Base, Dockerfile, StageId};
use crate::model::env::EnvOrigin;
use crate::model::image::{ImageUse, Reference};
use crate::model::package::{Verb, call};
use crate::source::Location;

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
pub fn eol(_: &Analysis, image: &ImageUse, sink: &mut Sink) {
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

    let Some(release) = release(line, reference.tag.as_deref()) else {
        return;
    };

    if *release.end >= *TABLE.known {
        return;
    }

    let help = if release.is_distribution {
        "use a tag that is based on a newer distribution".to_owned()
    } else {
        format!("move to a supported release, such as {}", line.newer)
    };

    let finding = Finding::new(
        image.location,
        format!(
            "{} has had no security updates since {}",
            release.title, release.end
        ),
    )
    .label("past its end of life")
    .help(help);
    sink.report(with_sources(finding, image));
}

/// The release that a tag is of.
struct Release<'t> {
    title: String,
    /// The day that it ends.
    end: &'t str,
    /// It is the distribution below the image that ends, not the image's own release.
    is_distribution: bool,
}

fn release<'t>(line: &'t ReleaseLine, tag: Option<&str>) -> Option<Release<'t>> {
    let of_line = tag.and_then(|tag| longest(&line.ends, tag));
    let of_distribution = tag.and_then(distribution);
    let is_distribution = of_line.is_none() && of_distribution.is_some() && line.name != "Debian";
    let name = if is_distribution {
        "Debian"
    } else {
        &line.name
    };

    let (title, end) = match &line.all {
        Some(end) => (name.to_owned(), end),
        None => {
            let (version, end) = of_line.or(of_distribution)?;
            (format!("{name} {version}"), end)
        }
    };

    Some(Release {
        title,
        end,
        is_distribution,
    })
}

/// The longest line that a tag begins with.
fn longest<'t>(ends: &'t BTreeMap<String, String>, tag: &str) -> Option<(&'t str, &'t String)> {
    let tag = tag.strip_prefix('v').unwrap_or(tag);
    // `3` is the newest release of it, unless the whole of it has ended.
    ends.iter()
        .filter(|(line, _)| is_of_line(tag, line))
        .max_by_key(|(line, _)| line.len())
        .map(|(line, end)| (line.as_str(), end))
}

fn is_of_line(tag: &str, line: &str) -> bool {
    tag.strip_prefix(line)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
}

/// The Debian release that a tag's suffix names: `3.12-slim-buster`.
fn distribution(tag: &str) -> Option<(&'static str, &'static String)> {
    let debian = TABLE.line.iter().find(|line| line.name == "Debian")?;
    tag.split('-')
        .skip(1)
        .filter(|part| part.chars().all(|c| c.is_ascii_alphabetic()))
        .find_map(|part| debian.ends.get_key_value(part))
        .map(|(release, end)| (release.as_str(), end))
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
pub fn slim(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
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
pub fn python_on_alpine(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let built = shipped_stages::built(ctx, dockerfile);

    for &stage in built {
        if matches!(dockerfile.stages[stage].base, Base::Stage(_)) {
            continue;
        }

        let Some((location, reference)) = root(dockerfile, stage) else {
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

fn installs_with_pip(dockerfile: &Dockerfile, stage: StageId) -> bool {
    dockerfile.steps_of(stage).any(|step| {
        let script = step.script();
        script.invocations().iter().filter_map(call).any(|call| {
            matches!(call.family(), "pip" | "uv" | "poetry")
                && matches!(call.verb, Verb::Install | Verb::Sync)
        })
    })
}

/// `image-labels`
pub fn labels(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
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

/// The image at the bottom of a stage, and where it is named.
fn root(dockerfile: &Dockerfile, stage: StageId) -> Option<(Location, &Reference)> {
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
