//! Tells cargo when the embedded page has changed.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A debug build reads the page from disk while it runs. In a release build every embedded file is known to cargo
    // by itself, but not a page that was not there before.
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=../target/site/manifest.json");
    }
}
