//! Renditions that get nothing of their own, and whose pictures they show meanwhile.
//!
//! A player keeps to the renditions that it was told of. One whose encoding is left out, or whose rung is not encoded any
//! more, must not end and must not stand still: it repeats another.

use std::collections::BTreeMap;

use bridge_packager::rendition::RenditionName;

/// Whom each of them follows.
#[derive(Debug, Default)]
pub(crate) struct Followers {
    leader_of: BTreeMap<RenditionName, RenditionName>,
}

impl Followers {
    /// Those of `all` that are not active follow the nearest that is and is no larger, and where there is none, the nearest:
    /// who plays one has a path for its size, and may have none for more. Nobody follows where none is active.
    pub(crate) fn assign(&mut self, all: &[RenditionName], active: &[RenditionName]) {
        let idle = all.iter().filter(|name| !active.contains(name));
        let followed = idle.filter_map(|name| Some((name.clone(), nearest(name, active)?.clone())));
        self.leader_of = followed.collect();
    }

    /// Whoever shows what this rendition does.
    pub(crate) fn of(&self, leader: &RenditionName) -> impl Iterator<Item = &RenditionName> {
        let pairs = self.leader_of.iter();
        pairs.filter_map(move |(name, of)| (of == leader).then_some(name))
    }

    /// Does it show another's pictures?
    pub(crate) fn has(&self, name: &RenditionName) -> bool {
        self.leader_of.contains_key(name)
    }
}

/// The one of the nearest size that is no larger than that of a name, or of the nearest.
fn nearest<'n>(name: &RenditionName, among: &'n [RenditionName]) -> Option<&'n RenditionName> {
    let wanted = lines(name);
    among
        .iter()
        .min_by_key(|other| (lines(other) > wanted, lines(other).abs_diff(wanted)))
}

/// The lines that a name begins with: `360p`, `360pb`.
fn lines(name: &RenditionName) -> u32 {
    let text = name.as_str();
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    let digits = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(texts: &[&str]) -> Vec<RenditionName> {
        let names = texts.iter().filter_map(|text| RenditionName::parse(text));
        names.collect()
    }

    fn followers(all: &[&str], active: &[&str]) -> Vec<(String, String)> {
        let mut followers = Followers::default();
        followers.assign(&names(all), &names(active));
        let pair = |leader: &RenditionName| {
            let of = followers.of(leader);
            let pairs = of.map(|name| (name.to_string(), leader.to_string()));
            pairs.collect::<Vec<_>>()
        };
        names(active).iter().flat_map(pair).collect()
    }

    fn pairs(texts: &[(&str, &str)]) -> Vec<(String, String)> {
        let pair = |(name, leader): &(&str, &str)| ((*name).to_owned(), (*leader).to_owned());
        texts.iter().map(pair).collect()
    }

    #[test]
    fn who_has_nothing_follows_the_nearest_that_is_no_larger() {
        let all = ["720p", "360p", "180p"];
        assert_eq!(followers(&all, &all), []);
        let left_out = followers(&all, &["720p", "180p"]);
        assert_eq!(left_out, pairs(&[("360p", "180p")]));
        // 1080p is nearer.
        let resting = followers(&["720p", "1080p", "160p", "240p"], &["1080p", "240p"]);
        assert_eq!(resting, pairs(&[("160p", "240p"), ("720p", "240p")]));
        let rungs = followers(&["360p", "180p", "160p"], &["360pb"]);
        let all_follow = [("160p", "360pb"), ("180p", "360pb"), ("360p", "360pb")];
        assert_eq!(rungs, pairs(&all_follow));
    }

    #[test]
    fn where_none_is_active_nobody_follows() {
        assert_eq!(followers(&["300p"], &[]), []);
    }
}
