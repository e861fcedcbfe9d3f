//! The words commands begin with: one table, from which parsing, rights and help come.

use serde::{Deserialize, Serialize};

use super::text::{fold, nearness};
use crate::rights::{Right, Rights};

/// How many words are proposed for one that does not exist.
const PROPOSED: usize = 3;

/// What people say and mean different things by: never carried out, answered with what may be meant.
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

/// What a command needs to be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Anybody EquipeMed knows as active.
    Nothing,
    /// One right, there where it is to be done.
    Right(Right),
    /// One of two rights, there where it is to be done: which, depends on what is found there.
    Either(Right, Right),
}

impl Needs {
    /// Whether somebody with these rights may.
    #[must_use]
    pub fn are_met_by(self, rights: &Rights) -> bool {
        match self {
            Self::Nothing => true,
            Self::Right(right) => rights.contains(&right),
            Self::Either(one, other) => rights.contains(&one) || rights.contains(&other),
        }
    }
}

/// What is known of a word.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Which.
    pub word: Word,
    /// Its English name, without the prefix.
    pub name: &'static str,
    /// Further names, Portuguese ones first. Capitals and accents do not matter when they are said.
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

impl Entry {
    /// All its names, the English one first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

impl Word {
    /// The word that is called so, in either language; capitals and accents do not matter.
    #[must_use]
    pub fn named(said: &str) -> Option<Self> {
        let said = fold(said);
        let is_it = |entry: &&Entry| entry.names().any(|name| fold(name) == said);
        WORDS.iter().find(is_it).map(|entry| entry.word)
    }

    /// What may have been meant by a word that does not exist, the nearest first, at most three.
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
    /// What there is.
    Help "help" ["ajuda", "comandos", "menu", "commands"], Needs::Nothing, ["[COMMAND]"], "help promote", managed true, available true;
    /// How the service is.
    Status "status" ["estado", "situação", "saúde", "health"], Needs::Nothing, [], "status", managed false, available true;
    /// Who the asker is to the bot.
    WhoAmI "whoami" ["quemsou", "quem-sou", "quemsoueu", "quem-sou-eu", "eu", "who-am-i"], Needs::Nothing, [], "whoami", managed true, available true;
    /// Says yes to a preview.
    Confirm "confirm" ["confirmar", "confirma", "confirmo", "sim", "yes"], Needs::Nothing, ["<CODE>"], "confirm K7QF", managed true, available true;
    /// Brings Synapse in line.
    Sync "sync" ["sincronizar", "sincroniza", "sincronize", "synchronize", "synchronise"], Needs::Right(Right::Sync), ["[WHO…|ROOM]", "[in ROOM]", "[--dry-run]"], "sync ana.souza --dry-run", managed false, available true;
    /// Releases a held part.
    Approve "approve" ["aprovar", "aprova", "aprove", "aprovo"], Needs::Right(Right::Approve), ["<ID>"], "approve 3f9a1c", managed false, available true;
    /// About one account.
    User "user" ["usuário", "usuária", "pessoa", "conta", "person", "account"], Needs::Right(Right::Audit), ["<WHO>"], "user ana.souza", managed false, available true;
    /// Lists accounts.
    Users "users" ["usuários", "usuárias", "pessoas", "contas", "people", "accounts"], Needs::Right(Right::Audit), ["[synced|stale|released|never|locked|gone]", "[TEXT]"], "users locked", managed false, available true;
    /// Why somebody is where they are.
    Why "why" ["porque", "por-que", "explicar", "explica", "explique", "explain"], Needs::Right(Right::Audit), ["<WHO>", "[ROOM]"], "why ana.souza icu", managed false, available true;
    /// Lists lasting wishes.
    Grants "grants" ["concessões", "concessão"], Needs::Right(Right::Audit), ["[WHO]"], "grants", managed false, available true;
    /// What was done.
    Audit "audit" ["auditoria", "histórico", "registro", "registros", "history", "log"], Needs::Right(Right::Audit), ["[WHO|ROOM]", "[last N]"], "audit icu last 20", managed false, available true;
    /// Gives a level, and rights with a name.
    Promote "promote" ["promover", "promove", "promova"], Needs::Right(Right::Promote), ["<WHO…>", "[LEVEL|moderator|admin]", "[in ROOM]", "[for 2h]", "[because …]", "[--dry-run]"], "promote ana.souza moderator in icu for 8h because plantão noturno", managed false, available true;
    /// Takes level and rights away.
    Demote "demote" ["rebaixar", "rebaixa", "rebaixe", "despromover"], Needs::Right(Right::Promote), ["<WHO…>", "[in ROOM]", "[for 2h]", "[because …]", "[--dry-run]"], "demote ana.souza in icu", managed false, available true;
    /// Redacts messages and reactions.
    Redact "redact" ["apagar", "apaga", "apague", "deletar", "deleta", "delete"], Needs::Right(Right::Redact), ["[LINK…|WHO…]", "[reaction KEY [of WHO]|reactions]", "[in ROOM]", "[last N|since 1h]", "[because …]", "[--dry-run]"], "redact ana.souza in icu last 3", managed true, available true;
    /// Takes somebody out of a room for a while.
    Kick "kick" ["expulsar", "expulsa", "expulse", "retirar"], Needs::Right(Right::Kick), ["<WHO…>", "<in ROOM>", "[for 24h]", "[because …]"], "kick bruno.lima in icu for 2h", managed false, available true;
    /// Takes somebody's voice in a room.
    Mute "mute" ["silenciar", "silencia", "silencie", "calar"], Needs::Right(Right::Kick), ["<WHO…>", "[in ROOM]", "[for 2h]", "[because …]"], "mute bruno.lima in icu for 2h", managed false, available true;
    /// Gives it back.
    Unmute "unmute" ["dessilenciar", "desilenciar"], Needs::Right(Right::Kick), ["<WHO…>", "[in ROOM]"], "unmute bruno.lima in icu", managed false, available true;
    /// Keeps somebody out of a room.
    Ban "ban" ["banir", "bane"], Needs::Right(Right::Ban), ["<WHO…>", "[in ROOM]", "[for 30d]", "[because …]"], "ban bruno.lima in icu", managed false, available true;
    /// Lets them in again, also who was removed for a while.
    Unban "unban" ["desbanir", "desbane", "readmitir", "unkick"], Needs::Either(Right::Ban, Right::Kick), ["<WHO…>", "[in ROOM]", "[because …]"], "unban bruno.lima in icu", managed false, available true;
    /// Locks an account.
    Lock "lock" ["bloquear", "bloqueia", "bloqueie", "trancar"], Needs::Right(Right::Lock), ["<WHO…>", "[for 8h]", "[because …]"], "lock bruno.lima because celular perdido", managed false, available true;
    /// Unlocks it.
    Unlock "unlock" ["desbloquear", "desbloqueia", "desbloqueie", "destrancar"], Needs::Right(Right::Lock), ["<WHO…>"], "unlock bruno.lima", managed false, available true;
    /// Deactivates an account.
    Deactivate "deactivate" ["desativar", "desativa", "desative"], Needs::Right(Right::Lock), ["<WHO…>", "[because …]"], "deactivate bruno.lima", managed false, available true;
    /// Reactivates it.
    Reactivate "reactivate" ["reativar", "reativa", "reative"], Needs::Right(Right::Lock), ["<WHO…>"], "reactivate bruno.lima", managed false, available true;
    /// Rooms: list, stats, create, replace, cleanup, adopt.
    Rooms "rooms" ["salas", "sala", "room"], Needs::Right(Right::Rooms), ["[list|stats|cleanup]", "[create NAME for SELECTOR [in SPACE]]", "[replace ROOM]", "[adopt ROOM as KEY]"], "rooms create \"Visita UTI\" for group: Plantão UTI in hospital", managed false, available true;
}
