//! Properties: what must hold for every value of a kind, tried on some hundred random ones.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::panic;
use std::sync::Once;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Where random cases begin: at `PROPTEST_RNG_SEED` if that is set, else somewhere else each time.
pub fn seed() -> u64 {
    match Config::default().rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(()),
    }
}

thread_local! {
    /// While a simpler case is looked for: the last panic, which nobody wants to see a hundred times.
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            LAST_PANIC.with_borrow_mut(|last| match last {
                Some(last) => *last = info.to_string(),
                None => print(info),
            });
        }));
    });
    LAST_PANIC.set(Some(String::new()));
}

/// Where `property` panics for a value, panics with the simplest such value and the seed. `PROPTEST_CASES` asks for
/// more values than usual.
#[track_caller]
pub fn holds<S: Strategy>(values: S, property: impl Fn(S::Value)) {
    let seed = seed();
    let config = Config {
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..Config::default()
    };
    keep_panics();
    let tried = TestRunner::new(config).run(&values, |value| {
        property(value);
        Ok(())
    });
    let last_panic = LAST_PANIC.take().unwrap_or_default();
    if let Err(failure) = tried {
        panic!("{last_panic}\n{failure}\nagain with PROPTEST_RNG_SEED={seed}");
    }
}
