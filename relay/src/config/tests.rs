#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::collections::BTreeMap;
use std::io::Write;

use bellwire_protocol::http::Registration;

use super::{Config, ConfigError};

fn environment(settings: &[(&str, &str)]) -> BTreeMap<String, String> {
    settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn load(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::load(None, &environment(settings))
}

#[test]
fn nothing_set_is_a_relay_on_loopback_that_is_open() {
    let config = load(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8470");
    assert_eq!(config.ops_listen.to_string(), "127.0.0.1:8471");
    assert_eq!(config.registration_policy(), Registration::Open);
    assert!(config.ice_servers.is_empty());
    assert_eq!(config.timing.max_call_ms, None);
    assert_eq!(config.history_days, 30);
}

#[test]
fn elsewhere_accounts_need_an_invitation() {
    let config = load(&[("BELLWIRE_LISTEN", "0.0.0.0:80")]).unwrap();
    assert_eq!(config.registration_policy(), Registration::Invite);
    for (url, policy) in [
        ("https://calls.example.org", Registration::Invite),
        ("https://127.0.0.1.example.org", Registration::Invite),
        ("http://localhost:8470", Registration::Open),
        ("http://[::1]:8470", Registration::Open),
    ] {
        let config = load(&[("BELLWIRE_PUBLIC_URL", url)]).unwrap();
        assert_eq!(config.registration_policy(), policy, "behind a proxy as {url}");
    }
    let open = [("BELLWIRE_LISTEN", "0.0.0.0:80"), ("BELLWIRE_REGISTRATION", "open")];
    assert_eq!(load(&open).unwrap().registration_policy(), Registration::Open);
}

#[test]
fn a_relay_that_hears_a_proxy_is_not_private() {
    let proxy = ("BELLWIRE_TRUSTED_PROXIES", "127.0.0.1");
    for settings in [
        &[proxy][..],
        &[proxy, ("BELLWIRE_PUBLIC_URL", "http://localhost:8470")],
        &[proxy, ("BELLWIRE_PUBLIC_URL", "https://calls.example.org")],
    ] {
        let config = load(settings).unwrap();
        assert!(!config.is_private(), "whoever comes first needs the setup code: {settings:?}");
        assert_eq!(config.registration_policy(), Registration::Invite, "{settings:?}");
    }
    let config = load(&[proxy, ("BELLWIRE_REGISTRATION", "open")]).unwrap();
    assert!(!config.is_private(), "also where everybody may join");
}

#[test]
fn a_wrong_value_is_named_with_what_is_allowed() {
    let turn = ("TURN_SERVER", "turn:turn.example.org");
    for settings in [
        &[("BELLWIRE_LISTEN", "8470")][..],
        &[("BELLWIRE_OPS_LISTEN", "localhost")],
        &[("BELLWIRE_PUBLIC_URL", "example.org")],
        &[("BELLWIRE_PUBLIC_URL", "https://example.org/path")],
        &[("BELLWIRE_TRUSTED_PROXIES", "caddy")],
        &[("BELLWIRE_TRUSTED_PROXIES", "10.0.0.0/33")],
        &[("BELLWIRE_DATABASE_URL", "postgres://db")],
        &[("BELLWIRE_DATABASE_URL", "sqlite:")],
        &[("BELLWIRE_REGISTRATION", "everybody")],
        &[("STUN_SERVERS", "stun.example.org")],
        &[("STUN_SERVERS", ",")],
        &[("TURN_SERVER", "stun:stun.example.org")],
        &[turn],
        &[("BELLWIRE_HSTS", "yes")],
        &[("BELLWIRE_LISTEN", "0.0.0.0:6000")],
        &[("BELLWIRE_OPS_LISTEN", "127.0.0.1:8470")],
        &[("BELLWIRE_LISTEN", "127.0.0.1:8471")],
        &[("BELLWIRE_PUBLIC_URL", "https://example.org:99999")],
        &[("BELLWIRE_PUBLIC_URL", "https://example.org:6000")],
        &[("MAX_CALL_DURATION_MS", "0")],
        &[("MAX_CALL_DURATION_MS", "1h")],
        &[("BELLWIRE_RINGS_PER_MINUTE", "0")],
        &[("BELLWIRE_RINGS_PER_PERSON", "-1")],
        &[("BELLWIRE_HISTORY_DAYS", "0")],
        &[("BELLWIRE_DEMO", "maybe")],
    ] {
        let error = load(settings).unwrap_err();
        let text = error.to_string();
        let (name, value) = settings[0];
        assert!(text.contains(name) && text.contains(value), "{text}");
        assert!(text.contains("allowed: "), "{text}");
    }
}

#[test]
fn a_port_that_browsers_do_not_open_is_good_behind_a_proxy() {
    let settings = [
        ("BELLWIRE_LISTEN", "127.0.0.1:6000"),
        ("BELLWIRE_PUBLIC_URL", "https://calls.example.org"),
    ];
    assert_eq!(load(&settings).unwrap().listen.port(), 6000);
}

#[test]
fn an_address_without_tls_falls_short_and_this_machine_does_not() {
    for (url, short) in [
        ("http://calls.example.org", true),
        ("http://192.168.1.5:8470", true),
        ("https://calls.example.org", false),
        ("http://localhost:8470", false),
    ] {
        let config = load(&[("BELLWIRE_PUBLIC_URL", url)]).unwrap();
        assert_eq!(config.shortcoming().is_some(), short, "{url}");
    }
    assert_eq!(load(&[]).unwrap().shortcoming(), None);
}

#[test]
fn a_secret_is_never_repeated_however_it_is_wrong() {
    let canaries = ["canary", "5512"];
    let hidden = |error: ConfigError, name: &str| {
        let said = format!("{error} {error:?}");
        assert!(said.contains(name), "{said}");
        assert!(canaries.iter().all(|canary| !said.contains(canary)), "{said}");
    };
    let long = "canary".repeat(1_000);
    let server = ("TURN_SERVER", "turn:turn.example.org");
    for (name, settings) in [
        ("TURN_SERVER", &[("TURN_CREDENTIAL", "canary-5512")][..]),
        ("TURN_SERVER", &[("TURN_USERNAME", "canary-5512")]),
        ("TURN_CREDENTIAL", &[server, ("TURN_USERNAME", "me"), ("TURN_CREDENTIAL", &long)]),
        ("TURN_USERNAME", &[server, ("TURN_USERNAME", &long), ("TURN_CREDENTIAL", "word")]),
        ("TURN_SERVER", &[("TURN_SERVER", "turn:canary:5512@turn.example.org")]),
        ("STUN_SERVERS", &[("STUN_SERVERS", "stun:canary@stun.example.org")]),
        ("BELLWIRE_DATABASE_URL", &[("BELLWIRE_DATABASE_URL", "postgres://canary:5512@db/calls")]),
        ("BELLWIRE_PUBLIC_URL", &[("BELLWIRE_PUBLIC_URL", "https://canary:55@12@example.org/a")]),
        ("BELLWIRE_TURN_CREDENTIALS", &[("BELLWIRE_TURN_CREDENTIALS", "canary-5512")]),
    ] {
        hidden(load(settings).unwrap_err(), name);
    }
    for (name, text) in [
        ("turn_credential", "turn_credential = 5512.5"),
        ("turn_credential", "turn_credential = { canary = 5512 }"),
        ("turn_credential", "turn_credential = [5512]"),
        ("turn_username", "turn_username = [\"me\", 5512]"),
        ("turn_credentials", "turn_credentials = \"canary-5512\""),
        ("line 2", "demo = true\nturn_credential = \"canary-5512"),
        ("line 1", "turn_credential = canary-5512"),
        ("line 1", "turn_credential = \"canary\\q5512\""),
        ("line 2", "turn_credential = \"canary\"\nturn_credential = \"5512\""),
        ("line 1", "turn_credential = \"canary-5512\" canary"),
    ] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        hidden(Config::load(Some(file.path()), &BTreeMap::new()).unwrap_err(), name);
    }
    #[cfg(unix)]
    for name in ["TURN_CREDENTIAL", "BELLWIRE_TURN_CREDENTIAL", "BELLWIRE_PASSWORD"] {
        use std::os::unix::ffi::OsStringExt;
        let value = std::ffi::OsString::from_vec(b"canary-5512\xff".to_vec());
        hidden(super::environment([(name.into(), value)]).unwrap_err(), name);
    }
}

#[test]
fn turn_and_stun_reach_every_welcome() {
    let config = load(&[
        ("STUN_SERVERS", "stun:a.example.org, stun:b.example.org:3478"),
        ("TURN_SERVER", "turn:t.example.org?transport=udp"),
        ("TURN_USERNAME", "relay"),
        ("TURN_CREDENTIAL", "secret"),
    ])
    .unwrap();
    assert_eq!(config.ice_servers[0].urls.len(), 2);
    assert_eq!(config.ice_servers[1].username.as_ref().unwrap().as_str(), "relay");
}

#[test]
fn the_environment_goes_over_the_file_and_the_file_over_the_defaults() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(
        file,
        "listen = \"127.0.0.1:1\"\nhistory_days = 7\ndemo = true\n\
         stun_servers = [\"stun:a\", \"stun:b\"]\ndata_dir = \"elsewhere\"\n"
    )
    .unwrap();
    let over = environment(&[("BELLWIRE_LISTEN", "127.0.0.1:2"), ("BELLWIRE_DEMO", "")]);
    let config = Config::load(Some(file.path()), &over).unwrap();
    assert_eq!(config.listen.port(), 2);
    assert_eq!(config.history_days, 7);
    assert!(config.demo, "an empty variable is not set");
    assert_eq!(config.ice_servers[0].urls, ["stun:a", "stun:b"]);
    assert_eq!(config.database, std::path::Path::new("elsewhere/relay.db"));
}

#[test]
fn a_file_with_a_strange_key_or_no_toml_stops_the_start() {
    let strange = |text: &str| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "{text}").unwrap();
        Config::load(Some(file.path()), &BTreeMap::new()).unwrap_err().to_string()
    };
    let error = strange("lisen = \"127.0.0.1:1\"\n");
    assert!(error.contains("lisen") && error.contains("ops_listen"), "{error}");
    assert!(error.contains("Do you mean listen?"), "{error}");
    assert!(strange("listen 5").contains("cannot be read"));
    assert!(strange("listen = 1.5").contains("1.5"));
    let missing = Config::load(Some(std::path::Path::new("absent.toml")), &BTreeMap::new());
    assert!(missing.unwrap_err().to_string().contains("absent.toml"));
}

#[test]
fn the_operators_page_names_every_setting_and_its_example_is_good() {
    let page = include_str!("../../../docs/operations.md");
    for (_, variable) in super::SETTINGS {
        assert!(page.contains(&format!("`{variable}`")), "{variable} is on the page");
    }
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(example.as_bytes()).unwrap();
    let config = Config::load(Some(file.path()), &BTreeMap::new()).unwrap();
    assert_eq!(config.history_days, 90);
    assert_eq!(config.registration_policy(), Registration::Invite);
    assert_ne!(config.trusted_proxies, crate::proxies::Proxies::default());
}
