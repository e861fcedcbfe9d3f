//! What one person may order within a day, asked before it is stored; and who else may agree to more.

use std::collections::BTreeSet;

use equipemed_domain::access::Access;
use equipemed_domain::authority::{Asker, Refusal};
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::Fault;
use equipemed_domain::grant::Grant;
use equipemed_domain::key::RoomKey;
use equipemed_domain::rights::Right;
use equipemed_domain::sums::{self, Beyond, Sum};

use super::measures::Order;
use crate::chat::Chat;
use crate::chat::ask::Ask;
use crate::chat::reply::Stop;
use crate::homeserver::Said;
use crate::speech::{Arg, number};
use crate::store::Confirmation;

/// So many people who may agree are named.
const NAMED: usize = 8;

impl Chat {
    /// Whether an order goes beyond what its asker may ask for alone.
    pub(super) async fn beyond(&self, ask: &Ask, order: &Order) -> Result<Option<Beyond>, Stop> {
        // What was begun counts already, and is brought to its end.
        let event = ask.event.as_str();
        let store = self.engine().store();
        if ask.again && store.came_of(event, ask.user.as_str(), None).await? && ask.confirmed.is_none() {
            return Ok(None);
        }
        let scene = &ask.scene;
        let since = scene.now.checked_sub(sums::WINDOW).map_err(|_| Fault::Clock)?;
        let past = store.grants_of_asker(ask.user.as_str(), since).await?;
        let access = scene.world().access;
        let rooms = if order.is_of_account() { Vec::new() } else { scene.reach(order.scope.as_ref()) };
        let new_level = order.act.grant().and_then(|kind| kind.level());
        let stands_higher = |id: &PersonId| {
            let person = scene.directory.get(*id);
            let level = |room: &RoomKey| person.map_or(0, |person| access.level(person, room).0);
            new_level.is_some_and(|new| rooms.iter().any(|room| level(room) > new))
        };
        let asked = sums::Order {
            asker: ask.user.as_str(),
            kind: order.act.grant(),
            people: order.people.iter().copied().collect(),
            lowered: order.people.iter().filter(|id| stands_higher(id)).copied().collect(),
            rooms: &rooms,
        };
        let managed = || scene.directory.people().filter(|person| scene.bindings.contains_key(&person.id));
        let active = managed().filter(|person| scene.is_active(person)).count();
        let members = |room: &RoomKey| -> BTreeSet<PersonId> {
            let Some(policy) = scene.policy.rooms.get(room) else { return BTreeSet::new() };
            let belongs =
                |rule| managed().filter(|person| access.selects(rule, person)).map(|person| person.id).collect();
            let mut members: BTreeSet<PersonId> = belongs(&policy.members);
            members.extend(policy.administrators.iter().flat_map(belongs));
            members
        };
        let covers = |scope: Option<&RoomKey>, room: &RoomKey| {
            scope.is_none_or(|scope| scene.policy.distance(room, scope).is_some())
        };
        let with = sums::Measure { limits: &scene.policy.limits, active, now: scene.now };
        Ok(sums::beyond(&asked, &past, with, members, covers))
    }

    /// Takes the place of who asked, for somebody else who may agree to what goes beyond.
    pub(in crate::chat) fn on_behalf(&self, ask: &Ask, confirmation: &Confirmation) -> Result<Ask, Stop> {
        let scene = &ask.scene;
        match ask.asker {
            Asker::BreakGlass | Asker::Operator => {}
            Asker::Person(person) if may_agree(ask, &confirmation.asker, person) => {}
            Asker::Person(_) => return Err(Refusal::Right { right: Right::Approve, room: None }.into()),
        }
        let asker = scene.person_of(&confirmation.asker).ok_or(Refusal::Unknown)?;
        if !scene.is_active(asker) {
            return Err(Refusal::NotActive.into());
        }
        let (user, asker) = (confirmation.asker.clone(), Asker::Person(asker.id));
        Ok(Ask { user, asker, agreed_by: Some(ask.asker), ..ask.clone() })
    }

    /// Why the asker's own yes is not enough, and whose is.
    pub(in crate::chat) fn beyond_lines(&self, ask: &Ask, beyond: &Beyond) -> Vec<Said> {
        let (texts, scene) = (self.texts(), &ask.scene);
        let (word, room) = match &beyond.sum {
            Sum::Locked => ("locked", None),
            Sum::Deactivated => ("deactivated", None),
            Sum::Removed { room } => ("removed", Some(room)),
            Sum::Entrusted => ("entrusted", None),
            Sum::Empowered => ("empowered", None),
            Sum::Lowered => ("lowered", None),
        };
        let mut what = texts.word("sum", word);
        if let Some(room) = room {
            what = texts.line("sum-in-room", &[("what", Arg::Said(what)), ("room", scene.room(room))]);
        }
        let counts = [("people", number(beyond.people)), ("limit", number(beyond.limit))];
        let why = texts.say("sums-beyond", &[counts.as_slice(), &[("what", Arg::Said(what))]].concat());
        let others: Vec<Said> = scene
            .directory
            .people()
            .filter(|person| scene.is_active(person) && scene.user_of(person.id).is_some())
            .filter(|person| may_agree(ask, &ask.user, person.id))
            .take(NAMED)
            .map(|person| texts.shown(&scene.person(person.id)))
            .collect();
        let who = match others.is_empty() {
            true => texts.say("sums-nobody", &[]),
            false => texts.say("sums-who", &[("list", Arg::Said(texts.list(others)))]),
        };
        vec![why, who]
    }
}

/// Whether somebody is another one than the asker and may approve everywhere, by more than the asker's own word.
fn may_agree(ask: &Ask, asker: &ruma_common::UserId, person: PersonId) -> bool {
    let scene = &ask.scene;
    let is_another = scene.person_of(asker).is_none_or(|asker| asker.id != person);
    let Some(person) = scene.directory.get(person).filter(|_| is_another) else { return false };
    let others: Vec<Grant> = scene.grants.iter().filter(|grant| grant.asker != asker.as_str()).cloned().collect();
    let access = Access::new(&scene.directory, &scene.policy, &others, scene.now);
    access.rights(person, None).contains(&Right::Approve)
}
