//! The history of calls.

use std::collections::BTreeSet;

use async_trait::async_trait;
use bellwire_protocol::{CallId, CallRecord, ConversationId, DisplayName, UserId};
use sqlx::{Sqlite, Transaction};

use super::{Key, SqliteStore, damaged, from_ms, from_word, is_unique_violation, ms, word};
use crate::store::{History, NewRecord, StoreError};

/// `id, conversation, media, caller, started_at, answered_at, ended_at, reason, name`.
type CallRow = (Vec<u8>, Vec<u8>, String, Vec<u8>, i64, Option<i64>, i64, String, Option<String>);

#[async_trait]
impl History for SqliteStore {
    async fn add_record(&self, new: NewRecord) -> Result<bool, StoreError> {
        let record = new.record;
        let mut tx = self.write().await?;
        // The group's name, as it is then; two people have none together.
        let inserted = sqlx::query(
            "INSERT INTO calls VALUES ($1, $2, $3, $4, $5, $6, $7, $8,
             (SELECT name FROM conversations WHERE id = $2))",
        )
        .bind(record.call_id.key())
        .bind(record.conversation.key())
        .bind(word(record.media)?)
        .bind(record.caller.key())
        .bind(ms(record.started_at))
        .bind(record.answered_at.map(ms))
        .bind(ms(record.ended_at))
        .bind(word(record.reason)?)
        .execute(&mut *tx)
        .await;
        match inserted {
            Ok(_) => {}
            // A call that outlived a restart of the relay was recorded before.
            Err(error) if is_unique_violation(&error) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let people: BTreeSet<UserId> =
            record.participants.iter().chain(&new.audience).copied().collect();
        for user in people {
            // An account that went meanwhile stays named as one who took part, and sees nothing.
            sqlx::query(
                "INSERT INTO call_people SELECT $1, $2, $3, sees
                 FROM (SELECT $4 AND EXISTS (SELECT 1 FROM users WHERE id = $2) AS sees)
                 WHERE $3 OR sees",
            )
            .bind(record.call_id.key())
            .bind(user.key())
            .bind(record.participants.contains(&user))
            .bind(new.audience.contains(&user))
            .execute(&mut *tx)
            .await?;
        }
        // Nothing is kept for nobody.
        sqlx::query(
            "DELETE FROM calls WHERE id = $1
             AND NOT EXISTS (SELECT 1 FROM call_people p WHERE p.call = $1 AND p.sees)",
        )
        .bind(record.call_id.key())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn has_record(&self, call: CallId) -> Result<bool, StoreError> {
        let row: Option<(i64,)> = sqlx::query_as("SELECT 1 FROM calls WHERE id = $1")
            .bind(call.key())
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.is_some())
    }

    async fn records(
        &self,
        user: UserId,
        conversation: Option<ConversationId>,
        before: Option<CallId>,
        limit: u32,
    ) -> Result<Vec<CallRecord>, StoreError> {
        records_of(self, user, conversation, before, limit).await
    }

    async fn prune_records(&self, ended_before: u64) -> Result<u64, StoreError> {
        let pruned = sqlx::query("DELETE FROM calls WHERE ended_at < $1")
            .bind(ms(ended_before))
            .execute(&self.writer)
            .await?;
        Ok(pruned.rows_affected())
    }
}

/// Takes the history of an account away with it; what others see of the same calls stays. A call
/// that nobody is left to see goes.
pub(super) async fn forget_history_of(
    tx: &mut Transaction<'static, Sqlite>,
    user: UserId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE call_people SET sees = 0 WHERE user = $1")
        .bind(user.key())
        .execute(&mut **tx)
        .await?;
    sqlx::query(
        "DELETE FROM calls WHERE id IN (SELECT call FROM call_people WHERE user = $1)
         AND NOT EXISTS (SELECT 1 FROM call_people p WHERE p.call = calls.id AND p.sees)",
    )
    .bind(user.key())
    .execute(&mut **tx)
    .await?;
    sqlx::query("DELETE FROM call_people WHERE user = $1 AND NOT took_part")
        .bind(user.key())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub(super) async fn records_of(
    store: &SqliteStore,
    user: UserId,
    conversation: Option<ConversationId>,
    before: Option<CallId>,
    limit: u32,
) -> Result<Vec<CallRecord>, StoreError> {
    let rows: Vec<CallRow> = sqlx::query_as(
        "SELECT c.id, c.conversation, c.media, c.caller, c.started_at, c.answered_at, c.ended_at,
                c.reason, c.name
         FROM call_people p JOIN calls c ON c.id = p.call
         WHERE p.user = $1 AND p.sees
         AND ($2 IS NULL OR c.conversation = $2)
         AND ($3 IS NULL OR (c.started_at, c.id) < (SELECT b.started_at, b.id FROM calls b
              JOIN call_people q ON q.call = b.id AND q.user = $1 AND q.sees WHERE b.id = $3))
         ORDER BY c.started_at DESC, c.id DESC LIMIT $4",
    )
    .bind(user.key())
    .bind(conversation.map(|id| id.key()))
    .bind(before.map(|id| id.key()))
    .bind(i64::from(limit))
    .fetch_all(&store.readers)
    .await?;
    let mut records = Vec::with_capacity(rows.len());
    for row in rows {
        records.push(record(store, row).await?);
    }
    Ok(records)
}

pub(super) async fn record_of(
    store: &SqliteStore,
    call: CallId,
) -> Result<Option<CallRecord>, StoreError> {
    let row: Option<CallRow> = sqlx::query_as(
        "SELECT id, conversation, media, caller, started_at, answered_at, ended_at, reason, name
         FROM calls WHERE id = $1",
    )
    .bind(call.key())
    .fetch_optional(&store.readers)
    .await?;
    match row {
        Some(row) => Ok(Some(record(store, row).await?)),
        None => Ok(None),
    }
}

async fn record(store: &SqliteStore, row: CallRow) -> Result<CallRecord, StoreError> {
    let (id, conversation, media, caller, started_at, answered_at, ended_at, reason, name) = row;
    let people: Vec<(Vec<u8>,)> =
        sqlx::query_as("SELECT user FROM call_people WHERE call = $1 AND took_part")
            .bind(id.clone())
            .fetch_all(&store.readers)
            .await?;
    Ok(CallRecord {
        call_id: CallId::from_key(&id)?,
        conversation: ConversationId::from_key(&conversation)?,
        name: name.map(DisplayName::new).transpose().map_err(|_| damaged("a name"))?,
        media: from_word(media)?,
        caller: UserId::from_key(&caller)?,
        participants: people
            .into_iter()
            .map(|(user,)| UserId::from_key(&user))
            .collect::<Result<_, _>>()?,
        started_at: from_ms(started_at),
        answered_at: answered_at.map(from_ms),
        ended_at: from_ms(ended_at),
        reason: from_word(reason)?,
    })
}
