//! Stops what a command is still doing. What it has begun is finished.

use equipemed_domain::authority::Act;
use equipemed_domain::fault::Fault;
use equipemed_domain::outcome::Outcome;
use ruma_common::{EventId, RoomId};

use super::{Asked, Stop};

impl Asked {
    /// Ends what is left of a command, which is known by any of its messages; without one, of all the asker's. Returns
    /// how many deeds will not be done; none if nothing was left of it.
    pub(crate) async fn halt(&self, replied: Option<(&RoomId, &EventId)>) -> Result<u64, Stop> {
        let requests = match replied {
            None => self.store().requests_under_way(&self.by.name).await?,
            Some((room_id, event)) => {
                let mut requests = self.store().requests_of(event.as_str()).await?;
                // Progress is shown in a message of the bot, which replies to the command.
                let shown = self.engine.reader().event(room_id, event).await?;
                if let Some(command) = shown.and_then(|shown| shown.content.replies_to) {
                    requests.extend(self.store().requests_of(command.as_str()).await?);
                }
                requests
            }
        };
        let mut halted = 0;
        for request in requests {
            let Some(first) = self.store().deed_of(&format!("{request} 0")).await? else { continue };
            if first.wish.asker != self.by.name {
                self.may(Act::Approve, None)?;
            }
            halted += self.store().halt_deeds(&request, &Outcome::Skipped(Fault::Halted), self.now()).await?;
        }
        Ok(halted)
    }
}
