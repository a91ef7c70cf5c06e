//! Contacts, blocks, conversations.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bellwire_protocol::{
    CallId, CallRecord, Contact, ContactState, Conversation, ConversationId, ConversationKind,
    DisplayName, Person, UserId, Username,
};
use sqlx::{Sqlite, Transaction};

use super::{Key, PersonRow, SqliteStore, damaged, from_ms, from_word, history, ms, person, word};
use crate::store::{
    BlockChange, ContactPair, ContactRequest, GroupCreation, People, Route, RouteMember, StoreError,
};

type Tx = Transaction<'static, Sqlite>;

async fn person_of(tx: &mut Tx, user: UserId) -> Result<Option<Person>, StoreError> {
    let row: Option<PersonRow> =
        sqlx::query_as("SELECT id, username, display_name FROM users WHERE id = $1")
            .bind(user.key())
            .fetch_optional(&mut **tx)
            .await?;
    row.map(person).transpose()
}

/// Groups that somebody can be in and still make another.
const MOST_GROUPS: i64 = 64;

async fn state_of(
    tx: &mut Tx,
    user: UserId,
    other: UserId,
) -> Result<Option<ContactState>, StoreError> {
    let row: Option<(String,)> =
        sqlx::query_as("SELECT state FROM contacts WHERE user = $1 AND other = $2")
            .bind(user.key())
            .bind(other.key())
            .fetch_optional(&mut **tx)
            .await?;
    row.map(|(state,)| from_word(state)).transpose()
}

async fn has_blocked(tx: &mut Tx, user: UserId, other: UserId) -> Result<bool, StoreError> {
    let row: Option<(i64,)> = sqlx::query_as("SELECT 1 FROM blocks WHERE user = $1 AND other = $2")
        .bind(user.key())
        .bind(other.key())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.is_some())
}

async fn put_state(
    tx: &mut Tx,
    user: UserId,
    other: UserId,
    state: ContactState,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO contacts VALUES ($1, $2, $3)
         ON CONFLICT (user, other) DO UPDATE SET state = excluded.state",
    )
    .bind(user.key())
    .bind(other.key())
    .bind(word(state)?)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Both as each sees the other; a blocker does not hear of the blocked.
async fn pair(
    tx: &mut Tx,
    user: Person,
    other: Person,
    mine: ContactState,
    theirs: ContactState,
) -> Result<ContactPair, StoreError> {
    let hidden = has_blocked(tx, other.user, user.user).await?;
    Ok(ContactPair {
        mine: Contact { person: other, state: mine },
        theirs: (!hidden).then_some(Contact { person: user, state: theirs }),
    })
}

fn ordered(a: UserId, b: UserId) -> (UserId, UserId) {
    if a < b { (a, b) } else { (b, a) }
}

/// Makes both contacts and the direct conversation; an earlier one of the pair comes back.
async fn befriend(
    tx: &mut Tx,
    user: UserId,
    other: UserId,
    conversation: ConversationId,
    now: u64,
) -> Result<ConversationId, StoreError> {
    put_state(tx, user, other, ContactState::Accepted).await?;
    put_state(tx, other, user, ContactState::Accepted).await?;
    let (first, second) = ordered(user, other);
    sqlx::query(
        "INSERT INTO conversations VALUES ($1, $2, NULL, $3, $4, $5)
         ON CONFLICT (first, second) DO NOTHING",
    )
    .bind(conversation.key())
    .bind(word(ConversationKind::Direct)?)
    .bind(first.key())
    .bind(second.key())
    .bind(ms(now))
    .execute(&mut **tx)
    .await?;
    let id = direct_between(tx, user, other).await?.ok_or_else(|| damaged("a conversation"))?;
    for member in [user, other] {
        sqlx::query("INSERT INTO members VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(id.key())
            .bind(member.key())
            .execute(&mut **tx)
            .await?;
    }
    Ok(id)
}

async fn direct_between(
    tx: &mut Tx,
    user: UserId,
    other: UserId,
) -> Result<Option<ConversationId>, StoreError> {
    let (first, second) = ordered(user, other);
    let row: Option<(Vec<u8>,)> =
        sqlx::query_as("SELECT id FROM conversations WHERE first = $1 AND second = $2")
            .bind(first.key())
            .bind(second.key())
            .fetch_optional(&mut **tx)
            .await?;
    row.map(|(id,)| ConversationId::from_key(&id)).transpose()
}

#[async_trait]
impl People for SqliteStore {
    async fn contacts(&self, user: UserId) -> Result<Vec<Contact>, StoreError> {
        let rows: Vec<(Vec<u8>, String, String, String)> = sqlx::query_as(
            "SELECT u.id, u.username, u.display_name,
                    CASE WHEN b.other IS NULL THEN c.state ELSE 'blocked' END
             FROM users u
             LEFT JOIN contacts c ON c.user = $1 AND c.other = u.id
             LEFT JOIN blocks b ON b.user = $1 AND b.other = u.id
             WHERE u.id IN (SELECT other FROM contacts WHERE user = $1
                            UNION SELECT other FROM blocks WHERE user = $1)
             ORDER BY u.username",
        )
        .bind(user.key())
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|(id, username, display_name, state)| {
                Ok(Contact {
                    person: person((id, username, display_name))?,
                    state: from_word(state)?,
                })
            })
            .collect()
    }

    async fn request_contact(
        &self,
        user: UserId,
        name: &Username,
        conversation: ConversationId,
        now: u64,
    ) -> Result<ContactRequest, StoreError> {
        let mut tx = self.write().await?;
        let row: Option<PersonRow> =
            sqlx::query_as("SELECT id, username, display_name FROM users WHERE username = $1")
                .bind(name.as_str())
                .fetch_optional(&mut *tx)
                .await?;
        let Some(other) = row.map(person).transpose()? else {
            return Ok(ContactRequest::NoSuchUser);
        };
        if other.user == user {
            return Ok(ContactRequest::Yourself);
        }
        let Some(asking) = person_of(&mut tx, user).await? else {
            return Ok(ContactRequest::NoSuchUser);
        };
        let request = match state_of(&mut tx, user, other.user).await? {
            Some(ContactState::Incoming) => {
                let id = befriend(&mut tx, user, other.user, conversation, now).await?;
                let accepted = ContactState::Accepted;
                let pair = pair(&mut tx, asking, other, accepted, accepted).await?;
                ContactRequest::Accepted(pair, id)
            }
            Some(ContactState::Accepted) => ContactRequest::Asked(ContactPair {
                mine: Contact { person: other, state: ContactState::Accepted },
                theirs: None,
            }),
            Some(ContactState::Outgoing | ContactState::Blocked) | None => {
                let (mine, theirs) = (ContactState::Outgoing, ContactState::Incoming);
                put_state(&mut tx, user, other.user, mine).await?;
                put_state(&mut tx, other.user, user, theirs).await?;
                ContactRequest::Asked(pair(&mut tx, asking, other, mine, theirs).await?)
            }
        };
        tx.commit().await?;
        Ok(request)
    }

    async fn accept_contact(
        &self,
        user: UserId,
        other: UserId,
        conversation: ConversationId,
        now: u64,
    ) -> Result<Option<(ContactPair, ConversationId)>, StoreError> {
        let mut tx = self.write().await?;
        let state = state_of(&mut tx, user, other).await?;
        let people = (person_of(&mut tx, user).await?, person_of(&mut tx, other).await?);
        let (Some(accepting), Some(asked)) = people else { return Ok(None) };
        if !matches!(state, Some(ContactState::Incoming | ContactState::Accepted)) {
            return Ok(None);
        }
        let id = befriend(&mut tx, user, other, conversation, now).await?;
        let accepted = ContactState::Accepted;
        let pair = pair(&mut tx, accepting, asked, accepted, accepted).await?;
        tx.commit().await?;
        Ok(Some((pair, id)))
    }

    async fn remove_contact(
        &self,
        user: UserId,
        other: UserId,
    ) -> Result<Option<Option<ConversationId>>, StoreError> {
        let mut tx = self.write().await?;
        let state = state_of(&mut tx, user, other).await?;
        if state.is_none() {
            return Ok(None);
        }
        sqlx::query(
            "DELETE FROM contacts WHERE (user = $1 AND other = $2) OR (user = $2 AND other = $1)",
        )
        .bind(user.key())
        .bind(other.key())
        .execute(&mut *tx)
        .await?;
        let hidden = match state {
            Some(ContactState::Accepted) => direct_between(&mut tx, user, other).await?,
            Some(ContactState::Incoming | ContactState::Outgoing | ContactState::Blocked)
            | None => None,
        };
        tx.commit().await?;
        Ok(Some(hidden))
    }

    async fn block(&self, user: UserId, other: UserId) -> Result<Option<BlockChange>, StoreError> {
        let mut tx = self.write().await?;
        let Some(blocked) = person_of(&mut tx, other).await? else { return Ok(None) };
        if user == other {
            return Ok(None);
        }
        sqlx::query("INSERT INTO blocks VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(user.key())
            .bind(other.key())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        let mine = Contact { person: blocked, state: ContactState::Blocked };
        Ok(Some(BlockChange { mine: Some(mine) }))
    }

    async fn unblock(
        &self,
        user: UserId,
        other: UserId,
    ) -> Result<Option<BlockChange>, StoreError> {
        let mut tx = self.write().await?;
        let removed = sqlx::query("DELETE FROM blocks WHERE user = $1 AND other = $2")
            .bind(user.key())
            .bind(other.key())
            .execute(&mut *tx)
            .await?;
        if removed.rows_affected() == 0 {
            return Ok(None);
        }
        let state = state_of(&mut tx, user, other).await?;
        let other = person_of(&mut tx, other).await?;
        tx.commit().await?;
        let mine = match (other, state) {
            (Some(person), Some(state)) => Some(Contact { person, state }),
            (Some(_), None) | (None, _) => None,
        };
        Ok(Some(BlockChange { mine }))
    }

    async fn conversations(&self, user: UserId) -> Result<Vec<Conversation>, StoreError> {
        let rows: Vec<ConversationRow> = sqlx::query_as(
            "SELECT c.id, c.kind, c.name, c.created_at
             FROM members m JOIN conversations c ON c.id = m.conversation
             WHERE m.user = $1 AND (c.first IS NULL OR EXISTS (
                 SELECT 1 FROM contacts k WHERE k.user = $1 AND k.state = 'accepted'
                 AND k.other = CASE WHEN c.first = $1 THEN c.second ELSE c.first END))
             ORDER BY c.created_at, c.id",
        )
        .bind(user.key())
        .fetch_all(&self.readers)
        .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let members: Vec<(Vec<u8>, Vec<u8>, String, String)> = sqlx::query_as(
            "SELECT m.conversation, u.id, u.username, u.display_name
             FROM members mine JOIN members m ON m.conversation = mine.conversation
             JOIN users u ON u.id = m.user WHERE mine.user = $1 ORDER BY u.username",
        )
        .bind(user.key())
        .fetch_all(&self.readers)
        .await?;
        let mut by_conversation: BTreeMap<Vec<u8>, Vec<Person>> = BTreeMap::new();
        for (conversation, id, username, display_name) in members {
            let member = person((id, username, display_name))?;
            by_conversation.entry(conversation).or_default().push(member);
        }
        let mut last_calls = newest_calls(self, user).await?;
        rows.into_iter()
            .map(|row| {
                let members = by_conversation.remove(&row.0).unwrap_or_default();
                let last = last_calls.remove(&row.0);
                conversation(row, members, last)
            })
            .collect()
    }

    async fn conversation(
        &self,
        user: UserId,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        let Some(row) = visible_conversation(self, user, id).await? else { return Ok(None) };
        let members = members_of(self, id).await?;
        let newest = history::records_of(self, user, Some(id), None, 1).await?;
        Ok(Some(conversation(row, members, newest.into_iter().next())?))
    }

    async fn create_group(
        &self,
        user: UserId,
        id: ConversationId,
        name: &DisplayName,
        members: &[UserId],
        now: u64,
    ) -> Result<GroupCreation, StoreError> {
        let mut tx = self.write().await?;
        let (groups,): (i64,) = sqlx::query_as(
            "SELECT count(*) FROM members m JOIN conversations c ON c.id = m.conversation
             WHERE m.user = $1 AND c.first IS NULL",
        )
        .bind(user.key())
        .fetch_one(&mut *tx)
        .await?;
        if groups >= MOST_GROUPS {
            return Ok(GroupCreation::TooMany);
        }
        for member in members {
            let state = state_of(&mut tx, user, *member).await?;
            if state != Some(ContactState::Accepted)
                || has_blocked(&mut tx, user, *member).await?
                || has_blocked(&mut tx, *member, user).await?
            {
                return Ok(GroupCreation::NoContact);
            }
        }
        sqlx::query("INSERT INTO conversations VALUES ($1, $2, $3, NULL, NULL, $4)")
            .bind(id.key())
            .bind(word(ConversationKind::Group)?)
            .bind(name.as_str())
            .bind(ms(now))
            .execute(&mut *tx)
            .await?;
        for member in std::iter::once(&user).chain(members) {
            sqlx::query("INSERT INTO members VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(id.key())
                .bind(member.key())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(GroupCreation::Made)
    }

    async fn audience(&self, user: UserId) -> Result<Vec<UserId>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(
            "SELECT DISTINCT m.user
             FROM members mine
             JOIN conversations c ON c.id = mine.conversation
             JOIN members m ON m.conversation = mine.conversation AND m.user <> $1
             WHERE mine.user = $1
             AND (c.first IS NULL OR EXISTS (
                 SELECT 1 FROM contacts k
                 WHERE k.user = $1 AND k.other = m.user AND k.state = 'accepted'))
             AND NOT EXISTS (SELECT 1 FROM blocks b WHERE (b.user = $1 AND b.other = m.user)
                                                       OR (b.user = m.user AND b.other = $1))",
        )
        .bind(user.key())
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(|(key,)| UserId::from_key(&key)).collect()
    }

    async fn blocks_around(&self, user: UserId) -> Result<Vec<UserId>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(
            "SELECT other FROM blocks WHERE user = $1 UNION SELECT user FROM blocks WHERE other = $1",
        )
        .bind(user.key())
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(|(key,)| UserId::from_key(&key)).collect()
    }

    async fn route(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Route>, StoreError> {
        let Some(row) = visible_conversation(self, user, conversation).await? else {
            return Ok(None);
        };
        let rows: Vec<(Vec<u8>, String, String, bool)> = sqlx::query_as(
            "SELECT u.id, u.username, u.display_name,
                    (u.callable_by = 'everyone' OR EXISTS (
                        SELECT 1 FROM contacts k
                        WHERE k.user = u.id AND k.other = $2 AND k.state = 'accepted'))
                    AND NOT EXISTS (
                        SELECT 1 FROM blocks b WHERE (b.user = u.id AND b.other = $2)
                                                  OR (b.user = $2 AND b.other = u.id))
             FROM members m JOIN users u ON u.id = m.user WHERE m.conversation = $1
             ORDER BY u.id",
        )
        .bind(conversation.key())
        .bind(user.key())
        .fetch_all(&self.readers)
        .await?;
        let mut caller = None;
        let mut others = Vec::new();
        for (id, username, display_name, rings) in rows {
            let person = person((id, username, display_name))?;
            if person.user == user {
                caller = Some(person);
            } else {
                others.push(RouteMember { person, rings });
            }
        }
        let kind = from_word(row.1)?;
        Ok(caller.map(|caller| Route { kind, caller, others }))
    }
}

/// `id, kind, name, created_at`.
type ConversationRow = (Vec<u8>, String, Option<String>, i64);

fn conversation(
    (id, kind, name, created_at): ConversationRow,
    members: Vec<Person>,
    last_call: Option<CallRecord>,
) -> Result<Conversation, StoreError> {
    Ok(Conversation {
        id: ConversationId::from_key(&id)?,
        kind: from_word(kind)?,
        name: name.map(DisplayName::new).transpose().map_err(|_| damaged("a name"))?,
        members,
        created_at: from_ms(created_at),
        last_call,
    })
}

async fn visible_conversation(
    store: &SqliteStore,
    user: UserId,
    id: ConversationId,
) -> Result<Option<ConversationRow>, StoreError> {
    let row = sqlx::query_as(
        "SELECT c.id, c.kind, c.name, c.created_at
         FROM members m JOIN conversations c ON c.id = m.conversation
         WHERE c.id = $2 AND m.user = $1 AND (c.first IS NULL OR EXISTS (
             SELECT 1 FROM contacts k WHERE k.user = $1 AND k.state = 'accepted'
             AND k.other = CASE WHEN c.first = $1 THEN c.second ELSE c.first END))",
    )
    .bind(user.key())
    .bind(id.key())
    .fetch_optional(&store.readers)
    .await?;
    Ok(row)
}

async fn members_of(store: &SqliteStore, id: ConversationId) -> Result<Vec<Person>, StoreError> {
    let rows: Vec<PersonRow> = sqlx::query_as(
        "SELECT u.id, u.username, u.display_name FROM members m JOIN users u ON u.id = m.user
         WHERE m.conversation = $1 ORDER BY u.username",
    )
    .bind(id.key())
    .fetch_all(&store.readers)
    .await?;
    rows.into_iter().map(person).collect()
}

/// The newest call of each conversation, by the conversation's key.
async fn newest_calls(
    store: &SqliteStore,
    user: UserId,
) -> Result<BTreeMap<Vec<u8>, CallRecord>, StoreError> {
    // With max(), SQLite takes the bare columns from the row that holds the maximum.
    let rows: Vec<(Vec<u8>, Vec<u8>, i64)> = sqlx::query_as(
        "SELECT c.conversation, c.id, max(c.started_at)
         FROM call_people p JOIN calls c ON c.id = p.call
         WHERE p.user = $1 AND p.sees GROUP BY c.conversation",
    )
    .bind(user.key())
    .fetch_all(&store.readers)
    .await?;
    let mut newest = BTreeMap::new();
    for (conversation, call, _) in rows {
        let call = CallId::from_key(&call)?;
        if let Some(record) = history::record_of(store, call).await? {
            newest.insert(conversation, record);
        }
    }
    Ok(newest)
}
