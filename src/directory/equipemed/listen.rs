//! Receives the triggers' notifications of changed people, on a dedicated connection.
//! After any error the connection is dropped and the caller looks at everybody: PostgreSQL keeps no notifications.

use std::collections::BTreeSet;
use std::time::Duration;

use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::{NotThere, Notifications};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use super::failure::said;
use super::triggers::CHANNEL;
use crate::directory::DirectoryError;

/// How often a quiet connection is probed, in case it died silently.
const WORD_EVERY: Duration = Duration::from_secs(15);
/// Time limit of a probe, and of acquiring the connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// A statement that changes many people sends several notifications in quick succession. They are combined.
const TOGETHER: Duration = Duration::from_millis(2);

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// These people changed.
    People(BTreeSet<PersonId>),
    /// Many people changed, or it is unknown who.
    Everybody,
}

impl Heard {
    /// Parses a payload: ids separated by commas, or `*`. Anything else may concern anybody.
    #[must_use]
    pub fn parse(payload: &str) -> Self {
        let ids: Result<BTreeSet<PersonId>, _> = payload.split(',').map(|id| id.trim().parse().map(PersonId)).collect();
        ids.map_or(Self::Everybody, Self::People)
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::People(mut one), Self::People(mut other)) => {
                one.append(&mut other);
                Self::People(one)
            }
            _ => Self::Everybody,
        }
    }
}

/// A listening connection.
#[derive(Debug)]
pub struct Listener {
    listener: PgListener,
}

impl Listener {
    pub(super) async fn new(options: PgConnectOptions) -> Result<Self, DirectoryError> {
        // `PgListener` requires a pool; one connection is enough. It never reconnects, because that would hide a gap.
        let pool =
            PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None).acquire_timeout(PATIENCE);
        let connected = async {
            let pool = pool.connect_with(options).await?;
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.ignore_pool_close_event(true);
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await?;
            Ok(listener)
        };
        match tokio::time::timeout(PATIENCE * 2, connected).await {
            Ok(Ok(listener)) => Ok(Self { listener }),
            Ok(Err(error)) => Err(said(error)),
            Err(_) => Err(away(Notifications::NotMade)),
        }
    }

    /// Waits for the next change. After an error the listener is unusable, and changes may have been missed.
    pub async fn next(&mut self) -> Result<Heard, DirectoryError> {
        let mut heard = loop {
            match tokio::time::timeout(WORD_EVERY, self.hear()).await {
                Ok(heard) => break heard?,
                Err(_) => self.say_a_word().await?,
            }
        };
        while let Ok(more) = tokio::time::timeout(TOGETHER, self.hear()).await {
            heard = heard.and(more?);
        }
        Ok(heard)
    }

    async fn hear(&mut self) -> Result<Heard, DirectoryError> {
        match self.listener.try_recv().await {
            Ok(Some(notification)) => Ok(Heard::parse(notification.payload())),
            Ok(None) => Err(away(Notifications::Lost)),
            Err(error) => Err(said(error)),
        }
    }

    async fn say_a_word(&mut self) -> Result<(), DirectoryError> {
        let word = sqlx::query("select 1").execute(&mut self.listener);
        match tokio::time::timeout(PATIENCE, word).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(said(error)),
            Err(_) => Err(away(Notifications::Silent)),
        }
    }
}

fn away(why: Notifications) -> DirectoryError {
    DirectoryError::Away { why: NotThere::Notifications(why) }
}
