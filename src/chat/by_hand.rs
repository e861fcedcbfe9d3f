//! State events: what people changed by hand, and what the bot's own account did.

use std::time::Duration;

use equipemed_domain::announcement::Announcement;
use equipemed_domain::event::{Content, MembershipState};
use equipemed_domain::wake::Wake;
use jiff::SignedDuration;

use super::Chat;
use crate::engine::drift::Judgement;
use crate::store::InboxEvent;

/// An event of our own may be pushed before its outcome is noted, and Synapse's clock may differ a little.
const SLACK: Duration = Duration::from_secs(30);
/// So long an event of our own without a record may wait for it.
const PATIENCE: SignedDuration = SignedDuration::from_secs(10);

impl Chat {
    /// Whether an event needs no hand: somebody came in, or the bot's account did what this service did. A first sync is
    /// thousands of these, which are noted together.
    pub(super) async fn nothing_to_do(&self, event: &InboxEvent) -> anyhow::Result<bool> {
        let InboxEvent { event: seen, .. } = event;
        if seen.state_key.is_none() {
            return Ok(false);
        }
        if seen.sender == self.settings().bot {
            return self.is_on_record(event).await;
        }
        let is_own = seen.state_key.as_deref() == Some(seen.sender.as_str());
        Ok(is_own && matches!(seen.content, Content::Member { membership: MembershipState::Join, .. }))
    }

    /// Handles a state event in a managed room.
    pub(super) async fn state_event(&self, event: InboxEvent) -> anyhow::Result<()> {
        if event.event.sender == self.settings().bot {
            return self.own_event(event).await;
        }
        let room = self.engine().store().key_of_room(&event.event.room_id).await?;
        let Some(room) = room else { return self.done(event.seq).await };
        let what = match self.engine().by_hand().judge(&room, &event.event).await? {
            Judgement::Over => return self.done(event.seq).await,
            Judgement::Unknown => {
                // The pass tells what nobody is about to judge.
                self.done(event.seq).await?;
                return Ok(self.engine().wake(&Wake::Room(room), "by hand").await?);
            }
            Judgement::Drift(what) => what,
        };
        // Followed to its end beside the others: the next change by hand must not wait for this pass.
        self.begin(event.seq);
        let chat = self.clone();
        self.inner.tasks.spawn(async move {
            let ended = match chat.engine().by_hand().follow(&room, &event.event, &what).await {
                Ok(()) => chat.done(event.seq).await,
                Err(error) => Err(error.into()),
            };
            if let Err(error) = ended {
                chat.try_later(event.seq, &error).await;
            }
        });
        Ok(())
    }

    /// Whether this service was at work in that room at that moment, or has nothing to do with the room.
    async fn is_on_record(&self, event: &InboxEvent) -> anyhow::Result<bool> {
        let store = self.engine().store();
        match store.key_of_room(&event.event.room_id).await? {
            None => Ok(true),
            Some(room) => Ok(store.was_busy_in(&room, event.event.sent_at, SLACK).await?),
        }
    }

    /// What the bot's account did must be something that this service did. Otherwise somebody else has its token, or
    /// Synapse acted in its name. An event may come before its outcome is noted, so that it waits a little.
    async fn own_event(&self, event: InboxEvent) -> anyhow::Result<()> {
        let (store, now) = (self.engine().store(), self.engine().clock().now());
        if now.duration_since(event.received_at) < PATIENCE {
            self.look_later(event.seq);
            return Ok(());
        }
        tracing::error!(
            event.kind = event.event.kind,
            event.id = %event.event.event_id,
            "The bot's account did something that this service has no record of"
        );
        let told = Announcement::Stray { kind: event.event.kind.clone(), room_id: event.event.room_id.clone() };
        store.announce(&format!("stray:{}", event.event.event_id), &told, now).await?;
        // Whoever it was, it is put back as what anybody else does by hand.
        if let Some(room) = store.key_of_room(&event.event.room_id).await? {
            self.engine().wake(&Wake::Room(room), "by hand").await?;
        }
        self.done(event.seq).await
    }
}
