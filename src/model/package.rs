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
    let words = invocation.positionals(&valued);
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
    let text = word.text();
    let manager = call.manager;
    let options: Vec<&str> = manager.pin_options.iter().map(String::as_str).collect();
    if !options.is_empty() && invocation.options(&options).next().is_some() {
        return Pin::Pinned;
    }

    if let Some(pin) = repository_pin(manager, text) {
        return pin;
    }

    if is_path(text) || text.is_empty() || text.starts_with(['-', '<', '>', '&']) {
        return Pin::Other;
    }

    // What holds a separator is a folder for pip, and a repository's name for npm.
    let has_folder = text.contains('/') && !text.starts_with('@');
    if has_folder && matches!(manager.family.as_str(), "pip" | "uv" | "pipx" | "npm") {
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

/// How the address of a repository is bound to a version: by `@v1.2` for pip, by `#v1.2` for npm.
fn repository_pin(manager: &Manager, text: &str) -> Option<Pin> {
    const MOVING: &[&str] = &["main", "master", "develop", "HEAD", "latest"];
    let is_short = ["github:", "gitlab:", "bitbucket:"]
        .iter()
        .any(|host| text.starts_with(host));
    let address = if is_short {
        text
    } else {
        &text[text.find("git+")?..]
    };
    if address.contains('$') {
        return Some(Pin::Other);
    }

    let version = match manager.family.as_str() {
        "pip" | "uv" | "pipx" => {
            let path = address.split("://").nth(1)?.split('#').next()?;
            path.rsplit('/')
                .next()?
                .split_once('@')
                .map(|(_, version)| version)
        }
        "npm" | "yarn" | "pnpm" | "bun" => address.split_once('#').map(|(_, version)| version),
        _ => return None,
    };

    Some(match version {
        Some(version) if !MOVING.contains(&version) && !version.is_empty() => Pin::Pinned,
        _ => Pin::Open,
    })
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
            ("npm install -g a/b tool.tar", vec![Other, Other]),
            ("go run example.com/x/gen@latest ./...", vec![Open]),
            ("go run example.com/x/gen@v1.2.0", vec![Pinned]),
        ] {
            let (_, _, packages) = read(line).unwrap();
            let found: Vec<Pin> = packages.into_iter().map(|(_, pin)| pin).collect();
            assert_eq!(found, pins, "{line}");
        }
    }
}
