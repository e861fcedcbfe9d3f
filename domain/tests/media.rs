//! Which files are accepted, as tables: what a client says about a file, and what becomes of it.

use equipemed_domain::media::{Accepted, FileKind, Refused, files_in};
use serde_json::{Value, json};

const FILE: &str = "mxc://hospital.example/abc";

fn kind(kind: FileKind) -> Option<Refused> {
    Some(Refused::Kind(kind))
}

/// A message of this type with a file of this name and media type.
fn message(msgtype: &str, name: &str, media: Option<&str>) -> Value {
    let mut content = json!({"msgtype": msgtype, "body": name, "url": FILE, "info": {"size": 5}});
    if let Some(media) = media {
        content["info"]["mimetype"] = json!(media);
    }
    content
}

fn judged(content: &Value) -> Option<Refused> {
    Accepted::default().refuses("m.room.message", content)
}

#[test]
fn a_file_is_accepted_by_its_type_if_name_and_message_agree() {
    let contradictory = Some(Refused::Contradictory);
    let table: &[(&str, &str, &str, Option<Refused>)] = &[
        ("m.image", "raio-x.png", "image/png", None),
        ("m.image", "FOTO.JPG", "image/jpeg", None),
        ("m.image", "foto.png", "image/jpeg", None),
        ("m.image", "image", "image/webp", None),
        ("m.image", "Foto 12.03.2026", "image/heic", None),
        ("m.image", "foto.png", "IMAGE/PNG; charset=utf-8", None),
        ("m.file", "laudo.pdf", "application/pdf", None),
        ("m.file", "lista.csv", "text/plain", None),
        ("m.file", "Dr. Ana Souza", "application/pdf", None),
        ("m.audio", "Voice message.ogg", "audio/ogg; codecs=opus", None),
        ("m.audio", "gravacao.mp4", "audio/mp4", None),
        ("m.audio", "gravacao.m4a", "audio/x-m4a", None),
        ("m.file", "setup.exe", "application/x-msdownload", kind(FileKind::Program)),
        ("m.file", "setup.exe", "application/octet-stream", kind(FileKind::Program)),
        ("m.file", "exames.zip", "application/zip", kind(FileKind::Archive)),
        ("m.file", "exames.ZIP", "application/x-zip-compressed", kind(FileKind::Archive)),
        (
            "m.file",
            "escala.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            kind(FileKind::Office),
        ),
        ("m.file", "tabela.xls", "application/vnd.ms-excel", kind(FileKind::Office)),
        ("m.file", "laudo.pdf", "application/octet-stream", Some(Refused::Untyped)),
        ("m.file", "dados.xyz", "application/octet-stream", kind(FileKind::Other)),
        ("m.file", "a.csv", "text/csv", kind(FileKind::Text)),
        ("m.file", "a.js", "text/javascript", kind(FileKind::Program)),
        ("m.video", "filme.mp4", "video/mp4", kind(FileKind::Video)),
        ("m.file", "filme.mp4", "video/mp4", kind(FileKind::Video)),
        ("m.image", "logo.svg", "image/svg+xml", kind(FileKind::Svg)),
        ("m.image", "logo", "image/svg", kind(FileKind::Svg)),
        ("m.image", "logo.svg", "image/png", kind(FileKind::Svg)),
        ("m.file", "pagina.html", "text/html", kind(FileKind::Html)),
        ("m.file", "pagina.html", "text/plain", kind(FileKind::Html)),
        ("m.file", "pagina", "application/xhtml+xml", kind(FileKind::Html)),
        ("m.image", "virus.exe", "image/png", contradictory),
        ("m.image", "virus.png.exe", "image/png", contradictory),
        ("m.image", "virus.exe. ", "image/png", contradictory),
        ("m.image", "virus.exe\u{200B}", "image/png", contradictory),
        ("m.file", "laudo.exe", "application/pdf", contradictory),
        ("m.file", "laudo.docm", "application/pdf", contradictory),
        ("m.file", "nota.bat", "text/plain", contradictory),
        ("m.file", "\u{202E}gnp.exe", "image/png", contradictory),
        ("m.file", "foto-\u{202E}exe.png", "image/png", contradictory),
        ("m.image", "laudo.pdf", "application/pdf", contradictory),
        ("m.image", "x", "application/x-msdownload", kind(FileKind::Program)),
        ("m.audio", "x", "image/png", contradictory),
        ("m.video", "x", "audio/mp4", contradictory),
        ("m.file", "x", "não é um tipo", Some(Refused::Untyped)),
        ("m.file", "x", "", Some(Refused::Untyped)),
        ("org.example.file", "a.exe", "application/x-msdownload", kind(FileKind::Program)),
        ("m.text", "a.exe", "application/x-msdownload", kind(FileKind::Program)),
    ];
    for (msgtype, name, media, wanted) in table {
        assert_eq!(judged(&message(msgtype, name, Some(media))), *wanted, "{msgtype} {name:?} {media}");
    }
    for msgtype in ["m.image", "m.file", "m.audio", "m.video"] {
        assert_eq!(judged(&message(msgtype, "foto.png", None)), Some(Refused::Untyped), "{msgtype}");
    }
}

#[test]
fn a_caption_is_no_name() {
    let mut captioned = message("m.image", "veja o setup.exe", Some("image/png"));
    assert_eq!(judged(&captioned), Some(Refused::Contradictory));
    captioned["filename"] = json!("foto.png");
    assert_eq!(judged(&captioned), None);
    captioned["filename"] = json!("foto.exe");
    assert_eq!(judged(&captioned), Some(Refused::Contradictory));
}

#[test]
fn what_holds_no_file_is_nobodys_business() {
    for content in [
        json!({"msgtype": "m.text", "body": "mxc://hospital.example/abc e setup.exe"}),
        json!({"msgtype": "m.text", "body": "x", "url": "https://example.org/setup.exe"}),
        json!({"msgtype": "m.text", "body": "x", "formatted_body": "mxc://h/x &lt;img src=\"mxc://h/x\"&gt;"}),
        json!({"msgtype": "m.text", "body": "x", "formatted_body": "<img src=\"https://h/x\"> mxc://h/x"}),
        json!({"msgtype": "m.location", "body": "UTI", "geo_uri": "geo:1,2"}),
        json!({"msgtype": "m.file", "body": "setup.exe"}),
        json!({"msgtype": "dm.filament.gallery", "body": "", "itemtypes": []}),
        json!({"msgtype": 5, "url": 7, "info": "x", "file": "x", "itemtypes": {}, "m.new_content": []}),
        json!({"m.new_content": {"msgtype": "m.text", "body": "bom dia"}}),
        json!([]),
    ] {
        assert_eq!(judged(&content), None, "{content}");
    }
}

#[test]
fn a_file_is_found_wherever_a_message_may_hold_one() {
    let program = message("m.file", "a.exe", Some("application/x-msdownload"));
    let picture = message("m.image", "a.png", Some("image/png"));
    let edit = |before: &Value, after: &Value| {
        let mut edit = before.clone();
        edit["m.new_content"] = after.clone();
        edit
    };
    assert_eq!(judged(&edit(&picture, &picture)), None);
    assert_eq!(judged(&edit(&picture, &program)), kind(FileKind::Program));
    assert_eq!(judged(&edit(&program, &picture)), kind(FileKind::Program));
    assert_eq!(judged(&edit(&json!({"msgtype": "m.text", "body": "*"}), &program)), kind(FileKind::Program));
    let item = |content: &Value| {
        let mut item = content.clone();
        item["itemtype"] = item["msgtype"].take();
        item
    };
    let gallery = |items: &[Value]| json!({"msgtype": "dm.filament.gallery", "body": "x", "itemtypes": items});
    assert_eq!(judged(&gallery(&[item(&picture), item(&picture)])), None);
    assert_eq!(judged(&gallery(&[item(&picture), item(&program)])), kind(FileKind::Program));
    assert_eq!(judged(&edit(&picture, &gallery(&[item(&program)]))), kind(FileKind::Program));
    let voice = |media: &str| {
        let file = json!({"url": FILE, "name": "Voice message.ogg", "mimetype": media, "size": 5});
        let mut voice = message("m.audio", "Voice message", Some("audio/ogg"));
        voice["org.matrix.msc1767.file"] = file;
        voice["org.matrix.msc3245.voice"] = json!({});
        voice
    };
    assert_eq!(judged(&voice("audio/ogg")), None);
    assert_eq!(judged(&voice("application/zip")), kind(FileKind::Archive));
    let inline = json!({"msgtype": "m.text", "body": "x", "formatted_body": "<p><IMG alt='' src='mxc://h/x'></p>"});
    assert_eq!(judged(&inline), Some(Refused::Untyped));
}

#[test]
fn what_is_encrypted_can_be_anything() {
    let mut encrypted = message("m.image", "a.png", Some("image/png"));
    encrypted["url"].take();
    encrypted["file"] = json!({"url": FILE, "key": {}});
    assert_eq!(judged(&encrypted), Some(Refused::Encrypted));
    let mut preview = message("m.image", "a.png", Some("image/png"));
    preview["info"]["thumbnail_file"] = json!({"url": FILE});
    assert_eq!(judged(&preview), Some(Refused::Encrypted));
}

#[test]
fn a_preview_is_a_picture() {
    let mut image = message("m.image", "a.png", Some("image/png"));
    image["info"]["thumbnail_url"] = json!(FILE);
    assert_eq!(judged(&image), None);
    for (media, wanted) in [
        (json!("image/jpeg"), None),
        (json!("image/svg+xml"), kind(FileKind::Svg)),
        (json!("application/pdf"), Some(Refused::Contradictory)),
        (json!(5), Some(Refused::Untyped)),
    ] {
        image["info"]["thumbnail_info"] = json!({"mimetype": media});
        assert_eq!(judged(&image), wanted, "{media}");
        let place = json!({"msgtype": "m.location", "body": "UTI", "geo_uri": "geo:1,2", "info": image["info"]});
        assert_eq!(judged(&place), wanted, "{media}");
    }
}

#[test]
fn stickers_pictures_of_rooms_and_reactions_are_pictures() {
    let accepted = Accepted::default();
    for event in ["m.sticker", "m.room.avatar"] {
        for (media, wanted) in [
            (json!({"mimetype": "image/png"}), None),
            (json!({"mimetype": "image/svg+xml"}), kind(FileKind::Svg)),
            (json!({"mimetype": "application/pdf"}), Some(Refused::Contradictory)),
            (json!({}), Some(Refused::Untyped)),
        ] {
            let content = json!({"body": "x", "url": FILE, "info": media});
            assert_eq!(accepted.refuses(event, &content), wanted, "{event} {media}");
        }
        assert_eq!(accepted.refuses(event, &json!({})), None);
    }
    let reaction = |key: &str| json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": "$e", "key": key}});
    assert_eq!(accepted.refuses("m.reaction", &reaction("👍")), None);
    assert_eq!(accepted.refuses("m.reaction", &reaction(FILE)), Some(Refused::Untyped));
}

#[test]
fn the_configuration_may_accept_more_but_never_what_runs_programs_in_a_browser() {
    let all = Accepted::new(vec!["*/*".parse().expect("a range")]);
    let judged = |msgtype, name, media| all.refuses("m.room.message", &message(msgtype, name, Some(media)));
    for (msgtype, name, media) in [
        ("m.video", "filme.mp4", "video/mp4"),
        ("m.file", "exames.zip", "application/zip"),
        ("m.file", "setup.exe", "application/octet-stream"),
        ("m.file", "imagem.dcm", "application/dicom"),
    ] {
        assert_eq!(judged(msgtype, name, media), None, "{media}");
    }
    for media in ["image/svg+xml", "image/svg", "text/html", "application/xhtml+xml", "text/xml"] {
        assert!(judged("m.file", "x", media).is_some(), "{media}");
    }
    let only = Accepted::new(vec!["image/png".parse().expect("a type")]);
    assert!(only.takes_picture("image/png") && !only.takes_picture("image/gif") && !all.takes_picture("text/plain"));
}

#[test]
fn the_files_of_a_message_are_all_found() {
    let file = |id: &str| format!("mxc://hospital.example/{id}");
    let content = json!({
        "body": format!("{} não", file("said")), "url": file("one"),
        "info": {"thumbnail_url": file("two"), "thumbnail_file": {"url": file("three")}},
        "m.new_content": {"itemtypes": [{"url": file("four")}, {"url": "mxc://broken"}, {"url": "https://x/y"}]},
    });
    let found: Vec<String> = files_in(&content).iter().map(ToString::to_string).collect();
    assert_eq!(found, ["four", "one", "three", "two"].map(file));
    let many: Vec<String> = (0..90).map(|number| file(&number.to_string())).collect();
    assert_eq!(files_in(&json!(many)).len(), 50);
    let mut deep = json!(FILE);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    assert!(files_in(&deep).is_empty());
}
