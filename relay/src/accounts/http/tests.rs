//! Whoever hangs up between a commit and its publication cuts nothing off.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::http::{Request, Response, header};
use bellwire_protocol::http::{Registration, SignedIn};
use bellwire_protocol::{RelayMessage, UserId};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tower::ServiceExt;

use super::routes;
use crate::accounts::device_cookie::DeviceCookies;
use crate::accounts::password::{Cost, Passwords};
use crate::accounts::resets::make_reset;
use crate::accounts::token::Tokens;
use crate::accounts::{Accounts, Parts};
use crate::bus::local::LocalBus;
use crate::bus::{Bus, Event};
use crate::clock::Clock;
use crate::config::Config;
use crate::observe::{Hints, Metrics, Redaction};
use crate::origin::Origins;
use crate::readiness::Readiness;
use crate::server::{Peer, Strangers};
use crate::store::Store;
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::{Relay, Shutdown};

const PATIENCE: Duration = Duration::from_secs(20);
const PASSWORD: &str = "correct horse battery";

/// Everything of a relay but its sockets and its switchboard: what is published waits on the bus.
struct House {
    relay: Arc<Relay>,
    /// Another process's look at the same database.
    aside: SqliteConnection,
    events: mpsc::Receiver<Event>,
    _folder: TempDir,
}

impl House {
    async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("relay.db");
        let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let aside = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
        let (bus, events) = LocalBus::new();
        let bus: Arc<dyn Bus> = Arc::new(bus);
        let (clock, metrics) = (Clock::start(), Arc::new(Metrics::new()));
        let parts = Parts {
            store: Arc::clone(&store),
            bus: Arc::clone(&bus),
            clock: clock.clone(),
            metrics: Arc::clone(&metrics),
        };
        let passwords = Passwords::new(Cost { memory_kib: 64, passes: 1 }).unwrap();
        let tokens = Tokens::new([1; 32], [2; 32]);
        let readiness = Readiness::new(Arc::clone(&store), Arc::clone(&metrics));
        let relay = Relay {
            accounts: Accounts::new(
                parts,
                (tokens, DeviceCookies::new([4; 32])),
                passwords,
                Registration::Open,
            ),
            origins: Origins::new(None),
            hints: Hints::default(),
            redaction: Redaction::new([3; 32]),
            clock,
            store,
            bus,
            metrics,
            switchboard: mpsc::channel(1).0,
            shutdown: watch::channel(Shutdown::Running).1,
            readiness,
            strangers: Strangers::default(),
            meter: super::Meter::default(),
            config: Config::default(),
        };
        Self { relay: Arc::new(relay), aside, events, _folder: folder }
    }

    async fn answer(relay: Arc<Relay>, asked: Asked) -> Response<Body> {
        let Asked { method, path, token, body } = asked;
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        let routes = routes().layer(Extension(Peer(IpAddr::from([127, 0, 0, 1]))));
        routes.with_state(relay).oneshot(request).await.unwrap()
    }

    /// Asks and waits; what it published is taken off the bus.
    async fn ask(&mut self, asked: Asked) -> (u16, Value, Vec<String>) {
        let asking = Self::answer(Arc::clone(&self.relay), asked);
        let mut asking = std::pin::pin!(asking);
        let mut published = Vec::new();
        let response = loop {
            tokio::select! {
                Some(event) = self.events.recv() => published.push(kind(&event)),
                response = &mut asking => break response,
            }
        };
        while let Ok(event) = self.events.try_recv() {
            published.push(kind(&event));
        }
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 65_536).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default(), published)
    }

    async fn sign_up(&mut self, name: &str) -> SignedIn {
        let body = json!({
            "username": name, "display_name": name, "password": PASSWORD,
            "device": { "name": "test", "platform": "cli" },
        });
        let (status, answer, _) = self.ask(Asked::new("POST", "/auth/register", None, body)).await;
        assert_eq!(status, 201, "{answer}");
        serde_json::from_value(answer).unwrap()
    }

    async fn sign_in(&mut self, name: &str) -> SignedIn {
        let (status, answer, _) = self.ask(login(name)).await;
        assert_eq!(status, 200, "{answer}");
        serde_json::from_value(answer).unwrap()
    }

    /// Asks on a bus that takes nothing more, hangs up once the disk has it, and says what is
    /// published then.
    async fn ask_and_hang_up(&mut self, asked: Asked, expected: usize) -> Vec<String> {
        let users = Vec::new();
        let message = RelayMessage::ContactRemoved { user: UserId::from_bytes([0; 16]) };
        let filler = Event::Tell { users, except: None, message: Box::new(message) };
        let mut fillers = 0;
        while let Ok(()) =
            tokio::time::timeout(Duration::ZERO, self.relay.bus.publish(filler.clone())).await
        {
            fillers += 1;
        }
        let before = foreign_writes(&mut self.aside).await;
        {
            let asking = Self::answer(Arc::clone(&self.relay), asked);
            let mut asking = std::pin::pin!(asking);
            let committed = async {
                while foreign_writes(&mut self.aside).await == before {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                response = &mut asking => panic!("it could not publish: {response:?}"),
                () = committed => {}
            }
            // Whoever asks is gone: the connection drops what it was waiting for.
        }
        for _ in 0..fillers {
            self.events.recv().await.unwrap();
        }
        let mut published = Vec::new();
        while published.len() < expected {
            match tokio::time::timeout(PATIENCE, self.events.recv()).await {
                Ok(Some(event)) => published.push(kind(&event)),
                Ok(None) | Err(_) => break,
            }
        }
        published
    }
}

/// A number that changes when somebody else writes to the database
/// (<https://www.sqlite.org/pragma.html#pragma_data_version>).
async fn foreign_writes(aside: &mut SqliteConnection) -> i64 {
    sqlx::query_scalar("PRAGMA data_version").fetch_one(aside).await.unwrap()
}

struct Asked {
    method: &'static str,
    path: String,
    token: Option<String>,
    body: Value,
}

impl Asked {
    fn new(
        method: &'static str,
        path: impl Into<String>,
        by: Option<&SignedIn>,
        body: Value,
    ) -> Self {
        let token = by.map(|by| by.access_token.as_str().to_owned());
        Self { method, path: path.into(), token, body }
    }
}

fn login(name: &str) -> Asked {
    let body = json!({
        "username": name, "password": PASSWORD, "device": { "name": "d", "platform": "cli" },
    });
    Asked::new("POST", "/auth/login", None, body)
}

/// What an event is, without the ids, which differ from house to house.
fn kind(event: &Event) -> String {
    match event {
        Event::Tell { users, message, .. } => {
            let message = serde_json::to_value(message).unwrap();
            format!("tell {} of {}", users.len(), message["type"])
        }
        Event::MeChanged { .. } => "me changed".into(),
        Event::Renamed { .. } => "renamed".into(),
        Event::Revoked { devices, by } => format!("revoked {} by {by:?}", devices.len()),
        Event::Departed { .. } => "departed".into(),
        Event::Parted { parting, .. } => format!("parted {parting:?}"),
        Event::LeftGroup { .. } => "left group".into(),
        Event::Related { visible, .. } => format!("related {visible}"),
    }
}

/// Requests that write and are then made known.
const CASES: [&str; 13] = [
    "sign in once more than may be",
    "refresh with a copy",
    "sign out",
    "remove a device",
    "change the password",
    "set a new password by a code",
    "change the name",
    "ask for contact",
    "accept a contact",
    "remove a contact",
    "block",
    "unblock",
    "make a group",
];

async fn arrange(house: &mut House, case: &str) -> Asked {
    let ada = house.sign_up("ada").await;
    let grace = house.sign_up("grace").await;
    let ask_grace = json!({ "username": "grace" });
    let befriend = async |house: &mut House| {
        let body = json!({ "username": "grace" });
        house.ask(Asked::new("POST", "/contacts", Some(&ada), body)).await;
        let path = format!("/contacts/{}/accept", ada.user);
        house.ask(Asked::new("POST", path, Some(&grace), Value::Null)).await
    };
    match case {
        "sign in once more than may be" => {
            for _ in 1..crate::accounts::SIGN_INS {
                house.sign_in("ada").await;
            }
            login("ada")
        }
        "refresh with a copy" => {
            let refresh = |token: &str| {
                Asked::new("POST", "/auth/refresh", None, json!({ "refresh_token": token }))
            };
            let first = ada.refresh_token.as_str();
            let (_, second, _) = house.ask(refresh(first)).await;
            house.ask(refresh(second["refresh_token"].as_str().unwrap())).await;
            refresh(first)
        }
        "sign out" => Asked::new("POST", "/auth/logout", Some(&ada), Value::Null),
        "remove a device" => {
            let other = house.sign_in("ada").await;
            Asked::new("DELETE", format!("/devices/{}", other.device), Some(&ada), Value::Null)
        }
        "change the password" => {
            house.sign_in("ada").await;
            let body = json!({ "old_password": PASSWORD, "new_password": "another good one" });
            Asked::new("POST", "/me/password", Some(&ada), body)
        }
        "set a new password by a code" => {
            let (store, now) = (&*house.relay.store, house.relay.clock.wall().ms());
            let person = store.account(ada.user).await.unwrap().unwrap().person;
            let made = make_reset(store, now, person).await.unwrap().unwrap();
            let device = json!({ "name": "d", "platform": "cli" });
            let body = json!({
                "code": made.code, "new_password": "another good one", "device": device,
            });
            Asked::new("POST", "/auth/reset", None, body)
        }
        "change the name" => {
            befriend(house).await;
            Asked::new("PATCH", "/me", Some(&ada), json!({ "display_name": "Countess" }))
        }
        "ask for contact" => Asked::new("POST", "/contacts", Some(&ada), ask_grace),
        "accept a contact" => {
            house.ask(Asked::new("POST", "/contacts", Some(&ada), ask_grace)).await;
            let path = format!("/contacts/{}/accept", ada.user);
            Asked::new("POST", path, Some(&grace), Value::Null)
        }
        "remove a contact" => {
            befriend(house).await;
            Asked::new("DELETE", format!("/contacts/{}", grace.user), Some(&ada), Value::Null)
        }
        "block" => {
            befriend(house).await;
            Asked::new("POST", "/blocks", Some(&ada), json!({ "user": grace.user }))
        }
        "unblock" => {
            befriend(house).await;
            house
                .ask(Asked::new("POST", "/blocks", Some(&ada), json!({ "user": grace.user })))
                .await;
            Asked::new("DELETE", format!("/blocks/{}", grace.user), Some(&ada), Value::Null)
        }
        "make a group" => {
            befriend(house).await;
            let body = json!({ "name": "Team", "members": [grace.user] });
            Asked::new("POST", "/conversations", Some(&ada), body)
        }
        other => panic!("{other} is no case"),
    }
}

#[tokio::test]
async fn whoever_hangs_up_after_the_commit_keeps_nobody_from_hearing_of_it() {
    for case in CASES {
        let mut house = House::open().await;
        let asked = arrange(&mut house, case).await;
        let (_, answer, whole) = house.ask(asked).await;
        assert!(!whole.is_empty(), "{case} is made known: {answer}");
        let mut house = House::open().await;
        let asked = arrange(&mut house, case).await;
        let cut = house.ask_and_hang_up(asked, whole.len()).await;
        assert_eq!(cut, whole, "{case}");
    }
}
