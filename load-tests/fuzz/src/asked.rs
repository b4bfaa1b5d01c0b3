//! What the endpoints ask, put to a worker.

use sfu_core::Sfu;
use sfu_core::budget::choice::LayerChoice;
use sfu_core::command::{CloseReason, Command, IceCredentials, Play, Publish};
use sfu_core::command::{CommandResult, Reply as Done};
use sfu_core::error::CommandError;
use sfu_model::id::WorkerId;
use sfu_model::time::Instant;
use whip_whep_core::ask::{Ask, Reply, SfuRefusal};
use whip_whep_core::ice::IceCredentials as Credentials;
use whip_whep_core::news::News;

/// The worker whose publishers players watch: to be let in beside a publisher of the same worker takes one that has shaken hands.
const ELSEWHERE: WorkerId = WorkerId(1);

/// Asks a worker.
pub(crate) fn answer(sfu: &mut Sfu, ask: Ask, now: Instant) -> Result<Reply, SfuRefusal> {
    let command = match ask {
        Ask::Publish {
            session,
            room,
            offer,
            takeover,
        } => Command::Publish(Publish {
            session,
            room,
            offer,
            takeover,
        }),
        Ask::Play {
            session,
            room,
            offer,
        } => Command::Play(Play {
            session,
            room,
            origin: ELSEWHERE,
            codecs: Vec::new(),
            offer,
        }),
        Ask::RestartIce { session, remote } => Command::RestartIce {
            session,
            remote: IceCredentials {
                ufrag: remote.ufrag,
                password: remote.password,
            },
        },
        // No media flows: of layers there is nothing to tell.
        Ask::Describe { .. } => {
            let n_viewers = sfu.stats().n_subscribers;
            return Ok(Reply::Described(News {
                n_viewers,
                layers: Vec::new(),
            }));
        }
        Ask::SelectLayer { session, selection } => Command::ChooseLayer {
            session,
            choice: LayerChoice {
                rid: selection.rid,
                spatial: selection.spatial,
                spatial_max: selection.spatial_max,
                temporal: selection.temporal,
                temporal_max: selection.temporal_max,
                width_max: selection.width_max,
                height_max: selection.height_max,
            },
        },
        Ask::Close { session } => {
            let reason = CloseReason::Requested;
            // One that is gone already is closed.
            let _ = sfu.handle_command(Command::Close { session, reason }, now);
            return Ok(Reply::Closed);
        }
    };
    replied(sfu.handle_command(command, now))
}

fn replied(result: CommandResult) -> Result<Reply, SfuRefusal> {
    Ok(match result.map_err(refusal)? {
        Done::Answer { sdp } => Reply::Answer(sdp),
        Done::Restarted { local, candidates } => {
            let local = Credentials::parse(&local.ufrag, &local.password);
            Reply::Restarted {
                local: local.expect("a worker's credentials are ICE's"),
                candidates,
            }
        }
        Done::Wanted { .. } | Done::Done => Reply::Selected,
    })
}

fn refusal(error: CommandError) -> SfuRefusal {
    match error {
        CommandError::MalformedOffer(why) => SfuRefusal::MalformedOffer(why),
        CommandError::NoCommonCodec(kind) => SfuRefusal::NoCommonCodec(kind),
        CommandError::CannotDecode(codec) => SfuRefusal::CannotDecode(codec.name()),
        CommandError::NothingAccepted => SfuRefusal::NothingAccepted,
        CommandError::RoomBusy => SfuRefusal::RoomBusy,
        CommandError::RoomEmpty => SfuRefusal::RoomEmpty,
        CommandError::UnknownLayer => SfuRefusal::UnknownLayer,
        CommandError::UnknownSession => SfuRefusal::UnknownSession,
        CommandError::Exhausted { .. } => SfuRefusal::Exhausted,
        CommandError::ShuttingDown => SfuRefusal::ShuttingDown,
        ours @ (CommandError::DuplicateSession | CommandError::Internal) => {
            unreachable!("a request made the worker fail: {ours}")
        }
    }
}
