//! The last lines of a run, where the eye ends; and the counts per rule.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::style::{RenderOptions, style};
use super::{Report, count};
use crate::catalog;
use crate::edit::Applicability;
use crate::engine::{Summary, Unseen};
use crate::finding::Level;

/// What was looked at, and what came of it.
pub fn render(view: &Report, look: RenderOptions) -> String {
    let summary = &view.outcome.summary;
    let totals = view.totals;
    let checked = checked(summary);
    if checked.is_empty() && totals.at_least(Level::Note) == 0 && !summary.failed {
        return nothing(summary, look) + &unrecognized(view);
    }

    let mut facts = vec![levels(view, look)];
    facts.extend(hidden(view).map(|text| look.paint("2", &text)));
    if summary.suppressed > 0 {
        facts.push(format!("{} suppressed", summary.suppressed));
    }

    facts.extend(fixable(view));

    if summary.failed {
        facts.push(look.paint("1;31", "not everything could be checked"));
    }

    if checked.is_empty() {
        facts.extend(left_out(summary));
    }

    facts.push(look.paint("2", &elapsed(summary.elapsed)));
    let facts = facts.join(" · ");
    let checked = if checked.is_empty() {
        count(summary.files, "file", "files")
    } else {
        checked
    };

    // Of files that are none of a deployment, it says nothing that they are in order.
    let is_understood = summary.unrecognized.len() < view.focused.max(1);
    let mut text = if is_understood && totals.at_least(Level::Warning) == 0 && !summary.failed {
        // A part of a repository can be clean; only the whole can be ready.
        let word = if view.focused > 0 { "Clean" } else { "Ready" };
        format!("{}: {checked} · {facts}\n", look.paint("1;32", word))
    } else {
        format!("{} {checked}\n{facts}\n", look.paint("1", "Checked"))
    };

    if totals.at_least(Level::Warning) == 0 {
        let _ = write!(text, "{}", not_seen(summary.unseen));
    }

    text.push_str(&unrecognized(view));

    if view.focused > 0 {
        let paths = count(view.focused, "path", "paths");
        let _ = writeln!(
            text,
            "Showing {paths} only; run `deploylint` at the root to see the whole repository"
        );
    }

    text
}

/// How many findings have a fix, and the flags that apply it.
fn fixable(view: &Report) -> Option<String> {
    let safe = view.fixable(Applicability::Safe);
    let all = view.fixable(Applicability::Unsafe);
    let unsafe_flags = "--fix --unsafe-fixes";

    match (safe, all - safe) {
        (0, 0) => None,
        (safe, 0) => Some(format!("{safe} fixable (--fix)")),
        (0, others) => Some(format!("{others} fixable ({unsafe_flags})")),
        (safe, others) => Some(format!(
            "{safe} fixable (--fix), {others} more ({unsafe_flags})"
        )),
    }
}

/// What the run does not vouch for, as a line; empty if it saw all that is deployed.
fn not_seen(unseen: Unseen) -> String {
    let parts = [
        (unseen.charts, "values of a chart", "values of {} charts"),
        (
            unseen.kustomizations,
            "what a kustomization gathers from elsewhere",
            "what {} kustomizations gather from elsewhere",
        ),
        (unseen.templates, "a template", "{} templates"),
        (
            unseen.images,
            "an image whose name is set elsewhere",
            "{} images whose names are set elsewhere",
        ),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, one, many)| match number {
            1 => one.to_owned(),
            _ => many.replace("{}", &number.to_string()),
        })
        .collect();

    if parts.is_empty() {
        return String::new();
    }

    format!("Not seen: {}\n", parts.join(", "))
}

/// A line for each file that the user names and that is none of a deployment.
pub fn unrecognized(view: &Report) -> String {
    let mut text = String::new();

    for path in &view.outcome.summary.unrecognized {
        let path = view.line(&format!("{}{path}", view.shown_prefix));
        let _ = writeln!(
            text,
            "`{path}` is not a Dockerfile, compose file, Kubernetes manifest, Helm chart or workflow"
        );
    }

    text
}

/// `4 Dockerfiles, 2 compose files · 5 services`; empty when there is nothing to deploy.
pub fn checked(summary: &Summary) -> String {
    let parts = [
        (summary.dockerfiles, "Dockerfile", "Dockerfiles"),
        (summary.compose_files, "compose file", "compose files"),
        (
            summary.kubernetes_objects,
            "Kubernetes object",
            "Kubernetes objects",
        ),
        (summary.workflows, "workflow", "workflows"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|part| part.0 > 0)
        .map(|(number, one, many)| count(number, one, many))
        .collect();
    let mut text = parts.join(", ");

    if summary.services > 0 && !text.is_empty() {
        let _ = write!(
            text,
            " · {}",
            count(summary.services, "service", "services")
        );
    }

    text
}

/// `3 errors, 6 warnings`, and the notes if they are shown.
fn levels(view: &Report, look: RenderOptions) -> String {
    let totals = view.totals;
    let mut parts = Vec::new();
    for (level, number, one, many) in [
        (Level::Error, totals.errors, "error", "errors"),
        (Level::Warning, totals.warnings, "warning", "warnings"),
        (Level::Note, totals.notes, "note", "notes"),
    ] {
        if level < view.min_level || (level == Level::Note && number == 0) {
            continue;
        }

        let text = count(number, one, many);
        parts.push(if number > 0 {
            look.paint(style(level), &text)
        } else {
            text
        });
    }

    parts.join(", ")
}

/// `9 notes hidden (--min-level note)`.
fn hidden(view: &Report) -> Option<String> {
    let warnings = if view.min_level > Level::Warning {
        view.totals.warnings
    } else {
        0
    };

    let notes = if view.min_level > Level::Note {
        view.totals.notes
    } else {
        0
    };

    let mut parts = Vec::new();
    if warnings > 0 {
        parts.push(count(warnings, "warning", "warnings"));
    }

    if notes > 0 {
        parts.push(count(notes, "note", "notes"));
    }

    let level = if notes > 0 {
        Level::Note
    } else {
        Level::Warning
    };

    (!parts.is_empty()).then(|| {
        format!(
            "{} hidden (--min-level {})",
            parts.join(" and "),
            level.as_str()
        )
    })
}

fn nothing(summary: &Summary, look: RenderOptions) -> String {
    let mut files = match summary.files {
        0 => "no text files found".to_owned(),
        files => format!(
            "{} searched for credentials, none found",
            count(files, "text file", "text files")
        ),
    };

    if let Some(left_out) = left_out(summary) {
        files = format!("{files}; {left_out}");
    }

    format!(
        "{} no Dockerfile, compose file, Kubernetes manifest, Helm chart or GitHub workflow; \
         {files} · {}\n",
        look.paint("1", "Nothing to deploy:"),
        look.paint("2", &elapsed(summary.elapsed))
    )
}

/// `2 files excluded by the configuration, 1 path ignored`: what may be why there is nothing to
/// check.
pub fn left_out(summary: &Summary) -> Option<String> {
    let mut parts = Vec::new();

    if summary.excluded > 0 {
        parts.push(format!(
            "{} excluded by the configuration",
            count(summary.excluded, "file", "files")
        ));
    }

    if summary.ignored > 0 {
        parts.push(format!(
            "{} ignored",
            count(summary.ignored, "path", "paths")
        ));
    }

    (!parts.is_empty()).then(|| parts.join(", "))
}

fn elapsed(time: Duration) -> String {
    match time.as_millis() {
        0 => "under 1 ms".to_owned(),
        millis @ 1..1_000 => format!("{millis} ms"),
        _ => format!("{:.1} s", time.as_secs_f32()),
    }
}

/// How often each rule was broken, most often first.
pub fn statistics(view: &Report, look: RenderOptions) -> String {
    let mut rules: BTreeMap<&str, (usize, Level)> = BTreeMap::new();

    for finding in &view.findings {
        let entry = rules.entry(finding.rule).or_insert((0, finding.level));
        *entry = (entry.0 + 1, entry.1.max(finding.level));
    }

    let mut rows: Vec<_> = rules.into_iter().collect();
    rows.sort_by_key(|&(name, (number, level))| (std::cmp::Reverse((number, level)), name));
    let width = rows.iter().map(|row| row.0.len()).max().unwrap_or(0);
    let mut out = String::new();

    for (name, (number, level)) in rows {
        let word = look.paint(style(level), &format!("{:<7}", level.as_str()));
        let about = catalog::rule(name).map_or("", |rule| rule.summary.as_str());
        let _ = writeln!(
            out,
            "{number:>6}  {word}  {name:<width$}  {}",
            look.paint("2", about)
        );
    }

    if !out.is_empty() {
        out.push('\n');
    }

    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn plain(outcome: &crate::engine::Outcome, min_level: Level) -> String {
        render(&Report::new(outcome, min_level), RenderOptions::PLAIN)
    }

    #[test]
    fn says_how_it_ended() {
        let mut outcome = sample::repository();
        assert_eq!(
            plain(&outcome, Level::Warning),
            "Checked 1 Dockerfile, 1 compose file, 1 Kubernetes object · 2 services\n\
             1 error, 1 warning · 1 note hidden (--min-level note) · 1 suppressed · \
             1 fixable (--fix --unsafe-fixes) · 18 ms\n"
        );
        assert_eq!(
            plain(&outcome, Level::Error).lines().last(),
            Some(
                "1 error · 1 warning and 1 note hidden (--min-level note) · 1 suppressed · 1 \
                 fixable (--fix --unsafe-fixes) · 18 ms"
            )
        );
        let mut view = Report::new(&outcome, Level::Error);
        view.focused = 2;
        assert_eq!(
            render(&view, RenderOptions::PLAIN).lines().last(),
            Some("Showing 2 paths only; run `deploylint` at the root to see the whole repository")
        );
        outcome.findings.drain(..2);
        assert_eq!(
            plain(&outcome, Level::Note),
            "Ready: 1 Dockerfile, 1 compose file, 1 Kubernetes object · 2 services · \
             0 errors, 0 warnings, 1 note · 1 suppressed · 18 ms\n"
        );
        outcome.summary = Summary {
            failed: true,
            elapsed: Duration::from_millis(1_250),
            ..Summary::default()
        };

        assert_eq!(
            plain(&outcome, Level::Note),
            "Checked 0 files\n0 errors, 0 warnings, 1 note · not everything could be checked · 1.2 s\n"
        );
    }

    #[test]
    fn says_that_there_is_nothing() {
        let mut outcome = sample::outcome(&[], Vec::new());
        outcome.summary.files = 12;
        assert_eq!(
            plain(&outcome, Level::Warning),
            "Nothing to deploy: no Dockerfile, compose file, Kubernetes manifest, Helm chart or GitHub workflow; \
             12 text files searched for credentials, none found · 18 ms\n"
        );
    }

    #[test]
    fn counts_by_rule() {
        let outcome = sample::repository();
        insta::assert_snapshot!(statistics(
            &Report::new(&outcome, Level::Note),
            RenderOptions::PLAIN
        ));
    }
}
