//! What is said about files that are not accepted, on both databases.

use anyhow::Result;
use equipemed_bot::store::{FileTold, NewDeed, Pace, SERVICE, Store};
use equipemed_domain::announcement::Announcement;
use equipemed_domain::deed::Deed;
use equipemed_domain::key::RoomKey;
use equipemed_domain::media::Refused;
use ruma_common::{EventId, RoomId, UserId, owned_event_id, owned_room_id, user_id};

use super::{at, on_both};

on_both!(a_file_is_told_of_once_an_hour_by_room_sender_and_kind, the_end_of_a_pause_makes_only_files_due);

const HOUR: i64 = 3_600;

async fn a_file_is_told_of_once_an_hour_by_room_sender_and_kind(store: Store) -> Result<()> {
    let content = Announcement::FileSeen {
        room: RoomKey::from("icu"),
        user: user_id!("@ana:h.org").to_owned(),
        why: Refused::Untyped,
        paused: false,
    };
    let mut events = 0;
    let mut told = async |kind, room: &str, sender: &str, second| -> Result<bool> {
        events += 1;
        let (room, sender) = (RoomId::parse(room)?, UserId::parse(sender)?);
        let event = EventId::parse(format!("${events}"))?;
        Ok(store.announce_file(kind, (&room, &sender, &event), &content, at(second)).await?)
    };
    let (icu, ana) = ("!icu:h.org", "@ana:h.org");
    assert!(told(FileTold::Explained, icu, ana, 0).await?);
    assert!(!told(FileTold::Explained, icu, ana, 1).await?);
    assert!(!told(FileTold::Explained, icu, ana, HOUR - 1).await?);
    assert!(told(FileTold::Seen, icu, ana, 2).await?);
    assert!(told(FileTold::SeenPaused, icu, ana, 2).await?);
    assert!(told(FileTold::Stays, icu, ana, 2).await?);
    assert!(told(FileTold::Explained, "!ward:h.org", ana, 2).await?);
    assert!(told(FileTold::Explained, icu, "@bia:h.org", 2).await?);
    assert!(told(FileTold::Explained, icu, ana, HOUR).await?);
    assert!(!told(FileTold::Explained, icu, ana, HOUR + 1).await?);
    assert_eq!(store.announcements_open(100).await?.len(), 7);
    Ok(())
}

async fn the_end_of_a_pause_makes_only_files_due(store: Store) -> Result<()> {
    let deed = |source: &str| NewDeed {
        deed: Deed::Redact {
            room_id: owned_room_id!("!icu:h.org"),
            event_id: owned_event_id!("$event"),
            of: None,
            files: None,
        },
        asker: SERVICE.to_owned(),
        reason: None,
        due_at: at(HOUR),
        source: Some(source.to_owned()),
    };
    let file = store.add_deed(&deed("file $event 0"), at(0)).await?;
    store.add_deed(&deed("hint $event"), at(0)).await?;
    let claimed =
        async |second| store.claim_deeds("one", at(second), std::time::Duration::from_secs(9), (Pace::Quick, 10)).await;
    assert!(claimed(1).await?.is_empty());
    store.hasten_files(at(2)).await?;
    assert_eq!(claimed(2).await?.iter().map(|deed| deed.id).collect::<Vec<_>>(), [file]);
    Ok(())
}
