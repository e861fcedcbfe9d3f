//! A small disk that can be filled and emptied, to test a full disk.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::Folder;

/// A mounted file system; dropping it unmounts it.
#[derive(Debug)]
pub struct Disk {
    place: PathBuf,
    _folder: Folder,
}

impl Disk {
    /// Mounts one of this size. None if this user may not mount, which the caller must report.
    pub fn new(megabytes: u32) -> anyhow::Result<Option<Self>> {
        let folder = Folder::new("disk")?;
        let place = folder.path().join("disk");
        fs::create_dir(&place).context("cannot make the place of the disk")?;
        let size = format!("size={megabytes}m,mode=0755");
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&place).output();
        Ok(mounted.is_ok_and(|output| output.status.success()).then_some(Self { place, _folder: folder }))
    }

    /// Its mount point.
    pub fn path(&self) -> &Path {
        &self.place
    }

    /// Fills it up to the last byte.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut file = File::create(self.filler()).context("cannot begin to fill the disk")?;
        // Single bytes fill what is left below a whole piece.
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

    /// Frees the space again.
    pub fn empty(&self) -> anyhow::Result<()> {
        fs::remove_file(self.filler()).context("the disk was not filled")
    }

    fn filler(&self) -> PathBuf {
        self.place.join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, because a process about to end may still have a file open. The folder is removed after it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.place).output();
    }
}
