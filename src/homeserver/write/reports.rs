//! Deletes what people reported, once it is answered.

use equipemed_domain::fault::HomeserverError;
use jiff::Timestamp;
use matrix_sdk::ruma::RoomId;

use super::{Done, Writer};
use crate::homeserver::endpoint::Endpoint;
use crate::homeserver::transport::Sending;
use crate::homeserver::wire::Anything;

impl Writer {
    /// Deletes a report. Synapse gives its number to a later one once it was the newest, so it is looked at before.
    pub async fn delete_report(
        &self,
        id: i64,
        received_at: Timestamp,
        room_id: &RoomId,
    ) -> Result<Done, HomeserverError> {
        if !self.reader.has_report(id, received_at, room_id).await? {
            return Ok(Done::Already);
        }
        let (transport, number) = (&self.reader.transport, id.to_string());
        let answer =
            transport.json::<Anything>(Endpoint::DeleteEventReport, &[&number], &[], None::<&()>, Sending::ONCE).await;
        match answer {
            Ok(Anything {}) => Ok(Done::Changed),
            Err(HomeserverError::NotFound { .. }) => Ok(Done::Already),
            Err(error) => Err(error),
        }
    }
}
