//! The SQLite file: its tables, how it is opened, and what its errors mean.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::{Code, Error, Result};
use crate::sqlite::{PATIENCE, meaning, write_ahead};

/// The layout this rat writes. A ledger of a higher number was made by a newer one.
const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, trigger TEXT NOT NULL, strategy TEXT NOT NULL, attempt INTEGER NOT NULL,
    status TEXT NOT NULL, phase TEXT, started_at INTEGER NOT NULL, finished_at INTEGER, duration_ms INTEGER,
    rows_written INTEGER, snapshot_id INTEGER, error_code TEXT, error_message TEXT, report TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_by_pipeline ON runs (pipeline, id);
CREATE INDEX IF NOT EXISTS runs_by_status ON runs (status, id);
CREATE INDEX IF NOT EXISTS runs_in_doubt ON runs (id) WHERE error_code = 'COMMIT_UNKNOWN';
CREATE TABLE IF NOT EXISTS logs (
    run_id TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, level TEXT NOT NULL, message TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tests (
    run_id TEXT NOT NULL, seq INTEGER NOT NULL, name TEXT NOT NULL, severity TEXT NOT NULL, status TEXT NOT NULL,
    violations INTEGER, duration_ms INTEGER NOT NULL, message TEXT, PRIMARY KEY (run_id, seq)) WITHOUT ROWID;
";

pub(super) fn open(path: &Path) -> Result<Connection> {
    let connect = || -> rusqlite::Result<Connection> {
        let connection = Connection::open(path)?;
        // History only: a power cut may cost the last lines, never the file.
        write_ahead(&connection, PATIENCE)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        Ok(connection)
    };
    match connect() {
        Ok(connection) => prepare(connection),
        // SQLite does not say why; the system does.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => {
            Err(fs::OpenOptions::new().append(true).create(true).open(path).map_or_else(|e| io_failed(path, e), |_| failed(error)))
        }
        Err(error) => Err(failed(error)),
    }
}

pub(super) fn open_read_only(path: &Path) -> Result<Connection> {
    if !path.exists() {
        return in_memory();
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    check_version(&connection)?;
    Ok(connection)
}

pub(super) fn in_memory() -> Result<Connection> {
    prepare(Connection::open_in_memory().map_err(failed)?)
}

fn prepare(connection: Connection) -> Result<Connection> {
    if check_version(&connection)? < VERSION {
        // Another program may be making them: it is waited for, where a read that becomes a write would be refused.
        connection.execute_batch(&format!("BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT")).map_err(failed)?;
    }
    Ok(connection)
}

fn check_version(connection: &Connection) -> Result<i64> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
    if version > VERSION {
        return Err(Error::new(Code::LakeNewer, format!("the ledger has layout {version}, and this rat knows up to {VERSION}")));
    }
    Ok(version)
}

pub(super) fn create_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| io_failed(folder, e))
}

pub(super) fn io_failed(path: &Path, error: std::io::Error) -> Error {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, StorageFull};
    let code = match error.kind() {
        PermissionDenied | ReadOnlyFilesystem => Code::ReadOnlyStorage,
        StorageFull => Code::StorageFull,
        _ => Code::StorageUnavailable,
    };
    Error::new(code, format!("the ledger cannot use `{}`: {error}", path.display())).with_source(error)
}

pub(super) fn failed(error: rusqlite::Error) -> Error {
    let (code, what) = meaning(&error);
    let error = Error::new(code, format!("the ledger {what}: {error}")).with_source(error);
    if code == Code::CorruptCatalog {
        return error.with_help("move `.rat/ledger.db` away: only history is lost");
    }
    error
}
