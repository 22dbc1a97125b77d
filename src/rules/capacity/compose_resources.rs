//! invalid-resources in compose: limits that Compose or the engine refuses.

use crate::analysis::Ctx;
use crate::analysis::hosts::is_swarm;
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::compose::{Project, Service};
use crate::model::container::{Quantity, Twice};
use crate::source::{Located, Location};
use std::collections::HashSet;

/// The engine starts no container that may have less than this.
const LEAST: f64 = 6.0 * 1024.0 * 1024.0;

pub fn check(ctx: &Ctx, project: &Project, sink: &mut Sink) {
    // `docker stack deploy` knows only `deploy`.
    let swarm = project
        .files
        .iter()
        .any(|file| is_swarm(ctx.facts.path(*file)));
    // What services share by `extends` or an anchor is said of the first.
    let mut seen: HashSet<Location> = HashSet::new();

    for service in &project.services {
        let own = &service.container.resources;
        let mut findings: Vec<Finding> = Vec::new();

        if !swarm {
            findings.extend(
                own.twice
                    .iter()
                    .filter_map(|twice| distinct(project, service, twice)),
            );
        }

        let memory = [&own.memory_limit, &own.memory_request]
            .into_iter()
            .filter_map(Setting::known);
        findings.extend(memory.filter_map(|at| self::memory(service, at)));
        let cpus = [&own.cpu_limit, &own.cpu_request]
            .into_iter()
            .filter_map(Setting::known);
        findings.extend(cpus.filter_map(|at| cpu(service, at)));
        let pairs = [
            ("memory", &own.memory_request, &own.memory_limit),
            ("CPU", &own.cpu_request, &own.cpu_limit),
        ];
        findings.extend(
            pairs
                .into_iter()
                .filter_map(|(what, request, limit)| above(service, what, request, limit)),
        );
        findings
            .into_iter()
            .filter(|finding| seen.insert(finding.location))
            .for_each(|finding| sink.report(finding));
    }
}

fn cpu(service: &Service, at: &Located<Quantity>) -> Option<Finding> {
    let written = at.value.written.trim();
    let finding = Finding::new(
        at.location,
        format!(
            "`{}` has an invalid number of CPUs, `{written}`",
            service.name()
        ),
    )
    .label("Compose refuses to load the project")
    .help("write a number, such as `0.5` or `2`");

    (at.value.amount.is_none() && !written.is_empty()).then_some(finding)
}

/// A reservation above its limit.
fn above(
    service: &Service,
    what: &str,
    request: &Setting<Quantity>,
    limit: &Setting<Quantity>,
) -> Option<Finding> {
    let (request, limit) = (request.known()?, limit.known()?);
    let above = request.value.amount? > limit.value.amount?;
    let finding = Finding::new(
        request.location,
        format!(
            "`{}` reserves more {what} than its limit allows",
            service.name()
        ),
    )
    .label(if what == "memory" {
        "the engine rejects this"
    } else {
        "more than it can ever use"
    })
    .related(
        limit.location,
        format!("the limit is `{}`", limit.value.written),
    )
    .help("raise the limit, or reserve less");

    above.then_some(finding)
}

/// One limit, said twice, and not the same.
fn distinct(project: &Project, service: &Service, twice: &Twice) -> Option<Finding> {
    let Twice {
        key,
        own,
        path,
        deploy,
        table,
    } = twice;
    // 0 is as good as not written.
    let amount = own.value.amount.filter(|amount| *amount != 0.0)?;
    let (other, label) = match deploy {
        Setting::Set(at) if at.value.amount.is_some_and(|other| other != amount) => {
            (at.location, format!("`{path}` is `{}`", at.value.written))
        }
        // What the table leaves out is 0 to Compose.
        Setting::Absent if !service.container.open => (*table, format!("no `{path}` here")),
        _ => return None,
    };

    let message = format!(
        "`{}` sets `{key}`, which conflicts with `{}`",
        service.name(),
        parent(path)
    );
    // The place that is this project's own to edit.
    let here = project.reports(own.location.file);
    let finding = if here {
        Finding::new(own.location, message)
            .label("Compose refuses to load two values for one setting")
            .related(other, label)
    } else {
        Finding::new(other, message)
            .label("Compose refuses to load two values for one setting")
            .related(own.location, format!("`{key}` is `{}`", own.value.written))
    };

    Some(finding.help(format!(
        "remove `{key}` and write `{path}: {}`",
        own.value.written
    )))
}

fn parent(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(parent, _)| parent)
}

fn memory(service: &Service, at: &Located<Quantity>) -> Option<Finding> {
    let (name, Quantity { written, amount }) = (service.name(), &at.value);

    match amount {
        None if !written.trim().is_empty() => Some(
            Finding::new(
                at.location,
                format!("`{name}` has an invalid amount of memory, `{written}`"),
            )
            .label("Compose refuses to load the project")
            .help("write a size, such as `512m`, `512mb`, or `512mib`"),
        ),
        Some(amount) if *amount > 0.0 && *amount < LEAST => Some(
            Finding::new(
                at.location,
                format!("`{name}` sets memory to `{written}`, which is only {amount} bytes"),
            )
            .label("the engine does not start containers with less than 6 MB")
            .help("add a unit, such as `512m` or `1g`"),
        ),
        _ => None,
    }
}
