//! Looking for many words at once, in any case. Where an automaton of so many would be larger than any cache, a table of
//! the words' first bytes says of nearly every place at once that no word begins there.

/// How many bytes of a word are looked up; shorter words cannot be looked for.
pub const HEAD: usize = 4;

/// How many values [`slot`] has.
const SLOTS: usize = 1 << 16;

/// Words, each with what it stands for.
#[derive(Debug, Default)]
pub struct Words<T> {
    /// One bit for each value of [`slot`].
    heads: Vec<u64>,
    /// Where the words of each slot begin in `words`; one more at the end.
    starts: Vec<u32>,
    /// In lower case.
    words: Vec<(String, T)>,
}

const fn slot(head: [u8; HEAD]) -> usize {
    // Sets the bit that letters differ by in case. Other signs may fall together: the words themselves are compared.
    let folded = u32::from_le_bytes(head) | 0x2020_2020;
    (folded.wrapping_mul(0x9E37_79B1) >> 16) as usize
}

impl<T: Copy> Words<T> {
    /// Words of fewer than [`HEAD`] bytes are left out.
    pub fn new<S: AsRef<str>>(words: impl IntoIterator<Item = (S, T)>) -> Self {
        let slot_of = |(word, _): &(String, T)| word.as_bytes().first_chunk().map(|head| slot(*head));
        let mut words: Vec<(String, T)> =
            words.into_iter().map(|(word, meaning)| (word.as_ref().to_ascii_lowercase(), meaning)).collect();
        words.retain(|(word, _)| word.len() >= HEAD);
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

    /// Tells of every word that stands in the text, parts of other words included: where it begins, and what it stands for.
    pub fn each(&self, text: &str, mut found: impl FnMut(usize, T)) {
        if self.words.is_empty() {
            return;
        }
        let bytes = text.as_bytes();
        for (at, window) in bytes.windows(HEAD).enumerate() {
            let Some(head) = window.first_chunk() else { continue };
            let slot = slot(*head);
            if self.heads[slot / 64] >> (slot % 64) & 1 == 0 {
                continue;
            }
            let (from, to) = (self.starts[slot] as usize, self.starts[slot + 1] as usize);
            for (word, meaning) in &self.words[from..to] {
                let word = word.as_bytes();
                let Some(here) = bytes.get(at..at + word.len()) else { continue };
                // Many words begin alike, and few end so.
                let ends = here.last().map(u8::to_ascii_lowercase) == word.last().copied();
                if ends && here.eq_ignore_ascii_case(word) {
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
        let words = Words::new([("db_url", 1), ("DB_U", 2), ("xyz", 3), ("Déjà", 4)]);
        let found = |text: &str| {
            let mut all = Vec::new();
            words.each(text, |at, meaning| all.push((at, meaning)));
            all
        };
        assert_eq!(found("MY_Db_Url=xyz"), [(3, 1), (3, 2)]);
        assert_eq!(found("un déjà-vu DB\u{7f}URL"), [(3, 4)]);
        assert_eq!(found("db_"), []);
        assert_eq!(Words::<u8>::default().words.len(), 0);
    }
}
