//! `fragaria verify limits`: puts a load on the limits, and compares what they let through with what
//! they should have.

mod load;
mod nodes;
mod redis;
mod report;
mod scenario;
mod specification;

use super::Disproved;
use crate::cli::VerifyLimits;
use crate::count::count;
use crate::mend;
use crate::running::Signals;
use crate::terminal::Terminal;
use anyhow::{Result, bail};
use redis::Servers;
use report::{Outcome, Report};
pub(crate) use scenario::Scenario;
use scenario::{Harm, Plan};
use std::time::Duration;

/// Verifies.
pub(super) async fn run(args: VerifyLimits, terminal: Terminal) -> Result<()> {
    let mut signals = Signals::new()?;
    let report = tokio::select! {
        report = try_all(&args, terminal) => report?,
        () = signals.next() => bail!("interrupted before all was tried"),
    };
    terminal.either(&report.json(), || report.sum())?;
    match (report.failed(), report.short()) {
        (0, 0) => Ok(()),
        (0, short) => Err(unjudged(short, args.seconds)),
        (scenarios, _) => Err(Disproved::Limits { scenarios }.into()),
    }
}

/// Nothing is shown to be wrong, and nothing to be right.
fn unjudged(scenarios: usize, seconds: u64) -> anyhow::Error {
    let told = count(scenarios, "scenario");
    mend::failure(
        format!("{told} cannot be judged in {seconds} s"),
        "give each more time: --seconds 60",
    )
}

/// Refuses a Redis that nothing would be shared through: whoever names one wants it tried.
fn are_to_share(is_given: bool, scenarios: &[Scenario]) -> Result<()> {
    let mut plans = scenarios.iter().map(|scenario| Plan::of(*scenario));
    if !is_given || plans.any(|plan| plan.is_shared() && plan.harm != Harm::Killed) {
        return Ok(());
    }
    Err(mend::failure(
        "--redis: no scenario that is tried uses it",
        "leave --redis out, or try one with several servers, as --scenario nodes; the scenario restart \
         kills a Redis of its own",
    ))
}

/// A count as a number that can be divided; none here comes near what it cannot hold.
fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

async fn try_all(args: &VerifyLimits, terminal: Terminal) -> Result<Report> {
    let scenarios = match &*args.scenarios {
        [] => Scenario::ALL.to_vec(),
        some => some.to_vec(),
    };
    are_to_share(args.redis.is_some(), &scenarios)?;
    let length = Duration::from_secs(args.seconds);
    let mut servers = Servers::new(args.redis.as_deref());
    let mut report = Report::new(length, args.seed);
    let ticks = scenarios.len() * usize::try_from(args.seconds)?;
    let progress = terminal.steps("putting a load on the limits", ticks);
    if !terminal.json {
        progress.answer(&report.head(terminal))?;
    }
    for scenario in scenarios {
        let plan = Plan::of(scenario);
        let nodes = nodes::start(&plan, &mut servers).await?;
        let tick = async {
            let mut seconds = tokio::time::interval(Duration::from_secs(1));
            seconds.tick().await;
            loop {
                seconds.tick().await;
                progress.step();
            }
        };
        let records = tokio::select! {
            records = load::run(&plan, &nodes, (length, args.seed)) => records,
            () = tick => bail!("the load never ends"),
            broken = nodes.fail(&plan, &mut servers, length) => { broken?; bail!("the load never ends") },
        };
        report.add(Outcome::of(&plan, &records?, length));
        if let Some(row) = report.last().filter(|_| !terminal.json) {
            progress.answer(&row)?;
        }
    }
    Ok(report)
}
