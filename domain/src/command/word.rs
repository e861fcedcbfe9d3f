//! The words commands begin with: one table, from which parsing, rights and help come.

use serde::{Deserialize, Serialize};

use crate::rights::Right;

/// What a command needs to be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Anybody EquipeMed knows as active.
    Nothing,
    /// One right, there where it is to be done.
    Right(Right),
}

/// What is known of a word.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Which.
    pub word: Word,
    /// Its English name, without the prefix.
    pub name: &'static str,
    /// Further names: Portuguese ones first, with and without accents.
    pub aliases: &'static [&'static str],
    /// What comes behind it: `<needed>`, `[optional]`.
    pub usage: &'static [&'static str],
    /// An example that can be typed.
    pub example: &'static str,
    /// What its asker must hold.
    pub needs: Needs,
    /// Whether it may be said in a managed room, too.
    pub in_managed_rooms: bool,
    /// Whether this version can do it.
    pub available: bool,
}

macro_rules! words {
    ($($(#[$doc:meta])* $word:ident $name:literal $aliases:tt, $needs:expr, $usage:tt, $example:literal, managed $managed:literal, available $available:literal;)*) => {
        /// A command's word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Word {
            $($(#[$doc])* $word,)*
        }

        /// All words, in the order help shows them.
        pub const WORDS: &[Entry] = &[
            $(Entry {
                word: Word::$word,
                name: $name,
                aliases: &$aliases,
                usage: &$usage,
                example: $example,
                needs: $needs,
                in_managed_rooms: $managed,
                available: $available,
            },)*
        ];

        impl Word {
            /// What is known of it.
            #[must_use]
            pub const fn entry(self) -> &'static Entry {
                // The table and the enum are one list, in one order.
                &WORDS[self as usize]
            }
        }
    };
}

words! {
    /// What there is.
    Help "help" ["ajuda", "comandos", "commands"], Needs::Nothing, ["[COMMAND]"], "help promote", managed true, available true;
    /// How the service is.
    Status "status" ["estado", "situacao", "situação"], Needs::Nothing, [], "status", managed false, available true;
    /// Who the asker is to the bot.
    WhoAmI "whoami" ["quemsou", "quem-sou", "eu"], Needs::Nothing, [], "whoami", managed true, available true;
    /// Says yes to a preview.
    Confirm "confirm" ["confirmar", "confirma", "sim"], Needs::Nothing, ["<CODE>"], "confirm K7QF", managed true, available true;
    /// Brings Synapse in line.
    Sync "sync" ["sincronizar", "sincroniza"], Needs::Right(Right::Sync), ["[WHO…|ROOM]", "[--dry-run]"], "sync ana.souza --dry-run", managed false, available true;
    /// Releases a held part.
    Approve "approve" ["aprovar", "aprova", "liberar"], Needs::Right(Right::Approve), ["<ID>"], "approve 3f9a1c", managed false, available true;
    /// About one account.
    User "user" ["usuario", "usuário", "pessoa"], Needs::Right(Right::Audit), ["<WHO>"], "user ana.souza", managed false, available true;
    /// Lists accounts.
    Users "users" ["usuarios", "usuários", "pessoas"], Needs::Right(Right::Audit), ["[synced|stale|never|locked|gone]", "[TEXT]"], "users locked", managed false, available true;
    /// Why somebody is where they are.
    Why "why" ["porque", "porquê", "explicar", "explain"], Needs::Right(Right::Audit), ["<WHO>", "[ROOM]"], "why ana.souza icu", managed false, available true;
    /// Lists lasting wishes.
    Grants "grants" ["concessoes", "concessões"], Needs::Right(Right::Audit), ["[WHO]"], "grants", managed false, available true;
    /// What was done.
    Audit "audit" ["auditoria", "historico", "histórico"], Needs::Right(Right::Audit), ["[WHO|ROOM]", "[last N]"], "audit icu last 20", managed false, available true;
    /// Gives a level, and rights with a name.
    Promote "promote" ["promover", "promove"], Needs::Right(Right::Promote), ["<WHO…>", "[LEVEL|moderator|admin]", "[in ROOM]", "[for 2h]", "[because …]", "[--dry-run]"], "promote ana.souza moderator in icu for 8h because night shift", managed false, available true;
    /// Takes level and rights away.
    Demote "demote" ["rebaixar", "rebaixa"], Needs::Right(Right::Promote), ["<WHO…>", "[in ROOM]", "[for 2h]", "[because …]", "[--dry-run]"], "demote ana.souza in icu", managed false, available true;
    /// Redacts messages and reactions.
    Redact "redact" ["apagar", "apaga", "remover", "delete"], Needs::Right(Right::Redact), ["[LINK…|WHO…]", "[in ROOM]", "[last N|since 1h]", "[because …]", "[--dry-run]"], "redact ana.souza in icu last 3", managed true, available true;
    /// Takes somebody out of a room for a while.
    Kick "kick" ["expulsar", "retirar"], Needs::Right(Right::Kick), ["<WHO…>", "<in ROOM>", "[for 24h]", "[because …]"], "kick bruno.lima in icu for 2h", managed false, available true;
    /// Takes somebody's voice in a room.
    Mute "mute" ["silenciar", "calar"], Needs::Right(Right::Kick), ["<WHO…>", "[in ROOM]", "[for 2h]", "[because …]"], "mute bruno.lima in icu for 2h", managed false, available true;
    /// Gives it back.
    Unmute "unmute" ["dessilenciar"], Needs::Right(Right::Kick), ["<WHO…>", "[in ROOM]"], "unmute bruno.lima in icu", managed false, available true;
    /// Keeps somebody out of a room.
    Ban "ban" ["banir"], Needs::Right(Right::Ban), ["<WHO…>", "<in ROOM>", "[for 30d]", "[because …]"], "ban bruno.lima in icu", managed false, available false;
    /// Lets them in again.
    Unban "unban" ["desbanir"], Needs::Right(Right::Ban), ["<WHO…>", "<in ROOM>"], "unban bruno.lima in icu", managed false, available false;
    /// Locks an account.
    Lock "lock" ["bloquear", "bloqueia"], Needs::Right(Right::Lock), ["<WHO…>", "[for 8h]", "[because …]"], "lock bruno.lima because lost phone", managed false, available true;
    /// Unlocks it.
    Unlock "unlock" ["desbloquear", "desbloqueia"], Needs::Right(Right::Lock), ["<WHO…>"], "unlock bruno.lima", managed false, available true;
    /// Deactivates an account.
    Deactivate "deactivate" ["desativar", "desativa"], Needs::Right(Right::Lock), ["<WHO…>", "[because …]"], "deactivate bruno.lima", managed false, available false;
    /// Reactivates it.
    Reactivate "reactivate" ["reativar", "reativa"], Needs::Right(Right::Lock), ["<WHO…>"], "reactivate bruno.lima", managed false, available false;
    /// Rooms: list, stats, create, replace, cleanup, adopt.
    Rooms "rooms" ["salas"], Needs::Right(Right::Rooms), ["[list|stats|cleanup]", "[create NAME for SELECTOR [in SPACE]]", "[replace ROOM]", "[adopt ROOM as KEY]"], "rooms create \"Visita UTI\" for group: Plantão UTI in hospital", managed false, available true;
}
