//! Tests of [`exits`](crate::analysis::exits).

use super::{analyze, stage};
use crate::analysis::exits;
use crate::model::Command;

/// Calls `ask` with a CMD.
fn with_command(cmd: &str, ask: impl FnOnce(&Command)) {
    let text = format!("FROM alpine\nCMD {cmd}\n");
    analyze(&[("Dockerfile", &text)], |repo| {
        let (_, command) = repo.dockerfile("Dockerfile").start(stage(0));
        ask(command.expect("a command"));
    });
}

#[test]
fn the_last_program_decides_whether_a_command_ends() {
    for (cmd, expected) in [
        ("[\"alembic\", \"upgrade\", \"head\"]", true),
        ("alembic upgrade head && gunicorn app", false),
        ("gunicorn app; pytest", true),
        ("[\"prisma\", \"studio\"]", false),
        ("[\"prisma\", \"migrate\", \"deploy\"]", true),
        ("[\"npm\", \"run\", \"build\"]", true),
        ("[\"npm\", \"run\", \"build:css\"]", true),
        ("[\"npm\", \"start\"]", false),
        ("[\"python\", \"manage.py\", \"migrate\"]", true),
        ("[\"python\", \"manage.py\", \"runserver\"]", false),
        ("[\"php\", \"artisan\", \"migrate\"]", true),
        ("[\"node\", \"server.js\", \"--help\"]", true),
        ("[\"serve\", \"--version\"]", true),
        ("[\"node\", \"server.js\"]", false),
    ] {
        with_command(cmd, |command| {
            assert_eq!(exits::command(command), expected, "{cmd}")
        });
    }
}

#[test]
fn a_shell_or_an_interpreter_alone_is_a_prompt() {
    for (cmd, expected) in [
        ("[\"bash\"]", true),
        ("[\"python3\"]", true),
        ("[\"node\"]", true),
        ("[\"pwsh.exe\"]", true),
        ("[\"bash\", \"start.sh\"]", false),
        ("[\"nginx\"]", false),
        ("bash && python3", false),
    ] {
        with_command(cmd, |command| {
            assert_eq!(exits::is_prompt(command), expected, "{cmd}")
        });
    }
}

#[test]
fn applications_have_usual_names() {
    for (cmd, expected) in [
        ("[\"node\", \"dist/server.js\"]", true),
        ("[\"python3.12\", \"-m\", \"api\"]", true),
        ("[\"python\", \"tool.py\"]", false),
        ("[\"java\", \"-jar\", \"x.jar\"]", true),
        ("[\"/bin/worker\"]", true),
        ("[\"/opt/order-service\"]", true),
        ("[\"start.sh\"]", false),
        ("[\"redis-cli\"]", false),
    ] {
        with_command(cmd, |command| {
            assert_eq!(exits::is_application(command), expected, "{cmd}")
        });
    }
}
