//! Writes to accounts, and their notes in the store.

use std::collections::BTreeMap;

use equipemed_domain::action::{Action, ExternalId};
use equipemed_domain::authority::Refusal;
use equipemed_domain::binding::{Binding, Noted, Pushed};
use equipemed_domain::desired::{AccountState, digest_of, digest_of_name};
use equipemed_domain::directory::PersonId;
use equipemed_domain::email::{address_of, digest_of_address};
use equipemed_domain::fault::Fault;
use equipemed_domain::finding::Finding;
use equipemed_domain::outcome::Outcome;
use ruma_common::{OwnedUserId, UserId};

use super::super::newborn::{bare_binding, by_synapse, is_ours};
use super::{Applier, Work, ended};
use crate::homeserver::{Done, HomeserverError, Writer};

impl Applier {
    /// Ends all sessions of an account, and notes it if the account is locked.
    pub(in crate::engine) async fn sign_out(&self, writer: &Writer, user: &OwnedUserId) -> Result<Outcome, Fault> {
        if self.handles.configured.users.protected.contains(user) {
            return Err(Fault::Refused(Refusal::Protected { user: user.clone() }));
        }
        let done = writer.sign_out(user).await?;
        self.handles.store.note_signed_out(user).await?;
        Ok(ended(done))
    }
}

impl Work<'_> {
    pub(super) async fn account_step(&self, action: &Action) -> Result<Outcome, Fault> {
        let store = &self.by.handles.store;
        // Changing an account that could not be created would create it.
        self.must_be_made(action)?;
        match action {
            Action::CreateAccount { person, user, display_name, external_id } => {
                return self.create_account(*person, user, display_name, external_id.as_ref()).await;
            }
            Action::AdoptAccount { person, user, .. } => {
                let external_id = self.external_id_of(*person);
                store.bind(&binding(*person, user, external_id.as_ref())).await?;
            }
            Action::SetDisplayName { user, to, .. } => {
                let done = self.writer.set_display_name(user, to).await?;
                store.note_name(user, &digest_of_name(to)).await?;
                if let Some(person) = self.person_of(user) {
                    store.set_pushed_names(&BTreeMap::from([(person, digest_of_name(to))])).await?;
                }
                return Ok(ended(done));
            }
            Action::SetEmail { user } => return self.set_email(user).await,
            Action::LinkExternalId { user, external_id } => {
                self.writer.link_external_id(user, external_id).await?;
                if let Some(person) = self.person_of(user) {
                    store.set_pushed_external_id(person, Some(&digest_of(external_id))).await?;
                }
            }
            Action::SignOut { user } if self.noted().open.contains(user) => {
                return Ok(Outcome::Skipped(Fault::NotLocked));
            }
            Action::SignOut { user } => return self.by.sign_out(&self.writer, user).await,
            Action::LockAccount { user }
            | Action::UnlockAccount { user }
            | Action::DeactivateAccount { user }
            | Action::ReactivateAccount { user } => return self.open_or_close(action, user).await,
            Action::SetServerAdmin { user, to } => {
                // Note before granting, after revoking: a crash in between must not leave an irrevocable flag.
                let person = self.person_of(user);
                if let (true, Some(person)) = (*to, person) {
                    store.set_server_admin_given(person, true).await?;
                }
                self.writer.set_admin(user, *to).await?;
                store.note_admin(user, *to).await?;
                if let (false, Some(person)) = (*to, person) {
                    store.set_server_admin_given(person, false).await?;
                }
            }
            Action::NotePrivileges { person, user, gained, lost } => {
                if !lost.is_empty() && self.noted().open.contains(user) {
                    return Ok(Outcome::Skipped(Fault::NotLocked));
                }
                store.note_privileges(*person, gained, lost).await?;
            }
            _ => {}
        }
        Ok(Outcome::Done(None))
    }

    /// Locks, unlocks, deactivates or reactivates, and notes it: what follows from a lock is planned by the note.
    async fn open_or_close(&self, action: &Action, user: &OwnedUserId) -> Result<Outcome, Fault> {
        let (done, state) = match action {
            Action::LockAccount { .. } => (self.writer.lock(user).await, AccountState::Locked),
            Action::DeactivateAccount { .. } => (self.writer.deactivate(user).await, AccountState::Deactivated),
            Action::UnlockAccount { .. } => (self.writer.unlock(user).await, AccountState::Active),
            _ => (self.writer.reactivate(user).await, AccountState::Active),
        };
        if done.is_err() && state != AccountState::Active {
            self.noted().open.insert(user.clone());
        }
        let outcome = ended(done?);
        self.by.handles.store.note_state(user, state).await?;
        Ok(outcome)
    }

    /// Creates an empty account, binds it once Synapse confirms that it is new, then names and links it. An account
    /// that existed before stays as it is and belongs to somebody else.
    async fn create_account(
        &self,
        person: PersonId,
        user: &OwnedUserId,
        display_name: &str,
        external_id: Option<&ExternalId>,
    ) -> Result<Outcome, Fault> {
        let store = &self.by.handles.store;
        let made = match self.holder_elsewhere(user, external_id).await {
            Ok(None) => self.make_account(user).await,
            Ok(holder) => Err(HomeserverError::Taken { holder }),
            Err(error) => Err(error),
        };
        match made {
            Ok(Done::Changed) => {}
            Ok(Done::Already) => {
                self.noted().missing.insert(user.clone());
                // A bound account that was replaced by another one: first of all it is theirs no longer.
                store.unbind(person, user).await?;
                let found = self.writer.reader().account(user).await.ok().flatten();
                let administrator = found.is_some_and(|account| account.observed.admin);
                let finding = Finding::AccountNotTheirs { person, user: user.clone(), administrator };
                self.noted().ended.found.insert(finding);
                return Ok(Outcome::Skipped(Fault::AccountExisted { user: user.clone() }));
            }
            Err(error) => {
                self.noted().missing.insert(user.clone());
                return Err(error.into());
            }
        }
        let mut binding = bare_binding(person, user);
        binding.noted.state = Some(AccountState::Active);
        store.bind(&binding).await?;
        if let Err(error) = self.writer.introduce_account(user, display_name, external_id).await {
            // Bound by now: the next pass names and links it.
            self.noted().missing.insert(user.clone());
            return Err(error.into());
        }
        binding.pushed.external_id = external_id.map(digest_of);
        binding.pushed.display_name = Some(digest_of_name(display_name));
        binding.noted = Noted { admin: Some(false), name: binding.pushed.display_name.clone(), ..binding.noted };
        store.bind(&binding).await?;
        Ok(Outcome::Done(None))
    }

    /// Creates an account. If the response is lost, checks whether the account that exists can be ours.
    async fn make_account(&self, user: &UserId) -> Result<Done, HomeserverError> {
        let now = self.by.handles.clock.now();
        let asked = by_synapse(self.writer.reader(), now, now);
        let reader = self.writer.reader();
        self.writer.make_account_surely(user, || is_ours(reader, user, asked)).await
    }

    /// Another account with the external id. Synapse would create the new account before refusing. The very first pass
    /// checks everybody's at its start instead.
    async fn holder_elsewhere(
        &self,
        user: &UserId,
        external_id: Option<&ExternalId>,
    ) -> Result<Option<OwnedUserId>, HomeserverError> {
        let Some(external_id) = external_id.filter(|_| !self.known.bindings.is_empty()) else { return Ok(None) };
        let holder = self.writer.reader().holder_of(external_id).await?;
        Ok(holder.filter(|holder| *holder != user))
    }

    async fn set_email(&self, user: &UserId) -> Result<Outcome, Fault> {
        let person = self.person_of(user).and_then(|person| self.known.directory.get(person));
        let Some((person, address)) = person.and_then(|person| Some((person.id, address_of(person)?))) else {
            return Ok(Outcome::Skipped(Fault::NoAddress));
        };
        let before = self.known.bindings.get(&person).and_then(|binding| binding.pushed.email.as_deref());
        let done = self.writer.set_email(user, &address, before).await?;
        self.by.handles.store.set_pushed_email(person, &digest_of_address(&address)).await?;
        Ok(ended(done))
    }

    pub(super) fn person_of(&self, user: &UserId) -> Option<PersonId> {
        self.desired.accounts.get(user).map(|account| account.person)
    }

    fn external_id_of(&self, person: PersonId) -> Option<ExternalId> {
        let person = self.known.directory.get(person)?;
        equipemed_domain::desired::external_id(&self.by.handles.configured, person)
    }
}

fn binding(person: PersonId, user: &UserId, external_id: Option<&ExternalId>) -> Binding {
    let pushed = Pushed { external_id: external_id.map(digest_of), ..Pushed::default() };
    Binding { pushed, ..Binding::new(person, user.to_owned()) }
}
