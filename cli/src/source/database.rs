//! The file of the local D1.

use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where `wrangler dev` keeps local databases.
const FOLDER: &str = ".wrangler/state/v3/d1/miniflare-D1DatabaseObject";

/// A file beside the databases that is none.
const METADATA: &str = "metadata.sqlite";

/// How long to wait for a lock that the server holds.
const LOCKED: Duration = Duration::from_secs(10);

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("no database is in {FOLDER}; run `make dev` in this folder first, or name the file with --d1")]
    None,
    #[error("several databases are in {FOLDER}; name one with --d1: {0}")]
    Several(String),
    #[error("{0} cannot be opened: {1}")]
    Unreadable(PathBuf, rusqlite::Error),
}

/// The one database that `wrangler dev` keeps below `root`.
///
/// # Errors
/// Where there is none, or more than one.
pub fn find(root: &Path) -> Result<PathBuf, DatabaseError> {
    let entries = fs::read_dir(root.join(FOLDER)).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sqlite"))
        .filter(|path| path.file_name().is_some_and(|name| name != METADATA))
        .collect();
    match files.len() {
        0 => Err(DatabaseError::None),
        1 => Ok(files.remove(0)),
        _ => {
            let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
            Err(DatabaseError::Several(names.join(", ")))
        }
    }
}

/// Opens it to read; the server may go on writing.
///
/// # Errors
/// Where it is no database.
pub fn open(path: &Path) -> Result<Connection, DatabaseError> {
    let opened = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(|db| {
        db.busy_timeout(LOCKED)?;
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(db)
    });
    opened.map_err(|error| DatabaseError::Unreadable(path.to_owned(), error))
}

/// Opens it to change it, while the server goes on writing. What is deleted is overwritten.
///
/// # Errors
/// Where it is no database.
pub fn open_to_change(path: &Path) -> Result<Connection, DatabaseError> {
    let opened = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|db| {
        db.busy_timeout(LOCKED)?;
        db.pragma_update(None, "secure_delete", true)?;
        Ok(db)
    });
    opened.map_err(|error| DatabaseError::Unreadable(path.to_owned(), error))
}

/// Whether there is no table or view of this name.
pub fn lacks(db: &Connection, name: &str) -> rusqlite::Result<bool> {
    Ok(!db.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?1")?.exists([name])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_found_where_it_is_the_only_one() {
        let root = std::env::temp_dir().join(format!("sparrow-find-{}", std::process::id()));
        assert!(matches!(find(&root), Err(DatabaseError::None)));
        let folder = root.join(FOLDER);
        fs::create_dir_all(&folder).unwrap();
        for name in ["metadata.sqlite", "a.sqlite-wal", "a.sqlite"] {
            fs::write(folder.join(name), "").unwrap();
        }
        assert_eq!(find(&root).unwrap(), folder.join("a.sqlite"));
        fs::write(folder.join("b.sqlite"), "").unwrap();
        assert!(matches!(find(&root), Err(DatabaseError::Several(_))));
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn a_database_that_is_not_there_is_not_made() {
        let path = std::env::temp_dir().join(format!("sparrow-none-{}.sqlite", std::process::id()));
        assert!(open(&path).is_err());
        assert!(!path.exists());
    }
}
