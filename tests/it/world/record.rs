//! `audit list` and `audit export`: the audit for operators.

use serde_json::{Value, json};

use super::{Hospital, crowd};

#[tokio::test]
async fn the_audit_is_listed_and_exported_also_when_everything_else_is_away() -> anyhow::Result<()> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"any": true}}});
    let mut hospital = Hospital::new(crowd("p", 3, &[]), rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    let (who, other) = (hospital.username("p00"), hospital.username("p01"));
    hospital.run(&["grants", "add", &who, "moderator", "--in", "icu", "--because", "plantão"]).await?.ended(0);
    hospital.sync(&[]).await?.ended(0);

    let list = hospital.run(&["audit", "list", "--user", &who]).await?.ended(0);
    let named = format!("{who}, p00 Souza (1)");
    assert!(list.out.contains("create_account") && list.out.contains(&named), "{}", list.out);
    assert!(!list.out.contains(&other), "{}", list.out);
    // Whose level it was.
    let list = hospital.run(&["audit", "list", "--room", "icu", "--kind", "set_levels"]).await?.ended(0);
    assert!(list.out.contains(&format!("{named} → 50")), "{}", list.out);
    let rows = async |arguments: &[&str]| -> anyhow::Result<Vec<Value>> {
        let ran = hospital.run(&[&["audit", "list", "--format", "json"], arguments].concat()).await?.ended(0);
        Ok(serde_json::from_str(&ran.out)?)
    };
    let levels = rows(&["--room", "icu", "--kind", "set_levels", "--last", "1"]).await?;
    assert_eq!((levels.len(), &levels[0]["outcome"]), (1, &json!("done")), "{levels:#?}");
    assert!(levels[0]["action"]["changes"].to_string().contains(&who), "{levels:#?}");
    assert!(rows(&["--outcome", "failed"]).await?.is_empty());
    assert!(rows(&["--since", "2099-01-01"]).await?.is_empty());
    assert!(!rows(&["--since", "2026-01-01"]).await?.is_empty());

    // Neither EquipeMed nor Synapse is needed.
    std::fs::remove_file(hospital.path("roster.yaml"))?;
    hospital.config["homeserver"]["url"] = json!("http://127.0.0.1:9");
    hospital.write_config()?;
    let exported = hospital.run(&["audit", "export"]).await?.ended(0);
    let lines = exported.out.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    assert_eq!(lines.len(), hospital.audit().await?.len());
    assert!(lines.is_sorted_by(|a, b| a["id"].as_i64() > b["id"].as_i64()));
    let list = hospital.run(&["audit", "list", "--user", &hospital.user("p01")]).await?.ended(0);
    assert!(list.out.contains(&hospital.user("p01")), "{}", list.out);
    hospital.run(&["audit", "list", "--user", &other]).await?.ended(1).says(&["roster.yaml"]);
    hospital.finish().await
}
