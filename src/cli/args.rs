//! The command line: the arguments and their help.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::catalog;
use crate::config;
use crate::finding;

const AFTER_HELP: &str = "\
Examples:
  deploylint                                    Lint the current directory
  deploylint services/api/Dockerfile            Lint one file; the rest of the repository is context
  deploylint --format sarif --output-file out.sarif
  deploylint --fix                              Apply safe fixes; --diff shows them first
  deploylint explain non-root-user              Show what a rule finds and how to fix it
  deploylint facts compose.yaml                 Show what was understood of a file
  deploylint checklist                          Report the deployment checklist with evidence

Exit codes:
  0  no findings at or above --fail-on
  1  findings at or above --fail-on
  2  error: invalid flag or configuration, or something that could not be checked

Suppress a finding:  # deploylint: ignore[rule] reason
Configuration:       deploylint.toml in the root, .github/ or .config/";

/// Lint Dockerfiles, compose files, Kubernetes manifests, Helm charts and GitHub workflows together
/// for deployment problems, offline and without executing anything
#[derive(Debug, Parser)]
#[command(
    name = "deploylint",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    args_override_self = true,
    disable_help_subcommand = true,
    after_help = AFTER_HELP
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<CliCommand>,
    #[command(flatten)]
    pub check: CheckArguments,
}

#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Lint a repository or some of its files (default)
    #[command(max_term_width = 100, args_override_self = true, after_help = AFTER_HELP)]
    Check(Box<CheckArguments>),
    /// Show what was understood: roles of files, what runs, builds and joins, what is unknown
    Facts(FactsArguments),
    /// Report the deployment checklist: each item with its evidence, per service where it applies
    #[command(max_term_width = 100, args_override_self = true)]
    Checklist(ChecklistArguments),
    /// Attest a checklist item that files cannot show, in deploylint.toml
    Attest(AttestArguments),
    /// Explain a rule: what it finds, why it matters, how to fix it
    Explain {
        /// Rule to explain, checklist item whose rules to list, or rule of another linter, such as
        /// DL3002 or zizmor:unpinned-uses
        rule: String,
        /// When to use colors
        #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
        color: ColorChoice,
    },
    /// List all rules
    Rules {
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
        /// When to use colors
        #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
        color: ColorChoice,
    },
    /// Work with secrets that were found
    Secrets {
        #[command(subcommand)]
        command: SecretsCommand,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum SecretsCommand {
    /// Print the fingerprint of the secret on standard input, for `[secrets] allow` of the
    /// configuration
    Hash,
}

#[derive(Args, Debug, Default)]
pub struct CheckArguments {
    /// Directory to lint, or files and directories in a repository; `-` reads standard input
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Output format
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub format: OutputFormat,
    /// Write the report to FILE and a summary to the terminal
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub output_file: Option<PathBuf>,
    /// Minimum level to report [default: warning]
    #[arg(long, value_enum, value_name = "LEVEL", help_heading = "Output")]
    pub min_level: Option<LevelArgument>,
    /// Print counts per rule instead of findings
    #[arg(long, help_heading = "Output")]
    pub statistics: bool,
    /// When to use colors
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        help_heading = "Output"
    )]
    pub color: ColorChoice,
    /// Print findings only, without the summary
    #[arg(long, short, conflicts_with = "verbose", help_heading = "Output")]
    pub quiet: bool,
    /// Print the root, the configuration file and the number of files read
    #[arg(long, short, help_heading = "Output")]
    pub verbose: bool,

    /// Rule set [default: recommended]
    #[arg(long, value_enum, help_heading = "Rules")]
    pub profile: Option<ProfileArgument>,
    /// Run only these rules or checklist items (comma-separated)
    #[arg(
        long,
        value_name = "RULE",
        value_delimiter = ',',
        help_heading = "Rules"
    )]
    pub select: Vec<String>,
    /// Skip these rules or checklist items (comma-separated)
    #[arg(
        long,
        value_name = "RULE",
        value_delimiter = ',',
        help_heading = "Rules"
    )]
    pub ignore: Vec<String>,
    /// Minimum level to exit with code 1 [default: error]
    #[arg(long, value_enum, value_name = "LEVEL", help_heading = "Rules")]
    pub fail_on: Option<FailOnArgument>,

    /// Apply fixes that keep what the files do, and report what is left
    #[arg(long, conflicts_with = "diff", help_heading = "Fixes")]
    pub fix: bool,
    /// Print what `--fix` would change, and change nothing; exits with 1 if it would
    #[arg(
        long,
        conflicts_with_all = ["statistics", "output_file"],
        help_heading = "Fixes"
    )]
    pub diff: bool,
    /// With `--fix` or `--diff`: also fixes that change what a build or a container does
    #[arg(long, help_heading = "Fixes")]
    pub unsafe_fixes: bool,

    /// Path to the configuration file
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "isolated",
        help_heading = "Input"
    )]
    pub config: Option<PathBuf>,
    /// Ignore all configuration files
    #[arg(long, help_heading = "Input")]
    pub isolated: bool,
    /// File name to use for standard input
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub stdin_filename: Option<PathBuf>,
    /// Number of worker threads [default: one per core]
    #[arg(long, value_name = "N", help_heading = "Input")]
    pub threads: Option<NonZeroUsize>,
}

impl CheckArguments {
    /// A check of one path, for the commands that say something else of it.
    pub fn of_path(path: Option<&PathBuf>, config: Option<&PathBuf>, isolated: bool) -> Self {
        Self {
            paths: path.into_iter().cloned().collect(),
            config: config.cloned(),
            isolated,
            ..Self::default()
        }
    }
}

#[derive(Args, Debug)]
pub struct FactsArguments {
    /// Directory to describe, or one file in a repository [default: the current directory]
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: ListFormat,
    /// When to use colors
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    pub color: ColorChoice,
    /// Path to the configuration file
    #[arg(long, value_name = "FILE", conflicts_with = "isolated")]
    pub config: Option<PathBuf>,
    /// Ignore all configuration files
    #[arg(long)]
    pub isolated: bool,
}

#[derive(Args, Debug)]
pub struct ChecklistArguments {
    /// Directory to report, or one file in a repository [default: the current directory]
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: ChecklistFormat,
    /// Write the report to FILE and the totals to the terminal
    #[arg(long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,
    /// Exit with code 1 if the score, the percentage of applicable items that pass, is below N
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub fail_below: Option<u8>,
    /// Exit with code 1 unless these items pass or do not apply (comma-separated)
    #[arg(long, value_name = "ITEM", value_delimiter = ',')]
    pub require: Vec<String>,
    /// Show what changed since an earlier report in JSON
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,
    /// When to use colors
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    pub color: ColorChoice,
    /// Path to the configuration file
    #[arg(long, value_name = "FILE", conflicts_with = "isolated")]
    pub config: Option<PathBuf>,
    /// Ignore all configuration files
    #[arg(long)]
    pub isolated: bool,
}

#[derive(Args, Debug)]
pub struct AttestArguments {
    /// Item of the checklist, or part of one, such as load-test
    pub item: String,
    /// Person who vouches for it
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// Last day on which it counts, such as 2027-01-31
    #[arg(long, value_name = "DATE")]
    pub until: String,
    /// Day on which it was seen [default: today]
    #[arg(long, value_name = "DATE")]
    pub on: Option<String>,
    /// Where the result is
    #[arg(long, value_name = "URL")]
    pub link: Option<String>,
    /// What was seen
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Path to the configuration file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ChecklistFormat {
    /// Matrix and places, for a terminal
    #[default]
    Text,
    /// For a pull request or a job summary
    Markdown,
    /// One page without scripts
    Html,
    /// JSON with a documented schema
    Json,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Findings with source lines, for humans
    #[default]
    Text,
    /// One line per finding
    Concise,
    /// JSON with a documented schema
    Json,
    /// SARIF for code scanning
    Sarif,
    /// GitHub workflow annotations and job summary
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
    /// Use colors on a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always use colors
    Always,
    /// Never use colors
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LevelArgument {
    Error,
    Warning,
    Note,
}

impl From<LevelArgument> for finding::Level {
    fn from(level: LevelArgument) -> Self {
        match level {
            LevelArgument::Error => finding::Level::Error,
            LevelArgument::Warning => finding::Level::Warning,
            LevelArgument::Note => finding::Level::Note,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FailOnArgument {
    Error,
    Warning,
    Note,
    Never,
}

impl From<FailOnArgument> for config::FailOn {
    fn from(fail_on: FailOnArgument) -> Self {
        match fail_on {
            FailOnArgument::Error => config::FailOn::AtLeast(finding::Level::Error),
            FailOnArgument::Warning => config::FailOn::AtLeast(finding::Level::Warning),
            FailOnArgument::Note => config::FailOn::AtLeast(finding::Level::Note),
            FailOnArgument::Never => config::FailOn::Never,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ProfileArgument {
    /// Rules that nearly every repository should follow
    Recommended,
    /// All recommended rules, plus opinionated rules and rules that are noisy on small deployments
    Strict,
}

impl From<ProfileArgument> for catalog::Profile {
    fn from(profile: ProfileArgument) -> Self {
        match profile {
            ProfileArgument::Recommended => catalog::Profile::Recommended,
            ProfileArgument::Strict => catalog::Profile::Strict,
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
    fn the_last_of_equal_flags_counts() {
        let arguments = [
            "deploylint",
            "check",
            "--format",
            "json",
            "--format",
            "sarif",
        ];
        let cli = Cli::try_parse_from(arguments).unwrap();
        let Some(CliCommand::Check(check)) = cli.command else {
            panic!("{cli:?}")
        };

        assert!(matches!(check.format, OutputFormat::Sarif), "{check:?}");
    }

    #[test]
    fn check_may_be_left_out() {
        let cli =
            Cli::try_parse_from(["deploylint", "a", "--select", "x,y", "--select", "z"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.check.select, ["x", "y", "z"]);
        let cli = Cli::try_parse_from(["deploylint", "check", "a"]).unwrap();
        assert!(matches!(cli.command, Some(CliCommand::Check(check)) if check.paths.len() == 1));
    }
}
