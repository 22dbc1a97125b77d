//! `healthcheck`: services and images that run for long without a health check.

use crate::analysis::{Analysis, exits, shipped_stages, startup};
use crate::data::{self, Class};
use crate::finding::{Finding, Sink};
use crate::graph::User;
use crate::model::Setting;
use crate::model::compose::{Project, Service};
use crate::model::container::HealthCheck;
use crate::model::dockerfile::{Base, Dockerfile, StageId};
use crate::model::image::{ImageUse, Reference};
use crate::source::{Located, Location};

/// Services that switch their check off, and services of images that have none.
pub fn service(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    if project.development || project.is_one_shot(service) || service.speaks_over_stdio() {
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
        // A service that is built here is reported at its Dockerfile, once for all that run it.
        Setting::Absent if ctx.graph.built(container).is_some() => {}
        Setting::Absent => missing(service, sink),
    }
}

/// A service of an image that may have no check.
fn missing(service: &Service, sink: &mut Sink) {
    let container = &service.container;
    let is_built = service.build.is_some();
    let reference = container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref());
    let known = reference.and_then(|reference| data::image(&reference.repository()));
    if let Some(known) = known {
        let tag = reference.and_then(|reference| reference.tag.as_deref());
        if known.healthcheck || known.is_bare(tag) {
            return;
        }
    }

    if service.provided {
        return;
    }

    // Any other image may bring a check of its own.
    let has_none = !is_built && known.and_then(data::KnownImage::has_healthcheck) == Some(false);
    let label = if has_none {
        "no `healthcheck`, and the image has none"
    } else {
        "no `healthcheck` here"
    };

    let example = match reference {
        Some(reference) if !is_built => advice(reference, service),
        _ => String::new(),
    };
    let is_dashboard = known.is_some_and(|known| known.class == Class::Dashboard);

    sink.report(
        Finding::new(
            container.anchor,
            format!("no health check defined for `{}`", service.name()),
        )
        .label(label)
        .help(format!(
            "add a `healthcheck` that queries the service itself{example}"
        ))
        .anchor(container.anchor)
        .case_if(!has_none, "uncertain")
        .case_if(is_dashboard, "dashboard"),
    );
}

/// Shipped stages without a check, where something other than Kubernetes runs them.
pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    if shipped_stages::is_action(ctx, dockerfile) {
        return;
    }

    for stage in ctx.graph.shipped(dockerfile) {
        let Some(gap) = gap(dockerfile, stage) else {
            continue;
        };

        let is_missing = matches!(gap, Gap::Missing);
        if is_missing
            && (!runs_long(dockerfile, stage) || speaks_over_stdio(ctx, dockerfile, stage))
        {
            continue;
        }

        let Some(users) = unwatched(ctx, dockerfile, stage) else {
            continue;
        };

        let finding = gap_finding(dockerfile, stage, &gap, &users);
        if !users.is_empty() || !is_missing {
            sink.report(finding);
            continue;
        }

        match start_of(ctx, dockerfile, stage) {
            ImageStart::Visited => {}
            ImageStart::Unknown => sink.report(finding.case("uncertain")),
            ImageStart::Server => {
                let development = shipped_stages::is_for_development(ctx, dockerfile, stage);
                sink.report(finding.case_if(development, "development"));
            }
        }
    }
}

/// Why a stage has no health check.
enum Gap {
    /// It disables the check, here.
    Disabled(Location),
    /// Neither the stage nor its base defines one.
    Missing,
}

fn gap(dockerfile: &Dockerfile, stage: StageId) -> Option<Gap> {
    match dockerfile.health(stage) {
        Setting::Set(check) if check.value.disabled => Some(Gap::Disabled(check.location)),
        Setting::Set(_) | Setting::Unknown(_) => None,
        Setting::Absent if base_has_own(dockerfile, stage) => None,
        Setting::Absent => Some(Gap::Missing),
    }
}

/// The finding of a stage and of the services that run it.
fn gap_finding(dockerfile: &Dockerfile, stage: StageId, gap: &Gap, users: &[&Service]) -> Finding {
    let anchor = dockerfile.stages[stage].location;
    let title = title(users);
    let mut finding = match gap {
        Gap::Disabled(location) => Finding::new(
            *location,
            format!("the health check of {title} is disabled"),
        )
        .label("disables the health check"),
        Gap::Missing => Finding::new(anchor, format!("no health check defined for {title}"))
            .label("the shipped stage has no `HEALTHCHECK`"),
    };

    for service in users.iter().take(4) {
        finding = finding.related(
            service.container.anchor,
            "runs here without a `healthcheck`",
        );
    }

    finding
        .help(
            "add a `HEALTHCHECK` that queries the server itself, or a `healthcheck` where the \
             service is defined",
        )
        .anchor(anchor)
}

/// The services that run an image, as a message names them.
fn title(users: &[&Service]) -> String {
    let mut names: Vec<String> = users
        .iter()
        .map(|service| format!("`{}`", service.name()))
        .collect();
    names.sort_unstable();
    names.dedup();

    match names.as_slice() {
        [] => "the shipped image".to_owned(),
        [first, _, _, _, ..] => format!("{first} and {} other services", names.len() - 1),
        few => few.join(", "),
    }
}

/// The services that run the stage without a check of their own; `None` where no check is needed.
fn unwatched<'a>(
    ctx: &Analysis<'a>,
    dockerfile: &Dockerfile,
    stage: StageId,
) -> Option<Vec<&'a Service>> {
    let mut services = 0;
    let mut pods = 0;
    let mut unwatched = Vec::new();

    for image_use in ctx.graph.uses(dockerfile.file) {
        if image_use.stage != stage {
            continue;
        }

        match image_use.user {
            User::Container(..) => pods += 1,
            User::Pipeline(_) | User::Caller(_) => {}
            User::Service(project, _) if project.development => {}
            User::Service(project, service) => {
                services += 1;
                let needs_check = !project.is_one_shot(service) && !service.speaks_over_stdio();
                if service.container.health.is_absent() && needs_check {
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
fn runs_long(dockerfile: &Dockerfile, stage: StageId) -> bool {
    let exposes = dockerfile
        .chain(stage)
        .any(|stage| !stage.exposes.is_empty());
    match dockerfile.start(stage) {
        (None, None) => exposes || starts_by_itself(dockerfile, stage),
        (Some(entrypoint), None) => !exits::command(entrypoint),
        (_, Some(cmd)) => !exits::command(cmd),
    }
}

/// Whether the image is a server that its client starts and talks to over standard input: there is
/// nothing that a check could ask.
fn speaks_over_stdio(ctx: &Analysis, dockerfile: &Dockerfile, stage: StageId) -> bool {
    let exposes = dockerfile
        .chain(stage)
        .any(|stage| !stage.exposes.is_empty());
    let code = || {
        let files = ctx.graph.context(dockerfile).iter();
        files.filter_map(|file| ctx.facts.file(file.id).code.as_ref())
    };

    !exposes
        && code().any(|code| code.serves_stdio)
        && code().all(|code| code.routes.is_empty() && !code.routes_any)
}

/// What the image starts by itself: its last program.
enum ImageStart {
    /// It exposes a port, is a known server, or runs the project's own code.
    Server,
    /// A prompt for the user who starts it, or a function that its platform calls.
    Visited,
    Unknown,
}

fn start_of(ctx: &Analysis, dockerfile: &Dockerfile, stage: StageId) -> ImageStart {
    // Functions are watched by their platform.
    if let Some(Base::Image(ImageUse {
        reference: Some(reference),
        ..
    })) = dockerfile.root(stage)
        && ["public.ecr.aws/lambda/", "amazon/aws-lambda-"]
            .iter()
            .any(|prefix| reference.repository().starts_with(prefix))
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
fn starts_by_itself(dockerfile: &Dockerfile, stage: StageId) -> bool {
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

fn base_has_own(dockerfile: &Dockerfile, stage: StageId) -> bool {
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

/// The command of a check, for common services.
fn advice(reference: &Reference, service: &Service) -> String {
    let repository = reference.repository();
    let Some(known) = data::image(&repository).or_else(|| data::store(&repository)) else {
        return String::new();
    };

    let container = &service.container;
    let sets = |name: &str| {
        let mut vars = container.env.iter();
        vars.any(|var| var.name.value == name) || !container.env_from.is_empty()
    };

    known
        .check(reference.tag.as_deref(), sets)
        .map_or_else(String::new, |test| format!(": `test: {test}`"))
}
