//! One encoding with layers inside: what passes of it can be decoded by whoever gets it, whatever is left out and whenever.
//! The players of these worlds follow layers by what packets say, as browsers do, and know what was sent.

#[cfg(test)]
mod a_late_joiner_gets_all_layers;
#[cfg(test)]
mod a_path_falls_and_rises;
#[cfg(test)]
mod a_player_without_descriptors;
#[cfg(test)]
mod a_publisher_comes_back_with_other_layers;
#[cfg(test)]
mod a_viewer_chooses_layers;
#[cfg(test)]
mod frames_overtake_each_other;
#[cfg(test)]
mod losses_are_repaired_where_layers_are_left_out;
#[cfg(test)]
mod stage;
