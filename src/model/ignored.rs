//! `.gitignore`: which paths git leaves out, files that are not there included.

use std::collections::HashMap;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::source::{Repository, parent};

/// The rules of every `.gitignore` of a repository, by its folder. Read once.
#[derive(Debug, Default)]
pub struct Ignored {
    rules: HashMap<String, Gitignore>,
}

impl Ignored {
    pub fn new(repository: Repository) -> Self {
        let files = repository.files().iter().filter(|file| file.name() == ".gitignore");
        let read = files.filter_map(|file| {
            let mut builder = GitignoreBuilder::new("");
            for line in file.text.lines() {
                // A pattern that cannot be read is one that git passes over as well.
                let _ = builder.add_line(None, line);
            }
            Some((file.folder().to_owned(), builder.build().ok()?))
        });
        Self { rules: read.collect() }
    }

    /// What the nearest file that speaks of the path, or of a folder around it, says.
    pub fn holds(&self, path: &str) -> bool {
        let mut folder = path;
        while !folder.is_empty() {
            folder = parent(folder);
            let Some(rules) = self.rules.get(folder) else { continue };
            let own = path[folder.len()..].trim_start_matches('/');
            let matched = rules.matched_path_or_any_parents(own, false);
            if !matched.is_none() {
                return matched.is_ignore();
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, SourceFile};

    #[test]
    fn the_nearest_rule_decides() {
        let texts = [(".gitignore", ".env\nbuild/\n"), ("app/.gitignore", "!.env\n/local.conf\n"), ("app/x.py", ".env")];
        let file = |(id, (path, text)): (usize, &(&str, &str))| {
            SourceFile::new(FileId(id as u32), (*path).to_owned(), (*text).to_owned())
        };
        let files: Vec<SourceFile> = texts.iter().enumerate().map(file).collect();
        let ignored = Ignored::new(Repository::new(&files));
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
            assert_eq!(ignored.holds(path), expected, "{path}");
        }
    }
}
