//! The store at its edge.

use super::*;
use crate::scratch::Scratch;

const NOW: UnixTime = UnixTime(1);

const PUBLIC: Wish = Wish {
    public: true,
    latency: None,
    players: None,
};

fn name(n: usize) -> RoomId {
    RoomId::parse(&format!("s{n}")).unwrap()
}

/// A store with so many streams in its file.
fn store_of(scratch: &Scratch, n_streams: usize) -> StreamStore {
    let data = DataDir::open(&scratch.path().join("data")).unwrap();
    let made = Made {
        key: None,
        public: true,
        ended: false,
        latency: None,
        players: None,
        created_at: 0,
    };
    let streams = (0..n_streams).map(|n| (name(n).as_str().to_owned(), made.clone()));
    let kept = Kept {
        streams: streams.collect(),
        ..Kept::default()
    };
    std::fs::write(data.file(FILE), serde_json::to_vec(&kept).unwrap()).unwrap();
    StreamStore::open(data, &[]).unwrap()
}

#[test]
fn the_last_place_is_taken_and_one_more_is_refused() {
    let scratch = Scratch::new("streams");
    let store = store_of(&scratch, STREAMS_MAX - 1);
    let key = StreamKey::parse("some-key-0001").unwrap();
    let create = |n| store.create(&name(n), &key, PUBLIC, NOW);
    create(STREAMS_MAX).unwrap();
    let refused = create(STREAMS_MAX + 1).unwrap_err();
    assert!(matches!(refused, StoreError::Full), "{refused}");
    assert_eq!(store.list().unwrap().len(), STREAMS_MAX);
}

#[test]
fn a_full_store_opens_an_ended_stream_again() {
    let scratch = Scratch::new("streams");
    let store = store_of(&scratch, STREAMS_MAX);
    let key = StreamKey::parse("some-key-0001").unwrap();
    store.end(&name(0)).unwrap();
    store.create(&name(0), &key, PUBLIC, NOW).unwrap();
    assert!(!store.list().unwrap()[&name(0)].ended);
}

#[test]
fn the_latency_of_a_stream_is_the_files_the_commands_or_nobodys() {
    let scratch = Scratch::new("streams");
    let data = DataDir::open(&scratch.path().join("data")).unwrap();
    let fixed = StaticStream {
        name: "fixed".to_owned(),
        key: None,
        public: true,
        latency: Some(Latency::Standard),
        players: None,
    };
    let store = StreamStore::open(data, &[fixed]).unwrap();
    let key = StreamKey::parse("some-key-0001").unwrap();
    let latency = Some(Latency::UltraLow);
    store
        .create(&name(1), &key, Wish { latency, ..PUBLIC }, NOW)
        .unwrap();
    store.create(&name(2), &key, PUBLIC, NOW).unwrap();
    store.list().unwrap();
    let fixed = RoomId::parse("fixed").unwrap();
    assert_eq!(store.latency_of(&fixed), Some(Latency::Standard));
    assert_eq!(store.latency_of(&name(1)), latency);
    assert_eq!(store.latency_of(&name(2)), None);
    assert_eq!(store.latency_of(&name(3)), None);
}
