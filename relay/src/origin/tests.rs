#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use axum::http::{HeaderMap, HeaderName, header};
use proptest::prelude::*;

use super::{Origin, OriginError, Origins};

fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
    lines.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
}

#[test]
fn an_address_has_one_form_however_it_is_typed() {
    for (typed, written) in [
        ("https://calls.example.org", "https://calls.example.org"),
        ("https://calls.example.org/", "https://calls.example.org"),
        ("https://calls.example.org:443", "https://calls.example.org"),
        ("http://calls.example.org:80/", "http://calls.example.org"),
        ("https://calls.example.org:80", "https://calls.example.org:80"),
        ("https://calls.example.org:", "https://calls.example.org"),
        ("https://calls.example.org:08443", "https://calls.example.org:8443"),
        (" HTTPS://Calls.Example.ORG ", "https://calls.example.org"),
        ("https://b\u{fc}cher.example", "https://xn--bcher-kva.example"),
        ("https://B\u{dc}CHER.example", "https://xn--bcher-kva.example"),
        ("http://[0:0:0:0:0:0:0:1]:8470", "http://[::1]:8470"),
        ("https://[2001:DB8:0::9]", "https://[2001:db8::9]"),
        ("http://192.168.1", "http://192.168.0.1"),
        ("http://0x7f.1:8470", "http://127.0.0.1:8470"),
    ] {
        assert_eq!(Origin::parse_typed(typed).unwrap().as_str(), written, "{typed}");
    }
}

#[test]
fn what_no_page_has_as_its_address_is_refused_with_the_reason() {
    for (typed, why) in [
        ("", OriginError::Form),
        ("calls.example.org", OriginError::Form),
        ("ws://calls.example.org", OriginError::Form),
        ("file:///", OriginError::Form),
        ("https://", OriginError::Form),
        ("https://:443", OriginError::Form),
        ("https://calls example.org", OriginError::Form),
        ("https://*.example.org", OriginError::Form),
        ("https://calls.example.org.", OriginError::Form),
        ("https://me@calls.example.org", OriginError::Form),
        ("https://[::1", OriginError::Form),
        ("https://[fe80::1%25eth0]", OriginError::Form),
        ("https://999.1.1.1", OriginError::Form),
        ("https://a.example, https://b.example", OriginError::Form),
        ("https://calls.example.org/calls", OriginError::Path),
        ("https://calls.example.org/calls/", OriginError::Path),
        ("https://calls.example.org?x", OriginError::Path),
        ("https://calls.example.org#x", OriginError::Path),
        ("https://calls.example.org:99999", OriginError::Port),
        ("https://calls.example.org:65536", OriginError::Port),
        ("https://calls.example.org:0", OriginError::Port),
        ("https://calls.example.org:-1", OriginError::Port),
        ("https://calls.example.org:x", OriginError::Port),
        ("https://calls.example.org:6000", OriginError::BlockedPort),
        ("http://localhost:5060", OriginError::BlockedPort),
    ] {
        assert_eq!(Origin::parse_typed(typed), Err(why), "{typed:?}");
    }
}

#[test]
fn only_names_of_this_machine_are_this_machine() {
    for (typed, this) in [
        ("http://localhost:8470", true),
        ("http://calls.localhost:8470", true),
        ("https://127.9.9.9", true),
        ("http://[::1]", true),
        ("http://[::ffff:127.0.0.1]", true),
        ("https://localhost.example.org", false),
        ("https://127.0.0.1.example.org", false),
        ("http://192.168.1.5", false),
    ] {
        assert_eq!(Origin::parse(typed).unwrap().is_this_machine(), this, "{typed}");
    }
}

#[test]
fn with_a_public_address_its_pages_alone_may_connect_however_it_was_typed() {
    for typed in [
        "https://calls.example.org",
        "https://calls.example.org:443",
        "https://calls.example.org:",
        "HTTPS://CALLS.example.org/",
    ] {
        let origins = Origins::new(Some(&Origin::parse_typed(typed).unwrap()));
        let none = HeaderMap::new();
        assert!(origins.accepts("https://calls.example.org", &none), "{typed}");
        assert!(origins.accepts("https://calls.example.org:443", &none), "{typed}");
        assert!(origins.accepts("tauri://localhost", &none), "{typed}");
        for other in ["http://calls.example.org", "https://calls.example.org:8443", "null", ""] {
            assert!(!origins.accepts(other, &none), "{other:?} where {typed}");
        }
        // What the proxy asks for does not matter.
        let host = headers(&[(header::HOST, "127.0.0.1:8470")]);
        assert!(!origins.accepts("http://127.0.0.1:8470", &host), "{typed}");
    }
}

#[test]
fn without_one_the_page_is_where_the_request_was_sent() {
    let origins = Origins::new(None);
    for (host, origin, accepted) in [
        ("localhost:8470", "http://localhost:8470", true),
        ("calls.example.org", "https://calls.example.org", true),
        ("calls.example.org:443", "https://calls.example.org", true),
        ("calls.example.org:80", "http://calls.example.org", true),
        ("Calls.Example.Org", "https://calls.example.org", true),
        ("[0:0::1]:8470", "http://[::1]:8470", true),
        ("calls.example.org:443", "http://calls.example.org", false),
        ("calls.example.org", "https://calls.example.org:8443", false),
        ("127.0.0.1:8470", "https://calls.example.org", false),
        ("me@calls.example.org", "https://calls.example.org", false),
        ("calls.example.org/x", "https://calls.example.org", false),
        ("", "https://calls.example.org", false),
    ] {
        let headers = headers(&[(header::HOST, host)]);
        assert_eq!(origins.accepts(origin, &headers), accepted, "{origin} at {host}");
    }
    assert!(!origins.accepts("https://calls.example.org", &HeaderMap::new()));
}

#[test]
fn two_origins_are_none() {
    let mut two = headers(&[(header::HOST, "a.example"), (header::ORIGIN, "https://a.example")]);
    let origins = Origins::new(None);
    assert_eq!(origins.admit(&two), Ok(()));
    two.append(header::ORIGIN, "https://a.example".parse().unwrap());
    assert!(origins.admit(&two).is_err());
}

#[test]
fn a_refusal_names_sites_and_no_addresses_but_the_relays_own() {
    let refused = |public: Option<&str>, host: &str, origin: &str| {
        let public = public.map(|typed| Origin::parse_typed(typed).unwrap());
        let headers = headers(&[(header::HOST, host), (header::ORIGIN, origin)]);
        Origins::new(public.as_ref()).admit(&headers).unwrap_err().to_string()
    };
    let public = Some("https://calls.example.org");
    let named = refused(public, "calls.example.org", "https://www.example.org");
    assert!(named.contains("https://www.example.org") && named.contains("BELLWIRE_PUBLIC_URL"));
    let own = refused(public, "192.168.1.5:8470", "http://192.168.1.5:8470");
    assert!(own.contains("http://192.168.1.5:8470"), "it was asked for by that: {own}");
    let another = refused(public, "calls.example.org", "http://203.0.113.9");
    assert!(!another.contains("203.0.113.9"), "{another}");
    let lost = refused(None, "127.0.0.1:8470", "https://calls.example.org");
    assert!(lost.contains("https://calls.example.org") && lost.contains("Host"), "{lost}");
    for odd in ["null", "chrome-extension://abc", "https://a b"] {
        assert!(refused(public, "calls.example.org", odd).contains("(no web page)"), "{odd}");
    }
}

proptest! {
    #[test]
    fn an_origin_written_out_is_the_same_origin(typed in "(http|HTTPS)://[a-zA-Z0-9.\\[\\]:-]{1,20}") {
        if let Ok(origin) = Origin::parse(&typed) {
            prop_assert_eq!(Origin::parse(origin.as_str()), Ok(origin.clone()));
            let host = headers(&[(header::HOST, origin.authority())]);
            prop_assert!(Origins::new(None).accepts(origin.as_str(), &host));
            prop_assert!(Origins::new(Some(&origin)).accepts(origin.as_str(), &HeaderMap::new()));
        }
    }
}
