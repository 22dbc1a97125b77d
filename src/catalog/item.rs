//! The items of the checklist: every page in `rules/checklist/`, embedded and parsed. What an item
//! asks, what proves it and how a person attests it is written there and nowhere else. Which rules
//! break an item is on the pages of the rules.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{Rule, rules};
use crate::finding::Level;

/// Name and text of every `rules/checklist/<name>.md`, and its header as JSON. Sorted by name.
static PAGES: &[(&str, &str, &str)] = &include!(concat!(env!("OUT_DIR"), "/items.rs"));

static ITEMS: LazyLock<Vec<Item>> = LazyLock::new(|| {
    let mut items: Vec<Item> = PAGES
        .iter()
        .map(|&(name, page, header)| {
            Item::new(name, page, header)
                .unwrap_or_else(|error| panic!("rules/checklist/{name}.md: {error}"))
        })
        .collect();
    items.sort_by_key(|item| item.order);

    items
});

/// All items, in the order of the report.
pub fn items() -> &'static [Item] {
    &ITEMS
}

/// The item of this name.
pub fn item(name: &str) -> Option<&'static Item> {
    items().iter().find(|item| item.name == name)
}

/// The names that can be attested: items, and parts of items.
pub fn attestable() -> impl Iterator<Item = &'static str> {
    items().iter().flat_map(|item| {
        let parts = item.parts.iter().map(|part| part.name.as_str());
        let whole = (item.attest == Attest::Absent).then_some(item.name);
        whole.into_iter().chain(parts)
    })
}

/// Names that `--require` knows: items, and parts of items.
pub fn names() -> impl Iterator<Item = &'static str> {
    items().iter().flat_map(|item| {
        let parts = item.parts.iter().map(|part| part.name.as_str());
        std::iter::once(item.name).chain(parts)
    })
}

/// What an item is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemScope {
    /// Each service.
    Service,
    Repository,
    /// A person: files cannot show it.
    Attested,
}

/// What an attestation is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attest {
    /// Nothing: files show the answer.
    Never,
    /// It stands for evidence that is not in the files. It does not outweigh what is.
    Absent,
    /// It is the only evidence, of each part.
    Only,
}

/// An item of the checklist, as its page describes it.
#[derive(Debug)]
pub struct Item {
    pub name: &'static str,
    pub question: String,
    /// The heading under which it is reported.
    pub group: String,
    pub scope: ItemScope,
    /// A command that a person can check it with, and what it should give.
    pub command: String,
    pub expect: String,
    pub attest: Attest,
    /// Findings of its rules at this level or above break it.
    pub breaks_at: Level,
    /// Rules whose findings say that not everything was seen.
    pub unknown_with: Vec<String>,
    pub parts: Vec<Part>,
    /// Why it matters.
    pub why: &'static str,
    /// What counts as evidence.
    pub proof: &'static str,
    /// What an attestation says.
    pub attestation: &'static str,
    order: u32,
}

/// A part of an item that is attested by itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub name: String,
    pub question: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Header {
    question: String,
    order: u32,
    group: String,
    scope: ItemScope,
    command: String,
    expect: String,
    attest: Attest,
    #[serde(default = "warning")]
    breaks_at: Level,
    #[serde(default)]
    unknown_with: Vec<String>,
    #[serde(default)]
    part: Vec<Part>,
}

const fn warning() -> Level {
    Level::Warning
}

impl Item {
    fn new(name: &'static str, page: &'static str, header: &str) -> Result<Self, String> {
        let header: Header = serde_json::from_str(header).map_err(|error| error.to_string())?;
        let (_, body) = page.split_once("\n```\n").ok_or("the block does not end")?;
        let (why, rest) = body
            .split_once("\n## What proves it\n")
            .ok_or("no section `What proves it`")?;
        let (proof, attestation) = rest
            .split_once("\n## How to attest it\n")
            .ok_or("no section `How to attest it`")?;

        Ok(Self {
            name,
            question: header.question,
            group: header.group,
            scope: header.scope,
            command: header.command,
            expect: header.expect,
            attest: header.attest,
            breaks_at: header.breaks_at,
            unknown_with: header.unknown_with,
            parts: header.part,
            why: why.trim(),
            proof: proof.trim(),
            attestation: attestation.trim(),
            order: header.order,
        })
    }

    /// The rules whose findings break the item.
    pub fn rules(&self) -> impl Iterator<Item = &'static Rule> {
        rules().iter().filter(|rule| rule.item == self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_read() {
        assert_eq!(items().len(), PAGES.len());
        assert!(items().iter().is_sorted_by_key(|item| item.order));
    }

    #[test]
    fn every_rule_breaks_an_item_or_is_about_the_tool() {
        for rule in rules() {
            let known = rule.item == "tool" || item(&rule.item).is_some();
            assert!(known, "{}: no item `{}`", rule.name, rule.item);
        }
    }

    #[test]
    fn parts_are_attested_alone() {
        for item in items() {
            let has_parts = !item.parts.is_empty();
            assert_eq!(has_parts, item.attest == Attest::Only, "{}", item.name);
        }
    }
}
