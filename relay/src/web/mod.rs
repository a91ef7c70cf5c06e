//! The web client, embedded in the binary, and the headers that every answer carries.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::Relay;
use crate::origin::Origin;

/// One file of the built web client. Compressed forms are there where they are smaller.
#[derive(Debug)]
pub struct Asset {
    path: &'static str,
    mime: &'static str,
    etag: &'static str,
    /// Its name changes with its content.
    immutable: bool,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

const NOT_BUILT: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Bellwire</title>\
<p>This relay was built without its web client. Build the <code>ui</code> folder and then the \
relay again, or connect with the desktop app.";

/// Serves a file of the web client; a page's address without a file is the client's own business
/// and gets `index.html`.
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    let exact = ASSETS.iter().find(|asset| asset.path == path);
    if let Some(asset) = exact {
        return answer(asset, &headers);
    }
    // A missing script must not be answered with a page.
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if is_file || path.starts_with("api/") || path.starts_with("assets/") {
        return StatusCode::NOT_FOUND.into_response();
    }
    match ASSETS.iter().find(|asset| asset.path == "index.html") {
        Some(index) => answer(index, &headers),
        None => axum::response::Html(NOT_BUILT).into_response(),
    }
}

fn answer(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let etag = HeaderValue::from_static(asset.etag);
    let caching = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = headers.get(header::IF_NONE_MATCH) == Some(&etag);
    let (bytes, encoding) = chosen(asset, headers);
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(bytes).into_response()
    };
    let out = response.headers_mut();
    out.insert(header::ETAG, etag);
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.mime));
    if let Some(encoding) = encoding.filter(|_| !known) {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// The smallest form that the browser takes.
fn chosen(asset: &'static Asset, headers: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let accepts = |name: &str| {
        accepted.into_iter().flat_map(|list| list.split(',')).any(|item| {
            let mut parts = item.split(';');
            let refused = item.replace(' ', "").ends_with(";q=0");
            parts.next().is_some_and(|part| part.trim() == name) && !refused
        })
    };
    if let Some(bytes) = asset.brotli.filter(|_| accepts("br")) {
        return (bytes, Some("br"));
    }
    if let Some(bytes) = asset.gzip.filter(|_| accepts("gzip")) {
        return (bytes, Some("gzip"));
    }
    (asset.plain, None)
}

/// What browsers are told to remember of TLS, where the public address has it (RFC 6797).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Hsts {
    /// Nothing: the proxy says it, or nobody does.
    Off,
    /// This host is reached over TLS only.
    #[default]
    Host,
    /// So is every host below it, which only its owner can know.
    Subdomains,
}

impl Hsts {
    /// The word of the setting.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "off" => Some(Self::Off),
            "host" => Some(Self::Host),
            "subdomains" => Some(Self::Subdomains),
            _ => None,
        }
    }

    /// For a year: a shorter time protects less after a pause, and there is no way back sooner.
    const fn header(self) -> Option<&'static str> {
        match self {
            Self::Off => None,
            Self::Host => Some("max-age=31536000"),
            Self::Subdomains => Some("max-age=31536000; includeSubDomains"),
        }
    }
}

/// Headers that are the same for everybody.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), \
         screen-wake-lock=(self), geolocation=(), payment=(), usb=()",
    ),
];

/// Adds them, and the content security policy, which names the relay's own sockets: in CSP,
/// `'self'` of a page does not cover `ws:` in every browser.
pub async fn security_headers(
    State(relay): State<Arc<Relay>>,
    request: Request,
    next: Next,
) -> Response {
    let host = own_host(&relay, request.headers());
    let https = relay.config.public_url.as_ref().is_some_and(Origin::is_secure);
    let hsts = relay.config.hsts.header().filter(|_| https);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let sockets = host.map(|host| format!(" ws://{host} wss://{host}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data: blob:; font-src 'self'; connect-src 'self'{sockets}; \
         media-src 'self' blob: mediastream:; manifest-src 'self'; worker-src 'self'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if let Some(value) = hsts {
        let value = HeaderValue::from_static(value);
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    response
}

/// The host that the page is at, where a policy can name it.
fn own_host(relay: &Relay, headers: &HeaderMap) -> Option<String> {
    let public = relay.config.public_url.as_ref().map(Origin::authority);
    let host = public.or_else(|| headers.get(header::HOST)?.to_str().ok())?;
    is_source(host).then(|| host.to_owned())
}

/// Whether this is a `host-source` without scheme and path (CSP Level 3, section 2.3.1). An IPv6 address
/// is none, and a browser says so in its console; its pages reach the relay by `'self'`, which covers
/// sockets in every browser that has the pieces a call needs.
fn is_source(host: &str) -> bool {
    let (name, port) = match host.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    name.split('.').all(is_label) && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    use super::is_source;

    #[test]
    fn a_policy_names_a_host_only_where_its_grammar_has_a_form_for_it() {
        for host in
            ["localhost", "localhost:8470", "calls.example.org", "127.0.0.1:8470", "xn--e1aybc:443"]
        {
            assert!(is_source(host), "{host}");
        }
        for host in [
            "",
            "[::1]",
            "[::1]:8470",
            "[fe80::1%25eth0]:80",
            "::1",
            "a:b:1",
            "a.example:",
            "*",
            "*.example.org",
            "a_b.example.org",
            "example.org.",
            "a..b",
            "a b",
            "a;script-src *",
            "a/b",
            "user@host",
            "a'b",
        ] {
            assert!(!is_source(host), "{host}");
        }
    }
}
