//! The core's questions, put to the SFU. The one table from its refusals to the core's.

use sfu_core::budget::choice::LayerChoice;
use sfu_core::command::{CloseReason, IceCredentials as SfuCredentials};
use sfu_core::error::CommandError;
use sfu_core::stats::{LayerStatus, SubscriberStatus};
use sfu_server::{RequestError, Sfu};
use tracing::error;
use whip_whep_core::ask::{Ask, Reply, SfuRefusal};
use whip_whep_core::ice::IceCredentials;
use whip_whep_core::layer_selection::LayerSelection;
use whip_whep_core::news::{Layer, News, Why};

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
        Ask::Describe { session, room } => {
            let told = sfu.players(&[session]).await;
            let n_viewers = sfu.n_viewers(&room);
            // Of one that is gone the core will hear.
            let news = told.first().map(|(_, status)| news(status, n_viewers));
            Ok(Reply::Described(news.unwrap_or_default()))
        }
        Ask::SelectLayer { session, selection } => {
            let chosen = sfu.choose_layer(session, choice(selection)).await;
            chosen.map(|()| Reply::Selected)
        }
        Ask::Close { session } => {
            sfu.close(session, CloseReason::Requested).await;
            Ok(Reply::Closed)
        }
    };
    answered.map_err(refusal)
}

fn choice(selection: LayerSelection) -> LayerChoice {
    LayerChoice {
        rid: selection.rid,
        spatial: selection.spatial,
        spatial_max: selection.spatial_max,
        temporal: selection.temporal,
        temporal_max: selection.temporal_max,
        width_max: selection.width_max,
        height_max: selection.height_max,
    }
}

/// What a player is told of its state.
pub(crate) fn news(status: &SubscriberStatus, n_viewers: usize) -> News {
    let why = match status.why {
        sfu_core::budget::choice::Why::Best => Why::Best,
        sfu_core::budget::choice::Why::Chosen => Why::Chosen,
        sfu_core::budget::choice::Why::Path(carries) => Why::Path(carries),
        sfu_core::budget::choice::Why::SoundOnly(carries) => Why::SoundOnly(carries),
    };
    // Where no picture comes, it is the smallest that says why.
    let is_silent = matches!(why, Why::SoundOnly(_));
    let has_reason = |index: usize, layer: &LayerStatus| match is_silent {
        true => index == 0,
        false => layer.is_current,
    };
    let layer = |(index, layer): (usize, &LayerStatus)| Layer {
        rid: layer.rid,
        spatial: layer.place.spatial,
        temporal: layer.place.temporal,
        bitrate: layer.rate.filter(|_| layer.is_flowing).unwrap_or_default(),
        size: layer.dimensions,
        current: has_reason(index, layer).then_some(why),
    };
    News {
        n_viewers,
        layers: status.layers.iter().enumerate().map(layer).collect(),
    }
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
        CommandError::UnknownLayer => SfuRefusal::UnknownLayer,
        CommandError::UnknownSession => SfuRefusal::UnknownSession,
        CommandError::Exhausted { .. } => SfuRefusal::Exhausted,
        CommandError::ShuttingDown => SfuRefusal::ShuttingDown,
        ours @ (CommandError::DuplicateSession | CommandError::Internal) => {
            error!(error = %ours, "the SFU failed");
            SfuRefusal::Internal
        }
    }
}

#[cfg(test)]
mod tests {
    use freshet_sim::signaling;
    use sfu_core::command::Command;
    use sfu_model::codec::{Codec, MediaKind};
    use sfu_model::id::SessionId;
    use sfu_model::rtp::Rid;

    use super::*;

    #[test]
    fn the_simulator_refuses_as_we_do() {
        let errors = [
            CommandError::MalformedOffer("no lines".to_owned()),
            CommandError::NoCommonCodec(MediaKind::Audio),
            CommandError::CannotDecode(Codec::Vp8),
            CommandError::NothingAccepted,
            CommandError::RoomBusy,
            CommandError::RoomEmpty,
            CommandError::UnknownLayer,
            CommandError::UnknownSession,
            CommandError::Exhausted { limit: "any" },
            CommandError::ShuttingDown,
            CommandError::DuplicateSession,
            CommandError::Internal,
        ];
        for error in errors {
            assert_eq!(signaling::refusal(error.clone()), refused(error));
        }
    }

    #[test]
    fn the_simulator_chooses_layers_as_we_do() {
        let selection = LayerSelection {
            rid: Rid::new("a"),
            spatial: Some(1),
            spatial_max: Some(2),
            temporal: Some(3),
            temporal_max: Some(4),
            width_max: Some(5),
            height_max: Some(6),
        };
        let session = SessionId::from_random(1);
        let ask = Ask::SelectLayer { session, selection };
        let asked = signaling::command_of(ask);
        assert!(
            matches!(asked, Some(Command::ChooseLayer { choice: theirs, .. }) if theirs == choice(selection))
        );
    }
}
