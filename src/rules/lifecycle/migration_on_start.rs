//! `migration-on-start`: start commands that change the database before they serve.

use crate::analysis::{Analysis, Owner, shipped_stages, start, startup};
use crate::finding::{Finding, Sink};
use crate::model::container::{Container, ContainerRole};
use crate::model::dockerfile::Dockerfile;
use crate::model::server::{ScriptFolders, followed_scripts};
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

/// How many commands of a script are followed.
const MAX_FOLLOWED: usize = 20;

/// Programs that run what follows them.
const RUNNERS: &[&str] = &[
    "python", "python3", "npx", "pnpm", "yarn", "bunx", "php", "node", "bun", "ruby",
];

pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let folders = startup::folders(ctx, dockerfile);
    let mut seen: Vec<Location> = Vec::new();

    for stage in shipped_stages::serving(ctx, dockerfile) {
        let (entrypoint, cmd) = dockerfile.start(stage);

        for command in [entrypoint, cmd].into_iter().flatten() {
            // An entry point that ends in `exec "$@"` runs CMD.
            let runs_cmd = cmd.is_some() && entrypoint.is_some();
            let place = |span| command.place_of(span);
            let script = (command.script(), &place as &dyn Fn(Span) -> Location);
            let Some(finding) = migration(ctx, script, folders, runs_cmd, "the shipped image")
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

pub fn container(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
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
    let mut is_reported = false;

    for command in [&container.entrypoint, &container.command]
        .into_iter()
        .flatten()
    {
        let place = |span| command.place_of(span);
        if let Some(finding) = migration(ctx, (command.script(), &place), folders, false, &who) {
            is_reported = true;
            sink.report(finding);
        }
    }

    // `command: [sh, -c]` and what it runs in `args`.
    if !is_reported
        && container.entrypoint.is_some()
        && let Some(start) = start::of_container(ctx, container)
    {
        let place = |span| start.place_of(span);
        let finding = migration(ctx, (start.script(), &place), folders, false, &who);
        finding.into_iter().for_each(|finding| sink.report(finding));
    }
}

/// A finding of a command that migrates before it serves, itself or in a script that it runs.
fn migration(
    ctx: &Analysis,
    (script, place): (&Script, &dyn Fn(Span) -> Location),
    folders: &[String],
    runs_cmd: bool,
    title: &str,
) -> Option<Finding> {
    let folders = ctx.script_folders(folders);

    if let Some(span) = migrates_then_serves(script, false, folders) {
        let words = words_of(script, span);
        return Some(finding(place(span), title, &words));
    }

    for invocation in script.invocations().iter().take(MAX_FOLLOWED) {
        for followed in followed_scripts(invocation, folders) {
            let Some(span) = migrates_then_serves(&followed.script, runs_cmd, folders) else {
                continue;
            };

            let location = place(invocation.name.span);
            let words = words_of(&followed.script, span);
            return Some(
                finding(location, title, &words).related(followed.location(span), "migrates here"),
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

/// Where a script migrates, itself or by a script that it runs, if a program that keeps running
/// follows.
fn migrates_then_serves(script: &Script, runs_cmd: bool, folders: ScriptFolders) -> Option<Span> {
    let invocations = script.invocations();
    let index = invocations
        .iter()
        .enumerate()
        .position(|(index, invocation)| {
            migrates(invocation)
                || index < MAX_FOLLOWED
                    && followed_scripts(invocation, folders)
                        .iter()
                        .any(|followed| only_migrates(&followed.script))
        })?;

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

/// Whether a script migrates, and nothing in it keeps running.
fn only_migrates(script: &Script) -> bool {
    let invocations = script.invocations();

    invocations.iter().any(migrates) && !invocations.iter().any(keeps_running)
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

pub fn migrates(invocation: &Invocation) -> bool {
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
