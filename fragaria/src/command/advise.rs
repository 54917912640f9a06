//! `fragaria advise`: which indexes a database lacks for what is asked of it, which conditions none can
//! serve, and whether plans became worse.

mod findings;
mod indexes;
mod naming;
mod plans;
mod record;
mod report;
mod subject;
mod trial;

use crate::address;
use crate::cli::Advise;
use crate::count::count;
use crate::environment::Environment;
use crate::terminal::Terminal;
use anyhow::Result;
use plans::Looked;
use report::Report;
use std::fmt;
use store::Database;
use subject::Subject;

/// Plans that became worse.
#[derive(Debug)]
pub(super) struct Worse(usize);

impl fmt::Display for Worse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = if self.0 == 1 { "is" } else { "are" };
        let plans = count(self.0, "plan");
        write!(f, "{plans} {is} worse than what was written down")
    }
}

impl std::error::Error for Worse {}

/// Asks a database for its plans, and tells what should be done about them.
pub(crate) async fn run(
    args: &Advise,
    environment: &Environment,
    terminal: Terminal,
) -> Result<()> {
    let subject = Subject::of(args, environment)?;
    // What is compared with is read first: without it nobody need be asked.
    let known = args
        .check
        .then(|| record::read(&subject.plans))
        .transpose()?;
    let looked = look(args, &subject, terminal).await?;
    let mut findings = findings::of(&subject, &looked, args.rows_min);
    let worse = match &known {
        Some(known) => record::compare(known, &looked, (args.rows_min, args.growth_max)),
        None => Vec::new(),
    };
    let count = worse.len();
    findings.extend(worse);
    if args.record {
        record::write(&subject, &looked)?;
    }
    let report = Report {
        subject: &subject,
        looked: &looked,
        findings: &findings,
        rows_min: args.rows_min,
        recorded: args.record,
    };
    if !terminal.json {
        terminal.findings(&findings, &subject.texts);
    }
    terminal.either(&report.json(), || report.told(terminal))?;
    match count {
        0 => Ok(()),
        count => Err(Worse(count).into()),
    }
}

/// Looks at the plans of a database, which is opened and closed.
async fn look(args: &Advise, subject: &Subject, terminal: Terminal) -> Result<Looked> {
    address::must_exist(&subject.target.url)?;
    let config = &subject.database;
    let database = Database::open(config, &mut model::metric::Registry::default())
        .map_err(|error| subject.failed(&error))?;
    let looked = Box::pin(plans::look(&database, subject, args, terminal)).await;
    database.close().await;
    looked
}
