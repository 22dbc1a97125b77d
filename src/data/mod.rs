//! Well-known images, from `rules/data/images.toml`: what they are, where they keep data, on which
//! ports they listen. Facts about images only; rules decide whether one of them is a fault.

pub mod workflow;

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::embedded::table;

/// The purpose of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    Database,
    Cache,
    Broker,
    ObjectStore,
    Search,
    VectorStore,
    Proxy,
    Monitoring,
    Dashboard,
    LlmServer,
    Application,
    /// A mail server, or one that only shows mail.
    Mail,
    /// A service that others call now and then: for documents, pages, images, languages.
    Converter,
    /// A program that does its work and ends.
    Tool,
    /// A language's toolchain or runtime.
    Language,
    /// A distribution.
    Os,
}

impl Class {
    /// Whether it holds data of other services, also temporarily.
    pub const fn is_store(self) -> bool {
        matches!(
            self,
            Class::Database
                | Class::Cache
                | Class::Broker
                | Class::ObjectStore
                | Class::Search
                | Class::VectorStore
        )
    }

    /// Whether it is a base for other images or a toolchain, which runs no server by itself.
    pub const fn is_base(self) -> bool {
        matches!(self, Class::Language | Class::Os)
    }

    /// For messages: `a database`, `an object store`.
    pub const fn phrase(self) -> &'static str {
        match self {
            Class::Database => "a database",
            Class::Cache => "a cache",
            Class::Broker => "a message broker",
            Class::ObjectStore => "an object store",
            Class::Search => "a search engine",
            Class::VectorStore => "a vector store",
            Class::Proxy => "a proxy",
            Class::Monitoring => "a monitoring service",
            Class::Dashboard => "a dashboard",
            Class::LlmServer => "a model server",
            Class::Application => "an application",
            Class::Mail => "a mail server",
            Class::Converter => "a converter",
            Class::Tool => "a tool",
            Class::Language => "a language image",
            Class::Os => "a distribution",
        }
    }
}

/// The user that an image runs as by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum User {
    #[default]
    Root,
    /// It starts as root and its entry point switches to another user.
    Drops,
    NonRoot,
}

/// An entry of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KnownImage {
    names: Vec<String>,
    pub class: Class,
    /// Ports that it serves by default.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Folders whose loss is loss of data.
    #[serde(default)]
    data: Vec<String>,
    #[serde(default)]
    volumes: Vec<String>,
    #[serde(default)]
    layouts: Vec<VersionLayout>,
    #[serde(default)]
    checks: Vec<CheckCommand>,
    /// Variables that hold a credential, with well-known defaults.
    #[serde(default)]
    pub credentials: BTreeMap<String, Vec<String>>,
    /// The program that runs the command of a service, with its first words.
    #[serde(default)]
    pub entrypoint: Vec<String>,
    /// The image has a HEALTHCHECK of its own.
    #[serde(default)]
    pub healthcheck: bool,
    /// Whether it has is not known.
    #[serde(default)]
    unknown_healthcheck: bool,
    #[serde(default)]
    user: User,
    #[serde(default)]
    non_root_tags: Vec<String>,
    #[serde(default)]
    tools: Vec<String>,
    /// Every tag is built on Alpine, Wolfi or busybox.
    #[serde(default)]
    alpine: bool,
    /// Programs that the image had once, with the first version without each.
    #[serde(default)]
    gone: BTreeMap<String, String>,
    /// Programs that older versions lack, with the first version that has each.
    #[serde(default)]
    since: BTreeMap<String, String>,
    #[serde(default)]
    bare: bool,
    /// The first version that contains its program alone.
    bare_from: Option<String>,
    /// Parts of the tags that do.
    #[serde(default)]
    bare_tags: Vec<String>,
}

/// A command for a health check.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckCommand {
    since: Option<u32>,
    until: Option<u32>,
    /// The variable that the command reads.
    needs: Option<String>,
    test: String,
}

/// Where some versions of an image keep data.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionLayout {
    since: Option<u32>,
    until: Option<u32>,
    data: Vec<String>,
    volumes: Vec<String>,
}

/// Where an image keeps data.
#[derive(Clone, Copy, Debug)]
pub struct DataLayout<'d> {
    /// Folders whose loss is loss of data.
    pub data: &'d [String],
    /// Folders that the image declares as volumes. Docker mounts an anonymous one at each that has
    /// no mount of its own, also below a mount.
    pub volumes: &'d [String],
}

impl KnownImage {
    /// Where the image under this tag keeps data.
    pub fn layout(&self, tag: Option<&str>) -> DataLayout<'_> {
        let version = tag.and_then(major_version);
        let versioned = version.and_then(|version| {
            self.layouts
                .iter()
                .find(|layout| is_between(version, layout.since, layout.until))
        });

        match versioned {
            Some(layout) => DataLayout {
                data: &layout.data,
                volumes: &layout.volumes,
            },
            None => DataLayout {
                data: &self.data,
                volumes: &self.volumes,
            },
        }
    }

    /// A command that asks the image under this tag whether it is healthy, where one is known, as it
    /// is written in a compose file; `sets` says whether the service sets a variable. A tag without
    /// a version counts as the newest.
    pub fn check(&self, tag: Option<&str>, sets: impl Fn(&str) -> bool) -> Option<&str> {
        let version = tag.and_then(major_version).unwrap_or(u32::MAX);
        let check = self.checks.iter().find(|check| {
            is_between(version, check.since, check.until)
                && check.needs.as_deref().is_none_or(&sets)
        })?;

        Some(&check.test)
    }

    /// Whether the image brings a HEALTHCHECK; `None` for families of images of which some may,
    /// and where it is not known.
    pub fn has_healthcheck(&self) -> Option<bool> {
        if self.healthcheck {
            return Some(true);
        }

        let is_unknown = self.unknown_healthcheck;
        let is_family = self.names.iter().any(|name| name.contains('*'));
        if is_family || is_unknown {
            None
        } else {
            Some(false)
        }
    }

    /// Whether the image under this tag contains only its program, so that a health check has
    /// nothing to call.
    pub fn is_bare(&self, tag: Option<&str>) -> bool {
        let contains = |word: &str| tag.is_some_and(|tag| tag.contains(word));
        if self.bare_tags.iter().any(|part| contains(part)) {
            return true;
        }

        let has_tools = ["alpine", "debug", "busybox", "debian"]
            .iter()
            .any(|word| contains(word));
        let is_since_bare = self
            .bare_from
            .as_deref()
            .is_some_and(|first| reaches(tag, first) == Some(true));

        (self.bare || is_since_bare) && !has_tools
    }

    /// Whether every tag of the image is built on Alpine or busybox.
    pub const fn is_alpine(&self) -> bool {
        self.alpine
    }

    /// The user that the image runs as under this tag.
    pub fn user(&self, tag: Option<&str>) -> User {
        let is_non_root = self
            .non_root_tags
            .iter()
            .any(|part| tag.is_some_and(|tag| tag.ends_with(part.as_str())));

        if is_non_root {
            User::NonRoot
        } else {
            self.user
        }
    }

    /// Whether the image under this tag contains the program; `None` where the table does not say.
    pub fn carries(&self, tag: Option<&str>, program: &str) -> Option<bool> {
        if let Some(first) = self.gone.get(program) {
            return reaches(tag, first).map(|is_gone| !is_gone);
        }

        if let Some(first) = self.since.get(program) {
            return reaches(tag, first);
        }

        // A version that is not known may be bare or not.
        if let Some(first) = &self.bare_from
            && reaches(tag, first).is_none()
        {
            return None;
        }

        let is_bare = self.is_bare(tag);
        let tag = tag.unwrap_or("");
        let is_alpine = tag.contains("alpine") || (self.alpine && !is_bare);
        if is_alpine && matches!(program, "sh" | "wget" | "nc") {
            return Some(true);
        }

        if is_bare && matches!(program, "sh" | "bash" | "curl" | "wget" | "nc") {
            return Some(false);
        }

        if self.tools.is_empty() {
            return None;
        }

        let general = matches!(program, "bash" | "curl" | "wget" | "git" | "nc");
        let lean = tag.contains("slim") || tag.contains("alpine");
        if general && lean && self.class == Class::Language {
            return Some(program == "bash" && tag.contains("slim"));
        }

        if self.tools.iter().any(|tool| tool == program) {
            return Some(true);
        }

        // Of the tools that a list omits, only the general ones are known to be missing.
        general.then_some(false)
    }
}

/// Whether the version of a tag is another one or newer; `None` for tags that name no version. No
/// tag, `latest` and `lts` are the newest version.
fn reaches(tag: Option<&str>, version: &str) -> Option<bool> {
    let Some(tag) = tag.filter(|tag| !matches!(*tag, "latest" | "lts")) else {
        return Some(true);
    };

    let tag = tag.strip_prefix('v').unwrap_or(tag);
    let found: Vec<u32> = version_numbers(tag);
    if found.is_empty() {
        return None;
    }

    // `mongo:6` is the newest 6.
    Some(
        found
            .iter()
            .copied()
            .chain([u32::MAX])
            .ge(version_numbers(version)),
    )
}

/// The numbers that a version begins with.
fn version_numbers(text: &str) -> Vec<u32> {
    text.split('.')
        .map_while(|part| {
            let digits = part
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(part.len());
            part[..digits].parse().ok()
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageTable {
    image: Vec<KnownImage>,
}

struct ImageIndex {
    images: Vec<KnownImage>,
    exact: HashMap<String, usize>,
    /// Patterns in the order of the table: `prefix*` or `*suffix`.
    patterns: Vec<(String, usize)>,
}

static INDEX: LazyLock<ImageIndex> = LazyLock::new(|| {
    let table: ImageTable = table!("images");
    let mut exact = HashMap::new();
    let mut patterns = Vec::new();
    for (index, image) in table.image.iter().enumerate() {
        for name in &image.names {
            if name.contains('*') {
                patterns.push((name.clone(), index));
            } else {
                exact.entry(name.clone()).or_insert(index);
            }
        }
    }
    ImageIndex {
        images: table.image,
        exact,
        patterns,
    }
});

/// Registries and folders that serve other registries' images under their own names.
const MIRRORS: &[(&str, &str)] = &[
    ("mirror.gcr.io/library/", ""),
    ("mirror.gcr.io/", ""),
    ("public.ecr.aws/docker/library/", ""),
    ("public.ecr.aws/bitnami/", "bitnami/"),
    ("registry.hub.docker.com/library/", ""),
    ("registry.hub.docker.com/", ""),
    ("registry-1.docker.io/", ""),
    ("m.daocloud.io/docker.io/library/", ""),
    ("m.daocloud.io/docker.io/", ""),
    ("m.daocloud.io/", ""),
    ("docker.m.daocloud.io/library/", ""),
    ("docker.m.daocloud.io/", ""),
    ("quay.io/bitnami/", "bitnami/"),
    ("bitnamilegacy/", "bitnami/"),
    ("bitnamisecure/", "bitnami/"),
];

/// The entry of the image in a repository, named as by `Reference::repository`.
pub fn image(repository: &str) -> Option<&'static KnownImage> {
    let mirrored = MIRRORS
        .iter()
        .find_map(|(prefix, real)| Some(format!("{real}{}", repository.strip_prefix(prefix)?)));
    let name = mirrored.as_deref().unwrap_or(repository);
    if let Some(&index) = INDEX.exact.get(name) {
        return Some(&INDEX.images[index]);
    }

    let (_, index) = INDEX
        .patterns
        .iter()
        .find(|(pattern, _)| matches_pattern(name, pattern))?;

    Some(&INDEX.images[*index])
}

fn is_between(version: u32, since: Option<u32>, until: Option<u32>) -> bool {
    since.is_none_or(|since| since <= version) && until.is_none_or(|until| version <= until)
}

/// The major version that a tag names: 17 in `17.5-alpine`, and in `0.8.0-pg17` of an extension.
fn major_version(tag: &str) -> Option<u32> {
    let lower = tag.to_ascii_lowercase();
    let mut parts = lower.split(['-', '_']);
    let postgres = parts
        .clone()
        .find_map(|part| part.strip_prefix("pg")?.parse().ok());

    postgres.or_else(|| parts.next()?.split('.').next()?.parse().ok())
}

/// Whether a name matches `prefix*` or `*suffix`.
fn matches_pattern(name: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name.ends_with(pattern.trim_start_matches('*')),
    }
}

/// The entry of the store in a repository, by the last part of its name where the whole name is
/// unknown: a company's copy of `postgres` is a database too. Its data folders are less certain
/// than those of [`image`].
pub fn store(repository: &str) -> Option<&'static KnownImage> {
    if let Some(known) = image(repository) {
        return known.class.is_store().then_some(known);
    }

    let (folder, name) = repository.rsplit_once('/')?;
    let is_client = folder
        .split(['/', '.', '-', '_'])
        .any(|word| CLIENTS.contains(&word));
    if is_client {
        return None;
    }

    let namesake = image(name)?;
    namesake.class.is_store().then_some(namesake)
}

/// Words in the folder of an image that say that it is a client of the store it is named after:
/// `mcp/postgres` is a server of Docker's MCP catalog.
const CLIENTS: &[&str] = &[
    "backup",
    "backups",
    "client",
    "clients",
    "exporter",
    "exporters",
    "mcp",
    "migrations",
    "modelcontextprotocol",
    "tools",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_images_behind_mirrors_and_by_pattern() {
        for (name, class) in [
            ("postgres", Some(Class::Database)),
            ("public.ecr.aws/docker/library/redis", Some(Class::Cache)),
            ("bitnamilegacy/valkey", Some(Class::Cache)),
            ("cgr.dev/chainguard/python", Some(Class::Language)),
            (
                "ghcr.io/someone/qdrant-unprivileged",
                Some(Class::Application),
            ),
            ("acme/postgres", None),
        ] {
            assert_eq!(image(name).map(|known| known.class), class, "{name}");
        }

        assert_eq!(
            store("registry.acme.example/mirror/postgres").map(|known| known.class),
            Some(Class::Database)
        );
        assert!(store("acme/nginx").is_none());
    }

    #[test]
    fn users_and_tools_depend_on_the_tag() {
        let distroless = image("gcr.io/distroless/static-debian12").unwrap();
        assert_eq!(distroless.user(Some("nonroot")), User::NonRoot);
        assert_eq!(distroless.user(Some("debug-nonroot")), User::NonRoot);
        assert_eq!(distroless.user(Some("latest")), User::Root);
        let python = image("python").unwrap();
        assert_eq!(python.carries(Some("3.12"), "curl"), Some(true));
        assert_eq!(python.carries(Some("3.12-slim"), "curl"), Some(false));
        assert_eq!(python.carries(Some("3.12-alpine"), "wget"), Some(true));
        assert_eq!(python.carries(Some("3.12-alpine"), "curl"), Some(false));
        assert_eq!(python.carries(Some("3.12-slim"), "python"), Some(true));
        assert_eq!(
            image("prom/prometheus").unwrap().carries(None, "curl"),
            Some(false)
        );
        let caddy = image("caddy").unwrap();
        assert_eq!(caddy.carries(Some("2.10"), "nc"), Some(true));
        assert_eq!(caddy.carries(Some("2.10"), "curl"), Some(false));
    }

    #[test]
    fn tools_depend_on_the_version() {
        let mongo = image("mongo").unwrap();
        for (tag, has_old, has_new) in [
            (None, Some(false), Some(true)),
            (Some("latest"), Some(false), Some(true)),
            (Some("7"), Some(false), Some(true)),
            (Some("6.0.14-jammy"), Some(false), Some(true)),
            (Some("5"), Some(true), Some(true)),
            (Some("4.4"), Some(true), Some(false)),
            (Some("noble"), None, None),
        ] {
            assert_eq!(mongo.carries(tag, "mongo"), has_old, "{tag:?}");
            assert_eq!(mongo.carries(tag, "mongosh"), has_new, "{tag:?}");
        }

        let loki = image("grafana/loki").unwrap();
        assert_eq!(loki.carries(Some("3.5.1"), "wget"), Some(true));
        assert_eq!(loki.carries(Some("3.6.0"), "wget"), Some(false));
        assert!(loki.is_bare(Some("main")) == loki.is_bare(Some("3.5")));
        let aspnet = image("mcr.microsoft.com/dotnet/aspnet").unwrap();
        assert_eq!(
            aspnet.carries(Some("9.0-noble-chiseled"), "sh"),
            Some(false)
        );
    }

    #[test]
    fn folders_depend_on_the_version() {
        for (name, tag, folder) in [
            ("postgres", "16-alpine", "/var/lib/postgresql/data"),
            ("postgres", "18.1", "/var/lib/postgresql"),
            (
                "pgvector/pgvector",
                "0.8.1-pg18-trixie",
                "/var/lib/postgresql",
            ),
            ("pgvector/pgvector", "pg17", "/var/lib/postgresql/data"),
            (
                "apache/age",
                "release_PG16_1.5.0",
                "/var/lib/postgresql/data",
            ),
        ] {
            let layout = image(name).map(|known| known.layout(Some(tag)));
            assert_eq!(
                layout.map(|layout| (layout.data, layout.volumes)),
                Some((&[folder.to_owned()][..], &[folder.to_owned()][..])),
                "{name}:{tag}"
            );
        }
    }

    #[test]
    fn checks_depend_on_the_version_and_the_variables() {
        for (name, tag, variable, test) in [
            (
                "postgres",
                "17",
                "POSTGRES_USER",
                "pg_isready -U $$POSTGRES_USER",
            ),
            ("postgres", "17", "", "pg_isready -U postgres"),
            ("mariadb", "5.5", "", "mysqladmin ping -h 127.0.0.1"),
            (
                "mariadb",
                "lts",
                "",
                "healthcheck.sh --connect --innodb_initialized",
            ),
            (
                "lscr.io/linuxserver/mariadb",
                "11.4",
                "",
                "mariadb-admin ping -h 127.0.0.1",
            ),
            (
                "mongo",
                "4.4",
                "",
                "mongo --quiet --eval \"db.adminCommand('ping')\"",
            ),
        ] {
            let check = image(name).and_then(|known| known.check(Some(tag), |var| var == variable));
            assert_eq!(check, Some(test), "{name}:{tag}");
        }
    }

    #[test]
    fn paths_are_absolute_and_patterns_have_one_star() {
        for known in &INDEX.images {
            assert!(
                known.data.iter().all(|path| path.starts_with('/')),
                "{:?}",
                known.names
            );
            assert!(
                known
                    .names
                    .iter()
                    .all(|name| name.matches('*').count() <= 1),
                "{:?}",
                known.names
            );
        }
    }
}
