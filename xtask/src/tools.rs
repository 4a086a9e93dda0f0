//! The programs that the tasks need: found, installed where a package registry has them, and otherwise named
//! together with the way to get them.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

/// The oldest Node that the packages from npm run on.
const OLDEST_NODE: u32 = 20;

/// The names that Chromium goes by, in the order they are looked for.
const CHROMIUM_NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const INSTALL_CHROMIUM: &str = "apt-get update && apt-get install -y chromium";

/// Fails on a Python without pip, or one too old for the packages from PyPI.
const USABLE_PYTHON: &str = "import sys, pip; sys.exit(sys.version_info < (3, 10))";

const INSTALL_PYTHON: &str = "apt-get update && apt-get install -y python3-pip";

/// A cargo command of the toolchain that runs this program.
pub(crate) fn cargo<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// Cargo's target directory.
pub(crate) fn target_dir() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

/// Runs `command` with its output streaming through.
///
/// # Errors
/// Names the command line when it cannot be started or fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run `{}`", line(command)))?;
    ensure!(status.success(), "`{}` failed ({status})", line(command));
    Ok(())
}

/// Runs `command` without showing its output unless it fails.
///
/// # Errors
/// Names the command line and repeats its output when it cannot be started or fails.
pub(crate) fn run_quietly(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run `{}`", line(command)))?;
    let standard_output = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "`{}` failed ({})\n{standard_output}{}",
        line(command),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(standard_output)
}

/// The command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Makes sure that rustc can compile for `target`.
///
/// # Errors
/// The target is missing and rustup cannot add it.
pub(crate) fn need_rust_target(target: &str) -> Result<()> {
    let library = run_quietly(Command::new("rustc").args(["--print", "target-libdir", "--target", target]))?;
    if Path::new(library.trim()).is_dir() {
        return Ok(());
    }
    run(Command::new("rustup").args(["target", "add", target]))
        .with_context(|| format!("Rust's target {target} is missing; install it with: rustup target add {target}"))
}

/// Makes sure that cargo has the subcommand of a toolchain component such as `clippy`.
///
/// # Errors
/// The component is missing and rustup cannot add it.
pub(crate) fn need_rust_component(component: &str, subcommand: &str) -> Result<()> {
    if run_quietly(&mut cargo([subcommand, "--version"])).is_ok() {
        return Ok(());
    }
    run(Command::new("rustup").args(["component", "add", component])).with_context(|| {
        format!("Rust's component {component} is missing; install it with: rustup component add {component}")
    })
}

/// Makes sure that Node is there, and new enough. `purpose` says what for.
///
/// # Errors
/// Node is missing or too old.
pub(crate) fn need_node(purpose: &str) -> Result<()> {
    let how = format!(
        "{purpose} needs Node {OLDEST_NODE} or newer with npm. Install it from https://nodejs.org or with your \
         package manager (Debian: apt-get install -y nodejs npm)"
    );
    let version = run_quietly(Command::new("node").arg("--version")).with_context(|| how.clone())?;
    ensure!(major(&version).is_some_and(|major| major >= OLDEST_NODE), "{how}; this is Node {}", version.trim());
    Ok(())
}

/// `v20.1.0` → 20.
fn major(version: &str) -> Option<u32> {
    version.trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Makes sure that the packages of `directory/package-lock.json` are installed in `directory/node_modules`, exactly
/// as locked.
///
/// # Errors
/// npm cannot install them.
pub(crate) fn need_node_packages(directory: &Path) -> Result<()> {
    unless_installed(&directory.join("package-lock.json"), &directory.join("node_modules"), || {
        let mut npm = Command::new("npm");
        npm.arg("ci").current_dir(directory).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        run_quietly(&mut npm).with_context(|| format!("cannot install the npm packages of {}", directory.display()))
    })
}

/// Makes sure that the Python packages that `requirements` lists are installed in `directory`, those and no others.
///
/// # Errors
/// There is no Python with pip, or pip cannot install them.
pub(crate) fn need_python_packages(requirements: &Path, directory: &Path) -> Result<()> {
    let python = || run_quietly(Command::new("python3").args(["-c", USABLE_PYTHON])).ok();
    find_or_install("Python 3.10 or newer with pip", python, INSTALL_PYTHON, "have one as python3 on the path")?;
    unless_installed(requirements, directory, || {
        if directory.is_dir() {
            fs::remove_dir_all(directory)?;
        }
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.arg("--target").arg(directory).arg("--requirement").arg(requirements);
        pip.env("PIP_ROOT_USER_ACTION", "ignore");
        run_quietly(&mut pip)
            .with_context(|| format!("cannot install the Python packages of {}", requirements.display()))
    })
}

/// Installs into `directory` what `list` says, unless that was done before from the same list.
fn unless_installed(list: &Path, directory: &Path, install: impl FnOnce() -> Result<String>) -> Result<()> {
    let listed = fs::read(list).with_context(|| format!("cannot read {}", list.display()))?;
    let key = blake3::hash(&listed).to_hex();
    let stamp = directory.join(".installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == key.as_str()) {
        return Ok(());
    }
    install()?;
    fs::write(&stamp, key.as_str()).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Chromium: the one that `CHROMIUM` names, or the first one on the path. As root on Debian a missing one is
/// installed.
///
/// # Errors
/// There is none.
pub(crate) fn need_chromium() -> Result<PathBuf> {
    if let Some(chosen) = env::var_os("CHROMIUM") {
        let chosen = PathBuf::from(chosen);
        ensure!(chosen.is_file(), "CHROMIUM names {}, which is no file", chosen.display());
        return Ok(chosen);
    }
    find_or_install(
        "Chromium",
        || find_any(&CHROMIUM_NAMES),
        INSTALL_CHROMIUM,
        "name a Chromium or Chrome with the environment variable CHROMIUM",
    )
}

/// What `find` finds. As root on Debian, what is missing is installed first, as `install` says; elsewhere the reader is
/// told of that, and of what there is to do `otherwise`.
///
/// # Errors
/// It is not there, and cannot be installed.
pub(crate) fn find_or_install<T>(
    name: &str,
    find: impl Fn() -> Option<T>,
    install: &str,
    otherwise: &str,
) -> Result<T> {
    if let Some(found) = find() {
        return Ok(found);
    }
    ensure!(
        is_root() && Path::new("/etc/debian_version").exists(),
        "{name} is missing; install it (Debian, as root: {install}), or {otherwise}"
    );
    run(Command::new("sh").args(["-c", install]))
        .with_context(|| format!("{name} is missing; install it with: {install}"))?;
    find().with_context(|| format!("{name} was installed, but is not found"))
}

fn find_any(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names.iter().find_map(|name| env::split_paths(&path).map(|place| place.join(name)).find(|file| file.is_file()))
}

/// Whether this process may do everything.
pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").stderr(Stdio::null()).output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version_of_node() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("unknown"), None);
    }

    #[test]
    fn what_is_installed_is_installed_again_when_its_list_changes() {
        let place = tempfile::tempdir().unwrap();
        let list = place.path().join("list");
        let mut times = 0;
        for (text, expected) in [("one", 1), ("one", 1), ("two", 2)] {
            fs::write(&list, text).unwrap();
            unless_installed(&list, place.path(), || {
                times += 1;
                Ok(String::new())
            })
            .unwrap();
            assert_eq!(times, expected);
        }
    }

    #[test]
    fn names_a_failed_command_and_its_output() {
        let error = run_quietly(Command::new("sh").args(["-c", "echo seen; exit 3"])).unwrap_err().to_string();
        assert!(error.contains("sh -c") && error.contains("seen") && error.contains('3'), "{error}");
    }
}
