//! The file: its text, and on which line each key stands.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, Deserializer};

use super::key::{self, KEYS, LISTS, List};
use super::problem::{Place, Problem, Problems};
use super::settings::Config;

/// Largest file that is read, in bytes: ten thousand streams are about 1 MB. A larger one, such as a device that never ends, is
/// refused: it is not a configuration.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<String, Problems> {
    let refuse = |what: String| {
        Problems::one(
            Place::File(path.to_owned()),
            what,
            "name a readable TOML file",
        )
    };
    let mut bytes = Vec::new();
    // What is read is counted, not what the file says of itself: a pipe and a device say nothing.
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| refuse(error.to_string()))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(refuse(format!("larger than {FILE_BYTES_MAX} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| refuse("not UTF-8 text".to_owned()))
}

/// A file that is TOML, and whose keys that we know have values of the right types.
pub(crate) struct Source {
    path: Option<PathBuf>,
    /// Without the keys that we do not know.
    pub(crate) table: toml::Table,
    /// A complaint of each of those.
    pub(crate) unknown: Problems,
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
        let mut spanned = DeTable::parse(text).map_err(|error| syntax(&error))?;
        let mut walk = Walk {
            path,
            text,
            lines: HashMap::new(),
            problems: Problems::default(),
        };
        walk.sections(spanned.get_mut());
        // The others are still looked at, so that one run finds everything.
        let (lines, unknown) = (walk.lines, walk.problems);
        let typed = |error| unknown.and(syntax(&error));
        Config::deserialize(Deserializer::from(spanned.clone())).map_err(typed)?;
        let table = toml::Table::deserialize(Deserializer::from(spanned)).map_err(typed)?;
        Ok(Self {
            path: path.map(Path::to_owned),
            table,
            unknown,
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

fn remove<'i>(table: &mut DeTable<'i>, names: Vec<Spanned<DeString<'i>>>) {
    for name in names {
        table.remove(&name);
    }
}

/// One pass over the file: notes the line of every key, and takes out and complains of those that are unknown.
struct Walk<'a> {
    path: Option<&'a Path>,
    text: &'a str,
    lines: HashMap<String, usize>,
    problems: Problems,
}

impl Walk<'_> {
    fn sections(&mut self, table: &mut DeTable<'_>) {
        let known = key::sections();
        let mut strange = Vec::new();
        for (name, value) in table.iter_mut() {
            let section = name.get_ref().as_ref();
            if !known.contains(&section) {
                let nearest = key::nearest(section, known.iter().copied());
                self.unknown(&name.span(), &format!("[{section}]"), nearest);
                strange.push(name.clone());
                continue;
            }
            if let Some(list) = LISTS.iter().find(|list| list.section == section) {
                self.list(list, value);
            } else if let DeValue::Table(keys) = value.get_mut() {
                let known = KEYS.iter().filter(|key| key.section == section);
                let known: Vec<&str> = known.map(|key| key.name).collect();
                self.keys(section, section, &known, keys);
            }
            self.note(section.to_owned(), &name.span());
        }
        remove(table, strange);
    }

    fn list(&mut self, list: &List, value: &mut Spanned<DeValue<'_>>) {
        let DeValue::Array(items) = value.get_mut() else {
            return;
        };
        for (index, item) in items.iter_mut().enumerate() {
            if let DeValue::Table(keys) = item.get_mut() {
                let place = format!("{}.{index}", list.section);
                self.keys(list.section, &place, list.names, keys);
            }
        }
    }

    /// `place` is where they stand, `section` what people call it.
    fn keys(&mut self, section: &str, place: &str, known: &[&str], keys: &mut DeTable<'_>) {
        let mut strange = Vec::new();
        for (name, _) in keys.iter() {
            let text = name.get_ref().as_ref();
            if known.contains(&text) {
                self.note(format!("{place}.{text}"), &name.span());
            } else {
                let nearest = key::nearest(text, known.iter().copied());
                self.unknown(&name.span(), &format!("{section}.{text}"), nearest);
                strange.push(name.clone());
            }
        }
        remove(keys, strange);
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
