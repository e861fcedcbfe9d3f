//! nginx as it is shipped, before a server that answers with what it was asked: what passes, unchanged, and what is
//! refused.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use equipemed_bot::deploy::render::File;
use equipemed_bot::deploy::{Answers, Set, allowed};
use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::client::encode;
use equipemed_testbed::nginx::{Nginx, Place};
use equipemed_testbed::{LOOPBACK, free_port};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The hosts of the tests' set.
pub(super) const HOSTS: &[&str] =
    &["matrix.hospital.example", "hospital.example", "chat.hospital.example", "bot.hospital.example"];

/// A set whose nginx is in this place.
pub(super) fn set(place: &Place) -> anyhow::Result<Set> {
    let answers = format!(
        "server_name: hospital.example\nrun: systemd\nequipemed_url: https://equipemed.hospital.example\n\
         client_id: synapse\ncertificate: {}\ncertificate_key: {}\n",
        place.certificate().display(),
        place.certificate_key().display()
    );
    Ok(Set::new(&Answers::read("deploy.yaml", &answers)?, "/etc/equipemed-matrix"))
}

/// nginx's part of a set.
pub(super) fn rendered(set: &Set) -> anyhow::Result<String> {
    let first = include_str!("../../../deploy/nginx/00-log.conf");
    Ok(format!("{first}{}{}", File::NginxMatrix.text(set)?, File::NginxInternal.text(set)?))
}

/// Fails unless nginx's listener for the bot knows the parameters of a request, and what its path is made of.
pub(crate) fn check_address(path: &str, query: Option<&str>) {
    let names = query.unwrap_or_default().split('&').filter_map(|pair| pair.split('=').next());
    for name in names.filter(|name| !name.is_empty()) {
        assert!(allowed::PARAMETERS.contains(&name), "{name} is no parameter in deploy/allowed.rs");
    }
    let is_known = |c: char| c.is_ascii_alphanumeric() || "/%!$&'()*+,.:=@_~-".contains(c);
    assert!(path.chars().all(is_known), "{path} has something that deploy/allowed.rs does not let pass");
}

struct Front {
    nginx: Nginx,
    internal: u16,
}

impl Front {
    /// In front of a server that answers with the request's head.
    async fn new() -> anyhow::Result<Self> {
        Self::with("").await
    }

    /// The same beside other settings.
    async fn with(others: &str) -> anyhow::Result<Self> {
        let place = Place::new(HOSTS)?;
        let (echo, internal) = (echo().await?, free_port()?);
        let mut set = set(&place)?;
        set.synapse_address = format!("{LOOPBACK}:{echo}");
        set.pages_address.clone_from(&set.synapse_address);
        set.internal_listen = format!("{LOOPBACK}:{internal}");
        let configuration = format!("{others}\n{}", rendered(&set)?);
        Ok(Self { nginx: Nginx::start(place, &configuration).await?, internal })
    }

    /// Status and body, of a request whose lines are sent as they are.
    async fn ask(&self, host: &str, request: &str, headers: &str) -> anyhow::Result<(u16, String)> {
        let text = format!("{request} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n");
        parsed(&Nginx::raw(self.nginx.place.plain, text.as_bytes()).await?)
    }

    async fn matrix(&self, request: &str) -> anyhow::Result<(u16, String)> {
        self.ask("matrix.hospital.example", request, "").await
    }

    async fn internal(&self, request: &str) -> anyhow::Result<(u16, String)> {
        let text = format!("{request} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        parsed(&Nginx::raw(self.internal, text.as_bytes()).await?)
    }
}

/// 0 for no answer at all.
fn parsed(answer: &str) -> anyhow::Result<(u16, String)> {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return Ok((0, answer.to_owned())) };
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    Ok((status, body.to_owned()))
}

async fn echo() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((LOOPBACK, 0)).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    Ok(port)
}

async fn answer(mut stream: TcpStream) -> anyhow::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head)?;
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).map_or(Ok(0), str::parse)?;
    tokio::io::copy(&mut (&mut stream).take(length), &mut tokio::io::sink()).await?;
    if head.starts_with("GET /events ") {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: first\n\n").await?;
        // The stream stays open, as long as anybody listens.
        stream.read_u8().await?;
    }
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{head}", head.len());
    stream.write_all(answer.as_bytes()).await?;
    Ok(())
}

/// Fails unless each of these is answered with this status, by nginx itself.
async fn refused(front: &Front, host: &str, status: u16, requests: &[&str]) -> anyhow::Result<()> {
    for request in requests {
        let (got, body) = front.ask(host, request, "").await?;
        assert_eq!(got, status, "{host}: {request}\n{body}");
        assert!(!body.contains("X-Forwarded-For"), "{request} got through:\n{body}");
    }
    Ok(())
}

#[tokio::test]
async fn the_client_api_passes_as_it_was_sent_and_nothing_else_does_in_any_spelling() -> anyhow::Result<()> {
    let front = Front::new().await?;
    let passes = [
        "GET /_matrix/client/versions",
        "GET /_matrix/client/v3/sync?since=s1_2&timeout=30000&filter=%7B%22a%22%3A1%7D",
        "PUT /_matrix/client/v3/rooms/!a:hospital.example/send/m.room.message/m1.2",
        "PUT /_matrix/client/v3/rooms/%21a%3Ahospital.example/state/m.room.name/",
        "GET /_matrix/client/v3/profile/%40a%2Fb%3Ahospital.example",
        "GET /_matrix/client/v3/login/sso/redirect/oidc-equipemed?redirectUrl=https%3A%2F%2Fchat.hospital.example%2F",
        "GET /_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms?user_id=@a:b",
        "GET /_matrix/client/v1/media/download/hospital.example/abc",
        "POST /_matrix/media/v3/upload?filename=a%20b.pdf",
        "GET /_synapse/client/oidc/callback?code=1&state=2",
        "OPTIONS /_matrix/client/v3/login",
        "GET http://matrix.hospital.example/_matrix/client/versions",
    ];
    for request in passes {
        let (status, body) = front.matrix(request).await?;
        assert_eq!(status, 200, "{request}\n{body}");
        let sent = request.replace("http://matrix.hospital.example", "");
        assert!(body.starts_with(&format!("{sent} HTTP/1.1\r\n")), "{request} became\n{body}");
    }
    refused(&front, "matrix.hospital.example", 404, NOT_HERE).await?;
    refused(&front, "matrix.hospital.example", 403, FORBIDDEN).await?;
    refused(&front, "matrix.hospital.example", 405, &["PATCH /_matrix/client/versions", "FOO /", "TRACE /"]).await?;
    refused(
        &front,
        "hospital.example",
        404,
        &["GET /", "GET /.well-known/matrix/server", "GET /_matrix/client/versions"],
    )
    .await?;
    refused(&front, "chat.hospital.example", 405, &["POST /", "PUT /config.json"]).await?;
    let (status, body) = front.ask("hospital.example", "GET /.well-known/matrix/client", "").await?;
    assert_eq!(status, 200);
    let body: serde_json::Value = serde_json::from_str(&body)?;
    assert_eq!(body["m.homeserver"]["base_url"], "https://matrix.hospital.example");
    assert_eq!(body["io.element.e2ee"]["force_disable"], true);
    Ok(())
}

/// What is answered as if it did not exist.
const NOT_HERE: &[&str] = &[
    "GET /",
    "GET /_synapse/admin/v1/server_version",
    "POST /_synapse/admin/v1/register",
    "GET /_matrix/federation/v1/version",
    "GET /_matrix/key/v2/server",
    "GET /_matrix/app/v1/ping",
    "GET /_matrix/static/",
    "GET /_matrix/consent",
    "GET /_matrix/media/v3/download/hospital.example/abc",
    "GET /_matrix/media/v3/thumbnail/hospital.example/abc?width=1&height=1",
    "GET /_synapse/client/pick_idp",
    "GET /_synapse/client/pick_username/account_details",
    "GET /_synapse/client/unsubscribe",
    "GET /_synapse/client/oidc/backchannel_logout",
    "GET /_synapse/mas/query_user",
    "GET /_synapse/metrics",
    "GET /metrics",
    "GET /health",
    "GET /.well-known/matrix/server",
    "GET /_matrix/client",
    "GET /_matrix/clients",
    "GET //_synapse/admin/v1/server_version",
    "GET /_matrix/client//v3/register",
    "GET /_matrix/client/../../_synapse/admin/v1/server_version",
    "GET /_matrix/client/%2e%2e/%2E%2E/_synapse/admin/v1/server_version",
    "GET /_matrix/client/..%2f..%2f_synapse/admin/v1/server_version",
    "GET /_matrix/client/..;/..;/_synapse/admin/v1/server_version",
    "GET /_matrix/client/v3/%2e/x",
    // Synapse matches some paths by their beginning, and nginx by what is left after the steps up.
    "GET /_synapse/admin/v1/register/../../../../_matrix/client/versions",
    "GET /_synapse/admin/v1/register/..%2f..%2f..%2f..%2f_matrix/client/versions",
    "GET /_synapse%2fadmin/v1/server_version",
    "GET /%5fsynapse/admin/v1/server_version",
    "GET /_SYNAPSE/ADMIN/v1/server_version",
    "GET /_Matrix/Client/versions",
    "GET /_synapse./admin/v1/server_version",
    "GET /_matrix/client/v3/a;b",
    "GET /_matrix/client/v3/a%5c..%5cb",
    "GET /_matrix/client/v3/a\\b",
    "GET /_matrix/client\\..\\..\\_synapse/admin",
    "GET /_matrix/client/v3/a%0d%0ab",
    "GET /_matrix/client/versions#/_synapse/admin",
    "GET http://matrix.hospital.example/_synapse/admin/v1/server_version",
];

/// What exists, but not for whom comes from outside.
const FORBIDDEN: &[&str] = &[
    "POST /_matrix/client/v3/register",
    "POST /_matrix/client/v3/register?kind=guest",
    "POST /_matrix/client/r0/register",
    "GET /_matrix/client/api/v1/register",
    "POST /_matrix/client/unstable/register",
    "GET /_matrix/client/v3/register/available?username=a",
    "GET /_matrix/client/v1/register/m.login.registration_token/validity",
    "POST /_matrix/client/v3/register/",
    "POST /_matrix/client/v1/appservice/equipemed_bot/ping",
    "GET /_matrix/client/v3/account/whoami?access_token=secret",
    "GET /_matrix/client/v3/sync?since=1&access_token=secret",
    "GET /_matrix/client/v3/sync?since=1;access_token=secret",
    "GET /_matrix/client/v3/account/whoami?access%5Ftoken=secret",
    "GET /_matrix/client/v3/account/whoami?%61ccess_token=secret",
];

#[tokio::test]
async fn requests_that_two_servers_may_read_differently_go_no_further() -> anyhow::Result<()> {
    let front = Front::new().await?;
    let plain = front.nginx.place.plain;
    let raw = async |text: &str| parsed(&Nginx::raw(plain, text.as_bytes()).await?);
    let hidden = "GET /_synapse/admin/v1/server_version HTTP/1.1\r\nHost: matrix.hospital.example\r\n\r\n";
    let post = "POST /_matrix/client/v3/login HTTP/1.1\r\nHost: matrix.hospital.example\r\n";
    for (headers, status) in [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Content-Length: 0\r\nContent-Length: 95\r\n", 400),
        ("Transfer-Encoding: xchunked\r\n", 501),
        ("Transfer-Encoding : chunked\r\n", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400),
    ] {
        let (got, body) = raw(&format!("{post}{headers}\r\n0\r\n\r\n{hidden}")).await?;
        assert_eq!(got, status, "{headers}\n{body}");
        assert!(!body.contains("X-Forwarded-For"), "{headers}\n{body}");
    }
    // The second request of a connection is judged as the first one.
    let both = format!(
        "GET /_matrix/client/versions HTTP/1.1\r\nHost: matrix.hospital.example\r\n\r\n{}",
        hidden.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    );
    let (_, body) = raw(&both).await?;
    assert!(body.contains("404 Not Found") && !body.contains("GET /_synapse"), "{body}");
    // Forms are parameters to Synapse.
    for kind in ["application/x-www-form-urlencoded", "Multipart/Form-Data; boundary=x"] {
        let headers = format!("Content-Type: {kind}\r\nContent-Length: 0\r\n");
        let (status, _) = front.ask("matrix.hospital.example", "POST /_matrix/client/v3/createRoom", &headers).await?;
        assert_eq!(status, 403, "{kind}");
    }
    // Hosts: other names get nothing, however they are given.
    let get = "GET /_matrix/client/versions";
    assert_eq!(front.ask("evil.example", get, "").await?.0, 0);
    assert_eq!(front.ask("127.0.0.1", get, "").await?.0, 0);
    assert_eq!(front.ask("matrix.hospital.example", get, "Host: bot.hospital.example\r\n").await?.0, 400);
    assert_eq!(front.ask("evil.example", "GET http://bot.hospital.example/api/v1/users", "").await?.0, 404);
    assert_eq!(raw("GET /_matrix/client/versions HTTP/1.1\r\n\r\n").await?.0, 400);
    assert_eq!(raw("GET /_matrix/client/versions\r\n").await?.0, 0, "HTTP/0.9 has no host");
    assert_eq!(raw("GET /_synapse/admin HTTP/1.0\r\nHost: matrix.hospital.example\r\n\r\n").await?.0, 404);
    for host in ["MATRIX.hospital.example", "matrix.hospital.example:443", "matrix.hospital.example."] {
        let (status, body) = front.ask(host, get, "").await?;
        assert!(status == 200 && body.contains("\r\nHost: matrix.hospital.example\r\n"), "{host}\n{body}");
    }
    Ok(())
}

#[tokio::test]
async fn where_a_request_comes_from_is_said_by_nginx_alone() -> anyhow::Result<()> {
    let front = Front::new().await?;
    let forged = "X-Forwarded-For: 192.0.2.53\r\nX_Forwarded_For: 192.0.2.53\r\nX-Forwarded-Proto: http\r\n\
                  Authorization: Bearer a\r\n";
    let (_, body) = front.ask("matrix.hospital.example", "GET /_matrix/client/versions", forged).await?;
    assert!(body.contains("\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n"), "{body}");
    assert!(!body.contains("192.0.2.53") && body.contains("Authorization: Bearer a"), "{body}");
    let (_, body) = front.internal("GET /_matrix/client/versions").await?;
    assert!(body.contains("\r\nX-Forwarded-For: 192.0.2.53\r\n"), "{body}");
    let (_, body) = front.ask("bot.hospital.example", "GET /", forged).await?;
    assert!(body.contains("\r\nX-Forwarded-For: 127.0.0.1\r\n") && !body.contains("Authorization"), "{body}");
    // Behind a proxy that is believed whatever it passes on.
    let front = Front::with("real_ip_header X-Forwarded-For; set_real_ip_from 0.0.0.0/0;").await?;
    let ask = async |from: &str| {
        let header = format!("X-Forwarded-For: {from}\r\n");
        front.ask("matrix.hospital.example", "GET /_matrix/client/versions", &header).await
    };
    assert_eq!(ask("192.0.2.53").await?.0, 403);
    let (_, body) = ask("10.1.2.3").await?;
    assert!(body.contains("\r\nX-Forwarded-For: 10.1.2.3\r\n"), "{body}");
    Ok(())
}

#[tokio::test]
async fn the_bots_own_way_is_its_list_of_requests() -> anyhow::Result<()> {
    let front = Front::new().await?;
    let id = "%21a%2Fb%3Ahospital.example";
    let passes = async |request: &str| -> anyhow::Result<bool> {
        let (status, body) = front.internal(request).await?;
        match (status, body.starts_with(&format!("{request} HTTP/1.1\r\n"))) {
            (200, true) => Ok(true),
            (403 | 400, false) => Ok(false),
            _ => anyhow::bail!("{request} was answered {status}\n{body}"),
        }
    };
    for endpoint in Endpoint::ALL {
        let (method, path) = (endpoint.method(), endpoint.path().replace("{}", id));
        let filter = endpoint.filter().map(|filter| format!("filter={}", encode(filter)));
        let others = allowed::PARAMETERS.iter().filter(|name| filter.is_none() || **name != "filter");
        let all: Vec<String> = others.map(|name| format!("{name}=a%26b")).chain(filter.clone()).collect();
        for query in [filter.clone().unwrap_or_default(), all.join("&")].iter().filter(|query| !query.is_empty()) {
            assert!(passes(&format!("{method} {path}?{query}")).await?, "{endpoint} is needed");
        }
        assert_eq!(passes(&format!("{method} {path}")).await?, filter.is_none(), "{endpoint}");
        if let Some(filter) = filter {
            // Otherwise any room's messages could be read.
            for other in ["?limit=1", "?filter=%7B%7D", &format!("?{filter}&filter=%7B%7D"), &format!("?{filter}%20")] {
                assert!(!passes(&format!("{method} {path}{other}")).await?, "{endpoint} {other}");
            }
        }
        for wrong in ["x", "/x", "//", ";x", "%2F", "?user_id=@a:b", "?limit=1&user_id=@a:b", "?limit=1;user_id=@a:b"] {
            let address = format!("{path}{wrong}");
            // Behind an identifier, more of it.
            if Endpoint::of(method, &address).is_none() || address.contains([';', '?']) {
                assert!(!passes(&format!("{method} {address}")).await?, "{method} {address}");
            }
        }
        for query in ["?access_token=a", "?device_id=a", "?%75ser_id=a", "?limit", "?"] {
            assert!(!passes(&format!("{method} {path}{query}")).await?, "{method} {path}{query}");
        }
        for other in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"] {
            if Endpoint::of(other, &path).is_none() {
                assert!(!passes(&format!("{other} {path}")).await?, "{other} {path}");
            }
        }
    }
    for request in [
        "POST /_synapse/admin/v1/users/@a:hospital.example/login",
        "POST /_synapse/admin/v1/reset_password/@a:hospital.example",
        "POST /_synapse/admin/v1/rooms/!a:hospital.example/make_room_admin",
        "GET /_synapse/admin/v1/whois/@a:hospital.example",
        "GET /_synapse/admin/v2/users/@a:hospital.example/../x",
        "GET /_synapse/admin/v2/users/..",
        "GET /_synapse/admin/v1/server_version/../../v2/users/x/login",
        "GET /_matrix/client/v3/sync",
        "POST /_matrix/client/v3/login",
        "PUT /_matrix/client/v3/rooms/!a:b/state/m.room.name",
        "GET /%5fsynapse/admin/v1/rooms",
        "GET /",
    ] {
        assert!(!passes(request).await?, "{request}");
    }
    assert!(passes("PUT /_matrix/client/v3/rooms/!a:b/state/m.room.name/").await?, "a state key may be empty");
    let form = "POST /_matrix/client/v3/createRoom HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\nuser_id=a";
    assert_eq!(parsed(&Nginx::raw(front.internal, form.as_bytes()).await?)?.0, 403);
    Ok(())
}

#[tokio::test]
async fn the_log_says_what_was_asked_but_neither_by_whom_nor_about_whom() -> anyhow::Result<()> {
    let front = Front::new().await?;
    let secret = "maria.silva";
    for request in [
        format!("GET /_matrix/client/v3/profile/@{secret}:hospital.example"),
        format!("GET /_matrix/client/v3/login/sso/redirect/x?redirectUrl={secret}"),
        format!("GET /_synapse/client/oidc/callback?code={secret}"),
        format!("GET /_synapse/admin/v2/users/@{secret}:hospital.example"),
        format!("GET /_matrix/client/v3/sync?access_token={secret}"),
        format!("GET /{secret}/x?a={secret}"),
        format!("GET http://matrix.hospital.example/_matrix/client/v3/user/{secret}"),
    ] {
        front
            .ask("matrix.hospital.example", &request, &format!("Referer: {secret}\r\nUser-Agent: {secret}\r\n"))
            .await?;
        front.ask(&format!("{secret}.example"), &request, "").await?;
        front.ask("bot.hospital.example", &format!("GET /people/{secret}"), "").await?;
    }
    front.internal(&format!("GET /_synapse/admin/v2/users/@{secret}:hospital.example")).await?;
    let log = front.nginx.log("access.log")?;
    assert!(log.lines().count() >= 15 && log.contains(" GET /_matrix/client/v3/profile 200 "), "{log}");
    assert!(!log.contains("127.0.0.1 ") && log.contains("127.0.0.0 "), "{log}");
    let all = format!("{log}{}{}", front.nginx.log("error.log")?, front.nginx.log("output.log")?);
    assert!(!all.contains("silva"), "{all}");
    Ok(())
}

#[tokio::test]
async fn bodies_and_sign_ins_are_bounded() -> anyhow::Result<()> {
    let front = Front::new().await?;
    let host = "matrix.hospital.example";
    let length = async |request: &str, bytes: usize| {
        front.ask(host, request, &format!("Content-Length: {bytes}\r\nContent-Type: text/plain\r\n")).await
    };
    let (status, body) = length("POST /_matrix/media/v3/upload", 51 << 20).await?;
    assert!(status == 413 && body.contains("M_TOO_LARGE"), "{status} {body}");
    assert_eq!(length("POST /_matrix/client/v3/createRoom", 2 << 20).await?.0, 413);
    let mut refused = 0;
    for _ in 0..80 {
        let (status, body) = front.ask(host, "POST /_matrix/client/v3/login", "Content-Length: 0\r\n").await?;
        assert!(status == 200 || status == 429 && body.contains("M_LIMIT_EXCEEDED"), "{status} {body}");
        refused += usize::from(status == 429);
    }
    assert!((1..20).contains(&refused), "{refused} of 80 were refused");
    assert_eq!(front.matrix("GET /_matrix/client/v3/sync").await?.0, 200, "who is signed in goes on");
    assert_eq!(front.matrix("GET /_matrix/client/v3/login").await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn pages_show_their_events_at_once_and_nothing_private() -> anyhow::Result<()> {
    let front = Front::new().await?;
    let private = [
        "GET /api/v1/users",
        "GET /API/v1/users",
        "GET /%61pi/v1/users",
        "GET //api/v1/users",
        "GET /people/../api/v1/users",
        "GET /people/%2e%2e/api/v1/users",
        "GET /people/..%2fapi/v1/users",
        "GET /metrics",
        "GET /health",
        "GET /ready",
        "PUT /_matrix/app/v1/transactions/1",
        "GET /people;x",
    ];
    refused(&front, "bot.hospital.example", 404, &private).await?;
    let (status, body) = front.ask("bot.hospital.example", "POST /people/7/lock?a=b", "Content-Length: 0\r\n").await?;
    assert!(status == 200 && body.starts_with("POST /people/7/lock?a=b HTTP/1.1\r\n"), "{status} {body}");
    let mut stream = TcpStream::connect((LOOPBACK, front.nginx.place.plain)).await?;
    stream.write_all(b"GET /events HTTP/1.1\r\nHost: bot.hospital.example\r\n\r\n").await?;
    let mut seen = String::new();
    tokio::time::timeout(Duration::from_secs(10), async {
        while !seen.contains("data: first") {
            seen.push(char::from(stream.read_u8().await?));
        }
        anyhow::Ok(())
    })
    .await
    .context("the event is kept back")??;
    Ok(())
}

#[tokio::test]
async fn browsers_are_told_what_they_may_do_over_tls_alone() -> anyhow::Result<()> {
    let front = Front::new().await?;
    let authority = reqwest::Certificate::from_pem(&std::fs::read(front.nginx.place.authority())?)?;
    let mut http = reqwest::Client::builder().no_proxy().tls_certs_only([authority]).timeout(Duration::from_secs(10));
    // It takes what the first server of the port allows, whichever is asked for.
    http = http.tls_version_min(reqwest::tls::Version::TLS_1_3);
    for host in HOSTS.iter().chain(&["evil.example"]) {
        http = http.resolve(host, (std::net::Ipv4Addr::LOCALHOST, front.nginx.place.https).into());
    }
    let http = http.redirect(reqwest::redirect::Policy::none()).build()?;
    let names = ["strict-transport-security", "x-content-type-options"];
    for (url, also) in [
        ("https://matrix.hospital.example/_matrix/client/versions", "referrer-policy"),
        ("https://matrix.hospital.example/_synapse/admin/v1/rooms", "access-control-allow-origin"),
        ("https://hospital.example/.well-known/matrix/client", "access-control-allow-origin"),
        ("https://chat.hospital.example/", "content-security-policy"),
        ("https://chat.hospital.example/", "permissions-policy"),
        ("https://bot.hospital.example/", "strict-transport-security"),
    ] {
        let answer = http.get(url).send().await?;
        let headers: BTreeSet<&str> = answer.headers().keys().map(reqwest::header::HeaderName::as_str).collect();
        for name in names.iter().chain(&[also]) {
            assert!(headers.contains(name), "{url} has no {name}: {headers:?}");
            assert_eq!(answer.headers().get_all(*name).iter().count(), 1, "{url}: {name}");
        }
        assert!(answer.headers().get("server").is_none_or(|server| server.as_bytes() == b"nginx"));
    }
    assert!(http.get("https://evil.example/").send().await.is_err(), "there is no certificate for others");
    let asked =
        b"GET /_matrix/client/versions?a=b HTTP/1.1\r\nHost: matrix.hospital.example\r\nConnection: close\r\n\r\n";
    let redirect = Nginx::raw(front.nginx.place.http, asked).await?;
    assert!(
        redirect.contains("\r\nLocation: https://matrix.hospital.example/_matrix/client/versions?a=b\r\n"),
        "{redirect}"
    );
    assert_eq!(parsed(&Nginx::raw(front.nginx.place.http, b"GET / HTTP/1.1\r\nHost: evil\r\n\r\n").await?)?.0, 0);
    Ok(())
}
