//! The report for people: each finding with the source lines that it is about.
//!
//! The only file that names miette, which draws the lines and their labels; it is handed small
//! windows of text, because it scans whatever it is given from the start.

use std::collections::HashSet;
use std::fmt::{self, Write as _};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use super::style::{Color, Links, RenderOptions, style};
use super::window::{Window, WindowMark, windows};
use super::{Report, count, harmless, shown, summary};
use crate::catalog;
use crate::config::Broken;
use crate::engine::Outcome;
use crate::finding::{ALSO, Finding, Level};
use crate::source::FileId;

/// More places than this beside a finding's own are counted instead of shown.
const SHOWN_PLACES: usize = 5;
/// The widest line of a source that is shown whole, if the terminal has room for it.
const WIDEST: usize = 160;

/// All findings, without the summary.
pub fn render(view: &Report, look: RenderOptions) -> String {
    let mut rules_seen = HashSet::new();
    let mut findings: Vec<(&Finding, Option<String>)> = Vec::with_capacity(view.findings.len());

    for &finding in &view.findings {
        // Once for each rule, where the reader sees it.
        let page = match catalog::rule(finding.rule) {
            Some(rule) if look.links == Links::Hidden => Some(rule.url()),
            Some(rule) if rules_seen.insert(rule.name) => {
                Some(format!("deploylint explain {}", rule.name))
            }
            _ => None,
        };
        findings.push((finding, page));
    }

    let stories = view.outcome.workers.map(&findings, |(finding, page)| {
        let render_finding = view.isolated(finding, |finding| {
            let mut out = String::new();
            render_finding(&mut out, view, finding, page.as_deref(), look);
            out.push('\n');

            out
        });

        harmless(&render_finding).into_owned()
    });

    stories.concat()
}

/// The report with its last lines.
pub fn render_with_summary(view: &Report, look: RenderOptions) -> String {
    render(view, look) + &summary::render(view, look)
}

/// What is wrong with a configuration file.
pub fn broken_config(broken: Broken, look: RenderOptions) -> String {
    let path = broken.source.path.clone();
    let outcome = Outcome {
        root: path.into(),
        sources: vec![broken.source],
        findings: broken.problems,
        ..Outcome::default()
    };

    render(&Report::new(&outcome, Level::Error), look)
}

/// One finding: what is wrong, where and why, what to do. `page` is how to read the page of its
/// rule: the address of a link, or a command.
fn render_finding(
    out: &mut String,
    view: &Report,
    finding: &Finding,
    page: Option<&str>,
    look: RenderOptions,
) {
    let mut title = look.paint(style(finding.level), finding.level.as_str());

    if !finding.rule.is_empty() {
        let rule = look.paint(style(finding.level), finding.rule);
        let rule = if look.links == Links::Hidden {
            page.map_or(rule.clone(), |url| look.link(url, &rule))
        } else {
            rule
        };

        title = format!("{title}[{rule}]");
    }

    let message = view.line(&finding.message);
    let narrow = look.width < NARROW;

    if narrow {
        let _ = writeln!(out, "{title}:");
        paragraph(out, "  ", &message, look);
    } else {
        let _ = writeln!(out, "{title}: {}", look.paint("1", &message));
    }

    for (file, mut marks) in locations(view, finding) {
        // Beside a line there is no room for words: they follow below.
        let mut words: Vec<String> = Vec::new();
        if narrow {
            words.extend(marks.iter_mut().map(|mark| std::mem::take(&mut mark.text)));
        }

        frame(out, view, file, &marks, finding.level, look);

        for text in &words {
            paragraph(out, "  ", text, look);
        }
    }

    let more = hidden_places(finding);

    if more > 0 {
        let _ = writeln!(
            out,
            "  {}",
            look.paint(
                "2",
                &format!("and {}", count(more, "more place", "more places"))
            )
        );
    }

    if let Some(help) = &finding.help {
        paragraph(out, "  help: ", &view.text(help), look);
    }

    if let Some(fix) = &finding.fix {
        let text = format!("{} ({})", view.line(&fix.title), fix.applicability.as_str());
        paragraph(out, "  fix available: ", &text, look);
    }

    if let Some(page) = page
        && look.links == Links::Written
    {
        let _ = writeln!(
            out,
            "  {} {}",
            look.paint("36", "see:"),
            look.paint("2", page)
        );
    }
}

/// How many places are not shown. Of a joined finding, these are the places at which the same is
/// wrong, without what explains each of them.
fn hidden_places(finding: &Finding) -> usize {
    let is_joined = finding.places().count() > 1;
    let hidden = finding.related.iter().skip(SHOWN_PLACES);

    hidden
        .filter(|label| !is_joined || label.text == ALSO)
        .count()
}

/// The places to show, file by file: the finding's own file first, the others as they come.
fn locations(view: &Report, finding: &Finding) -> Vec<(FileId, Vec<WindowMark>)> {
    let primary = WindowMark {
        span: finding.location.span,
        text: view.line(&finding.label),
        primary: true,
    };

    let mut files = vec![(finding.location.file, vec![primary])];

    for label in finding.related.iter().take(SHOWN_PLACES) {
        let mark = WindowMark {
            span: label.location.span,
            text: view.line(&label.text),
            primary: false,
        };

        match files
            .iter_mut()
            .find(|(file, _)| *file == label.location.file)
        {
            Some((_, marks)) => marks.push(mark),
            None => files.push((label.location.file, vec![mark])),
        }
    }

    files
}

/// The lines of one file in one frame.
fn frame(
    out: &mut String,
    view: &Report,
    file: FileId,
    marks: &[WindowMark],
    level: Level,
    look: RenderOptions,
) {
    let source = view.source(file);
    let windows = windows(source, &view.secrets, marks, source_width(look));
    let digits = windows
        .iter()
        .map(|window| (window.line + window.count).to_string().len())
        .max()
        .unwrap_or(1);
    let margin = " ".repeat(digits + 2);
    let start = marks
        .iter()
        .find(|mark| mark.primary)
        .unwrap_or(&marks[0])
        .span
        .start;
    let position = source.lines().position(start, &source.text);
    let path = view.shown_path(file);
    let location = if source.text.is_empty() {
        path
    } else {
        format!("{path}:{}:{}", position.line, position.column)
    };

    let _ = writeln!(out, "{margin}╭─[{}]", look.paint("36", &location));

    if source.text.is_empty() {
        let said: Vec<&str> = marks
            .iter()
            .map(|mark| mark.text.as_str())
            .filter(|text| !text.is_empty())
            .collect();
        let _ = writeln!(out, "{margin}╰──── {}", said.join("; "));
        return;
    }

    for (nth, window) in windows.iter().enumerate() {
        if nth > 0 {
            let _ = writeln!(out, "{margin}{}", look.paint("2", "⋮"));
        }

        let pad = " ".repeat(digits - (window.line + window.count).to_string().len());
        for line in draw(window, level, look).lines() {
            let _ = writeln!(out, "{}", format!("{pad}{line}").trim_end());
        }
    }

    let _ = writeln!(out, "{margin}╰────");
}

/// On a terminal narrower than this, messages and labels are wrapped too.
const NARROW: usize = 60;

fn source_width(look: RenderOptions) -> usize {
    look.width.clamp(40, WIDEST + 8) - 8
}

/// The window's lines with their numbers and labels, without a frame around them.
fn draw(window: &Window, level: Level, look: RenderOptions) -> String {
    let mut theme = GraphicalTheme {
        characters: ThemeCharacters::unicode(),
        styles: ThemeStyles::none(),
    };

    if look.color == Color::Ansi {
        theme.styles = ThemeStyles::ansi();
        let primary = match level {
            Level::Error => theme.styles.error,
            Level::Warning => theme.styles.warning,
            Level::Note => theme.styles.advice,
        };

        let other = theme.styles.help;
        theme.styles.highlights = window
            .marks
            .iter()
            .map(|mark| if mark.primary { primary } else { other })
            .collect();
    }

    let handler = GraphicalReportHandler::new_themed(theme)
        .with_urls(false)
        .with_wrap_lines(false)
        .without_cause_chain()
        .with_context_lines(0)
        .tab_width(4);
    let mut drawn = String::new();
    if handler.render_report(&mut drawn, &Drawing(window)).is_err() {
        return window.text.clone();
    }
    // Before the lines are an empty message and the top of a frame; after them is its end.
    let body = drawn
        .find('╭')
        .and_then(|top| drawn[top..].find('\n').map(|end| top + end + 1))
        .unwrap_or(0);
    let end = drawn
        .trim_end()
        .rfind('\n')
        .map_or(drawn.len(), |newline| newline + 1);
    drawn.get(body..end).unwrap_or_default().to_owned()
}

/// A window, as miette wants to see it.
#[derive(Debug)]
struct Drawing<'w>(&'w Window);

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, _: &mut fmt::Formatter) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Drawing<'_> {}

impl Diagnostic for Drawing<'_> {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.0.marks.iter().map(|mark| {
            let text = (!mark.text.is_empty()).then(|| mark.text.clone());
            LabeledSpan::new(text, mark.span.start as usize, mark.span.len() as usize)
        })))
    }
}

impl SourceCode for Drawing<'_> {
    /// The whole window, whatever the span: all labels of a window are drawn together.
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        _: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let text = self.0.text.as_bytes();
        let span = SourceSpan::new(0.into(), text.len());
        Ok(Box::new(MietteSpanContents::new(
            text,
            span,
            self.0.line,
            0,
            self.0.count,
        )))
    }
}

/// A paragraph under its title, wrapped; lines that the author indented are left as they are.
fn paragraph(out: &mut String, title: &str, text: &str, look: RenderOptions) {
    let indent = " ".repeat(title.len().min(8));
    let mut first = true;

    for line in text.lines() {
        let room =
            look.width
                .max(40)
                .saturating_sub(if first { title.len() } else { indent.len() });
        let pieces = if line.starts_with(' ') {
            vec![line.to_owned()]
        } else {
            wrap(line, room)
        };

        for piece in pieces {
            let begin = if first {
                look.paint("36", title)
            } else {
                indent.clone()
            };

            let _ = writeln!(out, "{}", format!("{begin}{piece}").trim_end());
            first = false;
        }
    }
}

/// Breaks a line at blanks so that no piece is wider than `width` characters, unless one word is.
pub fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut used = 0;

    for word in line.split(' ') {
        let length = word.chars().count();

        if used > 0 && used + 1 + length > width {
            pieces.push(String::new());
            used = 0;
        }

        if let Some(piece) = pieces.last_mut() {
            if used > 0 {
                piece.push(' ');
                used += 1;
            }

            piece.push_str(word);
            used += length;
        }
    }

    pieces
}

/// A message of the tool about itself: bad arguments, files that are not there.
pub fn failure(message: &str, help: Option<&str>, look: RenderOptions) -> String {
    let mut out = format!(
        "{}: {}\n",
        look.paint("1;31", "error"),
        look.paint("1", &shown(message).replace('\n', " "))
    );
    if let Some(help) = help {
        paragraph(&mut out, "  help: ", &shown(help), look);
    }

    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::report::sample;
    use crate::source::Span;

    #[test]
    fn tells_each_finding_as_one_story() {
        let outcome = sample::repository();
        insta::assert_snapshot!(render_with_summary(
            &Report::new(&outcome, Level::Note),
            RenderOptions::PLAIN
        ));
    }

    #[test]
    fn paints_levels_and_links_rules() {
        let mut outcome = sample::repository();
        outcome.findings.truncate(2);
        let look = RenderOptions {
            color: Color::Ansi,
            links: Links::Hidden,
            width: 80,
        };

        let text = render_with_summary(&Report::new(&outcome, Level::Warning), look);
        insta::assert_snapshot!(text.replace('\u{1b}', "␛"));
    }

    #[test]
    fn configuration_mistakes_look_like_findings() {
        let text = "profile = \"strict\"\nignore = [\"unused-supression\"]\nslect = []\n";
        let broken = Config::parse("deploylint.toml", text).unwrap_err();
        insta::assert_snapshot!(broken_config(broken, RenderOptions::PLAIN));
    }

    #[test]
    fn draws_whatever_it_is_given() {
        let texts = [
            "",
            "\n",
            "\r",
            "a",
            "\t\ta: b\t",
            "日本: x\r\n\u{1b}[0m",
            "x\n\n\n\ny",
            "a\rb\rc",
        ];

        for text in texts {
            let outcome = sample::outcome(&[("a", text)], Vec::new());
            let view = Report::new(&outcome, Level::Note);

            for start in 0..=text.len() + 1 {
                for end in start..=text.len() + 1 {
                    let finding =
                        Finding::new(outcome.sources[0].location(Span::of(start, end)), "m")
                            .related(outcome.sources[0].location(Span::of(0, end)), "other")
                            .label("label");
                    let mut out = String::new();
                    render_finding(&mut out, &view, &finding, None, RenderOptions::PLAIN);
                    assert!(!out.contains('\u{1b}'), "{out}");
                }
            }
        }
    }

    #[test]
    fn text_is_wrapped_at_blanks() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("longer-than-that x", 7), ["longer-than-that", "x"]);
        assert_eq!(wrap("", 7), [""]);
    }
}
