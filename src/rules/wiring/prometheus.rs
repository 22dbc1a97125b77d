//! `prometheus-target`, `prometheus-rule-file`: the scrape targets and rule files of a Prometheus
//! configuration.

use crate::analysis::Analysis;
use crate::analysis::upstream::{Address, fault};
use crate::finding::{Finding, Sink};
use crate::graph::ConfigConsumer;
use crate::model::container::MountSource;
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::rules::wiring::upstream::{self, is_for_development};
use crate::source::{Located, Location, SourceFile, join, parent};
use crate::syntax::yaml::{Node, Tree};

/// Whether a file may be a Prometheus configuration; only then is it parsed.
fn is_configuration(source: &SourceFile, facts: &FileFacts) -> bool {
    facts.kind == FileKind::OtherYaml && source.text.contains("scrape_configs:")
}

pub fn target(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if !is_configuration(source, facts) {
        return;
    }

    let readers = ctx.graph.readers(&source.path);
    if readers.is_empty() {
        return;
    }

    let tree = Tree::parse(source.id, &source.text).tree;
    let jobs = tree.root().and_then(|root| root.get("scrape_configs"));

    for job in jobs.into_iter().flat_map(Node::items) {
        // Rewritten targets are probed by an exporter, which has the address.
        if job.get("relabel_configs").is_some() {
            continue;
        }

        let groups = job.get("static_configs").into_iter().flat_map(Node::items);
        for target in groups
            .filter_map(|group| group.get("targets"))
            .flat_map(Node::items)
        {
            let Some(address) = target
                .str()
                .and_then(|text| Address::parse(text, target.content()))
            else {
                continue;
            };

            if let Some(fault) = fault(ctx, &readers, &address) {
                let finding = upstream::finding(&address, &fault, "the scrape target");
                sink.report(finding.case_if(is_for_development(&readers), "development"));
            }
        }
    }
}

pub fn rule_file(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if !is_configuration(source, facts) || !source.text.contains("rule_files:") {
        return;
    }

    let readers = ctx.graph.readers(&source.path);
    let tree = Tree::parse(source.id, &source.text).tree;
    let items = tree.root().and_then(|root| root.get("rule_files"));

    for item in items.into_iter().flat_map(Node::items) {
        let path = item.str().unwrap_or("");
        if path.is_empty() || path.contains(['$', '{']) {
            continue;
        }

        let location = item.content();
        let finding = if readers.is_empty() {
            missing_beside(ctx, source, path, location).map(|finding| finding.case("unmounted"))
        } else {
            missing_in_mounts(ctx, &readers, path, location)
                .map(|finding| finding.case_if(is_for_development(&readers), "development"))
        };

        if let Some(finding) = finding {
            sink.report(finding);
        }
    }
}

const HELP: &str = "add the file, or remove the line; alerts that are not loaded never fire";

/// The finding for a rule file of a configuration that no service mounts: its path is relative to
/// the configuration.
fn missing_beside(
    ctx: &Analysis,
    source: &SourceFile,
    path: &str,
    location: Location,
) -> Option<Finding> {
    let full = join(source.folder(), path)?;
    if exists(ctx, &full) || ctx.is_ignored(&full) {
        return None;
    }

    Some(
        Finding::new(
            location,
            format!("the rule file `{full}` is not in the repository"),
        )
        .help(HELP),
    )
}

/// Where a rule file is expected for one of the services that read a configuration.
enum RuleFile<'a> {
    /// It exists, or may exist where it cannot be seen.
    Present,
    /// A mount has its path, but nothing is there.
    Missing {
        full: String,
        mount: &'a Located<String>,
    },
    /// No mount has its path.
    Unmounted { inside: String },
}

/// The finding for a rule file of a configuration that services read, if it is missing for all of
/// them.
fn missing_in_mounts(
    ctx: &Analysis,
    readers: &[ConfigConsumer],
    path: &str,
    location: Location,
) -> Option<Finding> {
    let mut finding = None;

    for reader in readers {
        match rule_file_of(ctx, reader, path) {
            RuleFile::Present => return None,
            RuleFile::Missing { full, mount } => {
                let text = format!(
                    "the rule file `{path}` maps to `{full}`, which is not in the repository"
                );
                finding = Some(
                    Finding::new(location, text)
                        .related(mount.location, "mounted from here")
                        .help(HELP),
                );
            }
            RuleFile::Unmounted { inside } => {
                finding = finding.or_else(|| Some(unmounted(reader, path, &inside, location)));
            }
        }
    }

    finding
}

fn unmounted(reader: &ConfigConsumer, path: &str, inside: &str, location: Location) -> Finding {
    let text = format!(
        "the rule file `{path}` is not in any mount of `{}`",
        reader.service.name()
    );

    Finding::new(location, text)
        .label(format!("expected at `{inside}`"))
        .related(
            reader.service.container.anchor,
            "this service reads the configuration",
        )
        .help(format!("mount it next to the configuration, as `{inside}`"))
}

fn rule_file_of<'a>(ctx: &Analysis, reader: &ConfigConsumer<'a>, path: &str) -> RuleFile<'a> {
    // The files of an image cannot be seen.
    let Some(configuration) = reader.path.as_deref() else {
        return RuleFile::Present;
    };

    let inside = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{}/{path}", parent(configuration))
    };

    let mut rule_file = RuleFile::Unmounted {
        inside: inside.clone(),
    };

    for mount in &reader.service.container.mounts {
        let Some(target) = &mount.target else {
            return RuleFile::Present;
        };

        let Some(rest) = below(&inside, target.value.trim_end_matches('/')) else {
            continue;
        };

        let MountSource::Host(from) = &mount.source else {
            return RuleFile::Present;
        };

        let Some(folder) = join(reader.project.folder_of(from.location.file), &from.value) else {
            return RuleFile::Present;
        };

        let full = format!("{folder}{rest}");
        if exists(ctx, &full) || ctx.is_ignored(&full) {
            return RuleFile::Present;
        }

        rule_file = RuleFile::Missing { full, mount: from };
    }

    rule_file
}

/// The rest of a path below the target of a mount.
fn below<'p>(path: &'p str, target: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(target)?;

    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// Whether a file matches a path that may contain `*` and `?`.
fn exists(ctx: &Analysis, pattern: &str) -> bool {
    let repository = ctx.facts.repository;
    if !pattern.contains(['*', '?', '[']) {
        return repository.find(pattern).is_some() || repository.has_folder(pattern);
    }

    let fixed = &pattern[..pattern.find(['*', '?', '[']).unwrap_or(0)];
    let parts: Vec<&str> = pattern.split('/').collect();

    repository
        .below(parent(fixed))
        .iter()
        .any(|file| matches_parts(&file.path, &parts))
}

/// Whether each part of a path matches its pattern; one with a class of characters matches all.
fn matches_parts(path: &str, patterns: &[&str]) -> bool {
    let names: Vec<&str> = path.split('/').collect();

    names.len() == patterns.len()
        && names.iter().zip(patterns).all(|(name, pattern)| {
            pattern.contains('[') || glob(pattern.as_bytes(), name.as_bytes())
        })
}

/// `*` and `?` within one part of a path. Steps back to the last star only, so it takes at most the
/// product of lengths.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;

    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern
            .get(p)
            .is_some_and(|byte| *byte == b'?' || *byte == text[t])
        {
            p += 1;
            t += 1;
        } else if let Some((star_index, matched)) = star {
            p = star_index + 1;
            t = matched + 1;
            star = Some((star_index, t));
        } else {
            return false;
        }
    }

    pattern[p..].iter().all(|byte| *byte == b'*')
}
