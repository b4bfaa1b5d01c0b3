//! What the handle does when a worker fails or is full.

use sfu_model::drop_reason::DropReason;
use str0m::Rtc;
use str0m::media::{Direction, MediaKind};

use super::*;
use crate::request::REQUESTS_MAX;

fn node(n_workers: usize) -> (Sfu, mpsc::Receiver<Event>) {
    let listen = vec!["127.0.0.1:0".parse().unwrap()];
    Sfu::start(&Config {
        listen,
        advertise: Vec::new(),
        n_workers,
    })
    .unwrap()
}

fn publish_offer() -> String {
    let clock = sfu_net::clock::Clock::start();
    let mut rtc = Rtc::builder().set_rtp_mode(true).build(clock.anchor());
    let mut api = rtc.sdp_api();
    api.add_media(MediaKind::Video, Direction::SendOnly, None, None, None);
    let (offer, _pending) = api.apply().unwrap();
    offer.to_sdp_string()
}

fn session(number: u128) -> SessionId {
    SessionId::from_random(number)
}

async fn publish(sfu: &Sfu, number: u128, room: &str) -> Result<String, RequestError> {
    let room = RoomId::parse(room).unwrap();
    sfu.publish(session(number), room, publish_offer(), false)
        .await
}

async fn wait_for_no_rooms(sfu: &Sfu) {
    let no_rooms = async {
        while !sfu.rooms().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), no_rooms)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_worker_that_fails_loses_its_sessions_says_so_and_begins_again() {
    let (sfu, mut events) = node(2);
    publish(&sfu, 1, "one").await.unwrap();
    publish(&sfu, 2, "two").await.unwrap();
    let (lost, kept) = (
        sfu.worker_of(session(1)).unwrap(),
        sfu.worker_of(session(2)).unwrap(),
    );
    assert_ne!(lost, kept);
    sfu.door(lost).unwrap().try_ask(Request::Fail).unwrap();
    let closed = events.recv().await.unwrap();
    assert!(
        matches!(&closed, Event::SessionClosed { session: id, reason: CloseReason::Invariant, .. }
            if *id == session(1)),
        "{closed:?}"
    );
    let stats = sfu.stats().await;
    let restarts: Vec<u64> = stats.iter().map(|worker| worker.thread.restarts).collect();
    let expected = if lost < kept { [1, 0] } else { [0, 1] };
    assert_eq!(restarts, expected);
    assert_eq!(sfu.rooms().len(), 1);
    // The room is free again, on the worker that failed.
    publish(&sfu, 3, "one").await.unwrap();
    assert_eq!(sfu.worker_of(session(3)), Ok(lost));
    assert_eq!(sfu.worker_of(session(2)), Ok(kept));
}

#[tokio::test]
async fn a_worker_that_begins_again_goes_on_counting() {
    let (sfu, mut events) = node(1);
    publish(&sfu, 1, "one").await.unwrap();
    let stranger = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let noise = async || stranger.send_to(&[255; 16], sfu.listens_on()[0]).await;
    let drops_after = async |n: u64| {
        let counted = async {
            loop {
                let stats = sfu.stats().await;
                let [worker] = stats.as_slice() else {
                    panic!("one worker: {stats:?}")
                };
                if worker.core.drops.get(DropReason::NotOurProtocol) >= n {
                    return worker.core.drops.get(DropReason::NotOurProtocol);
                }
            }
        };
        let counted = tokio::time::timeout(Duration::from_secs(10), counted);
        counted.await.unwrap()
    };
    noise().await.unwrap();
    assert_eq!(drops_after(1).await, 1);
    let worker = sfu.worker_of(session(1)).unwrap();
    sfu.door(worker).unwrap().try_ask(Request::Fail).unwrap();
    events.recv().await.unwrap();
    assert_eq!(drops_after(0).await, 1, "what the failed core counted");
    noise().await.unwrap();
    assert_eq!(drops_after(2).await, 2);
}

#[tokio::test]
async fn a_refused_session_leaves_nothing_behind() {
    let (sfu, _events) = node(1);
    let room = RoomId::parse("demo").unwrap();
    let refused = sfu.publish(session(1), room, "no SDP".into(), false).await;
    assert!(
        matches!(
            refused,
            Err(RequestError::Refused(CommandError::MalformedOffer(_)))
        ),
        "{refused:?}"
    );
    // The worker told the observer before it told us; the observer may not have read it.
    wait_for_no_rooms(&sfu).await;
}

#[tokio::test]
async fn whoever_stops_waiting_leaves_no_seat_taken() {
    let (sfu, mut events) = node(1);
    {
        let room = RoomId::parse("demo").unwrap();
        let mut publish = std::pin::pin!(sfu.publish(session(1), room, "no SDP".into(), false));
        // One poll sends the request; then the caller goes away.
        let waker = std::task::Waker::noop();
        let _ = publish
            .as_mut()
            .poll(&mut std::task::Context::from_waker(waker));
    }
    wait_for_no_rooms(&sfu).await;
    assert!(events.try_recv().is_err());
}

#[tokio::test]
async fn a_second_publisher_is_refused_unless_it_takes_over() {
    let (sfu, _events) = node(2);
    publish(&sfu, 1, "demo").await.unwrap();
    let second = publish(&sfu, 2, "demo").await;
    assert_eq!(second, Err(RequestError::Refused(CommandError::RoomBusy)));
    let room = RoomId::parse("demo").unwrap();
    sfu.publish(session(3), room, publish_offer(), true)
        .await
        .unwrap();
    assert_eq!(sfu.worker_of(session(3)), sfu.worker_of(session(1)));
}

#[tokio::test]
async fn a_door_with_a_full_queue_says_so_at_once() {
    let poll = mio::Poll::new().unwrap();
    let bell = crate::bell::Bell::new(poll.registry(), mio::Token(0)).unwrap();
    let (door, _nobody_reads) = Door::new(Arc::new(bell));
    for _ in 0..REQUESTS_MAX {
        door.try_ask(Request::Stop {
            within: Duration::ZERO,
        })
        .unwrap();
    }
    let one_more = door.try_ask(Request::Stop {
        within: Duration::ZERO,
    });
    assert_eq!(one_more, Err(RequestError::Overloaded));
}

#[tokio::test]
async fn a_command_that_finds_a_full_queue_is_refused_and_counted() {
    let poll = mio::Poll::new().unwrap();
    let bell = crate::bell::Bell::new(poll.registry(), mio::Token(0)).unwrap();
    let (door, _nobody_reads) = Door::new(Arc::new(bell));
    let shared = Arc::new(Shared::new(1));
    let inner = Inner {
        doors: vec![door.clone()],
        shared: Arc::clone(&shared),
        threads: Mutex::default(),
        clock: Clock::start(),
        listens_on: Vec::new(),
    };
    let sfu = Sfu {
        inner: Arc::new(inner),
    };
    let within = Duration::ZERO;
    while door.try_ask(Request::Stop { within }).is_ok() {}
    assert_eq!(shared.requests_limit_hits(), 0);
    let refused = publish(&sfu, 1, "demo").await;
    assert_eq!(refused, Err(RequestError::Overloaded));
    assert_eq!(shared.requests_limit_hits(), 1);
}
