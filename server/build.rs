//! Tells cargo when the embedded page or the migrations have changed.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A migration that was added is no change to any source file.
    println!("cargo::rerun-if-changed=../migrations");
    // A debug build reads the page from disk while it runs. In a release build every embedded file is known to cargo
    // by itself, but not a page that was not there before.
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=../target/site/manifest.json");
    }
}
