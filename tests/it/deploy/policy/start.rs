//! Passwords, the module's start, and what was there before it.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use equipemed_testbed::rooms::room_path;
use equipemed_testbed::synapse::Options;
use equipemed_testbed::tools::{Release, python};
use equipemed_testbed::{Client, Folder, Synapse};
use serde_json::{Value, json};

use super::{BREAK_GLASS, FORBIDDEN, RELEASES, Ward, config, extra, invite, module, refused};

#[tokio::test]
async fn only_the_break_glass_account_signs_in_with_a_password() -> anyhow::Result<()> {
    for release in RELEASES {
        let ward = Ward::shared(release).await?;
        let login = async |name: &str, password: &str| {
            let nobody = Client::new(&ward.synapse().url(), "", "")?;
            let who = json!({"type": "m.id.user", "user": name});
            let body = json!({"type": "m.login.password", "identifier": who, "password": password});
            nobody.post("/_matrix/client/v3/login", body).await
        };
        let chief = ward.second_administrator().await?;
        let ana = ward.person("ana").await?;
        for id in [ana.user_id(), chief.user_id(), ward.bot.user_id(), &ward.synapse().user_id(BREAK_GLASS)] {
            ward.administrator.set_password(id, "right").await?;
        }
        for id in [ana.user_id(), chief.user_id(), ward.bot.user_id()] {
            refused(id, login(id, "right").await?, FORBIDDEN);
        }
        assert_eq!(login(BREAK_GLASS, "right").await?.0, 200);
        refused("a wrong password", login(BREAK_GLASS, "wrong").await?, FORBIDDEN);
    }
    Ok(())
}

#[tokio::test]
async fn synapse_does_not_start_with_a_wrong_configuration_and_says_where() -> anyhow::Result<()> {
    for release in RELEASES {
        let folder = Folder::new("policy")?;
        for (media, says) in [
            (json!({"limit": "many"}), "modules.<item 0>.config.media.limit"),
            (json!({"allow": ["image/svg+xml"]}), "cannot be allowed"),
            (json!({"state": "/nowhere/policy.db"}), "make the folder /nowhere"),
            (json!({"store": "/nowhere"}), "must be Synapse's media_store_path"),
        ] {
            let error = start(&folder, release, config(&folder, media)?).await.context("it started")?;
            assert!(error.contains(says), "{error}");
        }
        let mut elsewhere = config(&folder, json!({}))?;
        elsewhere["bot"] = json!("@equipemed_bot:elsewhere.example");
        let error = start(&folder, release, elsewhere).await.context("it started")?;
        assert!(error.contains("is not an account of this server"), "{error}");
    }
    Ok(())
}

/// How a start with this configuration fails.
async fn start(folder: &Folder, release: Release, config: Value) -> Option<String> {
    let modules = vec![json!({"module": "equipemed_policy.Policy", "config": config})];
    let extra_yaml = extra(folder, &modules);
    let started = Synapse::start(Options { release, extra_yaml, modules: Some(module()), ..Options::default() }).await;
    started.err().map(|error| format!("{error:#}"))
}

#[tokio::test]
async fn on_a_server_that_had_no_module_chats_go_on_and_nobody_new_comes_into_peoples_rooms() -> anyhow::Result<()> {
    for release in RELEASES {
        let folder = Folder::new("policy")?;
        let module = json!({"module": "equipemed_policy.Policy", "config": config(&folder, json!({}))?});
        let with = extra(&folder, &[module]);
        let ward = Ward::start_in(folder, release, Vec::new()).await?;
        let (ana, bruno, carla, davi) = (
            ward.person("ana").await?,
            ward.person("bruno").await?,
            ward.person("carla").await?,
            ward.person("davi").await?,
        );
        let direct = ana.create_room(json!({"is_direct": true, "invite": [bruno.user_id()]})).await?;
        let group = ana.create_room(json!({"invite": [bruno.user_id(), carla.user_id(), davi.user_id()]})).await?;
        for (who, room) in [(&bruno, &direct), (&bruno, &group), (&carla, &group)] {
            who.join(room).await?;
        }
        ward.synapse().stop().await?;
        std::fs::write(ward.synapse().folder().join("extra.yaml"), with)?;
        ward.synapse().start_again().await?;
        for (who, room) in [(&ana, &direct), (&bruno, &direct), (&ana, &group), (&carla, &group)] {
            who.send_text(room, "bom dia").await?;
        }
        let join = room_path(&group, "join");
        refused("an invitation of before", davi.post(&join, json!({})).await?, FORBIDDEN);
        refused("a new invitation", invite(&ana, &group, &davi).await?, FORBIDDEN);
        // The bot can be brought in and given a level, to adopt a room: whom it invites comes in.
        refused("the bot into a direct chat", invite(&ana, &direct, &ward.bot).await?, FORBIDDEN);
        refused("a level of before", level(&ana, &group, &ward.bot).await?, FORBIDDEN);
        assert_eq!(invite(&ana, &group, &ward.bot).await?.0, 200);
        assert_eq!(level(&ana, &group, &ward.bot).await?.0, 200);
        let with_bot = ana.create_room(json!({"is_direct": true, "invite": [ward.bot.user_id()]})).await?;
        ward.bot.join(&with_bot).await?;
        refused("a level in a chat with the bot", level(&ana, &with_bot, &ward.bot).await?, FORBIDDEN);
        ward.bot.join(&group).await?;
        assert_eq!(invite(&ward.bot, &group, &davi).await?.0, 200);
        davi.join(&group).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_module_takes_files_by_their_bytes_and_answers_safely_when_all_fails() -> anyhow::Result<()> {
    for release in RELEASES {
        let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/deploy/policy/table.py");
        let python = python(release).await?;
        let output =
            tokio::task::spawn_blocking(move || Command::new(python).arg(table).arg(module()).output()).await??;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }
    Ok(())
}

/// Gives somebody level 100; any status.
async fn level(client: &Client, room: &str, whom: &Client) -> anyhow::Result<(u16, Value)> {
    let mut levels = client.power_levels(room).await?;
    levels["users"][whom.user_id()] = json!(100);
    client.put(&room_path(room, "state/m.room.power_levels/"), levels).await
}
