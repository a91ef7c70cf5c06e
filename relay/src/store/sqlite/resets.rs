//! Codes with which people set a new password.

use async_trait::async_trait;
use bellwire_protocol::{DeviceId, Person, UserId};
use sqlx::{Sqlite, Transaction};

use super::accounts::insert_notice;
use super::sign_ins::{Which, end, insert_device, set_password};
use super::{Key, PersonRow, SqliteStore, ms, person};
use crate::store::{EndedBy, NewDevice, Redemption, Resets, StoreError, TokenHash};

#[async_trait]
impl Resets for SqliteStore {
    async fn put_reset(&self, user: UserId, code: TokenHash, now: u64) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let put = sqlx::query(
            "INSERT OR REPLACE INTO resets (user, code, made_at)
                 SELECT id, $2, $3 FROM users WHERE id = $1",
        )
        .bind(user.key())
        .bind(code.to_vec())
        .bind(ms(now))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(put.rows_affected() == 1)
    }

    async fn reset_of(
        &self,
        code: TokenHash,
        made_since: u64,
    ) -> Result<Option<Person>, StoreError> {
        let row: Option<PersonRow> = sqlx::query_as(
            "SELECT u.id, u.username, u.display_name FROM resets r JOIN users u ON u.id = r.user
             WHERE r.code = $1 AND r.made_at >= $2",
        )
        .bind(code.to_vec())
        .bind(ms(made_since))
        .fetch_optional(&self.readers)
        .await?;
        row.map(person).transpose()
    }

    async fn redeem_reset(
        &self,
        redemption: Redemption,
    ) -> Result<Option<Vec<DeviceId>>, StoreError> {
        let Redemption { code, made_since, password_hash, device, notice } = redemption;
        let NewDevice { user, created_at: now, .. } = device;
        let mut tx = self.write().await?;
        let good: Option<(i64,)> =
            sqlx::query_as("SELECT 1 FROM resets WHERE user = $1 AND code = $2 AND made_at >= $3")
                .bind(user.key())
                .bind(code.to_vec())
                .bind(ms(made_since))
                .fetch_optional(&mut *tx)
                .await?;
        if good.is_none() || !set_password(&mut tx, user, &password_hash).await? {
            return Ok(None);
        }
        // Whoever has a code is not known to be the owner: what other devices keep stays sealed.
        let ended = end(&mut tx, user, Which::All, EndedBy::Other, now).await?;
        insert_device(&mut tx, device).await?;
        insert_notice(&mut tx, user, notice, now).await?;
        tx.commit().await?;
        Ok(Some(ended))
    }

    async fn prune_resets(&self, made_before: u64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM resets WHERE made_at < $1")
            .bind(ms(made_before))
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

/// The password is another one: a code for a new one is good no more.
pub(super) async fn forget(
    tx: &mut Transaction<'static, Sqlite>,
    user: UserId,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM resets WHERE user = $1").bind(user.key()).execute(&mut **tx).await?;
    Ok(())
}
