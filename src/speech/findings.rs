//! Words findings and reasons for holding in the reader's language.

use std::fmt::Display;

use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::Fault;
use equipemed_domain::finding::{Difference, Finding};
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::level_budget::MOST_BYTES;
use equipemed_domain::levels::{CREATOR, PEOPLE_MAX};
use equipemed_domain::localpart::LocalpartError;
use equipemed_domain::naming::Named;
use equipemed_domain::review::HeldReason;
use ruma_common::OwnedUserId;

use super::{Arg, Texts};
use crate::homeserver::Said;

impl Texts {
    /// A finding with its ids, keys and levels.
    #[must_use]
    pub fn finding(&self, finding: &Finding) -> Said {
        let who = |person: &PersonId| ("person", self.who(*person));
        let account = |user: &OwnedUserId| ("user", account(user));
        let place = |room: &RoomKey| ("room", self.room(room));
        match finding {
            Finding::NoPublicId { person } => self.line("finding-no-public-id", &[who(person)]),
            Finding::PersonReplaced { person, was, now, user, administrator } => {
                let names = [who(person), account(user), ("was", plain(was)), ("now", plain(now))];
                let adopt = self.adoption(now, user, *administrator);
                self.line("finding-person-replaced", &[names.as_slice(), &adopt].concat())
            }
            Finding::AccountUnclear { user, administrator } => {
                let adopt = self.adoption("", user, *administrator);
                self.line("finding-account-unclear", &[&[account(user)], adopt.as_slice()].concat())
            }
            Finding::AccountGone { person, user } => self.line("finding-account-gone", &[who(person), account(user)]),
            Finding::ExternalIdDiffers { person, user, found } if found.is_empty() => {
                self.line("finding-external-id-lost", &[who(person), account(user)])
            }
            Finding::ExternalIdDiffers { person, user, found } => {
                let found = found.iter().map(|id| self.shown(&plain(id))).collect();
                let found = ("found", Arg::Said(self.list(found)));
                self.line("finding-external-id-differs", &[who(person), account(user), found])
            }
            Finding::LocalpartImpossible { person, tried } if tried.is_empty() => {
                self.line("finding-no-localpart", &[who(person)])
            }
            Finding::LocalpartImpossible { person, tried } => {
                let tried = tried.iter().map(|(wish, error)| self.localpart(wish, error)).collect();
                let tried = ("tried", Arg::Said(self.list(tried)));
                self.line("finding-localpart-impossible", &[who(person), tried])
            }
            Finding::LocalpartCollision { person, user, others, holder: Some(holder) } => {
                let others = [person].into_iter().chain(others).filter(|one| *one != holder);
                let others: Vec<PersonId> = others.copied().collect();
                let people = [who(holder), ("others", self.named(&others)), account(user)];
                self.line("finding-localpart-held", &people)
            }
            Finding::LocalpartCollision { person, user, others, holder: None } => {
                let others = ("others", self.named(others));
                self.line("finding-localpart-collision", &[who(person), others, account(user)])
            }
            Finding::NameOfMissing { person, user, holder, since, administrator } => {
                let adopt = self.adoption(&self.username(*person), user, *administrator);
                let since = since.map_or_else(String::new, |since| since.strftime("%Y-%m-%d").to_string());
                let names = [
                    who(person),
                    account(user),
                    ("holder", plain(holder)),
                    ("since", plain(&since)),
                    ("account", plain(user)),
                ];
                let id = if since.is_empty() { "finding-name-just-missing" } else { "finding-name-of-missing" };
                self.line(id, &[names.as_slice(), &adopt].concat())
            }
            Finding::LocalpartReserved { person, user } => {
                self.line("finding-localpart-reserved", &[who(person), account(user)])
            }
            Finding::AccountTwin { person, user, twin } => {
                let twin = ("twin", self::account(twin));
                self.line("finding-account-twin", &[who(person), account(user), twin])
            }
            Finding::AccountNotTheirs { person, user, administrator } => {
                let adopt = self.adoption(&self.username(*person), user, *administrator);
                self.line("finding-account-not-theirs", &[&[who(person), account(user)], adopt.as_slice()].concat())
            }
            Finding::AdministratorFound { person, user } => {
                let adopt = self.adoption(&self.username(*person), user, true);
                self.line("finding-administrator-found", &[&[who(person), account(user)], adopt.as_slice()].concat())
            }
            Finding::ExternalIdTaken { person, user, owner } => {
                let owner = ("owner", self.who(*owner));
                self.line("finding-external-id-taken", &[who(person), account(user), owner])
            }
            Finding::AccountMissing { person, user } => {
                self.line("finding-account-missing", &[who(person), account(user)])
            }
            Finding::EmailShared { people } => self.line("finding-email-shared", &[("people", self.named(people))]),
            Finding::EmailTaken { person, user, holder } => {
                let holder = ("holder", self::account(holder));
                self.line("finding-email-taken", &[who(person), account(user), holder])
            }
            Finding::UnknownStatus { person, status } => {
                self.line("finding-unknown-status", &[who(person), ("status", plain(status))])
            }
            Finding::NameUnknown { what, name, near, is_listed } => {
                let id = match (what, is_listed) {
                    (Named::Group, true) => "finding-group-unknown",
                    (Named::Group, false) => "finding-group-of-nobody",
                    (Named::Specialty, true) => "finding-specialty-unknown",
                    (Named::Specialty, false) => "finding-specialty-of-nobody",
                };
                let near = near
                    .as_ref()
                    .map_or_else(Said::default, |near| self.line("finding-name-near", &[("near", plain(near))]));
                self.line(id, &[("name", plain(name)), ("near", Arg::Said(near))])
            }
            Finding::RoomMatchesNobody { room } => self.line("finding-room-matches-nobody", &[place(room)]),
            Finding::MemberUnbound { room, user } => self.line("finding-member-unbound", &[place(room), account(user)]),
            Finding::BannedByHand { room, user } => self.line("finding-banned-by-hand", &[place(room), account(user)]),
            Finding::InvitationsDeclined { room, users } => {
                let people = self.list(users.iter().map(|user| self.shown(&account(user).1)).collect());
                self.line("finding-invitations-declined", &[place(room), ("people", Arg::Said(people))])
            }
            Finding::OtherFaces { room, users } => {
                let people = self.list(users.iter().map(|user| self.shown(&account(user).1)).collect());
                self.line("finding-other-faces", &[place(room), ("people", Arg::Said(people))])
            }
            Finding::CreatorStays { room, user } => {
                self.line("finding-creator-stays", &[place(room), account(user), ("key", code(room))])
            }
            Finding::EmailInvalid { person } => self.line("finding-email-invalid", &[who(person)]),
            Finding::LevelOutOfReach { room, user, has, wanted, bot } => {
                if *has == CREATOR {
                    let args = [place(room), account(user), ("wanted", plain(wanted)), ("key", code(room))];
                    return self.line("finding-level-creator", &args);
                }
                // Nobody can give a level that they do not have themselves.
                let id = match (has < bot, *bot >= PEOPLE_MAX) {
                    (true, true) => "finding-level-like-bot-at-top",
                    (true, false) => "finding-level-like-bot",
                    (false, _) => "finding-level-above-bot",
                };
                let levels = [("has", plain(has)), ("wanted", plain(wanted)), ("bot", plain(bot))];
                self.line(id, &[&[place(room), account(user)], levels.as_slice()].concat())
            }
            Finding::LevelsFull { room, entries, waiting, bytes } => {
                let counts = [("entries", number(*entries)), ("waiting", number(*waiting)), ("bytes", number(*bytes))];
                let most = ("most", number(MOST_BYTES));
                self.line("finding-levels-full", &[&[place(room), most], counts.as_slice()].concat())
            }
            Finding::DefaultLevelTooHigh { room, level, needs } => self.line(
                "finding-default-level-too-high",
                &[place(room), ("level", plain(level)), ("needs", plain(needs))],
            ),
            Finding::PowerMissing { room, what, needs, bot } => {
                let what = ("what", Arg::Said(self.word("power", what.as_str())));
                self.line("finding-power-missing", &[place(room), what, ("needs", plain(needs)), ("bot", plain(bot))])
            }
            Finding::BotNotInRoom { room, room_id } => {
                self.line("finding-bot-not-in-room", &[place(room), ("id", code(room_id)), ("key", plain(room))])
            }
            Finding::RoomUnreadable { room, room_id, why } => {
                let args = [place(room), ("id", code(room_id)), ("why", self.why(why)), ("key", plain(room))];
                match &**why {
                    Fault::Homeserver(error) if error.is_absence() => self.line("finding-room-gone", &args),
                    _ => self.line("finding-room-unreadable", &args),
                }
            }
            Finding::RoomEncrypted { room } => {
                self.line("finding-room-encrypted", &[place(room), ("key", plain(room))])
            }
            Finding::RoomReplaced { room, by: Some(by), successor: Some(successor) } => {
                let args = [place(room), ("user", code(by)), ("id", code(successor)), ("key", plain(room))];
                self.line("finding-room-replaced-by", &args)
            }
            Finding::RoomReplaced { room, .. } => {
                self.line("finding-room-replaced", &[place(room), ("key", plain(room))])
            }
            Finding::RoomDiffers { room, how } => match how {
                Difference::Version { has, wanted } => {
                    let versions = [("has", plain(has)), ("wanted", plain(wanted))];
                    self.line("finding-room-version", &[&[place(room)], versions.as_slice()].concat())
                }
                Difference::IsSpace => self.line("finding-room-is-space", &[place(room)]),
                Difference::IsNoSpace => self.line("finding-room-is-no-space", &[place(room)]),
                Difference::NoLevelEvent => self.line("finding-room-no-level-event", &[place(room)]),
            },
            Finding::VersionMissing { room, wanted, has } => {
                let has = ("has", Arg::Said(self.list(has.iter().map(|version| self.shown(&code(version))).collect())));
                self.line("finding-version-missing", &[place(room), ("wanted", plain(wanted)), has])
            }
            Finding::RoomKeyTwice { room, room_ids } => {
                let ids = ("ids", Arg::Said(self.list(room_ids.iter().map(|id| self.shown(&code(id))).collect())));
                if room.as_str() == CONTROL_ROOM {
                    return self.line("finding-control-room-twice", &[ids]);
                }
                // The command to type needs the bare key.
                self.line("finding-room-key-twice", &[place(room), ids, ("key", plain(room))])
            }
            Finding::RoomNoLongerManaged { room, room_id } => {
                self.line("finding-room-no-longer-managed", &[place(room), ("id", code(room_id))])
            }
            Finding::DirectoryShrank { before, now } => {
                self.line("finding-directory-shrank", &[("before", plain(before)), ("now", plain(now))])
            }
            Finding::NewRoomsEncrypted => self.line("fault-encrypts", &[]),
            Finding::ControlRoomMissing => self.line("finding-control-room-missing", &[]),
            Finding::ControlRoomOpen { join_rule } => {
                self.line("finding-control-room-open", &[("rule", Arg::Said(self.word("join-rule", join_rule)))])
            }
        }
    }

    /// Why a part of a plan is held; `room` formats rooms.
    #[must_use]
    pub fn held_reason(&self, reason: &HeldReason, room: impl Fn(&RoomKey) -> Arg) -> Said {
        let went = ("went", number(reason.went()));
        match reason {
            HeldReason::DirectoryShrank { before, now } => {
                self.line("held-directory-shrank", &[("before", number(*before)), ("now", number(*now))])
            }
            HeldReason::ManyLocked { people, of, .. } => {
                self.line("held-many-locked", &[("people", number(*people)), ("of", number(*of)), went])
            }
            HeldReason::AccountsMissing { people, of } => {
                self.line("held-accounts-missing", &[("people", number(*people)), ("of", number(*of))])
            }
            HeldReason::ManyDeactivated { people, .. } => {
                self.line("held-many-deactivated", &[("people", number(*people)), went])
            }
            HeldReason::ManyRemoved { room: key, people, of, .. } => {
                let counts = [("people", number(*people)), ("of", number(*of)), ("room", room(key)), went];
                self.line("held-many-removed", &counts)
            }
            HeldReason::ManyJoined { room: key, people, of, .. } => {
                let counts = [("people", number(*people)), ("of", number(*of)), ("room", room(key)), went];
                self.line("held-many-joined", &counts)
            }
            HeldReason::Rotation { room: key, out, into, of } => {
                let counts = [("out", number(*out)), ("into", number(*into)), ("of", number(*of)), ("room", room(key))];
                self.line("held-rotation", &counts)
            }
            HeldReason::RuleMatchesNobody { room: key } => {
                self.line("held-rule-matches-nobody", &[("room", room(key))])
            }
            HeldReason::NobodySelected { people } => self.line("held-nobody-selected", &[("people", number(*people))]),
            HeldReason::ManyGain { people, .. } => self.line("held-many-gain", &[("people", number(*people)), went]),
            HeldReason::ManyGainLesser { people, .. } => {
                self.line("held-many-gain-lesser", &[("people", number(*people)), went])
            }
            HeldReason::ManyLose { people, .. } => self.line("held-many-lose", &[("people", number(*people)), went]),
            HeldReason::LastAdministrator => self.line("held-last-administrator", &[]),
            HeldReason::ShorterRetention { room: key } => self.line("held-shorter-retention", &[("room", room(key))]),
            HeldReason::StillWaiting => self.line("held-still-waiting", &[]),
        }
    }

    /// What `users adopt` needs to be typed, as bare words, and what has to be known about the account.
    fn adoption(&self, name: &str, user: &OwnedUserId, administrator: bool) -> [(&'static str, Arg); 3] {
        let (id, mark) = match administrator {
            true => (plain(format_args!("{user} --administrator")), self.line("finding-administrator", &[])),
            false => (plain(user), Said::default()),
        };
        [("name", plain(name)), ("id", id), ("administrator", Arg::Said(mark))]
    }

    /// Somebody's username, to be typed.
    fn username(&self, person: PersonId) -> String {
        self.people.get(person).map_or_else(|| person.to_string(), |person| person.username.clone())
    }

    /// A requested localpart and the rule it breaks.
    fn localpart(&self, wish: &str, error: &LocalpartError) -> Said {
        let wish = ("wish", plain(wish));
        match error {
            // Formatted as in source code, because blank or invisible characters would not show.
            LocalpartError::Character(odd) => {
                self.line("localpart-character", &[wish, ("odd", plain(format_args!("{odd:?}")))])
            }
            LocalpartError::Empty => self.line("localpart-empty", &[wish]),
            LocalpartError::Digits => self.line("localpart-digits", &[wish]),
            LocalpartError::Underscore => self.line("localpart-underscore", &[wish]),
            LocalpartError::TooLong => self.line("localpart-too-long", &[wish]),
            LocalpartError::Reserved => self.line("localpart-reserved", &[wish]),
        }
    }

    fn named(&self, people: &[PersonId]) -> Arg {
        Arg::Said(self.list(people.iter().map(|person| self.shown(&self.who(*person))).collect()))
    }
}

/// Without number formatting, which ids and levels must not have.
pub(super) fn plain(value: impl Display) -> Arg {
    Arg::Text(value.to_string())
}

pub(super) fn code(value: impl Display) -> Arg {
    Arg::Code(value.to_string())
}

/// An account by id only, because a display name proves nothing.
pub(super) fn account(user: &OwnedUserId) -> Arg {
    Arg::User { user: user.clone(), name: None }
}

/// A count as an argument.
#[must_use]
pub fn number(count: usize) -> Arg {
    Arg::Number(i64::try_from(count).unwrap_or(i64::MAX))
}
