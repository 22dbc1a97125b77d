//! The laws about who may use whom: layers form a line, files inside a layer form no circle, wings
//! of rules do not use each other, and nothing before the rules knows a finding.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Modules that may name [`Finding`](deploylint::finding::Finding): all from `rules` on, and
/// `finding` itself.
const KNOWS_FINDINGS: &[&str] = &[
    "finding",
    "fence",
    "catalog",
    "rules",
    "config",
    "suppress",
    "walk",
    "engine",
    "fixes",
    "report",
    "checklist",
    "cli",
];

/// One file of `src`: its module path, its items, and what it uses.
struct Module {
    path: Vec<String>,
    file: String,
    text: String,
    /// Names that the module passes on with `pub use`, each with the path that it leads to.
    passed_on: BTreeMap<String, Vec<String>>,
}

#[test]
fn layers_form_a_line() {
    let library = fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs");
    let layers: Vec<&str> = library
        .lines()
        .filter_map(|line| {
            line.trim_start_matches("pub ")
                .strip_prefix("mod ")?
                .strip_suffix(';')
        })
        .collect();
    let modules = modules();
    let mut wrong = Vec::new();

    for (user, used) in uses(&modules) {
        let position = |module: &str| layers.iter().position(|layer| *layer == module);
        let (from, to) = (&modules[user], &modules[used]);

        match (position(&from.path[0]), position(&to.path[0])) {
            (Some(own), Some(other)) if other <= own => {}
            (Some(_), Some(_)) => {
                wrong.push(format!("{} uses {}, a later layer", from.file, to.file))
            }
            _ => wrong.push(format!(
                "{} or {} is in no layer of src/lib.rs",
                from.file, to.file
            )),
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_form_no_circle() {
    let modules = modules();
    let uses = uses(&modules);
    let reach = |start: usize| {
        let mut seen = BTreeSet::new();
        let mut open = vec![start];

        while let Some(at) = open.pop() {
            for &(_, used) in uses.range((at, 0)..(at + 1, 0)) {
                if seen.insert(used) {
                    open.push(used);
                }
            }
        }

        seen
    };

    let reached: Vec<BTreeSet<usize>> = (0..modules.len()).map(reach).collect();

    let mut cycles = BTreeSet::new();

    for module in (0..modules.len()).filter(|&module| reached[module].contains(&module)) {
        let members: Vec<&str> = (0..modules.len())
            .filter(|&other| reached[module].contains(&other) && reached[other].contains(&module))
            .map(|other| modules[other].file.as_str())
            .collect();
        cycles.insert(members.join(", "));
    }

    assert!(
        cycles.is_empty(),
        "these files use each other:\n{cycles:#?}"
    );
}

#[test]
fn wings_keep_apart() {
    let modules = modules();
    let wing = |module: &Module| {
        (module.path[0] == "rules" && module.path.len() > 2).then(|| module.path[1].clone())
    };

    for (user, used) in uses(&modules) {
        let (from, to) = (&modules[user], &modules[used]);
        let (Some(own), Some(other)) = (wing(from), wing(to)) else {
            continue;
        };

        assert!(
            own == other,
            "{} uses {}: move what both need to `analysis`",
            from.file,
            to.file
        );
    }
}

#[test]
fn findings_begin_with_the_rules() {
    for module in modules() {
        if KNOWS_FINDINGS.contains(&module.path[0].as_str()) {
            continue;
        }

        for name in ["Finding", "Sink"] {
            let used = words(&module.text).any(|word| word == name);
            assert!(
                !used,
                "{} names `{name}`: facts and analysis have no words for users",
                module.file
            );
        }
    }
}

/// Rules ask facts. A tree knows no patches, merges and variables: only the wing that compares
/// files with the schema of their format reads it.
#[test]
fn trees_are_read_by_the_model() {
    for module in modules() {
        let reads_trees = words(&module.text).any(|word| word == "schema_tree");
        let may_read = match module.path[0].as_str() {
            "model" => true,
            "rules" => module.path.get(1).is_some_and(|wing| wing == "structure"),
            _ => false,
        };

        assert!(
            may_read || !reads_trees,
            "{} reads a tree: lower what it needs to a fact",
            module.file
        );
    }
}

/// All files of `src` but `main.rs`, `lib.rs` and tests, sorted by path.
fn modules() -> Vec<Module> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("src")];

    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of src").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }

    files.sort();

    files.iter().filter_map(|file| module(file)).collect()
}

fn module(file: &Path) -> Option<Module> {
    let inner = file.strip_prefix(root().join("src")).ok()?;
    let shown = format!("src/{}", inner.to_string_lossy().replace('\\', "/"));
    let mut path: Vec<String> = inner
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let name = path.pop()?.strip_suffix(".rs")?.to_owned();
    let is_test = is_test_module(&name) || path.iter().any(|part| is_test_module(part));
    if is_test || path.is_empty() && matches!(name.as_str(), "lib" | "main") {
        return None;
    }

    if name != "mod" {
        path.push(name);
    }

    let text = without_tests(&without_comments(&fs::read_to_string(file).ok()?));
    let mut passed_on = BTreeMap::new();

    for (is_public, used) in use_paths(&text) {
        if is_public && let Some(last) = used.last() {
            passed_on.insert(last.clone(), used);
        }
    }

    Some(Module {
        path,
        file: shown,
        text,
        passed_on,
    })
}

/// Whether a module holds nothing but tests: `tests`, `tests_recover`, `scan_tests`. A rule may be
/// about tests, too: `deploy_needs_tests`.
fn is_test_module(name: &str) -> bool {
    name == "tests" || name.starts_with("tests_") || name == "scan_tests"
}

/// Which module uses which, by index; a module's `mod` and `pub use` lines are no use.
fn uses(modules: &[Module]) -> BTreeSet<(usize, usize)> {
    let index: BTreeMap<&[String], usize> = modules
        .iter()
        .enumerate()
        .map(|(at, module)| (module.path.as_slice(), at))
        .collect();
    let mut uses = BTreeSet::new();

    for (user, module) in modules.iter().enumerate() {
        let private = use_paths(&module.text)
            .into_iter()
            .filter(|(is_public, _)| !is_public)
            .map(|(_, path)| path);
        for path in private.chain(plain_paths(&without_uses(&module.text))) {
            let target = absolute(&module.path, &path, &index)
                .and_then(|path| resolve(modules, &index, path));
            if let Some(used) = target
                && used != user
            {
                uses.insert((user, used));
            }
        }
    }

    uses
}

/// A path from the crate's root: of `crate::…`, `super::…`, `self::…`, and of the module's own
/// children.
fn absolute(
    module: &[String],
    path: &[String],
    index: &BTreeMap<&[String], usize>,
) -> Option<Vec<String>> {
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module, &path[1..]].concat()),
        "super" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            Some([&module[..module.len().checked_sub(ups)?], &path[ups..]].concat())
        }
        child => {
            let whole = [module, &[child.to_owned()]].concat();
            index
                .contains_key(whole.as_slice())
                .then(|| [module, path].concat())
        }
    }
}

/// The file that a path leads to: the longest module on it, through what that module passes on.
fn resolve(
    modules: &[Module],
    index: &BTreeMap<&[String], usize>,
    mut path: Vec<String>,
) -> Option<usize> {
    for _ in 0..8 {
        let length = (1..=path.len())
            .rev()
            .find(|&length| index.contains_key(&path[..length]))?;
        let found = index[&path[..length]];
        let next = path
            .get(length)
            .and_then(|name| modules[found].passed_on.get(name));
        match next.and_then(|next| absolute(&modules[found].path, next, index)) {
            Some(next) => path = next,
            None => return Some(found),
        }
    }

    None
}

/// The paths of all `use` items, groups taken apart, and whether they are public.
fn use_paths(text: &str) -> Vec<(bool, Vec<String>)> {
    let mut paths = Vec::new();
    let mut rest = text;

    while let Some(start) = rest.find("use ") {
        let before = rest[..start].rsplit('\n').next().unwrap_or("").trim();
        let after = &rest[start + 4..];
        let end = after.find(';').unwrap_or(after.len());
        let is_item = before.is_empty()
            || before == "pub"
            || before.starts_with("pub(") && before.ends_with(')');
        if is_item {
            let item: String = after[..end]
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            let mut found = Vec::new();
            take_apart(&item, &mut found);
            paths.extend(found.into_iter().map(|path| (!before.is_empty(), path)));
        }

        rest = &after[if is_item { end } else { 0 }..];
    }

    paths
}

/// `a::{b, c::{self, d}}` as `a::b`, `a::c`, `a::c::d`.
fn take_apart(item: &str, paths: &mut Vec<Vec<String>>) {
    let Some((head, group)) = item.split_once("::{") else {
        let plain = item.split(" as ").next().unwrap_or(item);
        paths.push(
            plain
                .split("::")
                .map(|part| part.trim().to_owned())
                .collect(),
        );
        return;
    };

    let inner = group.strip_suffix('}').unwrap_or(group);
    let mut depth = 0;
    let parts = inner.split(|letter| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        depth == 0 && letter == ','
    });

    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        let whole = if part == "self" {
            head.to_owned()
        } else {
            format!("{head}::{part}")
        };

        take_apart(&whole, paths);
    }
}

/// Paths in code outside `use` items.
fn plain_paths(text: &str) -> Vec<Vec<String>> {
    let is_path = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':');
    text.split(|letter| !is_path(letter))
        .filter(|word| word.contains("::"))
        .map(|word| {
            word.split("::")
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect::<Vec<String>>()
        })
        .filter(|path| path.len() > 1)
        .collect()
}

/// The text without its `use` items.
fn without_uses(text: &str) -> String {
    let mut rest = text;
    let mut code = String::new();

    while let Some(start) = rest.find("use ") {
        let before = rest[..start].rsplit('\n').next().unwrap_or("").trim();
        let is_item = before.is_empty() || before.starts_with("pub");
        let end = if is_item {
            rest[start..]
                .find(';')
                .map_or(rest.len(), |length| start + length)
        } else {
            start + "use ".len()
        };

        code.push_str(&rest[..if is_item { start } else { end }]);
        rest = &rest[end..];
    }

    code + rest
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
}

fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| {
            if line.trim_start().starts_with("//") {
                ""
            } else {
                line
            }
        })
        .fold(String::new(), |mut all, line| {
            all.push_str(line);
            all.push('\n');
            all
        })
}

/// Without inline test modules, which stand at the end of a file.
fn without_tests(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..end].to_owned()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
