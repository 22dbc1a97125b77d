//! The grammar of `deploylint.toml`. Reads the whole file even after an error, so that one run shows
//! every mistake.

use std::collections::BTreeMap;
use std::ops::Range;

use ignore::gitignore::GitignoreBuilder;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::attest::Attestation;
use super::policy::{
    Config, FailOn, Globs, LevelSetting, Levels, PathPolicy, is_known_rule, similar_rule,
};
use crate::catalog::Profile;
use crate::catalog::item;
use crate::credential::is_fingerprint;
use crate::date::Date;
use crate::finding::{Finding, Level};
use crate::model::file_role::Role;
use crate::source::{FileId, Location, Span};
use crate::suggest;

const KEYS: [&str; 11] = [
    "profile",
    "select",
    "ignore",
    "levels",
    "paths",
    "role",
    "exclude",
    "min-level",
    "fail-on",
    "attest",
    "secrets",
];
const ATTEST_KEYS: [&str; 5] = ["by", "on", "until", "link", "note"];
const SECRETS_KEYS: [&str; 1] = ["allow"];
const PATH_KEYS: [&str; 3] = ["globs", "ignore", "levels"];
const ROLE_KEYS: [&str; 2] = ["globs", "role"];
const ROLES: [(&str, Role); 3] = [
    ("production", Role::Production),
    ("development", Role::Development),
    ("practice", Role::Practice),
];
const LEVELS: [(&str, Level); 3] = [
    ("error", Level::Error),
    ("warning", Level::Warning),
    ("note", Level::Note),
];

/// One mistake in the file.
#[derive(Debug)]
pub struct Problem {
    span: Range<usize>,
    message: String,
    label: String,
}

impl Problem {
    pub fn finding(self) -> Finding {
        let location = Location::new(FileId(0), Span::of(self.span.start, self.span.end));
        Finding::new(location, self.message).label(self.label)
    }
}

/// The configuration that the text describes, or all that is wrong with it.
pub fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    let table = match DeTable::parse(text) {
        Ok(table) => table.into_inner(),
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            let message = error
                .message()
                .lines()
                .next()
                .unwrap_or("not TOML")
                .to_owned();
            return Err(vec![Problem {
                span,
                message: "invalid TOML".to_owned(),
                label: message,
            }]);
        }
    };

    let mut reader = ConfigReader {
        problems: Vec::new(),
    };

    let config = reader.config(&table);
    reader.problems.sort_by_key(|problem| problem.span.start);
    if reader.problems.is_empty() {
        Ok(config)
    } else {
        Err(reader.problems)
    }
}

struct ConfigReader {
    problems: Vec<Problem>,
}

impl ConfigReader {
    fn problem(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
    ) {
        self.problems.push(Problem {
            span,
            message: message.into(),
            label: label.into(),
        });
    }

    fn config(&mut self, table: &DeTable) -> Config {
        let mut config = Config::default();

        for (key, value) in table {
            match key.get_ref().as_ref() {
                "profile" => {
                    let profiles = [
                        ("recommended", Profile::Recommended),
                        ("strict", Profile::Strict),
                    ];
                    config.profile = self
                        .choice("profile", value, &profiles)
                        .unwrap_or(config.profile);
                }
                "select" => config.select = self.rules("select", value),
                "ignore" => config.ignore = self.rules("ignore", value),
                "levels" => config.levels = self.levels(value),
                "paths" => config.paths = self.paths(value),
                "role" => config.roles = self.roles(value),
                "secrets" => config.allowed_secrets = self.secrets(value),
                "exclude" => config.exclude = self.globs("exclude", value),
                "min-level" => {
                    config.min_level = self
                        .choice("min-level", value, &LEVELS)
                        .unwrap_or(config.min_level)
                }
                "fail-on" => {
                    let mut levels = vec![("never", FailOn::Never)];
                    levels.extend(LEVELS.map(|(word, level)| (word, FailOn::AtLeast(level))));
                    config.fail_on = self
                        .choice("fail-on", value, &levels)
                        .unwrap_or(config.fail_on);
                }
                "attest" => config.attestations = self.attestations(value),
                other => self.unknown_key(key.span(), other, &KEYS),
            }
        }

        config
    }

    /// `[secrets]`: the fingerprints of those that are not reported.
    fn secrets(&mut self, value: &Spanned<DeValue>) -> Vec<String> {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong_type(value, "`secrets` must be a table, written `[secrets]`");
            return Vec::new();
        };

        let mut allowed = Vec::new();

        for (key, value) in table {
            match key.get_ref().as_ref() {
                "allow" => allowed = self.fingerprints(value),
                other => self.unknown_key(key.span(), other, &SECRETS_KEYS),
            }
        }

        allowed
    }

    fn fingerprints(&mut self, value: &Spanned<DeValue>) -> Vec<String> {
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(value, "`allow` must be a list of fingerprints");
            return Vec::new();
        };

        let mut allowed = Vec::new();

        for item in items {
            match item.get_ref() {
                DeValue::String(text) if is_fingerprint(text) => allowed.push(text.to_string()),
                _ => self.problem(
                    item.span(),
                    "`allow` requires fingerprints of secrets",
                    "`deploylint secrets hash` prints one",
                ),
            }
        }

        allowed
    }

    fn paths(&mut self, value: &Spanned<DeValue>) -> Vec<PathPolicy> {
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(
                value,
                "`paths` must be a list of tables, written `[[paths]]`",
            );
            return Vec::new();
        };

        items.iter().filter_map(|item| self.path(item)).collect()
    }

    fn path(&mut self, item: &Spanned<DeValue>) -> Option<PathPolicy> {
        let DeValue::Table(table) = item.get_ref() else {
            self.wrong_type(item, "each entry of `paths` must be a table");
            return None;
        };

        let mut policy = PathPolicy {
            globs: Globs::none(),
            ignore: Vec::new(),
            levels: Levels::new(),
        };

        for (key, value) in table {
            match key.get_ref().as_ref() {
                "globs" => policy.globs = self.globs("globs", value),
                "ignore" => policy.ignore = self.rules("ignore", value),
                "levels" => policy.levels = self.levels(value),
                other => self.unknown_key(key.span(), other, &PATH_KEYS),
            }
        }

        if !table.keys().any(|key| key.get_ref() == "globs") {
            self.problem(
                item.span(),
                "`[[paths]]` requires `globs`",
                "does not apply to any file",
            );
        }

        Some(policy)
    }

    fn roles(&mut self, value: &Spanned<DeValue>) -> Vec<(Globs, Role)> {
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(value, "`role` must be a list of tables, written `[[role]]`");
            return Vec::new();
        };

        items.iter().filter_map(|item| self.role(item)).collect()
    }

    fn role(&mut self, item: &Spanned<DeValue>) -> Option<(Globs, Role)> {
        let DeValue::Table(table) = item.get_ref() else {
            self.wrong_type(item, "each entry of `role` must be a table");
            return None;
        };

        let (mut globs, mut role) = (Globs::none(), None);

        for (key, value) in table {
            match key.get_ref().as_ref() {
                "globs" => globs = self.globs("globs", value),
                "role" => role = self.choice("role", value, &ROLES),
                other => self.unknown_key(key.span(), other, &ROLE_KEYS),
            }
        }

        for (key, label) in [
            ("globs", "does not apply to any file"),
            ("role", "`production`, `development` or `practice`"),
        ] {
            if !table.keys().any(|known| known.get_ref() == key) {
                let message = format!("`[[role]]` requires `{key}`");
                self.problem(item.span(), message, label);
            }
        }

        Some((globs, role?))
    }

    fn attestations(&mut self, value: &Spanned<DeValue>) -> BTreeMap<String, Attestation> {
        let mut attestations = BTreeMap::new();
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong_type(value, "`attest` must be tables, written `[attest.ITEM]`");
            return attestations;
        };

        for (key, value) in table {
            let name = key.get_ref().as_ref();

            if !item::attestable().any(|known| known == name) {
                let label = match suggest::nearest(name, item::attestable()) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None if item::item(name).is_some() => "files show it".to_owned(),
                    None => "`deploylint checklist` lists the items".to_owned(),
                };
                self.problem(key.span(), format!("`{name}` cannot be attested"), label);
                continue;
            }

            if let Some(attestation) = self.attestation(name, value) {
                attestations.insert(name.to_owned(), attestation);
            }
        }

        attestations
    }

    fn attestation(&mut self, name: &str, value: &Spanned<DeValue>) -> Option<Attestation> {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong_type(value, "an attestation must be a table");
            return None;
        };

        let (mut by, mut on, mut until, mut link, mut note) = (None, None, None, None, None);

        for (key, value) in table {
            match key.get_ref().as_ref() {
                "by" => by = self.text("by", value),
                "on" => on = self.date("on", value),
                "until" => until = self.date("until", value),
                "link" => link = self.text("link", value),
                "note" => note = self.text("note", value),
                other => self.unknown_key(key.span(), other, &ATTEST_KEYS),
            }
        }

        for (required, label) in [
            ("by", "name the person who vouches for it"),
            ("until", "set the last day on which it counts"),
        ] {
            if !table.keys().any(|key| key.get_ref() == required) {
                let message = format!("`[attest.{name}]` requires `{required}`");
                self.problem(value.span(), message, label);
            }
        }

        Some(Attestation {
            by: by?,
            on,
            until: until?,
            link,
            note,
        })
    }

    fn text(&mut self, key: &str, value: &Spanned<DeValue>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.to_string()),
            DeValue::String(_) => {
                self.problem(value.span(), format!("`{key}` is empty"), "write a string");
                None
            }
            _ => {
                self.wrong_type(value, &format!("`{key}` must be a string"));
                None
            }
        }
    }

    /// A day, as a date of TOML or as a string.
    fn date(&mut self, key: &str, value: &Spanned<DeValue>) -> Option<Date> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(date) => date.to_string(),
            _ => {
                self.wrong_type(value, &format!("`{key}` must be a date"));
                return None;
            }
        };

        let date = text.get(..10).and_then(Date::parse);
        if date.is_none() {
            let message = format!("`{key}` must be a date");
            self.problem(value.span(), message, "written `YYYY-MM-DD`");
        }

        date
    }

    fn levels(&mut self, value: &Spanned<DeValue>) -> Levels {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong_type(value, "`levels` must be a table of rules and levels");
            return Levels::new();
        };

        let words = [
            ("off", LevelSetting::Off),
            ("note", LevelSetting::Note),
            ("warning", LevelSetting::Warning),
            ("error", LevelSetting::Error),
        ];
        let mut levels = Levels::new();

        for (key, value) in table {
            let name = key.get_ref().as_ref();
            self.rule(key.span(), name);
            if let Some(setting) = self.choice(name, value, &words) {
                levels.insert(name.to_owned(), setting);
            }
        }

        levels
    }

    fn rules(&mut self, key: &str, value: &Spanned<DeValue>) -> Vec<String> {
        let names = self.strings(key, value, "a list of rule names");
        for (span, name) in &names {
            self.rule(span.clone(), name);
        }
        names.into_iter().map(|(_, name)| name).collect()
    }

    fn rule(&mut self, span: Range<usize>, name: &str) {
        if !is_known_rule(name) {
            let label = match similar_rule(name) {
                Some(rule) => format!("did you mean `{rule}`?"),
                None => "run `deploylint rules` to list all rules".to_owned(),
            };

            self.problem(span, format!("unknown rule `{name}`"), label);
        }
    }

    fn globs(&mut self, key: &str, value: &Spanned<DeValue>) -> Globs {
        let mut builder = GitignoreBuilder::new("");

        for (span, glob) in self.strings(key, value, "a glob or a list of globs") {
            if let Err(error) = builder.add_line(None, &glob) {
                let error = error.to_string();
                let reason = error.rsplit(": ").next().unwrap_or(&error).to_owned();
                self.problem(span, format!("invalid glob `{glob}`"), reason);
            }
        }

        builder.build().map_or_else(|_| Globs::none(), Globs)
    }

    /// The strings of a list; a single string is a list of one.
    fn strings(
        &mut self,
        key: &str,
        value: &Spanned<DeValue>,
        wanted: &str,
    ) -> Vec<(Range<usize>, String)> {
        let items = match value.get_ref() {
            DeValue::String(text) => return vec![(value.span(), text.to_string())],
            DeValue::Array(items) => items,
            _ => {
                self.wrong_type(value, &format!("`{key}` must be {wanted}"));
                return Vec::new();
            }
        };

        let mut strings = Vec::with_capacity(items.len());

        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) => strings.push((item.span(), text.to_string())),
                _ => self.wrong_type(item, &format!("`{key}` must be {wanted}")),
            }
        }

        strings
    }

    fn choice<T: Copy>(
        &mut self,
        key: &str,
        value: &Spanned<DeValue>,
        words: &[(&str, T)],
    ) -> Option<T> {
        let listed: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let (last, others) = listed.split_last()?;
        let message = format!("`{key}` must be {} or {last}", others.join(", "));
        let DeValue::String(text) = value.get_ref() else {
            self.wrong_type(value, &message);
            return None;
        };

        let choice = words
            .iter()
            .find(|(word, _)| word == text)
            .map(|&(_, meaning)| meaning);
        if choice.is_none() {
            let label = suggest::nearest(text, words.iter().map(|&(word, _)| word)).map_or_else(
                || "unknown value".to_owned(),
                |word| format!("did you mean `{word}`?"),
            );
            self.problem(value.span(), message, label);
        }

        choice
    }

    fn unknown_key(&mut self, span: Range<usize>, key: &str, keys: &[&'static str]) {
        let label = match suggest::nearest(key, keys.iter().copied()) {
            Some(key) => format!("did you mean `{key}`?"),
            None => format!("known keys: {}", keys.join(", ")),
        };
        self.problem(span, format!("unknown key `{key}`"), label);
    }

    fn wrong_type(&mut self, value: &Spanned<DeValue>, message: &str) {
        let kind = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };

        self.problem(value.span(), message, format!("found {kind}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every mistake as `text at its span: message (label)`.
    fn mistakes(text: &str) -> Vec<String> {
        let problems = parse(text).err().unwrap_or_default();
        problems
            .into_iter()
            .map(
                |Problem {
                     span,
                     message,
                     label,
                 }| format!("{}: {message} ({label})", &text[span]),
            )
            .collect()
    }

    #[test]
    fn every_mistake_points_at_its_token() {
        assert_eq!(
            mistakes(
                "profile = 'strct'\nslect = []\nignore = ['unused-supression', 3]\n[levels]\nunknown-rule = 'of'\n"
            ),
            [
                "'strct': `profile` must be `recommended` or `strict` (did you mean `strict`?)",
                "slect: unknown key `slect` (did you mean `select`?)",
                "'unused-supression': unknown rule `unused-supression` (did you mean \
                 `unused-suppression`?)",
                "3: `ignore` must be a list of rule names (found a number)",
                "'of': `unknown-rule` must be `off`, `note`, `warning` or `error` (did you mean \
                 `off`?)",
            ]
        );
        assert_eq!(
            mistakes("[[paths]]\nignroe = []\n[[paths]]\nglobs = ['a{b']"),
            [
                "[[paths]]: `[[paths]]` requires `globs` (does not apply to any file)",
                "ignroe: unknown key `ignroe` (did you mean `ignore`?)",
                "'a{b': invalid glob `a{b` (unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?))",
            ]
        );
        assert_eq!(
            mistakes("[[role]]\nglobs = 'a/'\nrole = 'practise'\n[[role]]\nglob = 'a/'"),
            [
                "'practise': `role` must be `production`, `development` or `practice` (did you \
                 mean `practice`?)",
                "[[role]]: `[[role]]` requires `globs` (does not apply to any file)",
                "[[role]]: `[[role]]` requires `role` (`production`, `development` or `practice`)",
                "glob: unknown key `glob` (did you mean `globs`?)",
            ]
        );
        assert_eq!(mistakes("paths = 3\nzzz = 1\nlevels = 'x'").len(), 3);
        assert_eq!(
            mistakes("select = [")[0].split(" (").next(),
            Some(": invalid TOML")
        );
    }
}
