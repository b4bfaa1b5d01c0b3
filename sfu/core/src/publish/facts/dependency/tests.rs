//! Descriptors as encoders write them, and as nobody should.

use proptest::prelude::*;
use sfu_model::dependency::Indication;

use super::script::{FrameScript, Mode, Writer};
use super::*;

fn frame(template: u8, number: u16) -> FrameScript {
    FrameScript {
        begins: true,
        ends: false,
        template,
        number,
    }
}

fn read(reader: &mut DependencyReader, bytes: Vec<u8>) -> Option<Reading> {
    reader.read(Arc::new(DescriptorBytes(bytes)))
}

#[test]
fn a_structure_holds_for_the_frames_after_it() {
    let mode = Mode::new(3, 3);
    let mut reader = DependencyReader::default();
    let key = read(&mut reader, frame(0, 7).write(Some(mode), None)).unwrap();
    let size = key.sizes.largest().unwrap();
    assert_eq!((size.width, size.height), (1_280, 720));
    let placed = key.descriptor.frame.unwrap();
    assert_eq!(placed.active_targets, 0b1_1111_1111);
    assert_eq!(placed.structure.targets[5], Layer::new(1, 2).unwrap());
    assert_eq!(placed.structure.n_chains, 3);
    assert!(placed.structure.includes(8, 0) && !placed.structure.includes(0, 8));

    let upper = mode.template(2, 1, false);
    let delta = read(&mut reader, frame(upper, 8).write(None, None)).unwrap();
    assert!(delta.sizes.is_empty());
    assert_eq!(delta.descriptor.frame_number, 8);
    assert_eq!(delta.descriptor.bytes.0.len(), 3);
    let placed = delta.descriptor.frame.unwrap();
    assert_eq!(placed.layer, Layer::new(2, 1).unwrap());
    assert_eq!(placed.references.iter().collect::<Vec<_>>(), [6, 1]);
    assert_eq!(placed.indications.of(5), Indication::NotPresent);
    assert_eq!(placed.indications.of(7), Indication::Discardable);
    assert_eq!(placed.indications.of(8), Indication::Switch);
}

#[test]
fn key_picture_svc_includes_no_lower_spatial_layer() {
    let mode = Mode::new(2, 2).key_only();
    let mut reader = DependencyReader::default();
    let key = read(&mut reader, frame(0, 0).write(Some(mode), None)).unwrap();
    let structure = key.descriptor.frame.unwrap().structure;
    assert!(
        structure.includes(3, 2),
        "the same resolution, half as often"
    );
    assert!(!structure.includes(3, 1), "the resolution below");
}

#[test]
fn a_mask_holds_until_the_next() {
    let mode = Mode::new(1, 3);
    let mut reader = DependencyReader::default();
    let active =
        |reading: Option<Reading>| reading.unwrap().descriptor.frame.unwrap().active_targets;
    let key = frame(0, 0).write(Some(mode), Some((0b011, 3)));
    assert_eq!(active(read(&mut reader, key)), 0b011);
    assert_eq!(
        active(read(&mut reader, frame(1, 1).write(None, None))),
        0b011
    );
    let masked = frame(1, 2).write(None, Some((0b111, 3)));
    assert_eq!(active(read(&mut reader, masked)), 0b111);
}

#[test]
fn a_frame_of_a_structure_that_was_lost_is_told_from_a_malformed_one() {
    let mut reader = DependencyReader::default();
    let early = read(&mut reader, frame(3, 9).write(None, None)).unwrap();
    assert_eq!(early.descriptor.frame, None);
    assert_eq!(early.descriptor.frame_number, 9);
    let mode = Mode::new(1, 2);
    read(&mut reader, frame(0, 10).write(Some(mode), None)).unwrap();
    let unknown = read(&mut reader, frame(33, 11).write(None, None)).unwrap();
    assert_eq!(unknown.descriptor.frame, None);
}

#[test]
fn what_a_frame_says_of_itself_replaces_its_template() {
    let mode = Mode::new(1, 2);
    let mut reader = DependencyReader::default();
    read(&mut reader, frame(0, 0).write(Some(mode), None)).unwrap();
    let mut writer = Writer::default();
    writer.put(0b11, 2);
    writer.put(1, 6);
    writer.put(1, 16);
    writer.put(0b00111, 5);
    writer.put(0b10_01, 4); // indications: switch, discardable
    writer.put(0b01, 2);
    writer.put(4, 4); // five back
    writer.put(0b11, 2);
    writer.put(0xfff, 12); // 4,096 back
    writer.put(0, 2);
    writer.put(9, 8); // one chain
    let reading = read(&mut reader, writer.bytes()).unwrap();
    let placed = reading.descriptor.frame.unwrap();
    assert_eq!(placed.references.iter().collect::<Vec<_>>(), [5, 4_096]);
    assert_eq!(placed.indications.of(0), Indication::Switch);
    assert_eq!(placed.indications.of(1), Indication::Discardable);
}

#[test]
fn a_cut_structure_is_malformed_and_forgotten() {
    let mode = Mode::new(3, 3);
    let whole = frame(0, 0).write(Some(mode), None);
    for cut in 0..whole.len() {
        // The mandatory fields alone are a descriptor, of a structure that is not known.
        let mut reader = DependencyReader::default();
        let reading = read(&mut reader, whole[..cut].to_vec());
        assert_eq!(reading.is_some(), cut == 3, "{cut}");
        let after = read(&mut reader, frame(1, 1).write(None, None)).unwrap();
        assert_eq!(after.descriptor.frame, None);
    }
}

/// The start of a descriptor with a structure of one decode target.
fn structure_of_one_target() -> Writer {
    let mut writer = Writer::default();
    writer.put(0xc0, 8);
    writer.put(0, 16);
    writer.put(0b10000, 5);
    writer.put(0, 6 + 5);
    writer
}

#[test]
fn layers_templates_and_references_beyond_the_limits_are_malformed() {
    for idc in [1, 2] {
        let mut writer = structure_of_one_target();
        (0..4).for_each(|_| writer.put(idc, 2));
        writer.put(3, 2);
        writer.put(0, 200);
        assert_eq!(read(&mut DependencyReader::default(), writer.bytes()), None);
    }
    let mut writer = structure_of_one_target();
    (0..65).for_each(|_| writer.put(0, 2));
    writer.put(0xffff_ffff, 32);
    assert_eq!(read(&mut DependencyReader::default(), writer.bytes()), None);
    for (n, is_read) in [(8, true), (9, false)] {
        let mut writer = structure_of_one_target();
        writer.put(3, 2);
        writer.put(2, 2);
        (0..n).for_each(|_| writer.put(0b1_0000, 5));
        writer.put(0, 40);
        let reading = read(&mut DependencyReader::default(), writer.bytes());
        assert_eq!(reading.is_some(), is_read, "{n}");
    }
}

proptest! {
    #[test]
    fn any_descriptors_are_survived(
        descriptors in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..6),
        has_structure: bool,
    ) {
        let mut reader = DependencyReader::default();
        if has_structure {
            read(&mut reader, frame(0, 0).write(Some(Mode::new(2, 3)), None)).unwrap();
        }
        for bytes in descriptors {
            if let Some(reading) = read(&mut reader, bytes)
                && let Some(placed) = reading.descriptor.frame
            {
                prop_assert!(placed.layer.is_within(Layer::TOP));
                prop_assert!(placed.structure.targets.len() <= DECODE_TARGETS_MAX);
            }
        }
    }
}
