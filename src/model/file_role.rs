//! What a file is for, and who wrote it. One list of words answers both for the whole program, so
//! that no two rules disagree about the same file.

use std::sync::LazyLock;

use crate::source::{FileId, Span, file_name};

/// What a file is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Deployed, as far as anyone can tell: nothing says otherwise.
    #[default]
    Production,
    /// For a developer's own machine.
    Development,
    /// Tries or shows something: tests and their input, examples, documentation.
    Practice,
}

impl Role {
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Production => "production",
            Role::Development => "development",
            Role::Practice => "practice",
        }
    }
}

/// Who wrote a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Origin {
    /// People of this repository.
    #[default]
    Written,
    /// A tool: lock files, build output, and files whose header says so.
    Generated,
    /// People of another repository, copied into this one.
    Vendored,
}

impl Origin {
    pub const fn as_str(self) -> &'static str {
        match self {
            Origin::Written => "written",
            Origin::Generated => "generated",
            Origin::Vendored => "vendored",
        }
    }
}

/// Why a file has its role or origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A word of the path.
    Word(&'static str),
    /// The ending of the file's name.
    Ending(&'static str),
    /// A comment at the top of the file.
    Header(Span),
    /// `[[role]]` of the configuration.
    Configured,
    /// A file that uses this one.
    UsedBy(FileId),
    /// A compose file that deploys what this one only tries.
    DeployedBy(FileId),
    /// A README that says that what is below it is a collection of samples.
    PresentedBy(FileId),
}

/// A file's role and origin, each with its evidence; without evidence a file is written for
/// production.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileRole {
    pub role: Role,
    pub role_evidence: Option<Evidence>,
    pub origin: Origin,
    pub origin_evidence: Option<Evidence>,
}

/// Where a word of a path counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Names of folders and of the file.
    Any,
    /// The name of the file alone: as a folder the word says nothing.
    Name,
    /// The name of a file that says what it deploys: `docker-compose.local.yml`, `values-ci.yaml`.
    DeployName,
    /// Names of folders alone.
    Folder,
    /// Whole names of folders: as a part of a name the word says nothing.
    WholeFolder,
}

/// A word of a path, what it says, and where.
type RoleWord = (&'static str, Role, Part);

/// Words of paths, and what a file is for whose path has them. Names are split at dots, dashes and
/// underscores.
const ROLES: &[RoleWord] = &[
    ("dev", Role::Development, Part::Any),
    ("devel", Role::Development, Part::Any),
    ("develop", Role::Development, Part::Any),
    ("development", Role::Development, Part::Any),
    ("localdev", Role::Development, Part::Any),
    ("debug", Role::Development, Part::Any),
    ("override", Role::Development, Part::Any),
    ("sandbox", Role::Development, Part::Any),
    ("playground", Role::Development, Part::Any),
    ("gitpod", Role::Development, Part::Any),
    ("tilt", Role::Development, Part::Any),
    ("minikube", Role::Development, Part::Any),
    ("k3d", Role::Development, Part::Any),
    ("hack", Role::Development, Part::WholeFolder),
    ("ci", Role::Development, Part::WholeFolder),
    ("local", Role::Development, Part::DeployName),
    ("ci", Role::Development, Part::DeployName),
    ("load", Role::Practice, Part::DeployName),
    ("devcontainer", Role::Practice, Part::Any),
    ("test", Role::Practice, Part::Any),
    ("tests", Role::Practice, Part::Any),
    ("testing", Role::Practice, Part::Any),
    ("testdata", Role::Practice, Part::Any),
    ("fixture", Role::Practice, Part::Any),
    ("fixtures", Role::Practice, Part::Any),
    ("fake", Role::Practice, Part::Folder),
    ("fakes", Role::Practice, Part::Folder),
    ("mock", Role::Practice, Part::Any),
    ("mocks", Role::Practice, Part::Any),
    ("spec", Role::Practice, Part::WholeFolder),
    ("specs", Role::Practice, Part::WholeFolder),
    ("snapshots", Role::Practice, Part::Any),
    ("e2e", Role::Practice, Part::Any),
    ("integration", Role::Practice, Part::Any),
    ("benchmark", Role::Practice, Part::Any),
    ("benchmarks", Role::Practice, Part::Any),
    ("loadtest", Role::Practice, Part::Any),
    ("loadtests", Role::Practice, Part::Any),
    ("load-gen", Role::Practice, Part::Any),
    ("load-generator", Role::Practice, Part::Any),
    ("load-test", Role::Practice, Part::Any),
    ("load-tests", Role::Practice, Part::Any),
    ("load-testing", Role::Practice, Part::Any),
    ("loadgen", Role::Practice, Part::Any),
    ("loadgenerator", Role::Practice, Part::Any),
    ("profiling", Role::Practice, Part::Any),
    ("cypress", Role::Practice, Part::Any),
    ("playwright", Role::Practice, Part::Any),
    ("archived", Role::Practice, Part::Folder),
    ("attic", Role::Practice, Part::Folder),
    ("deprecated", Role::Practice, Part::Folder),
    ("__tests__", Role::Practice, Part::Folder),
    ("test_data", Role::Practice, Part::Folder),
    ("__fixtures__", Role::Practice, Part::Folder),
    ("__mocks__", Role::Practice, Part::Folder),
    ("contrib", Role::Practice, Part::WholeFolder),
    ("addons", Role::Practice, Part::WholeFolder),
    ("add-ons", Role::Practice, Part::WholeFolder),
    ("kind", Role::Practice, Part::Folder),
    ("workstation", Role::Practice, Part::Folder),
    ("example", Role::Practice, Part::Any),
    ("examples", Role::Practice, Part::Any),
    ("sample", Role::Practice, Part::Any),
    ("samples", Role::Practice, Part::Any),
    ("demo", Role::Practice, Part::Any),
    ("demos", Role::Practice, Part::Any),
    ("tutorial", Role::Practice, Part::Any),
    ("tutorials", Role::Practice, Part::Any),
    ("quickstart", Role::Practice, Part::Any),
    ("quick-start", Role::Practice, Part::Any),
    ("getting-started", Role::Practice, Part::Any),
    ("getting_started", Role::Practice, Part::Any),
    ("hello-world", Role::Practice, Part::Any),
    ("helloworld", Role::Practice, Part::Any),
    ("walkthrough", Role::Practice, Part::Any),
    ("cookbook", Role::Practice, Part::Any),
    ("workshop", Role::Practice, Part::Any),
    ("template", Role::Practice, Part::Any),
    ("dist", Role::Practice, Part::Name),
    ("notebooks", Role::Practice, Part::Any),
    ("doc", Role::Practice, Part::Any),
    ("docs", Role::Practice, Part::Any),
    ("documentation", Role::Practice, Part::Any),
];

/// Endings of prose.
const PROSE: &[&str] = &[".md", ".mdx", ".rst", ".adoc", ".ipynb"];

/// Folders of code that other people wrote.
const VENDORED: &[&str] = &[
    "vendor",
    "node_modules",
    "third_party",
    "site-packages",
    ".venv",
    "venv",
];

/// Folders that builds write.
const BUILT: &[&str] = &["dist", "build", "target", ".next", "coverage"];

/// Folders of scripts and tools that work on the repository.
const TOOLING: &[&str] = &[
    "scripts",
    "script",
    "tools",
    "hack",
    "ci",
    ".github",
    ".circleci",
    "bin",
    "bench",
    "evals",
    "notebooks",
];

/// Files of build and test tools.
const TOOLING_FILES: &[&str] = &["setup.py", "noxfile.py", "build.rs", "tasks.py"];

/// Lock files: written by tools, full of hashes, read by no check.
const LOCK_FILES: &[&str] = &[
    "Cargo.lock",
    "Gemfile.lock",
    "Pipfile.lock",
    "bun.lock",
    "composer.lock",
    "go.sum",
    "mix.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "packages.lock.json",
    "pdm.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "uv.lock",
    "yarn.lock",
];

/// Endings of what build tools write beside sources.
const BUILT_ENDINGS: &[&str] = &[".min.js", ".min.css", ".map"];

impl FileRole {
    /// Whether what the file runs is for a developer's machine or for tests. What examples and
    /// documentation run is a sample of what is deployed.
    pub fn is_development(&self) -> bool {
        match (self.role, self.role_evidence) {
            (Role::Production, _) => false,
            (Role::Development, _) => true,
            (Role::Practice, Some(Evidence::Word(word))) => is_test_word(word),
            (Role::Practice, evidence) => !matches!(
                evidence,
                Some(Evidence::Ending(_) | Evidence::PresentedBy(_))
            ),
        }
    }

    /// The role and origin of a path, from the root of the repository, by its words alone.
    pub fn of(path: &str) -> Self {
        let (role, role_evidence) = role(path);
        let (origin, origin_evidence) = origin(path);
        Self {
            role,
            role_evidence,
            origin,
            origin_evidence,
        }
    }
}

/// Whether a path is one of tests and their input.
pub fn is_test(path: &str) -> bool {
    words_of(path).any(|(word, _)| is_test_word(word))
}

/// Whether a path is one of tests, examples or documentation.
pub fn is_sample(path: &str) -> bool {
    FileRole::of(path).role == Role::Practice
}

/// Whether a path is for anything but production.
pub fn is_practice(path: &str) -> bool {
    FileRole::of(path).role != Role::Production
}

/// The role that a word of a name, such as a profile's, says.
pub fn role_of_word(word: &str) -> Role {
    let mut known = ROLES.iter();
    let known = known.find(|(known, ..)| known.eq_ignore_ascii_case(word));

    known.map_or(Role::Production, |(_, role, _)| *role)
}

/// Whether a word of a name, such as a stage's, is for development or tests.
pub fn is_development_word(word: &str) -> bool {
    ROLES
        .iter()
        .filter(|(known, ..)| known.eq_ignore_ascii_case(word))
        .any(|(known, role, _)| *role == Role::Development || is_test_word(known))
}

/// Whether a word that gives a path its role is one of tests, rather than of examples or
/// documentation.
fn is_test_word(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "test",
        "tests",
        "testing",
        "__tests__",
        "testdata",
        "test_data",
        "fixture",
        "fixtures",
        "__fixtures__",
        "fake",
        "fakes",
        "mock",
        "mocks",
        "__mocks__",
        "spec",
        "specs",
        "snapshots",
        "e2e",
        "integration",
        "benchmark",
        "benchmarks",
        "loadtest",
        "loadtests",
    ];

    WORDS.contains(&word)
}

/// Whether a path is one of scripts and tools that work on the repository and are not deployed from
/// it.
pub fn is_tooling(path: &str) -> bool {
    path.split('/').any(|folder| TOOLING.contains(&folder))
        || TOOLING_FILES.contains(&file_name(path))
}

/// Whether a path is input of a test, which is never deployed.
pub fn is_test_input(path: &str) -> bool {
    let mut in_tests = false;
    let mut in_package = false;
    path.split('/').any(|part| {
        let is_input = matches!(part, "testdata" | "test_data" | "__fixtures__" | "test-fixtures")
            || (in_tests && matches!(part, "fixtures" | "data" | "resource" | "resources"))
            // A package of source code keeps the input of its own tests beside itself.
            || (in_package && part == "fixtures");
        in_tests |= matches!(
            part,
            "test" | "tests" | "spec" | "e2e" | "integration" | "fake" | "mocks"
        );
        in_package |= matches!(part, "pkg" | "internal");

        is_input
    })
}

/// Whether a path is one of what is kept and no longer deployed.
pub fn is_archived(path: &str) -> bool {
    words_of(path).any(|(word, _)| matches!(word, "archived" | "attic" | "deprecated"))
}

/// Whether a tool wrote the file beside what people wrote: lock files and minified sources.
pub fn is_generated(path: &str) -> bool {
    let name = file_name(path);
    LOCK_FILES.contains(&name) || BUILT_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Tests, examples and documentation are stronger evidence than development: what shows something
/// never runs.
fn role(path: &str) -> (Role, Option<Evidence>) {
    let mut first = None;

    for (word, role) in words_of(path) {
        if role == Role::Practice {
            return (role, Some(Evidence::Word(word)));
        }

        first.get_or_insert((role, Some(Evidence::Word(word))));
    }

    if let Some(first) = first {
        return first;
    }

    match is_prose(path) {
        Some(ending) => (Role::Practice, Some(Evidence::Ending(ending))),
        None if is_beside_workflows(path) => (Role::Development, Some(Evidence::Word(".github"))),
        None => (Role::Production, None),
    }
}

fn origin(path: &str) -> (Origin, Option<Evidence>) {
    let folder = |names: &'static [&'static str]| {
        let mut folders = path.split('/').rev().skip(1);
        folders.find_map(|folder| names.iter().copied().find(|name| *name == folder))
    };

    if let Some(word) = folder(VENDORED) {
        return (Origin::Vendored, Some(Evidence::Word(word)));
    }

    if let Some(word) = folder(BUILT) {
        return (Origin::Generated, Some(Evidence::Word(word)));
    }

    let name = file_name(path);
    let lock = LOCK_FILES
        .iter()
        .copied()
        .find(|lock| *lock == name)
        .map(Evidence::Word);
    let built = BUILT_ENDINGS
        .iter()
        .copied()
        .find(|ending| name.ends_with(ending))
        .map(Evidence::Ending);
    match lock.or(built) {
        Some(evidence) => (Origin::Generated, Some(evidence)),
        None => (Origin::Written, None),
    }
}

fn is_prose(path: &str) -> Option<&'static str> {
    let ends = |ending: &&str| {
        path.len() >= ending.len() && path.is_char_boundary(path.len() - ending.len()) && {
            path[path.len() - ending.len()..].eq_ignore_ascii_case(ending)
        }
    };
    PROSE.iter().copied().find(ends)
}

/// Folders and files of pipelines.
const PIPELINES: &[&str] = &[
    ".github",
    ".gitlab",
    ".gitlab-ci.yml",
    ".circleci",
    ".tekton",
    ".buildkite",
];

/// A path up to where a pipeline begins: workflows and actions are run whatever they are called,
/// unless the repository keeps them in a folder of examples.
fn without_pipelines(path: &str) -> &str {
    let mut start = 0;

    for part in path.split('/') {
        if PIPELINES.contains(&part) {
            return &path[..start];
        }

        start += part.len() + 1;
    }

    path
}

/// Whether a path is one of what workflows use: an image for tests, values of a trial install.
fn is_beside_workflows(path: &str) -> bool {
    let Some((_, inside)) = path.split_once(".github/") else {
        return false;
    };
    let is_workflow = inside.starts_with("workflows/")
        && [".yml", ".yaml"]
            .iter()
            .any(|ending| path.ends_with(ending));

    !is_workflow && !matches!(file_name(path), "action.yml" | "action.yaml")
}

/// The words of a path that say what it is for, from its first folder to its name.
fn words_of(path: &str) -> impl Iterator<Item = (&'static str, Role)> {
    let path = without_pipelines(path);
    let last = path.matches('/').count();
    path.split('/').enumerate().flat_map(move |(index, part)| {
        let is_name = index == last;
        let whole = std::iter::once(part);
        let split = part
            .split(['.', '-', '_'])
            .filter(move |word| word.len() != part.len());

        whole.chain(split).filter_map(move |word| {
            let known = roles_of_length(word.len())
                .iter()
                .find(|(known, _, place)| {
                    known.eq_ignore_ascii_case(word) && counts(*place, is_name, part, word)
                })?;
            Some((known.0, known.1))
        })
    })
}

/// The words of a length that say what a file is for, in the order of [`ROLES`]: every part of every
/// path is looked up.
fn roles_of_length(length: usize) -> &'static [RoleWord] {
    static BY_LENGTH: LazyLock<Vec<Vec<RoleWord>>> = LazyLock::new(|| {
        let mut by_length: Vec<Vec<RoleWord>> = Vec::new();

        for entry in ROLES {
            if by_length.len() <= entry.0.len() {
                by_length.resize_with(entry.0.len() + 1, Vec::new);
            }
            by_length[entry.0.len()].push(*entry);
        }

        by_length
    });

    BY_LENGTH.get(length).map_or(&[], Vec::as_slice)
}

/// Whether a word that counts in one place counts in a part of a path, the name of the file or the
/// name of a folder.
fn counts(place: Part, is_name: bool, part: &str, word: &str) -> bool {
    const DEPLOYS: &[&str] = &["compose", "docker", "container", "values", "env", "kustom"];

    match place {
        Part::Any => true,
        Part::Name => is_name,
        Part::DeployName => {
            let part = part.to_ascii_lowercase();
            is_name && DEPLOYS.iter().any(|deploys| part.contains(deploys))
        }
        Part::Folder => !is_name,
        Part::WholeFolder => !is_name && word.len() == part.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_roles() {
        let table = [
            ("compose.yaml", Role::Production),
            ("deploy/production/compose.yaml", Role::Production),
            ("local/compose.yaml", Role::Production),
            ("latest/contest.py", Role::Production),
            ("services/contest/app.yaml", Role::Production),
            ("compose.local.yaml", Role::Development),
            ("docker-compose.dev.yml", Role::Development),
            ("docker-compose.override.yml", Role::Development),
            ("deploy/dev/compose.yaml", Role::Development),
            (".devcontainer/Dockerfile", Role::Practice),
            ("contrib/build.Dockerfile", Role::Practice),
            ("deploy/kind/cluster.yaml", Role::Practice),
            ("src/kind.py", Role::Production),
            ("deploy/cluster-addons/dns.yaml", Role::Production),
            ("deploy/dist/install.yaml", Role::Production),
            (
                "charts/a/templates/cluster-local-gateway.yaml",
                Role::Production,
            ),
            ("charts/shop-demo/templates/web.yaml", Role::Practice),
            ("charts/quick-start/values.yaml", Role::Practice),
            ("deploy/shop-example.yaml", Role::Practice),
            (".gitlab-ci.yml", Role::Production),
            ("load-gen/Dockerfile", Role::Practice),
            ("hack/deploy.yaml", Role::Development),
            ("pkg/hack-tools/deploy.yaml", Role::Production),
            ("internal/fake/pod.yaml", Role::Practice),
            ("_archived/app/pod.yaml", Role::Practice),
            (".github/workflows/test.yml", Role::Production),
            (".github/actions/test/action.yml", Role::Production),
            (".github/workflows/image/Dockerfile", Role::Development),
            (".github/values.yaml", Role::Development),
            ("examples/a/.github/workflows/build.yml", Role::Practice),
            ("overlays/DEV/patch.yaml", Role::Development),
            ("test/compose.yaml", Role::Practice),
            ("docker-compose.ci.yml", Role::Development),
            ("pkg/reader/testdata/pod.yaml", Role::Practice),
            ("internal/fixtures/a.json", Role::Practice),
            ("examples/dev/compose.yaml", Role::Practice),
            ("docs/deploy.yaml", Role::Practice),
            ("deploy/README.md", Role::Practice),
            ("deploy/NOTES.MD", Role::Practice),
        ];
        for (path, role) in table {
            assert_eq!(FileRole::of(path).role, role, "{path}");
        }
    }

    #[test]
    fn practice_is_not_production() {
        for path in [
            "compose.dev.yml",
            "tests/compose.yaml",
            "docs/setup.md",
            "README.md",
        ] {
            assert!(is_practice(path), "{path}");
        }

        for path in [
            "compose.yml",
            "deploy/prod.yaml",
            "latest/contest.py",
            "src/main.rs",
        ] {
            assert!(!is_practice(path), "{path}");
        }
    }

    #[test]
    fn paths_have_origins() {
        let table = [
            ("compose.yaml", Origin::Written),
            ("src/builder.py", Origin::Written),
            ("vendor/chart/values.yaml", Origin::Vendored),
            ("web/node_modules/a/Dockerfile", Origin::Vendored),
            ("web/dist/app.yaml", Origin::Generated),
            ("pnpm-lock.yaml", Origin::Generated),
            ("static/app.min.js", Origin::Generated),
        ];
        for (path, origin) in table {
            assert_eq!(FileRole::of(path).origin, origin, "{path}");
        }
    }

    #[test]
    fn evidence_is_the_word() {
        let role = FileRole::of("deploy/dev/compose.yaml");
        assert_eq!(role.role_evidence, Some(Evidence::Word("dev")));
        assert_eq!(
            FileRole::of("a/b.rst").role_evidence,
            Some(Evidence::Ending(".rst"))
        );
        assert_eq!(FileRole::of("a/b.yaml").role_evidence, None);
    }
}
