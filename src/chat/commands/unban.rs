//! Letting people in again: which bans and removals an `unban` lifts, whoever asked for them, and which it cannot.

use equipemed_domain::directory::PersonId;
use equipemed_domain::grant::{Grant, GrantKind};
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::BanByHand;

use super::measures::Order;
use crate::chat::Chat;
use crate::chat::ask::Ask;
use crate::chat::reply::{Mark, Reply, Stop};
use crate::homeserver::Said;
use crate::speech::{Answer, Arg};

/// A ban that somebody set in a client, and no grant stands for.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) person: PersonId,
    pub(super) room: RoomKey,
    pub(super) ban: BanByHand,
}

impl Chat {
    /// Bans by hand of these people within reach.
    pub(super) async fn found_by_hand(
        &self,
        ask: &Ask,
        scope: Option<&RoomKey>,
        people: &[PersonId],
    ) -> Result<Vec<Found>, Stop> {
        let mut found = Vec::new();
        let rooms = ask.scene.reach(scope);
        for person in people {
            let Some(user) = ask.scene.user_of(*person) else { continue };
            let rooms = rooms.iter().filter_map(|key| Some((key.clone(), ask.scene.rooms.get(key)?.clone())));
            let bans = self.engine().by_hand().bans_of(user, rooms).await?;
            found.extend(bans.into_iter().map(|(room, ban)| Found { person: *person, room, ban }));
        }
        Ok(found)
    }

    /// Grants that are ended.
    fn lifted<'a>(&self, ask: &'a Ask, order: &Order, person: PersonId) -> Vec<&'a Grant> {
        let ended = &order.effect(person).ends;
        ask.scene.grants.iter().filter(|grant| ended.contains(&grant.id)).collect()
    }

    /// What is lifted for one person, a line each.
    pub(super) fn lifts(&self, ask: &Ask, order: &Order, person: PersonId) -> Vec<Said> {
        let granted = self.lifted(ask, order, person).into_iter().map(|grant| self.grant_line(ask, grant));
        let by_hand = order.by_hand.iter().filter(|found| found.person == person).map(|found| {
            let args = [("room", ask.scene.room(&found.room)), ("by", ask.scene.user(&found.ban.sender))];
            self.texts().line("ban-by-hand", &args)
        });
        granted.chain(by_hand).collect()
    }

    /// What keeps somebody out of the place all the same, because it holds beyond it, with the command that lifts it.
    pub(super) fn still_out(&self, ask: &Ask, order: &Order, person: PersonId) -> Option<Said> {
        let (scene, room) = (&ask.scene, order.scope.as_ref()?);
        let keeps_out = |grant: &&Grant| {
            grant.person == person
                && matches!(grant.kind, GrantKind::Ban | GrantKind::Kick)
                && grant.scope.as_ref() != Some(room)
                && grant.scope.as_ref().is_none_or(|scope| scene.policy.distance(room, scope).is_some())
        };
        let grant = scene.grants.iter().find(keeps_out)?;
        let name = scene.user_of(person).map_or_else(|| person.to_string(), |user| user.localpart().to_owned());
        let place = grant.scope.as_ref().map_or_else(String::new, |scope| format!(" in {scope}"));
        let command = format!("{}unban {name}{place}", self.settings().prefix);
        let args = [
            ("user", scene.person(person)),
            ("grant", Arg::Said(self.grant_line(ask, grant))),
            ("command", Arg::Code(command)),
        ];
        Some(self.texts().say("still-out", &args))
    }

    /// The answer when nothing can be lifted there.
    pub(super) fn nothing_to_lift(&self, ask: &Ask, order: &Order) -> Reply {
        let mut mark = Mark::Done;
        let mut answer = Answer::new();
        for person in &order.people {
            let still_out = self.still_out(ask, order, *person);
            if still_out.is_some() {
                mark = Mark::Failed;
            }
            answer = answer.line(still_out.unwrap_or_else(|| self.result_line(ask, order, *person)));
        }
        Reply::new(mark, answer)
    }
}
