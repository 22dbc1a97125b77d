//! Expressions, `${{ … }}`: their places, and the contexts that they read.

use std::sync::OnceLock;

use github_actions_expressions::call::Call;
use github_actions_expressions::context::Context;
use github_actions_expressions::literal::Literal;
use github_actions_expressions::{Error, Expr, Origin, SpannedExpr};

use super::jobs::JobId;
use crate::source::{FileId, Location, OffsetMap, Span};

/// An expression and its site.
#[derive(Debug, Clone)]
pub struct Expression {
    /// Between the braces, or the whole of a bare `if`.
    pub text: String,
    offsets: OffsetMap,
    /// With its braces.
    pub location: Location,
    /// The keys that lead to it, list indexes as numbers: `jobs`, `build`, `steps`, `0`, `run`.
    pub keys: Vec<String>,
    pub job: Option<JobId>,
    /// Index into the job's steps.
    pub step: Option<usize>,
    /// It is all of its scalar.
    pub whole: bool,
    /// A condition without braces.
    pub bare: bool,
    reads: OnceLock<Reads>,
}

/// The contexts that an expression reads, found once: several rules ask.
#[derive(Debug, Clone, Default)]
struct Reads {
    /// It can be parsed.
    sound: bool,
    all: Vec<Access>,
    flows: Vec<Access>,
}

/// A context that an expression reads: `github.event.issue.title`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Lower case; `*` for a filter or an index that cannot be known.
    pub parts: Vec<String>,
    pub location: Location,
}

impl Access {
    /// The parts, joined by dots.
    pub fn path(&self) -> String {
        self.parts.join(".")
    }

    pub fn part(&self, index: usize) -> &str {
        self.parts.get(index).map_or("", String::as_str)
    }
}

/// The `${{ … }}` of a string: spans with their braces. One that does not end is left out; quoted
/// braces do not end it.
pub(super) fn find(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut from = 0;

    while let Some(length) = text.get(from..).and_then(|rest| rest.find("${{")) {
        let start = from + length;
        let Some(end) = close(bytes, start + 3) else {
            break;
        };

        found.push(Span::of(start, end));
        from = end;
    }

    found
}

/// Just after the `}}` that closes an expression.
fn close(bytes: &[u8], from: usize) -> Option<usize> {
    let mut quoted = false;
    let mut fallback = None;

    for offset in from..bytes.len().saturating_sub(1) {
        match bytes[offset] {
            b'\'' => quoted = !quoted,
            b'}' if bytes[offset + 1] == b'}' => {
                if !quoted {
                    return Some(offset + 2);
                }

                fallback = fallback.or(Some(offset + 2));
            }
            b'$' if quoted && bytes[offset..].starts_with(b"${{") => return fallback,
            _ => {}
        }
    }

    fallback
}

impl Expression {
    /// One `${{ … }}` at `span` of a scalar's text.
    pub(super) fn new(
        file: FileId,
        text: &str,
        span: Span,
        offsets: &OffsetMap,
        keys: &[&str],
    ) -> Self {
        let inner = Span::new(span.start + 3, span.end - 2);
        Self {
            text: inner.text(text).to_owned(),
            offsets: cut(offsets, inner),
            location: Location::new(file, offsets.span(span)),
            keys: keys.iter().map(|&key| key.to_owned()).collect(),
            job: None,
            step: None,
            whole: text.trim().len() == span.len() as usize,
            bare: false,
            reads: OnceLock::new(),
        }
    }

    /// A condition without braces.
    pub(super) fn bare(file: FileId, text: &str, offsets: &OffsetMap, keys: &[&str]) -> Self {
        let start = text.len() - text.trim_start().len();
        let span = Span::of(start, text.trim_end().len().max(start));
        Self {
            text: span.text(text).to_owned(),
            offsets: cut(offsets, span),
            location: Location::new(file, offsets.span(span)),
            keys: keys.iter().map(|&key| key.to_owned()).collect(),
            job: None,
            step: None,
            whole: true,
            bare: true,
            reads: OnceLock::new(),
        }
    }

    /// The syntax tree, whose spans are local to the text.
    pub fn parse(&self) -> Result<SpannedExpr<'_>, Error> {
        Expr::parse(&self.text)
    }

    /// The place of a range of the text.
    pub fn place_of(&self, range: std::ops::Range<usize>) -> Location {
        Location::new(
            self.location.file,
            self.offsets.span(Span::of(range.start, range.end)),
        )
    }

    /// The last key that leads to it, list indexes left out.
    pub fn key(&self) -> &str {
        self.keys
            .iter()
            .rev()
            .find(|key| key.parse::<u32>().is_err())
            .map_or("", String::as_str)
    }

    /// Whether it can be parsed.
    pub fn is_sound(&self) -> bool {
        self.reads().sound
    }

    /// Every context that it reads.
    pub fn accesses(&self) -> &[Access] {
        &self.reads().all
    }

    /// The contexts whose text may become part of the result.
    pub fn flows(&self) -> &[Access] {
        &self.reads().flows
    }

    fn reads(&self) -> &Reads {
        self.reads.get_or_init(|| {
            let Ok(tree) = self.parse() else {
                return Reads::default();
            };

            let all = tree
                .contexts()
                .into_iter()
                .filter_map(|(context, origin)| self.access(context, origin));
            let flows = tree.dataflow_contexts().into_iter();
            let flows = flows.filter_map(|(context, origin)| self.access(context, origin));
            Reads {
                sound: true,
                all: all.collect(),
                flows: flows.collect(),
            }
        })
    }

    /// String literals that the result may be, where a context may be it too: the `dev` of `${{
    /// inputs.x || 'dev' }}`.
    pub(super) fn fallbacks(&self) -> Vec<(String, String, Location)> {
        let Ok(tree) = self.parse() else {
            return Vec::new();
        };

        let leaves = tree.leaf_expressions();
        let Some(variable) = leaves
            .iter()
            .find(|leaf| matches!(leaf.inner, Expr::Context(_)))
        else {
            return Vec::new();
        };

        leaves
            .iter()
            .filter_map(|leaf| {
                let Expr::Literal(Literal::String(text)) = &leaf.inner else {
                    return None;
                };

                let span = leaf.origin.span.start + 1..leaf.origin.span.end.saturating_sub(1);
                (!text.is_empty()).then(|| {
                    (
                        variable.origin.raw.to_owned(),
                        text.to_string(),
                        self.place_of(span),
                    )
                })
            })
            .collect()
    }

    fn access(&self, context: &Context, origin: &Origin) -> Option<Access> {
        let parts = parts(context)?;
        Some(Access {
            parts,
            location: self.place_of(origin.span.start..origin.span.end),
        })
    }
}

/// The parts of a context; `fromJSON(x).y` has those of `x`, then `y`.
fn parts(context: &Context) -> Option<Vec<String>> {
    let mut all = Vec::new();

    for part in &context.parts {
        match &part.inner {
            Expr::Identifier(name) => all.push(name.as_str().to_ascii_lowercase()),
            Expr::Star => all.push("*".to_owned()),
            Expr::Index(index) => match &index.inner {
                Expr::Literal(Literal::String(name)) => all.push(name.to_ascii_lowercase()),
                _ => all.push("*".to_owned()),
            },
            Expr::Call(Call { args, .. }) if all.is_empty() => {
                let inner = args.iter().find_map(|arg| match &arg.inner {
                    Expr::Context(context) => parts(context),
                    _ => None,
                })?;
                all.extend(inner);
            }
            _ => return None,
        }
    }

    Some(all)
}

/// The map of a part of a string.
fn cut(offsets: &OffsetMap, span: Span) -> OffsetMap {
    let mut map = OffsetMap::default();
    let mut expected = None;

    for local in span.start..span.end.max(span.start + 1) {
        let source = offsets.offset(local);
        if expected != Some(source) {
            map.push(local - span.start, source);
        }

        expected = Some(source + 1);
    }

    map
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression(text: &str) -> Expression {
        let span = find(text)[0];
        Expression::new(
            FileId(0),
            text,
            span,
            &OffsetMap::verbatim(10),
            &["env", "X"],
        )
    }

    #[test]
    fn finds_expressions_and_their_ends() {
        let texts = |text: &str| {
            find(text)
                .iter()
                .map(|span| span.text(text).to_owned())
                .collect::<Vec<_>>()
        };

        assert_eq!(
            texts("a ${{ b }} ${{ '}}' }} ${{ open"),
            ["${{ b }}", "${{ '}}' }}"]
        );
        assert_eq!(texts("${{ it's }} x"), ["${{ it's }}"]);
    }

    #[test]
    fn names_what_is_read_and_where() {
        let read = expression("${{ github.event['Issue'].labels.*.name || 'x' }}");
        assert_eq!(
            read.accesses()[0].path(),
            "github.event.issue.labels.*.name"
        );
        assert_eq!(read.accesses()[0].location.span, Span::new(14, 49));
        assert_eq!(expression("${{ a.b == 'x' }}").flows(), []);
        let fallback = expression("${{ secrets.A || 'dev' }}").fallbacks();
        assert_eq!(fallback[0].1, "dev");
        assert_eq!(fallback[0].2.span, Span::new(28, 31));
        assert_eq!(
            expression("${{ fromJSON(needs.a.outputs.b).c }}").accesses()[0].path(),
            "needs.a.outputs.b.c"
        );
    }
}
