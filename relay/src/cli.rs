//! The command line: `serve` and what an operator does beside it.

mod arguments;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use bellwire_protocol::http::Registration;
use bellwire_protocol::{ConversationId, Secret, Username};
use tokio::sync::watch;

use crate::accounts::device_cookie::DeviceCookies;
use crate::accounts::http::invite_in;
use crate::accounts::keys::Keys;
use crate::accounts::password::Passwords;
use crate::accounts::resets::{make_reset, reset_link};
use crate::accounts::source::Source;
use crate::accounts::token::{self, Tokens};
use crate::accounts::{Accounts, Applicant, Parts, Refused};
use crate::bus::local::LocalBus;
use crate::clock::Clock;
use crate::config::Config;
use crate::observe::Metrics;
use crate::observe::logging::print;
use crate::relay::{Relay, Shutdown, make_data_folder, open_store, run};
use crate::server::Listeners;
use crate::store::{Accounts as _, Admission, ContactRequest, Store};
pub use arguments::{Command, InviteCommand, UserCommand, parse};

/// Carries a command out.
///
/// # Errors
/// What the operator is told.
pub async fn execute(
    file: Option<PathBuf>,
    command: Command,
    environment: &BTreeMap<String, String>,
    shutdown: watch::Receiver<Shutdown>,
) -> anyhow::Result<()> {
    if let Command::Print(text) = command {
        return say(&text);
    }
    let mut config = Config::load(file.as_deref(), environment)?;
    match command {
        Command::Serve { demo } => {
            config.demo |= demo;
            if let Some(words) = config.shortcoming() {
                tracing::warn!("{words}");
            }
            let listeners = Listeners::bind(config.listen, config.ops_listen)?;
            Ok(run(config, listeners, shutdown).await?)
        }
        Command::CheckConfig => {
            let policy = match config.registration_policy() {
                Registration::Open => "open",
                Registration::Invite => "invite",
                Registration::Closed => "closed",
            };
            say(&format!("The settings are good. Registration: {policy}.\n"))?;
            config.shortcoming().map_or(Ok(()), |words| say(&format!("{words}.\n")))
        }
        Command::User(UserCommand::Add { name, admin, password_stdin: _ }) => {
            add_user(&config, name, admin).await
        }
        Command::User(UserCommand::Password { name, password_stdin: _ }) => {
            set_password(&config, &name).await
        }
        Command::User(UserCommand::Reset { name }) => make_reset_link(&config, &name).await,
        Command::User(UserCommand::List) => {
            for account in open(&config).await?.accounts().await? {
                let role = if account.administrator { " (administrator)" } else { "" };
                say(&format!("{}{role}\n", account.person.username.as_str()))?;
            }
            Ok(())
        }
        Command::User(UserCommand::Remove { name }) => {
            let store = open(&config).await?;
            let username = Username::new(name.clone()).map_err(|_| anyhow!("no user {name}"))?;
            let account = store.account_by_name(&username).await?;
            let account = account.ok_or_else(|| anyhow!("no user {name}"))?;
            store.remove_account(account.person.user).await?;
            store.close().await;
            say(&format!("Removed {name}.\n"))
        }
        Command::Invite(InviteCommand::Create) => {
            let store = open(&config).await?;
            let invite = invite_in(&store, Clock::start().wall().ms(), 168).await?;
            store.close().await;
            let code = invite.code.context("an invitation has a code")?;
            say(&format!("{}\n", code.as_str()))
        }
        Command::Print(_) => Ok(()),
    }
}

/// Standard output is for what was asked for; everything else goes to the log.
fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

async fn open(config: &Config) -> anyhow::Result<crate::store::sqlite::SqliteStore> {
    make_data_folder(&config.data_dir)?;
    Ok(open_store(config).await?)
}

/// The first line or more of standard input, without its end.
fn read_password() -> anyhow::Result<Secret> {
    let mut password = String::new();
    std::io::stdin().lock().take(4_096).read_to_string(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    Secret::new(password).map_err(|_| anyhow!("no password on standard input"))
}

/// What accounts are dealt with outside a running relay. Nobody hears its bus.
async fn accounts_of(config: &Config) -> anyhow::Result<(Arc<dyn Store>, Accounts)> {
    let store: Arc<dyn Store> = Arc::new(open(config).await?);
    let keys = Keys::open(&config.data_dir)?;
    let parts = Parts {
        store: Arc::clone(&store),
        bus: Arc::new(LocalBus::new().0),
        clock: Clock::start(),
        metrics: Arc::new(Metrics::new()),
    };
    let tokens = Tokens::new(keys.draw("access tokens"), keys.draw("refresh tokens"));
    let cookies = DeviceCookies::new(keys.draw("device cookies"));
    let passwords = Passwords::new(config.password_cost)?;
    Ok((store, Accounts::new(parts, (tokens, cookies), passwords, config.registration_policy())))
}

async fn set_password(config: &Config, name: &str) -> anyhow::Result<()> {
    let password = read_password()?;
    let (store, accounts) = accounts_of(config).await?;
    let nobody = || anyhow!("no user {name}");
    let username = Username::new(name).map_err(|_| nobody())?;
    let user = store.account_by_name(&username).await?.ok_or_else(nobody)?.person.user;
    let set = accounts.reset_password(user, &password).await;
    store.close().await;
    if !set.map_err(|refused| explain(&refused))? {
        return Err(nobody());
    }
    say(&format!("{name} has a new password and is signed out everywhere.\n"))
}

/// Prints the link alone on the first line, for whatever hands it on.
async fn make_reset_link(config: &Config, name: &str) -> anyhow::Result<()> {
    let store = open(config).await?;
    let nobody = || anyhow!("no user {name}");
    let username = Username::new(name).map_err(|_| nobody())?;
    let account = store.account_by_name(&username).await?.ok_or_else(nobody)?;
    let now = Clock::start().wall().ms();
    let reset = make_reset(&store, now, account.person).await;
    store.close().await;
    let link = reset_link(&place(config, config.listen), &reset?.ok_or_else(nobody)?);
    say(&format!(
        "{link}\nWhoever opens it sets a new password for {name}, once, within 24 hours.\n"
    ))
}

async fn add_user(config: &Config, name: String, administrator: bool) -> anyhow::Result<()> {
    let password = read_password()?;
    let (store, accounts) = accounts_of(config).await?;
    let applicant = Applicant { username: name.clone(), display_name: name.clone(), password };
    let created = accounts
        .create(applicant, Admission::Operator { administrator }, None, Source::trusted())
        .await;
    store.close().await;
    created.map_err(|refused| explain(&refused))?;
    say(&format!("Added {name}.\n"))
}

fn explain(refused: &Refused) -> anyhow::Error {
    use bellwire_protocol::http::ProblemReason;
    let Refused::Because(_, Some(reason)) = refused else { return anyhow!("{refused}") };
    match reason {
        ProblemReason::UsernameInvalid => anyhow!(
            "the user name is not allowed: 2 to 32 of a-z 0-9 . _ -, beginning with a letter or digit"
        ),
        ProblemReason::UsernameTaken => anyhow!("the user name is taken"),
        ProblemReason::UsernameSimilar => {
            anyhow!("the user name is easily taken for somebody else's; choose another")
        }
        ProblemReason::PasswordLength => {
            anyhow!("the password needs at least ten characters and at most 256 bytes")
        }
        ProblemReason::PasswordCommon => {
            anyhow!("the password is among the commonest ones; choose another")
        }
        ProblemReason::DisplayNameInvalid
        | ProblemReason::WrongCredentials
        | ProblemReason::InviteRequired
        | ProblemReason::SetupCodeRequired
        | ProblemReason::RegistrationClosed
        | ProblemReason::ResetCodeInvalid
        | ProblemReason::TokenInvalid
        | ProblemReason::SignInEnded
        | ProblemReason::NoSuchUser
        | ProblemReason::Yourself
        | ProblemReason::StoreUnavailable
        | ProblemReason::Unknown => anyhow!("refused: {reason:?}"),
    }
}

/// Says where people open it, at every start.
pub(crate) async fn say_address(relay: &Relay, address: SocketAddr) {
    print(format!("Bellwire is at {}\n", place(&relay.config, address))).await;
}

/// Where people open a relay that listens there.
fn place(config: &Config, address: SocketAddr) -> String {
    match &config.public_url {
        Some(url) => url.as_str().to_owned(),
        None if address.ip().is_loopback() || address.ip().is_unspecified() => {
            format!("http://localhost:{}", address.port())
        }
        None => format!("http://{address}"),
    }
}

/// Says what makes the first account, as long as there is none and others could be faster.
pub(crate) async fn say_setup_code(relay: &Relay) {
    match relay.accounts.setup_code().await {
        Ok(Some(code)) => {
            let code = code.as_str();
            print(format!(
                "There is no account yet. The first one administers this relay. Make it with this \
                 code as the invitation: {code}\n"
            ))
            .await;
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "the setup code is not printed"),
    }
}

/// Two accounts that are contacts, printed once, so that a first look needs no forms. Only on
/// loopback: the passwords are on a screen.
pub(crate) async fn make_demo_accounts(relay: &Relay, address: SocketAddr) {
    if !address.ip().is_loopback() {
        tracing::warn!("no demo accounts: the relay does not listen on loopback");
        return;
    }
    match demo_accounts(relay).await {
        Ok(lines) => print(lines).await,
        Err(error) => tracing::warn!(%error, "no demo accounts"),
    }
}

async fn demo_accounts(relay: &Relay) -> anyhow::Result<String> {
    let mut lines = String::new();
    let mut people = Vec::new();
    for (name, shown) in [("ada", "Ada"), ("grace", "Grace")] {
        let password: String = token::opaque().as_str().chars().take(16).collect();
        lines.push_str(&format!("  {name}  password {password}\n"));
        let password = Secret::new(password)?;
        let applicant = Applicant { username: name.into(), display_name: shown.into(), password };
        let admission = Admission::Operator { administrator: people.is_empty() };
        people.push(relay.accounts.create(applicant, admission, None, Source::trusted()).await?.0);
    }
    if let [ada, grace] = people.as_slice() {
        for (asking, asked) in [(ada, grace), (grace, ada)] {
            let now = relay.clock.wall().ms();
            let id = ConversationId::from_parts(now, token::random());
            let request = relay.store.request_contact(asking.user, &asked.username, id, now);
            match request.await? {
                ContactRequest::Asked(_)
                | ContactRequest::Same(_)
                | ContactRequest::Accepted(..) => {}
                ContactRequest::NoSuchUser | ContactRequest::Yourself => bail!("no such user"),
            }
        }
    }
    Ok(lines)
}
