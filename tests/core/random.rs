//! Randomness of the simulations: the same from the same seed on every machine, and the seed is told when a run fails.

use liveavatar_llm::call::Millis;

/// A xorshift generator: enough to be unpredictable.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next()).unwrap() % limit
    }

    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    pub fn ms(&mut self, limit: u32) -> Millis {
        f64::from(u32::try_from(self.below(limit as usize)).unwrap())
    }
}

/// Tells the seed if the test fails while it lives.
pub struct Seed(pub u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("again with PROPTEST_RNG_SEED={}", self.0);
        }
    }
}
