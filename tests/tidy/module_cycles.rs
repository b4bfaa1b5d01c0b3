//! Inside a crate, too, arrows point one way: files that need each other are one file.

use std::collections::{BTreeMap, BTreeSet};

use crate::assert_none;
use crate::tree::{File, files, packages};

type Graph = BTreeMap<String, BTreeSet<String>>;

/// The module of a file, `a::b` for `src/a/b.rs`; none for the crate's root, which names everybody.
fn module_of(file: &File) -> Option<String> {
    let inside = file
        .path
        .split_once("src/")?
        .1
        .trim_end_matches(".rs")
        .trim_end_matches("/mod");
    (!matches!(inside, "lib" | "main")).then(|| inside.replace('/', "::"))
}

/// Every path that a use tree stands for: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    let end = tree.find(|c| !is_path(c)).unwrap_or(tree.len());
    let prefix = format!("{prefix}{}", &tree[..end]);
    let Some(group) = tree[end..].strip_prefix('{') else {
        paths.push(prefix);
        return;
    };
    let (mut depth, mut from) = (1_u32, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && c == ',') {
            expand(&prefix, group[from..at].trim(), paths);
            from = at + 1;
        }
        if depth == 0 {
            return;
        }
    }
}

/// Who names whom, by `crate::` and `super::`. A parent's `mod` line names nobody.
fn graph(sources: &[&File]) -> Graph {
    let modules: BTreeSet<String> = sources.iter().filter_map(|file| module_of(file)).collect();
    let mut graph = Graph::new();
    for file in sources {
        let Some(from) = module_of(file) else {
            continue;
        };
        let code: Vec<&str> = file.code().map(|(_, line)| line).collect();
        let code = code.join("\n");
        let parent = from
            .rsplit_once("::")
            .map_or(String::new(), |(parent, _)| format!("{parent}::"));
        let mut paths = Vec::new();
        code.split("crate::")
            .skip(1)
            .for_each(|tree| expand("", tree, &mut paths));
        code.split("super::")
            .skip(1)
            .for_each(|tree| expand(&parent, tree, &mut paths));
        for path in paths {
            let is_inside =
                |module: &&String| path.starts_with(&format!("{module}::")) || path == **module;
            if let Some(to) = modules
                .iter()
                .filter(is_inside)
                .max_by_key(|module| module.len())
                && *to != from
            {
                graph.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    graph
}

/// A way from `start` back to it, when there is one.
fn cycle_from(graph: &Graph, start: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for next in way
            .last()
            .and_then(|last| graph.get(last))
            .into_iter()
            .flatten()
        {
            if next == start {
                return Some(way);
            }
            if seen.insert(next.clone()) {
                ways.push([way.clone(), vec![next.clone()]].concat());
            }
        }
    }
    None
}

#[test]
fn modules_are_acyclic() {
    let files = files(&[".rs"]);
    let mut found = Vec::new();
    for package in packages() {
        let graph = graph(&package.sources(&files));
        let cycles = graph.keys().filter_map(|module| cycle_from(&graph, module));
        found.extend(
            cycles.map(|way| format!("{}: {} -> {}", package.name, way.join(" -> "), way[0])),
        );
    }
    assert_none("modules that need each other", &found);
}

#[test]
fn a_cycle_is_found() {
    let file = |name: &str, code: &str| File {
        path: format!("x/src/{name}.rs"),
        text: code.into(),
    };
    let a = file("a", "use crate::{d::Leaf, e::{f, b::Thing}};");
    let b = file(
        "e/b",
        "use super::super::Nothing; fn x(c: crate::c::Other) {}",
    );
    let c = file("c", "use crate::a::Thing;");
    let leaf = file("c", "// crate::a\n#[cfg(test)]\nuse crate::a;");
    let way = |sources: &[&File]| cycle_from(&graph(sources), "a").map(|way| way.join(" "));
    assert_eq!(way(&[&a, &b, &c]).as_deref(), Some("a e::b c"));
    assert_eq!(way(&[&a, &b, &leaf]), None);
    let (child, parent) = (
        file("p/q", "use super::p2;\nuse super::r::S;"),
        file("p/r", "use super::q::T;"),
    );
    assert_eq!(
        cycle_from(&graph(&[&child, &parent]), "p::q"),
        Some(vec!["p::q".into(), "p::r".into()])
    );
}
