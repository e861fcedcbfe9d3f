//! The flags of `sync`: which kinds of steps each one selects.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::action::Action;
use equipemed_domain::plan::Plan;
use equipemed_domain::scope::Scope;
use equipemed_domain::selection::Selection;

use crate::world::dice::Dice;
use crate::world::{random, user_id};

/// The kinds of steps that a selection keeps of these plans.
fn kinds(plans: &[Plan], selection: &Selection) -> BTreeSet<&'static str> {
    let selected = plans.iter().map(|plan| selection.of(plan.clone()));
    selected.flat_map(|plan| plan.actions().map(Action::kind).collect::<Vec<_>>()).collect()
}

#[test]
fn each_flag_selects_its_kinds() {
    let accounts = BTreeMap::from([
        ("create_missing", BTreeSet::from(["create_account", "adopt_account", "link_external_id"])),
        ("update_profiles", BTreeSet::from(["set_display_name", "set_email"])),
        ("sync_admins", BTreeSet::from(["set_server_admin", "note_privileges"])),
        (
            "deactivate_disabled",
            BTreeSet::from(["lock_account", "sign_out", "unlock_account", "deactivate_account", "reactivate_account"]),
        ),
    ]);
    let with = |flag: &str| {
        let mut selection = Selection::default();
        match flag {
            "create_missing" => selection.create_missing = true,
            "update_profiles" => selection.update_profiles = true,
            "sync_admins" => selection.sync_admins = true,
            _ => selection.deactivate_disabled = true,
        }
        selection
    };
    let plans: Vec<Plan> = (0..400).map(|seed| random::world(seed, 10, 5).plan(&Scope::Everything)).collect();
    let all = kinds(&plans, &Selection::default());
    assert_eq!(all.len(), 28, "{all:?}");
    let mut rest = all;
    for (flag, expected) in &accounts {
        assert_eq!(kinds(&plans, &with(flag)), *expected, "{flag}");
        rest.retain(|kind| !expected.contains(kind) || *kind == "note_privileges");
    }
    assert_eq!(kinds(&plans, &Selection { rooms: true, ..Selection::default() }), rest);
}

#[test]
fn nothing_is_selected_that_counts_on_what_was_left_out() {
    for seed in 0..200 {
        let mut world = random::world(seed, 10, 5);
        let plan = world.plan(&Scope::Everything);
        let mut dice = Dice::new(seed);
        let users = [user_id("u1"), user_id("u3"), user_id("u4")];
        let selection = Selection {
            create_missing: dice.chance(50),
            update_profiles: dice.chance(50),
            sync_admins: dice.chance(50),
            deactivate_disabled: dice.chance(50),
            rooms: dice.chance(50),
            users: if dice.chance(50) { users.to_vec() } else { Vec::new() },
        };
        let selected = selection.of(plan.clone());
        assert!(selected.steps.len() <= plan.steps.len());
        if !selection.users.is_empty() {
            for action in selected.actions() {
                let named = match action {
                    Action::SetLevels { changes, .. } => {
                        assert!(changes.events.is_empty() && changes.keys.is_empty());
                        changes.users.keys().map(|user| &**user).collect()
                    }
                    action => Vec::from_iter(action.user()),
                };
                assert!(
                    !named.is_empty() && named.iter().all(|user| users.iter().any(|one| one == user)),
                    "{action:?}"
                );
            }
        }
        // The model refuses steps without an account or room.
        crate::world::synapse::apply(&mut world, &selected);
    }
}
