//! GitHub workflow commands (annotations on a pull request), and the table for a job's summary
//! page.
//!
//! File names and messages may come from a pull request: they are escaped, so that none can give a
//! command.

use std::fmt::Write as _;

use super::style::RenderOptions;
use super::{Report, count, summary};
use crate::finding::{Finding, Level};

/// GitHub shows no more annotations of one level than this for a step.
const MOST_PER_LEVEL: usize = 10;
/// Most rows of the table on a job's summary page; more are not read.
const MOST_ROWS: usize = 500;
/// A step's summary may have this many bytes; GitHub shows nothing of a longer one.
pub const MOST_SUMMARY_BYTES: usize = 1024 * 1024;
/// Kept free for the line that says how many findings were left out.
const REST_BYTES: usize = 64;

/// The annotations, the most severe first, and the summary as plain text.
pub fn render(view: &Report) -> String {
    let mut out = String::new();
    let mut left_out = 0;

    for level in [Level::Error, Level::Warning, Level::Note] {
        // One notice is kept free to say what was left out.
        let most = if level == Level::Note {
            MOST_PER_LEVEL - 1
        } else {
            MOST_PER_LEVEL
        };

        for (index, finding) in view
            .findings
            .iter()
            .filter(|finding| finding.level == level)
            .enumerate()
        {
            if index < most {
                out.push_str(&view.isolated(finding, |finding| command(view, finding)));
            } else {
                left_out += 1;
            }
        }
    }

    if left_out > 0 {
        let _ = writeln!(
            out,
            "::notice title=deploylint::{} not shown: GitHub shows up to {MOST_PER_LEVEL} per \
             level here; see the job summary for all",
            count(left_out, "finding", "findings")
        );
    }

    out + &summary::render(view, RenderOptions::PLAIN)
}

fn command(view: &Report, finding: &Finding) -> String {
    let mut out = String::new();
    let command = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };

    let range = view.range(finding.location);
    let file = property(&view.repository_path(finding.location.file));
    let (start, end) = (range.start, range.end);
    let _ = write!(
        out,
        "::{command} file={file},line={},endLine={},",
        start.line, end.line
    );
    // Columns are only understood within one line.
    if start.line == end.line {
        let _ = write!(out, "col={},endColumn={},", start.column, end.column);
    }

    let mut message = view.line(&finding.message);
    let label = view.line(&finding.label);
    if !label.is_empty() {
        message = format!("{message}: {label}");
    }

    if let Some(help) = &finding.help {
        message = format!("{message}\nhelp: {}", view.text(help));
    }

    let _ = writeln!(
        out,
        "title={}::{}",
        property(&format!("deploylint {}", finding.rule)),
        data(&message)
    );

    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Markdown for the job's summary page, of at most `room` bytes: findings that do not fit are
/// counted.
pub fn step_summary(view: &Report, room: usize) -> String {
    let mut out = String::from("## deploylint\n\n");
    for line in summary::render(view, RenderOptions::PLAIN).lines() {
        let _ = writeln!(out, "{}  ", cell(line));
    }

    if view.findings.is_empty() {
        return if out.len() <= room {
            out
        } else {
            String::new()
        };
    }

    let mut findings = view.findings.clone();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    out.push_str("\n| level | rule | place | finding |\n| --- | --- | --- | --- |\n");
    if out.len() + REST_BYTES > room {
        return String::new();
    }

    let mut written = 0;

    for finding in findings.iter().take(MOST_ROWS) {
        let row = view.isolated(finding, |finding| row(view, finding));
        if out.len() + row.len() + REST_BYTES > room {
            break;
        }

        out.push_str(&row);
        written += 1;
    }

    let more = findings.len() - written;
    if more > 0 {
        let _ = writeln!(out, "\nand {more} more");
    }

    out
}

/// A finding as a row of the table.
fn row(view: &Report, finding: &Finding) -> String {
    let location = format!(
        "{}:{}",
        view.repository_path(finding.location.file),
        view.range(finding.location).start.line
    );
    let (level, rule, message) = (
        finding.level.as_str(),
        finding.rule,
        cell(&view.line(&finding.message)),
    );

    format!("| {level} | {rule} | {} | {message} |\n", cell(&location))
}

/// A text that cannot leave its cell of a Markdown table, nor become HTML, a link or an image.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());

    for char in text.chars() {
        match char {
            '\n' | '\r' => out.push(' '),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '[' | ']' | '\\' | '*' | '_' | '@' | '!' => {
                out.push('\\');
                out.push(char);
            }
            char => out.push(char),
        }
    }

    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn annotations_are_escaped() {
        let outcome = sample::repository();
        insta::assert_snapshot!(render(&Report::new(&outcome, Level::Note)));
        let files = [("a,b:c%.yaml", "x\n")];
        let finding = Finding {
            rule: "internal-error",
            ..Finding::new(
                sample::location(&files, files[0].0, "x", 0),
                "a\n::set-output::100%\r",
            )
        };

        let outcome = sample::outcome(&files, vec![finding]);
        assert_eq!(
            render(&Report::new(&outcome, Level::Note)).lines().next(),
            Some(
                "::error file=a%2Cb%3Ac%25.yaml,line=1,endLine=1,col=1,endColumn=2,title=deploylint internal-error::\
                 a ::set-output::100%25\u{fffd}"
            )
        );
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let files = [("a", "x\n")];
        let at = |level| Finding {
            rule: "internal-error",
            level,
            ..Finding::new(sample::location(&files, "a", "x", 0), "m")
        };

        let mut findings = vec![at(Level::Error); 12];
        findings.extend(vec![at(Level::Note); 12]);
        let outcome = sample::outcome(&files, findings);
        let text = render(&Report::new(&outcome, Level::Note));
        assert_eq!(text.matches("::error ").count(), 10);
        assert_eq!(text.matches("::notice ").count(), 10);
        assert!(text.contains("::5 findings not shown"));
    }

    #[test]
    fn the_job_summary_fits() {
        let files = [("a", "x\n")];
        let message = "é".repeat(90);
        let finding = Finding {
            rule: "internal-error",
            ..Finding::new(sample::location(&files, "a", "x", 0), message)
        };

        let outcome = sample::outcome(&files, vec![finding; 40]);
        let view = Report::new(&outcome, Level::Note);
        let whole = step_summary(&view, MOST_SUMMARY_BYTES);
        assert_eq!(whole.matches("internal-error").count(), 40);

        for room in (0..whole.len() + 100).step_by(37) {
            let text = step_summary(&view, room);
            let rows = text.matches("internal-error").count();
            assert!(text.len() <= room, "{room}");
            assert!(
                text.is_empty()
                    || rows == 40
                    || text.ends_with(&format!("\nand {} more\n", 40 - rows))
            );
        }
    }

    #[test]
    fn the_job_summary_is_a_table() {
        let outcome = sample::repository();
        insta::assert_snapshot!(step_summary(
            &Report::new(&outcome, Level::Note),
            MOST_SUMMARY_BYTES
        ));
        assert_eq!(
            cell("a|b\n<img> ![x](y)"),
            "a\\|b &lt;img&gt; \\!\\[x\\](y)"
        );
    }
}
