//! A rule's page, for the terminal and as Markdown; and the list of rules.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::human::wrap;
use super::style::{RenderOptions, style};
use crate::catalog::counterparts::PeerRule;
use crate::catalog::example::{Example, Role};
use crate::catalog::peer::Peer;
use crate::catalog::{self, Profile, Rule};
use crate::finding::Level;

/// The page, rendered for a terminal.
pub fn page(rule: &Rule, look: RenderOptions) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} {}",
        look.paint(style(rule.level), rule.name),
        look.paint("1", &rule.summary)
    );
    let _ = writeln!(out, "{}\n", look.paint("2", &facts(rule).join(" · ")));

    for paragraph in rule.prose().split("\n\n") {
        for line in flow(paragraph) {
            for piece in wrap(&line, look.width.min(100)) {
                let _ = writeln!(out, "{piece}");
            }
        }

        out.push('\n');
    }

    for example in &rule.examples() {
        example_text(&mut out, example, look);
    }

    if !rule.see.is_empty() {
        let _ = writeln!(
            out,
            "{} {}",
            look.paint("1", "See also:"),
            rule.see.join(", ")
        );
    }

    if !rule.answers.is_empty() {
        let line = format!("{} {}", look.paint("1", "Other linters:"), answers(rule));
        for piece in wrap(&line, look.width.min(100)) {
            let _ = writeln!(out, "{piece}");
        }
    }

    let _ = writeln!(
        out,
        "{} # deploylint: ignore[{}] <reason>",
        look.paint("1", "Suppress:"),
        rule.name
    );
    let _ = writeln!(out, "{} {}", look.paint("1", "On the web:"), rule.url());

    out
}

/// Rules of other linters that this one answers, such as `hadolint DL3002; Trivy DS-0002, DS-0005`.
fn answers(rule: &Rule) -> String {
    let peers: Vec<String> = rule
        .answers
        .iter()
        .map(|(peer, ids)| format!("{} {}", peer.list().title, ids.join(", ")))
        .collect();

    peers.join("; ")
}

/// What answers these rules of other linters: the page if one rule answers them all, else a list.
pub fn peer_rules(hits: &[PeerRule], look: RenderOptions) -> String {
    let mut out = String::new();

    for hit in hits {
        let name = look.paint("1", &format!("{} {}", hit.peer.list().title, hit.id));
        match (hit.reason, &hit.rules[..]) {
            (Some(reason), _) => {
                let _ = writeln!(out, "{name}: no counterpart ({reason})");
            }
            (None, [rule]) => {
                let _ = writeln!(out, "{name}: see {}", rule.name);
            }
            (None, rules) => {
                let _ = writeln!(out, "{name}: see these rules");
                out.push_str(&summaries(rules, look));
            }
        }
    }

    let mut answering = hits.iter().flat_map(|hit| &hit.rules);
    if let Some(rule) = answering.next()
        && answering.all(|other| other.name == rule.name)
    {
        out.push('\n');
        out.push_str(&page(rule, look));
    }

    out
}

/// The rules of a checklist item.
pub fn item(name: &str, rules: &[&Rule], look: RenderOptions) -> String {
    let list = summaries(rules, look);
    format!("`{name}` is a checklist item with these rules:\n\n{list}")
}

/// Name and summary of each rule, one a line.
fn summaries(rules: &[&Rule], look: RenderOptions) -> String {
    let mut out = String::new();

    for rule in rules {
        let name = look.paint(style(Level::Note), rule.name);
        let _ = writeln!(out, "  {name}  {}", rule.summary);
    }

    out
}

/// The lines of a paragraph joined to one, unless it is a list or a table.
fn flow(paragraph: &str) -> Vec<String> {
    if paragraph
        .lines()
        .any(|line| line.starts_with(['-', '*', '|', ' ', '#']))
    {
        return paragraph.lines().map(str::to_owned).collect();
    }

    vec![
        paragraph
            .lines()
            .map(str::trim)
            .collect::<Vec<_>>()
            .join(" "),
    ]
}

fn facts(rule: &Rule) -> Vec<String> {
    let formats: Vec<&str> = rule.on.iter().map(|format| format.as_str()).collect();
    let mut facts = vec![
        rule.level.as_str().to_owned(),
        format!("on {}", formats.join(", ")),
    ];
    facts.push(match rule.profile {
        Profile::Recommended if rule.strict_on.is_empty() => "recommended".to_owned(),
        Profile::Recommended => {
            let strict: Vec<&str> = rule
                .strict_on
                .iter()
                .map(|format| format.as_str())
                .collect();
            format!("recommended (strict on {})", strict.join(", "))
        }
        Profile::Strict => "strict profile only".to_owned(),
    });

    facts.push(format!("concern: {}", rule.concern.as_str()));
    facts.push(format!("checklist: {}", rule.item));
    facts.extend(rule.fix.map(|fix| format!("{} fix", fix.as_str())));
    facts.push(format!("since {}", rule.since));

    facts
}

const fn title(role: Role) -> &'static str {
    match role {
        Role::Bad => "Bad",
        Role::Good => "Good",
    }
}

fn example_text(out: &mut String, example: &Example, look: RenderOptions) {
    let color = if example.role == Role::Bad {
        "31"
    } else {
        "32"
    };

    let after = example
        .fixed
        .iter()
        .map(|(path, text)| ("Fixed", "32", path, text));
    let before = example
        .files
        .iter()
        .map(|file| (title(example.role), color, &file.path, &file.shown));
    for (title, color, path, text) in before.chain(after) {
        let _ = writeln!(
            out,
            "{} {}",
            look.paint(color, &format!("{title}:")),
            look.paint("2", path)
        );
        for line in text.lines() {
            let _ = writeln!(out, "{}", format!("    {line}").trim_end());
        }

        out.push('\n');
    }
}

/// The page as Markdown for other tools: reasons, examples without their marks, and the standards
/// and other linters that name the fault.
pub fn markdown(rule: &Rule) -> String {
    let mut out = format!("{}\n", rule.prose());

    for example in &rule.examples() {
        let after = example
            .fixed
            .iter()
            .map(|(path, text)| ("Fixed", path, text));
        let before = example
            .files
            .iter()
            .map(|file| (title(example.role), &file.path, &file.shown));
        for (title, path, text) in before.chain(after) {
            // The file may contain a fence.
            let fence = if text.contains("```") { "~~~~" } else { "```" };
            let _ = write!(
                out,
                "\n{title}: `{path}`\n\n{fence}{}\n{text}{fence}\n",
                language(path)
            );
        }
    }

    if !rule.see.is_empty() {
        let _ = writeln!(out, "\nSee also: {}", rule.see.join(", "));
    }

    if !rule.answers.is_empty() {
        let _ = writeln!(out, "\nOther linters: {}", answers(rule));
    }

    out
}

fn language(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("yaml" | "yml") => "yaml",
        Some("toml") => "toml",
        Some("json") => "json",
        Some("sh") => "sh",
        Some("py") => "python",
        _ if path.contains("Dockerfile") => "dockerfile",
        _ => "",
    }
}

/// All rules, one a line.
pub fn list(look: RenderOptions) -> String {
    let rules = catalog::rules();
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let mut out = String::new();

    for rule in rules {
        let level = look.paint(style(rule.level), &format!("{:<7}", rule.level.as_str()));
        let strict = if rule.profile == Profile::Strict {
            look.paint("2", " (strict)")
        } else {
            String::new()
        };

        let _ = writeln!(
            out,
            "{:<width$}  {level}  {}{strict}",
            rule.name, rule.summary
        );
    }

    out
}

#[derive(Serialize)]
struct Listed<'r> {
    name: &'r str,
    summary: &'r str,
    level: &'r str,
    concern: catalog::Concern,
    confidence: &'r str,
    profile: Profile,
    strict_on: &'r [catalog::Format],
    item: &'r str,
    on: &'r [catalog::Format],
    since: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    security: Option<f32>,
    see: &'r [String],
    answers: &'r BTreeMap<Peer, Vec<String>>,
    url: String,
}

/// All rules as a JSON array.
pub fn list_json() -> String {
    let rules: Vec<Listed> = catalog::rules()
        .iter()
        .map(|rule| Listed {
            name: rule.name,
            summary: &rule.summary,
            level: rule.level.as_str(),
            concern: rule.concern,
            confidence: rule.confidence.as_str(),
            profile: rule.profile,
            strict_on: &rule.strict_on,
            item: &rule.item,
            on: &rule.on,
            since: &rule.since,
            fix: rule.fix.map(|fix| fix.as_str()),
            security: rule.security,
            see: &rule.see,
            answers: &rule.answers,
            url: rule.url(),
        })
        .collect();
    serde_json::to_string_pretty(&rules).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::counterparts;

    #[test]
    fn a_page_reads_well() {
        insta::assert_snapshot!(page(
            catalog::rule("unused-suppression").unwrap(),
            RenderOptions::PLAIN
        ));
    }

    #[test]
    fn markdown_has_examples_without_marks() {
        let text = markdown(catalog::rule("unused-suppression").unwrap());
        assert!(
            text.contains("Bad: `Dockerfile`\n\n```dockerfile\n# deploylint: ignore[pinned-image]")
                && !text.contains("#!")
        );
    }

    #[test]
    fn a_rule_of_another_linter_leads_to_ours() {
        let explained = |query| peer_rules(&counterparts::find(query), RenderOptions::PLAIN);
        let page_of = |name| page(catalog::rule(name).unwrap(), RenderOptions::PLAIN);
        assert_eq!(
            explained("dl3002"),
            format!(
                "hadolint DL3002: see non-root-user\n\n{}",
                page_of("non-root-user")
            )
        );
        assert_eq!(
            explained("hadolint:DL3059"),
            "hadolint DL3059: no counterpart (style only: RUN instructions that could be combined)\n"
        );

        let several = explained("DL3025");
        let list: Vec<&str> = several
            .lines()
            .map(|line| line.split("  ").nth(1).unwrap_or(line))
            .collect();
        assert_eq!(
            list,
            [
                "hadolint DL3025: see these rules",
                "exec-form-command",
                "json-command"
            ]
        );
    }

    #[test]
    fn rules_are_listed_for_programs() {
        let rules: Vec<serde_json::Value> = serde_json::from_str(&list_json()).unwrap();
        assert_eq!(rules.len(), catalog::rules().len());
        assert_eq!(list(RenderOptions::PLAIN).lines().count(), rules.len());
    }
}
