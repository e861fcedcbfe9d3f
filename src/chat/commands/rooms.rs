//! `rooms`: lists and counts rooms, makes new ones and deletes empty ones.

use equipemed_domain::authority::Act;
use equipemed_domain::command::Where;

use crate::chat::ask::Ask;
use crate::chat::reply::{Mark, Reply, Stop, Turn};
use crate::homeserver::{RoomListing, Said};
use crate::operations::{Inventory, abandoned, deletions, list_rooms, wait_for_deeds};
use crate::speech::{Answer, Arg, number};
use crate::store::DeedId;

/// All rooms of the server, the managed ones first.
pub(super) async fn list(ask: &Ask) -> Result<Turn, Stop> {
    ask.may(Act::Audit, None)?;
    let words = &ask.words;
    let mut rooms = list_rooms(ask.engine.reader(), &ask.scene).await?;
    // Hide rooms for which the asker's right was removed.
    let readable = ask.readable();
    rooms.retain(|one| one.managed().is_none_or(|key| readable.contains(key)));
    if rooms.is_empty() {
        return Ok(Turn::told(Answer::new().line(words.say("rooms-none", &[]))));
    }
    let managed = rooms.iter().filter(|one| one.is_managed).count();
    let intro = words.say("rooms-intro", &[("count", number(rooms.len())), ("managed", number(managed))]);
    let lines = rooms.iter().map(|one| {
        let (shown, members) = (("room", shown(&one.room)), ("members", count(one.room.members)));
        let mut line = match one.managed() {
            Some(key) => words.line("rooms-line-managed", &[shown, members, ("key", Arg::Code(key.to_string()))]),
            None => words.line("rooms-line", &[shown, members]),
        };
        if one.room.is_space {
            line = words.line("rooms-space", &[("line", Arg::Said(line))]);
        }
        if one.is_gone {
            line = words.line("rooms-gone", &[("line", Arg::Said(line))]);
        }
        if one.room.encryption.is_some() {
            line = words.line("rooms-encrypted", &[("line", Arg::Said(line))]);
        }
        line
    });
    Ok(Turn::told(Answer::new().line(intro).items(lines)))
}

/// Counts, and the members of each managed room.
pub(super) async fn stats(ask: &Ask) -> Result<Turn, Stop> {
    ask.may(Act::Audit, None)?;
    let words = &ask.words;
    let counts = Inventory::read(ask.engine.reader(), &ask.scene).await?;
    let rooms =
        [("rooms", number(counts.rooms)), ("managed", number(counts.managed.len())), ("spaces", number(counts.spaces))];
    let accounts = [("accounts", number(counts.accounts)), ("active", number(counts.usable))];
    let answer = Answer::new()
        .line(words.line("stats-rooms", &rooms))
        .line(words.line("stats-accounts", &accounts))
        .line(words.line("stats-people", &[("people", number(counts.people)), ("active", number(counts.active))]));
    let readable = ask.readable();
    let managed = counts.managed.iter().filter(|(key, _)| readable.contains(*key));
    let lines = managed.map(|(key, members)| {
        let args = [("room", words.room(key)), ("members", count(*members)), ("key", Arg::Code(key.to_string()))];
        words.line("rooms-line-managed", &args)
    });
    Ok(Turn::told(answer.items(lines)))
}

/// Makes a room that belongs to the policy from then on.
pub(super) async fn create(ask: &Ask, name: &str, members: &str, space: Option<&Where>) -> Result<Turn, Stop> {
    let new = ask.new_room(name, members, space).await?;
    let preview = [("name", Arg::Text(name.to_owned())), ("members", number(new.people.len()))];
    let line = ask.words.line("rooms-create-preview", &preview);
    if let Some(preview) = ask.agreed(vec![line], 1, &new.people).await? {
        return Ok(preview);
    }
    ask.make_room(&new).await?;
    let ask = ask.clone();
    Ok(Turn::later(async move {
        let words = &ask.words;
        let room_id = match ask.made_room(&new).await? {
            Ok(room_id) => Some(room_id),
            Err(why) => {
                let text = words.say("rooms-create-failed", &[("detail", words.why(&why))]);
                return Ok(Reply::failed(Answer::new().line(text), why));
            }
        };
        let room = ("room", Arg::Room { room_id, name: new.made.name.clone() });
        let args = [room, ("members", number(new.people.len()))];
        Ok(Reply::done(Answer::new().line(words.say("rooms-created", &args))))
    }))
}

/// Deletes rooms that are unmanaged and have no members.
pub(super) async fn cleanup(ask: &Ask, dry_run: bool) -> Result<Turn, Stop> {
    ask.may(Act::Rooms, None)?;
    let begun = ask.begun().await?;
    if !begun.is_empty() {
        return Ok(cleaning_up(ask, begun.iter().map(|deed| deed.id).collect()));
    }
    let words = &ask.words;
    let all = abandoned(ask.engine.reader(), &ask.scene.rooms).await?;
    let (empty, invited): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.invited.is_empty());
    let mut left = Vec::new();
    if !invited.is_empty() {
        left.push(words.say("rooms-cleanup-invited", &[]));
        left.extend(invited.iter().map(|one| {
            let people = words.list(one.invited.iter().map(|user| words.shown(&words.user(user))).collect());
            words.say("rooms-cleanup-invited-one", &[("room", shown(&one.room)), ("people", Arg::Said(people))])
        }));
        left.push(words.say("rooms-cleanup-with", &[]));
    }
    if empty.is_empty() {
        return Ok(Turn::told(Answer::new().line(words.say("rooms-cleanup-none", &[])).items(left)));
    }
    let lines: Vec<Said> = empty.iter().map(|one| words.shown(&shown(&one.room))).chain(left).collect();
    if dry_run {
        let intro = words.say("rooms-cleanup-preview", &[("count", number(empty.len()))]);
        return Ok(Turn::told(Answer::new().line(intro).items(lines)));
    }
    ask.must_write()?;
    let digest: Vec<String> = empty.iter().map(|one| one.room.room_id.to_string()).collect();
    if let Some(preview) = ask.agreed(lines, digest.len(), &digest).await? {
        return Ok(preview);
    }
    let deeds = ask.wish(deletions(&empty), None).await?;
    Ok(cleaning_up(ask, deeds))
}

fn cleaning_up(ask: &Ask, deeds: Vec<DeedId>) -> Turn {
    let ask = ask.clone();
    Turn::later(async move {
        let words = &ask.words;
        let (done, why) = wait_for_deeds(&ask.engine, &deeds).await?;
        let counts = [("done", number(done)), ("failed", number(why.len()))];
        let failed = why.iter().map(|detail| words.line("sync-finding", &[("detail", words.why(detail))]));
        let answer = Answer::new().line(words.say("rooms-cleanup-done", &counts)).items(failed);
        Ok(Reply::new(Mark::of(done, why.len()), answer))
    })
}

fn shown(room: &RoomListing) -> Arg {
    let name = room.name.clone().or_else(|| room.alias.clone()).unwrap_or_default();
    Arg::Room { room_id: Some(room.room_id.clone()), name }
}

fn count(members: u64) -> Arg {
    Arg::Number(i64::try_from(members).unwrap_or(i64::MAX))
}
