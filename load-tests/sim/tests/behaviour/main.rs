//! What the platform does for its users, one behaviour per file, in virtual time. One binary: linking the engine once is
//! quicker than twenty times.

mod five_percent_loss_is_repaired_by_rtx;
mod keyframe_requests_are_coalesced;
mod late_joiner_sees_a_keyframe;
mod one_seed_is_one_run;
mod publisher_reconnects;
mod subscriber_follows_the_best_layer;
mod takeover_is_seamless;
