//! `.gitignore`: the paths that git ignores, those of missing files too.

use std::collections::HashMap;
use std::sync::OnceLock;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::source::{FileId, Repository, parent};

/// The `.gitignore` files of a repository, by folder. Each is read when it is first asked.
#[derive(Debug, Default)]
pub struct Ignored {
    files: HashMap<String, (FileId, OnceLock<Gitignore>)>,
}

impl Ignored {
    pub fn new(repository: Repository) -> Self {
        let files = repository
            .files()
            .iter()
            .filter(|file| file.name() == ".gitignore");
        Self {
            files: files
                .map(|file| (file.folder().to_owned(), (file.id, OnceLock::new())))
                .collect(),
        }
    }

    /// Whether git ignores a path, by the nearest file with a rule for it or for a folder above.
    pub fn holds(&self, repository: Repository, path: &str) -> bool {
        let mut folder = path;

        while !folder.is_empty() {
            folder = parent(folder);
            let Some((file, rules)) = self.files.get(folder) else {
                continue;
            };

            let rules = rules.get_or_init(|| parse_rules(&repository.file(*file).text));
            let inner = path[folder.len()..].trim_start_matches('/');
            let matched = rules.matched_path_or_any_parents(inner, false);
            if !matched.is_none() {
                return matched.is_ignore();
            }
        }

        false
    }
}

fn parse_rules(text: &str) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for line in text.lines() {
        // Git skips a pattern that cannot be read, too.
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    #[test]
    fn the_nearest_rule_decides() {
        let texts = [
            (".gitignore", ".env\nbuild/\n"),
            ("app/.gitignore", "!.env\n/local.conf\n"),
            ("app/x.py", ".env"),
        ];
        let file = |(id, (path, text)): (usize, &(&str, &str))| {
            SourceFile::new(FileId(id as u32), (*path).to_owned(), (*text).to_owned())
        };

        let files: Vec<SourceFile> = texts.iter().enumerate().map(file).collect();
        let repository = Repository::new(&files);
        let ignored = Ignored::new(repository);
        for (path, expected) in [
            (".env", true),
            ("app/.env", false),
            ("other/.env", true),
            ("build/a/b.txt", true),
            ("app/build/x", true),
            ("app/local.conf", true),
            ("app/sub/local.conf", false),
            ("local.conf", false),
        ] {
            assert_eq!(ignored.holds(repository, path), expected, "{path}");
        }
    }
}
