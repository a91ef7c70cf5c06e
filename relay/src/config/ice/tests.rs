#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::collections::BTreeMap;

use bellwire_protocol::{
    CallableBy, DeviceId, DisplayName, IceServer, Limits, Me, RelayFrame, RelayMessage, Secret,
    UserId, Username, Welcome, encode, limits,
};
use proptest::prelude::*;

use super::{IceUrl, IceUrlError, Scheme};
use crate::config::Config;

/// One file for both judges: `tests/e2e/specs/ice-servers.spec.ts` asks a browser for its verdict.
const CASES: &str = include_str!("cases.tsv");

/// What was typed, and what becomes of it: another form, or nothing.
fn cases() -> Vec<(&'static str, Option<&'static str>)> {
    let lines = CASES.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (typed, form) = line.split_once('\t').unwrap();
            (typed, (form != "refused").then_some(form))
        })
        .collect()
}

fn parse(text: &str) -> Result<IceUrl, IceUrlError> {
    if text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("turn")) {
        IceUrl::parse(text, [Scheme::Turn, Scheme::Turns], IceUrlError::NotTurn)
    } else {
        IceUrl::parse(text, [Scheme::Stun, Scheme::Stuns], IceUrlError::NotStun)
    }
}

#[test]
fn addresses_of_stun_and_turn_servers_have_the_form_of_their_rfcs_or_are_refused() {
    assert!(cases().len() > 40);
    for (typed, form) in cases() {
        let parsed = parse(typed).ok().map(|url| url.to_string());
        assert_eq!(parsed.as_deref(), form, "{typed:?}");
    }
}

#[test]
fn a_refused_address_is_named_alone_with_what_is_allowed() {
    let load = |settings: &[(&str, &str)]| {
        let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Config::load(None, &settings.collect::<BTreeMap<String, String>>())
    };
    let turn = [("TURN_USERNAME", "bellwire"), ("TURN_CREDENTIAL", "secret")];
    for (name, good, wrong, why) in [
        ("STUN_SERVERS", "stun:good.example", "stun.example", "stun: or stuns:"),
        ("STUN_SERVERS", "stun:good.example", "turn:turn.example", "stun: or stuns:"),
        ("STUN_SERVERS", "stun:good.example", "stun://stun.example", "without //"),
        ("STUN_SERVERS", "stun:good.example", "stun:stun.example:99999", "1 to 65535"),
        ("STUN_SERVERS", "stun:good.example", "stun:stun.example?transport=udp", "only TURN"),
        ("STUN_SERVERS", "stun:good.example", "stun:2001:db8::1", "in brackets"),
        ("TURN_SERVER", "turn:good.example", "stun:stun.example", "turn: or turns:"),
        ("TURN_SERVER", "turn:good.example", "turn:turn.example?transport=tls", "transport=tcp"),
        ("TURN_SERVER", "turn:good.example", "turn:turn.example/udp", "nothing behind it"),
    ] {
        let settings = |value: &str| {
            let mut settings = vec![(name, value.to_owned())];
            if name == "TURN_SERVER" {
                settings.extend(turn.map(|(name, value)| (name, value.to_owned())));
            }
            let settings: Vec<_> = settings.iter().map(|(n, v)| (*n, v.as_str())).collect();
            load(&settings)
        };
        settings(good).unwrap();
        let error = settings(&format!("{good}, {wrong}")).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(&format!("{wrong:?}")), "{error}");
        assert!(error.contains(why) && !error.contains(good), "{error}");
    }
    let user = ("TURN_SERVER", "turn:good.example, turn:me@turn.example");
    let settings = [user, turn[0], turn[1]];
    let error = load(&settings).unwrap_err().to_string();
    assert!(
        error.contains("@turn.example\"") && error.contains("settings of their own"),
        "{error}"
    );
    assert!(!error.contains("good.example") && !error.contains("me@"), "{error}");
    let many = vec!["stun:stun.example"; 17].join(",");
    assert!(load(&[("STUN_SERVERS", &many)]).unwrap_err().to_string().contains("at most 16"));
}

#[test]
fn a_turn_server_has_both_words_and_no_longer_name_than_its_protocol_carries() {
    let load = |username: Option<&str>, credential: Option<&str>| {
        let mut settings = BTreeMap::from([("TURN_SERVER".into(), "turn:turn.example".into())]);
        settings.extend(username.map(|it| ("TURN_USERNAME".to_owned(), it.to_owned())));
        settings.extend(credential.map(|it| ("TURN_CREDENTIAL".to_owned(), it.to_owned())));
        Config::load(None, &settings)
    };
    load(Some("bellwire"), Some("secret")).unwrap();
    for (username, credential) in [
        (None, None),
        (Some("bellwire"), None),
        (None, Some("secret")),
        (Some(""), Some("secret")),
        (Some("bellwire"), Some("")),
    ] {
        let error = load(username, credential).unwrap_err().to_string();
        assert!(error.contains("TURN_USERNAME"), "{error}");
    }
    load(Some(&"n".repeat(508)), Some("secret")).unwrap();
    let long = load(Some(&"n".repeat(509)), Some("canary")).unwrap_err().to_string();
    assert!(long.contains("TURN_USERNAME") && long.contains("508"), "{long}");
    assert!(!long.contains("nnn") && !long.contains("canary"), "{long}");
}

/// Both frames that carry servers, with everything else in them at its longest.
fn frames(ice_servers: Vec<IceServer>) -> [String; 2] {
    let welcome = Welcome {
        session: Secret::new("s".repeat(64)).unwrap(),
        resumed: false,
        me: Me {
            user: UserId::from_bytes([255; 16]),
            device: DeviceId::from_bytes([255; 16]),
            username: Username::new("u".repeat(32)).unwrap(),
            display_name: DisplayName::new("\"".repeat(DisplayName::MAX_BYTES / 2) + "n").unwrap(),
            callable_by: CallableBy::Contacts,
            administrator: false,
        },
        ice_servers: ice_servers.clone(),
        limits: Limits { max_call_ms: Some(u64::MAX), ..Limits::default() },
        features: Vec::new(),
        version: env!("CARGO_PKG_VERSION").into(),
        server_time: u64::MAX,
    };
    let messages =
        [RelayMessage::Welcome(Box::new(welcome)), RelayMessage::IceServers { ice_servers }];
    messages.map(|message| encode(&RelayFrame { seq: u64::MAX, message }))
}

/// The longest address of a scheme, up to `bytes` of a host.
fn longest_address(scheme: &str, bytes: usize, query: &str) -> String {
    let host: String = "abcdefghi.".chars().cycle().take(bytes.max(1)).collect();
    format!("{scheme}:{}:65535{query}", host.trim_end_matches('.'))
}

#[derive(Debug, Clone)]
struct Settings {
    stun: (usize, usize),
    turn: (usize, usize),
    /// A character, and how many of them.
    username: (char, usize),
    credential: (char, usize),
}

impl Settings {
    fn load(&self) -> Option<Vec<IceServer>> {
        let list = |(count, bytes), scheme, query| {
            vec![longest_address(scheme, bytes, query); count].join(",")
        };
        let word = |(sign, count): (char, usize)| sign.to_string().repeat(count);
        let settings = [
            ("STUN_SERVERS", list(self.stun, "stuns", "")),
            ("TURN_SERVER", list(self.turn, "turns", "?transport=tcp")),
            ("TURN_USERNAME", word(self.username)),
            ("TURN_CREDENTIAL", word(self.credential)),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value));
        Config::load(None, &BTreeMap::from(settings)).ok().map(|config| config.ice_servers)
    }
}

/// Everything at its limit, and around it.
fn settings() -> impl Strategy<Value = Settings> {
    let list = || (14_usize..18, 240_usize..256);
    let sign = || prop::sample::select(vec!['a', '"', '\\', '\u{1}', '\u{e9}', '\u{1f3a9}']);
    (list(), list(), (sign(), 500_usize..510), (sign(), 4_090_usize..4_098)).prop_map(
        |(stun, turn, username, credential)| Settings { stun, turn, username, credential },
    )
}

#[test]
fn a_client_takes_the_servers_of_the_largest_configuration() {
    let largest = Settings {
        stun: (16, 253),
        turn: (16, 253),
        username: ('\u{1}', 508),
        credential: ('\u{1}', 4_096),
    };
    let servers = largest.load().expect("all of it is allowed");
    for frame in frames(servers) {
        assert!(frame.len() > 30_000, "it is large: {}", frame.len());
        assert!(frame.len() <= limits::RELAY_FRAME_BYTES, "{} bytes", frame.len());
    }
    for more in [
        Settings { stun: (17, 253), ..largest.clone() },
        Settings { turn: (17, 253), ..largest.clone() },
        Settings { turn: (16, 254), ..largest.clone() },
        Settings { username: ('\u{1}', 509), ..largest.clone() },
        Settings { credential: ('\u{1}', 4_097), ..largest },
    ] {
        assert!(more.load().is_none(), "one more is refused: {more:?}");
    }
}

proptest! {
    #[test]
    fn whatever_is_configured_a_client_takes_the_welcome(settings in settings()) {
        if let Some(servers) = settings.load() {
            for frame in frames(servers) {
                prop_assert!(frame.len() <= limits::RELAY_FRAME_BYTES, "{} bytes", frame.len());
            }
        }
    }

    #[test]
    fn an_accepted_address_has_one_form(typed in "(stun|turns|TURN):[a-z0-9.:\\[\\]?=@/-]{0,24}") {
        if let Ok(url) = parse(&typed) {
            let form = url.to_string();
            prop_assert_eq!(parse(&form), Ok(url));
            prop_assert!(form.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
