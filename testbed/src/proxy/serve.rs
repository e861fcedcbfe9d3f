//! The proxy's thread: accepts connections, applies rules, forwards, records.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Instant;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Fault, Recorded, Shared};

type Body = http_body_util::combinators::BoxBody<Bytes, io::Error>;

/// Serves until the `Proxy` is dropped. While paused there is no listener, so connections are refused.
pub(super) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    mut paused: watch::Receiver<bool>,
    mut open: watch::Receiver<()>,
) {
    let Ok(address) = listener.local_addr() else {
        return;
    };
    let Ok(http) = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build() else {
        return;
    };
    let mut listener = tokio::net::TcpListener::from_std(listener).ok();
    loop {
        let pause = *paused.borrow_and_update();
        match (&listener, pause) {
            (Some(_), true) => listener = None,
            (None, false) => listener = tokio::net::TcpListener::bind(address).await.ok(),
            _ => {}
        }
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = open.changed() => return,
            changed = paused.changed() => if changed.is_err() { return },
            accepted = accepted => if let Ok((stream, _)) = accepted {
                // Otherwise small responses wait for the client's delayed acknowledgement.
                let _ = stream.set_nodelay(true);
                tokio::spawn(connection(stream, Arc::clone(&shared), http.clone(), paused.clone()));
            },
        }
    }
}

async fn connection(
    stream: tokio::net::TcpStream,
    shared: Arc<Shared>,
    http: reqwest::Client,
    mut paused: watch::Receiver<bool>,
) {
    let service = service_fn(move |request| answer(request, Arc::clone(&shared), http.clone()));
    let serving = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // Errors are connections cut on purpose or by the client.
        _ = serving => {}
        _ = paused.wait_for(|paused| *paused) => {}
    }
}

async fn answer(request: Request<Incoming>, shared: Arc<Shared>, http: reqwest::Client) -> io::Result<Response<Body>> {
    let started = Instant::now();
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let method = head.method.as_str().to_owned();
    let path = head.uri.path().to_owned();
    let mut record = Recorded {
        authorized: head.headers.contains_key(AUTHORIZATION),
        query: head.uri.query().map(without_token),
        status: 0,
        started,
        took: started.elapsed(),
        body_bytes: body.len(),
        body: serde_json::from_slice(&body).ok(),
        method,
        path,
    };
    let decoded = record.decoded_path();
    let fault = shared.rules().iter_mut().find_map(|rule| rule.meets(&record.method, &record.path, &decoded));
    let upstream = format!("{}{}", shared.upstream, head.uri);
    let forwarded = || forward(&http, &upstream, head.method.clone(), head.headers.clone(), body.clone());
    let answered = match fault {
        None => forwarded().await,
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            forwarded().await
        }
        Some(Fault::Cut) => Err(io::ErrorKind::ConnectionReset.into()),
        Some(Fault::CutAfterForward) => forwarded().await.and(Err(io::ErrorKind::ConnectionReset.into())),
        Some(Fault::Truncated) => forwarded().await.map(truncated),
        Some(Fault::Status(status, body)) => own(status, "application/json", body.to_string()),
        Some(Fault::Limited { retry_after_ms }) => limited(retry_after_ms),
        Some(Fault::NotMatrix) => own(200, "text/html", "<!doctype html><title>Welcome</title>".to_owned()),
    };
    record.status = answered.as_ref().map_or(0, |answer| answer.status().as_u16());
    record.took = started.elapsed();
    shared.recorded().push_back(record);
    answered
}

async fn forward(
    http: &reqwest::Client,
    url: &str,
    method: hyper::Method,
    mut headers: HeaderMap,
    body: Bytes,
) -> io::Result<Response<Body>> {
    let empty = !headers.contains_key(CONTENT_LENGTH) && body.is_empty();
    remove_hop_by_hop(&mut headers);
    headers.remove(HOST);
    let mut request = http.request(method, url).headers(headers);
    if !empty {
        request = request.body(body);
    }
    let answer = request.send().await.map_err(io::Error::other)?;
    let status = answer.status();
    let mut headers = answer.headers().clone();
    remove_hop_by_hop(&mut headers);
    let body = answer.bytes().await.map_err(io::Error::other)?;
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// Removes headers of a single connection, and the length, which hyper writes itself.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    for name in ["connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length"] {
        headers.remove(HeaderName::from_static(name));
    }
}

fn own(status: u16, media_type: &'static str, body: String) -> io::Result<Response<Body>> {
    let mut response = Response::new(full(body.into()));
    *response.status_mut() = StatusCode::from_u16(status).map_err(io::Error::other)?;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    Ok(response)
}

fn limited(retry_after_ms: u64) -> io::Result<Response<Body>> {
    let body = json!({"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": retry_after_ms});
    let mut response = own(429, "application/json", Value::to_string(&body))?;
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after_ms.div_ceil(1000)));
    Ok(response)
}

fn full(body: Bytes) -> Body {
    Full::new(body).map_err(|never| match never {}).boxed()
}

/// Announces the full length, sends half and fails, so that hyper closes the connection.
fn truncated(answer: Response<Body>) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    let length = http_body(&body);
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    Response::from_parts(head, Half { body, left: length / 2, flushed: false }.boxed())
}

fn http_body(body: &Body) -> u64 {
    hyper::body::Body::size_hint(body).exact().unwrap_or_default()
}

/// The first bytes of a body, then an error.
struct Half {
    body: Body,
    left: u64,
    flushed: bool,
}

impl hyper::body::Body for Half {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        use std::task::Poll;
        if self.left == 0 && !self.flushed {
            // hyper flushes only when the body is pending; after an error it would drop the data.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.left == 0 {
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())));
        }
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        self.left = 0;
        match std::pin::Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(Ok(frame.map_data(|mut data| {
                data.truncate(left);
                data
            })))),
            other => other,
        }
    }
}

fn without_token(query: &str) -> String {
    let parts = query.split('&').map(|part| if part.starts_with("access_token=") { "access_token=…" } else { part });
    parts.collect::<Vec<_>>().join("&")
}
