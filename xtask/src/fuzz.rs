//! `cargo xtask fuzz`: tries to break what reads events, with inputs that libFuzzer makes up and keeps where they reach
//! something new. What must hold of each stands in the crate `fuzz`.

use std::{env, fs, path::Path};

use anyhow::{Context, Result};
use clap::Args;

use crate::tools::{self, cargo};

/// The programs of the crate `fuzz`.
const TARGETS: [&str; 7] = ["encoding", "events", "import", "posthog", "segment", "totango", "vitally"];

/// The longest input, in bytes: room for some events, and few enough for thousands of inputs a second.
const INPUT_BYTES: u32 = 4096;

/// The seconds after which an input counts as one that never ends.
const TIMEOUT: u32 = 25;

/// What `cargo xtask fuzz` understands.
#[derive(Args)]
pub(crate) struct Options {
    /// What to try to break; one after the other if none is named
    #[arg(value_parser = TARGETS)]
    targets: Vec<String>,

    /// How long each is tried
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    seconds: u32,
}

/// Tries each target. Inputs found earlier are kept in `target/fuzz/corpus`; each reaches something that no other does,
/// so there are only so many.
///
/// # Errors
/// An input was found that breaks something. It lies in `target/fuzz/found`, and the error names the target.
pub(crate) fn fuzz(options: &Options) -> Result<()> {
    let all = TARGETS.map(str::to_owned);
    let targets = if options.targets.is_empty() { &all[..] } else { &options.targets };
    let root = env::current_dir()?;
    let kept = root.join(tools::target_dir()).join("fuzz");
    let found = kept.join("found");
    make(&found)?;
    let in_fuzz = |arguments: &[&str]| {
        let mut cargo = cargo(arguments);
        // Where the flags that it is built with stand, which the variable would replace.
        cargo.current_dir("fuzz").env_remove("RUSTFLAGS");
        cargo
    };
    tools::run(&mut in_fuzz(&["build", "--release", "--locked", "--bins"]))?;
    for target in targets {
        let corpus = kept.join("corpus").join(target);
        make(&corpus)?;
        let mut fuzz = in_fuzz(&["run", "--release", "--locked", "--bin", target, "--"]);
        fuzz.arg(&corpus).arg(Path::new("seeds").join(target)).arg("-dict=dictionary.txt");
        fuzz.arg(format!("-max_total_time={}", options.seconds));
        fuzz.arg(format!("-max_len={INPUT_BYTES}")).arg(format!("-timeout={TIMEOUT}"));
        fuzz.arg(format!("-artifact_prefix={}/{target}-", found.display()));
        fuzz.arg("-print_final_stats=1");
        tools::run(&mut fuzz).with_context(|| format!("{target} was broken; the input lies in {}", found.display()))?;
    }
    Ok(())
}

fn make(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_run_and_has_something_to_begin_with() {
        let names = |place: &str| {
            let entries = fs::read_dir(Path::new("../fuzz").join(place)).unwrap();
            let mut names: Vec<String> =
                entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(names("src/bin"), TARGETS);
        assert_eq!(names("seeds"), TARGETS);
    }
}
