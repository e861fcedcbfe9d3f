//! What is made once, by the command line: the registration and the bot's account.

use std::os::unix::fs::PermissionsExt as _;

use equipemed_testbed::Client;
use serde_json::json;

use super::process::Running;
use super::{Hospital, crowd};

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
