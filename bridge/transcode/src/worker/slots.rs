//! The slots of a worker: a thread for each, which owns its pipelines.

use std::collections::BTreeMap;
use std::sync::Arc;

use sfu_model::frame::Frame;
use sfu_net::clock::Clock;

use super::card_check::CardCheck;
use super::inbox::{Inbox, Input, Start};
use super::outlet::{Outlet, count};
use super::{elements, pictures, sound};
use crate::capabilities::Capabilities;
use crate::gate::{Gate, Passage};
use crate::job::{Job, SlotId};
use crate::message::from_worker::{FromWorker, Trouble};
use crate::message::to_worker::ToWorker;
use crate::plan::Plan;

/// All slots of a worker.
#[derive(Debug)]
pub(super) struct Slots {
    outlet: Outlet,
    clock: Clock,
    /// How pictures go: told before the first job of them is.
    plan: Arc<Plan>,
    card_check: CardCheck,
    slots: BTreeMap<SlotId, Entry>,
}

#[derive(Debug)]
struct Entry {
    inbox: Inbox,
    gate: Gate,
    _open: Arc<()>,
}

impl Slots {
    pub(super) fn new(outlet: Outlet, clock: Clock) -> Self {
        Self {
            outlet,
            clock,
            plan: Arc::new(Plan::of(&Capabilities::default())),
            card_check: CardCheck::default(),
            slots: BTreeMap::new(),
        }
    }

    /// Says what was found on this machine: slots that are opened from now on go by it.
    pub(super) fn plan_by(&mut self, found: &Capabilities) {
        let plan = Plan::of(found);
        if let Err(why) = elements::prepare(&plan) {
            tracing::warn!(%why, "a card's context cannot be made");
            self.outlet.tell(&FromWorker::CardLost(why));
        }
        self.plan = Arc::new(plan);
    }

    /// Does what the server says. It never waits: other slots are behind it.
    pub(super) fn handle_message(&mut self, message: ToWorker) {
        match message {
            ToWorker::Open(slot, job) => self.open(slot, job),
            ToWorker::Frame(slot, frame) => self.handle_frame(slot, frame),
            ToWorker::KeyframeAt(slot, time) => self.put(slot, Input::KeyframeAt(time)),
            ToWorker::Rungs(slot, wanted) => self.put(slot, Input::Rungs(wanted)),
            ToWorker::Close(slot) => drop(self.slots.remove(&slot)),
            ToWorker::Probe(_) | ToWorker::Found(_) => {}
        }
    }

    fn open(&mut self, slot: SlotId, job: Job) {
        let (inbox, inputs) = Inbox::new();
        let open = Arc::new(());
        let start = Start {
            slot,
            inbox: inbox.clone(),
            inputs,
            outlet: self.outlet.clone(),
            clock: self.clock,
            plan: Arc::clone(&self.plan),
            card_check: self.card_check.clone(),
            open: Arc::downgrade(&open),
        };
        let thread = std::thread::Builder::new().name(format!("slot-{}", slot.0));
        let started = thread.spawn(move || match job {
            Job::Sound(job) => sound::run(start, job),
            Job::Pictures(job) => pictures::run(start, job),
        });
        if let Err(error) = started {
            let why = format!("no thread for the slot: {error}");
            self.outlet.tell(&FromWorker::Failed(slot, why.into()));
            return;
        }
        let entry = Entry {
            inbox,
            gate: Gate::default(),
            _open: open,
        };
        self.slots.insert(slot, entry);
    }

    fn handle_frame(&mut self, slot: SlotId, frame: Frame) {
        let Some(entry) = self.slots.get_mut(&slot) else {
            return;
        };
        count(&self.outlet.tally.frames_in);
        let has_room = entry.inbox.has_room();
        let passage = entry.gate.pass(frame.is_keyframe, has_room);
        if passage == Passage::Dropped || !entry.inbox.put(Input::Frame(frame)) {
            entry.gate.close();
            count(&self.outlet.tally.frames_in_dropped);
            if passage != Passage::Dropped || !has_room {
                let trouble = FromWorker::Trouble(slot, Trouble::TooSlow);
                self.outlet.tell(&trouble);
            }
        }
    }

    fn put(&self, slot: SlotId, input: Input) {
        if let Some(entry) = self.slots.get(&slot) {
            entry.inbox.put(input);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use gstreamer as gst;
    use gstreamer::prelude::*;
    use sfu_model::frame::Format;
    use sfu_model::packet::Dimensions;
    use sfu_model::time::MediaTime;

    use super::*;
    use crate::capabilities::Role;
    use crate::job::{Cadence, FrameRate, Keyframes, PicturesJob, Rung};
    use crate::message::wire::{LENGTH_BYTES, message_length};
    use crate::place::Place;
    use crate::some_machine::{self, with_card};
    use crate::worker::line::{Line, element};

    const SIZE: Dimensions = Dimensions {
        width: 320,
        height: 240,
    };

    /// Long enough for anything that works, on a machine with much else to do.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// A machine whose card did all of it in its trial, and now starts and fails at whatever comes, as after a fault of CUDA's:
    /// what is called its decoder is none.
    fn found(decoder_of_card: Option<&str>) -> Capabilities {
        let mut others = vec![
            some_machine::element(Role::DecodeVp8, Place::Processor, "vp8dec"),
            some_machine::element(Role::Scale, Place::Nvidia, "videoscale"),
            some_machine::element(Role::Scale, Place::Processor, "videoscale"),
        ];
        let of_card =
            decoder_of_card.map(|name| some_machine::element(Role::DecodeVp8, Place::Nvidia, name));
        others.extend(of_card);
        with_card(Place::Nvidia, "openh264enc", others)
    }

    /// A keyframe of VP8.
    fn vp8() -> Vec<u8> {
        let (out, came) = std::sync::mpsc::sync_channel(8);
        let encoder = element("vp8enc").unwrap();
        encoder.set_property_from_str("deadline", "1");
        let caps = gst::Caps::builder("video/x-vp8").build();
        let each = move |sample: gst::Sample| {
            let map = sample.buffer().unwrap().map_readable().unwrap();
            drop(out.try_send(map.to_vec()));
        };
        let line = Line::start(&[encoder], &caps, 8, each, |_| {}).unwrap();
        let raw = gst::Caps::builder("video/x-raw")
            .field("format", "I420")
            .field("width", i32::from(SIZE.width))
            .field("height", i32::from(SIZE.height))
            .field("framerate", gst::Fraction::new(30, 1))
            .build();
        line.set_caps(&raw);
        for n in 0..4_u64 {
            let mut buffer = gst::Buffer::from_mut_slice(vec![128_u8; 320 * 240 * 3 / 2]);
            let time = gst::ClockTime::SECOND / 30 * n;
            buffer.get_mut().unwrap().set_pts(time);
            line.push(buffer);
        }
        came.recv_timeout(PATIENCE).unwrap()
    }

    fn next(theirs: &mut UnixStream) -> FromWorker {
        let mut length = [0; LENGTH_BYTES];
        theirs.read_exact(&mut length).unwrap();
        let mut body = vec![0; message_length(length).unwrap()];
        theirs.read_exact(&mut body).unwrap();
        FromWorker::decode(&body).unwrap()
    }

    /// Sends keyframes to a slot until it has made something of one: the troubles that it told until then, and how often it said
    /// that its card is lost.
    fn until_encoded(found: &Capabilities) -> (Vec<Trouble>, usize) {
        gst::init().unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.set_read_timeout(Some(PATIENCE)).unwrap();
        let clock = Clock::start();
        let mut slots = Slots::new(Outlet::start(ours).unwrap(), clock);
        slots.plan_by(found);
        let job = Job::Pictures(PicturesJob {
            source: SIZE,
            cadence: Cadence::AsSource(FrameRate::clamp(30)),
            keyframes: Keyframes::Every(180_000),
            rungs: vec![Rung {
                size: SIZE,
                bit_rate_bps: 500_000,
            }],
        });
        slots.handle_message(ToWorker::Open(SlotId(7), job));
        let data = vp8();
        let reader = std::thread::spawn(move || {
            let (mut troubles, mut n_lost, mut is_encoded) = (Vec::new(), 0, false);
            while !is_encoded || n_lost == 0 {
                match next(&mut theirs) {
                    FromWorker::Trouble(SlotId(7), trouble) => troubles.push(trouble),
                    FromWorker::CardLost(_) => n_lost += 1,
                    FromWorker::Frame(SlotId(7), ..) => is_encoded = true,
                    FromWorker::Opened(..) => {}
                    other @ (FromWorker::Ready
                    | FromWorker::Probed(_)
                    | FromWorker::Touches(_)
                    | FromWorker::Frame(..)
                    | FromWorker::Trouble(..)
                    | FromWorker::Failed(..)
                    | FromWorker::Alive(_)) => panic!("{other:?}"),
                }
            }
            (troubles, n_lost)
        });
        let began_at = clock.now();
        for n in 0.. {
            if reader.is_finished() {
                break;
            }
            assert!(clock.now() - began_at < PATIENCE, "it is frozen");
            let frame = Frame {
                time: MediaTime(n * 27_000),
                captured_at: clock.now(),
                is_keyframe: true,
                discontinuity: None,
                format: Arc::new(Format::Vp8 { size: SIZE }),
                data: data.clone().into(),
            };
            slots.handle_message(ToWorker::Frame(SlotId(7), frame));
            // As keyframes come one by one.
            std::thread::park_timeout(Duration::from_millis(300));
        }
        reader.join().unwrap()
    }

    #[test]
    fn a_slot_whose_card_fails_at_what_comes_goes_on_by_the_processor_and_the_process_says_so() {
        let (troubles, n_lost) = until_encoded(&found(Some("identity")));
        let expected = [
            Trouble::Undecodable,
            Trouble::Undecodable,
            Trouble::LeftCard,
        ];
        assert_eq!(troubles, expected);
        assert_eq!(n_lost, 1);
    }

    #[test]
    fn a_slot_whose_card_takes_no_pictures_goes_on_by_the_processor_with_the_same_keyframe() {
        // What brings pictures to it is not there.
        let (troubles, n_lost) = until_encoded(&found(None));
        assert_eq!(troubles, [Trouble::LeftCard]);
        assert_eq!(n_lost, 1);
    }

    #[test]
    fn a_process_whose_card_does_not_even_begin_says_so_when_it_is_told_of_it() {
        gst::init().unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut slots = Slots::new(Outlet::start(ours).unwrap(), Clock::start());
        let mut found = found(None);
        let mut elements = found.elements.iter_mut();
        let scaler = elements.find(|e| e.role == Role::Scale && e.place == Place::Nvidia);
        scaler.unwrap().name = "nosuchscaler".into();
        slots.plan_by(&found);
        let told = next(&mut theirs);
        assert!(matches!(&told, FromWorker::CardLost(why) if why.contains("nosuchscaler")));
    }
}
