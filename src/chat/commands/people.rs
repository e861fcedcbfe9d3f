//! Questions about people: `user`, `users`, `why`, `grants`.

use equipemed_domain::account_status::AccountStatus;
use equipemed_domain::authority::Act;
use equipemed_domain::command::{UsersFilter, Where, Who};
use equipemed_domain::directory::PersonId;
use equipemed_domain::explain::Explanation;
use equipemed_domain::grant::{Grant, GrantKind};
use equipemed_domain::key::RoomKey;
use equipemed_domain::listing::{self, PeopleFilter};
use equipemed_domain::observed::ObservedAccount;
use equipemed_domain::rights::Rights;
use equipemed_domain::standing::Standing;

use crate::chat::Chat;
use crate::chat::ask::Ask;
use crate::chat::reply::{Reply, Stop};
use crate::homeserver::Said;
use crate::operations::explain_person;
use crate::speech::{Answer, Arg, number};

impl Chat {
    /// Everything known about one account.
    pub(super) async fn user(&self, ask: &Ask, who: &Who) -> Result<Reply, Stop> {
        ask.may(Act::Audit, None)?;
        let texts = self.texts();
        let person = ask.scene.find_person(who)?;
        let mut answer = Answer::new().line(texts.say("user-intro", &[("user", ask.scene.person(person))]));
        answer = self.about_person(answer, ask, person);
        if let Some(login) = ask.scene.directory.get(person).and_then(|person| person.last_login) {
            answer = answer.line(texts.line("user-login", &[("when", self.time(login))]));
        }
        let account = match ask.scene.user_of(person) {
            Some(user) => self.engine().reader().account(user).await?,
            None => None,
        };
        answer = match &account {
            None => answer.line(texts.line("user-no-account", &[])),
            Some(account) => {
                let state = ("state", Arg::Said(texts.word("account-state", state(&account.observed))));
                let mut answer = answer.line(texts.line("user-account", &[state]));
                if account.observed.admin {
                    answer = answer.line(texts.line("user-admin", &[]));
                }
                if let Some(noted) = ask.scene.bindings.get(&person).and_then(|binding| binding.synced_at) {
                    answer = answer.line(texts.line("user-synced", &[("when", self.time(noted))]));
                }
                if let Some(seen) =
                    account.last_seen.and_then(|ms| jiff::Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok())
                {
                    answer = answer.line(texts.line("user-seen", &[("when", self.time(seen))]));
                }
                answer
            }
        };
        let grants: Vec<&Grant> = ask.scene.grants.iter().filter(|grant| grant.person == person).collect();
        if !grants.is_empty() {
            answer = answer.line(texts.line("user-grants", &[]));
            answer = answer.items(grants.into_iter().map(|grant| self.grant_line(ask, grant)));
        }
        Ok(Reply::told(answer))
    }

    /// EquipeMed's side: standing, roles, rights, rooms.
    pub(super) fn about_person(&self, answer: Answer, ask: &Ask, id: PersonId) -> Answer {
        let (texts, scene) = (self.texts(), &ask.scene);
        let Some(person) = scene.directory.get(id) else { return answer.line(texts.line("user-unbound", &[])) };
        let standing = scene.policy.users.standing.standing(person, scene.now);
        let args = [
            ("name", Arg::Text(person.full_name())),
            ("standing", Arg::Said(texts.word("standing", standing_word(standing)))),
        ];
        let access = scene.world().access;
        let roles: Vec<Said> = access.roles(id).map(|role| texts.shown(&Arg::Code(role.to_string()))).collect();
        let mut answer = answer.line(texts.line("user-person", &args)).line(match roles.is_empty() {
            true => texts.line("user-roles-none", &[]),
            false => texts.line("user-roles", &[("list", Arg::Said(texts.list(roles)))]),
        });
        let everywhere = access.rights(person, None);
        if access.rights_anywhere(person).is_empty() {
            answer = answer.line(texts.line("user-rights-none", &[]));
        }
        if !everywhere.is_empty() {
            answer = answer.line(self.rights_line(&everywhere, texts.line("place-everywhere", &[])));
        }
        let mut rooms = Vec::new();
        for (key, room) in &scene.policy.rooms {
            let belongs = access.selects(&room.members, person)
                || room.administrators.as_ref().is_some_and(|rule| access.selects(rule, person));
            if belongs {
                rooms.push(texts.shown(&scene.room(key)));
            }
            let here: Rights = access.rights(person, Some(key)).difference(&everywhere).copied().collect();
            if !here.is_empty() {
                answer = answer.line(self.rights_line(&here, texts.line("place-room", &[("room", scene.room(key))])));
            }
        }
        answer.line(match rooms.is_empty() {
            true => texts.line("user-rooms-none", &[]),
            false => {
                let count = ("count", number(rooms.len()));
                texts.line("user-rooms", &[count, ("list", Arg::Said(texts.list(rooms)))])
            }
        })
    }

    fn rights_line(&self, rights: &Rights, place: Said) -> Said {
        let texts = self.texts();
        let list = rights.iter().map(|right| texts.word("right", right.as_str())).collect();
        texts.line("user-rights", &[("place", Arg::Said(place)), ("list", Arg::Said(texts.list(list)))])
    }

    /// Lists accounts.
    pub(super) async fn users(&self, ask: &Ask, filter: &UsersFilter) -> Result<Reply, Stop> {
        ask.may(Act::Audit, None)?;
        let (texts, scene) = (self.texts(), &ask.scene);
        let accounts = self.engine().reader().accounts().await?;
        let filter = PeopleFilter {
            status: filter.status.as_deref().and_then(AccountStatus::from_word),
            search: filter.search.clone(),
            ..PeopleFilter::default()
        };
        let people = listing::list(&scene.directory, &scene.policy, &scene.bindings, &accounts, &filter, scene.now);
        let lines: Vec<Said> = people
            .iter()
            .map(|one| {
                let status = ("status", Arg::Said(texts.word("user-status", one.status.as_str())));
                texts.line("users-line", &[("user", scene.person(one.person.id)), status])
            })
            .collect();
        if lines.is_empty() {
            return Ok(Reply::told(Answer::new().line(texts.say("users-none", &[]))));
        }
        let intro = texts.say("users-intro", &[("count", number(lines.len()))]);
        Ok(Reply::told(Answer::new().line(intro).items(lines)))
    }

    /// Why somebody is where they are.
    pub(super) fn why(&self, ask: &Ask, who: &Who, room: Option<&Where>) -> Result<Reply, Stop> {
        let (texts, scene) = (self.texts(), &ask.scene);
        let key = room.map(|room| scene.find_room(room)).transpose()?;
        ask.may(Act::Audit, key.as_ref())?;
        let id = scene.find_person(who)?;
        let Some(person) = scene.directory.get(id) else {
            return Ok(Reply::told(Answer::new().line(texts.say("why-unknown", &[("user", scene.person(id))]))));
        };
        let mut rooms: Vec<RoomKey> = key.as_ref().map_or_else(|| scene.reach(None), |key| vec![key.clone()]);
        let readable = ask.rooms_where(Act::Audit);
        rooms.retain(|room| readable.contains(room));
        let user = ("user", scene.person(id));
        let intro = match &key {
            None => texts.say("why-intro", &[user]),
            Some(key) => texts.say("why-intro-room", &[user, ("room", scene.room(key))]),
        };
        let Explanation { person, rooms } = explain_person(scene, person, &rooms);
        let mut answer = Answer::new().line(intro).items(person.iter().map(|reason| texts.reason(reason)));
        for (key, reasons) in &rooms {
            let room = texts.line("why-room", &[("room", Arg::Code(key.to_string()))]);
            answer = answer.line(room).items(reasons.iter().map(|reason| texts.reason(reason)));
        }
        Ok(Reply::told(answer))
    }

    /// Lists lasting wishes.
    pub(super) fn grants(&self, ask: &Ask, who: Option<&Who>) -> Result<Reply, Stop> {
        ask.may(Act::Audit, None)?;
        let (texts, scene) = (self.texts(), &ask.scene);
        let person = who.map(|who| scene.find_person(who)).transpose()?;
        let readable = ask.rooms_where(Act::Audit);
        let is_readable = |scope: &RoomKey| readable.contains(scope) || !scene.policy.rooms.contains_key(scope);
        let about = scene.grants.iter().filter(|grant| person.is_none_or(|person| grant.person == person));
        let listed = about.filter(|grant| grant.scope.as_ref().is_none_or(is_readable));
        let lines: Vec<Said> = listed.map(|grant| self.grant_line(ask, grant)).collect();
        let intro = match (lines.is_empty(), person) {
            (false, _) => texts.say("grants-intro", &[("count", number(lines.len()))]),
            (true, None) => texts.say("grants-none", &[]),
            (true, Some(person)) => texts.say("grants-none-user", &[("user", scene.person(person))]),
        };
        Ok(Reply::told(Answer::new().line(intro).items(lines)))
    }

    /// A grant in a line.
    pub(super) fn grant_line(&self, ask: &Ask, grant: &Grant) -> Said {
        let (texts, scene) = (self.texts(), &ask.scene);
        let kind = match grant.kind {
            GrantKind::Level(level) => texts.line("rank-level", &[("level", Arg::Number(level))]),
            kind => texts.word("grant-kind", kind.as_str()),
        };
        let mut args = vec![
            ("id", Arg::Number(grant.id.0)),
            ("user", scene.person(grant.person)),
            ("kind", Arg::Said(kind)),
            ("place", Arg::Said(self.place(ask, grant.scope.as_ref()))),
            ("asker", self.asker(&grant.asker, scene)),
            ("when", self.time(grant.created_at)),
        ];
        let line = match grant.expires_at {
            None => texts.line("grant-line", &args),
            Some(until) => {
                args.push(("until", self.time(until)));
                texts.line("grant-line-until", &args)
            }
        };
        match &grant.reason {
            None => line,
            Some(reason) => {
                texts.line("with-reason", &[("line", Arg::Said(line)), ("reason", Arg::Text(reason.clone()))])
            }
        }
    }

    /// "place-everywhere" or "in the room …".
    pub(super) fn place(&self, ask: &Ask, room: Option<&RoomKey>) -> Said {
        match room {
            None => self.texts().line("place-everywhere", &[]),
            Some(room) => self.texts().line("place-room", &[("room", ask.scene.room(room))]),
        }
    }

    /// An instant in the hospital's time zone.
    pub(in crate::chat) fn time(&self, at: jiff::Timestamp) -> Arg {
        Arg::Time(at.to_zoned(self.settings().timezone.clone()).strftime("%d/%m/%Y %H:%M").to_string())
    }
}

fn state(account: &ObservedAccount) -> &'static str {
    match account {
        ObservedAccount { deactivated: true, .. } => "deactivated",
        ObservedAccount { locked: true, .. } => "locked",
        _ => "usable",
    }
}

pub(super) fn standing_word(standing: Option<Standing>) -> &'static str {
    match standing {
        Some(Standing::Active) => "active",
        Some(Standing::Off) => "off",
        Some(Standing::Gone) => "gone",
        None => "unknown",
    }
}
