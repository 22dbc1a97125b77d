//! Commands that run tasks by name (`make serve`, `npm run start`, `poe serve`).

use super::tasks::TaskFormat;
use crate::source::Span;
use crate::syntax::shell::{Invocation, WrapperKind};

/// A command that runs tasks by their names.
#[derive(Clone)]
pub struct TaskCall<'s> {
    pub format: TaskFormat,
    /// The tasks; `None` for the default one.
    pub names: Vec<Option<String>>,
    /// The folder that the command names.
    pub folder: Option<&'s str>,
    /// Whether the task of every package of the repository is meant.
    pub is_everywhere: bool,
    /// Whether the names are those of tasks.
    pub is_certain: bool,
}

impl<'s> TaskCall<'s> {
    pub fn of(invocation: &Invocation<'s>) -> Option<Self> {
        let call = |format, names| Self {
            format,
            names,
            folder: None,
            is_everywhere: false,
            is_certain: true,
        };
        let option = |names: &[&str]| invocation.option(names).map(|option| option.value);
        let named = |words: &[&'s str]| -> Vec<Option<String>> {
            words.iter().map(|word| Some((*word).to_owned())).collect()
        };

        match invocation.program {
            "make" | "gmake" => {
                let values = ["-C", "-f", "-j", "-o", "-I", "--directory", "--file"];
                Some(Self {
                    folder: option(&["-C", "--directory"]),
                    ..call(
                        TaskFormat::Make,
                        or_default(named(&plain_words(invocation, &values))),
                    )
                })
            }
            "just" => {
                let values = ["-f", "--justfile", "-d", "--working-directory", "--set"];
                let words = plain_words(invocation, &values);
                let names = named(&words[..words.len().min(1)]);
                Some(call(TaskFormat::Just, or_default(names)))
            }
            "task" | "go-task" => {
                let values = ["-d", "--dir", "-t", "--taskfile", "-o", "--output"];
                Some(Self {
                    folder: option(&["-d", "--dir"]),
                    ..call(
                        TaskFormat::Taskfile,
                        or_default(named(&plain_words(invocation, &values))),
                    )
                })
            }
            "npm" | "pnpm" | "yarn" | "bun" | "node" => Self::of_package_manager(invocation),
            "turbo" | "lerna" | "nx" => {
                let words = plain_words(invocation, &["--filter", "--scope", "-p"]);
                let verbs = ["run", "run-many", "affected", "exec"];
                let mut names: Vec<&str> = words
                    .into_iter()
                    .filter(|word| !verbs.contains(word))
                    .collect();
                names.extend(option(&["-t", "--target", "--targets"]));
                Some(Self {
                    is_everywhere: true,
                    is_certain: false,
                    ..call(TaskFormat::Manifest, named(&names))
                })
            }
            "composer" | "deno" => {
                let words = plain_words(invocation, &["-d", "--working-dir"]);
                let names = first_without(words, &["run", "run-script", "task"]);
                Some(Self {
                    is_certain: false,
                    ..call(TaskFormat::Manifest, named(names.as_slice()))
                })
            }
            "cargo" if is_xtask(invocation) => None,
            "poe" | "mise" | "cargo" => {
                let words = plain_words(invocation, &["--manifest-path", "-p", "--package"]);
                let names = first_without(words, &["run", "make", "r"]);
                Some(Self {
                    is_certain: false,
                    ..call(TaskFormat::Toml, named(names.as_slice()))
                })
            }
            // `pdm run check` runs a task or a program.
            program if invocation.wrapper(WrapperKind::Runner).is_some() => Some(Self {
                is_certain: false,
                ..call(TaskFormat::Toml, named(&[program]))
            }),
            _ => None,
        }
    }

    fn of_package_manager(invocation: &Invocation<'s>) -> Option<Self> {
        let is_everywhere = invocation
            .flag(&[
                "-w",
                "--workspace",
                "--workspaces",
                "-r",
                "--recursive",
                "--filter",
                "-F",
                "--ws",
            ])
            .is_some()
            || invocation
                .args
                .first()
                .is_some_and(|word| matches!(word.text(), "workspace" | "workspaces"));
        let name = match task(invocation) {
            Some((name, _)) => name,
            None if is_everywhere => {
                let words = plain_words(invocation, &["-w", "--workspace", "--filter", "-F"]);
                (*words.last()?).to_owned()
            }
            None => match invocation.args.first()?.text() {
                "t" | "tst" => "test".to_owned(),
                _ => return None,
            },
        };

        Some(Self {
            format: TaskFormat::Manifest,
            names: vec![Some(name)],
            folder: invocation
                .option(&["--prefix", "-C", "--cwd", "--dir"])
                .map(|option| option.value),
            is_everywhere,
            is_certain: !is_everywhere,
        })
    }
}

/// The default task where no task is named.
fn or_default(names: Vec<Option<String>>) -> Vec<Option<String>> {
    if names.is_empty() { vec![None] } else { names }
}

/// The first word that is none of the verbs.
fn first_without<'s>(words: Vec<&'s str>, verbs: &[&str]) -> Option<&'s str> {
    words.into_iter().find(|word| !verbs.contains(word))
}

/// The arguments that are neither options nor assignments.
fn plain_words<'s>(invocation: &Invocation<'s>, with_value: &[&str]) -> Vec<&'s str> {
    invocation
        .positionals(with_value)
        .into_iter()
        .map(|word| word.text())
        .filter(|word| !word.contains('='))
        .collect()
}

/// Whether a command runs the `xtask` package of a Rust repository.
pub fn is_xtask(invocation: &Invocation<'_>) -> bool {
    invocation.program == "cargo"
        && invocation
            .args
            .first()
            .is_some_and(|word| word.text() == "xtask")
}

/// The script of `package.json` that an invocation runs, and the folder it is told to run it in.
pub fn task(invocation: &Invocation) -> Option<(String, Option<String>)> {
    let valued = [
        "--prefix",
        "-C",
        "--cwd",
        "--dir",
        "--filter",
        "-F",
        "-w",
        "--workspace",
        "--loglevel",
    ];
    let folder = invocation
        .option(&["--prefix", "-C", "--cwd", "--dir"])
        .map(|option| option.value.to_owned());
    let words = invocation.positionals(&valued);
    let first = words.first()?.text();
    let second = words.get(1).map(|word| word.text().to_owned());
    let name = match (invocation.program, first) {
        ("npm" | "pnpm" | "yarn" | "bun", "run" | "run-script") => second?,
        ("node", "--run") => second?,
        ("npm" | "pnpm", "start" | "test") => first.to_owned(),
        ("pnpm" | "yarn", name) if !PACKAGE_MANAGER_COMMANDS.contains(&name) => name.to_owned(),
        ("bun", "dev" | "start") => first.to_owned(),
        _ => return None,
    };

    Some((name, folder))
}

/// Subcommands of package managers, which no script of a manifest is called by.
const PACKAGE_MANAGER_COMMANDS: &[&str] = &[
    "add",
    "audit",
    "cache",
    "ci",
    "config",
    "create",
    "dlx",
    "exec",
    "global",
    "i",
    "init",
    "install",
    "link",
    "prune",
    "remove",
    "set",
    "store",
    "up",
    "upgrade",
    "version",
    "why",
    "workspace",
    "workspaces",
];

/// A script of a `package.json`: its text and the place of its name.
pub fn script_text(manifest: &str, name: &str) -> Option<(String, Span)> {
    let json: serde_json::Value = serde_json::from_str(manifest).ok()?;
    let text = json.get("scripts")?.get(name)?.as_str()?.to_owned();
    let begin = manifest.find("\"scripts\"")?;
    let key = format!("\"{name}\"");
    let start = begin + manifest[begin..].find(&key)?;
    let span = Span::of(start, start + key.len());

    Some((text, span))
}
