//! The roster: people in a YAML file, to start without EquipeMed's database, for rehearsals and tests.
//!
//! Absent fields have EquipeMed's defaults. Problems name lines and ids but never people, because they are logged. An
//! empty or truncated file is an error: read as "nobody works here", it would lock the whole hospital out.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use equipemed_domain::directory::{Directory, Extra, Person, PersonId};
use equipemed_domain::fault::HalfWritten;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::DirectoryError;
use crate::config::problems::Sink;
use crate::config::reader::{Document, Node};
use crate::config::values::profession;

/// The shipped example, with fictitious people.
pub const EXAMPLE: &str = include_str!("../../roster.example.yaml");

/// Django's maximum length of usernames.
const LONGEST_USERNAME: usize = 150;

/// A roster file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    file: PathBuf,
}

impl Roster {
    /// Names the file; nothing is read yet.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into() }
    }

    /// Its path.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Everybody in the file.
    pub fn read(&self) -> Result<Directory, DirectoryError> {
        let bytes = self.stable_bytes()?;
        let text = String::from_utf8(bytes)
            .map_err(|error| self.half_written(HalfWritten::NotUtf8 { byte: error.utf8_error().valid_up_to() }))?;
        if text.trim().is_empty() {
            return Err(self.half_written(HalfWritten::Empty));
        }
        parse(&self.file.display().to_string(), &text)
    }

    /// SHA-256 of the file's content as hexadecimal text.
    pub fn digest(&self) -> Result<String, DirectoryError> {
        let bytes = fs::read(&self.file).map_err(|error| self.unreadable(error))?;
        Ok(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The content, unless somebody wrote to the file meanwhile.
    fn stable_bytes(&self) -> Result<Vec<u8>, DirectoryError> {
        let (bytes, before, after) = self.bytes().map_err(|error| self.unreadable(error))?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let same =
            before.len() == after.len() && after.len() == length && before.modified().ok() == after.modified().ok();
        if same { Ok(bytes) } else { Err(self.half_written(HalfWritten::Changed)) }
    }

    fn bytes(&self) -> io::Result<(Vec<u8>, Metadata, Metadata)> {
        let mut file = File::open(&self.file)?;
        let before = file.metadata()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        // By path, so that a replaced file counts as changed, too.
        let after = fs::metadata(&self.file)?;
        Ok((bytes, before, after))
    }

    fn unreadable(&self, source: io::Error) -> DirectoryError {
        DirectoryError::Unreadable { file: self.file.display().to_string(), os: source.to_string() }
    }

    fn half_written(&self, how: HalfWritten) -> DirectoryError {
        DirectoryError::HalfWritten { file: self.file.display().to_string(), how }
    }
}

/// Parses a roster; `file` is its name in problems.
///
/// # Errors
/// All problems in it. With fewer people than `count:` says, the file is truncated.
pub fn parse(file: &str, text: &str) -> Result<Directory, DirectoryError> {
    let sink = Sink::default();
    let mut counts = None;
    let people =
        Document::parse(file, text, None, &sink).and_then(|document| people(&document.root(&sink), &mut counts));
    if let Some((stated, found)) = counts
        && stated > found
    {
        let how = HalfWritten::Count { found, stated };
        return Err(DirectoryError::HalfWritten { file: file.to_owned(), how });
    }
    let people = sink.finish(file, people);
    Ok(Directory::new(people.map_err(|problems| DirectoryError::Problems { text: problems.to_string() })?))
}

fn people(root: &Node<'_>, counts: &mut Option<(usize, usize)>) -> Option<Vec<Person>> {
    const NEVER_EMPTY: &str = "an empty list would mean that nobody works here any more, and is never believed";
    let mut map = root.map();
    let list_node = map.get("people");
    let count_node = map.get("count");
    let count = count_node.integer(&(1..=i64::MAX)).and_then(|count| usize::try_from(count).ok());
    map.close();
    list_node.missing(&format!("the people as a list; {NEVER_EMPTY}"));
    let list = list_node.list()?;
    if list.is_empty() {
        list_node.problem(format!("has nobody in it; {NEVER_EMPTY}"));
        return None;
    }
    if let Some(count) = count {
        *counts = Some((count, list.len()));
        if count != list.len() {
            count_node.problem(format!("says {count}, but {} people are listed; correct the count", list.len()));
        }
    }
    let mut taken = Taken::default();
    let read: Vec<_> = list.iter().map(|node| person(node, &mut taken)).collect();
    read.into_iter().collect()
}

/// Values that must be unique, with the place of their first use.
#[derive(Default)]
struct Taken<'r> {
    ids: BTreeMap<i64, Node<'r>>,
    usernames: BTreeMap<String, Node<'r>>,
    public_ids: BTreeMap<String, Node<'r>>,
}

fn unique<'r, K: Ord>(seen: &mut BTreeMap<K, Node<'r>>, key: K, node: &Node<'r>) {
    match seen.get(&key) {
        // Omit the value: a username is a person's name.
        Some(first) => {
            node.problem(format!("is the same as in line {}; each person has their own, as in EquipeMed", first.line()))
        }
        None => drop(seen.insert(key, node.clone())),
    }
}

fn person<'r>(node: &Node<'r>, taken: &mut Taken<'r>) -> Option<Person> {
    let mut map = node.map();
    let (id_node, public_id_node, username_node) = (map.get("id"), map.get("public_id"), map.get("username"));
    id_node.missing("EquipeMed's number of the person");
    public_id_node.missing("the person's UUID from EquipeMed");
    username_node.missing("the EquipeMed username");
    let id = id_node.integer(&(1..=i64::MAX));
    if let Some(id) = id {
        unique(&mut taken.ids, id, &id_node);
    }
    let public_id = public_id_node.parsed(uuid);
    if let Some(public_id) = &public_id {
        unique(&mut taken.public_ids, public_id.clone(), &public_id_node);
    }
    let username = username_node.parsed(|text| {
        if text.chars().count() > LONGEST_USERNAME {
            return Err(format!("is longer than EquipeMed's {LONGEST_USERNAME} characters; shorten it"));
        }
        Ok(text.to_owned())
    });
    if let Some(username) = &username {
        unique(&mut taken.usernames, username.clone(), &username_node);
    }
    let mut text = |key| default(&map.get(key), String::new(), Node::any_text);
    let matrix_localpart = text("matrix_localpart").map(|text| Some(text).filter(|text| !text.is_empty()));
    let (first_name, last_name, email) = (text("first_name"), text("last_name"), text("email"));
    let profession = default(&map.get("profession"), None, |node| profession(node).map(Some));
    let groups = default(&map.get("groups"), Vec::new(), names);
    let specialties = default(&map.get("specialties"), Vec::new(), names);
    let staff = default(&map.get("staff"), false, Node::boolean);
    let superuser = default(&map.get("superuser"), false, Node::boolean);
    let is_active = default(&map.get("is_active"), true, Node::boolean);
    // Any word: a status that the standing table lacks must reach the planner as it is.
    let account_status = default(&map.get("account_status"), "active".to_owned(), Node::text);
    let access_expires_at = default(&map.get("access_expires_at"), None, |node| node.parsed(timestamp).map(Some));
    let last_login = default(&map.get("last_login"), None, |node| node.parsed(timestamp).map(Some));
    let display_name = default(&map.get("display_name"), String::new(), Node::any_text);
    let current_specialty = default(&map.get("current_specialty"), None, |node| node.text().map(Some));
    let mut flag = |key| default(&map.get(key), false, Node::boolean);
    let (researcher, terms_accepted) = (flag("researcher"), flag("terms_accepted"));
    let (password_change_required, internship_over) = (flag("password_change_required"), flag("internship_over"));
    let supervisor = default(&map.get("supervisor"), None, |node| node.text().map(Some));
    map.close();
    let extra = Extra {
        display_name: display_name?,
        current_specialty: current_specialty?,
        researcher: researcher?,
        terms_accepted: terms_accepted?,
        password_change_required: password_change_required?,
        internship_over: internship_over?,
        supervisor: supervisor?,
    };
    Some(Person {
        id: PersonId(id?),
        public_id: public_id?,
        username: username?,
        matrix_localpart: matrix_localpart?,
        first_name: first_name?,
        last_name: last_name?,
        email: email?,
        profession: profession?,
        groups: groups?.into_iter().collect(),
        specialties: specialties?,
        staff: staff?,
        superuser: superuser?,
        is_active: is_active?,
        account_status: account_status?,
        access_expires_at: access_expires_at?,
        last_login: last_login?,
        extra,
    })
}

/// Absent fields get their default; invalid ones do not.
fn default<'r, T>(node: &Node<'r>, default: T, read: impl FnOnce(&Node<'r>) -> Option<T>) -> Option<T> {
    if node.is_given() { read(node) } else { Some(default) }
}

fn names(node: &Node<'_>) -> Option<Vec<String>> {
    node.list()?.iter().map(Node::text).collect()
}

/// A UUID in its usual form, in lower case: the identity provider compares text.
fn uuid(text: &str) -> Result<String, String> {
    let text = text.trim().to_ascii_lowercase();
    let mut lengths =
        text.split('-').map(|part| if part.chars().all(|c| c.is_ascii_hexdigit()) { part.len() } else { 0 });
    let good = [8, 4, 4, 4, 12].iter().all(|length| lengths.next() == Some(*length)) && lengths.next().is_none();
    if good {
        Ok(text)
    } else {
        Err("is not a UUID; it has 32 hexadecimal digits in five groups, such as 3f2b8c1e-5d47-4a90-9c6e-1b7f0a2d4e58"
            .to_owned())
    }
}

fn timestamp(text: &str) -> Result<Timestamp, String> {
    text.trim()
        .parse()
        .map_err(|_| "is not a point in time; write date, time and zone, such as 2031-12-31T23:59:59-03:00".to_owned())
}
