//! invalid-resources in compose: limits that Compose or the engine refuses.

use super::Ctx;
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::compose::{Project, Service};
use crate::model::container::{Quantity, Twice};
use crate::source::{At, FileId};

/// The engine starts no container that may have less than this.
const LEAST: f64 = 6.0 * 1024.0 * 1024.0;

pub fn check(ctx: &Ctx, project: &Project, service: &Service, sink: &mut Sink) {
    let own = &service.container.resources;
    // `docker stack deploy` knows only `deploy`.
    let swarm = |file: &FileId| super::compose_ports::is_swarm(ctx.facts.path(*file));
    if !project.files.iter().any(swarm) {
        own.twice.iter().for_each(|twice| distinct(project, service, twice, sink));
    }
    for at in [&own.memory_limit, &own.memory_request].into_iter().filter_map(Setting::known) {
        memory(service, at, sink);
    }
    for at in [&own.cpu_limit, &own.cpu_request].into_iter().filter_map(Setting::known) {
        if at.value.amount.is_none() && !at.value.written.trim().is_empty() {
            sink.report(
                Finding::new(at.place, format!("`{}`: `{}` is no number of CPUs", service.name(), at.value.written))
                    .label("Compose refuses to load the project")
                    .help("write it as `0.5` or `2`"),
            );
        }
    }
    for (what, request, limit) in
        [("memory", &own.memory_request, &own.memory_limit), ("CPU", &own.cpu_request, &own.cpu_limit)]
    {
        let (Some(request), Some(limit)) = (request.known(), limit.known()) else { continue };
        if request.value.amount.zip(limit.value.amount).is_some_and(|(request, limit)| request > limit) {
            sink.report(
                Finding::new(request.place, format!("`{}` reserves more {what} than its limit allows", service.name()))
                    .label(if what == "memory" { "the engine refuses this" } else { "more than it may ever use" })
                    .related(limit.place, format!("the limit is `{}`", limit.value.written))
                    .help("raise the limit, or reserve less"),
            );
        }
    }
}

/// One limit, said twice, and not the same.
fn distinct(project: &Project, service: &Service, twice: &Twice, sink: &mut Sink) {
    let Twice { key, own, path, deploy, table } = twice;
    // 0 is as good as not written.
    let Some(amount) = own.value.amount.filter(|amount| *amount != 0.0) else { return };
    let (other, label) = match deploy {
        Setting::Set(at) if at.value.amount.is_some_and(|other| other != amount) => {
            (at.place, format!("`{path}` is `{}`", at.value.written))
        }
        // What the table leaves out is 0 to Compose.
        Setting::Absent if !service.container.open => (*table, format!("no `{path}` in here")),
        _ => return,
    };
    let message = format!("`{}` sets `{key}` beside a `{}` that says otherwise", service.name(), parent(path));
    // The place that is this project's own to edit.
    let here = project.reports(own.place.file);
    let finding = if here {
        Finding::new(own.place, message)
            .label("Compose refuses to load the project: the two are one setting")
            .related(other, label)
    } else {
        Finding::new(other, message)
            .label("Compose refuses to load the project: the two are one setting")
            .related(own.place, format!("`{key}` is `{}`", own.value.written))
    };
    sink.report(finding.help(format!("remove `{key}` and write `{path}: {}`", own.value.written)));
}

fn parent(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(parent, _)| parent)
}

fn memory(service: &Service, at: &At<Quantity>, sink: &mut Sink) {
    let (name, Quantity { written, amount }) = (service.name(), &at.value);
    match amount {
        None if !written.trim().is_empty() => sink.report(
            Finding::new(at.place, format!("`{name}`: `{written}` is no amount of memory"))
                .label("Compose refuses to load the project")
                .help("write it as `512m`, `512mb` or `512mib`"),
        ),
        Some(amount) if *amount > 0.0 && *amount < LEAST => sink.report(
            Finding::new(at.place, format!("`{name}`: `{written}` of memory is {amount} bytes"))
                .label("the engine starts no container with less than 6 MB")
                .help("add the unit: `512m`, `1g`"),
        ),
        _ => {}
    }
}
