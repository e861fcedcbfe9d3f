//! The effect of level grants on rights: they replace what the policy gives in their place, down as well as up.

use equipemed_domain::access::Access;
use equipemed_domain::explain::{Reason, explain};
use equipemed_domain::key::RoomKey;
use equipemed_domain::rights::{Right, Rights};
use equipemed_domain::selector::Selector;

use crate::world::World;
use crate::world::reader::Case;

const HOSPITAL: &str = "
about: Roles everywhere and in one room, an administrator, and grants over them.
policy:
  roles:
    chief: {when: {user: ana}, level: 100, rights: [all]}
    lead: {when: {user: bia}, in: icu, level: 50, rights: [redact, kick]}
    auditor: {when: {user: caio}, rights: [audit]}
  rooms:
    hospital: {kind: space}
    icu: {parent: hospital, administrators: {user: dora}}
    ward: {parent: hospital}
  control_room: true
people:
  - {id: 1, username: ana}
  - {id: 2, username: bia}
  - {id: 3, username: caio}
  - {id: 4, username: dora}
grants:
GRANTS
expect: {}
";

fn world(grants: &str) -> World {
    let text = HOSPITAL.replace("grants:\nGRANTS", &format!("grants:\n{grants}"));
    let case: Case = serde_yaml::from_str(&text).expect("a case");
    case.read().0
}

/// Rights as words, in a room or outside rooms.
fn rights(world: &World, person: usize, room: &str) -> Vec<&'static str> {
    let directory = world.directory();
    let access = Access::new(&directory, &world.policy, &world.grants, world.now);
    let room = (!room.is_empty()).then(|| RoomKey::new(room));
    access.rights(&world.people[person - 1], room.as_ref()).iter().map(|right| right.as_str()).collect()
}

#[test]
fn a_level_below_what_the_policy_gives_there_takes_its_rights_there() {
    let all = Right::ALL.len();
    // A demotion in one room, for a role that applies everywhere.
    let one = world("  - {id: 1, who: 1, kind: 0, in: icu}");
    assert_eq!(rights(&one, 1, "icu"), Vec::<&str>::new());
    assert_eq!(rights(&one, 1, "ward").len(), all);
    assert_eq!(rights(&one, 1, "").len(), all, "what holds outside rooms is not of that room");
    // A demotion of the room's administrator: in the space above, and to less instead of nothing.
    assert_eq!(rights(&world("  - {id: 1, who: 4, kind: 99, in: hospital}"), 4, "icu"), Vec::<&str>::new());
    assert_eq!(rights(&world("  - {id: 1, who: 4, kind: moderator, in: icu}"), 4, "icu"), ["redact", "kick"]);
    // People who cannot write cannot moderate.
    assert_eq!(rights(&world("  - {id: 1, who: 2, kind: mute, in: icu}"), 2, "icu"), Vec::<&str>::new());
    assert_eq!(rights(&world("  - {id: 1, who: 3, kind: mute, in: icu}"), 3, "icu"), Vec::<&str>::new());
    // Without a place, it also applies outside rooms.
    let everywhere = world("  - {id: 1, who: 1, kind: 0}");
    for room in ["", "icu", "ward", "control"] {
        assert_eq!(rights(&everywhere, 1, room), Vec::<&str>::new(), "{room}");
    }
}

#[test]
fn an_equal_or_higher_level_keeps_the_rights_and_adds_its_own() {
    assert_eq!(rights(&world("  - {id: 1, who: 2, kind: 50, in: icu}"), 2, "icu"), ["redact", "kick"]);
    assert_eq!(rights(&world("  - {id: 1, who: 2, kind: 70, in: icu}"), 2, "icu"), ["redact", "kick"]);
    assert_eq!(rights(&world("  - {id: 1, who: 3, kind: moderator, in: icu}"), 3, "icu"), ["redact", "kick", "audit"]);
    assert_eq!(rights(&world("  - {id: 1, who: 3, kind: 0, in: icu}"), 3, "icu"), ["audit"]);
    // The more specific grant decides.
    let both = "  - {id: 1, who: 2, kind: admin, in: icu}\n  - {id: 2, who: 2, kind: 0, in: hospital}";
    assert_eq!(rights(&world(both), 2, "icu").len(), Right::ALL.len());
    // A grant that has ended takes nothing.
    let ended = "  - {id: 1, who: 2, kind: 0, in: icu, until: \"2026-03-02T11:00:00Z\"}";
    assert_eq!(rights(&world(ended), 2, "icu"), ["redact", "kick"]);
}

#[test]
fn somebody_whose_rights_are_taken_everywhere_is_trusted_no_more() {
    let anywhere = |grants: &str, person: usize| {
        let world = world(grants);
        let directory = world.directory();
        let access = Access::new(&directory, &world.policy, &world.grants, world.now);
        let person = &world.people[person - 1];
        (access.rights_anywhere(person).len(), access.selects(&Selector::Trusted, person))
    };
    assert_eq!(anywhere("  - {id: 1, who: 1, kind: 0, in: icu}", 1), (Right::ALL.len(), true));
    assert_eq!(anywhere("  - {id: 1, who: 1, kind: 0}", 1), (0, false));
    assert_eq!(anywhere("  - {id: 1, who: 4, kind: 0, in: icu}", 4), (0, false));
    assert_eq!(anywhere("  - {id: 1, who: 2, kind: mute, in: hospital}", 2), (0, false));
}

#[test]
fn why_tells_which_rights_a_grant_takes() {
    let world = world("  - {id: 7, who: 1, kind: 0, in: icu}\n  - {id: 8, who: 1, kind: mute}");
    let directory = world.directory();
    let picture = world.picture(&directory);
    let explained = explain(&picture, &world.desired(), &world.people[0], &[RoomKey::new("icu")]);
    let reasons = explained.person.iter().chain(explained.rooms.iter().flat_map(|(_, reasons)| reasons));
    let taken: Vec<_> = reasons
        .filter_map(|reason| match reason {
            Reason::RightsTaken { rights, grant, outside } => Some((rights.clone(), grant.id.0, *outside)),
            _ => None,
        })
        .collect();
    let all: Rights = Right::ALL.into_iter().collect();
    assert_eq!(taken, [(all.clone(), 8, true), (all, 7, false)]);
}

#[test]
fn a_grant_outlasts_a_release_but_gives_nothing_meanwhile() {
    let mut world = world("  - {id: 1, who: 3, kind: moderator, in: icu}");
    let level = |world: &World| {
        let directory = world.directory();
        let access = Access::new(&directory, &world.policy, &world.grants, world.now);
        let (person, icu) = (&world.people[2], RoomKey::new("icu"));
        (access.level(person, &icu).0, access.level_once_selected(person, &icu))
    };
    assert_eq!(level(&world), (50, 50));
    world.policy.users.who = Selector::User("ana".to_owned());
    assert_eq!(level(&world), (0, 50));
}
