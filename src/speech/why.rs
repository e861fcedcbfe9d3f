//! Explains in the reader's language why somebody is where they are.

use equipemed_domain::access::LevelReason;
use equipemed_domain::cause::Cause;
use equipemed_domain::desired::AccountState;
use equipemed_domain::explain::{MemberReason, PlaceIs, Reason};
use equipemed_domain::fault::Fault;
use equipemed_domain::grant::{Grant, GrantId};
use equipemed_domain::rights::Rights;
use equipemed_domain::standing::Standing;
use equipemed_domain::stands::Unmet;
use ruma_common::UserId;

use super::findings::{account, plain};
use super::{Arg, Texts};
use crate::homeserver::Said;

impl Texts {
    /// One line of an explanation.
    #[must_use]
    pub fn reason(&self, reason: &Reason) -> Said {
        match reason {
            Reason::Account { user, state, cause } => {
                let state = self.word("account-state", state_word(*state));
                let args = [("user", account(user)), ("state", Arg::Said(state))];
                match cause {
                    Cause::Policy => self.line("why-account", &args),
                    Cause::Grant(id) => {
                        self.line("why-account-grant", &[args.as_slice(), &[("grant", number(*id))]].concat())
                    }
                }
            }
            Reason::NoAccount { person } => self.line("why-no-account", &[("person", self.who(*person))]),
            Reason::Standing { standing, status, access_ends, is_enabled } => {
                let status = ("status", Arg::Said(self.word("status", status)));
                match (standing, access_ends) {
                    (Some(Standing::Active), _) => self.line("why-standing-active", &[status]),
                    (Some(Standing::Off), Some(end)) => {
                        self.line("why-standing-off-ends", &[status, ("end", plain(end))])
                    }
                    (Some(Standing::Off), None) => self.line("why-standing-off", &[status]),
                    (Some(Standing::Gone), _) if *is_enabled => self.line("why-standing-gone", &[status]),
                    (Some(Standing::Gone), _) => self.line("why-standing-disabled", &[status]),
                    (None, _) => self.line("why-standing-unknown", &[status]),
                }
            }
            Reason::NotSelected => self.line("why-not-selected", &[]),
            Reason::Released => self.line("why-released", &[]),
            Reason::Roles(roles) if roles.is_empty() => self.line("why-roles-none", &[]),
            Reason::Roles(roles) => {
                let roles = roles.iter().map(|role| self.shown(&self.role(role))).collect();
                self.line("why-roles", &[("list", Arg::Said(self.list(roles)))])
            }
            Reason::Grant(grant) => self.grant(grant),
            Reason::Note(finding) => self.line("why-note", &[("finding", Arg::Said(self.finding(finding)))]),
            Reason::Member(MemberReason::Banned(id)) => self.line("why-member-banned", &[("grant", number(*id))]),
            Reason::Member(MemberReason::KeptOut(id)) => self.line("why-member-kept-out", &[("grant", number(*id))]),
            Reason::Member(MemberReason::ByRule) => self.line("why-member-rule", &[]),
            Reason::Member(MemberReason::AsAdministrator) => self.line("why-member-administrator", &[]),
            Reason::Member(MemberReason::NotSelected) => self.line("why-member-not-selected", &[]),
            Reason::Member(MemberReason::No) => self.line("why-member-no", &[]),
            Reason::Level { level, reason } => {
                let level = ("level", plain(level));
                match reason {
                    LevelReason::Nothing => self.line("why-level-nothing", &[level]),
                    LevelReason::Everybody => self.line("why-level-everybody", &[level]),
                    LevelReason::Role(role) => self.line("why-level-role", &[level, ("role", self.role(role))]),
                    LevelReason::RoomLevel(role) => self.line("why-level-room", &[level, ("role", self.role(role))]),
                    LevelReason::Administrator(above) => {
                        self.line("why-level-administrator", &[level, ("room", self.room(above))])
                    }
                    LevelReason::Grant(grant) => {
                        let asker = ("asker", self.asker(&grant.asker));
                        self.line("why-level-grant", &[level, ("grant", number(grant.id)), asker])
                    }
                }
            }
            Reason::Rights(rights) if rights.is_empty() => self.line("why-rights-none", &[]),
            Reason::Rights(rights) => self.line("why-rights", &[("list", Arg::Said(self.rights(rights)))]),
            Reason::AccountIs { state, suspended, shadow_banned } => {
                let mut facts = vec![self.word("account-state", state.map_or("none", state_word))];
                facts.extend(suspended.then(|| self.word("account-state", "suspended")));
                facts.extend(shadow_banned.then(|| self.word("account-state", "shadow_banned")));
                self.line("why-account-is", &[("list", Arg::Said(self.list(facts)))])
            }
            Reason::PlaceIs(place) => self.line("why-place-is", &[("place", Arg::Said(self.place(place)))]),
            Reason::NotSeen { why } => self.line("why-not-seen", &[("why", self.why(why))]),
            Reason::RightsTaken { rights, grant, outside } => {
                let id = if *outside { "why-rights-taken-outside" } else { "why-rights-taken" };
                let args = [("list", Arg::Said(self.rights(rights))), ("grant", number(grant.id))];
                self.line(id, &[args.as_slice(), &[("asker", self.asker(&grant.asker))]].concat())
            }
        }
    }

    fn place(&self, place: &PlaceIs) -> Said {
        let id = match place {
            PlaceIs::Unusable(Unmet::Unreadable { why }) => {
                let why: Fault = why.clone().into();
                return self.line("place-unreadable", &[("why", self.why(&why))]);
            }
            PlaceIs::Level(level) => return self.line("place-level", &[("level", plain(level))]),
            PlaceIs::Unusable(Unmet::NoRoom) => "place-no-room",
            PlaceIs::Unusable(Unmet::Several) => "place-several",
            PlaceIs::Unusable(Unmet::Deleted) => "place-deleted",
            PlaceIs::Unusable(Unmet::Replaced) => "place-replaced",
            PlaceIs::Unusable(_) => "place-bot-out",
            PlaceIs::Outside => "place-outside",
            PlaceIs::Invited => "place-invited",
            PlaceIs::Declined => "place-declined",
            PlaceIs::Left { may: true } => "place-left",
            PlaceIs::Left { may: false } => "place-left-yet",
            PlaceIs::Banned => "place-banned",
            PlaceIs::Inside => "place-inside",
        };
        self.line(id, &[])
    }

    /// Formats a stored asker: an account, or a word such as `operator`.
    #[must_use]
    pub fn asker(&self, asker: &str) -> Arg {
        match UserId::parse(asker) {
            Ok(user) => account(&user),
            Err(_) => Arg::Said(self.word("asker", asker)),
        }
    }

    fn grant(&self, grant: &Grant) -> Said {
        let what = Arg::Said(self.granted(grant.kind, grant.scope.as_ref()));
        self.line("why-grant", &[("grant", number(grant.id)), ("what", what), ("asker", self.asker(&grant.asker))])
    }
}

impl Texts {
    /// Rights in words.
    #[must_use]
    pub fn rights(&self, rights: &Rights) -> Said {
        self.phrases(rights.iter().map(|right| self.word("right", right.as_str())).collect())
    }
}

fn state_word(state: AccountState) -> &'static str {
    match state {
        AccountState::Active => "usable",
        AccountState::Locked => "locked",
        AccountState::Deactivated => "deactivated",
    }
}

fn number(id: GrantId) -> Arg {
    plain(id.0)
}
