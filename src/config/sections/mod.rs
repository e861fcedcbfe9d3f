//! The sections of the configuration file, one function a section: from the walked file to its meaning.
//!
//! A section answers `None` when a part it needs is missing or wrong, after a
//! problem was told, and the others are read all the same. Sections see each
//! other only through `Context`, which is gathered first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ruma_common::{OwnedServerName, OwnedUserId};

use crate::config::reader::Node;
use crate::config::registration::{ALIAS_PREFIX, Registration};

pub(super) mod access;
pub(super) mod cycles;
pub(super) mod directory;
pub(super) mod limits;
pub(super) mod roles;
pub(super) mod rooms;
pub(super) mod selectors;
pub(super) mod service;
pub(super) mod users;

/// What sections need to know of each other.
pub(super) struct Context<'a> {
    /// Where relative paths start: the folder of the configuration file.
    pub(super) folder: &'a Path,
    pub(super) server: Option<OwnedServerName>,
    pub(super) registration: Option<Registration>,
    pub(super) bot: Option<OwnedUserId>,
    /// Keys under `roles:`, well spelled or not.
    pub(super) roles: BTreeSet<&'a str>,
    /// Keys under `rooms:`, and whether each is a space.
    pub(super) rooms: BTreeMap<&'a str, bool>,
}

impl Context<'_> {
    /// The localpart of an alias that the registration allows.
    pub(super) fn alias(&self, node: &Node<'_>) -> Option<String> {
        let alias = node.parsed(|text| {
            if text.starts_with('#') || text.contains(':') {
                let plain = text.trim_start_matches('#').split(':').next().unwrap_or_default();
                return Err(format!("is written without # and server; write {plain}"));
            }
            if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return Err("must not hold spaces; use _ instead".to_owned());
            }
            match &self.server {
                Some(server) if ruma_common::RoomAliasId::parse(format!("#{text}:{server}")).is_err() => {
                    Err("is not a valid alias; use a-z, 0-9, _ and - only, and not more than 200 of them".to_owned())
                }
                _ => Ok(text.to_owned()),
            }
        })?;
        self.check_owned(node, &alias);
        Some(alias)
    }
    /// Tells when Synapse would refuse the alias.
    pub(super) fn check_owned(&self, node: &Node<'_>, alias: &str) {
        if let (Some(registration), Some(server)) = (&self.registration, &self.server)
            && !registration.owns_alias(alias, server)
        {
            node.problem(format!(
                "{alias} is outside the alias namespaces of the registration, so Synapse would refuse it; begin it with {ALIAS_PREFIX}, or widen namespaces.aliases in the registration"
            ));
        }
    }
}
