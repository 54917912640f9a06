//! A rehearsal: a transaction that is undone in the end, which not every table here can be.

use super::session::Session;
use super::settings::Settings;
use super::transaction::roll_back;
use crate::Error;
use crate::snag::Snag;

/// A table that keeps what it was given, whatever becomes of the transaction.
const LASTING: &str = "
SELECT CONCAT(t.table_name, ' (', t.engine, ')')
FROM information_schema.tables t JOIN information_schema.engines e ON e.engine = t.engine
WHERE t.table_schema = DATABASE() AND t.table_type = 'BASE TABLE'
  AND COALESCE(e.transactions, 'NO') <> 'YES' LIMIT 1";

/// The warning about such a table that was written to, by a trigger in another database say.
const LASTS: &[u8] = b"1196";

/// Refuses to write where a table of the database cannot undo it.
pub(super) async fn can_be(session: &mut Session) -> Result<(), Snag> {
    session.ask(LASTING).await?;
    let mut lasting = None;
    while let Some(row) = session.next().await? {
        let name = row.text(0)?.unwrap_or_default();
        lasting = Some(String::from_utf8_lossy(name).into_owned());
    }
    match lasting {
        None => Ok(()),
        Some(table) => Err(Snag::refused(Error::Lasting(format!(
            "the table {table} knows no transactions"
        )))),
    }
}

/// Undoes what was written, and tells if some of it stays nevertheless.
pub(super) async fn undo(session: &mut Session, settings: &Settings) -> Result<(), Snag> {
    roll_back(session, settings).await?;
    if session.warns_of(&[LASTS]).await? {
        let message = "a table without transactions was written to, by a trigger or a function, and \
                       keeps it";
        return Err(Snag::refused(Error::Lasting(message.into())));
    }
    Ok(())
}
