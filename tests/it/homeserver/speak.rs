//! What the bot sends, read with a person's own client, and reads of events for moderation.

use std::time::Duration;

use equipemed_bot::homeserver::{Endpoint, HomeserverError, Outline, Said, Search, Speaker};
use equipemed_domain::event::Event;
use equipemed_testbed::proxy::{Fault, Rule};
use equipemed_testbed::{Client, eventually};
use jiff::Timestamp;
use ruma_common::{EventId, OwnedEventId, OwnedRoomId, UserId};
use serde_json::{Value, json};

use super::Place;

/// A room with the bot and a person in it.
struct Scene {
    place: Place,
    speaker: Speaker,
    room: OwnedRoomId,
    ana: Client,
}

impl Scene {
    async fn new() -> anyhow::Result<Self> {
        let place = Place::new().await?;
        let ana = Client::create(place.seat.synapse, &place.seat.name("ana")).await?;
        let mut new = place.room("12");
        new.invite.insert(UserId::parse(ana.user_id())?);
        let room = place.found("icu", &new).await?;
        ana.join(room.as_str()).await?;
        let speaker = Speaker::new(&place.reader);
        Ok(Self { place, speaker, room, ana })
    }

    async fn says(&self, text: &str) -> anyhow::Result<OwnedEventId> {
        Ok(EventId::parse(self.ana.send_text(self.room.as_str(), text).await?)?)
    }

    /// The content of an event as the person sees it.
    async fn seen(&self, event: &EventId) -> anyhow::Result<Value> {
        Ok(self.ana.event(self.room.as_str(), event.as_str()).await?["content"].clone())
    }

    async fn reactions(&self, event: &EventId) -> anyhow::Result<Vec<(String, String)>> {
        let found = self.place.reader.reactions_to(&self.room, event).await?;
        Ok(found.into_iter().map(|reaction| (reaction.sender.to_string(), reaction.key)).collect())
    }
}

fn said(text: &str) -> Said {
    Said { plain: text.to_owned(), html: format!("<strong>{text}</strong>") }
}

#[tokio::test]
async fn a_notice_answers_and_mentions_nobody_and_is_said_once() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let question = scene.says("!status").await?;
    let first = scene.speaker.notice(&scene.room, &said("ok"), Some((&*question).into()), "t1").await?;
    let again =
        Speaker::new(&scene.place.reader).notice(&scene.room, &said("ok"), Some((&*question).into()), "t1").await?;
    assert_eq!(again, first, "the same transaction says nothing twice");
    let seen = scene.seen(&first).await?;
    let expected = json!({
        "msgtype": "m.notice",
        "body": "ok",
        "format": "org.matrix.custom.html",
        "formatted_body": "<strong>ok</strong>",
        "m.mentions": {},
        "m.relates_to": {"m.in_reply_to": {"event_id": question}},
    });
    assert_eq!(seen, expected);
    let alone = scene.speaker.notice(&scene.room, &said("alone"), None, "t2").await?;
    assert_eq!(scene.seen(&alone).await?.get("m.relates_to"), None);
    Ok(())
}

#[tokio::test]
async fn an_edit_takes_the_place_of_the_message() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let original = scene.speaker.notice(&scene.room, &said("1 of 2"), None, "t1").await?;
    let edit = scene.speaker.edit(&scene.room, &original, &said("2 of 2"), "t2").await?;
    let seen = scene.seen(&edit).await?;
    assert_eq!(seen["m.relates_to"], json!({"rel_type": "m.replace", "event_id": original}));
    assert_eq!(seen["body"], "* 2 of 2");
    assert_eq!(seen["m.mentions"], json!({}));
    let new = &seen["m.new_content"];
    assert_eq!((&new["msgtype"], &new["body"]), (&json!("m.notice"), &json!("2 of 2")));
    assert_eq!((&new["formatted_body"], &new["m.mentions"]), (&json!("<strong>2 of 2</strong>"), &json!({})));
    let found = scene.place.reader.event(&scene.room, &edit).await?.expect("there");
    assert_eq!(found.content.replaces, Some(original));
    Ok(())
}

#[tokio::test]
async fn the_bot_reacts_once_and_takes_it_back() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let (bot, question) = (scene.place.reader.bot().to_string(), scene.says("!sync").await?);
    let reaction = scene.speaker.react(&scene.room, &question, "⏳", "t1").await?.expect("new");
    assert_eq!(scene.speaker.react(&scene.room, &question, "⏳", "t2").await?, None, "it is there already");
    scene.ana.react(scene.room.as_str(), question.as_str(), "👍").await?;
    let ana = scene.ana.user_id().to_owned();
    assert_eq!(scene.reactions(&question).await?, [(ana.clone(), "👍".to_owned()), (bot, "⏳".to_owned())]);
    scene.place.take(Endpoint::RoomEvent);
    scene.speaker.take_back(&scene.room, &reaction, "t3").await?;
    assert_eq!(scene.place.take(Endpoint::RoomEvent), 0, "its own words it knows");
    assert_eq!(scene.reactions(&question).await?, [(ana, "👍".to_owned())]);
    Ok(())
}

#[tokio::test]
async fn what_others_wrote_is_not_taken_back_and_after_a_restart_its_own_is() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let (hers, own) = (scene.says("hers").await?, scene.speaker.notice(&scene.room, &said("own"), None, "t1").await?);
    let state = scene.place.bot.send_state(scene.room.as_str(), "m.room.topic", "", json!({"topic": "x"})).await?;
    let state = EventId::parse(state)?;
    let restarted = Speaker::new(&scene.place.reader);
    scene.place.take(Endpoint::Redact);
    for other in [&hers, &state] {
        for speaker in [&scene.speaker, &restarted] {
            assert_eq!(speaker.take_back(&scene.room, other, "t2").await, Err(HomeserverError::NotOurs));
        }
    }
    let nothing = EventId::parse("$nothing-of-the-kind")?;
    let unknown = restarted.take_back(&scene.room, &nothing, "t3").await;
    assert!(matches!(unknown, Err(HomeserverError::NotFound { .. })), "{unknown:?}");
    assert_eq!(scene.place.take(Endpoint::Redact), 0, "nothing went out");
    restarted.take_back(&scene.room, &own, "t4").await?;
    assert_eq!(scene.seen(&own).await?, json!({}));
    assert_eq!(scene.place.take(Endpoint::Redact), 1);
    restarted.take_back(&scene.room, &own, "t5").await?;
    assert_eq!(scene.place.take(Endpoint::Redact), 0, "it is gone already");
    assert_eq!(scene.seen(&hers).await?["body"], "hers");
    Ok(())
}

#[tokio::test]
async fn a_message_is_marked_as_read() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let question = scene.says("!help").await?;
    scene.speaker.mark_read(&scene.room, &question).await?;
    let bot = scene.place.reader.bot().as_str();
    let filter = r#"{"room":{"timeline":{"limit":1}},"presence":{"types":[]}}"#;
    let path = format!("/_matrix/client/v3/sync?filter={}", equipemed_testbed::client::encode(filter));
    let synced = scene.ana.get_ok(&path).await?;
    let events = &synced["rooms"]["join"][scene.room.as_str()]["ephemeral"]["events"];
    let receipts = events.as_array().into_iter().flatten().filter(|event| event["type"] == "m.receipt");
    let read = receipts.filter(|event| !event["content"][question.as_str()]["m.read"][bot].is_null());
    assert_eq!(read.count(), 1, "{events}");
    Ok(())
}

#[tokio::test]
async fn a_file_can_be_downloaded_by_those_in_the_room() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let question = scene.says("!users").await?;
    let content = "ana.souza\nbruno.lima\n";
    let bytes = content.as_bytes().to_vec();
    let event =
        scene.speaker.attach(&scene.room, "contas.txt", bytes, "text/plain", Some((&*question).into()), "t1").await?;
    let seen = scene.seen(&event).await?;
    assert_eq!((&seen["msgtype"], &seen["body"]), (&json!("m.file"), &json!("contas.txt")));
    assert_eq!(seen["info"], json!({"mimetype": "text/plain", "size": content.len()}));
    assert_eq!((&seen["m.mentions"], &seen["filename"]), (&json!({}), &json!("contas.txt")));
    assert_eq!(seen["m.relates_to"], json!({"m.in_reply_to": {"event_id": question}}));
    let address = seen["url"].as_str().and_then(|url| url.strip_prefix("mxc://")).expect("an address");
    let file = scene.ana.get_ok(&format!("/_matrix/client/v1/media/download/{address}")).await?;
    assert_eq!(file, Value::String(content.to_owned()));
    Ok(())
}

#[tokio::test]
async fn somebodys_latest_messages_are_found_without_what_is_gone() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let (room, ana) = (scene.room.as_str(), UserId::parse(scene.ana.user_id())?);
    let first = scene.says("1").await?;
    let second = scene.says("2").await?;
    let gone = scene.says("gone").await?;
    scene.ana.redact(room, gone.as_str(), "typo").await?;
    scene.speaker.notice(&scene.room, &said("mine"), None, "t1").await?;
    scene.ana.react(room, first.as_str(), "👍").await?;
    let relation = json!({"rel_type": "m.replace", "event_id": second});
    let text = json!({"msgtype": "m.text", "body": "2!"});
    let edit = json!({"msgtype": "m.text", "body": "* 2!", "m.new_content": text, "m.relates_to": relation});
    let edit = EventId::parse(scene.ana.send(room, "m.room.message", edit).await?)?;

    let search = Search { sender: Some(&ana), types: &["m.room.message"], at_most: 10, since: None, until: None };
    let find = async |search: Search<'_>| -> anyhow::Result<Vec<Event<Outline>>> {
        let latest = scene.place.reader.latest_events(&scene.room, &search).await?;
        assert!(latest.complete);
        Ok(latest.events)
    };
    let found = async |search: Search<'_>| -> anyhow::Result<Vec<OwnedEventId>> {
        Ok(find(search).await?.into_iter().map(|event| event.event_id).collect())
    };
    assert_eq!(found(search).await?, [edit.clone(), second.clone(), first.clone()]);
    assert_eq!(found(Search { at_most: 1, ..search }).await?, [edit.clone(), second.clone()], "with its new version");
    let at = scene.place.reader.event(&scene.room, &second).await?.expect("there").sent_at;
    let since = find(Search { since: Some(at), ..search }).await?;
    assert!(since.iter().all(|event| event.sent_at >= at), "{since:?}");
    assert!(since.iter().any(|event| event.event_id == second));
    assert_eq!(found(Search { since: Some(Timestamp::MAX), ..search }).await?, Vec::<OwnedEventId>::new());
    let all = found(Search { sender: None, types: &["m.room.message", "m.room.member"], ..search }).await?;
    assert_eq!(all.len(), 4, "the bot's too, and no state");
    let elsewhere = scene.place.found("other", &scene.place.room("12")).await?;
    assert_eq!(scene.place.reader.event(&elsewhere, &first).await?, None, "an event of another room");
    let hers = scene.place.reader.event(&scene.room, &first).await?.expect("there");
    assert_eq!((hers.sender, hers.kind.as_str(), hers.state_key), (ana, "m.room.message", None));
    assert_eq!(
        hers.content,
        Outline { redacted: false, replaces: None, replies_to: None, files: std::collections::BTreeSet::new() }
    );
    assert!(scene.place.reader.event(&scene.room, &gone).await?.expect("there").content.redacted);
    Ok(())
}

#[tokio::test]
async fn nothing_is_said_behind_bulk_work_and_a_lost_answer_doubles_nothing() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.place.proxy.add_rule(Rule::new("/whoami", Fault::Delay(Duration::from_secs(5))));
    scene.place.proxy.add_rule(Rule::new("/send/", Fault::CutAfterForward).once());
    let bulk: Vec<_> = (0..8)
        .map(|_| {
            let reader = scene.place.reader.clone();
            tokio::spawn(async move { reader.whoami().await })
        })
        .collect();
    let traffic = scene.place.reader.traffic();
    eventually("the bulk work fills its lane", Duration::from_secs(5), || async {
        Ok((traffic.by_endpoint().get(&Endpoint::WhoAmI) == Some(&4)).then_some(()))
    })
    .await?;
    let event = scene.speaker.notice(&scene.room, &said("quick"), None, "t1").await?;
    assert!(!bulk.iter().any(|work| work.is_finished()), "it waited for the bulk work");
    assert_eq!(scene.place.take(Endpoint::SendMessage), 2, "the first answer was lost");
    let newest = scene.ana.messages(scene.room.as_str(), 2).await?;
    assert_eq!(newest[0]["event_id"], event.as_str());
    assert_ne!(newest[1]["type"], "m.room.message", "said twice");
    for work in bulk {
        work.abort();
    }
    Ok(())
}
