//! `directory`: the source of people. Settings of the source not chosen are checked too, so that switching takes one
//! word.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::service::{is_postgres, or};
use crate::config::reader::Node;
use crate::config::secret::{Given, secret};
use crate::config::settings::{DirectorySettings, DirectorySource, EquipemedSettings};
use crate::config::values::{HOUR, MINUTE};

/// Table prefix of EquipeMed's Django application for accounts.
const PREFIX: &str = "accounts_";
/// Interval of comparing everybody when there are no notifications.
const POLL: Duration = Duration::from_secs(10);

/// Interval of comparing accounts.
const ACCOUNTS: Duration = Duration::from_secs(5 * MINUTE);

#[derive(Clone, Copy)]
enum Kind {
    Roster,
    Equipemed,
}

pub(in crate::config) fn directory(node: &Node<'_>, folder: &Path) -> Option<DirectorySettings> {
    let mut map = node.map();
    let kind = map
        .require("source", "roster for a file of people, or equipemed for EquipeMed's database")
        .word(&[("roster", Kind::Roster), ("equipemed", Kind::Equipemed)]);
    let roster_node = map.get("roster");
    let roster = roster_node.text();
    let given = secret(&mut map, "url", "url_file", folder);
    let url_node = map.get("url");
    let interval = or(&map.get("interval"), Some(Duration::from_secs(HOUR)), |node| node.duration_or_off(MINUTE, true));
    let accounts = or(&map.get("accounts"), Some(ACCOUNTS), |node| node.duration_or_off(1, true));
    let notify = or(&map.get("notify"), true, Node::boolean);
    let poll = or(&map.get("poll"), Some(POLL), |node| node.duration_or_off(1, true));
    let prefix_node = map.get("prefix");
    let prefix = or(&prefix_node, PREFIX.to_owned(), |node| node.parsed(check_prefix));
    let query_node = map.get("query");
    let query = or(&query_node, None, |node| node.parsed(check_query).map(Some));
    if prefix_node.is_given() && query_node.is_given() {
        prefix_node.problem("is for EquipeMed's own tables and has no effect beside query; remove one of the two");
    }
    map.close();
    let url = match given {
        Given::Secret(url) if is_postgres(url.expose_secret()) => Some(url),
        Given::Secret(_) => {
            url_node.problem("expected postgres://user:password@host/database, with a role that may only read; in the password # / @ : and spaces are written as %23 %2F %40 %3A %20");
            None
        }
        Given::Nothing => {
            if matches!(kind, Some(Kind::Equipemed)) {
                url_node
                    .missing("EquipeMed's database as postgres://user:password@host/database, or its file as url_file");
            }
            None
        }
        Given::Wrong => None,
    };
    let source = match kind? {
        Kind::Roster => {
            roster_node.missing("the path of the roster file, such as roster.yaml");
            DirectorySource::Roster { file: folder.join(roster?) }
        }
        Kind::Equipemed => DirectorySource::Equipemed(EquipemedSettings {
            url: url?,
            prefix: prefix?,
            query: query?,
            notify: notify?,
            poll: poll?,
            // By what is read elsewhere.
            columns: BTreeSet::new(),
            timezone: None,
        }),
    };
    Some(DirectorySettings { source, interval: interval?, accounts: accounts? })
}

/// The prefix becomes part of SQL unescaped.
fn check_prefix(text: &str) -> Result<String, String> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    if text.split('.').count() <= 2 && text.split('.').all(is_name) {
        Ok(text.to_owned())
    } else {
        Err("is what the names of EquipeMed's tables begin with, in small letters, digits and _, perhaps with a schema before it: accounts_, or hospital.accounts_".to_owned())
    }
}

fn check_query(text: &str) -> Result<String, String> {
    let begins = text.trim_start().to_ascii_lowercase();
    if ["select", "with"].iter().any(|word| begins.starts_with(word)) {
        Ok(text.to_owned())
    } else {
        Err("has to begin with select or with, and give one row for each person; docs/EQUIPEMED.md lists its columns"
            .to_owned())
    }
}
