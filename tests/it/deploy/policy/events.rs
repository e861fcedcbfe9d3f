//! Which files events may refer to.

use equipemed_testbed::Client;
use equipemed_testbed::client::encode;
use equipemed_testbed::rooms::room_path;
use serde_json::{Value, json};

use super::files::{PDF, PNG, VOICE, uploaded};
use super::{FORBIDDEN, RELEASES, Ward, chat, put_state, refused, send};

fn message(kind: &str, name: &str, url: &str, media_type: &str) -> Value {
    json!({"msgtype": kind, "body": name, "url": url, "info": {"mimetype": media_type, "size": 1}})
}

#[tokio::test]
async fn text_pictures_pdfs_sounds_and_voice_messages_pass() -> anyhow::Result<()> {
    for release in RELEASES {
        let ward = Ward::shared(release).await?;
        let (ana, bruno) = (ward.person("ana").await?, ward.person("bruno").await?);
        let room = chat(&ana, &bruno).await?;
        let managed = ward.room(&[&ana]).await?;
        let png = uploaded(&ana, "a.png", "image/png", PNG).await?;
        let pdf = uploaded(&ana, "a.pdf", "application/pdf", PDF).await?;
        let sound = uploaded(&ana, "a.ogg", "audio/ogg; codecs=opus", VOICE).await?;
        let text = uploaded(&ana, "a.txt", "text/plain", b"12 leitos").await?;
        let mut picture = message("m.image", "a.png", &png, "image/png");
        picture["info"]["thumbnail_url"] = json!(png);
        picture["info"]["thumbnail_info"] = json!({"mimetype": "image/png"});
        let mut voice = message("m.audio", "Voice message.ogg", &sound, "audio/ogg");
        voice["org.matrix.msc3245.voice"] = json!({});
        voice["org.matrix.msc1767.file"] = json!({"url": sound, "mimetype": "audio/ogg", "name": "Voice message.ogg"});
        let html = format!("<b>ver</b> <img src=\"{png}\">");
        for content in [
            json!({"msgtype": "m.text", "body": "12 leitos"}),
            json!({"msgtype": "m.text", "body": "x", "format": "org.matrix.custom.html", "formatted_body": html}),
            picture,
            message("m.file", "a.pdf", &pdf, "application/pdf"),
            message("m.file", "a.txt", &text, "text/plain"),
            message("m.audio", "a.ogg", &sound, "audio/ogg"),
            voice,
        ] {
            for room in [&room, &managed] {
                let (status, answer) = send(&ana, room, "m.room.message", content.clone()).await?;
                assert_eq!(status, 200, "{content}: {answer}");
            }
        }
        let sticker = json!({"body": "x", "url": png, "info": {"mimetype": "image/png"}});
        assert_eq!(send(&ana, &room, "m.sticker", sticker).await?.0, 200);
        assert_eq!(put_state(&ana, &managed, "m.room.avatar", json!({"url": png})).await?.0, 200);
    }
    Ok(())
}

/// Contents with a file that must not be sent, and the type of their event.
fn wrong(own: &str, pdf: &str, lying: &str) -> Vec<(&'static str, &'static str, Value)> {
    const TEXT: &str = "m.room.message";
    let unknown = "mxc://hospital.example/AAAAAAAAAAAAAAAAAAAAAAAA";
    let picture = |url: &str| message("m.image", "a.png", url, "image/png");
    let with = |info: Value| json!({"msgtype": "m.image", "body": "a.png", "url": own, "info": info});
    let encrypted = json!({"msgtype": "m.file", "body": "x", "file": {"url": own, "v": "v2"}});
    let html = |url: &str| {
        let html = format!("<img src=\"{url}\">");
        json!({"msgtype": "m.text", "body": "x", "format": "org.matrix.custom.html", "formatted_body": html})
    };
    let edit = |to: Value| json!({"msgtype": "m.text", "body": "* x", "m.new_content": to});
    vec![
        ("a file that is not there", TEXT, picture(unknown)),
        ("a file of another server", TEXT, picture("mxc://elsewhere.example/AAAAAAAAAAAAAAAAAAAAAAAA")),
        ("a path through one's own file", TEXT, picture(&format!("{own}/../AAAA"))),
        ("a query", TEXT, picture(&format!("{own}?x"))),
        ("an edit", TEXT, edit(picture(unknown))),
        ("a picture in HTML", TEXT, html(unknown)),
        ("a hidden picture in HTML", TEXT, html(&unknown.replace(':', "&#58;"))),
        ("an unknown key", TEXT, json!({"msgtype": "m.text", "body": "x", "org.example": {"deep": [unknown]}})),
        ("a sticker", "m.sticker", json!({"body": "x", "url": unknown, "info": {"mimetype": "image/png"}})),
        ("a sticker that is no picture", "m.sticker", json!({"body": "x", "url": pdf, "info": {}})),
        ("a reaction", "m.reaction", json!({"m.relates_to": {"key": unknown}})),
        ("a thumbnail that is no picture", TEXT, with(json!({"mimetype": "image/png", "thumbnail_url": pdf}))),
        ("another type in the event", TEXT, message("m.file", "a.png", pdf, "image/png")),
        ("a PDF as a picture", TEXT, picture(pdf)),
        ("a PDF called a PDF as a picture", TEXT, message("m.image", "a.pdf", pdf, "application/pdf")),
        ("another type at the upload", TEXT, picture(lying)),
        ("another type at the upload, true here", TEXT, message("m.file", "a.pdf", lying, "application/pdf")),
        ("no type", TEXT, with(json!({}))),
        ("no file", TEXT, json!({"msgtype": "m.file", "body": "a.png", "info": {"mimetype": "image/png"}})),
        ("video", TEXT, message("m.video", "a.mp4", own, "video/mp4")),
        ("video as a file", TEXT, message("m.file", "a.mp4", own, "video/mp4")),
        ("a name that runs", TEXT, message("m.file", "a.png.exe", own, "image/png")),
        ("an encrypted file", TEXT, encrypted.clone()),
        ("an encrypted edit", TEXT, edit(encrypted)),
        ("an encrypted thumbnail", TEXT, with(json!({"mimetype": "image/png", "thumbnail_file": {"url": own}}))),
    ]
}

#[tokio::test]
async fn whatever_hides_a_file_that_is_not_ones_own_or_not_what_it_says_is_refused() -> anyhow::Result<()> {
    for release in RELEASES {
        let ward = Ward::shared(release).await?;
        let (ana, bruno) = (ward.person("ana").await?, ward.person("bruno").await?);
        let room = chat(&ana, &bruno).await?;
        let managed = ward.room(&[&ana, &bruno]).await?;
        let own = uploaded(&ana, "a.png", "image/png", PNG).await?;
        let pdf = uploaded(&ana, "a.pdf", "application/pdf", PDF).await?;
        let lying = uploaded(&ana, "a.png", "image/png", PDF).await?;
        for (name, kind, content) in wrong(&own, &pdf, &lying) {
            refused(name, send(&ana, &room, kind, content.clone()).await?, FORBIDDEN);
            refused(name, send(&ana, &managed, kind, content).await?, FORBIDDEN);
        }
        let named = uploaded(&ana, "a.bat", "text/plain", b"del *.*").await?;
        let script = message("m.file", "a.txt", &named, "text/plain");
        refused("a script's name at the upload", send(&ana, &room, "m.room.message", script).await?, FORBIDDEN);
        let text = uploaded(&ana, "a.txt", "text/plain", b"del *.*").await?;
        for names in dangerous() {
            let mut content = message("m.file", "a.txt", &text, "text/plain");
            for (field, value) in names.as_object().into_iter().flatten() {
                content[field] = value.clone();
            }
            refused(&names.to_string(), send(&ana, &room, "m.room.message", content).await?, FORBIDDEN);
        }
        somebody_elses(&ana, &bruno, &room, &managed, &own).await?;
    }
    Ok(())
}

/// Names under which a file is offered that does something when it is opened.
fn dangerous() -> Vec<Value> {
    let mut all: Vec<Value> = ["", " "].map(|empty| json!({"body": "a.bat", "filename": empty})).to_vec();
    all.extend([json!({"body": "a.bat", "filename": null}), json!({"body": "a.bat", "filename": 1})]);
    all.extend(["M.FILE", "m.video2", "x"].map(|kind| json!({"msgtype": kind, "body": "a.bat"})));
    let ends = ["\u{200e}", "\u{200b}", "/", ":", " ."];
    all.extend(ends.map(|end| json!({"filename": format!("a.bat{end}")})));
    all.extend(["rdp", "iqy", "jnlp", "search-ms"].map(|ending| json!({"filename": format!("a.{ending}")})));
    all
}

/// `own` is `ana`'s, and `bruno` has seen it: forwarding it is refused, in every form.
async fn somebody_elses(ana: &Client, bruno: &Client, room: &str, managed: &str, own: &str) -> anyhow::Result<()> {
    let picture = message("m.image", "a.png", own, "image/png");
    assert_eq!(send(ana, room, "m.room.message", picture.clone()).await?.0, 200);
    let original = ana.send_text(room, "x").await?;
    refused("forwarded", send(bruno, room, "m.room.message", picture.clone()).await?, FORBIDDEN);
    let relation = json!({"rel_type": "m.replace", "event_id": original});
    let edit = json!({"msgtype": "m.text", "body": "* x", "m.new_content": picture, "m.relates_to": relation});
    refused("in an edit", send(bruno, room, "m.room.message", edit).await?, FORBIDDEN);
    refused("as the room's picture", put_state(bruno, managed, "m.room.avatar", json!({"url": own})).await?, FORBIDDEN);
    let (status, seen) = send(bruno, room, "m.room.message", json!({"msgtype": "m.text", "body": "bom dia"})).await?;
    assert_eq!(status, 200, "{seen}");
    Ok(())
}

#[tokio::test]
async fn a_membership_set_as_state_holds_no_other_file_either() -> anyhow::Result<()> {
    // The older release asks no module here; there as here, the picture itself comes from the profile alone.
    let ward = Ward::shared(RELEASES[0]).await?;
    let (ana, bruno) = (ward.person("ana").await?, ward.person("bruno").await?);
    let room = chat(&ana, &bruno).await?;
    let own = uploaded(&ana, "a.png", "image/png", PNG).await?;
    let path = room_path(&room, &format!("state/m.room.member/{}", encode(bruno.user_id())));
    let answer = bruno.put(&path, json!({"membership": "join", "avatar_url": own})).await?;
    refused("a picture of somebody else", answer, FORBIDDEN);
    assert_eq!(bruno.put(&path, json!({"membership": "join", "displayname": "x"})).await?.0, 200);
    Ok(())
}
