//! A case of access rules: planned as far as it can be without the database, and then tried.

use super::cases::{Expected, Question, Sight, Trial, Write, at};
use super::coverage::Coverage;
use super::explain::unknown;
use super::outcome::{Failed, Outcome, difference, title};
use super::stand::Stand;
use super::telling;
use anyhow::Result;
use engine::{
    Ask, Bound, Explaining, Explanation, FieldSight, Inexplicable, Inquiry, Inserts, rehearsal,
};
use model::{Action, Actor, Caller, Diagnostic, Fault, Kind, Place, Rights};
use serde_json::Value;
use serde_json::value::to_raw_value;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{Failure, Manner};

/// What the codes begin with by which the rules refuse.
const OF_THE_RULES: &str = "access.";

/// A case that can be tried.
pub(super) struct Prepared {
    /// What puts its rows into the database.
    rows: Option<Bound>,
    expects: Vec<Planned>,
    /// As whom the caller asks the database; as the login where as nobody.
    actor: Option<Arc<Actor>>,
    /// Claims that rules of the caller read, and it has not got.
    pub(super) lacks: BTreeSet<String>,
}

/// Something that is expected, and what is asked to see it.
struct Planned {
    place: Place,
    expected: Expected,
    /// Why that may be done with the row, or may not.
    explaining: Option<Explaining>,
    /// What the caller asks; refused where the rules do not even let it ask.
    asked: Option<Result<Bound, Fault>>,
}

/// Plans a case, or tells what cannot be used of it.
pub(super) fn prepare(stand: &Stand, trial: &Trial) -> Result<Prepared, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    for role in unknown(&trial.caller, &stand.edition.schema) {
        let found = Diagnostic::error("policy.case", format!("there is no role `{role}`"));
        let help = "a case of a role that nobody has would pass whatever the rules say";
        diagnostics.push(at(found.help(help), &trial.place));
    }
    let rows = rows(stand, trial, &mut diagnostics);
    let caller = trial.caller.clone().caller();
    let actor = stand.actor(&caller).unwrap_or_else(|why| {
        let found = Diagnostic::error("policy.case", why.what).help(why.help);
        diagnostics.push(at(found, &trial.place));
        None
    });
    let lacks = claims(stand, (trial, &caller), &mut diagnostics);
    let mut expects = Vec::with_capacity(trial.expects.len());
    for (place, expected) in &trial.expects {
        match planned(stand, &caller, (place, expected)) {
            Ok(planned) => expects.push(planned),
            Err(found) => diagnostics.push(at(*found, place)),
        }
    }
    if diagnostics.is_empty() {
        return Ok(Prepared {
            rows,
            expects,
            actor,
            lacks,
        });
    }
    Err(diagnostics)
}

fn rows(stand: &Stand, trial: &Trial, diagnostics: &mut Vec<Diagnostic>) -> Option<Bound> {
    let engine = &stand.edition.engine;
    let mut rows = Vec::with_capacity(trial.rows.len());
    for (place, row) in &trial.rows {
        let row = (row.type_name.as_str(), &row.values);
        match engine.given(&[row]) {
            Ok(_) => rows.push(row),
            Err(why) => diagnostics.push(at(unusable(&why), place)),
        }
    }
    if rows.is_empty() {
        return None;
    }
    engine.given(&rows).ok()
}

/// The claims that the caller lacks; those that nobody reads are refused, as a case of a misspelled one would
/// pass whatever the rules say.
fn claims(
    stand: &Stand,
    (trial, caller): (&Trial, &Caller),
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeSet<String> {
    let engine = &stand.edition.engine;
    let lacks = engine.lacking((&caller.rights, &caller.claims));
    // Policies of a database read what they like.
    let given = trial.caller.claims.clone().into();
    let unread = (!stand.acts()).then(|| engine.unread(&given));
    let unread = unread.unwrap_or(Ok(Vec::new()));
    match lacks.and_then(|lacks| Ok((lacks, unread?))) {
        Ok((lacks, unread)) => {
            diagnostics.extend(unread.into_iter().map(|(name, meant)| {
                let found = format!("no rule reads the claim `{name}`");
                let found = Diagnostic::error("policy.case", found);
                let help = meant.unwrap_or_else(|| "leave it out: it decides nothing".to_owned());
                at(found.help(help), &trial.place)
            }));
            lacks
        }
        Err(fault) => {
            let found = Diagnostic::error("policy.case", fault.to_string());
            diagnostics.push(at(found, &trial.place));
            BTreeSet::new()
        }
    }
}

/// Why something of a case cannot be tried.
fn unusable(why: &Inexplicable) -> Diagnostic {
    let found = Diagnostic::error("policy.case", why.to_string());
    match why {
        Inexplicable::Type { help, .. }
        | Inexplicable::Key { help, .. }
        | Inexplicable::Row { help, .. } => found.help(help.clone()),
        _ => found,
    }
}

type Unusable = Box<Diagnostic>;

fn planned(
    stand: &Stand,
    caller: &Caller,
    (place, expected): (&Place, &Expected),
) -> Result<Planned, Unusable> {
    let told = |why: Inexplicable| Box::new(unusable(&why));
    let inquire = |type_name: &str, id: Option<&Value>, action: Action| {
        let inquiry = Inquiry {
            rights: &caller.rights,
            claims: &caller.claims,
            type_name,
            id,
            action,
        };
        stand.edition.engine.inquire(&inquiry).map_err(told)
    };
    let (explaining, asked) = match expected {
        Expected::Sees(sight) | Expected::DoesNotSee(sight) => {
            let explaining = inquire(&sight.type_name, Some(&sight.id), Action::Read)?;
            are_fields(sight, &explaining)?;
            (Some(explaining), None)
        }
        Expected::May(write) | Expected::MayNot(write) => {
            let (action, type_name) = done(write);
            let parts = (write.id.as_ref(), write.values.as_ref());
            let writing = stand.edition.engine.writing(type_name, action, parts);
            let writing = writing.map_err(told)?;
            let asked = asked(stand, caller, (&writing.document, &writing.variables))?;
            let explaining = inquire(type_name, write.id.as_ref(), action)?;
            (Some(explaining), Some(asked))
        }
        Expected::Asks(question) => {
            let variables = Value::Object(question.variables.clone());
            (
                None,
                Some(asked(stand, caller, (&question.document, &variables))?),
            )
        }
    };
    Ok(Planned {
        place: place.clone(),
        expected: expected.clone(),
        explaining,
        asked,
    })
}

/// What is done by a write, with a row of which type.
pub(super) fn done(write: &Write) -> (Action, &str) {
    let kinds = [
        (Action::Create, &write.create),
        (Action::Update, &write.update),
        (Action::Delete, &write.delete),
    ];
    let mut kinds = kinds.into_iter();
    let found = kinds.find_map(|(action, of)| Some((action, of.as_deref()?)));
    found.unwrap_or((Action::Delete, ""))
}

/// Refuses fields that the type does not have: nobody would see them.
fn are_fields(sight: &Sight, explaining: &Explaining) -> Result<(), Unusable> {
    let named = [&sight.shows, &sight.masks, &sight.hides];
    let fields = explaining.field_names();
    let mut named = named.into_iter().flatten();
    match named.find(|name| !fields.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let message = format!("{} has no field `{name}`", sight.type_name);
            let help = format!("it has {}", fields.join(", "));
            Err(Box::new(
                Diagnostic::error("policy.case", message).help(help),
            ))
        }
    }
}

/// What a caller asks. If it cannot, whoever is held to no rule must be able to: else it is the case that
/// is wrong, and not the rules that refuse it.
fn asked(
    stand: &Stand,
    caller: &Caller,
    (document, variables): (&str, &Value),
) -> Result<Result<Bound, Fault>, Unusable> {
    let bind = |rights: &Rights| {
        let engine = &stand.edition.engine;
        let ask = Ask {
            document,
            operation: None,
            rights,
        };
        let operation = engine.prepare(&ask)?;
        let unwritten = |error: serde_json::Error| {
            let message = format!("the variables cannot be written: {error}");
            vec![Fault::new("engine.internal", Kind::Internal, message)]
        };
        let given = to_raw_value(variables).map_err(unwritten)?;
        let given = (&caller.claims, Some(&*given));
        engine.bind(&operation, given, Inserts::Together)
    };
    let internal = || Fault::new("engine.internal", Kind::Internal, "no fault is told");
    let first = |faults: Vec<Fault>| faults.into_iter().next().unwrap_or_else(internal);
    let asked = bind(&caller.rights).map_err(first);
    let is_asked = match &asked {
        Ok(_) => true,
        Err(fault) => fault.code.starts_with(OF_THE_RULES),
    };
    match bind(&Rights::All) {
        Err(faults) if !is_asked => {
            let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
            let message = format!("nobody can ask that: {}", faults.join("; "));
            Err(Box::new(Diagnostic::error("policy.case", message)))
        }
        _ => Ok(asked),
    }
}

impl Prepared {
    /// Tries it; a database that cannot be asked ends everything.
    pub(super) async fn run(&self, stand: &Stand, coverage: &mut Coverage) -> Result<Vec<Outcome>> {
        if let Some(rows) = &self.rows
            && let Err(fault) = attempt(stand, &rehearsal(&[rows]), None).await?
        {
            let failed = Failed {
                expected: "its rows are there".to_owned(),
                got: format!("the database refuses them: {fault}"),
                why: Vec::new(),
            };
            let first = self.expects.iter().take(1);
            let outcome = first.map(|planned| planned.outcome(Some(failed.clone())));
            return Ok(outcome.collect());
        }
        let mut outcomes = Vec::with_capacity(self.expects.len());
        for planned in &self.expects {
            let failed = self.tried(stand, planned, coverage).await?;
            outcomes.push(planned.outcome(failed));
        }
        Ok(outcomes)
    }

    async fn tried(
        &self,
        stand: &Stand,
        planned: &Planned,
        coverage: &mut Coverage,
    ) -> Result<Option<Failed>> {
        let explanation = match &planned.explaining {
            Some(explaining) => Some(self.explained(stand, explaining).await?),
            None => None,
        };
        if let Some(explanation) = &explanation {
            coverage.note(explanation);
        }
        let answer = match &planned.asked {
            Some(asked) => Some(self.answered(stand, asked).await?),
            None => None,
        };
        Ok(match (&planned.expected, explanation, answer) {
            (Expected::Sees(sight), Some(explanation), _) => {
                unlike(sight, &explanation).map(|failed| failed.because(stand, &explanation))
            }
            (Expected::DoesNotSee(_), Some(explanation), _) => {
                seen(&explanation).map(|failed| failed.because(stand, &explanation))
            }
            (Expected::May(write), Some(explanation), Some(answer)) => {
                self.note(coverage, (write, &explanation), &answer);
                not_done(&answer).map(|failed| failed.because(stand, &explanation))
            }
            (Expected::MayNot(write), Some(explanation), Some(answer)) => {
                self.note(coverage, (write, &explanation), &answer);
                not_refused(&answer).map(|failed| failed.because(stand, &explanation))
            }
            (Expected::Asks(question), _, Some(answer)) => otherwise(question, &answer),
            _ => Some(Failed {
                expected: "an answer".to_owned(),
                got: "nothing was asked".to_owned(),
                why: Vec::new(),
            }),
        })
    }

    async fn explained(&self, stand: &Stand, explaining: &Explaining) -> Result<Explanation> {
        let data = match explaining.bound() {
            Some(bound) => {
                let answer = self.attempt(stand, bound).await?;
                answer.map_err(|fault| anyhow::anyhow!("a row cannot be looked at: {fault}"))?
            }
            None => Value::Null,
        };
        explaining.told(&data).map_err(super::stand::unexplained)
    }

    /// What the caller is answered.
    async fn answered(
        &self,
        stand: &Stand,
        asked: &Result<Bound, Fault>,
    ) -> Result<Result<Value, Fault>> {
        match asked {
            Ok(bound) => self.attempt(stand, bound).await,
            Err(fault) => Ok(Err(fault.clone())),
        }
    }

    /// What the database answers the caller, among the rows of the case.
    async fn attempt(&self, stand: &Stand, bound: &Bound) -> Result<Result<Value, Fault>> {
        let actor = self.actor.clone().map(|actor| {
            // The rows of a case are others' too, so it is not the caller who puts them there.
            let rows = self.rows.as_ref();
            (actor, rows.map_or(0, |rows| rows.script.steps.len()))
        });
        attempt(stand, &self.among_rows(bound), actor).await
    }

    /// Takes down what the rules let a write do, as far as one alone decided.
    fn note(
        &self,
        coverage: &mut Coverage,
        (write, explanation): (&Write, &Explanation),
        answer: &Result<Value, Fault>,
    ) {
        let (action, _) = done(write);
        match answer {
            Ok(data) if action == Action::Create && is_done(data) => {
                coverage.note_write(explanation, action, true);
            }
            Err(fault) if fault.code == "access.check" && self.lacks.is_empty() => {
                coverage.note_write(explanation, action, false);
            }
            _ => {}
        }
    }

    /// The same with the rows of the case, and undone where anything is written.
    fn among_rows(&self, bound: &Bound) -> Bound {
        match &self.rows {
            Some(rows) => rehearsal(&[rows, bound]),
            None if bound.script.writes => rehearsal(&[bound]),
            None => bound.clone(),
        }
    }
}

/// What the database answers whoever acts behind so many steps, or what of it is told; one that cannot be
/// asked ends everything.
async fn attempt(
    stand: &Stand,
    bound: &Bound,
    actor: Option<(Arc<Actor>, usize)>,
) -> Result<Result<Value, Fault>> {
    let (actor, steps_as_login) = actor.unzip();
    let manner = Manner {
        actor,
        steps_as_login: steps_as_login.unwrap_or(0),
        ..bound.weight.into()
    };
    let refused = match stand.run(bound, manner).await? {
        Ok(data) => return Ok(Ok(data)),
        Err(failure) => failure,
    };
    match refused.error {
        store::Error::Unavailable(_)
        | store::Error::Full(_)
        | store::Error::Timeout(_)
        | store::Error::Login(_)
        | store::Error::Internal(_)
        | store::Error::Lasting(_) => Err(stand.failed(&refused)),
        error => Ok(Err(Fault::from(Failure { error, ..refused }))),
    }
}

/// Whether a write gave its row back.
fn is_done(data: &Value) -> bool {
    let mut members = data.as_object().into_iter().flat_map(|data| data.values());
    members.any(|row| !row.is_null())
}

/// Whether the rules are why it is refused; what nobody can ask was refused before.
fn is_by_rules(fault: &Fault) -> bool {
    // What policies do not let be written is refused by rules, too: those of the database.
    let further = [
        "engine.invalid",
        "engine.variable",
        "engine.argument",
        "store.policy",
    ];
    fault.code.starts_with(OF_THE_RULES) || further.contains(&fault.code)
}

fn seen(explanation: &Explanation) -> Option<Failed> {
    (explanation.allowed == Some(true)).then(|| Failed::of("not seen", "seen"))
}

fn unlike(sight: &Sight, explanation: &Explanation) -> Option<Failed> {
    if explanation.allowed != Some(true) {
        return Some(Failed::of("seen", telling::verdict(explanation)));
    }
    let sight_of = |name: &str| {
        let field = explanation.fields.iter().find(|field| field.field == name);
        field.and_then(|field| field.sight)
    };
    let ways = [
        (&sight.shows, "shown", [Some(FieldSight::Shown); 2]),
        (&sight.masks, "masked", [Some(FieldSight::Masked); 2]),
        (
            &sight.hides,
            "not shown",
            [Some(FieldSight::Hidden), Some(FieldSight::NotOffered)],
        ),
    ];
    for (names, word, wanted) in ways {
        for name in names {
            let found = sight_of(name);
            if !wanted.contains(&found) {
                let got = format!("{name} {}", telling::sight(found));
                return Some(Failed::of(format!("{name} is {word}"), got));
            }
        }
    }
    None
}

fn not_done(answer: &Result<Value, Fault>) -> Option<Failed> {
    match answer {
        Ok(data) if is_done(data) => None,
        Ok(_) => Some(Failed::of("done", "there is no such row for this caller")),
        Err(fault) => Some(Failed::of("done", format!("refused: {fault}"))),
    }
}

fn not_refused(answer: &Result<Value, Fault>) -> Option<Failed> {
    match answer {
        Ok(data) if is_done(data) => Some(Failed::of("refused by the rules", "done")),
        Ok(_) => None,
        Err(fault) if is_by_rules(fault) => None,
        Err(fault) => {
            let got = format!("refused for another reason, so that nothing is shown: {fault}");
            Some(Failed::of("refused by the rules", got))
        }
    }
}

fn otherwise(question: &Question, answer: &Result<Value, Fault>) -> Option<Failed> {
    let expected = match (&question.answer, &question.error) {
        (Some(data), _) => data.to_string(),
        (None, code) => format!("the error {}", code.as_deref().unwrap_or_default()),
    };
    match (answer, &question.answer, &question.error) {
        (Ok(data), Some(wanted), _) if data == wanted => None,
        (Err(fault), _, Some(code)) if fault.code == code => None,
        (Ok(data), Some(wanted), _) => Some(Failed {
            expected,
            got: data.to_string(),
            why: vec![format!("they differ at {}", difference(wanted, data))],
        }),
        (Ok(data), ..) => Some(Failed::of(expected, data.to_string())),
        (Err(fault), ..) => Some(Failed::of(expected, format!("the error {fault}"))),
    }
}

impl Planned {
    fn outcome(&self, failed: Option<Failed>) -> Outcome {
        Outcome {
            place: self.place.clone(),
            says: title(&self.expected),
            failed,
        }
    }
}
