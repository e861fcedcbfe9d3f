//! Why somebody is in a room, or not, and stands at that level: the rules by name.
//!
//! Asks `access` and `standing`, never decides anew.

use std::fmt::Write;

use crate::access::{Access, LevelReason};
use crate::desired::{AccountState, Desired, Wishes};
use crate::directory::Person;
use crate::grant::GrantKind;
use crate::key::RoomKey;
use crate::standing::Standing;

/// The reasons behind one person's account, and behind their place in the given rooms.
#[must_use]
pub fn explain(wishes: Wishes<'_>, desired: &Desired, person: &Person, rooms: &[RoomKey]) -> String {
    let Wishes { directory, policy, grants, now, .. } = wishes;
    let access = Access::new(directory, policy, grants, now);
    let mut out = String::new();
    let account = desired.accounts.iter().find(|(_, account)| account.person == person.id);
    match account {
        Some((user, wanted)) => {
            let state = match wanted.state {
                AccountState::Active => "usable",
                AccountState::Locked => "locked",
                AccountState::Deactivated => "deactivated",
            };
            let _ = writeln!(out, "account: {user}, should be {state} (by {})", wanted.cause);
        }
        None => {
            let _ = writeln!(out, "account: none is managed for person {}", person.id);
        }
    }
    let status = &person.account_status;
    let standing = match policy.users.standing.standing(person, now) {
        Some(Standing::Active) => format!("active (status {status})"),
        Some(Standing::Off) => format!("off: status {status}{}", expiry(person)),
        Some(Standing::Gone) => {
            format!("gone: status {status}, {}", if person.is_active { "active" } else { "disabled in EquipeMed" })
        }
        None => format!("unknown: status {status} is not in users.standing, so nothing is changed"),
    };
    let _ = writeln!(out, "standing: {standing}");
    if !access.selects(&policy.users.who, person) {
        let _ = writeln!(out, "users.who does not select this person");
    }
    let roles: Vec<_> = access.roles(person.id).map(ToString::to_string).collect();
    let _ = writeln!(out, "roles: {}", if roles.is_empty() { "none".to_owned() } else { roles.join(", ") });
    for grant in access.grants(person.id) {
        let kind = match grant.kind {
            GrantKind::Level(level) => format!("level {level}"),
            kind => kind.as_str().to_owned(),
        };
        let scope = grant.scope.as_ref().map_or_else(|| "everywhere".to_owned(), |scope| format!("in {scope}"));
        let _ = writeln!(out, "grant {}: {kind} {scope}, asked by {}", grant.id.0, grant.asker);
    }
    for finding in desired.findings.iter().filter(|finding| finding.person() == Some(person.id)) {
        let _ = writeln!(out, "note: {finding}");
    }
    for key in rooms {
        explain_room(&access, person, key, wishes, &mut out);
    }
    out
}

fn expiry(person: &Person) -> String {
    person.access_expires_at.map_or_else(String::new, |end| format!(", access ends {end}"))
}

fn explain_room(access: &Access<'_>, person: &Person, key: &RoomKey, wishes: Wishes<'_>, out: &mut String) {
    let Some(room) = wishes.policy.rooms.get(key) else { return };
    let _ = writeln!(out, "\nroom {key}");
    let belongs = access.selects(&room.members, person);
    let administers = room.administrators.as_ref().is_some_and(|rule| access.selects(rule, person));
    let member = if let Some(grant) = access.room_grant(person.id, key, GrantKind::Ban) {
        format!("banned by grant {}", grant.id.0)
    } else if let Some(grant) = access.room_grant(person.id, key, GrantKind::Kick) {
        format!("kept out by grant {}", grant.id.0)
    } else if belongs {
        "yes, its members rule holds".to_owned()
    } else if administers {
        "yes, as its administrator".to_owned()
    } else {
        "no, its members rule does not hold".to_owned()
    };
    let _ = writeln!(out, "  member: {member}");
    let (level, reason) = access.level(person, key);
    let reason = match reason {
        LevelReason::Nothing => "nothing gives one".to_owned(),
        LevelReason::Role(role) => format!("role {role}"),
        LevelReason::RoomLevel(role) => format!("the room's level for role {role}"),
        LevelReason::Administrator(above) => format!("administrator of {above}"),
        LevelReason::Grant(grant) => format!("grant {}, asked by {}", grant.id.0, grant.asker),
    };
    let _ = writeln!(out, "  level: {level} ({reason})");
    let rights: Vec<_> = access.rights(person, Some(key)).iter().map(ToString::to_string).collect();
    let _ = writeln!(out, "  rights: {}", if rights.is_empty() { "none".to_owned() } else { rights.join(", ") });
}
