//! `pub use other_crate` makes one crate's types look like another's, and hides where they live.

use crate::assert_none;
use crate::tree::{File, files, packages};

fn violations(dependencies: &[String], file: &File) -> Vec<String> {
    file.code()
        .filter_map(|(number, line)| {
            let path = line
                .trim()
                .strip_prefix("pub use ")?
                .trim_start_matches("::");
            let first = path.split("::").next()?.trim_end_matches(';');
            let is_foreign = dependencies.iter().any(|name| name == first);
            is_foreign.then(|| {
                format!(
                    "{}:{number}: re-exports {first}: name it where it lives",
                    file.path
                )
            })
        })
        .collect()
}

#[test]
fn no_crate_re_exports_another() {
    let files = files(&[".rs"]);
    let mut found = Vec::new();
    for package in packages() {
        let dependencies: Vec<String> = package
            .names_in("dependencies")
            .iter()
            .map(|name| name.replace('-', "_"))
            .collect();
        found.extend(
            package
                .sources(&files)
                .iter()
                .flat_map(|file| violations(&dependencies, file)),
        );
    }
    assert_none("a crate re-exports another", &found);
}

#[test]
fn a_re_export_is_found() {
    let dependencies = ["sfu_model".to_owned()];
    let text =
        "pub use crate::id::RoomId;\npub use sfu_model::id::TrackId;\npub use ::sfu_model;\n";
    let file = File {
        path: "sfu/core/src/lib.rs".into(),
        text: text.into(),
    };
    assert_eq!(violations(&dependencies, &file).len(), 2);
}
