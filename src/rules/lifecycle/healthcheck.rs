//! `healthcheck`: whether what runs for long can be seen to be well.

use crate::analysis::{Ctx, exits, shipped_stages, startup};
use crate::data::{self, Class};
use crate::finding::{Finding, Sink};
use crate::graph::User;
use crate::model::Setting;
use crate::model::compose::{Project, Service};
use crate::model::container::HealthCheck;
use crate::model::dockerfile::{Base, Dockerfile};
use crate::model::image::{ImageUse, Reference};
use crate::source::Located;

/// Services that switch their check off, and services of images that have none.
pub fn service(ctx: &Ctx, project: &Project, service: &Service, sink: &mut Sink) {
    if project.development || project.is_one_shot(service) {
        return;
    }

    let container = &service.container;

    match &container.health {
        Setting::Set(Located {
            value: HealthCheck { disabled: true, .. },
            location,
        }) => sink.report(
            Finding::new(
                *location,
                format!("the health check of `{}` is disabled", service.name()),
            )
            .help("add one that calls the service; nothing else detects a hang"),
        ),
        Setting::Set(_) | Setting::Unknown(_) => {}
        Setting::Absent => {
            // What is built here is reported at its Dockerfile, once for all that run it.
            if ctx.graph.built(container).is_some() {
                return;
            }

            let image = container
                .image
                .as_ref()
                .and_then(|image| image.reference.as_ref());
            let known = image.and_then(|image| data::image(&image.repository()));
            let bare = |known: &data::KnownImage| {
                known.is_bare(image.and_then(|image| image.tag.as_deref()))
            };

            if known.is_some_and(|known| known.healthcheck || bare(known)) || service.provided {
                return;
            }
            // An image that nobody here can look into may bring a check of its own.
            let seen = service.build.is_none()
                && known.and_then(data::KnownImage::has_healthcheck) == Some(false);
            let label = if seen {
                "no `healthcheck`, and the image has none"
            } else {
                "no `healthcheck` here"
            };

            let advice = image.filter(|_| service.build.is_none()).map_or("", advice);
            let finding = Finding::new(
                container.anchor,
                format!("no health check defined for `{}`", service.name()),
            )
            .label(label)
            .help(format!(
                "add a `healthcheck` that queries the service itself{advice}"
            ))
            .anchor(container.anchor);
            sink.report(finding.case_if(!seen, "uncertain"));
        }
    }
}

/// Shipped stages without a check, where something other than Kubernetes runs them.
pub fn dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    if shipped_stages::is_action(ctx, dockerfile) {
        return;
    }

    for stage in ctx.graph.shipped(dockerfile) {
        let (location, label, switched_off) = match dockerfile.health(stage) {
            Setting::Set(Located {
                value: HealthCheck { disabled: true, .. },
                location,
            }) => (*location, "disables the health check".to_owned(), true),
            Setting::Set(_) | Setting::Unknown(_) => continue,
            Setting::Absent if base_has_own(dockerfile, stage) => continue,
            Setting::Absent => (
                dockerfile.stages[stage].location,
                "the shipped stage has no `HEALTHCHECK`".to_owned(),
                false,
            ),
        };

        let runs = switched_off || runs_long(dockerfile, stage);
        let Some(users) = unwatched(ctx, dockerfile, stage).filter(|_| runs) else {
            continue;
        };

        let mut names: Vec<String> = users
            .iter()
            .map(|service| format!("`{}`", service.name()))
            .collect();
        names.sort_unstable();
        names.dedup();
        let who = match names.as_slice() {
            [] => "the shipped image".to_owned(),
            [first, _, _, _, ..] => format!("{first} and {} other services", names.len() - 1),
            few => few.join(", "),
        };

        let message = if switched_off {
            format!("the health check of {who} is disabled")
        } else {
            format!("no health check defined for {who}")
        };

        let mut finding = Finding::new(location, message)
            .label(label)
            .help(
                "add a `HEALTHCHECK` that queries the server itself, or a `healthcheck` where \
                the service is defined",
            )
            .anchor(dockerfile.stages[stage].location);
        for service in users.iter().take(4) {
            finding = finding.related(
                service.container.anchor,
                "runs here without a `healthcheck`",
            );
        }

        if users.is_empty() && !switched_off {
            match kind_of(ctx, dockerfile, stage) {
                ImageStart::Visited => {}
                ImageStart::Unknown => sink.report(finding.case("uncertain")),
                ImageStart::Server => {
                    let development = shipped_stages::is_for_development(ctx, dockerfile, stage);
                    sink.report(finding.case_if(development, "development"));
                }
            }
        } else {
            sink.report(finding);
        }
    }
}

/// The services that run the stage without a check of their own; `None` where no check is asked
/// for.
fn unwatched<'a>(ctx: &Ctx<'a>, dockerfile: &Dockerfile, stage: usize) -> Option<Vec<&'a Service>> {
    let mut services = 0;
    let mut pods = 0;
    let mut unwatched = Vec::new();
    for one in ctx
        .graph
        .uses(dockerfile.file)
        .iter()
        .filter(|one| one.stage == stage)
    {
        match one.user {
            User::Container(..) => pods += 1,
            User::Service(project, _) if project.development => {}
            User::Pipeline(_) => {}
            User::Service(project, service) => {
                services += 1;
                let absent = service.container.health.is_absent();
                if absent && !project.is_one_shot(service) {
                    unwatched.push(service);
                }
            }
        }
    }

    if services > 0 {
        return (!unwatched.is_empty()).then_some(unwatched);
    }
    // Pods have probes. Where the repository has pods whose images it does not name, this may be
    // one of them.
    let foreign = pods == 0
        && ctx
            .facts
            .files
            .iter()
            .any(|file| file.workloads().next().is_some());
    (pods == 0 && !foreign).then_some(unwatched)
}

/// Whether the image starts something, and something that does not end by itself.
fn runs_long(dockerfile: &Dockerfile, stage: usize) -> bool {
    let exposes = dockerfile
        .chain(stage)
        .any(|stage| !stage.exposes.is_empty());
    match dockerfile.start(stage) {
        (None, None) => exposes || starts_by_itself(dockerfile, stage),
        (Some(entrypoint), None) => !exits::command(entrypoint),
        (_, Some(cmd)) => !exits::command(cmd),
    }
}

/// What the image starts by itself: its last program.
enum ImageStart {
    /// It says where it listens, or it is a server that we know, or it runs code of the project's
    /// own.
    Server,
    /// A prompt for whoever starts it, or a function that its platform calls.
    Visited,
    Unknown,
}

fn kind_of(ctx: &Ctx, dockerfile: &Dockerfile, stage: usize) -> ImageStart {
    // Functions are watched by their platform.
    if let Some(Base::Image(ImageUse {
        reference: Some(reference),
        ..
    })) = dockerfile.root(stage)
        && ["public.ecr.aws/lambda/", "amazon/aws-lambda-"]
            .iter()
            .any(|own| reference.repository().starts_with(own))
    {
        return ImageStart::Visited;
    }

    let exposes = dockerfile
        .chain(stage)
        .any(|stage| !stage.exposes.is_empty());
    if exposes || !startup::stage(ctx, dockerfile, stage).is_empty() {
        return ImageStart::Server;
    }

    let (entrypoint, cmd) = dockerfile.start(stage);

    match (entrypoint, cmd) {
        (None, None) => ImageStart::Server,
        (None, Some(command)) | (Some(command), None) if exits::is_prompt(command) => {
            ImageStart::Visited
        }
        (Some(command), _) | (None, Some(command)) if exits::is_application(command) => {
            ImageStart::Server
        }
        _ => ImageStart::Unknown,
    }
}

/// Whether the base image is a server, or another program with a start command of its own.
fn starts_by_itself(dockerfile: &Dockerfile, stage: usize) -> bool {
    let Some(Base::Image(ImageUse {
        reference: Some(reference),
        ..
    })) = dockerfile.root(stage)
    else {
        return false;
    };

    data::image(&reference.repository())
        .is_some_and(|known| !known.class.is_base() && known.class != Class::Tool)
}

fn base_has_own(dockerfile: &Dockerfile, stage: usize) -> bool {
    match dockerfile.root(stage) {
        Some(Base::Image(ImageUse {
            reference: Some(reference),
            ..
        })) => has_own(reference) || reference.path.contains('?'),
        // A base that cannot be known may bring a check.
        Some(Base::Image(_) | Base::Stage(_)) | None => true,
        Some(Base::Scratch(_)) => false,
    }
}

fn has_own(reference: &Reference) -> bool {
    data::image(&reference.repository()).is_some_and(|known| known.healthcheck)
}

/// What to ask, for services that everybody runs.
fn advice(reference: &Reference) -> &'static str {
    match reference.short_name() {
        "postgres" | "postgresql" | "pgvector" | "timescaledb" => {
            ": `pg_isready -U $POSTGRES_USER`"
        }
        "redis" | "valkey" => ": `redis-cli ping`",
        "mysql" | "mariadb" => ": `mysqladmin ping -h localhost`",
        "mongo" | "mongodb" => ": `mongosh --eval 'db.adminCommand(\"ping\")'`",
        "rabbitmq" => ": `rabbitmq-diagnostics -q ping`",
        _ => "",
    }
}
