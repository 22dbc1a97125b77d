//! One line a finding, as compilers write them: editors and `grep` understand it.

use std::fmt::Write as _;

use super::View;

pub fn render(view: &View) -> String {
    let mut out = String::new();
    for finding in &view.findings {
        let start = view.range(finding.place).start;
        let path = view.shown_path(finding.place.file);
        let message = view.line(&finding.message);
        let (level, rule) = (finding.level.word(), finding.rule);
        let _ = writeln!(out, "{path}:{}:{}: {level}[{rule}] {message}", start.line, start.column);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Level;
    use crate::report::sample;

    #[test]
    fn one_line_each() {
        let outcome = sample::repository();
        let mut view = View::new(&outcome, Level::Note);
        view.shown_prefix = "services/".to_owned();
        insta::assert_snapshot!(render(&view));
    }
}
