//! The search for the configuration file of a root.

use std::fs;
use std::path::{Path, PathBuf};

use crate::git;
use crate::input;

/// Paths of a folder's configuration; the first that exists wins.
pub const FILES: [&str; 3] = [
    "deploylint.toml",
    ".github/deploylint.toml",
    ".config/deploylint.toml",
];

/// A configuration file, and the folder that its links must stay in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    pub path: PathBuf,
    pub(super) inside: PathBuf,
}

/// The configuration file of a root, and those that were skipped, each with the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    pub file: Option<ConfigFile>,
    pub skipped: Vec<(PathBuf, &'static str)>,
    /// A file that must not be read, so that the run fails: without it, the run would have another
    /// policy.
    pub refused: Option<PathBuf>,
}

/// The configuration file for `root`: in it or in a folder above it, up to the repository's root.
/// Without a repository, those above count only if no other user can have put them there.
pub fn discover(root: &Path) -> Discovery {
    let top = git::top(root);
    let mut discovery = Discovery::default();

    for folder in root.ancestors() {
        for path in FILES.map(|name| folder.join(name)) {
            if fs::symlink_metadata(&path).is_err() {
                continue;
            }

            let inside = top.unwrap_or(folder);
            let trust = (top.is_none() && folder != root).then_some(root);

            match verdict(&path, inside, trust) {
                Verdict::Accepted => {
                    discovery.file = Some(ConfigFile {
                        path,
                        inside: inside.to_owned(),
                    });

                    return discovery;
                }
                Verdict::LeadsOut => {
                    discovery.refused = Some(path);
                    return discovery;
                }
                Verdict::Skipped(reason) => discovery.skipped.push((path, reason)),
            }
        }

        if top == Some(folder) {
            break;
        }
    }

    discovery
}

/// Whether a file is used as a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Accepted,
    /// A link to a file that is not in the repository.
    LeadsOut,
    Skipped(&'static str),
}

/// The verdict on a file. `trust` is the path that the user named, if the owner of the file matters.
fn verdict(path: &Path, inside: &Path, trust: Option<&Path>) -> Verdict {
    if let Some(named) = trust {
        let mut above = path
            .ancestors()
            .take_while(|above| above.starts_with(inside));
        if !above.all(|above| input::is_trusted(above, named)) {
            return Verdict::Skipped("other users can write to it or to its folder");
        }
    }

    match path.canonicalize() {
        Err(_) => Verdict::Skipped("it is a link that leads nowhere"),
        Ok(real) if !real.is_file() => Verdict::Skipped("it is not a regular file"),
        Ok(real) if !real.starts_with(inside) => Verdict::LeadsOut,
        Ok(_) => Verdict::Accepted,
    }
}
