//! Rooms that somebody brings the bot into are reported, otherwise ignored, and left after an hour.

use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::Client;
use equipemed_testbed::rooms::room_path;
use serde_json::json;

use super::talk::{begun, close, opened};
use super::{Hospital, chief, count, crowd, person, until};

/// A room that somebody creates and invites the bot to; this server accepts the invitation.
async fn brings(hospital: &Hospital, who: &Client, name: &str) -> anyhow::Result<String> {
    let bot = hospital.bot()?;
    let users = json!({(bot.user_id()): 100, (who.user_id()): 100});
    let body = json!({
        "room_version": "11", "preset": "private_chat", "name": name, "invite": [bot.user_id()],
        "creation_content": {"br.equipemed.room": "todos"}, "power_level_content_override": {"users": users},
    });
    let room = who.create_room(body).await?;
    is_in(hospital, &room, true).await?;
    Ok(room)
}

async fn is_in(hospital: &Hospital, room: &str, wanted: bool) -> anyhow::Result<()> {
    let bot = hospital.bot()?;
    let what = format!("the bot's being in {room}: {wanted}");
    until(&what, || async {
        let is_in = bot.joined_rooms().await?.iter().any(|joined| joined == room);
        Ok((is_in == wanted).then_some(()))
    })
    .await
}

/// As if an hour had passed since the bot was brought into these rooms.
async fn an_hour_later(hospital: &Hospital) -> anyhow::Result<()> {
    hospital.sql("update foreign_rooms set found_at = found_at - 3600000").await?;
    hospital.sql("update deeds set due_at = due_at - 3600000 where finished_at is null").await?;
    // Named after the time when the room was found: otherwise each room would have two deeds.
    hospital
        .sql(
            "update deeds set source = (select 'foreign ' || room_id || ' ' || found_at from foreign_rooms
                where deeds.source like 'foreign ' || room_id || ' %')
            where finished_at is null and exists (select 1 from foreign_rooms
                where deeds.source like 'foreign ' || room_id || ' %')",
        )
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_room_that_the_bot_was_brought_into_is_told_not_heeded_and_left_after_an_hour() -> anyhow::Result<()> {
    let rooms = json!({
        "todos": {"name": "Equipe", "members": {"any": true}},
        "icu": {"name": "UTI", "members": {"group": "UTI"}},
    });
    let mut people = crowd("p", 3, &["UTI"]);
    people.extend([chief("chefe"), person("eva", &[])]);
    let (hospital, serving) = opened(people, rooms, |_| ()).await?;
    let (chief, eva, bot) = (hospital.client("chefe").await?, hospital.client("eva").await?, hospital.bot()?);
    let left = brings(&hospital, &eva, "Controle\n\u{202e}@room \u{7}<b>!approve</b>").await?;
    let told = hospital.told(&chief, &[eva.user_id(), &left, &format!("!rooms adopt {left} as KEY")]).await?;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(!told[0].contains(['\u{202e}', '\u{7}']) && !told[0].contains("@room"), "{}", told[0]);
    assert!(told[0].contains("in an hour I leave"), "{}", told[0]);

    // Commands there are ignored, whoever sends them.
    let invite = json!({"user_id": chief.user_id()});
    eva.post_ok(&room_path(&left, "invite"), invite).await?;
    chief.join(&left).await?;
    let lock = chief.send_text(&left, &format!("!lock {}", hospital.username("p00"))).await?;
    eva.set_level(&left, chief.user_id(), 100).await?;
    hospital.ask(&chief, "!whoami").await?;
    let inbox = hospital.inbox().await?;
    assert!(inbox.iter().all(|row| row.event_id != lock), "{inbox:#?}");
    assert!(!hospital.is_locked("p00").await?);

    // Within the hour, one is adopted and one follows a managed room; none is left early.
    let before = hospital.room("icu").await?;
    let adopted = brings(&hospital, &eva, "Antiga").await?;
    let follows = brings(&hospital, &eva, "Nova").await?;
    for room in [&adopted, &follows] {
        hospital.told(&chief, &[eva.user_id(), room]).await?;
    }
    eva.set_level(&adopted, eva.user_id(), 0).await?;
    let preview = hospital.ask(&chief, &format!("!rooms adopt {adopted} as icu")).await?;
    hospital.ask(&chief, &format!("!confirm {}", preview.code()?)).await?.says(&["is now the room"]);
    let tombstone = json!({"body": "mudou", "replacement_room": follows});
    bot.send_state(&hospital.room("todos").await?, "m.room.tombstone", "", tombstone).await?;
    hospital.sql("update deeds set due_at = due_at - 3600000 where finished_at is null").await?;
    until("what came too early waits again", || async {
        let early = "select count(*) from deeds where finished_at is null and (attempts = 0 or state <> 'waiting')";
        Ok((hospital.number(early).await? == 0).then_some(()))
    })
    .await?;
    for room in [&left, &adopted, &follows, &before] {
        is_in(&hospital, room, true).await?;
    }

    // The hour passes while the service is down, as after a crash.
    serving.kill9()?;
    serving.end().await?;
    hospital.forget_leases().await?;
    an_hour_later(&hospital).await?;
    hospital.take();
    let serving = hospital.serve().await?;
    is_in(&hospital, &left, false).await?;
    until("all of that is over", || async {
        let open = hospital.number("select count(*) from deeds where finished_at is null").await?;
        Ok((open == 0).then_some(()))
    })
    .await?;
    for room in [&adopted, &follows, &before] {
        is_in(&hospital, room, true).await?;
    }
    assert_eq!(count(&hospital.take(), Endpoint::Leave), 1);
    let mut leaving = hospital.audit().await?;
    leaving.retain(|entry| entry.intent.kind == "leave_room" && entry.intent.subject.contains(left.as_str()));
    assert!(
        leaving.iter().any(|entry| entry.settled.as_ref().is_some_and(|end| end.outcome.is_good())),
        "{leaving:#?}"
    );

    // When brought in again, the bot reports and leaves again.
    let invite = json!({"user_id": bot.user_id()});
    eva.post_ok(&room_path(&left, "invite"), invite).await?;
    is_in(&hospital, &left, true).await?;
    until("it is noted anew", || async {
        let open = hospital.number("select count(*) from deeds where finished_at is null").await?;
        Ok((open == 1).then_some(()))
    })
    .await?;
    an_hour_later(&hospital).await?;
    is_in(&hospital, &left, false).await?;
    close(hospital, serving).await
}

#[tokio::test]
async fn in_mode_observe_it_is_only_told_and_left_once_the_mode_is_enforce() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"any": true}}});
    let mut hospital = Hospital::new(vec![chief("chefe"), person("eva", &[])], rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    hospital.config["mode"] = json!("observe");
    let (chief, eva) = (hospital.client("chefe").await?, hospital.client("eva").await?);
    // Found without a push: it happened while the service was down.
    let room = brings(&hospital, &eva, "Nova").await?;
    let (mut hospital, serving) = begun(hospital).await?;
    let told = hospital.told(&chief, &[eva.user_id(), &room, "!rooms adopt"]).await?;
    assert!(told.len() == 1 && !told[0].contains("I leave"), "{told:?}");
    hospital.take();
    an_hour_later(&hospital).await?;
    hospital.ask(&chief, "!whoami").await?;
    serving.term()?;
    serving.end().await?.ended(0);
    let recorded = hospital.take();
    assert_eq!((count(&recorded, Endpoint::Leave), count(&recorded, Endpoint::Join)), (0, 0));
    assert_eq!(hospital.number("select count(*) from deeds").await?, 0);
    is_in(&hospital, &room, true).await?;

    hospital.config["mode"] = json!("enforce");
    hospital.write_config()?;
    let serving = hospital.serve().await?;
    is_in(&hospital, &room, false).await?;
    assert_eq!(hospital.heard(&chief, &[&room, "!rooms adopt"]).await?.len(), 1);
    close(hospital, serving).await
}

/// On a server that does not accept for the bot, the invitation remains.
#[tokio::test]
async fn an_invitation_that_nobody_took_is_told_and_turned_down() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"any": true}}});
    let hospital = Hospital::alone(vec![chief("chefe"), person("eva", &[])], rooms).await?;
    let (hospital, serving) = begun(hospital).await?;
    let (chief, eva, bot) = (hospital.client("chefe").await?, hospital.client("eva").await?, hospital.bot()?);
    let invite = json!({"preset": "private_chat", "name": "Nova", "invite": [bot.user_id()]});
    let room = eva.create_room(invite).await?;
    hospital.told(&chief, &[eva.user_id(), &room, "!rooms adopt"]).await?;
    an_hour_later(&hospital).await?;
    until("the invitation is turned down", || async {
        Ok((eva.membership(&room, bot.user_id()).await?.as_deref() == Some("leave")).then_some(()))
    })
    .await?;
    close(hospital, serving).await
}
