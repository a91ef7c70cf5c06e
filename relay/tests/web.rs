//! What a browser and an operator get: pages, headers, health, metrics.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

mod support;

use bellwire_protocol::ClientMessage;
use bellwire_relay::Shutdown;
use serde_json::Value;
use support::{TestRelay, answer, call_id, http, initiate};

async fn get(relay: &TestRelay, path: &str, headers: &[(&str, &str)]) -> support::Reply {
    http(relay.address, "GET", path, None, &Value::Null, headers).await
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let relay = TestRelay::start();
    for path in ["/", "/call/somebody", "/api/v1/relay", "/api/v1/me", "/missing.js", "/healthz"] {
        let reply = get(&relay, path, &[]).await;
        let header = |name: &str| reply.header(name).unwrap_or_default();
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert!(header("permissions-policy").contains("camera=(self)"), "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), None, "no CORS: {path}");
        assert_eq!(reply.header("server"), None, "{path}");
        let at = relay.address;
        let policy = format!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
             img-src 'self' data: blob:; font-src 'self'; \
             connect-src 'self' ws://{at} wss://{at}; media-src 'self' blob: mediastream:; \
             manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
             form-action 'none'; require-trusted-types-for 'script'"
        );
        assert_eq!(header("content-security-policy"), policy, "{path}");
    }
}

#[tokio::test]
async fn only_where_the_public_address_has_tls_browsers_are_told_so_and_no_more_than_is_set() {
    use bellwire_relay::origin::Origin;
    use bellwire_relay::web::Hsts;
    let https = Some("https://calls.example.org");
    for (public, hsts, expected) in [
        (None, Hsts::default(), None),
        (Some("http://calls.example.org"), Hsts::Subdomains, None),
        (https, Hsts::default(), Some("max-age=31536000")),
        (https, Hsts::Subdomains, Some("max-age=31536000; includeSubDomains")),
        (https, Hsts::Off, None),
    ] {
        let relay = TestRelay::with(|config| {
            config.public_url = public.map(|url| Origin::parse_typed(url).unwrap());
            config.hsts = hsts;
        });
        let header = get(&relay, "/", &[]).await.header("strict-transport-security");
        assert_eq!(header.as_deref(), expected, "{public:?} {hsts:?}");
    }
}

#[tokio::test]
async fn a_forged_host_does_not_get_into_the_policy() {
    let relay = TestRelay::start();
    let reply = get(&relay, "/", &[("host", "a; script-src *")]).await;
    let policy = reply.header("content-security-policy").unwrap_or_default();
    assert!(!policy.contains("script-src *"), "{policy}");
}

#[tokio::test]
async fn a_page_is_served_for_every_path_and_a_missing_file_is_missing() {
    let relay = TestRelay::start();
    for path in ["/", "/conversations/1", "/settings"] {
        let reply = get(&relay, path, &[]).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(reply.header("content-type").unwrap().starts_with("text/html"), "{path}");
    }
    for path in ["/missing.js", "/assets/missing", "/../Cargo.toml", "/%2e%2e/Cargo.toml"] {
        assert!(!get(&relay, path, &[]).await.text.contains("[package]"), "{path}");
    }
    assert_eq!(get(&relay, "/missing.js", &[]).await.status, 404);
    let post = http(relay.address, "POST", "/", None, &Value::Null, &[]).await;
    assert_eq!(post.status, 405);
    let api = get(&relay, "/api/v1/relay", &[]).await;
    assert_eq!(api.header("cache-control").as_deref(), Some("no-store"));
}

#[tokio::test]
async fn health_is_public_and_the_rest_of_operations_is_not() {
    let relay = TestRelay::start();
    assert_eq!(get(&relay, "/healthz", &[]).await.text, "ok\n");
    for path in ["/metrics", "/readyz", "/admin/connections", "/admin/calls"] {
        let public = get(&relay, path, &[]).await;
        assert!(public.text.is_empty() || public.text.contains("<!doctype"), "{path}");
        let ops = http(relay.ops, "GET", path, None, &Value::Null, &[]).await;
        assert_eq!(ops.status, 200, "{path}: {}", ops.text);
    }
    relay.shutdown.send_replace(Shutdown::Draining);
}

#[tokio::test]
async fn the_operator_sees_numbers_and_no_people() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut g = relay.connect(&grace).await;
    let call = call_id();
    a.ask(initiate(call, conversation)).await.unwrap();
    let offer = g.incoming(call).await;
    g.ask(answer(call, &offer)).await.unwrap();
    g.ask(ClientMessage::CallReport { call_id: call, setup_ms: Some(80), flowing: None })
        .await
        .unwrap();
    let ops =
        |path: String| async move { http(relay.ops, "GET", &path, None, &Value::Null, &[]).await };
    let metrics = ops("/metrics".into()).await.text;
    for name in [
        "call_setup_time_ms_bucket",
        "ring_time_ms_bucket",
        "active_calls 1",
        "signaling_messages_total{type=\"call_initiate\",direction=\"in\"} 1",
        "reconnect_attempts_total",
        "ws_connections 2",
        "turn_allocations 0",
        "turn_bytes_total",
        "auth_total",
        "slow_readers_total 0",
    ] {
        let described = name.split(['{', ' ']).next().unwrap().replace("_bucket", "");
        let family = described.trim_end_matches("_total");
        assert!(
            metrics.contains(name) || metrics.contains(&format!("# TYPE {family} ")),
            "{name} in\n{metrics}"
        );
    }
    let connections = ops("/admin/connections".into()).await.text;
    assert!(connections.contains("u1_") && connections.contains("\"connected\":true"));
    let calls = ops("/admin/calls".into()).await.text;
    assert!(calls.contains("\"state\":\"live\""), "{calls}");
    assert_eq!(ops(format!("/admin/calls/{call}")).await.status, 200);
    assert_eq!(ops(format!("/admin/calls/{}", call_id())).await.status, 404);
    for text in [metrics, connections, calls] {
        for person in [&ada, &grace] {
            assert!(!text.contains(&person.user().to_string()) && !text.contains(&person.name));
        }
    }
}

#[tokio::test]
async fn the_operators_page_names_every_metric_and_no_other() {
    let relay = TestRelay::start();
    // Some are there from their first count on: a call that is placed and ends.
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let call = call_id();
    a.ask(initiate(call, conversation)).await.unwrap();
    a.ask(ClientMessage::CallCancel { call_id: call }).await.unwrap();
    let metrics = http(relay.ops, "GET", "/metrics", None, &Value::Null, &[]).await.text;
    let families: std::collections::BTreeSet<&str> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    assert!(families.len() > 10, "{metrics}");
    let page = include_str!("../../docs/operations.md");
    let table = page.split("| metric | what it tells |").nth(1).unwrap();
    let table = table.split("\n\n").next().unwrap();
    let named: std::collections::BTreeSet<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .flat_map(|cell| cell.split(", "))
        .map(|name| name.trim_matches('`').split('{').next().unwrap().trim_end_matches("_total"))
        .collect();
    assert_eq!(named, families);
}
