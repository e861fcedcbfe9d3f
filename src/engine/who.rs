//! Identifies the people in a read by what the store knows; after an update, also by asking Synapse once.
//!
//! The only way from a source's read to the people of passes, commands and lists. New identities are stored before
//! anything refers to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use equipemed_domain::directory::Directory;
use equipemed_domain::fault::{During, Fault, Stage};
use equipemed_domain::identity::{Identified, Knowledge, identify};
use equipemed_domain::policy::Policy;
use jiff::Timestamp;

use crate::homeserver::Reader;
use crate::store::Store;

/// Another process may store people at the same moment; after this many attempts something is wrong.
const TRIES: usize = 5;

/// The same people by handle. Stores new identities, unless `note` is None: a dry run stores nothing. The reader finds
/// external ids of accounts bound before public ids were stored; without it they identify nobody.
///
/// # Errors
/// When the store fails, or Synapse has to be asked and cannot be.
pub async fn is_who(
    read: &Arc<Directory>,
    policy: &Policy,
    store: &Store,
    reader: Option<&Reader>,
    note: Option<Timestamp>,
) -> Result<Arc<Directory>, Fault> {
    for _ in 0..TRIES {
        let (identities, bindings) = (store.people().await?, store.bindings().await?);
        let (nothing, mut external_ids) = (BTreeMap::new(), BTreeMap::new());
        let provider = policy.users.identity_provider.as_deref();
        let known = Knowledge { identities: &identities, bindings: &bindings, provider, external_ids: &nothing };
        if let Some(reader) = reader {
            for binding in known.to_be_asked() {
                let account = reader.account(&binding.user).await.during(Stage::ReadAccount)?;
                external_ids.extend(account.map(|account| (binding.person, account.external_ids)));
            }
        }
        let known = Knowledge { external_ids: &external_ids, ..known };
        let Identified { directory, mut news, proofs } = identify(read, known);
        let Some(now) = note else { return Ok(directory) };
        if reader.is_none() {
            // Synapse was not asked, so identities without a public id are not final.
            news.retain(|identity| identity.public_id.is_some());
        }
        for (person, digest) in &proofs {
            store.set_pushed_external_id(*person, Some(digest)).await?;
        }
        let is_noted = news.is_empty() || store.note_people(&news, now).await?;
        if is_noted {
            return Ok(directory);
        }
    }
    Err(Fault::OthersNote)
}
