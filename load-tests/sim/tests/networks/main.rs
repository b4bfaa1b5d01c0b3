//! What viewers see over networks that are not good, in virtual time, held to figures. `--nocapture` prints what was measured.

#[cfg(test)]
mod clocks;
#[cfg(test)]
mod estimated;
#[cfg(test)]
mod jitter;
#[cfg(test)]
mod joins;
#[cfg(test)]
mod longer_paths;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod plain_viewers;
#[cfg(test)]
mod rates;
#[cfg(test)]
mod repair;
#[cfg(test)]
mod slow_viewer;
#[cfg(test)]
mod sound_only;
#[cfg(test)]
mod twice;
#[cfg(test)]
mod unmet;
