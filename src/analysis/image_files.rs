//! The files of a build context that are in an image when a step runs, and where they are there.
//!
//! An answer is `Unknown` wherever something may have put the file there that cannot be followed: a
//! copy from another image, a command that writes files, a path with a variable.

use crate::analysis::build_context::BuildContext;
use crate::model::dockerfile::{Dockerfile, Step};
use crate::model::dockerignore::Dockerignore;
use crate::source::{Location, Repository, file_name, is_inside, join, parent};
use crate::syntax::dockerfile::{Body, Mount, Source, Transfer, Word};
use crate::syntax::shell::{Invocation, Script};

/// The folder that an image starts in, where no WORKDIR says which.
const BASE_FOLDER: &str = "?";

/// Programs that put files of any name where they run.
const WRITERS: &[&str] = &[
    "bsdtar",
    "bzip2",
    "degit",
    "git",
    "hg",
    "make",
    "nx",
    "rsync",
    "svn",
    "tar",
    "task",
    "just",
    "turbo",
    "unzip",
    "7z",
    "cpio",
    "sed",
    "jq",
    "yq",
    "perl",
    "cargo-generate",
    "django-admin",
    "create-next-app",
];

/// Programs whose last argument says where they put a file.
const PLACERS: &[&str] = &["cp", "install", "ln", "mv"];

/// What is known of one file of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is there, copied from this path of the context.
    Present(String),
    /// It would be copied from this path, but the ignore file keeps it from the builder.
    Ignored(String),
    Absent,
    Unknown,
}

/// What is in an image, before one of its steps runs.
#[derive(Debug)]
pub struct ImageFiles<'a> {
    repository: Repository<'a>,
    context: &'a BuildContext,
    /// The folder that the step runs in.
    pub workdir: String,
    copies: Vec<Copied>,
    /// The scripts that ran before, each with its folder.
    scripts: Vec<(&'a Script, String)>,
    /// The script of the step.
    script: &'a Script,
}

/// What one source of a COPY, an ADD or a mount brings.
#[derive(Debug)]
struct Copied {
    origin: CopyOrigin,
    /// Where it goes.
    target: String,
    /// The target is a folder, by its form.
    into_folder: bool,
    location: Location,
}

#[derive(Debug)]
enum CopyOrigin {
    /// A path of the context, `""` for all of it.
    Path(String),
    Pattern(String),
    /// A path that keeps its folders: `COPY --parents`.
    Parents(String),
    /// Another image or stage, an archive, an address, text in the Dockerfile.
    Foreign,
}

impl<'a> ImageFiles<'a> {
    /// `None` where a path has a variable without a value, or the system has other paths.
    pub fn before(
        repository: Repository<'a>,
        dockerfile: &'a Dockerfile,
        context: &'a BuildContext,
        step: &Step<'a>,
    ) -> Option<Self> {
        let mut files = Self {
            repository,
            context,
            workdir: BASE_FOLDER.to_owned(),
            copies: Vec::new(),
            scripts: Vec::new(),
            script: step.script(),
        };
        let mut stages = dockerfile.layers(step.stage.index);
        stages.reverse();

        for stage in stages {
            let scope = &dockerfile.stages[stage].scope;
            let expand = |word: &Word| -> Option<String> {
                match word.literal() {
                    Some(text) => Some(text.into_owned()),
                    None => scope
                        .expand(word, dockerfile.file)
                        .known()
                        .map(str::to_owned),
                }
            };

            for position in dockerfile.instructions_of(stage) {
                if position.at >= step.at {
                    break;
                }

                match &position.instruction.body {
                    Body::Workdir(word) => {
                        files.workdir = image_path(&files.workdir, &expand(word)?)?;
                    }
                    Body::Copy(transfer) | Body::Add(transfer) => {
                        let location = Location::new(dockerfile.file, position.instruction.span);
                        let parents = position.instruction.flag("parents").is_some();
                        files.add_transfer(transfer, parents, location, &expand)?;
                    }
                    Body::Onbuild(_) => return None,
                    _ => {}
                }
            }

            for (_, command) in dockerfile.stages[stage]
                .runs
                .iter()
                .filter(|(at, _)| *at < step.at)
            {
                let folder = files.workdir.clone();
                files.scripts.push((command.script(), folder));
            }
        }

        for mount in step.mounts {
            files.add_mount(mount, Location::new(dockerfile.file, mount.span))?;
        }

        Some(files)
    }

    fn add_transfer(
        &mut self,
        transfer: &Transfer,
        parents: bool,
        location: Location,
        expand: &dyn Fn(&Word) -> Option<String>,
    ) -> Option<()> {
        let destination = expand(&transfer.destination)?;
        let target = image_path(&self.workdir, &destination)?;
        let into_folder = destination.ends_with('/')
            || destination.ends_with("/.")
            || destination == "."
            || transfer.sources.len() > 1
            || target == self.workdir;

        for source in &transfer.sources {
            let origin = match source {
                _ if transfer.from.is_some() => CopyOrigin::Foreign,
                Source::Heredoc(..) => CopyOrigin::Foreign,
                Source::Path(word) => {
                    let text = expand(word)?;
                    if text.contains("://") || text.starts_with("git@") {
                        CopyOrigin::Foreign
                    } else {
                        context_origin(&text, parents)?
                    }
                }
            };

            self.copies.push(Copied {
                origin,
                target: target.clone(),
                into_folder,
                location,
            });
        }

        Some(())
    }

    fn add_mount(&mut self, mount: &Mount, location: Location) -> Option<()> {
        let kind = mount.kind();
        if !matches!(&*kind, "bind" | "secret") {
            return Some(());
        }

        let target = mount.target().map_or(".", |target| target.value.as_str());
        let source = mount.source().map_or("/", |source| source.value.as_str());
        if target.contains('$') || source.contains('$') {
            return None;
        }

        let origin = if kind == "secret" || mount.from().is_some() {
            CopyOrigin::Foreign
        } else {
            CopyOrigin::Path(join("", source.trim_start_matches('/'))?)
        };

        self.copies.push(Copied {
            origin,
            target: image_path(&self.workdir, target)?,
            into_folder: false,
            location,
        });

        Some(())
    }

    /// What is known of the file at a path of the image.
    pub fn presence(&self, path: &str) -> Presence {
        let mut presence = Presence::Absent;

        for copied in &self.copies {
            match self.brings(copied, path) {
                Presence::Absent => {}
                Presence::Present(from) if self.context.ignores(&from) => {
                    presence = Presence::Ignored(from);
                }
                found => return found,
            }
        }

        if self.may_be_written(path) {
            return Presence::Unknown;
        }

        presence
    }

    /// What one copy says of the file at a path of the image.
    fn brings(&self, copied: &Copied, path: &str) -> Presence {
        let below = below(path, &copied.target);
        let starts_elsewhere = copied.target.starts_with('/') != path.starts_with('/');
        let name = file_name(path);

        match &copied.origin {
            // Either may be in the other's folder.
            _ if starts_elsewhere => match &copied.origin {
                CopyOrigin::Path(from) if !from.is_empty() && self.is_file(from) => {
                    if file_name(from) == name {
                        Presence::Unknown
                    } else {
                        Presence::Absent
                    }
                }
                _ => Presence::Unknown,
            },
            CopyOrigin::Foreign if below.is_some() => Presence::Unknown,
            CopyOrigin::Foreign => Presence::Absent,
            CopyOrigin::Path(from) if self.is_file(from) => {
                let is_at = below == Some("") || below == Some(name) && file_name(from) == name;
                if is_at {
                    Presence::Present(from.clone())
                } else {
                    Presence::Absent
                }
            }
            CopyOrigin::Path(from) => self.in_folder(from, below),
            CopyOrigin::Parents(from) => match below.and_then(|rest| join("", rest)) {
                Some(rest) if matches_pattern(from, &rest) && self.is_file(&rest) => {
                    Presence::Present(rest)
                }
                _ => Presence::Absent,
            },
            CopyOrigin::Pattern(pattern) => self.of_pattern(pattern, below, name),
        }
    }

    /// The file of a folder of the context that a path below its target means.
    fn in_folder(&self, folder: &str, below: Option<&str>) -> Presence {
        match below.and_then(|rest| join(folder, rest)) {
            Some(from) if self.is_file(&from) => Presence::Present(from),
            Some(_) if !folder.is_empty() && !self.is_folder(folder) => Presence::Unknown,
            _ => Presence::Absent,
        }
    }

    /// The file that a pattern takes to a path below its target. What it takes out of several
    /// folders is not followed.
    fn of_pattern(&self, pattern: &str, below: Option<&str>, name: &str) -> Presence {
        let Some(rest) = below else {
            return Presence::Absent;
        };

        let folder = parent(pattern);
        if folder.contains(['*', '?', '[']) {
            return Presence::Unknown;
        }

        if rest.is_empty() || rest == name {
            return match join(folder, name) {
                Some(from) if matches_pattern(pattern, &from) && self.is_file(&from) => {
                    Presence::Present(from)
                }
                _ => Presence::Absent,
            };
        }

        // A folder that a pattern takes loses its own name.
        if pattern.ends_with('*') {
            Presence::Unknown
        } else {
            Presence::Absent
        }
    }

    /// Whether a command that ran before may have written the file.
    fn may_be_written(&self, path: &str) -> bool {
        self.scripts
            .iter()
            .any(|(script, folder)| may_write(script, script.invocations(), folder, path))
    }

    /// Whether a command of the step itself that comes before an offset may have written the file.
    pub fn may_be_written_before(&self, path: &str, offset: u32) -> bool {
        let script = self.script;
        let earlier = script
            .invocations()
            .into_iter()
            .filter(|invocation| invocation.name.span.start < offset)
            .collect();

        may_write(script, earlier, &self.workdir, path)
    }

    /// The folders of the context whose files are copied into a folder of the image.
    pub fn origins(&self, folder: &str) -> Vec<String> {
        let mut origins: Vec<String> = Vec::new();

        for copied in &self.copies {
            let origin = match (&copied.origin, below(folder, &copied.target)) {
                (CopyOrigin::Path(from), Some("")) if copied.into_folder && self.is_file(from) => {
                    Some(parent(from).to_owned())
                }
                (CopyOrigin::Path(from), Some(rest)) => join(from, rest),
                (CopyOrigin::Pattern(from), Some("")) => Some(parent(from).to_owned()),
                (CopyOrigin::Parents(_), Some(rest)) => Some(rest.to_owned()),
                _ => None,
            };
            let origin = origin.filter(|origin| self.is_folder(origin));

            if let Some(origin) = origin
                && !origins.contains(&origin)
            {
                origins.push(origin);
            }
        }

        origins
    }

    /// The COPY that brings a path of the context.
    pub fn copy_of(&self, path: &str) -> Option<Location> {
        self.copies
            .iter()
            .find(|copied| match &copied.origin {
                CopyOrigin::Path(from) => from == path || from.is_empty() || is_inside(path, from),
                CopyOrigin::Pattern(from) | CopyOrigin::Parents(from) => {
                    matches_pattern(from, path)
                }
                CopyOrigin::Foreign => false,
            })
            .map(|copied| copied.location)
    }

    fn is_file(&self, path: &str) -> bool {
        join(&self.context.folder, path).is_some_and(|path| self.repository.find(&path).is_some())
    }

    fn is_folder(&self, path: &str) -> bool {
        join(&self.context.folder, path).is_some_and(|path| self.repository.has_folder(&path))
    }
}

/// What a source of COPY names in the context.
fn context_origin(text: &str, parents: bool) -> Option<CopyOrigin> {
    let path = join("", text.trim_start_matches('/'))?;

    Some(match path.contains(['*', '?', '[', '\\']) {
        // What is before `/./` is not kept.
        _ if parents && text.contains("/./") => CopyOrigin::Foreign,
        _ if parents => CopyOrigin::Parents(path),
        true => CopyOrigin::Pattern(path),
        false if is_archive(&path) => CopyOrigin::Foreign,
        false => CopyOrigin::Path(path),
    })
}

/// Whether ADD may unpack a file of this name.
fn is_archive(path: &str) -> bool {
    [".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".zip"]
        .iter()
        .any(|ending| path.ends_with(ending))
}

/// Whether a pattern of COPY takes a path, or a folder above it.
fn matches_pattern(pattern: &str, path: &str) -> bool {
    Dockerignore::parse(pattern).ignores(path)
}

/// A path of the image, from the folder that it is written in. `None` where it leaves what is known.
pub fn image_path(folder: &str, path: &str) -> Option<String> {
    if path.contains(['\\', '$', ':']) || path.starts_with('~') {
        return None;
    }

    if path.starts_with('/') {
        return Some(format!("/{}", join("", path.trim_start_matches('/'))?));
    }

    match folder.strip_prefix('/') {
        Some(folder) => Some(format!("/{}", join(folder, path)?)),
        None => join(folder, path).filter(|path| path.starts_with(BASE_FOLDER)),
    }
}

/// The part of a path below a folder; `""` for the folder itself.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() || folder.ends_with('/') {
        return Some(rest);
    }

    rest.strip_prefix('/')
}

/// Whether some of a script's commands may write a file.
fn may_write(script: &Script, invocations: Vec<Invocation<'_>>, folder: &str, path: &str) -> bool {
    let name = file_name(path);
    let home = file_name(parent(path));
    let mentions = |text: &str| text.contains(name) || name == "__init__.py" && text.contains(home);
    let is_redirected = script
        .commands
        .iter()
        .flat_map(|command| &command.redirects)
        .any(|redirect| mentions(redirect.target.text()));

    is_redirected
        || invocations.iter().any(|invocation| {
            let program = invocation.program;
            if matches!(
                program,
                "apt-get" | "apt" | "apk" | "dnf" | "yum" | "microdnf" | "pip"
            ) {
                return false;
            }

            let is_script = program.ends_with(".sh") || invocation.name.text().starts_with("./");

            is_script
                || runs_source(invocation)
                || WRITERS.contains(&program) && !writes_elsewhere(invocation, path)
                || PLACERS.contains(&program) && may_place(invocation, folder, path)
                || invocation.args.iter().any(|word| mentions(word.text()))
        })
}

/// Whether an interpreter runs a file or a tool of a project, which may write anything.
fn runs_source(invocation: &Invocation) -> bool {
    let program = invocation
        .program
        .trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let first = invocation.args.first().map_or("", |word| word.text());
    let second = invocation.args.get(1).map_or("", |word| word.text());

    match program {
        "npx" | "pnpx" | "bunx" => true,
        "python" => !first.is_empty() && !matches!(second, "pip" | "venv" | "ensurepip"),
        "node" | "ruby" | "php" | "perl" => !first.is_empty() && !first.starts_with("--version"),
        "sh" | "bash" | "ash" => invocation
            .args
            .iter()
            .any(|word| !word.text().starts_with('-') && word.text().contains(['/', '.'])),
        _ => false,
    }
}

/// Whether every path that a command names is outside of the project.
fn writes_elsewhere(invocation: &Invocation, path: &str) -> bool {
    if invocation.is(&["git"]) {
        return invocation.args.iter().any(|word| word.text() == "config");
    }

    invocation
        .option(&["-C", "-d", "--directory", "--one-top-level"])
        .is_some_and(|folder| folder.value.starts_with('/') && below(path, folder.value).is_none())
        || invocation.is(&["sed"])
            && invocation
                .args
                .iter()
                .any(|word| word.text().contains("/etc/"))
}

/// Whether a copy or a move may end at a path, or in a folder above it.
fn may_place(invocation: &Invocation, folder: &str, path: &str) -> bool {
    let target = invocation
        .args
        .iter()
        .rev()
        .find(|word| !word.text().starts_with('-'))
        .map(|word| word.text());
    let Some(target) = target.and_then(|target| image_path(folder, target)) else {
        return true;
    };

    below(path, &target).is_some()
        || target.starts_with('/') != path.starts_with('/') && {
            // A folder of the system is not the project's.
            ![
                "/usr", "/bin", "/etc", "/opt", "/root", "/var/lib", "/sbin", "/lib",
            ]
            .iter()
            .any(|system| below(&target, system).is_some())
        }
}
