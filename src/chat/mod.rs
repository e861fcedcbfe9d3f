//! The control room: takes commands from the inbox, passes them to the operations, and reports the results.
//!
//! Nothing here changes an account or a room. A command becomes a grant, a deed or a wake-up, each with the command's
//! event as its source, so that a command handled twice after a crash has its effect once. Commands begin in order of
//! arrival; long ones continue in the background.

mod announce;
mod ask;
mod by_hand;
mod commands;
mod confirm;
mod inbox;
mod misread;
mod plan_text;
mod reply;
mod reports;
mod shown;
mod understand;
mod voice;
mod words;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use announce::Announcer;
use by_hand::{Next, StateEvents};
use equipemed_domain::event::Content;
use equipemed_domain::restraint::Restraint;
use equipemed_domain::wake::Wake;
use inbox::Inbox;
use jiff::tz::TimeZone;
use ruma_common::OwnedUserId;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use voice::Voice;

use crate::engine::Engine;
use crate::engine::backoff::Seldom;
use crate::engine::tenure::Tenure;
use crate::homeserver::Speaker;
use crate::speech::Texts;
use crate::store::InboxEvent;

/// The lease for handling the inbox. Only one process handles it at a time, which preserves the order.
const LEASE: &str = "desk";
/// Name of the lane, as its signs of life give it.
const DESK: &str = "control room";
/// How often to read the inbox without a signal of arrivals.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often to delete old events.
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// The bot's behaviour in rooms, from the configuration.
#[derive(Clone, Debug)]
pub struct ChatSettings {
    /// The bot.
    pub bot: OwnedUserId,
    /// Its display name.
    pub bot_name: String,
    /// Prefix of commands.
    pub prefix: String,
    /// Time zone of times shown to people.
    pub timezone: TimeZone,
    /// Whether to redact a `!redact` command in a managed room as well.
    pub tidy: bool,
}

/// The control room's desk. Cheap to clone; clones share one state.
#[derive(Clone, Debug)]
pub struct Chat {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    engine: Engine,
    texts: Texts,
    settings: ChatSettings,
    voice: Voice,
    inbox: Inbox,
    by_hand: StateEvents,
    announcer: Announcer,
    arrivals: Arc<Notify>,
    tasks: TaskTracker,
    started: jiff::Timestamp,
    /// In memory, because one process handles the inbox.
    restraint: Mutex<Restraint>,
}

impl Chat {
    /// Connects the parts without starting anything. `arrivals` signals new events.
    #[must_use]
    pub fn new(engine: Engine, speaker: Speaker, texts: Texts, settings: ChatSettings, arrivals: Arc<Notify>) -> Self {
        let inner = Inner {
            voice: Voice::new(&engine, &speaker, &texts, &settings.bot),
            inbox: Inbox::new(engine.store(), engine.clock()),
            by_hand: StateEvents::new(&engine, &settings.bot),
            announcer: Announcer::new(&engine, speaker, &texts, &settings.timezone),
            started: engine.clock().now(),
            tasks: TaskTracker::new(),
            restraint: Mutex::default(),
            engine,
            texts,
            settings,
            arrivals,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Works until stopped.
    pub async fn run(&self, holder: &str, stop: &CancellationToken) {
        let Inner { engine, announcer, tasks, .. } = &*self.inner;
        let mut said = Seldom::default();
        while !stop.is_cancelled() {
            engine.beats().beat(DESK);
            match Tenure::begin_as(LEASE, engine.store(), engine.clock(), holder).await {
                Ok(Some(tenure)) => {
                    tokio::join!(self.handle_inbox(&tenure, stop), announcer.tell(&tenure, stop));
                    tasks.close();
                    tasks.wait().await;
                    tasks.reopen();
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
        let Inner { engine, inbox, by_hand, arrivals, .. } = &*self.inner;
        let (mut forgotten, mut said): (Option<Instant>, _) = (None, Seldom::default());
        while !stop.is_cancelled() && tenure.is_held() {
            engine.beats().beat(DESK);
            let arrived = arrivals.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            match inbox.due().await {
                Ok(events) => {
                    let mut over = Vec::new();
                    for event in events {
                        // While Synapse is away, each of them may wait as long as a request does.
                        engine.beats().beat(DESK);
                        if stop.is_cancelled() || !tenure.is_held() {
                            break;
                        }
                        match by_hand.nothing_to_do(&event).await {
                            Ok(true) => over.push(event.seq),
                            Ok(false) => {
                                let wish = event.event.event_id.as_str();
                                let span = tracing::info_span!("event", inbox.seq = event.seq, wish);
                                self.take(event).instrument(span).await;
                            }
                            Err(error) => inbox.try_later(event.seq, &error).await,
                        }
                    }
                    if let Err(error) = inbox.done(&over).await
                        && said.is_due()
                    {
                        tracing::warn!(%error, "The inbox could not be written; the same is looked at again");
                    }
                }
                Err(error) if said.is_due() => tracing::warn!(%error, "The inbox could not be read"),
                Err(_) => {}
            }
            if forgotten.is_none_or(|at| at.elapsed() >= FORGET_EVERY) {
                inbox.forget().await;
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
        if matches!(event.event.content, Content::File { .. }) {
            return self.file(event).await;
        }
        let taken = match event.event.kind.as_str() {
            "m.room.message" => self.command(event).await,
            "m.reaction" => self.reaction(event).await,
            "m.room.redaction" => match self.redaction(&event).await {
                Ok(false) => self.state_event(event).await,
                Ok(true) => self.done(seq).await,
                Err(error) => Err(error),
            },
            _ => self.state_event(event).await,
        };
        if let Err(error) = taken {
            self.inner.inbox.try_later(seq, &error).await;
        }
    }

    /// A file that is not accepted. A room's picture is a change by hand as well.
    async fn file(&self, event: InboxEvent) {
        let seq = event.seq;
        let taken = match self.inner.engine.refuse_file(&event.event).await {
            Ok(()) if event.event.state_key.is_some() => self.state_event(event).await,
            Ok(()) => self.done(seq).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = taken {
            self.inner.inbox.try_later(seq, &error).await;
        }
    }

    async fn state_event(&self, event: InboxEvent) -> anyhow::Result<()> {
        let seq = event.seq;
        match self.inner.by_hand.handle(event).await? {
            Next::Over => self.done(seq).await,
            Next::Wake(room) => {
                self.done(seq).await?;
                Ok(self.inner.engine.wake(&Wake::Room(room), "by hand").await?)
            }
            Next::Later => {
                self.inner.inbox.look_later(seq);
                Ok(())
            }
            // In the background: the next change by hand must not wait for this pass.
            Next::Goes(on) => {
                self.inner.inbox.begin(seq);
                let chat = self.clone();
                self.inner.tasks.spawn(async move {
                    let ended = match on.await {
                        Ok(()) => chat.done(seq).await,
                        Err(error) => Err(error.into()),
                    };
                    if let Err(error) = ended {
                        chat.inner.inbox.try_later(seq, &error).await;
                    }
                });
                Ok(())
            }
        }
    }

    fn restraint(&self) -> MutexGuard<'_, Restraint> {
        self.inner.restraint.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> jiff::Timestamp {
        self.inner.engine.clock().now()
    }

    async fn done(&self, seq: i64) -> anyhow::Result<()> {
        Ok(self.inner.inbox.done(&[seq]).await?)
    }
}

async fn pause(span: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(span) => {}
    }
}
