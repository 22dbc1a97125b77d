//! Looking for many words at once, in any case. Where an automaton of so many would be larger than any cache, a table of
//! the words' first bytes says of nearly every place at once that no word begins there.

/// Shorter words cannot be looked for.
pub const SHORTEST: usize = 4;

/// How many first bytes of a longer word are looked up: names begin alike more often than not.
const LONG: usize = 8;

/// How many values [`slot`] has.
const SLOTS: usize = 1 << 16;

/// Words, each with what it stands for.
#[derive(Debug)]
pub struct Words<T> {
    short: Table<T, SHORTEST>,
    long: Table<T, LONG>,
}

/// Words that are looked up by their first `N` bytes.
#[derive(Debug)]
struct Table<T, const N: usize> {
    /// One bit for each value of [`slot`].
    heads: Vec<u64>,
    /// Where the words of each slot begin in `words`; one more at the end.
    starts: Vec<u32>,
    /// In lower case.
    words: Vec<(String, T)>,
}

/// The slot of at most eight bytes.
fn slot<const N: usize>(head: &[u8; N]) -> usize {
    let mut bytes = [0; LONG];
    bytes[..N].copy_from_slice(head);
    // Sets the bit that letters differ by in case. Other signs may fall together: the words themselves are compared.
    let folded = u64::from_le_bytes(bytes) | 0x2020_2020_2020_2020;
    (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as usize
}

impl<T: Copy> Words<T> {
    /// Words of fewer than [`SHORTEST`] bytes are left out.
    pub fn new<S: AsRef<str>>(words: impl IntoIterator<Item = (S, T)>) -> Self {
        let words = words.into_iter().map(|(word, meaning)| (word.as_ref().to_ascii_lowercase(), meaning));
        let (long, mut short): (Vec<_>, Vec<_>) = words.partition(|(word, _)| word.len() >= LONG);
        short.retain(|(word, _)| word.len() >= SHORTEST);
        Self { short: Table::new(short), long: Table::new(long) }
    }

    /// Tells of every word that stands in the text, parts of other words included: where it begins, and what it stands
    /// for. In no order.
    pub fn each(&self, text: &str, mut found: impl FnMut(usize, T)) {
        self.short.each(text.as_bytes(), &mut found);
        self.long.each(text.as_bytes(), &mut found);
    }
}

impl<T: Copy, const N: usize> Table<T, N> {
    fn new(mut words: Vec<(String, T)>) -> Self {
        let slot_of = |(word, _): &(String, T)| word.as_bytes().first_chunk::<N>().map(slot);
        words.sort_by_cached_key(slot_of);
        let mut heads = vec![0; SLOTS / 64];
        let mut starts = vec![0; SLOTS + 1];
        for slot in words.iter().filter_map(slot_of) {
            heads[slot / 64] |= 1 << (slot % 64);
            starts[slot + 1] += 1;
        }
        for slot in 0..SLOTS {
            starts[slot + 1] += starts[slot];
        }
        Self { heads, starts, words }
    }

    fn each(&self, bytes: &[u8], found: &mut impl FnMut(usize, T)) {
        if self.words.is_empty() {
            return;
        }
        for (at, window) in bytes.windows(N).enumerate() {
            let Some(head) = window.first_chunk::<N>() else { continue };
            let slot = slot(head);
            if self.heads[slot / 64] >> (slot % 64) & 1 == 0 {
                continue;
            }
            let (from, to) = (self.starts[slot] as usize, self.starts[slot + 1] as usize);
            for (word, meaning) in &self.words[from..to] {
                let here = bytes.get(at..at + word.len());
                if here.is_some_and(|here| here.eq_ignore_ascii_case(word.as_bytes())) {
                    found(at, *meaning);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case_and_inside_others() {
        let words = Words::new([("db_url", 1), ("DB_U", 2), ("xyz", 3), ("Déjà", 4), ("db_url_of_it", 5)]);
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
}
