//! Tenants with a database each: which caller works in which, and which of them are open.
//!
//! A connection belongs to one tenant for its whole life: nothing is switched between requests.

mod metrics;
mod opened;
mod places;
mod tenant;

pub(crate) use opened::Stay;

use crate::config::{By, Config};
use crate::edition::Edition;
use crate::http::answer::Refusal;
use crate::mend;
use crate::readiness::jittered;
use crate::server::{Server, Stage};
use anyhow::Result;
use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use guard::load::Load;
use hyper::StatusCode;
use metrics::Metrics;
use model::metric::Registry;
use model::{Caller, Fault, Kind, Rights, Schema};
use observe::request::Line;
use opened::Opened;
use places::Places;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tenant::Tenant;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

/// How many tenants' databases are looked at at a time.
const LOOKS_MAX: usize = 32;

/// The tenants, and the databases that are open.
pub(crate) struct Tenancy {
    tenants: HashMap<Box<str>, Arc<Tenant>>,
    /// The tenant of who develops and asks as nobody else.
    development: Option<Box<str>>,
    /// Beside which the others are.
    home: store::Database,
    config: store::Config,
    load: Arc<Load>,
    places: Arc<Places>,
    idle: Duration,
    metrics: Metrics,
}

/// Where a request works.
pub(crate) enum Place {
    /// In the one database there is.
    Home,
    /// In that of its tenant.
    Tenant(Stay),
}

impl Tenancy {
    /// The tenants of a configuration, if they have databases of their own; none is opened yet.
    pub(crate) fn of(
        config: &Config,
        home: &store::Database,
        load: &Arc<Load>,
        registry: &mut Registry,
    ) -> Option<Arc<Self>> {
        let (given, metrics) = (&config.tenancy, Metrics::new(registry));
        if !given.is_on() {
            return None;
        }
        let development = &*given.development;
        let tenants = given.tenants.iter().map(Tenant::new);
        Some(Arc::new(Self {
            tenants: tenants
                .map(|it| ((*it.name).into(), Arc::new(it)))
                .collect(),
            development: (!development.is_empty()).then(|| development.into()),
            home: home.clone(),
            config: config.database.clone(),
            load: Arc::clone(load),
            places: Arc::new(Places::new(given.open_max)),
            idle: given.idle(),
            metrics,
        }))
    }

    /// The tenant of a caller; it has one that is known, or is refused, and never has another.
    fn whose(&self, caller: &Caller, stage: Stage) -> Option<&Arc<Tenant>> {
        let name = match (&caller.tenant, &caller.rights, stage) {
            (None, Rights::All, Stage::Development) => self.development.as_ref(),
            (tenant, _, _) => tenant.as_ref(),
        };
        self.tenants.get(name?)
    }

    /// Lets a request into the database of its tenant, which is opened and looked at before the
    /// first one is.
    async fn enter(
        self: &Arc<Self>,
        tenant: &Arc<Tenant>,
        edition: &Arc<Edition>,
    ) -> Result<Stay, Fault> {
        if let Some(known) = tenant.known(edition) {
            return known;
        }
        let _place = tenant.queue(self.config.queue_length_max)?;
        // Whoever opens it waits for a place first, and has a reason of its own if none comes free.
        let opened = timeout(2 * self.patience(), self.open_once(tenant, edition)).await;
        opened.unwrap_or_else(|_| Err(not_ready()))
    }

    /// How long a request waits for what is not free.
    fn patience(&self) -> Duration {
        Duration::from_millis(self.config.queue_timeout_ms)
    }

    /// Opens the database of a tenant, if nobody else did while this one waited. It goes on when
    /// nobody waits for it any more.
    async fn open_once(
        self: &Arc<Self>,
        tenant: &Arc<Tenant>,
        edition: &Arc<Edition>,
    ) -> Result<Stay, Fault> {
        let turn = Arc::clone(&tenant.turn).lock_owned().await;
        if let Some(known) = tenant.known(edition) {
            return known;
        }
        let (tenancy, tenant) = (Arc::clone(self), Arc::clone(tenant));
        let edition = Arc::clone(edition);
        let opening = tokio::spawn(async move {
            let _turn = turn;
            tenancy.open(&tenant, &edition).await
        });
        let failed = |_| {
            let message = "opening the database of a tenant failed";
            Err(Fault::new("server.internal", Kind::Internal, message))
        };
        opening.await.unwrap_or_else(failed)
    }

    async fn open(&self, tenant: &Arc<Tenant>, edition: &Edition) -> Result<Stay, Fault> {
        // One that is being closed lets nobody in.
        let open = tenant.opened();
        let open = open.and_then(|opened| opened.stay().map(|stay| (opened, stay)));
        let (opened, stay) = match open {
            Some(open) => open,
            None => self.make(tenant).await?,
        };
        opened.compare(edition).await;
        let fits = opened.judge(edition).unwrap_or_else(|| Err(not_ready()));
        fits.map(|()| stay)
    }

    /// Makes ready to connect, once there is a place for one more. Whoever opened it is in it before
    /// another one could have it closed.
    async fn make(&self, tenant: &Arc<Tenant>) -> Result<(Arc<Opened>, Stay), Fault> {
        let place = self.place().await?;
        let (config, schema) = tenant.given.address(&self.config);
        let database = self.home.beside(&config, schema).map_err(|error| {
            tracing::error!(tenant = &*tenant.name, detail = %error, "the database of a tenant cannot be used");
            not_ready()
        })?;
        let opened = Opened::new(tenant, database, self.load.beside(), &self.metrics, place);
        let stay = opened.stay().ok_or_else(not_ready)?;
        tenant.set(Arc::clone(&opened));
        self.metrics.openings.inc();
        self.places.opened();
        Ok((opened, stay))
    }

    /// A place for one more database; where there is none, the one that was not used for the longest
    /// gives up its own.
    async fn place(&self) -> Result<OwnedSemaphorePermit, Fault> {
        if let Some(place) = self.places.free() {
            return Ok(place);
        }
        let close_one = || {
            let open = self.in_use().min_by_key(|opened| opened.use_of_it());
            if let Some(opened) = open {
                self.close(&opened.tenant);
            }
        };
        let place = timeout(self.patience(), self.places.next(close_one)).await;
        place.ok().flatten().ok_or_else(|| {
            self.metrics.refused.inc();
            let message = "the databases of too many tenants are in use, try again later";
            Fault::new("server.tenants_full", Kind::Unavailable, message)
        })
    }

    /// The databases that are open.
    fn in_use(&self) -> impl Iterator<Item = Arc<Opened>> {
        self.tenants.values().filter_map(|tenant| tenant.opened())
    }

    /// Closes a database when its requests are answered; who comes meanwhile has it opened again.
    fn close(&self, tenant: &Tenant) {
        if let Some(opened) = tenant.take() {
            self.metrics.closings.inc();
            self.places.close(opened.close());
        }
    }

    /// Looks at the open databases as long as there are any to come, and closes those that are idle.
    pub(crate) async fn tend(&self, server: &Server) {
        loop {
            tokio::time::sleep(jittered(server.config.server.check_interval())).await;
            let edition = server.edition();
            let looks = stream::iter(self.in_use().collect::<Vec<_>>());
            let look = async |opened: Arc<Opened>| {
                if opened.is_idle(self.idle) {
                    self.close(&opened.tenant);
                } else {
                    opened.look(&edition).await;
                }
            };
            looks.for_each_concurrent(LOOKS_MAX, look).await;
        }
    }

    /// Closes all databases when their requests are answered.
    pub(crate) async fn close_all(&self) {
        let closing = self
            .in_use()
            .map(|opened| async move { opened.close().await });
        join_all(closing.collect::<Vec<_>>()).await;
    }
}

impl Place {
    /// The tenant of a caller, where tenants have databases of their own. Whoever has none that is
    /// known is told the same, whatever it has.
    pub(crate) fn whose<'s>(
        server: &'s Server,
        caller: &Caller,
        line: &mut Line,
    ) -> Result<Option<&'s Arc<Tenant>>, Refusal> {
        let Some(tenancy) = &server.tenancy else {
            return Ok(None);
        };
        if let Some(tenant) = tenancy.whose(caller, server.stage) {
            line.entry().tenant = Some(Arc::clone(&tenant.name));
            return Ok(Some(tenant));
        }
        tenancy.metrics.strangers.inc();
        let why = match caller.tenant {
            Some(_) => "the tenant of the caller is none of those in tenancy.tenants",
            None => "the caller has no tenant",
        };
        let (request_id, tenant) = (line.request_id(), caller.tenant.as_deref());
        tracing::info!(request_id, caller = &*caller.name, tenant, why, "refused");
        Err(Refusal::new(StatusCode::FORBIDDEN, strange(server.stage)))
    }

    /// Where a request of a tenant works.
    pub(crate) async fn enter(
        server: &Server,
        tenant: Option<&Arc<Tenant>>,
        edition: &Arc<Edition>,
    ) -> Result<Self, Fault> {
        match (&server.tenancy, tenant) {
            (Some(tenancy), Some(tenant)) => tenancy.enter(tenant, edition).await.map(Self::Tenant),
            (None, _) => Ok(Self::Home),
            (Some(_), None) => Err(strange(server.stage)),
        }
    }

    /// The database.
    pub(crate) fn database<'s>(&'s self, server: &'s Server) -> &'s store::Database {
        match self {
            Self::Home => &server.database,
            Self::Tenant(stay) => stay.database(),
        }
    }

    /// The requests that the database works on.
    pub(crate) fn load<'s>(&'s self, server: &'s Server) -> &'s Arc<Load> {
        match self {
            Self::Home => &server.load,
            Self::Tenant(stay) => stay.load(),
        }
    }

    /// Has the next look compare the artefact with the database, whatever was known of them.
    pub(crate) fn doubt(&self, server: &Server) {
        match self {
            Self::Home => server.doubt(),
            Self::Tenant(stay) => stay.doubt(),
        }
    }

    /// The tenant whose place it is.
    pub(crate) fn tenant(&self) -> Option<&str> {
        match self {
            Self::Home => None,
            Self::Tenant(stay) => Some(stay.tenant()),
        }
    }
}

/// Refuses a schema that names schemas of the database, where each tenant has one.
pub(crate) fn is_nameless(schema: &Schema, config: &Config) -> Result<()> {
    if config.tenancy.by != By::Schema {
        return Ok(());
    }
    let tables = schema
        .tables
        .iter()
        .map(|table| (&table.schema, &table.type_name));
    let enums = schema.enums.iter().map(|it| (&it.schema, &it.type_name));
    let functions = schema.functions.iter().map(|it| (&it.schema, &it.field));
    let composites = schema.shapes.iter().filter_map(|shape| {
        let composite = shape.composite.as_ref()?;
        Some((&composite.schema, &shape.type_name))
    });
    let mut all = tables.chain(enums).chain(composites).chain(functions);
    let Some((schema, name)) = all.find_map(|(schema, name)| Some((schema.as_ref()?, name))) else {
        return Ok(());
    };
    let what = format!(
        "each tenant has a schema of its own, and {name} is in the schema {schema}, which all of \
         them would share"
    );
    let help = "leave `schema:` out, so that it is in the schema of each tenant, or set tenancy.by \
                to \"database\"";
    Err(mend::failure(what, help))
}

/// What is told who has no tenant that is known.
fn strange(stage: Stage) -> Fault {
    let message = match stage {
        Stage::Service => "this caller has no tenant whose data is here",
        Stage::Development => {
            "this caller has no tenant whose data is here: name one, as in the header \
             fragaria-as: {\"tenant\": \"acme\"}, or set tenancy.development"
        }
    };
    Fault::new("access.tenant", Kind::Denied, message)
}

/// What is told callers of a tenant whose database cannot be used.
fn not_ready() -> Fault {
    let message = "the database of this caller's tenant is not ready, try again later";
    Fault::new("server.tenant_not_ready", Kind::Unavailable, message)
}
