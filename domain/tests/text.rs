//! The text of plans, and the ids of held parts that people type.

use std::collections::BTreeSet;

use equipemed_domain::access::LevelReason;
use equipemed_domain::action::ExternalId;
use equipemed_domain::desired::{AccountState, digest_of};
use equipemed_domain::explain::{MemberReason, Reason, explain};
use equipemed_domain::finding::Finding;
use equipemed_domain::grant::GrantId;
use equipemed_domain::key::{RoleKey, RoomKey};
use equipemed_domain::render::{Length, Words, duration, render};
use equipemed_domain::review::HeldReason;
use equipemed_domain::rights::{Right, Rights};
use equipemed_domain::scope::Scope;
use equipemed_domain::standing::Standing;

use crate::world::World;
use crate::world::reader::Case;

/// Names findings and reasons by kind; their texts are outside the domain.
struct Names;

impl Words for Names {
    fn finding(&self, finding: &Finding) -> String {
        finding.kind().to_owned()
    }

    fn held(&self, reason: &HeldReason) -> String {
        format!("{reason:?}")
    }
}

fn world(text: &str) -> World {
    let case: Case = serde_yaml::from_str(text).expect("a case");
    case.read().0
}

const WARD: &str = r#"
about: A ward with a bit of everything.
policy:
  roles:
    lead: {when: {user: bia}, in: icu, level: 50, rights: [redact, kick]}
  rooms:
    hospital: {kind: space, name: Hospital, alias: equipemed_hospital, members: {any: true}}
    icu: {name: UTI, parent: hospital, members: {group: Plantão UTI}, retention: 30d}
people:
  - {id: 1, username: ana, first_name: Ana, groups: [Plantão UTI]}
  - {id: 2, username: bia, groups: [Plantão UTI]}
  - {id: 3, username: caio, account_status: suspended}
  - {id: 4, username: dora}
  - {id: 5, username: "12345"}
bindings: {ana: ~, "12345": ~}
grants:
  - {id: 9, who: 4, kind: ban, in: hospital}
accounts:
  "@bia": {name: Old}
rooms:
  icu: {members: [bia, dora, "guest:elsewhere.example"], name: By hand, retention: 365d}
"#;

#[test]
fn a_plan_is_shown_grouped_with_before_and_after() {
    let world = world(WARD);
    let verdict = world.verdict(&Scope::Everything);
    let expected = "\
Accounts (3)
  create (1)
    @ana “Ana”
  rename (1)
    @bia “Old” → “bia”
  lock (1)
    @caio

Rooms (2)
  hospital
    create space “Hospital”, version 12, #equipemed_hospital
    show room icu
    add (2): @ana, @bia
    ban (1): @dora
  icu
    name “By hand” → “UTI”
    hang into space hospital
    levels (1): @bia default → 50
    add (1): @ana
    ban (1): @dora

Held back (1)
  ID  ShorterRetention { room: RoomKey(\"icu\") }
    keep messages of icu for 2592000 s only

To look at (2)
  localpart_impossible
  member_unbound
";
    let id = &verdict.held[0].id;
    assert_eq!(render(&verdict.go, &verdict.held, &Names, Length::Short).replace(id, "ID"), expected);
}

#[test]
fn nothing_to_do_is_said_as_such() {
    let world = world("{about: Nobody here, policy: {rooms: {}}, people: [{id: 1, username: ana}]}");
    let verdict = world.verdict(&Scope::Everything);
    assert_eq!(
        render(&verdict.go, &verdict.held, &Names, Length::Short),
        "Nothing to do: Synapse agrees with EquipeMed.\n"
    );
}

#[test]
fn long_lists_are_counted() {
    let people: String = (1..=20).map(|id| format!("  - {{id: {id}, username: p{id:02}}}\n")).collect();
    let world =
        world(&format!("about: Many.\npolicy: {{rooms: {{icu: {{}}}}}}\npeople:\n{people}rooms: {{icu: {{}}}}\n"));
    let shown = |length| render(&world.plan(&Scope::Everything), &[], &Names, length);
    let text = shown(Length::Short);
    assert!(text.contains("add (20): @p01, "), "{text}");
    assert!(text.contains("@p12, … and 8 more"), "{text}");
    let text = shown(Length::Full);
    assert!(text.contains("@p12, @p13, ") && text.contains("@p20\n") && !text.contains("more"), "{text}");
}

#[test]
fn durations_are_shown_in_the_largest_unit_that_divides_them() {
    let shown =
        [0, 59, 60, 3_600, 5_400, 86_400, 31_536_000].map(|seconds| duration(std::time::Duration::from_secs(seconds)));
    assert_eq!(shown, ["0 s", "59 s", "1 min", "1 h", "90 min", "1 d", "365 d"]);
}

/// Stored ids and typed approvals must survive an upgrade of the program.
#[test]
fn digests_do_not_change_between_versions() {
    let id = ExternalId { provider: "oidc-equipemed".to_owned(), id: "p1".to_owned() };
    assert_eq!(digest_of(&id), "66dc71cf4fc4239302367788824a5216");
    let other = ExternalId { provider: "oidc-equipeme".to_owned(), id: "dp1".to_owned() };
    assert_ne!(digest_of(&id), digest_of(&other));
    let verdict = world(WARD).verdict(&Scope::Everything);
    assert_eq!(verdict.held[0].id, "3f2555eb");
}

#[test]
fn why_names_the_rules() {
    let world = world(WARD);
    let directory = world.directory();
    let picture = world.picture(&directory);
    let desired = world.desired();
    let why = |id: usize| {
        let explained = explain(&picture, &desired, &world.people[id - 1], &[RoomKey::new("icu")]);
        explained
            .person
            .into_iter()
            .chain(explained.rooms.into_iter().flat_map(|(_, reasons)| reasons))
            .collect::<Vec<_>>()
    };
    let bia = why(2);
    let lead = || RoleKey::new("lead");
    let standing = |reasons: &[Reason]| {
        reasons.iter().find_map(|reason| match reason {
            Reason::Standing { standing, status, .. } => Some((*standing, status.clone())),
            _ => None,
        })
    };
    assert_eq!(standing(&bia), Some((Some(Standing::Active), "active".to_owned())));
    for reason in [
        Reason::Roles(vec![lead()]),
        Reason::Member(MemberReason::ByRule),
        Reason::Level { level: 50, reason: LevelReason::Role(lead()) },
        Reason::Rights([Right::Redact, Right::Kick].into()),
    ] {
        assert!(bia.contains(&reason), "{reason:?}: {bia:?}");
    }
    let caio = why(3);
    assert_eq!(standing(&caio), Some((Some(Standing::Off), "suspended".to_owned())));
    let is_locked = |reason: &Reason| matches!(reason, Reason::Account { state: AccountState::Locked, .. });
    assert!(caio.iter().any(is_locked), "{caio:?}");
    for reason in [Reason::Roles(vec![]), Reason::Member(MemberReason::No), Reason::Rights(Rights::new())] {
        assert!(caio.contains(&reason), "{reason:?}: {caio:?}");
    }
    let dora = why(4);
    assert!(dora.contains(&Reason::Member(MemberReason::Banned(GrantId(9)))), "{dora:?}");
    let nameless = why(5);
    let is_told = |reason: &Reason| matches!(reason, Reason::Note(Finding::LocalpartImpossible { .. }));
    assert!(nameless.iter().any(is_told), "{nameless:?}");
}

#[test]
fn nothing_shown_carries_an_email_address() {
    let mut world = world(WARD);
    for person in &mut world.people {
        person.email = "secret@hospital.example".to_owned();
    }
    let verdict = world.verdict(&Scope::Everything);
    let all = render(&verdict.go, &verdict.held, &Names, Length::Short)
        + &format!("{:?} {:?} {:?}", world.people, verdict, BTreeSet::from([1]));
    assert!(!all.contains("secret@"), "{all}");
}
