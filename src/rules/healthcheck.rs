//! `healthcheck`: whether what runs for long can be seen to be well.

use super::{Ctx, one_shot};
use crate::data::{self, Class};
use crate::finding::{Finding, Level, Sink};
use crate::graph::User;
use crate::model::Setting;
use crate::model::compose::{Project, Service};
use crate::model::container::HealthCheck;
use crate::model::dockerfile::{Base, Dockerfile};
use crate::model::image::{ImageUse, Reference};
use crate::model::server::server;
use crate::source::{At, file_name};
use crate::syntax::dockerfile::{Body, Source};

/// Services that switch their check off, and services of images that have none.
pub fn service(ctx: &Ctx, project: &Project, service: &Service, sink: &mut Sink) {
    if project.development || project.is_one_shot(service) {
        return;
    }
    let container = &service.container;
    match &container.health {
        Setting::Set(At { value: HealthCheck { disabled: true, .. }, place }) => sink.report(
            Finding::new(*place, format!("the health check of `{}` is switched off", service.name()))
                .help("write one that calls the service; nothing else notices when it hangs"),
        ),
        Setting::Set(_) | Setting::Unknown(_) => {}
        Setting::Absent => {
            // What is built here is reported at its Dockerfile, once for all that run it.
            if ctx.graph.built(container).is_some() {
                return;
            }
            let image = container.image.as_ref().and_then(|image| image.reference.as_ref());
            let known = image.and_then(|image| data::image(&image.repository()));
            if known.is_some_and(|known| known.healthcheck) || service.provided {
                return;
            }
            // An image that nobody here can look into may bring a check of its own.
            let seen = service.build.is_none() && known.and_then(data::KnownImage::has_healthcheck) == Some(false);
            let label = if seen { "no `healthcheck`, and its image brings none" } else { "no `healthcheck` here" };
            let advice = image.filter(|_| service.build.is_none()).map_or("", advice);
            let finding = Finding::new(container.anchor, format!("nothing checks the health of `{}`", service.name()))
                .label(label)
                .help(format!("add a `healthcheck` that asks the service itself{advice}"))
                .anchor(container.anchor);
            if seen { sink.report(finding) } else { sink.report_at(Level::Note, finding) }
        }
    }
}

/// Shipped stages without a check, where something other than Kubernetes runs them.
pub fn dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    for stage in ctx.graph.shipped(dockerfile) {
        let (place, label, switched_off) = match dockerfile.health(stage) {
            Setting::Set(At { value: HealthCheck { disabled: true, .. }, place }) => {
                (*place, "switches the check off".to_owned(), true)
            }
            Setting::Set(_) | Setting::Unknown(_) => continue,
            Setting::Absent if base_has_own(dockerfile, stage) => continue,
            Setting::Absent => {
                (dockerfile.stages[stage].place, "the shipped stage has no HEALTHCHECK".to_owned(), false)
            }
        };
        let runs = switched_off || runs_long(dockerfile, stage);
        let Some(users) = unwatched(ctx, dockerfile, stage).filter(|_| runs) else { continue };
        let names: Vec<String> = users.iter().map(|service| format!("`{}`", service.name())).collect();
        let who = if names.is_empty() { "the shipped image".to_owned() } else { names.join(", ") };
        let message = if switched_off {
            format!("the health check of {who} is switched off")
        } else {
            format!("nothing checks the health of {who}")
        };
        let mut finding = Finding::new(place, message)
            .label(label)
            .help("add a HEALTHCHECK that asks the server itself, or a `healthcheck` where the service is run")
            .anchor(dockerfile.stages[stage].place);
        for service in users.iter().take(4) {
            finding = finding.related(service.container.anchor, "run here, without a `healthcheck`");
        }
        let unsure = users.is_empty() && !switched_off && starts_installed_program(dockerfile, stage);
        sink.report_at(if unsure { Level::Note } else { sink.level() }, finding);
    }
}

/// The services that run the stage without a check of their own; `None` where no check is asked for.
fn unwatched<'a>(ctx: &Ctx<'a>, dockerfile: &Dockerfile, stage: usize) -> Option<Vec<&'a Service>> {
    let mut services = 0;
    let mut pods = 0;
    let mut unwatched = Vec::new();
    for one in ctx.graph.uses(dockerfile.file).iter().filter(|one| one.stage == stage) {
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
    // Pods have probes. Where the repository has pods whose images it does not name, this may be one of them.
    let foreign = pods == 0 && ctx.facts.files.iter().any(|file| file.workloads().next().is_some());
    (pods == 0 && !foreign).then_some(unwatched)
}

/// Whether the image starts something, and something that does not end by itself.
fn runs_long(dockerfile: &Dockerfile, stage: usize) -> bool {
    let exposes = dockerfile.chain(stage).any(|stage| !stage.exposes.is_empty());
    match dockerfile.start(stage) {
        (None, None) => exposes || starts_by_itself(dockerfile, stage),
        (Some(entrypoint), None) => !one_shot::command(entrypoint),
        (_, Some(cmd)) => !one_shot::command(cmd),
    }
}

/// Programs that run code of the project's own.
const INTERPRETERS: &[&str] = &[
    "bun", "bundle", "deno", "dotnet", "java", "node", "nodejs", "npm", "npx", "perl", "php", "pipenv", "pnpm",
    "poetry", "rails", "ruby", "uv", "yarn",
];

/// Whether the image listens nowhere that it says and starts a program that a package brought: more often a tool for the
/// command line than a server.
fn starts_installed_program(dockerfile: &Dockerfile, stage: usize) -> bool {
    let (entrypoint, cmd) = dockerfile.start(stage);
    let Some(command) = entrypoint.or(cmd) else { return false };
    let script = command.script();
    let invocations = script.invocations();
    let Some(invocation) = invocations.last() else { return false };
    let program = invocation.program;
    let name = invocation.name.text();
    let from_package = !name.contains(['/', '\\', '$', '.'])
        || ["/usr/bin/", "/bin/", "/usr/games/"].iter().any(|folder| name.starts_with(folder));
    if !from_package || program.starts_with("python") || INTERPRETERS.contains(&program) {
        return false;
    }
    let exposes = dockerfile.chain(stage).any(|stage| !stage.exposes.is_empty());
    !exposes && server(invocation).is_none() && !is_copied(dockerfile, program)
}

/// Whether some COPY or ADD names the program: it is the project's own.
fn is_copied(dockerfile: &Dockerfile, program: &str) -> bool {
    dockerfile.tree.instructions.iter().any(|instruction| match &instruction.body {
        Body::Copy(transfer) | Body::Add(transfer) => {
            let sources = transfer.sources.iter().filter_map(|source| match source {
                Source::Path(word) => Some(word.text.as_str()),
                Source::Heredoc(..) => None,
            });
            sources.chain([transfer.destination.text.as_str()]).any(|path| file_name(path) == program)
        }
        _ => false,
    })
}

/// Whether the base image is a server, or another program with a start command of its own.
fn starts_by_itself(dockerfile: &Dockerfile, stage: usize) -> bool {
    let Some(Base::Image(ImageUse { reference: Some(reference), .. })) = dockerfile.root(stage) else { return false };
    data::image(&reference.repository()).is_some_and(|known| !known.class.is_base() && known.class != Class::Tool)
}

fn base_has_own(dockerfile: &Dockerfile, stage: usize) -> bool {
    match dockerfile.root(stage) {
        Some(Base::Image(ImageUse { reference: Some(reference), .. })) => {
            has_own(reference) || reference.path.contains('?')
        }
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
        "postgres" | "postgresql" | "pgvector" | "timescaledb" => ": `pg_isready -U $POSTGRES_USER`",
        "redis" | "valkey" => ": `redis-cli ping`",
        "mysql" | "mariadb" => ": `mysqladmin ping -h localhost`",
        "mongo" | "mongodb" => ": `mongosh --eval 'db.adminCommand(\"ping\")'`",
        "rabbitmq" => ": `rabbitmq-diagnostics -q ping`",
        _ => "",
    }
}
