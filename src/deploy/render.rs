//! The texts of a set, from the templates below `deploy/` that are part of the binary.
//!
//! A template names the fields of `Set`. To add one: its line in `templates!`.

use std::ops::Deref;

use askama::Template;

use super::Set;

macro_rules! templates {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)*) => {
        $(
            #[derive(Template)]
            #[template(path = $path, escape = "none")]
            struct $name<'a>(&'a Set);

            // So that templates name the set's fields.
            impl Deref for $name<'_> {
                type Target = Set;

                fn deref(&self) -> &Set {
                    self.0
                }
            }
        )*

        /// A file that is made from a template.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum File {
            $($(#[$doc])* $name,)*
        }

        impl File {
            /// Its text for a set.
            ///
            /// # Errors
            /// None that is known: templates are checked at build time.
            pub fn text(self, set: &Set) -> Result<String, askama::Error> {
                let text = match self { $(Self::$name => $name(set).render()?,)* };
                Ok(if text.ends_with('\n') { text } else { text + "\n" })
            }
        }
    };
}

templates! {
    /// Synapse's settings.
    Homeserver = "synapse/homeserver.yaml";
    /// Synapse's logging.
    SynapseLog = "synapse/log.yaml";
    /// nginx's listener by which Synapse reaches the bot, in containers.
    Appservice = "nginx/appservice.conf";
    /// All containers.
    Compose = "compose/compose.yaml";
    /// What EquipeMed's own Compose file needs beside it.
    ComposeEquipemed = "compose/compose.equipemed.yaml";
    /// Synapse under systemd.
    SynapseUnit = "systemd/equipemed-synapse.service";
    /// The bot under systemd.
    BotUnit = "systemd/equipemed-bot.service";
    /// Whether the bot's container can work.
    HealthUnit = "compose/equipemed-bot-health.service";
    /// Tells of a failed unit, beside containers.
    AlarmUnit = "compose/equipemed-bot-alarm@.service";
    /// What is backed up, and where to.
    Backup = "backup/backup.ini";
    /// Element's settings.
    Element = "element/config.json";
    /// The bot's configuration to begin with.
    BotConfig = "bot/config.yaml";
    /// Roles and databases, for the administrator of PostgreSQL.
    Roles = "postgres/roles.sql";
    /// nginx before Synapse, Element and the bot's pages.
    NginxMatrix = "nginx/matrix.conf";
    /// nginx between the bot and Synapse.
    NginxInternal = "nginx/internal.conf";
}
