//! Accounts: create, find, link, lock, deactivate and back.

use equipemed_bot::homeserver::{
    Administrator, Done, Endpoint, HomeserverError, Patience, Reader, WritePermit, Writer, is_temporary_administrator,
};
use equipemed_domain::action::ExternalId;
use equipemed_domain::email::digest_of_address;
use equipemed_testbed::pool::seat;
use equipemed_testbed::proxy::{Fault, Rule};
use equipemed_testbed::{Client, Proxy};
use tokio_util::sync::CancellationToken;

use super::{Place, connection};

fn external(id: &str) -> ExternalId {
    ExternalId { provider: "oidc-equipemed".to_owned(), id: id.to_owned() }
}

#[tokio::test]
async fn an_account_is_made_with_its_external_id_and_no_password() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let id = external(&place.seat.name("p1"));
    let ana = place.user("ana")?;
    assert_eq!(place.reader.account(&ana).await?, None);
    assert_eq!(place.reader.holder_of(&id).await?, None);
    assert_eq!(place.writer.make_account(&ana).await?, Done::Changed);
    let bare = place.reader.account(&ana).await?.expect("exists");
    assert_eq!((bare.external_ids.len(), bare.has_threepids, bare.last_seen), (0, false, None));
    assert!(!place.reader.has_devices(&ana).await?);
    let (created, now) = (bare.created.expect("an instant"), place.reader.traffic().server_time().expect("a date"));
    assert!(now.duration_since(created).as_secs().abs() < 60, "{created} is long before {now}");
    assert_eq!(place.writer.introduce_account(&ana, "Ana", Some(&id)).await?, Done::Changed);
    // Creating it again leaves it as it is.
    assert_eq!(place.writer.make_account(&ana).await?, Done::Already);

    let sent = place.proxy.recorded().into_iter().filter(|request| request.method == "PUT");
    assert!(sent.map(|request| request.body.expect("a body")).all(|body| body.get("password").is_none()));
    assert_eq!(place.reader.holder_of(&id).await?.as_ref(), Some(&ana));
    let detail = place.reader.account(&ana).await?.expect("exists");
    assert_eq!(detail.observed.display_name.as_deref(), Some("Ana"));
    assert_eq!(detail.external_ids, std::slice::from_ref(&id));

    // An external id of somebody else is refused with its holder.
    let rui = place.account("rui").await?;
    let taken = HomeserverError::Taken { holder: Some(ana.clone()) };
    assert_eq!(place.writer.link_external_id(&rui, &id).await, Err(taken));
    // Ids of other providers stay.
    let other = ExternalId { provider: "oidc-other".to_owned(), id: place.seat.name("q") };
    assert_eq!(place.writer.link_external_id(&ana, &other).await?, Done::Changed);
    assert_eq!(place.writer.link_external_id(&ana, &other).await?, Done::Already);
    let ids = place.reader.account(&ana).await?.expect("exists").external_ids;
    assert!(ids.contains(&id) && ids.contains(&other), "{ids:?}");
    Ok(())
}

#[tokio::test]
async fn nobody_is_asked_for_by_nothing() -> anyhow::Result<()> {
    let place = Place::new().await?;
    place.proxy.take_recorded();
    assert!(place.reader.holder_of(&external("")).await.is_err());
    assert!(place.reader.holder_of_address("").await.is_err());
    assert!(place.proxy.take_recorded().is_empty());
    Ok(())
}

#[tokio::test]
async fn who_lost_an_external_id_is_not_named_as_its_holder() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let (ana, rui) = (place.account("ana").await?, place.account("rui").await?);
    let (first, second) = (external(&place.seat.name("first")), external(&place.seat.name("second")));
    place.writer.link_external_id(&ana, &first).await?;
    assert_eq!(place.reader.holder_of(&first).await?.as_ref(), Some(&ana));
    // Synapse keeps naming her for the old id.
    place.writer.link_external_id(&ana, &second).await?;
    assert_eq!(place.reader.holder_of(&first).await?, None);
    place.writer.link_external_id(&rui, &first).await?;
    assert_eq!(place.reader.holder_of(&first).await?.as_ref(), Some(&rui));
    Ok(())
}

#[tokio::test]
async fn an_e_mail_address_replaces_the_one_given_before_and_no_other() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let (ana, rui) = (place.account("ana").await?, place.account("rui").await?);
    let address = |name: &str| format!("{}@hospital.example", place.seat.name(name));
    let (first, second, own) = (address("first"), address("second"), address("own"));
    assert_eq!(place.reader.holder_of_address(&first).await?, None);
    assert_eq!(place.writer.set_email(&ana, &first, None).await?, Done::Changed);
    assert_eq!(place.writer.set_email(&ana, &first, None).await?, Done::Already);
    assert_eq!(place.reader.holder_of_address(&first).await?.as_ref(), Some(&ana));
    // Without a record that this service gave the old address, it is kept, because it may be the person's own.
    assert_eq!(place.writer.set_email(&ana, &own, None).await?, Done::Changed);
    assert_eq!(place.writer.set_email(&ana, &second, Some(&digest_of_address(&first))).await?, Done::Changed);
    assert_eq!(place.reader.holder_of_address(&first).await?, None);
    assert_eq!(place.reader.holder_of_address(&own).await?.as_ref(), Some(&ana));
    assert_eq!(place.reader.holder_of_address(&second).await?.as_ref(), Some(&ana));
    // Synapse moves an address without an error, so its holder is looked up first.
    assert_eq!(place.writer.set_email(&rui, &second, None).await?, Done::Changed);
    assert_eq!(place.reader.holder_of_address(&second).await?.as_ref(), Some(&rui));
    // Deactivation removes the address.
    place.writer.deactivate(&rui).await?;
    place.writer.reactivate(&rui).await?;
    assert_eq!(place.reader.holder_of_address(&second).await?, None);
    let nobody = place.user("nobody")?;
    let refused = place.writer.set_email(&nobody, &second, None).await;
    assert!(matches!(refused, Err(HomeserverError::NotFound { .. })), "{refused:?}");
    assert_eq!(place.reader.account(&nobody).await?, None, "nobody is made by it");
    Ok(())
}

#[tokio::test]
async fn signing_out_ends_every_session_and_is_done_once_also_after_a_lost_answer() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let ana = place.account("ana").await?;
    assert_eq!(place.writer.sign_out(&ana).await?, Done::Already);
    let phone = Client::create(place.seat.synapse, ana.localpart()).await?;
    let tablet = Client::create(place.seat.synapse, ana.localpart()).await?;
    assert_eq!(place.reader.devices(&ana).await?.ids.len(), 2);
    place.proxy.add_rule(Rule::new("/delete_devices", Fault::CutAfterForward).once());
    assert_eq!(place.writer.sign_out(&ana).await?, Done::Changed);
    assert_eq!(place.reader.devices(&ana).await?.ids.len(), 0);
    for device in [phone, tablet] {
        assert_eq!(device.get("/_matrix/client/v3/account/whoami").await?.0, 401);
    }
    assert_eq!(place.writer.sign_out(&ana).await?, Done::Already);
    let nobody = place.writer.sign_out(&place.user("nobody")?).await;
    assert!(matches!(nobody, Err(HomeserverError::NotFound { .. })), "{nobody:?}");
    Ok(())
}

#[tokio::test]
async fn locking_and_deactivating_can_be_undone_without_a_password() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let ana = place.account("ana").await?;
    let seen = async || anyhow::Ok(place.reader.accounts().await?.remove(&ana).expect("listed"));

    place.writer.lock(&ana).await?;
    assert!(seen().await?.locked);
    place.writer.deactivate(&ana).await?;
    let both = seen().await?;
    assert!(both.deactivated && both.locked, "{both:?}");
    place.writer.reactivate(&ana).await?;
    place.writer.unlock(&ana).await?;
    let back = seen().await?;
    assert!(!back.deactivated && !back.locked, "{back:?}");
    place.writer.set_admin(&ana, true).await?;
    place.writer.set_display_name(&ana, "Ana Maria").await?;
    let named = seen().await?;
    assert!(named.admin);
    assert_eq!(named.display_name.as_deref(), Some("Ana Maria"));
    place.writer.set_admin(&ana, false).await?;
    Ok(())
}

#[tokio::test]
async fn all_accounts_come_by_one_request() -> anyhow::Result<()> {
    let place = Place::new().await?;
    for name in ["ana", "rui", "eva"] {
        place.account(name).await?;
    }
    place.proxy.take_recorded();
    let accounts = place.reader.accounts().await?;
    assert!(accounts.contains_key(&place.user("eva")?) && accounts.contains_key(place.reader.bot()));
    assert_eq!(place.take(Endpoint::Accounts), 1);
    Ok(())
}

#[tokio::test]
async fn a_change_to_nobody_is_noticed() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let nobody = place.user("nobody")?;
    assert!(matches!(place.writer.lock(&nobody).await, Err(HomeserverError::Nonsense { .. })));
    Ok(())
}

#[tokio::test]
async fn setup_makes_the_bot_an_administrator_and_leaves_no_other() -> anyhow::Result<()> {
    let seat = seat().await?;
    let proxy = Proxy::start(&seat.synapse.url()).await?;
    let connection = connection(&seat, &proxy, Patience::COMMAND, &CancellationToken::new())?;
    let reader = Reader::new(connection.clone()).await?;
    assert_eq!(reader.whoami().await?, reader.bot());
    let writer = Writer::new(reader.clone(), WritePermit::for_setup());
    assert_eq!(writer.register_bot().await?, Done::Changed);
    assert_eq!(writer.register_bot().await?, Done::Already);
    assert_eq!(reader.accounts().await, Err(HomeserverError::NotAdmin));

    let wrong = Administrator::temporary(&connection, &"not the secret".into()).await;
    assert!(matches!(wrong, Err(HomeserverError::Refused { status: 403, .. })), "{wrong:?}");
    let administrator = Administrator::temporary(&connection, &seat.synapse.shared_secret().into()).await?;
    administrator.make_admin(reader.bot()).await?;
    administrator.end().await.map_err(|(user, error)| anyhow::anyhow!("{user}: {error}"))?;

    let accounts = reader.accounts().await?;
    assert!(accounts.get(reader.bot()).expect("the bot").admin);
    let temporary: Vec<_> = accounts.iter().filter(|(user, _)| is_temporary_administrator(user)).collect();
    assert!(!temporary.is_empty() && temporary.iter().all(|(_, account)| account.deactivated), "{temporary:?}");
    for request in proxy.recorded() {
        assert!(Endpoint::of(&request.method, &request.path).is_some(), "{} {}", request.method, request.path);
    }
    Ok(())
}
