//! Attribute lists (draft-pantos-hls-rfc8216bis section 4.2).

use std::time::Duration;

use super::decimal;

/// The attributes of a tag, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attributes(Vec<(String, Value)>);

/// A value, with or without quotes: which one decides what it means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// `"text"`.
    Quoted(String),
    /// A number, a resolution or an enumerated string.
    Bare(String),
}

impl Attributes {
    /// Reads a list. The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut list: Vec<(String, Value)> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (name, after) = rest
                .split_once('=')
                .ok_or_else(|| format!("{rest:?} has no value"))?;
            let is_name = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
            if name.is_empty() || !name.bytes().all(is_name) {
                return Err(format!("{name:?} is no name of an attribute"));
            }
            let (value, after) = value(after).ok_or_else(|| format!("{name} has no end"))?;
            if list.iter().any(|(other, _)| other == name) {
                return Err(format!("{name} stands there twice"));
            }
            list.push((name.to_owned(), value));
            rest = match after.strip_prefix(',') {
                Some(more) if !more.is_empty() => more,
                None if after.is_empty() => after,
                Some(_) | None => return Err(format!("after {name} is {after:?}")),
            };
        }
        Ok(Self(list))
    }

    /// All names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// All but some, in the order of their names.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let others = self
            .0
            .iter()
            .filter(|(name, _)| !names.contains(&name.as_str()));
        let mut others: Vec<(String, Value)> = others.cloned().collect();
        others.sort();
        Self(others)
    }

    fn value(&self, name: &str) -> Option<&Value> {
        let mut list = self.0.iter();
        list.find(|(other, _)| other == name)
            .map(|(_, value)| value)
    }

    /// A quoted string.
    pub fn quoted(&self, name: &str) -> Option<&str> {
        match self.value(name)? {
            Value::Quoted(text) => Some(text),
            Value::Bare(_) => None,
        }
    }

    /// What has no quotes.
    pub fn bare(&self, name: &str) -> Option<&str> {
        match self.value(name)? {
            Value::Bare(text) => Some(text),
            Value::Quoted(_) => None,
        }
    }

    /// Seconds.
    pub fn seconds(&self, name: &str) -> Option<Duration> {
        decimal::seconds(self.bare(name)?)
    }

    /// A whole number.
    pub fn integer(&self, name: &str) -> Option<u64> {
        decimal::integer(self.bare(name)?)
    }

    /// Whether it says `YES`.
    pub fn is_yes(&self, name: &str) -> bool {
        self.bare(name) == Some("YES")
    }
}

/// The value at the beginning, and what follows it.
fn value(text: &str) -> Option<(Value, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (inside, after) = quoted.split_once('"')?;
        return Some((Value::Quoted(inside.to_owned()), after));
    }
    let end = text.find(',').unwrap_or(text.len());
    let (bare, after) = text.split_at_checked(end)?;
    let is_legal = !bare.is_empty() && !bare.contains(['"', ' ', '\t']);
    is_legal.then(|| (Value::Bare(bare.to_owned()), after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_hide_commas() {
        let list = Attributes::parse("CODECS=\"a,b\",BANDWIDTH=5,X-Y=YES").unwrap();
        assert_eq!(list.quoted("CODECS"), Some("a,b"));
        assert_eq!(list.integer("BANDWIDTH"), Some(5));
        assert!(list.is_yes("X-Y"));
        assert_eq!(list.bare("CODECS"), None, "quotes decide");
    }

    #[test]
    fn what_lenient_parsers_forgive_is_said() {
        for text in [
            "A=1,A=2", "A =1", "A= 1", "A=1,", "A", "=1", "a=1", "A=\"x", "A=1,,B=2", "A=\"x\"y",
        ] {
            assert!(Attributes::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in "[A-Z=,\" x]{0,40}") {
            let _ = Attributes::parse(&text);
        }
    }
}
