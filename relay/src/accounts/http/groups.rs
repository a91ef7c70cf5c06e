//! Groups: who is asked, who comes, who goes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use bellwire_protocol::http::{
    NewConversation, NewGroupInvitation, PatchConversation, ProblemReason,
};
use bellwire_protocol::{Conversation, ConversationId, ErrorCode, UserId};

use super::answer::{Answer, Asker, Body, Named, NamedPair, Rejection, Shared, new_name};
use super::coalesce::Named as NameOf;
use super::meter::tell_soon;
use crate::Relay;
use crate::accounts::{telling, token};
use crate::store::GroupChange;
use crate::store::groups::MOST_MEMBERS;

/// Says what became of a change, and shows it to everybody whom it concerns.
async fn carry_out(relay: &Relay, id: ConversationId, change: GroupChange) -> Answer<()> {
    match change {
        GroupChange::Done(news) => {
            telling::of_group(&*relay.store, &*relay.bus, id, &news).await?;
            Ok(())
        }
        GroupChange::Same => Ok(()),
        GroupChange::NotFound => Err(ErrorCode::NotFound.into()),
        GroupChange::Forbidden => Err(ErrorCode::Forbidden.into()),
        GroupChange::NoContact => {
            Err(Rejection::new(ErrorCode::NotFound, Some(ProblemReason::NoSuchUser)))
        }
        GroupChange::Full => Err(ErrorCode::TooLarge.into()),
    }
}

async fn seen(relay: &Relay, user: UserId, id: ConversationId) -> Answer<axum::Json<Conversation>> {
    let conversation = relay.store.conversation(user, id).await?;
    Ok(axum::Json(conversation.ok_or(ErrorCode::NotFound)?))
}

pub(super) async fn create(
    State(relay): Shared,
    Asker(me): Asker,
    Body(wanted): Body<NewConversation>,
) -> Answer<(StatusCode, axum::Json<Conversation>)> {
    let NewConversation { name, members } = wanted;
    let name = new_name(name)?;
    let others: Vec<UserId> = members.into_iter().filter(|member| *member != me.user).collect();
    if others.len() >= MOST_MEMBERS {
        return Err(ErrorCode::TooLarge.into());
    }
    if others.is_empty() {
        return Err(ErrorCode::Malformed.into());
    }
    let now = relay.clock.wall().ms();
    let id = ConversationId::from_parts(now, token::random());
    let change = relay.store.create_group(me.user, id, &name, &others, now).await?;
    carry_out(&relay, id, change).await?;
    Ok((StatusCode::CREATED, seen(&relay, me.user, id).await?))
}

pub(super) async fn rename(
    State(relay): Shared,
    Asker(me): Asker,
    Named(id): Named<ConversationId>,
    Body(patch): Body<PatchConversation>,
) -> Answer<axum::Json<Conversation>> {
    let name = new_name(patch.name)?;
    let change = relay.store.rename_group(me.user, id, &name).await?;
    if matches!(change, GroupChange::Done(_)) {
        let tell = move |relay: Arc<Relay>| async move { carry_out(&relay, id, change).await };
        tell_soon(&relay, NameOf::Group(id), tell).await?;
    } else {
        carry_out(&relay, id, change).await?;
    }
    seen(&relay, me.user, id).await
}

pub(super) async fn invite(
    State(relay): Shared,
    Asker(me): Asker,
    Named(id): Named<ConversationId>,
    Body(wanted): Body<NewGroupInvitation>,
) -> Answer<axum::Json<Conversation>> {
    let now = relay.clock.wall().ms();
    let change = relay.store.invite(me.user, id, wanted.user, now).await?;
    carry_out(&relay, id, change).await?;
    seen(&relay, me.user, id).await
}

pub(super) async fn withdraw(
    State(relay): Shared,
    Asker(me): Asker,
    NamedPair(id, other): NamedPair<ConversationId, UserId>,
) -> Answer<StatusCode> {
    let change = relay.store.withdraw(me.user, id, other).await?;
    carry_out(&relay, id, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn accept(
    State(relay): Shared,
    Asker(me): Asker,
    Named(id): Named<ConversationId>,
) -> Answer<axum::Json<Conversation>> {
    let change = relay.store.accept_group(me.user, id).await?;
    carry_out(&relay, id, change).await?;
    seen(&relay, me.user, id).await
}

pub(super) async fn decline(
    State(relay): Shared,
    Asker(me): Asker,
    Named(id): Named<ConversationId>,
) -> Answer<StatusCode> {
    let change = relay.store.decline_group(me.user, id).await?;
    carry_out(&relay, id, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn remove_member(
    State(relay): Shared,
    Asker(me): Asker,
    NamedPair(id, member): NamedPair<ConversationId, UserId>,
) -> Answer<StatusCode> {
    let change = relay.store.remove_member(me.user, id, member).await?;
    carry_out(&relay, id, change).await?;
    Ok(StatusCode::NO_CONTENT)
}
