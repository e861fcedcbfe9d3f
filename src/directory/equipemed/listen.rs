//! Hears what the triggers tell: who changed. A connection of its own that is only listened on; when anything is wrong with
//! it, it is over, and whoever listened looks at everybody, because notifications are not kept for anyone.

use std::collections::BTreeSet;
use std::time::Duration;

use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::{NotThere, Notifications};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use super::failure::said;
use super::triggers::CHANNEL;
use crate::directory::DirectoryError;

/// A connection that died without a word is noticed after so long, at the latest.
const WORD_EVERY: Duration = Duration::from_secs(15);
/// How long it may take to answer, and to be made.
const PATIENCE: Duration = Duration::from_secs(10);
/// A statement about many is told in several pieces, which come one right after the other.
const TOGETHER: Duration = Duration::from_millis(2);

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// These people changed.
    People(BTreeSet<PersonId>),
    /// Many changed, or it cannot be told who.
    Everybody,
}

impl Heard {
    /// Reads a payload: ids with commas between them, or `*`. What cannot be read may be about anybody.
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

/// Listens.
#[derive(Debug)]
pub struct Listener {
    listener: PgListener,
}

impl Listener {
    pub(super) async fn new(options: PgConnectOptions) -> Result<Self, DirectoryError> {
        // A pool of one, because the listener wants one; it never reconnects, so that no gap is hidden.
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

    /// Waits for the next change. After an error this ear is deaf: what happened since is not known.
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
