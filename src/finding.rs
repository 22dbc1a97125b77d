//! Findings: what a rule says of a place. Plain data; reporters decide how it looks.

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
    /// A risk someone will pay for.
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

    /// One step milder; a note stays a note.
    #[must_use]
    pub const fn lowered(self) -> Level {
        match self {
            Level::Error => Level::Warning,
            Level::Warning | Level::Note => Level::Note,
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

/// A place with a short text beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub location: Location,
    pub text: String,
}

/// What a finding is about, and what is wrong with it. Findings of one rule with the same cause are
/// joined to one by `engine::grouping`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cause {
    pub subject: Subject,
    /// What is missing or wrong, in a word or two; told apart from other aspects of the same rule.
    pub aspect: Cow<'static, str>,
}

/// The unit that shares a cause, and when its findings are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A file: three or more findings are joined.
    File,
    /// A unit of so many parts, known by its first file: the findings are joined if all parts, three
    /// at least, have the cause; otherwise they are those of their file.
    Unit { file: FileId, parts: u32 },
    /// The repository: all findings are joined.
    Repository,
}

/// One thing wrong at one place. Built by [`Finding::new`] and its `with_` methods; the engine
/// fills in the rule and its level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name: file stem in `rules/`, SARIF `ruleId`, word in a suppression.
    pub rule: &'static str,
    pub level: Level,
    pub confidence: Confidence,
    /// The smallest place a user would edit.
    pub location: Location,
    /// What stands at `place`, said in a few words under the underline. May be empty.
    pub label: String,
    /// What is wrong, in the user's own names; one line, no full stop.
    pub message: String,
    /// Other places that are the reason, in the order they should be read.
    pub related: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    pub fix: Option<Fix>,
    /// The first line of the object that the finding is about, where something is absent from it: a
    /// suppression there counts too.
    pub anchor: Option<Location>,
    /// What the finding shares with others; `None` where it stays alone.
    pub cause: Option<Cause>,
    /// The message after findings of the cause were joined, where it differs.
    pub joined_message: Option<String>,
    /// What the check knows about the case at hand, as the page's `[levels]` names it; the lowest of
    /// their levels counts.
    pub cases: Vec<&'static str>,
    /// How many other objects the finding speaks for, when one says it for all.
    pub others: u32,
    /// Places whose text is a secret: no output may print it.
    pub secrets: Vec<Location>,
}

impl Finding {
    /// `place` is the primary span: one token or one key.
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
            cause: None,
            joined_message: None,
            cases: Vec::new(),
            others: 0,
            secrets: Vec::new(),
        }
    }

    /// Names every file that the finding points into anew.
    pub fn rename_files(&mut self, rename: impl Fn(FileId) -> FileId) {
        let related = self.related.iter_mut().map(|label| &mut label.location);
        let own = [&mut self.location]
            .into_iter()
            .chain(&mut self.anchor)
            .chain(&mut self.secrets);
        let edits = self
            .fix
            .iter_mut()
            .flat_map(|fix| &mut fix.edits)
            .map(|edit| &mut edit.file);
        let files = own.chain(related).map(|location| &mut location.file);
        files.chain(edits).for_each(|file| *file = rename(*file));
    }

    /// The words under the primary underline.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// A further place that explains the finding.
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

    /// For a finding of absence: the object's first line, where a suppression may stand.
    #[must_use]
    pub const fn anchor(mut self, location: Location) -> Self {
        self.anchor = Some(location);
        self
    }

    /// What is shared with other findings of the rule.
    #[must_use]
    pub fn cause(mut self, subject: Subject, aspect: impl Into<Cow<'static, str>>) -> Self {
        self.cause = Some(Cause {
            subject,
            aspect: aspect.into(),
        });
        self
    }

    /// The message that replaces the finding's own when it speaks for all that have its cause.
    #[must_use]
    pub fn joined_message(mut self, message: impl Into<String>) -> Self {
        self.joined_message = Some(message.into());
        self
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

    /// Marks a place whose text must never be printed.
    #[must_use]
    pub fn secret(mut self, location: Location) -> Self {
        self.secrets.push(location);
        self
    }

    /// The finding also speaks for this many other objects.
    #[must_use]
    pub const fn others(mut self, count: u32) -> Self {
        self.others = count;
        self
    }
}

/// Where a check puts its findings. Each starts at the rule's own level, which a check may lower
/// for one finding.
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

    /// Reports a finding at the rule's own level.
    pub fn report(&mut self, finding: Finding) {
        self.report_at(self.level, finding);
    }

    /// Reports a finding at another level than the rule's, where the contract says so.
    pub fn report_at(&mut self, level: Level, mut finding: Finding) {
        finding.rule = self.rule;
        finding.level = level;
        finding.confidence = finding.confidence.min(self.confidence);
        self.findings.push(finding);
    }

    /// The rule's own level.
    pub const fn level(&self) -> Level {
        self.level
    }

    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}
