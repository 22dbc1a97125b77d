//! depends-on-health, dependency-without-healthcheck: what a service waits for before it starts.

use crate::analysis::Analysis;
use crate::data::{self, Class};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::compose::{Condition, Dependency, Project, Service};
use crate::model::dockerfile::{Base, Dockerfile, StageId};
use crate::model::image::ImageUse;
use crate::source::Location;

pub fn depends_on_health(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    if retries(service) || is_of_class(service, &[Class::Proxy]) {
        return;
    }

    for dependency in &service.depends_on {
        if dependency.condition != Condition::Started || !dependency.required {
            continue;
        }

        let name = &dependency.service.value;
        let Some(target) = project.service(name) else {
            continue;
        };

        if target.provided || project.is_one_shot(target) || retries(target) || is_optional(target)
        {
            continue;
        }

        let health = health(ctx, target);
        let first = match health {
            Health::Checked => format!("wait for the health check of `{name}`"),
            Health::Missing(..) | Health::Unknown => {
                format!("add a `healthcheck` to `{name}` and wait for it")
            }
        };

        let finding = Finding::new(
            condition_location(dependency),
            format!("`{}` does not wait until `{name}` is ready", service.name()),
        )
        .related(target.container.anchor, format!("`{name}` is defined here"))
        .help(format!(
            "{first}: `depends_on: {{ {name}: {{ condition: service_healthy }} }}`"
        ))
        .case_if(project.development, "development")
        .case_if(is_shared(dependency), "shared-condition")
        .fix(condition_fix(ctx, dependency, &health));

        sink.report(if matches!(health, Health::Checked) {
            finding
        } else {
            finding.part_of(target.container.anchor)
        });
    }
}

/// Where the condition of a dependency would be changed: a shared one is not changed for all, but
/// the dependency gets one of its own.
fn condition_location(dependency: &Dependency) -> Location {
    match dependency.condition_place {
        Some(place) if !is_shared(dependency) => place,
        _ => dependency.service.location,
    }
}

/// The fix that waits for a health check that is there, where the condition is written.
fn condition_fix(ctx: &Analysis, dependency: &Dependency, health: &Health) -> Option<Fix> {
    let place = condition_location(dependency);
    let is_written = ctx.facts.text(place) == "service_started";
    if !is_written || !matches!(health, Health::Checked) {
        return None;
    }

    let edit = Edit::replace(place.file, place.span, "service_healthy");
    Fix::new(
        Applicability::Unsafe,
        "wait until it is healthy",
        vec![edit],
    )
}

/// Whether a service tries again by itself until the other answers: a dashboard or a scraper. As a
/// dependency, it is not needed at the start either.
fn retries(service: &Service) -> bool {
    is_of_class(service, &[Class::Monitoring, Class::Dashboard])
}

/// Whether a service is called only when there is something to do, and not at the start.
fn is_optional(service: &Service) -> bool {
    is_of_class(service, &[Class::Mail, Class::Converter]) || service.speaks_over_stdio()
}

fn is_of_class(service: &Service, classes: &[Class]) -> bool {
    service
        .known_image()
        .is_some_and(|known| classes.contains(&known.class))
}

/// Whether a dependency's condition is written in a place that several services share: an anchor
/// above them. It was chosen, and not forgotten.
fn is_shared(dependency: &Dependency) -> bool {
    dependency.condition_place.is_some_and(|place| {
        let name = dependency.service.location;
        place.file == name.file && place.span.start < name.span.start
    })
}

/// The health check of a service, as far as it is known.
enum Health {
    Checked,
    /// Nowhere; with where that is said or could be defined, and why.
    Missing(Location, &'static str),
    Unknown,
}

pub fn dependency_without_healthcheck(
    ctx: &Analysis,
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
                condition_location(dependency),
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

fn health(ctx: &Analysis, service: &Service) -> Health {
    match &service.container.health {
        Setting::Set(check) if check.value.disabled => {
            return Health::Missing(check.location, "its health check is disabled here");
        }
        Setting::Set(check) if check.value.test.is_some() => return Health::Checked,
        Setting::Unknown(_) => return Health::Unknown,
        // Without a `test`, the settings only tune the image's own check.
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

    match ctx.graph.build_of(&service.container) {
        Some((dockerfile, stage)) => image_health(dockerfile, stage),
        None => Health::Unknown,
    }
}

/// The health check of an image that is built here.
fn image_health(dockerfile: &Dockerfile, stage: StageId) -> Health {
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
            Some(Base::Image(image)) => base_health(image),
            Some(Base::Stage(_)) | None => Health::Unknown,
        },
    }
}

fn base_health(image: &ImageUse) -> Health {
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
