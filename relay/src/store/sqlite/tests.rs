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

/// What a row takes along when it goes, and why nobody else loses anything by it. A new reference
/// is a decision: one account's deletion must neither refuse nor remove what belongs to others.
const REFERENCES: [(&str, &str, &str); 15] = [
    // An account's own.
    ("devices.user", "users", "CASCADE"),
    ("refresh_tokens.device", "devices", "CASCADE"),
    ("notices.user", "users", "CASCADE"),
    ("resets.user", "users", "CASCADE"),
    // What lies between two people ends with either of them.
    ("contacts.user", "users", "CASCADE"),
    ("contacts.other", "users", "CASCADE"),
    ("blocks.user", "users", "CASCADE"),
    ("blocks.other", "users", "CASCADE"),
    ("conversations.first", "users", "CASCADE"),
    ("conversations.second", "users", "CASCADE"),
    ("members.conversation", "conversations", "CASCADE"),
    ("members.user", "users", "CASCADE"),
    ("group_invitations.conversation", "conversations", "CASCADE"),
    ("group_invitations.user", "users", "CASCADE"),
    ("group_invitations.inviter", "users", "CASCADE"),
];

#[tokio::test]
async fn every_reference_between_tables_is_a_decision() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("relay.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    let found: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT t.name || '.' || f.\"from\", f.\"table\", f.on_delete
         FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
    )
    .fetch_all(&store.writer)
    .await
    .unwrap();
    let found: std::collections::BTreeSet<_> =
        found.iter().map(|(from, to, then)| (from.as_str(), to.as_str(), then.as_str())).collect();
    let mut decided: std::collections::BTreeSet<_> = REFERENCES.into_iter().collect();
    // A call and its people are one thing.
    decided.insert(("call_people.call", "calls", "CASCADE"));
    assert_eq!(found, decided);
}

#[tokio::test]
async fn history_of_the_first_schema_is_kept() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("relay.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = SqlitePool::connect_with(options.foreign_keys(true)).await.unwrap();
    sqlx::raw_sql(super::MIGRATIONS[0]).execute(&pool).await.unwrap();
    let rows = "PRAGMA user_version = 1;
        INSERT INTO users VALUES (zeroblob(16), 'ada', 'Ada', 'hash', 'contacts', 0, 1);
        INSERT INTO conversations VALUES (zeroblob(16), 'group', 'Team', NULL, NULL, 2);
        INSERT INTO members VALUES (zeroblob(16), zeroblob(16));
        INSERT INTO calls VALUES
            (zeroblob(16), zeroblob(16), 'voice', zeroblob(16), 3, 4, 5, 'ended');
        INSERT INTO call_people VALUES (zeroblob(16), zeroblob(16), 1, 1);";
    sqlx::raw_sql(rows).execute(&pool).await.unwrap();
    pool.close().await;
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    let ada = bellwire_protocol::UserId::from_bytes([0; 16]);
    let records = crate::store::History::records(&store, ada, None, None, 10).await.unwrap();
    let times: Vec<_> = records.iter().map(|call| (call.started_at, call.ended_at)).collect();
    assert_eq!(times, [(3, 5)]);
    assert_eq!(records[0].participants, [ada]);
}

#[tokio::test]
async fn the_index_of_looks_has_the_skeleton_of_every_user_name() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("relay.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    // A skeleton is made letter by letter, so every letter between others is every name.
    for letter in "abcdefghijklmnopqrstuvwxyz0123456789._-".chars() {
        let name = bellwire_protocol::Username::new(format!("a{letter}{letter}z")).unwrap();
        let (look,): (String,) =
            sqlx::query_as("SELECT replace(replace(replace($1, 'm', 'rn'), '0', 'o'), '1', 'l')")
                .bind(name.as_str())
                .fetch_one(&store.readers)
                .await
                .unwrap();
        assert_eq!(look, super::accounts::skeleton(&name), "{letter}");
    }
}
