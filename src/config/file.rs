//! The file: its text, and on which line each key stands.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::key::{self, KEYS, LISTS, List};
use super::problem::{Place, Problem, Problems};
use super::settings::Config;

/// Largest file that is read, in bytes: ten thousand streams are about 1 MB. A larger one is not a configuration.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<String, Problems> {
    let refuse = |what: String| {
        Problems::one(
            Place::File(path.to_owned()),
            what,
            "name a readable TOML file with --config",
        )
    };
    let length = std::fs::metadata(path)
        .map_err(|error| refuse(error.to_string()))?
        .len();
    if length > FILE_BYTES_MAX {
        return Err(refuse(format!("larger than {FILE_BYTES_MAX} bytes")));
    }
    std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))
}

/// A file that is TOML and holds only keys that we know, with values of the right types.
pub(crate) struct Source {
    path: Option<PathBuf>,
    pub(crate) table: toml::Table,
    lines: HashMap<String, usize>,
}

impl Source {
    /// Parses the text of a file; an empty text with no path stands for no file.
    pub(crate) fn parse(path: Option<&Path>, text: &str) -> Result<Self, Problems> {
        let syntax = |error: &toml::de::Error| {
            let line = error.span().map(|span| line_of(text, &span));
            Problems::one(
                Place::line(path, line),
                error.message().trim().to_owned(),
                "",
            )
        };
        let spanned = DeTable::parse(text).map_err(|error| syntax(&error))?;
        let mut walk = Walk {
            path,
            text,
            lines: HashMap::new(),
            problems: Problems::default(),
        };
        walk.sections(spanned.get_ref());
        if !walk.problems.is_empty() {
            return Err(walk.problems);
        }
        let lines = walk.lines;
        toml::from_str::<Config>(text).map_err(|error| syntax(&error))?;
        let table: toml::Table = toml::from_str(text).map_err(|error| syntax(&error))?;
        Ok(Self {
            path: path.map(Path::to_owned),
            table,
            lines,
        })
    }

    /// Where a key stands: `http.listen`, `streams.0.name`.
    pub(crate) fn place(&self, key: &str) -> Place {
        match self.lines.get(key) {
            Some(&line) => Place::line(self.path.as_deref(), Some(line)),
            None => Place::Default,
        }
    }

    /// The configuration that a table spells.
    pub(crate) fn config(table: toml::Table) -> Result<Config, toml::de::Error> {
        Config::deserialize(table)
    }
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    text.bytes()
        .take(span.start)
        .filter(|&byte| byte == b'\n')
        .count()
        + 1
}

/// One pass over the file: notes the line of every key and complains of those that are unknown.
struct Walk<'a> {
    path: Option<&'a Path>,
    text: &'a str,
    lines: HashMap<String, usize>,
    problems: Problems,
}

impl Walk<'_> {
    fn sections(&mut self, table: &DeTable<'_>) {
        for (name, value) in table {
            let section = name.get_ref().as_ref();
            let known = key::sections();
            if !known.contains(&section) {
                self.unknown(
                    &name.span(),
                    &format!("[{section}]"),
                    key::nearest(section, known),
                );
            } else if let Some(list) = LISTS.iter().find(|list| list.section == section) {
                self.list(list, value);
            } else if let DeValue::Table(keys) = value.get_ref() {
                self.keys(section, keys);
            }
            self.note(section.to_owned(), &name.span());
        }
    }

    fn keys(&mut self, section: &str, keys: &DeTable<'_>) {
        for (name, _) in keys {
            let text = name.get_ref().as_ref();
            if key::find(section, text).is_none() {
                let known = KEYS
                    .iter()
                    .filter(|key| key.section == section)
                    .map(|key| key.name);
                let given = format!("{section}.{text}");
                self.unknown(&name.span(), &given, key::nearest(text, known));
            }
            self.note(format!("{section}.{text}"), &name.span());
        }
    }

    fn list(&mut self, list: &List, value: &Spanned<DeValue<'_>>) {
        let DeValue::Array(items) = value.get_ref() else {
            return;
        };
        for (index, item) in items.iter().enumerate() {
            let DeValue::Table(keys) = item.get_ref() else {
                continue;
            };
            for (name, _) in keys {
                let text = name.get_ref().as_ref();
                if !list.names.contains(&text) {
                    let nearest = key::nearest(text, list.names.iter().copied());
                    self.unknown(&name.span(), &format!("{}.{text}", list.section), nearest);
                }
                self.note(format!("{}.{index}.{text}", list.section), &name.span());
            }
        }
    }

    fn note(&mut self, key: String, span: &Range<usize>) {
        self.lines.insert(key, line_of(self.text, span));
    }

    fn unknown(&mut self, span: &Range<usize>, given: &str, nearest: Option<&str>) {
        let action = match nearest {
            Some(name) => format!("did you mean `{name}`?"),
            None => "freshet.example.toml lists every key".to_owned(),
        };
        let place = Place::line(self.path, Some(line_of(self.text, span)));
        self.problems.push(Problem {
            place,
            what: format!("unknown key `{given}`"),
            action,
        });
    }
}
