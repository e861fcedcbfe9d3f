//! Order and grouping of a plan's steps.

use std::collections::BTreeMap;

use equipemed_domain::action::{Action, Subject};
use equipemed_domain::key::RoomKey;
use equipemed_domain::plan::Step;

/// Maximum number of steps that share a transaction for their intents, and another for their outcomes.
const BATCH: usize = 20;

/// The steps of one subject, in order.
pub(super) type Group<'s> = (Subject, Vec<&'s Step>);

/// Groups steps by subject, in the plan's order.
pub(super) fn groups<'s>(steps: impl IntoIterator<Item = &'s Step>) -> Vec<Group<'s>> {
    let mut order: Vec<Group<'s>> = Vec::new();
    let mut places: BTreeMap<Subject, usize> = BTreeMap::new();
    for step in steps {
        let subject = step.action.subject();
        match places.get(&subject).and_then(|place| order.get_mut(*place)) {
            Some((_, own)) => own.push(step),
            None => {
                places.insert(subject.clone(), order.len());
                order.push((subject, vec![step]));
            }
        }
    }
    order
}

/// New rooms by depth, so that a space exists before its children.
pub(super) fn by_depth<'s>(steps: impl Iterator<Item = &'s Step>) -> Vec<Vec<&'s Step>> {
    let mut depths: BTreeMap<RoomKey, usize> = BTreeMap::new();
    let mut order: Vec<Vec<&Step>> = Vec::new();
    for step in steps {
        let Action::CreateRoom { room, new } = &step.action else { continue };
        // The plan lists spaces first, so the parent's depth is known, or the parent exists already.
        let depth = new.parent.as_ref().and_then(|parent| depths.get(parent)).map_or(0, |depth| depth + 1);
        depths.insert(room.clone(), depth);
        if order.len() <= depth {
            order.resize_with(depth + 1, Vec::new);
        }
        if let Some(level) = order.get_mut(depth) {
            level.push(step);
        }
    }
    order
}

/// Runs of steps that may share a transaction: memberships together, everything else singly.
pub(super) fn batches<'b, 's>(steps: &'b [&'s Step]) -> Vec<&'b [&'s Step]> {
    let is_alike = |a: &&Step, b: &&Step| {
        let member = |step: &Step| matches!(step.action, Action::AddMember { .. } | Action::RemoveMember { .. });
        member(a) && member(b) && a.action.kind() == b.action.kind()
    };
    steps.chunk_by(is_alike).flat_map(|run| run.chunks(BATCH)).collect()
}
