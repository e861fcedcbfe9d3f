//! Rooms: created by one request, read by one, updated by single events, in every relevant version.

use std::collections::BTreeSet;
use std::time::Duration;

use equipemed_bot::homeserver::{Applied, Done, Endpoint, HomeserverError, KNOWN_TYPES, RoomToCreate, apply};
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::Membership;
use equipemed_domain::policy::RoomKind;
use equipemed_domain::setting::{RoomSetting, RoomSettings, SettingValue};
use equipemed_testbed::Client;
use ruma_common::RoomAliasId;
use serde_json::json;

use super::Place;

#[tokio::test]
async fn a_room_is_made_and_read_by_one_request_each() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let mut new = place.room("12");
    new.kind = RoomKind::Space;
    let parent = place.found("hospital", &new).await?;
    assert!(place.reader.room(&parent).await?.is_space);
    let ana = place.account("ana").await?;
    for version in ["10", "11", "12"] {
        let key = RoomKey::new(format!("icu-{version}"));
        let mut new = place.room(version);
        new.alias = Some(format!("{}icu{version}", place.seat.alias_prefix));
        new.settings = RoomSettings::from([
            (RoomSetting::Topic, "Plantão".into()),
            (RoomSetting::Avatar, "mxc://hospital.example/icu".into()),
            (RoomSetting::History, "joined".into()),
            (RoomSetting::Retention, SettingValue::Time(Duration::from_secs(86_400))),
        ]);
        new.invite = BTreeSet::from([ana.clone()]);
        place.proxy.take_recorded();
        let levels = place.levels(version);
        let room = place
            .writer
            .create_room(&RoomToCreate {
                key: &key,
                new: &new,
                parent: Some(&parent),
                predecessor: None,
                levels: levels.clone(),
            })
            .await?;
        let seen = place.reader.room(&room).await?;
        assert_eq!(place.proxy.take_recorded().len(), 2, "one to make it, one to read it");

        assert_eq!(seen.version, version);
        assert_eq!(seen.creator, place.reader.bot());
        let alias = format!("#{}icu{version}:hospital.example", place.seat.alias_prefix);
        let mut settings = new.settings.clone();
        settings.extend([
            (RoomSetting::Name, "UTI".into()),
            (RoomSetting::Alias, SettingValue::Text(alias)),
            (RoomSetting::JoinRule, "invite".into()),
        ]);
        assert_eq!(seen.settings, settings);
        assert_eq!(seen.parents, BTreeSet::from([parent.clone()]));
        assert!(!seen.encrypted && seen.replaced.is_none() && !seen.is_space);
        assert!(matches!(seen.members.get(&ana), Some(Membership::Invite | Membership::Join)));
        let written = seen.power_levels.expect("levels");
        assert!(levels.iter().all(|(key, value)| written.get(key) == Some(value)), "{written:?}");
        let found = place.reader.rooms_with_key(&key, &BTreeSet::new()).await?;
        assert_eq!(found, BTreeSet::from([room]));
    }
    Ok(())
}

#[tokio::test]
async fn an_alias_is_published_and_given_up() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let mut new = place.room("12");
    let first = place.found("icu", &new).await?;
    let name = format!("{}icu", place.seat.alias_prefix);
    let alias = RoomAliasId::parse(format!("#{name}:hospital.example"))?;
    assert_eq!(place.reader.resolve_alias(&alias).await?, None);
    assert_eq!(place.writer.set_alias(&first, &alias).await?, Done::Changed);
    assert_eq!(place.writer.set_alias(&first, &alias).await?, Done::Already);
    assert_eq!(place.reader.resolve_alias(&alias).await?.as_ref(), Some(&first));

    new.alias = Some(name);
    let taken = place.found("icu", &new).await;
    assert_eq!(taken.expect_err("taken").errcode(), Some("M_ROOM_IN_USE"));
    let foreign = RoomAliasId::parse("#other:hospital.example")?;
    assert_eq!(place.writer.set_alias(&first, &foreign).await.expect_err("foreign").errcode(), Some("M_EXCLUSIVE"));
    place.writer.release_alias(&alias).await?;
    assert_eq!(place.reader.resolve_alias(&alias).await?, None);
    Ok(())
}

#[tokio::test]
async fn events_since_a_position_lead_to_the_same_picture() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let ana = Client::create(place.seat.synapse, &place.seat.name("ana")).await?;
    let rui = place.account("rui").await?;
    for version in ["10", "12"] {
        let mut new = place.room(version);
        new.invite = BTreeSet::from([ruma_common::UserId::parse(ana.user_id())?]);
        let room = place.found("icu", &new).await?;
        // The server accepts the invitation for the person, in its own time.
        place.writer.admin_join(&room, &ruma_common::UserId::parse(ana.user_id())?).await?;
        let position = place.reader.position(&room).await?.expect("Synapse has one");
        let mut picture = place.reader.room(&room).await?;
        place.proxy.take_recorded();
        let past = place.reader.changes_since(&room, &position, &KNOWN_TYPES).await?;
        assert!(past.next.is_none() && past.events.is_empty());
        assert_eq!(place.take(Endpoint::RoomEvents), 1, "one request when nothing happened");

        place.writer.set(&room, RoomSetting::Topic, &"Noite".into()).await?;
        place.writer.admin_join(&room, &rui).await?;
        place.writer.ban(&room, &rui, None).await?;
        let mut levels = place.reader.power_levels(&room).await?.expect("levels");
        levels.insert("ban".to_owned(), json!(75));
        place.writer.set_levels(&room, levels).await?;
        let message = json!({"msgtype": "m.text", "body": "not a state event"});
        place.bot.send(room.as_str(), "m.room.message", message).await?;
        ana.post_ok(
            &format!("/_matrix/client/v3/rooms/{}/leave", equipemed_testbed::client::encode(room.as_str())),
            json!({}),
        )
        .await?;

        let past = place.reader.changes_since(&room, &position, &KNOWN_TYPES).await?;
        assert_eq!(past.next, None);
        let effects: Vec<_> = past.events.iter().map(|event| apply(&mut picture, event, place.reader.bot())).collect();
        assert!(effects.contains(&Applied::Changed) && !effects.contains(&Applied::Doubtful), "{effects:?}");
        assert_eq!(picture, place.reader.room(&room).await?);
        assert_eq!(picture.members.get(&rui), Some(&Membership::BannedForGrant));
    }
    Ok(())
}

#[tokio::test]
async fn rooms_of_others_are_listed_and_cannot_be_read() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let ana = Client::create(place.seat.synapse, &place.seat.name("ana")).await?;
    let room = ana.create_room(json!({"name": "Ana's", "room_version": "11"})).await?;
    let room = ruma_common::RoomId::parse(room)?;
    let listed = place.reader.rooms_list().await?;
    let listing = listed.iter().find(|listing| listing.room_id == room).expect("listed");
    assert_eq!((listing.name.as_deref(), listing.members, listing.version.as_deref()), (Some("Ana's"), 1, Some("11")));
    let refused = place.reader.room(&room).await;
    assert!(matches!(refused, Err(HomeserverError::Refused { status: 403, .. })), "{refused:?}");
    assert!(!place.reader.joined_rooms().await?.contains(&room));
    Ok(())
}

#[tokio::test]
async fn a_position_is_the_servers_whatever_happens_in_other_rooms() -> anyhow::Result<()> {
    let (place, other) = (Place::new().await?, Place::new().await?);
    let new = place.room("12");
    let (icu, ward) = (place.found("icu", &new).await?, place.found("ward", &new).await?);
    for _ in 0..3 {
        // Activity in a room of another bot, which this one does not see.
        let elsewhere = other.found("elsewhere", &new).await?;
        let position = place.reader.position(&icu).await?.expect("Synapse has one");
        place.writer.set(&ward, RoomSetting::Topic, &elsewhere.as_str().into()).await?;
        // The position also works for the other room, and includes no earlier events.
        let past = place.reader.changes_since(&ward, &position, &KNOWN_TYPES).await?;
        let kinds: Vec<&str> = past.events.iter().map(|event| event.kind.as_ref()).collect();
        assert_eq!((kinds, past.next), (vec!["m.room.topic"], None));
        assert!(place.reader.changes_since(&icu, &position, &KNOWN_TYPES).await?.events.is_empty());
    }
    let refused = other.reader.position(&icu).await;
    assert!(matches!(refused, Err(HomeserverError::Refused { status: 403, .. })), "{refused:?}");
    Ok(())
}
