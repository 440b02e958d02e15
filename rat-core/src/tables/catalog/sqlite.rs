//! The embedded catalog: one SQLite file in the layout of Iceberg's JDBC and SQL catalogs.
//!
//! `catalog_name` is `rat`, `table_namespace` is `namespace.layer`. `PRAGMA user_version` is the format of the lake. The file is opened
//! when it is first needed; every call runs on the blocking pool.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior, params};

use crate::error::{Code, Error, Result};
use crate::name::{Layer, Name};
use crate::sqlite::{PATIENCE, meaning, write_ahead};
use crate::storage::Storage;

use super::{Capabilities, Catalog, CommitFailure, Entry, EntryKind, Pointer, PointerChange};

/// What this rat writes; a lake with a greater one was made by a newer rat.
const LAKE_FORMAT: i64 = 1;
const CATALOG_NAME: &str = "rat";

const LAYOUT: &str = "
CREATE TABLE IF NOT EXISTS iceberg_tables (
    catalog_name VARCHAR(255) NOT NULL,
    table_namespace VARCHAR(255) NOT NULL,
    table_name VARCHAR(255) NOT NULL,
    metadata_location VARCHAR(1000),
    previous_metadata_location VARCHAR(1000),
    iceberg_type VARCHAR(5),
    PRIMARY KEY (catalog_name, table_namespace, table_name)
);
CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
    catalog_name VARCHAR(255) NOT NULL,
    namespace VARCHAR(255) NOT NULL,
    property_key VARCHAR(255) NOT NULL,
    property_value VARCHAR(1000),
    PRIMARY KEY (catalog_name, namespace, property_key)
);";

/// Pointers in a SQLite file that PyIceberg and Java open too.
#[derive(Debug, Clone)]
pub struct SqliteCatalog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    storage: Storage,
    folder: String,
    file: PathBuf,
    busy: Duration,
    connection: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    // A lake that was never written to has no file; reading it must not make one.
    empty: bool,
    // A file that was not there, or could not be written, may be and can be the next time: such a connection serves one call.
    passing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    Write,
}

impl SqliteCatalog {
    /// The catalog in a file of a local lake, such as `.rat/catalog.db`. Nothing is opened yet, and the file is made by the first commit.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the storage has no folders.
    pub fn new(storage: &Storage, path: &str) -> Result<Self> {
        Self::with_patience(storage, path, PATIENCE)
    }

    /// As [`new`](Self::new), with the time to wait for another process that holds the lock.
    ///
    /// # Errors
    /// As `new`.
    pub fn with_patience(storage: &Storage, path: &str, busy: Duration) -> Result<Self> {
        let Some(file) = storage.local_path(path) else {
            return Err(Error::new(Code::InvalidArgument, format!("a SQLite catalog needs a folder, and `{}` is none", storage.url())));
        };
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        Ok(Self(Arc::new(Inner { storage: storage.clone(), folder, file, busy, connection: Mutex::new(None) })))
    }

    async fn with<T: Send + 'static>(
        &self,
        usage: Use,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
        empty: T,
    ) -> Result<T> {
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            let mut guard = inner.connection.lock();
            if guard.as_ref().is_some_and(|open| open.passing) {
                *guard = None;
            }
            let open = match &mut *guard {
                Some(open) => open,
                none => none.insert(inner.open(usage)?),
            };
            if open.empty { Ok(empty) } else { work(&mut open.connection) }
        });
        done.await.map_err(|e| Error::new(Code::Internal, "a catalog call did not end").with_source(e))?
    }
}

impl Inner {
    fn open(&self, usage: Use) -> Result<Open> {
        let failed = |e| self.failure(e);
        if usage == Use::Read && !self.file.exists() {
            return Ok(Open { connection: Connection::open_in_memory().map_err(failed)?, empty: true, passing: true });
        }
        self.storage.make_folder(&self.folder).or_else(|e| if usage == Use::Read { Ok(None) } else { Err(e) })?;
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_CREATE;
        let mut passing = false;
        let connection =
            match Connection::open_with_flags(&self.file, flags | OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|c| self.prepare(c, usage)) {
                Ok(connection) => connection,
                Err(e) if usage == Use::Read && is_read_only(&e) => {
                    passing = true;
                    self.open_read_only().map_err(failed)?
                }
                Err(e) => return Err(failed(e)),
            };
        let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
        if format > LAKE_FORMAT {
            return Err(Error::new(Code::LakeNewer, format!("the lake has format {format}, and this rat knows {LAKE_FORMAT}"))
                .with_context("catalog", self.file.display()));
        }
        Ok(Open { connection, empty: false, passing })
    }

    fn prepare(&self, connection: Connection, usage: Use) -> rusqlite::Result<Connection> {
        connection.busy_timeout(self.busy)?;
        let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if format != 0 {
            return Ok(connection);
        }
        if usage == Use::Read && has_layout(&connection)? {
            return Ok(connection);
        }
        write_ahead(&connection, self.busy)?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        connection.execute_batch(LAYOUT)?;
        // Files of PyIceberg and of older Java catalogs have no column for views yet.
        let typed: i64 =
            connection
                .query_row("SELECT count(*) FROM pragma_table_info('iceberg_tables') WHERE name = 'iceberg_type'", [], |row| row.get(0))?;
        if typed == 0 {
            connection.execute_batch("ALTER TABLE iceberg_tables ADD COLUMN iceberg_type VARCHAR(5)")?;
        }
        connection.pragma_update(None, "user_version", LAKE_FORMAT)?;
        connection.execute_batch("COMMIT")?;
        Ok(connection)
    }

    // On a disk that cannot be written SQLite cannot make the files of the write-ahead log. Without a log that holds something the database
    // file alone is the whole truth, and may be read as one that never changes.
    fn open_read_only(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(self.busy)?;
        let readable = connection.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0));
        if readable.is_ok() || self.log_holds_something() {
            return readable.map(|_| connection);
        }
        let path = percent_encoded(&self.file);
        let connection = Connection::open_with_flags(format!("file:{path}?immutable=1"), flags | OpenFlags::SQLITE_OPEN_URI)?;
        connection.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0))?;
        Ok(connection)
    }

    fn log_holds_something(&self) -> bool {
        let mut log = self.file.clone().into_os_string();
        log.push("-wal");
        Path::new(&log).metadata().is_ok_and(|meta| meta.len() > 0)
    }

    fn failure(&self, error: rusqlite::Error) -> Error {
        let (code, what) = meaning(&error);
        Error::new(code, format!("the catalog `{}` {what}", self.file.display())).with_source(error)
    }
}

fn is_read_only(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure)
    )
}

fn has_layout(connection: &Connection) -> rusqlite::Result<bool> {
    let typed: i64 =
        connection
            .query_row("SELECT count(*) FROM pragma_table_info('iceberg_tables') WHERE name = 'iceberg_type'", [], |row| row.get(0))?;
    Ok(typed > 0)
}

fn percent_encoded(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() || b"/._-".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn namespace_of(name: &Name) -> String {
    format!("{}.{}", name.namespace, name.layer)
}

fn name_of(namespace: &str, table: &str) -> Option<Name> {
    let (namespace, layer) = namespace.rsplit_once('.')?;
    Name::new(namespace, layer.parse::<Layer>().ok()?, table).ok()
}

fn kind_of(text: Option<&str>) -> EntryKind {
    if text == Some("VIEW") { EntryKind::View } else { EntryKind::Table }
}

fn kind_text(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Table => "TABLE",
        EntryKind::View => "VIEW",
    }
}

fn find(connection: &Connection, name: &Name) -> rusqlite::Result<Option<Pointer>> {
    let mut statement = connection.prepare_cached(
        "SELECT metadata_location, iceberg_type FROM iceberg_tables WHERE catalog_name = ?1 AND table_namespace = ?2 AND table_name = ?3",
    )?;
    let found = statement.query_row(params![CATALOG_NAME, namespace_of(name), name.name], |row| {
        Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?))
    });
    let found = found.optional()?;
    Ok(found.and_then(|(location, kind)| Some(Pointer { kind: kind_of(kind.as_deref()), metadata_location: location? })))
}

fn apply(connection: &Connection, change: &PointerChange) -> rusqlite::Result<bool> {
    let namespace = namespace_of(&change.name);
    let table = &change.name.name;
    let rows = match (&change.from, &change.to) {
        (None, None) => return Ok(find(connection, &change.name)?.is_none()),
        (None, Some(to)) => {
            connection
                .prepare_cached(
                    "INSERT INTO iceberg_namespace_properties VALUES (?1, ?2, 'exists', 'true')
                     ON CONFLICT (catalog_name, namespace, property_key) DO NOTHING",
                )?
                .execute(params![CATALOG_NAME, namespace])?;
            connection
                .prepare_cached(
                    "INSERT INTO iceberg_tables
                       (catalog_name, table_namespace, table_name, metadata_location, previous_metadata_location, iceberg_type)
                     VALUES (?1, ?2, ?3, ?4, NULL, ?5) ON CONFLICT (catalog_name, table_namespace, table_name) DO NOTHING",
                )?
                .execute(params![CATALOG_NAME, namespace, table, to.metadata_location, kind_text(to.kind)])?
        }
        (Some(from), Some(to)) => connection
            .prepare_cached(
                "UPDATE iceberg_tables SET metadata_location = ?4, previous_metadata_location = ?5, iceberg_type = ?6
                 WHERE catalog_name = ?1 AND table_namespace = ?2 AND table_name = ?3 AND metadata_location = ?5",
            )?
            .execute(params![CATALOG_NAME, namespace, table, to.metadata_location, from.metadata_location, kind_text(to.kind)])?,
        (Some(from), None) => connection
            .prepare_cached(
                "DELETE FROM iceberg_tables WHERE catalog_name = ?1 AND table_namespace = ?2 AND table_name = ?3 AND metadata_location = ?4",
            )?
            .execute(params![CATALOG_NAME, namespace, table, from.metadata_location])?,
    };
    Ok(rows == 1)
}

enum Outcome {
    Done,
    Conflict(Name),
    Unknown(Error),
}

#[async_trait]
impl Catalog for SqliteCatalog {
    async fn load(&self, name: &Name) -> Result<Option<Pointer>> {
        let (name, inner) = (name.clone(), Arc::clone(&self.0));
        self.with(Use::Read, move |connection| find(connection, &name).map_err(|e| inner.failure(e)), None).await
    }

    async fn list(&self) -> Result<Vec<Entry>> {
        let inner = Arc::clone(&self.0);
        let read = move |connection: &mut Connection| -> rusqlite::Result<Vec<Entry>> {
            let mut statement = connection.prepare_cached(
                "SELECT table_namespace, table_name, iceberg_type FROM iceberg_tables
                 WHERE catalog_name = ?1 AND metadata_location IS NOT NULL",
            )?;
            let rows = statement.query_map(params![CATALOG_NAME], |row| {
                let (namespace, table, kind): (String, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(name_of(&namespace, &table).map(|name| Entry { name, kind: kind_of(kind.as_deref()) }))
            })?;
            rows.filter_map(Result::transpose).collect()
        };
        let mut entries = self.with(Use::Read, move |connection| read(connection).map_err(|e| inner.failure(e)), Vec::new()).await?;
        entries.sort();
        Ok(entries)
    }

    async fn commit(&self, changes: &[PointerChange]) -> Result<(), CommitFailure> {
        let (changes, inner) = (changes.to_vec(), Arc::clone(&self.0));
        let write = move |connection: &mut Connection| -> Result<Outcome> {
            let failed = |e| inner.failure(e);
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
            for change in &changes {
                if !apply(&transaction, change).map_err(failed)? {
                    return Ok(Outcome::Conflict(change.name.clone()));
                }
            }
            Ok(match transaction.commit() {
                Ok(()) => Outcome::Done,
                Err(e) => Outcome::Unknown(inner.failure(e)),
            })
        };
        match self.with(Use::Write, write, Outcome::Done).await {
            Ok(Outcome::Done) => Ok(()),
            Ok(Outcome::Conflict(name)) => Err(CommitFailure::Conflict(name)),
            Ok(Outcome::Unknown(error)) => Err(CommitFailure::Unknown(error)),
            Err(error) => Err(CommitFailure::Failed(error)),
        }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { atomic_across_tables: true, views: true }
    }
}
