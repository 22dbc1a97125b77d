//! Findings: what rules report about locations. Plain data; reporters decide how it looks.

use std::borrow::Cow;

use crate::edit::Fix;
use crate::source::{FileId, Location};

/// How much a finding matters.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Advice.
    Note,
    /// A risk.
    Warning,
    /// Blocks a deploy.
    Error,
}

impl Level {
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// How sure the rule is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

impl Confidence {
    pub const fn as_str(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// A location with a short text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub location: Location,
    pub text: String,
}

/// The text of a place at which the same is wrong.
pub const ALSO: &str = "and here";

/// One thing wrong at one place. Built by [`Finding::new`] and its `with_` methods; the engine
/// fills in the rule and its level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name: file stem in `rules/`, SARIF `ruleId`, word in a suppression.
    pub rule: &'static str,
    pub level: Level,
    pub confidence: Confidence,
    /// The smallest location that a user would edit.
    pub location: Location,
    /// The words under the underline of the location. May be empty.
    pub label: String,
    /// What is wrong, in the user's own names; one line, no full stop.
    pub message: String,
    /// Other locations that explain the finding, in the order in which they are read.
    pub related: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    pub fix: Option<Fix>,
    /// The first line of the object, for a finding about something that is absent from it: a
    /// suppression there applies as well.
    pub anchor: Option<Location>,
    /// What is missing or wrong, in a word or two, where the rule reports several things: findings
    /// are joined as the rule's page says, and only those of one aspect.
    pub aspect: Cow<'static, str>,
    /// The place of the finding that this one is a part of, if one is reported there by a rule that
    /// the page names.
    pub part_of: Option<Location>,
    /// Other findings became a part of this one.
    pub has_parts: bool,
    /// What the check knows about the case at hand, as the page's `[levels]` names it; the lowest of
    /// their levels counts.
    pub cases: Vec<&'static str>,
    /// Locations whose text is a secret: no output may print it.
    pub secrets: Vec<Location>,
}

impl Finding {
    /// A finding at a location, which is one token or one key.
    pub fn new(location: Location, message: impl Into<String>) -> Self {
        Self {
            rule: "",
            level: Level::Error,
            confidence: Confidence::High,
            location,
            label: String::new(),
            message: message.into(),
            related: Vec::new(),
            help: None,
            fix: None,
            anchor: None,
            aspect: Cow::Borrowed(""),
            part_of: None,
            has_parts: false,
            cases: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// Replaces the ids of all files in the finding.
    pub fn rename_files(&mut self, rename: impl Fn(FileId) -> FileId) {
        let related = self.related.iter_mut().map(|label| &mut label.location);
        let locations = [&mut self.location]
            .into_iter()
            .chain(&mut self.anchor)
            .chain(&mut self.part_of)
            .chain(&mut self.secrets);
        let edits = self
            .fix
            .iter_mut()
            .flat_map(|fix| &mut fix.edits)
            .map(|edit| &mut edit.file);
        let files = locations.chain(related).map(|location| &mut location.file);
        files.chain(edits).for_each(|file| *file = rename(*file));
    }

    /// The words under the primary underline.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// Another location that explains the finding.
    #[must_use]
    pub fn related(mut self, location: Location, text: impl Into<String>) -> Self {
        self.related.push(Label {
            location,
            text: text.into(),
        });
        self
    }

    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// A fix, if there is one.
    #[must_use]
    pub fn fix(mut self, fix: Option<Fix>) -> Self {
        self.fix = fix;
        self
    }

    /// For a finding about something absent: the first line of the object.
    #[must_use]
    pub const fn anchor(mut self, location: Location) -> Self {
        self.anchor = Some(location);
        self
    }

    /// What is wrong, where the rule reports several things.
    #[must_use]
    pub fn aspect(mut self, aspect: impl Into<Cow<'static, str>>) -> Self {
        self.aspect = aspect.into();
        self
    }

    /// The place of the finding that includes this one, if it is reported.
    #[must_use]
    pub const fn part_of(mut self, location: Location) -> Self {
        self.part_of = Some(location);
        self
    }

    /// More places at which the same is wrong.
    #[must_use]
    pub fn also_at(mut self, locations: impl IntoIterator<Item = Location>) -> Self {
        let labels = locations.into_iter().map(|location| Label {
            location,
            text: ALSO.to_owned(),
        });
        self.related.extend(labels);
        self
    }

    /// The locations at which the same is wrong, the primary one first.
    pub fn places(&self) -> impl Iterator<Item = Location> {
        let also = self.related.iter().filter(|label| label.text == ALSO);

        [self.location]
            .into_iter()
            .chain(also.map(|label| label.location))
    }

    /// A case of the page's `[levels]` that holds here.
    #[must_use]
    pub fn case(mut self, case: &'static str) -> Self {
        self.cases.push(case);
        self
    }

    /// A case of the page's `[levels]`, if it holds here.
    #[must_use]
    pub fn case_if(self, holds: bool, case: &'static str) -> Self {
        if holds { self.case(case) } else { self }
    }

    /// Marks a location whose text must never be printed.
    #[must_use]
    pub fn secret(mut self, location: Location) -> Self {
        self.secrets.push(location);
        self
    }
}

/// Where a check puts its findings.
#[derive(Debug)]
pub struct Sink {
    rule: &'static str,
    level: Level,
    confidence: Confidence,
    findings: Vec<Finding>,
}

impl Sink {
    pub const fn new(rule: &'static str, level: Level, confidence: Confidence) -> Self {
        Self {
            rule,
            level,
            confidence,
            findings: Vec::new(),
        }
    }

    /// Reports a finding. Its level is the rule's, until `engine::policy` looks at its cases.
    pub fn report(&mut self, mut finding: Finding) {
        finding.rule = self.rule;
        finding.level = self.level;
        finding.confidence = finding.confidence.min(self.confidence);
        self.findings.push(finding);
    }

    pub const fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}
