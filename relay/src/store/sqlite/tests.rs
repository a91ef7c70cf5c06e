#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use sqlx::sqlite::SqlitePool;

use super::{SqliteOptions, SqliteStore};

async fn pragma<T>(pool: &SqlitePool, sql: &'static str) -> T
where
    T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + Send + Unpin,
{
    let (value,): (T,) = sqlx::query_as(sql).fetch_one(pool).await.unwrap();
    value
}

/// A killed process cannot show the difference, a power cut would.
#[tokio::test]
async fn the_connections_keep_their_promises_to_the_disk() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("relay.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    for pool in [&store.writer, &store.readers] {
        assert_eq!(pragma::<String>(pool, "PRAGMA journal_mode").await, "wal");
        assert_eq!(pragma::<i64>(pool, "PRAGMA synchronous").await, 2, "FULL");
        assert_eq!(pragma::<i64>(pool, "PRAGMA foreign_keys").await, 1);
        assert_eq!(pragma::<i64>(pool, "PRAGMA trusted_schema").await, 0);
    }
    let refused = sqlx::query("DELETE FROM users").execute(&store.readers).await.unwrap_err();
    let refused = super::StoreError::from(refused);
    assert!(matches!(refused, super::StoreError::ReadOnly(_)), "not a full disk: {refused:?}");
}
