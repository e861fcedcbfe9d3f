//! `rooms`: what there is, counts, new ones, and the end of empty ones.

use equipemed_domain::authority::Act;
use equipemed_domain::command::{Where, fold};
use equipemed_domain::deed::Deed;
use equipemed_domain::directory::Profession;
use equipemed_domain::fault::Fault;
use equipemed_domain::key::{RoleKey, RoomKey};
use equipemed_domain::policy::{MadeRoom, RoomKind};
use equipemed_domain::selector::Selector;
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use futures_util::FutureExt;

use crate::chat::Chat;
use crate::chat::ask::Ask;
use crate::chat::reply::{Reply, Stop, Turn};
use crate::homeserver::{RoomListing, Said};
use crate::operations::{Inventory, abandoned, list_rooms};
use crate::speech::{Answer, Arg, number};
use crate::store::DeedId;

impl Chat {
    /// All rooms of the server, the managed ones first.
    pub(super) async fn rooms_list(&self, ask: &Ask) -> Result<Reply, Stop> {
        ask.may(Act::Audit, None)?;
        let texts = self.texts();
        let mut rooms = list_rooms(self.engine().reader(), &ask.scene).await?;
        // Where the right was taken, its room is not for this asker to see.
        let readable = ask.rooms_where(Act::Audit);
        rooms.retain(|one| one.managed().is_none_or(|key| readable.contains(key)));
        if rooms.is_empty() {
            return Ok(Reply::told(Answer::new().line(texts.say("rooms-none", &[]))));
        }
        let managed = rooms.iter().filter(|one| one.is_managed).count();
        let intro = texts.say("rooms-intro", &[("count", number(rooms.len())), ("managed", number(managed))]);
        let lines = rooms.iter().map(|one| {
            let room = &one.room;
            let name = room.name.clone().or_else(|| room.alias.clone()).unwrap_or_default();
            let shown = ("room", Arg::Room { room_id: Some(room.room_id.clone()), name });
            let members = ("members", Arg::Number(i64::try_from(room.members).unwrap_or(i64::MAX)));
            let mut line = match one.managed() {
                Some(key) => texts.line("rooms-line-managed", &[shown, members, ("key", Arg::Code(key.to_string()))]),
                None => texts.line("rooms-line", &[shown, members]),
            };
            if room.is_space {
                line = texts.line("rooms-space", &[("line", Arg::Said(line))]);
            }
            if room.encryption.is_some() {
                line = texts.line("rooms-encrypted", &[("line", Arg::Said(line))]);
            }
            line
        });
        Ok(Reply::told(Answer::new().line(intro).items(lines.collect::<Vec<_>>())))
    }

    /// Counts, and members per managed room.
    pub(super) async fn rooms_stats(&self, ask: &Ask) -> Result<Reply, Stop> {
        ask.may(Act::Audit, None)?;
        let (texts, scene, reader) = (self.texts(), &ask.scene, self.engine().reader());
        let (rooms, accounts) = (reader.rooms_list().await?, reader.accounts().await?);
        let counts = Inventory::of(&rooms, &accounts, scene);
        let answer = Answer::new()
            .line(texts.line(
                "stats-rooms",
                &[
                    ("rooms", number(counts.rooms)),
                    ("managed", number(counts.managed.len())),
                    ("spaces", number(counts.spaces)),
                ],
            ))
            .line(
                texts.line(
                    "stats-accounts",
                    &[("accounts", number(counts.accounts)), ("active", number(counts.usable))],
                ),
            )
            .line(texts.line("stats-people", &[("people", number(counts.people)), ("active", number(counts.active))]));
        let readable = ask.rooms_where(Act::Audit);
        let managed = counts.managed.iter().filter(|(key, _)| readable.contains(*key));
        let lines = managed.map(|(key, members)| {
            let members = ("members", Arg::Number(i64::try_from(*members).unwrap_or(i64::MAX)));
            texts.line("rooms-line-managed", &[("room", scene.room(key)), members, ("key", Arg::Code(key.to_string()))])
        });
        Ok(Reply::told(answer.items(lines.collect::<Vec<_>>())))
    }

    /// Makes a room that from then on belongs to the policy.
    pub(super) async fn rooms_create(
        &self,
        ask: &Ask,
        name: &str,
        members: &str,
        space: Option<&Where>,
    ) -> Result<Turn, Stop> {
        let (texts, scene) = (self.texts(), &ask.scene);
        let parent = space.map(|space| scene.find_room(space)).transpose()?;
        if let Some(key) = &parent {
            let is_space = scene.policy.rooms.get(key).is_some_and(|room| room.kind == RoomKind::Space);
            if !is_space {
                let said = ("said", Arg::Text(key.to_string()));
                let what = ("what", Arg::Said(texts.word("placeholder", "SPACE")));
                return Err(Stop::Unclear(texts.say("wrong", &[said, what])));
            }
        }
        ask.may(Act::Rooms, parent.as_ref())?;
        self.must_write()?;
        let Some(rule) = self.selector(ask, members) else {
            let what = ("what", Arg::Said(texts.word("placeholder", "SELECTOR")));
            return Err(Stop::Unclear(texts.say("wrong", &[("said", Arg::Text(members.to_owned())), what])));
        };
        let key = key_for(name);
        let made = MadeRoom { name: name.to_owned(), members: rule, parent };
        let before = self.engine().store().made_rooms().await?;
        let is_ours = before.get(&key) == Some(&made);
        let same = scene.policy.rooms.iter().find(|(other, room)| **other == key || room.name == name);
        if let Some((other, _)) = same.filter(|_| !(is_ours && ask.confirmed.is_some())) {
            return Err(Stop::Unclear(texts.say("rooms-create-exists", &[("room", scene.room(other))])));
        }
        let access = scene.world().access;
        let people: Vec<String> = scene
            .directory
            .people()
            .filter(|person| access.selects(&made.members, person) && scene.is_active(person))
            .filter(|person| scene.user_of(person.id).is_some())
            .map(|person| person.id.to_string())
            .collect();
        if people.is_empty() {
            let said = ("said", Arg::Text(members.to_owned()));
            return Err(Stop::Unclear(texts.say("rooms-create-nobody", &[said])));
        }
        let count = people.len();
        let preview = [("name", Arg::Text(name.to_owned())), ("members", number(count))];
        let line = texts.line("rooms-create-preview", &preview);
        if let Some(preview) = self.agreed(ask, vec![line], 1, &people).await? {
            return Ok(preview);
        }
        self.engine().store().add_made_room(&key, &made, ask.user.as_str(), scene.now).await?;
        let (chat, ask) = (self.clone(), ask.clone());
        Ok(Turn::Later(
            async move {
                let wish = Wish::new(ask.event.as_str());
                chat.look_and_wait(&[Wake::Room(key.clone())], std::slice::from_ref(&wish)).await?;
                let tally = chat.tally(&wish).await?;
                let texts = chat.texts();
                let bound = chat.engine().store().rooms().await?.get(&key).cloned();
                let Some(room_id) = bound else {
                    let detail = tally.troubles.first().map_or(Fault::NotDone, |trouble| trouble.detail.clone());
                    let text = texts.say("rooms-create-failed", &[("detail", texts.why(&detail))]);
                    return Ok(Reply::failed(Answer::new().line(text), detail));
                };
                let room = ("room", Arg::Room { room_id: Some(room_id), name: made.name.clone() });
                let args = [room, ("key", Arg::Code(key.to_string())), ("members", number(count))];
                Ok(Reply::done(Answer::new().line(texts.say("rooms-created", &args))))
            }
            .boxed(),
        ))
    }

    /// Who is meant by the words after `for`.
    fn selector(&self, ask: &Ask, text: &str) -> Option<Selector> {
        let text = text.trim();
        let (word, value) = match text.split_once(':') {
            Some((word, value)) => (word.trim().to_lowercase(), value.trim()),
            None => (String::new(), text),
        };
        let scene = &ask.scene;
        let has_group = |name: &str| scene.directory.people().any(|person| person.groups.contains(name));
        let has_specialty =
            |name: &str| scene.directory.people().any(|person| person.specialties.iter().any(|own| own == name));
        let role = || Some(RoleKey::from(value)).filter(|role| scene.policy.roles.contains_key(role));
        match word.as_str() {
            "group" | "grupo" => has_group(value).then(|| Selector::Group(value.to_owned())),
            "profession" | "profissao" | "profissão" => profession(value).map(Selector::Profession),
            "specialty" | "especialidade" => has_specialty(value).then(|| Selector::Specialty(value.to_owned())),
            "role" | "papel" => role().map(Selector::Role),
            "" => match value.to_lowercase().as_str() {
                "any" | "all" | "everybody" | "todos" | "todas" => Some(Selector::Any(true)),
                _ => role().map(Selector::Role).or_else(|| profession(value).map(Selector::Profession)).or_else(|| {
                    if has_group(value) {
                        Some(Selector::Group(value.to_owned()))
                    } else {
                        has_specialty(value).then(|| Selector::Specialty(value.to_owned()))
                    }
                }),
            },
            _ => None,
        }
    }

    /// Deletes rooms that nobody is in and that are not managed.
    pub(super) async fn rooms_cleanup(&self, ask: &Ask, dry_run: bool) -> Result<Turn, Stop> {
        ask.may(Act::Rooms, None)?;
        let begun = self.begun(ask).await?;
        if !begun.is_empty() {
            return Ok(self.cleaning_up(begun.iter().map(|deed| deed.id).collect()));
        }
        let texts = self.texts();
        let empty = abandoned(self.engine().reader().rooms_list().await?, &ask.scene.rooms);
        if empty.is_empty() {
            return Ok(Turn::Over(Reply::told(Answer::new().line(texts.say("rooms-cleanup-none", &[])))));
        }
        let shown = |room: &RoomListing| {
            let name = room.name.clone().or_else(|| room.alias.clone()).unwrap_or_default();
            texts.shown(&Arg::Room { room_id: Some(room.room_id.clone()), name })
        };
        let lines: Vec<Said> = empty.iter().map(shown).collect();
        if dry_run {
            let intro = texts.say("rooms-cleanup-preview", &[("count", number(empty.len()))]);
            return Ok(Turn::Over(Reply::told(Answer::new().line(intro).items(lines))));
        }
        self.must_write()?;
        let digest: Vec<String> = empty.iter().map(|room| room.room_id.to_string()).collect();
        if let Some(preview) = self.agreed(ask, lines, digest.len(), &digest).await? {
            return Ok(preview);
        }
        let delete = |room: RoomListing| Deed::DeleteRoom { room_id: room.room_id, purge: true };
        let deeds = self.wish(ask, empty.into_iter().map(delete).collect(), None).await?;
        Ok(self.cleaning_up(deeds))
    }

    fn cleaning_up(&self, deeds: Vec<DeedId>) -> Turn {
        let chat = self.clone();
        Turn::Later(
            async move {
                let (done, why) = chat.wait_for_deeds(&deeds).await?;
                let counts = [("done", number(done)), ("failed", number(why.len()))];
                let mut answer = Answer::new().line(chat.texts().say("rooms-cleanup-done", &counts));
                for detail in &why {
                    answer = answer.item(chat.texts().line("sync-finding", &[("detail", chat.texts().why(detail))]));
                }
                Ok(Reply::new(super::mark_of(done, why.len()), answer))
            }
            .boxed(),
        )
    }
}

fn profession(text: &str) -> Option<Profession> {
    let text = text.to_lowercase();
    Profession::from_word(&text).or(match text.as_str() {
        "doctor" | "doctors" | "médico" | "médicos" | "medico" | "medicos" => Some(Profession::MedicalDoctor),
        "residents" | "residente" | "residentes" => Some(Profession::Resident),
        "nurses" | "enfermeiro" | "enfermeira" | "enfermeiros" | "enfermagem" => Some(Profession::Nurse),
        "physiotherapists" | "fisioterapeuta" | "fisioterapeutas" => Some(Profession::Physiotherapist),
        "students" | "estudante" | "estudantes" | "aluno" | "alunos" => Some(Profession::Student),
        _ => None,
    })
}

/// A key from a name: letters without accents, digits, and `_` between.
fn key_for(name: &str) -> RoomKey {
    let mut key = String::new();
    for c in fold(name).chars() {
        let plain = if c.is_ascii_alphanumeric() { c } else { '_' };
        if plain != '_' || !(key.is_empty() || key.ends_with('_')) {
            key.push(plain);
        }
    }
    match key.trim_matches('_') {
        "" => RoomKey::from("room"),
        key => RoomKey::from(key),
    }
}
