//! SQLite's own judgement: an authorizer that lets reads through and nothing else (<https://www.sqlite.org/c3ref/set_authorizer.html>).

use super::GuardError;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, Error, ErrorCode, Statement};

/// From now on the connection only reads.
///
/// # Errors
/// SQLite's.
pub fn only_reads(db: &mut Connection) -> rusqlite::Result<()> {
    db.authorizer(Some(|context: AuthContext<'_>| match context.action {
        // The schema of a database is to be seen in `sqlite_schema`; pragmas are not, in whatever form.
        AuthAction::Read { table_name, .. } if table_name.starts_with("pragma_") => Authorization::Deny,
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } if !function_name.eq_ignore_ascii_case("load_extension") => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }))
}

/// The statement, where it only reads.
///
/// # Errors
/// [`GuardError`]
pub fn prepare<'db>(db: &'db Connection, sql: &str) -> Result<Statement<'db>, GuardError> {
    let statement = db.prepare(sql).map_err(refused)?;
    if statement.readonly() { Ok(statement) } else { Err(GuardError::Denied) }
}

/// A database in memory with the tables and views of another one, in the order in which they were made, but without its rows: what it
/// says of a statement, that one would.
///
/// # Errors
/// SQLite's.
pub fn likeness<'a>(schema: impl Iterator<Item = &'a str>) -> rusqlite::Result<Connection> {
    let mut db = Connection::open_in_memory()?;
    for sql in schema {
        // What this SQLite does not know, such as a module of Cloudflare's, is missing: a statement that needs it is refused.
        if let Ok(mut statement) = db.prepare(sql) {
            let _ = statement.execute([]);
        }
    }
    only_reads(&mut db)?;
    Ok(db)
}

fn refused(error: Error) -> GuardError {
    match error {
        Error::MultipleStatement => GuardError::Several,
        error if error.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied) => {
            GuardError::Denied
        }
        // Not the whole of it, which repeats the statement.
        Error::SqlInputError { msg, .. } | Error::SqliteFailure(_, Some(msg)) => GuardError::Invalid(msg),
        error => GuardError::Invalid(error.to_string()),
    }
}
