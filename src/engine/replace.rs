//! Replaces a room that cannot be kept: encrypted, upgraded by hand, deleted, or out of the bot's reach.
//!
//! The request names the old room. Once the key has another one, only the remaining work is done, so a room is replaced
//! once, however often the deed restarts after a crash. The new room's ordinary pass sets members, levels and alias.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::action::{Action, NewRoom, Subject};
use equipemed_domain::announcement::Announcement;
use equipemed_domain::fault::{Fault, NotReplaced};
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::levels::{initial_content, initial_control_content};
use equipemed_domain::observed::Membership;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::policy::{Policy, RoomPolicy};
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use ruma_common::{EventId, OwnedEventId, OwnedRoomId, RoomId};

use super::adopt::release_alias;
use super::apply::Applier;
use super::encrypts::delete_if_so;
use super::handles::Handles;
use super::observe::STILL_AT_IT;
use super::pictures;
use super::setup::version_for;
use crate::homeserver::{HomeserverError, RoomToCreate};
use crate::store::{AuditCause, ClaimedDeed, Intent};

/// Why a room is replaced, as far as visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing is wrong with it.
    Sound,
    /// It is encrypted.
    Encrypted,
    /// Somebody has replaced it already, perhaps by this room.
    Replaced {
        /// The room named by its tombstone.
        by: Option<OwnedRoomId>,
    },
    /// The bot is not in it.
    BotOut,
    /// It cannot be read: it may be deleted, or without the bot.
    Unreadable {
        /// Synapse's response.
        why: HomeserverError,
    },
}

/// Result of looking at a room to be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaceable {
    /// The key's present room.
    pub room_id: OwnedRoomId,
    /// What is wrong with it.
    pub condition: Condition,
    /// Whether the bot can close it.
    pub closes: bool,
}

/// Looks at a key's present room.
pub(super) async fn replaceable(handles: &Handles, key: &RoomKey) -> Result<Replaceable, Fault> {
    let policy = handles.policy().await?;
    if !policy.rooms.contains_key(key) {
        return Err(NotReplaced::UnknownKey { key: key.clone() }.into());
    }
    let bound = handles.store.rooms().await?.remove(key);
    let room_id = bound.ok_or_else(|| NotReplaced::NoRoom { key: key.clone() })?;
    let seen = match handles.reader.room(&room_id).await {
        Ok(seen) => seen,
        Err(why) if why.concerns_all() => return Err(why.into()),
        Err(why) => return Ok(Replaceable { room_id, condition: Condition::Unreadable { why }, closes: false }),
    };
    let is_in = seen.members.get(&policy.bot) == Some(&Membership::Join);
    let condition = match &seen.replaced {
        _ if !is_in => Condition::BotOut,
        Some(replaced) => Condition::Replaced { by: replaced.successor.clone() },
        None if seen.encrypted => Condition::Encrypted,
        None => Condition::Sound,
    };
    let closes = is_in && seen.level_of(&policy.bot) >= seen.needs_for_state("m.room.tombstone");
    Ok(Replaceable { room_id, condition, closes })
}

impl Applier {
    /// Replaces a room; if the key has another one already, does the remaining work.
    pub(super) async fn replace(&self, deed: &ClaimedDeed, key: &RoomKey, old: &RoomId) -> Result<Outcome, Fault> {
        let Handles { store, clock, room_cache, wakes, .. } = &self.handles;
        let subject = Subject::Room(key.clone());
        let _hold = self.subjects.hold(&subject).await;
        let policy = self.handles.policy().await?;
        let room = policy.rooms.get(key).ok_or_else(|| NotReplaced::UnknownKey { key: key.clone() })?;
        let known = store.rooms().await?;
        let bound = known.get(key).cloned().ok_or_else(|| NotReplaced::NoRoom { key: key.clone() })?;
        // Removes the key from the old room.
        let last = self.if_it_can(self.writer.mark_room(old, None).await, "marked")?;
        let sent_to = match self.handles.reader.successor(old).await {
            Err(error) if error.concerns_all() || error.is_retryable() => return Err(error.into()),
            sent_to => sent_to.ok().flatten(),
        };
        let new = if bound == *old {
            let made = self.made_for(deed, &policy, key, room, (old, last.as_deref()), &known).await;
            let is_over = match &made {
                Ok(_) | Err(Fault::Store(_) | Fault::Homeserver(HomeserverError::MaybeDone { .. })) => false,
                Err(Fault::Homeserver(why)) => !why.concerns_all() && !why.is_retryable(),
                Err(_) => true,
            };
            if is_over {
                // It stays the key's room, and must be recognisable as that without our database.
                self.if_it_can(self.writer.mark_room(old, Some(key)).await, "marked again")?;
            }
            let new = made?;
            store.rebind_room(key, &new, clock.now()).await?;
            // From here on, plans for the old room are stale, whatever happens.
            self.subjects.note_write(&subject);
            room_cache.doubt(old);
            new
        } else {
            bound
        };
        let before = BTreeSet::from_iter([old.to_owned()].into_iter().chain(sent_to.filter(|room| *room != new)));
        release_alias(&self.handles, &self.writer, key, &before).await?;
        self.unlink(deed, &policy, key, old, &known).await?;
        if self.if_it_can(self.writer.close_room(old, &new).await, "closed")?.is_some() {
            let told = Announcement::Moved { from: old.to_owned(), room: key.clone(), to: new.clone() };
            store.announce(&format!("moved:{old}"), &told, clock.now()).await?;
        }
        self.subjects.note_write(&subject);
        room_cache.doubt(old);
        room_cache.doubt(&new);
        let wishes: Vec<Wish> = deed.source.iter().map(Wish::new).collect();
        wakes.wake_for(&[Wake::Room(key.clone())], &wishes, "replaced").await?;
        let around: Vec<Wake> = neighbours(&policy, key, room).map(|other| Wake::Room(other.clone())).collect();
        wakes.wake_for(&around, &[], "replaced").await?;
        Ok(Outcome::Done(Some(new.to_string())))
    }

    /// The new room: from an earlier attempt, or created now.
    async fn made_for(
        &self,
        deed: &ClaimedDeed,
        policy: &Policy,
        key: &RoomKey,
        room: &RoomPolicy,
        (old, last): (&RoomId, Option<&EventId>),
        known: &BTreeMap<RoomKey, OwnedRoomId>,
    ) -> Result<OwnedRoomId, Fault> {
        let known = known.values().cloned().collect();
        let mut made = self.made_before(key, old, &known).await?;
        if made.is_none() && deed.attempt > 1 {
            // Synapse may still be creating it.
            tokio::time::sleep(STILL_AT_IT).await;
            made = self.made_before(key, old, &known).await?;
        }
        let made = match made {
            Some(made) => made,
            None => {
                let is_control = key.as_str() == CONTROL_ROOM;
                let invite = policy.users.break_glass.iter().filter(|_| is_control).cloned().collect();
                // Its pass links it to its space and publishes the alias, which the old room keeps until then.
                let versions = self.handles.reader.room_versions().await?;
                let like = NewRoom::of(room, version_for(key, room, &versions)?);
                let mut new = NewRoom { alias: None, parent: None, invite, ..like };
                pictures::upload_in(&self.writer, &self.handles.store, &mut new.settings).await?;
                let levels = match is_control {
                    true => initial_control_content(&new.version, &policy.bot),
                    false => initial_content(&new.version, new.kind, &policy.bot, &new.levels, new.default_level),
                };
                let predecessor = Some((old, last));
                let wanted = RoomToCreate { key, new: &new, parent: None, predecessor, levels };
                match self.writer.create_room(&wanted).await {
                    Err(error @ HomeserverError::MaybeDone { .. }) => {
                        tokio::time::sleep(STILL_AT_IT).await;
                        self.made_before(key, old, &known).await?.ok_or(error)?
                    }
                    made => made?,
                }
            }
        };
        delete_if_so(&self.writer, &self.handles.store, &made).await?;
        Ok(made)
    }

    /// A replacement that was created but not noted. Other rooms with the key lose it.
    async fn made_before(
        &self,
        key: &RoomKey,
        old: &RoomId,
        known: &BTreeSet<OwnedRoomId>,
    ) -> Result<Option<OwnedRoomId>, Fault> {
        let reader = &self.handles.reader;
        let mut found = None;
        for room_id in reader.rooms_with_key(key, known).await? {
            match found.is_none() && reader.predecessor(&room_id).await?.as_deref() == Some(old) {
                true => found = Some(room_id),
                false => _ = self.if_it_can(self.writer.mark_room(&room_id, None).await, "marked")?,
            }
        }
        Ok(found)
    }

    /// Removes the old room from its space, or a space from its rooms.
    async fn unlink(
        &self,
        deed: &ClaimedDeed,
        policy: &Policy,
        key: &RoomKey,
        old: &RoomId,
        known: &BTreeMap<RoomKey, OwnedRoomId>,
    ) -> Result<(), Fault> {
        let (store, clock, reader) = (&self.handles.store, &self.handles.clock, &self.handles.reader);
        let Some(room) = policy.rooms.get(key) else { return Ok(()) };
        for other in neighbours(policy, key, room) {
            let Some(room_id) = known.get(other) else { continue };
            let is_space = room.parent.as_ref() == Some(other);
            let link = if is_space { "m.space.child" } else { "m.space.parent" };
            let content = reader.state(room_id, link, old.as_str()).await;
            if !content.is_ok_and(|content| content.is_some_and(|content| content.contains_key("via"))) {
                continue;
            }
            let (other, key) = (other.clone(), key.clone());
            let action = match is_space {
                true => Action::DropChild { room: other, child: key },
                false => Action::SetParent { room: other, parent: key },
            };
            let intent = Intent::of_action(None, &deed.asker, AuditCause::Deed(deed.id), &action)?;
            let ids = store.intend(&[intent], clock.now()).await?;
            let done = match is_space {
                true => self.writer.drop_child(room_id, old).await,
                false => self.writer.drop_parent(room_id, old).await,
            };
            let outcome = match &done {
                Ok(event) => Outcome::Done(Some(event.to_string())),
                Err(error) => Outcome::Failed(error.clone().into()),
            };
            store.conclude(&ids.into_iter().map(|id| (id, outcome.clone())).collect::<Vec<_>>(), clock.now()).await?;
            self.handles.room_cache.doubt(room_id);
            self.if_it_can(done, "taken out of its space")?;
        }
        Ok(())
    }

    /// For writes to a room that may be gone or out of the bot's reach, and is left as it is then.
    fn if_it_can(
        &self,
        done: Result<OwnedEventId, HomeserverError>,
        what: &str,
    ) -> Result<Option<OwnedEventId>, HomeserverError> {
        match done {
            Ok(event) => Ok(Some(event)),
            Err(error) if error.concerns_all() || error.is_retryable() => Err(error),
            Err(error) => {
                tracing::warn!(%error, "The room that is replaced could not be {what}");
                Ok(None)
            }
        }
    }
}

/// The rooms linked to a room: its space and its children.
fn neighbours<'p>(policy: &'p Policy, key: &'p RoomKey, room: &'p RoomPolicy) -> impl Iterator<Item = &'p RoomKey> {
    let below = policy.rooms.iter().filter(move |(_, other)| other.parent.as_ref() == Some(key));
    room.parent.iter().chain(below.map(|(other, _)| other))
}
