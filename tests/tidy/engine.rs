//! The RTC engine breaks its API every month: one file of the product names it.

use crate::assert_none;
use crate::tree::{File, files};

const ENGINE: &str = "str0m";
const HOME: &str = "sfu/core/src/session/engine.rs";
/// Where the engine's names and ours are matched.
const BESIDE: &str = "sfu/core/src/session/engine/";
/// A client, and the command that starts it, may be the engine's own: nothing of the server follows from it.
const CLIENTS: &[&str] = &["whip-whep/client/"];

fn violations(file: &File) -> Vec<String> {
    if file.path == HOME
        || file.path.starts_with(BESIDE)
        || file.is_test()
        || CLIENTS.iter().any(|client| file.path.starts_with(client))
    {
        return Vec::new();
    }
    file.code()
        .filter(|(_, line)| {
            line.contains(&format!("{ENGINE}::")) || line.contains(&format!("use {ENGINE}"))
        })
        .map(|(number, _)| format!("{}:{number}: names {ENGINE}: only {HOME} does", file.path))
        .collect()
}

#[test]
fn one_file_names_the_engine() {
    let files = files(&[".rs"]);
    let home = files
        .iter()
        .find(|file| file.path == HOME)
        .expect("the engine has its file");
    assert!(
        home.text.contains(&format!("{ENGINE}::")),
        "{HOME} does not name the engine: the check looks at nothing"
    );
    let found: Vec<String> = files.iter().flat_map(violations).collect();
    assert_none("the engine is named outside its file", &found);
}

#[test]
fn the_engine_outside_its_file_is_found() {
    let file = |path: &str| File {
        path: path.into(),
        text: format!("use {ENGINE}::Rtc;\n"),
    };
    assert_eq!(violations(&file("sfu/core/src/core.rs")).len(), 1);
    assert_eq!(violations(&file("src/main.rs")).len(), 1);
    assert_eq!(violations(&file(HOME)).len(), 0);
    assert_eq!(violations(&file("sfu/server/tests/client/mod.rs")).len(), 0);
}
