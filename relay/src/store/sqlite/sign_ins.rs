//! Sign-ins and their refresh tokens.

use async_trait::async_trait;
use bellwire_protocol::http::Device;
use bellwire_protocol::{DeviceId, NoticeKind, UserId};
use sqlx::{Sqlite, Transaction};

use super::accounts::{insert_notice, keys};
use super::{Key, SqliteStore, from_ms, ms};
use crate::store::{NewDevice, RefreshLife, Rotation, SignIns, StoreError, TokenHash};

#[async_trait]
impl SignIns for SqliteStore {
    async fn add_device(&self, new: NewDevice) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("INSERT INTO devices VALUES ($1, $2, $3, $4, $5, $6, $6)")
            .bind(new.id.key())
            .bind(new.user.key())
            .bind(new.name)
            .bind(new.platform)
            .bind(new.public_key)
            .bind(ms(new.created_at))
            .execute(&mut *tx)
            .await?;
        insert_refresh(&mut tx, new.refresh, new.id, new.created_at).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn has_device(&self, user: UserId, device: DeviceId) -> Result<bool, StoreError> {
        let row: Option<(i64,)> =
            sqlx::query_as("SELECT 1 FROM devices WHERE id = $1 AND user = $2")
                .bind(device.key())
                .bind(user.key())
                .fetch_optional(&self.readers)
                .await?;
        Ok(row.is_some())
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

    async fn remove_device(&self, user: UserId, device: DeviceId) -> Result<bool, StoreError> {
        let removed = sqlx::query("DELETE FROM devices WHERE id = $1 AND user = $2")
            .bind(device.key())
            .bind(user.key())
            .execute(&self.writer)
            .await?;
        Ok(removed.rows_affected() == 1)
    }

    async fn remove_other_devices(
        &self,
        user: UserId,
        keep: DeviceId,
    ) -> Result<Vec<DeviceId>, StoreError> {
        let removed: Vec<(Vec<u8>,)> =
            sqlx::query_as("DELETE FROM devices WHERE user = $1 AND id <> $2 RETURNING id")
                .bind(user.key())
                .bind(keep.key())
                .fetch_all(&self.writer)
                .await?;
        keys(removed)
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

    async fn knows_refresh(&self, presented: TokenHash) -> Result<bool, StoreError> {
        let (known,): (bool,) =
            sqlx::query_as("SELECT EXISTS (SELECT 1 FROM refresh_tokens WHERE hash = $1)")
                .bind(presented.to_vec())
                .fetch_one(&self.readers)
                .await?;
        Ok(known)
    }

    async fn rotate_refresh(
        &self,
        presented: TokenHash,
        successor: TokenHash,
        now: u64,
        life: RefreshLife,
    ) -> Result<Rotation, StoreError> {
        let mut tx = self.write().await?;
        let row: Option<(Vec<u8>, Vec<u8>, i64, Option<i64>)> = sqlx::query_as(
            "SELECT d.id, d.user, t.created_at, t.used_at
             FROM refresh_tokens t JOIN devices d ON d.id = t.device WHERE t.hash = $1",
        )
        .bind(presented.to_vec())
        .fetch_optional(&mut *tx)
        .await?;
        let Some((device, user, created_at, used_at)) = row else {
            return Ok(Rotation::Unknown);
        };
        let (user, device) = (UserId::from_key(&user)?, DeviceId::from_key(&device)?);
        let Some(used_at) = used_at else {
            if now.saturating_sub(from_ms(created_at)) > life.idle_ms {
                return Ok(Rotation::Unknown);
            }
            sqlx::query("UPDATE refresh_tokens SET used_at = $2, successor = $3 WHERE hash = $1")
                .bind(presented.to_vec())
                .bind(ms(now))
                .bind(successor.to_vec())
                .execute(&mut *tx)
                .await?;
            insert_refresh(&mut tx, successor, device, now).await?;
            // A used token is only kept to notice its reuse.
            sqlx::query("DELETE FROM refresh_tokens WHERE device = $1 AND used_at < $2")
                .bind(device.key())
                .bind(ms(now.saturating_sub(life.idle_ms)))
                .execute(&mut *tx)
                .await?;
            sqlx::query("UPDATE devices SET last_seen_at = $2 WHERE id = $1")
                .bind(device.key())
                .bind(ms(now))
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            return Ok(Rotation::Rotated(user, device));
        };
        let unused: Option<(i64,)> = sqlx::query_as(
            "SELECT 1 FROM refresh_tokens t JOIN refresh_tokens s ON s.hash = t.successor
             WHERE t.hash = $1 AND s.used_at IS NULL",
        )
        .bind(presented.to_vec())
        .fetch_optional(&mut *tx)
        .await?;
        if unused.is_some() && now.saturating_sub(from_ms(used_at)) <= life.grace_ms {
            return Ok(Rotation::Repeated(user, device));
        }
        sqlx::query("DELETE FROM devices WHERE id = $1")
            .bind(device.key())
            .execute(&mut *tx)
            .await?;
        insert_notice(&mut tx, user, NoticeKind::RefreshReused, now).await?;
        tx.commit().await?;
        Ok(Rotation::Reused(user, device))
    }
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
