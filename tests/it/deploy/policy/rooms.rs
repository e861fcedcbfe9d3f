//! Who makes rooms, and who comes into them.

use equipemed_testbed::Client;
use equipemed_testbed::client::encode;
use equipemed_testbed::rooms::room_path;
use serde_json::{Value, json};

use super::{FORBIDDEN, RELEASES, SERVICE, Ward, chat, direct_chat, invite, put_state, refused, send};

const CREATE: &str = "/_matrix/client/v3/createRoom";

/// `createRoom`s that are no direct chat of two: a name for each, and the keys that replace those of a direct chat.
fn other_rooms(own: &Client, third: &Client) -> Vec<(&'static str, Value)> {
    let state = |kind: &str, content: Value| json!([{"type": kind, "state_key": "", "content": content}]);
    let world = json!({"history_visibility": "world_readable"});
    let more = json!({"history_visibility": "shared", "file": {"url": "mxc://hospital.example/another"}});
    let by_mail = json!([{"medium": "email", "address": "a@b.example", "id_server": "x", "id_access_token": "y"}]);
    vec![
        ("a name", json!({"name": "UTI"})),
        ("a topic", json!({"topic": "UTI"})),
        ("an alias", json!({"room_alias_name": "uti"})),
        ("a space", json!({"creation_content": {"type": "m.space"}})),
        ("a predecessor", json!({"creation_content": {"predecessor": {"room_id": "!x", "event_id": "$x"}}})),
        ("an old version", json!({"room_version": "1"})),
        ("in the list of rooms", json!({"visibility": "public"})),
        ("a public preset", json!({"preset": "public_chat"})),
        ("an unknown preset", json!({"preset": ["x"]})),
        ("levels of people", json!({"power_level_content_override": {"users": {own.user_id(): 100}}})),
        ("default levels", json!({"power_level_content_override": {"events": {}, "users_default": 100}})),
        ("not direct", json!({"is_direct": false})),
        ("direct in words", json!({"is_direct": "true"})),
        ("nobody invited", json!({"invite": []})),
        ("oneself", json!({"invite": [own.user_id()]})),
        ("a third", json!({"invite": [third.user_id(), "@x:hospital.example"]})),
        ("somebody without an account", json!({"invite": ["@nobody:hospital.example"]})),
        ("somebody of another server", json!({"invite": ["@nobody:elsewhere.example"]})),
        ("odd invitations", json!({"invite": {"a": 1}})),
        ("by mail", json!({"invite_3pid": by_mail})),
        ("public join rules", json!({"initial_state": state("m.room.join_rules", json!({"join_rule": "public"}))})),
        ("history for the world", json!({"initial_state": state("m.room.history_visibility", world)})),
        ("a file in state", json!({"initial_state": state("m.room.history_visibility", more)})),
        ("levels as state", json!({"initial_state": state("m.room.power_levels", json!({"users_default": 100}))})),
        ("a widget", json!({"initial_state": state("im.vector.modular.widgets", json!({"url": "https://x"}))})),
        ("odd state", json!({"initial_state": [{"type": ["m.room.encryption"], "content": {}}]})),
        ("an unknown key", json!({"org.example.key": 1})),
    ]
}

#[tokio::test]
async fn people_and_administrators_make_nothing_but_direct_chats_of_two() -> anyhow::Result<()> {
    for release in RELEASES {
        let ward = Ward::shared(release).await?;
        let (ana, bruno, carla) = (ward.person("ana").await?, ward.person("bruno").await?, ward.person("carla").await?);
        let chief = ward.second_administrator().await?;
        for who in [&ana, &chief] {
            refused("an empty room", who.post(CREATE, json!({})).await?, FORBIDDEN);
            for (name, keys) in other_rooms(who, &carla) {
                let mut wanted = direct_chat(&bruno);
                wanted.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
                refused(name, who.post(CREATE, wanted).await?, FORBIDDEN);
            }
            let refusals = who.joined_rooms().await?;
            assert!(refusals.is_empty(), "a refused room is there: {refusals:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_direct_chat_of_two_is_made_and_the_encryption_that_clients_ask_for_left_out() -> anyhow::Result<()> {
    for release in RELEASES {
        let ward = Ward::shared(release).await?;
        let (ana, bruno) = (ward.person("ana").await?, ward.person("bruno").await?);
        // Element X.
        let state = json!([{"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}]);
        let phone = json!({
            "invite": [ana.user_id()], "is_direct": true, "preset": "trusted_private_chat", "initial_state": state,
        });
        let room = bruno.create_room(phone).await?;
        assert_eq!(bruno.state_event(&room, "m.room.encryption", "").await?, None);
        let room = chat(&ana, &bruno).await?;
        assert_eq!(ana.state_event(&room, "m.room.encryption", "").await?, None);
        let rules = ana.state_event(&room, "m.room.join_rules", "").await?;
        assert_eq!(rules, Some(json!({"join_rule": "invite"})));
        assert_eq!(ana.power_levels(&room).await?["events"].get("org.matrix.msc3401.call.member"), None);
        ana.send_text(&room, "bom dia").await?;
        bruno.send_text(&room, "bom dia").await?;
    }
    Ok(())
}

#[tokio::test]
async fn nobody_but_its_two_ever_comes_into_a_direct_chat() -> anyhow::Result<()> {
    for release in RELEASES {
        let ward = Ward::shared(release).await?;
        let (ana, bruno, carla) = (ward.person("ana").await?, ward.person("bruno").await?, ward.person("carla").await?);
        let room = chat(&ana, &bruno).await?;
        let leave = room_path(&room, "leave");
        refused("a third", invite(&ana, &room, &carla).await?, FORBIDDEN);
        refused("a third", invite(&bruno, &room, &carla).await?, FORBIDDEN);
        bruno.post_ok(&leave, json!({})).await?;
        refused("a third after the second left", invite(&ana, &room, &carla).await?, FORBIDDEN);
        let by_state = room_path(&room, &format!("state/m.room.member/{}", encode(carla.user_id())));
        refused("by state", ana.put(&by_state, json!({"membership": "invite"})).await?, FORBIDDEN);
        let knock = format!("/_matrix/client/v3/knock/{}", encode(&room));
        refused("a knock", carla.post(&knock, json!({})).await?, FORBIDDEN);
        refused("a join", carla.post(&room_path(&room, "join"), json!({})).await?, FORBIDDEN);
        let by_mail =
            json!({"medium": "email", "address": "a@b.example", "id_server": "127.0.0.1:9", "id_access_token": "x"});
        refused("by mail", ana.post(&room_path(&room, "invite"), by_mail).await?, FORBIDDEN);
        assert_eq!(invite(&ana, &room, &bruno).await?.0, 200, "the second again");
        bruno.join(&room).await?;
        ana.post_ok(&leave, json!({})).await?;
        bruno.post_ok(&leave, json!({})).await?;
        refused("into an empty one", carla.post(&room_path(&room, "join"), json!({})).await?, FORBIDDEN);
    }
    Ok(())
}

#[tokio::test]
async fn whom_an_administrator_invites_into_their_direct_chat_still_does_not_come_in() -> anyhow::Result<()> {
    for release in RELEASES {
        let ward = Ward::shared(release).await?;
        let (bruno, carla) = (ward.person("bruno").await?, ward.person("carla").await?);
        let chief = ward.second_administrator().await?;
        let room = chat(&chief, &bruno).await?;
        // Synapse asks no module about invitations of administrators.
        assert_eq!(invite(&chief, &room, &carla).await?.0, 200);
        refused("the join", carla.post(&room_path(&room, "join"), json!({})).await?, FORBIDDEN);
        let join = format!("/_synapse/admin/v1/join/{}", encode(&room));
        refused("by the admin API", chief.post(&join, json!({"user_id": carla.user_id()})).await?, FORBIDDEN);
    }
    Ok(())
}

#[tokio::test]
async fn in_the_hospitals_rooms_the_bot_and_service_accounts_invite_and_people_do_not() -> anyhow::Result<()> {
    for release in RELEASES {
        let ward = Ward::shared(release).await?;
        let (ana, bruno, carla) = (ward.person("ana").await?, ward.person("bruno").await?, ward.person("carla").await?);
        let service = ward.administrator.signed_in(&ward.synapse().user_id(SERVICE)).await?;
        let room = ward.room(&[&ana]).await?;
        refused("a person's invitation", invite(&ana, &room, &bruno).await?, FORBIDDEN);
        assert_eq!(invite(&ward.bot, &room, &bruno).await?.0, 200);
        bruno.join(&room).await?;
        let join = format!("/_synapse/admin/v1/join/{}", encode(&room));
        ward.bot.post_ok(&join, json!({"user_id": carla.user_id()})).await?;
        // Of administrators Synapse asks only at the join.
        let davi = ward.person("davi").await?;
        let chief = ward.second_administrator().await?;
        ward.bot.post_ok(&join, json!({"user_id": chief.user_id()})).await?;
        ward.bot.set_level(&room, chief.user_id(), 50).await?;
        assert_eq!(invite(&chief, &room, &davi).await?.0, 200);
        refused("an administrator's", davi.post(&room_path(&room, "join"), json!({})).await?, FORBIDDEN);
        let other = service.create_room(json!({"name": "Plantão"})).await?;
        assert_eq!(invite(&service, &other, &ana).await?.0, 200);
        ana.join(&other).await?;
    }
    Ok(())
}

#[tokio::test]
async fn rooms_are_upgraded_by_the_bot_alone() -> anyhow::Result<()> {
    for release in RELEASES {
        let ward = Ward::shared(release).await?;
        let (ana, bruno) = (ward.person("ana").await?, ward.person("bruno").await?);
        let chief = ward.second_administrator().await?;
        let version = json!({"new_version": if ward.is_oldest() { "9" } else { "11" }});
        let direct = chat(&ana, &bruno).await?;
        // After one attempt Synapse takes no other person's for five minutes.
        for (who, room) in
            [(&ana, &direct), (&ana, &ward.room(&[&ana, &chief]).await?), (&chief, &ward.room(&[&ana, &chief]).await?)]
        {
            let before = who.joined_rooms().await?;
            refused("an upgrade", who.post(&room_path(room, "upgrade"), version.clone()).await?, FORBIDDEN);
            assert_eq!(who.joined_rooms().await?.len(), before.len(), "a new room is there");
        }
        // An upgrade beside a direct chat that is being made gains nothing from it.
        let path = room_path(&direct, "upgrade");
        let (made, upgraded) = tokio::join!(chat(&ana, &bruno), ana.post(&path, version.clone()));
        made?;
        refused("beside a direct chat", upgraded?, FORBIDDEN);
        let room = ward.room(&[&ana]).await?;
        ward.bot.post_ok(&room_path(&room, "upgrade"), version).await?;
    }
    Ok(())
}

#[tokio::test]
async fn rooms_get_neither_aliases_nor_a_place_in_the_list_of_rooms() -> anyhow::Result<()> {
    for release in RELEASES {
        let ward = Ward::shared(release).await?;
        let (ana, bruno) = (ward.person("ana").await?, ward.person("bruno").await?);
        let chief = ward.second_administrator().await?;
        let room = chat(&ana, &bruno).await?;
        let managed = ward.room(&[&ana, &chief]).await?;
        for (who, room) in [(&ana, &room), (&ana, &managed), (&chief, &managed)] {
            let list = format!("/_matrix/client/v3/directory/list/room/{}", encode(room));
            refused("the list", who.put(&list, json!({"visibility": "public"})).await?, FORBIDDEN);
            let alias = format!("/_matrix/client/v3/directory/room/{}", encode("#uti:hospital.example"));
            refused("an alias", who.put(&alias, json!({"room_id": room})).await?, FORBIDDEN);
        }
    }
    Ok(())
}

/// State that people may not set anywhere.
const NEVER: [&str; 10] = [
    "m.room.encryption",
    "m.room.join_rules",
    "m.room.history_visibility",
    "m.room.guest_access",
    "m.room.canonical_alias",
    "m.room.server_acl",
    "m.room.third_party_invite",
    "m.room.tombstone",
    "m.space.child",
    "im.vector.modular.widgets",
];

#[tokio::test]
async fn people_and_administrators_change_of_a_rooms_state_what_is_listed() -> anyhow::Result<()> {
    for release in RELEASES {
        let ward = Ward::shared(release).await?;
        let (ana, bruno) = (ward.person("ana").await?, ward.person("bruno").await?);
        let chief = ward.second_administrator().await?;
        let direct = chat(&ana, &bruno).await?;
        let of_chief = chat(&chief, &bruno).await?;
        let room = ward.room(&[&ana, &chief]).await?;
        for (who, room, may_rename) in
            [(&ana, &direct, false), (&chief, &of_chief, false), (&ana, &room, true), (&chief, &room, true)]
        {
            // What Synapse itself asks of some, of administrators before the module is asked.
            let everything = json!({"join_rule": "public", "allow": ["*"], "replacement_room": "!x:hospital.example"});
            for kind in NEVER {
                let answer = put_state(who, room, kind, everything.clone()).await?;
                refused(kind, answer, FORBIDDEN);
            }
            for kind in ["m.room.name", "m.room.topic", "m.room.power_levels"] {
                let content = if kind == "m.room.power_levels" {
                    who.power_levels(room).await?
                } else {
                    json!({"name": "Leito 7", "topic": "Leito 7"})
                };
                let answer = put_state(who, room, kind, content).await?;
                if may_rename {
                    assert_eq!(answer.0, 200, "{kind}: {}", answer.1)
                } else {
                    refused(kind, answer, FORBIDDEN)
                }
            }
            assert_eq!(put_state(who, room, "m.room.pinned_events", json!({"pinned": []})).await?.0, 200);
            let path = format!("/_matrix/client/v3/rooms/{}/state/m.room.pinned_events/another", encode(room));
            refused("one more of a kind", who.put(&path, json!({"pinned": []})).await?, FORBIDDEN);
        }
        // Encryption is not announced otherwise either.
        let content = json!({"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x"});
        for (who, room) in [(&ana, &direct), (&chief, &room)] {
            refused("an encrypted message", send(who, room, "m.room.encrypted", content.clone()).await?, FORBIDDEN);
        }
        assert_eq!(put_state(&ward.bot, &room, "m.room.join_rules", json!({"join_rule": "invite"})).await?.0, 200);
    }
    Ok(())
}
