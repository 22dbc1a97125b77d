//! Embeds `rules/`: the pages for `src/catalog`, so that a rule's file is all that a declarative
//! rule needs, and the tables of `rules/data/`. TOML is for people; what is embedded is JSON, which
//! a start reads several times as fast.

use std::fmt::Write as _;
use std::{env, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=rules");
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let (folder, out) = (Path::new(&root).join("rules"), Path::new(&out));
    let rules = pages(&folder, "rule");
    fs::write(out.join("rules.rs"), rules).expect("OUT_DIR can be written");
    let items = pages(&folder.join("checklist"), "item");
    fs::write(out.join("items.rs"), items).expect("OUT_DIR can be written");
    fs::create_dir_all(out.join("data")).expect("OUT_DIR can be written");

    for name in names(&folder.join("data"), ".toml") {
        let path = format!("data/{name}.toml");
        let text = fs::read_to_string(folder.join(&path)).expect("a table is text");
        let table = json(&text, &format!("rules/{path}"));
        fs::write(out.join("data").join(format!("{name}.json")), table)
            .expect("OUT_DIR can be written");
    }
}

/// The source of an array with the name, the text and the header of each page of a folder. The
/// header is the block "toml" of a sort.
fn pages(folder: &Path, sort: &str) -> String {
    let mut list = String::from("[\n");

    for name in names(folder, ".md") {
        let path = folder.join(format!("{name}.md"));
        let shown = path.display().to_string();
        let page = fs::read_to_string(&path).expect("a page is text");
        let header = page
            .split_once(&format!("```toml {sort}\n"))
            .and_then(|(_, rest)| rest.split_once("\n```\n"));
        let header = header.map_or_else(
            || panic!("{shown}: no ```toml {sort} block"),
            |(header, _)| header,
        );
        let header = json(header, &shown);
        writeln!(list, "    ({name:?}, include_str!({shown:?}), {header:?}),")
            .expect("writes to a String");
    }

    list.push_str("]\n");
    list
}

/// The names of the folder's files with this ending, without it, sorted.
fn names(folder: &Path, ending: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("rules/ stands beside Cargo.toml")
        .filter_map(|entry| {
            entry
                .ok()?
                .file_name()
                .into_string()
                .ok()?
                .strip_suffix(ending)
                .map(str::to_owned)
        })
        .collect();
    names.sort();
    names
}

fn json(text: &str, path: &str) -> String {
    let table: toml::Table = toml::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::to_string(&table).expect("a table without dates is JSON")
}
