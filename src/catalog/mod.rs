//! The catalog: every rule's page in `rules/`, embedded and parsed. A rule's name, level, reasons
//! and examples are written there and nowhere else; `explain`, SARIF, the configuration and the
//! tests all read them from here.

pub(crate) mod addition;
mod cause;
pub(crate) mod counterparts;
pub mod example;
mod format;
pub(crate) mod item;
pub(crate) mod matcher;
pub mod peer;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::edit::Applicability;
use crate::finding::{Confidence, Level};
use addition::Addition;
pub(crate) use cause::{CauseTable, Sameness, Scope};
use example::Example;
pub(crate) use format::Format;
use matcher::Matcher;
use peer::Peer;

/// Name and text of every `rules/<name>.md`, and its header as JSON. Sorted by name.
static PAGES: &[(&str, &str, &str)] = &include!(concat!(env!("OUT_DIR"), "/rules.rs"));

static CATALOG: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    PAGES
        .iter()
        .map(|&(name, page, header)| {
            let header = serde_json::from_str(header).map_err(|error| error.to_string());
            header
                .and_then(|header| Rule::new(name, page, header))
                .unwrap_or_else(|error| panic!("rules/{name}.md: {error}"))
        })
        .collect()
});

/// Where the source of the program is on the web, its pages of rules included.
pub const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// All rules, sorted by name. A page that does not parse cannot reach a user: `tests/catalogue.rs`
/// reads them all.
pub fn rules() -> &'static [Rule] {
    &CATALOG
}

/// The rule of this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    let rules = rules();
    rules
        .binary_search_by(|rule| rule.name.cmp(name))
        .ok()
        .map(|index| &rules[index])
}

/// Which profile a rule belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    Recommended,
    Strict,
}

/// What a rule is about. It decides, with the role of the file, how much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Concern {
    /// It cannot start, cannot be reached, or does not do what is written.
    Works,
    /// A credential, or the means to get at one.
    Secret,
    /// What an attacker can do who is already inside.
    Hardening,
    /// What a crash, a load or a rollout does to those who use it.
    Availability,
    /// What can be reached from outside.
    Exposure,
    /// Content that can change without a commit.
    Pinning,
    /// Waste, habits and documentation.
    Hygiene,
    /// What a pipeline tests, ships and trusts.
    Pipeline,
}

impl Concern {
    pub const fn as_str(self) -> &'static str {
        match self {
            Concern::Works => "works",
            Concern::Secret => "secret",
            Concern::Hardening => "hardening",
            Concern::Availability => "availability",
            Concern::Exposure => "exposure",
            Concern::Pinning => "pinning",
            Concern::Hygiene => "hygiene",
            Concern::Pipeline => "pipeline",
        }
    }
}

/// A rule, as its page describes it.
#[derive(Debug)]
pub struct Rule {
    pub name: &'static str,
    /// One line, without a full stop.
    pub summary: String,
    pub level: Level,
    /// Lower levels of cases that a check names: a role, or what the evidence leaves open.
    pub levels: BTreeMap<String, Level>,
    pub concern: Concern,
    pub confidence: Confidence,
    pub profile: Profile,
    /// Formats for which the rule is in the strict profile only, although `profile` is recommended.
    pub strict_on: Vec<Format>,
    /// The checklist item that the rule belongs to.
    pub item: String,
    pub on: Vec<Format>,
    /// Version that brought the rule.
    pub since: String,
    /// What its fixes are, if it has any.
    pub fix: Option<Applicability>,
    /// Standards and links about the same fault.
    pub see: Vec<String>,
    /// Rules of other linters that this one answers.
    pub answers: BTreeMap<Peer, Vec<String>>,
    /// Security rules carry a score from 0.1 to 10.0, for SARIF's `security-severity`.
    pub security: Option<f32>,
    /// How its findings are joined; `None` where only copies of one finding are.
    pub cause: Option<CauseTable>,
    /// What its fix adds where it reports an absence.
    pub addition: Option<Addition>,
    /// For declarative rules.
    pub matcher: Option<Matcher>,
    /// The page without its header: reasons, then examples.
    pub body: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    summary: String,
    level: Level,
    #[serde(default)]
    levels: BTreeMap<String, Level>,
    concern: Concern,
    #[serde(default = "high")]
    confidence: Confidence,
    #[serde(default = "recommended")]
    profile: Profile,
    #[serde(default, rename = "strict-on")]
    strict_on: Vec<Format>,
    item: String,
    on: Vec<Format>,
    since: String,
    fix: Option<FixKind>,
    #[serde(default)]
    see: Vec<String>,
    #[serde(default)]
    answers: BTreeMap<Peer, Vec<String>>,
    security: Option<f32>,
    cause: Option<CauseTable>,
    addition: Option<Addition>,
    r#match: Option<Matcher>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FixKind {
    Safe,
    Unsafe,
}

const fn high() -> Confidence {
    Confidence::High
}

const fn recommended() -> Profile {
    Profile::Recommended
}

impl Rule {
    /// A rule from its page: `# name`, a fenced `toml rule` block, prose, example blocks.
    pub fn parse(name: &'static str, page: &'static str) -> Result<Self, String> {
        let (header, _) = split_page(name, page)?;
        let header = toml::from_str(header).map_err(|error| error.to_string())?;

        Self::new(name, page, header)
    }

    fn new(name: &'static str, page: &'static str, header: Header) -> Result<Self, String> {
        let (_, body) = split_page(name, page)?;

        Ok(Self {
            name,
            summary: header.summary,
            level: header.level,
            levels: header.levels,
            concern: header.concern,
            confidence: header.confidence,
            profile: header.profile,
            strict_on: header.strict_on,
            item: header.item,
            on: header.on,
            since: header.since,
            fix: header.fix.map(|kind| match kind {
                FixKind::Safe => Applicability::Safe,
                FixKind::Unsafe => Applicability::Unsafe,
            }),
            see: header.see,
            answers: header.answers,
            security: header.security,
            cause: header.cause,
            addition: header.addition,
            matcher: header.r#match,
            body: body.trim(),
        })
    }

    /// The examples of the page. Parsed on demand, which a run that lints never does;
    /// `tests/catalogue.rs` holds that every page's examples parse.
    pub fn examples(&self) -> Vec<Example> {
        example::parse(self.body).unwrap_or_default()
    }

    /// The reasons: the page's prose without its examples.
    pub fn prose(&self) -> String {
        example::prose(self.body)
    }

    /// Whether the page lists this rule of another linter.
    pub fn answers_to(&self, peer: Peer, id: &str) -> bool {
        let ids = self.answers.get(&peer);
        ids.is_some_and(|ids| ids.iter().any(|answered| answered == id))
    }

    /// The page on the web.
    pub fn url(&self) -> String {
        format!("{REPOSITORY}/blob/main/rules/{}.md", self.name)
    }

    /// The level of a finding for which these cases hold: the lowest of theirs, or the rule's own.
    pub fn level_of(&self, cases: &[&str]) -> Level {
        let levels = cases.iter().filter_map(|case| self.levels.get(*case));
        levels.copied().fold(self.level, Level::min)
    }

    /// Whether the rule runs in this profile for a file of this format. `None` is for a finding
    /// whose format makes no difference.
    pub fn applies_to(&self, profile: Profile, format: Option<Format>) -> bool {
        profile == Profile::Strict
            || (self.profile == Profile::Recommended
                && !format.is_some_and(|format| self.strict_on.contains(&format)))
    }
}

/// The header of a rule's page, and what follows it.
fn split_page<'p>(name: &str, page: &'p str) -> Result<(&'p str, &'p str), String> {
    let rest = page
        .strip_prefix(&format!("# {name}\n"))
        .ok_or("the page must begin with `# ` and its own name")?;
    let (before, rest) = rest
        .split_once("```toml rule\n")
        .ok_or("no ```toml rule block")?;
    if !before.trim().is_empty() {
        return Err("nothing may come between the title and the ```toml rule block".to_owned());
    }

    rest.split_once("\n```\n")
        .ok_or_else(|| "the ```toml rule block does not end".to_owned())
}
