//! The real binary: command line, start, crash, drain, logs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]
#![cfg(unix)]

mod support;

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use bellwire_protocol::http::{ProblemReason, Registration, RelayInfo, SignedIn};
use bellwire_protocol::{
    Candidate, ClientMessage, IceCandidate, Mid, RelayMessage, Resume, Sdp, Ufrag, limits,
};
use serde_json::{Value, json};
use support::process::{Process, command, connect, run, sign_up, text};
use support::{Client, PASSWORD, Person, call_id, http};
use tempfile::TempDir;

#[tokio::test]
async fn killed_right_after_an_acknowledged_write_it_has_lost_nothing() {
    let folder = TempDir::new().unwrap();
    let mut refresh = String::new();
    for cycle in 0..100 {
        let process = Process::start(&mut command(folder.path()));
        if cycle == 0 {
            let ada = sign_up(process.address, "ada").await;
            refresh = ada.signed_in.refresh_token.as_str().to_owned();
        } else {
            // The rotation that the last cycle acknowledged is known, so this one goes on from it.
            let body = json!({ "refresh_token": refresh });
            let path = "/api/v1/auth/refresh";
            let reply = http(process.address, "POST", path, None, &body, &[]).await;
            assert_eq!(reply.status, 200, "cycle {cycle}: {}", reply.text);
            refresh = reply.json::<SignedIn>().refresh_token.as_str().to_owned();
        }
        process.signal("-KILL");
        process.end();
    }
}

#[tokio::test]
async fn killed_amid_many_writers_it_has_lost_nothing_of_what_it_acknowledged() {
    let folder = TempDir::new().unwrap();
    let mut process = Process::start(&mut command(folder.path()));
    let (ada, grace) =
        (sign_up(process.address, "ada").await, sign_up(process.address, "grace").await);
    let mut asked = Vec::new();
    for cycle in 0..10 {
        let at = process.address;
        let name = format!("friend{cycle}");
        let friend = sign_up(at, &name).await;
        // Three write at once, and the process dies with the last of the answers.
        let (ask, rename) = (json!({ "username": name }), json!({ "display_name": name }));
        let device = format!("/api/v1/devices/{}", friend.device());
        let (token, none) = (Some(ada.token()), Value::Null);
        let answers = tokio::join!(
            http(at, "POST", "/api/v1/contacts", token, &ask, &[]),
            http(at, "PATCH", "/api/v1/me", Some(grace.token()), &rename, &[]),
            http(at, "DELETE", &device, Some(friend.token()), &none, &[]),
        );
        process.signal("-KILL");
        process.end();
        let answers = [answers.0.status, answers.1.status, answers.2.status];
        assert_eq!(answers, [200, 200, 204], "cycle {cycle}");
        asked.push(name.clone());
        process = Process::start(&mut command(folder.path()));
        let at = process.address;
        let contacts = http(at, "GET", "/api/v1/contacts", token, &none, &[]).await.text;
        for name in &asked {
            assert!(contacts.contains(&format!("\"{name}\"")), "cycle {cycle}: {contacts}");
        }
        let me = http(at, "GET", "/api/v1/me", Some(grace.token()), &none, &[]).await;
        assert_eq!(me.json::<bellwire_protocol::Me>().display_name.as_str(), name);
        let gone = http(at, "GET", "/api/v1/me", Some(friend.token()), &none, &[]).await;
        assert_eq!(gone.status, 401, "cycle {cycle}: a sign-in that was ended stays ended");
    }
    process.signal("-KILL");
    process.end();
}

#[tokio::test]
async fn killed_after_a_call_is_in_the_history_it_stays_there() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(&mut command(folder.path()));
    let at = process.address;
    let (ada, grace) = (sign_up(at, "ada").await, sign_up(at, "grace").await);
    let ask = json!({ "username": "grace" });
    http(at, "POST", "/api/v1/contacts", Some(ada.token()), &ask, &[]).await;
    let path = format!("/api/v1/contacts/{}/accept", ada.user());
    http(at, "POST", &path, Some(grace.token()), &Value::Null, &[]).await;
    let list = http(at, "GET", "/api/v1/conversations", Some(ada.token()), &Value::Null, &[]).await;
    let list: bellwire_protocol::http::Conversations = list.json();
    let mut a = connect(at, &ada).await;
    let call_id = call_id();
    a.ask(support::initiate(call_id, list.conversations[0].id)).await.unwrap();
    a.ask(ClientMessage::CallCancel { call_id }).await.unwrap();
    a.expect(|m| matches!(m, RelayMessage::CallRecorded { .. }).then_some(())).await;
    process.signal("-KILL");
    process.end();
    let process = Process::start(&mut command(folder.path()));
    let calls = http(process.address, "GET", "/api/v1/calls", Some(ada.token()), &Value::Null, &[]);
    let calls: bellwire_protocol::http::Calls = calls.await.json();
    assert_eq!(calls.calls.first().map(|record| record.call_id), Some(call_id));
    process.signal("-KILL");
    process.end();
}

#[tokio::test]
async fn a_drain_says_goodbye_and_ends_with_zero() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(&mut command(folder.path()));
    let ada = sign_up(process.address, "ada").await;
    let mut client = connect(process.address, &ada).await;
    process.signal("-TERM");
    client.expect(|m| matches!(m, RelayMessage::GoingAway { .. }).then_some(())).await;
    assert_eq!(client.closed().await, Some(limits::close::GOING_AWAY));
    let (code, _, log) = process.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopped"), "{log}");
}

#[tokio::test]
async fn a_hangup_ends_nothing() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(&mut command(folder.path()));
    let ada = sign_up(process.address, "ada").await;
    let mut client = connect(process.address, &ada).await;
    process.signal("-HUP");
    process.signal("-HUP");
    assert_eq!(client.drain().await, [], "it answers on the socket that was there");
    process.signal("-TERM");
    assert_eq!(client.closed().await, Some(limits::close::GOING_AWAY));
    let (code, _, log) = process.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("SIGHUP"), "{log}");
}

#[tokio::test]
async fn a_second_signal_waits_for_nobody() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(&mut command(folder.path()));
    let ada = sign_up(process.address, "ada").await;
    let mut client = connect(process.address, &ada).await;
    // A socket that does not say who it is would be waited for.
    let _stranger = Client::open(process.address).await;
    process.signal("-TERM");
    client.expect(|m| matches!(m, RelayMessage::GoingAway { .. }).then_some(())).await;
    process.signal("-INT");
    let (code, _, log) = process.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("a second signal") && log.contains("stopped"), "{log}");
}

#[test]
fn a_wrong_setting_stops_the_start_with_its_name() {
    let folder = TempDir::new().unwrap();
    for command_line in ["serve", "check-config"] {
        let output = command(folder.path())
            .env("MAX_CALL_DURATION_MS", "soon")
            .arg(command_line)
            .output()
            .unwrap();
        assert!(!output.status.success());
        let log = text(&output.stderr);
        assert!(log.contains("MAX_CALL_DURATION_MS") && log.contains("soon"), "{log}");
    }
    let output = command(folder.path()).env("BELLWIRE_LOG", "loud").output().unwrap();
    let log = text(&output.stderr);
    assert!(!output.status.success() && log.contains("BELLWIRE_LOG") && log.contains("loud"));
    assert!(!folder.path().join("data").exists(), "nothing was begun");
    let good = command(folder.path()).arg("check-config").output().unwrap();
    assert!(good.status.success());
}

#[test]
fn a_port_in_use_and_a_folder_in_use_are_explained() {
    let folder = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = command(folder.path()).env("BELLWIRE_LISTEN", &address).output().unwrap();
    let log = text(&output.stderr);
    assert!(!output.status.success() && log.contains(&address), "{log}");
    assert!(log.contains("BELLWIRE_LISTEN"), "what to do: {log}");

    let process = Process::start(&mut command(folder.path()));
    let output = command(folder.path()).output().unwrap();
    let log = text(&output.stderr);
    assert!(!output.status.success() && log.contains("used by another relay"), "{log}");
    let port = process.address.to_string();
    let elsewhere = TempDir::new().unwrap();
    let output = command(elsewhere.path()).env("BELLWIRE_LISTEN", &port).output().unwrap();
    let log = text(&output.stderr);
    assert!(!output.status.success() && log.contains(&port), "two relays on one port: {log}");
    assert!(!elsewhere.path().join("data").exists(), "nothing was begun");
    process.signal("-KILL");
    process.end();

    let data = folder.path().join("data");
    let database = data.join("relay.db");
    // It closes the database, which brings everything into the one file.
    assert!(command(folder.path()).args(["invite", "create"]).output().unwrap().status.success());
    let mut bytes = std::fs::read(&database).unwrap();
    // The version is the big-endian number at byte 60 (https://sqlite.org/fileformat.html 1.3).
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(&database, &bytes).unwrap();
    let output = command(folder.path()).output().unwrap();
    let log = text(&output.stderr);
    assert!(!output.status.success() && log.contains("or a newer one"), "{log}");
    std::fs::remove_file(&database).unwrap();
    std::fs::create_dir(&database).unwrap();
    let output = command(folder.path()).output().unwrap();
    let log = text(&output.stderr);
    assert!(!output.status.success() && log.contains("Move the folder of that name"), "{log}");
    assert!(!log.contains("panicked"), "{log}");

    for wrong in ["", "short"] {
        std::fs::write(data.join("relay.key"), wrong).unwrap();
        let output = command(folder.path()).output().unwrap();
        let log = text(&output.stderr);
        assert!(!output.status.success() && log.contains("relay.key"), "{log}");
        assert!(log.contains("Restore it") && !log.contains("panicked"), "{log}");
    }

    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("data");
    let output = command(folder.path()).env("BELLWIRE_DATA_DIR", &below).output().unwrap();
    let log = text(&output.stderr);
    assert!(!output.status.success() && log.contains("BELLWIRE_DATA_DIR"), "{log}");
    assert!(!log.contains("panicked"), "{log}");
    let output = command(folder.path()).env("BELLWIRE_DATA_DIR", &file).output().unwrap();
    let log = text(&output.stderr);
    assert!(!output.status.success() && log.contains("BELLWIRE_DATA_DIR"), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}

/// A user who is not root.
const SOMEBODY: u32 = 65_534;

#[test]
fn a_file_of_another_user_is_a_matter_of_permission_and_of_nothing_else() {
    let folder = TempDir::new().unwrap();
    let (data, relay) = (folder.path().join("data"), folder.path().join("relay"));
    assert!(command(folder.path()).args(["invite", "create"]).output().unwrap().status.success());
    std::fs::write(data.join("relay.lock"), "").unwrap();
    std::fs::write(data.join("relay.key"), [7; 32]).unwrap();
    std::fs::copy(support::process::RELAY, &relay).unwrap();
    let root = rustix::process::geteuid().is_root();
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(folder.path(), 0o755);
    let give = |path: &Path, user| {
        if root {
            chown(path, Some(user), None).unwrap()
        }
    };
    let start = || {
        let mut start = Command::new(&relay);
        let environment = command(folder.path());
        start.env_clear().envs(environment.get_envs().filter_map(|(k, v)| Some((k, v?))));
        if root {
            start.uid(SOMEBODY);
        }
        let output = start.output().unwrap();
        assert!(!output.status.success());
        text(&output.stderr)
    };
    let files = ["relay.key", "relay.lock", "relay.db"];
    for path in files.map(|name| data.join(name)).iter().chain([&data]) {
        for mine in files.map(|name| data.join(name)).iter().chain([&data]) {
            give(mine, SOMEBODY);
        }
        give(path, 0);
        mode(path, if root { 0o700 } else { 0 });
        let log = start();
        mode(path, 0o700);
        assert!(log.contains("Permission denied"), "{log}");
        assert!(log.contains(&*path.to_string_lossy()), "which it is: {log}");
        let all_of_it = format!("chown -R {SOMEBODY} {}`", data.display());
        let remedy = if root { &all_of_it } else { "read and write it" };
        assert!(log.contains(remedy), "what to do: {log}");
        for wrong in ["sign in", "backup", "remove it"] {
            assert!(!log.contains(wrong), "{wrong}: {log}");
        }
    }
}

#[tokio::test]
async fn accounts_are_managed_on_the_command_line() {
    let folder = TempDir::new().unwrap();
    let relay =
        |arguments: &[&str], input: &str| run(command(folder.path()).args(arguments), input);
    let added = relay(&["user", "add", "ada", "--admin", "--password-stdin"], PASSWORD);
    assert!(added.status.success(), "{}", text(&added.stderr));
    for (arguments, input, why) in [
        (&["user", "add", "ada", "--password-stdin"][..], PASSWORD, "taken"),
        (&["user", "add", "grace", "--password-stdin"], "short", "ten characters"),
        (&["user", "add", "grace"], PASSWORD, "--password-stdin"),
        (&["user", "remove", "nobody"], "", "no user nobody"),
        (&["dance"], "", "unrecognized subcommand"),
        (&["serve", "--fast"], "", "unexpected argument"),
    ] {
        let refused = relay(arguments, input);
        assert!(!refused.status.success(), "{arguments:?}");
        assert!(text(&refused.stderr).contains(why), "{}", text(&refused.stderr));
    }
    let listed = relay(&["user", "list"], "");
    assert_eq!(text(&listed.stdout), "ada (administrator)\n");
    let invite = relay(&["invite", "create"], "");
    assert_eq!(text(&invite.stdout).trim().len(), 43, "a code of 256 bits");

    // Removing somebody reaches a relay that runs.
    let process = Process::start(&mut command(folder.path()));
    let login = json!({
        "username": "ada", "password": PASSWORD,
        "device": { "name": "test", "platform": "cli" },
    });
    let reply = http(process.address, "POST", "/api/v1/auth/login", None, &login, &[]).await;
    let ada = Person { name: "ada".into(), signed_in: reply.json() };
    let mut client = connect(process.address, &ada).await;
    let forgotten = relay(&["user", "password", "ada", "--password-stdin"], "short\n");
    assert!(!forgotten.status.success(), "a weak one");
    let nobody = relay(&["user", "password", "nobody", "--password-stdin"], "a new good one\n");
    assert!(!nobody.status.success() && text(&nobody.stderr).contains("no user nobody"));
    let set = relay(&["user", "password", "ada", "--password-stdin"], "a new good one\n");
    assert!(set.status.success(), "{}", text(&set.stderr));
    assert_eq!(
        client.closed().await,
        Some(limits::close::UNAUTHENTICATED),
        "it reaches who is here"
    );
    let reply = http(process.address, "POST", "/api/v1/auth/login", None, &login, &[]).await;
    assert_eq!(reply.status, 401, "the old password");
    let mut login = login;
    login["password"] = json!("a new good one");
    let reply = http(process.address, "POST", "/api/v1/auth/login", None, &login, &[]).await;
    let ada = Person { name: "ada".into(), signed_in: reply.json() };
    let mut client = Client::open(process.address).await;
    client.hello(ada.token(), None).await;
    let told = client.expect(|m| match m {
        RelayMessage::Snapshot(snapshot) => Some(snapshot.notices.clone()),
        _ => None,
    });
    assert_eq!(told.await[0].kind, bellwire_protocol::NoticeKind::PasswordReset);
    assert!(relay(&["user", "remove", "ada"], "").status.success());
    assert_eq!(client.closed().await, Some(limits::close::UNAUTHENTICATED));
    process.signal("-KILL");
    process.end();
}

#[tokio::test]
async fn demo_accounts_are_made_once_and_only_on_loopback() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(command(folder.path()).args(["serve", "--demo"]));
    let address = process.address;
    process.signal("-TERM");
    let (_, out, _) = process.end();
    assert!(out.contains(&format!("http://localhost:{}", address.port())), "{out}");
    let password =
        out.lines().find_map(|line| line.trim().strip_prefix("ada  password ")).unwrap().to_owned();
    let process = Process::start(command(folder.path()).args(["serve", "--demo"]));
    let second = process.address;
    let login = json!({
        "username": "ada", "password": password,
        "device": { "name": "test", "platform": "cli" },
    });
    let reply = http(process.address, "POST", "/api/v1/auth/login", None, &login, &[]).await;
    let ada = Person { name: "ada".into(), signed_in: reply.json() };
    let mut client = Client::open(process.address).await;
    client.hello(ada.token(), None).await;
    let snapshot = client.expect(|m| match m {
        RelayMessage::Snapshot(snapshot) => Some(snapshot.clone()),
        _ => None,
    });
    let snapshot = snapshot.await;
    assert_eq!(snapshot.contacts[0].person.username.as_str(), "grace");
    assert_eq!(snapshot.conversations.len(), 1);
    process.signal("-TERM");
    let (_, out, _) = process.end();
    let again = format!("Bellwire is at http://localhost:{}\n", second.port());
    assert_eq!(out, again, "the second start says where it is and makes no accounts");
    let elsewhere = TempDir::new().unwrap();
    let open = Process::start(
        command(elsewhere.path()).env("BELLWIRE_LISTEN", "0.0.0.0:0").args(["serve", "--demo"]),
    );
    // It listens, so whatever accounts it makes are made.
    open.signal("-TERM");
    let (_, out, log) = open.end();
    assert!(!out.contains("password") && log.contains("no demo accounts"), "{out}{log}");
    let listed = command(elsewhere.path()).args(["user", "list"]).output().unwrap();
    assert_eq!(text(&listed.stdout), "", "no accounts with printed passwords on a network");
}

#[tokio::test]
async fn logs_hold_no_secret_no_name_and_no_address() {
    let folder = TempDir::new().unwrap();
    // Behind a proxy the first account is the operator's to make.
    let first = ["user", "add", "operator", "--admin", "--password-stdin"];
    let made = run(command(folder.path()).args(first), PASSWORD);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let process = Process::start(
        command(folder.path())
            .env("BELLWIRE_LOG", "debug")
            .env("BELLWIRE_REGISTRATION", "open")
            .env("BELLWIRE_TRUSTED_PROXIES", "127.0.0.1"),
    );
    let (at, ops) = (process.address, process.ops);
    let (ada, grace) = (sign_up(at, "canaryada").await, sign_up(at, "canarygrace").await);
    let ask = json!({ "username": "canarygrace" });
    http(at, "POST", "/api/v1/contacts", Some(ada.token()), &ask, &[]).await;
    let path = format!("/api/v1/contacts/{}/accept", ada.user());
    http(at, "POST", &path, Some(grace.token()), &Value::Null, &[]).await;
    let list = http(at, "GET", "/api/v1/conversations", Some(ada.token()), &Value::Null, &[]).await;
    let list: bellwire_protocol::http::Conversations = list.json();
    let wrong = json!({
        "username": "canaryada", "password": "canary password",
        "device": { "name": "canary device", "platform": "cli" },
    });
    let forwarded = [("X-Forwarded-For", "203.0.113.78, 203.0.113.79")];
    http(at, "POST", "/api/v1/auth/login", None, &wrong, &forwarded).await;
    http(at, "POST", "/api/v1/auth/refresh", None, &json!({ "refresh_token": "canarytoken" }), &[])
        .await;
    let mut a = connect(at, &ada).await;
    let mut g = connect(at, &grace).await;
    let call = call_id();
    let mut offer = support::offer();
    offer.sdp = Sdp::new("v=0 canarysdp c=IN IP4 203.0.113.77").unwrap();
    a.ask(ClientMessage::CallInitiate {
        call_id: call,
        conversation: list.conversations[0].id,
        media: bellwire_protocol::Media::Voice,
        offer,
    })
    .await
    .unwrap();
    let candidate = IceCandidate {
        ufrag: Ufrag::new("canaryufrag").unwrap(),
        mid: Mid::new("0").unwrap(),
        candidate: Candidate::new("candidate:canary 1 udp 1 203.0.113.77 5 typ host").unwrap(),
    };
    a.ask(ClientMessage::IceCandidates { call_id: call, to: None, candidates: candidate.into() })
        .await
        .unwrap();
    let offer = g.incoming(call).await;
    g.ask(support::answer(call, &offer)).await.unwrap();
    let reported = ClientMessage::CallReport { call_id: call, setup_ms: Some(181), flowing: None };
    g.ask(reported).await.unwrap();
    let flowing = Some(ada.device());
    a.ask(ClientMessage::CallReport { call_id: call, setup_ms: None, flowing }).await.unwrap();
    // The session is taken up, and then one that there is not.
    let session = g.welcome.as_ref().unwrap().session.clone();
    for session in [session, bellwire_protocol::Secret::new("canarysession").unwrap()] {
        let mut again = Client::open(at).await;
        again.hello(grace.token(), Some(Resume { session, seq: g.seq })).await;
        again.seq = g.seq;
        again.expect(|m| matches!(m, RelayMessage::Welcome(_)).then_some(())).await;
        g = again;
    }
    g.expect(|m| matches!(m, RelayMessage::Snapshot(_)).then_some(())).await;
    g.ask(ClientMessage::CallLeave { call_id: call }).await.unwrap();
    g.send_text("{\"type\":\"canarytype\",\"x\":\"canaryvalue\"}").await;
    a.send_text("canary nonsense").await;
    a.closed().await;
    process.signal("-TERM");
    let (_, out, log) = process.end();
    assert!(log.contains("signaling.join") && log.contains("\"u1_"), "people are hashes: {log}");
    for event in [
        "signaling.join",
        "signaling.offer",
        "signaling.answer",
        "peer.connected",
        "ice.state",
        "reconnect.attempt",
        "reconnect.success",
        "reconnect.failure",
    ] {
        let line = log.lines().find(|line| line.contains(&format!("\"{event}\"")));
        assert!(line.is_some_and(|line| line.contains("\"u1_")), "{event} by somebody: {line:?}");
    }
    let closed = |span: &str| {
        let named = format!("\"name\":\"{span}\"");
        log.lines().find(|line| line.contains(&named) && line.contains("\"close\""))
    };
    assert!(closed("signaling.handshake").is_some(), "{log}");
    let establishment = closed("call.establishment").unwrap();
    assert!(establishment.contains("\"setup_ms\":181"), "{establishment}");
    assert!(establishment.contains("\"rang_ms\":"), "{establishment}");
    let secrets = [
        "canary".to_owned(),
        "203.0.113".to_owned(),
        ada.user().to_string(),
        grace.user().to_string(),
        ada.device().to_string(),
        ada.token().to_owned(),
        ada.signed_in.refresh_token.as_str().to_owned(),
        PASSWORD.to_owned(),
    ];
    for secret in secrets {
        assert!(!log.contains(&secret) && !out.contains(&secret), "{secret} is in the log: {log}");
    }
    let mut elsewhere = log.clone();
    for own in [at, ops] {
        elsewhere = elsewhere.replace(&format!("\"{own}\""), "");
    }
    let addresses = elsewhere.matches("127.0.0.1").count();
    assert_eq!(addresses, 0, "nobody's address: {log}");
}

#[tokio::test]
async fn a_stranger_who_comes_first_does_not_administer_a_public_relay() {
    let address = ("BELLWIRE_PUBLIC_URL", "https://calls.example.org");
    let proxy = ("BELLWIRE_TRUSTED_PROXIES", "127.0.0.1");
    for (policy, (name, value)) in
        [("open", address), ("invite", address), ("closed", address), ("open", proxy)]
    {
        let folder = TempDir::new().unwrap();
        let start = || {
            Process::start(
                command(folder.path()).env(name, value).env("BELLWIRE_REGISTRATION", policy),
            )
        };
        let process = start();
        let register = |name: &str, code: Option<&str>| {
            json!({
                "username": name, "display_name": name, "password": PASSWORD, "invite": code,
                "device": { "name": "test", "platform": "cli" },
            })
        };
        for guess in [None, Some("guess")] {
            let body = register("mallory", guess);
            let path = "/api/v1/auth/register";
            let reply = http(process.address, "POST", path, None, &body, &[]).await;
            let reason = reply.problem().reason;
            assert_eq!(reason, Some(ProblemReason::SetupCodeRequired), "{policy}");
        }
        let info = http(process.address, "GET", "/api/v1/relay", None, &Value::Null, &[]).await;
        let registration = info.json::<RelayInfo>().registration;
        assert_eq!(registration, Registration::Invite, "a form with a field for the code");
        process.signal("-TERM");
        let (_, out, log) = process.end();
        let code = out.trim_end().rsplit(' ').next().unwrap().to_owned();
        assert!(out.contains("no account yet") && code.len() == 20, "{out}");
        assert!(!log.contains(&code), "the log does not hold it");

        let process = start();
        let body = register("ada", Some(&code));
        let reply = http(process.address, "POST", "/api/v1/auth/register", None, &body, &[]).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let ada: SignedIn = reply.json();
        let token = Some(ada.access_token.as_str());
        let me = http(process.address, "GET", "/api/v1/me", token, &Value::Null, &[]).await;
        assert!(me.json::<bellwire_protocol::Me>().administrator);
        process.signal("-TERM");
        process.end();
        let process = start();
        process.signal("-TERM");
        let (_, out, _) = process.end();
        assert!(!out.contains(&code), "it is good for the first account only: {out}");
    }
}
