//! The listener: health for whoever watches, and Synapse's questions for whoever has the hs_token.

use anyhow::Result;
use equipemed_bot::inbound;
use equipemed_bot::store::Store;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::store::scratch;

#[tokio::test]
async fn synapse_is_answered_and_nobody_else() -> Result<()> {
    let folder = scratch()?;
    let store = Store::open(&format!("sqlite://{}", folder.path().join("store.db").display())).await?;
    let listener = inbound::listen("127.0.0.1:0".parse()?).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let stop = CancellationToken::new();
    let answering = tokio::spawn({
        let stop = stop.clone();
        async move { inbound::answer(listener, store, &SecretString::from("the hs_token"), stop).await }
    });
    let http = reqwest::Client::new();
    let ask = async |method: reqwest::Method, path: &str, token: Option<&str>| -> Result<u16> {
        let request = http.request(method, format!("{base}{path}")).body("{\"events\":[]}");
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        Ok(request.send().await?.status().as_u16())
    };
    let (put, get, post) = (reqwest::Method::PUT, reqwest::Method::GET, reqwest::Method::POST);

    let transaction = "/_matrix/app/v1/transactions/1";
    assert_eq!(ask(put.clone(), transaction, None).await?, 401);
    assert_eq!(ask(put.clone(), transaction, Some("the as_token")).await?, 403);
    assert_eq!(ask(put.clone(), transaction, Some("the hs_token")).await?, 200);
    assert_eq!(ask(post, "/_matrix/app/v1/ping", Some("the hs_token")).await?, 200);
    assert_eq!(ask(get.clone(), "/_matrix/app/v1/users/@x:h", Some("the hs_token")).await?, 404);
    assert_eq!(ask(get.clone(), "/_matrix/app/v1/rooms/%23x:h", None).await?, 401);
    assert_eq!(ask(get.clone(), "/health", None).await?, 200);
    assert_eq!(ask(get, "/ready", None).await?, 200);

    stop.cancel();
    answering.await?
}
