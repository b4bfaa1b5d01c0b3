//! Which rungs show pictures of their own, and from which keyframe on others do.
//!
//! To rest and to go on changes what a rendition shows, which is a discontinuity of all of them: everybody's decoder begins
//! anew. That is a moment which nobody notices only where all have a keyframe, and as long as nobody has come to it yet. So
//! it is planned: the next of the keyframes that all rungs have at the same time.

use std::time::Duration;

use bridge_packager::rendition::RenditionName;

/// How much earlier than it is expected a keyframe may be: pictures are on a grid of their own.
const EARLY: Duration = Duration::from_millis(15);
/// Pictures of one moment come within this long of each other: past it, what was planned is how it is.
const SETTLED_AFTER: Duration = Duration::from_secs(1);

/// Of one stream's ladder.
#[derive(Debug, Default)]
pub(crate) struct Lineup {
    own: Vec<RenditionName>,
    next: Option<Turn>,
    /// Those that are to show their own.
    wanted: Vec<RenditionName>,
    /// Those that somebody wants, if that was told: what comes of others comes until a turn.
    made: Option<Vec<RenditionName>>,
}

/// A change that is to come.
#[derive(Debug)]
struct Turn {
    at: Duration,
    own: Vec<RenditionName>,
}

impl Lineup {
    /// All of a ladder that begins.
    pub(crate) fn begin(&mut self, own: &[RenditionName]) {
        *self = Self {
            own: own.to_vec(),
            next: None,
            wanted: own.to_vec(),
            made: None,
        };
    }

    /// Those that show their own pictures until the next turn.
    pub(crate) fn own(&self) -> &[RenditionName] {
        &self.own
    }

    /// Those that do from then on, if there is one.
    pub(crate) fn next(&self) -> Option<&[RenditionName]> {
        self.next.as_ref().map(|turn| &*turn.own)
    }

    /// Is a picture of this time behind the next turn?
    pub(crate) fn is_behind(&self, at: Duration) -> bool {
        let turn = self.next.as_ref();
        turn.is_some_and(|turn| at.saturating_add(EARLY) >= turn.at)
    }

    /// Does a rung show this picture of its own?
    pub(crate) fn has(&self, name: &RenditionName, at: Duration) -> bool {
        let own = match &self.next {
            Some(turn) if self.is_behind(at) => &turn.own,
            _ => &self.own,
        };
        own.contains(name)
    }

    /// Does a rung show its own pictures, or will it from the next turn on? Until then its encoder is needed.
    pub(crate) fn needs(&self, name: &RenditionName) -> bool {
        self.own.contains(name) || self.next().is_some_and(|next| next.contains(name))
    }

    /// Somebody wants these from now on.
    pub(crate) fn handle_demand(&mut self, made: &[RenditionName]) {
        self.wanted.retain(|rung| made.contains(rung));
        self.made = Some(made.to_vec());
    }

    /// A rung has a picture.
    pub(crate) fn handle_rung(&mut self, name: &RenditionName) {
        let is_made = self.made.as_ref().is_none_or(|made| made.contains(name));
        if is_made && !self.wanted.contains(name) {
            self.wanted.push(name.clone());
        }
    }

    /// Pictures have come as far as `newest`, and `keyframe` is the first of all rungs to which nobody has come. True: the
    /// lineup is another than before, now or from then on.
    pub(crate) fn advance(&mut self, newest: Duration, keyframe: Duration) -> bool {
        let is_settled = |turn: &mut Turn| newest >= turn.at.saturating_add(SETTLED_AFTER);
        let settled = self.next.take_if(is_settled);
        let has_settled = settled.is_some();
        if let Some(turn) = settled {
            self.own = turn.own;
        }
        let last = self.next().unwrap_or(&self.own);
        // Some have come to a turn that is at another: what is wanted beyond it waits until it is behind all.
        let is_open = self.next.as_ref().is_none_or(|turn| turn.at == keyframe);
        let is_turn = is_open && *last != *self.wanted;
        if is_turn {
            self.next = Some(Turn {
                at: keyframe,
                own: self.wanted.clone(),
            });
        }
        has_settled || is_turn
    }

    /// When the next turn is.
    pub(crate) fn turns_at(&self) -> Option<Duration> {
        self.next.as_ref().map(|turn| turn.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(texts: &[&str]) -> Vec<RenditionName> {
        let names = texts.iter().filter_map(|text| RenditionName::parse(text));
        names.collect()
    }

    fn has(lineup: &Lineup, at: u64) -> Vec<String> {
        let all = names(&["720p", "480p", "160p"]);
        let own = all.iter().filter(|name| lineup.has(name, secs(at)));
        own.map(ToString::to_string).collect()
    }

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn who_rests_and_who_goes_on_does_so_at_a_keyframe_of_all() {
        let mut lineup = Lineup::default();
        lineup.begin(&names(&["720p", "480p", "160p"]));
        assert!(!lineup.advance(secs(2), secs(4)));
        lineup.handle_demand(&names(&["720p", "160p"]));
        assert!(lineup.advance(secs(3), secs(4)));
        assert!(!lineup.advance(secs(3), secs(4)), "it is told of once");
        assert_eq!(has(&lineup, 3), ["720p", "480p", "160p"]);
        assert_eq!(has(&lineup, 4), ["720p", "160p"]);
        // What was on its way changes nothing.
        lineup.handle_rung(&names(&["480p"])[0]);
        assert!(!lineup.advance(secs(4), secs(6)));
        assert!(lineup.needs(&names(&["480p"])[0]));
        assert!(lineup.advance(secs(5), secs(6)), "it is behind all");
        assert!(!lineup.needs(&names(&["480p"])[0]));
        assert_eq!(has(&lineup, 3), ["720p", "160p"]);

        lineup.handle_demand(&names(&["720p", "480p", "160p"]));
        assert!(!lineup.advance(secs(6), secs(8)), "it has no picture yet");
        lineup.handle_rung(&names(&["480p"])[0]);
        assert!(lineup.advance(secs(6), secs(8)));
        assert!(lineup.needs(&names(&["480p"])[0]));
        assert_eq!(lineup.turns_at(), Some(secs(8)));
        assert_eq!(has(&lineup, 7), ["720p", "160p"]);
        assert_eq!(has(&lineup, 8), ["720p", "480p", "160p"]);
    }

    #[test]
    fn a_change_that_comes_before_a_turn_is_part_of_it_and_one_that_comes_while_it_lasts_waits() {
        let mut lineup = Lineup::default();
        lineup.begin(&names(&["720p", "480p", "160p"]));
        lineup.handle_demand(&names(&["480p", "160p"]));
        assert!(lineup.advance(secs(2), secs(4)));
        lineup.handle_demand(&names(&["160p"]));
        assert!(lineup.advance(secs(3), secs(4)));
        assert_eq!(has(&lineup, 3), ["720p", "480p", "160p"]);
        assert_eq!(has(&lineup, 4), ["160p"]);
        // Sound has come to the turn, and pictures have not.
        lineup.handle_demand(&names(&["480p", "160p"]));
        lineup.handle_rung(&names(&["480p"])[0]);
        assert!(!lineup.advance(secs(3), secs(6)));
        assert_eq!(has(&lineup, 4), ["160p"]);
        assert!(lineup.advance(secs(5), secs(6)));
        assert_eq!(has(&lineup, 5), ["160p"]);
        assert_eq!(has(&lineup, 6), ["480p", "160p"]);
    }

    #[test]
    fn a_ladder_that_begins_knows_nothing_of_turns_of_the_one_before() {
        let mut lineup = Lineup::default();
        lineup.begin(&names(&["720p", "480p"]));
        lineup.handle_demand(&names(&["720p"]));
        lineup.advance(secs(2), secs(4));
        lineup.begin(&names(&["720p", "480p"]));
        assert_eq!(has(&lineup, 5), ["720p", "480p"]);
        assert!(!lineup.advance(secs(5), secs(6)));
    }
}
