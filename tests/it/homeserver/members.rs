//! Memberships: every change is made twice, as after a lost response.

use equipemed_bot::homeserver::{Done, HomeserverError};
use equipemed_domain::observed::Membership;
use equipemed_testbed::Client;
use equipemed_testbed::proxy::{Fault, Rule};

use super::Place;

#[tokio::test]
async fn what_is_so_already_is_done() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let (ana, rui) = (place.account("ana").await?, place.account("rui").await?);
    let room = place.found("icu", &place.room("12")).await?;
    let (writer, reader) = (&place.writer, &place.reader);

    for expected in [Done::Changed, Done::Already] {
        assert_eq!(writer.admin_join(&room, &ana).await?, expected);
    }
    assert_eq!(writer.invite(&room, &ana).await?, Done::Already);
    assert_eq!(reader.room(&room).await?.members.get(&ana), Some(&Membership::Join));
    for expected in [Done::Changed, Done::Already] {
        assert_eq!(writer.kick(&room, &ana, Some("shift over")).await?, expected);
    }
    assert_eq!(writer.kick(&room, &rui, None).await?, Done::Already, "was never there");
    assert_eq!(reader.room(&room).await?.members.get(&ana), None);

    writer.ban(&room, &ana, None).await?;
    writer.ban(&room, &ana, None).await?;
    assert_eq!(reader.room(&room).await?.members.get(&ana), Some(&Membership::BannedForGrant));
    let refused = writer.admin_join(&room, &ana).await.expect_err("banned");
    assert_eq!(refused.errcode(), Some("M_BAD_STATE"));
    for expected in [Done::Changed, Done::Already] {
        assert_eq!(writer.unban(&room, &ana).await?, expected);
    }
    let nobody = place.user("nobody")?;
    assert!(matches!(writer.admin_join(&room, &nobody).await, Err(HomeserverError::NotFound { .. })));
    Ok(())
}

#[tokio::test]
async fn a_redaction_is_the_bots_and_happens_once() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let room = place.found("icu", &place.room("12")).await?;
    let message = serde_json::json!({"msgtype": "m.text", "body": "wrong room"});
    let event = place.bot.send(room.as_str(), "m.room.message", message).await?;
    let event = ruma_common::EventId::parse(event)?;
    let first = place.writer.redact(&room, &event, Some("asked for"), "deed-1").await?;
    assert_eq!(place.writer.redact(&room, &event, Some("asked for"), "deed-1").await?, first);
    Ok(())
}

#[tokio::test]
async fn the_bot_leaves_a_room_and_turns_an_invitation_down_also_when_the_answer_is_lost() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let ana = Client::create(place.seat.synapse, &place.seat.name("ana")).await?;
    let body = serde_json::json!({"preset": "private_chat", "invite": [place.reader.bot()]});
    for joins in [true, false] {
        let room = ana.create_room(body.clone()).await?;
        if joins {
            place.bot.join(&room).await?;
        }
        let room = ruma_common::RoomId::parse(room)?;
        place.proxy.add_rule(Rule::new("/leave", Fault::CutAfterForward).once());
        place.writer.leave(&room).await?;
        let left = ana.membership(room.as_str(), place.reader.bot().as_str()).await?;
        assert_eq!(left.as_deref(), Some("leave"), "{joins}");
        place.writer.leave(&room).await?;
    }
    let elsewhere = ana.create_room(serde_json::json!({"preset": "private_chat"})).await?;
    assert_eq!(place.writer.leave(&ruma_common::RoomId::parse(elsewhere)?).await?, Done::Already, "was never there");
    Ok(())
}
