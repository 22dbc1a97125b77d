//! The report for people: each finding with the source lines that it is about.
//!
//! The only file that names miette, which draws each finding; it is handed small windows of text,
//! because it scans whatever it is given from the start.

use std::collections::HashSet;
use std::fmt::{self, Write as _};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, Severity, SourceCode, SourceSpan, SpanContents, ThemeCharacters,
    ThemeStyles,
};

use super::style::{Color, Links, RenderOptions};
use super::window::{Window, WindowMark, windows};
use super::{Report, count, harmless, shown, summary};
use crate::catalog;
use crate::config::Broken;
use crate::engine::Outcome;
use crate::finding::{ALSO, Finding, Level};
use crate::source::{FileId, Position};

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
    let mut notes = Vec::new();
    let panes = panes(view, finding, look, &mut notes);
    let more = hidden_places(finding);
    if more > 0 {
        notes.push(format!("and {}", count(more, "more place", "more places")));
    }

    if let Some(fix) = &finding.fix {
        notes.push(format!(
            "fix available: {} ({})",
            view.line(&fix.title),
            fix.applicability.as_str()
        ));
    }

    if let Some(page) = page
        && look.links == Links::Written
    {
        notes.push(format!("see: {page}"));
    }

    let story = Story {
        message: look.paint("1", &wrapped(&view.line(&finding.message), look)),
        help: finding
            .help
            .as_ref()
            .map(|help| wrapped(&view.text(help), look)),
        level: finding.level,
        panes,
    };

    let title = title(finding, page, look);
    let notes = notes.iter().map(|note| wrapped(note, look));
    let notes: Vec<String> = notes.collect();
    let handler = handler(&story, &title, &notes.join("\n"), look);

    // Only a span outside of all panes is an error, and there is none.
    let _ = handler.render_report(out, &story);
}

/// The level and the rule.
fn title(finding: &Finding, page: Option<&str>, look: RenderOptions) -> String {
    let level = finding.level.as_str();
    if finding.rule.is_empty() {
        return format!("{level}:");
    }

    match page {
        Some(url) if look.links == Links::Hidden => {
            format!("{level}[{}]:", look.link(url, finding.rule))
        }
        _ => format!("{level}[{}]:", finding.rule),
    }
}

/// What draws a finding. Its title is in place of the sign that marks a level.
fn handler(story: &Story, title: &str, notes: &str, look: RenderOptions) -> GraphicalReportHandler {
    let mut characters = ThemeCharacters::unicode();
    for sign in [
        &mut characters.error,
        &mut characters.warning,
        &mut characters.advice,
    ] {
        title.clone_into(sign);
    }

    let mut styles = ThemeStyles::none();
    if look.color == Color::Ansi {
        styles = ThemeStyles::ansi();
        let primary = match story.level {
            Level::Error => styles.error,
            Level::Warning => styles.warning,
            Level::Note => styles.advice,
        };
        let other = styles.help;
        styles.highlights = story
            .marks()
            .map(|(_, mark)| if mark.primary { primary } else { other })
            .collect();
        styles.error = styles.error.bold();
        styles.warning = styles.warning.bold();
        styles.advice = styles.advice.bold();
        styles.link = styles.help;
    }

    let handler = GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_urls(false)
        .with_wrap_lines(false)
        .without_cause_chain()
        .with_context_lines(CONTEXT)
        .tab_width(4);
    let handler = match story.panes.first() {
        Some(pane) if pane.window.text.is_empty() => handler.without_primary_span_start(),
        _ => handler,
    };

    match notes {
        "" => handler,
        notes => handler.with_footer(notes.to_owned()),
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

/// On a terminal narrower than this, messages and labels are wrapped too.
const NARROW: usize = 60;

fn source_width(look: RenderOptions) -> usize {
    look.width.clamp(40, WIDEST + 8) - 8
}

/// The lines of all files that a finding shows. Words that have no room beside a line are added to
/// the notes.
fn panes(
    view: &Report,
    finding: &Finding,
    look: RenderOptions,
    notes: &mut Vec<String>,
) -> Vec<Pane> {
    let mut panes = Vec::new();
    let mut start = 0;

    for (file, mut marks) in locations(view, finding) {
        let source = view.source(file);
        if look.width < NARROW || source.text.is_empty() {
            let words = marks.iter_mut().map(|mark| std::mem::take(&mut mark.text));
            notes.extend(words.filter(|text| !text.is_empty()));
        }

        let mut windows = windows(source, &view.secrets, &marks, source_width(look));
        // The finding's own place comes first.
        windows.sort_by_key(|window| !window.marks.iter().any(|mark| mark.primary));
        for window in windows {
            let pane = Pane {
                start,
                path: view.shown_path(file),
                position: source.lines().position(window.place, &source.text),
                window,
            };
            start = pane.end() + 1;
            panes.push(pane);
        }
    }

    panes
}

/// A finding, as miette wants to see it. The panes are one text, one after the other, so that lines
/// of several files are in one report.
#[derive(Debug)]
struct Story {
    message: String,
    help: Option<String>,
    level: Level,
    panes: Vec<Pane>,
}

/// Lines of a file.
#[derive(Debug)]
struct Pane {
    /// Where its text is in that of all panes.
    start: usize,
    path: String,
    /// Of what is shown, in the file.
    position: Position,
    window: Window,
}

impl Pane {
    fn end(&self) -> usize {
        self.start + self.window.text.len()
    }
}

impl Story {
    /// The marks in their order, each with its offset in the text of all panes.
    fn marks(&self) -> impl Iterator<Item = (usize, &WindowMark)> {
        self.panes.iter().flat_map(|pane| {
            let marks = pane.window.marks.iter();
            marks.map(|mark| (pane.start + mark.span.start as usize, mark))
        })
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Story {}

impl Diagnostic for Story {
    fn severity(&self) -> Option<Severity> {
        Some(match self.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Note => Severity::Advice,
        })
    }

    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        let help = self.help.as_ref()?;

        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.marks().map(|(start, mark)| {
            let text = (!mark.text.is_empty()).then(|| mark.text.clone());
            let span = SourceSpan::new(start.into(), mark.span.len() as usize);

            if mark.primary {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })))
    }
}

/// With lines around a span, miette wants to draw it; without, to know where it is.
const CONTEXT: usize = 1;

impl SourceCode for Story {
    /// The pane of a span: all labels of a pane are drawn together.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let end = span.offset() + span.len();
        let pane = self
            .panes
            .iter()
            .find(|pane| pane.start <= span.offset() && end <= pane.end())
            .ok_or(MietteError::OutOfBounds)?;
        let text = pane.window.text.as_bytes();
        let (line, column) = match before {
            0 => (pane.position.line - 1, pane.position.column - 1),
            _ => (pane.window.line as u32, 0),
        };

        Ok(Box::new(MietteSpanContents::new_named(
            pane.path.clone(),
            text,
            SourceSpan::new(pane.start.into(), text.len()),
            line as usize,
            column as usize,
            pane.window.count,
        )))
    }
}

/// A text without lines that are wider than the terminal; lines that the author indented are left as
/// they are.
fn wrapped(text: &str, look: RenderOptions) -> String {
    let width = look.width.max(40) - INDENT;
    let lines = text.lines().flat_map(|line| match line.starts_with(' ') {
        true => vec![line.to_owned()],
        false => wrap(line, width),
    });

    lines.collect::<Vec<_>>().join("\n")
}

/// How far miette indents what is not the first line.
const INDENT: usize = 8;

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
