//! Faults are data: each has a text in both languages, keeps foreign messages unchanged, and survives storing.

use equipemed_bot::speech::Texts;
use equipemed_domain::authority::Refusal;
use equipemed_domain::fault::{
    Away, BadCell, BadUrl, ColumnProblem, ColumnType, Conflict, DirectoryError, During as _, Fault, FileStays, Fix,
    HalfWritten, HomeserverError, Interruption, Missing, NoAnswer, Nonsense, NotAdopted, NotAllowed, NotLetIn,
    NotMatrix, NotReplaced, NotSetUp, NotThere, Notifications, Setup, Side, Stage, Stays, StoreError, StoreRow,
};
use equipemed_domain::finding::Finding;
use equipemed_domain::key::RoomKey;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::rights::Right;
use ruma_common::{OwnedRoomId, owned_user_id, room_alias_id, room_id};
use serde_json::json;

use super::translated::{assert_portuguese, every, texts, user};

/// A fault as a terminal shows it.
pub(crate) fn english(error: impl Into<Fault>) -> String {
    let [_, english] = texts();
    english.fault(&error.into()).plain
}

/// A foreign message, which stays unchanged.
const SAID: &str = "Unknown room: <b>x</b> `y` **z**";

fn said() -> String {
    SAID.to_owned()
}

fn uti() -> RoomKey {
    RoomKey::new("uti")
}

fn id() -> OwnedRoomId {
    room_id!("!r:h.example").to_owned()
}

fn of_synapse() -> Vec<HomeserverError> {
    let answers = every! {
        NoAnswer::InTime => [NoAnswer::InTime],
        NoAnswer::ConnectionInTime => [NoAnswer::ConnectionInTime],
        NoAnswer::Connection { .. } => [NoAnswer::Connection { os: said() }],
        NoAnswer::Broken { .. } => [NoAnswer::Broken { said: said() }],
        NoAnswer::Proxy { .. } => [NoAnswer::Proxy { status: 502 }],
        NoAnswer::Refused { .. } => [NoAnswer::Refused { status: 500, errcode: "M_UNKNOWN".to_owned() }],
        NoAnswer::Limited => [NoAnswer::Limited],
    };
    let nonsense = every! {
        Nonsense::Shape { .. } => [Nonsense::Shape { line: 41, column: 73 }],
        Nonsense::Form => [Nonsense::Form],
        Nonsense::Interaction => [Nonsense::Interaction],
        Nonsense::NoCreate => [Nonsense::NoCreate],
        Nonsense::Creator => [Nonsense::Creator],
        Nonsense::RoomVersion { .. } => [Nonsense::RoomVersion { version: "99".to_owned() }],
        Nonsense::AccountAppeared { .. } => [Nonsense::AccountAppeared { user: user() }],
        Nonsense::ForeignAccount { .. } => [Nonsense::ForeignAccount { user: user() }],
        Nonsense::ListWithoutBot => [Nonsense::ListWithoutBot],
        Nonsense::DeletionEndless => [Nonsense::DeletionEndless],
        Nonsense::DeletionFailed { .. } => [Nonsense::DeletionFailed { said: said() }],
        Nonsense::Request { .. } => [Nonsense::Request { said: said() }],
    };
    let not_matrix = every! {
        NotMatrix::NoMatrixError { .. } => [NotMatrix::NoMatrixError { status: 404 }],
        NotMatrix::NoJson => [NotMatrix::NoJson],
        NotMatrix::NoVersions => [NotMatrix::NoVersions],
    };
    let mut all = every! {
        HomeserverError::NotFound { .. } => [
            HomeserverError::NotFound { what: Missing::Said { error: said() } },
            HomeserverError::NotFound { what: Missing::Account { user: user() } },
            HomeserverError::NotFound { what: Missing::Event },
            HomeserverError::NotFound { what: Missing::Room },
        ],
        HomeserverError::Refused { .. } => [
            HomeserverError::Refused { status: 403, errcode: "M_FORBIDDEN".to_owned(), error: said() },
        ],
        HomeserverError::Taken { .. } => [
            HomeserverError::Taken { holder: Some(user()) },
            HomeserverError::Taken { holder: None },
        ],
        HomeserverError::Limited { .. } => [HomeserverError::Limited { retry_after: None }],
        HomeserverError::Unreachable { .. } => [HomeserverError::Unreachable { why: NoAnswer::InTime, sent: true }],
        HomeserverError::MaybeDone { .. } => [HomeserverError::MaybeDone { why: NoAnswer::InTime }],
        HomeserverError::NotMatrix { .. } => [HomeserverError::NotMatrix { why: NotMatrix::NoJson }],
        HomeserverError::UnknownToken => [HomeserverError::UnknownToken],
        HomeserverError::NotAdmin => [HomeserverError::NotAdmin],
        HomeserverError::Delegated => [HomeserverError::Delegated],
        HomeserverError::NotOurs => [HomeserverError::NotOurs],
        HomeserverError::Cancelled => [HomeserverError::Cancelled],
        HomeserverError::Overtaken => [HomeserverError::Overtaken],
        HomeserverError::Nonsense { .. } => [HomeserverError::Nonsense { why: Nonsense::Form }],
    };
    for why in answers {
        all.push(HomeserverError::Unreachable { why: why.clone(), sent: false });
        all.push(HomeserverError::MaybeDone { why });
    }
    all.extend(nonsense.into_iter().map(HomeserverError::nonsense));
    all.extend(not_matrix.into_iter().map(|why| HomeserverError::NotMatrix { why }));
    all
}

fn of_people() -> Vec<DirectoryError> {
    let half = |how| DirectoryError::HalfWritten { file: "/x.yaml".to_owned(), how };
    let column = |problem| DirectoryError::Column { column: "status_x".to_owned(), problem };
    let kinds = [ColumnType::Number, ColumnType::Text, ColumnType::Boolean, ColumnType::TextList, ColumnType::Instant];
    let away = every! {
        NotThere::NoAnswer { .. } => [NotThere::NoAnswer { seconds: 41 }],
        NotThere::NoConnection { .. } => [NotThere::NoConnection { seconds: 41 }],
        NotThere::SlowRead { .. } => [NotThere::SlowRead { seconds: 41 }],
        NotThere::Busy => [NotThere::Busy],
        NotThere::Notifications(_) => [
            NotThere::Notifications(Notifications::NotMade),
            NotThere::Notifications(Notifications::Lost),
            NotThere::Notifications(Notifications::Silent),
        ],
        NotThere::NotStored => [NotThere::NotStored],
        NotThere::Said { .. } => [NotThere::Said { said: said() }],
    };
    let mut all = every! {
        DirectoryError::Unreadable { .. } => [
            DirectoryError::Unreadable { file: "/x.yaml".to_owned(), os: said() },
        ],
        DirectoryError::HalfWritten { .. } => [
            half(HalfWritten::NotUtf8 { byte: 41 }),
            half(HalfWritten::Empty),
            half(HalfWritten::Changed),
            half(HalfWritten::Count { found: 41, stated: 73 }),
        ],
        DirectoryError::Problems { .. } => [DirectoryError::Problems { text: said() }],
        DirectoryError::Away { .. } => [DirectoryError::Away { why: NotThere::Busy }],
        DirectoryError::Refused { .. } => [
            DirectoryError::Refused { why: NotLetIn::NoAddress },
            DirectoryError::Refused { why: NotLetIn::Said { said: said() } },
        ],
        DirectoryError::NotAllowed { .. } => [
            DirectoryError::NotAllowed { why: NotAllowed::NoSelect { columns: vec!["t.a".to_owned(), "t.b".to_owned()] } },
            DirectoryError::NotAllowed { why: NotAllowed::Said { said: said() } },
        ],
        DirectoryError::OtherSchema { .. } => [
            DirectoryError::OtherSchema { said: said(), in_query: false },
            DirectoryError::OtherSchema { said: said(), in_query: true },
        ],
        DirectoryError::Column { .. } => [
            column(ColumnProblem::NullId),
            column(ColumnProblem::Null),
            column(ColumnProblem::Missing),
            column(ColumnProblem::Unreadable),
        ],
        DirectoryError::Nobody => [DirectoryError::Nobody],
        DirectoryError::Failed { .. } => [DirectoryError::Failed { said: said() }],
        DirectoryError::Setup { .. } => [
            DirectoryError::Setup { why: Setup::InUse { seconds: 41 } },
            DirectoryError::Setup { why: Setup::Refused { said: said() } },
            DirectoryError::Setup { why: Setup::NoAddress },
            DirectoryError::Setup { why: Setup::NoConnection { said: said() } },
            DirectoryError::Setup { why: Setup::ReadingRole { role: "reader_x".to_owned() } },
        ],
    };
    all.extend(away.into_iter().map(|why| DirectoryError::Away { why }));
    for expected in kinds {
        all.push(column(ColumnProblem::Type { is: "bytea".to_owned(), expected }));
        all.push(column(ColumnProblem::Value { expected }));
    }
    all
}

fn of_store() -> Vec<StoreError> {
    let database = || "dbx".to_owned();
    let fixes = every! {
        Fix::Primary => [Fix::Primary],
        Fix::Owner => [Fix::Owner],
        Fix::ServerSpace => [Fix::ServerSpace],
        Fix::DiskSpace => [Fix::DiskSpace],
        Fix::Folder => [Fix::Folder],
        Fix::MakeFolder { .. } => [Fix::MakeFolder { folder: "/x".to_owned() }],
        Fix::NameFile => [Fix::NameFile],
        Fix::NotFolder { .. } => [Fix::NotFolder { folder: "/x".to_owned() }],
        Fix::WritableVolume => [Fix::WritableVolume],
        Fix::NewerVersion => [Fix::NewerVersion],
        Fix::ChangedMigration => [Fix::ChangedMigration],
        Fix::SeeAbove => [Fix::SeeAbove],
    };
    let urls = every! {
        BadUrl::NoFile => [BadUrl::NoFile],
        BadUrl::InMemory => [BadUrl::InMemory],
        BadUrl::FileWithOptions => [BadUrl::FileWithOptions],
        BadUrl::NotPostgres => [BadUrl::NotPostgres],
        BadUrl::Scheme => [BadUrl::Scheme],
        BadUrl::NotSqlite => [BadUrl::NotSqlite],
        BadUrl::Unusable => [BadUrl::Unusable],
    };
    let cells = every! {
        BadCell::Empty => [BadCell::Empty],
        BadCell::NotNumber => [BadCell::NotNumber],
        BadCell::OutOfRange => [BadCell::OutOfRange],
        BadCell::NotText => [BadCell::NotText],
        BadCell::NotFlag => [BadCell::NotFlag],
        BadCell::NotInstant => [BadCell::NotInstant],
        BadCell::NotMatrixId => [BadCell::NotMatrixId],
        BadCell::UnknownWord => [BadCell::UnknownWord],
        BadCell::Json { .. } => [BadCell::Json { column: 41 }],
    };
    let nonsense =
        |why| StoreError::Nonsense { table: "t".to_owned(), column: "c".to_owned(), row: "9".to_owned(), why };
    let mut all = every! {
        StoreError::BadUrl { .. } => [StoreError::BadUrl { url: "sqlite://x".to_owned(), why: BadUrl::NoFile }],
        StoreError::Unreachable { .. } => [
            StoreError::Unreachable { database: database(), why: Away::NoAnswer { seconds: 41 } },
            StoreError::Unreachable { database: database(), why: Away::NoConnection },
            StoreError::Unreachable { database: database(), why: Away::Closed },
            StoreError::Unreachable { database: database(), why: Away::ThreadGone },
            StoreError::Unreachable { database: database(), why: Away::Said { said: said() } },
        ],
        StoreError::Refused { .. } => [StoreError::Refused { database: database(), why: said() }],
        StoreError::NotWritable { .. } => [
            StoreError::NotWritable { path: "/x".to_owned(), why: said(), fix: Fix::Folder },
        ],
        StoreError::Taken { .. } => [StoreError::Taken { database: database(), by: "serve-1".to_owned() }],
        StoreError::OfUser { .. } => [StoreError::OfUser { path: "/x".to_owned(), owner: "bot-1".to_owned() }],
        StoreError::Busy { .. } => [StoreError::Busy { database: database(), why: said() }],
        StoreError::Nonsense { .. } => [nonsense(BadCell::Empty)],
        StoreError::Migration { .. } => [
            StoreError::Migration { database: database(), why: said(), fix: Fix::SeeAbove },
        ],
        StoreError::Conflict { .. } => [
            StoreError::Conflict { what: Conflict::Binding },
            StoreError::Conflict { what: Conflict::Room { room: uti() } },
            StoreError::Conflict { what: Conflict::Code },
            StoreError::Conflict { what: Conflict::Said { said: said() } },
        ],
        StoreError::Unstorable { .. } => [StoreError::Unstorable { why: said() }],
        StoreError::Damaged { .. } => [StoreError::Damaged { database: database(), why: said() }],
        StoreError::Database { .. } => [StoreError::Database { database: database(), why: said() }],
        StoreError::Disappeared(_) => [StoreError::Disappeared(StoreRow::Run), StoreError::Disappeared(StoreRow::Deed)],
    };
    all.extend(fixes.into_iter().map(|fix| StoreError::NotWritable { path: "/x".to_owned(), why: said(), fix }));
    all.extend(urls.into_iter().map(|why| StoreError::BadUrl { url: "sqlite://x".to_owned(), why }));
    all.extend(cells.into_iter().map(nonsense));
    all
}

fn all() -> Vec<Fault> {
    let adoptions = every! {
        NotAdopted::UnknownKey { .. } => [NotAdopted::UnknownKey { key: uti() }],
        NotAdopted::ControlRoom => [NotAdopted::ControlRoom],
        NotAdopted::Absent { .. } => [NotAdopted::Absent { room_id: id() }],
        NotAdopted::HasKey { .. } => [NotAdopted::HasKey { key: uti() }],
        NotAdopted::KeyHasRoom { .. } => [NotAdopted::KeyHasRoom { key: uti(), room_id: id() }],
        NotAdopted::Encrypted => [NotAdopted::Encrypted],
        NotAdopted::WrongKind => [NotAdopted::WrongKind],
        NotAdopted::Replaced => [NotAdopted::Replaced],
        NotAdopted::NotInvited { .. } => [NotAdopted::NotInvited { bot: user() }],
        NotAdopted::Observe => [NotAdopted::Observe],
        NotAdopted::TooLow { .. } => [NotAdopted::TooLow { bot: user(), has: 41, needs: 73 }],
        NotAdopted::BeyondReach { .. } => [NotAdopted::BeyondReach { people: [(user(), 73)].into() }],
        NotAdopted::EverybodyBeyondReach { .. } => [NotAdopted::EverybodyBeyondReach { default: 73, bot: 41 }],
    };
    let replacements = every! {
        NotReplaced::UnknownKey { .. } => [NotReplaced::UnknownKey { key: uti() }],
        NotReplaced::NoRoom { .. } => [NotReplaced::NoRoom { key: uti() }],
    };
    let away = || StoreError::Unreachable { database: "dbx".to_owned(), why: Away::Closed };
    let mut all = every! {
        Fault::Homeserver(_) => [Fault::from(HomeserverError::NotAdmin)],
        Fault::Directory(_) => [Fault::from(DirectoryError::Nobody)],
        Fault::Store(_) => [Fault::from(away())],
        Fault::During { .. } => [Fault::During { stage: Stage::ReadPeople, why: Box::new(DirectoryError::Nobody.into()) }],
        Fault::Interrupted(_) => [
            Fault::Interrupted(Interruption::Synapse),
            Fault::Interrupted(Interruption::Database),
            Fault::Interrupted(Interruption::Stop),
        ],
        Fault::Left(_) => [
            Fault::Left(Interruption::Synapse),
            Fault::Left(Interruption::Database),
            Fault::Left(Interruption::Stop),
        ],
        Fault::AccountNotMade { .. } => [Fault::AccountNotMade { user: user() }],
        Fault::AccountExisted { .. } => [Fault::AccountExisted { user: user() }],
        Fault::NotLocked => [Fault::NotLocked],
        Fault::NoAddress => [Fault::NoAddress],
        Fault::RoomNotMade { .. } => [Fault::RoomNotMade { room: uti() }],
        Fault::KeyTwice { .. } => [Fault::KeyTwice { room: uti() }],
        Fault::AliasTaken { .. } => [
            Fault::AliasTaken { alias: room_alias_id!("#uti:h.example").to_owned(), holder: id(), room: uti() },
            Fault::AliasTaken {
                alias: room_alias_id!("#control:h.example").to_owned(),
                holder: id(),
                room: RoomKey::from("control"),
            },
        ],
        Fault::PictureUnreadable { .. } => [
            Fault::PictureUnreadable { path: "/x/uti.png".to_owned(), why: "gone".to_owned() },
        ],
        Fault::Encrypts => [Fault::Encrypts],
        Fault::LevelsFull => [Fault::LevelsFull],
        Fault::OthersChange => [Fault::OthersChange],
        Fault::OtherTookOver => [Fault::OtherTookOver],
        Fault::OthersNote => [Fault::OthersNote],
        Fault::NotHeld { .. } => [Fault::NotHeld { id: "0f0f".to_owned() }],
        Fault::Clock => [Fault::Clock],
        Fault::FileStays(_) => [
            Fault::FileStays(FileStays::OfAnother),
            Fault::FileStays(FileStays::Elsewhere),
            Fault::FileStays(FileStays::Protected),
            Fault::FileStays(FileStays::Accepted),
            Fault::FileStays(FileStays::Told),
        ],
        Fault::Stays(_) => [
            Fault::Stays(Stays::Yet),
            Fault::Stays(Stays::Managed),
            Fault::Stays(Stays::Gone),
            Fault::Stays(Stays::Ours),
            Fault::Stays(Stays::Follows { room: uti() }),
        ],
        Fault::PeopleInvited { .. } => [Fault::PeopleInvited { people: [owned_user_id!("@bia:h.example")].into() }],
        Fault::PeopleInside { .. } => [Fault::PeopleInside { count: 41 }],
        Fault::Adoption(_) => [Fault::Adoption(NotAdopted::ControlRoom)],
        Fault::Replacement(_) => [Fault::Replacement(NotReplaced::NoRoom { key: uti() })],
        Fault::GotAccount => [Fault::GotAccount],
        Fault::ControlRoom(_) => [
            Fault::ControlRoom(NotSetUp::NotConfigured),
            Fault::ControlRoom(NotSetUp::NoneBefore),
            Fault::ControlRoom(NotSetUp::Another { is: id(), chosen: room_id!("!s:h.example").to_owned() }),
            Fault::ControlRoom(NotSetUp::NotMade { why: HomeserverError::NotAdmin }),
        ],
        Fault::Found(_) => [Fault::Found(Box::new(Finding::ControlRoomMissing))],
        Fault::Refused(_) => [Fault::Refused(Refusal::Right { right: Right::Ban, room: Some(uti()) })],
        Fault::NotDone => [Fault::NotDone],
        Fault::Partly => [Fault::Partly],
        Fault::Unclear => [Fault::Unclear],
        Fault::NotIdentified => [Fault::NotIdentified],
        Fault::Late => [Fault::Late],
        Fault::Halted => [Fault::Halted],
        Fault::Paused => [Fault::Paused],
        Fault::DirectoryAway => [Fault::DirectoryAway],
        Fault::Stopped => [Fault::Stopped],
        Fault::Waits => [Fault::Waits],
        Fault::SomethingAdded => [Fault::SomethingAdded],
        Fault::ProcessEnded => [Fault::ProcessEnded],
        Fault::Worded(_) => [Fault::Worded(said())],
    };
    let stages = every! {
        Stage::ReadPeople => [Stage::ReadPeople],
        Stage::ReadAccounts => [Stage::ReadAccounts],
        Stage::ReadAccount => [Stage::ReadAccount],
        Stage::WriteAudit => [Stage::WriteAudit],
        Stage::WriteOutcomes => [Stage::WriteOutcomes],
        Stage::ReadUnfinished => [Stage::ReadUnfinished],
        Stage::ReadClaims => [Stage::ReadClaims],
        Stage::SettleUnfinished => [Stage::SettleUnfinished],
        Stage::NotePresence => [Stage::NotePresence],
        Stage::NoteAbsences => [Stage::NoteAbsences],
        Stage::NoteAgreement => [Stage::NoteAgreement],
        Stage::NoteNames => [Stage::NoteNames],
        Stage::NoteStates => [Stage::NoteStates],
        Stage::NotePowers => [Stage::NotePowers],
        Stage::NoteFulfilled => [Stage::NoteFulfilled],
    };
    all.extend(of_synapse().into_iter().map(Fault::from));
    all.extend(of_people().into_iter().map(Fault::from));
    all.extend(of_store().into_iter().map(Fault::from));
    all.extend(adoptions.into_iter().map(Fault::Adoption));
    all.extend(replacements.into_iter().map(Fault::Replacement));
    all.extend(stages.into_iter().map(|stage| Fault::During { stage, why: Box::new(away().into()) }));
    all
}

#[test]
fn every_fault_is_said_in_both_languages_with_the_same_facts() {
    let [portuguese, english] = texts();
    for fault in all() {
        let said = [&portuguese, &english].map(|texts| texts.fault(&fault).plain);
        let facts = [
            SAID,
            "41",
            "73",
            "@ana:h.example",
            "uti",
            "!r:h.example",
            "/x.yaml",
            "M_FORBIDDEN",
            "403",
            "t.a, t.b",
            "status_x",
            "bytea",
            "reader_x",
            "dbx",
            "/x",
            "serve-1",
            "bot-1",
            "0f0f",
            "#uti:h.example",
            "::text",
        ];
        for fact in facts {
            assert_eq!(said[0].contains(fact), said[1].contains(fact), "{fact}: {said:?}");
        }
        // Not its id, which is shown for a missing text.
        let is_name =
            |said: &String| ["fault-", "bad-", "cell-", "half-", "no-answer-"].iter().any(|id| said.contains(id));
        assert!(!said.iter().any(is_name), "{said:?}");
        let own = said[0].replace(SAID, "");
        if !own.is_empty() {
            assert_ne!(said[0], said[1]);
            assert_portuguese(&own);
        }
    }
}

#[test]
fn what_others_wrote_is_told_as_text_and_nothing_else() {
    let [portuguese, _] = texts();
    let error = HomeserverError::Refused { status: 403, errcode: "M_X".to_owned(), error: said() };
    let said = portuguese.fault(&error.into());
    assert_eq!(said.plain, format!("o Synapse recusou com 403 M_X: {SAID}"));
    assert!(said.html.ends_with("Unknown room: &lt;b&gt;x&lt;/b&gt; `y` **z**"), "{}", said.html);
}

#[test]
fn a_fault_comes_back_from_the_store_as_it_went_in() -> anyhow::Result<()> {
    for fault in all() {
        assert_eq!(Fault::from_stored(&fault.to_stored()), fault, "{}", fault.to_stored());
        for outcome in [Outcome::Failed(fault.clone()), Outcome::Skipped(fault.clone())] {
            assert_eq!(Outcome::from_stored(outcome.as_str(), outcome.detail()), Some(outcome.clone()));
            assert_eq!(serde_json::from_str::<Outcome>(&serde_json::to_string(&outcome)?)?, outcome);
        }
        // Synapse's messages may name people and must not reach the log.
        if let Fault::Homeserver(error @ (HomeserverError::Refused { .. } | HomeserverError::NotFound { .. })) = fault {
            assert!(!error.to_string().contains("Unknown room"), "{error}");
        }
    }
    Ok(())
}

#[test]
fn what_an_earlier_version_stored_is_shown_as_it_stands() -> anyhow::Result<()> {
    let [portuguese, _] = texts();
    let old = "Synapse refused with 403 M_FORBIDDEN: no";
    let read = Outcome::from_stored("failed", Some(old.to_owned())).and_then(|outcome| outcome.fault().cloned());
    assert_eq!(read.as_ref().map(|fault| portuguese.fault(fault).plain).as_deref(), Some(old));
    let deed: Outcome = serde_json::from_value(json!({"outcome": "skipped", "detail": "it was adopted"}))?;
    assert_eq!(deed, Outcome::Skipped(Fault::Worded("it was adopted".to_owned())));
    let finding = json!({"kind": "room_unreadable", "room": "uti", "room_id": "!r:h.example", "why": old});
    let finding: Finding = serde_json::from_value(finding)?;
    assert!(portuguese.finding(&finding).plain.contains(old));
    // Neither a sentence of ours nor a fault known to this version.
    assert_eq!(Fault::from_stored("{\"fault\":\"of tomorrow\"}").to_stored(), "{\"fault\":\"of tomorrow\"}");
    Ok(())
}

#[test]
fn a_fault_names_the_side_that_failed() {
    let full = StoreError::NotWritable { path: "/x".to_owned(), why: said(), fix: Fix::DiskSpace };
    let sides = [
        (Fault::from(full), Some(Side::Database)),
        (HomeserverError::Unreachable { why: NoAnswer::InTime, sent: true }.into(), Some(Side::Synapse)),
        (DirectoryError::Nobody.into(), Some(Side::EquipeMed)),
        (Fault::OtherTookOver, None),
    ];
    for (fault, side) in sides {
        assert_eq!(fault.side(), side, "{fault}");
        let during = Err::<(), _>(fault).during(Stage::WriteAudit).during(Stage::NoteNames);
        assert_eq!(during.map_err(|fault| fault.side()), Err(side));
    }
}

/// The texts are `Sync`, so that one set serves every task.
const _: fn() = || {
    fn shared<T: Sync>() {}
    shared::<Texts>();
};
