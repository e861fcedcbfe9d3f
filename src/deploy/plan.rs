//! What `deploy init` would do to a folder, before it does anything.
//!
//! A manifest keeps the digests of the files as they were last written: a file that is another now was edited by hand.

use std::collections::BTreeMap;

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use similar::TextDiff;

use super::disk::{CLOSED, Disk, OPEN, Owner, owner};
use super::masked::masked;
use super::pieces::{ANSWERS, Piece, pieces};
use super::secrets::{FOR_SETUP, Secret, secrets};
use super::{Answers, Set};

/// Digests of the files as written, in the folder of a set.
const MANIFEST: &str = "manifest.json";

/// Lines shown around a difference.
const AROUND: usize = 2;

/// What becomes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is as it should be.
    Same,
    /// It is made.
    New,
    /// It is changed, as the unified difference says; secrets in it are not shown.
    Changed(String),
    /// The same, but somebody has edited it since it was written.
    Edited(String),
}

/// A file and what becomes of it.
#[derive(Clone, Debug)]
pub struct Step {
    piece: Piece,
    /// What becomes of it.
    pub change: Change,
}

impl Step {
    /// Its path in the folder.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.piece.path
    }
}

/// A secret that is made or brought in line.
#[derive(Clone, Debug)]
pub struct SecretStep {
    secret: Secret,
    text: SecretString,
    /// Whether there is none yet.
    pub is_new: bool,
}

impl SecretStep {
    /// Its path in the folder.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.secret.path
    }
}

/// All that would be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// All files.
    pub steps: Vec<Step>,
    /// Secrets that are made or change.
    pub secrets: Vec<SecretStep>,
    /// Secrets that somebody has to hand in.
    pub missing: Vec<Secret>,
    /// Files of an earlier set that are no longer part of it.
    pub left: Vec<String>,
    manifest: BTreeMap<String, String>,
    set: Set,
}

/// Secrets by path, from elsewhere.
pub type HandedIn = BTreeMap<&'static str, SecretString>;

impl Plan {
    /// Compares a folder with a set. `for_setup`: Synapse's registration secret is made although the set was written before.
    ///
    /// # Errors
    /// What keeps a file from being read, or a secret that is not what it should be.
    pub fn new(
        disk: &Disk,
        answers: &Answers,
        set: Set,
        handed_in: &HandedIn,
        for_setup: bool,
    ) -> anyhow::Result<Self> {
        let manifest = manifest(disk)?;
        let mut steps = Vec::new();
        for piece in pieces(answers, &set)? {
            let change = change(disk.read(piece.path)?, &piece, manifest.get(piece.path));
            steps.push(Step { piece, change });
        }
        let left = manifest.keys().filter(|path| !steps.iter().any(|step| step.path() == path.as_str()));
        let left = left.filter(|path| matches!(disk.metadata(path), Ok(Some(_)))).cloned().collect();
        let mut plan = Self { steps, secrets: Vec::new(), missing: Vec::new(), left, manifest, set };
        plan.plan_secrets(disk, handed_in, for_setup)?;
        Ok(plan)
    }

    fn plan_secrets(&mut self, disk: &Disk, handed_in: &HandedIn, for_setup: bool) -> anyhow::Result<()> {
        let mut known: HandedIn = BTreeMap::new();
        for secret in secrets(&self.set) {
            let path = secret.path;
            let old = disk.read(path)?.map(SecretString::from);
            // An existing Synapse has administrators already; and once setup is done, the secret is gone for good.
            if path == FOR_SETUP && old.is_none() && !for_setup && (self.set.is_existing || !self.manifest.is_empty()) {
                continue;
            }
            let given = handed_in.get(path).or(old.as_ref());
            let text = secret.text(&self.set, given, |other| known.get(other).cloned());
            let Some(text) = text.with_context(|| path)? else {
                self.missing.push(secret);
                continue;
            };
            known.insert(path, text.clone());
            if old.as_ref().is_none_or(|old| old.expose_secret() != text.expose_secret()) {
                self.secrets.push(SecretStep { secret, text, is_new: old.is_none() });
            }
        }
        Ok(())
    }

    /// The set that it is of.
    #[must_use]
    pub fn set(&self) -> &Set {
        &self.set
    }

    /// Whether anything would be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty() && self.steps.iter().all(|step| step.change == Change::Same)
    }

    /// Writes everything except edited files that are not in `overwrite`.
    ///
    /// # Errors
    /// What could not be written; the rest is written when this is run again.
    pub fn write(mut self, disk: &Disk, overwrite: &[&str]) -> anyhow::Result<()> {
        for step in &self.secrets {
            let owner = owner_on(disk, &self.set, &step.secret)?;
            disk.write(step.path(), step.text.expose_secret(), CLOSED, owner)?;
        }
        for step in &self.steps {
            let is_left = matches!(step.change, Change::Edited(_)) && !overwrite.contains(&step.path());
            if is_left {
                continue;
            }
            if step.change != Change::Same {
                disk.write(step.path(), &step.piece.text, OPEN, Some(Owner { uid: 0, gid: 0 }))?;
            }
            if !step.piece.is_begun {
                self.manifest.insert(step.path().to_owned(), digest(&step.piece.text));
            }
        }
        self.manifest.retain(|path, _| !self.left.contains(path));
        let manifest = serde_json::to_string_pretty(&self.manifest)?;
        disk.write(MANIFEST, &format!("{manifest}\n"), OPEN, Some(Owner { uid: 0, gid: 0 }))
    }
}

/// The owner that a secret should have; none where owners cannot be given.
///
/// # Errors
/// There is no such user.
pub fn owner_on(disk: &Disk, set: &Set, secret: &Secret) -> anyhow::Result<Option<Owner>> {
    if disk.is_root() { owner(set, secret.consumer).map(Some) } else { Ok(None) }
}

/// Digests of the files as last written; empty before the first time.
///
/// # Errors
/// It is not what this program writes.
pub fn manifest(disk: &Disk) -> anyhow::Result<BTreeMap<String, String>> {
    let Some(text) = disk.read(MANIFEST)? else { return Ok(BTreeMap::new()) };
    serde_json::from_str(&text)
        .with_context(|| format!("{MANIFEST} is damaged; remove it, and all files count as edited"))
}

/// What becomes of a file, by what it is now and what was last written.
pub(super) fn change(old: Option<String>, piece: &Piece, written: Option<&String>) -> Change {
    let Some(old) = old else { return Change::New };
    if old == piece.text || piece.is_begun {
        return Change::Same;
    }
    let difference = difference(piece.path, &old, &piece.text);
    if piece.path == ANSWERS {
        // Made to be edited: only another answer is a change, and the file says it already.
        let is_same = |old: &str| Answers::read(ANSWERS, old).ok() == Answers::read(ANSWERS, &piece.text).ok();
        return if is_same(&old) { Change::Same } else { Change::Changed(difference) };
    }
    match written == Some(&digest(&old)) {
        true => Change::Changed(difference),
        false => Change::Edited(difference),
    }
}

pub(super) fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A unified difference in which no secret is shown, although none should be there.
fn difference(path: &str, old: &str, new: &str) -> String {
    let (old, new) = (masked(old), masked(new));
    let diff = TextDiff::from_lines(&old, &new);
    diff.unified_diff().context_radius(AROUND).header(path, path).to_string()
}
