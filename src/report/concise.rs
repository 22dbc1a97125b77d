//! One line for each finding, as compilers write them: editors and `grep` understand it.

use std::fmt::Write as _;

use super::{Report, harmless};
use crate::finding::Finding;

pub fn render(view: &Report) -> String {
    let mut out = String::new();
    for finding in &view.findings {
        let line = view.isolated(finding, |finding| line(view, finding));
        let _ = writeln!(out, "{}", harmless(&line));
    }
    out
}

fn line(view: &Report, finding: &Finding) -> String {
    let start = view.range(finding.location).start;
    let path = view.shown_path(finding.location.file);
    let message = view.line(&finding.message);
    let (level, rule) = (finding.level.as_str(), finding.rule);

    format!(
        "{path}:{}:{}: {level}[{rule}] {message}",
        start.line, start.column
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Level;
    use crate::report::sample;

    #[test]
    fn one_line_each() {
        let outcome = sample::repository();
        let mut view = Report::new(&outcome, Level::Note);
        view.shown_prefix = "services/".to_owned();
        insta::assert_snapshot!(render(&view));
    }
}
