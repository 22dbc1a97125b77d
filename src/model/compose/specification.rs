//! The compose specification, example by example: what files come to together, and where each value
//! was written.
//!
//! The cases stand in `tests/compose/*.md`. A heading names one. Its fences are files, by role and
//! path after the language: a `base`, what lies `over` it, and each further `file`. The last fence
//! is what they come to, every value with its file, line and columns. `SPECIFICATION=write cargo
//! test specification` writes that one anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::load::{Extent, load};
use super::reader::ProjectReader;
use super::value::{Value, ValueData};
use super::{Condition, Project};
use crate::model::facts::{Facts, FileFacts};
use crate::model::file_kind::ChartFolders;
use crate::model::lower;
use crate::source::{FileId, Location, Repository, SourceFile};

/// The fence that holds what is expected.
const RESULT: &str = "text result";

struct Case {
    name: String,
    /// Role, path and text.
    files: Vec<(String, String, String)>,
    expected: String,
}

fn cases(page: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut lines = page.lines();

    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("## ") {
            cases.push(Case {
                name: name.to_owned(),
                files: Vec::new(),
                expected: String::new(),
            });
        }

        let (Some(info), Some(case)) = (line.strip_prefix("```"), cases.last_mut()) else {
            continue;
        };

        let text: String = lines
            .by_ref()
            .take_while(|line| *line != "```")
            .flat_map(|line| [line, "\n"])
            .collect();
        let mut words = info.split(' ').skip(1).map(str::to_owned);

        match (words.next(), words.next()) {
            (Some(role), Some(path)) => case.files.push((role, path, text)),
            _ if info == RESULT => case.expected = text,
            _ => panic!("{}: what is the fence `{info}`?", case.name),
        }
    }

    cases
}

struct Shown<'s> {
    sources: &'s [SourceFile],
    text: String,
}

impl Shown<'_> {
    fn location(&self, location: Location) -> String {
        let source = &self.sources[location.file.0 as usize];
        let start = source.lines().position(location.span.start, &source.text);
        let end = source.lines().position(location.span.end, &source.text);
        let end = if start.line == end.line {
            end.column.to_string()
        } else {
            format!("{}:{}", end.line, end.column)
        };

        format!("{}:{}:{}-{end}", source.path, start.line, start.column)
    }

    fn line(&mut self, path: &str, value: &str, location: Location) {
        let location = self.location(location);
        writeln!(self.text, "{path}: {value}  @ {location}").expect("a text takes what is written");
    }

    fn value(&mut self, path: &str, value: &Value<'_>) {
        match &value.data {
            ValueData::Null => self.line(path, "null", value.location),
            ValueData::Unknown => self.line(path, "?", value.location),
            ValueData::Scalar(scalar) => {
                let text = scalar
                    .text
                    .as_deref()
                    .map_or_else(|| "?".to_owned(), |text| text.replace('\n', "\\n"));
                self.line(path, &text, value.location);
            }
            ValueData::Map(fields) if fields.is_empty() => self.line(path, "{}", value.location),
            ValueData::Map(fields) => {
                for field in fields {
                    self.value(&format!("{path}.{}", field.key), &field.value);
                }
            }
            ValueData::List(items) if items.is_empty() => self.line(path, "[]", value.location),
            ValueData::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.value(&format!("{path}[{at}]"), item);
                }
            }
        }
    }

    /// What only the facts know: where paths lead, which services are not whole.
    fn facts(&mut self, project: &Project) {
        if project.overlay {
            self.text.push_str("the project may have more\n");
        }

        for service in &project.services {
            let name = service.name();
            if let Some(dockerfile) = service
                .build
                .as_ref()
                .and_then(|build| build.dockerfile.as_ref())
            {
                self.line(
                    &format!("{name} is built by"),
                    &dockerfile.value,
                    dockerfile.location,
                );
            }

            for one in service
                .depends_on
                .iter()
                .filter(|one| one.condition != Condition::Started)
            {
                self.line(
                    &format!("{name} waits for"),
                    &one.service.value,
                    one.service.location,
                );
            }

            if service.container.open {
                self.line(name, "may have more", service.container.anchor);
            }

            for reference in service
                .references
                .iter()
                .filter(|one| !project.defines(one))
            {
                self.line(
                    &format!("{name} lacks"),
                    &reference.name.value,
                    reference.name.location,
                );
            }
        }
    }
}

/// What the project of a case comes to.
fn shown(case: &Case) -> String {
    let mut files: Vec<_> = case.files.iter().collect();
    files.sort_unstable_by_key(|(_, path, _)| path);
    let numbered = files.iter().enumerate();
    let sources: Vec<SourceFile> = numbered
        .map(|(at, (_, path, text))| {
            SourceFile::new(FileId(at as u32), path.as_str(), text.as_str())
        })
        .collect();
    let listing = ChartFolders::new(sources.iter().map(|source| source.path.as_str()));
    let lowered: Vec<FileFacts> = sources
        .iter()
        .map(|source| lower::lower_file(source, &listing))
        .collect();
    let facts = Facts::new(Repository::new(&sources), lowered, None);
    let own = case
        .files
        .iter()
        .filter(|(role, _, _)| role == "base" || role == "over");
    let own: Vec<FileId> = own
        .map(|(_, path, _)| facts.repository.find(path).expect("it is there").id)
        .collect();
    let mut reader = ProjectReader::of_files(&facts, "", &own);
    let merged = reader.merged(&own).expect("there is a file");
    let mut shown = Shown {
        sources: &sources,
        text: String::new(),
    };

    for section in ["services", "volumes", "networks", "secrets", "configs"] {
        if let Some(value) = merged.get(section) {
            shown.value(section, value);
        }
    }

    shown.facts(&load(&facts, "", &own, 0, Extent::Whole));

    shown.text
}

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compose");
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut pages: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    pages.sort();

    pages
}

#[test]
fn every_example_comes_to_what_the_specification_says() {
    let write = std::env::var_os("SPECIFICATION").is_some();
    let mut wrong = String::new();

    for path in pages() {
        let mut page = std::fs::read_to_string(&path).expect("a page");
        let mut at = 0;

        for case in cases(&page.clone()) {
            let found = shown(&case);
            at += page[at..]
                .find(&format!("\n## {}\n", case.name))
                .expect("its heading");
            at += page[at..]
                .find(RESULT)
                .unwrap_or_else(|| panic!("{}: no result", case.name))
                + RESULT.len()
                + 1;
            if write {
                page.replace_range(at..at + case.expected.len(), &found);
            } else if found != case.expected {
                write!(
                    wrong,
                    "\n{}\nexpected:\n{}found:\n{found}",
                    case.name, case.expected
                )
                .expect("a text");
            }
        }

        if write {
            std::fs::write(&path, page).expect("written");
        }
    }

    assert!(wrong.is_empty(), "{wrong}");
}
