//! Bans that somebody else than the bot set: whose doing each is, so that none is lifted by guess.
//!
//! A ban is known by its event. Those that were judged when they were heard are on record: with the right as a grant,
//! without it as a change by hand. What nobody judged, such as what was there before the service came, is only told.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::Fault;
use equipemed_domain::finding::Finding;
use equipemed_domain::grant::{GrantId, GrantKind};
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::{BanByHand, Membership, RoomSight};
use jiff::Timestamp;
use ruma_common::{OwnedRoomId, OwnedUserId, UserId};

use super::drift::ByHand;
use super::fights::Fights;
use crate::store::{NewGrant, StoreError};

/// Bans that are no news: about to be judged, or left alone after they were told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KnownBans(BTreeSet<(RoomKey, OwnedUserId)>);

impl KnownBans {
    /// What is to be told of a plan's findings.
    pub(super) fn without(&self, findings: &[Finding]) -> Vec<Finding> {
        let is_news = |finding: &&Finding| match finding {
            Finding::BannedByHand { room, user } => !self.0.contains(&(room.clone(), user.clone())),
            _ => true,
        };
        findings.iter().filter(is_news).cloned().collect()
    }
}

/// Tells the plan which bans by hand it may lift, and gives those that are no news.
pub(super) async fn know_bans(
    fights: &Fights,
    rooms: &mut BTreeMap<RoomKey, RoomSight>,
    now: Timestamp,
) -> Result<KnownBans, Fault> {
    let mut known_bans = BTreeSet::new();
    let has_bans = |sight: &RoomSight| matches!(sight, RoomSight::Seen(room) if !room.bans_by_hand.is_empty());
    if !rooms.values().any(has_bans) {
        return Ok(KnownBans(known_bans));
    }
    let store = &fights.store;
    // What waits first: an event is on record before it is handled.
    let waiting = store.memberships_waiting().await?;
    let (granted, without_right) = (store.sources_of_bans().await?, store.drift_of_bans().await?);
    for (key, sight) in rooms {
        let RoomSight::Seen(room) = sight else { continue };
        for (user, ban) in &room.bans_by_hand {
            let event = ban.event.as_str();
            let known = if granted.contains(event) {
                Some(Membership::BannedForGrant)
            } else if let Some(known) = without_right.get(event) {
                (!fights.is_left(known, now).await?).then_some(Membership::BannedWithoutRight)
            } else if waiting.contains(event) {
                None
            } else {
                continue;
            };
            match known {
                Some(known) => _ = room.members.insert(user.clone(), known),
                None => _ = known_bans.insert((key.clone(), user.clone())),
            }
        }
    }
    Ok(KnownBans(known_bans))
}

impl ByHand {
    /// Where somebody is banned by hand in these rooms, and no grant ever stood for it.
    pub async fn bans_of(
        &self,
        user: &UserId,
        rooms: impl IntoIterator<Item = (RoomKey, OwnedRoomId)>,
    ) -> Result<BTreeMap<RoomKey, BanByHand>, Fault> {
        let mut found = BTreeMap::new();
        for (key, sight) in self.handles.rooms(rooms).await? {
            if let RoomSight::Seen(room) = sight
                && let Some(ban) = room.bans_by_hand.get(user)
            {
                found.insert(key, ban.clone());
            }
        }
        if !found.is_empty() {
            let granted = self.handles.store.sources_of_bans().await?;
            found.retain(|_, ban| !granted.contains(ban.event.as_str()));
        }
        Ok(found)
    }

    /// Ends a ban by hand as if it had been a wish of whoever set it: the next pass lifts it.
    pub async fn end_ban(
        &self,
        person: PersonId,
        room: &RoomKey,
        ban: &BanByHand,
        by: &str,
    ) -> Result<GrantId, StoreError> {
        let now = self.handles.clock.now();
        let new = NewGrant {
            person,
            kind: GrantKind::Ban,
            scope: Some(room.clone()),
            asker: ban.sender.to_string(),
            reason: None,
            expires_at: None,
            source: Some(ban.event.to_string()),
        };
        let grant = self.handles.store.add_grant(&new, now).await?;
        self.handles.store.end_grant(grant.id, by, now).await?;
        Ok(grant.id)
    }
}
