//! The minutes of a local day that hold at least one signal, and the time spent they amount to.

/// Room for the longest local day there was: St John's, 1988, with 1,501 minutes.
const WORDS: usize = 24;

/// A set of minutes of one local day, counted from local midnight.
///
/// Sets merge by OR, which is what makes time spent independent of order, retries and batching.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActiveMinutes {
    words: [u64; WORDS],
}

impl ActiveMinutes {
    /// Adds a minute; one beyond the longest day there is counts as the last.
    pub fn insert(&mut self, minute: u16) {
        let minute = usize::from(minute).min(WORDS * 64 - 1);
        self.words[minute / 64] |= 1 << (minute % 64);
    }

    /// Adds every minute of another set.
    pub fn merge(&mut self, other: &Self) {
        for (word, more) in self.words.iter_mut().zip(other.words) {
            *word |= more;
        }
    }

    /// Whether no minute is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The minutes in the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros();
                    rest &= rest - 1;
                    u16::try_from(index * 64).unwrap_or(u16::MAX) + u16::try_from(bit).unwrap_or(0)
                })
            })
        })
    }

    /// Time spent in seconds: the minutes in the set, and those between two neighbours at most `idle_gap` minutes
    /// apart.
    pub fn time_spent(&self, idle_gap: u32) -> i64 {
        let mut minutes = 0;
        let mut previous: Option<u16> = None;
        for minute in self.iter() {
            minutes += match previous.map(|earlier| i64::from(minute - earlier)) {
                Some(distance) if distance <= i64::from(idle_gap) => distance,
                _ => 1,
            };
            previous = Some(minute);
        }
        minutes * 60
    }

    /// The stored form, one for each set: a byte that says how many empty bytes come first, then the bitmap from
    /// the first to the last byte with a minute in it, lowest bit first. Nothing at all for the empty set.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let Some(first) = bytes.iter().position(|byte| *byte != 0) else { return Vec::new() };
        let last = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(first);
        let mut stored = Vec::with_capacity(last - first + 2);
        stored.push(u8::try_from(first).unwrap_or(u8::MAX));
        stored.extend_from_slice(&bytes[first..=last]);
        stored
    }

    /// Reads the stored form. Bytes beyond the longest day are left out.
    pub fn from_bytes(stored: &[u8]) -> Self {
        let mut minutes = Self::default();
        if let Some((&skipped, bytes)) = stored.split_first() {
            for (index, &byte) in bytes.iter().enumerate() {
                let position = usize::from(skipped) + index;
                if let Some(word) = minutes.words.get_mut(position / 8) {
                    *word |= u64::from(byte) << (position % 8 * 8);
                }
            }
        }
        minutes
    }
}

impl FromIterator<u16> for ActiveMinutes {
    fn from_iter<I: IntoIterator<Item = u16>>(minutes: I) -> Self {
        let mut set = Self::default();
        minutes.into_iter().for_each(|minute| set.insert(minute));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn time_spent(minutes: &[u16]) -> i64 {
        minutes.iter().copied().collect::<ActiveMinutes>().time_spent(5) / 60
    }

    #[test]
    fn one_lone_event_is_one_minute() {
        assert_eq!(time_spent(&[]), 0);
        assert_eq!(time_spent(&[700]), 1);
    }

    #[test]
    fn neighbours_at_most_the_idle_gap_apart_count_the_minutes_between() {
        assert_eq!(time_spent(&[10, 15]), 6);
        assert_eq!(time_spent(&[10, 16]), 2);
        assert_eq!(time_spent(&[0, 5, 10, 1500]), 12);
    }

    proptest! {
        #[test]
        fn time_spent_is_the_size_of_the_filled_set(minutes in prop::collection::btree_set(0u16..1502, 0..60), gap in 1u32..=30) {
            let mut filled: BTreeSet<u16> = minutes.clone();
            for pair in minutes.iter().collect::<Vec<_>>().windows(2) {
                if u32::from(pair[1] - pair[0]) <= gap {
                    filled.extend(*pair[0]..*pair[1]);
                }
            }
            let set: ActiveMinutes = minutes.into_iter().collect();
            prop_assert_eq!(set.time_spent(gap), filled.len() as i64 * 60);
        }

        #[test]
        fn the_stored_form_gives_the_set_back(minutes in prop::collection::btree_set(0u16..1536, 0..60)) {
            let set: ActiveMinutes = minutes.iter().copied().collect();
            prop_assert_eq!(&ActiveMinutes::from_bytes(&set.to_bytes()), &set);
            prop_assert_eq!(set.iter().collect::<BTreeSet<_>>(), minutes);
        }

        #[test]
        fn merging_is_union(a in prop::collection::btree_set(0u16..1536, 0..40), b in prop::collection::btree_set(0u16..1536, 0..40)) {
            let mut merged: ActiveMinutes = a.iter().copied().collect();
            merged.merge(&b.iter().copied().collect());
            prop_assert_eq!(merged.iter().collect::<BTreeSet<_>>(), &a | &b);
        }
    }
}
