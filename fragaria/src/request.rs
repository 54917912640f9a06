//! The life of a GraphQL request, as one page of direct calls.
//!
//! The line of the request is open when it arrives here, and closes at the last byte of the
//! answer. Every step is one call; the first refusal is the answer.

use crate::cache::{self, Cache, Kept, Outcome};
use crate::documents::{self, Wanted};
use crate::edition::Edition;
use crate::http::admission::{Admitted, admit};
use crate::http::again::Asking;
use crate::http::answer::{Answer, Refusal};
use crate::http::answers::{self, Account};
use crate::http::idempotency::{self, fingerprint};
use crate::http::negotiation::Format;
use crate::http::rates;
use crate::http::room::{Full, Held};
use crate::http::{Asked, Peer};
use crate::server::Server;
use engine::{Ask, Bound, Inserts, Keeping, Operation, OperationKind};
use guard::load::{Pass, Work};
use guard::rates::Visit;
use hyper::{Method, StatusCode};
use model::{Actor, Fault, Kind, Once};
use observe::request::Line;
use std::sync::Arc;
use std::time::Duration;
use store::{Failure, Gate, Manner, Reply};
use tokio::time::Instant;

/// Answers a GraphQL request.
pub(crate) async fn answer(
    server: &Server,
    peer: &Peer,
    request: Asked<'_>,
    line: &mut Line,
) -> Answer {
    let format = Format::accepted(request.headers());
    let mut visit = Visit::default();
    let asked = server
        .cache
        .as_ref()
        .and_then(|cache| Asking::of(&request, cache.config()));
    let edition = server.edition();
    line.entry().artefact = Some(edition.hash.clone());
    let arrived = rates::arrive(server, peer, request.headers(), &mut visit).await;
    let whose = peer.account_of(server, &visit);
    let lived = match arrived.and_then(|()| Ok(server.answers.look(&whose)?)) {
        Ok(()) => {
            let asked = (peer, request, format);
            live((server, &edition), asked, line, (&mut visit, &whose)).await
        }
        Err(refusal) => Err(refusal),
    };
    let answer = match lived {
        Ok((lived, cost, counted)) => {
            let Lived {
                reply, held, kept, ..
            } = lived;
            let answer = Answer::data(reply, cost, held, format.unwrap_or_default());
            let answer = answer.counted(counted);
            match (asked, kept.filter(|_| cost.is_none())) {
                (Some(asked), Some(kept)) => asked.told(answer, &kept, line),
                _ => answer,
            }
        }
        Err(refusal) => {
            let answer = Answer::refused(&refusal, format.unwrap_or_default());
            answer.counted_in(&server.answers, &whose)
        }
    };
    rates::tell(server, &visit, line, answer)
}

/// What a request comes to.
struct Lived {
    reply: Reply,
    /// The room it takes.
    held: Option<Held>,
    /// What others are told who keep answers.
    kept: Option<Kept>,
    /// Whether something was done that the answer tells of.
    is_done: bool,
}

impl Lived {
    /// Counts its answer. One that tells what was done is given whatever room there is, and one that
    /// tells of the API has room of its own.
    fn count(&self, server: &Server, whose: &Arc<Account>) -> Result<answers::Held, Refusal> {
        let bytes = match (&self.held, &self.reply) {
            (Some(_), Reply::Whole(_)) => 0,
            (_, reply) => server.answers.bytes(reply),
        };
        if self.is_done {
            return Ok(server.answers.hold(whose, bytes));
        }
        Ok(server.answers.take(whose, bytes)?)
    }
}

async fn live(
    (server, edition): (&Server, &Arc<Edition>),
    asked: (&Peer, Asked<'_>, Option<Format>),
    line: &mut Line,
    (visit, whose): (&mut Visit, &Arc<Account>),
) -> Result<(Lived, Option<u64>, answers::Held), Refusal> {
    let admitted = admit((server, edition), asked, line, (visit, whose)).await?;
    let lived = carry_out(server, edition, &admitted, line, Some(visit)).await?;
    let counted = lived.count(server, whose)?;
    let cost = line.entry().cost.filter(|_| admitted.reports_cost);
    Ok((lived, cost, counted))
}

/// Answers a request of our own, with a body as one that came by POST.
pub(crate) async fn ask(server: &Server, body: &[u8]) -> Result<(Reply, Option<Held>), Refusal> {
    let mut line = server.requests.open("own".into(), "graphql");
    let edition = server.edition();
    let admitted = Admitted::own(server, &edition, body).await?;
    let lived = carry_out(server, &edition, &admitted, &mut line, None).await?;
    Ok((lived.reply, lived.held))
}

async fn carry_out(
    server: &Server,
    edition: &Arc<Edition>,
    admitted: &Admitted,
    line: &mut Line,
    visit: Option<&mut Visit>,
) -> Result<Lived, Refusal> {
    let actor = edition.engine.actor(&admitted.caller)?.map(Arc::new);
    let operation = prepare(server, edition, admitted).await?;
    line.name(operation.name());
    weigh(&operation, admitted)?;
    let held = reserve(server, edition, &operation).await?;
    let (bound, held) = bind(server, (edition, &operation), admitted, held).await?;
    line.entry().cost = Some(bound.cost);
    rates::weigh(server, visit, admitted, (&operation, bound.cost)).await?;
    let as_what = (once(&operation, admitted, actor.as_deref()), actor);
    let asked = (edition, &operation, admitted);
    let (reply, kept) = match server.cache.as_ref().zip(bound.keeping) {
        None => (read(server, asked, (bound, as_what), line).await?, None),
        Some(kept) => Box::pin(recall(server, kept, asked, (bound, as_what), line)).await?,
    };
    Ok(Lived {
        reply,
        held,
        kept,
        is_done: operation.kind() == OperationKind::Mutation,
    })
}

/// What is asked by whom, of which edition.
type Question<'q> = (&'q Arc<Edition>, &'q Arc<Operation>, &'q Admitted);

/// Answers what may be kept: from the cache, if it can. Whoever acts as a role of the database is held
/// to rules that only the database knows, so nothing is kept of it.
async fn recall(
    server: &Server,
    (cache, keeping): (&Cache, Keeping),
    asked: Question<'_>,
    (bound, as_what): (Bound, As),
    line: &mut Line,
) -> Result<(Reply, Option<Kept>), Refusal> {
    if as_what.1.is_some() {
        cache.note(Outcome::Bypass, line);
        return Ok((read(server, asked, (bound, as_what), line).await?, None));
    }
    let question = cache::Question {
        database: asked.2.place.database(server),
        keeping,
        bound: &bound,
    };
    let read = async |line: &mut Line| {
        let bound = (bound.clone(), as_what.clone());
        read(server, asked, bound, line).await
    };
    cache.answer(question, line, read).await
}

/// Asks the database, once it may be asked for more.
async fn read(
    server: &Server,
    (edition, operation, admitted): Question<'_>,
    (bound, as_what): (Bound, As),
    line: &mut Line,
) -> Result<Reply, Refusal> {
    let pass = enter(server, operation, &bound, admitted)?;
    let outcome = match run((server, admitted), bound, as_what.clone(), line).await {
        Err(failure) if failure.is_of_several() && !operation.introspects() => {
            let apart = bind_as(edition, operation, admitted, Inserts::Apart);
            Box::pin(run_apart(
                (server, admitted),
                (apart, as_what),
                line,
                failure,
            ))
            .await
        }
        outcome => outcome,
    };
    let has_its_share = |failure: &Failure| matches!(failure.error, store::Error::Crowded);
    let waited_for_itself = outcome.as_ref().is_err_and(has_its_share);
    let outcome = outcome.map_err(Refusal::from_run);
    // A mistake takes less time than what it keeps from being done.
    if !waited_for_itself && outcome.as_ref().map_or_else(Refusal::is_away, |_| true) {
        pass.told();
    }
    outcome
}

/// Parse, validate and plan; cached for the access shape of the caller. A new document takes its
/// time beside the threads that serve everybody.
async fn prepare(
    server: &Server,
    edition: &Arc<Edition>,
    admitted: &Admitted,
) -> Result<Arc<Operation>, Refusal> {
    let wanted = server.documents.wanted(edition, admitted)?;
    let document = match &wanted {
        Wanted::Trusted(id) => return documents::trusted(server, edition, (admitted, id)).await,
        Wanted::Text(text) => &**text,
    };
    let rights = &admitted.caller.rights;
    let operation = admitted.parameters.operation.as_deref();
    let ask = Ask {
        document,
        operation,
        rights,
    };
    if let Some(known) = edition.engine.known(&ask) {
        server.documents.register(edition, admitted);
        return Ok(known);
    }
    let shared = Arc::clone(edition);
    let (document, operation) = (document.to_owned(), operation.map(str::to_owned));
    let rights = rights.clone();
    let prepared = server.desks.work(move || {
        shared.engine.prepare(&Ask {
            document: &document,
            operation: operation.as_deref(),
            rights: &rights,
        })
    });
    let prepared = prepared.await??;
    server.documents.register(edition, admitted);
    server.documents.met(edition, &prepared);
    Ok(prepared)
}

/// Whether this way in may ask for that operation: GET is safe, so it never writes.
fn weigh(operation: &Operation, admitted: &Admitted) -> Result<(), Refusal> {
    if operation.kind() == OperationKind::Mutation && admitted.method != Method::POST {
        let fault = Fault::new(
            "http.method",
            Kind::Malformed,
            "mutations must be sent by POST",
        );
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, fault).allow("POST"));
    }
    Ok(())
}

/// What tells of a large API is long: it has room for itself before it is written, and keeps it
/// until it is taken. It is copied on the way, so there are two of it at first.
async fn reserve(
    server: &Server,
    edition: &Edition,
    operation: &Operation,
) -> Result<Option<Held>, Refusal> {
    if !operation.introspects() {
        return Ok(None);
    }
    let until = Instant::now() + Duration::from_millis(server.config.database.queue_timeout_ms);
    let bytes = edition.engine.introspection_bytes_max(operation);
    let bytes = bytes.saturating_mul(2);
    let held = server.introspections.grow(None, bytes, until).await;
    Ok(Some(held.map_err(|Full| full())?))
}

fn full() -> Refusal {
    let message = "the server holds as much introspection as it may, try again later";
    Fault::new("server.introspections_full", Kind::Unavailable, message).into()
}

/// Variables become the arguments of the plan's statements. Introspection is written beside the
/// threads that serve everybody, and its room stays taken when its client is gone before it ends.
async fn bind(
    server: &Server,
    (edition, operation): (&Arc<Edition>, &Arc<Operation>),
    admitted: &Admitted,
    held: Option<Held>,
) -> Result<(Bound, Option<Held>), Refusal> {
    if !operation.introspects() {
        let bound = bind_as(edition, operation, admitted, Inserts::Together)?;
        return Ok((bound, held));
    }
    let (edition, operation) = (Arc::clone(edition), Arc::clone(operation));
    let variables = admitted.parameters.variables.as_deref();
    let variables = variables.map(ToOwned::to_owned);
    let claims = admitted.caller.claims.clone();
    let bound = server.desks.work(move || {
        let given = (&claims, variables.as_deref());
        let bound = edition.engine.bind(&operation, given, Inserts::Together)?;
        Ok::<_, Vec<Fault>>((bound, held))
    });
    Ok(bound.await??)
}

fn bind_as(
    edition: &Edition,
    operation: &Operation,
    admitted: &Admitted,
    inserts: Inserts,
) -> Result<Bound, Refusal> {
    let variables = admitted.parameters.variables.as_deref();
    let given = (&admitted.caller.claims, variables);
    Ok(edition.engine.bind(operation, given, inserts)?)
}

/// Whether the database may be asked for more; what is refused here is refused at once.
fn enter(
    server: &Server,
    operation: &Operation,
    bound: &Bound,
    admitted: &Admitted,
) -> Result<Pass, Fault> {
    let work = Work {
        writes: operation.kind() == OperationKind::Mutation,
        weight: bound.weight,
    };
    admitted
        .place
        .load(server)
        .enter(&admitted.caller.name, work)
}

/// A mutation that its client gave a key happens once, however often it is sent.
fn once(operation: &Operation, admitted: &Admitted, actor: Option<&Actor>) -> Option<Once> {
    let key = admitted.idempotency_key.clone()?;
    (operation.kind() == OperationKind::Mutation).then(|| Once {
        caller: idempotency::whose(&admitted.caller.name, admitted.place.tenant()),
        key,
        fingerprint: fingerprint(
            operation.text(),
            &admitted.parameters,
            &operation.standing(&admitted.caller, actor),
        ),
    })
}

/// As what a request it is run, and as whom.
type As = (Option<Once>, Option<Arc<Actor>>);

/// The database answers in JSON. What it said in a failure stays in the log.
async fn run(
    (server, admitted): (&Server, &Admitted),
    bound: Bound,
    (once, actor): As,
    line: &mut Line,
) -> Result<Reply, Failure> {
    let Bound {
        script,
        arguments,
        weight,
        ..
    } = bound;
    let manner = Manner {
        weight,
        once,
        actor,
        steps_as_login: 0,
        gate: admitted.whose.clone().map(|whose| whose as Arc<dyn Gate>),
    };
    let database = admitted.place.database(server);
    let outcome = database.run(script, arguments, manner).await;
    outcome.inspect_err(|failure| {
        if failure.error.may_be_drift() {
            admitted.place.doubt(server);
        }
        tracing::warn!(request_id = line.request_id(), detail = %failure, "the database refused");
    })
}

/// Nothing was kept of rows that were written together, so they can be written again one by one:
/// the error then names the row. Where another thing goes wrong by now, the first is told.
async fn run_apart(
    at: (&Server, &Admitted),
    (apart, as_what): (Result<Bound, Refusal>, As),
    line: &mut Line,
    first: Failure,
) -> Result<Reply, Failure> {
    let Ok(bound) = apart else {
        return Err(first);
    };
    match run(at, bound, as_what, line).await {
        Err(failure) if !failure.is_like(&first) => Err(first),
        outcome => outcome,
    }
}
