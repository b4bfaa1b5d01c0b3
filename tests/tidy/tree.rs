//! The tree as text: its files, its crates.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold what a build or a run made, not what a person wrote.
const GENERATED: &[&str] = &[
    "target",
    "node_modules",
    "dist",
    "dist-lib",
    ".git",
    "freshet-data",
    "output",
];

/// A file of the tree. `path` is relative to the root, with `/` between its parts.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// Whether the file only serves tests: then other limits hold.
    pub(crate) fn is_test(&self) -> bool {
        self.path
            .split('/')
            .any(|part| matches!(part, "tests" | "test" | "benches" | "tests.rs"))
            || self.path.starts_with("load-tests/")
            || self.path.contains(".test.")
    }

    /// The code outside comments and in-file test modules, with line numbers from 1.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..)
            .zip(self.text.lines())
            .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
            .map(|(number, line)| (number, line.split("//").next().unwrap_or_default()))
            .filter(|(_, line)| !line.trim().is_empty())
    }
}

/// A crate of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    /// Relative to the root; empty for the root package.
    pub(crate) folder: String,
    pub(crate) manifest: toml::Table,
}

impl Package {
    /// The names in a table of the manifest, `dependencies` for instance.
    pub(crate) fn names_in(&self, table: &str) -> Vec<&str> {
        let table = self.manifest.get(table).and_then(toml::Value::as_table);
        table
            .map(|table| table.keys().map(String::as_str).collect())
            .unwrap_or_default()
    }

    /// The Rust files of the crate's `src`.
    pub(crate) fn sources<'a>(&self, files: &'a [File]) -> Vec<&'a File> {
        let folder = if self.folder.is_empty() {
            "src/".into()
        } else {
            format!("{}/src/", self.folder)
        };
        files
            .iter()
            .filter(|file| file.path.starts_with(&folder) && file.path.ends_with(".rs"))
            .collect()
    }
}

/// The folder that holds the workspace's manifest.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file that a person wrote whose name ends in one of `endings`, in the order of their paths.
pub(crate) fn files(endings: &[&str]) -> Vec<File> {
    let mut found = Vec::new();
    collect(&root(), endings, &mut found);
    assert!(
        !found.is_empty(),
        "no file ends in {endings:?}: the check would look at nothing"
    );
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("a folder of the tree can be listed") {
        let entry = entry.expect("an entry of the tree can be read");
        let (path, name) = (
            entry.path(),
            entry.file_name().to_string_lossy().into_owned(),
        );
        let kind = entry.file_type().expect("an entry has a type");
        if kind.is_dir() && !GENERATED.contains(&name.as_str()) {
            collect(&path, endings, found);
        } else if kind.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
            let relative = path
                .strip_prefix(root())
                .expect("the walk starts at the root");
            let text = fs::read_to_string(&path).expect("a source file is UTF-8 text");
            found.push(File {
                path: relative.to_string_lossy().replace('\\', "/"),
                text,
            });
        }
    }
}

/// Every crate that the workspace lists.
pub(crate) fn packages() -> Vec<Package> {
    let workspace = manifest("");
    let members = workspace["workspace"]["members"]
        .as_array()
        .expect("members is a list");
    members
        .iter()
        .map(|member| {
            let folder = member
                .as_str()
                .expect("a member is a path")
                .trim_start_matches('.')
                .to_owned();
            let manifest = manifest(&folder);
            let name = manifest["package"]["name"]
                .as_str()
                .expect("a package has a name")
                .to_owned();
            Package {
                name,
                folder,
                manifest,
            }
        })
        .collect()
}

fn manifest(folder: &str) -> toml::Table {
    let path = root().join(folder).join("Cargo.toml");
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse()
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn code_leaves_out_comments_and_test_modules() {
    let text = "fn a() {} // b\n\n/// c\nfn d() {}\n#[cfg(test)]\nmod tests { e }\n";
    let file = File {
        path: "sfu/core/src/x.rs".into(),
        text: text.into(),
    };
    assert_eq!(
        file.code().collect::<Vec<_>>(),
        [(1, "fn a() {} "), (4, "fn d() {}")]
    );
    assert!(!file.is_test());
}
