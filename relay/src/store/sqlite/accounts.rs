//! Accounts, invitations, notices.

use async_trait::async_trait;
use bellwire_protocol::http::Registration;
use bellwire_protocol::{
    CallableBy, ConversationId, DeviceId, DisplayName, NoticeKind, SecurityNotice, UserId, Username,
};
use sqlx::{Sqlite, Transaction};

use super::sign_ins::{Which, end, has_device, has_password, insert_device, set_password};
use super::{
    Key, SqliteStore, damaged, departures, from_ms, from_word, groups, history,
    is_unique_violation, ms, person, word,
};
use crate::store::{
    Account, Accounts, Admission, CreateAccountError, Departed, Departure, EndedBy, NewAccount,
    NewPassword, StoreError, StoredInvite, StoredNotice, TokenHash,
};

/// Notices kept for a person who does not come to hear them. More would be a longer list of the
/// same few sentences.
const NOTICES: u32 = 16;

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

/// What a user name looks like: two that look the same have the same skeleton (UTS 39, section 4), in
/// lower case because user names are. The expression of the index gives the same for every user
/// name.
pub(super) fn skeleton(name: &Username) -> String {
    unicode_security::skeleton(name.as_str()).flat_map(char::to_lowercase).collect()
}

/// Whether somebody else has a name that looks like this one.
async fn looks_taken(
    tx: &mut Transaction<'static, Sqlite>,
    name: &Username,
) -> Result<bool, StoreError> {
    let row: Option<(i64,)> = sqlx::query_as(
        "SELECT 1 FROM users
         WHERE replace(replace(replace(username, 'm', 'rn'), '0', 'o'), '1', 'l') = $1
           AND username <> $2",
    )
    .bind(skeleton(name))
    .bind(name.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.is_some())
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
    let (policy, may_be_first, invite) = match admission {
        Admission::Operator { administrator } => return Ok(administrator),
        Admission::Registering { policy, may_be_first, invite } => (policy, may_be_first, invite),
    };
    let (accounts,): (i64,) = sqlx::query_as("SELECT count(*) FROM users")
        .fetch_one(&mut **tx)
        .await
        .map_err(StoreError::from)?;
    if accounts == 0 {
        return if may_be_first { Ok(true) } else { Err(CreateAccountError::SetupCodeRequired) };
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
            Admission::Registering { may_be_first: false, .. } => {
                return Err(CreateAccountError::SetupCodeRequired);
            }
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
        if looks_taken(&mut tx, &new.person.username).await? {
            return Err(CreateAccountError::Similar);
        }
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
        if let Some(device) = new.device {
            insert_device(&mut tx, device).await?;
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

    async fn has_accounts(&self) -> Result<bool, StoreError> {
        let (any,): (bool,) =
            sqlx::query_as("SELECT EXISTS (SELECT 1 FROM users)").fetch_one(&self.readers).await?;
        Ok(any)
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

    async fn replace_password(
        &self,
        user: UserId,
        new: NewPassword,
    ) -> Result<Option<Vec<DeviceId>>, StoreError> {
        let NewPassword { hash, asked, by, notice, at } = new;
        let mut tx = self.write().await?;
        let mut which = Which::All;
        if let Some((checked, asking)) = asked {
            let good = has_password(&mut tx, user, &checked).await?
                && has_device(&mut *tx, user, asking).await?;
            if !good {
                return Ok(None);
            }
            which = Which::AllBut(asking);
        }
        if !set_password(&mut tx, user, &hash).await? {
            return Ok(None);
        }
        let ended = end(&mut tx, user, which, by, at).await?;
        if let Some(kind) = notice {
            insert_notice(&mut tx, user, kind, at).await?;
        }
        tx.commit().await?;
        Ok(Some(ended))
    }

    async fn close_account(
        &self,
        user: UserId,
        checked: &str,
        now: u64,
    ) -> Result<Option<Departed>, StoreError> {
        let mut tx = self.write().await?;
        if !has_password(&mut tx, user, checked).await? {
            return Ok(None);
        }
        Ok(Some(remove(tx, user, EndedBy::Owner, now).await?))
    }

    async fn remove_account(&self, user: UserId) -> Result<Departed, StoreError> {
        remove(self.write().await?, user, EndedBy::Other, 0).await
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

    async fn prune_invites(&self, expired_before: u64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM invites WHERE expires_at < $1")
            .bind(ms(expired_before))
            .execute(&self.writer)
            .await?;
        Ok(())
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

/// Removes the account in a transaction that was begun, and commits it.
async fn remove(
    mut tx: Transaction<'static, Sqlite>,
    user: UserId,
    by: EndedBy,
    now: u64,
) -> Result<Departed, StoreError> {
    let devices = end(&mut tx, user, Which::All, by, now).await?;
    let contacts: Vec<(Vec<u8>,)> = sqlx::query_as(
        "SELECT user FROM contacts WHERE other = $1
         UNION SELECT user FROM blocks WHERE other = $1",
    )
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
    let groups = groups::leave_all(&mut tx, user).await?;
    sqlx::query("DELETE FROM users WHERE id = $1").bind(user.key()).execute(&mut *tx).await?;
    sqlx::query(
        "DELETE FROM conversations
         WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.conversation = conversations.id)",
    )
    .execute(&mut *tx)
    .await?;
    let departed = Departed {
        devices,
        by,
        contacts: keys(contacts)?,
        conversations: direct
            .into_iter()
            .map(|(id, other)| Ok((ConversationId::from_key(&id)?, UserId::from_key(&other)?)))
            .collect::<Result<_, StoreError>>()?,
        groups,
    };
    departures::add(&mut tx, user, &departed).await?;
    tx.commit().await?;
    Ok(departed)
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
    sqlx::query(
        "DELETE FROM notices WHERE user = $1 AND key NOT IN
             (SELECT key FROM notices WHERE user = $1 ORDER BY key DESC LIMIT $2)",
    )
    .bind(user.key())
    .bind(NOTICES)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) fn keys<K: Key>(rows: Vec<(Vec<u8>,)>) -> Result<Vec<K>, StoreError> {
    rows.into_iter().map(|(key,)| K::from_key(&key)).collect()
}
