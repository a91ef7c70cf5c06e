//! Contacts, conversations and who is available.

use std::collections::BTreeMap;

use bellwire_protocol::{
    Contact, ContactState, Conversation, ConversationId, ConversationKind, DisplayName,
    GroupInvitation, Person, Presence, PresenceStatus, UserId,
};

use crate::api::{ContactView, GroupView, InvitationView, MemberView};

/// Contacts, conversations and who is available.
#[derive(Debug, Default)]
pub(crate) struct People {
    contacts: BTreeMap<UserId, Contact>,
    conversations: BTreeMap<ConversationId, Conversation>,
    invitations: BTreeMap<ConversationId, GroupInvitation>,
    presence: BTreeMap<UserId, PresenceStatus>,
}

impl People {
    /// What a fresh session starts with. Of presence that is all that is known from here on.
    pub(crate) fn take_in(
        &mut self,
        contacts: Vec<Contact>,
        conversations: Vec<Conversation>,
        invitations: Vec<GroupInvitation>,
        presence: Vec<Presence>,
    ) {
        for contact in contacts {
            self.set_contact(contact);
        }
        for invitation in invitations {
            self.set_invitation(invitation);
        }
        for conversation in conversations {
            self.set_conversation(conversation);
        }
        self.presence =
            presence.into_iter().map(|presence| (presence.user, presence.status)).collect();
    }

    pub(crate) fn set_contact(&mut self, contact: Contact) {
        self.contacts.insert(contact.person.user, contact);
    }

    pub(crate) fn remove_contact(&mut self, user: UserId) {
        self.contacts.remove(&user);
    }

    pub(crate) fn set_conversation(&mut self, conversation: Conversation) {
        self.invitations.remove(&conversation.id);
        self.conversations.insert(conversation.id, conversation);
    }

    pub(crate) fn set_invitation(&mut self, invitation: GroupInvitation) {
        // The newest word counts: who is asked is not in it.
        self.conversations.remove(&invitation.conversation);
        self.invitations.insert(invitation.conversation, invitation);
    }

    /// A conversation is gone, or the invitation to one.
    pub(crate) fn remove_conversation(&mut self, conversation: ConversationId) {
        self.invitations.remove(&conversation);
        self.conversations.remove(&conversation);
    }

    pub(crate) fn set_presence(&mut self, presence: &Presence) {
        self.presence.insert(presence.user, presence.status);
    }

    pub(crate) fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.conversations.values()
    }

    pub(crate) fn conversation(&self, id: ConversationId) -> Option<&Conversation> {
        self.conversations.get(&id)
    }

    /// Everybody in a conversation.
    pub(crate) fn members(&self, id: ConversationId) -> impl Iterator<Item = UserId> + '_ {
        let members = self.conversations.get(&id).map(|conversation| &conversation.members);
        members.into_iter().flatten().map(|person| person.user)
    }

    /// Whether somebody is in a group.
    pub(crate) fn is_of_group(&self, id: ConversationId, user: UserId) -> bool {
        self.conversations.get(&id).is_some_and(|conversation| match conversation.kind {
            ConversationKind::Group => {
                conversation.members.iter().any(|person| person.user == user)
            }
            ConversationKind::Direct => false,
        })
    }

    /// The other person of a direct conversation.
    pub(crate) fn other(conversation: &Conversation, me: Option<UserId>) -> Option<&Person> {
        match conversation.kind {
            ConversationKind::Direct => {
                conversation.members.iter().find(|person| Some(person.user) != me)
            }
            ConversationKind::Group => None,
        }
    }

    /// Groups that this person is asked into, oldest first.
    pub(crate) fn invitations(&self) -> Vec<InvitationView> {
        let mut invitations: Vec<&GroupInvitation> = self.invitations.values().collect();
        invitations.sort_by_key(|invitation| (invitation.created_at, invitation.conversation));
        let view = |invitation: &GroupInvitation| InvitationView {
            conversation: invitation.conversation,
            name: invitation.name.as_str().to_owned(),
            from: invitation.from.display_name.as_str().to_owned(),
            from_username: invitation.from.username.as_str().to_owned(),
            members: invitation.members,
        };
        invitations.into_iter().map(view).collect()
    }

    /// Who is in a group and who is asked, by name; `None` for two people.
    pub(crate) fn group(conversation: &Conversation, me: Option<UserId>) -> Option<GroupView> {
        match conversation.kind {
            ConversationKind::Direct => return None,
            ConversationKind::Group => {}
        }
        let view = |person: &Person| MemberView {
            user: person.user,
            username: person.username.as_str().to_owned(),
            name: person.display_name.as_str().to_owned(),
            owner: conversation.owner == Some(person.user),
        };
        let listed = |people: &[Person]| {
            let mut views: Vec<MemberView> = people.iter().map(view).collect();
            views.sort_by_cached_key(|view| (view.name.to_lowercase(), view.user));
            views
        };
        Some(GroupView {
            owned: me.is_some() && conversation.owner == me,
            members: listed(&conversation.members),
            invited: listed(&conversation.invited),
        })
    }

    /// What a conversation is called: the group's name, or the other person's. Empty where it is
    /// not in the list (any more).
    pub(crate) fn name(&self, id: ConversationId, me: Option<UserId>) -> String {
        let Some(conversation) = self.conversations.get(&id) else { return String::new() };
        match (&conversation.name, Self::other(conversation, me)) {
            (Some(name), _) => name.as_str().to_owned(),
            (None, Some(other)) => other.display_name.as_str().to_owned(),
            (None, None) => conversation
                .members
                .iter()
                .filter(|person| Some(person.user) != me)
                .map(|person| person.display_name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        }
    }

    /// What a group is called.
    pub(crate) fn group_name(&self, id: ConversationId) -> Option<&DisplayName> {
        self.conversations.get(&id)?.name.as_ref()
    }

    /// A member's name.
    pub(crate) fn member(&self, id: ConversationId, user: UserId) -> Option<String> {
        let conversation = self.conversations.get(&id)?;
        let person = conversation.members.iter().find(|person| person.user == user)?;
        Some(person.display_name.as_str().to_owned())
    }

    /// The availability of the best available other member.
    pub(crate) fn availability(
        &self,
        conversation: &Conversation,
        me: Option<UserId>,
    ) -> PresenceStatus {
        let rank = |status: &PresenceStatus| match status {
            PresenceStatus::Online => 0,
            PresenceStatus::Away => 1,
            PresenceStatus::Dnd => 2,
            PresenceStatus::Offline => 3,
        };
        conversation
            .members
            .iter()
            .filter(|person| Some(person.user) != me)
            .filter_map(|person| self.presence.get(&person.user).copied())
            .min_by_key(rank)
            .unwrap_or(PresenceStatus::Offline)
    }

    /// Requests first, then contacts, then blocks, each by name.
    pub(crate) fn contacts(&self) -> Vec<ContactView> {
        let rank = |state: ContactState| match state {
            ContactState::Incoming => 0,
            ContactState::Outgoing => 1,
            ContactState::Accepted => 2,
            ContactState::Blocked => 3,
        };
        let mut views: Vec<ContactView> = self
            .contacts
            .values()
            .map(|contact| ContactView {
                user: contact.person.user,
                username: contact.person.username.as_str().to_owned(),
                name: contact.person.display_name.as_str().to_owned(),
                state: contact.state,
            })
            .collect();
        views.sort_by_cached_key(|view| (rank(view.state), view.name.to_lowercase(), view.user));
        views
    }
}
