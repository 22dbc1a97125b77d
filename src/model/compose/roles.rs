//! The part that a service plays: whether it runs forever or ends, and which known image it is.

use super::{Condition, Project, Service};
use crate::data::{self, Class, KnownImage};
use crate::model::Command;
use crate::syntax::shell::Invocation;

impl Service {
    /// What is known of the image that it pulls.
    pub fn known_image(&self) -> Option<&'static KnownImage> {
        data::image(&self.pulled_repository()?)
    }

    /// The data store that its image is, by its name.
    pub fn store(&self) -> Option<&'static KnownImage> {
        data::store(&self.pulled_repository()?)
    }

    /// The repository of the image that it pulls. An `image` beside a `build` only names the
    /// output.
    fn pulled_repository(&self) -> Option<String> {
        if self.build.is_some() {
            return None;
        }

        let image = self.container.image.as_ref()?;
        Some(image.reference.as_ref()?.repository())
    }

    /// Whether it says how an image is built, and nothing that a running container needs.
    fn only_builds(&self) -> bool {
        let container = &self.container;

        self.build.is_some()
            && container.image.is_some()
            && container.ports.is_empty()
            && container.env.is_empty()
            && container.env_from.is_empty()
            && container.mounts.is_empty()
            && container.command.is_none()
            && container.entrypoint.is_none()
            && container.health.is_absent()
            && self.restart.is_absent()
    }

    /// Whether no container is made of it: `replicas: 0` or `scale: 0`. Its image is built for other
    /// services, or others extend it.
    pub fn never_starts(&self) -> bool {
        [&self.replicas, &self.scale]
            .iter()
            .any(|count| count.value() == Some(&0))
    }

    /// Whether it is an MCP server that its client starts and talks to over standard input.
    pub fn speaks_over_stdio(&self) -> bool {
        let container = &self.container;
        let is_named = |text: &str| {
            text.split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| word.eq_ignore_ascii_case("mcp"))
        };
        let image = container.image.as_ref();
        let is_mcp = is_named(self.name()) || image.is_some_and(|image| is_named(&image.written));
        let is_catalogue = image.is_some_and(|image| image.written.starts_with("mcp/"));

        container.ports.is_empty()
            && self.exposes.is_empty()
            && is_mcp
            && (is_catalogue || self.stdin_open.is(true))
    }

    /// Whether its command ends as soon as it starts: `true`, `echo`, `--version`. Such a service
    /// only has its image built.
    fn ends_at_once(&self) -> bool {
        let container = &self.container;
        let Some(command) = container.entrypoint.as_ref().or(container.command.as_ref()) else {
            return false;
        };

        let script = command.script();
        let invocations = script.invocations();
        let ends = |invocation: &Invocation| {
            ENDING_PROGRAMS.contains(&invocation.program)
                || invocation
                    .args
                    .iter()
                    .any(|word| matches!(word.text(), "--version" | "--help"))
        };

        !invocations.is_empty() && invocations.iter().all(ends)
    }

    /// The words of its entrypoint and command, the program first, as far as they are written in the file.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let commands = [
            self.container.entrypoint.as_ref(),
            self.container.command.as_ref(),
        ];
        commands
            .into_iter()
            .flatten()
            .flat_map(|command| match command {
                Command::Exec { words, .. } => words
                    .iter()
                    .map(|word| word.value.as_str())
                    .collect::<Vec<_>>(),
                Command::Shell { code, .. } => code.text.split_whitespace().collect(),
            })
    }
}

/// Programs that do nothing, or print a text.
const ENDING_PROGRAMS: &[&str] = &[":", "echo", "exit", "false", "printf", "true"];

/// Words in a service's name that say it does one thing and ends.
const ONE_SHOT_NAMES: &[&str] = &[
    "init",
    "migrate",
    "migration",
    "migrations",
    "migrator",
    "setup",
    "seed",
    "seeder",
    "bootstrap",
    "provision",
    "provisioner",
    "pull",
    "puller",
    "createbuckets",
    "createbucket",
    "create",
    "tests",
    "test",
    "e2e",
    "lint",
    "build",
    "builder",
    "loader",
    "import",
    "importer",
    "job",
    "download",
    "downloader",
    "backup",
    "restore",
    "certbot",
    "cli",
    "prestart",
    "fixtures",
    "bench",
    "benchmark",
    "loadtest",
    "shell",
    "console",
    "permissions",
    "chown",
    "installer",
    "install",
    "dbmigrate",
    "initdb",
    "prepare",
    "populate",
    "generator",
    "evaluate",
    "evaluation",
    "eval",
];

/// Programs and words of a command that does one thing and ends.
const ONE_SHOT_WORDS: &[&str] = &[
    "migrate",
    "alembic",
    "createsuperuser",
    "collectstatic",
    "db:migrate",
    "pytest",
    "chown",
    "chmod",
    "cypress",
    "newman",
    "k6",
    "mc",
    "initdb",
    "db-migrate",
    "migrate:latest",
    "migration:run",
    "prisma",
    "dbmate",
    "flyway",
    "liquibase",
];

/// Words of a command that serves or waits.
const SERVING_WORDS: &[&str] = &[
    "uvicorn",
    "gunicorn",
    "hypercorn",
    "runserver",
    "serve",
    "start",
    "celery",
    "node",
    "nginx",
    "tail",
    "worker",
    "server",
    "streamlit",
    "flask",
    "daphne",
    "puma",
    "npm",
    "yarn",
    "pnpm",
    "java",
    "dev",
    "listen",
    "infinity",
    "inf",
];

impl Project {
    /// Whether the project only says how images are built: several services, and nothing in any of
    /// them that a running container would be given.
    pub fn only_builds(&self) -> bool {
        *self.memo.only_builds.get_or_init(|| {
            self.services.len() > 1 && self.services.iter().all(Service::only_builds)
        })
    }

    /// Whether a service is meant to end: a migration, a set-up step, a tool. Where that cannot be
    /// known, it is not.
    pub fn is_one_shot(&self, service: &Service) -> bool {
        *service.one_shot.get_or_init(|| self.ends(service))
    }

    fn ends(&self, service: &Service) -> bool {
        if self.only_builds() || service.never_starts() || service.ends_at_once() {
            return true;
        }

        let completed = self.memo.completed.get_or_init(|| {
            let awaited = self.services.iter().flat_map(|other| &other.depends_on);
            let awaited = awaited.filter(|dependency| dependency.condition == Condition::Completed);
            awaited
                .map(|dependency| dependency.service.value.clone())
                .collect()
        });

        if completed.contains(service.name()) {
            return true;
        }

        if service
            .known_image()
            .is_some_and(|known| known.class == Class::Tool)
        {
            return true;
        }

        let named = service.name().split(['-', '_', '.']).any(|part| {
            ONE_SHOT_NAMES
                .iter()
                .any(|name| name.eq_ignore_ascii_case(part))
        });

        let words: Vec<&str> = service
            .words()
            .flat_map(str::split_whitespace)
            .map(program)
            .collect();
        let serves = words.iter().any(|word| SERVING_WORDS.contains(word));
        let acts = words.iter().any(|word| ONE_SHOT_WORDS.contains(word));
        // An explicit `restart: "no"` is how a job is written.
        let once = service
            .restart
            .value()
            .is_some_and(|word| matches!(word.as_str(), "no" | "none"));
        let looks = named || acts;
        // An image that we know to serve does not end because it may not restart.
        let quiet = service.container.ports.is_empty() && service.known_image().is_none();

        (looks && !serves) || (once && (looks || quiet))
    }
}

/// A word without its folder: `/usr/bin/mc` is `mc`.
fn program(word: &str) -> &str {
    let word = word.trim_matches(['"', '\'', ';', '&', '(', ')']);
    word.rsplit('/').next().unwrap_or(word)
}
