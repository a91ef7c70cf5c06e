//! Whether the relay lets the page that this client runs in open a socket. Browsers send the page's
//! origin with every socket, the relay refuses those that it does not know, and the page sees no more
//! than a socket that does not open: so it asks.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Time;

/// How long an answer holds while sockets do not open, in ms. Higher shows a mended relay later; lower
/// makes pages ask a relay that refuses them more often.
const HOLDS_MS: u64 = 60_000;
/// Longest address that is shown, in bytes: a scheme, a host of 253 and a port.
const LONGEST: usize = 267;

/// The page, and what the relay says of it.
#[derive(Debug)]
pub(crate) struct Page {
    /// `None` in a native client, whose sockets carry no origin.
    origin: Option<String>,
    refusal: Option<Refusal>,
    /// What the relay said holds until then.
    asked_until: Option<Time>,
}

/// The relay accepts no sockets of this page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Where the relay wants to be opened, where it says so.
    pub(crate) address: Option<String>,
}

impl Page {
    pub(crate) const fn new(origin: Option<String>) -> Self {
        Self { origin, refusal: None, asked_until: None }
    }

    /// What to ask the relay, below `/api/v1`.
    pub(crate) fn question(&self) -> String {
        match &self.origin {
            Some(origin) => {
                format!("/relay?origin={}", utf8_percent_encode(origin, NON_ALPHANUMERIC))
            }
            None => "/relay".to_owned(),
        }
    }

    pub(crate) const fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// A socket did not open. Whether the relay is to be asked if that is because of the page.
    pub(crate) fn wants_to_know(&self, now: Time) -> bool {
        self.origin.is_some() && self.asked_until.is_none_or(|until| until <= now)
    }

    /// The relay answered.
    pub(crate) fn learn(&mut self, accepted: Option<bool>, address: Option<String>, now: Time) {
        let is_refused = self.origin.is_some() && accepted == Some(false);
        self.refusal = is_refused.then(|| Refusal { address: address.filter(|it| is_address(it)) });
        self.asked_until = Some(now.after(HOLDS_MS));
    }

    /// What was said holds no longer than until the next socket that does not open.
    pub(crate) const fn ask_anew(&mut self) {
        self.asked_until = None;
    }

    /// A socket opened.
    pub(crate) fn accept(&mut self) {
        self.refusal = None;
        self.asked_until = None;
    }
}

/// Whether this can be shown as an address that people open.
fn is_address(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    text.len() <= LONGEST
        && host.is_some_and(|host| !host.is_empty() && host.bytes().all(|it| it.is_ascii_graphic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "https://192.0.2.7:8443";

    fn page() -> Page {
        Page::new(Some(ORIGIN.to_owned()))
    }

    #[test]
    fn a_page_names_its_origin_and_a_native_client_none() {
        assert_eq!(page().question(), "/relay?origin=https%3A%2F%2F192%2E0%2E2%2E7%3A8443");
        let mut native = Page::new(None);
        assert_eq!(native.question(), "/relay");
        assert!(!native.wants_to_know(Time(0)), "no relay refuses it for an origin");
        native.learn(Some(false), None, Time(0));
        assert_eq!(native.refusal(), None);
    }

    #[test]
    fn an_answer_holds_for_a_while_or_until_the_person_asks() {
        let mut page = page();
        assert!(page.wants_to_know(Time(0)));
        page.learn(Some(false), None, Time(0));
        assert!(page.refusal().is_some());
        assert!(!page.wants_to_know(Time(HOLDS_MS - 1)));
        assert!(page.wants_to_know(Time(HOLDS_MS)));
        page.learn(Some(true), None, Time(HOLDS_MS));
        assert_eq!(page.refusal(), None, "somebody mended the relay");
        page.ask_anew();
        assert!(page.wants_to_know(Time(HOLDS_MS)));
    }

    #[test]
    fn only_an_address_is_shown_as_one() {
        let long = format!("https://{}", "a".repeat(LONGEST));
        for (said, shown) in [
            ("https://calls.example.org", true),
            ("http://[2001:db8::1]:8470", true),
            ("javascript:alert(1)", false),
            ("https://", false),
            ("https://calls.example.org\u{202e}", false),
            ("https://calls.example.org or call 555", false),
            (&long, false),
        ] {
            let mut page = page();
            page.learn(Some(false), Some(said.to_owned()), Time(0));
            let refusal = page.refusal().expect("it is refused, whatever the address");
            assert_eq!(refusal.address.is_some(), shown, "{said}");
        }
    }
}
