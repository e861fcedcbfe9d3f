//! Judges state events: changes by hand, and what the bot's own account did.

use std::time::Duration;

use equipemed_domain::announcement::Announcement;
use equipemed_domain::event::{Content, Event, MembershipState};
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use equipemed_domain::wake::Wake;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use ruma_common::{OwnedUserId, UserId};

use crate::engine::Engine;
use crate::engine::drift::Judgement;
use crate::store::InboxEvent;

/// Tolerance between event and record: an event may be pushed before its outcome is noted, and Synapse's clock may
/// differ.
const SLACK: Duration = Duration::from_secs(30);
/// How long an event of the bot without a record may wait for one.
const PATIENCE: SignedDuration = SignedDuration::from_secs(10);

/// State whose content a redaction keeps, in every room version (redaction algorithm of the Matrix specification).
const KEPT: [&str; 3] = ["m.room.history_visibility", "m.room.join_rules", "m.room.member"];

/// Judges state events.
#[derive(Debug)]
pub(super) struct StateEvents {
    engine: Engine,
    bot: OwnedUserId,
}

/// What to do about an event.
pub(super) enum Next {
    /// Nothing.
    Over,
    /// Wake this room: its pass reports changes that are not judged here.
    Wake(RoomKey),
    /// Look at it again soon.
    Later,
    /// Run this to its end.
    Goes(BoxFuture<'static, Result<(), Fault>>),
}

impl StateEvents {
    pub(super) fn new(engine: &Engine, bot: &UserId) -> Self {
        Self { engine: engine.clone(), bot: bot.to_owned() }
    }

    /// Whether an event needs no handling: somebody joined, or this service did it as the bot. A first sync causes
    /// thousands of these; they are marked together.
    pub(super) async fn nothing_to_do(&self, event: &InboxEvent) -> anyhow::Result<bool> {
        let InboxEvent { event: seen, .. } = event;
        if seen.state_key.is_none() {
            return Ok(false);
        }
        if seen.sender == self.bot {
            return self.is_on_record(event).await;
        }
        let is_own = seen.state_key.as_deref() == Some(seen.sender.as_str());
        Ok(is_own && matches!(seen.content, Content::Member { membership: MembershipState::Join, .. }))
    }

    /// Of a redaction, the change that it made to the room's state: Synapse serves the redacted event without its content.
    /// None when that was no state, or state that a redaction leaves as it is.
    async fn redacted_state(&self, event: InboxEvent) -> anyhow::Result<Option<InboxEvent>> {
        let Content::Redaction { redacts } = &event.event.content else { return Ok(Some(event)) };
        let redacted = match self.engine.reader().event(&event.event.room_id, redacts).await {
            Err(error) if error.is_absence() => None,
            redacted => redacted?,
        };
        let state = redacted.filter(|redacted| redacted.state_key.is_some() && !KEPT.contains(&redacted.kind.as_str()));
        Ok(state.map(|state| {
            let (kind, state_key) = (state.kind, state.state_key);
            InboxEvent { event: Event { kind, state_key, content: Content::Other, ..event.event }, ..event }
        }))
    }

    /// Handles a state event, or a redaction, in a managed room.
    pub(super) async fn handle(&self, event: InboxEvent) -> anyhow::Result<Next> {
        let room = self.engine.store().key_of_room(&event.event.room_id).await?;
        if event.event.sender == self.bot {
            return self.own_event(event, room).await;
        }
        let Some(room) = room else { return Ok(Next::Over) };
        let Some(event) = self.redacted_state(event).await? else { return Ok(Next::Over) };
        Ok(match self.engine.by_hand().judge(&room, &event.event).await? {
            Judgement::Over => Next::Over,
            Judgement::Unknown => Next::Wake(room),
            Judgement::Drift(what) => {
                let engine = self.engine.clone();
                Next::Goes(async move { engine.by_hand().follow(&room, &event.event, &what).await }.boxed())
            }
        })
    }

    /// Whether this service was active in the room at that time, or the room is unmanaged.
    async fn is_on_record(&self, event: &InboxEvent) -> anyhow::Result<bool> {
        let store = self.engine.store();
        match store.key_of_room(&event.event.room_id).await? {
            None => Ok(true),
            Some(room) => Ok(store.was_busy_in(&room, event.event.sent_at, SLACK).await?),
        }
    }

    /// Every event of the bot's account must come from this service. Otherwise somebody else has its token, or Synapse
    /// acted in its name. The event may arrive before its outcome is noted, so it waits a little.
    async fn own_event(&self, event: InboxEvent, room: Option<RoomKey>) -> anyhow::Result<Next> {
        let (store, now) = (self.engine.store(), self.engine.clock().now());
        if now.duration_since(event.received_at) < PATIENCE {
            return Ok(Next::Later);
        }
        tracing::error!(
            event.kind = event.event.kind,
            event.id = %event.event.event_id,
            "The bot's account did something that this service has no record of"
        );
        let told = Announcement::Stray { kind: event.event.kind.clone(), room_id: event.event.room_id.clone() };
        store.announce(&format!("stray:{}", event.event.event_id), &told, now).await?;
        // Whoever did it, revert it like any change by hand.
        if let Some(room) = room {
            self.engine.wake(&Wake::Room(room), "by hand").await?;
        }
        Ok(Next::Over)
    }
}
