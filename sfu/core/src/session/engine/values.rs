//! Our nouns and the engine's: the same things under two names.

use std::time::SystemTime;

use sfu_model::codec::Codec;
use sfu_model::datagram::{Datagram, Transport};
use sfu_model::packet::{AudioLevel, CaptureTime, Extensions, PlayoutDelay, Rotation};
use sfu_model::time::NtpTime;
use str0m::format::{Codec as EngineCodec, PayloadParams};
use str0m::media::{Frequency, MediaTime};
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
        capture_time: values.abs_capture_time.and_then(|time| {
            Some(CaptureTime {
                ntp: our_ntp(time.capture_time)?,
                clock_offset: time.clock_offset,
            })
        }),
        playout_delay: playout_delay(values),
    }
}

fn playout_delay(values: &ExtensionValues) -> Option<PlayoutDelay> {
    let hundredths = |time: MediaTime| u16::try_from(time.rebase(Frequency::HUNDREDTHS).numer());
    Some(PlayoutDelay {
        min: hundredths(values.play_delay_min?).ok()?,
        max: hundredths(values.play_delay_max?).ok()?,
    })
}

/// The engine reads NTP times as those of a system clock. `None`: before 1970, which it does not tell from 1970.
pub(super) fn our_ntp(time: SystemTime) -> Option<NtpTime> {
    let unix = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(NtpTime::UNIX_EPOCH.after(unix))
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
        capture_time: map.id_of(Extension::AbsoluteCaptureTime),
        playout_delay: map.id_of(Extension::PlayoutDelay),
    }
}
