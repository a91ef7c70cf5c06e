//! The relay's settings: defaults, then a TOML file, then the environment; parsed before anything
//! binds. A wrong value stops the start with the setting, the value and what is allowed.

mod ice;
mod names;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use bellwire_protocol::IceServer;
use bellwire_protocol::http::Registration;

use crate::accounts::password::Cost;
use crate::origin::{Origin, OriginError};
use crate::proxies::Proxies;
use crate::signaling::calls::Timing;
use crate::signaling::rings::RingLimits;
use crate::web::Hsts;
pub use names::environment;

/// A setting that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The value is outside what is allowed.
    #[error("setting {name}: {value:?} is not allowed; allowed: {allowed}")]
    Value {
        /// As the operator wrote it: a TOML key or an environment variable.
        name: String,
        /// What it says. Secrets are left out: [`shown`].
        value: String,
        /// What it may say.
        allowed: String,
    },
    /// Something is named like a setting and is none.
    #[error("{name} {place} is no setting. Do you mean {nearest}? Known: {known}", known = known())]
    Unknown {
        /// As the operator wrote it.
        name: String,
        /// Where it stands.
        place: &'static str,
        /// What was probably meant.
        nearest: &'static str,
    },
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read: {cause}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        cause: String,
    },
}

impl ConfigError {
    /// The one way to make a [`ConfigError::Value`] that repeats a value.
    fn value(name: &str, value: &str, allowed: impl std::fmt::Display) -> Self {
        let (value, allowed) = (shown(name, value), allowed.to_string());
        Self::Value { name: name.to_owned(), value, allowed }
    }
}

/// Everything that an operator decides.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where people connect.
    pub listen: SocketAddr,
    /// Where the operator looks; never a public address.
    pub ops_listen: SocketAddr,
    /// The address that people type, where a proxy stands in between.
    pub public_url: Option<Origin>,
    /// Whose word on the address of a client is taken.
    pub trusted_proxies: Proxies,
    /// Whether browsers are told to use TLS only, where the public address has it.
    pub hsts: Hsts,
    /// Where the database and the key are.
    pub data_dir: PathBuf,
    /// The database file.
    pub database: PathBuf,
    /// Who may make an account; by default everybody where only this machine reaches the relay,
    /// and the invited elsewhere: [`Config::is_private`].
    pub registration: Option<Registration>,
    /// For every call. None by default: devices on one network find each other without.
    pub ice_servers: Vec<IceServer>,
    /// Deadlines of calls.
    pub timing: Timing,
    /// How often somebody may ring.
    pub rings: RingLimits,
    /// Days that the history is kept.
    pub history_days: u32,
    /// Make two accounts to try it with, on loopback with a new data folder.
    pub demo: bool,
    /// Cost of a password hash.
    pub password_cost: Cost,
    /// Largest database in pages of 4 KiB.
    pub max_database_pages: Option<u32>,
    /// Connections at once, where it is not for the system's limit on open files to say.
    pub max_connections: Option<usize>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8470)),
            ops_listen: SocketAddr::from(([127, 0, 0, 1], 8471)),
            public_url: None,
            trusted_proxies: Proxies::default(),
            hsts: Hsts::default(),
            data_dir: PathBuf::from("data"),
            database: PathBuf::from("data/relay.db"),
            registration: None,
            ice_servers: Vec::new(),
            timing: Timing::default(),
            rings: RingLimits::default(),
            history_days: 30,
            demo: false,
            password_cost: Cost::default(),
            max_database_pages: None,
            max_connections: None,
        }
    }
}

/// TOML key, environment variable.
const SETTINGS: &[(&str, &str)] = &[
    ("listen", "BELLWIRE_LISTEN"),
    ("ops_listen", "BELLWIRE_OPS_LISTEN"),
    ("public_url", "BELLWIRE_PUBLIC_URL"),
    ("trusted_proxies", "BELLWIRE_TRUSTED_PROXIES"),
    ("hsts", "BELLWIRE_HSTS"),
    ("data_dir", "BELLWIRE_DATA_DIR"),
    ("database_url", "BELLWIRE_DATABASE_URL"),
    ("registration", "BELLWIRE_REGISTRATION"),
    ("stun_servers", "STUN_SERVERS"),
    ("turn_server", "TURN_SERVER"),
    ("turn_username", "TURN_USERNAME"),
    ("turn_credential", "TURN_CREDENTIAL"),
    ("max_call_duration_ms", "MAX_CALL_DURATION_MS"),
    ("rings_per_minute", "BELLWIRE_RINGS_PER_MINUTE"),
    ("rings_per_person", "BELLWIRE_RINGS_PER_PERSON"),
    ("history_days", "BELLWIRE_HISTORY_DAYS"),
    ("demo", "BELLWIRE_DEMO"),
];

/// What never stands in a message, which ends in a log: by the key or the variable of its setting.
const SECRETS: [&str; 4] = ["turn_username", "TURN_USERNAME", "turn_credential", "TURN_CREDENTIAL"];
const HIDDEN: &str = "(hidden)";

/// A wrong value as a message may repeat it: without what is secret, and without the user name and
/// the password that stand before the `@` of an address.
fn shown(name: &str, value: &str) -> String {
    if SECRETS.contains(&name) {
        return HIDDEN.to_owned();
    }
    value.rsplit_once('@').map_or_else(|| value.to_owned(), |(_, host)| format!("{HIDDEN}@{host}"))
}

fn known() -> String {
    SETTINGS.iter().map(|(key, _)| *key).collect::<Vec<_>>().join(", ")
}

/// One value with the name that the operator used for it.
struct Given {
    name: String,
    value: String,
}

impl Given {
    fn wrong(&self, allowed: impl std::fmt::Display) -> ConfigError {
        self.wrong_part(&self.value, allowed)
    }

    /// The same for one of several values.
    fn wrong_part(&self, part: &str, allowed: impl std::fmt::Display) -> ConfigError {
        ConfigError::value(&self.name, part, allowed)
    }

    fn number(&self, least: u64, most: u64, allowed: &'static str) -> Result<u64, ConfigError> {
        let number = self.value.parse().ok().filter(|n| (least..=most).contains(n));
        number.ok_or_else(|| self.wrong(allowed))
    }
}

impl Config {
    /// Reads the file, if one is given, and the environment.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(
        file: Option<&Path>,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        names::check(environment)?;
        let mut given = BTreeMap::new();
        if let Some(path) = file {
            for (key, value) in read_file(path)? {
                given.insert(key.clone(), Given { name: key, value });
            }
        }
        for (key, variable) in SETTINGS {
            // An empty variable is how compose files and units say "not set".
            if let Some(value) = environment.get(*variable).filter(|value| !value.is_empty()) {
                let name = (*variable).to_owned();
                given.insert((*key).to_owned(), Given { name, value: value.clone() });
            }
        }
        Self::parse(&given)
    }

    fn parse(given: &BTreeMap<String, Given>) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let address = "an address and a port, such as 127.0.0.1:8470 or [::]:8470";
        if let Some(it) = given.get("listen") {
            config.listen = it.value.parse().map_err(|_| it.wrong(address))?;
        }
        if let Some(it) = given.get("ops_listen") {
            config.ops_listen = it.value.parse().map_err(|_| it.wrong(address))?;
        }
        // Port 0 is any free one.
        if config.listen == config.ops_listen && config.listen.port() != 0 {
            let it = given.get("ops_listen").or_else(|| given.get("listen"));
            let apart = "two addresses, one for people (listen) and one for you (ops_listen)";
            return it.map_or(Ok(config), |it| Err(it.wrong(apart)));
        }
        if let Some(it) = given.get("public_url") {
            let origin = Origin::parse_typed(&it.value);
            config.public_url = Some(origin.map_err(|error| it.wrong(error))?);
        }
        if let Some(it) = given.get("listen")
            && config.public_url.is_none()
            && crate::origin::is_blocked(config.listen.port())
        {
            let allowed = OriginError::BlockedPort;
            return Err(it.wrong(format!("{allowed}, or any behind a proxy with a public_url")));
        }
        if let Some(it) = given.get("trusted_proxies") {
            let allowed =
                "addresses and networks, separated by commas, such as 127.0.0.1, 10.0.0.0/8";
            config.trusted_proxies = Proxies::parse(&it.value).ok_or_else(|| it.wrong(allowed))?;
        }
        if let Some(it) = given.get("hsts") {
            config.hsts =
                Hsts::parse(&it.value).ok_or_else(|| it.wrong("host, subdomains, off"))?;
        }
        if let Some(it) = given.get("data_dir") {
            config.data_dir = PathBuf::from(&it.value);
        }
        config.database = config.data_dir.join("relay.db");
        if let Some(it) = given.get("database_url") {
            config.database = database(it)?;
        }
        if let Some(it) = given.get("registration") {
            config.registration = Some(match it.value.as_str() {
                "open" => Registration::Open,
                "invite" => Registration::Invite,
                "closed" => Registration::Closed,
                _ => return Err(it.wrong("open, invite, closed")),
            });
        }
        config.ice_servers = ice::servers(given)?;
        if let Some(it) = given.get("max_call_duration_ms") {
            let allowed = "a number of ms from 1000 to 31536000000; leave it out for no limit";
            config.timing.max_call_ms = Some(it.number(1_000, 31_536_000_000, allowed)?);
        }
        let rings = "a number from 1 to 1000000";
        if let Some(it) = given.get("rings_per_minute") {
            let number = it.number(1, 1_000_000, rings)?;
            config.rings.per_minute = u32::try_from(number).unwrap_or(u32::MAX);
        }
        if let Some(it) = given.get("rings_per_person") {
            let number = it.number(1, 1_000_000, rings)?;
            config.rings.per_person = u32::try_from(number).unwrap_or(u32::MAX);
        }
        if let Some(it) = given.get("history_days") {
            let number = it.number(1, 3_650, "a number of days from 1 to 3650")?;
            config.history_days = u32::try_from(number).unwrap_or(u32::MAX);
        }
        if let Some(it) = given.get("demo") {
            config.demo = match it.value.as_str() {
                "true" | "1" => true,
                "false" | "0" => false,
                _ => return Err(it.wrong("true, false")),
            };
        }
        Ok(config)
    }

    /// What is allowed, and leaves people without something.
    #[must_use]
    pub fn shortcoming(&self) -> Option<&'static str> {
        let plain = |url: &Origin| !url.is_secure() && !url.is_this_machine();
        self.public_url.as_ref().is_some_and(plain).then_some(
            "The public address has no https://: browsers give it no camera and no microphone, so \
             that nobody can be heard or seen",
        )
    }

    /// The policy that is in force.
    #[must_use]
    pub fn registration_policy(&self) -> Registration {
        let default = if self.is_private() { Registration::Open } else { Registration::Invite };
        self.registration.unwrap_or(default)
    }

    /// Whether only this machine reaches the relay: through a proxy on it others do as well. Where
    /// they do, whoever comes first must not become its administrator without a word of the
    /// operator.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.listen.ip().is_loopback()
            && self.trusted_proxies.is_empty()
            && self.public_url.as_ref().is_none_or(Origin::is_this_machine)
    }
}

fn database(it: &Given) -> Result<PathBuf, ConfigError> {
    let allowed = "sqlite: and the path of a file, such as sqlite:/var/lib/bellwire/relay.db";
    let path = it.value.strip_prefix("sqlite:").ok_or_else(|| it.wrong(allowed))?;
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.contains([':', '?']) {
        return Err(it.wrong(allowed));
    }
    Ok(PathBuf::from(path))
}

fn read_file(path: &Path) -> Result<Vec<(String, String)>, ConfigError> {
    let failed = |cause: String| ConfigError::File { path: path.to_owned(), cause };
    let text = std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))?;
    let table = text.parse::<toml::Table>().map_err(|error| failed(unparsed(&text, &error)))?;
    let mut settings = Vec::new();
    for (key, value) in table {
        if !SETTINGS.iter().any(|(known, _)| *known == key) {
            let keys = SETTINGS.iter().map(|(known, _)| *known);
            let (nearest, _) = names::nearest(&key, keys);
            return Err(ConfigError::Unknown { name: key, place: "in the file", nearest });
        }
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(switch) => switch.to_string(),
            toml::Value::Array(items) => list(&key, items)?,
            toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => {
                let allowed = "text, a number, true, false or a list of texts";
                return Err(ConfigError::value(&key, &format!("{value:?}"), allowed));
            }
        };
        settings.push((key, text));
    }
    Ok(settings)
}

/// Where a file is no TOML, and why. The library's own words repeat the line, which may hold a
/// secret.
fn unparsed(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("line {}: {}", before.matches('\n').count() + 1, error.message())
}

fn list(key: &str, items: Vec<toml::Value>) -> Result<String, ConfigError> {
    let texts = items.into_iter().map(|item| match item {
        toml::Value::String(text) => Ok(text),
        other @ (toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_)
        | toml::Value::Array(_)
        | toml::Value::Table(_)) => {
            Err(ConfigError::value(key, &format!("{other:?}"), "a list of texts"))
        }
    });
    Ok(texts.collect::<Result<Vec<_>, _>>()?.join(","))
}

#[cfg(test)]
mod tests;
