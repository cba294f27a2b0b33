//! Finds numbers by what they stand for: a hash table that keeps only the numbers.

use crate::Error;

const FREE: u32 = u32::MAX;

/// Half of the places are free, so a search ends after a few. A file can be made so that it doesn't:
/// then it isn't read.
const MOST_STEPS: usize = 4096;

/// Numbers, each in the first free place after the one that its hash says (open addressing, linear
/// probing: Knuth, The Art of Computer Programming, volume 3, section 6.4, algorithm L).
#[derive(Debug)]
pub struct Index {
    places: Vec<u32>,
}

impl Index {
    /// Room for `len` numbers.
    pub fn new(len: usize) -> Self {
        Self {
            places: vec![FREE; (len * 2).next_power_of_two().max(2)],
        }
    }

    /// The number with `hash` of which `same` is true.
    pub fn find(&self, hash: u64, same: impl Fn(u32) -> bool) -> Option<u32> {
        let place = self.place(hash, same)?;
        Some(self.places[place]).filter(|&number| number != FREE)
    }

    /// Puts `number` where `hash` says, instead of the one of which `same` is true, where there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] where thousands of hashes are alike.
    pub fn insert(
        &mut self,
        hash: u64,
        number: u32,
        same: impl Fn(u32) -> bool,
    ) -> Result<(), Error> {
        let place = self
            .place(hash, same)
            .ok_or_else(|| Error::Damaged("too many tokens are alike".into()))?;
        self.places[place] = number;
        Ok(())
    }

    /// Where the number with `hash` of which `same` is true is, or is to be.
    fn place(&self, hash: u64, same: impl Fn(u32) -> bool) -> Option<usize> {
        let mask = self.places.len() - 1;
        // The upper half is the better mixed one.
        let first = (hash >> 32) as usize;
        (0..MOST_STEPS.min(self.places.len()))
            .map(|step| (first + step) & mask)
            .find(|&place| self.places[place] == FREE || same(self.places[place]))
    }
}

/// The hash of some bytes.
///
/// Source: FNV-1a of Fowler, Noll and Vo, with 64 bits (RFC 9923), and [`mixed`].
pub fn hash(bytes: &[u8]) -> u64 {
    mixed(bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}

/// The hash of two numbers in their order.
pub fn hash_pair(left: u32, right: u32) -> u64 {
    mixed(u64::from(left) << 32 | u64::from(right))
}

/// Each bit goes into all of the upper half.
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
