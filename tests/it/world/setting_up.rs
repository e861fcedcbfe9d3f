//! What is made once, by the command line: the registration and the bot's account.

use std::os::unix::fs::PermissionsExt as _;

use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::Client;
use serde_json::json;

use super::process::Running;
use super::{Hospital, count, crowd};

#[tokio::test]
async fn a_setup_by_the_registration_secret_leaves_no_administrator() -> anyhow::Result<()> {
    let hospital = Hospital::unprepared(crowd("p", 1, &[]), json!({})).await?;
    let mut setup = hospital.command(&["setup"]);
    setup.env("SYNAPSE_REGISTRATION_SHARED_SECRET", hospital.synapse().shared_secret());
    let ran = Running::start(setup)?.end().await?.ended(0);
    assert!(ran.out.contains("the bot is a server administrator now"), "{}", ran.out);
    let administrator = Client::administrator(hospital.synapse()).await?;
    let listed = administrator.get_ok("/_synapse/admin/v2/users?deactivated=true&limit=5000").await?;
    let users = listed["users"].as_array().expect("a list");
    let temporary: Vec<_> = users
        .iter()
        .filter(|user| user["name"].as_str().is_some_and(|name| name.starts_with("@equipemed_setup_")))
        .collect();
    assert_eq!(temporary.len(), 1, "{temporary:?}");
    // Synapse's SQLite gives numbers.
    let is_no = |value: &serde_json::Value| *value == json!(false) || *value == json!(0);
    assert!(!is_no(&temporary[0]["deactivated"]) && is_no(&temporary[0]["admin"]), "{temporary:?}");
    hospital.finish().await
}

#[tokio::test]
async fn a_registration_that_is_replaced_keeps_who_may_read_it() -> anyhow::Result<()> {
    let hospital = Hospital::unprepared(crowd("p", 1, &[]), json!({})).await?;
    let file = hospital.path("made.yaml");
    let make = async |force: &'static [&'static str]| {
        let arguments =
            ["registration", "--server-name", "hospital.example", "--url", "http://127.0.0.1:9", "--output"];
        hospital.run(&[&arguments, &["made.yaml"][..], force].concat()).await
    };
    make(&[]).await?.ended(0);
    let (first, mode) =
        (std::fs::read_to_string(&file)?, || Ok::<_, std::io::Error>(file.metadata()?.permissions().mode() & 0o777));
    assert_eq!(mode()?, 0o600);
    // As the group that Synapse reads it by has it.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640))?;
    make(&[]).await?.ended(2).says(&["--force"]);
    assert_eq!(std::fs::read_to_string(&file)?, first);
    let ran = make(&["--force"]).await?.ended(0);
    assert!(ran.err.contains("restart Synapse"), "{}", ran.err);
    assert_ne!(std::fs::read_to_string(&file)?, first);
    assert_eq!(mode()?, 0o640);
    assert!(!hospital.path("made.yaml.new").exists());
    hospital.finish().await
}

#[tokio::test]
async fn a_synapse_that_encrypts_rooms_by_itself_gets_no_rooms_and_is_told_which_setting_it_is() -> anyhow::Result<()> {
    const SETTING: &str = "encryption_enabled_by_default_for_room_type";
    let room = |name: &str| json!({"name": name, "members": {"any": true}});
    let rooms = json!({"a": room("A"), "b": room("B"), "c": room("C")});
    let hospital = Hospital::unprepared_alone(crowd("p", 2, &[]), rooms).await?;
    let set = async |value: &str| {
        let synapse = hospital.synapse();
        std::fs::write(synapse.folder().join("extra.yaml"), json!({(SETTING): value}).to_string())?;
        synapse.stop().await?;
        synapse.start_again().await
    };
    set("all").await?;
    let ran = hospital.setup().await?.ended(1);
    assert!(ran.err.contains(SETTING), "{}", ran.err);
    assert!(hospital.bot()?.joined_rooms().await?.is_empty(), "it was deleted again");
    set("off").await?;
    hospital.setup().await?.ended(0);
    set("all").await?;
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(1);
    assert!(ran.out.contains(SETTING), "{}", ran.out);
    let again = hospital.sync(&[]).await?;
    assert!(again.out.contains(SETTING), "{}", again.out);
    assert_eq!(count(&hospital.take_writes(), Endpoint::CreateRoom), 1, "the first one shows it");
    assert_eq!(hospital.bot()?.joined_rooms().await?.len(), 1, "the control room");
    set("off").await?;
    hospital.setup().await?.ended(0);
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.members("c").await?.len(), 2);

    // An encrypted control room is told where it can be read.
    let content = json!({"algorithm": "m.megolm.v1.aes-sha2"});
    hospital.bot()?.send_state(&hospital.room("control").await?, "m.room.encryption", "", content).await?;
    let ran = hospital.sync(&[]).await?.ended(1);
    assert!(ran.out.contains("rooms replace control"), "{}", ran.out);
    let ran = hospital.run(&["doctor"]).await?.ended(1);
    assert!(ran.out.contains("rooms replace control"), "{}", ran.out);
    hospital.finish().await
}

#[tokio::test]
async fn an_alias_that_another_room_has_is_told_with_that_room() -> anyhow::Result<()> {
    let room = |name: &str| json!({"name": name, "members": {"any": true}});
    let mut hospital = Hospital::unprepared(crowd("p", 1, &[]), json!({"a": room("A")})).await?;
    let control = hospital.alias("control");
    let bot = hospital.bot()?;
    bot.post(
        "/_matrix/client/v3/register",
        json!({"type": "m.login.application_service", "username": hospital.bot_name()}),
    )
    .await?;
    let other = bot.create_room(json!({"room_alias_name": control})).await?;
    let ran = hospital.setup().await?.ended(1);
    assert!(ran.err.contains(&control) && ran.err.contains(&other), "{}", ran.err);
    bot.delete_ok(
        &format!("/_matrix/client/v3/directory/room/{}", super::encode(&format!("#{control}:hospital.example"))),
        json!({}),
    )
    .await?;
    hospital.setup().await?.ended(0);
    hospital.sync(&[]).await?.ended(0);
    hospital.config["rooms"]["a"]["alias"] = json!(hospital.alias("a"));
    hospital.write_config()?;
    let other = bot.create_room(json!({"room_alias_name": hospital.alias("a")})).await?;
    let ran = hospital.sync(&[]).await?;
    assert!(ran.out.contains(&format!("rooms adopt {other} a")), "{}", ran.out);
    hospital.finish().await
}
