//! HTTP requests, each on a task of its own.

use std::time::Duration;

use bellwire_core::{HttpFailure, HttpMethod, HttpReply, HttpRequest};
use bellwire_protocol::Secret;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::mpsc;

use super::tls;

/// As [`HttpReply`] says.
const REPLY: Duration = Duration::from_secs(15);
/// As [`HttpReply`] says, in bytes.
const REPLY_BYTES: usize = 1024 * 1024;

/// Replies that wait for the core, up to a megabyte each; one more waits on the task of its request. The
/// core makes no new ones before it took those.
pub(super) const REPLIES: usize = 8;

/// Makes requests and sends what comes of them.
pub(super) struct Requests {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    replied: mpsc::Sender<HttpReply>,
}

/// Why a request got no reply.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error("the request cannot be written")]
    Unwritable(#[from] hyper::http::Error),
    #[error("a header cannot be written")]
    Header(#[from] hyper::header::InvalidHeaderValue),
    #[error("the request could not be sent")]
    Unsent(#[from] hyper_util::client::legacy::Error),
    #[error("the reply broke off or is too long")]
    Reply(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the reply took too long")]
    TooLate(#[from] tokio::time::error::Elapsed),
}

impl Requests {
    pub(super) fn new(replied: mpsc::Sender<HttpReply>) -> Self {
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config((*tls::config()).clone())
            .https_or_http()
            .enable_http1()
            .build();
        Self { client: Client::builder(TokioExecutor::new()).build(connector), replied }
    }

    pub(super) fn make(&self, request: HttpRequest) {
        let (client, replied) = (self.client.clone(), self.replied.clone());
        tokio::spawn(async move {
            let id = request.id;
            let result = match tokio::time::timeout(REPLY, exchange(client, request)).await {
                Ok(result) => result,
                Err(late) => Err(late.into()),
            };
            let result = result.map_err(|error| {
                if tls::is_about_certificate(&error) {
                    HttpFailure::Certificate
                } else {
                    HttpFailure::Unreachable
                }
            });
            // The client was stopped meanwhile if this fails.
            let _ = replied.send(HttpReply { id, result }).await;
        });
    }
}

async fn exchange(
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    request: HttpRequest,
) -> Result<(u16, String), RequestError> {
    let method = match request.method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Delete => Method::DELETE,
    };
    let mut builder =
        Request::builder().method(method).uri(request.url).header(ACCEPT, "application/json");
    if let Some(bearer) = request.bearer.as_ref().map(Secret::as_str) {
        let mut value = HeaderValue::try_from(format!("Bearer {bearer}"))?;
        value.set_sensitive(true);
        builder = builder.header(AUTHORIZATION, value);
    }
    if request.body.is_some() {
        builder = builder.header(CONTENT_TYPE, "application/json");
    }
    let body = Full::new(Bytes::from(request.body.unwrap_or_default()));
    let response = client.request(builder.body(body)?).await?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), REPLY_BYTES)
        .collect()
        .await
        .map_err(RequestError::Reply)?
        .to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

#[cfg(test)]
mod tests;
