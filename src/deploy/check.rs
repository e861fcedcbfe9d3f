//! `deploy check`: what is wrong with the folder of a set. Looks only, and at files only.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::disk::{Disk, owner};
use super::pieces::{HOMESERVER, Piece, pieces};
use super::plan::{self, Change};
use super::secrets::{Consumer, FOR_SETUP, Secret, secrets};
use super::{Answers, Set, begun, certificate, settings};
use crate::config::secret::is_placeholder;

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file, from the folder of the set.
    pub file: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub fix: String,
}

const AGAIN: &str = "run `equipemed-bot deploy init` again";

/// Everything that is wrong with a set.
///
/// # Errors
/// The folder or its manifest cannot be read at all.
pub fn check(disk: &Disk, answers: &Answers) -> anyhow::Result<Vec<Fault>> {
    let set = Set::new(answers, &disk.folder().to_string_lossy());
    let (pieces, secrets) = (pieces(answers, &set)?, secrets(&set));
    let files = pieces.iter().map(|piece| piece.path).chain(secrets.iter().map(|secret| secret.path)).collect();
    let mut found = Found { disk, set: &set, files, faults: Vec::new() };
    let manifest = plan::manifest(disk)?;
    for piece in &pieces {
        found.piece(piece, manifest.get(piece.path));
    }
    for secret in &secrets {
        found.secret(secret);
    }
    found.registrations();
    found.homeserver();
    let hosts = [&set.matrix_host, &set.element_host, &set.bot_host].map(String::as_str);
    for what in certificate::faults(Path::new(&set.certificate), Path::new(&set.certificate_key), &hosts) {
        found.add(&set.certificate, what, "get one for all hosts of deploy.yaml, and let nginx read it");
    }
    let files = [&set.certificate, &set.certificate_key].map(Path::new);
    for (file, what, fix) in certificate::unreadable(files[0], files[1], set.is_containers) {
        found.add(&file, what, fix);
    }
    found.data();
    found.folders();
    for stale in begun::stale(disk, &set)? {
        found.add(stale.file, stale.what, "change it there: that file is yours");
    }
    let mut faults = found.faults;
    faults.sort();
    Ok(faults)
}

/// What an existing Synapse has to find again on this machine and would not.
#[must_use]
pub fn missing(set: &Set) -> Vec<String> {
    let all = [&set.signing_key_on_machine, &set.media_on_machine].into_iter();
    all.filter(|path| set.is_existing && !Path::new(path).exists()).cloned().collect()
}

struct Found<'a> {
    disk: &'a Disk,
    set: &'a Set,
    /// Paths of all files and secrets.
    files: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl Found<'_> {
    fn add(&mut self, file: &str, what: impl Into<String>, fix: impl Into<String>) {
        self.faults.push(Fault { file: file.to_owned(), what: what.into(), fix: fix.into() });
    }

    fn piece(&mut self, piece: &Piece, written: Option<&String>) {
        let path = piece.path;
        let text = match self.disk.read(path) {
            Ok(text) => text,
            Err(error) => return self.add(path, format!("{error:#}"), AGAIN),
        };
        let fix = match plan::change(text, piece, written) {
            Change::New => return self.add(path, "is missing", AGAIN),
            Change::Edited(_) => Some((
                "was edited by hand",
                "put it into deploy.yaml if it can be said there; `deploy init` shows the difference",
            )),
            Change::Changed(_) => Some(("is not what deploy.yaml and this program make of it", AGAIN)),
            Change::Same => None,
        };
        if let Some((what, fix)) = fix {
            self.add(path, what, fix);
        }
        if let Ok(Some(metadata)) = self.disk.metadata(path) {
            if metadata.mode() & 0o022 != 0 {
                self.add(path, "can be changed by others", format!("`chmod go-w {}`", self.full(path)));
            }
            if self.disk.is_root() && metadata.uid() != 0 {
                self.add(path, "does not belong to root", format!("`chown root: {}`", self.full(path)));
            }
            if metadata.mode() & 0o044 != 0o044 {
                self.add(path, "cannot be read by the programs", format!("`chmod go+r {}`", self.full(path)));
            }
        }
    }

    fn full(&self, path: &str) -> String {
        self.disk.folder().join(path).display().to_string()
    }

    fn secret(&mut self, secret: &Secret) {
        let path = secret.path;
        let metadata = match self.disk.metadata(path) {
            Ok(Some(metadata)) => metadata,
            Ok(None) if path == FOR_SETUP => return,
            Ok(None) if secret.is_given() => {
                let fix = format!(
                    "`equipemed-bot deploy init {} --secret {}=FILE`",
                    self.disk.folder().display(),
                    secret.name()
                );
                return self.add(path, "is missing, and only you have it", fix);
            }
            Ok(None) => return self.add(path, "is missing", AGAIN),
            Err(error) => return self.add(path, format!("{error:#}"), AGAIN),
        };
        if path == FOR_SETUP {
            let fix = format!("once `equipemed-bot setup` is done: `rm {}`, and restart Synapse", self.full(path));
            self.add(path, "is still there: whoever reads it makes himself an administrator", fix);
        }
        if metadata.mode() & 0o077 != 0 {
            self.add(
                path,
                "can be read by others",
                format!("`chmod 400 {}`; others may know it now: make a new one", self.full(path)),
            );
        }
        if self.disk.is_root() {
            match owner(self.set, secret.consumer) {
                Ok(owner) if owner.uid == metadata.uid() => {}
                Ok(owner) => {
                    let fix = format!("`chown {}:{} {}`", owner.uid, owner.gid, self.full(path));
                    self.add(path, "does not belong to the program that reads it", fix);
                }
                Err(error) => self.add(path, format!("{error:#}"), "make that user"),
            }
        }
        // Whoever may not read it cannot say more.
        let Ok(Some(text)) = self.disk.read(path) else { return };
        if text.trim().is_empty() || is_placeholder(text.trim()) {
            self.add(path, "is empty, or still a placeholder", "put the real one there");
        }
    }

    fn registrations(&mut self) {
        let read = |path: &str| self.disk.read(path).ok().flatten().map(SecretString::from);
        let (Some(bots), Some(synapses)) = (read("bot/registration.yaml"), read("synapse/registration.yaml")) else {
            return;
        };
        if bots.expose_secret() != synapses.expose_secret() {
            self.add("synapse/registration.yaml", "is not the bot's", AGAIN);
        }
        if !bots.expose_secret().contains("ip_range_whitelist") {
            self.add("bot/registration.yaml", "lets the bot's token in from everywhere", AGAIN);
        }
    }

    fn homeserver(&mut self) {
        let mut files = Vec::new();
        let mut names = Vec::new();
        let mut read = vec![HOMESERVER.to_owned()];
        let more = std::fs::read_dir(self.disk.folder().join("synapse/setup")).into_iter().flatten().flatten();
        let mut more: Vec<_> = more.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        more.sort();
        read.extend(
            more.into_iter().filter(|name| name.ends_with(".yaml")).map(|name| format!("synapse/setup/{name}")),
        );
        for path in &read {
            // Missing ones are told already, and the secret for setup is Synapse's alone.
            if let Ok(Some(text)) = self.disk.read(path) {
                match settings::effective(std::slice::from_ref(&text)) {
                    Ok(_) => files.push(text),
                    Err(what) => return self.add(path, what, "correct it there"),
                }
                names.push(path.as_str());
            }
        }
        let Ok(all) = settings::effective(&files) else { return };
        for wrong in settings::wrong(&all, self.set) {
            let what = format!("{} {}", wrong.setting, wrong.what);
            match settings::place(&files, wrong.setting).and_then(|place| names.get(place)) {
                Some(path) if *path != HOMESERVER => self.add(path, what, "correct it there, and restart Synapse"),
                _ => self.add(HOMESERVER, what, format!("{AGAIN}, or correct it there")),
            }
        }
        let is_elsewhere = !read.iter().any(|path| path == FOR_SETUP);
        if is_elsewhere && settings::takes_registration_secret(&all) {
            let what = "registration_shared_secret is set: whoever reads it makes himself an administrator";
            self.add(HOMESERVER, what, "remove it and restart Synapse");
        }
    }

    /// Programs enter these as users of their own.
    fn folders(&mut self) {
        let files = self.files.iter().map(|path| self.disk.folder().join(path));
        let folders: BTreeSet<_> = files.filter_map(|path| path.parent().map(Path::to_owned)).collect();
        for folder in folders {
            let Ok(metadata) = std::fs::metadata(&folder) else { continue };
            if metadata.mode() & 0o755 != 0o755 || metadata.mode() & 0o022 != 0 {
                let shown = folder.display().to_string();
                let fix = format!("`chmod 755 {shown}`");
                self.add(&shown, "cannot be entered by the programs, or can be changed by others", fix);
            }
        }
    }

    /// Synapse's data, which lies outside of the set.
    fn data(&mut self) {
        let folder = self.set.synapse_data.clone();
        let Ok(metadata) = std::fs::metadata(&folder) else {
            let fix = "make it for Synapse's user alone; deploy/README.md says how";
            return self.add(&folder, "is not there", fix);
        };
        for what in missing(self.set) {
            self.add(&what, "is not there, and Synapse would make a new one without a word", "bring the old one");
        }
        if self.disk.is_root()
            && let Ok(owner) = owner(self.set, Consumer::Synapse)
            && owner.uid != metadata.uid()
        {
            self.add(&folder, "does not belong to Synapse", format!("`chown {}:{} {folder}`", owner.uid, owner.gid));
        }
        if metadata.mode() & 0o007 != 0 {
            self.add(&folder, "can be read by everybody", format!("`chmod o= {folder}`"));
        }
    }
}
