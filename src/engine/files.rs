//! Files that are not accepted in managed rooms: redacted, explained to their sender, and made unreachable. What is said
//! about them, once an hour, is stored here.
//!
//! That needs nobody's right, because it is the policy: the audit names the policy as its cause. Separate from deeds,
//! which only carry out what is stored.

use std::collections::BTreeSet;

use equipemed_domain::announcement::Announcement;
use equipemed_domain::deed::{Deed, Files, Unwanted};
use equipemed_domain::event::{Content, Event};
use equipemed_domain::fault::{Fault, FileStays};
use equipemed_domain::key::RoomKey;
use equipemed_domain::media::{Accepted, Refused, goes_along};
use equipemed_domain::mode::OnFile;
use equipemed_domain::outcome::Outcome;
use jiff::{SignedDuration, Timestamp};
use ruma_common::{EventId, OwnedMxcUri, RoomId, UserId};

use super::Engine;
use super::apply::Applier;
use super::deeds::Done;
use super::handles::Handles;
use super::reports;
use crate::store::{ClaimedDeed, FileTold, NewDeed, SERVICE, StoreError};

/// How long the redaction waits for the end of a pause that has none. Ending it makes it due at once, or else the next
/// full pass.
const PAUSED: SignedDuration = SignedDuration::from_hours(24);

/// After this time somebody may have deleted the file.
const WAITED: SignedDuration = SignedDuration::from_secs(2);

/// What is accepted as a file, and what happens to the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRules {
    /// The types that are accepted.
    pub accepted: Accepted,
    /// What happens to others.
    pub action: OnFile,
    /// Whether a redacted message's files become unreachable, too.
    pub quarantine: bool,
}

impl Engine {
    /// Takes up a file that is not accepted: stores its redaction, or tells of it where nothing is changed. Handling the
    /// same event again does nothing.
    pub async fn refuse_file(&self, event: &Event) -> Result<(), Fault> {
        let Content::File { file, thread, media } = &event.content else { return Ok(()) };
        let (store, now) = (self.store(), self.clock().now());
        let Some(room) = store.key_of_room(&event.room_id).await? else { return Ok(()) };
        let is_picture = event.state_key.is_some();
        if is_picture && *file == Refused::Untyped && self.are_pictures(media).await? {
            return Ok(());
        }
        let rules = &self.handles.files;
        let does_it = self.may_write() && rules.action == OnFile::Redact;
        let pause = if does_it { self.handles.pause().await? } else { None };
        if !does_it || pause.is_some() {
            let told = if does_it { FileTold::SeenPaused } else { FileTold::Seen };
            let content =
                Announcement::FileSeen { room, user: event.sender.clone(), why: *file, paused: pause.is_some() };
            store.announce_file(told, (&event.room_id, &event.sender, &event.event_id), &content, now).await?;
        }
        if !does_it {
            return Ok(());
        }
        let unwanted = Unwanted { why: *file, thread: thread.clone(), is_picture };
        let files = Files { sender: event.sender.clone(), media: media.clone(), unwanted: Some(unwanted) };
        let (room_id, event_id) = (event.room_id.clone(), event.event_id.clone());
        let deed = NewDeed {
            deed: Deed::Redact { room_id, event_id, of: None, files: Some(files) },
            asker: SERVICE.to_owned(),
            reason: None,
            due_at: pause.map_or(now, |pause| after_pause(pause.until, now)),
            source: Some(format!("file {} 0", event.event_id)),
        };
        store.add_deed(&deed, now).await?;
        self.wakes().nudge();
        Ok(())
    }

    /// Whether these are pictures by what Synapse knows of them. Clients do not say it of a room's picture.
    async fn are_pictures(&self, media: &BTreeSet<OwnedMxcUri>) -> Result<bool, Fault> {
        for address in media {
            let Ok((server, id)) = address.parts() else { return Ok(false) };
            let file = match self.reader().file(server, id).await {
                // An old Synapse cannot tell, so the picture stays.
                Err(error) if error.errcode() == Some("M_UNRECOGNIZED") => return Ok(true),
                file => file?,
            };
            let media_type = file.and_then(|file| file.media_type);
            if !media_type.is_some_and(|media| self.handles.files.accepted.takes_picture(&media)) {
                return Ok(false);
            }
        }
        Ok(!media.is_empty())
    }
}

fn after_pause(until: Option<Timestamp>, now: Timestamp) -> Timestamp {
    until.or(now.checked_add(PAUSED).ok()).unwrap_or(now)
}

impl Applier {
    /// Redacts an event, and sees to its files.
    pub(super) async fn redact(
        &self,
        claimed: &ClaimedDeed,
        room_id: &RoomId,
        event_id: &EventId,
        files: Option<&Files>,
    ) -> Done {
        let by_policy = claimed.deed.unwanted().is_some();
        if by_policy {
            let now = self.handles.clock.now();
            if let Some(pause) = self.handles.pause().await? {
                return Ok((Outcome::Skipped(Fault::Paused), Some(after_pause(pause.until, now))));
            }
            if self.handles.files.action == OnFile::Report {
                return Ok((Outcome::Skipped(Fault::FileStays(FileStays::Told)), None));
            }
            // What came just now is still there, and in a flood each request counts.
            let has_waited = claimed.due_at > claimed.created_at || now.duration_since(claimed.created_at) > WAITED;
            if has_waited && let Some(outcome) = self.needs_none(claimed, room_id, event_id).await? {
                return Ok((outcome, None));
            }
        }
        let reason = match by_policy {
            true => "EquipeMed".to_owned(),
            false => self.reason(&claimed.asker, claimed.reason.as_deref()),
        };
        // Belongs to the deed: if it is sent twice, Synapse returns the first redaction. Numbers repeat in a new
        // database, times do not.
        let transaction = format!("equipemed-deed-{}-{}", claimed.id.0, claimed.created_at.as_millisecond());
        let redaction = match self.writer.redact(room_id, event_id, Some(&reason), &transaction).await {
            Ok(redaction) => redaction,
            Err(error) => {
                let fault = Fault::from(error);
                self.tell_of_file(claimed, room_id, event_id, Some(&fault)).await?;
                return Err(fault);
            }
        };
        reports::redacted(&self.handles, event_id, &claimed.asker).await?;
        self.tell_of_file(claimed, room_id, event_id, None).await?;
        if let Some(files) = files {
            self.see_to_files(claimed, room_id, files).await?;
        }
        Ok((Outcome::Done(Some(redaction.to_string())), None))
    }

    /// What becomes of a redaction by policy that is not needed any more: its sender has deleted the event, or a corrected
    /// configuration accepts it. A later attempt would take this service's own redaction for the sender's. An event that
    /// is not found may be gone, or the bot out of the room: Synapse says the same of both, and tells them apart when the
    /// redaction is sent.
    async fn needs_none(
        &self,
        claimed: &ClaimedDeed,
        room_id: &RoomId,
        event_id: &EventId,
    ) -> Result<Option<Outcome>, Fault> {
        let Handles { reader, files, .. } = &self.handles;
        Ok(match reader.event_with_files(room_id, event_id, &files.accepted).await {
            Ok(None) => None,
            Ok(Some((event, _))) if event.content.redacted => (claimed.attempt == 1).then_some(Outcome::AlreadySo),
            Ok(Some((_, None))) => Some(Outcome::Skipped(Fault::FileStays(FileStays::Accepted))),
            Ok(Some((_, Some(_)))) => None,
            Err(error) if error.is_absence() => None,
            Err(error) => return Err(error.into()),
        })
    }

    /// Explains a redaction by policy to the sender, or tells the control room why it was not possible.
    async fn tell_of_file(
        &self,
        claimed: &ClaimedDeed,
        room_id: &RoomId,
        event_id: &EventId,
        fault: Option<&Fault>,
    ) -> Result<(), StoreError> {
        let Some((files, unwanted)) = claimed.deed.unwanted() else { return Ok(()) };
        let (store, now) = (&self.handles.store, self.handles.clock.now());
        let user = files.sender.clone();
        let (told, content) = match fault {
            None => {
                if unwanted.is_picture {
                    // The bot's own redactions are not pushed to the cache.
                    self.handles.room_cache.doubt(room_id);
                }
                let accepted = self.handles.files.accepted.ranges().iter().map(ToString::to_string).collect();
                let (room_id, event_id) = (room_id.to_owned(), event_id.to_owned());
                let (thread, why) = (unwanted.thread.clone(), unwanted.why);
                (FileTold::Explained, Announcement::FileRedacted { room_id, event_id, thread, user, why, accepted })
            }
            // Synapse is away, or too busy: it is tried again.
            Some(fault) if super::deeds::is_passing(fault) => return Ok(()),
            Some(fault) => {
                let room = store.key_of_room(room_id).await?.unwrap_or_else(|| RoomKey::from(room_id.as_str()));
                (FileTold::Stays, Announcement::FileStays { room, user, detail: fault.clone() })
            }
        };
        store.announce_file(told, (room_id, &files.sender, event_id), &content, now).await?;
        Ok(())
    }

    /// Stores what makes a redacted message's files unreachable. Each is a deed of its own, with its own record: whatever
    /// becomes of it, the redaction stands.
    async fn see_to_files(&self, claimed: &ClaimedDeed, room_id: &RoomId, files: &Files) -> Result<(), StoreError> {
        if !self.handles.files.quarantine || !goes_along(&files.sender, &claimed.asker) {
            return Ok(());
        }
        let (store, now) = (&self.handles.store, self.handles.clock.now());
        let unwanted = files.unwanted.is_some();
        let deeds: Vec<NewDeed> = files
            .media
            .iter()
            .enumerate()
            .map(|(number, file)| {
                let (room_id, sender, file) = (room_id.to_owned(), files.sender.clone(), file.clone());
                NewDeed {
                    deed: Deed::Quarantine { room_id, sender, file, unwanted },
                    asker: claimed.asker.clone(),
                    reason: claimed.reason.clone(),
                    due_at: now,
                    // Makes it once, however often the redaction is sent. A stop leaves it: nobody could ask again.
                    source: claimed.source.as_ref().map(|source| format!("{source}-file-{number}")),
                }
            })
            .collect();
        if !deeds.is_empty() {
            store.add_deeds(&deeds, now).await?;
            self.handles.wakes.nudge();
        }
        Ok(())
    }

    /// Makes a file unreachable if this account uploaded it. An `unwanted` one only if its type is not accepted: else
    /// anybody could make the pictures of others unreachable, by uploading the same bytes and lying about them.
    pub(super) async fn quarantine(
        &self,
        sender: &UserId,
        file: &OwnedMxcUri,
        unwanted: bool,
    ) -> Result<Outcome, Fault> {
        let stays = |why| Ok(Outcome::Skipped(Fault::FileStays(why)));
        let Ok((server, id)) = file.parts() else { return stays(FileStays::Elsewhere) };
        if server != self.handles.configured.server_name {
            return stays(FileStays::Elsewhere);
        }
        let Some(detail) = self.writer.reader().file(server, id).await? else { return Ok(Outcome::AlreadySo) };
        if detail.uploader.as_deref() != Some(sender) {
            return stays(FileStays::OfAnother);
        }
        let accepted = &self.handles.files.accepted;
        let is_accepted = |media: &String| media.parse().is_ok_and(|media| accepted.takes(&media));
        if unwanted && detail.media_type.as_ref().is_some_and(is_accepted) {
            return stays(FileStays::Accepted);
        }
        if detail.is_quarantined {
            return Ok(Outcome::AlreadySo);
        }
        if detail.is_protected {
            return stays(FileStays::Protected);
        }
        self.writer.quarantine(server, id).await?;
        Ok(Outcome::Done(None))
    }
}
