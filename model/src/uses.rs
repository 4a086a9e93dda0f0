//! What a user did on a local day: how often each activity in each minute, and when they were there without doing any.
//!
//! It holds what the names were that came with the events, whatever is tracked or merged now: every figure of the day can
//! be computed from it again.

/// How often an activity was done in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The activity's number, above 0; of a heartbeat, which is no use, its module's number below 0.
    pub activity: i64,
    /// The minute, counted from local midnight.
    pub minute: u16,
    /// From the beginning of that minute to the last of these uses, in milliseconds. Of a day it is known of each
    /// activity's last minute, and 0 in all before.
    pub millis: u16,
    /// How often: at least once, or 0 of a heartbeat.
    pub count: i64,
}

impl Use {
    /// Heartbeats in a minute of a module, at least one.
    pub fn heartbeat(module_no: i64, minute: u16, millis: u16) -> Self {
        Self { activity: -module_no, minute, millis, count: 0 }
    }

    /// The number of the module, of a heartbeat.
    pub fn heartbeat_of(&self) -> Option<i64> {
        (self.activity < 0).then_some(-self.activity)
    }

    /// From local midnight to the last of these uses, in milliseconds.
    pub fn millis_of_day(&self) -> i64 {
        i64::from(self.minute) * 60_000 + i64::from(self.millis)
    }

    /// How often one does it in a minute, as a rule: what need not be written down.
    fn usual_count(activity: i64) -> i64 {
        i64::from(activity > 0)
    }
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
                kept.millis = kept.millis.max(next.millis);
            }
            same
        });
        for next in 1..self.uses.len() {
            if self.uses[next - 1].activity == self.uses[next].activity {
                self.uses[next - 1].millis = 0;
            }
        }
    }

    /// The stored form, one for each value: for each activity the distance to the number before (of the first the number
    /// itself, whose sign is its lowest bit), how many minutes follow, and the milliseconds into the last of them; for
    /// each minute twice the distance to the one before, plus 1 where a count follows that is not the usual one. All are
    /// LEB128, so most uses take a byte.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut stored = Vec::with_capacity(self.uses.len() * 3);
        let mut activity_before = None;
        for uses in self.by_activity() {
            let Use { activity, millis, .. } = uses[uses.len() - 1];
            push_leb128(&mut stored, activity_before.map_or(zigzag(activity), |before| activity.abs_diff(before)));
            push_leb128(&mut stored, uses.len() as u64);
            push_leb128(&mut stored, u64::from(millis));
            activity_before = Some(activity);
            let usual = Use::usual_count(activity);
            let mut minute_before = 0;
            for of in uses {
                let distance = u64::from(of.minute - minute_before);
                push_leb128(&mut stored, distance << 1 | u64::from(of.count != usual));
                if of.count != usual {
                    push_leb128(&mut stored, of.count.unsigned_abs());
                }
                minute_before = of.minute;
            }
        }
        stored
    }

    /// Reads the stored form; stops at the first byte that makes no sense.
    pub fn from_bytes(stored: &[u8]) -> Self {
        let mut uses: Vec<Use> = Vec::with_capacity(stored.len());
        let mut rest = stored;
        let mut activity_before: Option<i64> = None;
        while let (Some(number), Some(minutes), Some(millis)) =
            (read_leb128(&mut rest), read_leb128(&mut rest), read_leb128(&mut rest))
        {
            let activity = activity_before.map_or(unzigzag(number), |before| before.saturating_add_unsigned(number));
            activity_before = Some(activity);
            let usual = Use::usual_count(activity);
            let mut minute = 0u16;
            let mut is_whole = false;
            for _ in 0..minutes {
                is_whole = false;
                let Some(marked) = read_leb128(&mut rest) else { break };
                let count = if marked & 1 == 0 { Some(usual) } else { read_leb128(&mut rest).map(narrow) };
                let Some(count) = count else { break };
                minute = minute.saturating_add(u16::try_from(marked >> 1).unwrap_or(u16::MAX));
                uses.push(Use { activity, minute, millis: 0, count });
                is_whole = true;
            }
            if let Some(last) = uses.last_mut().filter(|_| is_whole) {
                last.millis = u16::try_from(millis).unwrap_or(u16::MAX);
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

/// A number whose sign is its lowest bit, so that small ones stay short.
fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

fn narrow(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
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
        let minute = || (0u16..1502, 0u16..60_000);
        let of_few = (1i64..6, minute(), prop_oneof![Just(1i64), 1i64..10_000_000_000]);
        let of_many = (1i64..=i64::MAX, minute(), 1i64..10_000_000_000);
        let heartbeats = (prop_oneof![1i64..4, Just(i64::MAX)], minute());
        let of_activity = prop_oneof![of_few, of_many].prop_map(|(activity, (minute, millis), count)| Use {
            activity,
            minute,
            millis,
            count,
        });
        let of_heartbeat =
            heartbeats.prop_map(|(module_no, (minute, millis))| Use::heartbeat(module_no, minute, millis));
        prop::collection::vec(prop_oneof![3 => of_activity, 1 => of_heartbeat], 0..60)
    }

    fn summed(uses: &[Use]) -> Vec<Use> {
        let mut counts: BTreeMap<(i64, u16), (i64, u16)> = BTreeMap::new();
        for of in uses {
            let (count, millis) = counts.entry((of.activity, of.minute)).or_default();
            *count += of.count;
            *millis = of.millis.max(*millis);
        }
        let last = |activity| uses.iter().filter(|of| of.activity == activity).map(|of| of.minute).max();
        let is_last = |activity, minute| last(activity) == Some(minute);
        let of_minute = |((activity, minute), (count, millis))| {
            let millis = if is_last(activity, minute) { millis } else { 0 };
            Use { activity, minute, millis, count }
        };
        counts.into_iter().map(of_minute).collect()
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
        let of = |activity, minute| Use { activity, minute, millis: 0, count: 1 };
        let day: DayUses = [of(7, 3), of(2, 9), of(7, 1), of(7, 1)].into_iter().collect();
        let counts: Vec<Vec<i64>> = day.by_activity().map(|uses| uses.iter().map(|of| of.count).collect()).collect();
        assert_eq!(counts, [vec![1], vec![2, 1]]);
        assert!(day.has(2) && day.has(7) && !day.has(3));
    }

    #[test]
    fn most_uses_take_a_byte() {
        let done = |minute| Use { activity: 12, minute, millis: 9_999, count: 1 };
        let day: DayUses = (540..560).map(done).collect();
        assert_eq!(day.to_bytes().len(), 1 + 1 + 2 + 2 + 19);
        let day: DayUses = (540..560).map(|minute| Use::heartbeat(12, minute, 9_999)).collect();
        assert_eq!(day.to_bytes().len(), 1 + 1 + 2 + 2 + 19);
    }

    #[test]
    fn when_each_was_done_last_is_known_whatever_is_taken_apart() {
        let of = |activity, minute, millis| Use { activity, minute, millis, count: 1 };
        let day: DayUses =
            [of(7, 3, 5), of(2, 9, 8), of(7, 3, 6), of(7, 1, 9), Use::heartbeat(4, 2, 1)].into_iter().collect();
        let day = DayUses::from_bytes(&day.to_bytes());
        let last: Vec<i64> = day.by_activity().map(|uses| uses[uses.len() - 1].millis_of_day()).collect();
        assert_eq!(last, [120_001, 540_008, 180_006]);
        assert_eq!(day.iter().filter_map(|of| of.heartbeat_of()).collect::<Vec<_>>(), [4]);
    }
}
