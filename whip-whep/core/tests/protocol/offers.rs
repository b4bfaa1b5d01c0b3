//! Offers, as clients send them and as they must not.

/// Chromium: Opus, and VP8, H.264, VP9 and AV1 in three simulcast encodings; shortened to one payload type per codec.
pub(crate) const CHROMIUM_SIMULCAST: &str = include_str!("offers/chromium_simulcast.sdp");

/// OBS (libdatachannel): everything about the transport at session level, no candidates, no RTX.
pub(crate) const OBS_PUBLISH: &str = include_str!("offers/obs_publish.sdp");

pub(crate) const FINGERPRINT: &str = "sha-256 DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:09:\
                                      DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF";

/// The credentials in [`publish`] and [`play`].
pub(crate) const UFRAG: &str = "EsAw";
pub(crate) const PASSWORD: &str = "P2uYro0UCOQ4zxjKXaWCBui1";

const SESSION: &str = "v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n";

const AUDIO: &str = "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n";

const VIDEO: &str = "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n\
                     a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n";

/// A minimal good publisher's offer.
pub(crate) fn publish() -> String {
    offer("sendonly", true)
}

/// A minimal good player's offer.
pub(crate) fn play() -> String {
    offer("recvonly", false)
}

/// One audio and one video section.
fn offer(direction: &str, has_msid: bool) -> String {
    let audio = section("audio 9 UDP/TLS/RTP/SAVPF 111", "0", direction, AUDIO);
    let video = section("video 9 UDP/TLS/RTP/SAVPF 96 97", "1", direction, VIDEO);
    let text = format!("{SESSION}{audio}{video}");
    if has_msid {
        text
    } else {
        without(&text, "a=msid:")
    }
}

/// One more section, which is in no group.
pub(crate) fn section(media: &str, mid: &str, direction: &str, codecs: &str) -> String {
    format!(
        "m={media}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:{UFRAG}\r\na=ice-pwd:{PASSWORD}\r\n\
         a=fingerprint:{FINGERPRINT}\r\na=setup:actpass\r\na=mid:{mid}\r\na={direction}\r\n\
         a=msid:stream track{mid}\r\na=rtcp-mux\r\n{codecs}"
    )
}

/// A section for a data channel.
pub(crate) fn data_channel(mid: &str) -> String {
    format!(
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\n\
         a=sctp-port:5000\r\n"
    )
}

/// The offer without the lines that begin so.
pub(crate) fn without(offer: &str, start: &str) -> String {
    let kept = offer
        .split_inclusive('\n')
        .filter(|line| !line.starts_with(start));
    kept.collect()
}
