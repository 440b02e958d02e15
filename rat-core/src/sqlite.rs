//! What the SQLite files of a lake have in common: how a log of writes is switched on, and what their errors mean.

use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::error::Code;

/// Longer than any commit takes: two programs that write wait for each other instead of failing.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Between two tries to switch to a log.
const PAUSE: Duration = Duration::from_millis(10);

/// Lets the connection wait for others, and has the file log its writes ahead: readers and one writer do not wait for each other then.
///
/// Two connections that switch at once would wait for each other, so SQLite refuses one of them without waiting; it is tried again.
///
/// # Errors
/// SQLite's; busy after `patience`.
pub fn write_ahead(connection: &Connection, patience: Duration) -> rusqlite::Result<()> {
    let mut tries = patience.as_millis() / PAUSE.as_millis();
    connection.busy_timeout(Duration::ZERO)?;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(e) if tries > 0 && e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => std::thread::sleep(PAUSE),
            Err(e) => return Err(e),
            Ok(()) => return connection.busy_timeout(patience),
        }
        tries -= 1;
    }
}

/// The code of an error, and what it says of the file: "is damaged".
pub fn meaning(error: &rusqlite::Error) -> (Code, &'static str) {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (Code::CatalogUnavailable, "is locked by another program"),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => (Code::CorruptCatalog, "is damaged"),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => (Code::ReadOnlyStorage, "cannot be written"),
        Some(ErrorCode::DiskFull) => (Code::StorageFull, "has no space left"),
        // What can keep the index of the log from growing is that there is no space for it.
        _ if matches!(error, rusqlite::Error::SqliteFailure(e, _) if e.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE) => {
            (Code::StorageFull, "has no space left")
        }
        _ => (Code::CatalogUnavailable, "cannot be used"),
    }
}
