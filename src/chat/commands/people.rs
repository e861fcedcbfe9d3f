//! Questions about people: `user`, `users`, `why`, `grants`, `whoami`.

use equipemed_domain::account_status::AccountStatus;
use equipemed_domain::authority::{Act, Asker};
use equipemed_domain::command::{UsersFilter, Where, Who};
use equipemed_domain::directory::PersonId;
use equipemed_domain::explain::Explanation;
use equipemed_domain::key::RoomKey;
use equipemed_domain::listing::PeopleFilter;
use equipemed_domain::observed::ObservedAccount;
use equipemed_domain::rights::Rights;
use equipemed_domain::standing::Standing;

use crate::chat::ask::Ask;
use crate::chat::reply::{Stop, Turn};
use crate::chat::words::Wording;
use crate::homeserver::Said;
use crate::operations::explain_person;
use crate::speech::{Answer, Arg, number};

/// Everything known about one person and their account.
pub(super) async fn user(ask: &Ask, who: &Who) -> Result<Turn, Stop> {
    let (words, scene) = (&ask.words, &ask.scene);
    let (person, account) = ask.user(who).await?;
    let mut answer = Answer::new().line(words.say("user-intro", &[("user", words.person(person))]));
    answer = words.about_person(answer, person);
    if let Some(login) = scene.directory.get(person).and_then(|person| person.last_login) {
        answer = answer.line(words.line("user-login", &[("when", words.time(login))]));
    }
    match &account {
        None => answer = answer.line(words.line("user-no-account", &[])),
        Some((account, devices)) => {
            let state = ("state", Arg::Said(words.word("account-state", state(&account.observed))));
            answer = answer.line(words.line("user-account", &[state]));
            if account.observed.admin {
                answer = answer.line(words.line("user-admin", &[]));
            }
            if let Some(noted) = scene.bindings.get(&person).and_then(|binding| binding.synced_at) {
                answer = answer.line(words.line("user-synced", &[("when", words.time(noted))]));
            }
            answer = answer.line(words.line("user-devices", &[("count", number(devices.ids.len()))]));
            let seen = account.last_seen.and_then(|ms| i64::try_from(ms).ok());
            if let Some(seen) = seen.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()) {
                answer = answer.line(words.line("user-seen", &[("when", words.time(seen))]));
            }
        }
    }
    let grants: Vec<Said> = scene.grants_of(person).map(|grant| words.grant_line(grant)).collect();
    if !grants.is_empty() {
        answer = answer.line(words.line("user-grants", &[])).items(grants);
    }
    Ok(Turn::told(answer))
}

/// Who the asker is to the bot, and their rights.
pub(super) fn whoami(ask: &Ask) -> Answer {
    let words = &ask.words;
    let mut answer = Answer::new().line(words.say("whoami-intro", &[("user", words.user(&ask.user))]));
    if let Asker::Person(person) = ask.by.asker {
        answer = words.about_person(answer, person);
    }
    answer.line(words.say("whoami-hint", &[]))
}

/// Lists people with their accounts.
pub(super) async fn users(ask: &Ask, filter: &UsersFilter) -> Result<Turn, Stop> {
    let words = &ask.words;
    let with_devices = filter.devices;
    let filter = PeopleFilter {
        status: filter.status.as_deref().and_then(AccountStatus::from_word),
        search: filter.search.clone(),
        ..PeopleFilter::default()
    };
    let (people, devices) = ask.users(&filter, with_devices).await?;
    if people.is_empty() {
        return Ok(Turn::told(Answer::new().line(words.say("users-none", &[]))));
    }
    let lines = people.iter().map(|one| {
        let status = ("status", Arg::Said(words.word("user-status", one.status.as_str())));
        let user = ("user", words.person(one.id));
        let Some(devices) = devices.get(&one.id) else { return words.line("users-line", &[user, status]) };
        // A number, because only numbers decide about a form.
        let seen = Arg::Number(devices.last_seen.is_some().into());
        let when = devices.last_seen.map_or(Arg::Text(String::new()), |at| words.time(at));
        let args = [user, status, ("count", number(devices.ids.len())), ("seen", seen), ("when", when)];
        words.line("users-line-devices", &args)
    });
    let intro = words.say("users-intro", &[("count", number(people.len()))]);
    Ok(Turn::told(Answer::new().line(intro).items(lines)))
}

/// Explains why somebody is where they are.
pub(super) async fn why(ask: &Ask, who: &Who, room: Option<&Where>) -> Result<Turn, Stop> {
    let (words, scene) = (&ask.words, &ask.scene);
    // `why Ana Souza` may be one name.
    let both = [who.clone(), Who::Name(room.map(ToString::to_string).unwrap_or_default())];
    let named = |why| scene.unquoted(&both).unwrap_or(why);
    let key = room.map(|room| scene.find_room(room)).transpose().map_err(named)?;
    ask.may(Act::Audit, key.as_ref())?;
    let id = scene.find_person(who).map_err(named)?;
    let user = ("user", words.person(id));
    let Some(person) = scene.directory.get(id) else {
        return Ok(Turn::told(Answer::new().line(words.say("why-unknown", &[user]))));
    };
    let mut rooms: Vec<RoomKey> = key.as_ref().map_or_else(|| scene.reach(None), |key| vec![key.clone()]);
    let readable = ask.readable();
    rooms.retain(|room| readable.contains(room));
    let intro = match &key {
        None => words.say("why-intro", &[user]),
        Some(key) => words.say("why-intro-room", &[user, ("room", words.room(key))]),
    };
    let Explanation { person, rooms } = explain_person(scene, Ok(&ask.engine), person, &rooms).await;
    let mut answer = Answer::new().line(intro).items(person.iter().map(|reason| words.reason(reason)));
    for (key, reasons) in &rooms {
        let room = words.line("why-room", &[("room", words.room(key))]);
        answer = answer.line(room).items(reasons.iter().map(|reason| words.reason(reason)));
    }
    Ok(Turn::told(answer))
}

/// Lists grants.
pub(super) fn grants(ask: &Ask, who: Option<&Who>) -> Result<Turn, Stop> {
    let words = &ask.words;
    let (person, grants) = ask.grants(who)?;
    let intro = match (grants.is_empty(), person) {
        (false, _) => words.say("grants-intro", &[("count", number(grants.len()))]),
        (true, None) => words.say("grants-none", &[]),
        (true, Some(person)) => words.say("grants-none-user", &[("user", words.person(person))]),
    };
    Ok(Turn::told(Answer::new().line(intro).items(grants.into_iter().map(|grant| words.grant_line(grant)))))
}

impl Wording {
    /// Adds EquipeMed's data: standing, roles, rights, rooms.
    fn about_person(&self, answer: Answer, id: PersonId) -> Answer {
        let Some(profile) = self.scene.profile(id) else { return answer.line(self.line("user-unbound", &[])) };
        let args = [
            ("name", Arg::Text(profile.person.full_name())),
            ("standing", Arg::Said(self.word("standing", Standing::word(profile.standing)))),
        ];
        let answer = answer.line(self.line("user-person", &args));
        if !profile.is_selected {
            return answer.line(self.line("user-not-selected", &[]));
        }
        let roles: Vec<Said> = profile.roles.iter().map(|role| self.shown(&self.role(role))).collect();
        let mut answer = answer.line(match roles.is_empty() {
            true => self.line("user-roles-none", &[]),
            false => self.line("user-roles", &[("list", Arg::Said(self.list(roles)))]),
        });
        if !profile.has_rights {
            answer = answer.line(self.line("user-rights-none", &[]));
        }
        if !profile.rights_everywhere.is_empty() {
            answer = answer.line(self.rights_line(&profile.rights_everywhere, None));
        }
        for (room, rights) in &profile.rights_in {
            answer = answer.line(self.rights_line(rights, Some(room)));
        }
        answer.line(match profile.rooms.len() {
            0 => self.line("user-rooms-none", &[]),
            count => self.line("user-rooms", &[("count", number(count)), ("list", self.rooms(profile.rooms))]),
        })
    }

    fn rights_line(&self, rights: &Rights, room: Option<&RoomKey>) -> Said {
        let args = [("place", Arg::Said(self.within(room))), ("list", Arg::Said(self.rights(rights)))];
        self.line("user-rights", &args)
    }
}

fn state(account: &ObservedAccount) -> &'static str {
    match account {
        ObservedAccount { deactivated: true, .. } => "deactivated",
        ObservedAccount { locked: true, .. } => "locked",
        _ => "usable",
    }
}
