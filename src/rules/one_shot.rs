//! Whether something does its work and ends: migrations, builds, tools. Such things need no health check and no restart.

use crate::data::{self, Class};
use crate::model::Command;
use crate::model::compose::{Condition, Project, Service};
use crate::syntax::shell::Invocation;

/// Programs that end by themselves, with the subcommands for which that is so; none given means any.
const ENDING: &[(&str, &[&str])] = &[
    ("alembic", &[]),
    ("atlas", &["migrate", "schema"]),
    ("aws", &[]),
    ("chmod", &[]),
    ("chown", &[]),
    ("cp", &[]),
    ("createbuckets", &[]),
    ("dbmate", &[]),
    ("echo", &[]),
    ("flyway", &["migrate", "info", "validate", "repair", "baseline"]),
    ("goose", &[]),
    ("jest", &[]),
    ("knex", &["migrate:latest", "seed:run"]),
    ("liquibase", &[]),
    ("ls", &[]),
    ("mc", &[]),
    ("migrate", &[]),
    ("mkdir", &[]),
    ("mvn", &["package", "test", "verify", "install"]),
    ("playwright", &["test"]),
    ("prisma", &["migrate", "db", "generate"]),
    ("pytest", &[]),
    ("sequelize", &[]),
    ("sqitch", &[]),
    ("true", &[]),
    ("vitest", &["run"]),
];

/// Subcommands that end, of programs that run scripts of the project.
const ENDING_TASKS: &[&str] =
    &["build", "test", "lint", "migrate", "migration", "seed", "e2e", "install", "ci", "generate"];

/// Whether a compose service is one-shot: it says so, others wait for its end, or its command ends.
pub fn service(project: &Project, service: &Service) -> bool {
    let name = service.name();
    let awaited = project.services.iter().flat_map(|other| &other.depends_on);
    let mut awaited = awaited.filter(|one| one.service.value == name);
    if awaited.any(|one| one.condition == Condition::Completed) {
        return true;
    }
    if service.restart.value().is_some_and(|restart| matches!(restart.as_str(), "no" | "none" | "false")) {
        return true;
    }
    let container = &service.container;
    let image = container.image.as_ref().and_then(|image| image.reference.as_ref());
    if service.build.is_none()
        && image.and_then(|image| data::image(&image.repository())).is_some_and(|known| known.class == Class::Tool)
    {
        return true;
    }
    match (&container.entrypoint, &container.command) {
        (Some(entrypoint), None) => command(entrypoint),
        (_, Some(words)) => command(words),
        (None, None) => false,
    }
}

/// Whether a command ends by itself: every program that it runs does.
pub fn command(command: &Command) -> bool {
    let script = command.script();
    let invocations = script.invocations();
    invocations.last().is_some_and(ends)
}

fn ends(invocation: &Invocation) -> bool {
    let listed = ENDING.iter().find(|(program, _)| *program == invocation.program);
    if let Some((_, subcommands)) = listed {
        return subcommands.is_empty() || invocation.subcommand(&[]).is_some_and(|word| subcommands.contains(&word));
    }
    let words = || invocation.args.iter().map(|word| word.text()).filter(|word| !word.starts_with('-'));
    match invocation.program {
        "npm" | "yarn" | "pnpm" | "bun" | "rake" | "rails" | "make" | "just" | "task" | "composer" | "cargo" | "go"
        | "dotnet" => {
            let task = words().find(|word| !matches!(*word, "run" | "exec"));
            task.is_some_and(|task| task.split([':', '-']).any(|part| ENDING_TASKS.contains(&part)))
        }
        "python" | "python3" | "php" | "uv" | "poetry" => words().any(|word| {
            matches!(
                word,
                "migrate" | "collectstatic" | "alembic" | "pytest" | "loaddata" | "createsuperuser" | "upgrade"
            ) || word.ends_with("artisan") && words().any(|task| task.starts_with("migrate"))
        }),
        _ => false,
    }
}
