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
use model::Diagnostic;
use plans::Looked;
use record::UNCOMPARED;
use report::Report;
use std::fmt;
use store::Database;
use subject::Subject;

/// Plans that became worse, or cannot be compared.
#[derive(Debug)]
pub(super) struct Worse {
    worse: usize,
    /// Whether there are some that cannot be compared.
    is_partial: bool,
}

impl Worse {
    /// What findings of a comparison come to, if there are any.
    fn of(findings: &[Diagnostic]) -> Option<Self> {
        let worse = findings.iter().filter(|finding| finding.code != UNCOMPARED);
        let worse = worse.count();
        (!findings.is_empty()).then_some(Self {
            worse,
            is_partial: worse < findings.len(),
        })
    }
}

impl fmt::Display for Worse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = if self.worse == 1 { "is" } else { "are" };
        let plans = count(self.worse, "plan");
        match (self.worse, self.is_partial) {
            (0, _) => write!(
                f,
                "not all plans can be compared with what was written down"
            ),
            (_, false) => write!(f, "{plans} {is} worse than what was written down"),
            (_, true) => write!(
                f,
                "{plans} {is} worse than what was written down, and not all can be compared"
            ),
        }
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
    let compared = match &known {
        Some(known) => {
            record::refuse_others(known, &looked, &subject.plans)?;
            findings.extend(record::moved(known, &looked));
            record::compare(known, (&subject, &looked), (args.rows_min, args.growth_max))
        }
        None => Vec::new(),
    };
    let worse = Worse::of(&compared);
    findings.extend(compared);
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
    match worse {
        None => Ok(()),
        Some(worse) => Err(worse.into()),
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
