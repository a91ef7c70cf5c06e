//! Somebody with a client and no window.

use std::time::Duration;

use bellwire_client::native::{Client, MemoryVault, Options};
use bellwire_core::api::{Account, CallStage, CallView, Command, ContactView, Home, View};
use bellwire_protocol::{CallId, ContactState, ConversationId, Media};

use crate::{Relay, Wires};

/// Longest that anything of a test may take before the test has failed. Nothing waits this long
/// that works.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody with a client and no window.
pub struct Person {
    /// `None` only while a reload is under way.
    client: Option<Client>,
    options: Options,
    vault: MemoryVault,
    wires: Wires,
    /// Their user name.
    pub name: String,
}

impl Person {
    /// Makes an account and signs in.
    pub async fn new(relay: &Relay, wires: &Wires, name: &str) -> Self {
        let person = Self::at(relay, wires, name);
        person.dispatch(Command::CreateAccount {
            username: name.to_owned(),
            display_name: name.to_uppercase(),
            password: password(name),
            invite: None,
        });
        person.ready().await;
        person
    }

    /// Signs in on another device.
    pub async fn again(relay: &Relay, wires: &Wires, name: &str) -> Self {
        let person = Self::at(relay, wires, name);
        person.dispatch(Command::SignIn { username: name.to_owned(), password: password(name) });
        person.ready().await;
        person
    }

    fn client(&self) -> &Client {
        self.client.as_ref().expect("nobody asks while a reload is under way")
    }

    fn at(relay: &Relay, wires: &Wires, name: &str) -> Self {
        let options = Options::new(relay.url(), "bellwire-tests", env!("CARGO_PKG_VERSION"));
        let vault = MemoryVault::default();
        let client = Some(start(&options, &vault, wires));
        Self { client, options, vault, wires: wires.clone(), name: name.to_owned() }
    }

    /// Stops the client and starts it again from what it kept, as a reload does.
    pub async fn reload(&mut self) {
        if let Some(client) = self.client.take() {
            client.stop().await;
        }
        self.client = Some(start(&self.options, &self.vault, &self.wires));
    }

    /// Wants something.
    pub fn dispatch(&self, command: Command) {
        self.client().dispatch(command);
    }

    /// Waits until what is shown meets the condition.
    pub async fn until(&self, what: &str, condition: impl FnMut(&View) -> bool) -> View {
        match tokio::time::timeout(PATIENCE, self.client().until(condition)).await {
            Ok(view) => view,
            Err(_) => panic!("{} never saw {what}; it saw {:#?}", self.name, self.client().view()),
        }
    }

    /// As [`Person::until`], of what a signed-in person sees.
    pub async fn until_home(&self, what: &str, mut condition: impl FnMut(&Home) -> bool) -> Home {
        let view = self.until(what, |view| home(view).is_some_and(&mut condition)).await;
        home(&view).cloned().expect("the condition held for a home")
    }

    /// Waits for a call in this stage.
    pub async fn until_call(
        &self,
        what: &str,
        mut condition: impl FnMut(&CallStage) -> bool,
    ) -> CallView {
        let home = self
            .until_home(what, |home| home.call.as_ref().is_some_and(|call| condition(&call.stage)))
            .await;
        home.call.expect("the condition held for a call")
    }

    /// Waits until the media of the call flows.
    pub async fn connected(&self) -> CallView {
        self.until_call("a connected call", |stage| matches!(stage, CallStage::Connected { .. }))
            .await
    }

    /// Waits for the first snapshot.
    pub async fn ready(&self) -> Home {
        self.until_home("the snapshot", |home| home.ready).await
    }

    /// Waits for a ring and names it.
    pub async fn ringing(&self) -> CallId {
        self.until_home("a ring", |home| !home.rings.is_empty()).await.rings[0].call
    }

    /// Asks `other` to be a contact, who accepts; gives their conversation.
    pub async fn befriend(&self, other: &Self) -> ConversationId {
        self.dispatch(Command::AddContact { username: other.name.clone() });
        let home = other
            .until_home("a request", |home| {
                contact(home, &self.name, ContactState::Incoming).is_some()
            })
            .await;
        let asking = contact(&home, &self.name, ContactState::Incoming).expect("it is there");
        other.dispatch(Command::AcceptContact { user: asking.user });
        other.conversation(&self.name).await;
        self.conversation(&other.name).await
    }

    /// The direct conversation with somebody.
    pub async fn conversation(&self, name: &str) -> ConversationId {
        let home = self
            .until_home("the conversation", |home| {
                home.conversations.iter().any(|c| c.username.as_deref() == Some(name))
            })
            .await;
        home.conversations
            .iter()
            .find(|c| c.username.as_deref() == Some(name))
            .expect("the condition held")
            .id
    }

    /// Calls, and waits until the call is placed here.
    pub async fn call(&self, conversation: ConversationId, media: Media) -> CallId {
        self.dispatch(Command::PlaceCall { conversation, media });
        self.until_call("the own call", |stage| !matches!(stage, CallStage::Ended { .. })).await.id
    }
}

fn start(options: &Options, vault: &MemoryVault, wires: &Wires) -> Client {
    let wires = wires.clone();
    Client::start(options.clone(), vault.clone(), move |events| wires.executor(events))
}

fn home(view: &View) -> Option<&Home> {
    match &view.account {
        Account::SignedIn(home) => Some(home),
        Account::Loading | Account::SignedOut { .. } => None,
    }
}

fn contact<'a>(home: &'a Home, name: &str, state: ContactState) -> Option<&'a ContactView> {
    home.contacts.iter().find(|c| c.username == name && c.state == state)
}

fn password(name: &str) -> String {
    format!("{name} keeps a long secret")
}
