//! Who speaks, as levels come and go.

use super::*;

/// Packets of 20 ms.
const STEP: u64 = 20;

/// A room whose tracks send a packet each 20 ms.
#[derive(Default)]
struct Scene {
    loudest: Loudest,
    ms: u64,
}

impl Scene {
    fn now(&self) -> Instant {
        Instant::START + Duration::from_millis(self.ms)
    }

    /// So many milliseconds of these tracks at these levels, in -dBov; with what the voice flag says. `None`: nothing comes.
    fn play(&mut self, ms: u64, levels: &[Option<(u8, bool)>]) -> &mut Self {
        for _ in 0..ms / STEP {
            for (track, level) in (1..).zip(levels) {
                if let Some((minus_dbov, voice)) = *level {
                    let level = AudioLevel { minus_dbov, voice };
                    self.loudest.hear(TrackId(track), level, self.now());
                }
            }
            self.ms += STEP;
        }
        self
    }

    fn speakers(&self) -> Vec<u64> {
        let mut speakers: Vec<u64> = self.loudest.speakers(self.now()).map(|t| t.0).collect();
        speakers.sort_unstable();
        speakers
    }
}

fn voice(minus_dbov: u8) -> Option<(u8, bool)> {
    Some((minus_dbov, true))
}

fn noise(minus_dbov: u8) -> Option<(u8, bool)> {
    Some((minus_dbov, false))
}

#[test]
fn whoever_is_audible_speaks_while_there_is_room() {
    let mut scene = Scene::default();
    scene.play(1_000, &[voice(30), voice(70), voice(127), voice(45)]);
    assert_eq!(scene.speakers(), [1, 4]);
}

#[test]
fn only_the_loudest_few_speak() {
    let mut scene = Scene::default();
    scene.play(
        3_000,
        &[voice(40), voice(20), voice(25), voice(30), voice(45)],
    );
    assert_eq!(scene.speakers(), [2, 3, 4]);
}

#[test]
fn a_newcomer_must_be_clearly_louder_and_for_a_while() {
    let three = [voice(30), voice(30), voice(35)];
    let with = |fourth| [three[0], three[1], three[2], fourth];
    let mut scene = Scene::default();
    scene.play(3_000, &with(voice(127)));
    assert_eq!(scene.speakers(), [1, 2, 3]);
    // Louder than the quietest, but not by the margin.
    scene.play(3_000, &with(voice(31)));
    assert_eq!(scene.speakers(), [1, 2, 3]);
    // By far, but as short as a cough.
    scene
        .play(160, &with(voice(10)))
        .play(500, &with(voice(127)));
    assert_eq!(scene.speakers(), [1, 2, 3]);
    scene.play(500, &with(voice(20)));
    assert_eq!(scene.speakers(), [1, 2, 4]);
}

#[test]
fn who_has_just_begun_is_held() {
    let mut scene = Scene::default();
    scene.play(1_000, &[voice(30), voice(30), voice(40), voice(127)]);
    scene.play(400, &[voice(30), voice(30), voice(40), voice(10)]);
    assert_eq!(scene.speakers(), [1, 2, 3], "each for a second and a half");
    scene.play(400, &[voice(30), voice(30), voice(40), voice(10)]);
    assert_eq!(scene.speakers(), [1, 2, 4]);
    // The one replaced is as loud as the one that replaced it was: that is held in its turn.
    scene.play(1_000, &[voice(30), voice(30), voice(5), voice(40)]);
    assert!(scene.speakers().contains(&4));
}

#[test]
fn noise_is_no_voice_where_the_encoder_tells_them_apart() {
    let mut scene = Scene::default();
    // Track 1 tells voices; track 2 never says so, and is taken by its level.
    scene.play(100, &[voice(127), noise(127)]);
    scene.play(1_000, &[noise(20), noise(30)]);
    assert_eq!(scene.speakers(), [2]);
    scene.play(500, &[voice(20), noise(30)]);
    assert_eq!(scene.speakers(), [1, 2]);
}

#[test]
fn a_pause_between_sentences_ends_nothing_and_silence_does() {
    let mut scene = Scene::default();
    scene.play(1_000, &[voice(30)]).play(1_500, &[voice(127)]);
    assert_eq!(scene.speakers(), [1]);
    scene.play(1_000, &[voice(127)]);
    assert!(scene.speakers().is_empty());
}

#[test]
fn who_is_not_heard_any_more_falls_silent_by_the_clock() {
    let mut scene = Scene::default();
    scene.play(1_000, &[voice(30), voice(30)]);
    // Discontinuous transmission: one packet of comfort noise each 400 ms, of the other track too.
    for _ in 0..10 {
        scene.play(STEP, &[voice(127), voice(30)]);
        scene.play(380, &[None, voice(30)]);
    }
    assert_eq!(scene.speakers(), [2]);
    scene.play(1_900, &[None, None]);
    assert_eq!(scene.speakers(), [2]);
    scene.play(200, &[None, None]);
    assert!(scene.speakers().is_empty(), "nothing comes at all");
}

#[test]
fn a_track_that_is_no_more_does_not_speak() {
    let mut scene = Scene::default();
    scene.play(1_000, &[voice(30), voice(30)]);
    scene.loudest.keep(|track| track == TrackId(2));
    assert_eq!(scene.speakers(), [2]);
}
