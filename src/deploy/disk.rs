//! Reading and writing the files of a set.
//!
//! Written as root into folders that other programs read: so no link is ever followed, a file is complete from the moment
//! it has its name, and a secret is readable by its program alone from its first byte.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::Set;
use super::secrets::Consumer;

/// Users of the containers' images.
const SYNAPSE_IMAGE: u32 = 991;
const BOT_IMAGE: u32 = 7009;
const POSTGRES_IMAGE: u32 = 999;

/// Mode of files that everybody may read, and of secrets.
pub const OPEN: u32 = 0o644;
pub const CLOSED: u32 = 0o400;

/// Who a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

/// The folder of a set.
#[derive(Clone, Debug)]
pub struct Disk {
    folder: PathBuf,
    /// Whether owners can be given.
    is_root: bool,
}

impl Disk {
    /// A folder, which is made if it is not there.
    ///
    /// # Errors
    /// It cannot be made, or others could change what lies in it.
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        let full = std::path::absolute(folder).context("the folder's path")?;
        let missing: Vec<_> = full.ancestors().take_while(|folder| !folder.exists()).collect();
        for folder in missing.into_iter().rev() {
            make(folder)?;
        }
        Self::at(folder)
    }

    /// A folder as it is; perhaps there is none yet.
    ///
    /// # Errors
    /// Its path leads nowhere.
    pub fn at(folder: &Path) -> anyhow::Result<Self> {
        let folder = match folder.canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => std::path::absolute(folder),
            found => found,
        };
        let folder = folder.context("the folder cannot be read")?;
        let own = std::fs::metadata("/proc/self").context("/proc/self cannot be read")?;
        Ok(Self { folder, is_root: own.uid() == 0 })
    }

    /// Its path from the root.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether this process may give files to other users.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.is_root
    }

    /// What lies at a path in the folder; None if nothing does.
    ///
    /// # Errors
    /// It is no plain file.
    pub fn metadata(&self, path: &str) -> anyhow::Result<Option<Metadata>> {
        let full = self.folder.join(path);
        match full.symlink_metadata() {
            Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
            Ok(_) => {
                bail!("{} is a link or a folder, where a file belongs; look who made it, and remove it", full.display())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", full.display())),
        }
    }

    /// Reads a file of the folder; None if there is none.
    ///
    /// # Errors
    /// It is no plain file, or cannot be read.
    pub fn read(&self, path: &str) -> anyhow::Result<Option<String>> {
        if self.metadata(path)?.is_none() {
            return Ok(None);
        }
        let text = std::fs::read(self.folder.join(path)).with_context(|| format!("{path} cannot be read"))?;
        Ok(Some(String::from_utf8_lossy(&text).into_owned()))
    }

    /// Writes a file completely or not at all. A new one is never put in the place of one that came meanwhile.
    ///
    /// # Errors
    /// A folder on the way is a link or open to others, the file is one, or the disk refuses.
    pub fn write(&self, path: &str, text: &str, mode: u32, owner: Option<Owner>) -> anyhow::Result<()> {
        let replaces = self.metadata(path)?.is_some();
        let target = self.folder.join(path);
        let parent = self.parents(path)?;
        let name = target.file_name().context("a path without a name")?.to_string_lossy().into_owned();
        let draft = parent.join(format!(".{name}.{:08x}.new", std::process::id()));
        let _ = std::fs::remove_file(&draft);
        let put = || -> io::Result<()> {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
            file.write_all(text.as_bytes())?;
            if let Some(owner) = owner.filter(|_| self.is_root) {
                fchown(&file, Some(owner.uid), Some(owner.gid))?;
            }
            file.set_permissions(Permissions::from_mode(mode))?;
            file.sync_all()?;
            if replaces {
                return std::fs::rename(&draft, &target);
            }
            // A second name, because a rename would replace what came meanwhile.
            std::fs::hard_link(&draft, &target)?;
            std::fs::remove_file(&draft)
        };
        let done = put();
        if done.is_err() {
            let _ = std::fs::remove_file(&draft);
        }
        done.with_context(|| format!("{} cannot be written", target.display()))?;
        File::open(&parent)
            .and_then(|parent| parent.sync_all())
            .with_context(|| format!("{} cannot be kept", parent.display()))
    }

    /// Makes the folders on the way to a file.
    fn parents(&self, path: &str) -> anyhow::Result<PathBuf> {
        let mut at = self.folder.clone();
        self.check_folder(&at)?;
        let folders = Path::new(path).parent().map(Path::components);
        for folder in folders.into_iter().flatten() {
            at.push(folder);
            make(&at)?;
            self.check_folder(&at)?;
        }
        Ok(at)
    }

    /// Whoever may write a folder could put a link where a secret is about to be written.
    fn check_folder(&self, folder: &Path) -> anyhow::Result<()> {
        let metadata = folder.symlink_metadata().with_context(|| format!("{} cannot be read", folder.display()))?;
        if !metadata.is_dir() {
            bail!("{} is a link or a file, where a folder belongs; look who made it, and remove it", folder.display());
        }
        if metadata.mode() & 0o022 != 0 {
            bail!("{} can be changed by others; `chmod go-w {0}`", folder.display());
        }
        if self.is_root && metadata.uid() != 0 {
            bail!("{} does not belong to root; `chown root: {0}`", folder.display());
        }
        Ok(())
    }
}

/// Makes a folder, unless it is there, that every program may enter whatever the umask says.
fn make(folder: &Path) -> anyhow::Result<()> {
    match DirBuilder::new().mode(0o755).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        made => made.and_then(|()| std::fs::set_permissions(folder, Permissions::from_mode(0o755))),
    }
    .with_context(|| format!("{} cannot be made", folder.display()))
}

/// The user of a program.
///
/// # Errors
/// With systemd: there is no such user yet; the text says how to make it.
pub fn owner(set: &Set, consumer: Consumer) -> anyhow::Result<Owner> {
    if set.is_containers {
        let uid = match consumer {
            Consumer::Synapse => SYNAPSE_IMAGE,
            Consumer::Bot => BOT_IMAGE,
            Consumer::Postgres => POSTGRES_IMAGE,
        };
        return Ok(Owner { uid, gid: uid });
    }
    let name = match consumer {
        Consumer::Synapse => "matrix-synapse",
        Consumer::Bot => "equipemed-bot",
        Consumer::Postgres => "postgres",
    };
    let users = std::fs::read_to_string("/etc/passwd").context("/etc/passwd cannot be read")?;
    let found = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_it = fields.next() == Some(name);
        let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        is_it.then_some(Owner { uid, gid })
    });
    found.with_context(|| format!("there is no user {name} on this machine; deploy/README.md says how to make it"))
}
