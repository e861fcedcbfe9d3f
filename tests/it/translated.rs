//! Facts are the same in both languages, and Portuguese texts contain no English.

use anyhow::{Context as _, Result};
use equipemed_bot::config::settings::Language;
use equipemed_bot::homeserver::HomeserverError;
use equipemed_bot::speech::{Arg, Shown, Texts};
use equipemed_domain::access::LevelReason;
use equipemed_domain::authority::Refusal;
use equipemed_domain::cause::Cause;
use equipemed_domain::command::word::WORDS;
use equipemed_domain::desired::AccountState;
use equipemed_domain::directory::PersonId;
use equipemed_domain::explain::{MemberReason, PlaceIs, Reason};
use equipemed_domain::fault::Fault;
use equipemed_domain::finding::{Difference, Finding};
use equipemed_domain::grant::{Grant, GrantId, GrantKind};
use equipemed_domain::key::{CONTROL_ROOM, RoleKey, RoomKey};
use equipemed_domain::localpart::LocalpartError;
use equipemed_domain::naming::Named;
use equipemed_domain::power::Power;
use equipemed_domain::review::HeldReason;
use equipemed_domain::rights::Right;
use equipemed_domain::standing::Standing;
use equipemed_domain::stands::Unmet;
use jiff::Timestamp;
use ruma_common::{OwnedRoomId, OwnedUserId, UserId, room_id, user_id};
use serde_json::Value;

use super::texts::understood;

/// Samples of every variant, each next to its variant: a missing one does not compile.
macro_rules! every {
    ($($variant:pat => [$($sample:expr),+ $(,)?],)+) => {{
        let mut all = Vec::new();
        $(for sample in [$($sample),+] {
            assert!(matches!(&sample, $variant), "{sample:?} is no {}", stringify!($variant));
            all.push(sample);
        })+
        for one in &all {
            match one { $($variant => {})+ }
        }
        all
    }};
}
pub(crate) use every;

/// English words that no Portuguese text contains, not even in names or commands.
const ENGLISH: &[&str] = &[
    "the",
    "is",
    "are",
    "was",
    "has",
    "of",
    "and",
    "not",
    "does",
    "person",
    "people",
    "room",
    "account",
    "their",
    "them",
    "which",
    "could",
    "should",
    "stands",
    "by",
    "asked",
    "yes",
    "none",
    "member",
    "level",
    "rights",
    "role",
    "roles",
    "standing",
    "because",
    "who",
    "where",
    "needs",
    "may",
    "belongs",
    "grant",
    "everywhere",
    "read",
    "says",
    "that",
    "it",
    "with",
    "while",
    "be",
    "made",
    "answer",
    "answered",
    "refused",
    "refuses",
];

pub(crate) fn texts() -> [Texts; 2] {
    [Texts::new(Language::PtBr), Texts::new(Language::En)]
}

pub(crate) fn user() -> OwnedUserId {
    user_id!("@ana:h.example").to_owned()
}

fn other() -> OwnedUserId {
    user_id!("@bia:h.example").to_owned()
}

fn uti() -> RoomKey {
    RoomKey::new("uti")
}

fn id() -> OwnedRoomId {
    room_id!("!r:h.example").to_owned()
}

fn grant(kind: GrantKind, scope: Option<RoomKey>, asker: &str) -> Grant {
    let (person, created_at) = (PersonId(41), Timestamp::UNIX_EPOCH);
    Grant { id: GrantId(73), person, kind, scope, asker: asker.to_owned(), created_at, expires_at: None, reason: None }
}

fn taken(grant: Grant, outside: bool) -> Reason {
    Reason::RightsTaken { rights: Right::ALL.into_iter().collect(), grant, outside }
}

/// Fails if a Portuguese text contains our English words.
#[track_caller]
pub(crate) fn assert_portuguese(text: &str) {
    let words = text.split(|c: char| !c.is_alphanumeric() && !"._-'".contains(c)).map(str::to_lowercase);
    let english: Vec<String> = words.filter(|word| ENGLISH.contains(&word.as_str())).collect();
    assert!(english.is_empty() && !text.is_empty(), "{english:?} in {text}");
}

/// Ids, keys, names and numbers in a stored value.
fn facts(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let is_fact = |name: &String| !["kind", "what", "why", "join_rule"].contains(&name.as_str());
            fields.iter().filter(|(name, _)| is_fact(name)).flat_map(|(_, value)| facts(value)).collect()
        }
        Value::Array(items) => items.iter().flat_map(facts).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Bool(_) | Value::Null => Vec::new(),
    }
}

fn findings() -> Vec<Finding> {
    let (person, room) = (PersonId(41), uti());
    let tried = |error| vec![("maria s".to_owned(), error)];
    let differs = |how| Finding::RoomDiffers { room: uti(), how };
    let unknown = |what, is_listed| {
        let near = Some("Plantão UTI".to_owned()).filter(|_| is_listed);
        Finding::NameUnknown { what, name: "Plantao UTI".to_owned(), near, is_listed }
    };
    let reach = |has, bot| Finding::LevelOutOfReach { room: uti(), user: user(), has, wanted: 57, bot };
    let missing =
        |since| Finding::NameOfMissing { person, user: user(), holder: PersonId(42), since, administrator: true };
    every! {
        Finding::NoPublicId { .. } => [Finding::NoPublicId { person }],
        Finding::PersonReplaced { .. } => [Finding::PersonReplaced {
            person,
            was: "eva.lima".to_owned(),
            now: "rui.reis".to_owned(),
            user: user(),
            administrator: false,
        }],
        Finding::AccountUnclear { .. } => [Finding::AccountUnclear { user: user(), administrator: false }],
        Finding::AccountGone { .. } => [Finding::AccountGone { person, user: user() }],
        Finding::ExternalIdDiffers { .. } => [
            Finding::ExternalIdDiffers { person, user: user(), found: Vec::new() },
            Finding::ExternalIdDiffers { person, user: user(), found: vec!["0a1b".to_owned()] },
        ],
        Finding::LocalpartImpossible { .. } => [
            Finding::LocalpartImpossible { person, tried: tried(LocalpartError::Character(' ')) },
            Finding::LocalpartImpossible { person, tried: tried(LocalpartError::Empty) },
            Finding::LocalpartImpossible { person, tried: tried(LocalpartError::Digits) },
            Finding::LocalpartImpossible { person, tried: tried(LocalpartError::Underscore) },
            Finding::LocalpartImpossible { person, tried: tried(LocalpartError::TooLong) },
            Finding::LocalpartImpossible { person, tried: tried(LocalpartError::Reserved) },
            Finding::LocalpartImpossible { person, tried: Vec::new() },
        ],
        Finding::LocalpartCollision { .. } => [
            Finding::LocalpartCollision { person, user: user(), others: vec![PersonId(42)], holder: None },
            Finding::LocalpartCollision { person, user: user(), others: vec![PersonId(42)], holder: Some(PersonId(42)) },
        ],
        Finding::NameOfMissing { .. } => [missing(None), missing(Some(Timestamp::UNIX_EPOCH))],
        Finding::LocalpartReserved { .. } => [Finding::LocalpartReserved { person, user: user() }],
        Finding::AccountTwin { .. } => [Finding::AccountTwin { person, user: user(), twin: other() }],
        Finding::AccountNotTheirs { .. } => [
            Finding::AccountNotTheirs { person, user: user(), administrator: false },
            Finding::AccountNotTheirs { person, user: user(), administrator: true },
        ],
        Finding::AdministratorFound { .. } => [Finding::AdministratorFound { person, user: user() }],
        Finding::ExternalIdTaken { .. } => [
            Finding::ExternalIdTaken { person, user: user(), owner: PersonId(42) },
        ],
        Finding::AccountMissing { .. } => [Finding::AccountMissing { person, user: user() }],
        Finding::EmailShared { .. } => [Finding::EmailShared { people: vec![person] }],
        Finding::EmailTaken { .. } => [Finding::EmailTaken { person, user: user(), holder: other() }],
        Finding::UnknownStatus { .. } => [Finding::UnknownStatus { person, status: "on_leave".to_owned() }],
        Finding::NameUnknown { .. } => [
            unknown(Named::Group, true),
            unknown(Named::Group, false),
            unknown(Named::Specialty, true),
            unknown(Named::Specialty, false),
        ],
        Finding::RoomMatchesNobody { .. } => [Finding::RoomMatchesNobody { room: room.clone() }],
        Finding::MemberUnbound { .. } => [Finding::MemberUnbound { room: room.clone(), user: user() }],
        Finding::BannedByHand { .. } => [Finding::BannedByHand { room: room.clone(), user: user() }],
        Finding::InvitationsDeclined { .. } => [
            Finding::InvitationsDeclined { room: room.clone(), users: [user()].into() },
        ],
        Finding::OtherFaces { .. } => [Finding::OtherFaces { room: room.clone(), users: [user()].into() }],
        Finding::CreatorStays { .. } => [Finding::CreatorStays { room: room.clone(), user: user() }],
        Finding::EmailInvalid { .. } => [Finding::EmailInvalid { person }],
        Finding::LevelOutOfReach { .. } => [reach(50, 100), reach(100, 100), reach(i64::MAX, 99)],
        Finding::LevelsFull { .. } => [
            Finding::LevelsFull { room: room.clone(), entries: 1_203, waiting: 97, bytes: 70_123 },
        ],
        Finding::DefaultLevelTooHigh { .. } => [
            Finding::DefaultLevelTooHigh { room: room.clone(), level: 25, needs: 20 },
        ],
        Finding::PowerMissing { .. } => [
            Finding::PowerMissing { room: room.clone(), what: Power::Ban, needs: 52, bot: 12 },
        ],
        Finding::BotNotInRoom { .. } => [Finding::BotNotInRoom { room: room.clone(), room_id: id() }],
        Finding::RoomUnreadable { .. } => [
            Finding::RoomUnreadable { room: room.clone(), room_id: id(), why: Box::new(HomeserverError::NotAdmin.into()) },
        ],
        Finding::RoomEncrypted { .. } => [Finding::RoomEncrypted { room: room.clone() }],
        Finding::RoomReplaced { .. } => [
            Finding::RoomReplaced { room: room.clone(), by: Some(user()), successor: Some(id()) },
            Finding::RoomReplaced { room: room.clone(), by: None, successor: None },
        ],
        Finding::RoomDiffers { .. } => [
            differs(Difference::Version { has: "10".to_owned(), wanted: "12".to_owned() }),
            differs(Difference::IsSpace),
            differs(Difference::IsNoSpace),
            differs(Difference::NoLevelEvent),
        ],
        Finding::VersionMissing { .. } => [
            Finding::VersionMissing { room: room.clone(), wanted: "12".to_owned(), has: vec!["10".to_owned(), "11".to_owned()] },
        ],
        Finding::RoomKeyTwice { .. } => [
            Finding::RoomKeyTwice { room: room.clone(), room_ids: vec![id(), room_id!("!s:h.example").to_owned()] },
            Finding::RoomKeyTwice { room: RoomKey::from(CONTROL_ROOM), room_ids: vec![id(), room_id!("!s:h.example").to_owned()] },
        ],
        Finding::RoomNoLongerManaged { .. } => [Finding::RoomNoLongerManaged { room: room.clone(), room_id: id() }],
        Finding::DirectoryShrank { .. } => [Finding::DirectoryShrank { before: 12_345, now: 7 }],
        Finding::NewRoomsEncrypted => [Finding::NewRoomsEncrypted],
        Finding::ControlRoomMissing => [Finding::ControlRoomMissing],
        Finding::ControlRoomOpen { .. } => [Finding::ControlRoomOpen { join_rule: "public".to_owned() }],
    }
}

#[test]
fn every_finding_is_said_in_both_languages_with_the_same_facts() -> Result<()> {
    let [portuguese, english] = texts();
    for finding in findings() {
        let stored = serde_json::to_value(&finding)?;
        assert_eq!(serde_json::from_value::<Finding>(stored.clone())?, finding);
        for texts in [&portuguese, &english] {
            let said = texts.finding(&finding);
            for fact in facts(&stored) {
                // Of an instant the day is enough.
                let day = fact.parse::<Timestamp>().map(|at| at.strftime("%Y-%m-%d").to_string());
                let fact = day.unwrap_or(fact);
                // A sentence describes the problem of a localpart instead of its key.
                let is_fault = finding.kind() == "localpart_impossible"
                    && fact.chars().all(|c| "_ ".contains(c) || c.is_lowercase());
                // Texts describe the level of a creator without its number.
                let is_above_all = matches!(finding, Finding::LevelOutOfReach { has: i64::MAX, .. })
                    && (fact == i64::MAX.to_string() || fact == "99");
                let is_as_it_should = said.plain.contains(&fact) != is_above_all;
                assert!(is_as_it_should || is_fault && fact != "maria s", "{fact} in {}", said.plain);
            }
        }
        assert_portuguese(&portuguese.finding(&finding).plain);
    }
    for power in Power::all() {
        let of = |texts: &Texts| texts.word("power", power.as_str()).plain;
        assert_ne!(of(&english), power.as_str(), "the name is said when a text is missing");
        assert_ne!(of(&portuguese), of(&english));
        assert_portuguese(&of(&portuguese));
    }
    Ok(())
}

#[test]
fn every_reason_why_something_is_held_is_said_in_both_languages() -> Result<()> {
    let reasons = every! {
        HeldReason::DirectoryShrank { .. } => [HeldReason::DirectoryShrank { before: 345, now: 7 }],
        HeldReason::AccountsMissing { .. } => [HeldReason::AccountsMissing { people: 31, of: 345 }],
        HeldReason::ManyLocked { .. } => [HeldReason::ManyLocked { people: 31, of: 345, went: 4 }],
        HeldReason::ManyRemoved { .. } => [HeldReason::ManyRemoved { room: uti(), people: 31, of: 345, went: 4 }],
        HeldReason::RuleMatchesNobody { .. } => [HeldReason::RuleMatchesNobody { room: uti() }],
        HeldReason::NobodySelected { .. } => [HeldReason::NobodySelected { people: 345 }],
        HeldReason::ManyGain { .. } => [HeldReason::ManyGain { people: 31, went: 4 }],
        HeldReason::ManyDeactivated { .. } => [HeldReason::ManyDeactivated { people: 31, went: 4 }],
        HeldReason::ManyJoined { .. } => [HeldReason::ManyJoined { room: uti(), people: 31, of: 45, went: 4 }],
        HeldReason::Rotation { .. } => [HeldReason::Rotation { room: uti(), out: 31, into: 28, of: 45 }],
        HeldReason::ManyGainLesser { .. } => [HeldReason::ManyGainLesser { people: 31, went: 4 }],
        HeldReason::ManyLose { .. } => [HeldReason::ManyLose { people: 31, went: 4 }],
        HeldReason::LastAdministrator => [HeldReason::LastAdministrator],
        HeldReason::ShorterRetention { .. } => [HeldReason::ShorterRetention { room: uti() }],
        HeldReason::StillWaiting => [HeldReason::StillWaiting],
    };
    for reason in reasons {
        let mut stored = serde_json::to_value(&reason)?;
        stored.as_object_mut().context("fields")?.remove("reason");
        let said = texts().map(|texts| texts.held_reason(&reason, |room| Arg::Code(room.to_string())).plain);
        for (fact, said) in facts(&stored).iter().flat_map(|fact| said.iter().map(move |said| (fact, said))) {
            assert!(said.contains(fact.as_str()), "{fact} is not in {said}");
        }
        assert_portuguese(&said[0]);
        assert_ne!(said[0], said[1]);
    }
    Ok(())
}

#[test]
fn every_reason_why_somebody_is_where_they_are_is_said_in_both_languages() {
    let account = |state, cause| Reason::Account { user: user(), state, cause };
    let standing = |standing, access_ends, is_enabled| Reason::Standing {
        standing,
        status: "on_leave".to_owned(),
        access_ends,
        is_enabled,
    };
    let level = |reason| Reason::Level { level: 57, reason };
    let ends = Some(Timestamp::UNIX_EPOCH);
    let lead = RoleKey::new("lead");
    let reasons = every! {
        Reason::Account { .. } => [
            account(AccountState::Active, Cause::Policy),
            account(AccountState::Locked, Cause::Grant(GrantId(73))),
            account(AccountState::Deactivated, Cause::Policy),
        ],
        Reason::NoAccount { .. } => [Reason::NoAccount { person: PersonId(41) }],
        Reason::Standing { .. } => [
            standing(Some(Standing::Active), None, true),
            standing(Some(Standing::Off), None, true),
            standing(Some(Standing::Off), ends, true),
            standing(Some(Standing::Gone), None, true),
            standing(Some(Standing::Gone), None, false),
            standing(None, None, true),
        ],
        Reason::NotSelected => [Reason::NotSelected],
        Reason::Released => [Reason::Released],
        Reason::Roles(_) => [Reason::Roles(vec![lead.clone()]), Reason::Roles(Vec::new())],
        Reason::Grant(_) => [
            Reason::Grant(grant(GrantKind::Mute, Some(uti()), "@bia:h.example")),
            Reason::Grant(grant(GrantKind::Level(57), None, "operator")),
        ],
        Reason::Note(_) => [Reason::Note(Finding::NoPublicId { person: PersonId(41) })],
        Reason::Member(_) => [
            Reason::Member(MemberReason::Banned(GrantId(73))),
            Reason::Member(MemberReason::KeptOut(GrantId(73))),
            Reason::Member(MemberReason::ByRule),
            Reason::Member(MemberReason::AsAdministrator),
            Reason::Member(MemberReason::NotSelected),
            Reason::Member(MemberReason::No),
        ],
        Reason::Level { .. } => [
            level(LevelReason::Nothing),
            level(LevelReason::Role(lead.clone())),
            level(LevelReason::RoomLevel(lead.clone())),
            level(LevelReason::Administrator(uti())),
            level(LevelReason::Grant(grant(GrantKind::Admin, None, "@bia:h.example"))),
        ],
        Reason::Rights(_) => [
            Reason::Rights(Right::ALL.into_iter().collect()),
            Reason::Rights(std::iter::empty().collect()),
        ],
        Reason::AccountIs { .. } => [
            Reason::AccountIs { state: None, suspended: false, shadow_banned: false },
            Reason::AccountIs { state: Some(AccountState::Active), suspended: true, shadow_banned: true },
        ],
        Reason::PlaceIs(_) => [
            Reason::PlaceIs(PlaceIs::Outside), Reason::PlaceIs(PlaceIs::Invited),
            Reason::PlaceIs(PlaceIs::Declined), Reason::PlaceIs(PlaceIs::Left { may: true }),
            Reason::PlaceIs(PlaceIs::Left { may: false }), Reason::PlaceIs(PlaceIs::Banned),
            Reason::PlaceIs(PlaceIs::Inside), Reason::PlaceIs(PlaceIs::Level(25)),
            Reason::PlaceIs(PlaceIs::Unusable(Unmet::NoRoom)), Reason::PlaceIs(PlaceIs::Unusable(Unmet::Several)),
            Reason::PlaceIs(PlaceIs::Unusable(Unmet::Deleted)), Reason::PlaceIs(PlaceIs::Unusable(Unmet::Replaced)),
            Reason::PlaceIs(PlaceIs::Unusable(Unmet::BotOut)),
            Reason::PlaceIs(PlaceIs::Unusable(Unmet::Unreadable { why: HomeserverError::NotAdmin })),
        ],
        Reason::NotSeen { .. } => [Reason::NotSeen { why: Box::new(Fault::LevelsFull) }],
        Reason::RightsTaken { .. } => [
            taken(grant(GrantKind::Mute, Some(uti()), "@bia:h.example"), false),
            taken(grant(GrantKind::Level(0), None, "operator"), true),
        ],
    };
    let [portuguese, english] = texts();
    for reason in reasons {
        let said = [&portuguese, &english].map(|texts| texts.reason(&reason).plain);
        let known = ["41", "57", "73", "@ana:h.example", "on_leave", "lead", "uti", "@bia:h.example", "1970-01-01"];
        for fact in known.into_iter().filter(|fact| said[1].contains(fact)) {
            assert!(said.iter().all(|said| said.contains(fact)), "{fact} is not in {said:?}");
        }
        assert_portuguese(&said[0]);
    }
}

#[test]
fn what_is_to_be_typed_is_portuguese_and_means_the_same() {
    let [portuguese, english] = texts();
    for entry in WORDS {
        let behind = entry.example.strip_prefix(entry.name).unwrap();
        let (own, foreign) = (portuguese.typed(behind), english.typed(behind));
        assert_eq!(foreign, behind);
        assert_eq!(portuguese.spelled(entry.word), format!("!{}", entry.portuguese()));
        let command = understood(&format!("!{}{own}", entry.portuguese()), false);
        assert!(command.is_some(), "!{}{own}", entry.portuguese());
        // The handler, which knows both words, looks up members of groups.
        let same = behind.replace("group:", "grupo:").replace("icu", "uti");
        assert_eq!(command, understood(&format!("!{}{same}", entry.name), false), "!{}{own}", entry.name);
        for part in entry.usage {
            let typed = portuguese.typed(part);
            assert_portuguese(&typed.replace("N]", "]"));
            assert_eq!(english.typed(part), *part);
            assert!(
                !typed.contains("--") || ["--simular", "--aparelhos"].iter().any(|flag| typed.contains(flag)),
                "{typed}"
            );
        }
    }
    assert_eq!(portuguese.typed("[LEVEL|moderator|admin]"), "[NÍVEL|moderador|admin]");
    assert_eq!(portuguese.typed("[create NAME for SELECTOR [in SPACE]]"), "[criar NOME para SELETOR [em ESPAÇO]]");
    assert_eq!(portuguese.typed("[for 2h]"), "[por 2h]");
}

/// Shows rooms, people and accounts by id.
struct Ids;

impl Shown for Ids {
    fn person(&self, id: PersonId) -> Arg {
        Arg::Text(id.to_string())
    }

    fn user(&self, user: &UserId) -> Arg {
        Arg::Text(user.to_string())
    }

    fn room(&self, key: &RoomKey) -> Arg {
        Arg::Text(key.to_string())
    }
}

#[test]
fn a_refusal_is_said_in_both_languages_and_names_the_room_in_which_it_fails() {
    let (person, right, level, own) = (PersonId(41), Right::Ban, 73, 57);
    let refusals = every! {
        Refusal::Unknown => [Refusal::Unknown],
        Refusal::NotActive => [Refusal::NotActive],
        Refusal::Right { .. } => [Refusal::Right { right, room: None }, Refusal::Right { right, room: Some(uti()) }],
        Refusal::GainHeld { .. } => [Refusal::GainHeld { right }],
        Refusal::Own => [Refusal::Own],
        Refusal::Protected { .. } => [Refusal::Protected { user: user() }],
        Refusal::Higher { .. } => [
            Refusal::Higher { person, room: None },
            Refusal::Higher { person, room: Some(uti()) },
        ],
        Refusal::Above { .. } => [
            Refusal::Above { level, own, room: None },
            Refusal::Above { level, own, room: Some(uti()) },
        ],
        Refusal::Observe => [Refusal::Observe],
    };
    let [portuguese, english] = texts();
    for refusal in refusals {
        let written = format!("{refusal:?}");
        let said = [&portuguese, &english].map(|texts| texts.refusal(&refusal, &Ids).plain);
        for (fact, shown) in [("PersonId(41)", "41"), ("73", "73"), ("57", "57"), ("uti", "uti"), ("@ana", "@ana")] {
            if written.contains(fact) {
                assert!(said.iter().all(|said| said.contains(shown)), "{shown} is not in {said:?}");
            }
        }
        assert_portuguese(&said[0]);
        // And as stored in the audit.
        let told = portuguese.fault(&Fault::Refused(refusal)).plain;
        assert!(told.starts_with("recusado: "), "{told}");
        assert_portuguese(&told);
    }
}
