//! Tells outside Matrix that Synapse or EquipeMed is away, for hospitals without monitoring: the control room cannot,
//! when it is Synapse.
//!
//! It works beside everything else, before Synapse has answered for the first time, and delays nothing. That the service
//! itself is down is told by its supervisor (`deploy/systemd`).

mod mail;
mod webhook;

use std::collections::BTreeMap;
use std::time::Duration;

use equipemed_domain::alarm::{Alarm, AlarmKind, AlarmState, Outage};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::settings;
use crate::engine::people;
use crate::engine::tenure::Tenure;
use crate::homeserver::Reader;
use crate::speech::{Arg, Texts};
use crate::store::{Store, StoreError, to_json};

/// The lease for sending alarms: one replica does.
const LEASE: &str = "alarm";
/// How often to look.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long nothing is sent after nobody could be reached: a mail server that is overloaded gets no more to do.
const AGAIN: Duration = Duration::from_secs(3 * 60);
/// How long Synapse may take to answer a look.
const WITHIN: Duration = Duration::from_secs(15);
/// Store key for the outages.
const OUTAGES: &str = "outages";

/// Why an alarm could not be sent; names no address.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// The receiver of the webhook gave no answer.
    #[error("alarm.webhook: no answer ({0})")]
    Unreachable(String),
    /// It refused.
    #[error("alarm.webhook: answered with status {0}")]
    Status(u16),
    /// The mail program could not be run.
    #[error("alarm.mail: the mail program could not be run ({0})")]
    Program(std::io::Error),
    /// It failed.
    #[error("alarm.mail: the mail program ended with {status}: {said}")]
    Failed {
        /// Its exit status.
        status: std::process::ExitStatus,
        /// The first line of what it said.
        said: String,
    },
    /// It took too long.
    #[error("alarm.mail: the mail program took longer than {0} s")]
    Slow(u64),
}

/// Sends alarms by all configured ways.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The ways.
    pub settings: settings::Alarm,
    /// Which server it is about.
    pub server_name: String,
    /// The texts.
    pub texts: Texts,
    /// Time zone of times shown to people.
    pub timezone: TimeZone,
}

impl Sender {
    /// Sends an alarm by every way; what came of each, by its name.
    pub async fn send(&self, alarm: &Alarm, now: Timestamp) -> Vec<(&'static str, Result<(), NotSent>)> {
        let text = self.text(alarm);
        let webhook = async {
            let url = self.settings.webhook.as_ref()?;
            Some(("webhook", webhook::send(url, &self.server_name, alarm, &text, now).await))
        };
        let mail = async {
            let mail = self.settings.mail.as_ref()?;
            Some(("mail", mail::send(mail, &self.server_name, alarm, &text, now).await))
        };
        let (webhook, mail) = tokio::join!(webhook, mail);
        webhook.into_iter().chain(mail).collect()
    }

    fn text(&self, alarm: &Alarm) -> String {
        let since = alarm.since.to_zoned(self.timezone.clone()).strftime("%d/%m/%Y %H:%M").to_string();
        let what = Arg::Said(self.texts.word("alarm-what", alarm.kind.word()));
        let server = Arg::Text(self.server_name.clone());
        let args = [("what", what), ("server", server), ("since", Arg::Time(since))];
        let (text, args) = match (alarm.kind, alarm.state) {
            (AlarmKind::Test, _) => ("alarm-test", &args[1..2]),
            (_, AlarmState::Began) => ("alarm-began", &args[..]),
            (_, AlarmState::Lasts) => ("alarm-lasts", &args[..]),
            (_, AlarmState::Ended) => ("alarm-ended", &args[..]),
        };
        self.texts.say(text, args).plain
    }
}

/// What to look at.
#[derive(Debug)]
pub struct Watch {
    /// Sends what is due.
    pub sender: Sender,
    /// Asks Synapse, once a look.
    pub reader: Reader,
    /// Remembers what was told.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
}

impl Watch {
    /// Watches until stopped. `holder` is the name of this process in the store.
    pub async fn keep(&self, holder: &str, stop: &CancellationToken) {
        let mut failed = None;
        while !stop.is_cancelled() {
            // Without the database, whose health the supervisor watches, nothing is known of what was told.
            if let Ok(Some(tenure)) = Tenure::begin_as(LEASE, &self.store, &self.clock, holder).await {
                while tenure.is_held() && !stop.is_cancelled() {
                    tokio::select! {
                        looked = self.look(&mut failed) => if let Err(error) = looked {
                            tracing::warn!(%error, "Outages could not be looked at");
                        },
                        () = stop.cancelled() => {}
                    }
                    rest(stop).await;
                }
                tenure.end().await;
            }
            rest(stop).await;
        }
    }

    /// `failed` is when nobody could be reached.
    async fn look(&self, failed: &mut Option<Instant>) -> Result<(), StoreError> {
        let after = SignedDuration::try_from(self.sender.settings.after).unwrap_or(SignedDuration::MAX);
        let kept = self.store.remembered(OUTAGES).await?;
        let before: BTreeMap<AlarmKind, Outage> =
            kept.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let answer = tokio::time::timeout(WITHIN, self.reader.account(self.reader.bot())).await;
        let now = self.clock.now();
        let synapse = (!matches!(answer, Ok(Ok(_)))).then_some(now);
        let equipemed = people::away_since(&self.store).await?;
        let mut outages = BTreeMap::new();
        for (kind, away) in [(AlarmKind::Synapse, synapse), (AlarmKind::Equipemed, equipemed)] {
            let Some(mut outage) = Outage::after(before.get(&kind).copied(), away) else { continue };
            let due = outage.due(away.is_some(), after, now);
            let mut is_sent = false;
            if let Some(state) = due
                && failed.is_none_or(|at| at.elapsed() >= AGAIN)
            {
                is_sent = self.tell(&Alarm { kind, state, since: outage.since }, now).await;
                *failed = (!is_sent).then(Instant::now);
            }
            if is_sent {
                outage.told_at = Some(now);
            }
            if !(is_sent && due == Some(AlarmState::Ended)) {
                outages.insert(kind, outage);
            }
        }
        if outages != before {
            self.store.remember(OUTAGES, &to_json(&outages)?).await?;
        }
        Ok(())
    }

    /// Whether it reached anybody; otherwise it is sent again after [`AGAIN`].
    async fn tell(&self, alarm: &Alarm, now: Timestamp) -> bool {
        let mut is_sent = false;
        for (way, sent) in self.sender.send(alarm, now).await {
            match sent {
                Ok(()) => {
                    is_sent = true;
                    tracing::warn!(way, kind = alarm.kind.word(), state = alarm.state.word(), "An alarm was sent");
                }
                Err(error) => tracing::error!(way, %error, "An alarm could not be sent"),
            }
        }
        is_sent
    }
}

async fn rest(stop: &CancellationToken) {
    let _ = tokio::time::timeout(LOOK_EVERY, stop.cancelled()).await;
}
