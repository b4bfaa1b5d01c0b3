//! Entity tags: one per ICE session (RFC 9725 section 4.3.1).

use std::fmt;

/// A strong entity tag (RFC 9110 section 8.8.3). Two ICE sessions of one session URL never have the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityTag(String);

impl EntityTag {
    /// The tag of the `generation`-th ICE session, in which our side has this user fragment. The fragment makes tags of
    /// different sessions differ; the number makes those of one session differ whatever the engine draws.
    pub fn new(local_ufrag: &str, generation: u64) -> Self {
        // ice-char (RFC 8839 section 5.4) is a subset of etagc; anything else would break out of the quotes.
        let ice_char = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
        let ufrag: String = local_ufrag.chars().filter(ice_char).collect();
        Self(format!("{ufrag}:{generation}"))
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// What an `If-Match` field says about one entity tag (RFC 9110 section 13.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// The field is absent.
    Absent,
    /// `*`: whatever the tag is.
    Any,
    /// The tag is in the list.
    Matches,
    /// The tag is not in the list, or only as a weak one.
    Stale,
}

impl IfMatch {
    /// Compares strongly: `W/"a"` matches nothing. `is_lenient` also takes a tag without its quotes.
    pub fn of(field: Option<&str>, tag: &EntityTag, is_lenient: bool) -> Self {
        let Some(field) = field else {
            return Self::Absent;
        };
        if field.trim() == "*" {
            return Self::Any;
        }
        // Our tags hold no comma, so splitting at one cannot cut a tag of ours in two.
        let quoted = tag.to_string();
        let found = field
            .split(',')
            .map(str::trim)
            .any(|offered| offered == quoted || (is_lenient && offered == tag.0));
        if found { Self::Matches } else { Self::Stale }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_strong_and_quoted() {
        assert_eq!(EntityTag::new("a1+/", 3).to_string(), "\"a1+/:3\"");
        assert_eq!(EntityTag::new("a\"\r\n", 1).to_string(), "\"a:1\"");
    }

    #[test]
    fn if_match_compares_strongly() {
        let tag = EntityTag::new("abcd", 1);
        let of = |field| IfMatch::of(Some(field), &tag, false);
        assert_eq!(IfMatch::of(None, &tag, false), IfMatch::Absent);
        assert_eq!(of("*"), IfMatch::Any);
        assert_eq!(of("\"abcd:1\""), IfMatch::Matches);
        assert_eq!(of("\"other\", \"abcd:1\""), IfMatch::Matches);
        for stale in ["\"abcd:2\"", "W/\"abcd:1\"", "abcd:1", "", "\"\"", "\"*\""] {
            assert_eq!(of(stale), IfMatch::Stale, "{stale:?}");
        }
    }

    #[test]
    fn a_tag_without_quotes_matches_only_when_lenient() {
        let tag = EntityTag::new("abcd", 1);
        assert_eq!(IfMatch::of(Some("abcd:1"), &tag, true), IfMatch::Matches);
        assert_eq!(IfMatch::of(Some("abcd:2"), &tag, true), IfMatch::Stale);
    }
}
