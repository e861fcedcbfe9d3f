//! `directory`: where people come from. Settings of the source that is not chosen are checked too, so that one word switches.

use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::service::{is_postgres, or};
use crate::config::reader::Node;
use crate::config::secret::{Given, secret};
use crate::config::settings::{Directory, DirectorySource};
use crate::config::values::{HOUR, MINUTE};

#[derive(Clone, Copy)]
enum Kind {
    Roster,
    Equipemed,
}

pub(in crate::config) fn directory(node: &Node<'_>, folder: &Path) -> Option<Directory> {
    let mut map = node.map();
    let kind = map
        .require("source", "roster for a file of people, or equipemed for EquipeMed's database")
        .word(&[("roster", Kind::Roster), ("equipemed", Kind::Equipemed)]);
    let roster_node = map.get("roster");
    let roster = roster_node.text();
    let given = secret(&mut map, "url", "url_file", folder);
    let url_node = map.get("url");
    let interval = or(&map.get("interval"), Some(Duration::from_secs(HOUR)), |node| node.duration_or_off(MINUTE, true));
    let notify = or(&map.get("notify"), true, Node::boolean);
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
        Kind::Equipemed => DirectorySource::Equipemed { url: url?, notify: notify? },
    };
    Some(Directory { source, interval: interval? })
}
