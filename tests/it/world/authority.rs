//! Authority is the same in every room reached: in the control room, at the command line, and by hand in Element; and
//! "already so" is only said after a look.

use equipemed_testbed::rooms::room_path;
use serde_json::{Value, json};

use super::talk::{close, opened};
use super::{Hospital, Person, chief, crowd, person, until};

fn rooms() -> Value {
    json!({
        "hospital": {"kind": "space", "name": "Hospital", "members": {"any": true}},
        "icu": {"name": "UTI", "parent": "hospital", "members": {"any_of": [{"group": "UTI"}, {"group": "Chairs"}]}, "administrators": {"group": "Chairs"}},
        "ward": {"name": "Enfermaria", "parent": "hospital", "members": {"any": true}},
    })
}

fn people() -> Vec<Person> {
    let mut people = crowd("p", 2, &["UTI"]);
    people.extend([
        chief("chefe"),
        chief("outra"),
        person("mod", &["Mods", "UTI"]),
        person("dora", &["Chairs"]),
        person("lider", &["Leads", "UTI"]),
        person("fora", &[]),
    ]);
    people
}

fn with_moderators(hospital: &mut Hospital) {
    let rights = ["redact", "kick", "ban", "promote"];
    hospital.config["roles"]["mod"] =
        json!({"when": {"group": "Mods"}, "in": "hospital", "level": 50, "rights": rights});
}

#[tokio::test]
async fn who_stands_as_high_in_a_room_below_is_out_of_reach_from_the_space_around_it() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms(), with_moderators).await?;
    let (chief, moderator) = (hospital.client("chefe").await?, hospital.client("mod").await?);
    let (dora, p00) = (hospital.username("dora"), hospital.username("p00"));
    for command in ["ban", "mute", "demote", "kick", "promote"] {
        for room in ["icu", "hospital"] {
            let answer = hospital.ask(&moderator, &format!("!{command} {dora} in {room}")).await?;
            answer.says(&["your level or a higher one in the room", "UTI"]);
        }
    }
    hospital.ask(&moderator, &format!("!promote {p00} 60 in hospital")).await?.says(&["level 60", "is 50"]);
    // The same at the command line in somebody's name; the operator may.
    let by = hospital.username("mod");
    let ran = hospital.run(&["grants", "add", &dora, "ban", "--in", "hospital", "--as", &by]).await?;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    ran.says(&["your level or a higher one in the room icu"]);
    assert_eq!(hospital.number("select count(*) from grants").await?, 0);
    hospital.run(&["grants", "add", &p00, "mute", "--in", "ward", "--as", &by]).await?.ended(0);
    let asked = hospital.number("select count(*) from grants where asker like '@mod%' and kind = 'mute'").await?;
    assert_eq!(asked, 1);
    hospital.run(&["grants", "end", "1", "--as", &hospital.username("fora")]).await?.ended(1).says(&["need the right"]);
    hospital.run(&["grants", "end", "1", "--as", &by]).await?.ended(0);
    // And by hand: a ban in the space would apply to all its rooms.
    let space = hospital.room("hospital").await?;
    let user = hospital.user("dora");
    moderator.post_ok(&room_path(&space, "ban"), json!({"user_id": user})).await?;
    until("the ban is lifted", || async {
        let banned = hospital.with_membership("hospital", "ban").await?;
        Ok(banned.is_empty().then_some(()))
    })
    .await?;
    assert_eq!(hospital.number("select count(*) from grants where kind = 'ban'").await?, 0);
    assert!(hospital.members("icu").await?.contains(&"dora".to_owned()));
    // It works on people of lower rank; a demotion's losses are reported.
    hospital.ask(&moderator, &format!("!ban {dora} in ward")).await?.says(&["is banned", "!unban"]);
    let leader = hospital.username("lider");
    hospital.ask(&chief, &format!("!demote {leader} in ward")).await?.says(&["no longer has"]);
    hospital.ask(&chief, &format!("!why {leader} ward")).await?.says(&["rights taken"]);
    let explained = hospital.run(&["explain", &leader, "ward"]).await?.ended(0).out;
    assert!(explained.contains("rights: none") && explained.contains("rights taken: delete messages"), "{explained}");
    let misspelt = hospital.run(&["explain", &leader, "wrad"]).await?.ended(2).err;
    assert!(misspelt.contains("did you mean ward?"), "{misspelt}");
    let message = hospital.say(&hospital.client("p01").await?, "ward", "foto").await?;
    let said = hospital.client("lider").await?.reply(&hospital.room("ward").await?, &message, "!redact").await?;
    hospital.answer(&chief, "ward", &said).await?.says(&["need the right"]);
    close(hospital, serving).await
}

#[tokio::test]
async fn who_gave_takes_back_and_no_undo_is_offered_that_would_be_refused() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms(), with_moderators).await?;
    let (chief, other) = (hospital.client("chefe").await?, hospital.client("outra").await?);
    let (p00, moderator) = (hospital.username("p00"), hospital.client("mod").await?);
    let undo = format!("!demote {p00} in UTI");
    hospital.ask(&chief, &format!("!promote {p00} admin in icu")).await?.says(&["level 100", &undo]);
    assert_eq!(hospital.level("icu", "p00").await?, Some(100));
    hospital.ask(&other, &undo).await?.says(&["your level or a higher one"]);
    hospital.ask(&chief, &undo).await?.says(&["no longer has"]);
    assert_eq!(hospital.level("icu", "p00").await?, None);
    // The end of the mute would restore the operator's grant, which a moderator may not cause.
    hospital.run(&["grants", "add", &p00, "admin", "--in", "hospital"]).await?.ended(0);
    hospital.run(&["grants", "add", &p00, "10", "--in", "ward"]).await?.ended(0);
    hospital.ask(&chief, &format!("!sync {p00}")).await?;
    let muted = hospital.ask(&moderator, &format!("!promote {p00} 20 in ward for 5s")).await?;
    muted.says(&["is 50"]);
    close(hospital, serving).await
}

#[tokio::test]
async fn the_record_of_the_control_room_is_removed_only_by_who_may_approve() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms(), with_moderators).await?;
    let (chief, leader) = (hospital.client("chefe").await?, hospital.client("lider").await?);
    let (control, bot) = (hospital.room("control").await?, hospital.bot()?);
    let levels =
        || async { anyhow::Ok(bot.state_event(&control, "m.room.power_levels", "").await?.unwrap_or_default()) };
    assert_eq!(levels().await?["redact"], 100, "from the first");
    // As in a room of an earlier version.
    let mut lower = levels().await?;
    lower["redact"] = json!(50);
    if let Some(events) = lower["events"].as_object_mut() {
        events.remove("m.room.redaction");
    }
    bot.send_state(&control, "m.room.power_levels", "", lower).await?;
    hospital.ask(&chief, "!sync").await?;
    until("it is put right", || async { Ok((levels().await?["redact"] == 100).then_some(())) }).await?;

    let command = hospital.say(&chief, "control", "!status").await?;
    let answer = hospital.answer(&chief, "control", &command).await?.id().to_owned();
    let own = hospital.say(&leader, "control", "foto errada").await?;
    let own_command = hospital.say(&leader, "control", "!whoami").await?;
    hospital.handled(&own_command).await?;
    let link = |event: &str| format!("!redact https://matrix.to/#/{control}/{event}");
    for event in [&command, &answer, &own_command] {
        hospital.ask(&leader, &link(event)).await?.says(&["need the right", "approve"]);
        assert!(leader.redact(&control, event, "").await.is_err(), "in Element");
        assert!(hospital.stands(&chief, "control", event).await?, "{event}");
    }
    hospital.ask(&leader, &link(&own)).await?;
    hospital.redacted(&chief, "control", &own).await?;
    hospital.ask(&chief, &link(&own_command)).await?;
    hospital.redacted(&chief, "control", &own_command).await?;
    close(hospital, serving).await
}

#[tokio::test]
async fn ones_own_messages_need_no_right_and_a_preview_tells_nothing_of_a_room_one_is_not_in() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms(), with_moderators).await?;
    let (chief, p00, outsider) =
        (hospital.client("chefe").await?, hospital.client("p00").await?, hospital.client("fora").await?);
    let icu = hospital.room("icu").await?;
    let mut messages = Vec::new();
    for text in ["um", "dois", "três"] {
        messages.push(hospital.say(&p00, "icu", text).await?);
    }
    // A message of an equal: the right decides, not the rank.
    let photo = hospital.say(&hospital.client("mod").await?, "icu", "foto").await?;
    let leader = hospital.client("lider").await?;
    leader.reply(&icu, &photo, "!redact").await?;
    hospital.redacted(&p00, "icu", &photo).await?;
    // One's own message.
    p00.reply(&icu, &messages[0], "!redact").await?;
    hospital.redacted(&p00, "icu", &messages[0]).await?;
    let said = p00.reply(&icu, &hospital.say(&leader, "icu", "aviso").await?, "!redact").await?;
    hospital.answer(&leader, "icu", &said).await?.says(&["need the right"]);
    // A reason needs no word before it, but what may be a person is asked about.
    let note = hospital.say(&p00, "icu", "nota").await?;
    let name = hospital.username("p00");
    let said = leader.reply(&icu, &note, &format!("!redact {name}")).await?;
    hospital.answer(&leader, "icu", &said).await?.says(&[&name]);
    assert!(hospital.stands(&leader, "icu", &note).await?);
    leader.reply(&icu, &note, "> <@p00:hospital.example> nota\n!redact. Wrong room").await?;
    hospital.redacted(&p00, "icu", &note).await?;
    // Without the right, existing and missing events look the same.
    let ward = hospital.room("ward").await?;
    for event in [messages[1].as_str(), "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let anchor = hospital.say(&outsider, "ward", "x").await?;
        let said = outsider.reply(&ward, &anchor, &format!("!redact https://matrix.to/#/{icu}/{event}")).await?;
        let answer = hospital.answer(&outsider, "ward", &said).await?;
        answer.says(&["need the right"]);
    }
    // With the right but outside the room: nothing about sender, number or time.
    assert!(!hospital.members("icu").await?.contains(&"chefe".to_owned()));
    let name = hospital.username("p00");
    let link = format!("https://matrix.to/#/{icu}/{}", messages[1]);
    for command in [
        format!("!redact {name} last 50 in icu --dry-run"),
        format!("!redact {link} --dry-run"),
        format!("!redact {} last 50 in icu --dry-run", hospital.username("dora")),
        format!("!redact {name} last 50 in icu"),
    ] {
        let answer = hospital.ask(&chief, &command).await?;
        answer.says(&["You are not in it"]);
        for secret in [hospital.user("p00").as_str(), "messages of", "p00 Souza", "from "] {
            assert!(!answer.text.contains(secret), "{secret:?} after {command}: {}", answer.text);
        }
        if let Ok(code) = answer.code() {
            hospital.ask(&chief, &format!("!confirm {code}")).await?.says(&["deleted"]);
        }
    }
    hospital.redacted(&p00, "icu", &messages[2]).await?;
    close(hospital, serving).await
}

#[tokio::test]
async fn it_is_so_already_is_said_only_of_what_is_so() -> anyhow::Result<()> {
    let leave_out = |hospital: &mut Hospital| {
        with_moderators(hospital);
        hospital.config["users"]["who"] = json!({"not": {"group": "Fora"}});
    };
    let (mut hospital, serving) = opened(people(), rooms(), leave_out).await?;
    let chief = hospital.client("chefe").await?;
    let (p00, p01) = (hospital.username("p00"), hospital.username("p01"));
    hospital.ask(&chief, &format!("!promote {p00} 30 in icu")).await?.says(&["level 30"]);
    hospital.ask(&chief, &format!("!promote {p00} 30 in icu")).await?.says(&["that is already the case"]);
    let not_so = |answer: &super::talk::Answer| assert!(!answer.text.contains("so already"), "{}", answer.text);
    // Out of scope.
    hospital.someone("p01").groups = vec!["Fora".to_owned(), "UTI".to_owned()];
    hospital.write_roster()?;
    hospital.ask(&chief, "!sync").await?;
    let answer = hospital.ask(&chief, &format!("!promote {p01} 20 in ward")).await?;
    answer.says(&["not selected for Matrix"]);
    not_so(&answer);
    // Rooms that were replaced, left by the bot, or deleted.
    let bot = hospital.bot()?;
    let (icu, ward) = (hospital.room("icu").await?, hospital.room("ward").await?);
    let tombstone = json!({"body": "x", "replacement_room": ward});
    bot.send_state(&icu, "m.room.tombstone", "", tombstone).await?;
    let answer = hospital.ask(&chief, &format!("!kick {p00} in icu")).await?;
    answer.says(&["another room took its place"]);
    not_so(&answer);
    bot.post_ok(&room_path(&ward, "leave"), json!({})).await?;
    for command in ["mute", "demote"] {
        let answer = hospital.ask(&chief, &format!("!{command} {p00} in ward")).await?;
        answer.says(&["I am not in there"]);
        not_so(&answer);
    }
    let administrator = equipemed_testbed::Client::administrator(hospital.synapse()).await?;
    let path = format!("/_synapse/admin/v1/rooms/{}", equipemed_testbed::client::encode(&ward));
    administrator.delete_ok(&path, json!({"purge": true})).await?;
    let answer = hospital.ask(&chief, &format!("!unmute {p00} in ward")).await?;
    answer.says(&["deleted on Synapse"]);
    not_so(&answer);
    close(hospital, serving).await
}
