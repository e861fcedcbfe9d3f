//! The audit, writing side: each action's intent before it, its outcome after it.
//!
//! A row is written before its action, and only its outcome is set later, once. Reading is in `audit_read`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use equipemed_domain::action::{Action, Subject};
use equipemed_domain::deed::Deed;
use equipemed_domain::directory::PersonId;
use equipemed_domain::grant::GrantId;
use equipemed_domain::key::RoomKey;
use equipemed_domain::outcome::Outcome;
use jiff::Timestamp;
use ruma_common::OwnedUserId;

use super::audit_mass::{Guard, TURN, is_overtaken};
use super::deeds::DeedId;
use super::rows::{ms, to_json};
use super::runs::RunId;
use super::{Store, StoreError};

/// Number of an audit entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditId(pub i64);

/// Why an action is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditCause {
    /// The policy. Only these actions count for the brakes.
    Policy,
    /// A grant.
    Grant(GrantId),
    /// A deed.
    Deed(DeedId),
    /// A command, by its sequence number in the inbox.
    Command(i64),
}

impl From<equipemed_domain::cause::Cause> for AuditCause {
    fn from(cause: equipemed_domain::cause::Cause) -> Self {
        match cause {
            equipemed_domain::cause::Cause::Policy => Self::Policy,
            equipemed_domain::cause::Cause::Grant(id) => Self::Grant(id),
        }
    }
}

impl fmt::Display for AuditCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy => f.write_str("policy"),
            Self::Grant(id) => write!(f, "grant:{}", id.0),
            Self::Deed(id) => write!(f, "deed:{}", id.0),
            Self::Command(seq) => write!(f, "command:{seq}"),
        }
    }
}

impl AuditCause {
    pub(super) fn from_text(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "policy" => Some(Self::Policy),
            Some(("grant", id)) => Some(Self::Grant(GrantId(id.parse().ok()?))),
            Some(("deed", id)) => Some(Self::Deed(DeedId(id.parse().ok()?))),
            Some(("command", seq)) => Some(Self::Command(seq.parse().ok()?)),
            _ => None,
        }
    }
}

/// The statement that sets the outcome of an entry, once.
macro_rules! conclusion {
    ($id:expr, $outcome:expr, $now:expr) => {
        sqlx::query(
            "update audit set outcome = $2, outcome_detail = $3, outcome_at = $4 where id = $1 and outcome is null",
        )
        .bind($id.0)
        .bind($outcome.as_str())
        .bind($outcome.detail())
        .bind($crate::store::rows::ms($now))
    };
}
pub(super) use conclusion;

/// An action about to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The run it belongs to; None for narrow passes and deeds.
    pub run: Option<RunId>,
    /// Who acts: the service, or an operator.
    pub actor: String,
    /// Its cause.
    pub cause: AuditCause,
    /// The kind of action.
    pub kind: String,
    /// Its subject, for people.
    pub subject: String,
    /// The managed room it concerns.
    pub room: Option<RoomKey>,
    /// The account it concerns.
    pub user: Option<OwnedUserId>,
    /// The person it concerns, if the action names one.
    pub person: Option<PersonId>,
    /// The whole action as JSON.
    pub action: String,
    /// Ids of the wishes it serves; not read back with an entry.
    pub wishes: Vec<String>,
}

impl Intent {
    /// The levels that it sets, by account; None means the default level.
    #[must_use]
    pub fn levels(&self) -> BTreeMap<OwnedUserId, Option<i64>> {
        match serde_json::from_str(&self.action) {
            Ok(Action::SetLevels { changes, .. }) => {
                changes.users.into_iter().map(|(user, change)| (user, change.to)).collect()
            }
            _ => BTreeMap::new(),
        }
    }

    /// The intent of a planned action.
    pub fn of_action(run: Option<RunId>, actor: &str, cause: AuditCause, action: &Action) -> Result<Self, StoreError> {
        let person = match action {
            Action::CreateAccount { person, .. }
            | Action::AdoptAccount { person, .. }
            | Action::ReleaseAccount { person, .. }
            | Action::NotePrivileges { person, .. } => Some(*person),
            _ => None,
        };
        Ok(Self {
            run,
            actor: actor.to_owned(),
            cause,
            kind: action.kind().to_owned(),
            subject: action.subject().to_string(),
            room: action.room(),
            user: action.user().map(ToOwned::to_owned),
            person,
            action: to_json(action)?,
            wishes: Vec::new(),
        })
    }

    /// Whether it gives somebody an account that is a Synapse administrator.
    #[must_use]
    pub fn gives_administrator(&self) -> bool {
        let action = serde_json::from_str::<Action>(&self.action);
        self.kind == "adopt_account" && matches!(action, Ok(Action::AdoptAccount { administrator: true, .. }))
    }

    /// The intent of a deed. `room` is the key of its room if managed; `about` is the account concerned.
    pub fn of_deed(
        actor: &str,
        id: DeedId,
        deed: &Deed,
        room: Option<RoomKey>,
        about: Option<OwnedUserId>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            run: None,
            actor: actor.to_owned(),
            cause: if deed.unwanted().is_some() { AuditCause::Policy } else { AuditCause::Deed(id) },
            kind: deed.kind().to_owned(),
            subject: match (deed.user(), deed.room_id()) {
                (Some(user), _) => Subject::Account(user.clone()).to_string(),
                (None, room_id) => format!("room {}", room_id.map_or("", |id| id.as_str())),
            },
            room,
            user: about.or_else(|| deed.user().cloned()),
            person: None,
            action: to_json(deed)?,
            wishes: Vec::new(),
        })
    }

    /// The intent of a command: sender, room and text. `action` is the command as JSON.
    #[must_use]
    pub fn of_command(
        actor: &str,
        seq: i64,
        word: &str,
        room: Option<RoomKey>,
        person: Option<PersonId>,
        action: String,
    ) -> Self {
        Self {
            run: None,
            actor: actor.to_owned(),
            cause: AuditCause::Command(seq),
            kind: "command".to_owned(),
            subject: format!("command {word}"),
            room,
            user: None,
            person,
            action,
            wishes: Vec::new(),
        }
    }
}

impl Store {
    /// Writes intents, all or none; returns their ids in the same order.
    ///
    /// # Errors
    /// When the database fails: then no action may be taken.
    pub async fn intend(&self, intents: &[Intent], now: Timestamp) -> Result<Vec<AuditId>, StoreError> {
        Ok(self.write_intents(intents, None, now).await?.unwrap_or_default())
    }

    /// Writes intents; writes none and returns None when others added to the guard's mass.
    pub(super) async fn write_intents(
        &self,
        intents: &[Intent],
        guard: Option<&Guard<'_>>,
        now: Timestamp,
    ) -> Result<Option<Vec<AuditId>>, StoreError> {
        const SQL: &str = "insert into audit
                (run_id, at, actor, cause, kind, subject, room_key, user_id, person_id, action)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id";
        const SERVES: &str = "insert into served_wishes (wish, audit_id) values ($1, $2)";
        let turn = self.pick(&TURN);
        in_transaction!(self, tx => {
            let mut overtaken = false;
            if let Some(guard) = guard {
                sqlx::query(turn).execute(&mut *tx).await?;
                overtaken = is_overtaken!(tx, guard);
            }
            let mut ids = Vec::with_capacity(intents.len());
            for intent in intents.iter().filter(|_| !overtaken) {
                let id: i64 = sqlx::query_scalar(SQL)
                    .bind(intent.run.map(|run| run.0))
                    .bind(ms(now))
                    .bind(&intent.actor)
                    .bind(intent.cause.to_string())
                    .bind(&intent.kind)
                    .bind(&intent.subject)
                    .bind(intent.room.as_ref().map(RoomKey::as_str))
                    .bind(intent.user.as_ref().map(|user| user.as_str()))
                    .bind(intent.person.map(|person| person.0))
                    .bind(&intent.action)
                    .fetch_one(&mut *tx)
                    .await?;
                for wish in &intent.wishes {
                    sqlx::query(SERVES).bind(wish).bind(id).execute(&mut *tx).await?;
                }
                ids.push(AuditId(id));
            }
            (!overtaken).then_some(ids)
        })
    }

    /// Writes outcomes, all or none. An outcome is never overwritten: returns the ids that already had one or do not
    /// exist.
    pub async fn conclude(
        &self,
        outcomes: &[(AuditId, Outcome)],
        now: Timestamp,
    ) -> Result<BTreeSet<AuditId>, StoreError> {
        in_transaction!(self, tx => {
            let mut refused = BTreeSet::new();
            for (id, outcome) in outcomes {
                if conclusion!(id, outcome, now).execute(&mut *tx).await?.rows_affected() == 0 {
                    refused.insert(*id);
                }
            }
            refused
        })
    }
}
