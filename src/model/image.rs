//! Image references: the grammar `[registry[:port]/]path[:tag][@digest]`, and where each one is
//! used.

use crate::source::Location;

/// A parsed image reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Host and port, as written; `None` for Docker Hub's short form.
    pub registry: Option<String>,
    /// Path without registry and without Docker Hub's `library/`.
    pub path: String,
    pub tag: Option<String>,
    /// With its algorithm: `sha256:…`.
    pub digest: Option<String>,
}

impl Reference {
    /// Whether a whole digest pins it. One that is too short or misspelt pins nothing: no registry
    /// would serve it.
    pub fn is_pinned_by_digest(&self) -> bool {
        self.digest.as_deref().is_some_and(is_digest)
    }

    /// Parses a resolved reference. Never fails: what does not follow the grammar lands in `path`.
    pub fn parse(text: &str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };

        let (registry, rest) = match rest.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
                (Some(host.to_owned()), path)
            }
            _ => (None, rest),
        };

        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag.to_owned())),
            _ => (rest, None),
        };

        let hub = registry
            .as_deref()
            .is_none_or(|host| matches!(host, "docker.io" | "index.docker.io"));
        let path = if hub {
            path.strip_prefix("library/").unwrap_or(path)
        } else {
            path
        };

        Self {
            registry,
            path: path.to_owned(),
            tag,
            digest,
        }
    }

    /// Parses a reference in which each [`HOLE`] stands for a text that cannot be known. `None`
    /// where the holes leave the name or the tag unknown.
    ///
    /// A hole that may as well be empty (`alpine${SUFFIX}`) is taken as empty: that is what a build
    /// without arguments gives. One that stands in the registry or an upper folder
    /// (`${REGISTRY}/api:1`) leaves the rest known.
    pub fn parse_holed(text: &str) -> Option<Self> {
        if !text.contains(HOLE) {
            return is_valid(text).then(|| Self::parse(text));
        }

        let filled = text.replace(HOLE, "");
        if is_valid(&filled) {
            return Some(Self::parse(&filled));
        }

        let (head, last) = text.rsplit_once('/').unwrap_or(("", text));

        if !last.contains(HOLE) {
            let reference = Self::parse(last);
            let path = format!("{}/{}", head.replace(HOLE, "?"), reference.path);
            return is_valid(last).then_some(Self {
                registry: None,
                path,
                ..reference
            });
        }
        // Only the name is unknown: `${IMAGE}:latest`.
        let (name, tag) = last.rsplit_once(':')?;
        let path = format!("{}?", head.replace(HOLE, "?"));
        (name.contains(HOLE) && !tag.is_empty() && !tag.contains([HOLE, '@'])).then(|| Self {
            registry: None,
            path,
            tag: Some(tag.to_owned()),
            digest: None,
        })
    }

    /// The last part of the path: `postgres` of `docker.io/bitnami/postgres`.
    pub fn short_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Registry and path without tag and digest, Docker Hub's own names shortened: what two
    /// references to the same repository have in common.
    pub fn repository(&self) -> String {
        match self.registry.as_deref() {
            None | Some("docker.io" | "index.docker.io" | "registry-1.docker.io") => {
                self.path.clone()
            }
            Some(host) => format!("{host}/{}", self.path),
        }
    }
}

/// Stands for an unknown text in [`Reference::parse_holed`]. No reference holds it.
pub const HOLE: char = '\u{1a}';

/// Whether a text follows the grammar of references.
fn is_valid(text: &str) -> bool {
    let (rest, digest) = text
        .split_once('@')
        .map_or((text, None), |(rest, digest)| (rest, Some(digest)));
    let (path, tag) = match rest.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (rest, None),
    };

    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.ends_with(|c: char| c.is_ascii_alphanumeric())
    };

    let mut parts = path.split('/');
    // A host may be written in capitals; a name in them is a placeholder.
    let small = |one: &str| !one.contains(|c: char| c.is_ascii_uppercase());
    let is_host = |first: &str| first.contains(['.', ':']) && path.contains('/');
    let host_or_part = |first: &str| {
        part(first)
            && first.chars().all(|c| word(c) || c == ':')
            && (is_host(first) || small(first))
    };

    parts.next().is_some_and(host_or_part)
        && parts.all(|one| part(one) && small(one) && one.chars().all(word))
        && tag.is_none_or(|tag| {
            tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                && tag.chars().all(word)
        })
        && digest.is_none_or(|digest| digest.contains(':'))
}

/// Whether a digest names a content: an algorithm, and as many lower-case hexadecimal digits as it
/// gives.
fn is_digest(text: &str) -> bool {
    let hex = |digits: &str, count: usize| {
        digits.len() == count
            && digits
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };

    match text.split_once(':') {
        Some(("sha256", digits)) => hex(digits, 64),
        Some(("sha512", digits)) => hex(digits, 128),
        _ => false,
    }
}

/// What an image is used for, where it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImageRole {
    From,
    CopyFrom,
    MountFrom,
    ComposeService,
    KubernetesContainer,
    /// `volumes[].image.reference`.
    KubernetesVolume,
    WorkflowContainer,
    WorkflowService,
    /// `uses: docker://…` and `runs.image` of an action.
    DockerAction,
    GitlabImage,
}

/// An image named somewhere, after variables are resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageUse {
    pub role: ImageRole,
    /// The reference itself, without flags or quotes.
    pub location: Location,
    pub written: String,
    /// `None`: it depends on something that cannot be seen here.
    pub reference: Option<Reference>,
    /// Where parts of the reference came from, if not from where it is written.
    pub sources: Vec<ImageSource>,
}

/// A place that sets a part of an image reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSource {
    pub location: Location,
    pub kind: ImageSourceKind,
}

/// How a place sets a part of an image reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSourceKind {
    /// An `ARG` or `ENV` of a Dockerfile.
    DockerVariable { name: String },
    /// A line of an env file that compose interpolates.
    EnvFile { name: String, value: String },
    /// The default inside of `${NAME:-default}`.
    Default { name: String, value: String },
    /// An entry of a kustomization's `images`.
    Kustomization,
    /// The expression that names a row of a workflow's matrix; the image is one of its values.
    Matrix,
}

#[cfg(test)]
mod tests {
    use super::Reference;

    fn parts(text: &str) -> (Option<String>, String, Option<String>, Option<String>) {
        let reference = Reference::parse(text);
        (
            reference.registry,
            reference.path,
            reference.tag,
            reference.digest,
        )
    }

    #[test]
    fn splits_registry_path_tag_and_digest() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parts("alpine"), (None, "alpine".into(), None, None));
        assert_eq!(
            parts("registry:5000/app"),
            (some("registry:5000"), "app".into(), None, None)
        );
        assert_eq!(
            parts("localhost/app:1"),
            (some("localhost"), "app".into(), some("1"), None)
        );
        assert_eq!(
            parts("a/b:1@sha256:ab"),
            (None, "a/b".into(), some("1"), some("sha256:ab"))
        );
        assert_eq!(
            parts("docker.io/library/redis:7"),
            (some("docker.io"), "redis".into(), some("7"), None)
        );
    }

    #[test]
    fn holes_leave_known_what_they_do_not_touch() {
        let known = |text: &str| {
            let reference = Reference::parse_holed(&text.replace('~', "\u{1a}"))?;
            Some((reference.path, reference.tag))
        };

        let some = |path: &str, tag: Option<&str>| Some((path.to_owned(), tag.map(str::to_owned)));
        assert_eq!(known("~"), None);
        assert_eq!(known("app:~"), None);
        assert_eq!(known("node:~-alpine"), None);
        assert_eq!(known("alpine~"), some("alpine", None));
        assert_eq!(known("~/team/app"), some("?/team/app", None));
        assert_eq!(known("~/app:1.2"), some("?/app", Some("1.2")));
        assert_eq!(known("~:latest"), some("?", Some("latest")));
        assert_eq!(known("app:1.2~"), some("app", Some("1.2")));
        assert_eq!(known("app@~"), None);
        assert_eq!(known(""), None);
    }

    #[test]
    fn one_repository_has_one_name() {
        assert_eq!(
            Reference::parse("docker.io/library/redis:7").repository(),
            "redis"
        );
        assert_eq!(Reference::parse("ghcr.io/a/b").repository(), "ghcr.io/a/b");
    }
}
