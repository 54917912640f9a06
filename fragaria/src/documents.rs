//! Which documents are run: those that are trusted, those that clients registered, and all others.

mod ahead;
mod registered;
mod strangers;

pub(crate) use ahead::prepare_ahead;

use crate::config::{Documents as Config, Mode};
use crate::edition::Edition;
use crate::http::admission::Admitted;
use crate::http::answer::Refusal;
use crate::http::parameters::Named as By;
use crate::mend;
use crate::server::{Server, Stage};
use anyhow::Result;
use engine::artefact::{Artefact, Hash};
use engine::{Named, Operation};
use model::metric::{Counter, Registry};
use model::{Fault, Kind, Rights};
use registered::Registered;
use std::ops::Deref;
use std::sync::Arc;
use strangers::Strangers;

/// What is run, and what is known of documents.
pub(crate) struct Documents {
    mode: Mode,
    registered: Option<Registered>,
    strangers: Strangers,
    refused: Counter,
}

/// What a request asks for.
#[derive(Debug)]
pub(crate) enum Wanted<'a> {
    /// A trusted document, by its id.
    Trusted(&'a str),
    /// A text, as it was sent or registered.
    Text(Text<'a>),
}

/// The text of a document.
#[derive(Debug)]
pub(crate) enum Text<'a> {
    /// It came with the request.
    Sent(&'a str),
    /// It came with an earlier one.
    Registered(Arc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Sent(text) => text,
            Self::Registered(text) => text,
        }
    }
}

impl Documents {
    /// Declares the metrics. Whoever develops writes new documents, and runs them before they are trusted.
    pub(crate) fn new(stage: Stage, config: &Config, registry: &mut Registry) -> Self {
        let mode = match (config.mode, stage) {
            (Mode::Strict, Stage::Development) => Mode::Permissive,
            (mode, _) => mode,
        };
        let is_open = mode != Mode::Strict && config.automatic_bytes_max > 0;
        let registry = registry.sub_registry_with_prefix("fragaria_documents");
        let documents = Self {
            mode,
            registered: is_open.then(|| Registered::new(config.automatic_bytes_max, registry)),
            strangers: Strangers::new(config.logged_max, registry),
            refused: Counter::default(),
        };
        registry.register(
            "refused",
            "Requests refused because their document is not trusted",
            documents.refused.clone(),
        );
        documents
    }

    /// Whether documents run that are sent.
    pub(crate) fn takes_text(&self) -> bool {
        self.mode != Mode::Strict
    }

    /// Whether documents run by their ids.
    fn takes_ids(&self) -> bool {
        self.mode != Mode::Off
    }

    /// What a request asks for, if that may be run here.
    pub(crate) fn wanted<'a>(
        &self,
        edition: &Edition,
        admitted: &'a Admitted,
    ) -> Result<Wanted<'a>, Fault> {
        let document = &admitted.parameters.document;
        match &admitted.parameters.named {
            None => self.sent(document),
            Some(By::Id(id)) => self.by_id(edition, id),
            Some(By::Hash { hash, alone: true }) => self.by_hash(edition, admitted, hash),
            Some(By::Hash { hash, alone: false }) => {
                verified(hash, document)?;
                self.sent(document)
            }
        }
    }

    fn sent<'a>(&self, document: &'a str) -> Result<Wanted<'a>, Fault> {
        if self.takes_text() {
            return Ok(Wanted::Text(Text::Sent(document)));
        }
        self.refused.inc();
        let message = "this server runs trusted documents alone: name one by its documentId";
        Err(Fault::new("documents.strict", Kind::Denied, message))
    }

    fn by_id<'a>(&self, edition: &Edition, id: &'a str) -> Result<Wanted<'a>, Fault> {
        if !self.takes_ids() {
            let message = "this server runs no document by its id: documents.mode is off";
            return Err(Fault::new("documents.off", Kind::Invalid, message));
        }
        if edition.engine.trusts(id) {
            return Ok(Wanted::Trusted(id));
        }
        self.refused.inc();
        Err(unknown())
    }

    /// A document that is trusted or was registered. Clients send its text when they hear that it was
    /// not, and no more hashes when they hear that it is of no use.
    fn by_hash<'a>(
        &self,
        edition: &Edition,
        admitted: &Admitted,
        hash: &'a str,
    ) -> Result<Wanted<'a>, Fault> {
        if self.takes_ids() && edition.engine.trusts(hash) {
            return Ok(Wanted::Trusted(hash));
        }
        let Some(registered) = &self.registered else {
            let message = "PersistedQueryNotSupported";
            let fault = Fault::new("documents.not_supported", Kind::Invalid, message);
            return Err(fault.called("PERSISTED_QUERY_NOT_SUPPORTED"));
        };
        let rights = edition.engine.settled(&admitted.caller.rights);
        let known = registered.known((read(hash)?, &rights));
        known.map_or_else(
            || {
                let message = "PersistedQueryNotFound";
                let fault = Fault::new("documents.not_registered", Kind::Invalid, message);
                Err(fault.called("PERSISTED_QUERY_NOT_FOUND"))
            },
            |text| Ok(Wanted::Text(Text::Registered(text))),
        )
    }

    /// Keeps a document that its client wants to name from now on; it was seen to be valid for its
    /// caller, and is kept for those of the same rights.
    pub(crate) fn register(&self, edition: &Edition, admitted: &Admitted) {
        let parameters = &admitted.parameters;
        let Some(By::Hash { hash, alone: false }) = &parameters.named else {
            return;
        };
        if let (Some(registered), Ok(hash)) = (&self.registered, hash.parse()) {
            let rights = edition.engine.settled(&admitted.caller.rights);
            registered.keep((hash, &rights), &parameters.document);
        }
    }

    /// Takes note of a document that was prepared and is perhaps not trusted.
    pub(crate) fn met(&self, edition: &Edition, operation: &Operation) {
        if self.mode == Mode::Permissive {
            self.strangers.met(&edition.engine, operation);
        }
    }

    /// Refuses to run nothing at all.
    pub(crate) fn have_something(&self, artefact: &Artefact) -> Result<()> {
        if self.takes_text() || !artefact.documents.is_empty() {
            return Ok(());
        }
        Err(mend::failure(
            "documents.mode is strict, and the artefact has no trusted documents: nothing would be run",
            "name them in documents.folder or documents.manifests, and compile again",
        ))
    }
}

/// A trusted document for the caller of a request; one that it may not run is not there.
pub(crate) async fn trusted(
    server: &Server,
    edition: &Arc<Edition>,
    (admitted, id): (&Admitted, &str),
) -> Result<Arc<Operation>, Refusal> {
    let rights = &admitted.caller.rights;
    let operation = admitted.parameters.operation.as_deref();
    let named = Named {
        id,
        operation,
        rights,
    };
    if let Some(known) = edition.engine.known_by_id(&named) {
        return Ok(known);
    }
    let shared = Arc::clone(edition);
    let (id, operation) = (id.to_owned(), operation.map(str::to_owned));
    let of_caller = rights.clone();
    let prepared = server.desks.work(move || {
        shared.engine.prepare_by_id(&Named {
            id: &id,
            operation: operation.as_deref(),
            rights: &of_caller,
        })
    });
    let prepared = prepared.await?.ok_or_else(unknown)?;
    Ok(prepared.map_err(|faults| untold(faults, rights))?)
}

/// What a document has that its caller may not see is not told by the errors it gives.
fn untold(faults: Vec<Fault>, rights: &Rights) -> Vec<Fault> {
    let is_told = |fault: &Fault| fault.kind != Kind::Invalid || fault.code == "engine.operation";
    if *rights == Rights::All || faults.iter().all(is_told) {
        return faults;
    }
    for fault in &faults {
        tracing::debug!(
            code = fault.code,
            detail = fault.message,
            "a trusted document is refused"
        );
    }
    vec![unknown()]
}

fn unknown() -> Fault {
    let message = "there is no document of this id for this caller";
    Fault::new("documents.unknown", Kind::Invalid, message)
}

/// Refuses a document under the hash of another: nobody else may be given it for that.
fn verified(hash: &str, document: &str) -> Result<(), Fault> {
    if read(hash)? == Hash::of(document.as_bytes()) {
        return Ok(());
    }
    let message = "the `sha256Hash` is not that of the `query` beside it";
    Err(Fault::new("documents.hash", Kind::Malformed, message))
}

fn read(hash: &str) -> Result<Hash, Fault> {
    hash.parse().map_err(|problem| {
        let message = format!("`sha256Hash`: {problem}");
        Fault::new("documents.hash", Kind::Malformed, message)
    })
}
