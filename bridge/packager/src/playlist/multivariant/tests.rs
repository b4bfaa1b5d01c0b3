use std::sync::Arc;

use sfu_model::codec::ClockRate;
use sfu_model::packet::Dimensions;

use super::*;
use crate::rendition::RenditionName;

fn video(height: u16, peak_bps: u64) -> RenditionOutline {
    RenditionOutline {
        name: RenditionName::parse(&format!("{height}p")).unwrap(),
        kind: MediaKind::Video,
        clock_rate: ClockRate(90_000),
        codecs: "avc1.42e01f".into(),
        formats: Arc::default(),
        size: Some(Dimensions {
            width: height / 9 * 16,
            height,
        }),
        milli_fps: Some(30_000),
        channels: None,
        peak_bps,
        average_bps: peak_bps / 2,
    }
}

fn sound(name: &str, codecs: &str, peak_bps: u64) -> RenditionOutline {
    RenditionOutline {
        name: RenditionName::parse(name).unwrap(),
        kind: MediaKind::Audio,
        clock_rate: ClockRate(48_000),
        codecs: codecs.into(),
        formats: Arc::default(),
        size: None,
        milli_fps: None,
        channels: Some(2),
        peak_bps,
        average_bps: peak_bps,
    }
}

#[test]
fn every_picture_goes_with_every_sound_and_aac_comes_first() {
    let renditions = [
        video(720, 2_000_000),
        video(360, 600_000),
        sound("aac", "mp4a.40.2", 128_000),
        sound("opus", "opus", 64_000),
    ];
    let text = multivariant(&renditions, View::Live);
    let wanted = "\
#EXTM3U
#EXT-X-VERSION:4
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aac\",NAME=\"Audio\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"aac/live.m3u8\"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"opus\",NAME=\"Audio\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"opus/live.m3u8\"
#EXT-X-STREAM-INF:BANDWIDTH=2128000,AVERAGE-BANDWIDTH=1128000,CODECS=\"avc1.42e01f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=30.000,AUDIO=\"aac\"
720p/live.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=728000,AVERAGE-BANDWIDTH=428000,CODECS=\"avc1.42e01f,mp4a.40.2\",RESOLUTION=640x360,FRAME-RATE=30.000,AUDIO=\"aac\"
360p/live.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2064000,AVERAGE-BANDWIDTH=1064000,CODECS=\"avc1.42e01f,opus\",RESOLUTION=1280x720,FRAME-RATE=30.000,AUDIO=\"opus\"
720p/live.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=664000,AVERAGE-BANDWIDTH=364000,CODECS=\"avc1.42e01f,opus\",RESOLUTION=640x360,FRAME-RATE=30.000,AUDIO=\"opus\"
360p/live.m3u8
";
    assert_eq!(text, wanted);
}

#[test]
fn sound_alone_and_pictures_alone_are_variants_without_groups() {
    let alone = multivariant(&[sound("aac", "mp4a.40.2", 128_000)], View::Dvr);
    let wanted = "#EXT-X-STREAM-INF:BANDWIDTH=128000,AVERAGE-BANDWIDTH=128000,\
                  CODECS=\"mp4a.40.2\"\naac/dvr.m3u8\n";
    assert!(alone.ends_with(wanted), "{alone}");
    assert!(!alone.contains("EXT-X-MEDIA"), "{alone}");
    let silent = multivariant(&[video(720, 1_000_000)], View::Live);
    assert!(!silent.contains("AUDIO"), "{silent}");
}

#[test]
fn a_second_reader_reads_the_same_and_independence_is_not_promised() {
    let renditions = [video(720, 2_000_000), sound("aac", "mp4a.40.2", 128_000)];
    let text = multivariant(&renditions, View::Live);
    let (_, read) = m3u8_rs::parse_master_playlist(text.as_bytes()).unwrap();
    assert_eq!((read.variants.len(), read.alternatives.len()), (1, 1));
    let variant = &read.variants[0];
    assert_eq!(variant.bandwidth, 2_128_000);
    assert_eq!(variant.audio.as_deref(), Some("aac"));
    assert_eq!(variant.resolution.unwrap().height, 720);
    assert_eq!(variant.frame_rate, Some(30.0));
    assert!(!read.independent_segments && !text.contains("INDEPENDENT"));
}
