use super::*;
use crate::capabilities::{Element, State, Tried};

/// What a probe of a machine finds that has these elements, and whose trials end so.
fn found(names: &[&str], tried: &[(Route, &str, Option<&str>)]) -> Capabilities {
    let elements = Role::ALL.into_iter().flat_map(|role| {
        Place::ALL.into_iter().flat_map(move |place| {
            let candidates = role.candidates(place).iter();
            candidates.map(move |name| (role, place, *name))
        })
    });
    let elements = elements.map(|(role, place, name)| Element {
        role,
        place,
        name: name.into(),
        state: match names.contains(&name) {
            true => State::Usable,
            false => State::Missing,
        },
    });
    let tried = tried.iter().map(|(route, encoder, failure)| Tried {
        route: *route,
        encoder: (*encoder).into(),
        failure: failure.map(Into::into),
    });
    Capabilities {
        version: "GStreamer 1.22.0".into(),
        elements: elements.collect(),
        tried: tried.collect(),
    }
}

const SOFTWARE: [&str; 8] = [
    "opusdec",
    "avdec_h264",
    "vp8dec",
    "vp9dec",
    "av1dec",
    "videoscale",
    "avenc_aac",
    "x264enc",
];

const NVIDIA: [&str; 7] = [
    "nvh264dec",
    "nvvp8dec",
    "nvvp9dec",
    "nvav1dec",
    "cudaconvertscale",
    "nvh264enc",
    "nvcudah264enc",
];

const ON_NVIDIA: Route = route(Place::Nvidia, Place::Nvidia);

const fn route(scale: Place, encode: Place) -> Route {
    Route { scale, encode }
}

fn rung(width: u16, height: u16) -> Rung {
    Rung {
        size: Dimensions { width, height },
        bit_rate_bps: 700_000,
    }
}

fn encoding(plan: &Plan, rung: &Rung, card: Card) -> String {
    let chain = plan.encoding(rung, FrameRate::clamp(30), card).unwrap();
    chain.to_string()
}

fn decoding(plan: &Plan, role: Role, card: Card) -> String {
    plan.decoding(role, card).unwrap().to_string()
}

/// The names of a chain's elements, and where pictures lie.
fn short(chain: &str) -> String {
    let steps = chain.split(" ! ");
    let words = steps.map(|step| {
        let word = step.split([' ', ',']).next();
        word.unwrap_or_default()
    });
    words.collect::<Vec<&str>>().join(" ")
}

#[test]
fn a_machine_without_a_card_decodes_scales_and_encodes_as_ever() {
    let plan = Plan::of(&found(&SOFTWARE, &[]));
    assert!(!plan.route().needs_trial() && !plan.uses_card());
    assert_eq!(plan.by().as_deref(), Some("x264enc"));
    assert_eq!(plan.lacking().count(), 0);
    assert_eq!(
        decoding(&plan, Role::DecodeH264, Card::Used),
        "avdec_h264 max-threads=1 ! videoconvert"
    );
    assert_eq!(
        plan.pictures(Card::Used).to_string(),
        "video/x-raw,format={I420,NV12}"
    );
    assert_eq!(
        encoding(&plan, &rung(640, 360), Card::Used),
        "videoscale add-borders=true ! video/x-raw,width=640,height=360,pixel-aspect-ratio=1/1 ! videoconvert ! x264enc \
         tune=zerolatency speed-preset=superfast bitrate=700 vbv-buf-capacity=1000 key-int-max=120 bframes=0 threads=1 \
         option-string=scenecut=0:open-gop=0"
    );
}

#[test]
fn what_a_card_does_never_leaves_it() {
    let names = [&SOFTWARE[..], &NVIDIA].concat();
    let plan = Plan::of(&found(&names, &[(ON_NVIDIA, "nvh264enc", None)]));
    assert!(plan.route().is_on_card());
    assert_eq!(plan.by().as_deref(), Some("cudaconvertscale nvh264enc"));
    assert_eq!(
        plan.taken(Role::DecodeVp9),
        Some(("nvvp9dec", Place::Nvidia))
    );
    assert_eq!(
        decoding(&plan, Role::DecodeH264, Card::Used),
        "nvh264dec max-threads=1 max-display-delay=0 num-output-surfaces=8 ! cudaconvertscale"
    );
    assert_eq!(
        plan.pictures(Card::Used).to_string(),
        "video/x-raw(memory:CUDAMemory),format=NV12"
    );
    assert_eq!(
        encoding(&plan, &rung(640, 360), Card::Used),
        "cudaconvertscale add-borders=true ! \
         video/x-raw(memory:CUDAMemory),format=NV12,width=640,height=360,pixel-aspect-ratio=1/1 ! \
         nvh264enc bitrate=700 vbv-buffer-size=700 rc-mode=cbr rate-control=cbr preset=p4|low-latency-hq tune=low-latency \
         zerolatency=true zero-reorder-delay=true gop-size=120 strict-gop=true bframes=0 b-frames=0 rc-lookahead=0 aud=false \
         repeat-sequence-header=true"
    );
}

#[test]
fn a_card_whose_trial_failed_is_not_taken_and_the_next_that_works_is() {
    let names = [&SOFTWARE[..], &NVIDIA].concat();
    let no = Some("no session");
    let all_fail = found(
        &names,
        &[
            (ON_NVIDIA, "nvh264enc", no),
            (ON_NVIDIA, "nvcudah264enc", no),
        ],
    );
    let plan = Plan::of(&all_fail);
    assert_eq!(plan.route(), Route::PROCESSOR);
    assert_eq!(
        plan.taken(Role::EncodeH264),
        Some(("x264enc", Place::Processor))
    );
    let second = found(
        &names,
        &[
            (ON_NVIDIA, "nvh264enc", no),
            (ON_NVIDIA, "nvcudah264enc", None),
        ],
    );
    let plan = Plan::of(&second);
    assert_eq!(
        plan.taken(Role::EncodeH264),
        Some(("nvcudah264enc", Place::Nvidia))
    );
}

#[test]
fn a_codec_that_a_card_cannot_decode_is_brought_to_it() {
    let names = [&SOFTWARE[..], &NVIDIA].concat();
    let names: Vec<&str> = names.into_iter().filter(|n| *n != "nvav1dec").collect();
    let plan = Plan::of(&found(&names, &[(ON_NVIDIA, "nvh264enc", None)]));
    let to_card = "av1dec max-threads=1 ! videoconvert ! cudaupload";
    assert_eq!(decoding(&plan, Role::DecodeAv1, Card::Used), to_card);
    assert_eq!(
        decoding(&plan, Role::DecodeAv1, Card::EncoderLeft),
        to_card,
        "its encoder failed alone"
    );
}

#[test]
fn who_left_a_card_touches_nothing_of_it_from_the_decoder_to_the_encoder() {
    let names = [&SOFTWARE[..], &NVIDIA].concat();
    let routes = [
        (ON_NVIDIA, "nvh264enc"),
        (route(Place::Nvidia, Place::Processor), "x264enc"),
        (route(Place::Processor, Place::Nvidia), "nvh264enc"),
    ];
    for (route, encoder) in routes {
        let plan = Plan::of(&found(&names, &[(route, encoder, None)]));
        let decoders = [
            (Role::DecodeH264, "avdec_h264 videoconvert"),
            (Role::DecodeVp8, "vp8dec videoconvert"),
            (Role::DecodeVp9, "vp9dec videoconvert"),
            (Role::DecodeAv1, "av1dec videoconvert"),
        ];
        for (role, expected) in decoders {
            assert!(plan.decodes_by_card(role, Card::Used), "{route}");
            assert_eq!(short(&decoding(&plan, role, Card::Left)), expected);
            assert!(!plan.decodes_by_card(role, Card::Left));
        }
        assert_eq!(
            plan.pictures(Card::Left).to_string(),
            "video/x-raw,format={I420,NV12}"
        );
        for rung in [rung(640, 360), rung(160, 62)] {
            let chain = plan.encoding(&rung, FrameRate::clamp(30), Card::Left);
            let chain = chain.unwrap();
            assert_eq!(chain.place, Place::Processor);
            let chain = short(&chain.to_string());
            assert_eq!(chain, "videoscale video/x-raw videoconvert x264enc");
        }
    }
}

#[test]
fn an_encoder_that_fails_leaves_the_card_alone_first_and_all_of_it_where_that_is_not_it() {
    use Card::{EncoderLeft, Left, Used};

    let names = [&SOFTWARE[..], &NVIDIA].concat();
    let plan = |scale, encode, encoder| {
        let route = route(scale, encode);
        Plan::of(&found(&names, &[(route, encoder, None)]))
    };
    let all = plan(Place::Nvidia, Place::Nvidia, "nvh264enc");
    let encoder_alone = plan(Place::Processor, Place::Nvidia, "nvh264enc");
    let scaler_alone = plan(Place::Nvidia, Place::Processor, "x264enc");
    let nothing = Plan::of(&found(&names, &[]));
    let (large, small) = (rung(640, 360).size, rung(160, 62).size);
    let rows = [
        (&all, large, [EncoderLeft, Left, Left]),
        // The processor encoded what the card had scaled.
        (&all, small, [Left, Left, Left]),
        (&encoder_alone, large, [EncoderLeft, EncoderLeft, Left]),
        (&scaler_alone, large, [Left, Left, Left]),
        (&nothing, large, [Used, EncoderLeft, Left]),
    ];
    for (plan, size, expected) in rows {
        let after = [Used, EncoderLeft, Left].map(|card| plan.after_encoder(size, card));
        assert_eq!(after, expected, "{} {size:?}", plan.route());
    }
}

#[test]
fn where_the_processor_has_none_a_card_that_failed_is_better_than_nothing() {
    let names = [&NVIDIA[..], &["videoscale"]].concat();
    let plan = Plan::of(&found(&names, &[(ON_NVIDIA, "nvh264enc", None)]));
    assert_eq!(
        short(&decoding(&plan, Role::DecodeAv1, Card::Left)),
        "nvav1dec videoconvert"
    );
    assert_eq!(
        short(&encoding(&plan, &rung(640, 360), Card::Left)),
        "videoscale video/x-raw videoconvert nvh264enc"
    );
}

#[test]
fn what_is_too_small_for_a_card_and_what_failed_there_is_encoded_by_the_processor() {
    let names = [&SOFTWARE[..], &NVIDIA].concat();
    let plan = Plan::of(&found(&names, &[(ON_NVIDIA, "nvh264enc", None)]));
    let by_processor = "cudaconvertscale video/x-raw(memory:CUDAMemory) cudadownload video/x-raw videoconvert x264enc";
    let rows = [
        (
            rung(160, 64),
            Card::Used,
            "cudaconvertscale video/x-raw(memory:CUDAMemory) nvh264enc",
        ),
        (rung(160, 62), Card::Used, by_processor),
        (rung(90, 160), Card::Used, by_processor),
        (rung(640, 360), Card::EncoderLeft, by_processor),
    ];
    for (rung, card, expected) in rows {
        assert_eq!(short(&encoding(&plan, &rung, card)), expected, "{rung:?}");
    }
    let chain = plan.encoding(&rung(90, 160), FrameRate::clamp(30), Card::Used);
    assert_eq!(chain.unwrap().place, Place::Processor);
}

#[test]
fn a_card_without_an_encoder_decodes_and_scales() {
    let names = [&SOFTWARE[..], &NVIDIA].concat();
    let names: Vec<&str> = names
        .into_iter()
        .filter(|n| !n.ends_with("264enc") || *n == "x264enc")
        .collect();
    let route = Route {
        scale: Place::Nvidia,
        encode: Place::Processor,
    };
    let plan = Plan::of(&found(&names, &[(route, "x264enc", None)]));
    assert!(!plan.route().is_on_card() && plan.route().needs_trial());
    assert_eq!(
        plan.taken(Role::DecodeH264),
        Some(("nvh264dec", Place::Nvidia))
    );
    assert_eq!(
        short(&encoding(&plan, &rung(640, 360), Card::Used)),
        "cudaconvertscale video/x-raw(memory:CUDAMemory) cudadownload video/x-raw videoconvert x264enc"
    );
}

#[test]
fn va_api_is_the_same_way_in_other_words() {
    let va = ["vah264dec", "vapostproc", "vah264enc"];
    let route = Route {
        scale: Place::Va,
        encode: Place::Va,
    };
    let names = [&SOFTWARE[..], &va].concat();
    let plan = Plan::of(&found(&names, &[(route, "vah264enc", None)]));
    assert_eq!(
        short(&decoding(&plan, Role::DecodeH264, Card::Used)),
        "vah264dec vapostproc"
    );
    assert_eq!(
        plan.pictures(Card::Used).to_string(),
        "video/x-raw(memory:VAMemory),format=NV12"
    );
    assert_eq!(
        short(&encoding(&plan, &rung(640, 360), Card::Used)),
        "vapostproc video/x-raw(memory:VAMemory) vah264enc"
    );
}

#[test]
fn where_pictures_lie_in_memory_any_cards_decoder_is_taken() {
    let plan = Plan::of(&found(&[&SOFTWARE[..], &["nvh264dec"]].concat(), &[]));
    assert!(plan.uses_card());
    assert_eq!(
        short(&decoding(&plan, Role::DecodeH264, Card::Used)),
        "nvh264dec videoconvert"
    );
    assert_eq!(
        short(&decoding(&plan, Role::DecodeH264, Card::Left)),
        "avdec_h264 videoconvert"
    );
}

#[test]
fn nothing_is_planned_of_nothing() {
    let plan = Plan::of(&Capabilities::default());
    assert_eq!(plan.by(), None);
    assert_eq!(plan.decoding(Role::DecodeVp8, Card::Used), None);
    let rung = rung(640, 360);
    assert_eq!(plan.encoding(&rung, FrameRate::clamp(30), Card::Used), None);
    assert_eq!(plan.lacking().count(), Role::ALL.len());
}
