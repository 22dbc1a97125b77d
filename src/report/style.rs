//! Colors, links and width: what the reports for people may use of a terminal.

use crate::finding::Level;

/// What a terminal can show.
#[derive(Clone, Copy, Debug)]
pub struct RenderOptions {
    pub color: Color,
    pub links: Links,
    /// In characters.
    pub width: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Plain,
    Ansi,
}

/// Whether the terminal follows hyperlinks (OSC 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    Written,
    Hidden,
}

impl RenderOptions {
    pub const PLAIN: RenderOptions = RenderOptions {
        color: Color::Plain,
        links: Links::Written,
        width: 100,
    };

    /// The text in one of the eight colors or styles of ANSI: `1` bold, `2` dim, `31` red, `1;36`
    /// bold cyan.
    pub fn paint(self, style: &str, text: &str) -> String {
        match self.color {
            Color::Ansi if !text.is_empty() => format!("\u{1b}[{style}m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }

    /// The text as a link, where the terminal follows links.
    pub fn link(self, url: &str, text: &str) -> String {
        match self.links {
            Links::Hidden => format!("\u{1b}]8;;{url}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\"),
            Links::Written => text.to_owned(),
        }
    }
}

/// The color of a level.
pub const fn style(level: Level) -> &'static str {
    match level {
        Level::Error => "1;31",
        Level::Warning => "1;33",
        Level::Note => "1;36",
    }
}
