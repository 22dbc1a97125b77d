//! `invalid-resources` in compose: limits that Compose or the engine refuses.

use std::collections::HashSet;

use crate::analysis::Analysis;
use crate::analysis::hosts::is_swarm;
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::compose::{Project, Service};
use crate::model::container::{Quantity, Twice};
use crate::source::{Located, Location};

/// The memory that the engine requires at least, in bytes.
const MIN_MEMORY: f64 = 6.0 * 1024.0 * 1024.0;

pub fn check(ctx: &Analysis, project: &Project, sink: &mut Sink) {
    // `docker stack deploy` knows only `deploy`.
    let swarm = project
        .files
        .iter()
        .any(|file| is_swarm(ctx.facts.path(*file)));
    // A setting that services share by `extends` or an anchor is reported once.
    let mut seen: HashSet<Location> = HashSet::new();

    for service in &project.services {
        let resources = &service.container.resources;
        let mut findings: Vec<Finding> = Vec::new();

        if !swarm {
            let conflicts = resources.twice.iter();
            findings.extend(conflicts.filter_map(|twice| conflict(project, service, twice)));
        }

        for quantity in [&resources.memory_limit, &resources.memory_request] {
            findings.extend(
                quantity
                    .known()
                    .and_then(|quantity| memory(service, quantity)),
            );
        }

        for quantity in [&resources.cpu_limit, &resources.cpu_request] {
            findings.extend(quantity.known().and_then(|quantity| cpu(service, quantity)));
        }

        for (resource, request, limit) in [
            ("memory", &resources.memory_request, &resources.memory_limit),
            ("CPU", &resources.cpu_request, &resources.cpu_limit),
        ] {
            findings.extend(above_limit(service, resource, request, limit));
        }

        for finding in findings {
            if seen.insert(finding.location) {
                sink.report(finding);
            }
        }
    }
}

fn cpu(service: &Service, quantity: &Located<Quantity>) -> Option<Finding> {
    let written = quantity.value.written.trim();
    if quantity.value.amount.is_some() || written.is_empty() {
        return None;
    }

    Some(
        Finding::new(
            quantity.location,
            format!(
                "`{}` has an invalid number of CPUs, `{written}`",
                service.name()
            ),
        )
        .label("Compose refuses to load the project")
        .help("write a number, such as `0.5` or `2`"),
    )
}

/// A reservation above its limit.
fn above_limit(
    service: &Service,
    resource: &str,
    request: &Setting<Quantity>,
    limit: &Setting<Quantity>,
) -> Option<Finding> {
    let (request, limit) = (request.known()?, limit.known()?);
    if request.value.amount? <= limit.value.amount? {
        return None;
    }

    let label = if resource == "memory" {
        "the engine rejects this"
    } else {
        "more than it can ever use"
    };

    Some(
        Finding::new(
            request.location,
            format!(
                "`{}` reserves more {resource} than its limit allows",
                service.name()
            ),
        )
        .label(label)
        .related(
            limit.location,
            format!("the limit is `{}`", limit.value.written),
        )
        .help("raise the limit, or reserve less"),
    )
}

/// One limit that is set by two keys, to different values.
fn conflict(project: &Project, service: &Service, twice: &Twice) -> Option<Finding> {
    let Twice {
        key,
        own: short,
        path,
        deploy,
        table,
    } = twice;
    // Zero is the same as no limit.
    let amount = short.value.amount.filter(|amount| *amount != 0.0)?;
    let (other, label) = match deploy {
        Setting::Set(other) if other.value.amount.is_some_and(|other| other != amount) => (
            other.location,
            format!("`{path}` is `{}`", other.value.written),
        ),
        // A key that the table does not set is 0 for Compose.
        Setting::Absent if !service.container.open => (*table, format!("no `{path}` here")),
        _ => return None,
    };

    let message = format!(
        "`{}` sets `{key}`, which conflicts with `{}`",
        service.name(),
        parent(path)
    );

    // The location is in a file of this project.
    let finding = if project.reports(short.location.file) {
        Finding::new(short.location, message)
            .label("Compose refuses to load two values for one setting")
            .related(other, label)
    } else {
        Finding::new(other, message)
            .label("Compose refuses to load two values for one setting")
            .related(
                short.location,
                format!("`{key}` is `{}`", short.value.written),
            )
    };

    Some(finding.help(format!(
        "remove `{key}` and write `{path}: {}`",
        short.value.written
    )))
}

fn parent(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(parent, _)| parent)
}

fn memory(service: &Service, quantity: &Located<Quantity>) -> Option<Finding> {
    let (name, Quantity { written, amount }) = (service.name(), &quantity.value);

    match amount {
        None if !written.trim().is_empty() => Some(
            Finding::new(
                quantity.location,
                format!("`{name}` has an invalid amount of memory, `{written}`"),
            )
            .label("Compose refuses to load the project")
            .help("write a size, such as `512m`, `512mb`, or `512mib`"),
        ),
        Some(amount) if *amount > 0.0 && *amount < MIN_MEMORY => Some(
            Finding::new(
                quantity.location,
                format!("`{name}` sets memory to `{written}`, which is only {amount} bytes"),
            )
            .label("the engine does not start containers with less than 6 MB")
            .help("add a unit, such as `512m` or `1g`"),
        ),
        _ => None,
    }
}
