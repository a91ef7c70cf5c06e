//! The embedded store: SQLite in WAL mode.
//!
//! One connection writes, three read. `synchronous=FULL` makes every commit reach the disk before
//! it is acknowledged (`NORMAL` may lose commits on power loss, <https://sqlite.org/wal.html>
//! section 3.2); a commit costs one fsync, which only sign-ins, contacts and ends of calls pay.

mod accounts;
mod dates;
mod departures;
mod groups;
mod history;
mod people;
mod resets;
mod sign_ins;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bellwire_protocol::{CallId, ConversationId, DeviceId, DisplayName, Person, UserId, Username};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite, Transaction};

use super::{Store, StoreError};

/// The schema, one script a version. A database at version `n` has the first `n` applied.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
    include_str!("migrations/0007.sql"),
    include_str!("migrations/0008.sql"),
    include_str!("migrations/0009.sql"),
    include_str!("migrations/0010.sql"),
    include_str!("migrations/0011.sql"),
    include_str!("migrations/0012.sql"),
];
/// Readers beside the writer. Each costs a thread and up to 1 MiB of page cache.
const READERS: u32 = 3;
/// How long a statement waits for another process (the command line) to finish writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How the database is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct SqliteOptions {
    /// Largest database in pages of 4 KiB; writing beyond it is refused as on a full disk.
    pub max_pages: Option<u32>,
}

/// A database file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    /// A write failed in a way that may last.
    suspect: Arc<AtomicBool>,
}

impl SqliteStore {
    /// Opens the file, makes it if it is absent, checks its integrity and brings its schema up to
    /// date.
    ///
    /// # Errors
    /// [`StoreError`]: what is wrong with the file, before anything listens.
    pub async fn open(path: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        create_private(path).map_err(StoreError::Unopened)?;
        let connect = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(64)
            .pragma("cache_size", "-1024")
            .pragma("trusted_schema", "OFF");
        let writing = match options.max_pages {
            Some(pages) => connect.clone().pragma("max_page_count", pages.to_string()),
            None => connect.clone(),
        };
        let suspect = Arc::new(AtomicBool::new(false));
        let failed = Arc::clone(&suspect);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(10))
            .after_release(move |connection, _| {
                let failed = Arc::clone(&failed);
                Box::pin(async move {
                    // Behind the rollback of a transaction that was dropped.
                    connection.ping().await?;
                    // SQLite ends a transaction by itself where the disk is full or fails
                    // (https://sqlite.org/lang_transaction.html section 3), and the library does
                    // not notice: it would refuse every further one on this connection.
                    let clean = !connection.is_in_transaction();
                    if !clean {
                        failed.store(true, Ordering::Relaxed);
                    }
                    Ok(clean)
                })
            })
            .connect_with(writing)
            .await?;
        check_integrity(&writer).await?;
        migrate(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(connect.read_only(true))
            .await?;
        Ok(Self { writer, readers, suspect })
    }

    async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        let refused = match self.writer.begin_with("BEGIN IMMEDIATE").await {
            Ok(transaction) => return Ok(transaction),
            Err(error) => StoreError::from(error),
        };
        // Somebody else's turn says nothing about the connection.
        if !matches!(refused, StoreError::Locked) {
            self.replace_writer().await;
        }
        Err(refused)
    }

    /// The next write has a new connection. One that was opened while its file could only be read
    /// never writes, whatever becomes of the file.
    async fn replace_writer(&self) {
        self.suspect.store(true, Ordering::Relaxed);
        let taken = tokio::time::timeout(Duration::from_secs(1), self.writer.acquire()).await;
        if let Ok(Ok(connection)) = taken {
            let _ = connection.close().await;
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn check(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1 FROM users LIMIT 1").fetch_optional(&self.readers).await?;
        Ok(())
    }

    async fn check_writing(&self) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        // Two pages more than there were: without room for them a row may not fit either.
        sqlx::query("INSERT INTO probe VALUES (zeroblob(8192))").execute(&mut *tx).await?;
        sqlx::query("DELETE FROM probe").execute(&mut *tx).await?;
        tx.commit().await?;
        self.suspect.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn is_suspect(&self) -> bool {
        self.suspect.load(Ordering::Relaxed)
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Makes the file readable for its owner only; SQLite gives its companions the same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

async fn check_integrity(pool: &SqlitePool) -> Result<(), StoreError> {
    let lines: Vec<(String,)> = sqlx::query_as("PRAGMA quick_check(1)").fetch_all(pool).await?;
    match lines.first() {
        Some((line,)) if line == "ok" => Ok(()),
        Some((line,)) => Err(StoreError::Damaged(line.clone())),
        None => Err(StoreError::Damaged("the check says nothing".into())),
    }
}

/// Each version is one transaction: interrupted anywhere, the next start goes on where it stopped.
async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    loop {
        let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
        let (found,): (i64,) = sqlx::query_as("PRAGMA user_version").fetch_one(&mut *tx).await?;
        if found > known {
            return Err(StoreError::Newer { found, known });
        }
        let Some(script) = usize::try_from(found).ok().and_then(|n| MIGRATIONS.get(n)) else {
            return Ok(());
        };
        sqlx::raw_sql(*script).execute(&mut *tx).await?;
        // A pragma takes no bound values; the number is ours.
        let version = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {}", found + 1));
        sqlx::raw_sql(version).execute(&mut *tx).await?;
        tx.commit().await?;
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Locked;
        }
        let text = error.to_string();
        let code = error
            .as_database_error()
            .and_then(|e| e.code().and_then(|code| code.parse::<u32>().ok()));
        // Primary result codes, <https://sqlite.org/rescode.html>; the upper bits refine them.
        match code.map(|code| code & 0xff) {
            Some(5 | 6) => Self::Locked,
            Some(8) => Self::ReadOnly(text),
            Some(10) => Self::Disk(text),
            Some(13) => Self::Full,
            // Too large, a constraint, another type.
            Some(18..=20) => Self::Unfit(text),
            Some(11 | 26) => Self::Damaged(text),
            Some(_) | None => Self::Fault(text),
        }
    }
}

fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// Ids are kept as their sixteen bytes.
trait Key: Sized {
    fn key(&self) -> Vec<u8>;
    fn from_key(key: &[u8]) -> Result<Self, StoreError>;
}

macro_rules! key {
    ($($id:ident),+) => {$(
        impl Key for $id {
            fn key(&self) -> Vec<u8> {
                self.to_bytes().to_vec()
            }
            fn from_key(key: &[u8]) -> Result<Self, StoreError> {
                let bytes = key.try_into().map_err(|_| damaged("an id"))?;
                Ok(Self::from_bytes(bytes))
            }
        }
    )+};
}
key!(UserId, DeviceId, ConversationId, CallId);

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(format!("{what} has the wrong form"))
}

/// The wire's word for a variant is also the store's.
fn word<T: Serialize>(value: T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(_) | Err(_) => Err(damaged("a word")),
    }
}

fn from_word<T: DeserializeOwned>(word: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word)).map_err(|_| damaged("a word"))
}

fn ms(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

fn from_ms(time: i64) -> u64 {
    u64::try_from(time).unwrap_or(0)
}

/// `id, username, display_name` of a row.
type PersonRow = (Vec<u8>, String, String);

fn person((user, username, display_name): PersonRow) -> Result<Person, StoreError> {
    Ok(Person {
        user: UserId::from_key(&user)?,
        username: Username::new(username).map_err(|_| damaged("a user name"))?,
        display_name: DisplayName::new(display_name).map_err(|_| damaged("a display name"))?,
    })
}

#[cfg(test)]
mod tests;
