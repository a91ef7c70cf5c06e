//! The HTTP interface under `/api/v1`.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Router};
use bellwire_protocol::http::{
    AddContact, Block, CallConnection, Calls, ChangePassword, Conversations, DeleteMe, Device,
    Invite, Login, NewConversation, NewInvite, PatchMe, Problem, ProblemReason, Refresh, Register,
    RelayInfo, SignedIn,
};
use bellwire_protocol::{
    CallId, Contact, Conversation, ConversationId, DeviceId, ErrorCode, Me, Person, RelayMessage,
    Secret, UserId, Username,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::{Applicant, Refused, me, token};
use crate::Relay;
use crate::bus::Event;
use crate::server::Peer;
use crate::signaling::switchboard::{Mail, words};
use crate::store::{Admission, ContactPair, ContactRequest, StoreError, StoredInvite};

/// Longest request body in bytes; a registration with every field at its limit is under it.
const BODY_BYTES: usize = 16 * 1_024;
/// Hours that an invitation is good for where nothing else is said.
const INVITE_HOURS: u32 = 168;

type Shared = State<Arc<Relay>>;

/// Every path under `/api/v1`.
pub fn routes() -> Router<Arc<Relay>> {
    Router::new()
        .route("/relay", get(relay_info))
        .route("/auth/register", post(register))
        .route("/auth/login", post(login))
        .route("/auth/refresh", post(refresh))
        .route("/auth/logout", post(logout))
        .route("/me", get(show_me).patch(patch_me).delete(delete_me))
        .route("/me/password", post(change_password))
        .route("/devices", get(devices))
        .route("/devices/{id}", delete(remove_device))
        .route("/users", get(find_user))
        .route("/contacts", get(contacts).post(add_contact))
        .route("/contacts/{user}/accept", post(accept_contact))
        .route("/contacts/{user}", delete(remove_contact))
        .route("/blocks", post(block))
        .route("/blocks/{user}", delete(unblock))
        .route("/conversations", get(conversations).post(create_group))
        .route("/conversations/{id}", get(conversation))
        .route("/calls", get(calls))
        .route("/calls/{id}/connection", get(connection))
        .route("/invites", get(invites).post(create_invite))
        .route("/invites/{id}", delete(remove_invite))
        .fallback(|| async { Rejection::from(ErrorCode::NotFound) })
        .method_not_allowed_fallback(|| async { Rejection::from(ErrorCode::NotFound) })
        .layer(axum::extract::DefaultBodyLimit::max(BODY_BYTES))
}

/// A refusal as RFC 9457 writes it.
#[derive(Debug)]
pub struct Rejection(Problem);

impl Rejection {
    fn new(code: ErrorCode, reason: Option<ProblemReason>) -> Self {
        let status = status(code);
        let title = words(code).into();
        Self(Problem { status: status.as_u16(), title, code, reason, retry_after_ms: None })
    }
}

impl From<ErrorCode> for Rejection {
    fn from(code: ErrorCode) -> Self {
        Self::new(code, None)
    }
}

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        Self::new(ErrorCode::Unavailable, Some(ProblemReason::StoreUnavailable))
    }
}

impl From<Refused> for Rejection {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Because(code, reason) => Self::new(code, reason),
            Refused::Wait(ms) => {
                let mut rejection = Self::from(ErrorCode::RateLimited);
                rejection.0.retry_after_ms = Some(ms);
                rejection
            }
            Refused::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = bellwire_protocol::encode(&problem);
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(header::CONTENT_TYPE, kind)], body).into_response();
        if let Some(ms) = problem.retry_after_ms {
            let seconds = HeaderValue::from(ms.div_ceil(1_000));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::Malformed => StatusCode::BAD_REQUEST,
        ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Busy | ErrorCode::Stale => StatusCode::CONFLICT,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal | ErrorCode::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

type Answer<T> = Result<T, Rejection>;

/// A JSON body.
struct Body<T>(T);

impl<T: DeserializeOwned> FromRequest<Arc<Relay>> for Body<T> {
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &Arc<Relay>) -> Answer<Self> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(JsonRejection::BytesRejection(e))
                if e.status() == StatusCode::PAYLOAD_TOO_LARGE =>
            {
                Err(ErrorCode::TooLarge.into())
            }
            Err(_) => Err(ErrorCode::Malformed.into()),
        }
    }
}

/// The signed-in asker.
struct Asker(Me);

impl FromRequestParts<Arc<Relay>> for Asker {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, relay: &Arc<Relay>) -> Answer<Self> {
        let invalid =
            || Rejection::new(ErrorCode::Unauthenticated, Some(ProblemReason::TokenInvalid));
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .and_then(|token| Secret::new(token).ok())
            .ok_or_else(invalid)?;
        relay.accounts.authenticate(&token).await?.map(Self).ok_or_else(invalid)
    }
}

/// An id in the path. What is not one names nothing.
struct Named<T>(T);

impl<T: std::str::FromStr + Send> FromRequestParts<Arc<Relay>> for Named<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, relay: &Arc<Relay>) -> Answer<Self> {
        let Path(text) = Path::<String>::from_request_parts(parts, relay)
            .await
            .map_err(|_| ErrorCode::NotFound)?;
        text.parse().map(Self).map_err(|_| ErrorCode::NotFound.into())
    }
}

fn tell(user: UserId, message: RelayMessage) -> Event {
    Event::Tell { users: vec![user], except: None, message: Box::new(message) }
}

async fn relay_info(State(relay): Shared) -> axum::Json<RelayInfo> {
    axum::Json(RelayInfo {
        name: "bellwire".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        protocols: vec![bellwire_protocol::SUBPROTOCOL.into()],
        registration: relay.accounts.registration(),
    })
}

async fn register(
    State(relay): Shared,
    Extension(Peer(address)): Extension<Peer>,
    Body(wanted): Body<Register>,
) -> Answer<Response> {
    relay.accounts.enter(address)?;
    let Register { username, display_name, password, invite, device } = wanted;
    let policy = relay.accounts.registration();
    let admission = Admission::Registering { policy, invite: invite.as_ref().map(token::hash) };
    let applicant = Applicant { username, display_name, password };
    let person = relay.accounts.create(applicant, admission).await?;
    Ok(match device {
        Some(device) => {
            let signed_in = relay.accounts.add_device(person.user, device).await?;
            (StatusCode::CREATED, axum::Json(signed_in)).into_response()
        }
        None => (StatusCode::CREATED, axum::Json(person)).into_response(),
    })
}

async fn login(
    State(relay): Shared,
    Extension(Peer(address)): Extension<Peer>,
    Body(login): Body<Login>,
) -> Answer<axum::Json<SignedIn>> {
    relay.accounts.enter(address)?;
    let Login { username, password, device } = login;
    Ok(axum::Json(relay.accounts.sign_in(&username, &password, device).await?))
}

async fn refresh(
    State(relay): Shared,
    Body(refresh): Body<Refresh>,
) -> Answer<axum::Json<SignedIn>> {
    Ok(axum::Json(relay.accounts.refresh(&refresh.refresh_token).await?))
}

async fn logout(State(relay): Shared, Asker(me): Asker) -> Answer<StatusCode> {
    relay.accounts.sign_out(me.user, me.device).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn show_me(Asker(me): Asker) -> axum::Json<Me> {
    axum::Json(me)
}

async fn patch_me(
    State(relay): Shared,
    Asker(asker): Asker,
    Body(patch): Body<PatchMe>,
) -> Answer<axum::Json<Me>> {
    let PatchMe { display_name, callable_by } = patch;
    relay.store.patch_account(asker.user, display_name.as_ref(), callable_by).await?;
    let account = relay.store.account(asker.user).await?.ok_or(ErrorCode::NotFound)?;
    let me = me(&account, asker.device);
    relay.bus.publish(Event::MeChanged { me: Box::new(me.clone()) }).await;
    if let Some(name) = display_name {
        relay.bus.publish(Event::Renamed { user: me.user, name }).await;
        tell_of_name(&relay, &me).await?;
    }
    Ok(axum::Json(me))
}

/// Shows a changed name to everybody who has it in a list.
async fn tell_of_name(relay: &Relay, me: &Me) -> Answer<()> {
    for contact in relay.store.contacts(me.user).await? {
        let theirs = relay.store.contacts(contact.person.user).await?;
        if let Some(contact_of_me) = theirs.into_iter().find(|c| c.person.user == me.user) {
            let message = RelayMessage::ContactChanged { contact: contact_of_me };
            relay.bus.publish(tell(contact.person.user, message)).await;
        }
    }
    for conversation in relay.store.conversations(me.user).await? {
        for member in conversation.members.iter().filter(|member| member.user != me.user) {
            tell_of_conversation(relay, member.user, conversation.id).await?;
        }
    }
    Ok(())
}

async fn tell_of_conversation(relay: &Relay, user: UserId, id: ConversationId) -> Answer<()> {
    if let Some(conversation) = relay.store.conversation(user, id).await? {
        relay.bus.publish(tell(user, RelayMessage::ConversationChanged { conversation })).await;
    }
    Ok(())
}

async fn delete_me(
    State(relay): Shared,
    Asker(me): Asker,
    Body(delete): Body<DeleteMe>,
) -> Answer<StatusCode> {
    relay.accounts.confirm(me.user, &delete.password).await?;
    relay.accounts.remove(me.user).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn change_password(
    State(relay): Shared,
    Asker(me): Asker,
    Body(change): Body<ChangePassword>,
) -> Answer<StatusCode> {
    relay.accounts.confirm(me.user, &change.old_password).await?;
    relay.accounts.change_password(&me, &change.new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn devices(State(relay): Shared, Asker(me): Asker) -> Answer<axum::Json<Vec<Device>>> {
    let mut devices = relay.store.devices(me.user).await?;
    for device in &mut devices {
        device.this = device.id == me.device;
    }
    Ok(axum::Json(devices))
}

async fn remove_device(
    State(relay): Shared,
    Asker(me): Asker,
    Named(device): Named<DeviceId>,
) -> Answer<StatusCode> {
    if relay.accounts.sign_out(me.user, device).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ErrorCode::NotFound.into())
    }
}

#[derive(Deserialize)]
struct ByName {
    username: String,
}

async fn find_user(
    State(relay): Shared,
    Asker(me): Asker,
    query: Result<Query<ByName>, axum::extract::rejection::QueryRejection>,
) -> Answer<axum::Json<Person>> {
    let Query(ByName { username }) = query.map_err(|_| ErrorCode::Malformed)?;
    relay.accounts.look_up(me.user)?;
    let absent = || Rejection::new(ErrorCode::NotFound, Some(ProblemReason::NoSuchUser));
    let name = Username::new(username).map_err(|_| absent())?;
    let account = relay.store.account_by_name(&name).await?.ok_or_else(absent)?;
    Ok(axum::Json(account.person))
}

async fn contacts(State(relay): Shared, Asker(me): Asker) -> Answer<axum::Json<Vec<Contact>>> {
    Ok(axum::Json(relay.store.contacts(me.user).await?))
}

/// Tells both of a changed contact.
async fn publish_pair(relay: &Relay, user: UserId, pair: &ContactPair) {
    let ContactPair { mine, theirs } = pair.clone();
    let other = mine.person.user;
    relay.bus.publish(tell(user, RelayMessage::ContactChanged { contact: mine })).await;
    if let Some(contact) = theirs {
        relay.bus.publish(tell(other, RelayMessage::ContactChanged { contact })).await;
    }
}

async fn publish_accepted(
    relay: &Relay,
    user: UserId,
    pair: &ContactPair,
    conversation: ConversationId,
) -> Answer<()> {
    publish_pair(relay, user, pair).await;
    let other = pair.mine.person.user;
    tell_of_conversation(relay, user, conversation).await?;
    tell_of_conversation(relay, other, conversation).await?;
    relate(relay, user, other).await
}

/// Lets two users see each other, or not, as the store says.
async fn relate(relay: &Relay, a: UserId, b: UserId) -> Answer<()> {
    let visible = relay.store.audience(a).await?.contains(&b);
    relay.bus.publish(Event::Related { a, b, visible }).await;
    Ok(())
}

async fn add_contact(
    State(relay): Shared,
    Asker(me): Asker,
    Body(wanted): Body<AddContact>,
) -> Answer<axum::Json<Contact>> {
    relay.accounts.look_up(me.user)?;
    let no_such_user = || Rejection::new(ErrorCode::NotFound, Some(ProblemReason::NoSuchUser));
    let name = Username::new(wanted.username).map_err(|_| no_such_user())?;
    let now = relay.clock.now_ms();
    let id = ConversationId::from_parts(now, token::random());
    match relay.store.request_contact(me.user, &name, id, now).await? {
        ContactRequest::NoSuchUser => Err(no_such_user()),
        ContactRequest::Yourself => {
            Err(Rejection::new(ErrorCode::Malformed, Some(ProblemReason::Yourself)))
        }
        ContactRequest::Asked(pair) => {
            publish_pair(&relay, me.user, &pair).await;
            Ok(axum::Json(pair.mine))
        }
        ContactRequest::Accepted(pair, conversation) => {
            publish_accepted(&relay, me.user, &pair, conversation).await?;
            Ok(axum::Json(pair.mine))
        }
    }
}

async fn accept_contact(
    State(relay): Shared,
    Asker(me): Asker,
    Named(other): Named<UserId>,
) -> Answer<axum::Json<Contact>> {
    let now = relay.clock.now_ms();
    let id = ConversationId::from_parts(now, token::random());
    let accepted = relay.store.accept_contact(me.user, other, id, now).await?;
    let (pair, conversation) = accepted.ok_or(ErrorCode::NotFound)?;
    publish_accepted(&relay, me.user, &pair, conversation).await?;
    Ok(axum::Json(pair.mine))
}

async fn remove_contact(
    State(relay): Shared,
    Asker(me): Asker,
    Named(other): Named<UserId>,
) -> Answer<StatusCode> {
    let removed = relay.store.remove_contact(me.user, other).await?;
    let hidden = removed.ok_or(ErrorCode::NotFound)?;
    for (user, gone) in [(me.user, other), (other, me.user)] {
        relay.bus.publish(tell(user, RelayMessage::ContactRemoved { user: gone })).await;
        if let Some(conversation) = hidden {
            let message = RelayMessage::ConversationRemoved { conversation };
            relay.bus.publish(tell(user, message)).await;
        }
    }
    relate(&relay, me.user, other).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn block(
    State(relay): Shared,
    Asker(me): Asker,
    Body(block): Body<Block>,
) -> Answer<StatusCode> {
    let change = relay.store.block(me.user, block.user).await?.ok_or(ErrorCode::NotFound)?;
    if let Some(contact) = change.mine {
        relay.bus.publish(tell(me.user, RelayMessage::ContactChanged { contact })).await;
    }
    relate(&relay, me.user, block.user).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn unblock(
    State(relay): Shared,
    Asker(me): Asker,
    Named(other): Named<UserId>,
) -> Answer<StatusCode> {
    let change = relay.store.unblock(me.user, other).await?.ok_or(ErrorCode::NotFound)?;
    let message = match change.mine {
        Some(contact) => RelayMessage::ContactChanged { contact },
        None => RelayMessage::ContactRemoved { user: other },
    };
    relay.bus.publish(tell(me.user, message)).await;
    relate(&relay, me.user, other).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn conversations(
    State(relay): Shared,
    Asker(me): Asker,
) -> Answer<axum::Json<Conversations>> {
    let conversations = relay.store.conversations(me.user).await?;
    Ok(axum::Json(Conversations { conversations }))
}

async fn create_group(
    State(relay): Shared,
    Asker(me): Asker,
    Body(wanted): Body<NewConversation>,
) -> Answer<(StatusCode, axum::Json<Conversation>)> {
    let NewConversation { name, members } = wanted;
    let others: Vec<UserId> = members.into_iter().filter(|member| *member != me.user).collect();
    if others.is_empty() {
        return Err(ErrorCode::Malformed.into());
    }
    let now = relay.clock.now_ms();
    let id = ConversationId::from_parts(now, token::random());
    if !relay.store.create_group(me.user, id, &name, &others, now).await? {
        return Err(Rejection::new(ErrorCode::NotFound, Some(ProblemReason::NoSuchUser)));
    }
    let made = relay.store.conversation(me.user, id).await?.ok_or(ErrorCode::NotFound)?;
    for member in &made.members {
        tell_of_conversation(&relay, member.user, id).await?;
        for other in made.members.iter().filter(|other| other.user < member.user) {
            relate(&relay, member.user, other.user).await?;
        }
    }
    Ok((StatusCode::CREATED, axum::Json(made)))
}

async fn conversation(
    State(relay): Shared,
    Asker(me): Asker,
    Named(id): Named<ConversationId>,
) -> Answer<axum::Json<Conversation>> {
    let conversation = relay.store.conversation(me.user, id).await?;
    Ok(axum::Json(conversation.ok_or(ErrorCode::NotFound)?))
}

#[derive(Deserialize)]
struct Page {
    conversation: Option<ConversationId>,
    before: Option<CallId>,
    limit: Option<u32>,
}

async fn calls(
    State(relay): Shared,
    Asker(me): Asker,
    query: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
) -> Answer<axum::Json<Calls>> {
    let Query(Page { conversation, before, limit }) = query.map_err(|_| ErrorCode::Malformed)?;
    let limit = limit.unwrap_or(50);
    if !(1..=100).contains(&limit) {
        return Err(ErrorCode::Malformed.into());
    }
    if let Some(id) = conversation
        && relay.store.conversation(me.user, id).await?.is_none()
    {
        return Err(ErrorCode::NotFound.into());
    }
    let mut calls = relay.store.records(me.user, conversation, before, limit + 1).await?;
    let more = calls.len() > limit as usize;
    calls.truncate(limit as usize);
    let next = calls.last().filter(|_| more).map(|record| record.call_id);
    Ok(axum::Json(Calls { calls, next }))
}

async fn connection(
    State(relay): Shared,
    Asker(me): Asker,
    Named(call_id): Named<CallId>,
) -> Answer<axum::Json<CallConnection>> {
    let (reply, answer) = oneshot::channel();
    let user = me.user;
    let _ = relay.switchboard.send(Mail::Standing { user, call_id, reply }).await;
    let standing = answer.await.ok().flatten().ok_or(ErrorCode::NotFound)?;
    Ok(axum::Json(CallConnection {
        call_id,
        state: if standing.live { "live" } else { "ringing" }.into(),
        candidates: standing.candidates,
        created_at: standing.created_at,
        updated_at: standing.updated_at,
    }))
}

fn administrator(me: &Me) -> Answer<()> {
    if me.administrator { Ok(()) } else { Err(ErrorCode::Forbidden.into()) }
}

/// Makes an invitation that is good for this many hours.
///
/// # Errors
/// [`StoreError`].
pub async fn invite(relay: &Relay, hours: u32) -> Result<Invite, StoreError> {
    invite_in(&*relay.store, relay.clock.now_ms(), hours).await
}

/// The same without a running relay.
///
/// # Errors
/// [`StoreError`].
pub async fn invite_in(
    store: &dyn crate::store::Store,
    now: u64,
    hours: u32,
) -> Result<Invite, StoreError> {
    let code = token::opaque();
    let id = CallId::from_parts(now, token::random()).to_bytes();
    let expires_at = now + u64::from(hours) * 3_600_000;
    let stored = StoredInvite { id, code: token::hash(&code), expires_at, used: false };
    store.add_invite(stored).await?;
    Ok(Invite { id: CallId::from_bytes(id).to_string(), code: Some(code), expires_at, used: false })
}

async fn create_invite(
    State(relay): Shared,
    Asker(me): Asker,
    Body(wanted): Body<NewInvite>,
) -> Answer<(StatusCode, axum::Json<Invite>)> {
    administrator(&me)?;
    let hours = wanted.hours.unwrap_or(INVITE_HOURS);
    if !(1..=720).contains(&hours) {
        return Err(ErrorCode::Malformed.into());
    }
    Ok((StatusCode::CREATED, axum::Json(invite(&relay, hours).await?)))
}

async fn invites(State(relay): Shared, Asker(me): Asker) -> Answer<axum::Json<Vec<Invite>>> {
    administrator(&me)?;
    let invites = relay.store.invites().await?.into_iter().map(|stored| Invite {
        id: CallId::from_bytes(stored.id).to_string(),
        code: None,
        expires_at: stored.expires_at,
        used: stored.used,
    });
    Ok(axum::Json(invites.collect()))
}

async fn remove_invite(
    State(relay): Shared,
    Asker(me): Asker,
    Named(id): Named<CallId>,
) -> Answer<StatusCode> {
    administrator(&me)?;
    if relay.store.remove_invite(id.to_bytes()).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ErrorCode::NotFound.into())
    }
}
