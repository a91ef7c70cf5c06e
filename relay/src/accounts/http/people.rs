//! Finding people, contacts, blocks, conversations.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use bellwire_protocol::http::{AddContact, Block, Conversations, ProblemReason};
use bellwire_protocol::{
    Contact, Conversation, ConversationId, ErrorCode, Person, RelayMessage, UserId, Username,
};
use serde::Deserialize;

use super::answer::{Answer, Asker, Body, Named, Rejection, Shared};
use crate::Relay;
use crate::accounts::telling::{self, tell};
use crate::accounts::token;
use crate::bus::Event;
use crate::signaling::calls::Parting;
use crate::store::{Befriended, BlockChange, ContactPair, ContactRequest, GroupNews, Separation};

#[derive(Deserialize)]
pub(super) struct ByName {
    username: String,
}

pub(super) async fn find_user(
    State(relay): Shared,
    Asker(_): Asker,
    query: Result<Query<ByName>, axum::extract::rejection::QueryRejection>,
) -> Answer<axum::Json<Person>> {
    let Query(ByName { username }) = query.map_err(|_| ErrorCode::Malformed)?;
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
    for either in [user, other] {
        telling::of_conversation(&*relay.store, &*relay.bus, either, conversation).await?;
    }
    relate(relay, user, other).await
}

async fn publish_groups(relay: &Relay, groups: &[(ConversationId, GroupNews)]) -> Answer<()> {
    for (id, news) in groups {
        telling::of_group(&*relay.store, &*relay.bus, *id, news).await?;
    }
    Ok(())
}

/// Lets two users see each other, or not, as the store says.
async fn relate(relay: &Relay, a: UserId, b: UserId) -> Answer<()> {
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
    let no_such_user = || Rejection::new(ErrorCode::NotFound, Some(ProblemReason::NoSuchUser));
    let name = Username::new(wanted.username).map_err(|_| no_such_user())?;
    let now = relay.clock.wall().ms();
    let id = ConversationId::from_parts(now, token::random());
    match relay.store.request_contact(me.user, &name, id, now).await? {
        ContactRequest::NoSuchUser => Err(no_such_user()),
        ContactRequest::Yourself => {
            Err(Rejection::new(ErrorCode::Malformed, Some(ProblemReason::Yourself)))
        }
        ContactRequest::Same(contact) => Ok(axum::Json(contact)),
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
    let Befriended { pair, conversation } = accepted.ok_or(ErrorCode::NotFound)?;
    if let Some(conversation) = conversation {
        publish_accepted(&relay, me.user, &pair, conversation).await?;
    }
    Ok(axum::Json(pair.mine))
}

pub(super) async fn remove_contact(
    State(relay): Shared,
    Asker(me): Asker,
    Named(other): Named<UserId>,
) -> Answer<StatusCode> {
    let separation = relay.store.remove_contact(me.user, other).await?;
    let Separation { gone_for, hidden, groups } = separation.ok_or(ErrorCode::NotFound)?;
    part(&relay, me.user, other, Parting::Removed).await;
    for (user, gone) in [(me.user, other), (other, me.user)] {
        if gone_for.contains(&user) {
            relay.bus.publish(tell(user, RelayMessage::ContactRemoved { user: gone })).await;
        }
        if let Some(conversation) = hidden {
            let message = RelayMessage::ConversationRemoved { conversation };
            relay.bus.publish(tell(user, message)).await;
        }
    }
    publish_groups(&relay, &groups).await?;
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
    let BlockChange { mine, changed, groups } = change;
    if !changed {
        return Ok(StatusCode::NO_CONTENT);
    }
    if let Some(contact) = mine {
        relay.bus.publish(tell(me.user, RelayMessage::ContactChanged { contact })).await;
    }
    publish_groups(&relay, &groups).await?;
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
    publish_groups(&relay, &change.groups).await?;
    relate(&relay, me.user, other).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn conversations(
    State(relay): Shared,
    Asker(me): Asker,
) -> Answer<axum::Json<Conversations>> {
    let conversations = relay.store.conversations(me.user).await?;
    let invitations = relay.store.invitations(me.user).await?;
    Ok(axum::Json(Conversations { conversations, invitations }))
}

pub(super) async fn conversation(
    State(relay): Shared,
    Asker(me): Asker,
    Named(id): Named<ConversationId>,
) -> Answer<axum::Json<Conversation>> {
    let conversation = relay.store.conversation(me.user, id).await?;
    Ok(axum::Json(conversation.ok_or(ErrorCode::NotFound)?))
}
