//! What people read of a plan, and the ids of held parts that they type.

use std::collections::BTreeSet;

use equipemed_domain::action::ExternalId;
use equipemed_domain::desired::{Wishes, digest_of};
use equipemed_domain::explain::explain;
use equipemed_domain::key::RoomKey;
use equipemed_domain::render::{duration, render};
use equipemed_domain::scope::Scope;

use crate::world::World;
use crate::world::reader::Case;

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
  ID  messages in room icu would be kept for a shorter time, older ones deleted
    keep messages of icu for 2592000 s only

To look at (2)
  person 5 gets no account: no usable localpart; \"12345\": it consists of digits only, which Synapse keeps for guests. Give them a Matrix localpart in EquipeMed
  @guest:elsewhere.example is in room icu and belongs to nobody in EquipeMed
";
    let id = &verdict.held[0].id;
    assert_eq!(render(&verdict.go, &verdict.held).replace(id, "ID"), expected);
}

#[test]
fn nothing_to_do_is_said_as_such() {
    let world = world("{about: Nobody here, policy: {rooms: {}}, people: [{id: 1, username: ana}]}");
    let verdict = world.verdict(&Scope::Everything);
    assert_eq!(render(&verdict.go, &verdict.held), "Nothing to do: Synapse agrees with EquipeMed.\n");
}

#[test]
fn long_lists_are_counted() {
    let people: String = (1..=20).map(|id| format!("  - {{id: {id}, username: p{id:02}}}\n")).collect();
    let world =
        world(&format!("about: Many.\npolicy: {{rooms: {{icu: {{}}}}}}\npeople:\n{people}rooms: {{icu: {{}}}}\n"));
    let text = render(&world.plan(&Scope::Everything), &[]);
    assert!(text.contains("add (20): @p01, "), "{text}");
    assert!(text.contains("@p12, … and 8 more"), "{text}");
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
    let wishes = Wishes {
        directory: &directory,
        policy: &world.policy,
        grants: &world.grants,
        bindings: &world.bindings,
        now: world.now,
        deactivate_gone_now: false,
        ended: &[],
        held: &BTreeSet::new(),
    };
    let desired = world.desired();
    let why = |id: usize| explain(wishes, &desired, &world.people[id - 1], &[RoomKey::new("icu")]).to_string();
    let bia = why(2);
    for part in [
        "account: @bia:h.example",
        "active (status active)",
        "roles: lead",
        "members rule holds",
        "level: 50 (role lead)",
        "rights: redact, kick",
    ] {
        assert!(bia.contains(part), "{part}: {bia}");
    }
    let caio = why(3);
    for part in [
        "should be locked (by policy)",
        "off: status suspended",
        "roles: none",
        "members rule does not hold",
        "rights: none",
    ] {
        assert!(caio.contains(part), "{part}: {caio}");
    }
    let dora = why(4);
    for part in ["grant 9: ban in hospital", "banned by grant 9"] {
        assert!(dora.contains(part), "{part}: {dora}");
    }
    assert!(why(5).contains("note: person 5 gets no account"), "{}", why(5));
}

#[test]
fn nothing_shown_carries_an_email_address() {
    let mut world = world(WARD);
    for person in &mut world.people {
        person.email = "secret@hospital.example".to_owned();
    }
    let verdict = world.verdict(&Scope::Everything);
    let all =
        render(&verdict.go, &verdict.held) + &format!("{:?} {:?} {:?}", world.people, verdict, BTreeSet::from([1]));
    assert!(!all.contains("secret@"), "{all}");
}
