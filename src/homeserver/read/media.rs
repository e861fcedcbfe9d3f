//! Reads what Synapse knows of a file: who uploaded it, and as what. Never its content.

use equipemed_domain::fault::HomeserverError;
use matrix_sdk::ruma::{OwnedUserId, ServerName};

use super::Reader;
use crate::homeserver::endpoint::Endpoint;
use crate::homeserver::wire;

/// An uploaded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDetail {
    /// Who uploaded it; None for another server's.
    pub uploader: Option<OwnedUserId>,
    /// Its type, as the uploader's client said.
    pub media_type: Option<String>,
    /// Whether nobody can reach it any more.
    pub is_quarantined: bool,
    /// Whether an administrator protects it from that; Synapse then does nothing and says nothing.
    pub is_protected: bool,
}

impl Reader {
    /// A file; None when Synapse does not have it.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` with `M_UNRECOGNIZED` when Synapse is too old to tell.
    pub async fn file(&self, server: &ServerName, id: &str) -> Result<Option<FileDetail>, HomeserverError> {
        match self.get::<wire::MediaAnswer>(Endpoint::MediaDetail, &[server.as_str(), id], &[]).await {
            Ok(wire::MediaAnswer { media_info: media }) => Ok(Some(FileDetail {
                uploader: media.user_id,
                media_type: media.media_type,
                is_quarantined: media.quarantined_by.is_some(),
                is_protected: media.safe_from_quarantine,
            })),
            Err(HomeserverError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
