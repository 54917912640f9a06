//! One connection to the server and what is asked on it.
//!
//! One command at a time: it is settled when the last row of its answer was read. A connection that
//! is not settled, or in a transaction, is never used for anything else.

use super::binding;
use super::row::Row;
use crate::Error;
use crate::answer::Kept;
use crate::metrics::{Counted, Metrics};
use crate::shelf::{Shelf, may_keep};
use crate::snag::Snag;
use model::{Argument, Statement};
use mysql_async::consts::StatusFlags;
use mysql_async::prelude::Queryable;
use mysql_async::{BinaryProtocol, Conn, OkPacket, QueryResult, TextProtocol};

/// Warnings about values that were cut, or became NULL, as they passed `max_allowed_packet`.
const CUT: [&[u8]; 2] = [b"1260", b"1301"];

/// The version, the second in which the server started, and the longest packet it takes.
const MEET: &str = "SELECT VERSION(), CAST(UNIX_TIMESTAMP() - VARIABLE_VALUE AS SIGNED), \
                    @@max_allowed_packet \
                    FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'UPTIME'";

/// A connection; dropping it ends it, whatever the server is doing.
pub(crate) struct Session {
    connection: Conn,
    metrics: Metrics,
    /// Whether all that was asked is answered.
    settled: bool,
    /// Whether the rows of the open result come as text.
    as_text: bool,
    /// When the server started, in seconds, as it tells.
    started: i64,
    /// The longest packet it takes, in bytes.
    pub(super) packet_max: usize,
    /// What was executed last, where it is not to be kept: the driver leaves it to us to close it.
    unkept: Option<mysql_async::Statement>,
    /// The number of the last statement that the server prepared; the next has a higher one.
    newest: u32,
    shelf: Shelf,
    /// Counts it while it is open.
    pub(super) counted: Option<Counted>,
}

impl Session {
    pub(super) fn new(connection: Conn, metrics: Metrics) -> Self {
        Self {
            connection,
            shelf: Shelf::of(&metrics.statements_kept),
            metrics,
            settled: true,
            as_text: false,
            started: 0,
            packet_max: 0,
            unkept: None,
            newest: 0,
            counted: None,
        }
    }

    /// Asks what the server is, and remembers since when and what it takes.
    pub(super) async fn meet(&mut self) -> Result<String, Snag> {
        self.ask(MEET).await?;
        let row = self.next().await?;
        let text = |column| {
            let cell = row.as_ref().map(|row| row.text(column)).transpose()?;
            let cell = cell.flatten().unwrap_or_default();
            Ok::<_, Error>(String::from_utf8_lossy(cell).into_owned())
        };
        let (version, started, packet_max) = (text(0)?, text(1)?, text(2)?);
        self.started = started.parse().unwrap_or(0);
        self.packet_max = packet_max.parse().unwrap_or(0);
        while self.next().await?.is_some() {}
        Ok(version)
    }

    /// Whether both are connections to one server that was not started anew between them.
    pub(super) fn is_of_one_server_with(&self, other: &Self) -> bool {
        // What it tells are whole seconds, from two clocks.
        self.started.abs_diff(other.started) <= 1
    }

    /// The server's number for this connection.
    pub(super) fn id(&self) -> u32 {
        self.connection.id()
    }

    /// Whether nothing is under way on it.
    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }

    /// Whether it can be used for something else.
    pub(super) fn is_free(&self) -> bool {
        let status = self.connection.last_ok_packet().map(OkPacket::status_flags);
        let open = StatusFlags::SERVER_STATUS_IN_TRANS;
        self.settled && !status.is_some_and(|status| status.contains(open))
    }

    /// Whether the connection has ended.
    pub(super) fn is_closed(&self) -> bool {
        !self.settled || self.connection.is_disconnected()
    }

    /// Runs a statement of our own whose rows nobody wants.
    pub(crate) async fn control(&mut self, sql: &str) -> Result<(), Snag> {
        self.settled = false;
        let ran = self.connection.query_drop(sql).await;
        self.settle(ran)
    }

    /// Runs a question of our own; its rows are to be taken by [`Session::next`].
    pub(crate) async fn ask(&mut self, sql: &str) -> Result<(), Snag> {
        self.settled = false;
        self.as_text = true;
        let ran = self.connection.query_iter(sql).await.map(drop);
        self.begun(ran)
    }

    /// Runs a statement; its rows are to be taken by [`Session::next`].
    pub(super) async fn execute(
        &mut self,
        statement: &Statement,
        arguments: &[Argument],
        kept: &Kept,
    ) -> Result<(), Snag> {
        let bound = binding::bind(&statement.parameters, arguments, kept)?;
        self.settled = false;
        self.as_text = false;
        let prepared = match self.prepare(&statement.sql).await {
            Ok(prepared) => prepared,
            Err(error) => return self.settle(Err(error)),
        };
        if usize::from(prepared.num_params()) != bound.len() {
            let message = "a statement has another number of places than parameters";
            return Err(Error::Internal(message.into()).into());
        }
        self.metrics.statements.inc();
        let ran = self.connection.exec_iter(prepared, bound).await.map(drop);
        self.begun(ran)
    }

    /// A statement as the server knows it; the one before is closed, if it is not to be kept.
    async fn prepare(&mut self, sql: &str) -> mysql_async::Result<mysql_async::Statement> {
        if let Some(before) = self.unkept.take() {
            self.connection.close(before).await?;
            self.shelf.remove();
        }
        let prepared = self.connection.prep(sql).await?;
        let room = self.connection.opts().stmt_cache_size();
        if prepared.id() > self.newest {
            self.newest = prepared.id();
            self.shelf.add(room);
        }
        if room == 0 || !may_keep(sql) {
            self.unkept = Some(prepared.clone());
        }
        Ok(prepared)
    }

    /// The next row of the open result.
    pub(crate) async fn next(&mut self) -> Result<Option<Row>, Snag> {
        if self.settled {
            return Ok(None);
        }
        let next = if self.as_text {
            QueryResult::<TextProtocol>::new(&mut self.connection)
                .next()
                .await
        } else {
            QueryResult::<BinaryProtocol>::new(&mut self.connection)
                .next()
                .await
        };
        match next {
            Ok(Some(row)) => Ok(Some(Row(row))),
            Ok(None) => {
                self.settled = true;
                Ok(None)
            }
            Err(error) => self.settle(Err(error)).map(|()| None),
        }
    }

    /// How many rows the last statement changed; one that it only looked at does not count.
    pub(super) fn affected(&self) -> u64 {
        self.connection.affected_rows()
    }

    /// Whether a value was cut, or taken for NULL, because it passed `max_allowed_packet`.
    ///
    /// The server only warns of it, so the answer may lack rows or values: it is no answer.
    pub(super) async fn has_cut(&mut self) -> Result<bool, Snag> {
        self.warns_of(&CUT).await
    }

    /// Whether the last statement gave a warning of one of these codes.
    pub(super) async fn warns_of(&mut self, codes: &[&[u8]]) -> Result<bool, Snag> {
        if self.connection.get_warnings() == 0 {
            return Ok(false);
        }
        self.ask("SHOW WARNINGS").await?;
        let mut warns = false;
        while let Some(row) = self.next().await? {
            warns |= row.text(1)?.is_some_and(|code| codes.contains(&code));
        }
        Ok(warns)
    }

    /// The start of an answer: one that was refused has no rows to come.
    fn begun(&mut self, ran: mysql_async::Result<()>) -> Result<(), Snag> {
        match ran {
            Ok(()) => Ok(()),
            Err(error) => self.settle(Err(error)),
        }
    }

    /// The end of an answer: a refusal ends one as well as its last row.
    fn settle(&mut self, ran: mysql_async::Result<()>) -> Result<(), Snag> {
        self.settled = match &ran {
            Ok(()) => true,
            Err(error) => !error.is_fatal(),
        };
        Ok(ran?)
    }
}
