//! Questions about the files of the repository as a whole, each answered by an index that the
//! first one who asks makes.

use std::collections::{HashMap, HashSet};

use super::Analysis;
use super::ignored::Ignored;
use crate::credential::{SecretFile, secret_file};
use crate::model::server::ScriptFolders;
use crate::model::tasks::{TaskFile, TaskFiles};
use crate::source::{FileId, Repository, parent};

impl Analysis<'_> {
    /// Whether git would leave a path out, by the `.gitignore` files of the repository.
    pub fn is_ignored(&self, path: &str) -> bool {
        let repository = self.facts.repository;

        self.ignored
            .get_or_init(|| Ignored::new(repository))
            .holds(repository, path)
    }

    /// Whether `.gitmodules` names a folder.
    pub fn is_submodule(&self, folder: &str) -> bool {
        self.submodules
            .get_or_init(|| submodules(self.facts.repository))
            .contains(folder)
    }

    /// Whether a workflow clones a repository of this name.
    pub fn is_cloned(&self, name: &str) -> bool {
        self.cloned
            .get_or_init(|| cloned_repositories(self.facts.repository))
            .contains(name)
    }

    /// The files in a folder and below it that hold secrets by their names, in the order of their
    /// paths.
    pub fn secret_files(&self, folder: &str) -> &[(FileId, SecretFile)] {
        let repository = self.facts.repository;
        let all = self
            .secret_files
            .get_or_init(|| all_secret_files(repository));

        let below = repository.below(folder);
        let (Some(first), Some(last)) = (below.first(), below.last()) else {
            return &[];
        };

        let start = all.partition_point(|(file, _)| *file < first.id);
        let end = all.partition_point(|(file, _)| *file <= last.id);
        &all[start..end]
    }

    /// Whether a folder itself holds a file of an extension.
    pub fn has_extension(&self, folder: &str, extension: &str) -> bool {
        self.extensions
            .get_or_init(|| folders_by_extension(self.facts.repository))
            .get(extension)
            .is_some_and(|folders| folders.contains(folder))
    }

    /// The files of a name, in any folder, in order.
    pub fn files_named(&self, name: &str) -> &[FileId] {
        self.file_names
            .get_or_init(|| files_by_name(self.facts.repository))
            .get(name)
            .map_or(&[], Vec::as_slice)
    }

    /// The tasks that a file defines; `None` if it is not a file of a task runner.
    pub fn tasks(&self, file: FileId) -> Option<&TaskFile> {
        self.task_files().of(self.facts.source(file))
    }

    fn task_files(&self) -> &TaskFiles {
        self.task_files
            .get_or_init(|| TaskFiles::new(self.facts.repository))
    }

    /// Folders of the repository in which the scripts of a start command are searched.
    pub fn script_folders<'f>(&'f self, folders: &'f [String]) -> ScriptFolders<'f> {
        ScriptFolders {
            repository: self.facts.repository,
            folders,
            tasks: self.task_files(),
        }
    }

    /// Whether a file of this name is in a folder or below it.
    pub fn holds_name(&self, folder: &str, name: &str) -> bool {
        let repository = self.facts.repository;
        let below = repository.below(folder);
        let (Some(first), Some(last)) = (below.first(), below.last()) else {
            return false;
        };

        let files = self.files_named(name);
        let start = files.partition_point(|file| *file < first.id);

        files.get(start).is_some_and(|file| *file <= last.id)
    }

    /// Whether a folder, or one below it, holds a file that is not about containers: neither a
    /// Dockerfile, a compose file, a shell script nor a page of Markdown.
    pub fn is_project_folder(&self, folder: &str) -> bool {
        self.project_folders
            .get_or_init(|| project_folders(self.facts.repository))
            .contains(folder)
    }
}

fn submodules(repository: Repository) -> HashSet<String> {
    let lines = repository
        .find(".gitmodules")
        .into_iter()
        .flat_map(|file| file.text.lines());

    lines
        .filter_map(|line| Some(line.trim().strip_prefix("path = ")?.to_owned()))
        .collect()
}

fn cloned_repositories(repository: Repository) -> HashSet<String> {
    let lines = repository
        .below(".github/workflows")
        .iter()
        .flat_map(|file| file.text.lines());
    let words = lines
        .filter(|line| line.contains("git clone"))
        .flat_map(|line| line.split([' ', '/', '"', '\'', ';']));

    words
        .flat_map(|word| [Some(word), word.strip_suffix(".git")])
        .flatten()
        .map(str::to_owned)
        .collect()
}

fn all_secret_files(repository: Repository) -> Vec<(FileId, SecretFile)> {
    let files = repository.files().iter();

    files
        .filter_map(|file| Some((file.id, secret_file(&file.path)?)))
        .collect()
}

/// By extension: the folders that hold such a file.
fn folders_by_extension(repository: Repository) -> HashMap<String, HashSet<String>> {
    let mut extensions: HashMap<String, HashSet<String>> = HashMap::new();

    for file in repository.files() {
        let Some((_, extension)) = file.name().rsplit_once('.') else {
            continue;
        };

        match extensions.get_mut(extension) {
            Some(folders) if folders.contains(file.folder()) => {}
            Some(folders) => drop(folders.insert(file.folder().to_owned())),
            None => drop(extensions.insert(
                extension.to_owned(),
                HashSet::from([file.folder().to_owned()]),
            )),
        }
    }

    extensions
}

fn files_by_name(repository: Repository) -> HashMap<String, Vec<FileId>> {
    let mut names: HashMap<String, Vec<FileId>> = HashMap::new();
    for file in repository.files() {
        names
            .entry(file.name().to_owned())
            .or_default()
            .push(file.id);
    }

    names
}

/// The folders that hold more than files about containers.
fn project_folders(repository: Repository) -> HashSet<String> {
    let mut folders = HashSet::new();

    for file in repository.files() {
        if is_about_containers(file.name()) {
            continue;
        }

        let mut folder = file.folder();
        while !folders.contains(folder) {
            folders.insert(folder.to_owned());
            folder = parent(folder);
        }
    }

    folders
}

fn is_about_containers(name: &str) -> bool {
    let name = name.to_ascii_lowercase();

    name.contains("docker")
        || name.contains("compose")
        || name.ends_with(".sh")
        || name.ends_with(".md")
}
