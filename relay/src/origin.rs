//! Web origins as browsers write and compare them (<https://url.spec.whatwg.org/#concept-url-origin>),
//! and which of them may open a socket here. Pure.

use axum::http::{HeaderMap, header};
use url::{Host, ParseError, Url};

/// Why a text is no origin of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// No address of a web page.
    #[error("http:// or https:// with a host, such as https://calls.example.org")]
    Form,
    /// Something stands behind the host.
    #[error(
        "http:// or https:// with a host and nothing behind it: a relay has a name or a port of \
         its own, and cannot share one under a path"
    )]
    Path,
    /// No port.
    #[error("a port from 1 to 65535 behind the host, or none")]
    Port,
    /// A port that browsers do not open.
    #[error(
        "a port that browsers open: they refuse this one (https://fetch.spec.whatwg.org/#port-blocking)"
    )]
    BlockedPort,
}

/// `scheme://host[:port]`, in the one form that browsers write: lower case, IDN as `xn--`, no port
/// where it is the scheme's own, the short form of IPv6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    text: String,
    host: Host,
    port: u16,
}

impl Origin {
    /// Reads an address as a browser reads what is typed.
    ///
    /// # Errors
    /// [`OriginError`], whose words say what is allowed.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let url = Url::parse(text.trim()).map_err(|error| {
            if error == ParseError::InvalidPort { OriginError::Port } else { OriginError::Form }
        })?;
        if !matches!(url.scheme(), "http" | "https")
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return Err(OriginError::Form);
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(OriginError::Path);
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(OriginError::Form);
        };
        // A pattern is nobody's address, and with a dot behind it a name is another one.
        if matches!(host, Host::Domain(name) if name.contains('*') || name.ends_with('.')) {
            return Err(OriginError::Form);
        }
        if port == 0 {
            return Err(OriginError::Port);
        }
        Ok(Self { text: url.origin().ascii_serialization(), host: host.to_owned(), port })
    }

    /// The same for an address that people are to type: browsers have to open its port.
    ///
    /// # Errors
    /// [`OriginError`].
    pub fn parse_typed(text: &str) -> Result<Self, OriginError> {
        let origin = Self::parse(text)?;
        if is_blocked(origin.port) { Err(OriginError::BlockedPort) } else { Ok(origin) }
    }

    /// As browsers write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `host[:port]`, as it stands in `Host`.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.text.split_once("://").map_or("", |(_, authority)| authority)
    }

    /// Whether it is reached over TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// Whether only this machine reaches it.
    #[must_use]
    pub fn is_this_machine(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.to_canonical().is_loopback(),
        }
    }

    /// For a log: names of sites, and no addresses, except the one that the relay was asked for by.
    fn redacted(&self, asked_for: Option<&str>) -> &str {
        match self.host {
            Host::Ipv4(_) | Host::Ipv6(_) if asked_for != Some(self.authority()) => "(an address)",
            Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_) => &self.text,
        }
    }
}

/// Ports that browsers do not open, <https://fetch.spec.whatwg.org/#port-blocking>.
const BLOCKED_PORTS: [u16; 82] = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
    103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465,
    512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
    995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668,
    6669, 6679, 6697, 10080,
];

/// Whether browsers refuse to open this port, whatever listens there.
#[must_use]
pub fn is_blocked(port: u16) -> bool {
    BLOCKED_PORTS.contains(&port)
}

/// The desktop app's pages.
const APP_ORIGINS: [&str; 2] = ["tauri://localhost", "http://tauri.localhost"];

/// Which pages may open a WebSocket here.
#[derive(Debug, Clone)]
pub struct Origins {
    public: Option<Origin>,
}

impl Origins {
    /// The relay's own origin, the desktop app's, and none at all (not a browser).
    #[must_use]
    pub fn new(public: Option<&Origin>) -> Self {
        Self { public: public.cloned() }
    }

    /// Whether a request with these headers may go on.
    ///
    /// # Errors
    /// [`Refusal`]: what a log may say of it.
    pub fn admit(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else { return Ok(()) };
        let origin = origin.to_str().unwrap_or_default();
        if origins.next().is_none() && self.accepts(origin, headers) {
            return Ok(());
        }
        let asked_for = host(headers);
        let named = Origin::parse(origin);
        let named = named.as_ref().map_or("(no web page)", |origin| origin.redacted(asked_for));
        Err(Refusal { origin: named.to_owned(), public: self.public.is_some() })
    }

    /// Whether pages of this origin may open a socket. Without a public address the relay's own
    /// is the one that the request was sent to.
    #[must_use]
    pub fn accepts(&self, origin: &str, headers: &HeaderMap) -> bool {
        if APP_ORIGINS.contains(&origin) {
            return true;
        }
        let Ok(origin) = Origin::parse(origin) else { return false };
        if let Some(public) = &self.public {
            return origin == *public;
        }
        let scheme = if origin.is_secure() { "https" } else { "http" };
        let own = host(headers).map(|host| Origin::parse(&format!("{scheme}://{host}")));
        own.is_some_and(|own| own.is_ok_and(|own| own == origin))
    }
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST).and_then(|host| host.to_str().ok())
}

/// A page that may not connect. Its words are for a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pages of {origin} may not connect. {remedy}", remedy = remedy(*public))]
pub struct Refusal {
    origin: String,
    /// Whether a public address is set.
    public: bool,
}

fn remedy(public: bool) -> &'static str {
    if public {
        "If this relay is reached there, set BELLWIRE_PUBLIC_URL to it"
    } else {
        "If this relay is reached there, set BELLWIRE_PUBLIC_URL to it, or let the proxy hand on \
         Host as it came"
    }
}

#[cfg(test)]
mod tests;
