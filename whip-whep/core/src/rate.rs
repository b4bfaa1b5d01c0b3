//! Token buckets, one per client, in bounded memory.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use sfu_model::time::Instant;

/// Most clients that one rate limit remembers; 65,536 of them are 4 MB. Past it, new ones share one budget until those
/// who have been quiet are forgotten: a flood from many addresses slows newcomers, and nobody who was there before.
pub const CLIENTS_MAX: usize = 65_536;

/// So many at once; the budget grows back evenly over the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Most that may be spent at once.
    pub burst: u32,
    /// The time in which an empty budget is full again.
    pub window: Duration,
}

impl Rate {
    /// `burst` per `window`.
    pub const fn new(burst: u32, window: Duration) -> Self {
        Self { burst, window }
    }

    /// The time in which one is earned. A burst of zero never earns: everything is refused.
    fn interval(self) -> Duration {
        self.window.checked_div(self.burst).unwrap_or(self.window)
    }
}

/// A client, as rate limits know it: an IPv4 address, or the /64 that an IPv6 customer owns whole.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientPrefix(IpAddr);

/// Addresses stay out of logs.
impl fmt::Debug for ClientPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientPrefix(..)")
    }
}

impl From<IpAddr> for ClientPrefix {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(IpAddr::V4(v4)),
            IpAddr::V6(v6) => {
                let network = v6.to_bits() & !u128::from(u64::MAX);
                Self(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
        }
    }
}

/// One budget per key. A budget is the moment at which it is full again (the "theoretical arrival time" of the
/// generic cell rate algorithm): a key that has none is full, so forgetting full ones loses nothing.
#[derive(Debug)]
pub(crate) struct Budgets<K> {
    rate: Rate,
    full_at: HashMap<K, Instant>,
    /// Shared by keys that came while the table was full.
    overflow: Instant,
    forgotten_at: Instant,
    n_shared: u64,
}

/// How often a full table is searched for budgets that are full again: a search of 65,536 entries takes about 1 ms.
const FORGET_INTERVAL: Duration = Duration::from_secs(1);

impl<K: Eq + Hash> Budgets<K> {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            full_at: HashMap::new(),
            overflow: Instant::START,
            forgotten_at: Instant::START,
            n_shared: 0,
        }
    }

    /// Spends one, or says how long to wait until there is one.
    pub(crate) fn spend(&mut self, key: K, now: Instant) -> Result<(), Duration> {
        self.forget(now);
        let is_full = self.full_at.len() >= CLIENTS_MAX;
        let must_share = is_full && !self.full_at.contains_key(&key);
        self.n_shared = self.n_shared.saturating_add(u64::from(must_share));
        let full_at = self.full_at(&key).max(now);
        if let Some(wait) = self.wait(full_at, now) {
            return Err(wait);
        }
        let interval = self.rate.interval();
        if must_share {
            self.overflow = full_at + interval;
        } else {
            self.full_at.insert(key, full_at + interval);
        }
        Ok(())
    }

    /// How often a newcomer met a full table, and so the budget that newcomers share.
    pub(crate) const fn n_shared(&self) -> u64 {
        self.n_shared
    }

    /// Whether one could be spent.
    pub(crate) fn check(&self, key: &K, now: Instant) -> Result<(), Duration> {
        match self.wait(self.full_at(key).max(now), now) {
            Some(wait) => Err(wait),
            None => Ok(()),
        }
    }

    /// Gives one back.
    pub(crate) fn pay_back(&mut self, key: &K) {
        let interval = self.rate.interval();
        if let Some(full_at) = self.full_at.get_mut(key) {
            *full_at = full_at.saturating_sub(interval);
        }
    }

    /// The time until one more fits below the burst; `None` when it fits.
    fn wait(&self, full_at: Instant, now: Instant) -> Option<Duration> {
        if self.rate.burst == 0 {
            return Some(self.rate.window);
        }
        let spent = full_at.saturating_since(now) + self.rate.interval();
        // Rounding in `interval` may make `burst` intervals a few nanoseconds shorter than the window, never longer.
        spent
            .checked_sub(self.rate.window)
            .filter(|wait| !wait.is_zero())
    }

    fn full_at(&self, key: &K) -> Instant {
        match self.full_at.get(key) {
            Some(full_at) => *full_at,
            None if self.full_at.len() >= CLIENTS_MAX => self.overflow,
            None => Instant::START,
        }
    }

    fn forget(&mut self, now: Instant) {
        let is_full = self.full_at.len() >= CLIENTS_MAX;
        if is_full && now.saturating_since(self.forgotten_at) >= FORGET_INTERVAL {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.forgotten_at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate::new(3, Duration::from_secs(60));

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    #[test]
    fn a_budget_lets_the_burst_through_and_stops_the_next() {
        let mut budgets = Budgets::new(RATE);
        for _ in 0..3 {
            assert_eq!(budgets.spend(1u8, at(100)), Ok(()));
        }
        assert_eq!(budgets.spend(1, at(100)), Err(Duration::from_secs(20)));
        assert_eq!(
            budgets.spend(2, at(100)),
            Ok(()),
            "another key is untouched"
        );
    }

    #[test]
    fn a_budget_grows_back_one_by_one() {
        let mut budgets = Budgets::new(RATE);
        for _ in 0..3 {
            budgets.spend(1u8, at(100)).unwrap();
        }
        assert_eq!(budgets.spend(1, at(119)), Err(Duration::from_secs(1)));
        assert_eq!(budgets.spend(1, at(120)), Ok(()));
        assert_eq!(budgets.spend(1, at(120)), Err(Duration::from_secs(20)));
    }

    #[test]
    fn what_is_paid_back_can_be_spent_again() {
        let mut budgets = Budgets::new(RATE);
        for _ in 0..3 {
            budgets.spend(1u8, at(100)).unwrap();
        }
        budgets.pay_back(&1);
        assert_eq!(budgets.check(&1, at(100)), Ok(()));
        assert_eq!(budgets.spend(1, at(100)), Ok(()));
        assert!(budgets.check(&1, at(100)).is_err());
    }

    #[test]
    fn a_payment_never_buys_more_than_the_burst() {
        let mut budgets = Budgets::new(RATE);
        budgets.spend(1u8, at(100)).unwrap();
        for _ in 0..9 {
            budgets.pay_back(&1);
        }
        let allowed = (0..9).filter(|_| budgets.spend(1, at(100)).is_ok()).count();
        assert_eq!(allowed, 3);
    }

    #[test]
    fn a_burst_of_zero_refuses_everything() {
        let mut budgets = Budgets::new(Rate::new(0, Duration::from_secs(60)));
        assert_eq!(budgets.spend(1u8, at(1)), Err(Duration::from_secs(60)));
    }

    #[test]
    fn a_full_table_keeps_who_is_there_and_lets_newcomers_share() {
        let mut budgets = Budgets::new(RATE);
        for key in 0..CLIENTS_MAX {
            budgets.spend(key, at(100)).unwrap();
        }
        assert_eq!(budgets.n_shared(), 0);
        let newcomers = CLIENTS_MAX..CLIENTS_MAX + 9;
        let allowed = newcomers.filter(|key| budgets.spend(*key, at(100)).is_ok());
        assert_eq!(allowed.count(), 3);
        assert_eq!(budgets.spend(0, at(100)), Ok(()));
        assert_eq!(budgets.full_at.len(), CLIENTS_MAX);
        assert_eq!(budgets.n_shared(), 9, "refused or not, they met the bound");
        assert_eq!(budgets.spend(CLIENTS_MAX, at(200)), Ok(()));
        assert!(budgets.full_at.len() <= 2, "quiet ones are forgotten");
    }

    #[test]
    fn an_ipv6_client_is_its_64_bit_network() {
        let client = |text: &str| ClientPrefix::from(text.parse::<IpAddr>().unwrap());
        assert!(client("2001:db8:0:1::1") == client("2001:db8:0:1:ffff::2"));
        assert!(client("2001:db8:0:1::1") != client("2001:db8:0:2::1"));
        assert!(client("::ffff:192.0.2.1") == client("192.0.2.1"));
        assert!(client("192.0.2.1") != client("192.0.2.2"));
    }
}
