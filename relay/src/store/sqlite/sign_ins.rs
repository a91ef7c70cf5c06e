//! Sign-ins and their refresh tokens.

use async_trait::async_trait;
use bellwire_protocol::http::Device;
use bellwire_protocol::{DeviceId, NoticeKind, UserId};
use sqlx::{Sqlite, SqliteExecutor, Transaction};

use super::accounts::{insert_notice, keys};
use super::{Key, SqliteStore, from_ms, ms, resets};
use crate::store::{EndedBy, NewDevice, RefreshLife, Rotation, SignIns, StoreError, TokenHash};

/// Hashes of ended tokens that are kept of one user: those of every sign-in that a new password ends,
/// two of each. Fewer would tell less of what one change ended; each costs a row of 150 bytes.
const ENDED: u32 = 64;

/// Some sign-ins of one user.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which {
    All,
    One(DeviceId),
    AllBut(DeviceId),
}

/// A refresh token that a sign-in has or had: the device and its user, when it was made and used, its
/// successor, when that was made, and whether it was used or arrived.
type Presented = (Vec<u8>, Vec<u8>, i64, Option<i64>, Option<Vec<u8>>, Option<i64>, bool);

#[async_trait]
impl SignIns for SqliteStore {
    async fn add_device(
        &self,
        new: NewDevice,
        checked: &str,
        renewed: Option<&str>,
        most: u32,
    ) -> Result<Option<Vec<DeviceId>>, StoreError> {
        let (user, id) = (new.user, new.id);
        let mut tx = self.write().await?;
        if !has_password(&mut tx, user, checked).await? {
            return Ok(None);
        }
        if let Some(hash) = renewed {
            store_hash(&mut tx, user, hash).await?;
        }
        insert_device(&mut tx, new).await?;
        // The new one stays, also where the clock was set back since the others were used.
        let over: Vec<(Vec<u8>,)> = sqlx::query_as(
            "DELETE FROM devices WHERE user = $1 AND id NOT IN
                 (SELECT id FROM devices WHERE user = $1
                  ORDER BY id = $2 DESC, last_seen_at DESC, id DESC LIMIT $3)
             RETURNING id",
        )
        .bind(user.key())
        .bind(id.key())
        .bind(most)
        .fetch_all(&mut *tx)
        .await?;
        let over = keys(over)?;
        tx.commit().await?;
        Ok(Some(over))
    }

    async fn has_device(&self, user: UserId, device: DeviceId) -> Result<bool, StoreError> {
        has_device(&self.readers, user, device).await
    }

    async fn devices(&self, user: UserId) -> Result<Vec<Device>, StoreError> {
        let rows: Vec<(Vec<u8>, String, String, i64, i64)> = sqlx::query_as(
            "SELECT id, name, platform, created_at, last_seen_at FROM devices
             WHERE user = $1 ORDER BY created_at DESC, id DESC",
        )
        .bind(user.key())
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|(id, name, platform, created_at, last_seen_at)| {
                Ok(Device {
                    id: DeviceId::from_key(&id)?,
                    name,
                    platform,
                    created_at: from_ms(created_at),
                    last_seen_at: from_ms(last_seen_at),
                    this: false,
                })
            })
            .collect()
    }

    async fn end_device(
        &self,
        user: UserId,
        device: DeviceId,
        now: u64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let ended = end(&mut tx, user, Which::One(device), EndedBy::Owner, now).await?;
        tx.commit().await?;
        Ok(!ended.is_empty())
    }

    async fn missing_devices(&self, devices: &[DeviceId]) -> Result<Vec<DeviceId>, StoreError> {
        let mut missing = Vec::new();
        for device in devices {
            let row: Option<(i64,)> = sqlx::query_as("SELECT 1 FROM devices WHERE id = $1")
                .bind(device.key())
                .fetch_optional(&self.readers)
                .await?;
            if row.is_none() {
                missing.push(*device);
            }
        }
        Ok(missing)
    }

    async fn removals(&self) -> Result<i64, StoreError> {
        let (n,): (i64,) =
            sqlx::query_as("SELECT n FROM removals").fetch_one(&self.readers).await?;
        Ok(n)
    }

    async fn prune_sign_ins(&self, unused_since: u64) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for statement in [
            "DELETE FROM devices WHERE last_seen_at < $1",
            "DELETE FROM ended_tokens WHERE ended_at < $1",
        ] {
            sqlx::query(statement).bind(ms(unused_since)).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn knows_refresh(&self, presented: TokenHash) -> Result<bool, StoreError> {
        let (known,): (bool,) = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM refresh_tokens WHERE hash = $1)
                 OR EXISTS (SELECT 1 FROM ended_tokens WHERE hash = $1)",
        )
        .bind(presented.to_vec())
        .fetch_one(&self.readers)
        .await?;
        Ok(known)
    }

    async fn refresh_arrived(&self, refresh: TokenHash) -> Result<(), StoreError> {
        let news: Option<(i64,)> = sqlx::query_as(
            "SELECT 1 FROM refresh_tokens s JOIN refresh_tokens t
                 ON t.device = s.device AND t.successor = s.hash
             WHERE s.hash = $1 AND NOT s.arrived",
        )
        .bind(refresh.to_vec())
        .fetch_optional(&self.readers)
        .await?;
        if news.is_some() {
            let mut tx = self.write().await?;
            sqlx::query("UPDATE refresh_tokens SET arrived = 1 WHERE hash = $1")
                .bind(refresh.to_vec())
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn rotate_refresh(
        &self,
        presented: TokenHash,
        successor: TokenHash,
        now: u64,
        life: RefreshLife,
    ) -> Result<Rotation, StoreError> {
        let mut tx = self.write().await?;
        let found: Option<Presented> = sqlx::query_as(
            "SELECT d.id, d.user, t.created_at, t.used_at, t.successor, s.created_at,
                 coalesce(s.used_at IS NOT NULL OR s.arrived, FALSE)
             FROM refresh_tokens t JOIN devices d ON d.id = t.device
             LEFT JOIN refresh_tokens s ON s.hash = t.successor WHERE t.hash = $1",
        )
        .bind(presented.to_vec())
        .fetch_optional(&mut *tx)
        .await?;
        let Some((device, user, created_at, used_at, stored, followed_at, closed)) = found else {
            let ended: Option<(i64,)> =
                sqlx::query_as("SELECT 1 FROM ended_tokens WHERE hash = $1")
                    .bind(presented.to_vec())
                    .fetch_optional(&mut *tx)
                    .await?;
            return Ok(if ended.is_some() { Rotation::Ended } else { Rotation::Unknown });
        };
        let (user, device) = (UserId::from_key(&user)?, DeviceId::from_key(&device)?);
        let is_over = |created_at: i64| now.saturating_sub(from_ms(created_at)) > life.idle_ms;
        if used_at.is_none() {
            if is_over(created_at) {
                return Ok(Rotation::Unknown);
            }
            rotate(&mut tx, presented, successor, device, now, life).await?;
            tx.commit().await?;
            return Ok(Rotation::Rotated(user, device));
        }
        if let (Some(followed_at), false) = (followed_at, closed) {
            // A relay with another key computes another successor, which nobody has.
            let same = stored.as_deref() == Some(successor.as_slice());
            let good = same && !is_over(followed_at);
            return Ok(if good { Rotation::Repeated(user, device) } else { Rotation::Unknown });
        }
        end(&mut tx, user, Which::One(device), EndedBy::Other, now).await?;
        insert_notice(&mut tx, user, NoticeKind::RefreshReused, now).await?;
        tx.commit().await?;
        Ok(Rotation::Reused(user, device))
    }
}

async fn rotate(
    tx: &mut Transaction<'static, Sqlite>,
    presented: TokenHash,
    successor: TokenHash,
    device: DeviceId,
    now: u64,
    life: RefreshLife,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE refresh_tokens SET used_at = $2, successor = $3 WHERE hash = $1")
        .bind(presented.to_vec())
        .bind(ms(now))
        .bind(successor.to_vec())
        .execute(&mut **tx)
        .await?;
    insert_refresh(tx, successor, device, now).await?;
    // In the order of their making, which no clock can change.
    sqlx::query(
        "DELETE FROM refresh_tokens WHERE device = $1 AND used_at IS NOT NULL AND rowid NOT IN
             (SELECT rowid FROM refresh_tokens WHERE device = $1 AND used_at IS NOT NULL
              ORDER BY rowid DESC LIMIT $2)",
    )
    .bind(device.key())
    .bind(life.used)
    .execute(&mut **tx)
    .await?;
    sqlx::query("UPDATE devices SET last_seen_at = $2 WHERE id = $1")
        .bind(device.key())
        .bind(ms(now))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub(super) async fn has_device(
    at: impl SqliteExecutor<'_>,
    user: UserId,
    device: DeviceId,
) -> Result<bool, StoreError> {
    let row: Option<(i64,)> = sqlx::query_as("SELECT 1 FROM devices WHERE id = $1 AND user = $2")
        .bind(device.key())
        .bind(user.key())
        .fetch_optional(at)
        .await?;
    Ok(row.is_some())
}

/// Whether this is the hash of the user's password, and the user there.
pub(super) async fn has_password(
    tx: &mut Transaction<'static, Sqlite>,
    user: UserId,
    checked: &str,
) -> Result<bool, StoreError> {
    let row: Option<(i64,)> =
        sqlx::query_as("SELECT 1 FROM users WHERE id = $1 AND password_hash = $2")
            .bind(user.key())
            .bind(checked)
            .fetch_optional(&mut **tx)
            .await?;
    Ok(row.is_some())
}

/// Sets another password, which ends a code for a new one. False: there is no such user.
pub(super) async fn set_password(
    tx: &mut Transaction<'static, Sqlite>,
    user: UserId,
    hash: &str,
) -> Result<bool, StoreError> {
    resets::forget(tx, user).await?;
    store_hash(tx, user, hash).await
}

/// Stores a hash of a password, which may be the same one. False: there is no such user.
async fn store_hash(
    tx: &mut Transaction<'static, Sqlite>,
    user: UserId,
    hash: &str,
) -> Result<bool, StoreError> {
    let set = sqlx::query("UPDATE users SET password_hash = $2 WHERE id = $1")
        .bind(user.key())
        .bind(hash)
        .execute(&mut **tx)
        .await?;
    Ok(set.rows_affected() == 1)
}

/// Ends these sign-ins and says which there were.
pub(super) async fn end(
    tx: &mut Transaction<'static, Sqlite>,
    user: UserId,
    which: Which,
    by: EndedBy,
    now: u64,
) -> Result<Vec<DeviceId>, StoreError> {
    let (one, keep) = match which {
        Which::All => (None, None),
        Which::One(device) => (Some(device.key()), None),
        Which::AllBut(device) => (None, Some(device.key())),
    };
    if by == EndedBy::Owner {
        // The tokens that a client may still come with: the newest, and the one before it where
        // the reply was lost.
        sqlx::query(
            "INSERT OR IGNORE INTO ended_tokens (hash, user, ended_at)
                 SELECT t.hash, d.user, $4 FROM refresh_tokens t
             JOIN devices d ON d.id = t.device
             LEFT JOIN refresh_tokens s ON s.hash = t.successor
             WHERE d.user = $1 AND ($2 IS NULL OR d.id = $2) AND ($3 IS NULL OR d.id <> $3)
               AND s.used_at IS NULL",
        )
        .bind(user.key())
        .bind(one.clone())
        .bind(keep.clone())
        .bind(ms(now))
        .execute(&mut **tx)
        .await?;
        sqlx::query(
            "DELETE FROM ended_tokens WHERE user = $1 AND n NOT IN
                 (SELECT n FROM ended_tokens WHERE user = $1 ORDER BY n DESC LIMIT $2)",
        )
        .bind(user.key())
        .bind(ENDED)
        .execute(&mut **tx)
        .await?;
    }
    let ended: Vec<(Vec<u8>,)> = sqlx::query_as(
        "DELETE FROM devices WHERE user = $1 AND ($2 IS NULL OR id = $2)
             AND ($3 IS NULL OR id <> $3) RETURNING id",
    )
    .bind(user.key())
    .bind(one)
    .bind(keep)
    .fetch_all(&mut **tx)
    .await?;
    keys(ended)
}

pub(super) async fn insert_device(
    tx: &mut Transaction<'static, Sqlite>,
    new: NewDevice,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO devices (id, user, name, platform, public_key, created_at, last_seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
    )
    .bind(new.id.key())
    .bind(new.user.key())
    .bind(new.name)
    .bind(new.platform)
    .bind(new.public_key)
    .bind(ms(new.created_at))
    .execute(&mut **tx)
    .await?;
    insert_refresh(tx, new.refresh, new.id, new.created_at).await
}

async fn insert_refresh(
    tx: &mut Transaction<'static, Sqlite>,
    hash: TokenHash,
    device: DeviceId,
    now: u64,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO refresh_tokens (hash, device, created_at) VALUES ($1, $2, $3)")
        .bind(hash.to_vec())
        .bind(device.key())
        .bind(ms(now))
        .execute(&mut **tx)
        .await?;
    Ok(())
}
