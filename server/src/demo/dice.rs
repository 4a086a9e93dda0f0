//! Chance that always falls the same way: numbers derived from a seed and what they are for.

/// A sequence of numbers that depends on nothing but what it was made from; the same in every version of the product.
pub(super) struct Dice(u64);

impl Dice {
    /// The sequence for a seed and what is to be decided.
    pub(super) fn new(seed: u64, matter: &[u64]) -> Self {
        Self(matter.iter().fold(scramble(seed), |state, part| scramble(state ^ scramble(*part))))
    }

    /// Evenly from 0 up to, but without, 1.
    pub(super) fn share(&mut self) -> f64 {
        self.0 = scramble(self.0);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Evenly from `low` up to, but without, `high`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.share() * (high - low)
    }

    /// Evenly from 0 up to, but without, `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.share() * end as f64) as usize
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// The place of one of the weights, each as likely as it is heavy; the first where none has any weight.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut rest = self.share() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (place, weight) in weights.enumerate().filter(|(_, weight)| *weight > 0.0) {
            last = place;
            rest -= weight;
            if rest < 0.0 {
                break;
            }
        }
        last
    }
}

/// SplitMix64's step: every bit of the input reaches every bit of the output.
fn scramble(state: u64) -> u64 {
    let mut bits = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
