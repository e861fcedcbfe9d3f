//! Sends requests: all of them pass [`Transport::sent`], which limits concurrency, counts, and retries.
//!
//! The client API uses ruma's types through matrix-sdk, the admin API our own, both over one connection pool. Nothing
//! is cached. Our log lines name an [`Endpoint`], never an address.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};

use equipemed_domain::fault::HomeserverError;
use matrix_sdk::authentication::matrix::MatrixSession;
use matrix_sdk::bytes::Bytes;
use matrix_sdk::config::RequestConfig;
use matrix_sdk::ruma::api::auth_scheme::AccessToken;
use matrix_sdk::ruma::api::error::FromHttpResponseError;
use matrix_sdk::ruma::api::path_builder::{PathBuilder as _, VersionHistory};
use matrix_sdk::ruma::api::{MatrixVersion, Metadata, OutgoingRequest};
use matrix_sdk::ruma::{OwnedUserId, device_id};
use matrix_sdk::{HttpError, SessionMeta, SessionTokens};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use url::Url;

use super::endpoint::Endpoint;
use super::error::{from_answer, from_client, from_json, from_reqwest};
use super::retry::{OnWait, Patience, Repeat, Waiting, persist};
use super::traffic::Traffic;
use crate::clock::Term;

/// Tracing targets that log addresses with user and room ids at some level: `off` in every filter.
pub const TARGETS_WITH_IDENTIFIERS: &[&str] =
    &["matrix_sdk", "matrix_sdk_base", "ruma", "reqwest", "hyper", "hyper_util", "h2"];

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Enough for the whole state of thousands of members or a long user list on a busy machine.
const READ_WITHIN: Duration = Duration::from_secs(90);
const WRITE_WITHIN: Duration = Duration::from_secs(60);
/// `createRoom` answers only after every invitation is written.
const CREATE_WITHIN: Duration = Duration::from_secs(5 * 60);
/// An invitation takes 0.1 s on two idle cores.
const INVITE_WITHIN: Duration = Duration::from_millis(500);

/// Time without an answer after which a warning is logged.
const SILENCE: Duration = Duration::from_secs(10);

/// How one request may be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sending {
    pub(super) repeat: Repeat,
    pub(super) within: Duration,
}

impl Sending {
    pub(super) const READ: Self = Self { repeat: Repeat::Read, within: READ_WITHIN };
    pub(super) const WRITE: Self = Self { repeat: Repeat::Idempotent, within: WRITE_WITHIN };
    /// For a change that would get a different response the second time.
    pub(super) const ONCE: Self = Self { repeat: Repeat::Once, within: WRITE_WITHIN };

    /// For creating a room with this many invitations.
    pub(super) fn create(invites: usize) -> Self {
        let invites = u32::try_from(invites).unwrap_or(u32::MAX);
        Self { repeat: Repeat::Once, within: CREATE_WITHIN.max(INVITE_WITHIN.saturating_mul(invites)) }
    }
}

/// Settings of a connection to Synapse.
#[derive(Clone)]
pub struct Connection {
    /// Address of the client API.
    pub url: Url,
    /// The bot.
    pub bot: OwnedUserId,
    /// The registration's `as_token`.
    pub token: SecretString,
    /// Maximum number of concurrent requests; at least 1.
    pub in_flight: usize,
    /// How long to keep trying.
    pub patience: Patience,
    /// Ends waits and reads when cancelled; a write in flight finishes.
    pub cancel: CancellationToken,
    /// Called before each wait.
    pub on_wait: Option<OnWait>,
}

/// A connection to Synapse with one token. Clones share connections, concurrency limit and counters.
#[derive(Clone)]
pub(super) struct Transport {
    /// Base URL without a trailing slash.
    url: Arc<str>,
    http: reqwest::Client,
    token: Option<Arc<SecretString>>,
    matrix: Option<matrix_sdk::Client>,
    gate: Arc<Semaphore>,
    patience: Patience,
    cancel: CancellationToken,
    on_wait: Option<OnWait>,
    traffic: Arc<Traffic>,
    /// When changes are allowed; None means always.
    term: Option<Term>,
}

impl Transport {
    /// Sends nothing yet.
    pub(super) async fn new(connection: Connection) -> Result<Self, HomeserverError> {
        let mut transport = Self::without_token(&connection)?;
        let session = MatrixSession {
            // Synapse ignores the device of an application service, but the library requires one.
            meta: SessionMeta { user_id: connection.bot, device_id: device_id!("EQUIPEMED").to_owned() },
            tokens: SessionTokens { access_token: connection.token.expose_secret().to_owned(), refresh_token: None },
        };
        let matrix = matrix_sdk::Client::builder()
            .homeserver_url(&*transport.url)
            .http_client(transport.http.clone())
            .request_config(RequestConfig::new().disable_retry())
            // Saves a request before the first one; every Synapse with room version 12 supports these.
            .server_versions([MatrixVersion::V1_1, MatrixVersion::V1_7, MatrixVersion::V1_11])
            .build()
            .await
            .map_err(HomeserverError::bad_request)?;
        matrix.restore_session(session).await.map_err(HomeserverError::bad_request)?;
        transport.matrix = Some(matrix);
        transport.token = Some(Arc::new(connection.token));
        Ok(transport)
    }

    /// For setup: only the admin API, with another token or none.
    pub(super) fn without_token(connection: &Connection) -> Result<Self, HomeserverError> {
        let http = reqwest::Client::builder()
            // Synapse is local; the token must not go through a web proxy from the environment.
            .no_proxy()
            // A redirect would carry the token to an unknown server.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("equipemed-bot/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_WITHIN)
            .pool_max_idle_per_host(connection.in_flight.max(1))
            .build()
            .map_err(from_reqwest)?;
        Ok(Self {
            url: connection.url.as_str().trim_end_matches('/').into(),
            http,
            token: None,
            matrix: None,
            gate: Arc::new(Semaphore::new(connection.in_flight.max(1))),
            patience: connection.patience,
            cancel: connection.cancel.clone(),
            on_wait: connection.on_wait.clone(),
            traffic: Arc::new(Traffic::default()),
            term: None,
        })
    }

    pub(super) fn with_token(mut self, token: SecretString) -> Self {
        self.token = Some(Arc::new(token));
        self
    }

    /// A transport with its own concurrency limit, so that urgent work does not queue behind bulk work.
    pub(super) fn lane(&self, in_flight: usize) -> Self {
        Self { gate: Arc::new(Semaphore::new(in_flight.max(1))), ..self.clone() }
    }

    pub(super) fn patient(&self, patience: Patience) -> Self {
        Self { patience, ..self.clone() }
    }

    /// A transport that makes changes only within this term.
    pub(super) fn during(&self, term: Term) -> Self {
        Self { term: Some(term), ..self.clone() }
    }

    pub(super) fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// Sends a client API request.
    pub(super) async fn client<R>(&self, request: R, sending: Sending) -> Result<R::IncomingResponse, HomeserverError>
    where
        R: OutgoingRequest + Metadata<Authentication = AccessToken, PathBuilder = VersionHistory>,
        R: Clone + Debug + Send + Sync + 'static,
        R::IncomingResponse: Send + Sync,
        HttpError: From<FromHttpResponseError<R::EndpointError>>,
    {
        self.client_by::<R, _, _>(sending, |matrix, config| {
            matrix.send(request.clone()).with_request_config(config).into_future()
        })
        .await
    }

    /// As [`Self::client`] for other kinds of authentication. `send` makes the future, because the trait that would
    /// unify them is private to matrix-sdk.
    pub(super) async fn client_by<R, T, F>(
        &self,
        sending: Sending,
        mut send: impl FnMut(&matrix_sdk::Client, RequestConfig) -> F,
    ) -> Result<T, HomeserverError>
    where
        R: Metadata,
        F: Future<Output = Result<T, HttpError>>,
    {
        let endpoint = R::PATH_BUILDER.all_paths().find_map(|path| Endpoint::of(R::METHOD.as_str(), path));
        let Some(endpoint) = endpoint else {
            return Err(HomeserverError::bad_request("it is not in the list of endpoints"));
        };
        let matrix = self.matrix.as_ref().ok_or_else(|| HomeserverError::bad_request("no client session"))?;
        let config = RequestConfig::new().disable_retry().timeout(sending.within).force_auth();
        self.sent(endpoint, sending.repeat, || {
            let request = send(matrix, config);
            async move { request.await.map_err(from_client) }
        })
        .await
    }

    /// Sends a request with our own JSON types.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        identifiers: &[&str],
        query: &[(&str, &str)],
        body: Option<&(impl Serialize + ?Sized)>,
        sending: Sending,
    ) -> Result<T, HomeserverError> {
        let answer = self.answer(endpoint, identifiers, query, body, sending).await?;
        serde_json::from_slice(&answer.body).map_err(|error| from_json(&error))
    }

    /// Sends a request and returns the raw successful response.
    pub(super) async fn answer(
        &self,
        endpoint: Endpoint,
        identifiers: &[&str],
        query: &[(&str, &str)],
        body: Option<&(impl Serialize + ?Sized)>,
        sending: Sending,
    ) -> Result<HttpAnswer, HomeserverError> {
        let path = endpoint.fill(identifiers).ok_or_else(|| HomeserverError::bad_request("an unusable identifier"))?;
        let url = format!("{}{path}", self.url);
        let method = reqwest::Method::from_bytes(endpoint.method().as_bytes()).map_err(HomeserverError::bad_request)?;
        let body = body.map(serde_json::to_vec).transpose().map_err(|error| from_json(&error))?;
        let answer = self.sent(endpoint, sending.repeat, || {
            let mut request = self.http.request(method.clone(), &url).query(query).timeout(sending.within);
            if let Some(token) = &self.token {
                request = request.bearer_auth(token.expose_secret());
            }
            if let Some(body) = &body {
                request = request.header("content-type", "application/json").body(body.clone());
            }
            receive(request, &self.traffic)
        });
        match answer.await {
            Err(HomeserverError::NotAdmin) if self.is_delegated().await => Err(HomeserverError::Delegated),
            answer => answer,
        }
    }

    /// Whether another service manages this server's accounts. Synapse then has no registration of its own and refuses
    /// its admin API to every application service, so that setup cannot help.
    async fn is_delegated(&self) -> bool {
        let url = format!("{}{}", self.url, Endpoint::Nonce.path());
        let nonce = self.sent(Endpoint::Nonce, Repeat::Read, || {
            receive(self.http.get(&url).timeout(Sending::READ.within), &self.traffic)
        });
        matches!(nonce.await, Err(HomeserverError::Refused { status: 404, errcode, .. }) if errcode == "M_UNRECOGNIZED")
    }

    /// Repeats an operation of several requests until its outcome is known, with the usual back-off.
    pub(super) async fn until_clear<T, F>(
        &self,
        endpoint: Endpoint,
        attempt: impl FnMut() -> F,
    ) -> Result<T, HomeserverError>
    where
        F: Future<Output = Result<T, HomeserverError>>,
    {
        let on_wait = |waiting: &Waiting| self.waits(waiting);
        persist(endpoint, Repeat::Idempotent, self.patience, &self.cancel, &on_wait, attempt).await
    }

    fn waits(&self, waiting: &Waiting) {
        self.traffic.waited();
        tracing::warn!(
            endpoint = waiting.endpoint.name(),
            attempt = waiting.attempt,
            next_in_ms = u64::try_from(waiting.next_in.as_millis()).unwrap_or(u64::MAX),
            why = %waiting.why,
            "waiting for Synapse"
        );
        if let Some(on_wait) = &self.on_wait {
            on_wait(waiting);
        }
    }

    /// Every request passes here: concurrency limit, counters, back-off.
    async fn sent<T, F>(
        &self,
        endpoint: Endpoint,
        repeat: Repeat,
        mut send: impl FnMut() -> F,
    ) -> Result<T, HomeserverError>
    where
        F: Future<Output = Result<T, HomeserverError>>,
    {
        let on_wait = |waiting: &Waiting| self.waits(waiting);
        let answer = persist(endpoint, repeat, self.patience, &self.cancel, &on_wait, || {
            let request = send();
            async move {
                // Held only while the request runs, so that a waiting retry does not block others.
                let _permit = self.gate.acquire().await.map_err(|_| HomeserverError::Cancelled)?;
                // Checked as late as possible: the process may have been suspended since the change was decided.
                if repeat != Repeat::Read && self.term.as_ref().is_some_and(Term::is_over) {
                    return Err(HomeserverError::Overtaken);
                }
                self.traffic.sent(endpoint);
                let start = Instant::now();
                let request = request.instrument(tracing::info_span!("request", endpoint = endpoint.name()));
                let answer = tell_of_silence(endpoint, request).await;
                let took = start.elapsed();
                self.traffic.ended(endpoint, &answer, took);
                tracing::trace!(endpoint = endpoint.name(), took = ?took, "request ended");
                answer
            }
        })
        .await;
        if let Err(error) = &answer {
            tracing::debug!(endpoint = endpoint.name(), why = %error, "request failed");
        }
        answer
    }
}

/// Waits for an answer, and logs once if it takes long. Otherwise the process would seem to hang.
async fn tell_of_silence<T>(endpoint: Endpoint, request: impl Future<Output = T>) -> T {
    tokio::pin!(request);
    tokio::select! {
        answer = &mut request => return answer,
        () = tokio::time::sleep(SILENCE) => {}
    }
    tracing::warn!(endpoint = endpoint.name(), wait.seconds = SILENCE.as_secs(), "Synapse has not answered yet");
    request.await
}

/// A successful response.
#[derive(Debug)]
pub(super) struct HttpAnswer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

async fn receive(request: reqwest::RequestBuilder, traffic: &Traffic) -> Result<HttpAnswer, HomeserverError> {
    let answer = request.send().await.map_err(from_reqwest)?;
    let date = answer.headers().get("date").and_then(|value| value.to_str().ok());
    if let Some(date) = date.and_then(|date| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()) {
        traffic.heard(date);
    }
    let status = answer.status();
    let header = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let body = answer.bytes().await.map_err(from_reqwest)?;
    if status.is_success() {
        return Ok(HttpAnswer { status: status.as_u16(), body });
    }
    let refusal: Refusal = serde_json::from_slice(&body).unwrap_or_default();
    // The body is finer than the header, which is in whole seconds.
    let retry_after = refusal.retry_after_ms.map(Duration::from_millis).or(header.map(Duration::from_secs));
    Err(from_answer(status.as_u16(), &refusal.errcode, &refusal.error, retry_after))
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Refusal {
    errcode: String,
    error: String,
    retry_after_ms: Option<u64>,
}
