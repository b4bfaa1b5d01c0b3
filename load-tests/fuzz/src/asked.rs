//! What the endpoints ask, put to a worker.

use freshet_sim::signaling;
use sfu_core::Sfu;
use sfu_core::command::Command;
use sfu_model::id::WorkerId;
use sfu_model::time::Instant;
use whip_whep_core::ask::{Ask, Reply, SfuRefusal};
use whip_whep_core::news::News;

/// The worker whose publishers players watch: to be let in beside a publisher of the same worker takes one that has shaken hands.
const ELSEWHERE: WorkerId = WorkerId(1);

/// Asks a worker.
pub(crate) fn answer(sfu: &mut Sfu, ask: Ask, now: Instant) -> Result<Reply, SfuRefusal> {
    // No media flows: of layers there is nothing to tell.
    if let Ask::Describe { .. } = ask {
        let n_viewers = sfu.stats().n_subscribers;
        return Ok(Reply::Described(News {
            n_viewers,
            layers: Vec::new(),
        }));
    }
    let reply = signaling::answer(ask, |mut command| {
        if let Command::Play(play) = &mut command {
            play.origin = ELSEWHERE;
        }
        sfu.handle_command(command, now)
    });
    assert_ne!(
        reply,
        Err(SfuRefusal::Internal),
        "a request made the worker fail"
    );
    reply
}
