//! Finding people, contacts, blocks, conversations.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use bellwire_protocol::http::{AddContact, Block, Conversations, NewConversation, ProblemReason};
use bellwire_protocol::{
    Contact, Conversation, ConversationId, ErrorCode, Person, RelayMessage, UserId, Username,
};
use serde::Deserialize;

use super::answer::{Answer, Asker, Body, Named, Rejection, Shared, tell};
use super::sign_in::tell_of_conversation;
use crate::Relay;
use crate::accounts::token;
use crate::bus::Event;
use crate::signaling::calls::Parting;
use crate::store::{ContactPair, ContactRequest, GroupCreation};

/// Others in one group. With names at their longest the conversation fits into a frame, and a call
/// in it rings at so many and no more.
const MOST_MEMBERS: usize = 31;

#[derive(Deserialize)]
pub(super) struct ByName {
    username: String,
}

pub(super) async fn find_user(
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

pub(super) async fn contacts(
    State(relay): Shared,
    Asker(me): Asker,
) -> Answer<axum::Json<Vec<Contact>>> {
    Ok(axum::Json(relay.store.contacts(me.user).await?))
}

/// Tells both of a changed contact.
pub(super) async fn publish_pair(relay: &Relay, user: UserId, pair: &ContactPair) {
    let ContactPair { mine, theirs } = pair.clone();
    let other = mine.person.user;
    relay.bus.publish(tell(user, RelayMessage::ContactChanged { contact: mine })).await;
    if let Some(contact) = theirs {
        relay.bus.publish(tell(other, RelayMessage::ContactChanged { contact })).await;
    }
}

pub(super) async fn publish_accepted(
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
pub(super) async fn relate(relay: &Relay, a: UserId, b: UserId) -> Answer<()> {
    let visible = relay.store.audience(a).await?.contains(&b);
    relay.bus.publish(Event::Related { a, b, visible }).await;
    Ok(())
}

/// Touches the calls that both are in.
async fn part(relay: &Relay, by: UserId, other: UserId, parting: Parting) {
    relay.bus.publish(Event::Parted { by, other, parting }).await;
}

pub(super) async fn add_contact(
    State(relay): Shared,
    Asker(me): Asker,
    Body(wanted): Body<AddContact>,
) -> Answer<axum::Json<Contact>> {
    relay.accounts.look_up(me.user)?;
    let no_such_user = || Rejection::new(ErrorCode::NotFound, Some(ProblemReason::NoSuchUser));
    let name = Username::new(wanted.username).map_err(|_| no_such_user())?;
    let now = relay.clock.wall().ms();
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

pub(super) async fn accept_contact(
    State(relay): Shared,
    Asker(me): Asker,
    Named(other): Named<UserId>,
) -> Answer<axum::Json<Contact>> {
    let now = relay.clock.wall().ms();
    let id = ConversationId::from_parts(now, token::random());
    let accepted = relay.store.accept_contact(me.user, other, id, now).await?;
    let (pair, conversation) = accepted.ok_or(ErrorCode::NotFound)?;
    publish_accepted(&relay, me.user, &pair, conversation).await?;
    Ok(axum::Json(pair.mine))
}

pub(super) async fn remove_contact(
    State(relay): Shared,
    Asker(me): Asker,
    Named(other): Named<UserId>,
) -> Answer<StatusCode> {
    let removed = relay.store.remove_contact(me.user, other).await?;
    let hidden = removed.ok_or(ErrorCode::NotFound)?;
    part(&relay, me.user, other, Parting::Removed).await;
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

pub(super) async fn block(
    State(relay): Shared,
    Asker(me): Asker,
    Body(block): Body<Block>,
) -> Answer<StatusCode> {
    let change = relay.store.block(me.user, block.user).await?.ok_or(ErrorCode::NotFound)?;
    part(&relay, me.user, block.user, Parting::Blocked).await;
    if let Some(contact) = change.mine {
        relay.bus.publish(tell(me.user, RelayMessage::ContactChanged { contact })).await;
    }
    relate(&relay, me.user, block.user).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn unblock(
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

pub(super) async fn conversations(
    State(relay): Shared,
    Asker(me): Asker,
) -> Answer<axum::Json<Conversations>> {
    let conversations = relay.store.conversations(me.user).await?;
    Ok(axum::Json(Conversations { conversations }))
}

pub(super) async fn create_group(
    State(relay): Shared,
    Asker(me): Asker,
    Body(wanted): Body<NewConversation>,
) -> Answer<(StatusCode, axum::Json<Conversation>)> {
    let NewConversation { name, members } = wanted;
    let others: Vec<UserId> = members.into_iter().filter(|member| *member != me.user).collect();
    if others.len() > MOST_MEMBERS {
        return Err(ErrorCode::TooLarge.into());
    }
    if others.is_empty() {
        return Err(ErrorCode::Malformed.into());
    }
    let now = relay.clock.wall().ms();
    let id = ConversationId::from_parts(now, token::random());
    match relay.store.create_group(me.user, id, &name, &others, now).await? {
        GroupCreation::Made => {}
        GroupCreation::NoContact => {
            return Err(Rejection::new(ErrorCode::NotFound, Some(ProblemReason::NoSuchUser)));
        }
        GroupCreation::TooMany => return Err(ErrorCode::TooLarge.into()),
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

pub(super) async fn conversation(
    State(relay): Shared,
    Asker(me): Asker,
    Named(id): Named<ConversationId>,
) -> Answer<axum::Json<Conversation>> {
    let conversation = relay.store.conversation(me.user, id).await?;
    Ok(axum::Json(conversation.ok_or(ErrorCode::NotFound)?))
}
