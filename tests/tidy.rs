//! The test of the tree itself: what no compiler checks and every reader relies on.
//!
//! Each check is a pure function from text to findings, run once over the tree, and once over
//! something broken, because a check that cannot fail is decoration.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests: a tree that cannot be read fails them"
)]

#[path = "tidy/architecture.rs"]
mod architecture;
#[path = "tidy/conformance.rs"]
mod conformance;
#[path = "tidy/conformance_ll_hls.rs"]
mod conformance_ll_hls;
#[path = "tidy/crate_layers.rs"]
mod crate_layers;
#[path = "tidy/doc_links.rs"]
mod doc_links;
#[path = "tidy/engine.rs"]
mod engine;
#[path = "tidy/glossary.rs"]
mod glossary;
#[path = "tidy/honest_tests.rs"]
mod honest_tests;
#[path = "tidy/limits.rs"]
mod limits;
#[path = "tidy/module_cycles.rs"]
mod module_cycles;
#[path = "tidy/purity.rs"]
mod purity;
#[path = "tidy/re_exports.rs"]
mod re_exports;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/tree.rs"]
mod tree;

/// Fails with all findings at once, one a line: a person mends them in one go.
#[track_caller]
fn assert_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n  {}\n", findings.join("\n  "));
}
