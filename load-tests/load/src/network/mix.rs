//! Which players have which network.

use std::str::FromStr;

use clap::ValueEnum;
use freshet_sim::chance::draw;

use super::path::PlayerPath;
use super::profile::Profile;

/// All players.
const PERCENT: usize = 100;

/// From one player's place among a hundred to the next one's: it has no factor in common with a hundred, so that a hundred
/// players have all places, and is near its golden section, so that a few are spread over them.
const STRIDE: usize = 61;

/// Networks in percent of players.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mix {
    /// They add up to a hundred.
    shares: Vec<(Profile, usize)>,
    /// What the first player has all the same.
    first: Option<Profile>,
    seed: u64,
}

/// Why a mix is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MixError {
    /// No profile has this name.
    #[error("no network is called {0}")]
    Unknown(String),
    /// Percents are whole numbers.
    #[error("{0} is no percentage")]
    NoPercentage(String),
    /// Some players have none, or some have two.
    #[error("the networks add up to {0} % of players")]
    NotAll(usize),
}

impl Default for Mix {
    /// Everybody on the machine itself.
    fn default() -> Self {
        Self {
            shares: vec![(Profile::Clean, PERCENT)],
            first: None,
            seed: 0,
        }
    }
}

impl FromStr for Mix {
    type Err = MixError;

    /// One name, or several with their percentages: `clean:40,mobile:60`.
    fn from_str(text: &str) -> Result<Self, MixError> {
        let profile = |name: &str| {
            Profile::from_str(name, false).map_err(|_| MixError::Unknown(name.to_owned()))
        };
        let mut shares = Vec::new();
        if text.contains(':') {
            for item in text.split(',') {
                let (name, percent) = item.split_once(':').unwrap_or((item, ""));
                let no_percentage = |_| MixError::NoPercentage(percent.to_owned());
                let percent: u8 = percent.parse().map_err(no_percentage)?;
                shares.push((profile(name)?, usize::from(percent)));
            }
        } else {
            shares.push((profile(text)?, PERCENT));
        }
        let sum = shares.iter().map(|(_, percent)| percent).sum();
        if sum != PERCENT {
            return Err(MixError::NotAll(sum));
        }
        Ok(Self {
            shares,
            first: None,
            seed: 0,
        })
    }
}

impl Mix {
    /// The same with other players in each network, and other datagrams lost.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The same with this network for the first player.
    #[must_use]
    pub fn with_first_on(self, network: Profile) -> Self {
        Self {
            first: Some(network),
            ..self
        }
    }

    /// The network of the player of this number.
    pub fn profile_of(&self, player: usize) -> Profile {
        if let Some(first) = self.first.filter(|_| player == 0) {
            return first;
        }
        let first = usize::try_from(draw(self.seed, &[]) % PERCENT as u64).unwrap_or(0);
        let place = (first + player % PERCENT * STRIDE) % PERCENT;
        let mut end = 0;
        let found = self.shares.iter().find(|(_, percent)| {
            end += percent;
            place < end
        });
        found.map_or(Profile::Clean, |(profile, _)| *profile)
    }

    /// What lies between that player and the server; `None` where nothing does.
    pub fn path_of(&self, player: usize) -> Option<PlayerPath> {
        let seed = draw(self.seed, &[player as u64]);
        PlayerPath::new(self.profile_of(player), seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profiles(mix: &str, seed: u64) -> Vec<Profile> {
        let mix: Mix = mix.parse().expect("the example is a mix");
        let mix = mix.with_seed(seed);
        (0..PERCENT).map(|n| mix.profile_of(n)).collect()
    }

    #[test]
    fn a_hundred_players_have_their_networks_by_the_percentages() {
        let all = profiles("clean:40,mobile:45,slow:15", 7);
        for (profile, share) in [
            (Profile::Clean, 40),
            (Profile::Mobile, 45),
            (Profile::Slow, 15),
        ] {
            let n = |of: &[Profile]| of.iter().filter(|p| **p == profile).count();
            assert_eq!(n(&all), share);
            // The first ten are spread like all of them, to one.
            assert!(n(&all[..10]).abs_diff(share / 10) <= 1, "{profile}");
        }
        assert_eq!(all, profiles("clean:40,mobile:45,slow:15", 7));
        assert_ne!(all, profiles("clean:40,mobile:45,slow:15", 8));
    }

    #[test]
    fn the_first_player_may_have_another_network_than_all() {
        let mix = Mix::default().with_first_on(Profile::Poor);
        assert_eq!(mix.profile_of(0), Profile::Poor);
        assert!((1..PERCENT).all(|n| mix.profile_of(n) == Profile::Clean));
    }

    #[test]
    fn one_name_is_for_everybody() {
        assert!(profiles("bursty", 1).iter().all(|p| *p == Profile::Bursty));
        assert!(Mix::default().path_of(3).is_none());
    }

    #[test]
    fn what_is_no_mix_is_refused() {
        let refused = |text: &str| text.parse::<Mix>().expect_err("it is no mix");
        assert_eq!(refused("moon"), MixError::Unknown("moon".into()));
        assert_eq!(refused("clean:50"), MixError::NotAll(50));
        assert_eq!(refused("clean:60,slow:60"), MixError::NotAll(120));
        assert_eq!(
            refused("clean:half,slow"),
            MixError::NoPercentage("half".into())
        );
        assert_eq!(
            refused("clean:100,slow"),
            MixError::NoPercentage(String::new())
        );
    }
}
