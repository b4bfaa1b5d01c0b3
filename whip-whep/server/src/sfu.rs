//! The core's questions, put to the SFU. The one table from its refusals to the core's.

use sfu_core::command::{CloseReason, IceCredentials as SfuCredentials};
use sfu_core::error::CommandError;
use sfu_server::{RequestError, Sfu};
use tracing::error;
use whip_whep_core::ask::{Ask, Reply, SfuRefusal};
use whip_whep_core::ice::IceCredentials;

/// Asks, and waits for the answer.
pub(crate) async fn ask(sfu: &Sfu, ask: Ask) -> Result<Reply, SfuRefusal> {
    let answered = match ask {
        Ask::Publish {
            session,
            room,
            offer,
            takeover,
        } => sfu
            .publish(session, room, offer, takeover)
            .await
            .map(Reply::Answer),
        Ask::Play {
            session,
            room,
            offer,
        } => sfu.play(session, room, offer).await.map(Reply::Answer),
        Ask::RestartIce { session, remote } => {
            let remote = SfuCredentials {
                ufrag: remote.ufrag,
                password: remote.password,
            };
            let restarted = sfu.restart_ice(session, remote).await;
            restarted.map(|restarted| Reply::Restarted {
                local: IceCredentials {
                    ufrag: restarted.local.ufrag,
                    password: restarted.local.password,
                },
                candidates: restarted.candidates,
            })
        }
        Ask::Close { session } => {
            sfu.close(session, CloseReason::Requested).await;
            Ok(Reply::Closed)
        }
    };
    answered.map_err(refusal)
}

fn refusal(error: RequestError) -> SfuRefusal {
    match error {
        RequestError::Refused(error) => refused(error),
        RequestError::Overloaded => SfuRefusal::Exhausted,
        // What this version does not know is most likely the end of the media plane.
        RequestError::Stopped | _ => SfuRefusal::ShuttingDown,
    }
}

fn refused(error: CommandError) -> SfuRefusal {
    match error {
        CommandError::MalformedOffer(why) => SfuRefusal::MalformedOffer(why),
        CommandError::NoCommonCodec(kind) => SfuRefusal::NoCommonCodec(kind),
        CommandError::CannotDecode(codec) => SfuRefusal::CannotDecode(codec.name()),
        CommandError::NothingAccepted => SfuRefusal::NothingAccepted,
        CommandError::RoomBusy => SfuRefusal::RoomBusy,
        CommandError::RoomEmpty => SfuRefusal::RoomEmpty,
        CommandError::UnknownSession => SfuRefusal::UnknownSession,
        CommandError::Exhausted { .. } => SfuRefusal::Exhausted,
        CommandError::ShuttingDown => SfuRefusal::ShuttingDown,
        ours @ (CommandError::DuplicateSession | CommandError::Internal) => {
            error!(error = %ours, "the SFU failed");
            SfuRefusal::Internal
        }
    }
}
