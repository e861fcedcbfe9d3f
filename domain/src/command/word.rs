//! The words that commands begin with: one table for parsing, rights and help.

use serde::{Deserialize, Serialize};

use super::text::{fold, folds_to, nearness};
use crate::rights::{Right, Rights};

/// How many words are suggested for an unknown one.
const PROPOSED: usize = 3;

/// Words with several meanings: never executed, but answered with suggestions.
const AMBIGUOUS: &[(&str, &[Word])] = &[
    ("remover", &[Word::Redact, Word::Kick]),
    ("remova", &[Word::Redact, Word::Kick]),
    ("remove", &[Word::Redact, Word::Kick]),
    ("excluir", &[Word::Redact, Word::Kick]),
    ("tirar", &[Word::Kick, Word::Demote]),
    ("liberar", &[Word::Approve, Word::Unlock]),
    ("suspender", &[Word::Lock, Word::Mute]),
    ("suspend", &[Word::Lock, Word::Mute]),
    ("desabilitar", &[Word::Lock, Word::Deactivate]),
    ("disable", &[Word::Lock, Word::Deactivate]),
    ("desligar", &[Word::Lock, Word::Deactivate]),
    ("ativar", &[Word::Unlock, Word::Reactivate]),
    ("enable", &[Word::Unlock, Word::Reactivate]),
    ("grant", &[Word::Promote, Word::Grants]),
];

/// What the asker of a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Anybody who is active in EquipeMed.
    Nothing,
    /// A right, in the place that the command affects.
    Right(Right),
    /// One of two rights, in the place that the command affects; which one depends on what is found there.
    Either(Right, Right),
}

impl Needs {
    /// Whether these rights are enough.
    #[must_use]
    pub fn are_met_by(self, rights: &Rights) -> bool {
        match self {
            Self::Nothing => true,
            Self::Right(right) => rights.contains(&right),
            Self::Either(one, other) => rights.contains(&one) || rights.contains(&other),
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The word.
    pub word: Word,
    /// Its English name, without the prefix.
    pub name: &'static str,
    /// Other names, matched without case and accents. The first is the one that Portuguese answers use.
    pub aliases: &'static [&'static str],
    /// Its arguments: `<required>`, `[optional]`.
    pub usage: &'static [&'static str],
    /// An example that can be typed.
    pub example: &'static str,
    /// What the asker needs.
    pub needs: Needs,
    /// Whether managed rooms accept it too.
    pub in_managed_rooms: bool,
}

macro_rules! words {
    ($($(#[$doc:meta])* $word:ident $name:literal $aliases:tt, $needs:expr, $usage:tt, $example:literal, managed $managed:literal;)*) => {
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
            },)*
        ];

        impl Word {
            /// The word's row of the table.
            #[must_use]
            pub const fn entry(self) -> &'static Entry {
                // The table and the enum are one list, in one order.
                &WORDS[self as usize]
            }
        }
    };
}

impl Entry {
    /// All its names, the English one first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Its Portuguese name.
    #[must_use]
    pub fn portuguese(&self) -> &'static str {
        self.aliases.first().copied().unwrap_or(self.name)
    }
}

impl Word {
    /// The word with this name in either language, ignoring case and accents.
    #[must_use]
    pub fn named(said: &str) -> Option<Self> {
        let said = fold(said);
        let is_it = |entry: &&Entry| entry.names().any(|name| folds_to(name, &said));
        WORDS.iter().find(is_it).map(|entry| entry.word)
    }

    /// Suggestions for an unknown word, nearest first, at most three.
    #[must_use]
    pub fn nearest(said: &str) -> Vec<Self> {
        let said = fold(said);
        if let Some((_, words)) = AMBIGUOUS.iter().find(|(name, _)| *name == said) {
            return words.to_vec();
        }
        let near = |entry: &Entry| {
            let distance = entry.names().filter_map(|name| nearness(&said, &fold(name))).min()?;
            Some((distance, entry.word))
        };
        let mut near: Vec<_> = WORDS.iter().filter_map(near).collect();
        near.sort_unstable();
        near.into_iter().map(|(_, word)| word).take(PROPOSED).collect()
    }
}

words! {
    /// Lists commands.
    Help "help" ["ajuda", "comandos", "menu", "commands"], Needs::Nothing, ["[COMMAND]"], "help promote", managed true;
    /// Shows the state of the service.
    Status "status" ["estado", "situação", "saúde", "health"], Needs::Nothing, [], "status", managed false;
    /// Shows what the bot knows of the asker.
    WhoAmI "whoami" ["quem-sou-eu", "quemsoueu", "quem-sou", "quemsou", "eu", "who-am-i"], Needs::Nothing, [], "whoami", managed true;
    /// Confirms a preview.
    Confirm "confirm" ["confirmar", "confirma", "confirmo", "sim", "yes"], Needs::Nothing, ["<CODE>"], "confirm K7QF", managed true;
    /// Says no to a preview.
    Cancel "cancel" ["cancelar", "cancela", "cancelo", "não", "no"], Needs::Nothing, ["<CODE>"], "cancel K7QF", managed true;
    /// Stops a command that is being carried out.
    Stop "stop" ["parar", "pare", "para", "interromper"], Needs::Nothing, [], "stop", managed true;
    /// Makes the service change nothing by itself.
    Pause "pause" ["pausar", "pausa", "pausa-tudo"], Needs::Right(Right::Approve), ["[for 2h]", "[because …]"], "pause for 1h", managed false;
    /// Ends a pause.
    Resume "resume" ["retomar", "retoma", "retome", "continuar"], Needs::Right(Right::Approve), [], "resume", managed false;
    /// Synchronises Synapse.
    Sync "sync" ["sincronizar", "sincroniza", "sincronize", "synchronize", "synchronise"], Needs::Right(Right::Sync), ["[WHO…|ROOM]", "[in ROOM]", "[--dry-run]"], "sync ana.souza --dry-run", managed false;
    /// Releases a held part.
    Approve "approve" ["aprovar", "aprova", "aprove", "aprovo"], Needs::Right(Right::Approve), ["<ID>"], "approve 3f9a1c", managed false;
    /// Shows one account.
    User "user" ["conta", "pessoa", "usuário", "usuária", "person", "account"], Needs::Right(Right::Audit), ["<WHO>"], "user ana.souza", managed false;
    /// Lists accounts.
    Users "users" ["contas", "pessoas", "usuários", "usuárias", "people", "accounts"], Needs::Right(Right::Audit), ["[synced|stale|released|never|locked|gone]", "[TEXT]", "[--devices]"], "users locked", managed false;
    /// Why somebody is where they are.
    Why "why" ["explicar", "explica", "explique", "porque", "por-que", "explain"], Needs::Right(Right::Audit), ["<WHO>", "[ROOM]"], "why ana.souza icu", managed false;
    /// Lists grants.
    Grants "grants" ["concessões", "concessão"], Needs::Right(Right::Audit), ["[WHO]"], "grants", managed false;
    /// Shows the audit.
    Audit "audit" ["auditoria", "histórico", "registro", "registros", "history", "log"], Needs::Right(Right::Audit), ["[WHO|ROOM]", "[last N]"], "audit icu last 20", managed false;
    /// Gives a level, and for a named rank its rights.
    Promote "promote" ["promover", "promove", "promova"], Needs::Right(Right::Promote), ["<WHO…>", "[LEVEL|moderator|admin]", "[in ROOM]", "[for 2h]", "[because …]", "[--dry-run]"], "promote ana.souza moderator in icu for 8h", managed false;
    /// Takes level and rights away.
    Demote "demote" ["rebaixar", "rebaixa", "rebaixe", "despromover"], Needs::Right(Right::Promote), ["<WHO…>", "[in ROOM]", "[for 2h]", "[because …]", "[--dry-run]"], "demote ana.souza in icu", managed false;
    /// Redacts messages and reactions.
    Redact "redact" ["apagar", "apaga", "apague", "deletar", "deleta", "delete"], Needs::Right(Right::Redact), ["[LINK…|WHO…]", "[reaction KEY [of WHO]|reactions]", "[in ROOM]", "[last N|since 1h]", "[because …]", "[--dry-run]"], "redact ana.souza in icu last 3", managed true;
    /// Removes somebody from a room for a while.
    Kick "kick" ["expulsar", "expulsa", "expulse", "retirar"], Needs::Right(Right::Kick), ["<WHO…>", "<in ROOM>", "[for 24h]", "[because …]"], "kick bruno.lima in icu for 2h", managed false;
    /// Stops somebody from writing in a room.
    Mute "mute" ["silenciar", "silencia", "silencie", "calar"], Needs::Right(Right::Kick), ["<WHO…>", "[in ROOM]", "[for 2h]", "[because …]"], "mute bruno.lima in icu for 2h", managed false;
    /// Lets somebody write again.
    Unmute "unmute" ["dessilenciar", "desilenciar"], Needs::Right(Right::Kick), ["<WHO…>", "[in ROOM]"], "unmute bruno.lima in icu", managed false;
    /// Bans somebody from a room.
    Ban "ban" ["banir", "bane"], Needs::Right(Right::Ban), ["<WHO…>", "[in ROOM]", "[for 30d]", "[because …]"], "ban bruno.lima in icu", managed false;
    /// Lifts a ban or a kick.
    Unban "unban" ["desbanir", "desbane", "readmitir", "unkick"], Needs::Either(Right::Ban, Right::Kick), ["<WHO…>", "[in ROOM]", "[because …]"], "unban bruno.lima in icu", managed false;
    /// Locks an account.
    Lock "lock" ["bloquear", "bloqueia", "bloqueie", "trancar"], Needs::Right(Right::Lock), ["<WHO…>", "[for 8h]", "[because …]"], "lock bruno.lima for 8h", managed false;
    /// Unlocks an account.
    Unlock "unlock" ["desbloquear", "desbloqueia", "desbloqueie", "destrancar"], Needs::Right(Right::Lock), ["<WHO…>"], "unlock bruno.lima", managed false;
    /// Ends all sessions of an account.
    SignOut "signout" ["desconectar", "desconecta", "desconecte", "sign-out", "logout"], Needs::Right(Right::Lock), ["<WHO…>", "[because …]"], "signout bruno.lima", managed false;
    /// Deactivates an account.
    Deactivate "deactivate" ["desativar", "desativa", "desative"], Needs::Right(Right::Lock), ["<WHO…>", "[because …]"], "deactivate bruno.lima", managed false;
    /// Reactivates an account.
    Reactivate "reactivate" ["reativar", "reativa", "reative"], Needs::Right(Right::Lock), ["<WHO…>"], "reactivate bruno.lima", managed false;
    /// Rooms: list, stats, create, replace, cleanup, adopt.
    Rooms "rooms" ["salas", "sala", "room"], Needs::Right(Right::Rooms), ["[list|stats|cleanup]", "[create NAME for SELECTOR [in SPACE]]", "[replace ROOM]", "[adopt ROOM as KEY]"], "rooms create \"Visita UTI\" for group: Plantão UTI in hospital", managed false;
}
