//! `cargo xtask build`: the page, then the server with the page embedded.

use std::path::PathBuf;

use anyhow::Result;

use crate::{
    page,
    progress::Steps,
    tools::{self, cargo},
};

/// What `cargo xtask build` understands.
#[derive(clap::Args, Default)]
#[group(skip)]
pub(crate) struct Options {
    /// Leave out wasm-opt and terser, which need Node: the page and its scripts get larger
    #[arg(long)]
    pub(crate) no_wasm_opt: bool,
}

/// Builds everything and returns the path of the finished program.
///
/// # Errors
/// A tool is missing or a step fails.
pub(crate) fn build(options: &Options) -> Result<PathBuf> {
    let mut steps = Steps::new(page::STEPS + 1);
    page::build(&mut steps, !options.no_wasm_opt)?;
    steps.stream("Compile the server with the page in it", || {
        tools::run(&mut cargo(["build", "--release", "--package", "server", "--bin", "usage-monitor"]))
    })?;
    let program = tools::target_dir().join("release/usage-monitor");
    eprintln!("Built {}", program.display());
    Ok(program)
}
