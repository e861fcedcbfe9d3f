//! Makes uploaded files unreachable.

use equipemed_domain::fault::HomeserverError;
use matrix_sdk::ruma::ServerName;

use super::Writer;
use crate::homeserver::endpoint::Endpoint;
use crate::homeserver::transport::Sending;
use crate::homeserver::wire::Anything;

impl Writer {
    /// Quarantines a file, and with it every other upload with the same bytes: Synapse compares them. Nobody can reach
    /// them any more; an administrator can undo it.
    pub async fn quarantine(&self, server: &ServerName, id: &str) -> Result<(), HomeserverError> {
        const NOTHING: Option<&()> = None;
        let (transport, identifiers) = (&self.reader.transport, [server.as_str(), id]);
        let _: Anything = transport.json(Endpoint::QuarantineMedia, &identifiers, &[], NOTHING, Sending::WRITE).await?;
        Ok(())
    }
}
