//! `uses:` references, taken apart.

/// What `uses:` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionRef<'a> {
    /// `./path`: an action or workflow of this repository.
    Local(&'a str),
    /// `docker://image`.
    Docker(&'a str),
    /// `owner/repository/path@version`.
    Remote {
        /// `owner/repository` and, where written, a path inside of it.
        name: &'a str,
        /// After the `@`; `None` where there is none.
        version: Option<&'a str>,
    },
}

impl<'a> ActionRef<'a> {
    pub fn parse(text: &'a str) -> Self {
        let text = text.trim();
        if let Some(image) = text.strip_prefix("docker://") {
            return ActionRef::Docker(image);
        }

        if text.starts_with("./")
            || text.starts_with("$/")
            || text.starts_with(".\\")
            || text == "."
            || text.starts_with("../")
        {
            return ActionRef::Local(text);
        }

        match text.split_once('@') {
            Some((name, version)) => ActionRef::Remote {
                name,
                version: Some(version),
            },
            None => ActionRef::Remote {
                name: text,
                version: None,
            },
        }
    }

    /// The name without its version; for an image, all of it.
    pub const fn name(&self) -> &'a str {
        match *self {
            ActionRef::Local(name) | ActionRef::Docker(name) | ActionRef::Remote { name, .. } => {
                name
            }
        }
    }

    /// The owner of a remote action.
    pub fn owner(&self) -> Option<&'a str> {
        match *self {
            ActionRef::Remote { name, .. } => name.split_once('/').map(|(owner, _)| owner),
            _ => None,
        }
    }

    /// The version of a remote action.
    pub const fn version(&self) -> Option<&'a str> {
        match *self {
            ActionRef::Remote { version, .. } => version,
            _ => None,
        }
    }

    /// Whether the version is a full commit hash.
    pub fn is_hash(&self) -> bool {
        self.version().is_some_and(|version| {
            matches!(version.len(), 40 | 64) && version.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_references_apart() {
        assert_eq!(ActionRef::parse("./x"), ActionRef::Local("./x"));
        assert_eq!(
            ActionRef::parse("docker://alpine:3"),
            ActionRef::Docker("alpine:3")
        );
        let remote = ActionRef::parse("a/b/c@v1");
        assert_eq!(
            (remote.name(), remote.owner(), remote.version()),
            ("a/b/c", Some("a"), Some("v1"))
        );
        assert!(ActionRef::parse("a/b@0123456789abcdef0123456789abcdef01234567").is_hash());
        assert!(!ActionRef::parse("a/b@0123456").is_hash());
    }
}
