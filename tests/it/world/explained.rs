//! What is on Synapse beside what should be: declined and left rooms, closed accounts, whom nobody can remove.

use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::Client;
use equipemed_testbed::proxy::{Fault, Rule};
use equipemed_testbed::rooms::room_path;
use serde_json::json;

use super::talk::{close, opened};
use super::{Hospital, chief, count, crowd, encode, person, until};

#[tokio::test]
async fn a_declined_invitation_is_told_and_not_repeated_and_explained() -> anyhow::Result<()> {
    let rooms = json!({
        "todos": {"name": "Equipe", "members": {"any": true}, "join": "invite"},
        "free": {"name": "Café", "members": {"any": true}, "leave": "allowed"},
        "duty": {"name": "Plantão", "members": {"any": true}},
    });
    let mut people = crowd("p", 3, &[]);
    people.push(chief("chefe"));
    // Of a server that accepts invitations by itself nobody declines one.
    let hospital = Hospital::unprepared_alone(people, rooms).await?;
    let synapse = hospital.synapse();
    std::fs::write(
        synapse.folder().join("extra.yaml"),
        json!({"auto_accept_invites": {"enabled": false}}).to_string(),
    )?;
    synapse.stop().await?;
    synapse.start_again().await?;
    hospital.setup().await?.ended(0);
    hospital.sync(&[]).await?.ended(0);
    let (ana, bia) = (hospital.client("p00").await?, hospital.client("p01").await?);
    ana.post_ok(&room_path(&hospital.room("todos").await?, "leave"), json!({})).await?;
    bia.post_ok(&room_path(&hospital.room("free").await?, "leave"), json!({})).await?;
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(0);
    let told = format!("{} left room todos or declined its invitation", hospital.user("p00"));
    assert!(ran.out.contains(&told), "{}", ran.out);
    assert_eq!(hospital.take_writes().len(), 0);
    let of = async |name: &str, room: &str| {
        let ran = hospital.run(&["explain", &hospital.username(name), room]).await?.ended(0);
        anyhow::Ok(ran.out)
    };
    let explained = of("p00", "todos").await?;
    assert!(explained.contains("on Synapse now: left, or declined the invitation"), "{explained}");
    let explained = of("p01", "free").await?;
    assert!(explained.contains("left by their own choice; who leaves this room is not brought back"), "{explained}");
    let explained = of("p02", "todos").await?;
    assert!(explained.contains("on Synapse now: invited, and not in yet"), "{explained}");
    let explained = of("p02", "duty").await?;
    assert!(!explained.contains("on Synapse now"), "{explained}");

    // Accounts that an administrator of Synapse limited.
    let administrator = Client::administrator(hospital.synapse()).await?;
    let user = encode(&hospital.user("p02"));
    administrator.put_ok(&format!("/_synapse/admin/v1/suspend/{user}"), json!({"suspend": true})).await?;
    administrator.post_ok(&format!("/_synapse/admin/v1/users/{user}/shadow_ban"), json!({})).await?;
    let explained = of("p02", "duty").await?;
    assert!(explained.contains("on Synapse now: active, suspended and shadow-banned"), "{explained}");
    let listed = hospital.run(&["users", "list", "--search", &hospital.username("p02")]).await?.ended(0);
    assert!(listed.out.contains("shadow-banned"), "{}", listed.out);
    let doctor = hospital.run(&["doctor"]).await?;
    assert!(doctor.out.contains("• to look at") && doctor.out.contains(&told), "{}", doctor.out);

    // While Synapse is away the rules are explained all the same.
    hospital.proxy.add_rule(Rule::new("/", Fault::Cut));
    let explained = of("p00", "todos").await?;
    assert!(explained.contains("the room’s rule") && explained.contains("not known"), "{explained}");
    hospital.proxy.clear_rules();
    hospital.finish().await
}

#[tokio::test]
async fn who_made_a_room_of_version_12_and_should_go_is_told_with_what_is_left() -> anyhow::Result<()> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"group": "UTI"}}});
    let hospital = Hospital::new(vec![person("dona", &[]), person("ana", &["UTI"])], rooms).await?;
    let (dona, bot) = (hospital.client("dona").await?, hospital.bot()?);
    hospital.run(&["users", "adopt", &hospital.username("dona"), dona.user_id()]).await?.ended(0);
    let body = json!({
        "room_version": "12", "name": "Dela", "invite": [bot.user_id()],
        "power_level_content_override": {"users": {(bot.user_id()): 100}},
    });
    let room = dona.create_room(body).await?;
    bot.post_ok(&room_path(&room, "join"), json!({})).await?;
    let adopted = ["rooms", "adopt", &room, "icu", "--accept-creators", dona.user_id()];
    hospital.run(&adopted).await?.ended(0);
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.out.contains("nobody can remove") && ran.out.contains("rooms replace icu"), "{}", ran.out);
    assert_eq!(ran.out.matches(dona.user_id()).count(), 1, "one line for it: {}", ran.out);
    assert_eq!(count(&hospital.take_writes(), Endpoint::Kick), 0);
    hospital.finish().await
}

#[tokio::test]
async fn another_name_or_picture_in_one_room_is_told_once_with_the_cure() -> anyhow::Result<()> {
    let room = |name: &str| json!({"name": name, "members": {"any": true}});
    let rooms = json!({"icu": room("UTI"), "ward": room("Enfermaria")});
    let (hospital, serving) =
        opened(vec![chief("chefe"), person("ana", &[]), person("bia", &[])], rooms, |_| ()).await?;
    let (chief, ana, icu) =
        (hospital.client("chefe").await?, hospital.client("ana").await?, hospital.room("icu").await?);
    let content = json!({"membership": "join", "displayname": "Dra. Outra"});
    ana.send_state(&icu, "m.room.member", ana.user_id(), content).await?;
    for _ in 0..2 {
        hospital.ask(&chief, "!sync").await?.says(&["/myroomnick", "allow_per_room_profiles"]);
    }
    let told = hospital.told(&chief, &["allow_per_room_profiles", ana.user_id()]).await?;
    assert!(told[0].contains("UTI") && !told[0].contains("Enfermaria") && !told[0].contains("@bia"), "{told:?}");
    hospital.ask(&chief, "!sync").await?.says(&["/myroomnick"]);
    // Everybody's own picture is the same everywhere.
    let bia = hospital.client("bia").await?;
    let path = format!("/_matrix/client/v3/profile/{}/avatar_url", encode(bia.user_id()));
    bia.put_ok(&path, json!({"avatar_url": "mxc://hospital.example/abc"})).await?;
    // Synapse tells the rooms of it one after the other.
    until("the picture is in all rooms", || async {
        let ran = hospital.run(&["sync"]).await?.ended(0);
        Ok((ran.out.contains(ana.user_id()) && !ran.out.contains(bia.user_id())).then_some(()))
    })
    .await?;
    close(hospital, serving).await
}
