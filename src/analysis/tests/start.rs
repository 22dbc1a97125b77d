//! Tests of [`start`](crate::analysis::start).

use super::{Repo, analyze, stage};
use crate::analysis::start::{StartCommand, StartPart, of_container, of_stage};
use crate::model::Command;
use crate::source::Span;

fn code(command: &Command) -> &str {
    match command {
        Command::Shell { code, .. } => &code.text,
        Command::Exec { .. } => "no shell",
    }
}

/// The words of a command, each with the letter of its setting.
fn show(command: Option<&StartCommand>) -> String {
    match command {
        None => "nothing".to_owned(),
        Some(StartCommand::Shell(command)) => format!("shell {}", code(command)),
        Some(StartCommand::Words(start)) => {
            let words = start.words.iter().map(|word| match word.part {
                StartPart::Entrypoint => format!("e:{}", word.value),
                StartPart::Command => format!("c:{}", word.value),
            });
            words.collect::<Vec<_>>().join(" ")
        }
    }
}

#[test]
fn entrypoint_and_command_are_one() {
    for (lines, expected) in [
        ("RUN a", "nothing"),
        ("CMD [\"a\", \"b\"]", "c:a c:b"),
        ("ENTRYPOINT [\"a\"]\nCMD [\"b\"]", "e:a c:b"),
        ("CMD a b", "shell a b"),
        // A shell ignores what follows its string.
        ("ENTRYPOINT a\nCMD [\"b\"]", "shell a"),
        ("ENTRYPOINT [\"a\"]\nCMD b c", "e:a c:/bin/sh c:-c c:b c"),
    ] {
        let text = format!("FROM alpine\n{lines}\n");
        analyze(&[("Dockerfile", &text)], |repo| {
            let command = of_stage(repo.dockerfile("Dockerfile"), stage(0));
            assert_eq!(show(command.as_ref()), expected, "{lines}");
        });
    }
}

#[test]
fn a_container_is_laid_over_its_image() {
    for (service, expected) in [
        ("", "nothing"),
        ("    command: [x]\n", "e:a c:x"),
        ("    entrypoint: [y]\n", "e:y"),
        ("    entrypoint: [y]\n    command: [x]\n", "e:y c:x"),
    ] {
        let compose = format!("services:\n  web:\n    build: .\n{service}");
        let files = [
            (
                "Dockerfile",
                "FROM alpine\nENTRYPOINT [\"a\"]\nCMD [\"b\"]\n",
            ),
            ("compose.yaml", compose.as_str()),
        ];
        analyze(&files, |repo| {
            let (_, service) = repo.service("compose.yaml", "web");
            let command = of_container(&repo.analysis, &service.container);
            assert_eq!(show(command.as_ref()), expected, "{compose}");
        });
    }
}

/// The places of all parts of a text that are the start command of a stage.
fn places(repo: &Repo, part: &str) -> String {
    let command = of_stage(repo.dockerfile("Dockerfile"), stage(0)).expect("a command");
    let source = match &command {
        StartCommand::Shell(command) => code(command).to_owned(),
        StartCommand::Words(start) => {
            let words: Vec<&str> = start.words.iter().map(|word| word.value.as_str()).collect();
            words.join(" ")
        }
    };
    let start = source.find(part).expect("the part is in the command");

    repo.show(command.place_of(Span::of(start, start + part.len())))
}

#[test]
fn parts_of_a_command_have_their_place() {
    for (lines, part, expected) in [
        ("CMD [\"one\", \"two\"]", "two", "Dockerfile:2:\"two\""),
        (
            "CMD [\"one\", \"two\"]",
            "one two",
            "Dockerfile:2:\"one\", \"two\"",
        ),
        ("CMD [\"--port=80\"]", "80", "Dockerfile:2:80"),
        // Of two settings, the last one.
        (
            "ENTRYPOINT [\"one\"]\nCMD [\"two\"]",
            "one two",
            "Dockerfile:3:\"two\"",
        ),
        ("CMD serve --port 80", "80", "Dockerfile:2:80"),
        (
            "ENTRYPOINT [\"one\"]\nCMD serve 80",
            "80",
            "Dockerfile:3:80",
        ),
    ] {
        let text = format!("FROM alpine\n{lines}\n");
        analyze(&[("Dockerfile", &text)], |repo| {
            assert_eq!(places(repo, part), expected, "{lines}");
        });
    }
}
