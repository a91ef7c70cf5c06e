//! The clock that dates are from, in SQLite.

use async_trait::async_trait;

use super::{SqliteStore, from_ms, ms};
use crate::store::{Dates, Misdated, StoreError};

#[async_trait]
impl Dates for SqliteStore {
    async fn clock_believed(&self) -> Result<Option<u64>, StoreError> {
        let (at,): (Option<i64>,) = sqlx::query_as(
            "SELECT coalesce((SELECT believed_at FROM clock), (SELECT max(at) FROM (
                 SELECT max(ended_at) AS at FROM calls
                 UNION ALL SELECT max(last_seen_at) FROM devices
                 UNION ALL SELECT max(created_at) FROM users)))",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(at.map(from_ms))
    }

    async fn believe_clock(&self, now: u64) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("INSERT OR REPLACE INTO clock VALUES (1, $1)")
            .bind(ms(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn newest_call(&self) -> Result<i64, StoreError> {
        let (newest,): (i64,) = sqlx::query_as("SELECT coalesce(max(rowid), 0) FROM calls")
            .fetch_one(&self.readers)
            .await?;
        Ok(newest)
    }

    async fn redate(&self, misdated: Misdated) -> Result<(), StoreError> {
        let Misdated { from, to, by, after } = misdated;
        let mut tx = self.write().await?;
        // What happened while the clock was wrong. Whatever else has a date in that stretch was
        // used by nobody since, and lives longer by it.
        for statement in [
            "UPDATE users SET created_at = created_at + $3 WHERE created_at BETWEEN $1 AND $2",
            "UPDATE devices SET created_at = created_at + $3 WHERE created_at BETWEEN $1 AND $2",
            "UPDATE devices SET last_seen_at = last_seen_at + $3
             WHERE last_seen_at BETWEEN $1 AND $2",
            "UPDATE refresh_tokens SET created_at = created_at + $3
             WHERE created_at BETWEEN $1 AND $2",
            "UPDATE refresh_tokens SET used_at = used_at + $3 WHERE used_at BETWEEN $1 AND $2",
            "UPDATE ended_tokens SET ended_at = ended_at + $3 WHERE ended_at BETWEEN $1 AND $2",
            "UPDATE notices SET at = at + $3 WHERE at BETWEEN $1 AND $2",
            "UPDATE resets SET made_at = made_at + $3 WHERE made_at BETWEEN $1 AND $2",
        ] {
            sqlx::query(statement).bind(ms(from)).bind(ms(to)).bind(by).execute(&mut *tx).await?;
        }
        sqlx::query("UPDATE invites SET expires_at = expires_at + $3 WHERE id BETWEEN $1 AND $2")
            .bind(id_of(from, 0x00))
            .bind(id_of(to, 0xff))
            .bind(by)
            .execute(&mut *tx)
            .await?;
        // History is what people read: nothing in it is moved that is not known to be wrong.
        sqlx::query(
            "UPDATE calls SET started_at = started_at + $3, answered_at = answered_at + $3,
                 ended_at = ended_at + $3 WHERE rowid > $4 AND ended_at BETWEEN $1 AND $2",
        )
        .bind(ms(from))
        .bind(ms(to))
        .bind(by)
        .bind(after)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The first or the last id that was made at this time: it begins with six bytes of ms.
fn id_of(at: u64, rest: u8) -> Vec<u8> {
    let mut id = vec![rest; 16];
    let time = at.min((1 << 48) - 1).to_be_bytes();
    id.iter_mut().zip(time.iter().skip(2)).for_each(|(byte, of_time)| *byte = *of_time);
    id
}
