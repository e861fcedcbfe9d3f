//! Ends all sessions of people, which a lock does not do: one deed per account.

use std::time::Duration;

use equipemed_domain::deed::Deed;
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::Fault;
use equipemed_domain::outcome::Outcome;
use tokio::time::Instant;

use super::deeds::{Deadline, await_deed};
use super::{Asked, Came, How, Order, Stop};
use crate::store::DeedId;

/// How long an answer waits.
const WITHIN: Duration = Duration::from_secs(60);

/// The deed of each person; None without an account.
pub(crate) type SigningOut = Vec<(PersonId, Option<DeedId>)>;

impl Asked {
    /// Stores a deed for each of an order's people.
    pub(crate) async fn sign_out(&self, order: &Order) -> Result<SigningOut, Stop> {
        let account = |person: &PersonId| self.scene.user_of(*person).cloned();
        let deeds = order.people.iter().filter_map(account).map(|user| Deed::SignOut { user }).collect();
        let mut wished = self.wish(deeds, order.because.as_deref(), None).await?.into_iter();
        let each = |person: &PersonId| (*person, account(person).and_then(|_| wished.next()));
        Ok(order.people.iter().map(each).collect())
    }

    /// Waits for the deeds; returns the result of each.
    pub(crate) async fn signed_out(&self, wished: &[(PersonId, Option<DeedId>)]) -> Result<Vec<Came>, Stop> {
        let deadline = Deadline::At(Instant::now() + WITHIN);
        let mut all = Vec::new();
        for (person, deed) in wished {
            let how = match deed {
                None => How::NoAccount,
                Some(deed) => match await_deed(&self.engine, *deed, deadline).await? {
                    Outcome::Done(_) => How::Done,
                    Outcome::AlreadySo => How::AlreadySo,
                    Outcome::Failed(Fault::Waits) | Outcome::Unknown => How::Waits,
                    Outcome::Failed(why) | Outcome::Skipped(why) => How::Failed(why),
                },
            };
            all.push(Came { person: *person, how, unmet: Default::default() });
        }
        Ok(all)
    }
}
