//! The control room: takes commands from the inbox, decides who may, hands wishes to the engine, and tells how it went.
//!
//! Nothing here changes an account or a room. A command becomes a grant, a deed or a wake-up, each with the command's
//! event as its source, so that a command handled twice after a crash is done once. Commands begin in the order they
//! came; what takes long goes on beside the others.

mod announce;
mod ask;
mod by_hand;
mod commands;
mod confirm;
mod find;
mod plan_text;
mod reply;
mod shown;
mod understand;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use ruma_common::OwnedUserId;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::engine::Engine;
use crate::engine::backoff::Seldom;
use crate::engine::tenure::Tenure;
use crate::homeserver::Speaker;
use crate::speech::Texts;
use crate::store::{InboxEvent, StoreError};

/// The lease of whoever handles the inbox: one process at a time, so that order means something.
const LEASE: &str = "desk";
/// How often the inbox is looked at without being told of arrivals.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How many events are looked at together, beside those that are put off: they must not stand in the way of others.
const BATCH: usize = 500;
/// Handled events are remembered for so long: Synapse sends nothing again that is older.
const REMEMBER: SignedDuration = SignedDuration::from_hours(24 * 30);
/// How often old ones are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// How the bot behaves in rooms, from the configuration.
#[derive(Clone, Debug)]
pub struct ChatSettings {
    /// The bot.
    pub bot: OwnedUserId,
    /// Its display name.
    pub bot_name: String,
    /// What commands begin with.
    pub prefix: String,
    /// For times that people read.
    pub timezone: TimeZone,
    /// Whether `!redact`, said in a managed room, is removed as well.
    pub tidy: bool,
}

/// The control room's desk. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Chat {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    engine: Engine,
    speaker: Speaker,
    texts: Texts,
    settings: ChatSettings,
    arrivals: Arc<Notify>,
    /// Events that are being handled beside the loop, and those that failed with the moment they are tried again.
    put_off: Mutex<BTreeMap<i64, Option<Instant>>>,
    tasks: TaskTracker,
    started: jiff::Timestamp,
}

impl Chat {
    /// Puts the parts together; nothing happens yet. `arrivals` is told when something came in.
    #[must_use]
    pub fn new(engine: Engine, speaker: Speaker, texts: Texts, settings: ChatSettings, arrivals: Arc<Notify>) -> Self {
        let started = engine.clock().now();
        let put_off = Mutex::default();
        let tasks = TaskTracker::new();
        Self { inner: Arc::new(Inner { engine, speaker, texts, settings, arrivals, put_off, tasks, started }) }
    }

    fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    fn texts(&self) -> &Texts {
        &self.inner.texts
    }

    fn settings(&self) -> &ChatSettings {
        &self.inner.settings
    }

    /// Works until it is stopped.
    pub async fn run(&self, holder: &str, stop: &CancellationToken) {
        let mut said = Seldom::default();
        while !stop.is_cancelled() {
            match Tenure::begin_as(LEASE, self.engine().store(), self.engine().clock(), holder).await {
                Ok(Some(tenure)) => {
                    tokio::join!(self.handle_inbox(&tenure, stop), self.tell(&tenure, stop));
                    self.inner.tasks.close();
                    self.inner.tasks.wait().await;
                    self.inner.tasks.reopen();
                    tenure.end().await;
                }
                Ok(None) => pause(LOOK_EVERY, stop).await,
                Err(error) => {
                    if said.is_due() {
                        tracing::warn!(%error, "The lease of the control room could not be asked for");
                    }
                    pause(LOOK_EVERY, stop).await;
                }
            }
        }
    }

    async fn handle_inbox(&self, tenure: &Tenure, stop: &CancellationToken) {
        let (mut forgotten, mut said): (Option<Instant>, _) = (None, Seldom::default());
        while !stop.is_cancelled() && tenure.is_held() {
            let arrived = self.inner.arrivals.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            let at_most = BATCH + self.put_off().len();
            match self.engine().store().inbox_waiting(at_most).await {
                Ok(events) => {
                    let mut over = Vec::new();
                    for event in events {
                        if stop.is_cancelled() || !tenure.is_held() {
                            break;
                        }
                        if !self.is_due(event.seq) {
                            continue;
                        }
                        match self.nothing_to_do(&event).await {
                            Ok(true) => over.push(event.seq),
                            Ok(false) => {
                                let wish = event.event.event_id.as_str();
                                let span = tracing::info_span!("event", inbox.seq = event.seq, wish);
                                self.take(event).instrument(span).await;
                            }
                            Err(error) => self.try_later(event.seq, &error).await,
                        }
                    }
                    if let Err(error) = self.all_done(&over).await
                        && said.is_due()
                    {
                        tracing::warn!(%error, "The inbox could not be written; the same is looked at again");
                    }
                }
                Err(error) if said.is_due() => tracing::warn!(%error, "The inbox could not be read"),
                Err(_) => {}
            }
            if forgotten.is_none_or(|at| at.elapsed() >= FORGET_EVERY) {
                self.forget().await;
                forgotten = Some(Instant::now());
            }
            tokio::select! {
                () = arrived => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn take(&self, event: InboxEvent) {
        let seq = event.seq;
        let taken = match event.event.kind.as_str() {
            "m.room.message" => self.command(event).await,
            "m.reaction" => self.reaction(event).await,
            _ => self.state_event(event).await,
        };
        if let Err(error) = taken {
            self.try_later(seq, &error).await;
        }
    }

    /// Notes that an event is handled.
    async fn done(&self, seq: i64) -> anyhow::Result<()> {
        Ok(self.all_done(&[seq]).await?)
    }

    async fn all_done(&self, seqs: &[i64]) -> Result<(), StoreError> {
        if seqs.is_empty() {
            return Ok(());
        }
        self.engine().store().inbox_done(seqs, self.engine().clock().now()).await?;
        let mut put_off = self.put_off();
        seqs.iter().for_each(|seq| _ = put_off.remove(seq));
        Ok(())
    }

    /// Notes that an event is handled beside the loop.
    fn begin(&self, seq: i64) {
        self.put_off().insert(seq, None);
    }

    /// Has an event looked at again soon; nothing went wrong with it.
    fn look_later(&self, seq: i64) {
        self.put_off().insert(seq, Some(Instant::now() + LOOK_EVERY));
    }

    /// Has an event handled again after a while.
    async fn try_later(&self, seq: i64, error: &anyhow::Error) {
        let attempts = self.engine().store().inbox_retry(seq).await.unwrap_or(1);
        let wait = crate::engine::backoff::wait_after(attempts);
        tracing::warn!(
            inbox.seq = seq,
            attempts,
            why = format!("{error:#}"),
            "An event could not be handled; it is tried again"
        );
        self.put_off().insert(seq, Some(Instant::now() + wait));
    }

    fn is_due(&self, seq: i64) -> bool {
        match self.put_off().get(&seq) {
            None => true,
            Some(None) => false,
            Some(Some(at)) => *at <= Instant::now(),
        }
    }

    fn put_off(&self) -> std::sync::MutexGuard<'_, BTreeMap<i64, Option<Instant>>> {
        // A panic elsewhere cannot leave a map half-changed.
        self.inner.put_off.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn forget(&self) {
        let Ok(before) = self.engine().clock().now().checked_sub(REMEMBER) else { return };
        if let Err(error) = self.engine().store().prune_inbox(before).await {
            tracing::warn!(%error, "Old events could not be forgotten");
        }
    }
}

async fn pause(span: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(span) => {}
    }
}
