//! Checks that succeed whatever happens.

use super::health_test::{HealthTest, TABLE, TestFormat, is_one_of};
use crate::finding::Finding;
use crate::model::Command;
use crate::source::Location;
use crate::syntax::shell::{
    self, BlockKind, Connector, Invocation, Script, ShellOption, WrapperKind,
};

/// Why a check cannot fail.
#[derive(Debug)]
pub(super) enum Constant {
    /// A failure is turned into success: `|| exit 0`, `; true`.
    Ignored(Location),
    /// The check is a command that always succeeds.
    Always(Location),
    /// The last program of a pipe decides, and always succeeds.
    Piped(Location, String),
    /// `kill -0 1`
    FirstProcess(Location),
    /// A search in the list of processes that finds itself.
    FindsItself(Location, String),
    /// `curl` without `--fail`.
    AnyAnswer(Location),
}

/// The outcome of a part of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Success,
    Failure,
    Open,
}

impl Constant {
    pub fn find(test: &Command) -> Option<Self> {
        let script = test.script();
        let block = main_block(script)?;

        if let Some(constant) = Self::of_block(test, script, block) {
            return Some(constant);
        }

        if let Some((command, pattern)) = self_match(script) {
            return Some(Constant::FindsItself(test.place_of(command.span), pattern));
        }

        any_answer(script)
            .map(|invocation| Constant::AnyAnswer(test.place_of(invocation.name.span)))
    }

    fn of_block(test: &Command, script: &Script, block: u32) -> Option<Self> {
        let may_stop = script.invocations().iter().any(|invocation| {
            is_failing_exit(invocation) || sets_errexit(invocation) || is_unknown_shell(invocation)
        });
        if may_stop || starts_strict_shell(script) {
            return None;
        }

        let pipelines: Vec<usize> = (0..script.pipelines.len())
            .filter(|&index| script.pipelines[index].block == block)
            .collect();
        let (mut outcome, mut decisive) = (Outcome::Open, None);

        for &index in &pipelines {
            let own = pipeline_outcome(script, index);

            match (script.pipelines[index].joined, outcome) {
                // A list that runs beside the rest does not decide.
                (Connector::Background, _) => return None,
                (Connector::And, Outcome::Success)
                | (Connector::Or, Outcome::Failure)
                | (Connector::None | Connector::Sequence, _) => {
                    outcome = own;
                    decisive = Some(index);
                }
                (Connector::And, Outcome::Failure) | (Connector::Or, Outcome::Success) => {}
                (Connector::And, Outcome::Open) => {
                    if own == Outcome::Failure {
                        outcome = Outcome::Failure;
                    }
                }
                (Connector::Or, Outcome::Open) => {
                    if own == Outcome::Success {
                        outcome = Outcome::Success;
                        decisive = Some(index);
                    }
                }
            }
        }

        if outcome != Outcome::Success {
            return None;
        }

        let index = decisive?;
        let pipeline = &script.pipelines[index];
        let command = last_command(script, index)?;
        let location = test.place_of(command.span);
        let invocation = Invocation::of(command)?;

        Some(if pipeline.len > 1 {
            Constant::Piped(location, invocation.program.to_owned())
        } else if invocation.is(&["kill"]) {
            Constant::FirstProcess(location)
        } else if pipelines.len() > 1 {
            Constant::Ignored(location)
        } else {
            Constant::Always(location)
        })
    }

    pub fn finding(self, test: &HealthTest) -> Finding {
        let title = &test.title;
        let (location, message, label, help) = match self {
            Constant::Ignored(location) => (
                location,
                format!("the health check of {title} ignores every failure"),
                "success, whatever came before".to_owned(),
                match test.format {
                    TestFormat::Kubernetes => {
                        "remove it, so that the probe ends with the status of the check"
                    }
                    _ => "end it with `|| exit 1`, or with nothing",
                },
            ),
            Constant::Always(location) => (
                location,
                format!("the health check of {title} always passes"),
                "succeeds whatever the service does".to_owned(),
                "call the service itself, such as its health endpoint",
            ),
            Constant::Piped(location, program) => (
                location,
                format!("the health check of {title} cannot see a failure before the pipe"),
                format!("the check ends with the status of `{program}`"),
                "remove the pipe, or compare the output: `| grep -q ok`",
            ),
            Constant::FirstProcess(location) => (
                location,
                format!("the health check of {title} always passes"),
                "process 1 lives as long as the container".to_owned(),
                "call the service itself, such as its health endpoint",
            ),
            Constant::FindsItself(location, pattern) => (
                location,
                format!("the health check of {title} finds itself"),
                format!("the search for `{pattern}` is in the list of processes, too"),
                "call the service itself, such as its health endpoint",
            ),
            Constant::AnyAnswer(location) => (
                location,
                format!("the health check of {title} passes on HTTP errors"),
                "`curl` succeeds on 404 and 500, too".to_owned(),
                "add `--fail`: `curl --fail …`",
            ),
        };

        Finding::new(location, message).label(label).help(help)
    }
}

/// The block whose last command decides: that of the script, or of the only shell that it starts.
fn main_block(script: &Script) -> Option<u32> {
    let is_only_shell = script
        .pipelines
        .iter()
        .filter(|pipeline| pipeline.block == 0)
        .count()
        == 1
        && script.commands.first().is_some_and(|command| {
            Invocation::of(command)
                .is_some_and(|invocation| invocation.is(&["sh", "bash", "ash", "dash"]))
                && command.pipeline == 0
        });
    let nested = script
        .blocks
        .iter()
        .position(|block| block.kind == BlockKind::Shell && block.host == Some(0));

    match nested {
        Some(block) if is_only_shell => u32::try_from(block).ok(),
        _ => Some(0),
    }
}

fn last_command(script: &Script, pipeline: usize) -> Option<&shell::Command> {
    let index = script.pipelines[pipeline].len.checked_sub(1)?;

    script.commands.iter().find(|command| {
        command.pipeline as usize == pipeline
            && command.index == index
            && command.block == script.pipelines[pipeline].block
    })
}

fn pipeline_outcome(script: &Script, pipeline: usize) -> Outcome {
    // A compound command has no command of its own.
    let outcome = last_command(script, pipeline).map_or(Outcome::Open, |command| {
        command_outcome(command, script.pipelines[pipeline].len > 1)
    });

    match (outcome, script.pipelines[pipeline].negated) {
        (Outcome::Success, true) => Outcome::Failure,
        (Outcome::Failure, true) => Outcome::Success,
        (outcome, _) => outcome,
    }
}

fn command_outcome(command: &shell::Command, is_fed: bool) -> Outcome {
    let Some(invocation) = Invocation::of(command) else {
        return Outcome::Open;
    };

    // `: > /dev/tcp/127.0.0.1/6333` fails where nothing listens.
    let may_fail = command
        .redirects
        .iter()
        .any(|redirect| redirect.target.text() != "/dev/null" && redirect.descriptor != Some(2));
    if may_fail {
        return Outcome::Open;
    }

    let first = invocation.args.first().map_or("", |word| word.text());

    match invocation.program {
        "exit" if first == "0" => Outcome::Success,
        "exit" if first.is_empty() => Outcome::Open,
        "exit" | "false" => Outcome::Failure,
        "kill" if is_first_process_asked(&invocation) => Outcome::Success,
        "test" | "[" | "ls" | "stat" | "cat" if asks_for_fixture(&invocation) => Outcome::Success,
        "python" | "python3" | "node" | "ruby" | "php" | "bun" if runs_constant(&invocation) => {
            Outcome::Success
        }
        program if is_one_of(&TABLE.constant, program) => Outcome::Success,
        program if is_fed && is_one_of(&TABLE.filters, program) => {
            // Without a file of its own it reads the pipe.
            Outcome::Success
        }
        _ => Outcome::Open,
    }
}

fn is_first_process_asked(invocation: &Invocation) -> bool {
    let words: Vec<&str> = invocation.args.iter().map(|word| word.text()).collect();

    words == ["-0", "1"] || words == ["-s", "0", "1"]
}

/// Whether a command only looks for a path that every container has.
fn asks_for_fixture(invocation: &Invocation) -> bool {
    let paths: Vec<&str> = invocation
        .args
        .iter()
        .map(|word| word.text())
        .filter(|text| !text.starts_with('-') && *text != "]")
        .collect();
    let is_negated = paths.first() == Some(&"!");

    !paths.is_empty()
        && !is_negated
        && paths.iter().all(|path| {
            matches!(
                *path,
                "/" | "." | "/bin" | "/bin/sh" | "/etc" | "/etc/passwd" | "/usr" | "/proc"
            ) || path.starts_with("/proc/1/")
                || path.starts_with("/proc/self")
                || *path == "/proc/1"
        })
}

/// Whether an interpreter runs code that only ends with success.
fn runs_constant(invocation: &Invocation) -> bool {
    let code = invocation.option(&["-c", "-e", "--eval", "-r", "-p"]);
    let Some(code) = code else { return false };

    code.value
        .split([';', '\n'])
        .map(str::trim)
        .all(|statement| {
            let plain: String = statement
                .chars()
                .filter(|letter| !letter.is_whitespace())
                .collect();
            let is_print = ["print(", "console.log(", "puts", "echo"]
                .iter()
                .any(|start| plain.starts_with(start))
                && plain.matches('(').count() <= 1;

            is_print
                || matches!(
                    plain.as_str(),
                    "" | "pass"
                        | "importsys"
                        | "importos"
                        | "exit()"
                        | "exit(0)"
                        | "quit()"
                        | "sys.exit()"
                        | "sys.exit(0)"
                        | "os._exit(0)"
                        | "process.exit()"
                        | "process.exit(0)"
                )
        })
}

fn is_failing_exit(invocation: &Invocation) -> bool {
    invocation.is(&["exit", "return"])
        && invocation
            .args
            .first()
            .is_none_or(|word| word.text() != "0")
}

fn sets_errexit(invocation: &Invocation) -> bool {
    invocation.is(&["set"])
}

/// Whether a shell is started with options that stop it at a failure.
fn is_unknown_shell(invocation: &Invocation) -> bool {
    invocation.wrapper(WrapperKind::Xargs).is_some()
}

fn starts_strict_shell(script: &Script) -> bool {
    let is_shell = |command: &&shell::Command| {
        Invocation::of(command)
            .is_some_and(|invocation| invocation.is(&["sh", "bash", "ash", "dash"]))
    };

    script.commands.iter().filter(is_shell).any(|command| {
        let options = command.words.get(1..).unwrap_or_default();

        [ShellOption::ErrExit, ShellOption::PipeFail]
            .iter()
            .any(|option| option.set_by(options) == Some(true))
    })
}

/// The last command of `ps | grep x`, which lists the search too, and what it searches for.
fn self_match(script: &Script) -> Option<(&shell::Command, String)> {
    let index = script.commands.iter().position(|command| {
        matches!(command.name(), "ps" | "/bin/ps") && script.pipeline(command).len == 2
    })?;
    let list = &script.commands[index];
    let search = script
        .commands
        .iter()
        .find(|command| command.pipeline == list.pipeline && command.index == 1)?;
    let invocation = Invocation::of(search)?;
    let shows_arguments = list.words.len() > 1
        && !list.words[1..]
            .iter()
            .any(|word| matches!(word.text(), "-o" | "-C" | "comm" | "-eo" | "-p"));
    if !invocation.is(&["grep", "egrep", "fgrep"]) || !shows_arguments {
        return None;
    }

    let is_inverted = invocation.flag(&["-v", "-c", "--count"]).is_some();
    let pattern = invocation.positionals(&["-e", "-m"]).first()?.text();
    // `[n]ginx` and `^nginx` do not match their own command line.
    let is_plain = !pattern.is_empty()
        && pattern
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || " -_./:".contains(letter));

    (is_plain && !is_inverted).then(|| (search, pattern.to_owned()))
}

/// The call of `curl` whose status decides, if it does not fail for HTTP errors.
fn any_answer(script: &Script) -> Option<Invocation<'_>> {
    let invocations = script.invocations();
    let mut calls = invocations.into_iter().filter(|invocation| {
        !invocation.is(&["exit", "true", "false", "echo", "sh", "bash", "ash", "dash"])
    });
    let curl = calls.next()?;
    if calls.next().is_some() || !curl.is(&["curl"]) {
        return None;
    }

    let command = curl.command;
    let pipeline = script.pipeline(command);
    let is_last = command.index + 1 == pipeline.len;
    let is_inside = script.ancestors(command).any(|block| {
        !matches!(
            block.kind,
            BlockKind::Script | BlockKind::Shell | BlockKind::Group
        )
    });
    let has_fail = curl
        .flag(&["-f", "--fail", "--fail-with-body", "-K", "--config"])
        .is_some();
    let asks_http = curl.args.iter().any(|word| {
        let text = word.text();
        text.starts_with("http://")
            || text.starts_with("https://")
            || text.starts_with("localhost")
            || text.starts_with("127.0.0.1")
    });
    // An option may be in a variable.
    let has_open_option = curl.args.iter().any(|word| {
        word.text().starts_with('$') && word.text().to_ascii_uppercase().contains("OPT")
    });

    (is_last && !is_inside && !has_fail && asks_http && !has_open_option).then_some(curl)
}
