//! SQLite, embedded: reader threads beside one writer.

use crate::metrics::Metrics;
use crate::{Config, Error, Failure, Reply};
use model::{Argument, Catalog, Script, Weight};
use std::sync::Arc;

/// One SQLite database.
pub(crate) struct Sqlite {
    metrics: Metrics,
}

impl Sqlite {
    /// Makes ready to open the file at `path`.
    pub(crate) fn open(_path: &str, _config: &Config, metrics: Metrics) -> Result<Self, Error> {
        Ok(Self { metrics })
    }

    pub(crate) async fn catalog(&self) -> Result<Catalog, Error> {
        Err(Error::Unavailable("not opened".into()))
    }

    pub(crate) async fn run(
        &self,
        _script: Arc<Script>,
        _arguments: Vec<Vec<Argument>>,
        _weight: Weight,
    ) -> Result<Reply, Failure> {
        self.metrics.refused.inc();
        Err(Error::Unavailable("not opened".into()).into())
    }

    pub(crate) async fn check(&self) -> Result<(), Error> {
        Err(Error::Unavailable("not opened".into()))
    }

    pub(crate) async fn close(&self) {}
}
