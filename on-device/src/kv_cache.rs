//! The KV cache: the keys and values of the tokens read so far.

use crate::config::{Config, PAGE};
use crate::kernel::{self, Fastest};

/// The keys and values of the tokens read so far, in 16 bits with a scale for each head's vector.
///
/// It grows by pages as needed and never moves existing data.
#[derive(Debug)]
pub struct KvCache {
    layers: usize,
    heads: usize,
    /// Length of a head's vector, in groups of eight.
    eights: usize,
    len: usize,
    pages: Vec<Page>,
}

/// [`PAGE`] positions for each head of each layer.
#[derive(Clone, Debug)]
struct Page {
    keys: Vec<[i16; 8]>,
    key_scales: Vec<f32>,
    values: Vec<[i16; 8]>,
    value_scales: Vec<f32>,
}

/// One head's keys and values in a page.
#[derive(Clone, Copy)]
pub(crate) struct Positions<'a> {
    pub keys: &'a [[i16; 8]],
    pub key_scales: &'a [f32],
    pub values: &'a [[i16; 8]],
    pub value_scales: &'a [f32],
}

impl KvCache {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            layers: config.block_count,
            heads: config.head_count_kv,
            eights: config.key_length / 8,
            len: 0,
            pages: Vec::new(),
        }
    }

    /// Number of tokens read.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether no token was read.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Drops all but the first `len` tokens.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        self.pages.truncate(self.len.div_ceil(PAGE));
    }

    /// Copies the first `len` tokens, or all if there are fewer.
    #[must_use]
    pub fn beginning(&self, len: usize) -> Self {
        let len = self.len.min(len);
        Self {
            len,
            pages: self.pages[..len.div_ceil(PAGE)].to_vec(),
            ..*self
        }
    }

    /// Size of the cache, in bytes.
    pub fn bytes(&self) -> usize {
        let vectors = self.layers * self.heads * PAGE;
        self.pages.len() * 2 * vectors * (self.eights * size_of::<[i16; 8]>() + size_of::<f32>())
    }

    /// Allocates room for `more` positions; [`Self::extend`] makes them count.
    pub(crate) fn reserve(&mut self, more: usize) {
        let vectors = self.layers * self.heads * PAGE;
        while self.pages.len() * PAGE < self.len + more {
            self.pages.push(Page {
                keys: vec![[0; 8]; vectors * self.eights],
                key_scales: vec![0.0; vectors],
                values: vec![[0; 8]; vectors * self.eights],
                value_scales: vec![0.0; vectors],
            });
        }
    }

    /// Counts `more` positions that have been written.
    pub(crate) fn extend(&mut self, more: usize) {
        self.len += more;
    }

    /// Writes one head's key and value at a position.
    pub(crate) fn write(
        &mut self,
        layer: usize,
        position: usize,
        head: usize,
        key: &[f32],
        value: &[f32],
    ) {
        let place = (layer * self.heads + head) * PAGE + position % PAGE;
        let page = &mut self.pages[position / PAGE];
        let own = place * self.eights..(place + 1) * self.eights;
        let max = kernel::MAX_OF_HEAD;
        page.key_scales[place] = kernel::pack::<Fastest>(key, max, &mut page.keys[own]);
        // The values of two positions are interleaved, so that one vector multiplies both.
        let mut packed = [[0; 8]; kernel::MAX_LENGTH / 8];
        let packed = &mut packed[..self.eights];
        page.value_scales[place] = kernel::pack::<Fastest>(value, max, packed);
        let length = self.eights * 8;
        let pair = (place - place % 2) * length + place % 2;
        let values = &mut page.values.as_flattened_mut()[pair..];
        for (value, packed) in values.iter_mut().step_by(2).zip(packed.as_flattened()) {
            *value = *packed;
        }
    }

    /// Iterates over one head's pages; the last may be partly filled.
    pub(crate) fn positions(
        &self,
        layer: usize,
        head: usize,
    ) -> impl Iterator<Item = Positions<'_>> {
        let first = (layer * self.heads + head) * PAGE;
        let scales = first..first + PAGE;
        let eights = first * self.eights..(first + PAGE) * self.eights;
        self.pages.iter().map(move |page| Positions {
            keys: &page.keys[eights.clone()],
            key_scales: &page.key_scales[scales.clone()],
            values: &page.values[eights.clone()],
            value_scales: &page.value_scales[scales.clone()],
        })
    }
}
