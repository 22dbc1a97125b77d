//! `copy-not-add`, `remote-add-checksum` and `copy-destination`: how files get into the image.

use crate::analysis::Analysis;
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::Dockerfile;
use crate::source::Location;
use crate::syntax::dockerfile::{Body, Instruction, Source, Transfer, Word};

/// Endings of archives that ADD unpacks.
const ARCHIVES: &[&str] = &[
    ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst",
    ".tar.Z", ".gz", ".xz", ".bz2", ".zst",
];

/// Flags that COPY does not have.
const ADD_ONLY: &[&str] = &["checksum", "keep-git-dir", "unpack"];

/// `copy-not-add`
pub fn copy_not_add(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for (instruction, transfer) in transfers(dockerfile) {
        if !matches!(instruction.body, Body::Add(_))
            || instruction
                .flags
                .iter()
                .any(|flag| ADD_ONLY.contains(&flag.name.value.as_str()))
        {
            continue;
        }

        let plain = transfer.sources.iter().all(|source| match source {
            Source::Path(word) => is_plain(word),
            Source::Heredoc(..) => true,
        });

        if !plain || transfer.sources.is_empty() {
            continue;
        }

        let location = Location::new(dockerfile.file, instruction.keyword.span);
        let edit = Edit::replace(dockerfile.file, instruction.keyword.span, "COPY");
        sink.report(
            Finding::new(location, "`ADD` is used where `COPY` is enough")
                .label("`ADD` also unpacks archives and fetches URLs")
                .help("use `COPY`")
                .fix(Fix::new(Applicability::Safe, "use `COPY`", vec![edit])),
        );
    }
}

/// Whether a source is neither a URL nor an archive, as far as can be known.
fn is_plain(word: &Word) -> bool {
    let text = word.text.trim_matches(['"', '\'']);
    let archive = ARCHIVES
        .iter()
        .any(|end| text.ends_with(end) || text.ends_with(&format!("{end}*")));
    !(archive
        || is_remote(text)
        || text.contains('$')
        || text.ends_with('*') && !text.ends_with("/*") && text != "*")
}

fn is_remote(text: &str) -> bool {
    text.contains("://") || text.starts_with("git@")
}

/// `remote-add-checksum`
pub fn remote_add(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for (instruction, transfer) in transfers(dockerfile) {
        if !matches!(instruction.body, Body::Add(_)) || instruction.flag("checksum").is_some() {
            continue;
        }

        for source in &transfer.sources {
            let Source::Path(word) = source else { continue };

            let text = word.text.trim_matches(['"', '\'']);
            let web = text.starts_with("http://") || text.starts_with("https://");
            if !web || is_git(text) {
                continue;
            }

            sink.report(
                Finding::new(
                    Location::new(dockerfile.file, word.span),
                    "`ADD` downloads a file without verifying its checksum",
                )
                .label("control of this URL means control of the image")
                .help("add `--checksum=sha256:…`, which also makes the download cacheable"),
            );
        }
    }
}

/// Whether a URL is of a repository, which names its commit by itself.
fn is_git(url: &str) -> bool {
    let path = url.split(['#', '?']).next().unwrap_or(url);
    path.ends_with(".git")
}

/// `copy-destination`
pub fn destination(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for (instruction, transfer) in transfers(dockerfile) {
        let word = &transfer.destination;
        let text = word.text.trim_matches(['"', '\'']);
        let folder = text.ends_with(['/', '\\'])
            || matches!(text, "." | "..")
            || text.ends_with("/.")
            || text.ends_with("/..");
        if transfer.sources.len() < 2
            || folder
            || text.is_empty()
            || text.ends_with('}')
            || text.contains('$')
        {
            continue;
        }

        let name = instruction.keyword.value.name();
        let end = word.span.end - u32::from(word.text.ends_with(['"', '\'']));
        let edit = Edit::insert(dockerfile.file, end, "/");
        sink.report(
            Finding::new(
                Location::new(dockerfile.file, word.span),
                format!("`{name}` with several sources needs a directory as its destination"),
            )
            .label("does not end with `/`")
            .help(format!("write `{text}/`"))
            .fix(Fix::new(
                Applicability::Safe,
                "end the destination with `/`",
                vec![edit],
            )),
        );
    }
}

/// Every COPY and ADD, those of triggers too.
fn transfers(dockerfile: &Dockerfile) -> impl Iterator<Item = (&Instruction, &Transfer)> {
    dockerfile
        .tree
        .instructions
        .iter()
        .filter_map(|instruction| {
            let instruction = match &instruction.body {
                Body::Onbuild(trigger) => trigger,
                _ => instruction,
            };

            match &instruction.body {
                Body::Copy(transfer) | Body::Add(transfer) => Some((instruction, transfer)),
                _ => None,
            }
        })
}
