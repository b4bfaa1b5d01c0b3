//! What the platform does for its users, one behaviour per file, in virtual time. One binary: linking the engine once is
//! quicker than twenty times.

mod any_order_of_the_verbs_is_survived;
mod clienthello_race;
mod consent_expires;
mod five_percent_loss_is_repaired_by_rtx;
mod keyframe_request_before_the_transport;
mod keyframe_requests_are_coalesced;
mod late_joiner_sees_a_keyframe;
mod limits_have_edges;
mod no_packet_to_addresses_named_in_sdp;
mod one_seed_is_one_run;
mod one_worker_serves_what_four_serve;
mod orphans_are_reaped;
mod publisher_grace_ends_the_room;
mod publisher_reconnects;
mod stun_with_bad_integrity_is_ignored;
mod subscriber_follows_the_best_layer;
mod takeover_is_seamless;
mod whip_ice_restart;
mod wrong_fingerprint_never_gets_media;
