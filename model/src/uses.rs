//! How often something was used in each minute of a local day: what an opened stream entry lists.

use std::collections::BTreeMap;

/// Counts by minute since local midnight. They merge by adding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MinuteCounts {
    counts: BTreeMap<u16, i64>,
}

impl MinuteCounts {
    /// Adds `count` uses in a minute.
    pub fn add(&mut self, minute: u16, count: i64) {
        *self.counts.entry(minute).or_default() += count;
    }

    /// Adds every count of another.
    pub fn merge(&mut self, other: &Self) {
        for (&minute, &count) in &other.counts {
            self.add(minute, count);
        }
    }

    /// Minutes with their counts, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = (u16, i64)> + '_ {
        self.counts.iter().rev().map(|(&minute, &count)| (minute, count))
    }

    /// The stored form, one for each value: ascending minutes, each as the distance to the one before and its
    /// count, both LEB128.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut stored = Vec::with_capacity(self.counts.len() * 3);
        let mut previous = 0;
        for (&minute, &count) in &self.counts {
            push_leb128(&mut stored, u64::from(minute - previous));
            push_leb128(&mut stored, count.unsigned_abs());
            previous = minute;
        }
        stored
    }

    /// Reads the stored form; stops at the first byte that makes no sense.
    pub fn from_bytes(stored: &[u8]) -> Self {
        let mut counts = BTreeMap::new();
        let mut rest = stored;
        let mut minute = 0u16;
        while let (Some(distance), Some(count)) = (read_leb128(&mut rest), read_leb128(&mut rest)) {
            minute = minute.saturating_add(u16::try_from(distance).unwrap_or(u16::MAX));
            counts.insert(minute, i64::try_from(count).unwrap_or(i64::MAX));
        }
        Self { counts }
    }
}

fn push_leb128(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn read_leb128(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_stored_form_gives_the_counts_back(counts in prop::collection::btree_map(0u16..1502, 1i64..10_000_000_000, 0..40)) {
            let mut minutes = MinuteCounts::default();
            counts.iter().for_each(|(&minute, &count)| minutes.add(minute, count));
            prop_assert_eq!(&MinuteCounts::from_bytes(&minutes.to_bytes()), &minutes);
            prop_assert_eq!(minutes.newest_first().collect::<Vec<_>>(), counts.into_iter().rev().collect::<Vec<_>>());
        }
    }

    #[test]
    fn merging_adds() {
        let mut minutes = MinuteCounts::default();
        minutes.add(3, 1);
        let mut more = MinuteCounts::default();
        more.add(3, 2);
        more.add(9, 1);
        minutes.merge(&more);
        assert_eq!(minutes.newest_first().collect::<Vec<_>>(), [(9, 1), (3, 3)]);
    }
}
