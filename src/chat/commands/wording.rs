//! What is said of measures: what would be so, what is so now, what stands against it, and how it is taken back.

use std::collections::BTreeMap;

use equipemed_domain::authority::{Act, Request, decide};
use equipemed_domain::command::Rank;
use equipemed_domain::directory::PersonId;
use equipemed_domain::grant::{Grant, GrantId, GrantKind};
use equipemed_domain::standing::Standing;

use super::measures::Order;
use crate::chat::Chat;
use crate::chat::ask::Ask;
use crate::homeserver::Said;
use crate::speech::Arg;

impl Chat {
    /// Why an account that was to be usable again is not: something else keeps it so.
    pub(super) fn still_off(&self, ask: &Ask, order: &Order, id: PersonId) -> Option<Said> {
        if !matches!(order.act, Act::Unlock | Act::Reactivate) {
            return None;
        }
        let (texts, scene) = (self.texts(), &ask.scene);
        let user = ("user", scene.person(id));
        let holds = |kind| scene.grants.iter().any(|grant| grant.person == id && grant.kind == kind);
        let (other, word, text) = match order.act {
            Act::Unlock => (GrantKind::Deactivate, "reactivate", "still-deactivated"),
            _ => (GrantKind::Lock, "unlock", "still-locked"),
        };
        if holds(other) {
            let command =
                format!("{}{word} {}", self.settings().prefix, scene.user_of(id).map_or("", |user| user.localpart()));
            return Some(texts.say(text, &[user, ("command", Arg::Code(command))]));
        }
        let standing = scene.directory.get(id).map(|person| scene.policy.users.standing.standing(person, scene.now));
        match standing {
            Some(Some(Standing::Active)) => None,
            Some(standing) => {
                let word = texts.word("standing", super::people::standing_word(standing));
                Some(texts.say("still-off", &[user, ("standing", Arg::Said(word))]))
            }
            None => Some(texts.say("still-unknown", &[user])),
        }
    }

    /// What would be so then, for one person.
    pub(super) fn preview_line(&self, ask: &Ask, order: &Order, person: PersonId) -> Said {
        match order.act {
            Act::Deactivate => self.texts().say("deactivate-preview", &[("user", ask.scene.person(person))]),
            _ => self.result_line(ask, order, person),
        }
    }

    /// What is so then, for one person.
    pub(super) fn result_line(&self, ask: &Ask, order: &Order, person: PersonId) -> Said {
        let texts = self.texts();
        let place = ("place", Arg::Said(self.place(ask, order.scope.as_ref())));
        let user = ("user", ask.scene.person(person));
        let room = ("room", order.scope.as_ref().map_or(Arg::Text(String::new()), |room| ask.scene.room(room)));
        let until = order.until.map(|until| ("until", self.time(until)));
        let rank = |rank: Rank| {
            (
                "rank",
                Arg::Said(match rank {
                    Rank::Moderator => texts.line("rank-moderator", &[]),
                    Rank::Admin => texts.line("rank-admin", &[]),
                    Rank::Level(level) => texts.line("rank-level", &[("level", Arg::Number(level))]),
                }),
            )
        };
        match (order.act, until) {
            (Act::Promote(what), None) => texts.say("promoted", &[user, rank(what), place]),
            (Act::Promote(what), Some(until)) => texts.say("promoted-until", &[user, rank(what), place, until]),
            (Act::Demote, _) if order.is_taken_back(person) => texts.say("taken-back", &[user, place]),
            (Act::Demote, None) => texts.say("demoted", &[user, place]),
            (Act::Demote, Some(until)) => texts.say("demoted-until", &[user, place, until]),
            (Act::Kick, None) => texts.say("kicked", &[user, room]),
            (Act::Kick, Some(until)) => texts.say("kicked-until", &[user, room, until]),
            (Act::Ban, None) => texts.say("banned", &[user, place]),
            (Act::Ban, Some(until)) => texts.say("banned-until", &[user, place, until]),
            (Act::Unban, _) if self.lifts(ask, order, person).is_empty() => texts.say("not-banned", &[user, place]),
            (Act::Unban, _) => texts.say("unbanned", &[user, place]),
            (Act::Mute, None) => texts.say("muted", &[user, place]),
            (Act::Mute, Some(until)) => texts.say("muted-until", &[user, place, until]),
            (Act::Unmute, _) => texts.say("unmuted", &[user, place]),
            (Act::Lock, None) => texts.say("locked", &[user]),
            (Act::Lock, Some(until)) => texts.say("locked-until", &[user, until]),
            (Act::Unlock, _) => texts.say("unlocked", &[user]),
            (Act::Deactivate, _) => texts.say("deactivated", &[user]),
            (Act::Reactivate, _) => texts.say("reactivated", &[user]),
            // No measure.
            _ => texts.say("would-do", &[]),
        }
    }

    /// The command that takes it back, about whom it would not be refused.
    pub(super) fn undo(&self, ask: &Ask, order: &Order, granted: &BTreeMap<PersonId, GrantId>) -> Option<String> {
        let (word, act) = match order.act {
            Act::Promote(_) => ("demote", Act::Demote),
            Act::Kick | Act::Ban => ("unban", Act::Unban),
            Act::Mute => ("unmute", Act::Unmute),
            Act::Lock => ("unlock", Act::Unlock),
            Act::Deactivate => ("reactivate", Act::Reactivate),
            _ => return None,
        };
        let scene = &ask.scene;
        let grants = after(ask, order, granted);
        let world = scene.world_with(&grants);
        let may = |person: &PersonId| {
            let request = Request { act, person: Some(*person), place: order.scope.clone(), until: None };
            decide(ask.asker, &request, &world).is_ok()
        };
        let people = order.people.iter().filter(|person| may(person));
        let names = people.filter_map(|person| Some(scene.user_of(*person)?.localpart()));
        let names = names.collect::<Vec<_>>().join(" ");
        let place = order.scope.as_ref().map_or_else(String::new, |room| format!(" in {room}"));
        (!names.is_empty()).then(|| format!("{}{word} {names}{place}", self.settings().prefix))
    }
}

/// The grants as the order left them.
fn after(ask: &Ask, order: &Order, granted: &BTreeMap<PersonId, GrantId>) -> Vec<Grant> {
    let ended = |grant: &&Grant| order.effect(grant.person).ends.contains(&grant.id);
    let mut grants: Vec<Grant> = ask.scene.grants.iter().filter(|grant| !ended(grant)).cloned().collect();
    let new = granted.iter().filter_map(|(person, id)| {
        Some(Grant {
            id: *id,
            person: *person,
            kind: order.effect(*person).adds?,
            scope: order.scope.clone(),
            asker: ask.user.to_string(),
            reason: None,
            created_at: ask.scene.now,
            expires_at: order.until,
        })
    });
    grants.extend(new);
    grants
}
