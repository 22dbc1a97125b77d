//! Whether a start command does its work and ends: migrations, builds, tools. An image with one
//! needs no health check.

use crate::model::Command;
use crate::source::file_name;
use crate::syntax::shell::Invocation;

/// Programs that end by themselves, with the subcommands for which that is so; none given means
/// any.
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
    (
        "flyway",
        &["migrate", "info", "validate", "repair", "baseline"],
    ),
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
const ENDING_TASKS: &[&str] = &[
    "build",
    "test",
    "lint",
    "migrate",
    "migration",
    "seed",
    "e2e",
    "install",
    "ci",
    "generate",
];

/// Programs that run code of the project's own, and are a prompt where they are given none.
const INTERPRETERS: &[&str] = &[
    "bun", "bundle", "deno", "dotnet", "java", "node", "nodejs", "npm", "npx", "perl", "php",
    "pipenv", "pnpm", "poetry", "python", "python3", "rails", "ruby", "uv", "yarn",
];
const SHELLS: &[&str] = &["ash", "bash", "cmd", "powershell", "pwsh", "sh", "zsh"];

/// Whether a command is a prompt for whoever starts it.
pub fn is_prompt(command: &Command) -> bool {
    let script = command.script();
    let invocations = script.invocations();
    let [invocation] = invocations.as_slice() else {
        return false;
    };

    let program = invocation.program.trim_end_matches(".exe");

    invocation.args.is_empty() && (SHELLS.contains(&program) || INTERPRETERS.contains(&program))
}

/// What the main program of an application is often called.
const MAINS: &[&str] = &[
    "api",
    "app",
    "application",
    "backend",
    "bot",
    "consumer",
    "daemon",
    "gateway",
    "index",
    "main",
    "manage",
    "serve",
    "server",
    "service",
    "start",
    "web",
    "worker",
    "www",
];

/// Whether a command starts an application of the project's own, going by what it is called.
pub fn is_application(command: &Command) -> bool {
    let script = command.script();
    let invocations = script.invocations();
    let Some(invocation) = invocations.last() else {
        return false;
    };

    let program = invocation.program.trim_end_matches(".exe");
    let mut words = invocation.args.iter().map(|word| file_name(word.text()));
    let named = |word: &str| {
        word.split(['.', '-', '_', ':'])
            .any(|part| MAINS.contains(&&*part.to_ascii_lowercase()))
    };

    let runs = INTERPRETERS.contains(&program) || program.starts_with("python3.");
    // `start.sh` starts anything.
    named(program) && !program.starts_with("start")
        || runs && (matches!(program, "java" | "dotnet") || words.any(named))
}

/// Whether a command ends by itself: every program that it runs does.
pub fn command(command: &Command) -> bool {
    let script = command.script();
    let invocations = script.invocations();
    invocations.last().is_some_and(ends)
}

fn ends(invocation: &Invocation) -> bool {
    if invocation
        .args
        .iter()
        .any(|word| matches!(word.text(), "--help" | "--version"))
    {
        return true;
    }

    let listed = ENDING
        .iter()
        .find(|(program, _)| *program == invocation.program);
    if let Some((_, subcommands)) = listed {
        return subcommands.is_empty()
            || invocation
                .subcommand(&[])
                .is_some_and(|word| subcommands.contains(&word));
    }

    let words = || {
        invocation
            .args
            .iter()
            .map(|word| word.text())
            .filter(|word| !word.starts_with('-'))
    };

    match invocation.program {
        "npm" | "yarn" | "pnpm" | "bun" | "rake" | "rails" | "make" | "just" | "task"
        | "composer" | "cargo" | "go" | "dotnet" => {
            let task = words().find(|word| !matches!(*word, "run" | "exec"));
            task.is_some_and(|task| {
                task.split([':', '-'])
                    .any(|part| ENDING_TASKS.contains(&part))
            })
        }
        "python" | "python3" | "php" | "uv" | "poetry" => words().any(|word| {
            matches!(
                word,
                "migrate"
                    | "collectstatic"
                    | "alembic"
                    | "pytest"
                    | "loaddata"
                    | "createsuperuser"
                    | "upgrade"
            ) || word.ends_with("artisan") && words().any(|task| task.starts_with("migrate"))
        }),
        _ => false,
    }
}
