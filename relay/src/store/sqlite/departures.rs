//! Removed accounts of which nobody was told yet.
//!
//! A row is written with the removal itself, by whichever process removes the account, and stays
//! until the relay told everybody: neither a cut connection nor a crash between the two loses it.

use bellwire_protocol::UserId;
use sqlx::{Sqlite, Transaction};

use super::{Key, SqliteStore, damaged};
use crate::store::{Departed, Departure, StoreError};

/// Read at once; the next ones come when these are told.
const PAGE: i64 = 64;

pub(super) async fn add(
    tx: &mut Transaction<'static, Sqlite>,
    user: UserId,
    departed: &Departed,
) -> Result<(), StoreError> {
    let departed = serde_json::to_string(departed).map_err(|_| damaged("a departure"))?;
    sqlx::query("INSERT INTO departures (user, departed) VALUES ($1, $2)")
        .bind(user.key())
        .bind(departed)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub(super) async fn after(store: &SqliteStore, key: i64) -> Result<Vec<Departure>, StoreError> {
    let rows: Vec<(i64, Vec<u8>, String)> = sqlx::query_as(
        "SELECT key, user, departed FROM departures WHERE key > $1 ORDER BY key LIMIT $2",
    )
    .bind(key)
    .bind(PAGE)
    .fetch_all(&store.readers)
    .await?;
    let departure = |(key, user, departed): (i64, Vec<u8>, String)| {
        let user = UserId::from_key(&user)?;
        let departed = serde_json::from_str(&departed).map_err(|_| damaged("a departure"))?;
        Ok(Departure { key, user, departed })
    };
    rows.into_iter().map(departure).collect()
}

pub(super) async fn forget(store: &SqliteStore, up_to: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM departures WHERE key <= $1")
        .bind(up_to)
        .execute(&store.writer)
        .await?;
    Ok(())
}
