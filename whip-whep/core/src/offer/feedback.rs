//! The RTCP feedback that an m-line asks for (RFC 4585 section 4.2).

use std::collections::BTreeSet;

use crate::sdp::Lines;

/// The `a=rtcp-fb` values of a section: what an answer to it may hold, and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfferedFeedback(BTreeSet<String>);

impl OfferedFeedback {
    pub(super) fn of(lines: &Lines<'_>) -> Self {
        Self(lines.values("rtcp-fb").map(str::to_owned).collect())
    }

    /// Those of a kind that the engine knows, each once: its work grows with them.
    pub(super) fn told(&self) -> impl Iterator<Item = &str> {
        let values = self.0.iter().map(String::as_str);
        values.filter(|value| {
            value
                .split_once(' ')
                .is_some_and(|(_, kind)| is_known(kind))
        })
    }

    /// Whether an answer's value, like `96 nack pli`, was asked for: for this payload type, or with `*` for all.
    pub fn has(&self, answered: &str) -> bool {
        let for_all = answered
            .split_once(' ')
            .map(|(_, kind)| format!("* {kind}"));
        self.0.contains(answered) || for_all.is_some_and(|value| self.0.contains(&value))
    }
}

fn is_known(kind: &str) -> bool {
    matches!(
        kind,
        "nack" | "nack pli" | "ccm fir" | "goog-remb" | "transport-cc"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_counts_for_its_payload_type_or_for_all_and_never_for_its_parameters() {
        let values = ["96 nack", "98 nack pli", "* ccm fir"];
        let offered = OfferedFeedback(values.map(str::to_owned).into());
        for good in ["96 nack", "98 nack pli", "96 ccm fir", "111 ccm fir"] {
            assert!(offered.has(good), "{good}");
        }
        for bad in [
            "96 nack pli",
            "98 nack",
            "9 nack",
            "96 ccm",
            "96",
            "* nack",
            "",
        ] {
            assert!(!offered.has(bad), "{bad}");
        }
    }
}
