//! A disk so small that it can be filled: a file system in memory, mounted for one scenario.

use crate::network::NotAllowed;
use anyhow::Context;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Its size. What a PBX records of a minute, not yet coded, takes a quarter of it.
const SIZE: &str = "size=16m";

/// A mounted file system. It is gone when this is dropped.
pub(crate) struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts it at a folder, which is made.
    ///
    /// # Errors
    /// [`NotAllowed`] where this cannot be done.
    pub(crate) fn mount(folder: &Path) -> Result<Self, NotAllowed> {
        let mounted = || {
            std::fs::create_dir_all(folder)?;
            Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "siaga"]).arg(folder).output()
        };
        let done = mounted().map_err(|error| NotAllowed(format!("`mount`: {error}")))?;
        if !done.status.success() {
            let why = String::from_utf8_lossy(&done.stderr).trim().to_owned();
            return Err(NotAllowed(format!("`mount`: {why}")));
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// Fills it to the last byte.
    ///
    /// # Errors
    /// When nothing can be written at all.
    pub(crate) fn fill(&self) -> anyhow::Result<()> {
        let mut ballast = std::fs::File::create(self.ballast()).context("making the ballast")?;
        // Whole pages first, then what is left of the last one.
        for size in [4_096, 1] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
        Ok(())
    }

    /// Makes room again.
    ///
    /// # Errors
    /// When it was not filled.
    pub(crate) fn free(&self) -> anyhow::Result<()> {
        std::fs::remove_file(self.ballast()).context("removing the ballast")
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a recorder may still hold a file.
        let _ = Command::new("umount").arg("-l").arg(&self.folder).output();
    }
}
