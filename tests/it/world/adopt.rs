//! Adopting existing rooms: by the operator and by command, refused where impossible, and recognised after the database
//! is lost.

use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::Client;
use serde_json::{Value, json};

use super::talk::{close, opened};
use super::{Hospital, chief, count, crowd, person, until};

/// A room that Dona created and handed over, in which the bot has this level. The bot is invited but not in it yet:
/// this server accepts invitations by itself.
async fn made(hospital: &Hospital, dona: &Client, level: i64, more: Value) -> anyhow::Result<String> {
    let room = kept(hospital, dona, level, more).await?;
    dona.set_level(&room, dona.user_id(), 0).await?;
    Ok(room)
}

/// The same, but Dona keeps level 100.
async fn kept(hospital: &Hospital, dona: &Client, level: i64, more: Value) -> anyhow::Result<String> {
    let bot = hospital.bot()?;
    let mut body = json!({
        "room_version": "11", "preset": "public_chat", "name": "Antiga",
        "power_level_content_override": {"users": {(bot.user_id()): level, (dona.user_id()): 100}},
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    dona.create_room(body).await
}

/// The room bound to a key in the store.
async fn bound(hospital: &Hospital, key: &str) -> anyhow::Result<Option<String>> {
    let store = hospital.store().await?;
    let room = store.rooms().await?.get(&key.into()).map(ToString::to_string);
    store.close().await;
    Ok(room)
}

#[tokio::test]
async fn what_stands_in_the_way_is_said_and_nothing_is_changed() -> anyhow::Result<()> {
    let rooms = json!({
        "icu": {"name": "UTI", "members": {"any": true}},
        "hospital": {"kind": "space", "name": "Hospital", "members": {"any": true}},
    });
    let hospital = Hospital::new(vec![person("dona", &[])], rooms).await?;
    let dona = hospital.client("dona").await?;
    let uninvited = made(&hospital, &dona, 100, json!({"preset": "private_chat"})).await?;
    let low = made(&hospital, &dona, 40, json!({})).await?;
    let encryption = json!({"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}});
    let encrypted = made(&hospital, &dona, 100, json!({"initial_state": [encryption]})).await?;
    let good = made(&hospital, &dona, 100, json!({})).await?;
    let control = hospital.room("control").await?;
    hospital.take();
    for (room, key, exit, says) in [
        (uninvited.as_str(), "icu", 1, "nobody invited me"),
        (&low, "icu", 1, "at level 40 in that room and need 100"),
        (&encrypted, "icu", 1, "encrypted"),
        (&good, "hospital", 1, "One is a space"),
        (&good, "nowhere", 1, "names no room nowhere"),
        (&good, "control", 1, "control room"),
        (&control, "icu", 1, "the room control already"),
        ("!nothing", "icu", 1, "no room !nothing"),
        ("#nothing:hospital.example", "icu", 2, "no room has the alias"),
        ("#nothing:h.example", "icu", 2, "another server"),
        ("UTI", "icu", 2, "its id"),
    ] {
        hospital.run(&["rooms", "adopt", room, key]).await?.ended(exit).says(&[says]);
    }
    // Also for who only looks, nobody goes in.
    hospital.run(&["rooms", "adopt", &uninvited, "icu", "--dry-run"]).await?.ended(1).says(&["nobody invited me"]);
    let writes = hospital.take_writes();
    assert!(writes.is_empty(), "{writes:#?}");
    assert_eq!(bound(&hospital, "icu").await?, None);

    // A dry run: even the invitation is not accepted.
    let shown = hospital.run(&["rooms", "adopt", &good, "icu", "--dry-run"]).await?.ended(0);
    assert!(shown.out.contains("would become") && shown.out.contains("everybody may join there"), "{}", shown.out);
    assert!(hospital.take_writes().is_empty());
    hospital.finish().await
}

/// What the preview says before is what is planned after, whatever the bot can see by itself.
#[tokio::test]
async fn a_room_that_the_bot_is_only_invited_to_is_previewed_as_the_next_dry_run_shows_it() -> anyhow::Result<()> {
    let rooms = json!({
        "icu": {"name": "UTI", "members": {"group": "UTI"}},
        "todos": {"name": "Equipe", "members": {"group": "Nobody"}},
    });
    let mut people = crowd("p", 6, &["UTI"]);
    people.extend([chief("chefe"), person("lia", &["UTI", "Leads"]), person("dona", &[])]);
    let mut hospital = Hospital::alone(people, rooms).await?;
    let dona = hospital.client("dona").await?;
    let bot = hospital.bot()?;
    let invited = json!({"preset": "private_chat", "room_version": "10", "invite": [bot.user_id()]});
    let room = made(&hospital, &dona, 100, invited).await?;
    let mut shown = Vec::new();
    for mode in ["observe", "enforce"] {
        hospital.config["mode"] = json!(mode);
        hospital.write_config()?;
        hospital.take();
        // Nobody has an account yet: who gets one comes in.
        let ran = hospital.run(&["rooms", "adopt", &room, "icu", "--dry-run"]).await?.ended(0);
        for part in ["would become the room icu", "the bot is invited there", "add (7): ", "levels (", " → 50"] {
            assert!(ran.out.contains(part), "{part}: {}", ran.out);
        }
        // Of another room nothing is said, nor of what the bot can never get.
        assert!(!ran.out.contains("todos") && !ran.out.contains("Give the bot more"), "{}", ran.out);
        assert!(hospital.take_writes().is_empty());
        let (_, plan) = ran.out.split_once("Rooms (").expect("a plan");
        shown.push(plan.to_owned());
    }
    assert_eq!(shown[0], shown[1]);
    hospital.config["mode"] = json!("observe");
    hospital.write_config()?;
    let refused = hospital.run(&["rooms", "adopt", &room, "icu"]).await?.ended(1);
    refused.says(&["not in that room yet", "in observe mode", "--dry-run", "mode enforce"]);
    hospital.config["mode"] = json!("enforce");
    hospital.write_config()?;
    hospital.run(&["rooms", "adopt", &room, "icu"]).await?.ended(0);
    let planned = hospital.sync(&["--dry-run", "--all"]).await?.ended(0);
    let lines = |text: &str| -> Vec<String> {
        let in_icu = text.lines().skip_while(|line| *line != "  icu").skip(1);
        in_icu.take_while(|line| line.starts_with("    ")).map(str::to_owned).collect()
    };
    assert!(!lines(&planned.out).is_empty());
    assert_eq!(lines(&planned.out), lines(&shown[1]), "{}", planned.out);
    hospital.finish().await
}

#[tokio::test]
async fn an_adopted_room_is_kept_in_line_and_found_again_when_the_store_is_lost() -> anyhow::Result<()> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"group": "UTI"}}});
    let mut people = crowd("p", 2, &["UTI"]);
    people.extend([chief("chefe"), person("dona", &["UTI"])]);
    let mut hospital = Hospital::new(people, rooms).await?;
    hospital.config["rooms"]["icu"]["alias"] = json!(hospital.alias("uti"));
    hospital.write_config()?;
    let dona = hospital.client("dona").await?;
    hospital.run(&["users", "adopt", &hospital.username("dona"), dona.user_id()]).await?.ended(0);
    let room = made(&hospital, &dona, 100, json!({})).await?;
    let said = dona.send_text(&room, "ainda está aqui").await?;
    let taken = hospital.run(&["rooms", "adopt", &room, "icu"]).await?.ended(0);
    assert!(taken.out.contains("is the room icu now"), "{}", taken.out);
    hospital.take();
    let planned = hospital.run(&["rooms", "adopt", &room, "icu", "--dry-run"]).await?.ended(0);
    assert!(planned.out.contains("is the room icu already") && hospital.take_writes().is_empty(), "{}", planned.out);

    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.room("icu").await?, room);
    assert_eq!(hospital.members("icu").await?, ["dona", "p00", "p01"]);
    assert_eq!(dona.event(&room, &said).await?["content"]["body"], "ainda está aqui");
    let audit = hospital.audit().await?;
    assert!(audit.iter().any(|entry| entry.intent.kind == "adopt_room" && entry.intent.actor == "operator"));

    // After a replacement, only the new room is recognised and no third one is created.
    let alias = format!("#{}:hospital.example", hospital.alias("uti"));
    let named = async |room: &str| hospital.bot()?.state_event(room, "m.room.canonical_alias", "").await;
    assert_eq!(named(&room).await?, Some(json!({"alias": alias})));
    let second = made(&hospital, &dona, 100, json!({"name": "Nova"})).await?;
    hospital.run(&["rooms", "adopt", &second, "icu"]).await?.ended(1).says(&["icu has a room already", "--instead"]);
    let taken = hospital.run(&["rooms", "adopt", &second, "icu", "--instead"]).await?.ended(0);
    assert!(taken.out.contains(&room) && taken.out.contains("managed no longer"), "{}", taken.out);
    assert!(taken.out.contains("its name and members stay"), "{}", taken.out);
    assert_eq!(named(&room).await?, Some(json!({})));
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(named(&second).await?, Some(json!({"alias": alias})));
    let resolved = dona.get_ok(&format!("/_matrix/client/v3/directory/room/{}", super::encode(&alias))).await?;
    assert_eq!(resolved["room_id"], second.as_str());
    assert_eq!(hospital.members("icu").await?, ["dona", "p00", "p01"]);
    let fresh = format!("sqlite://{}", hospital.path("fresh.db").display());
    hospital.config["database"] = json!({"url": fresh});
    hospital.database = Some(fresh);
    hospital.write_config()?;
    hospital.take();
    hospital.sync(&[]).await?;
    assert_eq!(count(&hospital.take_writes(), Endpoint::CreateRoom), 0);
    assert_eq!(bound(&hospital, "icu").await?, Some(second));
    // A mark sent by somebody else does not count.
    let third = kept(&hospital, &dona, 100, json!({})).await?;
    dona.send_state(&third, "br.equipemed.room", "", json!({"br.equipemed.room": "ward"})).await?;
    hospital.bot()?.join(&third).await?;
    hospital.config["rooms"]["ward"] = json!({"name": "Ala", "members": {"group": "UTI"}});
    hospital.write_config()?;
    hospital.sync(&[]).await?;
    assert_ne!(hospital.room("ward").await?, third);
    hospital.finish().await
}

#[tokio::test]
async fn in_mode_observe_only_a_room_that_the_bot_is_in_is_noted() -> anyhow::Result<()> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"any": true}}});
    let mut hospital = Hospital::new(vec![person("dona", &[])], rooms).await?;
    let dona = hospital.client("dona").await?;
    let room = made(&hospital, &dona, 100, json!({})).await?;
    hospital.config["mode"] = json!("observe");
    hospital.write_config()?;
    hospital.take();
    hospital.run(&["rooms", "adopt", &room, "icu"]).await?.ended(1).says(&["observe mode", "--dry-run"]);
    hospital.bot()?.join(&room).await?;
    hospital.take();
    let planned = hospital.run(&["rooms", "adopt", &room, "icu", "--dry-run"]).await?.ended(0);
    assert!(planned.out.contains("would become") && planned.out.contains("UTI"), "{}", planned.out);
    assert_eq!(bound(&hospital, "icu").await?, None);
    let noted = hospital.run(&["rooms", "adopt", &room, "icu"]).await?.ended(0);
    assert!(noted.out.contains("noted as the room icu") && !noted.out.contains("at once"), "{}", noted.out);
    assert!(hospital.take_writes().is_empty());
    assert_eq!(bound(&hospital, "icu").await?.as_ref(), Some(&room));

    // Marking the room waits for mode enforce.
    let bot = hospital.bot()?;
    assert_eq!(bot.state_event(&room, "br.equipemed.room", "").await?, None);
    hospital.config["mode"] = json!("enforce");
    hospital.write_config()?;
    let serving = hospital.serve().await?;
    until("the room is marked", || async {
        let mark = bot.state_event(&room, "br.equipemed.room", "").await?;
        Ok((mark == Some(json!({"br.equipemed.room": "icu"}))).then_some(()))
    })
    .await?;
    close(hospital, serving).await
}

#[tokio::test]
async fn by_command_it_is_shown_first_and_done_after_a_yes() -> anyhow::Result<()> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"group": "UTI"}}});
    let mut people = crowd("p", 2, &["UTI"]);
    people.extend([chief("chefe"), person("lia", &["Leads"]), person("dona", &[])]);
    let (hospital, serving) = opened(people, rooms, |_| ()).await?;
    let (chief, dona) = (hospital.client("chefe").await?, hospital.client("dona").await?);
    let before = hospital.room("icu").await?;
    let room = made(&hospital, &dona, 100, json!({"preset": "private_chat"})).await?;
    hospital.ask(&chief, &format!("!rooms adopt {room} as nowhere")).await?.says(&["no room", "nowhere"]);
    let refused = hospital.ask(&chief, &format!("!rooms adopt {room} as icu")).await?;
    refused.says(&["nobody invited me", hospital.bot()?.user_id()]);
    assert_eq!(hospital.room("icu").await?, before);

    let bot = hospital.bot()?;
    dona.post_ok(&equipemed_testbed::rooms::room_path(&room, "invite"), json!({"user_id": bot.user_id()})).await?;
    let preview = hospital.ask(&chief, &format!("!rooms adopt {room} as icu")).await?;
    hospital.ask(&chief, &format!("!confirm {}", preview.code()?)).await?.says(&["is now the room"]);
    assert_eq!(hospital.room("icu").await?, room);
    assert_eq!(hospital.members("icu").await?, ["p00", "p01"], "Dona does not belong there by the rule");
    hospital.ask(&chief, &format!("!rooms adopt {room} as icu")).await?.says(&["already"]);
    assert_eq!(hospital.number("select count(*) from announcements where once like 'stray:%'").await?, 0);
    close(hospital, serving).await
}

/// Rooms in which somebody is beyond the bot's reach: at its level, above it, as one of two creators, or through the
/// default level.
#[tokio::test]
async fn where_somebody_stands_as_high_as_the_bot_only_the_operator_takes_a_room_by_naming_them() -> anyhow::Result<()>
{
    let rooms = json!({"icu": {"name": "UTI", "members": {"group": "UTI"}}});
    let mut people = crowd("p", 2, &["UTI"]);
    people.extend([chief("chefe"), person("dona", &["UTI"]), person("rui", &[])]);
    let (hospital, serving) = opened(people, rooms, |_| ()).await?;
    let (chief, dona, bot) = (hospital.client("chefe").await?, hospital.client("dona").await?, hospital.bot()?);
    let (before, rui) = (hospital.room("icu").await?, hospital.user("rui"));
    let users = json!({(bot.user_id()): 100, (rui.as_str()): 100, "@gone:hospital.example": 100});
    let creators = json!({
        "room_version": "12", "power_level_content_override": {"users": {(bot.user_id()): 100}},
        "creation_content": {"additional_creators": [rui]},
    });
    let equal = kept(&hospital, &dona, 100, json!({})).await?;
    let above = kept(&hospital, &dona, 90, json!({})).await?;
    let twelve = kept(&hospital, &dona, 100, creators).await?;
    let outside = kept(
        &hospital,
        &dona,
        100,
        json!({"room_version": "12", "power_level_content_override": {"users": {(bot.user_id()): 100}}}),
    )
    .await?;
    let former =
        kept(&hospital, &dona, 100, json!({"room_version": "12", "power_level_content_override": {"users": users}}))
            .await?;
    let everybody =
        kept(&hospital, &dona, 100, json!({"power_level_content_override": {"users_default": 100}})).await?;
    for room in [&equal, &above, &twelve, &former, &everybody] {
        bot.join(room).await?;
    }
    let mut levels = dona.power_levels(&above).await?;
    for event in [
        "m.room.power_levels",
        "m.room.server_acl",
        "m.room.tombstone",
        "m.room.encryption",
        "m.room.history_visibility",
    ] {
        levels["events"][event] = json!(90);
    }
    dona.send_state(&above, "m.room.power_levels", "", levels).await?;
    hospital.take();
    let both = [dona.user_id(), rui.as_str()];
    for (room, named) in [
        (&equal, &both[..1]),
        (&above, &both[..1]),
        (&twelve, &both),
        (&outside, &both[..1]),
        (&former, &[dona.user_id(), rui.as_str(), "@gone:hospital.example"]),
        (&everybody, &[]),
    ] {
        let refused = hospital.ask(&chief, &format!("!rooms adopt {room} as icu")).await?;
        refused.says(named);
        refused.says(&[if named.is_empty() { "everybody" } else { "--accept-creators" }]);
        let refused = hospital.run(&["rooms", "adopt", room, "icu", "--instead", "--dry-run"]).await?.ended(1);
        refused.says(named);
    }
    // Every one must be named, which is impossible for everybody.
    let adopt = |room: &str, more: &[&str]| {
        let arguments = [&["rooms", "adopt", room, "icu", "--instead"], more].concat();
        hospital.start(&arguments)
    };
    let ran = adopt(&twelve, &["--accept-creators", &hospital.username("dona")])?.end().await?.ended(1);
    ran.says(&[&rui]);
    assert!(!ran.err.contains(dona.user_id()), "{}", ran.err);
    adopt(&everybody, &["--accept-creators", dona.user_id()])?.end().await?.ended(1).says(&["everybody"]);
    adopt(&equal, &["--accept-creators", &rui])?.end().await?.ended(1).says(&[dona.user_id()]);
    let writes = hospital.take_writes();
    assert_eq!((count(&writes, Endpoint::Join), count(&writes, Endpoint::SendState)), (0, 0), "{writes:#?}");
    assert_eq!(hospital.room("icu").await?, before);

    // By localpart, full id, and username in EquipeMed.
    let names = ["--accept-creators", &hospital.username("dona"), "--accept-creators", &rui];
    let shown = adopt(&twelve, &[&names[..], &["--dry-run"]].concat())?.end().await?.ended(0);
    assert!(
        both.iter().all(|user| shown.out.contains(&format!("{user} made it: the bot could neither"))),
        "{}",
        shown.out
    );
    let taken = adopt(&twelve, &names)?.end().await?.ended(0);
    assert!(
        both.iter().all(|user| taken.out.contains(&format!("{user} made it: the bot can neither"))),
        "{}",
        taken.out
    );
    assert_eq!(hospital.room("icu").await?, twelve);
    close(hospital, serving).await
}
