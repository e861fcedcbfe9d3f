//! The sections of the configuration file, one function each: from the raw file to settings.
//!
//! A section returns `None` when a part it needs is missing or wrong and was reported; the others are still read.
//! Sections know each other only through `Context`, which is collected first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ruma_common::{OwnedServerName, OwnedUserId};

use crate::config::reader::Node;
use crate::config::registration::{ALIAS_PREFIX, Registration};

pub(super) mod access;
pub(super) mod alarm;
pub(super) mod cycles;
pub(super) mod directory;
pub(super) mod limits;
pub(super) mod roles;
pub(super) mod rooms;
pub(super) mod selectors;
pub(super) mod service;
pub(super) mod users;

/// What sections need to know of others.
pub(super) struct Context<'a> {
    /// Base of relative paths: the folder of the configuration file.
    pub(super) folder: &'a Path,
    pub(super) server: Option<OwnedServerName>,
    pub(super) registration: Option<Registration>,
    pub(super) bot: Option<OwnedUserId>,
    /// Keys under `roles:`, valid or not.
    pub(super) roles: BTreeSet<&'a str>,
    /// Keys under `rooms:`; true for spaces.
    pub(super) rooms: BTreeMap<&'a str, bool>,
}

impl Context<'_> {
    /// The localpart of an alias in the registration's namespace.
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
    /// Reports an alias that Synapse would refuse.
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
