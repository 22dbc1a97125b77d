//! A repository on disk, described item by item, and what a run over it says.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A Dockerfile with findings at the level `error`.
pub const FAULTY: &str = "FROM debian\nCMD [\"/bin/true\"]\n";

/// What a run prints when it was given [`FAULTY`].
pub const FAULT: &str = "error[pinned-image]";

/// Something in the folder of a case. The linted repository is `r` in that folder; the rest is
/// outside of it.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    File(&'static str, &'static str),
    Bytes(&'static str, &'static [u8]),
    /// A file of this size without content.
    Sparse(&'static str, u64),
    Folder(&'static str),
    /// A link, and where it leads as it is written; `{out}` is the case's folder.
    Link(&'static str, &'static str),
    Fifo(&'static str),
    /// The index of `r`, with these paths in it.
    Tracked(&'static [&'static str]),
    /// Permissions of a file or folder.
    Mode(&'static str, u32),
}

/// One run over one repository.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub name: &'static str,
    pub items: &'static [Item],
    /// Arguments after `--format concise`; the current folder is `r`, and `{out}` is the case's
    /// folder.
    pub arguments: &'static [&'static str],
    pub code: i32,
    /// Texts that are in the output, on one of the streams.
    pub says: &'static [&'static str],
    /// Texts that are not.
    pub never: &'static [&'static str],
}

impl Case {
    pub const fn new(name: &'static str, items: &'static [Item], code: i32) -> Self {
        Self {
            name,
            items,
            arguments: &[],
            code,
            says: &[],
            never: &[],
        }
    }

    pub const fn run(self, arguments: &'static [&'static str]) -> Self {
        Self { arguments, ..self }
    }

    pub const fn says(self, says: &'static [&'static str]) -> Self {
        Self { says, ..self }
    }

    pub const fn never(self, never: &'static [&'static str]) -> Self {
        Self { never, ..self }
    }
}

/// Runs every case, and lists all that went wrong.
pub fn check(cases: &[Case]) {
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| failure(case).err())
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn failure(case: &Case) -> Result<(), String> {
    let location = Location::new(case.items);
    let output = location.run(case.arguments, b"");
    let told = format!(
        "{}: exit code {:?}\n{}",
        case.name, output.code, output.text
    );
    let says = case.says.iter().all(|text| output.text.contains(text));
    let never = case.never.iter().all(|text| !output.text.contains(text));
    if output.code == Some(case.code) && says && never {
        Ok(())
    } else {
        Err(told)
    }
}

/// What a run printed on both streams, and how it ended.
pub struct Output {
    /// `None` where it was ended by a signal.
    pub code: Option<i32>,
    pub text: String,
}

/// A folder of its own for a case, gone when the case is over.
pub struct Location(pub PathBuf);

impl Location {
    pub fn new(items: &[Item]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "deploylint-hostile-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let location = Self(std::env::temp_dir().canonicalize().unwrap().join(name));
        fs::create_dir_all(location.0.join("r")).unwrap();
        items.iter().for_each(|item| location.make(*item));

        location
    }

    fn make(&self, item: Item) {
        let at = |path: &str| {
            let path = self.0.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };

        match item {
            Item::File(path, text) => fs::write(at(path), self.fill(text)).unwrap(),
            Item::Bytes(path, bytes) => fs::write(at(path), bytes).unwrap(),
            Item::Sparse(path, size) => fs::File::create(at(path)).unwrap().set_len(size).unwrap(),
            Item::Folder(path) => fs::create_dir_all(at(path)).unwrap(),
            Item::Link(path, target) => {
                std::os::unix::fs::symlink(self.fill(target), at(path)).unwrap()
            }
            Item::Fifo(path) => assert!(
                Command::new("mkfifo")
                    .arg(at(path))
                    .status()
                    .unwrap()
                    .success()
            ),
            Item::Tracked(paths) => fs::write(at("r/.git/index"), index(paths)).unwrap(),
            Item::Mode(path, mode) => {
                use std::os::unix::fs::PermissionsExt as _;
                fs::set_permissions(at(path), fs::Permissions::from_mode(mode)).unwrap();
            }
        }
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{out}", self.0.to_str().unwrap())
    }

    /// Runs the program in `r` on an input, and ends it where it hangs.
    pub fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new("timeout")
            .args([
                "60",
                env!("CARGO_BIN_EXE_deploylint"),
                "--format",
                "concise",
            ])
            .args(arguments.iter().map(|argument| self.fill(argument)))
            .current_dir(self.0.join("r"))
            .env_remove("GITHUB_STEP_SUMMARY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A run that does not ask for its input closes it.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        let streams = [output.stdout, output.stderr].concat();
        Output {
            code: output.status.code(),
            text: String::from_utf8(streams).unwrap(),
        }
    }

    pub fn read(&self, path: impl AsRef<Path>) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }
}

impl Drop for Location {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An index of version 2 that holds these paths.
fn index(paths: &[&str]) -> Vec<u8> {
    let mut bytes = b"DIRC\0\0\0\x02".to_vec();
    bytes.extend(u32::try_from(paths.len()).unwrap().to_be_bytes());

    for path in paths {
        let start = bytes.len();
        bytes.extend([0; 61]);
        bytes.push(u8::try_from(path.len()).unwrap());
        bytes.extend(path.as_bytes());
        bytes.push(0);
        bytes.resize(start + (bytes.len() - start).next_multiple_of(8), 0);
    }

    bytes
}
