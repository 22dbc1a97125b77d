//! The paths that health checks ask of the container itself.

use crate::analysis::Ctx;
use crate::model::Command;
use crate::source::{Located, Location, Span};

/// The paths that a command asks of the container itself, each with its place.
pub fn requests(ctx: &Ctx, command: &Command) -> Vec<Located<String>> {
    match command {
        Command::Shell { code, .. } => local_paths(&code.text)
            .into_iter()
            .map(|span| Located::new(span.text(&code.text).to_owned(), code.location(span)))
            .collect(),
        Command::Exec { words, .. } => words
            .iter()
            .flat_map(|word| {
                let placed = move |span: Span| {
                    let path = span.text(&word.value);
                    // Quotes inside a quoted word move what follows them; the path itself is
                    // written as it is.
                    let from = ctx.facts.text(word.location).find(path).map(|at| at as u32);
                    let location = from.map_or(word.location, |from| {
                        let start = word.location.span.start + from;
                        Location::new(
                            word.location.file,
                            Span::new(start, start + path.len() as u32),
                        )
                    });

                    Located::new(path.to_owned(), location)
                };

                local_paths(&word.value).into_iter().map(placed)
            })
            .collect(),
    }
}

/// The paths of URLs in a text that name the machine itself.
fn local_paths(text: &str) -> Vec<Span> {
    const HOSTS: &[&str] = &["localhost", "127.0.0.1", "0.0.0.0", "[::1]"];
    let mut found = Vec::new();

    for host in HOSTS {
        for (at, _) in text.match_indices(host) {
            let before = &text[..at];
            let begins =
                before.ends_with("://") || before.is_empty() || before.ends_with([' ', '"', '\'']);
            let rest = &text[at + host.len()..];
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
            let computed = path[..len].contains(['$', '{', '%', '*']);
            if begins
                && path.starts_with('/')
                && len > 1
                && !computed
                && !path[..len].contains("//")
            {
                let start = at + host.len() + port;
                found.push(Span::of(start, start + len));
            }
        }
    }

    found
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
            let found: Vec<&str> = local_paths(text)
                .into_iter()
                .map(|span| span.text(text))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
