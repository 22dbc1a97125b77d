//! Package managers, from `rules/data/packages.toml`: what a command line asks of one. Facts only;
//! whether an install should be pinned or frozen is for rules to say.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::embedded::table;
use crate::source::Span;
use crate::syntax::shell::{Invocation, Word};

/// One entry of the table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Manager {
    pub programs: Vec<String>,
    pub family: String,
    /// It installs packages of the distribution.
    pub system: bool,
    valued: Vec<String>,
    install: Vec<String>,
    sync: Vec<String>,
    refresh: Vec<String>,
    upgrade: Vec<String>,
    distribution: Vec<String>,
    remove: Vec<String>,
    clean: Vec<String>,
    /// Flags that answer its questions; empty where it never asks.
    pub yes: Vec<String>,
    pins: Vec<String>,
    pin_options: Vec<String>,
    repositories: Vec<String>,
    /// The files that hold the versions; the usual one first.
    pub locks: Vec<String>,
    pub frozen: Vec<String>,
    pub frozen_env: Vec<String>,
    pub uncached: Vec<String>,
    pub uncached_env: Vec<String>,
    /// Parts of the paths of folders that it leaves behind.
    pub caches: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManagerTable {
    manager: Vec<Manager>,
}

static MANAGERS: LazyLock<Vec<Manager>> = LazyLock::new(|| {
    let table: ManagerTable = table!("packages");
    table.manager
});

/// The first manager of each program.
static PROGRAMS: LazyLock<HashMap<&str, &Manager>> = LazyLock::new(|| {
    let mut programs = HashMap::new();
    for manager in MANAGERS.iter() {
        for program in &manager.programs {
            programs.entry(program.as_str()).or_insert(manager);
        }
    }
    programs
});

/// What is asked of a manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Install the packages named.
    Install,
    /// Install what a manifest or a lock file lists.
    Sync,
    /// Fetch the index.
    Refresh,
    /// Raise everything that is installed.
    Upgrade,
    /// The same, and add or remove packages to do so.
    Distribution,
    Remove,
    Clean,
    Other,
}

/// One command line of a package manager.
#[derive(Debug)]
pub struct Call<'s> {
    pub manager: &'static Manager,
    pub verb: Verb,
    /// The subcommand; the program's name where it has none. Of two words the last.
    pub word: &'s Word,
    /// The first of two words of a subcommand.
    first: Option<&'s Word>,
    /// What it names after the subcommand: packages, paths, URLs.
    pub packages: Vec<&'s Word>,
}

impl Call<'_> {
    pub fn family(&self) -> &'static str {
        &self.manager.family
    }

    /// The program and its subcommand, for messages.
    pub fn title(&self, invocation: &Invocation) -> String {
        if self.word.span == invocation.name.span {
            return invocation.program.to_owned();
        }

        let first = self
            .first
            .map_or_else(String::new, |first| format!("{} ", first.text()));
        format!("{} {first}{}", invocation.program, self.word.text())
    }

    pub fn span(&self, invocation: &Invocation) -> Span {
        invocation.name.span.cover(self.word.span)
    }
}

/// The manager that a program is, whatever it is asked.
pub fn manager(program: &str) -> Option<&'static Manager> {
    let bare = program.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    PROGRAMS
        .get(if bare == "pip" { bare } else { program })
        .copied()
}

/// What an invocation asks of a package manager, if it is one.
pub fn call<'s>(invocation: &Invocation<'s>) -> Option<Call<'s>> {
    let manager = manager(invocation.program)?;
    if manager.family == "pacman" {
        return pacman(manager, invocation);
    }

    let valued: Vec<&str> = manager.valued.iter().map(String::as_str).collect();
    let mut words = invocation.positionals(&valued);
    // `cargo +nightly install`: a toolchain.
    if words
        .first()
        .is_some_and(|word| word.text().starts_with('+'))
    {
        words.remove(0);
    }

    let first = words.first().map_or("", |word| word.text());
    let second = words.get(1).map_or("", |word| word.text());
    let lists = [
        (&manager.install, Verb::Install),
        (&manager.sync, Verb::Sync),
        (&manager.refresh, Verb::Refresh),
        (&manager.upgrade, Verb::Upgrade),
        (&manager.distribution, Verb::Distribution),
        (&manager.remove, Verb::Remove),
        (&manager.clean, Verb::Clean),
    ];
    let found = lists
        .iter()
        .find_map(|(list, verb)| Some((*verb, subcommand_length(list, first, second)?)));
    let (mut verb, count) = found.unwrap_or((Verb::Other, 1));
    // A version or a help text is asked of the program itself.
    if words.is_empty()
        && invocation
            .flag(&["--version", "-v", "--help", "-V"])
            .is_some()
    {
        verb = Verb::Other;
    }

    let mut packages: Vec<&Word> = words.iter().skip(count).copied().collect();
    // What follows `--` goes to the build of an extension.
    if manager.family == "gem"
        && let Some(end) = invocation.args.iter().find(|word| word.text() == "--")
    {
        packages.retain(|word| word.span.start < end.span.start);
    }

    let named = named_by_options(manager, invocation);
    if !named.is_empty() {
        packages = named;
    }
    packages.extend(editable_repositories(manager, invocation));

    if manager.family == "go" && first == "run" {
        // Without a version, the one of the module's own manifest runs.
        packages.truncate(1);
        verb = if packages.iter().any(|word| word.text().contains('@')) {
            Verb::Install
        } else {
            Verb::Other
        };
    }

    let global = invocation.flag(&["-g", "--global"]).is_some();
    let is_bare_install = verb == Verb::Install && packages.is_empty() && !global;
    if is_bare_install && subcommand_length(&manager.sync, first, second).is_some() {
        verb = Verb::Sync;
    }

    // Named packages are raised alone, which is an install.
    if verb == Verb::Upgrade && !packages.is_empty() {
        verb = Verb::Install;
    }

    let word = count
        .checked_sub(1)
        .and_then(|index| words.get(index))
        .copied()
        .unwrap_or(invocation.name);
    let first = if count == 2 {
        words.first().copied()
    } else {
        None
    };

    Some(Call {
        manager,
        verb,
        word,
        first,
        packages,
    })
}

/// The values of the options that name what is installed, in place of the arguments:
/// `cargo install --git …`.
fn named_by_options<'s>(manager: &Manager, invocation: &Invocation<'s>) -> Vec<&'s Word> {
    let options: Vec<&str> = manager.repositories.iter().map(String::as_str).collect();

    invocation
        .options(&options)
        .map(|argument| argument.word)
        .collect()
}

/// The addresses of `pip install -e git+…`; other values are folders.
fn editable_repositories<'s>(manager: &Manager, invocation: &Invocation<'s>) -> Vec<&'s Word> {
    if !matches!(manager.family.as_str(), "pip" | "uv") {
        return Vec::new();
    }

    invocation
        .options(&["-e", "--editable"])
        .filter(|argument| argument.value.starts_with("git+"))
        .map(|argument| argument.word)
        .collect()
}

/// What a launcher such as `npx` or `uvx` fetches and runs, as a call that installs it. `None` where
/// an installed version may run in its place.
pub fn launch<'s>(invocation: &Invocation<'s>) -> Option<Call<'s>> {
    let (family, options): (&str, &[&str]) = match invocation.program {
        "npx" | "npm" => ("npm", &["-p", "--package"]),
        "pnpx" | "pnpm" => ("pnpm", &["--package"]),
        "yarn" => ("yarn", &["-p", "--package"]),
        "bunx" | "bun" => ("bun", &["-p", "--package"]),
        "uvx" | "uv" => ("uv", &["--from"]),
        "pipx" => ("pipx", &["--spec"]),
        _ => return None,
    };
    let manager = manager(family)?;
    let valued: Vec<&str> = manager.valued.iter().map(String::as_str).collect();
    let words = invocation.positionals(&[&valued, options].concat());
    let first = words.first().map_or("", |word| word.text());
    let second = words.get(1).map_or("", |word| word.text());
    let (count, is_fresh) = match (invocation.program, first, second) {
        ("npx" | "bunx", ..) => (0, false),
        ("pnpx" | "uvx", ..) => (0, true),
        ("npm", "exec" | "x", _) | ("bun", "x", _) => (1, false),
        ("pnpm" | "yarn", "dlx", _) | ("pipx", "run", _) => (1, true),
        ("uv", "tool", "run") => (2, true),
        _ => return None,
    };

    let named = invocation.option(options).map(|argument| argument.word);
    let package = named.or_else(|| words.get(count).copied())?;
    let text = package_text(package);
    let moves = text.ends_with("@latest") || address(manager, text).is_some();
    if !is_fresh && !moves {
        return None;
    }

    Some(Call {
        manager,
        verb: Verb::Install,
        word: count
            .checked_sub(1)
            .map_or(invocation.name, |index| words[index]),
        first: if count == 2 {
            words.first().copied()
        } else {
            None
        },
        packages: vec![package],
    })
}

/// How many words the subcommand takes, where the list has it: `install`, or `pip install` as a
/// pair.
fn subcommand_length(list: &[String], first: &str, second: &str) -> Option<usize> {
    let is_pair = list
        .iter()
        .any(|item| item.split_once(' ') == Some((first, second)));

    if is_pair {
        Some(2)
    } else if list.iter().any(|item| item == first) {
        Some(usize::from(!first.is_empty()))
    } else {
        None
    }
}

/// `pacman -Syu curl`: the operation is a flag.
fn pacman<'s>(manager: &'static Manager, invocation: &Invocation<'s>) -> Option<Call<'s>> {
    let word = invocation.args.iter().find(|word| {
        let text = word.text();
        text.starts_with("-S") || text.starts_with("-R") || matches!(text, "--sync" | "--remove")
    })?;
    let letters = word.text().trim_start_matches("-S");
    let packages =
        invocation.positionals(&["--root", "-r", "--dbpath", "-b", "--cachedir", "--config"]);
    let verb = match () {
        () if letters.starts_with("-R") || letters == "--remove" => Verb::Remove,
        () if letters.contains('c') => Verb::Clean,
        () if letters.contains('u') => Verb::Upgrade,
        () if packages.is_empty() && letters.contains('y') => Verb::Refresh,
        () => Verb::Install,
    };

    Some(Call {
        manager,
        verb,
        word,
        first: None,
        packages,
    })
}

/// Whether removing or mounting a path takes away a folder: the folder itself, one above it, or what
/// is in it. Folders are compared part by part; one without a leading `/` may be anywhere in the
/// path.
pub fn covers_folder(path: &str, folder: &str) -> bool {
    let path = path.trim_matches(['"', '\'']);
    let parts: Vec<&str> = parts_of(path);
    let wanted: Vec<&str> = parts_of(folder);
    if parts.is_empty() || wanted.is_empty() {
        return false;
    }

    if folder.starts_with('/') && path.starts_with('/') {
        return parts
            .iter()
            .zip(&wanted)
            .all(|(part, other)| fits(part, other));
    }

    parts.windows(wanted.len()).any(|window| {
        window
            .iter()
            .zip(&wanted)
            .all(|(part, other)| fits(part, other))
    })
}

/// The folders and the file of a path; a `*` alone stands for all that is in a folder.
fn parts_of(path: &str) -> Vec<&str> {
    path.split('/')
        .filter(|part| !matches!(*part, "" | "." | "*" | "**"))
        .collect()
}

/// Whether a part of a path, perhaps with a `*` at its end, is this one.
fn fits(part: &str, other: &str) -> bool {
    match part.split_once('*') {
        Some((head, _)) => other.starts_with(head),
        None => part == other,
    }
}

/// The package in a word, which may be an option with its value: `--git=https://…`.
fn package_text(word: &Word) -> &str {
    let text = word.text();

    match text.split_once('=') {
        Some((option, value)) if option.starts_with("--") => value,
        _ => text,
    }
}

/// How a package's version is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// A version or an upper bound.
    Pinned,
    /// None, or one that moves.
    Open,
    /// A file, a URL, a group, or something that cannot be known.
    Other,
}

/// How the version of one package of an install is written.
pub fn pin(call: &Call, invocation: &Invocation, word: &Word) -> Pin {
    let text = package_text(word);
    let manager = call.manager;
    let options: Vec<&str> = manager.pin_options.iter().map(String::as_str).collect();
    if !options.is_empty() && invocation.options(&options).next().is_some() {
        return Pin::Pinned;
    }

    if let Some(pin) = repository_pin(manager, text) {
        return pin;
    }

    if is_archive_of_branch(text) {
        return Pin::Open;
    }

    if is_path(text) || text.is_empty() || text.starts_with(['-', '<', '>', '&']) {
        return Pin::Other;
    }

    // What holds a separator is a folder for pip.
    if text.contains('/') && matches!(manager.family.as_str(), "pip" | "uv" | "pipx") {
        return Pin::Other;
    }
    // A scope's `@` is part of the name.
    let (scope, rest) = match text.strip_prefix('@') {
        Some(rest) => ("@", rest),
        None => ("", text),
    };

    match manager.family.as_str() {
        "apt" if !text.contains('=') && (text.ends_with('-') || text.contains(['*', '^'])) => {
            return Pin::Other;
        }
        "apk" if text.starts_with(['.', '!']) => return Pin::Other,
        "dnf" => {
            let bytes = rest.as_bytes();
            let versioned = bytes
                .windows(2)
                .any(|pair| pair[0] == b'-' && (pair[1].is_ascii_digit() || pair[1] == b'$'));
            if scope == "@" || text.contains('*') {
                return Pin::Other;
            }

            return if versioned {
                Pin::Pinned
            } else {
                unknown_or_open(word)
            };
        }
        "go" => {
            let Some((_, version)) = text.rsplit_once('@') else {
                return if text.contains("...") || !text.contains('.') {
                    Pin::Other
                } else {
                    unknown_or_open(word)
                };
            };

            return if matches!(version, "latest" | "main" | "master" | "upgrade") {
                Pin::Open
            } else {
                Pin::Pinned
            };
        }
        _ => {}
    }

    match manager
        .pins
        .iter()
        .find_map(|mark| version_after(rest, mark))
    {
        Some("latest" | "next" | "stable" | "*" | "lts" | "") => Pin::Open,
        Some(_) => Pin::Pinned,
        None => unknown_or_open(word),
    }
}

/// What is behind a mark that binds a version; the `=` of `>=` and `!=` bounds nothing from above.
fn version_after<'t>(package: &'t str, mark: &str) -> Option<&'t str> {
    let (name, version) = package.split_once(mark)?;

    (!name.ends_with(['>', '!'])).then_some(version)
}

fn unknown_or_open(word: &Word) -> Pin {
    if word.is_expanded() || word.text().contains('$') {
        Pin::Other
    } else {
        Pin::Open
    }
}

/// The repository that an install or a launcher takes at its newest commit.
pub fn unbound_repository<'s>(invocation: &Invocation<'s>) -> Option<&'s Word> {
    let installing = call(invocation).filter(|call| call.verb == Verb::Install);
    let call = installing.or_else(|| launch(invocation))?;

    call.packages.iter().copied().find(|word| {
        address(call.manager, package_text(word)).is_some()
            && pin(&call, invocation, word) == Pin::Open
    })
}

/// Branches, and names that follow them.
const MOVING: &[&str] = &["main", "master", "develop", "HEAD", "latest"];

/// How the address of a repository is bound to a version: by `@v1.2` for pip, by `#v1.2` for npm, by
/// an option for cargo.
fn repository_pin(manager: &Manager, text: &str) -> Option<Pin> {
    let address = address(manager, text)?;
    if address.contains('$') {
        return Some(Pin::Other);
    }

    let version = match manager.family.as_str() {
        "pip" | "uv" | "pipx" | "poetry" | "pdm" | "pipenv" => {
            let path = address.split("://").nth(1)?.split('#').next()?;
            path.rsplit('/')
                .next()?
                .split_once('@')
                .map(|(_, version)| version)
        }
        "cargo" => None,
        _ => address.split_once('#').map(|(_, version)| version),
    };

    Some(match version {
        Some(version) if !MOVING.contains(&version) && !version.is_empty() => Pin::Pinned,
        _ => Pin::Open,
    })
}

/// The address of a repository, in a form that a manager installs from.
fn address<'t>(manager: &Manager, text: &'t str) -> Option<&'t str> {
    match manager.family.as_str() {
        "cargo" => text.contains("://").then_some(text),
        "pip" | "uv" | "pipx" | "pdm" | "pipenv" => Some(&text[text.find("git+")?..]),
        "poetry" => text
            .find("git+")
            .map(|start| &text[start..])
            .or_else(|| text.ends_with(".git").then_some(text)),
        "npm" | "yarn" | "pnpm" | "bun" => {
            let has_host = ["github:", "gitlab:", "bitbucket:"]
                .iter()
                .any(|host| text.starts_with(host));
            match text.find("git+") {
                Some(start) => Some(&text[start..]),
                None => (has_host || is_owner_and_name(text)).then_some(text),
            }
        }
        _ => None,
    }
}

/// Whether a text is `owner/repository`, which JavaScript's managers take from GitHub.
fn is_owner_and_name(text: &str) -> bool {
    let address = text.split('#').next().unwrap_or(text);
    let Some((owner, name)) = address.split_once('/') else {
        return false;
    };
    let is_name = |part: &str| {
        part.starts_with(|letter: char| letter.is_ascii_alphanumeric())
            && part
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'))
    };

    is_name(owner) && is_name(name) && !is_path(name)
}

/// Whether an address is that of the archive of a branch: `…/archive/refs/heads/main.zip`,
/// `…/tarball/master`.
fn is_archive_of_branch(text: &str) -> bool {
    let Some((_, path)) = text.split_once("://") else {
        return false;
    };
    let mut parts = path.split('/');
    if !parts.any(|part| matches!(part, "archive" | "tarball" | "zipball")) {
        return false;
    }

    let rest: Vec<&str> = parts.collect();
    match rest.as_slice() {
        ["refs", kind, ..] => *kind == "heads",
        [first, ..] => {
            let name = first.split(".tar").next().unwrap_or(first);
            MOVING.contains(&name.trim_end_matches(".zip"))
        }
        [] => false,
    }
}

fn is_path(text: &str) -> bool {
    const ENDS: &[&str] = &[
        ".deb", ".rpm", ".apk", ".whl", ".tar.gz", ".tgz", ".zip", ".gem", ".tar.bz2", ".tar",
        ".tar.xz",
    ];
    let archive = ENDS.iter().any(|end| text.ends_with(end));
    text.starts_with(['.', '/', '~'])
        || text.contains("://")
        || text.starts_with("git+")
        || text.starts_with("file:")
        || archive
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::shell;

    type Read = (Verb, String, Vec<(String, Pin)>);

    fn read(line: &str) -> Option<Read> {
        let script = shell::parse(line);
        let invocations = script.invocations();
        let invocation = invocations.first()?;
        let call = call(invocation)?;
        let packages = call
            .packages
            .iter()
            .map(|word| (word.text().to_owned(), pin(&call, invocation, word)))
            .collect();
        Some((call.verb, call.title(invocation), packages))
    }

    #[test]
    fn reads_what_is_asked() {
        for (line, verb, title) in [
            (
                "apt-get -o A=b -y install --no-install-recommends curl",
                Verb::Install,
                "apt-get install",
            ),
            ("sudo apt update", Verb::Refresh, "apt update"),
            ("apk --no-cache add -t .deps gcc", Verb::Install, "apk add"),
            ("yum update -y", Verb::Upgrade, "yum update"),
            ("yum update -y openssl", Verb::Install, "yum update"),
            (
                "python -m pip install -r requirements.txt",
                Verb::Install,
                "pip install",
            ),
            ("pip3.11 install x", Verb::Install, "pip3.11 install"),
            ("uv pip install --system x", Verb::Install, "uv pip install"),
            ("uv sync --locked", Verb::Sync, "uv sync"),
            ("npm i", Verb::Sync, "npm i"),
            ("npm install -g npm", Verb::Install, "npm install"),
            ("npm --version", Verb::Other, "npm"),
            ("yarn", Verb::Sync, "yarn"),
            ("yarn build", Verb::Other, "yarn build"),
            ("yarn global add serve", Verb::Install, "yarn global add"),
            ("cargo build --release", Verb::Sync, "cargo build"),
            ("npm cache clean --force", Verb::Clean, "npm cache clean"),
            ("pacman -Syu --noconfirm", Verb::Upgrade, "pacman -Syu"),
            ("pacman -Rns go", Verb::Remove, "pacman -Rns"),
            (
                "apt-get satisfy 'curl (>= 8)'",
                Verb::Install,
                "apt-get satisfy",
            ),
            ("dnf builddep x.spec", Verb::Install, "dnf builddep"),
            (
                "conda env create -f environment.yml",
                Verb::Sync,
                "conda env create",
            ),
            (
                "poetry self add poetry-plugin-export",
                Verb::Install,
                "poetry self add",
            ),
            ("pipenv sync", Verb::Sync, "pipenv sync"),
            ("pdm sync --prod", Verb::Sync, "pdm sync"),
            ("pnpm fetch --prod", Verb::Sync, "pnpm fetch"),
            ("composer update --no-dev", Verb::Upgrade, "composer update"),
            ("bundle update", Verb::Upgrade, "bundle update"),
            ("npm update left-pad", Verb::Install, "npm update"),
            ("go mod vendor", Verb::Sync, "go mod vendor"),
        ] {
            let (found, said, _) = read(line).unwrap();
            assert_eq!((found, said.as_str()), (verb, title), "{line}");
        }

        assert!(read("make install").is_none());
    }

    #[test]
    fn folders_are_compared_part_by_part() {
        for (path, folder, covers) in [
            ("/var/lib/apt/lists/*", "/var/lib/apt/lists", true),
            ("/var/lib/apt", "/var/lib/apt/lists", true),
            ("/var/lib/*", "/var/lib/apt/lists", true),
            ("/var/lib/mysql", "/var/lib/apt/lists", false),
            ("/var/lib/apt-cacher", "/var/lib/apt", false),
            ("/root/.cache/pip", ".cache", true),
            ("/root/.cachet", ".cache", false),
            ("/", "/var/cache/apk", false),
            ("/var/cache/apk*", "/var/cache/apk", true),
        ] {
            assert_eq!(covers_folder(path, folder), covers, "{path} {folder}");
        }
    }

    #[test]
    fn reads_what_launchers_fetch() {
        for (line, package) in [
            ("npx tool --flag", None),
            ("npx -y tool@latest run", Some("tool@latest")),
            ("npm exec --package=a/b -- b", Some("--package=a/b")),
            ("pnpm dlx create-shop .", Some("create-shop")),
            (
                "uvx --from git+https://h.example/a/b b",
                Some("git+https://h.example/a/b"),
            ),
            ("uv tool run ruff check", Some("ruff")),
            ("pipx run black .", Some("black")),
            ("yarn build", None),
        ] {
            let script = shell::parse(line);
            let invocations = script.invocations();
            let call = launch(&invocations[0]);
            let found = call.as_ref().map(|call| call.packages[0].text());
            assert_eq!(found, package, "{line}");
        }
    }

    #[test]
    fn reads_versions() {
        use Pin::{Open, Other, Pinned};
        for (line, pins) in [
            (
                "apt-get install curl=7.* ./a.deb git",
                vec![Pinned, Other, Open],
            ),
            ("apk add curl~=8 --virtual .x bash", vec![Pinned, Open]),
            (
                "dnf install nginx-1.24.0 nginx @dev",
                vec![Pinned, Open, Other],
            ),
            (
                "pip install -r r.txt flask==3.0 django~=5.0 'x>=1' uvicorn[standard] .",
                vec![Pinned, Pinned, Open, Open, Other],
            ),
            (
                "npm install -g @nestjs/cli @nestjs/cli@10 npm@latest",
                vec![Open, Pinned, Open],
            ),
            ("gem install -v 7.1 rails", vec![Pinned]),
            ("gem install rails rake:13.0", vec![Open, Pinned]),
            (
                "go install golang.org/x/tools/gopls@latest ./cmd/...",
                vec![Open, Other],
            ),
            ("cargo install sqlx-cli --version 0.7.0", vec![Pinned]),
            ("pip install torch==${TORCH} $EXTRA", vec![Pinned, Other]),
            ("pip install libs/core ./core", vec![Other, Other]),
            (
                "pip install git+https://h.example/a/b git+https://h.example/a/b.git@v2",
                vec![Open, Pinned],
            ),
            ("gem install pg:1.5 -- --with-pg static", vec![Pinned]),
            (
                "npm install -g a/b a/b#v2 ./a/b tool.tar",
                vec![Open, Pinned, Other, Other],
            ),
            (
                "cargo +nightly install --git=https://h.example/a/b b",
                vec![Open],
            ),
            (
                "cargo install --git https://h.example/a/b --rev 1f2e3d4",
                vec![Pinned],
            ),
            (
                "uv tool install --from git+https://h.example/a/b b",
                vec![Open],
            ),
            (
                "pip install -e git+https://h.example/a/b#egg=b https://h.example/a/b/archive/main.zip",
                vec![Open, Open],
            ),
            (
                "pip install https://h.example/a/b/archive/refs/tags/v2.zip",
                vec![Other],
            ),
            ("go run example.com/x/gen@latest ./...", vec![Open]),
            ("go run example.com/x/gen@v1.2.0", vec![Pinned]),
        ] {
            let (_, _, packages) = read(line).unwrap();
            let found: Vec<Pin> = packages.into_iter().map(|(_, pin)| pin).collect();
            assert_eq!(found, pins, "{line}");
        }
    }
}
