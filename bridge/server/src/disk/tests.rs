use std::os::unix::fs::symlink;

use bridge_origin::stats::Limit;

use crate::sample::{Sample, key};

use super::*;

/// So many segments more, and all that the disk does about them.
async fn play(sample: &mut Sample, n_segments: u64) {
    for _ in 0..n_segments {
        let orders = sample.segment();
        Disk::do_all(orders, &sample.stream).await;
    }
}

/// These segments meet a disk without room: the kernel says of this device what it says of one that is full (ENOSPC).
fn fill(sample: &Sample, segments: std::ops::Range<u64>) {
    for number in segments {
        symlink("/dev/full", sample.stream.folder().file(&key(number))).unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_shortens_the_dvr_and_is_counted_once_until_there_is_room_again() {
    let mut sample = Sample::new();
    play(&mut sample, 12).await;
    let listed = |from: u64, to: u64| (from..to).collect::<Vec<u64>>();
    assert_eq!(sample.listed("dvr.m3u8").await, listed(0, 12));
    fill(&sample, 12..18);
    play(&mut sample, 6).await;
    assert_eq!(sample.listed("live.m3u8").await, listed(14, 18));
    assert_eq!(sample.listed("dvr.m3u8").await, listed(14, 18));
    assert_eq!(sample.stream.disk_counts().failures, 1);
    assert_eq!(sample.stream.stats().lost_segments, 2);
    play(&mut sample, 8).await;
    assert_eq!(sample.listed("live.m3u8").await, listed(22, 26));
    assert_eq!(sample.listed("dvr.m3u8").await, listed(18, 26));
    assert_eq!(sample.stream.disk_counts().failures, 1);
    fill(&sample, 26..28);
    play(&mut sample, 2).await;
    assert_eq!(sample.stream.disk_counts().failures, 2, "it had worked");
    let left = sample.stream.folder().file(&key(26));
    assert!(left.symlink_metadata().is_err(), "half a file is none");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_a_disk_that_fails_until_it_can() {
    let mut sample = Sample::new();
    std::fs::write(sample.root(), "in the way").unwrap();
    play(&mut sample, 80).await;
    assert_eq!(sample.listed("dvr.m3u8").await, [76, 77, 78, 79]);
    let limits = sample.stream.stats().limit_hits;
    assert_eq!(limits.get(&Limit::DiskWrites), None, "none is owed");
    assert_eq!(sample.stream.disk_counts().failures, 1);
    std::fs::remove_file(sample.root()).unwrap();
    play(&mut sample, 10).await;
    assert_eq!(sample.listed("dvr.m3u8").await.first(), Some(&80));
    assert!(sample.stream.folder().file(&key(89)).is_file());
}

#[tokio::test]
async fn what_finds_no_room_before_the_disk_has_failed_and_is_counted() {
    let mut sample = Sample::new();
    let writes = sample.segment();
    let (way, _inbox) = mpsc::channel(1);
    let disk = Disk(way);
    disk.take(vec![Order::Delete(key(8))], &sample.stream);
    assert_eq!(sample.stream.disk_counts().files_left, 0);
    disk.take(vec![Order::Delete(key(9))], &sample.stream);
    assert_eq!(sample.stream.disk_counts().files_left, 1);
    disk.take(writes, &sample.stream);
    assert_eq!(sample.stream.disk_counts().failures, 1);
}
