//! What a run says of itself: every trouble once, and what repeats with its number.

use equipemed_testbed::Client;
use equipemed_testbed::proxy::{Fault, Rule};
use serde_json::{Value, json};

use super::talk::{close, opened};
use super::{Hospital, chief, crowd, until};

#[tokio::test]
async fn a_reason_that_repeats_is_one_line_with_its_number() -> anyhow::Result<()> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"group": "UTI"}}});
    let mut people = crowd("p", 5, &["UTI"]);
    people.push(chief("chefe"));
    let hospital = Hospital::new(people, rooms).await?;
    let full = json!({"errcode": "M_FORBIDDEN", "error": "This server is full"});
    hospital.proxy.add_rule(Rule::new("/_synapse/admin/v1/join/", Fault::Status(403, full)));
    let ran = hospital.sync(&[]).await?.ended(1);
    assert_eq!(ran.out.matches("This server is full").count(), 1, "{}", ran.out);
    assert!(ran.out.contains(" and 5 more: ") && ran.out.contains("add_member: 0 done, 6 failed"), "{}", ran.out);
    let ran = hospital.sync(&["--format", "json"]).await?.ended(1);
    let summary: Value = serde_json::from_str(&ran.out)?;
    assert_eq!((&summary["troubles"][0]["more"], &summary["troubles"][1]), (&json!(5), &Value::Null), "{}", ran.out);
    hospital.proxy.clear_rules();
    hospital.finish().await
}

#[tokio::test]
async fn a_deleted_room_is_told_once() -> anyhow::Result<()> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"any": true}}});
    let (hospital, serving) = opened(vec![chief("chefe")], rooms, |_| ()).await?;
    let (chief, room) = (hospital.client("chefe").await?, hospital.room("icu").await?);
    let administrator = Client::administrator(hospital.synapse()).await?;
    administrator
        .delete_ok(&format!("/_synapse/admin/v2/rooms/{}", super::encode(&room)), json!({"purge": true}))
        .await?;
    let status = format!("/_synapse/admin/v2/rooms/{}/delete_status", super::encode(&room));
    until("the room is gone", || async {
        // Not found until the task is stored.
        let (_, status) = administrator.get(&status).await?;
        Ok((status["results"][0]["status"] == "complete").then_some(()))
    })
    .await?;
    let ran = hospital.sync(&[]).await?.ended(1);
    assert_eq!(ran.out.matches(&room).count(), 1, "{}", ran.out);
    assert_eq!(ran.out.matches("rooms replace icu").count(), 1, "{}", ran.out);
    let told = hospital.ask(&chief, "!sync").await?;
    assert_eq!(told.text.matches("rooms replace").count(), 1, "{}", told.text);
    close(hospital, serving).await
}
