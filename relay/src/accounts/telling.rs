//! Shows people what changed in their lists.

use bellwire_protocol::{ConversationId, RelayMessage, UserId};

use crate::bus::{Bus, Event};
use crate::store::{GroupNews, Store, StoreError};

/// A message for every device of a user.
#[must_use]
pub fn tell(user: UserId, message: RelayMessage) -> Event {
    Event::Tell { users: vec![user], except: None, message: Box::new(message) }
}

/// Shows a conversation as the user sees it at present, if at all.
///
/// # Errors
/// [`StoreError`].
pub async fn of_conversation(
    store: &dyn Store,
    bus: &dyn Bus,
    user: UserId,
    id: ConversationId,
) -> Result<(), StoreError> {
    if let Some(conversation) = store.conversation(user, id).await? {
        bus.publish(tell(user, RelayMessage::ConversationChanged { conversation })).await;
    }
    Ok(())
}

/// Shows everybody what a change of a group is for them.
///
/// # Errors
/// [`StoreError`].
pub async fn of_group(
    store: &dyn Store,
    bus: &dyn Bus,
    id: ConversationId,
    news: &GroupNews,
) -> Result<(), StoreError> {
    for user in &news.gone {
        bus.publish(Event::LeftGroup { user: *user, conversation: id }).await;
        let message = RelayMessage::ConversationRemoved { conversation: id };
        bus.publish(tell(*user, message)).await;
    }
    for user in &news.invited {
        if let Some(invitation) = store.invitation(*user, id).await? {
            bus.publish(tell(*user, RelayMessage::ConversationInvited { invitation })).await;
        }
    }
    for user in &news.changed {
        of_conversation(store, bus, *user, id).await?;
    }
    Ok(())
}
