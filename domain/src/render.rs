//! Renders a plan as readable text: grouped, before → after.
//!
//! Plans become text only here, so that the dry run and `setup` show the same lines.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use ruma_common::UserId;

use crate::action::{Action, Change, LevelChanges};
use crate::finding::Finding;
use crate::key::RoomKey;
use crate::plan::Plan;
use crate::policy::{JoinMode, RoomKind};
use crate::review::{Held, HeldReason};

/// How many entries are listed before the rest is only counted.
const NAMES_PER_LINE: usize = 12;

/// Texts for the parts of a plan that are not changes.
pub trait Words {
    /// The text of a finding.
    fn finding(&self, finding: &Finding) -> String;
    /// The text of why a part is held.
    fn held(&self, reason: &HeldReason) -> String;
}

/// How much of a long list is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// The beginning, and how many follow.
    Short,
    /// All of it.
    Full,
}

/// Renders a plan and its held parts.
#[must_use]
pub fn render(plan: &Plan, held: &[Held], words: &impl Words, length: Length) -> String {
    let mut out = String::new();
    render_accounts(plan, length, &mut out);
    render_rooms(plan, length, &mut out);
    if !held.is_empty() {
        section(&mut out, &format!("Held back ({})", held.len()));
        for part in held {
            let _ = writeln!(out, "  {}  {}", part.id, words.held(&part.reason));
            for line in length.of(part.atoms().into_iter().collect()) {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
    if !plan.findings.is_empty() {
        section(&mut out, &format!("To look at ({})", plan.findings.len()));
        for finding in &plan.findings {
            let _ = writeln!(out, "  {}", words.finding(finding));
        }
    }
    if out.is_empty() {
        out.push_str("Nothing to do: Synapse agrees with EquipeMed.\n");
    } else if plan.is_empty() {
        out.push_str("Nothing to do beside that.\n");
    }
    out
}

/// A user id without the server's name, because all users are local.
#[must_use]
pub fn short(user: &UserId) -> String {
    format!("@{}", user.localpart())
}

/// A duration in the largest unit that divides it.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    for (unit, name) in [(86_400, "d"), (3_600, "h"), (60, "min")] {
        if seconds >= unit && seconds.is_multiple_of(unit) {
            return format!("{} {name}", seconds / unit);
        }
    }
    format!("{seconds} s")
}

fn section(out: &mut String, title: &str) {
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{title}");
}

impl Length {
    fn of(self, mut lines: Vec<String>) -> Vec<String> {
        if self == Self::Short && lines.len() > NAMES_PER_LINE {
            let more = lines.len() - NAMES_PER_LINE;
            lines.truncate(NAMES_PER_LINE);
            lines.push(format!("… and {more} more"));
        }
        lines
    }

    /// What there are so many of; None without any.
    fn joined(self, word: &str, lines: Vec<String>) -> Option<String> {
        (!lines.is_empty()).then(|| format!("{word} ({}): {}", lines.len(), self.of(lines).join(", ")))
    }
}

fn quoted(text: Option<&str>) -> String {
    text.map_or_else(|| "nothing".to_owned(), |text| format!("“{text}”"))
}

fn render_accounts(plan: &Plan, length: Length, out: &mut String) {
    let mut groups: BTreeMap<u8, (&str, Vec<String>)> = BTreeMap::new();
    for action in plan.actions() {
        let (title, line) = match action {
            Action::CreateAccount { user, display_name, .. } => {
                ("create", format!("{} {}", short(user), quoted(Some(display_name))))
            }
            Action::AdoptAccount { user, administrator, .. } => {
                let mark = if *administrator { " is a Synapse administrator" } else { "" };
                ("adopt, they carry the external id", format!("{}{mark}", short(user)))
            }
            Action::ReleaseAccount { user, .. } => ("let go", short(user)),
            Action::SetDisplayName { user, from, to } => {
                ("rename", format!("{} {} → {}", short(user), quoted(from.as_deref()), quoted(Some(to))))
            }
            Action::SetEmail { user } => ("set the e-mail address", short(user)),
            Action::LinkExternalId { user, .. } => ("link to the identity provider", short(user)),
            Action::LockAccount { user } => ("lock", short(user)),
            Action::SignOut { user } => ("sign out on all devices", short(user)),
            Action::UnlockAccount { user } => ("unlock", short(user)),
            Action::DeactivateAccount { user } => ("deactivate", short(user)),
            Action::ReactivateAccount { user } => ("reactivate", short(user)),
            Action::SetServerAdmin { user, to: true } => ("make server administrator", short(user)),
            Action::SetServerAdmin { user, to: false } => ("no longer server administrator", short(user)),
            Action::NotePrivileges { user, gained, lost, .. } => {
                let gained = gained.iter().map(|power| format!("+ {power}"));
                let lost = lost.iter().map(|power| format!("− {power}"));
                let powers: Vec<_> = gained.chain(lost).collect();
                ("power", format!("{} {}", short(user), powers.join(", ")))
            }
            _ => continue,
        };
        groups.entry(action.rank()).or_insert((title, Vec::new())).1.push(line);
    }
    if groups.is_empty() {
        return;
    }
    section(out, &format!("Accounts ({})", groups.values().map(|(_, lines)| lines.len()).sum::<usize>()));
    for (title, lines) in groups.into_values() {
        let _ = writeln!(out, "  {title} ({})", lines.len());
        for line in length.of(lines) {
            let _ = writeln!(out, "    {line}");
        }
    }
}

fn render_rooms(plan: &Plan, length: Length, out: &mut String) {
    let mut rooms: Vec<(RoomKey, Vec<&Action>)> = Vec::new();
    for action in plan.actions() {
        let Some(key) = action.room() else { continue };
        match rooms.iter_mut().find(|(known, _)| *known == key) {
            Some((_, actions)) => actions.push(action),
            None => rooms.push((key, vec![action])),
        }
    }
    if rooms.is_empty() {
        return;
    }
    section(out, &format!("Rooms ({})", rooms.len()));
    for (key, actions) in rooms {
        let _ = writeln!(out, "  {key}");
        for line in room_lines(&actions, length) {
            let _ = writeln!(out, "    {line}");
        }
    }
}

fn room_lines(actions: &[&Action], length: Length) -> Vec<String> {
    let mut lines = Vec::new();
    let mut added: Vec<&UserId> = Vec::new();
    let mut invited: Vec<&UserId> = Vec::new();
    let mut removed: Vec<&UserId> = Vec::new();
    let mut banned: Vec<&UserId> = Vec::new();
    let mut unbanned: Vec<&UserId> = Vec::new();
    for action in actions {
        match action {
            Action::CreateRoom { new, .. } => {
                let kind = if new.kind == RoomKind::Space { "space" } else { "room" };
                let mut line = format!("create {kind} “{}”, version {}", new.name, new.version);
                if let Some(alias) = &new.alias {
                    let _ = write!(line, ", #{alias}");
                }
                if let Some(parent) = &new.parent {
                    let _ = write!(line, ", in {parent}");
                }
                lines.push(line);
                invited.extend(new.invite.iter().map(|user| &**user));
                let levels = new.levels.iter().map(|(user, level)| format!("{} {level}", short(user))).collect();
                lines.extend(length.joined("levels", levels));
                if new.default_level != 0 {
                    lines.push(format!("everybody else's level {}", new.default_level));
                }
            }
            Action::Set { setting, from, to, .. } => {
                let (from, to) = (setting.shown(from.as_ref()), setting.shown(Some(to)));
                lines.push(format!("{} {from} → {to}", setting.row().called));
            }
            Action::SetParent { parent, .. } => lines.push(format!("hang into space {parent}")),
            Action::AddChild { child, .. } => lines.push(format!("show room {child}")),
            Action::DropChild { child, .. } => lines.push(format!("no longer show room {child}")),
            Action::SetLevels { changes, .. } => lines.extend(length.joined("levels", level_lines(changes))),
            Action::AddMember { user, how: JoinMode::Force, .. } => added.push(user),
            Action::AddMember { user, how: JoinMode::Invite, .. } => invited.push(user),
            Action::RemoveMember { user, .. } => removed.push(user),
            Action::BanMember { user, .. } => banned.push(user),
            Action::UnbanMember { user, .. } => unbanned.push(user),
            _ => {}
        }
    }
    for (word, users) in
        [("add", added), ("invite", invited), ("remove", removed), ("ban", banned), ("lift ban", unbanned)]
    {
        lines.extend(length.joined(word, users.into_iter().map(short).collect()));
    }
    lines
}

fn level_lines(changes: &LevelChanges) -> Vec<String> {
    let number = |level: Option<i64>| level.map_or_else(|| "default".to_owned(), |level| level.to_string());
    let line = |name: String, change: &Change| format!("{name} {} → {}", number(change.from), number(change.to));
    let users = changes.users.iter().map(|(user, change)| line(short(user), change));
    let events = changes.events.iter().map(|(event, change)| line(event.clone(), change));
    let keys = changes.keys.iter().map(|(key, change)| line(key.clone(), change));
    users.chain(events).chain(keys).collect()
}
