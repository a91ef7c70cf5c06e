//! Groups and invitations to them.

use async_trait::async_trait;
use bellwire_protocol::{
    ContactState, ConversationId, ConversationKind, DisplayName, GroupInvitation, UserId,
};

use super::people::{Tx, has_blocked, state_of};
use super::{Key, SqliteStore, damaged, from_ms, ms, person, word};
use crate::store::groups::{MOST_JOINED, MOST_MADE, MOST_MEMBERS, MOST_OPEN};
use crate::store::{GroupChange, GroupNews, Groups, StoreError};

/// `conversation, name, id, username, display_name, members, created_at`.
type InvitationRow = (Vec<u8>, String, Vec<u8>, String, String, i64, i64);

fn invitation(row: InvitationRow) -> Result<GroupInvitation, StoreError> {
    let (conversation, name, id, username, display_name, members, created_at) = row;
    Ok(GroupInvitation {
        conversation: ConversationId::from_key(&conversation)?,
        name: DisplayName::new(name).map_err(|_| damaged("a name"))?,
        from: person((id, username, display_name))?,
        members: u32::try_from(members).unwrap_or(u32::MAX),
        created_at: from_ms(created_at),
    })
}

/// A group as one of its members finds it.
struct Place {
    members: Vec<UserId>,
}

impl Place {
    /// `None`: there is no such group of this user.
    async fn of(tx: &mut Tx, user: UserId, id: ConversationId) -> Result<Option<Self>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(
            "SELECT m.user FROM members m JOIN conversations c ON c.id = m.conversation
             WHERE m.conversation = $1 AND c.first IS NULL ORDER BY m.place, m.user",
        )
        .bind(id.key())
        .fetch_all(&mut **tx)
        .await?;
        let members = keys(rows)?;
        Ok(members.contains(&user).then_some(Self { members }))
    }

    /// Whoever has been in it longest.
    fn is_owned_by(&self, user: UserId) -> bool {
        self.members.first() == Some(&user)
    }
}

fn keys(rows: Vec<(Vec<u8>,)>) -> Result<Vec<UserId>, StoreError> {
    rows.into_iter().map(|(key,)| UserId::from_key(&key)).collect()
}

async fn count<const N: usize>(
    tx: &mut Tx,
    sql: &'static str,
    keys: [Vec<u8>; N],
) -> Result<usize, StoreError> {
    let mut query = sqlx::query_as(sql);
    for key in keys {
        query = query.bind(key);
    }
    let (count,): (i64,) = query.fetch_one(&mut **tx).await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Members, and people who are invited and may become some.
async fn taken(tx: &mut Tx, id: ConversationId) -> Result<usize, StoreError> {
    let sql = "SELECT count(*) FROM (SELECT user FROM members WHERE conversation = $1
                                     UNION SELECT user FROM group_invitations
                                     WHERE conversation = $1)";
    count(tx, sql, [id.key()]).await
}

/// Why this person cannot be invited by that member, if so. A block by the invited person is none:
/// the invitation waits where they do not see it.
async fn obstacle(
    tx: &mut Tx,
    user: UserId,
    other: UserId,
) -> Result<Option<GroupChange>, StoreError> {
    let state = state_of(tx, user, other).await?;
    if state != Some(ContactState::Accepted) || has_blocked(tx, user, other).await? {
        return Ok(Some(GroupChange::NoContact));
    }
    let sql = "SELECT count(*) FROM group_invitations WHERE inviter = $1 AND user = $2";
    let open = count(tx, sql, [user.key(), other.key()]).await?;
    Ok((open >= MOST_OPEN).then_some(GroupChange::Full))
}

async fn put_invitation(
    tx: &mut Tx,
    id: ConversationId,
    inviter: UserId,
    user: UserId,
    now: u64,
) -> Result<bool, StoreError> {
    let put =
        sqlx::query("INSERT INTO group_invitations VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
            .bind(id.key())
            .bind(user.key())
            .bind(inviter.key())
            .bind(ms(now))
            .execute(&mut **tx)
            .await?;
    Ok(put.rows_affected() == 1)
}

/// Who invited this user to the group; all of it is gone.
async fn take_invitations(
    tx: &mut Tx,
    id: ConversationId,
    user: UserId,
) -> Result<Vec<UserId>, StoreError> {
    let rows = sqlx::query_as(
        "DELETE FROM group_invitations WHERE conversation = $1 AND user = $2 RETURNING inviter",
    )
    .bind(id.key())
    .bind(user.key())
    .fetch_all(&mut **tx)
    .await?;
    keys(rows)
}

/// Whether the user sees an invitation: one from somebody whom they did not block.
async fn is_invited(tx: &mut Tx, id: ConversationId, user: UserId) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM group_invitations i WHERE i.conversation = $1 AND i.user = $2
               AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.user = $2 AND b.other = i.inviter)";
    Ok(count(tx, sql, [id.key(), user.key()]).await? > 0)
}

/// Takes a member out, with the invitations that the member made. The last one takes the group
/// along. Says whom it concerns beside the member.
async fn part(
    tx: &mut Tx,
    id: ConversationId,
    place: Place,
    member: UserId,
) -> Result<GroupNews, StoreError> {
    sqlx::query("DELETE FROM members WHERE conversation = $1 AND user = $2")
        .bind(id.key())
        .bind(member.key())
        .execute(&mut **tx)
        .await?;
    let uninvited = sqlx::query_as(
        "DELETE FROM group_invitations WHERE conversation = $1 AND inviter = $2 RETURNING user",
    )
    .bind(id.key())
    .bind(member.key())
    .fetch_all(&mut **tx)
    .await?;
    let mut news = GroupNews::default();
    for user in keys(uninvited)? {
        // Somebody else's invitation may be left.
        if is_invited(tx, id, user).await? {
            news.invited.push(user);
        } else {
            news.gone.push(user);
        }
    }
    news.changed = place.members.into_iter().filter(|other| *other != member).collect();
    if news.changed.is_empty() {
        sqlx::query("DELETE FROM conversations WHERE id = $1")
            .bind(id.key())
            .execute(&mut **tx)
            .await?;
    }
    Ok(news)
}

/// Leaves every group, for an account that goes.
pub(super) async fn leave_all(
    tx: &mut Tx,
    user: UserId,
) -> Result<Vec<(ConversationId, GroupNews)>, StoreError> {
    let rows: Vec<(Vec<u8>,)> = sqlx::query_as(
        "SELECT m.conversation FROM members m JOIN conversations c ON c.id = m.conversation
         WHERE m.user = $1 AND c.first IS NULL",
    )
    .bind(user.key())
    .fetch_all(&mut **tx)
    .await?;
    let mut left = Vec::new();
    for (key,) in rows {
        let id = ConversationId::from_key(&key)?;
        if let Some(place) = Place::of(tx, user, id).await? {
            left.push((id, part(tx, id, place, user).await?));
        }
    }
    let rows: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "DELETE FROM group_invitations WHERE user = $1 RETURNING conversation, inviter",
    )
    .bind(user.key())
    .fetch_all(&mut **tx)
    .await?;
    for (id, inviter) in rows {
        let changed = vec![UserId::from_key(&inviter)?];
        let news = GroupNews { changed, ..GroupNews::default() };
        left.push((ConversationId::from_key(&id)?, news));
    }
    Ok(left)
}

/// Takes back what lies open between two people who are no contacts any more, in the direction
/// from `inviter` to `user`.
pub(super) async fn uninvite(
    tx: &mut Tx,
    inviter: UserId,
    user: UserId,
) -> Result<Vec<(ConversationId, GroupNews)>, StoreError> {
    let rows: Vec<(Vec<u8>,)> = sqlx::query_as(
        "DELETE FROM group_invitations WHERE inviter = $1 AND user = $2 RETURNING conversation",
    )
    .bind(inviter.key())
    .bind(user.key())
    .fetch_all(&mut **tx)
    .await?;
    let mut all = Vec::new();
    for (key,) in rows {
        let id = ConversationId::from_key(&key)?;
        all.push((id, uninvited(tx, id, inviter, user).await?));
    }
    Ok(all)
}

/// What is to be said after an invitation was taken back. For somebody who blocked the inviter it
/// was never there.
async fn uninvited(
    tx: &mut Tx,
    id: ConversationId,
    inviter: UserId,
    user: UserId,
) -> Result<GroupNews, StoreError> {
    let mut news = GroupNews { changed: vec![inviter], ..GroupNews::default() };
    if is_invited(tx, id, user).await? {
        news.invited.push(user);
    } else if !has_blocked(tx, user, inviter).await? {
        news.gone.push(user);
    }
    Ok(news)
}

/// Invitations from `inviter` to `user`, after a block by `user` began or ended.
pub(super) async fn reveal(
    tx: &mut Tx,
    inviter: UserId,
    user: UserId,
) -> Result<Vec<(ConversationId, GroupNews)>, StoreError> {
    let rows: Vec<(Vec<u8>,)> = sqlx::query_as(
        "SELECT conversation FROM group_invitations WHERE inviter = $1 AND user = $2",
    )
    .bind(inviter.key())
    .bind(user.key())
    .fetch_all(&mut **tx)
    .await?;
    let mut all = Vec::new();
    for (key,) in rows {
        let id = ConversationId::from_key(&key)?;
        let mut news = GroupNews::default();
        if is_invited(tx, id, user).await? {
            news.invited.push(user);
        } else {
            news.gone.push(user);
        }
        all.push((id, news));
    }
    Ok(all)
}

#[async_trait]
impl Groups for SqliteStore {
    async fn create_group(
        &self,
        user: UserId,
        id: ConversationId,
        name: &DisplayName,
        invited: &[UserId],
        now: u64,
    ) -> Result<GroupChange, StoreError> {
        let mut tx = self.write().await?;
        let sql = "SELECT count(*) FROM members m JOIN conversations c ON c.id = m.conversation
                   WHERE m.user = $1 AND c.maker = $1";
        let made = count(&mut tx, sql, [user.key()]).await?;
        if made >= MOST_MADE || joined(&mut tx, user).await? >= MOST_JOINED {
            return Ok(GroupChange::Full);
        }
        for other in invited {
            if let Some(obstacle) = obstacle(&mut tx, user, *other).await? {
                return Ok(obstacle);
            }
        }
        sqlx::query(
            "INSERT INTO conversations (id, kind, name, created_at, maker)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id.key())
        .bind(word(ConversationKind::Group)?)
        .bind(name.as_str())
        .bind(ms(now))
        .bind(user.key())
        .execute(&mut *tx)
        .await?;
        put_member(&mut tx, id, user).await?;
        let mut news = GroupNews { changed: vec![user], ..GroupNews::default() };
        for other in invited {
            if put_invitation(&mut tx, id, user, *other, now).await?
                && !has_blocked(&mut tx, *other, user).await?
            {
                news.invited.push(*other);
            }
        }
        if taken(&mut tx, id).await? > MOST_MEMBERS {
            return Ok(GroupChange::Full);
        }
        tx.commit().await?;
        Ok(GroupChange::Done(news))
    }

    async fn invitations(&self, user: UserId) -> Result<Vec<GroupInvitation>, StoreError> {
        invitations_of(self, user, None).await
    }

    async fn invitation(
        &self,
        user: UserId,
        id: ConversationId,
    ) -> Result<Option<GroupInvitation>, StoreError> {
        Ok(invitations_of(self, user, Some(id)).await?.into_iter().next())
    }

    async fn invite(
        &self,
        user: UserId,
        id: ConversationId,
        other: UserId,
        now: u64,
    ) -> Result<GroupChange, StoreError> {
        let mut tx = self.write().await?;
        let Some(place) = Place::of(&mut tx, user, id).await? else {
            return Ok(GroupChange::NotFound);
        };
        if place.members.contains(&other) {
            return Ok(GroupChange::Same);
        }
        let sql = "SELECT count(*) FROM group_invitations
                   WHERE conversation = $1 AND user = $2 AND inviter = $3";
        if count(&mut tx, sql, [id.key(), other.key(), user.key()]).await? > 0 {
            return Ok(GroupChange::Same);
        }
        if let Some(obstacle) = obstacle(&mut tx, user, other).await? {
            return Ok(obstacle);
        }
        let seen = is_invited(&mut tx, id, other).await?;
        put_invitation(&mut tx, id, user, other, now).await?;
        if taken(&mut tx, id).await? > MOST_MEMBERS {
            return Ok(GroupChange::Full);
        }
        let mut news = GroupNews { changed: vec![user], ..GroupNews::default() };
        if !seen && !has_blocked(&mut tx, other, user).await? {
            news.invited.push(other);
        }
        tx.commit().await?;
        Ok(GroupChange::Done(news))
    }

    async fn withdraw(
        &self,
        user: UserId,
        id: ConversationId,
        other: UserId,
    ) -> Result<GroupChange, StoreError> {
        let mut tx = self.write().await?;
        let withdrawn = sqlx::query(
            "DELETE FROM group_invitations WHERE conversation = $1 AND user = $2 AND inviter = $3",
        )
        .bind(id.key())
        .bind(other.key())
        .bind(user.key())
        .execute(&mut *tx)
        .await?;
        if withdrawn.rows_affected() == 0 {
            return Ok(GroupChange::NotFound);
        }
        let news = uninvited(&mut tx, id, user, other).await?;
        tx.commit().await?;
        Ok(GroupChange::Done(news))
    }

    async fn accept_group(
        &self,
        user: UserId,
        id: ConversationId,
    ) -> Result<GroupChange, StoreError> {
        let mut tx = self.write().await?;
        if Place::of(&mut tx, user, id).await?.is_some() {
            return Ok(GroupChange::Same);
        }
        if !is_invited(&mut tx, id, user).await? {
            return Ok(GroupChange::NotFound);
        }
        if joined(&mut tx, user).await? >= MOST_JOINED {
            return Ok(GroupChange::Full);
        }
        take_invitations(&mut tx, id, user).await?;
        put_member(&mut tx, id, user).await?;
        let place = Place::of(&mut tx, user, id).await?.ok_or_else(|| damaged("a group"))?;
        tx.commit().await?;
        let changed = place.members;
        Ok(GroupChange::Done(GroupNews { changed, ..GroupNews::default() }))
    }

    async fn decline_group(
        &self,
        user: UserId,
        id: ConversationId,
    ) -> Result<GroupChange, StoreError> {
        let mut tx = self.write().await?;
        if !is_invited(&mut tx, id, user).await? {
            return Ok(GroupChange::NotFound);
        }
        let changed = take_invitations(&mut tx, id, user).await?;
        tx.commit().await?;
        let gone = vec![user];
        Ok(GroupChange::Done(GroupNews { changed, gone, ..GroupNews::default() }))
    }

    async fn remove_member(
        &self,
        user: UserId,
        id: ConversationId,
        member: UserId,
    ) -> Result<GroupChange, StoreError> {
        let mut tx = self.write().await?;
        let Some(place) = Place::of(&mut tx, user, id).await? else {
            return Ok(GroupChange::NotFound);
        };
        if user != member && !place.is_owned_by(user) {
            return Ok(GroupChange::Forbidden);
        }
        if !place.members.contains(&member) {
            return Ok(GroupChange::NotFound);
        }
        let mut news = part(&mut tx, id, place, member).await?;
        tx.commit().await?;
        news.gone.push(member);
        Ok(GroupChange::Done(news))
    }

    async fn rename_group(
        &self,
        user: UserId,
        id: ConversationId,
        name: &DisplayName,
    ) -> Result<GroupChange, StoreError> {
        let mut tx = self.write().await?;
        let Some(place) = Place::of(&mut tx, user, id).await? else {
            return Ok(GroupChange::NotFound);
        };
        if !place.is_owned_by(user) {
            return Ok(GroupChange::Forbidden);
        }
        let renamed =
            sqlx::query("UPDATE conversations SET name = $2 WHERE id = $1 AND name <> $2")
                .bind(id.key())
                .bind(name.as_str())
                .execute(&mut *tx)
                .await?;
        if renamed.rows_affected() == 0 {
            return Ok(GroupChange::Same);
        }
        let rows = sqlx::query_as(
            "SELECT DISTINCT i.user FROM group_invitations i WHERE i.conversation = $1
             AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.user = i.user AND b.other = i.inviter)",
        )
        .bind(id.key())
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let (changed, invited) = (place.members, keys(rows)?);
        Ok(GroupChange::Done(GroupNews { changed, invited, gone: Vec::new() }))
    }
}

async fn joined(tx: &mut Tx, user: UserId) -> Result<usize, StoreError> {
    let sql = "SELECT count(*) FROM members m JOIN conversations c ON c.id = m.conversation
               WHERE m.user = $1 AND c.first IS NULL";
    count(tx, sql, [user.key()]).await
}

/// Behind everybody who is in it.
async fn put_member(tx: &mut Tx, id: ConversationId, user: UserId) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO members (conversation, user, place)
         SELECT $1, $2, 1 + coalesce(max(place), 0) FROM members WHERE conversation = $1",
    )
    .bind(id.key())
    .bind(user.key())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn invitations_of(
    store: &SqliteStore,
    user: UserId,
    id: Option<ConversationId>,
) -> Result<Vec<GroupInvitation>, StoreError> {
    // With min(), SQLite takes the bare columns from the row that holds the minimum.
    let rows: Vec<InvitationRow> = sqlx::query_as(
        "SELECT i.conversation, c.name, u.id, u.username, u.display_name,
                (SELECT count(*) FROM members m WHERE m.conversation = i.conversation) AS members,
                min(i.created_at) AS created_at
         FROM group_invitations i
         JOIN conversations c ON c.id = i.conversation
         JOIN users u ON u.id = i.inviter
         WHERE i.user = $1 AND ($2 IS NULL OR i.conversation = $2)
         AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.user = $1 AND b.other = i.inviter)
         GROUP BY i.conversation ORDER BY created_at, i.conversation",
    )
    .bind(user.key())
    .bind(id.map(|id| id.key()))
    .fetch_all(&store.readers)
    .await?;
    rows.into_iter().map(invitation).collect()
}
