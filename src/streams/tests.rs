//! The store at its edge.

use super::*;
use crate::scratch::Scratch;

const NOW: UnixTime = UnixTime(1);

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
    let create = |n| store.create(&name(n), &key, true, NOW);
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
    store.create(&name(0), &key, true, NOW).unwrap();
    assert!(!store.list().unwrap()[&name(0)].ended);
}
