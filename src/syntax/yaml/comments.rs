//! Comments: between the scalars of a tree there are only comments and indicators.

use super::lines::line_end;
use super::tree::{Raw, Shape, Style};
use crate::source::Span;

/// Every comment of `text` from byte `begin` on, from its `#` to the end of its line. `nodes` are
/// those of the tree that was read from it.
pub(super) fn find_comments(text: &str, begin: usize, nodes: &[Raw]) -> Vec<Span> {
    let mut comments = Vec::new();
    let mut offset = begin;

    for raw in nodes {
        if matches!(raw.shape, Shape::Mapping | Shape::Sequence) || raw.start == raw.end {
            continue;
        }

        let (start, end) = (raw.start as usize, raw.end as usize);
        find_between(text, offset, start, &mut comments);

        if matches!(raw.style, Style::Literal | Style::Folded) {
            // The header of a block may have a comment.
            find_between(text, start, line_end(text, start).min(end), &mut comments);
        }

        offset = offset.max(end);
    }

    find_between(text, offset, text.len(), &mut comments);

    comments
}

fn find_between(text: &str, mut offset: usize, end: usize, comments: &mut Vec<Span>) {
    let bytes = text.as_bytes();

    while let Some(sign) = bytes
        .get(offset..end)
        .and_then(|gap| memchr::memchr(b'#', gap))
    {
        let start = offset + sign;
        offset = start + 1;

        // Inside a tag or an anchor a `#` is literal.
        if text[..start]
            .chars()
            .next_back()
            .is_none_or(|before| before.is_whitespace() || before == '\u{feff}')
        {
            offset = line_end(text, start);
            comments.push(Span::of(start, offset));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::source::FileId;
    use crate::syntax::yaml::Tree;

    #[test]
    fn comments_are_between_scalars() {
        for (text, expected) in [
            ("# a\r\nb: 'x # y' # c\r\n", &["# a", "# c"][..]),
            ("\u{feff}# a\nb: x#y\n", &["# a"]),
            (
                "run: | # head\n  echo a # not one\n# tail\n",
                &["# head", "# tail"],
            ),
            ("a: &x#1 b # c\nd: !t#2 e\n", &["# c"]),
            ("a: [1, # one\n  2] # two\n#", &["# one", "# two", "#"]),
            ("a: b\n   # c\n   # d\ne: \"# no\"\n", &["# c", "# d"]),
            (
                "%YAML 1.2 # v\n--- # s\na: 1\n... # e\n",
                &["# v", "# s", "# e"],
            ),
            ("a: >-\n\n  x\n\n\n# after\nb: 1\n", &["# after"]),
        ] {
            let tree = Tree::parse(FileId(0), text).tree;
            let comments: Vec<&str> = tree.comments().iter().map(|span| span.text(text)).collect();
            assert_eq!(comments, expected, "{text:?}");
        }
    }
}
