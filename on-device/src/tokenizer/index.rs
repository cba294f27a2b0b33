//! A hash table that stores only numbers and compares the keys that they stand for through a callback.

use crate::Error;

const FREE: u32 = u32::MAX;

/// Maximum length of a search. Half of the slots are free, so it normally ends after a few steps; a malicious
/// file that needs more is refused.
const MAX_STEPS: usize = 4096;

/// Numbers, each in the first free slot from its hash on (open addressing, linear probing: Knuth, The Art of
/// Computer Programming, volume 3, section 6.4, algorithm L).
#[derive(Debug)]
pub struct Index {
    slots: Vec<u32>,
}

impl Index {
    /// Creates a table with room for `len` numbers.
    pub fn new(len: usize) -> Self {
        Self {
            slots: vec![FREE; (len * 2).next_power_of_two().max(2)],
        }
    }

    /// The number with `hash` for which `same` is true.
    pub fn find(&self, hash: u64, same: impl Fn(u32) -> bool) -> Option<u32> {
        let slot = self.slot(hash, same)?;
        Some(self.slots[slot]).filter(|&number| number != FREE)
    }

    /// Stores `number` under `hash`, replacing the number for which `same` is true, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] if thousands of hashes collide.
    pub fn insert(
        &mut self,
        hash: u64,
        number: u32,
        same: impl Fn(u32) -> bool,
    ) -> Result<(), Error> {
        let slot = self
            .slot(hash, same)
            .ok_or_else(|| Error::Damaged("too many tokens are alike".into()))?;
        self.slots[slot] = number;
        Ok(())
    }

    /// The slot of the number with `hash` for which `same` is true, or the free slot where it belongs.
    fn slot(&self, hash: u64, same: impl Fn(u32) -> bool) -> Option<usize> {
        let mask = self.slots.len() - 1;
        // The upper half is mixed better.
        let first = (hash >> 32) as usize;
        (0..MAX_STEPS.min(self.slots.len()))
            .map(|step| (first + step) & mask)
            .find(|&slot| self.slots[slot] == FREE || same(self.slots[slot]))
    }
}

/// Hashes some bytes.
///
/// Source: FNV-1a of Fowler, Noll and Vo, with 64 bits (RFC 9923), and [`mixed`].
pub fn hash(bytes: &[u8]) -> u64 {
    mixed(bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}

/// Hashes an ordered pair of numbers.
pub fn hash_pair(left: u32, right: u32) -> u64 {
    mixed(u64::from(left) << 32 | u64::from(right))
}

/// Spreads each bit over the whole upper half.
///
/// Source: Fibonacci hashing (Knuth, volume 3, section 6.4), twice, with the halves folded between.
fn mixed(hash: u64) -> u64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let hash = hash.wrapping_mul(GOLDEN);
    (hash ^ hash >> 32).wrapping_mul(GOLDEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_again() {
        let mut index = Index::new(1000);
        for number in 0..1000_u32 {
            index
                .insert(hash(&number.to_le_bytes()), number, |other| other == number)
                .unwrap();
        }
        for number in 0..2000_u32 {
            let found = index.find(hash(&number.to_le_bytes()), |other| other == number);
            assert_eq!(found, (number < 1000).then_some(number));
        }
    }

    #[test]
    fn the_last_of_two_that_are_the_same_stays() {
        let mut index = Index::new(2);
        index.insert(7, 0, |_| true).unwrap();
        index.insert(7, 1, |_| true).unwrap();
        assert_eq!(index.find(7, |_| true), Some(1));
    }

    #[test]
    fn a_table_that_is_all_alike_is_refused() {
        let mut index = Index::new(10_000);
        let result =
            (0..10_000).try_for_each(|number| index.insert(7, number, |other| other == number));
        assert_eq!(
            result,
            Err(Error::Damaged("too many tokens are alike".into()))
        );
    }
}
