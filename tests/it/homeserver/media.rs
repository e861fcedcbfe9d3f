//! Files: who uploaded one, and what a quarantine reaches.

use equipemed_bot::homeserver::HomeserverError;
use equipemed_testbed::proxy::{Fault, Rule};
use equipemed_testbed::{Client, random_hex};
use ruma_common::OwnedMxcUri;
use serde_json::json;

use super::Place;

#[tokio::test]
async fn a_quarantine_reaches_every_upload_of_the_same_bytes() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let clients = [
        Client::create(place.seat.synapse, &place.seat.name("ana")).await?,
        Client::create(place.seat.synapse, &place.seat.name("rui")).await?,
    ];
    let bytes = random_hex(16)?.into_bytes();
    let mut addresses = Vec::new();
    for client in &clients {
        addresses.push(OwnedMxcUri::from(client.upload_ok("image/png", bytes.clone()).await?));
    }
    let (server, id) = addresses[0].parts()?;
    let detail = place.reader.file(server, id).await?.expect("it was uploaded");
    assert_eq!(
        (detail.uploader.as_deref(), detail.media_type.as_deref()),
        (Some(&*place.user("ana")?), Some("image/png"))
    );
    assert!(!detail.is_quarantined && !detail.is_protected);

    // A lost response: it is asked again, and twice is as good as once.
    place.proxy.add_rule(Rule::new("/media/quarantine/", Fault::CutAfterForward).once());
    place.writer.quarantine(server, id).await?;
    place.writer.quarantine(server, id).await?;
    for address in &addresses {
        let (server, id) = address.parts()?;
        assert!(place.reader.file(server, id).await?.is_some_and(|file| file.is_quarantined), "{address}");
        assert!(!clients[0].reaches(address.as_str()).await?, "{address}");
    }
    assert_eq!(place.reader.file(server, "nothing").await?, None);
    // An older Synapse has no such endpoint, which does not mean that there is no such file.
    let unknown = json!({"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"});
    place.proxy.add_rule(Rule::new("/admin/v1/media/", Fault::Status(404, unknown)));
    let error = place.reader.file(server, id).await.expect_err("it cannot tell");
    assert!(matches!(error, HomeserverError::Refused { status: 404, .. }), "{error:?}");
    Ok(())
}
