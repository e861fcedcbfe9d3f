//! Bans and their end: by command, temporary, in a space with everything below; and where they can be lifted.

use equipemed_testbed::rooms::room_path;
use serde_json::json;

use super::commands::{self, rooms};
use super::process::Running;
use super::talk::{close, opened};
use super::{Hospital, Person, person, until};

fn people() -> Vec<Person> {
    let mut people = commands::people();
    people.push(person("fora", &[]));
    people
}

async fn scene() -> anyhow::Result<(Hospital, Running)> {
    opened(people(), rooms(), |hospital| {
        hospital.config["users"]["who"] = json!({"not": {"group": "Sem conta"}});
    })
    .await
}

async fn banned(hospital: &Hospital, room: &str) -> anyhow::Result<Vec<String>> {
    hospital.with_membership(room, "ban").await
}

/// Waits until somebody is in a room again.
async fn is_back(hospital: &Hospital, room: &str, name: &str) -> anyhow::Result<()> {
    until(&format!("{name} is back"), || async {
        Ok(hospital.members(room).await?.contains(&name.to_owned()).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_ban_in_a_space_holds_in_all_below_and_is_lifted_as_a_whole() -> anyhow::Result<()> {
    let (hospital, serving) = scene().await?;
    let (chief, ana) = (hospital.client("chefe").await?, hospital.client("ana").await?);
    let name = hospital.username("ana");
    let answer = hospital.ask(&chief, &format!("!ban {name} in hospital because noise")).await?;
    answer.says(&["is banned", "Hospital", "3 rooms", "Grant 1", &format!("!unban {name} in Hospital"), "Audit"]);
    for room in ["hospital", "todos", "icu"] {
        assert_eq!(banned(&hospital, room).await?, ["ana"], "{room}");
    }
    let icu = hospital.room("icu").await?;
    let member = hospital.bot()?.state_event(&icu, "m.room.member", ana.user_id()).await?.unwrap_or_default();
    assert_eq!(member["reason"], json!(format!("{}: noise", chief.user_id())));
    assert!(ana.join(&icu).await.is_err(), "a banned person cannot come back");
    let again = hospital.ask(&chief, "!sync").await?;
    again.says(&["nothing to change"]);

    // A single room of the space cannot be excepted; the answer says what to type instead.
    let said = hospital.say(&chief, "control", &format!("!unban {name} in icu")).await?;
    let answer = hospital.answer(&chief, "control", &said).await?;
    answer.says(&["still kept out", &format!("!unban {name} in Hospital"), "1: "]);
    assert_eq!(hospital.marks(&chief, "control", &said).await?, ["❌"]);
    assert_eq!(banned(&hospital, "icu").await?, ["ana"]);

    let answer = hospital.ask(&chief, &format!("!unban {name} in hospital because a mistake")).await?;
    answer.says(&["is allowed", "Lifted", "1: ", "banned", "noise", "Audit"]);
    for room in ["hospital", "todos", "icu"] {
        assert!(hospital.members(room).await?.contains(&"ana".to_owned()), "{room}");
    }
    hospital.ask(&chief, &format!("!unban {name}")).await?.says(&["nothing to lift"]);
    close(hospital, serving).await
}

#[tokio::test]
async fn a_ban_in_a_room_ends_by_itself_and_may_be_of_somebody_who_is_not_there() -> anyhow::Result<()> {
    let (mut hospital, serving) = scene().await?;
    let chief = hospital.client("chefe").await?;
    let ana = hospital.username("ana");
    hospital.ask(&chief, &format!("!banir {ana} em icu por 6s")).await?.says(&["is banned", "UTI", "until", "1 room"]);
    assert_eq!(banned(&hospital, "icu").await?, ["ana"]);
    assert!(hospital.members("todos").await?.contains(&"ana".to_owned()), "from that room only");

    // A ban also works on people who are not members.
    let outside = hospital.username("fora");
    hospital.ask(&chief, &format!("!ban {outside} in icu")).await?.says(&["is banned", "1 room"]);
    assert!(banned(&hospital, "icu").await?.contains(&"fora".to_owned()));
    // Without an account, the grant is stored.
    hospital.add(person("novo", &["Sem conta"]));
    hospital.write_roster()?;
    let new = hospital.username("novo");
    hospital.ask(&chief, &format!("!ban {new} in icu")).await?.says(&["no account yet", "grant 3"]);
    hospital.ask(&chief, "!ban ninguem in icu").await?.says(&["ninguem"]);

    is_back(&hospital, "icu", "ana").await?;
    hospital.ask(&chief, &format!("!unban {outside} in icu")).await?.says(&["is allowed", "2: "]);
    assert!(banned(&hospital, "icu").await?.is_empty());
    assert!(!hospital.members("icu").await?.contains(&"fora".to_owned()), "who does not belong stays out");
    close(hospital, serving).await
}

#[tokio::test]
async fn bans_of_several_people_or_everywhere_are_shown_first() -> anyhow::Result<()> {
    let (hospital, serving) = scene().await?;
    let chief = hospital.client("chefe").await?;
    let (one, other) = (hospital.username("p00"), hospital.username("p01"));
    let preview = hospital.ask(&chief, &format!("!ban {one} {other} in icu")).await?;
    assert!(banned(&hospital, "icu").await?.is_empty());
    let code = preview.code()?;
    hospital.ask(&chief, &format!("!confirm {code}")).await?.says(&["Grant 1", "Grant 2"]);
    assert_eq!(banned(&hospital, "icu").await?, ["p00", "p01"]);
    let preview = hospital.ask(&chief, &format!("!ban {}", hospital.username("ana"))).await?;
    preview.says(&["would be banned from all rooms."]);
    assert!(!banned(&hospital, "todos").await?.contains(&"ana".to_owned()));
    let code = preview.code()?;
    hospital.ask(&chief, &format!("!confirm {code}")).await?.says(&["is banned from all rooms."]);
    assert_eq!(banned(&hospital, "todos").await?, ["ana"]);
    // Without a room, it lifts the bans wherever they are.
    hospital.ask(&chief, &format!("!unban {one} {other}")).await?.says(&["1: ", "2: "]);
    assert_eq!(banned(&hospital, "icu").await?, ["ana"]);
    // Removing a level is a demotion, with either command.
    for command in ["!demote", "!promote"] {
        let level = if command == "!promote" { " 0" } else { "" };
        let answer = hospital.ask(&chief, &format!("{command} {one} {other}{level} in icu")).await?;
        answer.says(&["!confirm", "would no longer have a level"]);
    }
    close(hospital, serving).await
}

#[tokio::test]
async fn a_kick_is_lifted_by_whoever_may_kick_and_a_ban_only_by_whoever_may_ban() -> anyhow::Result<()> {
    let guard = json!({"when": {"group": "Leads"}, "in": "todos", "rights": ["ban"]});
    let (hospital, serving) = opened(people(), rooms(), |hospital| hospital.config["roles"]["guard"] = guard).await?;
    let (chief, leader) = (hospital.client("chefe").await?, hospital.client("lider").await?);
    let (ana, other) = (hospital.username("ana"), hospital.username("p00"));
    hospital
        .ask(&leader, &format!("!kick {ana} in icu"))
        .await?
        .says(&["was removed", &format!("!unban {ana} in UTI")]);
    assert!(!hospital.members("icu").await?.contains(&"ana".to_owned()));
    hospital.ask(&leader, &format!("!unban {ana} in icu")).await?.says(&["is allowed", "1: ", "removed"]);
    assert!(hospital.members("icu").await?.contains(&"ana".to_owned()));

    // The right to ban applies to another room.
    hospital.ask(&leader, &format!("!ban {other} in icu")).await?.says(&["need the right", "ban people", "UTI"]);
    hospital.ask(&leader, &format!("!ban {other}")).await?.says(&["need the right", "ban people"]);
    hospital.ask(&leader, &format!("!ban {ana} in todos")).await?.says(&["is banned", "Equipe"]);
    hospital.ask(&chief, &format!("!ban {other} in icu")).await?.says(&["is banned"]);
    hospital.ask(&leader, &format!("!unban {other} in icu")).await?.says(&["need the right", "ban people"]);
    hospital.ask(&leader, &format!("!unban {} in icu", hospital.username("lider"))).await?.says(&["to yourself"]);
    assert_eq!(banned(&hospital, "icu").await?, ["p00"]);
    close(hospital, serving).await
}

#[tokio::test]
async fn a_ban_of_nobody_knows_whom_is_told_and_lifted_only_on_demand() -> anyhow::Result<()> {
    let report = |hospital: &mut Hospital| {
        hospital.config["roles"]["porter"] = json!({"when": {"group": "Leads"}, "level": 50, "rights": []});
        hospital.config["drift"] = json!("report");
    };
    let (mut hospital, serving) = opened(people(), rooms(), report).await?;
    let (chief, porter) = (hospital.client("chefe").await?, hospital.client("lider").await?);
    let icu = hospital.room("icu").await?;
    porter.post_ok(&room_path(&icu, "ban"), json!({"user_id": hospital.user("ana")})).await?;
    hospital.told(&chief, &["banned", "ana", "changed nothing"]).await?;
    serving.term()?;
    serving.end().await?.ended(0);
    // As if the ban had existed before the service came.
    hospital.sql("delete from drift").await?;
    hospital.config["drift"] = json!("enforce");
    hospital.write_config()?;
    let serving = hospital.serve().await?;
    hospital.told(&chief, &["is banned there by hand"]).await?;
    hospital.ask(&chief, "!sync").await?;
    assert_eq!(banned(&hospital, "icu").await?, ["ana"]);
    let answer = hospital.ask(&chief, &format!("!unban {} in icu", hospital.username("ana"))).await?;
    answer.says(&["is allowed", "set by hand", porter.user_id()]);
    is_back(&hospital, "icu", "ana").await?;
    close(hospital, serving).await
}

#[tokio::test]
async fn whoever_is_not_there_is_kept_out_only_with_words_about_it() -> anyhow::Result<()> {
    for (language, absent, noted, until, within) in [
        ("en", "is not in the room", "This is grant", "until", "in"),
        ("pt-BR", "não está na sala", "É a concessão", "até", "em"),
    ] {
        let mut people = people();
        people.push(person("nova", &["Sem conta"]));
        let (hospital, serving) = opened(people, rooms(), |hospital| {
            hospital.config["users"]["who"] = json!({"not": {"group": "Sem conta"}});
            hospital.config["bot"]["language"] = json!(language);
        })
        .await?;
        let chief = hospital.client("chefe").await?;
        let (outside, new) = (hospital.username("fora"), hospital.username("nova"));
        assert!(!hospital.members("icu").await?.contains(&"fora".to_owned()));
        // Twice: the second is noted like the first, and nobody is said to have been removed.
        for long in ["", " for 2h"] {
            let kicked = hospital.ask(&chief, &format!("!kick {outside} in icu{long}")).await?;
            kicked.says(&[absent, noted, until, &format!("{outside} {within} UTI")]);
            assert!(!kicked.text.contains("was removed from"), "{}", kicked.text);
        }
        let muted = hospital.ask(&chief, &format!("!mute {outside} in icu for 1h")).await?;
        muted.says(&[noted, until, &format!("{outside} {within} UTI")]);
        for (word, long) in [("ban", ""), ("kick", " for 3h"), ("mute", " for 1h")] {
            let noted_for = hospital.ask(&chief, &format!("!{word} {new} in icu{long}")).await?;
            noted_for.says(&[noted, &format!("{new} {within} UTI")]);
            assert_eq!(noted_for.text.contains(until), !long.is_empty(), "{}", noted_for.text);
        }
        // At the machine a kick lasts as long as in chat, and the end is told as well.
        let ran = hospital.run(&["grants", "add", &outside, "kick", "--in", "todos"]).await?.ended(0);
        assert!(ran.out.contains("in todos, until 20") && ran.out.contains("grants end"), "{}", ran.out);
        let ran = hospital.run(&["grants", "add", &outside, "ban", "--in", "todos"]).await?.ended(0);
        assert!(ran.out.contains("in todos, without an end"), "{}", ran.out);
        close(hospital, serving).await?;
    }
    Ok(())
}
