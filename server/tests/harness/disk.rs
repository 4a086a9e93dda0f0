//! A small disk of its own, to be filled.

use std::{
    fs::{self, File},
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};
use tempfile::TempDir;

const BYTES: u64 = 64 * 1024 * 1024;

/// A file system that goes with the test.
pub(crate) struct SmallDisk {
    outside: TempDir,
}

impl SmallDisk {
    /// An empty one; `None` where this may not be done.
    pub(crate) fn mount() -> Option<Self> {
        let outside = tempfile::tempdir().expect("a directory");
        let disk = Self { outside };
        File::create(disk.image()).and_then(|image| image.set_len(BYTES)).expect("an image");
        fs::create_dir(disk.root()).expect("a directory");
        let made = ran(Command::new("mkfs.ext4").args(["-q", "-m", "0"]).arg(disk.image()));
        let mounted = made && ran(Command::new("mount").args(["-o", "loop"]).arg(disk.image()).arg(disk.root()));
        mounted.then_some(disk)
    }

    /// A new directory on it.
    pub(crate) fn directory(&self) -> TempDir {
        tempfile::tempdir_in(self.root()).expect("a directory")
    }

    /// Leaves no room.
    pub(crate) fn fill(&self) {
        let mut ballast = File::create(self.ballast()).expect("a file");
        // Smaller and smaller, to the last byte there is.
        for size in [1 << 20, 1 << 12, 1] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// Gives the room back.
    pub(crate) fn free(&self) {
        fs::remove_file(self.ballast()).expect("removed");
    }

    fn image(&self) -> PathBuf {
        self.outside.path().join("image")
    }

    fn root(&self) -> PathBuf {
        self.outside.path().join("root")
    }

    fn ballast(&self) -> PathBuf {
        self.root().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        ran(Command::new("umount").arg(self.root()));
    }
}

fn ran(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
