//! Who speaks: the few loudest of a room's audio tracks, by the levels that their packets carry (RFC 6464). A value: it is
//! told levels and moments, and decodes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use sfu_model::id::TrackId;
use sfu_model::packet::AudioLevel;
use sfu_model::time::Instant;

/// Most who speak at once: past three nobody follows, and it is what a grid shows beside the one who leads.
pub(crate) const SPEAKERS_MAX: usize = 3;
/// Louder than this is sound that somebody wants heard, in dBov: speech is at -40 to -20, a quiet room's noise at -60.
const AUDIBLE: f64 = -50.0;
/// What a packet of no sound counts as: the quietest that a level can say.
const SILENCE: f64 = -127.0;
/// By how many dB a newcomer must be louder than whom it replaces.
const MARGIN: f64 = 6.0;
/// And for how long: a cough or a slammed door is shorter.
const NEWCOMER: Duration = Duration::from_millis(200);
/// Who has begun to speak is not replaced for so long: pictures that come and go faster only confuse.
const HELD: Duration = Duration::from_millis(1_500);
/// Who has been silent for so long does not speak any more: longer than the pauses between sentences.
const PAUSE: Duration = Duration::from_millis(2_000);
/// Over this a level rises to what is heard: two packets, so that who begins is seen at once.
const RISE: Duration = Duration::from_millis(40);
/// And over this it falls: a syllable.
const FALL: Duration = Duration::from_millis(150);
/// Without a packet for so long a track is silent. An encoder that sends nothing for silence (DTX) says so each 400 ms.
const UNHEARD: Duration = Duration::from_millis(500);

/// The loudest tracks of a room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loudest {
    tracks: BTreeMap<TrackId, Heard>,
    /// In the order in which they began.
    speakers: Vec<Speaker>,
}

/// What is known of one track.
#[derive(Clone, Copy, Debug)]
struct Heard {
    /// Averaged, in dBov.
    level: f64,
    at: Instant,
    /// Its encoder tells voices from noise: what it says is no voice counts as silence.
    knows_voices: bool,
    /// Since when it has been louder than whom it would replace.
    rising_since: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Speaker {
    track: TrackId,
    began_at: Instant,
    /// When it was last audible.
    audible_at: Instant,
}

impl Loudest {
    /// A packet of a track has this level.
    pub(crate) fn hear(&mut self, track: TrackId, level: AudioLevel, now: Instant) {
        let heard = self.tracks.entry(track).or_insert(Heard {
            level: SILENCE,
            at: now,
            knows_voices: false,
            rising_since: None,
        });
        heard.knows_voices |= level.voice;
        let is_sound = level.voice || !heard.knows_voices;
        let level = if is_sound {
            -f64::from(level.minus_dbov.min(127))
        } else {
            SILENCE
        };
        let elapsed = (now - heard.at).as_secs_f64();
        // At least a packet's worth: several may come at one moment.
        let span = if level > heard.level { RISE } else { FALL };
        let share = (elapsed / span.as_secs_f64()).clamp(0.1, 1.0);
        heard.level += (level - heard.level) * share;
        heard.at = heard.at.max(now);
        self.choose(now);
    }

    /// Forgets tracks that are no more.
    pub(crate) fn keep(&mut self, is_there: impl Fn(TrackId) -> bool) {
        self.tracks.retain(|track, _| is_there(*track));
        self.speakers.retain(|speaker| is_there(speaker.track));
    }

    /// Who speaks, in the order in which they began.
    pub(crate) fn speakers(&self, now: Instant) -> impl Iterator<Item = TrackId> + '_ {
        // Tracks that have fallen silent all at once tell nothing that could end it.
        let speaks = move |speaker: &&Speaker| now - speaker.audible_at < PAUSE;
        self.speakers.iter().filter(speaks).map(|s| s.track)
    }

    fn level(&self, track: TrackId, now: Instant) -> f64 {
        let heard = self.tracks.get(&track).filter(|h| now - h.at < UNHEARD);
        heard.map_or(SILENCE, |h| h.level)
    }

    fn choose(&mut self, now: Instant) {
        for index in 0..self.speakers.len() {
            let track = self.speakers.get(index).map(|s| s.track);
            let is_audible = track.is_some_and(|track| self.level(track, now) > AUDIBLE);
            if let (Some(speaker), true) = (self.speakers.get_mut(index), is_audible) {
                speaker.audible_at = now;
            }
        }
        self.speakers.retain(|s| now - s.audible_at < PAUSE);
        let Some(newcomer) = self.loudest_other(now) else {
            return;
        };
        if self.speakers.len() < SPEAKERS_MAX {
            return self.begin(newcomer, now);
        }
        self.replace(newcomer, now);
    }

    /// The loudest audible track that does not speak.
    fn loudest_other(&self, now: Instant) -> Option<TrackId> {
        let speaks = |track: TrackId| self.speakers.iter().any(|s| s.track == track);
        let levels = self.tracks.keys().map(|t| (self.level(*t, now), *t));
        levels
            .filter(|(level, track)| *level > AUDIBLE && !speaks(*track))
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .map(|(_, track)| track)
    }

    /// Lets a newcomer speak in place of the quietest, once it has been clearly louder for long enough.
    fn replace(&mut self, newcomer: TrackId, now: Instant) {
        let levels = self.speakers.iter().enumerate();
        let quietest = levels
            .filter(|(_, s)| now - s.began_at >= HELD)
            .map(|(index, s)| (self.level(s.track, now), index))
            .min_by(|(a, _), (b, _)| a.total_cmp(b));
        let is_louder =
            quietest.is_some_and(|(level, _)| self.level(newcomer, now) >= level + MARGIN);
        for (track, heard) in &mut self.tracks {
            let is_rising = is_louder && *track == newcomer;
            heard.rising_since = is_rising.then(|| heard.rising_since.unwrap_or(now));
        }
        let since = self.tracks.get(&newcomer).and_then(|h| h.rising_since);
        if let (Some((_, index)), Some(since)) = (quietest, since)
            && now - since >= NEWCOMER
        {
            self.speakers.remove(index);
            self.begin(newcomer, now);
        }
    }

    fn begin(&mut self, track: TrackId, now: Instant) {
        if let Some(heard) = self.tracks.get_mut(&track) {
            heard.rising_since = None;
        }
        self.speakers.push(Speaker {
            track,
            began_at: now,
            audible_at: now,
        });
    }
}

#[cfg(test)]
mod tests;
