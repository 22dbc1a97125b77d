//! The command line: what may be written, and the help that says so.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::catalog;
use crate::config;
use crate::finding;

const AFTER_HELP: &str = "\
Examples:
  deploylint                                    lint the repository here
  deploylint services/api/Dockerfile            show one file's findings; the rest is evidence
  deploylint --format sarif --output-file out.sarif
  deploylint explain non-root-user              why a rule exists, and how to satisfy it

Exit codes:
  0  nothing at or above --fail-on
  1  findings at or above --fail-on
  2  the run itself failed: a bad flag or configuration, or something that could not be read

Suppress one finding:  # deploylint: ignore[rule] reason
Configuration:         deploylint.toml, at the root or in .github/ or .config/";

/// Is this repository ready to deploy? Lints Dockerfiles, compose files, Kubernetes manifests, Helm charts and GitHub
/// workflows, each in the light of the others. Offline; executes nothing.
#[derive(Debug, Parser)]
#[command(
    name = "deploylint",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = AFTER_HELP
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub check: Check,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lint a repository or some of its files (the default)
    #[command(max_term_width = 100, after_help = AFTER_HELP)]
    Check(Box<Check>),
    /// Show a rule's page: what it finds, why it matters, how to satisfy it
    Explain {
        /// A rule, or a checklist item to see its rules
        rule: String,
        #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
        color: ColorChoice,
    },
    /// List every rule
    Rules {
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
        #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
        color: ColorChoice,
    },
}

#[derive(Args, Debug)]
pub struct Check {
    /// A folder to lint as a repository, or files and folders within one; `-` reads standard input
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// How findings are written
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub format: Format,
    /// Write them to a file, and the text for people to the terminal
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub output_file: Option<PathBuf>,
    /// The mildest level that is shown [default: warning]
    #[arg(long, value_enum, value_name = "LEVEL", help_heading = "Output")]
    pub min_level: Option<Level>,
    /// Show how often each rule was broken instead of where
    #[arg(long, help_heading = "Output")]
    pub statistics: bool,
    /// Colour the output
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, help_heading = "Output")]
    pub color: ColorChoice,
    /// Findings only, no summary
    #[arg(long, short, conflicts_with = "verbose", help_heading = "Output")]
    pub quiet: bool,
    /// Say what was read, and by which configuration
    #[arg(long, short, help_heading = "Output")]
    pub verbose: bool,

    /// Which rules speak [default: recommended]
    #[arg(long, value_enum, help_heading = "Rules")]
    pub profile: Option<Profile>,
    /// Only these rules or checklist items, comma-separated
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    pub select: Vec<String>,
    /// Not these rules or checklist items, comma-separated
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    pub ignore: Vec<String>,
    /// The mildest level that makes the run exit with 1 [default: error]
    #[arg(long, value_enum, value_name = "LEVEL", help_heading = "Rules")]
    pub fail_on: Option<FailOn>,

    /// Use this configuration file
    #[arg(long, value_name = "FILE", conflicts_with = "isolated", help_heading = "Input")]
    pub config: Option<PathBuf>,
    /// Use no configuration file and no baseline
    #[arg(long, help_heading = "Input")]
    pub isolated: bool,
    /// Read standard input as the text of this file
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub stdin_filename: Option<PathBuf>,
    /// Worker threads [default: one a core]
    #[arg(long, value_name = "N", help_heading = "Input")]
    pub threads: Option<NonZeroUsize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Findings with their lines, for people
    #[default]
    Text,
    /// One line a finding
    Concise,
    /// For programs; the shape is documented
    Json,
    /// For code scanning
    Sarif,
    /// Annotations of a pull request, from within a GitHub workflow
    Github,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    #[default]
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Level {
    Error,
    Warning,
    Note,
}

impl From<Level> for finding::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => finding::Level::Error,
            Level::Warning => finding::Level::Warning,
            Level::Note => finding::Level::Note,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FailOn {
    Error,
    Warning,
    Note,
    Never,
}

impl From<FailOn> for config::FailOn {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Error => config::FailOn::At(finding::Level::Error),
            FailOn::Warning => config::FailOn::At(finding::Level::Warning),
            FailOn::Note => config::FailOn::At(finding::Level::Note),
            FailOn::Never => config::FailOn::Never,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Profile {
    /// What nearly every repository should follow
    Recommended,
    /// That, and what is a matter of taste or noisy on small deployments
    Strict,
}

impl From<Profile> for catalog::Profile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Recommended => catalog::Profile::Recommended,
            Profile::Strict => catalog::Profile::Strict,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn check_may_be_left_out() {
        let cli = Cli::try_parse_from(["deploylint", "a", "--select", "x,y", "--select", "z"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.check.select, ["x", "y", "z"]);
        let cli = Cli::try_parse_from(["deploylint", "check", "a"]).unwrap();
        assert!(matches!(cli.command, Some(Command::Check(check)) if check.paths.len() == 1));
    }
}
