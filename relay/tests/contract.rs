//! The interface is the one that `docs/protocol.md` lists.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

mod support;

use std::collections::BTreeSet;

use bellwire_protocol::http::{Access, Problem, ProblemReason, ROUTES, Route};
use serde_json::{Value, json};
use support::TestRelay;

/// Names nothing.
const NOTHING: &str = "01a0c450-6c00-7101-8101-010101010101";

fn path(route: &Route) -> String {
    format!("/api/v1{}", route.path.replace("{id}", NOTHING).replace("{user}", NOTHING))
}

/// Method and path of every route that the code adds.
fn served() -> BTreeSet<(String, String)> {
    let source = include_str!("../src/accounts/http/mod.rs");
    let routes = source.split(".route(").skip(1);
    let mut served = BTreeSet::new();
    for route in routes {
        let route = route.split(".fallback(").next().unwrap();
        let path = route.split('"').nth(1).unwrap();
        for method in ["get", "post", "put", "patch", "delete"] {
            if route.contains(&format!("{method}(")) {
                served.insert((method.to_uppercase(), path.to_owned()));
            }
        }
    }
    served
}

#[test]
fn what_is_served_is_what_is_listed() {
    let listed: BTreeSet<(String, String)> =
        ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(listed.len(), ROUTES.len(), "nothing is listed twice");
    assert_eq!(served(), listed, "crates/protocol/src/http/routes.rs lists the interface");
}

#[tokio::test]
async fn every_request_asks_for_what_the_list_says() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let grace = relay.sign_up("grace").await;
    for route in ROUTES {
        let named = format!("{} {}", route.method, route.path);
        let stranger = relay.http(route.method, &path(route), None, &Value::Null).await;
        if route.access == Access::Anybody {
            assert!(![401, 403, 404].contains(&stranger.status), "{named}: {}", stranger.text);
        } else {
            let problem: Problem = stranger.json();
            assert_eq!(problem.reason, Some(ProblemReason::TokenInvalid), "{named}");
        }
        if route.access == Access::Administrator {
            let token = Some(grace.token());
            for body in [json!({}), json!("no body")] {
                let reply = relay.http(route.method, &path(route), token, &body).await;
                assert_eq!(reply.status, 403, "{named} of somebody who is no administrator");
            }
        }
        if route.body.is_some() {
            let token = match route.access {
                Access::Anybody => None,
                Access::SignedIn => Some(grace.token()),
                Access::Administrator => Some(ada.token()),
            };
            let reply = relay.http(route.method, &path(route), token, &json!("no body")).await;
            assert_eq!(reply.status, 400, "{named} with something else for a body");
        }
    }
}
