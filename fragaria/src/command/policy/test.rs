//! `fragaria policy test`: tries the access rules with cases that are written in files.

use super::cases::{self, DIRECTORY, Trial};
use super::coverage::Coverage;
use super::outcome::Outcome;
use super::stand::Stand;
use super::trial::{Prepared, prepare};
use crate::cli::PolicyTest;
use crate::count::count;
use crate::environment::Environment;
use crate::mend;
use crate::project::Project;
use crate::snippet::{self, Refused, Texts};
use crate::terminal::Terminal;
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use std::fmt;

/// How it ended, where no case was seen to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::command) enum Ended {
    /// The cases cannot be used.
    Unusable,
    /// They could not be tried.
    Untried,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unusable => "the cases cannot be used",
            Self::Untried => "the cases could not be tried",
        })
    }
}

/// Reads the cases, tries each, and tells what became of them.
pub(super) async fn run(
    args: PolicyTest,
    environment: &Environment,
    terminal: Terminal,
) -> Result<()> {
    let project = Project::open(&args.directory, environment, &args.settings.flags());
    let project = project.context(Ended::Unusable)?;
    let (trials, texts) = read(&args).context(Ended::Unusable)?;
    let stand = Stand::open(&project).context(Ended::Unusable)?;
    let prepared = all(&stand, &trials, &texts).context(Ended::Unusable)?;
    let mut coverage = Coverage::of(&stand);
    let tried = try_all(&stand, &prepared, &mut coverage, terminal).await;
    stand.database.close().await;
    let outcomes = tried.context(Ended::Untried)?;
    let told = Told {
        stand: &stand,
        texts: &texts,
        cases: trials.iter().zip(&prepared).zip(outcomes).collect(),
        coverage,
        least: args.coverage_min,
    };
    terminal.either(&told.machine(), || told.lines().join("\n"))?;
    told.judge()
}

fn read(args: &PolicyTest) -> Result<(Vec<Trial>, Texts)> {
    let files = cases::files(&args.directory, &args.files)?;
    let (trials, texts) = cases::read(&files)?;
    if trials.is_empty() {
        let place = args.directory.join(DIRECTORY);
        let what = match files.as_slice() {
            [] => format!("there is no case: no file {}/*.toml", place.display()),
            files => format!("there is no case in {}", count(files.len(), "file")),
        };
        return Err(mend::failure(
            what,
            "write one: [[case]], with a `name`, `as` whom it asks, and what it `sees`",
        ));
    }
    Ok((trials, texts))
}

/// Plans all cases, or tells all that cannot be used of them.
fn all(stand: &Stand, trials: &[Trial], texts: &Texts) -> Result<Vec<Prepared>> {
    let (mut prepared, mut diagnostics) = (Vec::with_capacity(trials.len()), Vec::new());
    for trial in trials {
        match prepare(stand, trial) {
            Ok(ready) => prepared.push(ready),
            Err(found) => diagnostics.extend(found),
        }
    }
    if diagnostics.is_empty() {
        return Ok(prepared);
    }
    // Rows of a file are told of once, not once for each of its cases.
    let mut told = Vec::new();
    for diagnostic in diagnostics {
        if !told.contains(&diagnostic) {
            told.push(diagnostic);
        }
    }
    let texts = texts.clone();
    Err(Refused {
        diagnostics: told,
        texts,
    }
    .into())
}

async fn try_all(
    stand: &Stand,
    prepared: &[Prepared],
    coverage: &mut Coverage,
    terminal: Terminal,
) -> Result<Vec<Vec<Outcome>>> {
    let progress = terminal.steps("trying the cases", prepared.len());
    let mut outcomes = Vec::with_capacity(prepared.len());
    for case in prepared {
        outcomes.push(Box::pin(case.run(stand, coverage)).await?);
        progress.step();
    }
    Ok(outcomes)
}

/// What became of all cases.
struct Told<'t> {
    stand: &'t Stand,
    texts: &'t Texts,
    cases: Vec<((&'t Trial, &'t Prepared), Vec<Outcome>)>,
    coverage: Coverage,
    /// How much has to be tried, if anything has.
    least: Option<u8>,
}

impl Told<'_> {
    fn failing(&self) -> usize {
        let fails = |outcomes: &[Outcome]| outcomes.iter().any(|outcome| outcome.failed.is_some());
        let cases = self.cases.iter();
        cases.filter(|(_, outcomes)| fails(outcomes)).count()
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut file = "";
        for ((trial, prepared), outcomes) in &self.cases {
            if trial.place.file != file {
                file = &trial.place.file;
                lines.push(file.to_owned());
            }
            let fails = outcomes.iter().any(|outcome| outcome.failed.is_some());
            lines.push(if fails {
                let place = snippet::named(&trial.place, self.texts);
                format!("  FAIL  {}  ({place})", trial.name)
            } else {
                format!("  ok    {}", trial.name)
            });
            let lacks = prepared.lacks.iter();
            lines.extend(lacks.map(|claim| {
                format!("        without the claim {claim}, which rules of its roles read")
            }));
            lines.extend(
                outcomes
                    .iter()
                    .flat_map(|outcome| outcome.lines(self.texts)),
            );
        }
        let missing = self.coverage.missing(self.stand);
        // What fails comes first: what nobody tried is told when nothing does, or when it is asked for.
        if !missing.is_empty() && (self.failing() == 0 || self.least.is_some()) {
            lines.push("\nRules that no case has tried on both sides:".to_owned());
            lines.extend(missing.iter().map(|line| format!("  {line}")));
        }
        let (tried, of) = self.coverage.count();
        let (cases, failing) = (count(self.cases.len(), "case"), self.failing());
        let percent = self.coverage.percent();
        lines.push(format!(
            "\n{cases}, {failing} failing; {tried} of {of} sides of rules tried, {percent} %"
        ));
        lines
    }

    fn machine(&self) -> Value {
        let cases = self.cases.iter().map(|((trial, prepared), outcomes)| {
            let position = snippet::position(&trial.place, self.texts);
            let expects = outcomes.iter().map(|outcome| outcome.machine(self.texts));
            json!({
                "name": trial.name,
                "file": trial.place.file,
                "line": position.map(|(line, _)| line),
                "passes": outcomes.iter().all(|outcome| outcome.failed.is_none()),
                "lacks": prepared.lacks,
                "expects": expects.collect::<Vec<_>>(),
            })
        });
        let cases: Vec<_> = cases.collect();
        json!({
            "cases": cases,
            "failing": self.failing(),
            "coverage": self.coverage.machine(self.stand),
        })
    }

    /// Fails where a case does, or where less was tried than is wanted.
    fn judge(&self) -> Result<()> {
        match self.failing() {
            0 => {}
            1 => bail!("1 of {} fails", count(self.cases.len(), "case")),
            failing => bail!("{failing} of {} fail", count(self.cases.len(), "case")),
        }
        let percent = self.coverage.percent();
        match self.least {
            Some(least) if percent < usize::from(least) => {
                bail!("the cases try {percent} % of the rules' sides, and not {least} %")
            }
            _ => Ok(()),
        }
    }
}
