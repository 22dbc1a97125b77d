//! `migration-on-start`: start commands that change the database before they serve.

use crate::analysis::{Ctx, Owner, shipped_stages, startup};
use crate::finding::{Finding, Sink};
use crate::model::Command;
use crate::model::container::{Container, ContainerRole};
use crate::model::dockerfile::Dockerfile;
use crate::model::server::{ScriptFolders, script_file};
use crate::source::{Location, Span, file_name};
use crate::syntax::shell::{self, Invocation, Script};

/// Programs that migrate, with a word that must be among their arguments; none means any.
const MIGRATORS: &[(&str, &[&str])] = &[
    ("aerich", &["upgrade"]),
    ("alembic", &["upgrade"]),
    ("artisan", &["migrate", "migrate:fresh"]),
    ("bundle", &["db:migrate", "db:prepare"]),
    ("dbmate", &["up", "migrate"]),
    ("diesel", &["migration"]),
    ("django-admin", &["migrate"]),
    ("drizzle-kit", &["migrate", "push"]),
    ("flask", &["upgrade"]),
    ("flyway", &["migrate"]),
    ("goose", &["up"]),
    ("knex", &["migrate:latest"]),
    ("liquibase", &["update"]),
    ("manage.py", &["migrate"]),
    ("migrate", &["up"]),
    ("mikro-orm", &["migration:up"]),
    ("prisma", &["deploy", "push"]),
    ("rails", &["db:migrate", "db:prepare"]),
    ("rake", &["db:migrate", "db:prepare"]),
    ("sequelize", &["db:migrate"]),
    ("sequelize-cli", &["db:migrate"]),
    ("sqlx", &["run"]),
    ("typeorm", &["migration:run"]),
    ("typeorm-ts-node-commonjs", &["migration:run"]),
];

/// Programs that run what follows them.
const RUNNERS: &[&str] = &[
    "python", "python3", "npx", "pnpm", "yarn", "bunx", "php", "node", "bun", "ruby",
];

pub fn dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    let folders = startup::folders(ctx, dockerfile);
    let mut seen: Vec<Location> = Vec::new();

    for stage in shipped_stages::serving(ctx, dockerfile) {
        let (entrypoint, cmd) = dockerfile.start(stage);

        for command in [entrypoint, cmd].into_iter().flatten() {
            // An entry point that ends in `exec "$@"` runs CMD.
            let runs_cmd = cmd.is_some() && entrypoint.is_some();
            let Some(finding) = migration(ctx, command, folders, runs_cmd, "the shipped image")
            else {
                continue;
            };

            if !seen.contains(&finding.location) {
                seen.push(finding.location);
                sink.report(finding);
            }
        }
    }
}

pub fn container(ctx: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    match owner {
        Owner::Compose(project, _) if project.development => return,
        // Jobs are where to migrate.
        Owner::Kubernetes(object, _)
            if container.role != ContainerRole::Main || object.kind.value.ends_with("Job") =>
        {
            return;
        }
        _ => {}
    }

    let folders = startup::folders_of(ctx, owner, container);
    let who = format!("`{}`", container.name.value);
    for command in [&container.entrypoint, &container.command]
        .into_iter()
        .flatten()
    {
        if let Some(finding) = migration(ctx, command, folders, false, &who) {
            sink.report(finding);
        }
    }
}

/// A finding of a command that migrates before it serves, itself or in a script that it runs.
fn migration(
    ctx: &Ctx,
    command: &Command,
    folders: &[String],
    runs_cmd: bool,
    title: &str,
) -> Option<Finding> {
    let script = command.script();

    if let Some(span) = migrates_then_serves(script, false) {
        let words = words_of(script, span);
        return Some(finding(command.place_of(span), title, &words));
    }

    for invocation in script.invocations() {
        let folders = ScriptFolders {
            repository: ctx.facts.repository,
            folders,
        };

        let Some(file) = script_file(&invocation, folders) else {
            continue;
        };

        if let Some(span) = migrates_then_serves(&shell::parse(&file.text), runs_cmd) {
            let location = command.place_of(invocation.name.span);
            return Some(
                finding(location, title, span.text(&file.text))
                    .related(file.location(span), "migrates here"),
            );
        }
    }

    None
}

fn finding(location: Location, title: &str, migration: &str) -> Finding {
    Finding::new(
        location,
        format!("{title} migrates the database on every start"),
    )
    .label(format!("runs `{migration}` before serving"))
    .help(
        "migrate once per deployment: in a Job or hook, a pipeline step, or a one-shot compose \
         service that others wait for",
    )
}

/// The words of a span of a script, as they are read.
fn words_of(script: &Script, span: Span) -> String {
    let words = script
        .commands
        .iter()
        .flat_map(|command| &command.words)
        .filter(|word| span.contains(word.span));
    let text: Vec<&str> = words.map(|word| word.text()).take(6).collect();
    text.join(" ")
}

/// Where a script migrates, if a program that keeps running follows.
fn migrates_then_serves(script: &Script, runs_cmd: bool) -> Option<Span> {
    let invocations = script.invocations();
    let index = invocations.iter().position(migrates)?;

    // In a condition, a user of the image chooses whether to migrate.
    let command = invocations[index].command;
    if script.within(command, shell::BlockKind::Body)
        || script.within(command, shell::BlockKind::Arm)
        || script.within(command, shell::BlockKind::Function)
    {
        return None;
    }

    let serves = invocations[index + 1..].iter().any(keeps_running)
        || runs_cmd
            && invocations
                .iter()
                .any(|invocation| invocation.name.text() == "$@");
    serves.then(|| invocations[index].span())
}

/// Whether an invocation neither migrates, nor prepares, nor ends by itself.
fn keeps_running(invocation: &Invocation) -> bool {
    const PREPARING: &[&str] = &[
        "cd", "chmod", "chown", "echo", "exit", "export", "mkdir", "printf", "set", "sleep", "true",
    ];

    !migrates(invocation) && !invocation.is(PREPARING) && !ends_by_itself(invocation)
}

fn ends_by_itself(invocation: &Invocation) -> bool {
    const TASKS: &[&str] = &[
        "collectstatic",
        "compilemessages",
        "createsuperuser",
        "loaddata",
        "seed",
        "db:seed",
        "check",
        "createcachetable",
        "build",
        "generate",
    ];
    invocation
        .args
        .iter()
        .any(|word| TASKS.contains(&word.text()))
}

fn migrates(invocation: &Invocation) -> bool {
    let mut words: Vec<&str> = std::iter::once(invocation.program)
        .chain(invocation.args.iter().map(|word| word.text()))
        .collect();
    if RUNNERS.contains(&invocation.program) {
        words.remove(0);
        while words
            .first()
            .is_some_and(|word| word.starts_with('-') || matches!(*word, "exec" | "run" | "dlx"))
        {
            words.remove(0);
        }
    }

    let Some((program, rest)) = words.split_first() else {
        return false;
    };

    let name = file_name(program);
    let task = matches!(invocation.program, "npm" | "pnpm" | "yarn" | "bun")
        && invocation.args.iter().any(|word| {
            matches!(
                word.text(),
                "migrate"
                    | "db:migrate"
                    | "migration:run"
                    | "migrate:deploy"
                    | "prisma:migrate"
                    | "migrate:prod"
            )
        });
    task || MIGRATORS
        .iter()
        .any(|(known, tasks)| *known == name && rest.iter().any(|word| tasks.contains(word)))
}
