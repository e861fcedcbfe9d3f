//! Writes to rooms.
//!
//! `m.room.power_levels` is read again just before it is written: Synapse has no compare-and-swap, and only what this
//! plan names may change.

use std::collections::BTreeMap;

use equipemed_domain::action::{Action, LevelChanges, NewRoom};
use equipemed_domain::cause::Cause;
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use equipemed_domain::level_budget::{takes_alone, within_budget};
use equipemed_domain::levels::{initial_content, with_changes};
use equipemed_domain::outcome::Outcome;
use equipemed_domain::policy::JoinMode;
use equipemed_domain::setting::{RoomSetting, SettingValue};
use equipemed_domain::wake::Wake;
use ruma_common::{OwnedRoomId, RoomAliasId, RoomId};
use serde_json::{Map, Value};

use super::{Work, ended};
use crate::engine::observe::STILL_AT_IT;
use crate::engine::{encrypts, pictures};
use crate::homeserver::{HomeserverError, RoomToCreate};

impl Work<'_> {
    pub(super) async fn room_step(&self, action: &Action, cause: Cause) -> Result<Outcome, Fault> {
        let Some(key) = action.room() else { return Ok(Outcome::AlreadySo) };
        if let Action::CreateRoom { new, .. } = action {
            return self.create_room(&key, new).await;
        }
        self.must_be_made(action)?;
        let room = self.other(&key)?;
        self.change(action, cause, &room).await
    }

    async fn change(&self, action: &Action, cause: Cause, room: &RoomId) -> Result<Outcome, Fault> {
        let event = match action {
            Action::Set { setting: RoomSetting::Alias, to: SettingValue::Text(alias), .. } => {
                return self.set_alias(action, room, alias).await;
            }
            Action::Set { setting: RoomSetting::Avatar, to: SettingValue::Text(picture), .. } => {
                let one_by_one = self.uploading.lock().await;
                let to = pictures::uploaded(&self.writer, &self.by.handles.store, picture).await?;
                drop(one_by_one);
                self.writer.set(room, RoomSetting::Avatar, &SettingValue::Text(to)).await?
            }
            Action::Set { setting, to, .. } => self.writer.set(room, *setting, to).await?,
            Action::SetParent { parent, .. } => self.writer.set_parent(room, &self.other(parent)?).await?,
            Action::AddChild { child, .. } => self.writer.add_child(room, &self.other(child)?).await?,
            Action::DropChild { child, .. } => self.writer.drop_child(room, &self.other(child)?).await?,
            Action::SetLevels { changes, .. } => return self.set_levels(room, changes).await,
            Action::AddMember { user, how: JoinMode::Force, .. } => {
                return Ok(ended(self.writer.admin_join(room, user).await?));
            }
            Action::AddMember { user, how: JoinMode::Invite, .. } => {
                return Ok(ended(self.writer.invite(room, user).await?));
            }
            Action::RemoveMember { user, reason, .. } => {
                return Ok(ended(self.writer.kick(room, user, Some(&self.reason(cause, reason))).await?));
            }
            Action::BanMember { user, reason, .. } => {
                return Ok(ended(self.writer.ban(room, user, Some(&self.reason(cause, reason))).await?));
            }
            Action::UnbanMember { user, .. } => return Ok(ended(self.writer.unban(room, user).await?)),
            _ => return Ok(Outcome::AlreadySo),
        };
        Ok(Outcome::Done(Some(event.to_string())))
    }

    /// The reason shown in the room: who asked for a grant and why, if rooms show that; else the plan's own words.
    fn reason(&self, cause: Cause, planned: &str) -> String {
        let Cause::Grant(id) = cause else { return planned.to_owned() };
        let grant = self.known.grants.iter().find(|grant| grant.id == id);
        grant.map_or_else(|| planned.to_owned(), |grant| self.by.reason(&grant.asker, grant.reason.as_deref()))
    }

    fn other(&self, key: &RoomKey) -> Result<OwnedRoomId, Fault> {
        self.room_id(key).ok_or_else(|| Fault::RoomNotMade { room: key.clone() })
    }

    async fn set_alias(&self, action: &Action, room: &RoomId, alias: &str) -> Result<Outcome, Fault> {
        let alias = RoomAliasId::parse(alias).map_err(HomeserverError::bad_request)?;
        match self.writer.set_alias(room, &alias).await {
            Err(error @ HomeserverError::Refused { status: 409, .. }) => {
                let holder = self.writer.reader().resolve_alias(&alias).await?;
                let (Some(holder), Some(room)) = (holder, action.room()) else { return Err(error.into()) };
                Err(Fault::AliasTaken { alias, holder, room })
            }
            set => set.map(|_| Outcome::Done(None)).map_err(Fault::from),
        }
    }

    async fn set_levels(&self, room: &RoomId, changes: &LevelChanges) -> Result<Outcome, Fault> {
        let mut changes = changes.clone();
        changes.users.retain(|user, _| !self.noted().open.contains(user));
        if changes.is_empty() {
            return Ok(Outcome::Skipped(Fault::NotLocked));
        }
        let changes = &changes;
        let now = self.writer.reader().power_levels(room).await?;
        // Others may have filled the event since planning.
        let fits = within_budget(now.as_ref(), changes.clone(), &BTreeMap::new());
        let written = match self.write_levels(room, now.as_ref(), &fits.changes).await {
            Err(Fault::Homeserver(error)) if error.errcode() == Some("M_TOO_LARGE") => {
                let alone = takes_alone(now.as_ref(), changes);
                if alone == fits.changes {
                    return Err(error.into());
                }
                self.write_levels(room, now.as_ref(), &alone).await?
            }
            written => written?,
        };
        match written {
            Outcome::AlreadySo if fits.overflow.is_some() => Ok(Outcome::Skipped(Fault::LevelsFull)),
            written => Ok(written),
        }
    }

    async fn write_levels(
        &self,
        room: &RoomId,
        now: Option<&Map<String, Value>>,
        changes: &LevelChanges,
    ) -> Result<Outcome, Fault> {
        let content = with_changes(now, changes);
        if now == Some(&content) {
            return Ok(Outcome::AlreadySo);
        }
        let event = self.writer.set_levels(room, content).await?;
        Ok(Outcome::Done(Some(event.to_string())))
    }

    /// Creates the room in one call. Whatever fails, no second room with the key remains.
    async fn create_room(&self, key: &RoomKey, new: &NewRoom) -> Result<Outcome, Fault> {
        let handles = &self.by.handles;
        // The first room shows whether Synapse encrypts new rooms. No other is created before it was checked.
        let first = self.first_room.lock().await;
        // Dropped here when it was looked at, or the others would wait for one another.
        let first = (!*first).then_some(first);
        if encrypts::is_seen(&handles.store).await? {
            return Ok(Outcome::Skipped(Fault::Encrypts));
        }
        let mut new = new.clone();
        new.invite.retain(|user| !self.noted().missing.contains(user));
        new.levels.retain(|user, _| !self.noted().missing.contains(user));
        let one_by_one = self.uploading.lock().await;
        match pictures::upload_in(&self.writer, &handles.store, &mut new.settings).await {
            // The room is made without it, and the next pass says what is wrong with the picture alone.
            Err(Fault::PictureUnreadable { .. } | Fault::Homeserver(HomeserverError::Refused { .. })) => {
                new.settings.remove(&RoomSetting::Avatar);
            }
            uploaded => uploaded?,
        }
        drop(one_by_one);
        let parent = match &new.parent {
            Some(parent) => Some(self.other(parent)?),
            None => None,
        };
        let levels = initial_content(&new.version, new.kind, &handles.configured.bot, &new.levels, new.default_level);
        let wanted_room = RoomToCreate { key, new: &new, parent: parent.as_deref(), predecessor: None, levels };
        let mut made = self.writer.create_room(&wanted_room).await;
        if let Err(HomeserverError::MaybeDone { .. }) = made {
            made = match self.find_made_late(key).await? {
                Some(room) => Ok(room),
                None => self.writer.create_room(&wanted_room).await,
            };
        }
        match made {
            Err(error) if error.errcode() == Some("M_ROOM_IN_USE") => self.take_alias_back(&wanted_room).await,
            made => {
                let room = made?;
                encrypts::delete_if_so(&self.writer, &handles.store, &room).await?;
                if let Some(mut is_looked_at) = first {
                    *is_looked_at = true;
                }
                self.bind_room(key, room).await
            }
        }
    }

    /// Looks for a room whose creation got no response. Synapse may still be creating it during the first look, so only
    /// the second one is conclusive.
    async fn find_made_late(&self, key: &RoomKey) -> Result<Option<OwnedRoomId>, Fault> {
        match self.find_made(key).await? {
            Some(room) => Ok(Some(room)),
            None => {
                tokio::time::sleep(STILL_AT_IT).await;
                self.find_made(key).await
            }
        }
    }

    async fn bind_room(&self, key: &RoomKey, room: OwnedRoomId) -> Result<Outcome, Fault> {
        let handles = &self.by.handles;
        let bound = handles.store.bind_room(key, &room, handles.clock.now()).await?;
        self.noted().room_ids.insert(key.clone(), bound.clone());
        Ok(Outcome::Done(Some(bound.to_string())))
    }

    /// A room with this key that the bot is in and the store does not know. If there are several, nobody can tell which
    /// one it is: wakes a full pass, which reports them.
    async fn find_made(&self, key: &RoomKey) -> Result<Option<OwnedRoomId>, Fault> {
        let known = self.known.rooms.values().cloned().collect();
        let mut found = self.writer.reader().rooms_with_key(key, &known).await?;
        if found.len() > 1 {
            self.by.handles.wakes.wake(&Wake::Everything, "key twice").await?;
            return Err(Fault::KeyTwice { room: key.clone() });
        }
        Ok(found.pop_first())
    }

    /// Resolves a taken alias. Our own half-made room with it is completed; a dead room without members loses it. A
    /// living room of somebody else keeps it, and that is an error for people to look at.
    async fn take_alias_back(&self, wanted_room: &RoomToCreate<'_>) -> Result<Outcome, Fault> {
        let key = wanted_room.key;
        if let Some(room) = self.find_made(key).await? {
            return self.bind_room(key, room).await;
        }
        let alias = self.by.handles.policy().await?.alias_of(key);
        let alias = alias.ok_or_else(|| Fault::RoomNotMade { room: key.clone() })?;
        let holder = self.writer.reader().resolve_alias(&alias).await?;
        let rooms = self.writer.reader().rooms_list().await?;
        let is_alive = |id: &RoomId| rooms.iter().any(|room| room.room_id == *id && room.members > 0);
        if let Some(room) = holder.filter(|id| is_alive(id)) {
            return Err(Fault::AliasTaken { alias, holder: room, room: key.clone() });
        }
        self.writer.release_alias(&alias).await?;
        let room = self.writer.create_room(wanted_room).await?;
        encrypts::delete_if_so(&self.writer, &self.by.handles.store, &room).await?;
        self.bind_room(key, room).await
    }
}
