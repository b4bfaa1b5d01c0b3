//! The environment: `FRESHET_SECTION__KEY` overrides `section.key`.

use std::collections::BTreeMap;

use super::file::Source;
use super::key::{self, KEYS, Key, Kind};
use super::problem::{Place, Problem, Problems};
use super::settings::Config;

/// What every variable of ours begins with.
const PREFIX: &str = "FRESHET_";

/// What stands between section and key: a key may have `_` in it.
const SEPARATOR: &str = "__";

/// The variables that are set, by the key that they override.
#[derive(Default)]
pub(crate) struct Overrides(BTreeMap<String, (String, toml::Value)>);

impl Overrides {
    /// The variable that overrides a key.
    pub(crate) fn place(&self, key: &str) -> Option<Place> {
        self.0
            .get(key)
            .map(|(name, _)| Place::Variable(name.clone()))
    }
}

fn variable(key: &Key) -> String {
    format!("{PREFIX}{}{SEPARATOR}{}", key.section, key.name).to_ascii_uppercase()
}

/// Picks our variables out of the environment. One without `__` is not a setting (`FRESHET_CHROMIUM` names a browser
/// for tests); one with `__` must name a key, or a slip of the keyboard would go unnoticed.
pub(crate) fn overrides(
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Overrides, Problems> {
    let mut overrides = Overrides::default();
    let mut problems = Problems::default();
    for (name, text) in environment {
        if !name
            .strip_prefix(PREFIX)
            .is_some_and(|rest| rest.contains(SEPARATOR))
        {
            continue;
        }
        let Some(key) = KEYS.iter().find(|key| variable(key) == name) else {
            let known: Vec<String> = KEYS.iter().map(variable).collect();
            let action = match key::nearest(&name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "freshet.example.toml lists every key".to_owned(),
            };
            let place = Place::Variable(name);
            problems.push(Problem {
                place,
                what: "no such key".to_owned(),
                action,
            });
            continue;
        };
        match value(key.kind, &text) {
            Ok(value) => {
                overrides
                    .0
                    .insert(format!("{}.{}", key.section, key.name), (name, value));
            }
            Err(what) => {
                let place = Place::Variable(name);
                problems.push(Problem {
                    place,
                    what: what.to_owned(),
                    action: String::new(),
                });
            }
        }
    }
    if problems.is_empty() {
        Ok(overrides)
    } else {
        Err(problems)
    }
}

fn value(kind: Kind, text: &str) -> Result<toml::Value, &'static str> {
    match kind {
        Kind::Text => Ok(toml::Value::String(text.to_owned())),
        Kind::Number => text
            .parse()
            .map(toml::Value::Integer)
            .map_err(|_| "write a whole number"),
        Kind::Switch => text
            .parse()
            .map(toml::Value::Boolean)
            .map_err(|_| "write true or false"),
        Kind::List => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            Ok(toml::Value::Array(
                items
                    .map(|item| toml::Value::String(item.to_owned()))
                    .collect(),
            ))
        }
    }
}

/// The file's configuration with the environment's values in place of its own.
pub(crate) fn lay_over(source: &Source, overrides: &Overrides) -> Result<Config, Problems> {
    let mut table = source.table.clone();
    for (key, (name, value)) in &overrides.0 {
        let Some((section, key)) = key.split_once('.') else {
            continue;
        };
        let section = table
            .entry(section)
            .or_insert_with(|| toml::Value::Table(toml::Table::new()))
            .as_table_mut();
        if let Some(section) = section {
            section.insert(key.to_owned(), value.clone());
        }
        // One at a time, so that a value of the wrong form is blamed on its variable.
        if let Err(error) = Source::config(table.clone()) {
            let what = error.message().trim().to_owned();
            return Err(Problems::one(Place::Variable(name.clone()), what, ""));
        }
    }
    Source::config(table)
        .map_err(|error| Problems::one(Place::Default, error.message().trim().to_owned(), ""))
}
