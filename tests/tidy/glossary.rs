//! One word, one meaning. Only words that can be told from text without guessing are checked.

use crate::assert_none;
use crate::tree::{File, files};

/// Words that another word already stands for, in code and in documents alike.
const SYNONYMS: &[(&str, &str)] = &[
    ("signalling", "signaling"),
    ("key frame", "keyframe"),
    ("key_frame", "keyframe"),
    ("downtrack", "subscription"),
    ("uptrack", "track"),
    ("munge", "rewrite"),
    ("uplink", "publisher"),
    ("downlink", "subscriber"),
    ("master playlist", "multivariant playlist"),
    ("chunklist", "media playlist"),
];

/// Endings that say a type does something with something, and not what it is.
const VAGUE_ENDINGS: &[&str] = &[
    "Manager", "Helper", "Helpers", "Util", "Utils", "Info", "Data", "Context", "Impl", "Base",
];

/// Files that gather what has no home, and so never stop growing.
const VAGUE_FILES: &[&str] = &[
    "utils", "util", "common", "helpers", "helper", "types", "defs", "manager", "misc",
];

fn synonyms(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        let line = line.to_lowercase();
        for (word, better) in SYNONYMS {
            if line.contains(word) {
                found.push(format!(
                    "{}:{number}: \"{word}\": we say {better}",
                    file.path
                ));
            }
        }
    }
    found
}

/// The name that a line declares as a type. An associated type is named by the trait that asks for it.
fn declared_type(line: &str) -> Option<&str> {
    if line.starts_with("    type ") {
        return None;
    }
    let mut words = line
        .split_whitespace()
        .skip_while(|word| word.starts_with("pub") || *word == "export");
    matches!(
        words.next()?,
        "struct" | "enum" | "trait" | "type" | "class" | "interface"
    )
    .then(|| words.next())?
    .map(|name| {
        name.split(|c: char| !c.is_alphanumeric())
            .next()
            .unwrap_or(name)
    })
}

fn vague_names(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let name = file
        .path
        .rsplit('/')
        .next()
        .and_then(|name| name.split('.').next())
        .unwrap_or_default();
    if VAGUE_FILES.contains(&name) {
        found.push(format!("{}: a file is named after its noun", file.path));
    }
    for (number, line) in file.code() {
        if let Some(name) = declared_type(line)
            && let Some(ending) = VAGUE_ENDINGS.iter().find(|ending| name.ends_with(*ending))
        {
            found.push(format!(
                "{}:{number}: {name}: {ending} says nothing about it",
                file.path
            ));
        }
        if line
            .trim_start()
            .trim_start_matches("pub ")
            .starts_with("fn get_")
        {
            found.push(format!(
                "{}:{number}: a getter is a noun, without get_",
                file.path
            ));
        }
    }
    found
}

#[test]
fn words_have_one_meaning() {
    let this_file = |file: &&File| !file.path.ends_with("tidy/glossary.rs");
    let files = files(&[".rs", ".ts", ".js", ".md", ".html"]);
    let found: Vec<String> = files.iter().filter(this_file).flat_map(synonyms).collect();
    assert_none("words that another word stands for", &found);
}

#[test]
fn names_say_what_a_thing_is() {
    let found: Vec<String> = files(&[".rs", ".ts"])
        .iter()
        .flat_map(vague_names)
        .collect();
    assert_none("names that say nothing", &found);
}

#[test]
fn a_word_out_of_place_is_found() {
    let file = |text: &str| File {
        path: "sfu/core/src/x.rs".into(),
        text: text.into(),
    };
    assert_eq!(synonyms(&file("/// Asks for a Key frame.\n")).len(), 1);
    assert_eq!(
        vague_names(&file("pub(crate) struct TrackManager {\n")).len(),
        1
    );
    assert_eq!(
        vague_names(&file("    pub fn get_room(&self) {}\n")).len(),
        1
    );
    assert_eq!(vague_names(&file("pub struct Datagram<'a> {\n")).len(), 0);
    assert_eq!(vague_names(&file("type RoomData = u8;\n")).len(), 1);
    assert_eq!(vague_names(&file("    type Data = Bytes;\n")).len(), 0);
    let utils = File {
        path: "sfu/core/src/utils.rs".into(),
        text: String::new(),
    };
    assert_eq!(vague_names(&utils).len(), 1);
}
