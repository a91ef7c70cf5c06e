//! Names of settings, and what somebody meant who wrote another one.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::{ConfigError, HIDDEN, SETTINGS};

/// Begins all names that are ours and not older than the relay.
const PREFIX: &str = "BELLWIRE_";
/// Read elsewhere: by the log, the command-line client, `make`.
const OTHERS: [&str; 5] =
    ["BELLWIRE_LOG", "BELLWIRE_RELAY", "BELLWIRE_USER", "BELLWIRE_PASSWORD", "BELLWIRE_TOOLS"];
/// Letters by which a name without our prefix may differ from a setting and still be meant as it.
/// More, and other programs' variables would be taken for mistakes.
const SLIPS: usize = 2;

/// The variables of a process as text. What is not text is left out, except where it is a setting.
///
/// # Errors
/// [`ConfigError::Value`]: a setting that is no text, which must not count as not set.
pub fn environment(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut texts = BTreeMap::new();
    for (name, value) in variables {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => drop(texts.insert(name, value)),
            // Not repeated, whatever its name: it may be a misspelt secret, or the client's password.
            Err(_) if is_ours(&name) => {
                let (value, allowed) = (HIDDEN.to_owned(), "text in UTF-8".to_owned());
                return Err(ConfigError::Value { name, value, allowed });
            }
            Err(_) => {}
        }
    }
    Ok(texts)
}

fn is_ours(name: &str) -> bool {
    name.to_ascii_uppercase().starts_with(PREFIX)
        || SETTINGS.iter().any(|(_, known)| *known == name)
}

/// Whether an orchestrator wrote it: containers are told of services by variables that begin with
/// the service's name, which may well be ours or `turn-server`
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>).
fn is_service_link(name: &str, value: &str) -> bool {
    let link = |(_, rest): (&str, &str)| match rest.strip_prefix('_') {
        Some(port) => port.starts_with(|first: char| first.is_ascii_digit()),
        None => rest.is_empty() && value.contains("://"),
    };
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.split_once("_PORT").is_some_and(link)
}

/// Refuses variables that look like settings and are none: a misspelt one would count as not set.
pub(super) fn check(environment: &BTreeMap<String, String>) -> Result<(), ConfigError> {
    for (name, value) in environment {
        let known = SETTINGS.iter().any(|(_, variable)| variable == name);
        if known || OTHERS.contains(&name.as_str()) || is_service_link(name, value) {
            continue;
        }
        let (nearest, distance) = nearest(name, SETTINGS.iter().map(|(_, variable)| *variable));
        if is_ours(name) || distance <= SLIPS {
            return Err(ConfigError::Unknown {
                name: name.clone(),
                place: "in the environment",
                nearest,
            });
        }
    }
    Ok(())
}

/// The setting that was probably meant, and by how many letters it differs.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> (&'a str, usize) {
    let bare = |name: &str| {
        let name = name.to_ascii_uppercase();
        name.strip_prefix(PREFIX).map_or_else(|| name.clone(), ToOwned::to_owned)
    };
    let meant = bare(name);
    let distance = |known: &str| {
        let prefixed = |name: &str| name.to_ascii_uppercase().starts_with(PREFIX);
        // Without our prefix it is another program's, whatever stands behind.
        if prefixed(known) && !prefixed(name) {
            return usize::MAX;
        }
        strsim::osa_distance(&meant, &bare(known)) + usize::from(prefixed(name) != prefixed(known))
    };
    known.map(|known| (known, distance(known))).min_by_key(|(_, d)| *d).unwrap_or(("", usize::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

    use super::*;
    use crate::config::Config;

    fn load(name: &str) -> Result<Config, ConfigError> {
        Config::load(None, &BTreeMap::from([(name.to_owned(), "7".to_owned())]))
    }

    #[test]
    fn a_misspelt_variable_stops_the_start_and_the_nearest_setting_is_named() {
        for (wrong, meant) in [
            ("BELLWIRE_LISTN", "BELLWIRE_LISTEN"),
            ("BELLWIRE_OPS_LITSEN", "BELLWIRE_OPS_LISTEN"),
            ("BELLWIRE_PUBLIC_URI", "BELLWIRE_PUBLIC_URL"),
            ("BELLWIRE_TRUSTED_PROXY", "BELLWIRE_TRUSTED_PROXIES"),
            ("BELLWIRE_DATADIR", "BELLWIRE_DATA_DIR"),
            ("BELLWIRE_HISTORY_DAY", "BELLWIRE_HISTORY_DAYS"),
            ("BELLWIRE_STUN_SERVERS", "STUN_SERVERS"),
            ("BELLWIRE_MAX_CALL_DURATION_MS", "MAX_CALL_DURATION_MS"),
            ("BELLWIRE_TURN_CREDENTIALS", "TURN_CREDENTIAL"),
            ("bellwire_listen", "BELLWIRE_LISTEN"),
            ("STUN_SERVER", "STUN_SERVERS"),
            ("TURN_SERVERS", "TURN_SERVER"),
            ("TURN_USER_NAME", "TURN_USERNAME"),
            ("stun_servers", "STUN_SERVERS"),
            ("MAX_CALL_DURATION_S", "MAX_CALL_DURATION_MS"),
        ] {
            let error = load(wrong).unwrap_err().to_string();
            assert!(error.contains(wrong), "{error}");
            assert!(error.contains(&format!("{meant}?")), "{wrong}: {error}");
        }
        // Nothing is near, and it is meant for us all the same.
        assert!(load("BELLWIRE_COLOUR").unwrap_err().to_string().contains("BELLWIRE_COLOUR"));
    }

    #[test]
    fn what_belongs_to_others_is_left_alone() {
        for name in ["PATH", "LISTEN", "TURN_REALM", "DATA_DIR", "STUN", "USER", "DEMO"] {
            load(name).unwrap();
        }
        for name in OTHERS {
            load(name).unwrap();
        }
    }

    #[test]
    fn what_an_orchestrator_says_of_a_service_of_our_name_is_no_setting() {
        let link = "tcp://10.96.0.11:8470";
        for (name, value) in [
            ("BELLWIRE_SERVICE_HOST", "10.96.0.11"),
            ("BELLWIRE_SERVICE_PORT", "8470"),
            ("BELLWIRE_SERVICE_PORT_HTTP", "8470"),
            ("BELLWIRE_PORT", link),
            ("BELLWIRE_PORT_8470_TCP", link),
            ("BELLWIRE_PORT_8470_TCP_ADDR", "10.96.0.11"),
            ("BELLWIRE_RELAY_PORT", link),
            ("BELLWIRE_RELAY_SERVICE_HOST", "10.96.0.11"),
            ("TURN_SERVER_PORT", "udp://10.96.0.12:3478"),
            ("TURN_SERVER_SERVICE_HOST", "10.96.0.12"),
        ] {
            let environment = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            Config::load(None, &environment).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        // Somebody guessed at a setting.
        assert!(load("BELLWIRE_PORT").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_setting_that_is_no_text_is_not_taken_for_one_that_is_not_set() {
        use std::os::unix::ffi::OsStringExt;
        let odd = || OsString::from_vec(b"/data/\xff".to_vec());
        let error = environment([("BELLWIRE_DATA_DIR".into(), odd())]).unwrap_err().to_string();
        assert!(error.contains("BELLWIRE_DATA_DIR") && error.contains("UTF-8"), "{error}");
        assert!(environment([("TURN_CREDENTIAL".into(), odd())]).is_err());
        assert!(environment([("OTHER".into(), odd())]).unwrap().is_empty());
    }
}
