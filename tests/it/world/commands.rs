//! The control room: administrators send commands, which the bot carries out or refuses with a reason.

use serde_json::{Value, json};

use super::process::Running;
use super::talk::{Answer, begun, close};
use super::{Hospital, Person, chief, crowd, person, until};

/// A space with two rooms.
pub(crate) fn rooms() -> Value {
    json!({
        "hospital": {"kind": "space", "name": "Hospital", "members": {"any": true}},
        "todos": {"name": "Equipe", "parent": "hospital", "members": {"any": true}},
        "icu": {"name": "UTI", "parent": "hospital", "members": {"group": "UTI"}},
    })
}

/// A chief, a leader of the UTI and others.
pub(crate) fn people() -> Vec<Person> {
    let mut people = crowd("p", 3, &["UTI"]);
    people.push(chief("chefe"));
    people.push(person("ana", &["UTI"]));
    people.push(person("lider", &["UTI", "Leads"]));
    people
}

/// A hospital after its first pass, in English.
async fn opened() -> anyhow::Result<(Hospital, Running)> {
    begun(Hospital::new(people(), rooms()).await?).await
}

#[track_caller]
fn says(answer: &Answer, parts: &[&str]) {
    for part in parts {
        assert!(answer.text.contains(part), "{part:?} is not in {}", answer.text);
    }
}

#[tokio::test]
async fn questions_are_answered_in_reply_and_mention_nobody() -> anyhow::Result<()> {
    let (hospital, serving) = opened().await?;
    let chief = hospital.client("chefe").await?;
    let status = hospital.ask(&chief, "!status").await?;
    says(&status, &["EquipeMed bot", "enforce", "Synapse: answers"]);
    assert_eq!(status.event["content"]["msgtype"], "m.notice");
    assert_eq!(status.event["content"]["m.mentions"], json!({}));
    says(&hospital.ask(&chief, "!help").await?, &["!promote", "!redact"]);
    says(&hospital.ask(&chief, "!help promote").await?, &["gives somebody a level", "For example"]);
    says(&hospital.ask(&chief, "!whoami").await?, &["chefe"]);
    let ana = hospital.username("ana");
    says(&hospital.ask(&chief, &format!("!user {ana}")).await?, &[&ana, "UTI"]);
    says(&hospital.ask(&chief, "!users").await?, &["6 people"]);
    says(&hospital.ask(&chief, &format!("!why {ana} icu")).await?, &["the room’s rule"]);
    says(&hospital.ask(&chief, "!rooms").await?, &["UTI", "todos"]);
    says(&hospital.ask(&chief, "!rooms stats").await?, &["People in EquipeMed: 6"]);
    says(&hospital.ask(&chief, "!grants").await?, &["Nothing was given"]);
    says(&hospital.ask(&chief, "!audit icu last 3").await?, &["last 3 entries"]);
    says(&hospital.ask(&chief, "!stauts").await?, &["Did you mean", "!status"]);
    close(hospital, serving).await
}

#[tokio::test]
async fn a_promoted_moderator_can_redact_there_at_once_and_not_after_the_demotion() -> anyhow::Result<()> {
    let (hospital, serving) = opened().await?;
    let chief = hospital.client("chefe").await?;
    let ana = hospital.client("ana").await?;
    let name = hospital.username("ana");

    let promoted = hospital.ask(&chief, &format!("!promote {name} moderator in icu because night shift")).await?;
    says(&promoted, &["level 50 (moderator)", "UTI", "Audit"]);
    assert_eq!(hospital.level("icu", "ana").await?, Some(50));

    let message = hospital.say(&hospital.client("p00").await?, "icu", "mensagem errada").await?;
    let icu = hospital.room("icu").await?;
    let said = ana.reply(&icu, &message, "!redact because wrong chat").await?;
    let bot = hospital.bot()?;
    for event in [&message, &said] {
        until("it is redacted", || async {
            let seen = ana.event(&icu, event).await?;
            let because = &seen["unsigned"]["redacted_because"];
            if because.is_null() {
                return Ok(None);
            }
            assert_eq!(because["sender"], bot.user_id(), "under the bot's own identity");
            Ok(Some(()))
        })
        .await?;
    }
    let seen = ana.event(&icu, &message).await?;
    let reason = seen["unsigned"]["redacted_because"]["content"]["reason"].as_str().unwrap_or_default().to_owned();
    assert_eq!(reason, format!("{}: wrong chat", ana.user_id()));
    hospital.handled(&said).await?;
    assert!(hospital.answers(&ana, "icu", &said).await?.is_empty(), "the room stays clean");

    says(&hospital.ask(&chief, &format!("!demote {name} in icu")).await?, &["no longer has"]);
    assert_eq!(hospital.level("icu", "ana").await?, None);
    let other = hospital.say(&hospital.client("p00").await?, "icu", "outra").await?;
    let said = ana.reply(&icu, &other, "!redact").await?;
    says(&hospital.answer(&ana, "icu", &said).await?, &["right to"]);
    assert!(ana.event(&icu, &other).await?["unsigned"]["redacted_because"].is_null());
    close(hospital, serving).await
}

#[tokio::test]
async fn a_sync_is_previewed_done_and_answered_with_counts() -> anyhow::Result<()> {
    let (mut hospital, serving) = opened().await?;
    let chief = hospital.client("chefe").await?;
    says(&hospital.ask(&chief, "!sync --dry-run").await?, &["Nothing would change"]);
    says(&hospital.ask(&chief, "!sync").await?, &["nothing to change"]);
    hospital.config["rooms"]["icu"]["name"] = json!("UTI adulto");
    hospital.write_config()?;
    serving.hup()?;
    serving.told("The configuration was read again").await?;
    until("the name", || async {
        let name = hospital.bot()?.state_event(&hospital.room("icu").await?, "m.room.name", "").await?;
        Ok((name == Some(json!({"name": "UTI adulto"}))).then_some(()))
    })
    .await?;
    let name = hospital.username("ana");
    says(&hospital.ask(&chief, &format!("!sync {name}")).await?, &["nothing to change"]);
    says(&hospital.ask(&chief, "!sync icu").await?, &["nothing to change"]);
    close(hospital, serving).await
}

#[tokio::test]
async fn people_without_the_right_are_refused_and_it_is_on_record() -> anyhow::Result<()> {
    let (mut hospital, serving) = opened().await?;
    let chief = hospital.client("chefe").await?;
    let control = hospital.room("control").await?;
    // Somebody joined the control room by hand.
    let leader = hospital.client("lider").await?;
    let name = hospital.username("ana");
    let icu = hospital.room("icu").await?;
    let said = leader.send_text(&icu, &format!("!lock {name}")).await?;
    hospital.say(&chief, "control", "!whoami").await?;
    assert!(hospital.answers(&leader, "icu", &said).await?.is_empty(), "silence elsewhere");
    assert!(!hospital.is_locked("ana").await?);

    // The right was just removed in EquipeMed; the account is still in the room.
    hospital.someone("chefe").superuser = false;
    hospital.write_roster()?;
    let said = chief.send_text(&control, &format!("!lock {name}")).await?;
    hospital.handled(&said).await?;
    assert!(!hospital.is_locked("ana").await?);
    let refused = hospital
        .audit()
        .await?
        .into_iter()
        .find(|entry| entry.intent.kind == "command" && entry.intent.subject == "command lock");
    let outcome = format!("{:?}", refused.map(|entry| entry.settled));
    assert!(outcome.contains("Refused"), "{outcome}");
    close(hospital, serving).await
}

#[tokio::test]
async fn a_change_by_hand_is_put_back_and_told_once() -> anyhow::Result<()> {
    let (hospital, serving) = opened().await?;
    let chief = hospital.client("chefe").await?;
    let icu = hospital.room("icu").await?;
    let ana = hospital.client("ana").await?;
    ana.post_ok(&equipemed_testbed::rooms::room_path(&icu, "leave"), json!({})).await?;
    until("ana is back", || async {
        let members = hospital.members("icu").await?;
        Ok(members.contains(&"ana".to_owned()).then_some(()))
    })
    .await?;
    let control = hospital.room("control").await?;
    until("it is told", || async {
        let messages = chief.messages(&control, 50).await?;
        let told = messages
            .iter()
            .filter(|event| event["content"]["body"].as_str().is_some_and(|body| body.contains("left the room")));
        Ok((told.count() >= 1).then_some(()))
    })
    .await?;
    close(hospital, serving).await
}

#[tokio::test]
async fn a_level_for_a_time_ends_by_itself() -> anyhow::Result<()> {
    let (hospital, serving) = opened().await?;
    let chief = hospital.client("chefe").await?;
    let name = hospital.username("ana");
    let answer = hospital.ask(&chief, &format!("!promote {name} in icu for 20s")).await?;
    says(&answer, &["level 50", "until"]);
    until("it ended", || async { Ok(hospital.level("icu", "ana").await?.is_none().then_some(())) }).await?;
    // On a busy machine the level may be gone before it is seen, but the audit shows it.
    let mut levels = hospital.audit().await?;
    levels.retain(|entry| entry.intent.kind == "set_levels" && entry.intent.action.contains(&name));
    levels.sort_by_key(|entry| entry.id);
    let actions: Vec<&str> = levels.iter().map(|entry| entry.intent.action.as_str()).collect();
    assert!(
        actions.len() == 2 && actions[0].contains(r#""to":50"#) && actions[1].contains(r#""from":50"#),
        "{actions:?}"
    );
    close(hospital, serving).await
}

#[tokio::test]
async fn the_audit_names_the_room_of_each_entry() -> anyhow::Result<()> {
    let (hospital, serving) = opened().await?;
    let chief = hospital.client("chefe").await?;
    hospital.ask(&chief, &format!("!ban {} in icu", hospital.username("ana"))).await?;
    let audit = hospital.ask(&chief, "!audit last 20").await?;
    let lines: Vec<&str> = audit.text.lines().collect();
    for part in ["!ban", "banning"] {
        let line = lines.iter().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}: {}", audit.text));
        assert!(line.contains("UTI") && !line.contains("icu"), "{line}");
    }
    close(hospital, serving).await
}

#[tokio::test]
async fn a_lock_a_mute_and_a_kick_are_done_told_and_undone() -> anyhow::Result<()> {
    let (hospital, serving) = opened().await?;
    let chief = hospital.client("chefe").await?;
    let name = hospital.username("ana");
    says(&hospital.ask(&chief, &format!("!bloquear {name} porque perdeu o celular")).await?, &["is locked", "!unlock"]);
    assert!(hospital.is_locked("ana").await?);
    says(&hospital.ask(&chief, &format!("!unlock {name}")).await?, &["is unlocked"]);
    assert!(!hospital.is_locked("ana").await?);

    says(&hospital.ask(&chief, &format!("!mute {name} in icu for 2h")).await?, &["can no longer write"]);
    assert_eq!(hospital.level("icu", "ana").await?, Some(-1));
    says(&hospital.ask(&chief, &format!("!grants {name}")).await?, &["1 grant"]);
    says(&hospital.ask(&chief, &format!("!unmute {name} in icu")).await?, &["can write"]);
    assert_eq!(hospital.level("icu", "ana").await?, None);

    says(&hospital.ask(&chief, &format!("!kick {name} in icu because noise")).await?, &["was removed"]);
    assert!(!hospital.members("icu").await?.contains(&"ana".to_owned()));
    let kick = hospital.bot()?.state(&hospital.room("icu").await?).await?;
    let user = hospital.user("ana");
    let kick = kick.into_iter().find(|event| event["type"] == "m.room.member" && event["state_key"] == user.as_str());
    let reason = kick.map(|event| event["content"]["reason"].clone()).unwrap_or_default();
    assert_eq!(reason, json!(format!("{}: noise", chief.user_id())));
    close(hospital, serving).await
}

#[tokio::test]
async fn a_room_made_by_command_is_kept_like_the_others_and_empty_ones_are_cleaned_up() -> anyhow::Result<()> {
    // A cleanup affects the whole server.
    let (hospital, serving) = begun(Hospital::alone(people(), rooms()).await?).await?;
    let chief = hospital.client("chefe").await?;
    let preview = hospital.ask(&chief, "!rooms create \"Visita UTI\" for group: UTI in hospital").await?;
    says(&preview, &["Visita UTI", "5 members", "!confirm"]);
    let code =
        preview.text.split("!confirm ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    says(&hospital.ask(&chief, &format!("!confirm {code}")).await?, &["was made", "Visita UTI"]);
    assert_eq!(hospital.members("visita_uti").await?, ["ana", "lider", "p00", "p01", "p02"]);
    says(&hospital.ask(&chief, &format!("!confirm {code}")).await?, &["confirmed already"]);
    says(&hospital.ask(&chief, "!rooms create \"visita uti\" for todos").await?, &["already"]);

    // Somebody created a room and left it.
    let ana = hospital.client("ana").await?;
    let left = ana.create_room(json!({"name": "esquecida"})).await?;
    ana.post_ok(&equipemed_testbed::rooms::room_path(&left, "leave"), json!({})).await?;
    says(&hospital.ask(&chief, "!rooms cleanup --dry-run").await?, &["would be deleted"]);
    let preview = hospital.ask(&chief, "!rooms cleanup").await?;
    let code =
        preview.text.split("!confirm ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    says(&hospital.ask(&chief, &format!("!confirm {code}")).await?, &["failed: 0"]);
    let administrator = equipemed_testbed::Client::administrator(hospital.synapse()).await?;
    let (status, _) =
        administrator.get(&format!("/_synapse/admin/v1/rooms/{}", equipemed_testbed::client::encode(&left))).await?;
    assert_eq!(status, 404);
    close(hospital, serving).await
}

#[tokio::test]
async fn what_became_of_each_wish_is_known_by_its_id_and_can_be_followed_in_the_log() -> anyhow::Result<()> {
    let (hospital, serving) = opened().await?;
    let chief = hospital.client("chefe").await?;
    let (ana, leader) = (hospital.username("ana"), hospital.username("lider"));
    let command = format!("!promote {ana} {leader} 30 in icu");
    let answer = hospital.ask(&chief, &command).await?;
    assert_eq!(hospital.level("icu", "ana").await?, Some(30), "{answer:?}");
    let said = answer.event["content"]["m.relates_to"]["m.in_reply_to"]["event_id"].as_str().unwrap_or_default();
    assert!(said.starts_with('$'), "{answer:?}");
    // Both share one power levels event, to which each wish leads.
    let store = hospital.store().await?;
    let mut levels = Vec::new();
    for number in 0..2 {
        let served = store.served(&format!("{said} {number}")).await?;
        levels.extend(served.iter().filter(|entry| entry.intent.kind == "set_levels").map(|entry| entry.id));
    }
    assert!(levels.len() == 2 && levels[0] == levels[1], "{levels:?}");
    serving.told("A pass that somebody asked for ended").await?;
    let log = serving.err();
    let told = |what: &str| log.lines().any(|line| line.contains(what) && line.contains(said));
    assert!(told("A command came") && told("A pass that somebody asked for ended"), "{log}");
    close(hospital, serving).await
}
