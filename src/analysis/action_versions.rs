//! Versions of actions, as tags and the comments behind commits say them.

use super::Analysis;
use crate::model::workflow::{ActionRef, Step};
use crate::source::Located;

/// A version of an action, as far as its tag says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActionVersion {
    pub major: u32,
    /// `None` for a tag such as `v4`, which moves to the newest minor version.
    pub minor: Option<u32>,
}

impl ActionVersion {
    /// The version in a tag: `v4`, `4.1`, `v3.0.2`, `release-v2`.
    pub fn parse(tag: &str) -> Option<Self> {
        let tag = tag.rsplit(['/', '@', '=']).next().unwrap_or(tag);
        let number = tag
            .find(|letter: char| letter.is_ascii_digit())
            .map(|start| &tag[start..])?;
        let mut parts = number.split('.');
        let major = leading_number(parts.next()?)?;
        let minor = parts.next().and_then(leading_number);

        // A greater number is a date or a part of a hash.
        (major < 100).then_some(Self { major, minor })
    }
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());

    text[..end].parse().ok()
}

/// The version of a step's action. For a commit, it is in the comment behind it.
pub fn version_of(ctx: &Analysis, step: &Step) -> Option<ActionVersion> {
    let uses = step.uses.as_ref()?;
    let action = ActionRef::parse(&uses.value);
    let tag = if action.is_hash() {
        commented_tag(ctx, uses)?
    } else {
        action.version()?
    };

    ActionVersion::parse(tag)
}

/// The tag in the comment behind a reference: `v3` in `owner/action@<commit> # v3`.
fn commented_tag<'a>(ctx: &Analysis<'a>, uses: &Located<String>) -> Option<&'a str> {
    let text = &ctx.facts.source(uses.location.file).text;
    let rest = text.get(uses.location.span.end as usize..)?;
    let line = rest.lines().next()?;
    let (_, comment) = line.split_once('#')?;

    comment
        .split_whitespace()
        .find(|word| word.contains(|letter: char| letter.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_versions() {
        for (tag, major, minor) in [
            ("v4", 4, None),
            ("4.1", 4, Some(1)),
            ("v3-node20", 3, None),
            ("tag=v2.0.1", 2, Some(0)),
            ("release/v1", 1, None),
        ] {
            let version = ActionVersion { major, minor };
            assert_eq!(ActionVersion::parse(tag), Some(version), "{tag}");
        }

        for tag in ["main", "20240101", "v"] {
            assert_eq!(ActionVersion::parse(tag), None, "{tag}");
        }
    }
}
