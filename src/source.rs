//! Source text, byte spans and the line index.
//!
//! All later modules use byte offsets (`u32`, half open). Lines and columns are computed here, for
//! `report` and for suppressions only.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Index of a file in the run's list of sources. Files are sorted by path, so ids compare as paths
/// do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A half-open range of bytes, `start..end`, in one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// From byte offsets as the standard library counts them. Sources are capped far below 4 GiB
    /// (see `walk`).
    pub fn of(start: usize, end: usize) -> Self {
        Self {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            end: u32::try_from(end).unwrap_or(u32::MAX),
        }
    }

    pub const fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The text of this span; empty where the span does not lie in `text`.
    pub fn text(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or("")
    }

    pub const fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The smallest span that holds both.
    pub fn cover(self, other: Span) -> Span {
        Span {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The same span moved right by `by` bytes.
    pub const fn shift(self, by: u32) -> Span {
        Span {
            start: self.start + by,
            end: self.end + by,
        }
    }
}

/// A value and its span, in a file that the context names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Spanned<T> {
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// The same value with its file.
    pub fn at(self, file: FileId) -> Located<T> {
        Located {
            value: self.value,
            location: Location {
                file,
                span: self.span,
            },
        }
    }
}

/// A span in a file. Facts carry locations, because merged facts come from several files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    pub file: FileId,
    pub span: Span,
}

impl Location {
    pub const fn new(file: FileId, span: Span) -> Self {
        Self { file, span }
    }
}

/// A value and its location in the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Located<T> {
    pub value: T,
    pub location: Location,
}

impl<T> Located<T> {
    pub const fn new(value: T, location: Location) -> Self {
        Self { value, location }
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Located<U> {
        Located {
            value: f(self.value),
            location: self.location,
        }
    }

    pub const fn as_ref(&self) -> Located<&T> {
        Located {
            value: &self.value,
            location: self.location,
        }
    }
}

/// The source offset of each byte of a decoded or normalized text (a block scalar's value, a RUN
/// body without its continuations): a sorted list of runs that are equal in both. Copies and parts
/// share the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OffsetMap {
    runs: Runs,
    /// The number of bytes that [`OffsetMap::skip`] removed from the start of the text.
    skipped: u32,
}

/// `(offset in the text, offset in the source)` at which each run begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Runs {
    #[default]
    None,
    /// Most texts are equal to their source.
    One((u32, u32)),
    Many(Arc<Vec<(u32, u32)>>),
}

impl OffsetMap {
    /// The map of a text that is equal to its source from byte `start` on.
    pub fn verbatim(start: u32) -> Self {
        Self {
            runs: Runs::One((0, start)),
            skipped: 0,
        }
    }

    fn runs(&self) -> &[(u32, u32)] {
        match &self.runs {
            Runs::None => &[],
            Runs::One(run) => std::slice::from_ref(run),
            Runs::Many(runs) => runs,
        }
    }

    /// Adds a run. Runs are added in the order of the text; an empty run is replaced by the next.
    pub fn push(&mut self, local: u32, source: u32) {
        let local = local + self.skipped;
        if let Some(&last) = self.runs().last()
            && last.0 != local
            && source.wrapping_sub(last.1) == local.wrapping_sub(last.0)
        {
            return;
        }

        let run = (local, source);

        match &mut self.runs {
            Runs::None => self.runs = Runs::One(run),
            Runs::One(last) if last.0 == local => *last = run,
            Runs::One(last) => self.runs = Runs::Many(Arc::new(vec![*last, run])),
            Runs::Many(runs) => {
                let runs = Arc::make_mut(runs);

                match runs.last_mut() {
                    Some(last) if last.0 == local => *last = run,
                    _ => runs.push(run),
                }
            }
        }
    }

    /// Adds the runs of another map, whose text follows from byte `local` on.
    pub fn append(&mut self, local: u32, other: &Self) {
        self.push(local, other.offset(0));

        for run in other.runs().iter().filter(|run| run.0 > other.skipped) {
            self.push(local + run.0 - other.skipped, run.1);
        }
    }

    /// The source offset of a byte of the text. Offsets past the end continue the last run.
    pub fn offset(&self, local: u32) -> u32 {
        let local = local + self.skipped;
        let runs = self.runs();
        let next = runs.partition_point(|run| run.0 <= local);
        let (begin, source) = runs.get(next.saturating_sub(1)).copied().unwrap_or((0, 0));

        source + local.saturating_sub(begin)
    }

    /// The map of the text without its first `count` bytes.
    #[must_use]
    pub fn skip(&self, count: u32) -> Self {
        Self {
            runs: self.runs.clone(),
            skipped: self.skipped + count,
        }
    }

    /// The source span of a span of the text: from its first byte to just after its last one.
    pub fn span(&self, local: Span) -> Span {
        let start = self.offset(local.start);
        if local.is_empty() {
            return Span::new(start, start);
        }
        Span::new(start, self.offset(local.end - 1) + 1)
    }
}

/// One file of the repository, decoded to UTF-8 without its byte order mark.
#[derive(Debug)]
pub struct SourceFile {
    pub id: FileId,
    /// Path from the repository root, `/` between parts, without a leading `./`.
    pub path: String,
    pub text: String,
    lines: OnceLock<Box<LineIndex>>,
}

impl SourceFile {
    pub fn new(id: FileId, path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            id,
            path: path.into(),
            text: text.into(),
            lines: OnceLock::new(),
        }
    }

    pub fn lines(&self) -> &LineIndex {
        self.lines
            .get_or_init(|| Box::new(LineIndex::new(&self.text)))
    }

    /// The file's name without its folders.
    pub fn name(&self) -> &str {
        file_name(&self.path)
    }

    /// The folder that holds the file, without a trailing `/`; empty at the root.
    pub fn folder(&self) -> &str {
        parent(&self.path)
    }

    pub fn location(&self, span: Span) -> Location {
        Location {
            file: self.id,
            span,
        }
    }
}

/// Every file of a repository, sorted by path. Files that no check reads have an empty text.
#[derive(Clone, Copy, Debug)]
pub struct Repository<'s> {
    files: &'s [SourceFile],
    /// Links to folders, each with the real path of its folder. Sorted.
    links: &'s [(String, String)],
}

impl<'s> Repository<'s> {
    /// `files` are sorted by path, and the id of each is its index.
    pub const fn new(files: &'s [SourceFile]) -> Self {
        Self { files, links: &[] }
    }

    /// A repository with links to folders, each with the real path of its folder; sorted. A file is
    /// found by the path of a link too, and keeps its real path.
    pub const fn linked(files: &'s [SourceFile], links: &'s [(String, String)]) -> Self {
        Self { files, links }
    }

    /// The path with a link in it replaced by the folder that it leads to.
    fn real_path<'p>(self, path: &'p str) -> Cow<'p, str> {
        // Links are few; nearly every repository has none.
        for (link, folder) in self.links {
            let Some(rest) = path.strip_prefix(link.as_str()) else {
                continue;
            };

            if rest.is_empty() || rest.starts_with('/') {
                return Cow::Owned(format!("{folder}{rest}").trim_start_matches('/').to_owned());
            }
        }

        Cow::Borrowed(path)
    }

    pub const fn files(self) -> &'s [SourceFile] {
        self.files
    }

    pub fn file(self, id: FileId) -> &'s SourceFile {
        &self.files[id.0 as usize]
    }

    /// The file at a repository path.
    pub fn find(self, path: &str) -> Option<&'s SourceFile> {
        let path = self.real_path(path);
        self.files
            .binary_search_by(|file| file.path.as_str().cmp(&path))
            .ok()
            .map(|index| &self.files[index])
    }

    /// The files in a folder and below it; all of them for the root, `""`.
    pub fn below(self, folder: &str) -> &'s [SourceFile] {
        if folder.is_empty() {
            return self.files;
        }

        let folder = self.real_path(folder);
        if folder.is_empty() {
            return self.files;
        }

        // `/` sorts before every letter and digit but after `-` and `.`, so the bounds carry it.
        let first = format!("{folder}/");
        let start = self
            .files
            .partition_point(|file| file.path.as_str() < first.as_str());
        let len = self.files[start..].partition_point(|file| file.path.starts_with(&first));
        &self.files[start..start + len]
    }

    pub fn has_folder(self, folder: &str) -> bool {
        !self.below(folder).is_empty()
    }

    /// The files of a folder itself. Files below its folders are skipped folder by folder, without
    /// a look at each.
    pub fn inside(self, folder: &str) -> impl Iterator<Item = &'s SourceFile> {
        let folder = self.real_path(folder);
        let mut rest = self.below(&folder);
        let prefix = if folder.is_empty() {
            0
        } else {
            folder.len() + 1
        };

        std::iter::from_fn(move || {
            loop {
                let (first, others) = rest.split_first()?;

                match first.path[prefix..].find('/') {
                    None => {
                        rest = others;
                        return Some(first);
                    }
                    Some(slash) => {
                        let subfolder = &first.path[..=prefix + slash];
                        let next = rest.partition_point(|file| file.path.starts_with(subfolder));
                        rest = &rest[next..];
                    }
                }
            }
        })
    }
}

/// The part of a text between two computed byte offsets. An end beyond the text is the text's end,
/// an offset inside a character moves to its start, and a start after the end gives the empty
/// string. Offsets that come from `find` do not need this function.
pub fn slice(text: &str, range: Range<usize>) -> &str {
    let end = floor_boundary(text, range.end);
    let start = floor_boundary(text, range.start);

    text.get(start..end).unwrap_or("")
}

/// The beginning of a text, of at most `max_bytes` bytes and without a part of a character.
pub fn clip(text: &str, max_bytes: usize) -> &str {
    slice(text, 0..max_bytes)
}

/// The last boundary between characters at or before an offset.
fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut boundary = offset.min(text.len());
    while !text.is_char_boundary(boundary) {
        boundary -= 1;
    }

    boundary
}

/// The part of a `/`-separated path after its last `/`.
pub fn file_name(path: &str) -> &str {
    memchr::memrchr(b'/', path.as_bytes()).map_or(path, |slash| &path[slash + 1..])
}

/// The part of a `/`-separated path before its last `/`; empty when there is none.
pub fn parent(path: &str) -> &str {
    memchr::memrchr(b'/', path.as_bytes()).map_or("", |slash| &path[..slash])
}

/// Joins a repository folder and a relative path, resolving `.` and `..`. `None` when the result
/// leaves the repository or the path is absolute.
pub fn join(folder: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') || relative.starts_with('~') {
        return None;
    }

    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();

    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }

    Some(parts.join("/"))
}

/// The start of each line of a text. A line ends with `\n`, `\r\n` or a lone `\r`.
#[derive(Debug, Default)]
pub struct LineIndex {
    starts: Vec<u32>,
    /// The number of characters before each chunk of the text. Computed for the first position far
    /// inside a line: a file may be one line of megabytes with thousands of findings.
    checkpoints: OnceLock<Vec<u32>>,
}

/// The size of a chunk in bytes.
const CHECKPOINT: usize = 512;

const fn is_char_start(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

impl LineIndex {
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];

        for end in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n') {
                continue;
            }

            starts.push(end as u32 + 1);
        }

        Self {
            starts,
            checkpoints: OnceLock::new(),
        }
    }

    /// The number of lines, counting an empty one after a final line end.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The zero-based line that contains the byte at `offset`.
    pub fn line(&self, offset: u32) -> usize {
        match self.starts.binary_search(&offset) {
            Ok(line) => line,
            Err(next) => next - 1,
        }
    }

    /// The byte offset at which the zero-based `line` begins; that of the last line when there is
    /// no such line.
    pub fn start(&self, line: usize) -> u32 {
        self.starts
            .get(line)
            .or(self.starts.last())
            .copied()
            .unwrap_or(0)
    }

    /// The span of a zero-based line without its line end.
    pub fn span(&self, line: usize, text: &str) -> Span {
        let start = self.start(line) as usize;
        let end = self
            .starts
            .get(line + 1)
            .map_or(text.len(), |&next| next as usize);
        let body = text
            .get(start..end)
            .unwrap_or("")
            .trim_end_matches(['\n', '\r']);
        Span::of(start, start + body.len())
    }

    /// One-based line and column of a byte offset. Columns count Unicode scalar values, as SARIF's
    /// `unicodeCodePoints` does.
    pub fn position(&self, offset: u32, text: &str) -> Position {
        let line = self.line(offset);
        let start = self.start(line) as usize;
        let end = (offset as usize).min(text.len());
        let before = if end - start.min(end) < CHECKPOINT {
            text.get(start..end)
                .map_or(0, |before| before.chars().count())
        } else {
            text.get(start..end).map_or(0, |_| {
                self.chars_before(end, text) - self.chars_before(start, text)
            })
        };

        Position {
            line: line as u32 + 1,
            column: before as u32 + 1,
        }
    }

    /// The number of characters before the character that begins at `offset`.
    fn chars_before(&self, offset: usize, text: &str) -> usize {
        let checkpoints = self
            .checkpoints
            .get_or_init(|| checkpoints(text.as_bytes()));
        let chunk = (offset / CHECKPOINT).min(checkpoints.len().saturating_sub(1));
        let rest = text
            .as_bytes()
            .get(chunk * CHECKPOINT..offset)
            .unwrap_or(&[]);

        checkpoints.get(chunk).map_or(0, |before| *before as usize) + count_chars(rest)
    }
}

/// The number of characters before each chunk of a text.
fn checkpoints(text: &[u8]) -> Vec<u32> {
    let mut before = 0;
    let mut checkpoints = Vec::with_capacity(text.len().div_ceil(CHECKPOINT));

    for chunk in text.chunks(CHECKPOINT) {
        checkpoints.push(before);
        before += count_chars(chunk) as u32;
    }

    checkpoints
}

fn count_chars(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| is_char_start(byte)).count()
}

/// A one-based line and column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

impl Ord for Position {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.line, self.column).cmp(&(other.line, other.column))
    }
}

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Whether `path` is `folder` or lies below it. Everything lies in the root.
pub fn is_inside(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_all_three_ways() {
        let text = "a\nbc\r\nd\re";
        let index = LineIndex::new(text);
        assert_eq!(index.count(), 4);
        assert_eq!(index.span(1, text).text(text), "bc");
        assert_eq!(index.position(6, text), Position { line: 3, column: 1 });
        assert_eq!(index.position(8, text), Position { line: 4, column: 1 });
    }

    #[test]
    fn a_slice_splits_no_character() {
        let text = "aé€b";
        let cases = [
            ((0, 2), "a"),
            ((0, 3), "aé"),
            ((2, 5), "é"),
            ((4, 99), "€b"),
            ((6, 7), "b"),
            ((5, 3), ""),
            ((99, 120), ""),
        ];
        for ((start, end), expected) in cases {
            assert_eq!(slice(text, start..end), expected, "{start}..{end}");
        }

        assert_eq!(clip(text, 5), "aé");
        assert_eq!(clip(text, 0), "");
    }

    #[test]
    fn columns_count_characters() {
        let text = "é: x";
        assert_eq!(
            LineIndex::new(text).position(4, text),
            Position { line: 1, column: 4 }
        );
    }

    #[test]
    fn columns_far_inside_a_line_count_characters_too() {
        let text = format!("x\n{}", "aé".repeat(2_000));
        let index = LineIndex::new(&text);

        for pair in [0, 1, 170, 171, 341, 342, 1_999] {
            let position = index.position(2 + 3 * pair, &text);
            assert_eq!(
                position,
                Position {
                    line: 2,
                    column: 2 * pair + 1
                }
            );
            assert_eq!(index.position(3 + 3 * pair, &text).column, 2 * pair + 2);
        }

        assert_eq!(index.position(u32::MAX, &text).column, 4_001);
    }

    #[test]
    fn an_offset_map_jumps_over_what_was_left_out() {
        let mut map = OffsetMap::verbatim(10);
        map.push(3, 20);
        map.push(5, 22);
        assert_eq!(map.span(Span::new(1, 3)), Span::new(11, 13));
        assert_eq!(map.span(Span::new(2, 6)), Span::new(12, 23));
        assert_eq!(map.span(Span::new(3, 3)), Span::new(20, 20));
    }

    fn paths_inside<'s>(repository: Repository<'s>, folder: &str) -> Vec<&'s str> {
        repository
            .inside(folder)
            .map(|file| file.path.as_str())
            .collect()
    }

    #[test]
    fn a_folder_holds_what_is_below_it() {
        let paths = ["a-b/x", "a.txt", "a/b/c", "a/d", "ab"];
        let files: Vec<SourceFile> = paths
            .iter()
            .enumerate()
            .map(|(index, path)| SourceFile::new(FileId(index as u32), *path, ""))
            .collect();
        let repository = Repository::new(&files);
        let below: Vec<&str> = repository
            .below("a")
            .iter()
            .map(|file| file.path.as_str())
            .collect();
        assert_eq!(below, ["a/b/c", "a/d"]);
        assert!(repository.has_folder("a/b") && !repository.has_folder("b"));
        assert_eq!(paths_inside(repository, ""), ["a.txt", "ab"]);
        assert_eq!(paths_inside(repository, "a"), ["a/d"]);
        assert_eq!(repository.find("ab").map(|file| file.id), Some(FileId(4)));
    }

    #[test]
    fn a_link_to_a_folder_is_the_folder() {
        let files: Vec<SourceFile> = ["a/b", "c"]
            .iter()
            .enumerate()
            .map(|(index, path)| SourceFile::new(FileId(index as u32), *path, ""))
            .collect();
        let links = [
            ("all".to_owned(), String::new()),
            ("link".to_owned(), "a".to_owned()),
        ];
        let repository = Repository::linked(&files, &links);
        assert_eq!(
            repository.find("link/b").map(|file| file.id),
            Some(FileId(0))
        );
        assert_eq!(
            repository.find("all/c").map(|file| file.id),
            Some(FileId(1))
        );
        assert!(repository.has_folder("link") && !repository.has_folder("links"));
        assert_eq!(paths_inside(repository, "link"), ["a/b"]);
        assert_eq!(paths_inside(repository, "all"), ["c"]);
    }

    #[test]
    fn joins_inside_the_repository_only() {
        assert_eq!(join("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(join("", "x").as_deref(), Some("x"));
        assert_eq!(join("a", "../..//x"), None);
        assert_eq!(join("a", "/x"), None);
    }
}
