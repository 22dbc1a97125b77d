//! The paths that health checks call on the container itself.

use crate::analysis::Analysis;
use crate::model::{Command, Item};
use crate::source::{Located, Location, Span};

/// The paths that a command calls on the container itself, with their locations.
pub fn requests(ctx: &Analysis, command: &Command) -> Vec<Located<String>> {
    match command {
        Command::Shell { code, .. } => local_paths(&code.text)
            .into_iter()
            .map(|span| Located::new(span.text(&code.text).to_owned(), code.location(span)))
            .collect(),
        Command::Exec { words, .. } => words
            .iter()
            .flat_map(|word| {
                local_paths(&word.value)
                    .into_iter()
                    .map(|span| path_in_word(ctx, word, span))
            })
            .collect(),
    }
}

/// The path at a span of a word's value. Quotes and escapes shift what follows them, so the path is
/// searched in the text.
fn path_in_word(ctx: &Analysis, word: &Item, span: Span) -> Located<String> {
    let path = span.text(&word.value);
    let location = match ctx.facts.text(word.location).find(path) {
        Some(offset) => {
            let start = word.location.span.start + offset as u32;
            let span = Span::new(start, start + path.len() as u32);
            Location::new(word.location.file, span)
        }
        None => word.location,
    };

    Located::new(path.to_owned(), location)
}

/// The paths of URLs of the local machine in a command.
fn local_paths(text: &str) -> Vec<Span> {
    const HOSTS: &[&str] = &["localhost", "127.0.0.1", "0.0.0.0", "[::1]"];
    let mut paths = Vec::new();

    for host in HOSTS {
        for (offset, _) in text.match_indices(host) {
            let before = &text[..offset];
            let is_url_start =
                before.ends_with("://") || before.is_empty() || before.ends_with([' ', '"', '\'']);
            let rest = &text[offset + host.len()..];
            let port = rest.strip_prefix(':').map_or(0, |port| {
                1 + port.find(['/', ' ', '"', '\'', ')']).unwrap_or(port.len())
            });

            let path = &rest[port..];
            let len = path
                .find([
                    ' ', '"', '\'', ')', ';', '|', '\\', ',', '?', '#', '>', '&', '`', '\n', '\t',
                    ']',
                ])
                .unwrap_or(path.len());
            let is_computed = path[..len].contains(['$', '{', '%', '*']);
            if is_url_start
                && path.starts_with('/')
                && len > 1
                && !is_computed
                && !path[..len].contains("//")
            {
                let start = offset + host.len() + port;
                paths.push(Span::of(start, start + len));
            }
        }
    }

    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_local_requests() {
        for (text, expected) in [
            (
                "curl -f http://localhost:8000/health || exit 1",
                vec!["/health"],
            ),
            ("wget -qO- 127.0.0.1:80/a/b?x=1", vec!["/a/b"]),
            (
                "python -c \"import httpx; \
                 httpx.get('http://localhost:8000/api/v1/health').raise_for_status()\"",
                vec!["/api/v1/health"],
            ),
            ("curl http://localhost:$PORT/live", vec!["/live"]),
            (
                "curl http://localhost:8000/$P http://localhost http://api:80/x",
                vec![],
            ),
        ] {
            let paths: Vec<&str> = local_paths(text)
                .into_iter()
                .map(|span| span.text(text))
                .collect();
            assert_eq!(paths, expected, "{text}");
        }
    }
}
