//! What the platform does for its users, one behaviour per file, in virtual time. One binary: linking the engine once is
//! quicker than twenty times.

#[cfg(test)]
mod a_hostile_viewer_costs_only_itself;
#[cfg(test)]
mod a_router_forgets_during_the_handshake;
#[cfg(test)]
mod a_worker_rests_between_its_turns;
#[cfg(test)]
mod any_order_of_the_verbs_is_survived;
#[cfg(test)]
mod clienthello_race;
#[cfg(test)]
mod consent_expires;
#[cfg(test)]
mod five_percent_loss_is_repaired_by_rtx;
#[cfg(test)]
mod forged_packets_forward_nothing;
#[cfg(test)]
mod keyframe_request_that_cannot_leave;
#[cfg(test)]
mod keyframe_requests_are_coalesced;
#[cfg(test)]
mod last_flight_is_lost;
#[cfg(test)]
mod late_joiner_sees_a_keyframe;
#[cfg(test)]
mod limits_have_edges;
#[cfg(test)]
mod no_packet_to_addresses_named_in_sdp;
#[cfg(test)]
mod nobody_takes_another_sessions_address;
#[cfg(test)]
mod odd_publishers_are_one_sender;
#[cfg(test)]
mod one_seed_is_one_run;
#[cfg(test)]
mod one_worker_serves_what_four_serve;
#[cfg(test)]
mod orphans_are_reaped;
#[cfg(test)]
mod pictures_say_how_old_they_are;
#[cfg(test)]
mod publisher_grace_ends_the_room;
#[cfg(test)]
mod publisher_reconnects;
#[cfg(test)]
mod silence_is_no_failure;
#[cfg(test)]
mod sound_survives_loss;
#[cfg(test)]
mod stun_with_bad_integrity_is_ignored;
#[cfg(test)]
mod subscriber_follows_the_best_layer;
#[cfg(test)]
mod takeover_is_seamless;
#[cfg(test)]
mod two_senders_with_one_ssrc;
#[cfg(test)]
mod viewer_chooses_its_layer;
#[cfg(test)]
mod viewers_leave_in_any_order;
#[cfg(test)]
mod what_nobody_watches_is_not_wanted;
#[cfg(test)]
mod whip_ice_restart;
#[cfg(test)]
mod wrong_fingerprint_never_gets_media;
