//! A plain Matrix client of a person or administrator, to observe the service from outside.
//!
//! It deliberately uses only HTTP and JSON and never retries: a test must see each response.

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, bail};
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Value, json};
use sha1::Sha1;

use crate::Synapse;

/// Localpart of the administrator created by [`Client::administrator`].
pub const ADMINISTRATOR: &str = "testbed_admin";

/// A signed-in account.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    user_id: String,
    token: String,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.url).field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

impl Client {
    /// A server administrator, created with the shared secret at the first call per Synapse.
    pub async fn administrator(synapse: &Synapse) -> anyhow::Result<Self> {
        let token =
            synapse.administrator.get_or_try_init(|| Self::register_administrator(synapse, ADMINISTRATOR)).await?;
        Self::new(&synapse.url(), &synapse.user_id(ADMINISTRATOR), token)
    }

    /// Signs in with a password.
    pub async fn login(synapse: &Synapse, localpart: &str, password: &str) -> anyhow::Result<Self> {
        Self::login_at(&synapse.url(), localpart, password).await
    }

    /// The same for the homeserver at this address, which another process may have started.
    pub async fn login_at(url: &str, localpart: &str, password: &str) -> anyhow::Result<Self> {
        let nobody = Self::new(url, "", "")?;
        let body = json!({
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": localpart},
            "password": password,
        });
        let answer = nobody
            .post_ok("/_matrix/client/v3/login", body)
            .await
            .with_context(|| format!("cannot sign in as {localpart}"))?;
        Self::new(url, text(&answer, "user_id")?, text(&answer, "access_token")?)
    }

    /// Uses an existing token, such as an application service's; `url` may be a proxy's.
    pub fn new(url: &str, user_id: &str, token: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(120)).build()?;
        Ok(Self {
            http,
            url: url.trim_end_matches('/').to_owned(),
            user_id: user_id.to_owned(),
            token: token.to_owned(),
        })
    }

    /// The same by way of a client program that trusts certificates or knows names.
    pub fn through(http: reqwest::Client, url: &str, user_id: &str, token: &str) -> Self {
        Self { http, url: url.trim_end_matches('/').to_owned(), user_id: user_id.to_owned(), token: token.to_owned() }
    }

    /// Creates an account with a password, or another administrator, and signs in.
    pub async fn create(synapse: &Synapse, localpart: &str) -> anyhow::Result<Self> {
        let password = crate::random_hex(12)?;
        let administrator = Self::administrator(synapse).await?;
        administrator.set_password(&synapse.user_id(localpart), &password).await?;
        Self::login(synapse, localpart, &password).await
    }

    async fn register_administrator(synapse: &Synapse, localpart: &str) -> anyhow::Result<String> {
        let password = crate::random_hex(16)?;
        Self::register(&synapse.url(), synapse.shared_secret(), localpart, &password, true).await
    }

    /// Registers an account with the shared secret, as an operator at the machine; returns its access token.
    pub async fn register(
        url: &str,
        secret: &str,
        localpart: &str,
        password: &str,
        is_administrator: bool,
    ) -> anyhow::Result<String> {
        let nobody = Self::new(url, "", "")?;
        let path = "/_synapse/admin/v1/register";
        let nonce = nobody.get_ok(path).await?;
        let nonce = text(&nonce, "nonce")?;
        let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).context("unusable shared secret")?;
        let kind = if is_administrator { "admin" } else { "notadmin" };
        mac.update([nonce, localpart, password, kind].join("\0").as_bytes());
        let mac = crate::hex(&mac.finalize().into_bytes());
        let body =
            json!({"nonce": nonce, "username": localpart, "password": password, "admin": is_administrator, "mac": mac});
        let answer = nobody.post_ok(path, body).await.with_context(|| format!("cannot register {localpart}"))?;
        Ok(text(&answer, "access_token")?.to_owned())
    }

    /// The full id of the account.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The access token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Sends a request; `path` may have a query, and its segments must be encoded (see [`encode`]). Returns any status;
    /// a body that is not JSON becomes a string.
    pub async fn request(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<(u16, Value)> {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.with_context(|| format!("no answer to {path}"))?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.with_context(|| format!("half an answer to {path}"))?;
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Ok((status, body))
    }

    /// GET with any status.
    pub async fn get(&self, path: &str) -> anyhow::Result<(u16, Value)> {
        self.request(Method::GET, path, None).await
    }

    /// PUT with any status.
    pub async fn put(&self, path: &str, body: Value) -> anyhow::Result<(u16, Value)> {
        self.request(Method::PUT, path, Some(body)).await
    }

    /// POST with any status.
    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<(u16, Value)> {
        self.request(Method::POST, path, Some(body)).await
    }

    /// DELETE with any status.
    pub async fn delete(&self, path: &str, body: Value) -> anyhow::Result<(u16, Value)> {
        self.request(Method::DELETE, path, Some(body)).await
    }

    /// Uploads a file of this name, declared as this type; any status.
    pub async fn upload(&self, name: &str, media_type: &str, content: Vec<u8>) -> anyhow::Result<(u16, Value)> {
        let url = format!("{}/_matrix/media/v3/upload?filename={}", self.url, encode(name));
        let request = self.http.post(url).bearer_auth(&self.token).header("Content-Type", media_type).body(content);
        let answer = request.send().await.context("no answer to an upload")?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.context("the answer to an upload is not JSON")?))
    }

    /// GET that must succeed.
    pub async fn get_ok(&self, path: &str) -> anyhow::Result<Value> {
        self.ok(Method::GET, path, None).await
    }

    /// PUT that must succeed.
    pub async fn put_ok(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.ok(Method::PUT, path, Some(body)).await
    }

    /// POST that must succeed.
    pub async fn post_ok(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.ok(Method::POST, path, Some(body)).await
    }

    /// DELETE that must succeed.
    pub async fn delete_ok(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.ok(Method::DELETE, path, Some(body)).await
    }

    async fn ok(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let name = method.clone();
        match self.request(method, path, body).await? {
            (200..=299, answer) => Ok(answer),
            (status, answer) => bail!("{name} {path} was answered {status} {answer}"),
        }
    }

    /// Uploads a file, which must succeed, and returns its `mxc://` address.
    pub async fn upload_ok(&self, media_type: &str, content: Vec<u8>) -> anyhow::Result<String> {
        match self.upload("", media_type, content).await? {
            (200, answer) => Ok(text(&answer, "content_uri")?.to_owned()),
            (status, answer) => bail!("an upload was answered {status} {answer}"),
        }
    }

    /// Whether a file can be downloaded.
    pub async fn reaches(&self, address: &str) -> anyhow::Result<bool> {
        let path = format!("/_matrix/client/v1/media/download/{}", address.trim_start_matches("mxc://"));
        match self.get(&path).await? {
            (200, _) => Ok(true),
            (404, _) => Ok(false),
            (status, answer) => bail!("{path} was answered {status} {answer}"),
        }
    }

    /// As an administrator: sets a password, creating the account if missing. Sessions stay.
    pub async fn set_password(&self, user_id: &str, password: &str) -> anyhow::Result<()> {
        let path = format!("/_synapse/admin/v2/users/{}", encode(user_id));
        self.put_ok(&path, json!({"password": password, "logout_devices": false})).await?;
        Ok(())
    }

    /// As an administrator: an account without a password, signed in, created if missing.
    pub async fn signed_in(&self, user_id: &str) -> anyhow::Result<Self> {
        self.put_ok(&format!("/_synapse/admin/v2/users/{}", encode(user_id)), json!({})).await?;
        let answer = self.post_ok(&format!("/_synapse/admin/v1/users/{}/login", encode(user_id)), json!({})).await?;
        Self::new(&self.url, user_id, text(&answer, "access_token")?)
    }

    /// As an administrator: makes an account an administrator.
    pub async fn make_administrator(&self, user_id: &str) -> anyhow::Result<()> {
        let path = format!("/_synapse/admin/v2/users/{}", encode(user_id));
        self.put_ok(&path, json!({"admin": true})).await?;
        Ok(())
    }
}

/// A string field of a response.
pub(crate) fn text<'a>(answer: &'a Value, field: &str) -> anyhow::Result<&'a str> {
    answer.get(field).and_then(Value::as_str).with_context(|| format!("no {field} in the answer {answer}"))
}

/// RFC 3986's unreserved characters are not encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes an identifier as a path segment or query value.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}
