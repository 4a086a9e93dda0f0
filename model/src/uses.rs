//! What a user did on a local day: how often each activity in each minute.

/// How often an activity was done in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The activity's number, above 0.
    pub activity: i64,
    /// The minute, counted from local midnight.
    pub minute: u16,
    /// How often, at least once.
    pub count: i64,
}

/// All uses of a user on a local day, which merge by adding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayUses {
    /// Ascending by activity and minute, each pair once.
    uses: Vec<Use>,
}

impl DayUses {
    /// Each use, ascending by activity and minute.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Use> + '_ {
        self.uses.iter().copied()
    }

    /// The uses of each activity, ascending by minute.
    pub fn by_activity(&self) -> impl Iterator<Item = &[Use]> {
        self.uses.chunk_by(|one, next| one.activity == next.activity)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.uses.is_empty()
    }

    /// Whether the activity was done at all.
    pub fn has(&self, activity: i64) -> bool {
        self.uses.binary_search_by_key(&activity, |of| of.activity).is_ok()
    }

    /// Adds every use of another day to this one.
    pub fn merge(&mut self, other: Self) {
        self.uses.extend(other.uses);
        self.settle();
    }

    /// Brings the uses into their order, and each pair to one.
    fn settle(&mut self) {
        // Two ascending runs, as a merge has them, are merged and not sorted by the stable sort.
        self.uses.sort_by_key(|of| (of.activity, of.minute));
        self.uses.dedup_by(|next, kept| {
            let same = (next.activity, next.minute) == (kept.activity, kept.minute);
            if same {
                kept.count += next.count;
            }
            same
        });
    }

    /// The stored form, one for each value: for each activity the distance to the number before and how many minutes
    /// follow; for each minute twice the distance to the one before, plus 1 where a count other than 1 follows. All are
    /// LEB128, so most uses take a byte.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut stored = Vec::with_capacity(self.uses.len() * 2);
        let mut activity_before = 0;
        for uses in self.by_activity() {
            push_leb128(&mut stored, uses[0].activity.abs_diff(activity_before));
            push_leb128(&mut stored, uses.len() as u64);
            activity_before = uses[0].activity;
            let mut minute_before = 0;
            for of in uses {
                let distance = u64::from(of.minute - minute_before);
                push_leb128(&mut stored, distance << 1 | u64::from(of.count != 1));
                if of.count != 1 {
                    push_leb128(&mut stored, of.count.unsigned_abs());
                }
                minute_before = of.minute;
            }
        }
        stored
    }

    /// Reads the stored form; stops at the first byte that makes no sense.
    pub fn from_bytes(stored: &[u8]) -> Self {
        let mut uses = Vec::with_capacity(stored.len());
        let mut rest = stored;
        let mut activity = 0i64;
        while let (Some(distance), Some(minutes)) = (read_leb128(&mut rest), read_leb128(&mut rest)) {
            activity = activity.saturating_add_unsigned(distance);
            let mut minute = 0u16;
            for _ in 0..minutes {
                let Some(marked) = read_leb128(&mut rest) else { break };
                let count = if marked & 1 == 0 { Some(1) } else { read_leb128(&mut rest) };
                let Some(count) = count else { break };
                minute = minute.saturating_add(u16::try_from(marked >> 1).unwrap_or(u16::MAX));
                uses.push(Use { activity, minute, count: i64::try_from(count).unwrap_or(i64::MAX) });
            }
        }
        Self { uses }
    }
}

impl FromIterator<Use> for DayUses {
    fn from_iter<I: IntoIterator<Item = Use>>(uses: I) -> Self {
        let mut day = Self { uses: uses.into_iter().collect() };
        day.settle();
        day
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
    use std::collections::BTreeMap;

    fn uses() -> impl Strategy<Value = Vec<Use>> {
        let of_few = (1i64..6, 0u16..1502, prop_oneof![Just(1i64), 1i64..10_000_000_000]);
        let of_many = (1i64..=i64::MAX, 0u16..1502, 1i64..10_000_000_000);
        prop::collection::vec(prop_oneof![of_few, of_many], 0..60).prop_map(|uses| {
            uses.into_iter().map(|(activity, minute, count)| Use { activity, minute, count }).collect()
        })
    }

    fn summed(uses: &[Use]) -> Vec<Use> {
        let mut counts: BTreeMap<(i64, u16), i64> = BTreeMap::new();
        uses.iter().for_each(|of| *counts.entry((of.activity, of.minute)).or_default() += of.count);
        counts.into_iter().map(|((activity, minute), count)| Use { activity, minute, count }).collect()
    }

    proptest! {
        #[test]
        fn uses_add_up_in_any_order_and_the_stored_form_gives_them_back(uses in uses(), at in any::<prop::sample::Index>()) {
            let (some, others) = uses.split_at(at.index(uses.len() + 1));
            let mut day: DayUses = some.iter().copied().collect();
            day.merge(DayUses::from_bytes(&others.iter().copied().collect::<DayUses>().to_bytes()));
            prop_assert_eq!(day.iter().collect::<Vec<_>>(), summed(&uses));
            prop_assert_eq!(&DayUses::from_bytes(&day.to_bytes()), &day);
        }

        #[test]
        fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            DayUses::from_bytes(&bytes);
        }
    }

    #[test]
    fn uses_are_found_by_activity() {
        let of = |activity, minute| Use { activity, minute, count: 1 };
        let day: DayUses = [of(7, 3), of(2, 9), of(7, 1), of(7, 1)].into_iter().collect();
        let counts: Vec<Vec<i64>> = day.by_activity().map(|uses| uses.iter().map(|of| of.count).collect()).collect();
        assert_eq!(counts, [vec![1], vec![2, 1]]);
        assert!(day.has(2) && day.has(7) && !day.has(3));
    }

    #[test]
    fn most_uses_take_a_byte() {
        let day: DayUses = (540..560).map(|minute| Use { activity: 12, minute, count: 1 }).collect();
        assert_eq!(day.to_bytes().len(), 2 + 2 + 19);
    }
}
