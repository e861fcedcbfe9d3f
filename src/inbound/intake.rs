//! The only way in for events, pushed or read back: sorts and stores them, and only then notifies anybody.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use equipemed_domain::command::CommandPlace;
use equipemed_domain::event::{Content, Event};
use equipemed_domain::key::RoomKey;
use jiff::{SignedDuration, Timestamp};
use ruma_common::{OwnedEventId, OwnedRoomId, RoomId};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::answered::Answered;
use super::arrivals::Arrivals;
use super::command_filter::CommandFilter;
use super::sort::{OwnSeat, Treatment, own_seat, treatment};
use crate::clock::Clock;
use crate::engine::Engine;
use crate::homeserver::RawEvent;
use crate::metrics::Arrived;
use crate::store::{Dialect, Store, StoreError};

/// How long the list of managed rooms is cached; an unknown room causes a read at once.
const ROOMS_FOR: SignedDuration = SignedDuration::from_secs(60);

/// How long a transaction waits at startup for earlier events; Synapse waits a minute for the response.
const IN_ORDER_WITHIN: Duration = Duration::from_secs(20);

/// How events arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Pushed by Synapse.
    Pushed,
    /// Requested by this service.
    ReadBack,
}

/// Why a transaction was not accepted.
#[derive(Debug, thiserror::Error)]
pub(super) enum Untaken {
    /// The body is truncated or is no transaction.
    #[error("not a transaction")]
    NotJson,
    /// The events could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A body of `PUT /transactions/{id}`.
#[derive(Deserialize)]
struct Transaction<'a> {
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

/// Takes events in. They are stored before anybody is notified.
pub struct Intake {
    store: Store,
    clock: Clock,
    filter: CommandFilter,
    arrivals: Arrivals,
    metrics: Arrived,
    /// Set later: Synapse may push before it has answered, and the engine needs its answer.
    engine: OnceLock<Engine>,
    is_proven: AtomicBool,
    /// Cancelled when earlier events have been read back, or never will be.
    is_caught_up: CancellationToken,
    /// Held while events are taken in: one batch at a time, because Synapse may send one twice at once.
    turn: Mutex<Turn>,
}

#[derive(Default)]
struct Turn {
    rooms: BTreeMap<String, RoomKey>,
    rooms_read_at: Option<Timestamp>,
    last_transaction: String,
}

/// Events sorted and ready to store.
#[derive(Default)]
struct Batch<'e> {
    rows: Vec<Event>,
    state: Vec<&'e RawEvent<'e>>,
    redacted: Vec<&'e str>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    command: u64,
    reaction: u64,
    file: u64,
    state: u64,
    dropped: u64,
    broken: u64,
}

impl Intake {
    /// Takes state events and messages that pass the filter. Transactions wait for [`Self::go_on`], or the stop.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Clock,
        filter: CommandFilter,
        arrivals: Arrivals,
        stop: &CancellationToken,
    ) -> Self {
        Self {
            store,
            clock,
            filter,
            arrivals,
            metrics: Arrived::default(),
            engine: OnceLock::new(),
            is_proven: AtomicBool::new(false),
            is_caught_up: stop.child_token(),
            turn: Mutex::default(),
        }
    }

    /// Notifies this engine from now on; only the first call counts.
    pub fn attach(&self, engine: Engine) {
        if self.engine.set(engine).is_ok() && self.is_proven.load(Ordering::SeqCst) {
            self.prove();
        }
    }

    /// Counters of received events.
    #[must_use]
    pub fn metrics(&self) -> &Arrived {
        &self.metrics
    }

    /// Earlier events were read back, so pushed ones may follow.
    pub fn go_on(&self) {
        self.is_caught_up.cancel();
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) fn filter(&self) -> &CommandFilter {
        &self.filter
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Synapse has reached this process, so its pushes can be relied on.
    pub(super) fn prove(&self) {
        self.is_proven.store(true, Ordering::SeqCst);
        // On PostgreSQL several processes may share the rooms, and each is pushed only a part.
        if self.store.dialect() == Dialect::Sqlite
            && let Some(engine) = self.engine.get()
        {
            engine.room_cache().trust();
        }
    }

    /// Takes a transaction in.
    pub(super) async fn transaction(&self, id: &str, body: &[u8]) -> Result<(), Untaken> {
        let transaction: Transaction<'_> = serde_json::from_slice(body).map_err(|_| Untaken::NotJson)?;
        self.prove();
        // Order is worth a wait, but not a loss of events.
        let _ = tokio::time::timeout(IN_ORDER_WITHIN, self.is_caught_up.cancelled()).await;
        let mut turn = self.turn.lock().await;
        let mut broken = 0;
        let mut events = Vec::with_capacity(transaction.events.len());
        for raw in &transaction.events {
            match RawEvent::read(raw) {
                Some(event) => events.push(event),
                None => {
                    broken += 1;
                    note_broken(raw);
                }
            }
        }
        self.take_in_turn(&mut turn, &events, Way::Pushed, &Answered::default()).await?;
        self.metrics.events("broken", broken);
        self.metrics.transaction(if turn.last_transaction == id { "repeated" } else { "new" });
        id.clone_into(&mut turn.last_transaction);
        Ok(())
    }

    /// Takes events in; returns when the new ones were sent. Events that the bot has answered are stored as handled.
    pub(super) async fn take(
        &self,
        events: &[RawEvent<'_>],
        way: Way,
        answered: &Answered,
    ) -> Result<Vec<Timestamp>, StoreError> {
        self.take_in_turn(&mut *self.turn.lock().await, events, way, answered).await
    }

    async fn take_in_turn(
        &self,
        turn: &mut Turn,
        events: &[RawEvent<'_>],
        way: Way,
        answered: &Answered,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let now = self.clock.now();
        let is_old = turn.rooms_read_at.is_none_or(|read| now.duration_since(read) > ROOMS_FOR);
        if is_old || events.iter().any(|event| !turn.rooms.contains_key(&*event.room_id)) {
            self.read_rooms(turn, now).await?;
        }
        let mut batch = Batch::default();
        let mut seats = Vec::new();
        for event in events {
            match turn.rooms.get(&*event.room_id) {
                Some(room) => batch.add(event, room, &self.filter),
                None => {
                    batch.counts.dropped += 1;
                    seats.extend(own_seat(event, &self.filter.bot).zip(RoomId::parse(&*event.room_id).ok()));
                }
            }
        }
        self.note_seats(seats, now).await?;
        if batch.counts.reaction > 0 {
            let mut open = self.store.open_prompts(now).await?;
            open.extend(self.store.report_messages_open().await?);
            batch.drop_reactions(&open);
        }
        if way == Way::Pushed {
            // Updates cached rooms before the rows are visible, because a pass must not see a room as it was before the
            // event that woke it. That is safe even if storing fails: the event did happen, and a repeat is ignored as
            // older.
            self.put_on_pictures(&batch);
        }
        let handled = batch.take_answered(answered);
        if !handled.is_empty() {
            tracing::info!(commands = handled.len(), "Commands that were answered before are not handled again");
            self.store.take_in_handled(&handled, now).await?;
        }
        let new = self.store.take_in(&batch.rows, now).await?;
        if way == Way::ReadBack {
            self.doubt_pictures(&batch, &new);
        }
        let new_rows = || batch.rows.iter().filter(|row| new.contains(&row.event_id));
        for row in new_rows() {
            if let Content::File { file, .. } = &row.content {
                self.metrics.file(file.word());
            }
        }
        let sent: Vec<Timestamp> = new_rows().map(|row| row.sent_at).collect();
        if !new.is_empty() {
            self.arrivals.announce();
        }
        self.count(&batch.counts, &sent, now, way);
        Ok(sent)
    }

    /// Notes rooms that the bot was brought into or has left.
    async fn note_seats(&self, seats: Vec<(OwnSeat, OwnedRoomId)>, now: Timestamp) -> Result<(), StoreError> {
        for (seat, room_id) in &seats {
            match seat {
                OwnSeat::In(by) => self.store.note_foreign_room(room_id, by.as_deref(), now).await?,
                OwnSeat::Out => self.store.forget_foreign_room(room_id).await?,
            }
        }
        if let Some(engine) = self.engine.get().filter(|_| !seats.is_empty()) {
            engine.wakes().nudge();
        }
        Ok(())
    }

    fn put_on_pictures(&self, batch: &Batch<'_>) {
        let Some(engine) = self.engine.get() else { return };
        for event in &batch.state {
            if let Ok(room_id) = RoomId::parse(&*event.room_id) {
                engine.room_cache().apply(&room_id, event);
            }
        }
        doubt(engine, batch.redacted.iter().copied());
    }

    /// A missed event means that others may be missing too; events that were also pushed are in the cache.
    fn doubt_pictures(&self, batch: &Batch<'_>, new: &BTreeSet<OwnedEventId>) {
        let Some(engine) = self.engine.get() else { return };
        let missed = batch.rows.iter().filter(|row| row.state_key.is_some() && new.contains(&row.event_id));
        doubt(engine, missed.map(|row| row.room_id.as_str()));
        doubt(engine, batch.redacted.iter().copied());
    }

    fn count(&self, counts: &Counts, sent: &[Timestamp], now: Timestamp, way: Way) {
        let Counts { command, reaction, file, state, dropped, broken } = *counts;
        let all = [
            ("command", command),
            ("reaction", reaction),
            ("file", file),
            ("state", state),
            ("dropped", dropped),
            ("broken", broken),
        ];
        if way == Way::ReadBack {
            self.metrics.events("read_back", sent.len() as u64);
            return;
        }
        all.iter().for_each(|(treatment, count)| self.metrics.events(treatment, *count));
        for sent in sent {
            // Clocks may differ, but no delay is negative.
            self.metrics.delay(Duration::try_from(now.duration_since(*sent)).unwrap_or_default());
        }
    }

    /// Reads which rooms are managed. Events of rooms that were added or removed may have been missed.
    async fn read_rooms(&self, turn: &mut Turn, now: Timestamp) -> Result<(), StoreError> {
        let bound = self.store.rooms().await?;
        let rooms: BTreeMap<String, RoomKey> = bound.into_iter().map(|(key, id)| (id.to_string(), key)).collect();
        if let Some(engine) = self.engine.get() {
            let gone = turn.rooms.keys().filter(|id| !rooms.contains_key(*id));
            let come = rooms.keys().filter(|id| !turn.rooms.contains_key(*id));
            doubt(engine, gone.chain(come).map(String::as_str));
        }
        turn.rooms = rooms;
        turn.rooms_read_at = Some(now);
        Ok(())
    }
}

impl<'e> Batch<'e> {
    fn add(&mut self, event: &'e RawEvent<'e>, room: &RoomKey, filter: &CommandFilter) {
        match treatment(event, CommandPlace::of(room), filter) {
            Treatment::Dropped => self.counts.dropped += 1,
            Treatment::Kept(content) => self.keep(event, content),
        }
    }

    fn keep(&mut self, event: &'e RawEvent<'e>, content: Content) {
        let Some(row) = event.with(content) else {
            self.counts.broken += 1;
            return;
        };
        match row.content {
            Content::Command(_) | Content::Edit { .. } => self.counts.command += 1,
            Content::Reaction { .. } => self.counts.reaction += 1,
            Content::File { .. } => {
                self.counts.file += 1;
                // Only a room's picture has a state key.
                self.state.extend(event.state_key().is_some().then_some(event));
            }
            Content::Redaction { .. } => {
                self.counts.state += 1;
                self.redacted.push(&event.room_id);
            }
            Content::Member { .. } | Content::PowerLevels { .. } | Content::Other => {
                self.counts.state += 1;
                self.state.push(event);
            }
        }
        self.rows.push(row);
    }

    /// Removes answered events from the batch.
    fn take_answered(&mut self, answered: &Answered) -> Vec<Event> {
        self.rows
            .extract_if(.., |row| match &row.content {
                Content::Command(_) => answered.has(&row.event_id),
                Content::Reaction { event_id, .. } => answered.has_reply(event_id),
                _ => false,
            })
            .collect()
    }

    /// Drops reactions that do not belong to an open question.
    fn drop_reactions(&mut self, open: &BTreeSet<OwnedEventId>) {
        let before = self.rows.len();
        self.rows.retain(|row| !matches!(&row.content, Content::Reaction { event_id, .. } if !open.contains(event_id)));
        let dropped = (before - self.rows.len()) as u64;
        self.counts.reaction -= dropped;
        self.counts.dropped += dropped;
    }
}

fn doubt<'r>(engine: &Engine, rooms: impl Iterator<Item = &'r str>) {
    rooms.filter_map(|id| RoomId::parse(id).ok()).for_each(|room_id| engine.room_cache().doubt(&room_id));
}

fn note_broken(raw: &RawValue) {
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        kind: String,
    }
    let kind = serde_json::from_str::<Kind>(raw.get()).map_or_else(|_| "none".to_owned(), |kind| kind.kind);
    tracing::debug!(event.kind = kind, "An event cannot be read and is left out");
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").field("store", &self.store).finish_non_exhaustive()
    }
}
