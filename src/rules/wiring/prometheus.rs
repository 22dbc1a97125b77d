//! prometheus-target, prometheus-rule-file: what a Prometheus configuration scrapes, and where its
//! rules stand.

use crate::analysis::Ctx;
use crate::analysis::upstream::{Address, fault};
use crate::finding::{Finding, Sink};
use crate::graph::Reader;
use crate::model::container::MountSource;
use crate::model::facts::FileFacts;
use crate::model::kind::FileKind;
use crate::rules::wiring::upstream::{self, is_for_development};
use crate::source::{Location, SourceFile, join, parent};
use crate::syntax::yaml::{Node, Tree};

/// Whether the text can be a Prometheus configuration at all; only then is it parsed.
fn is_configuration(source: &SourceFile, facts: &FileFacts) -> bool {
    facts.kind == FileKind::OtherYaml && source.text.contains("scrape_configs:")
}

pub fn target(ctx: &Ctx, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
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

pub fn rule_file(ctx: &Ctx, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if !is_configuration(source, facts) || !source.text.contains("rule_files:") {
        return;
    }

    let readers = ctx.graph.readers(&source.path);
    let tree = Tree::parse(source.id, &source.text).tree;
    let items = tree.root().and_then(|root| root.get("rule_files"));

    for item in items.into_iter().flat_map(Node::items) {
        let Some(path) = item
            .str()
            .filter(|path| !path.contains(['$', '{']) && !path.is_empty())
        else {
            continue;
        };

        let location = item.content();
        let finding = if readers.is_empty() {
            beside(ctx, source, path, location).map(|finding| finding.case("unmounted"))
        } else {
            missing(ctx, &readers, path, location)
                .map(|finding| finding.case_if(is_for_development(&readers), "development"))
        };

        if let Some(finding) = finding {
            sink.report(finding);
        }
    }
}

const HELP: &str = "add the file, or remove the line; alerts that are not loaded never fire";

/// Of a configuration that nothing here mounts: rules that stand relative to it must stand beside
/// it.
fn beside(ctx: &Ctx, source: &SourceFile, path: &str, location: Location) -> Option<Finding> {
    let full = join(source.folder(), path)?;
    if exists(ctx, &full) || ctx.facts.is_ignored(&full) {
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

/// Of a configuration that containers read: the rules must be mounted with it.
fn missing(ctx: &Ctx, readers: &[Reader], path: &str, location: Location) -> Option<Finding> {
    let mut finding = None;

    for reader in readers {
        // What an image brings along cannot be seen.
        let own = reader.path.as_deref()?;
        let inside = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("{}/{path}", parent(own))
        };

        let mut placed = false;

        for mount in &reader.service.container.mounts {
            let Some(target) = &mount.target else {
                return None;
            };

            let Some(rest) = below(&inside, target.value.trim_end_matches('/')) else {
                continue;
            };

            placed = true;
            let MountSource::Host(from) = &mount.source else {
                return None;
            };

            let folder = join(reader.project.folder_of(from.location.file), &from.value)?;
            let full = format!("{folder}{rest}");
            if exists(ctx, &full) || ctx.facts.is_ignored(&full) {
                return None;
            }

            let text =
                format!("the rule file `{path}` maps to `{full}`, which is not in the repository");
            finding = Some(
                Finding::new(location, text)
                    .related(from.location, "mounted from here")
                    .help(HELP),
            );
        }

        if !placed {
            let text = format!(
                "the rule file `{path}` is not in any mount of `{}`",
                reader.service.name()
            );
            let found = Finding::new(location, text)
                .label(format!("expected at `{inside}`"))
                .related(
                    reader.service.container.anchor,
                    "this service reads the configuration",
                );
            finding = finding.or(Some(
                found.help(format!("mount it next to the configuration, as `{inside}`")),
            ));
        }
    }

    finding
}

/// What follows a mount's target in a path below it.
fn below<'p>(path: &'p str, target: &str) -> Option<&'p str> {
    path.strip_prefix(target)
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a file fits a path in which `*` and `?` may stand.
fn exists(ctx: &Ctx, pattern: &str) -> bool {
    let repository = ctx.facts.repository;
    if !pattern.contains(['*', '?', '[']) {
        return repository.find(pattern).is_some() || repository.has_folder(pattern);
    }

    let fixed = &pattern[..pattern.find(['*', '?', '[']).unwrap_or(0)];
    let parts: Vec<&str> = pattern.split('/').collect();
    let fits = |path: &str| {
        let own: Vec<&str> = path.split('/').collect();
        own.len() == parts.len()
            && own
                .iter()
                .zip(&parts)
                .all(|(own, part)| part.contains('[') || glob(part.as_bytes(), own.as_bytes()))
    };

    repository
        .below(parent(fixed))
        .iter()
        .any(|file| fits(&file.path))
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
        } else if let Some((at, from)) = star {
            p = at + 1;
            t = from + 1;
            star = Some((at, t));
        } else {
            return false;
        }
    }

    pattern[p..].iter().all(|byte| *byte == b'*')
}
