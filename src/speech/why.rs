//! Explains in the reader's language why somebody is where they are.

use equipemed_domain::access::LevelReason;
use equipemed_domain::cause::Cause;
use equipemed_domain::desired::AccountState;
use equipemed_domain::explain::{MemberReason, Reason};
use equipemed_domain::grant::{Grant, GrantId, GrantKind};
use equipemed_domain::standing::Standing;
use ruma_common::UserId;

use super::findings::{account, code, plain};
use super::{Arg, Texts};
use crate::homeserver::Said;

impl Texts {
    /// One line of an explanation.
    #[must_use]
    pub fn reason(&self, reason: &Reason) -> Said {
        match reason {
            Reason::Account { user, state, cause } => {
                let state = match state {
                    AccountState::Active => "usable",
                    AccountState::Locked => "locked",
                    AccountState::Deactivated => "deactivated",
                };
                let args = [("user", account(user)), ("state", Arg::Said(self.word("account-state", state)))];
                match cause {
                    Cause::Policy => self.line("why-account", &args),
                    Cause::Grant(id) => {
                        self.line("why-account-grant", &[args.as_slice(), &[("grant", number(*id))]].concat())
                    }
                }
            }
            Reason::NoAccount { person } => self.line("why-no-account", &[("person", self.who(*person))]),
            Reason::Standing { standing, status, access_ends, is_enabled } => {
                let status = ("status", code(status));
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
                let roles = roles.iter().map(|role| self.shown(&code(role))).collect();
                self.line("why-roles", &[("list", Arg::Said(self.list(roles)))])
            }
            Reason::Grant(grant) => self.granted(grant),
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
                    LevelReason::Role(role) => self.line("why-level-role", &[level, ("role", code(role))]),
                    LevelReason::RoomLevel(role) => self.line("why-level-room", &[level, ("role", code(role))]),
                    LevelReason::Administrator(above) => {
                        self.line("why-level-administrator", &[level, ("room", code(above))])
                    }
                    LevelReason::Grant(grant) => {
                        let asker = ("asker", self.asker(&grant.asker));
                        self.line("why-level-grant", &[level, ("grant", number(grant.id)), asker])
                    }
                }
            }
            Reason::Rights(rights) if rights.is_empty() => self.line("why-rights-none", &[]),
            Reason::Rights(rights) => {
                let rights = rights.iter().map(|right| self.word("right", right.as_str())).collect();
                self.line("why-rights", &[("list", Arg::Said(self.list(rights)))])
            }
            Reason::RightsTaken { rights, grant, outside } => {
                let rights = rights.iter().map(|right| self.word("right", right.as_str())).collect();
                let id = if *outside { "why-rights-taken-outside" } else { "why-rights-taken" };
                let args = [("list", Arg::Said(self.list(rights))), ("grant", number(grant.id))];
                self.line(id, &[args.as_slice(), &[("asker", self.asker(&grant.asker))]].concat())
            }
        }
    }

    /// Formats a stored asker: an account, or a word such as `operator`.
    #[must_use]
    pub fn asker(&self, asker: &str) -> Arg {
        match UserId::parse(asker) {
            Ok(user) => account(&user),
            Err(_) => Arg::Said(self.word("asker", asker)),
        }
    }

    /// What a grant gives or takes.
    #[must_use]
    pub fn grant_kind(&self, kind: GrantKind) -> Said {
        match kind {
            GrantKind::Level(level) => self.line("rank-level", &[("level", Arg::Number(level))]),
            kind => self.word("grant-kind", kind.as_str()),
        }
    }

    fn granted(&self, grant: &Grant) -> Said {
        let kind = self.grant_kind(grant.kind);
        let args = [("grant", number(grant.id)), ("kind", Arg::Said(kind)), ("asker", self.asker(&grant.asker))];
        match &grant.scope {
            None => self.line("why-grant", &args),
            Some(scope) => self.line("why-grant-room", &[args.as_slice(), &[("room", code(scope))]].concat()),
        }
    }
}

fn number(id: GrantId) -> Arg {
    plain(id.0)
}
