//! What a step, a job or a script is for: lint, test, build an image, push it, deploy it … The
//! table is `rules/data/pipeline.toml`; how much a rule makes of the evidence is the rule's affair.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::action::ActionRef;
use super::container_command::{container_command, image_tool, nested_script};
use super::definition::Workflow;
use super::evidence::{Evidence, Purpose};
use super::jobs::{Job, Step};
use crate::embedded::table;
use crate::source::{Location, file_name};
use crate::syntax::shell::{self, Invocation, Word, WrapperKind};

#[derive(Deserialize)]
struct PurposeTable {
    purpose: Vec<PurposeEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PurposeEntry {
    name: Purpose,
    actions: Vec<String>,
    commands: Vec<String>,
    words: Vec<String>,
}

static TABLE: LazyLock<Vec<PurposeEntry>> = LazyLock::new(|| {
    let table: PurposeTable = table!("pipeline");
    table.purpose
});

/// A word of a pattern, in which one `*` may be at the beginning or near the end, or one at both.
#[derive(Clone, Copy)]
enum WordPattern {
    Exactly(&'static str),
    StartsWith(&'static str),
    EndsWith(&'static str),
    /// In any case.
    Contains(&'static str),
}

impl WordPattern {
    fn of(word: &'static str) -> Self {
        match word.split_once('*') {
            Some(("", part)) if part.ends_with('*') => {
                WordPattern::Contains(part.trim_end_matches('*'))
            }
            Some(("", end)) => WordPattern::EndsWith(end),
            Some((start, _)) => WordPattern::StartsWith(start),
            None => WordPattern::Exactly(word),
        }
    }

    fn fits(self, text: &str) -> bool {
        match self {
            WordPattern::Exactly(word) => text == word,
            WordPattern::StartsWith(start) => text.starts_with(start),
            WordPattern::EndsWith(end) => text.ends_with(end),
            WordPattern::Contains(part) => text.to_ascii_lowercase().contains(part),
        }
    }

    /// Whether an argument is this word, or the option of this name with a value.
    fn is_argument(self, arg: &str) -> bool {
        match self {
            WordPattern::Exactly(option) | WordPattern::StartsWith(option)
                if option.starts_with('-') =>
            {
                self.fits(arg) || arg.split_once('=').is_some_and(|(name, _)| name == option)
            }
            _ => !arg.starts_with('-') && self.fits(arg),
        }
    }
}

/// A command of the table: its words after the program.
struct CommandPattern {
    /// PurposeIndex of its entry.
    entry: usize,
    words: Vec<WordPattern>,
}

impl CommandPattern {
    /// Whether a command has its words in this order.
    fn fits(&self, args: &[&str]) -> bool {
        let mut rest = args.iter();
        self.words
            .iter()
            .all(|want| rest.by_ref().any(|arg| want.is_argument(arg)))
    }
}

/// The table by what is looked up in it, so that a command or an action is held against few of its
/// lines.
#[derive(Default)]
struct PurposeIndex {
    /// Commands by the program that each begins with.
    commands: HashMap<&'static str, Vec<CommandPattern>>,
    /// Those whose program has a `*` in it.
    open_commands: Vec<(WordPattern, CommandPattern)>,
    /// Actions by their names in lower case, with the indexes of their entries.
    actions: HashMap<String, Vec<usize>>,
    /// What comes before and after the `*` in the name of an action.
    open_actions: Vec<(String, String, usize)>,
}

static INDEX: LazyLock<PurposeIndex> = LazyLock::new(|| {
    let mut index = PurposeIndex::default();
    for (position, entry) in TABLE.iter().enumerate() {
        for command in &entry.commands {
            let mut words = command.split(' ');
            let program = words.next().unwrap_or(command);
            let pattern = CommandPattern {
                entry: position,
                words: words.map(WordPattern::of).collect(),
            };
            if program.contains('*') {
                index
                    .open_commands
                    .push((WordPattern::of(program), pattern));
            } else {
                index.commands.entry(program).or_default().push(pattern);
            }
        }
        for action in &entry.actions {
            let action = action.to_ascii_lowercase();
            match action.split_once('*') {
                Some((before, after)) => {
                    index.open_actions.push((
                        before.to_owned(),
                        after.trim_end_matches('*').to_owned(),
                        position,
                    ));
                }
                None => index.actions.entry(action).or_default().push(position),
            }
        }
    }
    index
});

/// What a step does, from its action, its commands and the names of the scripts it runs.
pub fn step_purposes(step: &Step) -> impl Iterator<Item = Evidence> {
    step.purposes
        .get_or_init(|| read_purposes(step))
        .iter()
        .copied()
}

fn read_purposes(step: &Step) -> Vec<Evidence> {
    let mut evidence = Vec::new();

    if let Some(uses) = &step.uses {
        let action = ActionRef::parse(&uses.value);
        let name = action.name().to_ascii_lowercase();
        evidence.extend(action_purposes(&name).map(|purpose| Evidence {
            purpose,
            location: uses.location,
            named: false,
            on_runner: false,
        }));
        evidence.extend(inputs(step, &name, uses.location));

        if let ActionRef::Docker(image) = action {
            let words: Vec<&str> = step
                .input_text("args")
                .into_iter()
                .flat_map(str::split_whitespace)
                .collect();
            let purposes = program_purposes(image_tool(image), &words, None);
            evidence.extend(purposes.into_iter().map(|(purpose, named)| Evidence {
                purpose,
                location: uses.location,
                named,
                on_runner: false,
            }));
        }
    }

    if let Some(code) = &step.run {
        for invocation in code.script().invocations() {
            for (purpose, named) in command_purposes(&invocation) {
                let on_runner = purpose == Purpose::Deploy && is_local(&invocation, step);
                evidence.push(Evidence {
                    purpose,
                    location: code.location(invocation.span()),
                    named,
                    on_runner,
                });
            }
        }
    }

    evidence
}

/// What a job does: its steps, then what its own name, its steps' names and a called workflow's
/// name say.
pub fn job_purposes(job: &Job) -> Vec<Evidence> {
    job.purposes.get_or_init(|| read_job_purposes(job)).clone()
}

fn read_job_purposes(job: &Job) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = job.steps.iter().flat_map(step_purposes).collect();
    let names = [Some(&job.id), job.name.as_ref(), job.uses.as_ref()];
    for name in names
        .into_iter()
        .flatten()
        .chain(job.steps.iter().filter_map(|step| step.name.as_ref()))
    {
        let entries = TABLE
            .iter()
            .filter(|entry| has_word(&name.value, &entry.words));
        evidence.extend(entries.map(|entry| Evidence {
            purpose: entry.name,
            location: name.location,
            named: true,
            on_runner: false,
        }));
    }

    evidence
}

/// What a command is for, and whether only a script's name says so.
pub fn command_purposes(invocation: &Invocation<'_>) -> Vec<(Purpose, bool)> {
    let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();
    let (program, words) = launched(invocation.program, &words);
    let is_module = invocation
        .wrapper(WrapperKind::Runner)
        .is_some_and(|wrapper| wrapper.program.starts_with("python"));

    let script = match script_name(program, words) {
        None if is_module => Some(program),
        script => script,
    };
    let mut purposes = program_purposes(program, words, script);

    if let Some(command) = container_command(program, words) {
        purposes.extend(program_purposes(command.tool, &command.args, None));
        purposes.extend(script_purposes(&command.args.join(" ")));
    } else if let Some(script) = nested_script(program, words) {
        purposes.extend(script_purposes(&script));
    }

    purposes
}

/// What the commands of a nested script are for.
fn script_purposes(script: &str) -> Vec<(Purpose, bool)> {
    shell::parse(script)
        .invocations()
        .iter()
        .flat_map(command_purposes)
        .collect()
}

/// What a program is for with these arguments; `script` is the name of what it runs.
fn program_purposes(program: &str, words: &[&str], script: Option<&str>) -> Vec<(Purpose, bool)> {
    let is_rehearsal = words
        .iter()
        .any(|word| word.starts_with("--dry-run") || matches!(*word, "--help" | "--version"));
    let named = INDEX.commands.get(program).into_iter().flatten();
    let open = INDEX
        .open_commands
        .iter()
        .filter(|(wanted, _)| wanted.fits(program))
        .map(|(_, pattern)| pattern);
    let fitting: Vec<usize> = named
        .chain(open)
        .filter(|pattern| pattern.fits(words))
        .map(|pattern| pattern.entry)
        .collect();
    if fitting.is_empty() && script.is_none() {
        return Vec::new();
    }

    let mut purposes = Vec::new();

    for (position, entry) in TABLE.iter().enumerate() {
        let ships = matches!(
            entry.name,
            Purpose::Push | Purpose::Publish | Purpose::Deploy | Purpose::Pages
        );
        if is_rehearsal && ships {
            continue;
        }

        if fitting.contains(&position) {
            purposes.push((entry.name, false));
        } else if script
            .map(|script| if ships { file_name(script) } else { script })
            .is_some_and(|script| has_word(script, &entry.words) && !(ships && is_site(script)))
        {
            purposes.push((entry.name, true));
        }
    }

    purposes
}

/// The program that a launcher such as `npx` fetches and runs, without its version.
fn launched<'a, 'w>(program: &'a str, words: &'w [&'a str]) -> (&'a str, &'w [&'a str]) {
    let launches = match program {
        "npx" | "bunx" | "pnpx" | "uvx" => true,
        "nix" => words.first() == Some(&"run"),
        "pnpm" | "yarn" | "npm" | "bun" | "pipx" => words
            .first()
            .is_some_and(|word| matches!(*word, "dlx" | "exec" | "x" | "run")),
        _ => false,
    };
    // `npm run x` runs a script of the package, which has a name of its own.
    let takes_program = matches!(program, "pipx" | "nix");
    if !launches || !takes_program && words.first() == Some(&"run") {
        return (program, words);
    }

    let launched = words
        .iter()
        .position(|word| !word.starts_with('-') && !matches!(*word, "dlx" | "exec" | "x" | "run"));
    let Some(launched) = launched else {
        return (program, words);
    };

    let name = words[launched].rsplit('#').next().unwrap_or_default();
    let end = name.rfind('@').filter(|&end| end > 0).unwrap_or(name.len());

    (&name[..end], &words[launched + 1..])
}

/// Whether a command starts containers on the runner itself.
fn is_local(invocation: &Invocation<'_>, step: &Step) -> bool {
    let remote = invocation
        .flag(&["-H", "--host", "--context", "-c"])
        .is_some()
        || step
            .env
            .iter()
            .any(|variable| variable.name.value == "DOCKER_HOST");
    matches!(invocation.program, "docker" | "docker-compose") && !remote
}

/// What an action does whatever it is given, by its name in lower case.
fn action_purposes(name: &str) -> impl Iterator<Item = Purpose> {
    let open = INDEX.open_actions.iter().filter(|(before, after, _)| {
        name.strip_prefix(before.as_str())
            .is_some_and(|rest| rest.len() >= after.len())
            && name.contains(after.as_str())
    });

    let mut entries: Vec<usize> = open.map(|(.., position)| *position).collect();
    entries.extend(INDEX.actions.get(name).into_iter().flatten());
    entries.sort_unstable();
    entries.dedup();

    entries.into_iter().map(|position| TABLE[position].name)
}

/// Parts of JavaScript that ask for the checks of a commit.
const AWAITING_CALLS: &[&str] = &[
    "checks.listForRef",
    "checks.listSuitesForRef",
    "getCombinedStatusForRef",
    "listWorkflowRuns",
    "listCommitStatusesForRef",
    "statusCheckRollup",
    "actions.getWorkflowRun",
];

/// What an action does only when its inputs say so.
fn inputs(step: &Step, action: &str, location: Location) -> Option<Evidence> {
    let purpose = match action {
        "docker/build-push-action"
        | "docker/bake-action"
        | "depot/build-push-action"
        | "depot/bake-action"
        | "useblacksmith/build-push-action"
            if is_on(step, "push")
                || mentions(step, "outputs", &["push=true", "type=registry"]) =>
        {
            Purpose::Push
        }
        "superfly/flyctl-actions" if mentions(step, "args", &["deploy"]) => Purpose::Deploy,
        "pulumi/actions" if mentions(step, "command", &["up"]) => Purpose::Deploy,
        "changesets/action" if is_on(step, "publish") => Purpose::Publish,
        "actions/github-script" if mentions(step, "script", AWAITING_CALLS) => Purpose::AwaitChecks,
        "appleboy/ssh-action" if step.input("script").is_some() => Purpose::Deploy,
        _ => return None,
    };

    Some(Evidence {
        purpose,
        location,
        named: false,
        on_runner: false,
    })
}

/// Whether an input is given and not `false`.
fn is_on(step: &Step, input: &str) -> bool {
    step.input(input).is_some_and(|input| {
        input
            .value
            .literal()
            .is_none_or(|text| text.value != "false")
    })
}

/// Whether an input's text has one of these words in it.
fn mentions(step: &Step, input: &str, words: &[&str]) -> bool {
    step.input_text(input)
        .is_some_and(|text| words.iter().any(|word| text.contains(word)))
}

/// The name of the script, target or task that a task runner or a shell is asked for.
fn script_name<'a>(program: &'a str, args: &[&'a str]) -> Option<&'a str> {
    let mut plain = args
        .iter()
        .copied()
        .filter(|arg| !arg.starts_with('-') && !arg.contains('='));
    match program {
        "npm" | "pnpm" | "yarn" | "bun" | "deno" | "composer" | "poe" | "pdm" | "hatch" | "rye"
        | "nx" | "turbo" | "lerna" => plain.find(|arg| {
            !matches!(
                *arg,
                "run" | "run-script" | "task" | "exec" | "workspace" | "ci" | "install"
            )
        }),
        "make" | "gmake" | "just" | "task" | "rake" | "invoke" | "inv" | "mage" | "nox"
        | "ninja" | "earthly" => plain.next(),
        _ if program.ends_with(".sh") || program.ends_with(".py") || program.ends_with(".ps1") => {
            Some(program)
        }
        "bash" | "sh" | "python" | "python3" | "node" | "pwsh" => {
            plain.next().filter(|arg| !arg.contains(' '))
        }
        _ => None,
    }
}

/// Whether a name is about documentation and the like, not about the service.
fn is_site(name: &str) -> bool {
    let words = [
        "docs",
        "doc",
        "documentation",
        "pages",
        "site",
        "storybook",
        "website",
        "book",
    ];
    has_word(name, &words.map(str::to_owned))
}

/// Whether a name has one of the words as a part.
fn has_word(name: &str, words: &[String]) -> bool {
    name.split(|letter: char| !letter.is_ascii_alphanumeric())
        .any(|part| words.iter().any(|word| part.eq_ignore_ascii_case(word)))
}

impl Workflow {
    /// The first command or action that tests or evaluates.
    pub fn first_test(&self) -> Option<Evidence> {
        self.jobs
            .iter()
            .flat_map(|job| &job.steps)
            .flat_map(step_purposes)
            .find(|evidence| matches!(evidence.purpose, Purpose::Test | Purpose::Evaluate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purposes(text: &str) -> Vec<Purpose> {
        let script = shell::parse(text);
        script
            .invocations()
            .iter()
            .flat_map(command_purposes)
            .map(|(purpose, _)| purpose)
            .collect()
    }

    #[test]
    fn commands_have_purposes() {
        for (text, purpose) in [
            ("ruff check .", Purpose::Lint),
            ("python -m pytest -q", Purpose::Test),
            ("npm run test:unit", Purpose::Test),
            ("make test", Purpose::Test),
            ("./gradlew --no-daemon test", Purpose::Test),
            ("docker buildx build --push -t a .", Purpose::Push),
            ("docker build -t a .", Purpose::Image),
            ("kubectl -n prod apply -f x", Purpose::Deploy),
            ("./scripts/deploy.sh prod", Purpose::Deploy),
            ("ssh host 'cd app && docker compose up -d'", Purpose::Deploy),
            ("npx promptfoo@latest eval", Purpose::Evaluate),
            ("trivy image app", Purpose::ImageScan),
            ("twine upload dist/*", Purpose::Publish),
        ] {
            assert!(
                purposes(text).contains(&purpose),
                "{text}: {:?}",
                purposes(text)
            );
        }

        for (text, purpose) in [
            ("kubectl apply --dry-run=client -f x", Purpose::Deploy),
            ("make deploy-docs", Purpose::Deploy),
            ("docker build -t a .", Purpose::Push),
            ("echo deploy", Purpose::Deploy),
        ] {
            assert!(!purposes(text).contains(&purpose), "{text}");
        }
    }
}
