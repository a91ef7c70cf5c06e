//! Accounts, invitations, notices.

use async_trait::async_trait;
use bellwire_protocol::http::Registration;
use bellwire_protocol::{
    CallableBy, ConversationId, DisplayName, NoticeKind, SecurityNotice, UserId, Username,
};
use sqlx::{Sqlite, Transaction};

use super::{
    Key, SqliteStore, damaged, departures, from_ms, from_word, history, is_unique_violation, ms,
    person, word,
};
use crate::store::{
    Account, Accounts, Admission, CreateAccountError, Departed, Departure, NewAccount, StoreError,
    StoredInvite, StoredNotice, TokenHash,
};

type AccountRow = (Vec<u8>, String, String, String, String, bool);

fn account(row: AccountRow) -> Result<Account, StoreError> {
    let (user, username, display_name, password_hash, callable_by, administrator) = row;
    Ok(Account {
        person: person((user, username, display_name))?,
        password_hash,
        callable_by: from_word(callable_by)?,
        administrator,
    })
}

/// Spends the invitation if there is a good one.
async fn spend_invite(
    tx: &mut Transaction<'static, Sqlite>,
    code: Option<TokenHash>,
    now: u64,
) -> Result<bool, StoreError> {
    let Some(code) = code else { return Ok(false) };
    let spent =
        sqlx::query("UPDATE invites SET used = 1 WHERE code = $1 AND used = 0 AND expires_at > $2")
            .bind(code.to_vec())
            .bind(ms(now))
            .execute(&mut **tx)
            .await?;
    Ok(spent.rows_affected() == 1)
}

/// Whether the account is let in, and as an administrator.
async fn admit(
    tx: &mut Transaction<'static, Sqlite>,
    admission: Admission,
    now: u64,
) -> Result<bool, CreateAccountError> {
    let (policy, invite) = match admission {
        Admission::Operator { administrator } => return Ok(administrator),
        Admission::Registering { policy, invite } => (policy, invite),
    };
    let (accounts,): (i64,) = sqlx::query_as("SELECT count(*) FROM users")
        .fetch_one(&mut **tx)
        .await
        .map_err(StoreError::from)?;
    if accounts == 0 {
        return Ok(true);
    }
    match policy {
        Registration::Open => Ok(false),
        Registration::Invite if spend_invite(tx, invite, now).await? => Ok(false),
        Registration::Invite => Err(CreateAccountError::InviteRequired),
        Registration::Closed => Err(CreateAccountError::Closed),
    }
}

#[async_trait]
impl Accounts for SqliteStore {
    async fn admits(
        &self,
        name: &Username,
        admission: &Admission,
        now: u64,
    ) -> Result<(), CreateAccountError> {
        let invite = match admission {
            Admission::Operator { .. } => None,
            Admission::Registering { invite, .. } => *invite,
        };
        let (anybody, taken, invited): (bool, bool, bool) = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM users),
                    EXISTS (SELECT 1 FROM users WHERE username = $1),
                    EXISTS (SELECT 1 FROM invites
                            WHERE code = $2 AND used = 0 AND expires_at > $3)",
        )
        .bind(name.as_str())
        .bind(invite.map(|code| code.to_vec()))
        .bind(ms(now))
        .fetch_one(&self.readers)
        .await
        .map_err(StoreError::from)?;
        let policy = match admission {
            Admission::Registering { policy, .. } if anybody => *policy,
            Admission::Registering { .. } | Admission::Operator { .. } => Registration::Open,
        };
        match policy {
            Registration::Closed => Err(CreateAccountError::Closed),
            Registration::Invite if !invited => Err(CreateAccountError::InviteRequired),
            Registration::Open | Registration::Invite if taken => Err(CreateAccountError::Taken),
            Registration::Open | Registration::Invite => Ok(()),
        }
    }

    async fn create_account(&self, new: NewAccount) -> Result<bool, CreateAccountError> {
        let mut tx = self.write().await?;
        let administrator = admit(&mut tx, new.admission, new.created_at).await?;
        let inserted = sqlx::query("INSERT INTO users VALUES ($1, $2, $3, $4, $5, $6, $7)")
            .bind(new.person.user.key())
            .bind(new.person.username.as_str())
            .bind(new.person.display_name.as_str())
            .bind(new.password_hash)
            .bind(word(CallableBy::Contacts)?)
            .bind(administrator)
            .bind(ms(new.created_at))
            .execute(&mut *tx)
            .await;
        match inserted {
            Ok(_) => {}
            Err(error) if is_unique_violation(&error) => return Err(CreateAccountError::Taken),
            Err(error) => return Err(StoreError::from(error).into()),
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(administrator)
    }

    async fn account_by_name(&self, name: &Username) -> Result<Option<Account>, StoreError> {
        let row: Option<AccountRow> = sqlx::query_as(
            "SELECT id, username, display_name, password_hash, callable_by, administrator
             FROM users WHERE username = $1",
        )
        .bind(name.as_str())
        .fetch_optional(&self.readers)
        .await?;
        row.map(account).transpose()
    }

    async fn account(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        let row: Option<AccountRow> = sqlx::query_as(
            "SELECT id, username, display_name, password_hash, callable_by, administrator
             FROM users WHERE id = $1",
        )
        .bind(user.key())
        .fetch_optional(&self.readers)
        .await?;
        row.map(account).transpose()
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let rows: Vec<AccountRow> = sqlx::query_as(
            "SELECT id, username, display_name, password_hash, callable_by, administrator
             FROM users ORDER BY username",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(account).collect()
    }

    async fn patch_account(
        &self,
        user: UserId,
        display_name: Option<&DisplayName>,
        callable_by: Option<CallableBy>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE users SET display_name = coalesce($2, display_name),
                              callable_by = coalesce($3, callable_by) WHERE id = $1",
        )
        .bind(user.key())
        .bind(display_name.map(DisplayName::as_str))
        .bind(callable_by.map(word).transpose()?)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    async fn set_password_hash(&self, user: UserId, hash: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE users SET password_hash = $2 WHERE id = $1")
            .bind(user.key())
            .bind(hash)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn remove_account(&self, user: UserId) -> Result<Departed, StoreError> {
        let mut tx = self.write().await?;
        let devices: Vec<(Vec<u8>,)> = sqlx::query_as("SELECT id FROM devices WHERE user = $1")
            .bind(user.key())
            .fetch_all(&mut *tx)
            .await?;
        let contacts: Vec<(Vec<u8>,)> =
            sqlx::query_as("SELECT user FROM contacts WHERE other = $1")
                .bind(user.key())
                .fetch_all(&mut *tx)
                .await?;
        let direct: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
            "SELECT c.id, m.user FROM conversations c
             JOIN members m ON m.conversation = c.id AND m.user <> $1
             WHERE c.first = $1 OR c.second = $1",
        )
        .bind(user.key())
        .fetch_all(&mut *tx)
        .await?;
        history::forget_history_of(&mut tx, user).await?;
        sqlx::query("DELETE FROM users WHERE id = $1").bind(user.key()).execute(&mut *tx).await?;
        sqlx::query(
            "DELETE FROM conversations
             WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.conversation = conversations.id)",
        )
        .execute(&mut *tx)
        .await?;
        let departed = Departed {
            devices: keys(devices)?,
            contacts: keys(contacts)?,
            conversations: direct
                .into_iter()
                .map(|(id, other)| Ok((ConversationId::from_key(&id)?, UserId::from_key(&other)?)))
                .collect::<Result<_, StoreError>>()?,
        };
        departures::add(&mut tx, user, &departed).await?;
        tx.commit().await?;
        Ok(departed)
    }

    async fn departures(&self, after: i64) -> Result<Vec<Departure>, StoreError> {
        departures::after(self, after).await
    }

    async fn forget_departures(&self, up_to: i64) -> Result<(), StoreError> {
        departures::forget(self, up_to).await
    }

    async fn add_invite(&self, invite: StoredInvite) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO invites VALUES ($1, $2, $3, $4)")
            .bind(invite.id.to_vec())
            .bind(invite.code.to_vec())
            .bind(ms(invite.expires_at))
            .bind(invite.used)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn invites(&self) -> Result<Vec<StoredInvite>, StoreError> {
        let rows: Vec<(Vec<u8>, Vec<u8>, i64, bool)> =
            sqlx::query_as("SELECT id, code, expires_at, used FROM invites ORDER BY id DESC")
                .fetch_all(&self.readers)
                .await?;
        rows.into_iter()
            .map(|(id, code, expires_at, used)| {
                Ok(StoredInvite {
                    id: id.try_into().map_err(|_| damaged("an invitation"))?,
                    code: code.try_into().map_err(|_| damaged("an invitation"))?,
                    expires_at: from_ms(expires_at),
                    used,
                })
            })
            .collect()
    }

    async fn remove_invite(&self, id: [u8; 16]) -> Result<bool, StoreError> {
        let removed = sqlx::query("DELETE FROM invites WHERE id = $1")
            .bind(id.to_vec())
            .execute(&self.writer)
            .await?;
        Ok(removed.rows_affected() == 1)
    }

    async fn add_notice(&self, user: UserId, kind: NoticeKind, at: u64) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        insert_notice(&mut tx, user, kind, at).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn notices(&self, user: UserId) -> Result<Vec<StoredNotice>, StoreError> {
        let rows: Vec<(i64, String, i64)> =
            sqlx::query_as("SELECT key, kind, at FROM notices WHERE user = $1 ORDER BY key")
                .bind(user.key())
                .fetch_all(&self.readers)
                .await?;
        rows.into_iter()
            .map(|(key, kind, at)| {
                let notice = SecurityNotice { kind: from_word(kind)?, at: from_ms(at) };
                Ok(StoredNotice { key, notice })
            })
            .collect()
    }

    async fn remove_notices(&self, user: UserId, up_to: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM notices WHERE user = $1 AND key <= $2")
            .bind(user.key())
            .bind(up_to)
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

pub(super) async fn insert_notice(
    tx: &mut Transaction<'static, Sqlite>,
    user: UserId,
    kind: NoticeKind,
    at: u64,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO notices (user, kind, at) VALUES ($1, $2, $3)")
        .bind(user.key())
        .bind(word(kind)?)
        .bind(ms(at))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub(super) fn keys<K: Key>(rows: Vec<(Vec<u8>,)>) -> Result<Vec<K>, StoreError> {
    rows.into_iter().map(|(key,)| K::from_key(&key)).collect()
}
