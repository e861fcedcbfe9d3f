//! Formats plans, findings and held parts as short lines, which the case files compare.

use std::collections::BTreeSet;

use equipemed_domain::action::{Action, Change, LevelChanges};
use equipemed_domain::cause::Cause;
use equipemed_domain::finding::{Difference, Finding};
use equipemed_domain::plan::{Plan, Step};
use equipemed_domain::policy::{JoinMode, RoomKind};
use equipemed_domain::privilege::{Privilege, list};
use equipemed_domain::review::{Held, HeldReason};
use equipemed_domain::setting::{RoomSetting, SettingValue};

use super::short;

fn text(text: Option<&str>) -> String {
    text.map_or_else(|| "nothing".to_owned(), |text| format!("\"{text}\""))
}

fn levels(changes: &LevelChanges) -> String {
    let number = |level: Option<i64>| level.map_or_else(|| "default".to_owned(), |level| level.to_string());
    let line = |name: String, change: &Change| format!("{name} {} -> {}", number(change.from), number(change.to));
    let users = changes.users.iter().map(|(user, change)| line(user.to_string(), change));
    let events = changes.events.iter().map(|(event, change)| line(event.clone(), change));
    let keys = changes.keys.iter().map(|(key, change)| line(key.clone(), change));
    users.chain(events).chain(keys).collect::<Vec<_>>().join(", ")
}

fn action(action: &Action) -> String {
    match action {
        Action::CreateAccount { user, display_name, .. } => format!("create {user} \"{display_name}\""),
        Action::AdoptAccount { user, administrator: true, .. } => format!("adopt {user}, an administrator"),
        Action::AdoptAccount { user, .. } => format!("adopt {user}"),
        Action::ReleaseAccount { user, .. } => format!("release {user}"),
        Action::SetEmail { user } => format!("set email {user}"),
        Action::SetDisplayName { user, from, to } => format!("rename {user} {} -> \"{to}\"", text(from.as_deref())),
        Action::LinkExternalId { user, external_id } => format!("link {user} to {}", external_id.id),
        Action::LockAccount { user } => format!("lock {user}"),
        Action::SignOut { user } => format!("sign out {user}"),
        Action::UnlockAccount { user } => format!("unlock {user}"),
        Action::DeactivateAccount { user } => format!("deactivate {user}"),
        Action::ReactivateAccount { user } => format!("reactivate {user}"),
        Action::SetServerAdmin { user, to } => format!("server admin {user} {}", if *to { "on" } else { "off" }),
        Action::NotePrivileges { user, gained, lost, .. } => {
            let signed = |powers: &BTreeSet<Privilege>, sign: &str| {
                (!powers.is_empty()).then(|| format!("{sign}{}", list(powers).replace(", ", &format!(", {sign}"))))
            };
            let both: Vec<String> = [signed(gained, "+"), signed(lost, "-")].into_iter().flatten().collect();
            format!("power {user} {}", both.join(", "))
        }
        Action::CreateRoom { room, new } => {
            let kind = if new.kind == RoomKind::Space { "space" } else { "room" };
            let mut line = format!("{room}: create {kind} \"{}\" version {}", new.name, new.version);
            if let Some(alias) = &new.alias {
                line += &format!(" alias {alias}");
            }
            if let Some(parent) = &new.parent {
                line += &format!(" in {parent}");
            }
            for (user, level) in &new.levels {
                line += &format!(", {user} {level}");
            }
            if new.default_level != 0 {
                line += &format!(", everybody {}", new.default_level);
            }
            for user in &new.invite {
                line += &format!(", invite {user}");
            }
            line
        }
        Action::Set { setting, room, from, to } => {
            let shown = |value: &SettingValue| setting.shown(Some(value)).replace(['“', '”'], "");
            let from = from.as_ref().map(&shown);
            let (to, word) = (shown(to), setting.row().called);
            match setting {
                RoomSetting::Avatar => format!("{room}: {word} {to}"),
                RoomSetting::Retention => {
                    format!("{room}: keep messages {} -> {to}", from.as_deref().unwrap_or("for ever"))
                }
                _ => format!("{room}: {word} {} -> \"{to}\"", text(from.as_deref())),
            }
        }
        Action::SetParent { room, parent } => format!("{room}: parent {parent}"),
        Action::AddChild { room, child } => format!("{room}: show {child}"),
        Action::DropChild { room, child } => format!("{room}: no longer show {child}"),
        Action::SetLevels { room, changes } => format!("{room}: levels {}", levels(changes)),
        Action::AddMember { room, user, how: JoinMode::Force } => format!("{room}: add {user}"),
        Action::AddMember { room, user, how: JoinMode::Invite } => format!("{room}: invite {user}"),
        Action::RemoveMember { room, user, .. } => format!("{room}: remove {user}"),
        Action::BanMember { room, user, .. } => format!("{room}: ban {user}"),
        Action::UnbanMember { room, user } => format!("{room}: lift ban of {user}"),
    }
}

/// One line for a step; if a grant caused it, the line says which.
pub(crate) fn step(step: &Step) -> String {
    let line = short(&action(&step.action));
    match step.cause {
        Cause::Policy => line,
        Cause::Grant(id) => format!("{line} (grant {})", id.0),
    }
}

/// One line per step, in order.
pub(crate) fn plan(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(step).collect()
}

/// Kind and subject of a finding.
pub(crate) fn finding(finding: &Finding) -> String {
    let rest = match finding {
        Finding::DirectoryShrank { before, now } => format!("{before} -> {now}"),
        Finding::NoPublicId { person } => format!("person {person}"),
        Finding::LocalpartImpossible { person, tried } => {
            let tried: Vec<_> = tried.iter().map(|(wish, _)| format!("{wish:?}")).collect();
            format!("person {person} {}", tried.join(" "))
        }
        Finding::LocalpartCollision { person, user, others, holder } => {
            let others: Vec<_> = others.iter().map(ToString::to_string).collect();
            let held = holder.map_or_else(String::new, |holder| format!(", held by {holder}"));
            format!("person {person} {user} with {}{held}", others.join(" "))
        }
        Finding::NameOfMissing { person, user, holder, since, .. } => {
            let since = since.map_or_else(String::new, |since| format!(" since {since}"));
            format!("person {person} {user} of {holder}{since}")
        }
        Finding::PersonReplaced { person, was, now, user, .. } => format!("person {person} {was} -> {now} {user}"),
        Finding::AccountUnclear { user, .. } => user.to_string(),
        Finding::ExternalIdDiffers { person, user, found } => format!("person {person} {user} {}", found.join(" ")),
        Finding::LocalpartReserved { person, user }
        | Finding::AccountGone { person, user }
        | Finding::AccountNotTheirs { person, user, administrator: false }
        | Finding::AdministratorFound { person, user }
        | Finding::AccountMissing { person, user } => format!("person {person} {user}"),
        Finding::AccountNotTheirs { person, user, administrator: true } => {
            format!("person {person} {user}, an administrator")
        }
        Finding::ExternalIdTaken { person, user, owner } => format!("person {person} on {user} of {owner}"),
        Finding::AccountTwin { person, user, twin } => format!("person {person} {user} {twin}"),
        Finding::EmailShared { people } => people.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        Finding::EmailTaken { person, user, holder } => format!("person {person} {user} held by {holder}"),
        Finding::UnknownStatus { person, status } => format!("person {person} {status}"),
        Finding::NameUnknown { what, name, near, is_listed } => format!(
            "{what:?} {name}{}{}",
            if *is_listed { "" } else { " of nobody" },
            near.as_ref().map(|near| format!(", perhaps {near}")).unwrap_or_default()
        ),
        Finding::RoomMatchesNobody { room } | Finding::RoomEncrypted { room } | Finding::RoomReplaced { room, .. } => {
            room.to_string()
        }
        Finding::MemberUnbound { room, user } | Finding::BannedByHand { room, user } => format!("{room} {user}"),
        Finding::InvitationsDeclined { room, users } | Finding::OtherFaces { room, users } => {
            format!("{room} {}", users.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        }
        Finding::CreatorStays { room, user } => format!("{room} {user}"),
        Finding::EmailInvalid { person } => format!("person {person}"),
        Finding::LevelOutOfReach { room, user, has, wanted, bot } => {
            let level = |level: &i64| if *level == i64::MAX { "creator".to_owned() } else { level.to_string() };
            format!("{room} {user} {} -> {} bot {}", level(has), level(wanted), level(bot))
        }
        Finding::LevelsFull { room, entries, waiting, .. } => format!("{room} {entries} in, {waiting} wait"),
        Finding::DefaultLevelTooHigh { room, level, needs } => format!("{room} {level}, {needs} is enough"),
        Finding::PowerMissing { room, what, needs, bot } => {
            format!("{room} {}: needs {needs} bot {bot}", what.as_str())
        }
        Finding::BotNotInRoom { room, .. }
        | Finding::RoomUnreadable { room, .. }
        | Finding::RoomNoLongerManaged { room, .. } => room.to_string(),
        Finding::RoomKeyTwice { room, room_ids } => {
            format!("{room} {}", room_ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        }
        Finding::VersionMissing { room, wanted, .. } => format!("{room} {wanted}"),
        Finding::RoomDiffers { room, how } => match how {
            Difference::Version { has, wanted } => format!("{room} version {has} -> {wanted}"),
            Difference::IsSpace => format!("{room} kind space -> room"),
            Difference::IsNoSpace => format!("{room} kind room -> space"),
            Difference::NoLevelEvent => format!("{room} level event none -> one"),
        },
        Finding::ControlRoomMissing | Finding::NewRoomsEncrypted => String::new(),
        Finding::ControlRoomOpen { join_rule } => format!("its join rule is {join_rule:?}"),
    };
    short(format!("{} {rest}", finding.kind()).trim_end())
}

/// The reason why a part is held.
pub(crate) fn reason(reason: &HeldReason) -> String {
    let line = match reason {
        HeldReason::DirectoryShrank { before, now } => format!("directory shrank {before} -> {now}"),
        HeldReason::AccountsMissing { people, of } => format!("accounts missing {people} of {of}"),
        HeldReason::ManyLocked { people, of, .. } => format!("many locked {people} of {of}"),
        HeldReason::ManyDeactivated { people, .. } => format!("many deactivated {people}"),
        HeldReason::ManyRemoved { room, people, of, .. } => format!("many removed from {room} {people} of {of}"),
        HeldReason::ManyJoined { room, people, of, .. } => format!("many put into {room} {people} to {of}"),
        HeldReason::Rotation { room, out, into, of } => format!("rotation in {room} {out} of {of} out, {into} in"),
        HeldReason::RuleMatchesNobody { room } => format!("rule of {room} matches nobody"),
        HeldReason::NobodySelected { people } => format!("users.who selects nobody, accounts {people}"),
        HeldReason::ManyGain { people, .. } => format!("many gain power {people}"),
        HeldReason::ManyGainLesser { people, .. } => format!("many gain lesser power {people}"),
        HeldReason::ManyLose { people, .. } => format!("many lose power {people}"),
        HeldReason::LastAdministrator => "last administrator".to_owned(),
        HeldReason::StillWaiting => "still waiting".to_owned(),
        HeldReason::ShorterRetention { room } => format!("shorter retention in {room}"),
    };
    match reason.went() {
        0 => line,
        went => format!("{line}, {went} already"),
    }
}

/// The effects of a held part.
pub(crate) fn atoms(held: &Held) -> Vec<String> {
    held.atoms().iter().map(|atom| short(atom)).collect()
}
