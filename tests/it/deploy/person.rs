//! What a person may and may not do through nginx, on the whole server. Every rule by itself is tried in `policy`.

use equipemed_testbed::Client;
use equipemed_testbed::client::encode;
use reqwest::Method;
use serde_json::{Value, json};

use super::policy::files::{BAD_CONTENT, PDF, PNG, VIDEO, VOICE};
use super::policy::{FORBIDDEN, refused, send};

fn file(kind: &str, name: &str, address: &Value, media_type: &str) -> Value {
    json!({"msgtype": kind, "body": name, "url": address, "info": {"mimetype": media_type}})
}

/// `ana` and `beto` are colleagues in `ward`, a room of the hospital; `other` is in no room of theirs.
pub(super) async fn works_and_gets_no_further(
    ana: &Client,
    beto: &Client,
    other: &Client,
    ward: &str,
) -> anyhow::Result<()> {
    let encryption = json!({"algorithm": "m.megolm.v1.aes-sha2"});
    let state = [json!({"type": "m.room.encryption", "state_key": "", "content": encryption})];
    let chat = json!({"is_direct": true, "invite": [beto.user_id()], "preset": "trusted_private_chat",
        "initial_state": state});
    let (status, answer) = ana.post("/_matrix/client/v3/createRoom", chat).await?;
    assert_eq!(status, 200, "a direct chat of two, also when encryption is asked for: {answer}");
    let chat = answer["room_id"].as_str().unwrap_or_default().to_owned();
    let of_chat = |rest: &str| format!("/_matrix/client/v3/rooms/{}/{rest}", encode(&chat));
    assert_eq!(beto.post(&of_chat("join"), json!({})).await?.0, 200);
    assert_eq!(ana.get(&of_chat("state/m.room.encryption/")).await?.0, 404, "it is left out");
    passes(ana, &chat).await?;
    files_are_refused(ana, beto, &chat).await?;

    for (what, method, path, body) in [
        ("a room", Method::POST, "/_matrix/client/v3/createRoom".to_owned(), json!({"name": "Minha"})),
        ("an upgrade", Method::POST, of_chat("upgrade"), json!({"new_version": "11"})),
        ("encryption", Method::PUT, of_chat("state/m.room.encryption/"), encryption),
        ("an encrypted message", Method::PUT, of_chat("send/m.room.encrypted/another"), json!({"ciphertext": "x"})),
        (
            "the list",
            Method::PUT,
            format!("/_matrix/client/v3/directory/list/room/{}", encode(&chat)),
            json!({"visibility": "public"}),
        ),
        (
            "an alias",
            Method::PUT,
            format!("/_matrix/client/v3/directory/room/{}", encode("#minha:hospital.example")),
            json!({"room_id": chat}),
        ),
        (
            "into the ward",
            Method::POST,
            format!("/_matrix/client/v3/rooms/{}/invite", encode(ward)),
            json!({"user_id": other.user_id()}),
        ),
    ] {
        refused(what, ana.request(method, &path, Some(body)).await?, FORBIDDEN);
    }
    refused("a knock", other.post(&format!("/_matrix/client/v3/knock/{}", encode(&chat)), json!({})).await?, FORBIDDEN);
    assert_eq!(beto.post(&of_chat("leave"), json!({})).await?.0, 200);
    let third = json!({"user_id": other.user_id()});
    refused("a third, after the second left", ana.post(&of_chat("invite"), third).await?, FORBIDDEN);
    Ok(())
}

async fn passes(ana: &Client, chat: &str) -> anyhow::Result<()> {
    for (kind, name, media_type, content) in [
        ("m.file", "a.txt", "text/plain", "Leito 7: alta".as_bytes()),
        ("m.image", "a.png", "image/png", PNG),
        ("m.file", "a.pdf", "application/pdf", PDF),
        ("m.audio", "a.ogg", "audio/ogg", VOICE),
    ] {
        let (status, stored) = ana.upload(name, media_type, content.to_vec()).await?;
        assert_eq!(status, 200, "{name}: {stored}");
        let mut message = file(kind, name, &stored["content_uri"], media_type);
        if kind == "m.audio" {
            message["org.matrix.msc3245.voice"] = json!({});
        }
        let (status, answer) = send(ana, chat, "m.room.message", message).await?;
        assert_eq!(status, 200, "{name}: {answer}");
    }
    Ok(())
}

async fn files_are_refused(ana: &Client, beto: &Client, chat: &str) -> anyhow::Result<()> {
    for (name, media_type, content) in [
        ("a.mp4", "video/mp4", VIDEO),
        ("a.pdf", "application/pdf", b"MZ\x90\0\x03\0\0\0"),
        ("a.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    ] {
        refused(name, ana.upload(name, media_type, content.to_vec()).await?, BAD_CONTENT);
    }
    let (_, lying) = ana.upload("a.png", "image/png", PDF.to_vec()).await?;
    let picture = file("m.image", "a.png", &lying["content_uri"], "image/png");
    refused("a lying type", send(ana, chat, "m.room.message", picture).await?, FORBIDDEN);
    let (_, hers) = ana.upload("b.png", "image/png", PNG.to_vec()).await?;
    let picture = file("m.image", "b.png", &hers["content_uri"], "image/png");
    refused("somebody else's", send(beto, chat, "m.room.message", picture).await?, FORBIDDEN);
    let (_, pdf) = ana.upload("b.pdf", "application/pdf", PDF.to_vec()).await?;
    let profile = format!("/_matrix/client/v3/profile/{}/avatar_url", encode(ana.user_id()));
    let avatar = json!({"avatar_url": pdf["content_uri"]});
    refused("an avatar that is no picture", ana.put(&profile, avatar).await?, FORBIDDEN);
    Ok(())
}
