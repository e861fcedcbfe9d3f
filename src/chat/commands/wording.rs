//! Texts about measures: previews, results, obstacles, and how to undo them.

use equipemed_domain::authority::Act;
use equipemed_domain::command::{Rank, Where};
use equipemed_domain::directory::PersonId;
use equipemed_domain::grant::GrantId;
use equipemed_domain::key::RoomKey;
use equipemed_domain::standing::Standing;
use equipemed_domain::stands::Unmet;
use equipemed_domain::sums::{Beyond, Sum};
use ruma_common::UserId;

use crate::chat::words::Wording;
use crate::homeserver::Said;
use crate::operations::{Came, How, Order, StillOff, who_may_agree};
use crate::speech::{Arg, number};

/// Number of people named who may agree.
const NAMED: usize = 8;

/// Whether a text is about what would be done, or about what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tense {
    Would,
    Did,
}

impl Wording {
    /// What an order would do to one person, or has done.
    pub(super) fn measure(&self, order: &Order, person: PersonId, tense: Tense) -> Said {
        let (would, did) = match order.act {
            Act::Promote(_) => ("would-promote", "promoted"),
            Act::Demote if order.is_taken_back(person) => ("would-take-back", "taken-back"),
            Act::Demote => ("would-demote", "demoted"),
            Act::Kick => ("would-kick", "kicked"),
            Act::Ban => ("would-ban", "banned"),
            Act::Unban if order.lifts_nothing(person, &self.scene) => ("not-banned", "not-banned"),
            Act::Unban => ("would-unban", "unbanned"),
            Act::Mute => ("would-mute", "muted"),
            Act::Unmute => ("would-unmute", "unmuted"),
            Act::Lock => ("would-lock", "locked"),
            Act::Unlock => ("would-unlock", "unlocked"),
            Act::SignOut => ("would-sign-out", "signed-out"),
            Act::Deactivate => ("would-deactivate", "deactivated"),
            Act::Reactivate => ("would-reactivate", "reactivated"),
            // Not a measure.
            _ => ("would-do", "would-do"),
        };
        let scope = order.scope.as_ref();
        let mut args = vec![
            ("user", self.person(person)),
            ("in", Arg::Said(self.within(scope))),
            ("anywhere", Arg::Said(self.anywhere(scope))),
            ("from", Arg::Said(self.out_of(scope))),
            ("until", self.until(order.until)),
        ];
        if let Act::Promote(rank) = order.act {
            let rank = match rank {
                Rank::Moderator => self.line("rank-moderator", &[]),
                Rank::Admin => self.line("rank-admin", &[]),
                Rank::Level(level) => self.line("rank-level", &[("level", Arg::Number(level))]),
            };
            args.push(("rank", Arg::Said(rank)));
        }
        self.say(if tense == Tense::Would { would } else { did }, &args)
    }

    /// The result of an order for one person; None if the obstacles say everything.
    pub(super) fn came(&self, order: &Order, came: &Came) -> Option<Said> {
        let user = ("user", self.person(came.person));
        Some(match &came.how {
            How::Nowhere => return None,
            How::AlreadySo if order.act == Act::Kick => {
                self.say("not-inside", &[user, ("place", Arg::Said(self.within(order.scope.as_ref())))])
            }
            How::Done => self.measure(order, came.person, Tense::Did),
            How::AlreadySo => self.say("already-so", &[user]),
            How::NoAccountYet => self.say("no-account-yet", &[user]),
            How::NoAccount => self.say("no-account", &[user]),
            How::Failed(why) => self.say("grant-failed", &[("detail", self.why(why))]),
            How::Held(id) => self.say("grant-held", &[user, ("id", Arg::Code(id.clone()))]),
            How::Waits => self.say("grant-waits", &[]),
            How::Off(StillOff::Unknown) => self.say("still-unknown", &[user]),
            How::Off(StillOff::Standing(standing)) => {
                let standing = self.word("standing", Standing::word(*standing));
                self.say("still-off", &[user, ("standing", Arg::Said(standing))])
            }
            How::Off(StillOff::Granted { until }) => {
                let text = if *until == Act::Reactivate { "still-deactivated" } else { "still-locked" };
                let command =
                    format!("{} {}", self.spelled(until.word()), self.localpart(came.person).unwrap_or_default());
                self.say(text, &[user, ("command", Arg::Code(command))])
            }
        })
    }

    /// What holds later for somebody to whom it does nothing now, so that nobody is kept out without knowing why.
    pub(super) fn noted(&self, order: &Order, came: &Came, grant: Option<&GrantId>) -> Option<Said> {
        let id = ("id", Arg::Number(grant?.0));
        let is_for_later = match came.how {
            How::NoAccountYet => true,
            How::AlreadySo => order.act == Act::Kick,
            How::Nowhere => came.unmet.contains_key(&Unmet::NotMember),
            _ => false,
        };
        let said = match order.until {
            Some(until) => self.say("noted-until", &[id, ("until", self.time(until))]),
            None => self.say("noted", &[id]),
        };
        is_for_later.then_some(said)
    }

    /// What prevents it.
    pub(super) fn unmet(&self, person: PersonId, unmet: &Unmet, rooms: &[RoomKey]) -> Said {
        let place = rooms.iter().map(|room| self.within(Some(room))).collect();
        let mut args =
            vec![("user", self.person(person)), ("rooms", self.rooms(rooms)), ("in", Arg::Said(self.list(place)))];
        let id = match unmet {
            Unmet::Released => "unmet-released",
            Unmet::Unclear => "unmet-unclear",
            Unmet::Off => "unmet-off",
            Unmet::NoAccount => "no-account",
            Unmet::NoRoom => "unmet-no-room",
            Unmet::Several => "unmet-several",
            Unmet::Deleted => "unmet-deleted",
            Unmet::Unreadable { why } => {
                args.push(("detail", self.why(&why.clone().into())));
                "unmet-unreadable"
            }
            Unmet::Replaced => "unmet-replaced",
            Unmet::BotOut => "unmet-bot-out",
            Unmet::NotMember => "not-a-member",
            Unmet::OutOfReach { level, bot } => {
                args.extend([("level", Arg::Number(*level)), ("bot", Arg::Number(*bot))]);
                "unmet-out-of-reach"
            }
            Unmet::NotYet => "unmet-not-yet",
        };
        self.say(id, &args)
    }

    /// What is lifted for one person, one line each.
    pub(super) fn lifts(&self, order: &Order, person: PersonId) -> Vec<Said> {
        let granted = order.lifted(person, &self.scene).into_iter().map(|grant| self.grant_line(grant));
        let by_hand = order.lifted_by_hand(person).map(|found| {
            self.line("ban-by-hand", &[("room", self.room(&found.room)), ("by", self.user(&found.ban.sender))])
        });
        granted.chain(by_hand).collect()
    }

    /// What still keeps somebody out of the room, with the command that lifts it.
    pub(super) fn still_out(&self, order: &Order, person: PersonId) -> Option<Said> {
        let grant = order.still_out(person, &self.scene)?;
        let name = self.typed_name(person).map_or_else(|| person.to_string(), str::to_owned);
        let args = [
            ("user", self.person(person)),
            ("grant", Arg::Said(self.grant_line(grant))),
            ("command", Arg::Code(self.typed_in(Act::Unban, &name, grant.scope.as_ref()))),
        ];
        Some(self.say("still-out", &args))
    }

    /// The command for a measure about these people; None if none of their names can be typed.
    pub(super) fn typed_measure(&self, act: Act, people: &[PersonId], scope: Option<&RoomKey>) -> Option<String> {
        let names: Vec<&str> = people.iter().filter_map(|person| self.typed_name(*person)).collect();
        (!names.is_empty()).then(|| self.typed_in(act, &names.join(" "), scope))
    }

    fn typed_in(&self, act: Act, names: &str, scope: Option<&RoomKey>) -> String {
        let place = scope.map_or_else(String::new, |room| format!(" {} {}", self.typed("in"), self.typed_room(room)));
        format!("{} {names}{place}", self.spelled(act.word()))
    }

    /// A room as it is typed: by its name if that leads to it, in quotation marks if it has a space, otherwise by its key.
    fn typed_room(&self, key: &RoomKey) -> String {
        let name = self.scene.policy.rooms.get(key).map_or("", |room| room.name.trim());
        let is_found =
            !name.is_empty() && self.scene.find_room(&Where::Name(name.to_owned())).is_ok_and(|found| found == *key);
        match name {
            name if !is_found || name.contains(['"', '\u{201C}', '\u{201D}']) => key.to_string(),
            name if name.chars().all(|c| c.is_alphanumeric() || "-_".contains(c)) => name.to_owned(),
            name => format!("\"{name}\""),
        }
    }

    /// The name of an account, or of a person without one, as a command takes it.
    fn typed_name(&self, person: PersonId) -> Option<&str> {
        let username = || Some(self.scene.directory.get(person)?.username.as_str()).filter(|name| !name.contains(' '));
        self.localpart(person).or_else(username)
    }

    fn localpart(&self, person: PersonId) -> Option<&str> {
        self.scene.user_of(person).map(|user| user.localpart())
    }

    /// Why the asker's own confirmation is not enough, and who may give it.
    pub(in crate::chat) fn beyond(&self, beyond: &Beyond, asker: &UserId) -> Vec<Said> {
        let (word, room) = match &beyond.sum {
            Sum::Locked => ("locked", None),
            Sum::Deactivated => ("deactivated", None),
            Sum::SignedOut => ("signed_out", None),
            Sum::Removed { room } => ("removed", Some(room)),
            Sum::Entrusted => ("entrusted", None),
            Sum::Empowered => ("empowered", None),
            Sum::Lowered => ("lowered", None),
        };
        let mut what = self.word("sum", word);
        if let Some(room) = room {
            what = self.line("sum-in-room", &[("what", Arg::Said(what)), ("room", self.room(room))]);
        }
        let counts = [("what", Arg::Said(what)), ("people", number(beyond.people)), ("limit", number(beyond.limit))];
        let others = who_may_agree(&self.scene, asker).take(NAMED).map(|person| self.shown(&self.person(person)));
        let others: Vec<Said> = others.collect();
        let who = match others.is_empty() {
            true => self.say("sums-nobody", &[]),
            false => self.say("sums-who", &[("list", Arg::Said(self.choice(others)))]),
        };
        vec![self.say("sums-beyond", &counts), who]
    }
}
