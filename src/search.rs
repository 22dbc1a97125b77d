//! Looking for many words at once, in any case. Where an automaton of so many would be larger than
//! any cache, a table of pieces of the words says of nearly every place at once that no word stands
//! there; and as a piece is shorter than a word, only every second or third place is looked at.

/// Shorter words cannot be looked for.
pub const SHORTEST: usize = 4;

/// How many first bytes of a longer word are looked up: names begin alike more often than not.
const LONG: usize = 8;

/// How many values [`slot`] has.
const SLOTS: usize = 1 << 16;

/// The bit that letters differ by in case. Other signs may fall together with it: the words
/// themselves are compared.
const LOWER: u64 = 0x2020_2020_2020_2020;

/// How many slots share a list of words.
const SHARED: usize = 16;

/// Words, each with what it stands for.
#[derive(Debug)]
pub struct Words<T> {
    short: Table<T, SHORTEST, 2>,
    long: Table<T, LONG, 3>,
}

/// Words that are looked up by their first `N` bytes, their heads. Wherever a word stands, one of
/// its first `STEP` places is a multiple of `STEP`: the piece that begins there lies within the
/// head.
#[derive(Debug)]
pub struct Table<T, const N: usize, const STEP: usize> {
    pieces: Slots,
    heads: Slots,
    /// Where the words of each list begin in `words`; one more at the end.
    starts: Vec<u32>,
    words: Vec<Word<T>>,
}

#[derive(Debug)]
struct Word<T> {
    /// In lower case.
    text: String,
    /// Its first bytes, as [`eight`] gives them.
    first: u64,
    meaning: T,
}

/// One bit for each value of [`slot`].
#[derive(Debug)]
struct Slots(Box<[u64; SLOTS / 64]>);

impl Slots {
    const fn contains(&self, slot: usize) -> bool {
        self.0[slot / 64] >> (slot % 64) & 1 == 1
    }

    const fn insert(&mut self, slot: usize) {
        self.0[slot / 64] |= 1 << (slot % 64);
    }
}

/// The first bytes of a text, zeros where it is shorter, and the letters among them without their
/// case.
fn eight(text: &[u8]) -> u64 {
    match text.first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes) | LOWER,
        None => fewer(text),
    }
}

/// As [`eight`], at the end of a text.
#[cold]
fn fewer(text: &[u8]) -> u64 {
    let mut bytes = [0; LONG];
    bytes[..text.len()].copy_from_slice(text);
    u64::from_le_bytes(bytes) | LOWER
}

/// The slot of the first `length` of eight bytes.
const fn slot(eight: u64, length: usize) -> usize {
    (cut(eight, length).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as usize
}

/// The first `length` of eight bytes, and no others.
const fn cut(eight: u64, length: usize) -> u64 {
    eight << (8 * (LONG - length))
}

impl<T: Copy> Words<T> {
    /// Words of fewer than [`SHORTEST`] bytes are left out.
    pub fn new<S: AsRef<str>>(words: impl IntoIterator<Item = (S, T)>) -> Self {
        let (long, short): (Vec<_>, Vec<_>) = words
            .into_iter()
            .partition(|(word, _)| word.as_ref().len() >= LONG);
        Self {
            short: Table::new(short),
            long: Table::new(long),
        }
    }

    /// Tells of every word that stands in the text, parts of other words included: where it begins,
    /// and what it stands for. In no order.
    pub fn each(&self, text: &str, mut found: impl FnMut(usize, T)) {
        self.short.each(text, &mut found);
        self.long.each(text, &mut found);
    }
}

impl<T: Copy, const N: usize, const STEP: usize> Table<T, N, STEP> {
    /// How long a piece is.
    const PIECE: usize = N - STEP + 1;
    /// How many pieces are looked at in eight bytes.
    const PIECES: usize = (LONG - Self::PIECE) / STEP + 1;

    /// Words of fewer than `N` bytes are left out.
    pub fn new<S: AsRef<str>>(words: impl IntoIterator<Item = (S, T)>) -> Self {
        let words = words
            .into_iter()
            .filter(|(word, _)| word.as_ref().len() >= N);
        let mut words: Vec<Word<T>> = words
            .map(|(word, meaning)| Word::new(word.as_ref(), meaning))
            .collect();
        words.sort_by_key(|word| slot(word.first, N));
        let empty = || Slots(Box::new([0; SLOTS / 64]));
        let (mut pieces, mut heads, mut starts) = (empty(), empty(), vec![0; SLOTS / SHARED + 1]);

        for word in &words {
            let head = slot(word.first, N);
            heads.insert(head);
            starts[head / SHARED + 1] += 1;
            (0..STEP).for_each(|at| pieces.insert(slot(word.first >> (8 * at), Self::PIECE)));
        }

        for list in 0..SLOTS / SHARED {
            starts[list + 1] += starts[list];
        }

        Self {
            pieces,
            heads,
            starts,
            words,
        }
    }

    /// As [`Words::each`], place by place.
    pub fn each(&self, text: &str, mut found: impl FnMut(usize, T)) {
        if self.words.is_empty() {
            return;
        }

        let bytes = text.as_bytes();
        let mut at = 0;

        while at < bytes.len() {
            let eight = eight(&bytes[at..]);

            for piece in 0..Self::PIECES {
                if self
                    .pieces
                    .contains(slot(eight >> (8 * STEP * piece), Self::PIECE))
                {
                    self.around(bytes, at + STEP * piece, &mut found);
                }
            }

            at += Self::PIECES * STEP;
        }
    }

    /// The words whose piece at a place is one that was looked for. Kept out of the loop over all
    /// places, which hardly ever comes here.
    #[inline(never)]
    fn around(&self, bytes: &[u8], at: usize, found: &mut impl FnMut(usize, T)) {
        for start in (at + 1).saturating_sub(STEP)..=at {
            self.at(bytes, start, found);
        }
    }

    /// The words that begin at a place.
    fn at(&self, bytes: &[u8], start: usize, found: &mut impl FnMut(usize, T)) {
        let Some(text) = bytes.get(start..) else {
            return;
        };

        let first = eight(text);
        let slot = slot(first, N);
        if !self.heads.contains(slot) {
            return;
        }

        let (from, to) = (
            self.starts[slot / SHARED] as usize,
            self.starts[slot / SHARED + 1] as usize,
        );

        for word in &self.words[from..to] {
            let length = word.text.len();
            if cut(first ^ word.first, length.min(LONG)) == 0
                && text
                    .get(..length)
                    .is_some_and(|here| here.eq_ignore_ascii_case(word.text.as_bytes()))
            {
                found(start, word.meaning);
            }
        }
    }
}

impl<T> Word<T> {
    fn new(word: &str, meaning: T) -> Self {
        Self {
            text: word.to_ascii_lowercase(),
            first: eight(word.as_bytes()),
            meaning,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case_and_inside_others() {
        let words = Words::new([
            ("db_url", 1),
            ("DB_U", 2),
            ("xyz", 3),
            ("Déjà", 4),
            ("db_url_of_it", 5),
        ]);
        let found = |text: &str| {
            let mut all = Vec::new();
            words.each(text, |at, meaning| all.push((at, meaning)));
            all
        };

        assert_eq!(found("MY_Db_Url=xyz"), [(3, 1), (3, 2)]);
        assert_eq!(found("un déjà-vu DB\u{7f}URL"), [(3, 4)]);
        assert_eq!(found("the DB_URL_of_IT"), [(4, 1), (4, 2), (4, 5)]);
        assert_eq!(found("db_"), []);
        assert_eq!(found("db_url_of_i"), [(0, 1), (0, 2)]);
    }
    #[test]
    fn words_are_found_at_every_place() {
        let words = Words::new([("port", 1), ("database", 2)]);

        for before in 0..7 {
            let text = " ".repeat(before) + "DataBaseport";
            let mut all = Vec::new();
            words.each(&text, |at, meaning| all.push((at - before, meaning)));
            assert_eq!(all, [(8, 1), (0, 2)], "{before}");
        }
    }
}
