use super::*;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn fresh() -> Eligibility {
    Eligibility::new(Duration::ZERO)
}

/// Frames from one second to another, so far apart, looked at every two seconds and whenever one was late.
fn frames(eligibility: &mut Eligibility, seconds: std::ops::Range<u64>, gap_ms: u64) {
    let mut looked_at = seconds.start * 1_000;
    for at in (seconds.start * 1_000..seconds.end * 1_000).step_by(gap_ms as usize) {
        let is_late = eligibility.handle_frame(ms(at), true);
        if is_late || at >= looked_at {
            eligibility.evaluate(ms(at));
            looked_at = at + 2_000;
        }
    }
}

#[test]
fn five_frames_a_second_are_enough_and_four_are_not() {
    let mut fit = fresh();
    frames(&mut fit, 0..30, 200);
    assert_eq!(fit.verdict(), None);
    let mut slow = fresh();
    frames(&mut slow, 0..30, 250);
    assert_eq!(slow.verdict(), Some(Unfit::FewFrames));
}

#[test]
fn pictures_become_unfit_after_ten_seconds_and_fit_again_after_ten() {
    let mut eligibility = fresh();
    frames(&mut eligibility, 0..20, 33);
    frames(&mut eligibility, 20..28, 400);
    assert_eq!(eligibility.verdict(), None, "not long enough");
    frames(&mut eligibility, 28..50, 400);
    assert_eq!(eligibility.verdict(), Some(Unfit::FewFrames));
    frames(&mut eligibility, 50..58, 33);
    assert_eq!(eligibility.verdict(), Some(Unfit::FewFrames));
    frames(&mut eligibility, 58..90, 33);
    assert_eq!(eligibility.verdict(), None);
}

#[test]
fn a_screen_that_stands_still_is_unfit_with_its_second_late_picture() {
    let mut eligibility = fresh();
    frames(&mut eligibility, 0..20, 33);
    frames(&mut eligibility, 21..22, 1_000);
    assert_eq!(eligibility.verdict(), None, "a camera may be exchanged");
    frames(&mut eligibility, 22..23, 1_000);
    assert_eq!(eligibility.verdict(), Some(Unfit::StandsStill));
}

#[test]
fn what_the_network_lost_is_no_screen_that_stands_still() {
    let mut eligibility = fresh();
    frames(&mut eligibility, 0..20, 33);
    for at in [21_000, 22_000, 23_000] {
        assert!(!eligibility.handle_frame(ms(at), false));
        eligibility.evaluate(ms(at));
    }
    assert_eq!(eligibility.verdict(), None);
}

#[test]
fn the_way_back_is_twice_as_long_each_time_and_has_an_end() {
    let mut eligibility = fresh();
    let mut second = 0;
    let mut ways = Vec::new();
    for _ in 0..9 {
        frames(&mut eligibility, second..second + 4, 1_000);
        second += 4;
        assert_eq!(eligibility.verdict(), Some(Unfit::StandsStill));
        let since = second;
        while eligibility.verdict().is_some() {
            frames(&mut eligibility, second..second + 1, 33);
            second += 1;
        }
        ways.push(second - since);
    }
    // What is measured is that of ten seconds: those that stood still count for as long.
    for (way, wait) in ways.iter().zip([10, 20, 40, 80, 160, 320, 640, 640, 640]) {
        assert!((wait..wait + 16).contains(way), "{ways:?}");
    }
}

#[test]
fn segments_without_keyframes_make_unfit_and_every_second_one_does_not() {
    for (every, verdict) in [(2, None), (4, Some(Unfit::MisalignedKeyframes))] {
        let mut eligibility = fresh();
        for second in 0..12 {
            eligibility.handle_segment(second % every == 0);
            frames(&mut eligibility, second * 2..second * 2 + 2, 33);
        }
        assert_eq!(eligibility.verdict(), verdict, "a keyframe every {every}");
    }
}

#[test]
fn a_second_change_of_format_in_a_minute_makes_unfit_unless_the_encoder_still_grows() {
    let mut eligibility = fresh();
    for at in [1_000, 3_000, 5_000, 12_000] {
        eligibility.handle_format_change(ms(at));
    }
    frames(&mut eligibility, 0..30, 33);
    assert_eq!(eligibility.verdict(), None);
    eligibility.handle_format_change(ms(30_000));
    frames(&mut eligibility, 30..50, 33);
    assert_eq!(eligibility.verdict(), Some(Unfit::ChangingFormat));
    frames(&mut eligibility, 50..100, 33);
    assert_eq!(eligibility.verdict(), None, "it is a minute ago");
}

#[test]
fn times_that_are_out_of_order_again_and_again_make_unfit_and_a_single_jump_does_not() {
    let mut eligibility = fresh();
    eligibility.handle_disorder(ms(5_000));
    frames(&mut eligibility, 0..40, 33);
    assert_eq!(eligibility.verdict(), None);
    for second in [40, 50, 60] {
        eligibility.handle_disorder(ms(second * 1_000));
        frames(&mut eligibility, second..second + 10, 33);
    }
    assert_eq!(eligibility.verdict(), Some(Unfit::Disordered));
}

#[test]
fn frames_that_stop_make_unfit() {
    let mut eligibility = fresh();
    frames(&mut eligibility, 0..20, 33);
    for second in 20..45 {
        eligibility.evaluate(ms(second * 1_000));
    }
    assert_eq!(eligibility.verdict(), Some(Unfit::FewFrames));
}
