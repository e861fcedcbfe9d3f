//! One administrator's limits per day: beyond them another must agree, however the command is given.

use equipemed_testbed::Client;
use serde_json::json;

use super::process::Running;
use super::talk::{close, opened};
use super::{Hospital, chief, crowd, person, until};

struct Scene {
    hospital: Hospital,
    serving: Running,
    chief: Client,
    other: Client,
}

/// Twelve people including two administrators: one of them may lock four people a day.
async fn scene() -> anyhow::Result<Scene> {
    let mut people = crowd("p", 9, &[]);
    people.extend([chief("chefe"), chief("outra"), person("lider", &["Leads"])]);
    let rooms = json!({"icu": {"name": "UTI", "members": {"any": true}}});
    let (hospital, serving) = opened(people, rooms, |_| ()).await?;
    let (chief, other) = (hospital.client("chefe").await?, hospital.client("outra").await?);
    Ok(Scene { hospital, serving, chief, other })
}

impl Scene {
    fn names(&self, numbers: std::ops::Range<usize>) -> String {
        let names: Vec<String> = numbers.map(|number| self.hospital.username(&format!("p{number:02}"))).collect();
        names.join(", ")
    }

    async fn locked(&self) -> anyhow::Result<usize> {
        let mut locked = 0;
        for number in 0..9 {
            locked += usize::from(self.hospital.is_locked(&format!("p{number:02}")).await?);
        }
        Ok(locked)
    }
}

#[tokio::test]
async fn many_locked_by_one_command_need_the_yes_of_somebody_else() -> anyhow::Result<()> {
    let scene = scene().await?;
    let hospital = &scene.hospital;
    let preview = hospital.ask(&scene.chief, &format!("!lock {}", scene.names(0..5))).await?;
    preview.says(&["5 people locked or deactivated", "Up to 4", "somebody else", "outra", "!confirm"]);
    let code = preview.code()?;
    hospital.ask(&scene.chief, &format!("!confirm {code}")).await?.says(&["somebody else with the right to approve"]);
    let thumb = scene.chief.react(&hospital.room("control").await?, preview.id(), "✅").await?;
    hospital.handled(&thumb).await?;
    let leader = hospital.client("lider").await?;
    hospital.ask(&leader, &format!("!confirm {code}")).await?.says(&["need the right"]);
    assert_eq!(scene.locked().await?, 0);

    let yes = scene.other.react(&hospital.room("control").await?, preview.id(), "✅").await?;
    hospital.handled(&yes).await?;
    until("they are locked", || async { Ok((scene.locked().await? == 5).then_some(())) }).await?;
    assert_eq!(hospital.number("select count(distinct asker) from grants where kind = 'lock'").await?, 1);
    let asker = "select count(*) from grants where asker like '@chefe%'";
    assert_eq!(hospital.number(asker).await?, 5, "it is still the order of who asked");
    hospital.ask(&scene.other, &format!("!approve {code}")).await?.says(&["confirmed already"]);
    close(scene.hospital, scene.serving).await
}

#[tokio::test]
async fn single_acts_add_up_and_hold_nothing_back_that_equipemed_asks_for() -> anyhow::Result<()> {
    let mut scene = scene().await?;
    let hospital = &scene.hospital;
    for number in 0..4 {
        hospital.ask(&scene.chief, &format!("!lock {}", scene.names(number..number + 1))).await?.says(&["locked"]);
    }
    let preview = hospital.ask(&scene.chief, &format!("!lock {}", scene.names(4..5))).await?;
    preview.says(&["5 people locked or deactivated", "somebody else"]);
    assert_eq!(scene.locked().await?, 4);
    // Another administrator's limit is separate.
    hospital.ask(&scene.other, &format!("!lock {}", scene.names(5..6))).await?.says(&["locked"]);
    assert_eq!(scene.locked().await?, 5);

    // EquipeMed's own changes are applied at once and count for nobody.
    scene.hospital.someone("p08").status = "suspended";
    scene.hospital.write_roster()?;
    let hospital = &scene.hospital;
    until("the suspended one is locked", || async { Ok(hospital.is_locked("p08").await?.then_some(())) }).await?;
    assert_eq!(hospital.number("select count(*) from held").await?, 0);

    // Unlocked people no longer count; and the approval is worded as for the brakes.
    hospital.ask(&scene.other, &format!("!approve {}", preview.code()?)).await?.says(&["locked"]);
    assert!(hospital.is_locked("p04").await?);
    for number in 0..2 {
        hospital.ask(&scene.chief, &format!("!unlock {}", scene.names(number..number + 1))).await?;
    }
    hospital.ask(&scene.chief, &format!("!lock {}", scene.names(6..7))).await?.says(&["locked"]);
    assert!(hospital.is_locked("p06").await?);
    close(scene.hospital, scene.serving).await
}

#[tokio::test]
async fn whom_the_asker_made_an_administrator_is_not_somebody_else() -> anyhow::Result<()> {
    let scene = scene().await?;
    let hospital = &scene.hospital;
    let promoted = hospital.ask(&scene.chief, &format!("!promote {} admin", hospital.username("lider"))).await?;
    let puppet = hospital.client("lider").await?;
    hospital.ask(&scene.chief, &format!("!confirm {}", promoted.code()?)).await?;
    let preview = hospital.ask(&scene.chief, &format!("!lock {}", scene.names(0..5))).await?;
    assert!(!preview.text.contains("lider"), "{}", preview.text);
    hospital.ask(&puppet, &format!("!confirm {}", preview.code()?)).await?.says(&["need the right"]);
    assert_eq!(scene.locked().await?, 0);
    close(scene.hospital, scene.serving).await
}
