//! Lets Cargo build without npm: an absent web client is an empty folder, and the server's pages then say how to build
//! it.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let dist = Path::new("web-client/dist");
    std::fs::create_dir_all(dist)?;
    println!("cargo::rerun-if-changed=web-client/dist");
    Ok(())
}
