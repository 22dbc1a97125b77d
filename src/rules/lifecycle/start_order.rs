//! depends-on-health, dependency-without-healthcheck: what a service waits for before it starts.

use crate::analysis::Ctx;
use crate::data::{self, Class};
use crate::finding::{Finding, Sink, Subject};
use crate::model::Setting;
use crate::model::compose::{Condition, Project, Service};
use crate::model::dockerfile::Base;
use crate::source::Location;

pub fn depends_on_health(ctx: &Ctx, project: &Project, service: &Service, sink: &mut Sink) {
    // Dashboards and scrapers ask again by themselves.
    let patient = |service: &Service| {
        service
            .known_image()
            .is_some_and(|known| matches!(known.class, Class::Monitoring | Class::Dashboard))
    };

    if patient(service) {
        return;
    }

    for dependency in &service.depends_on {
        if dependency.condition != Condition::Started {
            continue;
        }

        let name = &dependency.service.value;
        let Some(target) = project.service(name) else {
            continue;
        };

        if target.provided || project.is_one_shot(target) || patient(target) {
            continue;
        }

        let first = match health(ctx, target) {
            Health::Checked => format!("wait for the health check of `{name}`"),
            Health::Missing(..) | Health::Unknown => {
                format!("add a `healthcheck` to `{name}` and wait for it")
            }
        };

        let finding = Finding::new(
            dependency
                .condition_place
                .unwrap_or(dependency.service.location),
            format!("`{}` does not wait until `{name}` is ready", service.name()),
        )
        .related(target.container.anchor, format!("`{name}` is defined here"))
        .help(format!(
            "{first}: `depends_on: {{ {name}: {{ condition: service_healthy }} }}`"
        ))
        .cause(Subject::File, format!("{first} {name}"))
        .case_if(project.development, "development");

        sink.report(finding);
    }
}

/// What is known of a service's health check.
enum Health {
    Checked,
    /// Nowhere; the place, if there is one, is where that is said or could be.
    Missing(Location, &'static str),
    Unknown,
}

pub fn dependency_without_healthcheck(
    ctx: &Ctx,
    project: &Project,
    service: &Service,
    sink: &mut Sink,
) {
    for dependency in &service.depends_on {
        if dependency.condition != Condition::Healthy {
            continue;
        }

        let name = &dependency.service.value;
        let Some(target) = project.service(name) else {
            continue;
        };

        let Health::Missing(location, why) = health(ctx, target) else {
            continue;
        };

        sink.report(
            Finding::new(
                dependency
                    .condition_place
                    .unwrap_or(dependency.service.location),
                format!(
                    "`{}` waits for `{name}` to be healthy, but `{name}` has no health check",
                    service.name()
                ),
            )
            .label("Compose refuses to start it")
            .related(location, why)
            .help(format!("add a `healthcheck` to `{name}`")),
        );
    }
}

fn health(ctx: &Ctx, service: &Service) -> Health {
    match &service.container.health {
        Setting::Set(check) if check.value.disabled => {
            return Health::Missing(check.location, "its health check is disabled here");
        }
        Setting::Set(check) if check.value.test.is_some() => return Health::Checked,
        Setting::Unknown(_) => return Health::Unknown,
        // Without a `test`, what is written only tunes the image's own check.
        Setting::Set(_) | Setting::Absent => {}
    }

    let anchor = service.container.anchor;
    if service.provided {
        return Health::Unknown;
    }

    if service.build.is_none() {
        return match service
            .known_image()
            .and_then(data::KnownImage::has_healthcheck)
        {
            Some(true) => Health::Checked,
            Some(false) => Health::Missing(
                anchor,
                "neither this service nor its image has a health check",
            ),
            None => Health::Unknown,
        };
    }

    let Some((dockerfile, stage)) = ctx.graph.build_of(&service.container) else {
        return Health::Unknown;
    };

    match dockerfile.health(stage) {
        Setting::Set(check) if check.value.disabled => {
            Health::Missing(check.location, "the image's health check is disabled here")
        }
        Setting::Set(_) => Health::Checked,
        Setting::Unknown(_) => Health::Unknown,
        Setting::Absent => match dockerfile.root(stage) {
            Some(Base::Scratch(location)) => {
                Health::Missing(*location, "the image it builds has no health check")
            }
            Some(Base::Image(image)) => {
                let known = image
                    .reference
                    .as_ref()
                    .and_then(|reference| data::image(&reference.repository()));
                match known.and_then(data::KnownImage::has_healthcheck) {
                    Some(true) => Health::Checked,
                    Some(false) => Health::Missing(
                        image.location,
                        "neither the image it builds nor its base has one",
                    ),
                    None => Health::Unknown,
                }
            }
            Some(Base::Stage(_)) | None => Health::Unknown,
        },
    }
}
