//! Publisher and players against the media plane, on real sockets: what the load program counts is what happened.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up fails the test"
)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use freshet_load::continuity::Faults;
use freshet_load::crowd::Crowd;
use freshet_load::encodings::Encodings;
use freshet_load::frame_publisher::FramePublisher;
use freshet_load::network::{Mix, PlayerPath, Profile};
use freshet_load::pacer::Pacing;
use freshet_load::pictures::PictureSource;
use freshet_load::playback::Playback;
use freshet_load::publisher::{Media, Published, Publisher};
use freshet_load::recording::Recording;
use freshet_load::session::{Role, Session};
use freshet_load::subscriber::Subscriber;
use freshet_load::tally::{Tallies, Tally};
use sfu_core::event::Event;
use sfu_model::id::RoomId;
use sfu_net::clock::Clock;
use sfu_net::entropy::session_id;
use sfu_server::{Config, Sfu};
use tokio::sync::mpsc::Receiver;

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Longest wait for anything: a test that comes here has failed.
const PATIENCE: Duration = Duration::from_secs(20);

fn start_server() -> (Sfu, Receiver<Event>) {
    let config = Config {
        listen: vec![SocketAddr::new(LOCAL, 0)],
        advertise: Vec::new(),
        n_workers: 2,
    };
    Sfu::start(&config).unwrap()
}

async fn open(sfu: &Sfu, role: Role, clock: Clock) -> Session {
    let room = RoomId::parse("demo").unwrap();
    let (mut session, offering) = Session::offer(role, LOCAL, clock).unwrap();
    let (id, offer) = (session_id().unwrap(), offering.sdp.clone());
    let answer = match role {
        Role::Publisher(_) | Role::FramePublisher(_) => {
            sfu.publish(id, room, offer, false).await.unwrap()
        }
        Role::Subscriber => sfu.play(id, room, offer).await.unwrap(),
    };
    session.accept(offering, &answer).unwrap();
    session
}

/// Players are refused until the publisher can be decoded.
async fn live(events: &mut Receiver<Event>) {
    let is_live = async {
        while let Some(event) = events.recv().await {
            if matches!(event, Event::RoomLive { .. }) {
                return true;
            }
        }
        false
    };
    let is_live = tokio::time::timeout(PATIENCE, is_live).await;
    assert_eq!(is_live, Ok(true), "the stream goes live in time");
}

/// Counts until the tally satisfies.
async fn count_until(
    crowd: &Crowd,
    published: Published,
    is_enough: impl Fn(&Tally) -> bool,
) -> Tally {
    let counted = tokio::time::timeout(PATIENCE, async {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        loop {
            looks.tick().await;
            let tally = crowd.count(published).unwrap();
            if is_enough(&tally) {
                return tally;
            }
        }
    });
    counted.await.expect("the players get there in time")
}

#[tokio::test]
async fn players_get_every_packet_of_one_continuous_stream() {
    let clock = Clock::start();
    let (sfu, mut events) = start_server();
    let session = open(&sfu, Role::Publisher(Encodings::One), clock).await;
    let publisher = Publisher::start(session, 1_000_000, clock).unwrap();
    live(&mut events).await;
    let crowd = Crowd::start(clock).unwrap();
    for _ in 0..6 {
        let posted_at = clock.now();
        let session = open(&sfu, Role::Subscriber, clock).await;
        crowd
            .join(Subscriber::new(session, Encodings::One, posted_at))
            .unwrap();
    }
    count_until(&crowd, Published::default(), |tally| tally.n_receiving == 6).await;
    crowd.begin_window().unwrap();
    count_until(&crowd, Published::default(), |t| t.window.n_packets > 2_000).await;
    let published = publisher.fall_silent().unwrap();
    assert!(
        published.n_video[0] > 100 && published.n_audio > 50,
        "{published:?}"
    );
    assert!(
        published.n_keyframe_requests > 0,
        "who joins asks for a keyframe"
    );

    let settled = count_until(&crowd, published, |tally| tally.n_lost == 0).await;
    assert_eq!(settled.n_alive, 6);
    assert_eq!(settled.faults, Faults::default());
    assert_eq!(settled.joins.len(), 6);
    assert!(settled.window.latency.percentile(50).unwrap() < Duration::from_millis(500));

    // The same players, told of packets that nobody sent, lack them: the count of the lost can fail.
    let more = Published {
        n_video: published.n_video.map(|n| n + 1),
        ..published
    };
    assert_eq!(crowd.count(more).unwrap().n_lost, 6);

    crowd.leave().unwrap();
    publisher.leave().unwrap();
    sfu.shutdown(PATIENCE).await;
}

#[tokio::test]
async fn what_a_lossy_path_loses_of_pictures_comes_again() {
    let clock = Clock::start();
    let (sfu, mut events) = start_server();
    let session = open(&sfu, Role::Publisher(Encodings::One), clock).await;
    let publisher = Publisher::start(session, 1_000_000, clock).unwrap();
    live(&mut events).await;
    let crowd = Crowd::start(clock).unwrap();
    let networks: Mix = "lossy:50,bursty:50".parse().unwrap();
    for number in 0..4 {
        let posted_at = clock.now();
        let path = networks.path_of(number).unwrap();
        let session = open(&sfu, Role::Subscriber, clock).await.through(path);
        crowd
            .join(Subscriber::new(session, Encodings::One, posted_at))
            .unwrap();
    }
    count_until(&crowd, Published::default(), |t| t.joins.len() == 4).await;
    crowd.begin_window().unwrap();
    count_until(&crowd, Published::default(), |t| t.window.n_packets > 3_000).await;
    // The stream goes on: what was lost in the end is noticed, too.
    let published = publisher.count().unwrap();
    let settled = count_until(&crowd, published, |t| t.n_lost == t.n_lost_audio).await;
    assert!(settled.n_repairs > 0);
    assert!(settled.n_lost_audio > 0, "nobody asks for sound again");
    assert_eq!(settled.faults, Faults::default());

    let each = crowd.count_each(published).unwrap();
    for network in [Profile::Lossy, Profile::Bursty] {
        let tally = each.of(network).unwrap();
        assert_eq!(tally.n_alive, 2);
        let fastest = tally.window.latency.percentile(1).unwrap();
        assert!(fastest >= Duration::from_millis(10), "{fastest:?}");
    }
    crowd.leave().unwrap();
    publisher.leave().unwrap();
    sfu.shutdown(PATIENCE).await;
}

#[tokio::test]
async fn players_of_a_simulcast_get_what_their_paths_carry_and_every_packet_of_it() {
    let clock = Clock::start();
    let (sfu, mut events) = start_server();
    let encodings = Encodings::Simulcast;
    let session = open(&sfu, Role::Publisher(encodings), clock).await;
    let media = Media {
        bitrate_bps: 2_000_000,
        encodings,
        pacing: Pacing::Paced,
    };
    let publisher = Publisher::start_with(session, media, clock).unwrap();
    live(&mut events).await;
    let crowd = Crowd::start(clock).unwrap();
    for path in [None, None, PlayerPath::new(Profile::Slow, 7)] {
        let posted_at = clock.now();
        let session = open(&sfu, Role::Subscriber, clock).await;
        let session = match path {
            Some(path) => session.through(path),
            None => session,
        };
        crowd
            .join(Subscriber::new(session, encodings, posted_at))
            .unwrap();
    }
    // Two have the largest; one has 1 Mbit/s, through which the middle goes.
    count_until(&crowd, Published::default(), |tally| {
        tally.n_at == [0, 1, 2]
    })
    .await;
    crowd.begin_window().unwrap();
    count_until(&crowd, Published::default(), |t| t.window.n_packets > 1_000).await;
    let published = publisher.fall_silent().unwrap();
    assert!(published.n_video.iter().all(|n| *n > 20), "{published:?}");
    let lost_by_clean = |each: &Tallies| each.of(Profile::Clean).unwrap().n_lost;
    count_until(&crowd, published, |tally| {
        tally.n_lost == tally.n_lost_audio
    })
    .await;
    let each = crowd.count_each(published).unwrap();
    assert_eq!(lost_by_clean(&each), 0, "{each:?}");
    let clean = each.of(Profile::Clean).unwrap();
    assert_eq!(clean.faults, Faults::default());
    // The server asked for them, or it would not know what to send to whom.
    assert!(clean.n_arrival_reports > 10, "{clean:?}");

    crowd.leave().unwrap();
    publisher.leave().unwrap();
    sfu.shutdown(PATIENCE).await;
}

#[tokio::test]
async fn a_slow_path_carries_its_rate_and_no_more() {
    let clock = Clock::start();
    let (sfu, mut events) = start_server();
    let session = open(&sfu, Role::Publisher(Encodings::One), clock).await;
    let publisher = Publisher::start(session, 3_000_000, clock).unwrap();
    live(&mut events).await;
    let crowd = Crowd::start(clock).unwrap();
    for path in [None, PlayerPath::new(Profile::Slow, 7)] {
        let posted_at = clock.now();
        let session = open(&sfu, Role::Subscriber, clock).await;
        let session = match path {
            Some(path) => session.through(path),
            None => session,
        };
        crowd
            .join(Subscriber::new(session, Encodings::One, posted_at))
            .unwrap();
    }
    count_until(&crowd, Published::default(), |tally| tally.n_receiving == 2).await;
    let began_at = clock.now();
    crowd.begin_window().unwrap();
    count_until(&crowd, Published::default(), |t| t.window.n_packets > 1_500).await;
    let each = crowd.count_each(Published::default()).unwrap();
    let seconds = (clock.now() - began_at).as_secs_f64();
    let kbps = |network| {
        let n_bytes = each.of(network).unwrap().window.n_bytes;
        n_bytes as f64 * 8.0 / seconds / 1_000.0
    };
    let (clean, slow) = (kbps(Profile::Clean), kbps(Profile::Slow));
    assert!(clean > 2_000.0, "{clean} kbit/s");
    // What waited before the bottleneck when the window began is 200 ms of it.
    let most = 1_000.0 * (seconds + 0.2) / seconds;
    assert!((500.0..=most).contains(&slow), "{slow} kbit/s");
    crowd.leave().unwrap();
    publisher.leave().unwrap();
    sfu.shutdown(PATIENCE).await;
}

/// A keyframe of several packets, and so many other pictures of one that a test is over before the keyframe comes again.
fn byte_stream() -> Vec<u8> {
    const START_CODE: [u8; 4] = [0, 0, 0, 1];
    let sps = [
        0x67, 0x42, 0xc0, 0x1f, 0x8c, 0x8d, 0x40, 0x28, 0x02, 0xdd, 0x08,
    ];
    let mut stream = [
        &START_CODE[..],
        &sps,
        &START_CODE,
        &[0x68, 0xce, 0x3c, 0x80],
    ]
    .concat();
    stream.extend([&START_CODE[..], &[0x65, 0x88], &[0x55; 3_000]].concat());
    for _ in 0..3_000 {
        stream.extend([&START_CODE[..], &[0x41, 0x9a], &[0x55; 500]].concat());
    }
    stream
}

#[tokio::test]
async fn a_recording_goes_live_reaches_players_and_answers_keyframe_requests() {
    let clock = Clock::start();
    let (sfu, mut events) = start_server();
    let recording = Recording::parse(byte_stream(), Some(100.0)).unwrap();
    let source = Box::new(Playback::new(Arc::new(recording)));
    let session = open(&sfu, Role::FramePublisher(source.codec()), clock).await;
    let publisher = FramePublisher::start(session, source, clock).unwrap();
    live(&mut events).await;
    let crowd = Crowd::start(clock).unwrap();
    let posted_at = clock.now();
    let session = open(&sfu, Role::Subscriber, clock).await;
    crowd
        .join(Subscriber::new(session, Encodings::One, posted_at))
        .unwrap();
    count_until(&crowd, Published::default(), |t| t.window.n_packets > 300).await;
    crowd.leave().unwrap();
    assert!(!publisher.has_ended());

    let (published, ended) = publisher.leave();
    ended.unwrap();
    assert!(published.keyframe_requests > 0, "who joins asks for one");
    // The recording has one, which is played again because it was asked for.
    assert!(published.keyframes > 1, "{published:?}");
    assert!(published.pictures < 3_000, "{published:?}");
    // Three packets more than pictures in each keyframe, and sound.
    let n_min = published.pictures + 3 * published.keyframes;
    assert!(published.packets > n_min, "{published:?}");
    sfu.shutdown(PATIENCE).await;
}
