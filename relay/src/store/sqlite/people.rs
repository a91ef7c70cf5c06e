//! Contacts, blocks, conversations.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bellwire_protocol::{
    CallId, CallRecord, Contact, ContactState, Conversation, ConversationId, ConversationKind,
    DisplayName, Person, UserId, Username,
};
use sqlx::{Sqlite, Transaction};

use super::{
    Key, PersonRow, SqliteStore, damaged, from_ms, from_word, groups, history, ms, person, word,
};
use crate::store::{
    Befriended, BlockChange, ContactPair, ContactRequest, People, Route, RouteMember, Separation,
    StoreError,
};

pub(super) type Tx = Transaction<'static, Sqlite>;

async fn person_of(tx: &mut Tx, user: UserId) -> Result<Option<Person>, StoreError> {
    let row: Option<PersonRow> =
        sqlx::query_as("SELECT id, username, display_name FROM users WHERE id = $1")
            .bind(user.key())
            .fetch_optional(&mut **tx)
            .await?;
    row.map(person).transpose()
}

pub(super) async fn state_of(
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

pub(super) async fn has_blocked(
    tx: &mut Tx,
    user: UserId,
    other: UserId,
) -> Result<bool, StoreError> {
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
        "INSERT INTO conversations (id, kind, first, second, created_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (first, second) DO NOTHING",
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
        sqlx::query(
            "INSERT INTO members (conversation, user) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
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
            Some(state @ (ContactState::Accepted | ContactState::Outgoing)) => {
                return Ok(ContactRequest::Same(Contact { person: other, state }));
            }
            Some(ContactState::Blocked) | None => {
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
    ) -> Result<Option<Befriended>, StoreError> {
        let mut tx = self.write().await?;
        let state = state_of(&mut tx, user, other).await?;
        let people = (person_of(&mut tx, user).await?, person_of(&mut tx, other).await?);
        let (Some(accepting), Some(asked)) = people else { return Ok(None) };
        let accepted = ContactState::Accepted;
        let conversation = match state {
            Some(ContactState::Incoming) => {
                Some(befriend(&mut tx, user, other, conversation, now).await?)
            }
            Some(ContactState::Accepted) => None,
            Some(ContactState::Outgoing | ContactState::Blocked) | None => return Ok(None),
        };
        let pair = pair(&mut tx, accepting, asked, accepted, accepted).await?;
        tx.commit().await?;
        Ok(Some(Befriended { pair, conversation }))
    }

    async fn remove_contact(
        &self,
        user: UserId,
        other: UserId,
    ) -> Result<Option<Separation>, StoreError> {
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
        let mut gone_for = Vec::new();
        for (whose, gone) in [(user, other), (other, user)] {
            if !has_blocked(&mut tx, whose, gone).await? {
                gone_for.push(whose);
            }
        }
        let mut groups = groups::uninvite(&mut tx, user, other).await?;
        groups.extend(groups::uninvite(&mut tx, other, user).await?);
        tx.commit().await?;
        Ok(Some(Separation { gone_for, hidden, groups }))
    }

    async fn block(&self, user: UserId, other: UserId) -> Result<Option<BlockChange>, StoreError> {
        let mut tx = self.write().await?;
        let Some(blocked) = person_of(&mut tx, other).await? else { return Ok(None) };
        if user == other {
            return Ok(None);
        }
        let mine = Some(Contact { person: blocked, state: ContactState::Blocked });
        let put = sqlx::query("INSERT INTO blocks VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(user.key())
            .bind(other.key())
            .execute(&mut *tx)
            .await?;
        if put.rows_affected() == 0 {
            return Ok(Some(BlockChange { mine, changed: false, groups: Vec::new() }));
        }
        let mut groups = groups::uninvite(&mut tx, user, other).await?;
        groups.extend(groups::reveal(&mut tx, other, user).await?);
        tx.commit().await?;
        Ok(Some(BlockChange { mine, changed: true, groups }))
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
        let groups = groups::reveal(&mut tx, other, user).await?;
        let state = state_of(&mut tx, user, other).await?;
        let other = person_of(&mut tx, other).await?;
        tx.commit().await?;
        let mine = match (other, state) {
            (Some(person), Some(state)) => Some(Contact { person, state }),
            (Some(_), None) | (None, _) => None,
        };
        Ok(Some(BlockChange { mine, changed: true, groups }))
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
        let members = sqlx::query_as(
            "SELECT m.conversation, u.id, u.username, u.display_name
             FROM members mine JOIN members m ON m.conversation = mine.conversation
             JOIN users u ON u.id = m.user WHERE mine.user = $1 ORDER BY m.place, u.id",
        )
        .bind(user.key())
        .fetch_all(&self.readers)
        .await?;
        let invited = sqlx::query_as(
            "SELECT i.conversation, u.id, u.username, u.display_name
             FROM group_invitations i JOIN users u ON u.id = i.user
             WHERE i.inviter = $1 ORDER BY u.username",
        )
        .bind(user.key())
        .fetch_all(&self.readers)
        .await?;
        let mut members = by_conversation(members)?;
        let mut invited = by_conversation(invited)?;
        let mut last_calls = newest_calls(self, user).await?;
        rows.into_iter()
            .map(|row| {
                let members = members.remove(&row.0).unwrap_or_default();
                let invited = invited.remove(&row.0).unwrap_or_default();
                let last = last_calls.remove(&row.0);
                conversation(row, members, invited, last)
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
        let invited = invited_by(self, user, id).await?;
        let newest = history::records_of(self, user, Some(id), None, 1).await?;
        Ok(Some(conversation(row, members, invited, newest.into_iter().next())?))
    }

    async fn audience(&self, user: UserId) -> Result<Vec<UserId>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(
            "SELECT k.other FROM contacts k WHERE k.user = $1 AND k.state = 'accepted'
             AND NOT EXISTS (SELECT 1 FROM blocks b WHERE (b.user = $1 AND b.other = k.other)
                                                       OR (b.user = k.other AND b.other = $1))",
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

/// `conversation, id, username, display_name`.
type MemberRow = (Vec<u8>, Vec<u8>, String, String);

fn by_conversation(rows: Vec<MemberRow>) -> Result<BTreeMap<Vec<u8>, Vec<Person>>, StoreError> {
    let mut people: BTreeMap<Vec<u8>, Vec<Person>> = BTreeMap::new();
    for (conversation, id, username, display_name) in rows {
        people.entry(conversation).or_default().push(person((id, username, display_name))?);
    }
    Ok(people)
}

/// `id, kind, name, created_at`.
type ConversationRow = (Vec<u8>, String, Option<String>, i64);

/// Members come in the order in which they joined.
fn conversation(
    (id, kind, name, created_at): ConversationRow,
    mut members: Vec<Person>,
    invited: Vec<Person>,
    last_call: Option<CallRecord>,
) -> Result<Conversation, StoreError> {
    let kind = from_word(kind)?;
    let owner = match kind {
        ConversationKind::Direct => None,
        ConversationKind::Group => members.first().map(|member| member.user),
    };
    members.sort_by(|a, b| a.username.cmp(&b.username));
    Ok(Conversation {
        id: ConversationId::from_key(&id)?,
        kind,
        name: name.map(DisplayName::new).transpose().map_err(|_| damaged("a name"))?,
        members,
        owner,
        invited,
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
         WHERE m.conversation = $1 ORDER BY m.place, u.id",
    )
    .bind(id.key())
    .fetch_all(&store.readers)
    .await?;
    rows.into_iter().map(person).collect()
}

async fn invited_by(
    store: &SqliteStore,
    user: UserId,
    id: ConversationId,
) -> Result<Vec<Person>, StoreError> {
    let rows: Vec<PersonRow> = sqlx::query_as(
        "SELECT u.id, u.username, u.display_name
         FROM group_invitations i JOIN users u ON u.id = i.user
         WHERE i.conversation = $1 AND i.inviter = $2 ORDER BY u.username",
    )
    .bind(id.key())
    .bind(user.key())
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
