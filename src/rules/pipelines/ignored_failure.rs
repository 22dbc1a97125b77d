//! `ignored-failure`: tests, checks and scans whose failures are ignored.

use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::workflow::{
    Evidence, Job, Purpose, Step, Workflow, command_purposes, container_command, step_purposes,
};
use crate::model::{Code, Setting};
use crate::source::{Location, Span};
use crate::syntax::shell::{
    Command, Connector, Invocation, Script, ShellOption, Word, WrapperKind,
};

/// Whether a failure of this purpose should stop the pipeline.
const fn is_gate(purpose: Purpose) -> bool {
    matches!(
        purpose,
        Purpose::Test
            | Purpose::Lint
            | Purpose::Typecheck
            | Purpose::Scan
            | Purpose::ImageScan
            | Purpose::Evaluate
            | Purpose::SecretScan
    )
}

/// The noun of a gate in messages.
const fn gate_noun(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Test => "test",
        Purpose::Lint | Purpose::Typecheck => "check",
        Purpose::Evaluate => "evaluation",
        _ => "scan",
    }
}

pub fn check(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    for job in &workflow.jobs {
        if let Some(location) = continues(&job.continue_on_error)
            && let Some(evidence) = job.steps.iter().find_map(gate_of)
        {
            sink.report(ignored_gate(location, &evidence));
        }

        for step in job.steps.iter().filter(|step| !step.is_disabled()) {
            if let Some(location) = continues(&step.continue_on_error)
                && let Some(evidence) = gate_of(step)
                && !is_judged_later(ctx, &job.steps, step)
                && !is_uploaded_later(&job.steps, step)
            {
                sink.report(ignored_gate(location, &evidence));
            }

            report_commands(job, step, sink);
            report_scanner(ctx, job, step, sink);
        }
    }
}

/// The first command or action of a step that is a gate; names of steps are not enough.
pub(super) fn gate_of(step: &Step) -> Option<Evidence> {
    step_purposes(step).find(|evidence| is_gate(evidence.purpose) && !evidence.named)
}

/// The place of `continue-on-error: true`.
fn continues(setting: &Setting<bool>) -> Option<Location> {
    let setting = setting.known()?;

    setting.value.then_some(setting.location)
}

pub(super) fn ignored_gate(location: Location, evidence: &Evidence) -> Finding {
    Finding::new(
        location,
        format!("{} failures are ignored", gate_noun(evidence.purpose)),
    )
    .related(evidence.location, "can fail unnoticed")
    .help("let it fail, and skip known failures by name, with a reason")
}

/// Whether another step reads the outcome of this one, or what it wrote. Its `conclusion` is
/// always `success`: `continue-on-error` is applied before.
fn is_judged_later(ctx: &Analysis, steps: &[Step], step: &Step) -> bool {
    let Some(id) = &step.id else { return false };

    let reads = [
        format!("steps.{}.outcome", id.value),
        format!("steps.{}.outputs", id.value),
    ];
    let reads_step = |text: &str| reads.iter().any(|read| text.contains(read.as_str()));

    steps.iter().any(|step| {
        let condition = step.condition.as_ref();
        let script = step.run.as_ref();
        let values = step.env.iter().chain(&step.with);

        condition.is_some_and(|condition| reads_step(&condition.value))
            || script.is_some_and(|code| reads_step(&code.text))
            || values
                .filter_map(|variable| variable.value.location())
                .any(|location| reads_step(ctx.facts.text(location)))
    })
}

/// Whether the results are uploaded to code scanning after the step, and judged there.
fn is_uploaded_later(steps: &[Step], step: &Step) -> bool {
    steps
        .iter()
        .filter(|other| other.location.span.start > step.location.span.start)
        .any(|other| other.runs_action("github/codeql-action/upload-sarif"))
}

/// How a script ignores the failure of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ignored {
    /// By a command after `||` that succeeds.
    Alternative,
    /// By an option of the command itself.
    Option,
    /// By a pipe into a program that succeeds, without `pipefail`.
    Pipe,
    /// By `set +e`, and commands that follow.
    NoErrExit,
}

impl Ignored {
    fn help(self, text: &str) -> String {
        match self {
            Self::Alternative => format!("remove `|| {text}`"),
            Self::Option => format!("remove `{text}`"),
            Self::Pipe => {
                "add `set -o pipefail` before it, or `shell: bash` to the step".to_owned()
            }
            Self::NoErrExit => {
                "remove `set +e`, or end the script with the status of this command".to_owned()
            }
        }
    }
}

/// Reports `pytest || true` and the like.
pub(super) fn report_commands(job: &Job, step: &Step, sink: &mut Sink) {
    let Some(code) = &step.run else { return };

    let script = code.script();

    for invocation in script.invocations() {
        let Some(purpose) = gate_purpose(&invocation) else {
            continue;
        };

        report_passing_scan(step, code, job, &invocation, sink);

        let Some((ignored, span)) = ignored_by(job, step, script, &code.text, &invocation) else {
            continue;
        };

        if is_fixer(script, &invocation) || is_repeated(job, step, &invocation) {
            continue;
        }

        sink.report(
            Finding::new(
                code.location(span),
                format!("{} failures are ignored", gate_noun(purpose)),
            )
            .related(code.location(invocation.span()), "can fail unnoticed")
            .help(ignored.help(span.text(&code.text))),
        );
    }
}

/// The purpose of a command that is a gate.
fn gate_purpose(invocation: &Invocation<'_>) -> Option<Purpose> {
    if invocation.args.iter().any(|arg| arg.text() == "--version") {
        return None;
    }

    command_purposes(invocation)
        .into_iter()
        .find(|(purpose, named)| is_gate(*purpose) && (!named || names_gate(invocation)))
        .map(|(purpose, _)| purpose)
}

/// Runners of tasks that have names.
const TASK_RUNNERS: &[&str] = &[
    "make", "gmake", "just", "task", "npm", "pnpm", "yarn", "bun", "poe", "composer", "rake",
    "invoke", "inv", "mage",
];

/// Whether the task or the module that a command runs is called a test, a check or an evaluation
/// and nothing else: `make test`, `npm run lint:css`, `python -m evals.run`.
fn names_gate(invocation: &Invocation<'_>) -> bool {
    const NAMES: &[&str] = &[
        "test",
        "tests",
        "lint",
        "typecheck",
        "e2e",
        "unit",
        "eval",
        "evals",
    ];

    let is_module = invocation
        .wrapper(WrapperKind::Runner)
        .is_some_and(|wrapper| wrapper.program.starts_with("python"));
    let task = if TASK_RUNNERS.contains(&invocation.program) {
        let mut plain = invocation.args.iter().map(Word::text).filter(|word| {
            !word.starts_with('-') && !word.contains('=') && !matches!(*word, "run" | "run-script")
        });
        plain.next()
    } else {
        is_module.then_some(invocation.program)
    };

    task.and_then(|task| task.split([':', '.', '-']).next())
        .is_some_and(|name| NAMES.contains(&name))
}

/// A scanner that ends with 0 whatever it finds, unless an option says otherwise.
struct PassingScanner {
    program: &'static str,
    /// The words before what is scanned; none for a program that only scans.
    verbs: &'static [&'static str],
    /// Options and variables that make it fail.
    options: &'static [&'static str],
    variable: &'static str,
    help: &'static str,
}

const PASSING_SCANNERS: &[PassingScanner] = &[
    PassingScanner {
        program: "trivy",
        verbs: &[
            "image",
            "i",
            "fs",
            "filesystem",
            "repo",
            "repository",
            "rootfs",
            "config",
        ],
        options: &["--exit-code", "--config", "-c"],
        variable: "TRIVY_EXIT_CODE",
        help: "add `--exit-code 1 --severity CRITICAL,HIGH`",
    },
    PassingScanner {
        program: "grype",
        verbs: &[],
        options: &["--fail-on", "-f", "--config", "-c"],
        variable: "GRYPE_FAIL_ON_SEVERITY",
        help: "add `--fail-on high`",
    },
];

/// Reports a scanner that is not told to fail.
fn report_passing_scan(
    step: &Step,
    code: &Code,
    job: &Job,
    invocation: &Invocation<'_>,
    sink: &mut Sink,
) {
    let (program, words) = scan_words(invocation);
    let Some(scanner) = PASSING_SCANNERS
        .iter()
        .find(|scanner| scanner.program == program)
    else {
        return;
    };

    let scans = scanner.verbs.is_empty() && words.iter().any(|word| !word.starts_with('-'))
        || words.iter().any(|word| scanner.verbs.contains(word));
    let is_other = words.iter().any(|word| {
        word.starts_with("--download") || matches!(*word, "db" | "version" | "--help" | "--version")
    });
    let script = code.script();
    let is_read = script.pipeline(invocation.command).len > 1
        || invocation.command.block != 0
        || script.pipeline(invocation.command).then == Connector::Or;
    if !scans || is_other || is_read || writes_report_file(invocation) {
        return;
    }

    let may_fail = |words: &[&str]| {
        words.iter().any(|word| {
            let name = word.split('=').next().unwrap_or_default();
            scanner.options.contains(&name)
        })
    };
    let mut scripts = job.steps.iter().filter_map(|step| step.run.as_ref());
    let fails_elsewhere = scripts.any(|code| {
        code.text.contains(scanner.variable)
            || code.script().invocations().iter().any(|other| {
                let (program, words) = scan_words(other);
                program == scanner.program && may_fail(&words)
            })
    });
    let is_set = [&step.env, &job.env].iter().any(|env| {
        env.iter()
            .any(|variable| variable.name.value == scanner.variable)
    });
    if fails_elsewhere || is_set || is_followed_by_upload(job, step) {
        return;
    }

    sink.report(
        Finding::new(
            code.location(invocation.span()),
            "the scan never fails, regardless of what it finds",
        )
        .help(scanner.help),
    );
}

/// Whether a later step reads what a scan has written.
fn is_followed_by_upload(job: &Job, step: &Step) -> bool {
    is_uploaded_later(&job.steps, step)
}

/// The scanner that a command runs, by itself or in a container, and its arguments.
fn scan_words<'s>(invocation: &Invocation<'s>) -> (&'s str, Vec<&'s str>) {
    let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();

    match container_command(invocation.program, &words) {
        Some(command) if !command.tool.is_empty() => (command.tool, command.args),
        _ => (invocation.program, words),
    }
}

/// How the failure of a command is ignored, and the place that shows it.
fn ignored_by(
    job: &Job,
    step: &Step,
    script: &Script,
    text: &str,
    invocation: &Invocation<'_>,
) -> Option<(Ignored, Span)> {
    if let Some(span) = success_after(script, invocation) {
        return Some((Ignored::Alternative, span));
    }

    if let Some(span) = ignoring_option(invocation) {
        return Some((Ignored::Option, span));
    }

    let is_posix = runs_posix_shell(job, step);
    if !is_posix || text.contains("$?") || text.contains("PIPESTATUS") {
        return None;
    }

    if let Some(span) = hiding_pipe(step, script, invocation) {
        return Some((Ignored::Pipe, span));
    }

    let span = errexit_off(script, invocation)?;
    Some((Ignored::NoErrExit, span))
}

/// The command after `||` that hides the failure of a command.
fn success_after(script: &Script, invocation: &Invocation<'_>) -> Option<Span> {
    let failing = invocation.command;
    if script.pipeline(failing).then != Connector::Or {
        return None;
    }

    // What stands beside it in a pipe has failed with it.
    let next = script.commands.iter().find(|command| {
        command.span.start > failing.span.end
            && command.pipeline != failing.pipeline
            && (command.block == failing.block
                || script.blocks[command.block as usize].parent == Some(failing.block))
    })?;
    if next.block != failing.block {
        return success_of_block(script, next.block);
    }

    let is_last = !matches!(
        script.pipeline(next).then,
        Connector::And | Connector::Or | Connector::Background
    );
    let succeeds = match next.name() {
        "true" | ":" | "/bin/true" => true,
        "exit" => next.words.get(1).is_some_and(|word| word.text() == "0"),
        "echo" | "printf" => is_last,
        _ => false,
    };

    succeeds.then_some(next.span)
}

/// The last command of a block after `||`, if the block always succeeds: `{ echo failed; }`.
fn success_of_block(script: &Script, block: u32) -> Option<Span> {
    let commands = || {
        script
            .commands
            .iter()
            .filter(|command| command.block == block)
    };
    let last = commands().next_back()?;
    if script.blocks[block as usize].host.is_some() {
        return None;
    }

    let is_zero = |command: &Command| command.words.get(1).is_some_and(|word| word.text() == "0");
    let fails = commands().any(|command| {
        matches!(command.name(), "exit" | "return" | "kill" | "false") && !is_zero(command)
    });
    let succeeds = matches!(last.name(), "echo" | "printf" | "true" | ":")
        || last.name() == "exit" && is_zero(last);

    (succeeds && !fails).then_some(last.span)
}

/// Options with which a checker succeeds whatever it finds: programs, the option, its value.
const IGNORING: &[(&[&str], &str, Option<&str>)] = &[
    (
        &["ruff", "flake8", "pylint", "bandit", "sqlfluff"],
        "--exit-zero",
        None,
    ),
    (&["trivy"], "--exit-code", Some("0")),
    (&["golangci-lint"], "--issues-exit-code", Some("0")),
    (&["gitleaks", "betterleaks"], "--exit-code", Some("0")),
    (&["checkov", "tfsec"], "--soft-fail", None),
    (&["hadolint", "gosec"], "--no-fail", None),
    (&["gosec"], "-no-fail", None),
    (&["kics"], "--ignore-on-exit", Some("all")),
    (&["tflint"], "--force", None),
    (&["rubocop"], "--fail-level", Some("fatal")),
];

fn ignoring_option(invocation: &Invocation<'_>) -> Option<Span> {
    // A report for other tools is evaluated there.
    if writes_report_file(invocation) {
        return None;
    }

    let program = container_program(invocation);
    IGNORING.iter().find_map(|(programs, option, value)| {
        if !programs.contains(&program) {
            return None;
        }

        match value {
            None => invocation
                .args
                .iter()
                .find(|arg| arg.text() == *option)
                .map(|arg| arg.span),
            Some(value) => invocation
                .options(&[option])
                .find(|argument| argument.value == *value)
                .map(|argument| argument.option.span.cover(argument.word.span)),
        }
    })
}

/// The program of a command: what the image of `docker run` is named after.
fn container_program<'s>(invocation: &Invocation<'s>) -> &'s str {
    let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();

    match container_command(invocation.program, &words) {
        Some(command) if !command.tool.is_empty() => command.tool,
        _ => invocation.program,
    }
}

/// Whether a scanner writes its findings in a format for other tools, or to a file.
fn writes_report_file(invocation: &Invocation<'_>) -> bool {
    const FORMATS: &[&str] = &[
        "sarif",
        "json",
        "cyclonedx",
        "spdx",
        "spdx-json",
        "github",
        "junit",
        "template",
        "gitlab",
    ];

    let to_file = invocation
        .option(&["--output", "-o", "--output-file", "--report-path"])
        .is_some();
    let formats = ["--format", "-f", "--output-format", "--report-format"];
    to_file
        || !invocation.command.redirects.is_empty()
        || invocation
            .options(&formats)
            .any(|format| FORMATS.contains(&format.value))
}

/// Whether a script runs in a shell in which `set` and `pipefail` mean what they do in bash.
fn runs_posix_shell(job: &Job, step: &Step) -> bool {
    match &step.shell {
        Setting::Set(shell) => {
            let program = shell.value.split_whitespace().next().unwrap_or_default();
            matches!(program, "bash" | "sh")
        }
        Setting::Absent => !job.runs_on.iter().any(|label| {
            let label = label.value.to_ascii_lowercase();
            label.contains("windows") || label.contains("${{")
        }),
        Setting::Unknown(_) => false,
    }
}

/// Programs that pass their input on, and succeed.
const PASSING: &[&str] = &["tee", "cat", "tail", "head", "ts", "less", "sed", "awk"];

/// The command at the end of a pipe that hides the failure of the command before it.
fn hiding_pipe(step: &Step, script: &Script, invocation: &Invocation<'_>) -> Option<Span> {
    let failing = invocation.command;
    let pipeline = script.pipeline(failing);
    if pipeline.len < 2 || failing.index + 1 >= pipeline.len {
        return None;
    }

    // `shell: bash` alone means `bash --noprofile --norc -eo pipefail`.
    let has_pipefail = match &step.shell {
        Setting::Set(shell) => shell.value == "bash" || shell.value.contains("pipefail"),
        _ => false,
    };
    let is_shopt = script.commands.iter().any(|command| {
        command.name() == "shopt"
            && command.span.end < failing.span.start
            && command.words.iter().any(|word| word.text() == "pipefail")
    });
    if has_pipefail || is_shopt || script.option_before(failing, ShellOption::PipeFail) {
        return None;
    }

    let is_later =
        |command: &&Command| command.pipeline == failing.pipeline && command.index > failing.index;
    let mut later = script.commands.iter().filter(is_later);
    let passes = later
        .clone()
        .all(|command| PASSING.contains(&command.name()) && !is_read_later(script, command));

    passes.then(|| later.next_back().map(|command| command.span))?
}

/// Whether a later command reads a file that `tee` has written.
fn is_read_later(script: &Script, command: &Command) -> bool {
    let files = command.words.iter().skip(1).map(Word::text);
    let mut files = files.filter(|word| !word.starts_with('-'));

    command.name() == "tee"
        && files.any(|file| {
            script.commands.iter().any(|later| {
                later.span.start > command.span.end
                    && later.words.iter().any(|word| word.text().contains(file))
            })
        })
}

/// The `set +e` in effect for a command that is not the last of its script.
fn errexit_off(script: &Script, invocation: &Invocation<'_>) -> Option<Span> {
    let failing = invocation.command;
    if failing.block != 0 || script.failure_is_handled(failing) {
        return None;
    }

    let last_set = script.commands.iter().rfind(|command| {
        command.name() == "set"
            && command.span.end < failing.span.start
            && ShellOption::ErrExit.set_by(&command.words[1..]).is_some()
    })?;
    let is_off = ShellOption::ErrExit.set_by(&last_set.words[1..]) == Some(false);
    let has_follower = script
        .commands
        .iter()
        .any(|command| command.block == 0 && command.span.start > failing.span.end);

    (is_off && has_follower).then_some(last_set.span)
}

/// Whether a tool repairs what it finds, rather than checking it: by its options, or because its
/// changes are committed afterwards.
fn is_fixer(script: &Script, invocation: &Invocation<'_>) -> bool {
    let has = |words: &[&str]| {
        invocation
            .args
            .iter()
            .any(|arg| words.contains(&arg.text()))
    };
    let checks = has(&[
        "--check",
        "--diff",
        "--check-only",
        "-c",
        "-l",
        "--list-different",
    ]);
    let fixes = has(&[
        "--fix",
        "--write",
        "-w",
        "--fix-only",
        "--unsafe-fixes",
        "-i",
        "-a",
        "-A",
    ]) || !checks
        && match invocation.program {
            "black" | "isort" | "rustfmt" | "gofmt" | "gofumpt" | "autopep8" | "yapf" => true,
            "ruff" => has(&["format"]),
            "cargo" | "deno" | "dotnet" | "mix" | "terraform" => has(&["fmt", "format"]),
            _ => false,
        };
    let commits = script.commands.iter().any(|command| {
        command.name() == "git"
            && command.span.start > invocation.command.span.end
            && command
                .words
                .get(1)
                .is_some_and(|word| matches!(word.text(), "commit" | "add" | "push"))
    });

    fixes || commits
}

/// Whether the job runs the same program again, where its failure counts.
fn is_repeated(job: &Job, step: &Step, invocation: &Invocation<'_>) -> bool {
    let program = container_program(invocation);

    job.steps
        .iter()
        .filter(|other| continues(&other.continue_on_error).is_none() && !other.is_disabled())
        .filter_map(|other| Some((other, other.run.as_ref()?)))
        .any(|(other, code)| {
            let script = code.script();
            script.invocations().iter().any(|again| {
                let is_same =
                    std::ptr::eq(step, other) && again.command.span == invocation.command.span;

                !is_same
                    && container_program(again) == program
                    && gate_purpose(again) == gate_purpose(invocation)
                    && ignored_by(job, other, script, &code.text, again).is_none()
            })
        })
}

/// A scanner action, and the input that makes it fail.
struct Scanner {
    action: &'static str,
    input: &'static str,
    /// The value with which it always succeeds.
    off: &'static str,
    /// Whether that is its default.
    is_default: bool,
    /// What to write.
    on: &'static str,
}

const SCANNERS: &[Scanner] = &[
    Scanner {
        action: "aquasecurity/trivy-action",
        input: "exit-code",
        off: "0",
        is_default: true,
        on: "`exit-code: 1` and `severity: CRITICAL,HIGH`",
    },
    Scanner {
        action: "anchore/scan-action",
        input: "fail-build",
        off: "false",
        is_default: false,
        on: "`fail-build: true` and `severity-cutoff: high`",
    },
    Scanner {
        action: "docker/scout-action",
        input: "exit-code",
        off: "false",
        is_default: true,
        on: "`exit-code: true` and `only-severities: critical,high`",
    },
    Scanner {
        action: "bridgecrewio/checkov-action",
        input: "soft_fail",
        off: "true",
        is_default: false,
        on: "`soft_fail: false`",
    },
];

/// Reports scanners that succeed whatever they find.
fn report_scanner(ctx: &Analysis, job: &Job, step: &Step, sink: &mut Sink) {
    let Some(action) = step.action() else { return };

    let Some(scanner) = SCANNERS
        .iter()
        .find(|scanner| scanner.action.eq_ignore_ascii_case(action.name()))
    else {
        return;
    };

    let location = match step.input(scanner.input) {
        Some(input) => match input.value.literal() {
            Some(text) if text.value == scanner.off => text.location,
            _ => return,
        },
        None => match &step.uses {
            Some(uses) if scanner.is_default && !is_configured_elsewhere(ctx, step) => {
                uses.location
            }
            _ => return,
        },
    };

    if writes_report(step) || is_scanned_again(job, step, scanner) {
        return;
    }

    sink.report(
        Finding::new(
            location,
            "the scan never fails, regardless of what it finds",
        )
        .help(format!(
            "fail the job on findings that must not ship: add {}",
            scanner.on
        )),
    );
}

/// Whether a configuration file or a variable may make the scanner fail.
fn is_configured_elsewhere(ctx: &Analysis, step: &Step) -> bool {
    const FILES: &[&str] = &["trivy.yaml", "trivy.yml"];

    step.input("trivy-config").is_some()
        || step
            .env
            .iter()
            .any(|variable| variable.name.value == "TRIVY_EXIT_CODE")
        || FILES
            .iter()
            .any(|file| ctx.facts.repository.find(file).is_some())
}

/// Whether a scanner writes a report, which is uploaded and judged elsewhere.
fn writes_report(step: &Step) -> bool {
    let to_file = ["output", "output-file", "sarif-file"]
        .iter()
        .any(|input| step.input(input).is_some());

    to_file
        || ["format", "output-format"].iter().any(|input| {
            matches!(
                step.input_text(input),
                Some("sarif" | "json" | "cyclonedx" | "spdx" | "spdx-json" | "github" | "template")
            )
        })
}

/// Whether another step of the job runs the same scanner, and lets it fail.
fn is_scanned_again(job: &Job, step: &Step, scanner: &Scanner) -> bool {
    job.steps
        .iter()
        .filter(|other| !std::ptr::eq(*other, step) && other.runs_action(scanner.action))
        .any(|other| match other.input(scanner.input) {
            Some(input) => input
                .value
                .literal()
                .is_none_or(|text| text.value != scanner.off),
            None => !scanner.is_default,
        })
}
