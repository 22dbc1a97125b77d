//! A little repository as one text.

/// The files of a text in which a line `//- path` begins each of them.
pub fn files(input: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();

    for line in input.lines() {
        if let Some(path) = line.strip_prefix("//- ") {
            files.push((path.to_owned(), String::new()));
        } else if let Some((_, text)) = files.last_mut() {
            text.push_str(line);
            text.push('\n');
        } else {
            assert!(
                line.trim().is_empty(),
                "`{line}` is before the first `//- path`"
            );
        }
    }

    files
}
