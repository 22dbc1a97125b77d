//! Commands that build container images, by the tables of `rules/data/builders.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::embedded::table;
use crate::source::Span;
use crate::syntax::shell::{Argument, Invocation, Word};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BuilderTable {
    actions: Vec<String>,
    valued_options: Vec<String>,
    tool: Vec<BuildTool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BuildTool {
    programs: Vec<String>,
    /// The words that must follow, each one of some alternatives.
    #[serde(default)]
    subcommand: Vec<Vec<String>>,
    context_option: Option<String>,
    #[serde(default)]
    pushes: bool,
}

static BUILDERS: LazyLock<BuilderTable> = LazyLock::new(|| table!("builders"));

static VALUED_OPTIONS: LazyLock<Vec<&str>> =
    LazyLock::new(|| BUILDERS.valued_options.iter().map(String::as_str).collect());

/// A word of a command, with its span in the script.
#[derive(Clone, Copy, Debug)]
pub struct CommandText<'s> {
    pub value: &'s str,
    pub span: Span,
}

/// A command that builds an image, as it is written.
#[derive(Debug)]
pub struct BuildCommand<'s> {
    pub span: Span,
    pub context: Option<CommandText<'s>>,
    /// The Dockerfile.
    pub file: Option<CommandText<'s>>,
    pub target: Option<CommandText<'s>>,
    pub tags: Vec<CommandText<'s>>,
    /// `--build-context`, each `name=value`.
    pub named_contexts: Vec<CommandText<'s>>,
    pub pushes: bool,
    /// It writes files and no image.
    pub writes_files: bool,
}

impl<'s> BuildCommand<'s> {
    pub fn parse(invocation: &Invocation<'s>) -> Option<Self> {
        let words = invocation.positionals(&VALUED_OPTIONS);
        let tool = BUILDERS
            .tool
            .iter()
            .find(|tool| tool.is_run_by(invocation.program, &words))?;

        Some(Self {
            span: invocation.span(),
            context: tool.context(invocation, &words),
            file: invocation
                .option(&["-f", "--file", "--dockerfile"])
                .map(CommandText::from),
            target: invocation.option(&["--target"]).map(CommandText::from),
            tags: invocation
                .options(&["-t", "--tag", "--destination", "-d"])
                .map(CommandText::from)
                .collect(),
            named_contexts: invocation
                .options(&["--build-context"])
                .map(CommandText::from)
                .collect(),
            writes_files: invocation
                .option(&["-o", "--output"])
                .is_some_and(|output| writes_files(output.value)),
            pushes: tool.pushes || invocation.flag(&["--push"]).is_some(),
        })
    }
}

impl BuildTool {
    fn is_run_by(&self, program: &str, words: &[&Word]) -> bool {
        self.programs.iter().any(|name| name == program)
            && words.len() >= self.subcommand.len()
            && self
                .subcommand
                .iter()
                .zip(words)
                .all(|(names, word)| names.iter().any(|name| name == word.text()))
    }

    fn context<'s>(
        &self,
        invocation: &Invocation<'s>,
        words: &[&'s Word],
    ) -> Option<CommandText<'s>> {
        if let Some(option) = &self.context_option
            && let Some(argument) = invocation.option(&[option])
        {
            return Some(CommandText {
                value: argument.value.trim_start_matches("dir://"),
                span: argument.span,
            });
        }

        let word = words.get(self.subcommand.len())?;
        Some(CommandText {
            value: word.text(),
            span: word.span,
        })
    }
}

impl<'s> From<Argument<'s>> for CommandText<'s> {
    fn from(argument: Argument<'s>) -> Self {
        Self {
            value: argument.value,
            span: argument.span,
        }
    }
}

/// Whether an output is not an image: `./bin`, `type=local,dest=…`, `type=cacheonly`.
fn writes_files(output: &str) -> bool {
    ![
        "type=image",
        "type=registry",
        "type=docker",
        "type=oci",
        "$",
    ]
    .iter()
    .any(|kind| output.contains(kind))
}

/// Whether an action builds an image from its inputs.
pub fn is_build_action(name: &str) -> bool {
    BUILDERS
        .actions
        .iter()
        .any(|action| action.eq_ignore_ascii_case(name))
}
