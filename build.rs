//! Lists `rules/*.md` for `src/catalog`, so that a rule's file is all that a declarative rule needs.

use std::fmt::Write as _;
use std::{env, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=rules");
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let folder = Path::new(&root).join("rules");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .expect("rules/ stands beside Cargo.toml")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.strip_suffix(".md").map(str::to_owned))
        .collect();
    names.sort();
    let mut list = String::from("[\n");
    for name in names {
        let path = folder.join(format!("{name}.md"));
        writeln!(list, "    ({name:?}, include_str!({:?})),", path.display().to_string()).expect("writes to a String");
    }
    list.push_str("]\n");
    fs::write(Path::new(&out).join("rules.rs"), list).expect("OUT_DIR can be written");
}
