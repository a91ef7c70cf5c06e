//! Who is signed in.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use bellwire_client::native::{
    Client, Executor, KeyringVault, MemoryVault, NoPeers, Options, PeerEvents,
};
use bellwire_core::api::{Account, Command, Home, SignInProblem, View};
use bellwire_protocol::ContactState;
use serde_json::json;

use crate::arguments::Arguments;
use crate::ending;
use crate::words::Words;

/// How long the relay may take to answer. A person waits no longer either.
const PATIENCE: Duration = Duration::from_secs(15);
/// What keyrings call the key.
const SERVICE: &str = "bellwire-cli";

/// A running client and whether it was signed in for this run only.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: Client,
    passing: bool,
}

/// Nobody is signed in.
#[derive(Debug, thiserror::Error)]
#[error("nobody is signed in: `bellwire-cli sign-in NAME`, or --user NAME for this run only")]
pub(crate) struct SignedOut;

impl Session {
    /// Starts a client, signed in from the keyring or, with `--user`, for this run.
    pub(crate) async fn start<E: Executor>(
        arguments: &Arguments,
        executor: impl FnOnce(PeerEvents) -> E,
    ) -> anyhow::Result<Self> {
        let session = match &arguments.user {
            Some(username) => {
                let password = password(username)?;
                let client = Client::start(options(arguments), MemoryVault::default(), executor);
                enter(&client, username, password).await?;
                Self { client, passing: true }
            }
            None => {
                let vault = vault(&arguments.relay)?;
                let client = Client::start(options(arguments), vault, executor);
                Self { client, passing: false }
            }
        };
        let view = wait(&session.client, |view| match &view.account {
            Account::Loading => false,
            Account::SignedOut { .. } => true,
            Account::SignedIn(home) => home.ready,
        })
        .await
        .context("the relay does not answer")?;
        match home(&view) {
            Some(_) => Ok(session),
            None => {
                session.stop().await;
                Err(SignedOut.into())
            }
        }
    }

    /// Lets go; a sign-in for this run only is ended on the relay too.
    pub(crate) async fn stop(self) {
        if self.passing {
            self.client.dispatch(Command::SignOut);
            let gone = |view: &View| home(view).is_none();
            // Without the relay the sign-in stays there until somebody removes it.
            let _ = wait(&self.client, gone).await;
        }
        self.client.stop().await;
    }
}

/// What a signed-in person sees.
pub(crate) fn home(view: &View) -> Option<&Home> {
    match &view.account {
        Account::SignedIn(home) => Some(home),
        Account::Loading | Account::SignedOut { .. } => None,
    }
}

/// `bellwire-cli sign-in`.
pub(crate) async fn sign_in(arguments: &Arguments, username: &str) -> anyhow::Result<ExitCode> {
    let vault = vault(&arguments.relay)?;
    let password = password(username)?;
    let client = Client::start(options(arguments), vault, NoPeers::new);
    let entered = enter(&client, username, password).await;
    client.stop().await;
    entered?;
    let words = Words { json: arguments.json };
    words.say(
        &format!("signed in as {username}"),
        &json!({ "type": "signed_in", "username": username }),
    );
    Ok(ExitCode::SUCCESS)
}

/// `bellwire-cli sign-out`.
pub(crate) async fn sign_out(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let session = Session::start(arguments, NoPeers::new).await?;
    session.client.dispatch(Command::SignOut);
    wait(&session.client, |view| home(view).is_none())
        .await
        .context("the relay does not answer")?;
    session.client.stop().await;
    Words { json: arguments.json }.say("signed out", &json!({ "type": "signed_out" }));
    Ok(ExitCode::SUCCESS)
}

/// `bellwire-cli status`.
pub(crate) async fn status(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let words = Words { json: arguments.json };
    let session = match Session::start(arguments, NoPeers::new).await {
        Ok(session) => session,
        Err(error) if error.is::<SignedOut>() => {
            words.list(&error.to_string(), &json!({ "type": "signed_out" }));
            return Ok(ExitCode::from(ending::SIGNED_OUT));
        }
        Err(error) => return Err(error),
    };
    let view = session.client.view();
    if let Some(home) = home(&view) {
        let me = home.me.as_ref().map_or("", |me| me.username.as_str());
        let relay = &view.relay_address;
        words.list(
            &format!("{me} on {relay}, {:?}", view.relay),
            &json!({ "type": "status", "username": me, "relay": relay, "state": view.relay }),
        );
        for contact in home.contacts.iter().filter(|c| c.state == ContactState::Accepted) {
            let presence = home
                .conversations
                .iter()
                .find(|c| c.user == Some(contact.user))
                .map(|c| c.presence);
            words.list(
                &format!(
                    "  {} ({}){}",
                    contact.name,
                    contact.username,
                    presence.map_or_else(String::new, |presence| format!(", {presence:?}")
                        .to_lowercase(),)
                ),
                &json!({ "type": "contact", "username": contact.username, "presence": presence }),
            );
        }
    }
    session.stop().await;
    Ok(ExitCode::SUCCESS)
}

async fn enter(client: &Client, username: &str, password: String) -> anyhow::Result<()> {
    wait(client, |view| !matches!(view.account, Account::Loading))
        .await
        .context("the client does not start")?;
    if home(&client.view()).is_some() {
        anyhow::bail!("somebody is signed in already: `bellwire-cli sign-out` first");
    }
    client.dispatch(Command::SignIn { username: username.to_owned(), password });
    let mut asked = false;
    let view = wait(client, |view| match &view.account {
        Account::Loading => false,
        Account::SignedOut { busy, problem, .. } => {
            asked |= *busy;
            asked && !*busy && problem.is_some()
        }
        Account::SignedIn(_) => true,
    })
    .await
    .context("the relay does not answer")?;
    match view.account {
        Account::SignedIn(_) => Ok(()),
        Account::SignedOut { problem, .. } => Err(refusal(problem)),
        Account::Loading => anyhow::bail!("the client does not start"),
    }
}

fn refusal(problem: Option<SignInProblem>) -> anyhow::Error {
    match problem {
        Some(SignInProblem::Refused { reason }) => {
            anyhow::anyhow!("the relay refused the sign-in: {reason:?}")
        }
        Some(SignInProblem::RateLimited { retry_after_s }) => {
            anyhow::anyhow!("too many tries; again in {retry_after_s} s")
        }
        Some(SignInProblem::Unreachable) | None => {
            anyhow::anyhow!("the relay cannot be reached; is its address right?")
        }
        Some(SignInProblem::Certificate) => {
            anyhow::anyhow!("the relay's certificate is not trusted")
        }
        Some(SignInProblem::NotBellwire) => {
            anyhow::anyhow!("what answers there is no Bellwire relay of this version")
        }
        // Said to pages; a native client has no origin.
        Some(SignInProblem::OriginRefused { .. }) => {
            anyhow::anyhow!("the relay refuses this client's origin")
        }
        // Said of codes for a new password, which this program does not ask for.
        Some(SignInProblem::OtherRelay { .. } | SignInProblem::OtherPerson { .. }) => {
            anyhow::anyhow!("the code for a new password is for something else")
        }
        Some(SignInProblem::Revoked) => anyhow::anyhow!("this sign-in was ended elsewhere"),
        Some(SignInProblem::Internal) => anyhow::anyhow!("the relay has a fault; try again later"),
    }
}

async fn wait(client: &Client, condition: impl FnMut(&View) -> bool) -> Option<View> {
    tokio::time::timeout(PATIENCE, client.until(condition)).await.ok()
}

fn options(arguments: &Arguments) -> Options {
    let relay = arguments.relay.trim_end_matches('/');
    let mut options = Options::new(relay, "bellwire-cli", env!("CARGO_PKG_VERSION"));
    options.platform = "cli".to_owned();
    options
}

fn vault(relay: &str) -> anyhow::Result<KeyringVault> {
    let folder = folder().context("there is no home folder; use --user NAME for this run only")?;
    KeyringVault::open(folder, SERVICE, relay).context(
        "the system has no usable keyring, and nothing secret is kept without one; \
         use --user NAME for this run only",
    )
}

fn folder() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(|| {
        std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"))
    })?;
    Some(base.join("bellwire-cli"))
}

fn password(username: &str) -> anyhow::Result<String> {
    if let Some(password) = std::env::var_os("BELLWIRE_PASSWORD") {
        return password.into_string().map_err(|_| anyhow::anyhow!("BELLWIRE_PASSWORD is no text"));
    }
    rpassword::prompt_password(format!("Password of {username}: "))
        .context("no password: set BELLWIRE_PASSWORD, or run in a terminal")
}
