//! Whether a start command does its work and ends: migrations, builds, tools. An image with one
//! needs no health check.

use crate::model::Command;
use crate::source::file_name;
use crate::syntax::shell::Invocation;

/// Programs that end by themselves, with the subcommands that do; without any, all do.
const ENDING: &[(&str, &[&str])] = &[
    ("alembic", &[]),
    ("atlas", &["migrate", "schema"]),
    ("aws", &[]),
    ("chmod", &[]),
    ("chown", &[]),
    ("cp", &[]),
    ("createbuckets", &[]),
    ("curl", &[]),
    ("dbmate", &[]),
    ("echo", &[]),
    (
        "flyway",
        &["migrate", "info", "validate", "repair", "baseline"],
    ),
    ("goose", &[]),
    ("hadolint", &[]),
    ("jest", &[]),
    ("jq", &[]),
    ("knex", &["migrate:latest", "seed:run"]),
    ("liquibase", &[]),
    ("ls", &[]),
    ("mc", &[]),
    ("migrate", &[]),
    ("mkdir", &[]),
    ("mongodump", &[]),
    ("mongorestore", &[]),
    ("mvn", &["package", "test", "verify", "install"]),
    ("mysqldump", &[]),
    ("pandoc", &[]),
    ("pg_dump", &[]),
    ("pg_dumpall", &[]),
    ("pg_restore", &[]),
    ("playwright", &["test"]),
    ("prisma", &["migrate", "db", "generate"]),
    ("pytest", &[]),
    ("sequelize", &[]),
    ("shellcheck", &[]),
    ("sqitch", &[]),
    ("tar", &[]),
    ("terraform", &[]),
    ("true", &[]),
    ("vitest", &["run"]),
    ("wget", &[]),
    ("yq", &[]),
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

/// Words that end, of programs that run the code of a framework.
const ENDING_SCRIPTS: &[&str] = &[
    "alembic",
    "collectstatic",
    "createsuperuser",
    "loaddata",
    "migrate",
    "pytest",
    "upgrade",
];

/// Programs that run code of the project, and are a prompt without arguments.
const INTERPRETERS: &[&str] = &[
    "bun", "bundle", "deno", "dotnet", "java", "node", "nodejs", "npm", "npx", "perl", "php",
    "pipenv", "pnpm", "poetry", "python", "python3", "rails", "ruby", "uv", "yarn",
];
const SHELLS: &[&str] = &["ash", "bash", "cmd", "powershell", "pwsh", "sh", "zsh"];

/// Whether a command opens a prompt for the user who starts it.
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

/// Whether a command starts an application of the project, by its name.
pub fn is_application(command: &Command) -> bool {
    let script = command.script();
    let invocations = script.invocations();
    let Some(invocation) = invocations.last() else {
        return false;
    };

    let program = invocation.program.trim_end_matches(".exe");
    // `start.sh` starts anything.
    if is_main(program) && !program.starts_with("start") {
        return true;
    }

    let is_interpreter = INTERPRETERS.contains(&program) || program.starts_with("python3.");
    is_interpreter
        && (matches!(program, "java" | "dotnet")
            || invocation
                .args
                .iter()
                .any(|word| is_main(file_name(word.text()))))
}

fn is_main(name: &str) -> bool {
    name.split(['.', '-', '_', ':'])
        .any(|part| MAINS.contains(&&*part.to_ascii_lowercase()))
}

/// Whether a command ends by itself: its last program does.
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

    let words: Vec<&str> = invocation
        .args
        .iter()
        .map(|word| word.text())
        .filter(|word| !word.starts_with('-'))
        .collect();

    match invocation.program {
        "npm" | "yarn" | "pnpm" | "bun" | "rake" | "rails" | "make" | "just" | "task"
        | "composer" | "cargo" | "go" | "dotnet" => words
            .iter()
            .find(|word| !matches!(**word, "run" | "exec"))
            .is_some_and(|task| is_ending_task(task)),
        "python" | "python3" | "php" | "uv" | "poetry" => {
            words.iter().any(|word| ENDING_SCRIPTS.contains(word))
                || words.iter().any(|word| word.ends_with("artisan"))
                    && words.iter().any(|task| task.starts_with("migrate"))
        }
        _ => false,
    }
}

fn is_ending_task(task: &str) -> bool {
    task.split([':', '-'])
        .any(|part| ENDING_TASKS.contains(&part))
}
