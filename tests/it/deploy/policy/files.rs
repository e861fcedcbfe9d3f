//! Which files are taken, and how much of them.

use anyhow::Context as _;
use equipemed_testbed::Client;
use equipemed_testbed::client::encode;
use serde_json::{Value, json};

use super::{FORBIDDEN, RELEASES, Ward, refused};

/// A picture of one point.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
    \0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";
pub(crate) const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF\n";
/// Two pages of Opus in Ogg.
pub(crate) const VOICE: &[u8] =
    b"OggS\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0\
    OggS\0\x04\0\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\0\x01\x04\xfc\xff\xfe\x01";
/// The beginning of a film: one track that is no sound.
pub(crate) const VIDEO: &[u8] =
    b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x50moov\0\0\0\x48trak\0\0\0\x40mdia\0\0\0\x1chdlr\0\0\0\0\0\0\0\0vide\0\0\0\0\
    \0\0\0\x1cminf\0\0\0\x14stbl\0\0\0\x0cstsd\0\0\0\0";

/// What Synapse answers to a file that the module refuses, whatever it says.
pub(crate) const BAD_CONTENT: (u16, &str) = (400, "M_UNKNOWN");

/// Uploads and returns the address.
pub(super) async fn uploaded(client: &Client, name: &str, kind: &str, content: &[u8]) -> anyhow::Result<String> {
    let (status, answer) = client.upload(name, kind, content.to_vec()).await?;
    anyhow::ensure!(status == 200, "{name}: {status} {answer}");
    Ok(answer.get("content_uri").and_then(Value::as_str).context("no address")?.to_owned())
}

#[tokio::test]
async fn files_are_taken_by_their_bytes_whatever_they_are_called() -> anyhow::Result<()> {
    for release in RELEASES {
        let ward = Ward::shared(release).await?;
        let ana = ward.person("ana").await?;
        for (name, kind, content) in [
            ("a.pdf", "application/pdf", b"MZ\x90\0\x03\0\0\0".as_slice()),
            ("a.svg", "image/svg+xml", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>1</script></svg>"),
            ("a.png", "image/png", b"<?xml version=\"1.0\"?><svg/>"),
            ("a.txt", "text/plain", b"<!doctype html><script>1</script>"),
            ("a.mp4", "video/mp4", VIDEO),
            ("a.m4a", "audio/mp4", VIDEO),
            ("a.zip", "application/zip", b"PK\x03\x04\x14\0\0\0"),
            ("a.txt", "text/plain", b"ol\xe1"),
            ("a.txt", "text/plain", b"a\0b"),
            ("a.png", "image/png", b""),
        ] {
            refused(name, ana.upload(name, kind, content.to_vec()).await?, BAD_CONTENT);
        }
        for (name, kind, content) in [
            ("a.png", "image/png", PNG),
            ("a.pdf", "application/pdf", PDF),
            ("a.ogg", "audio/ogg", VOICE),
            ("a.txt", "text/plain", "Plantão".as_bytes()),
        ] {
            uploaded(&ana, name, kind, content).await?;
        }
        // Nor by the way of two requests, which newer clients go.
        let made = ana.post_ok("/_matrix/media/v1/create", json!({})).await?;
        let address = made["content_uri"].as_str().context("no address")?.trim_start_matches("mxc://").to_owned();
        let (status, _) = ana.put(&format!("/_matrix/media/v3/upload/{address}"), json!({"a": 1})).await?;
        assert_eq!(status, 200, "JSON is text to the bytes");
        let metrics = ward.metrics().await?;
        assert!(metrics.contains("equipemed_media_refused_total{reason=\"markup\"}"), "{metrics}");
    }
    Ok(())
}

/// Sets an avatar, and returns the status and what the profile then has.
async fn avatar(client: &Client, address: &str) -> anyhow::Result<(u16, Option<String>)> {
    let path = format!("/_matrix/client/v3/profile/{}/avatar_url", encode(client.user_id()));
    let (status, _) = client.put(&path, json!({"avatar_url": address})).await?;
    let now = client.get(&path).await?.1;
    Ok((status, now.get("avatar_url").and_then(Value::as_str).map(str::to_owned)))
}

#[tokio::test]
async fn an_avatar_is_a_picture_of_ones_own_or_is_taken_back_at_once() -> anyhow::Result<()> {
    for release in RELEASES {
        let ward = Ward::shared(release).await?;
        let (ana, bruno) = (ward.person("ana").await?, ward.person("bruno").await?);
        let room = ward.room(&[&ana, &bruno]).await?;
        let png = uploaded(&ana, "a.png", "image/png", PNG).await?;
        assert_eq!(avatar(&ana, &png).await?, (200, Some(png.clone())));
        let pdf = uploaded(&ana, "a.pdf", "application/pdf", PDF).await?;
        // By Synapse's own setting, which believes the declared type.
        assert_eq!(avatar(&ana, &pdf).await?, (403, Some(png.clone())));
        let lying = uploaded(&ana, "a.png", "image/png", PDF).await?;
        assert_eq!(avatar(&ana, &lying).await?, (200, None));
        assert_eq!(avatar(&bruno, &png).await?, (200, None), "somebody else's");
        let elsewhere = "mxc://elsewhere.example/AAAAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(avatar(&bruno, elsewhere).await?.1, None);
        let member = ana.state_event(&room, "m.room.member", bruno.user_id()).await?.context("a member")?;
        assert_eq!(member.get("avatar_url").and_then(Value::as_str), None);
        // What the hospital gives stays, also when the person changes something else.
        let given = uploaded(&ward.bot, "a.png", "image/png", PNG).await?;
        let account = format!("/_synapse/admin/v2/users/{}", encode(bruno.user_id()));
        ward.bot.put_ok(&account, json!({"avatar_url": given})).await?;
        let name = format!("/_matrix/client/v3/profile/{}/displayname", encode(bruno.user_id()));
        bruno.put_ok(&name, json!({"displayname": "Bruno"})).await?;
        let profile = bruno.get_ok(&format!("/_matrix/client/v3/profile/{}", encode(bruno.user_id()))).await?;
        assert_eq!(profile["avatar_url"], json!(given));
    }
    Ok(())
}

#[tokio::test]
async fn one_person_cannot_fill_the_store_and_all_together_neither() -> anyhow::Result<()> {
    for release in RELEASES {
        let ward = Ward::start(release, json!({"limit": "1M", "per_person_and_day": "300K"})).await?;
        let (ana, bruno) = (ward.person("ana").await?, ward.person("bruno").await?);
        // The older release knows no refusal before the file is there.
        let too_much = if ward.is_oldest() { BAD_CONTENT } else { (413, "M_TOO_LARGE") };
        let file = [PDF, &[b'x'; 100 << 10]].concat();
        for _ in 0..2 {
            uploaded(&ana, "a.pdf", "application/pdf", &file).await?;
        }
        refused("the third of the day", ana.upload("a.pdf", "application/pdf", file.clone()).await?, too_much);
        uploaded(&bruno, "a.pdf", "application/pdf", &file).await?;
        // The bot has no quota, but the store has a bound.
        let mut stored = 3;
        let answer = loop {
            let (status, answer) = ward.bot.upload("a.pdf", "application/pdf", file.clone()).await?;
            if status != 200 || stored > 20 {
                break (status, answer);
            }
            stored += 1;
        };
        refused("into a full store", answer, too_much);
        assert_eq!(stored, 10, "files of a little more than 100 KB in 1 MB");
        let metrics = ward.metrics().await?;
        assert!(metrics.contains("equipemed_media_store_limit_bytes 1.048576e+06"), "{metrics}");
        for reason in ["quota", "full"] {
            assert!(
                metrics.contains(&format!("equipemed_media_refused_total{{reason=\"{reason}\"}} 1.0")),
                "{metrics}"
            );
        }
        // Sums are kept over a restart; text and rooms go on.
        ward.synapse().stop().await?;
        let log = std::fs::read_to_string(ward.synapse().folder().join("homeserver.log"))?;
        assert!(log.contains("The media store holds"), "no warning:\n{log}");
        let ours: Vec<&str> = log.lines().filter(|line| line.contains("equipemed_policy")).collect();
        assert!(ours.iter().all(|line| !line.contains('@')), "{ours:?}");
        ward.synapse().start_again().await?;
        refused("after a restart", bruno.upload("a.pdf", "application/pdf", file).await?, too_much);
        refused("the quota after a restart", ana.upload("a.txt", "text/plain", vec![b'x'; 60 << 10]).await?, too_much);
        let room = ward.room(&[&ana]).await?;
        ana.send_text(&room, "bom dia").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_quarantined_is_refused() -> anyhow::Result<()> {
    for release in RELEASES {
        let ward = Ward::shared(release).await?;
        let ana = ward.person("ana").await?;
        let room = ward.room(&[&ana]).await?;
        // Synapse quarantines by content: the picture of the other tests must not be hit.
        let content = [PNG, b"quarantined".as_slice()].concat();
        let address = uploaded(&ana, "a.png", "image/png", &content).await?;
        let id = address.trim_start_matches("mxc://").to_owned();
        ward.administrator.post_ok(&format!("/_synapse/admin/v1/media/quarantine/{id}"), json!({})).await?;
        let picture = json!({"msgtype": "m.image", "body": "a.png", "url": address, "info": {"mimetype": "image/png"}});
        refused("quarantined", super::send(&ana, &room, "m.room.message", picture).await?, FORBIDDEN);
    }
    Ok(())
}
