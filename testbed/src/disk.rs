//! A disk of a few megabytes that can be filled and emptied, for what a program does when nothing more fits.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::Folder;

/// A file system of its own. Dropping it lets go of it.
#[derive(Debug)]
pub struct Disk {
    place: PathBuf,
    _folder: Folder,
}

impl Disk {
    /// Makes one that holds so many megabytes. None where this user may not mount anything; the caller has to say so.
    pub fn new(megabytes: u32) -> anyhow::Result<Option<Self>> {
        let folder = Folder::new("disk")?;
        let place = folder.path().join("disk");
        fs::create_dir(&place).context("cannot make the place of the disk")?;
        let size = format!("size={megabytes}m,mode=0755");
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&place).output();
        Ok(mounted.is_ok_and(|output| output.status.success()).then_some(Self { place, _folder: folder }))
    }

    /// Where files go.
    pub fn path(&self) -> &Path {
        &self.place
    }

    /// Fills it up to the last byte.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut file = File::create(self.filler()).context("cannot begin to fill the disk")?;
        // What is left below a whole piece is filled with single bytes.
        for piece in [64 * 1024, 1] {
            loop {
                match file.write(&vec![0; piece]) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::StorageFull => break,
                    Err(error) => bail!("the disk cannot be filled: {error}"),
                }
            }
        }
        Ok(())
    }

    /// Makes room again.
    pub fn empty(&self) -> anyhow::Result<()> {
        fs::remove_file(self.filler()).context("the disk was not filled")
    }

    fn filler(&self) -> PathBuf {
        self.place.join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a process that still has a file open there is about to end. The folder goes after it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.place).output();
    }
}
