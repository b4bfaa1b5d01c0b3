//! Our nouns and the engine's: the same things under two names.

use sfu_model::codec::Codec;
use sfu_model::datagram::{Datagram, Transport};
use sfu_model::packet::{AudioLevel, Extensions, Rotation};
use str0m::format::{Codec as EngineCodec, PayloadParams};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::rtp::{Extension, ExtensionMap, ExtensionValues, VideoOrientation};
use str0m::{Candidate, IceCreds, RtcError};

use crate::command::IceCredentials;
use crate::config::LocalAddress;
use crate::egress::extensions::ExtensionIds;
use crate::error::CommandError;
use crate::session::engine::dependency;

/// The engine refused a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused;

pub(super) fn our_transport(protocol: Protocol) -> Transport {
    match protocol {
        Protocol::Udp => Transport::Udp,
        Protocol::Tcp | Protocol::SslTcp | Protocol::Tls => Transport::Tcp,
    }
}

pub(super) fn candidate(local: &LocalAddress) -> Option<Candidate> {
    let builder = Candidate::builder();
    match local.transport {
        Transport::Udp => builder.udp().host(local.address).build().ok(),
        Transport::Tcp => builder
            .tcp()
            .host(local.address)
            .tcptype(TcpType::Passive)
            .build()
            .ok(),
    }
}

pub(super) fn engine_credentials(credentials: &IceCredentials) -> IceCreds {
    IceCreds {
        ufrag: credentials.ufrag.clone(),
        pass: credentials.password.clone(),
    }
}

pub(super) fn receive<'a>(datagram: &Datagram<'a>) -> Result<Receive<'a>, Refused> {
    let protocol = match datagram.transport {
        Transport::Udp => Protocol::Udp,
        Transport::Tcp => Protocol::Tcp,
    };
    Receive::new(
        protocol,
        datagram.source,
        datagram.destination,
        datagram.bytes,
    )
    .map_err(|_| Refused)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the engine's enum grows every month"
)]
pub(super) fn offer_error(error: RtcError) -> CommandError {
    match error {
        RtcError::RemoteSdp(text) => CommandError::MalformedOffer(text),
        RtcError::Sdp(e) => CommandError::MalformedOffer(e.to_string()),
        _ => CommandError::Internal,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the engine knows codecs that we do not forward"
)]
pub(super) fn our_codec(params: &PayloadParams) -> Option<Codec> {
    let spec = params.spec();
    let format = spec.format;
    match spec.codec {
        EngineCodec::Opus => Some(Codec::Opus),
        EngineCodec::Vp8 => Some(Codec::Vp8),
        EngineCodec::Vp9 => Some(Codec::Vp9 {
            profile_id: u8::try_from(format.profile_id.unwrap_or(0)).ok()?,
        }),
        EngineCodec::H264 => Some(Codec::H264 {
            // RFC 6184 section 8.1: absent means Baseline level 1.
            profile_level_id: format.profile_level_id.unwrap_or(0x42_000a),
            packetization_mode: format.packetization_mode.unwrap_or(0),
        }),
        EngineCodec::Av1 => Some(Codec::Av1 {
            profile: format.profile.unwrap_or(0),
        }),
        _ => None,
    }
}

pub(super) fn our_extensions(values: &ExtensionValues) -> Extensions {
    Extensions {
        audio_level: values.audio_level.map(|level| AudioLevel {
            minus_dbov: level.unsigned_abs().min(127),
            voice: values.voice_activity.unwrap_or(false),
        }),
        rotation: values.video_orientation.map(|o| match o {
            VideoOrientation::Deg0 => Rotation::None,
            VideoOrientation::Deg90 => Rotation::Quarter,
            VideoOrientation::Deg180 => Rotation::Half,
            VideoOrientation::Deg270 => Rotation::ThreeQuarters,
        }),
    }
}

/// The ids that the client gave the extensions that we write.
pub(super) fn extension_ids(map: &ExtensionMap) -> ExtensionIds {
    ExtensionIds {
        mid: map.id_of(Extension::RtpMid),
        audio_level: map.id_of(Extension::AudioLevel),
        rotation: map.id_of(Extension::VideoOrientation),
        transport_sequence: map.id_of(Extension::TransportSequenceNumber),
        absolute_send_time: map.id_of(Extension::AbsoluteSendTime),
        dependency_descriptor: map.id_of(dependency::extension()),
    }
}
