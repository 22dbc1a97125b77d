//! Image references, `[registry[:port]/]path[:tag][@digest]`, and what each is used for.

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
    /// Whether a valid digest pins it. A digest that is too short or misspelled pins nothing: no
    /// registry serves it.
    pub fn is_pinned_by_digest(&self) -> bool {
        self.digest.as_deref().is_some_and(is_digest)
    }

    /// Parses a resolved reference. What does not follow the grammar ends up in `path`.
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

    /// Parses a reference in which each [`HOLE`] is an unknown string. `None` where the holes leave
    /// the name or the tag unknown.
    ///
    /// A hole that may be empty (`alpine${SUFFIX}`) counts as empty, as in a build without
    /// arguments. A hole in the registry or an upper folder (`${REGISTRY}/api:1`) leaves the rest
    /// known.
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
        if !name.contains(HOLE) || tag.is_empty() || tag.contains([HOLE, '@']) {
            return None;
        }

        Some(Self {
            registry: None,
            path: format!("{}?", head.replace(HOLE, "?")),
            tag: Some(tag.to_owned()),
            digest: None,
        })
    }

    /// The last part of the path: `postgres` of `docker.io/bitnami/postgres`.
    pub fn short_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Registry and path without tag and digest, with Docker Hub's names in their short form: equal
    /// for all references to one repository.
    pub fn repository(&self) -> String {
        match self.registry.as_deref() {
            None | Some("docker.io" | "index.docker.io" | "registry-1.docker.io") => {
                self.path.clone()
            }
            Some(host) => format!("{host}/{}", self.path),
        }
    }
}

/// An unknown string in [`Reference::parse_holed`]. No reference holds this letter.
pub const HOLE: char = '\u{1a}';

/// Whether a string follows the grammar of references.
fn is_valid(text: &str) -> bool {
    let (rest, digest) = text
        .split_once('@')
        .map_or((text, None), |(rest, digest)| (rest, Some(digest)));
    let (path, tag) = match rest.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (rest, None),
    };
    let (first, others) = match path.split_once('/') {
        Some((first, others)) => (first, Some(others)),
        None => (path, None),
    };

    let is_host = first.contains(['.', ':']) && others.is_some();
    if others.is_none() && first.contains(':') {
        return false;
    }

    is_host_name(first)
        && (is_host || !has_capitals(first))
        && others.is_none_or(|others| others.split('/').all(is_path_part))
        && tag.is_none_or(is_tag)
        && digest.is_none_or(|digest| digest.contains(':'))
}

/// Whether a string may be a host and its port, or the first part of a path.
fn is_host_name(text: &str) -> bool {
    has_plain_ends(text)
        && text
            .chars()
            .all(|letter| is_tag_letter(letter) || letter == ':')
}

/// Whether a string may be a part of a path after the first.
fn is_path_part(text: &str) -> bool {
    has_plain_ends(text) && text.chars().all(is_tag_letter) && !has_capitals(text)
}

/// Whether a string has capitals, which hosts and tags may have. In a name, they mark a
/// placeholder.
fn has_capitals(text: &str) -> bool {
    text.contains(|letter: char| letter.is_ascii_uppercase())
}

fn has_plain_ends(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && text.ends_with(|letter: char| letter.is_ascii_alphanumeric())
}

fn is_tag(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_')
        && text.chars().all(is_tag_letter)
}

const fn is_tag_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.')
}

/// Whether a digest has an algorithm, and as many lower-case hexadecimal digits as that gives.
fn is_digest(text: &str) -> bool {
    let (digits, count) = match text.split_once(':') {
        Some(("sha256", digits)) => (digits, 64),
        Some(("sha512", digits)) => (digits, 128),
        _ => return false,
    };

    digits.len() == count
        && digits
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What an image is used for.
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

/// A build context with a name, which FROM and `--from` may use in place of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedContext {
    pub name: String,
    /// A folder, `docker-image://…`, `target:…` or `service:…`.
    pub value: String,
}

impl NamedContext {
    /// Reads `name=value`.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, value) = text.split_once('=')?;

        Some(Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
        })
    }
}

/// An image named somewhere, after variables are resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageUse {
    pub role: ImageRole,
    /// The reference itself, without flags or quotes.
    pub location: Location,
    pub written: String,
    /// `None` where it depends on something unknown.
    pub reference: Option<Reference>,
    /// Where parts of the reference came from, if not from where it is written.
    pub sources: Vec<ImageSource>,
}

impl ImageUse {
    /// Whether no engine can pull it: it is written in full, and does not follow the grammar.
    pub fn is_malformed(&self) -> bool {
        if self.written.is_empty() || self.written.contains(['$', '{', '<', '%']) {
            return false;
        }

        match self.written.split_once('@') {
            Some((_, digest)) => is_short_digest(digest),
            None => self.sources.is_empty() && !is_valid(&self.written),
        }
    }
}

/// Whether a digest has only hexadecimal digits, but not as many as its algorithm gives. Other
/// letters are a placeholder.
fn is_short_digest(text: &str) -> bool {
    let (algorithm, digits) = text.split_once(':').unwrap_or((text, ""));
    let is_hexadecimal = digits
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));

    matches!(algorithm, "sha256" | "sha512") && is_hexadecimal && !is_digest(text)
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
    /// An entry of a kustomization's `images`, and the tag that it sets.
    Kustomization { tag: Option<String> },
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
    fn what_is_not_a_reference_is_unknown() {
        for text in [
            "app",
            "acme/app__web:v1.2",
            "localhost:5000/app:1",
            "HUB.example.com/app",
            "app:RC_1",
        ] {
            assert!(Reference::parse_holed(text).is_some(), "{text}");
        }

        for text in [
            "-app",
            "app-",
            "my app",
            "Acme/app",
            "acme/App",
            "app:",
            "app:-1",
            "app@sha",
            "acme//app",
        ] {
            assert_eq!(Reference::parse_holed(text), None, "{text}");
        }
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
