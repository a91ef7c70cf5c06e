//! Who forgot a password sets a new one by a code that an administrator or the operator makes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]
#![cfg(unix)]

mod support;

use std::net::SocketAddr;
use std::process::Command;

use bellwire_protocol::http::{Device, ProblemReason, Registration, Reset, SignedIn};
use bellwire_protocol::{NoticeKind, RelayMessage, limits};
use bellwire_relay::proxies::Proxies;
use serde_json::{Value, json};
use support::process::{Process, command, sign_up, text};
use support::{Client, PASSWORD, Person, Reply, SetTime, TestRelay, http};
use tempfile::TempDir;

const NEW: &str = "four loud geese";
const HOUR: u64 = 3_600_000;

async fn ask_for_code(relay: &TestRelay, by: &Person, name: &str) -> Reply {
    let wanted = json!({ "username": name });
    relay.http("POST", "/api/v1/resets", Some(by.token()), &wanted).await
}

async fn code(relay: &TestRelay, by: &Person, name: &str) -> String {
    let reply = ask_for_code(relay, by, name).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json::<Reset>().code.as_str().to_owned()
}

async fn check_from(at: SocketAddr, address: &str, code: &str) -> Reply {
    let from = [("X-Forwarded-For", address)];
    let body = json!({ "code": code });
    http(at, "POST", "/api/v1/auth/reset/check", None, &body, &from).await
}

async fn check(relay: &TestRelay, code: &str) -> Reply {
    check_from(relay.address, "203.0.113.9", code).await
}

async fn redeem_at(at: SocketAddr, code: &str, password: &str) -> Reply {
    let body = json!({
        "code": code, "new_password": password,
        "device": { "name": "where it was forgotten", "platform": "cli" },
    });
    http(at, "POST", "/api/v1/auth/reset", None, &body, &[]).await
}

async fn redeem(relay: &TestRelay, code: &str, password: &str) -> Reply {
    redeem_at(relay.address, code, password).await
}

async fn login(at: SocketAddr, name: &str, password: &str) -> u16 {
    let device = json!({ "name": "d", "platform": "cli" });
    let body = json!({ "username": name, "password": password, "device": device });
    http(at, "POST", "/api/v1/auth/login", None, &body, &[]).await.status
}

fn assert_invalid(reply: &Reply, which: &str) {
    assert_eq!(reply.status, 403, "{which}: {}", reply.text);
    assert_eq!(reply.problem().reason, Some(ProblemReason::ResetCodeInvalid), "{which}");
}

/// The first line of what the command line prints: the link.
async fn link(folder: &TempDir, name: &str, settings: &[(&str, &str)]) -> String {
    let printed = command_line(folder, &["user", "reset", name], "", settings).await.unwrap();
    printed.lines().next().unwrap().to_owned()
}

async fn command_line(
    folder: &TempDir,
    arguments: &[&str],
    input: &str,
    settings: &[(&str, &str)],
) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwire-relay"));
    command.env_clear().env("BELLWIRE_DATA_DIR", folder.path()).args(arguments);
    command.envs(settings.iter().copied());
    let input = input.to_owned();
    let run = tokio::task::spawn_blocking(move || support::process::run(&mut command, &input));
    let output = run.await.unwrap();
    let printed = if output.status.success() { Ok(&output.stdout) } else { Err(&output.stderr) };
    printed.map(|it| text(it)).map_err(|it| text(it))
}

#[tokio::test]
async fn who_forgot_a_password_sets_a_new_one_and_is_signed_in_here_and_nowhere_else() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let phone = relay.sign_in("grace").await;
    let mut here = relay.connect(&grace).await;
    let code = code(&relay, &ada, "grace").await;
    let whose = check(&relay, &code).await.json::<bellwire_protocol::Person>();
    assert_eq!((whose.user, whose.username.as_str()), (grace.user(), "grace"));
    assert_eq!(login(relay.address, "grace", PASSWORD).await, 200, "nothing has changed yet");

    let reply = redeem(&relay, &code, NEW).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let back = Person { name: "grace".into(), signed_in: reply.json() };
    assert_eq!(back.user(), grace.user());
    let reset = |m: &RelayMessage| match m {
        RelayMessage::Notice(notice) if notice.kind == NoticeKind::PasswordReset => Some(()),
        _ => None,
    };
    here.expect(reset).await;
    assert_eq!(here.closed().await, Some(limits::close::UNAUTHENTICATED), "it keeps what it has");
    for former in [&grace, &phone] {
        let token = json!({ "refresh_token": former.signed_in.refresh_token });
        let reply = relay.http("POST", "/api/v1/auth/refresh", None, &token).await;
        assert_eq!(reply.problem().reason, Some(ProblemReason::TokenInvalid), "asked, not erased");
    }
    let devices = relay.http("GET", "/api/v1/devices", Some(back.token()), &Value::Null).await;
    let devices: Vec<Device> = devices.json();
    assert_eq!(devices.iter().map(|it| it.id).collect::<Vec<_>>(), [back.device()]);
    let told = relay.connect(&back).await.snapshot.unwrap().notices;
    assert_eq!(told.iter().map(|it| it.kind).collect::<Vec<_>>(), [NoticeKind::PasswordReset]);
    assert_eq!(login(relay.address, "grace", PASSWORD).await, 401, "the forgotten one");
    assert_eq!(login(relay.address, "grace", NEW).await, 200);
}

#[tokio::test]
async fn a_code_is_good_once_even_where_it_is_used_many_times_at_one_moment() {
    let relay = TestRelay::start();
    let (ada, _) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let code = code(&relay, &ada, "grace").await;
    let passwords: Vec<String> = (0..4).map(|n| format!("four loud geese {n}")).collect();
    let using = passwords.iter().map(|password| redeem(&relay, &code, password));
    let replies = futures_util::future::join_all(using).await;
    let won: Vec<usize> = (0..4).filter(|n| replies[*n].status == 200).collect();
    assert_eq!(won.len(), 1, "{:?}", replies.iter().map(|it| it.status).collect::<Vec<_>>());
    for (n, reply) in replies.iter().enumerate().filter(|(n, _)| *n != won[0]) {
        assert_invalid(reply, &format!("use {n}"));
    }
    assert_eq!(login(relay.address, "grace", &passwords[won[0]]).await, 200);
}

#[tokio::test]
async fn a_code_is_over_after_a_day_and_when_there_is_a_newer_one() {
    let time = SetTime::now();
    let relay = TestRelay::by(time.clock(), TempDir::new().unwrap(), |_| {});
    let (ada, _) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let older = code(&relay, &ada, "grace").await;
    let made: Reset = ask_for_code(&relay, &ada, "grace").await.json();
    assert_eq!(made.expires_at, time.wall_ms() + 24 * HOUR, "what is said of it");
    let newer = made.code.as_str();
    assert_invalid(&check(&relay, &older).await, "replaced");
    time.pass(24 * HOUR - 1);
    assert_eq!(check(&relay, newer).await.status, 200, "to its last moment");
    time.pass(1);
    assert_invalid(&check(&relay, newer).await, "expired");
    assert_invalid(&redeem(&relay, newer, NEW).await, "expired");
    assert_eq!(login(relay.address, "grace", PASSWORD).await, 200, "nothing has changed");
}

/// Whatever is wrong with a code, nobody can tell it from one that never was.
#[tokio::test]
async fn a_code_ends_with_every_other_password_and_with_the_account() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let mut answers = vec![check(&relay, "made up").await.text];
    for way in ["used", "changed", "operator", "closed"] {
        let person = relay.sign_up(way).await;
        let code = code(&relay, &ada, way).await;
        assert_eq!(check(&relay, &code).await.status, 200, "{way}");
        let token = Some(person.token());
        match way {
            "used" => assert_eq!(redeem(&relay, &code, NEW).await.status, 200),
            "changed" => {
                let body = json!({ "old_password": PASSWORD, "new_password": NEW });
                let reply = relay.http("POST", "/api/v1/me/password", token, &body).await;
                assert_eq!(reply.status, 204, "{}", reply.text);
            }
            "operator" => {
                let arguments = ["user", "password", way, "--password-stdin"];
                command_line(&relay.folder, &arguments, NEW, &[]).await.unwrap();
            }
            _ => {
                let body = json!({ "password": PASSWORD });
                let reply = relay.http("DELETE", "/api/v1/me", token, &body).await;
                assert_eq!(reply.status, 204, "{}", reply.text);
            }
        }
        let reply = check(&relay, &code).await;
        assert_invalid(&reply, way);
        answers.push(reply.text);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn a_sign_in_that_renews_its_hash_leaves_the_code_good() {
    use bellwire_relay::accounts::password::Cost;
    let relay = TestRelay::start();
    let (ada, _) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let code = code(&relay, &ada, "grace").await;
    let relay = TestRelay::at(relay.stop().await, |config| {
        config.password_cost = Cost { memory_kib: 1_024, passes: 3 };
    });
    relay.sign_in("grace").await;
    assert_eq!(check(&relay, &code).await.status, 200, "the password is the same");
}

#[tokio::test]
async fn only_administrators_make_codes_and_none_for_an_administrator() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    for name in ["ada", "grace", "nobody"] {
        let reply = ask_for_code(&relay, &grace, name).await;
        assert_eq!(reply.status, 403, "grace for {name}: {}", reply.text);
    }
    let arguments = ["user", "add", "hedy", "--admin", "--password-stdin"];
    command_line(&relay.folder, &arguments, PASSWORD, &[]).await.unwrap();
    for name in ["ada", "hedy"] {
        let reply = ask_for_code(&relay, &ada, name).await;
        assert_eq!(reply.status, 403, "ada for {name}: {}", reply.text);
    }
    for name in ["nobody", "no name!"] {
        let reply = ask_for_code(&relay, &ada, name).await;
        assert_eq!(reply.status, 404, "{name}");
        assert_eq!(reply.problem().reason, Some(ProblemReason::NoSuchUser), "{name}");
    }
}

#[tokio::test]
async fn a_weak_password_or_a_device_that_cannot_be_described_leaves_the_code_good() {
    let relay = TestRelay::start();
    let (ada, _) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let code = code(&relay, &ada, "grace").await;
    for (weak, reason) in
        [("short", ProblemReason::PasswordLength), ("password123", ProblemReason::PasswordCommon)]
    {
        for code in [code.as_str(), "made up"] {
            let reply = redeem(&relay, code, weak).await;
            assert_eq!(reply.status, 400, "{}", reply.text);
            assert_eq!(reply.problem().reason, Some(reason), "said of every code");
        }
    }
    let nameless = json!({
        "code": code, "new_password": NEW, "device": { "name": "", "platform": "cli" },
    });
    let reply = relay.http("POST", "/api/v1/auth/reset", None, &nameless).await;
    assert_eq!(reply.status, 400, "{}", reply.text);
    assert_eq!(redeem(&relay, &code, NEW).await.status, 200);
}

#[tokio::test]
async fn guesses_at_codes_are_counted_by_network_and_right_ones_are_not() {
    let relay = TestRelay::with(|config| {
        config.trusted_proxies = Proxies::parse("127.0.0.0/8").unwrap();
        config.registration = Some(Registration::Open);
    });
    let (ada, _) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let code = code(&relay, &ada, "grace").await;
    let from = async |address: &str, code: &str| check_from(relay.address, address, code).await;
    for n in 0..10 {
        assert_eq!(from("203.0.113.9", &code).await.status, 200, "look {n}");
    }
    // A right one among them gives no more guesses.
    for n in 0..5 {
        assert_invalid(&from("203.0.113.9", &format!("guess {n}")).await, "a guess");
        if n < 4 {
            assert_eq!(from("203.0.113.77", &code).await.status, 200);
        }
    }
    for address in ["203.0.113.9", "203.0.113.200"] {
        let reply = from(address, &code).await;
        assert_eq!(reply.status, 429, "from {address}: {}", reply.text);
        assert!(reply.header("retry-after").is_some());
    }
    let body = json!({
        "code": code, "new_password": NEW, "device": { "name": "d", "platform": "cli" },
    });
    let redeem = async |address: &str| {
        let from = [("X-Forwarded-For", address)];
        http(relay.address, "POST", "/api/v1/auth/reset", None, &body, &from).await.status
    };
    assert_eq!(redeem("203.0.113.9").await, 429, "neither way");
    // However many networks guess, another one is not kept waiting.
    for n in 0..60 {
        let reply = from(&format!("198.18.{n}.1"), "a guess").await;
        assert_invalid(&reply, "from another network");
    }
    assert_eq!(redeem("198.51.100.1").await, 200);
}

#[tokio::test]
async fn the_command_line_prints_a_link_whose_code_no_server_sees() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let printed = link(&relay.folder, "ada", &[]).await;
    let (page, code) = printed.split_once("/#reset=").unwrap();
    assert_eq!(page, "http://localhost:8470", "where it listens, as `serve` says it");
    assert_eq!(code.len(), 43, "256 bits");
    let address = [("BELLWIRE_PUBLIC_URL", "https://calls.example.org:443/")];
    let newer = link(&relay.folder, "ada", &address).await;
    let newer = newer.strip_prefix("https://calls.example.org/#reset=").unwrap();
    assert_invalid(&check(&relay, code).await, "replaced");
    let reply = redeem(&relay, newer, NEW).await;
    assert_eq!(reply.status, 200, "also of the administrator: {}", reply.text);
    assert_eq!(reply.json::<SignedIn>().user, ada.user());
    let refused = command_line(&relay.folder, &["user", "reset", "nobody"], "", &[]).await;
    assert!(refused.unwrap_err().contains("no user nobody"));
}

#[tokio::test]
async fn the_log_says_that_a_code_was_made_and_used_and_neither_code_nor_password_nor_name() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(command(folder.path()).env("BELLWIRE_LOG", "debug"));
    let at = process.address;
    let (ada, grace) = (sign_up(at, "canaryada").await, sign_up(at, "canarygrace").await);
    let wanted = json!({ "username": "canarygrace" });
    let reply = http(at, "POST", "/api/v1/resets", Some(ada.token()), &wanted, &[]).await;
    let made: Reset = reply.json();
    let code = made.code.as_str();
    assert!(reply.header("cache-control").unwrap().contains("no-store"), "{}", reply.head);
    check_from(at, "203.0.113.9", code).await;
    check_from(at, "203.0.113.9", "canarycode").await;
    assert_eq!(redeem_at(at, code, "canary geese").await.status, 200);
    assert_invalid(&redeem_at(at, code, "canary geese").await, "used");
    let change = json!({ "old_password": PASSWORD, "new_password": "canary owls" });
    let reply = http(at, "POST", "/api/v1/me/password", Some(ada.token()), &change, &[]).await;
    assert_eq!(reply.status, 204, "{}", reply.text);
    process.signal("-TERM");
    let (_, out, log) = process.end();
    for event in ["reset.made", "reset.used", "password.changed"] {
        let line = log.lines().find(|line| line.contains(&format!("\"{event}\"")));
        assert!(line.is_some_and(|line| line.contains("\"u1_")), "{event}: {log}");
    }
    for secret in ["canary", code, &grace.user().to_string(), "203.0.113"] {
        assert!(!log.contains(secret) && !out.contains(secret), "{secret} is in the log: {log}");
    }
}

/// The old password, on its way while the code is used, opens nothing afterwards.
#[tokio::test]
async fn no_sign_in_with_the_forgotten_password_survives_the_new_one() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    for round in 0..4 {
        let name = format!("person{round}");
        relay.sign_up(&name).await;
        let code = code(&relay, &ada, &name).await;
        let entering = (0..4).map(|_| login(relay.address, &name, PASSWORD));
        let entering = futures_util::future::join_all(entering);
        let (entered, reply) = tokio::join!(entering, redeem(&relay, &code, NEW));
        assert!(entered.iter().all(|status| matches!(status, 200 | 401)), "{entered:?}");
        let back: SignedIn = reply.json();
        let token = Some(back.access_token.as_str());
        let left = relay.http("GET", "/api/v1/devices", token, &Value::Null).await;
        assert_eq!(left.json::<Vec<Device>>().len(), 1, "round {round}");
        let mut client = Client::open(relay.address).await;
        client.hello(back.access_token.as_str(), None).await;
        client.greeted().await;
    }
}
