//! Which build and which artefact are running, as a metric.

use model::metric::{EncodeLabelSet, Family, Gauge, Registry};

/// The metric `fragaria_build_info`: always 1, its labels say what runs.
#[derive(Clone, Debug)]
pub struct Build {
    info: Family<Labels, Gauge>,
    version: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    version: &'static str,
    artefact: String,
}

impl Build {
    /// Declares the metric for a version of the program.
    pub fn new(version: &'static str, registry: &mut Registry) -> Self {
        let info = Family::default();
        registry.register(
            "fragaria_build_info",
            "The running version and the hash of the artefact it serves",
            info.clone(),
        );
        Self { info, version }
    }

    /// Says which artefact is served from now on.
    pub fn serves(&self, artefact: &str) {
        self.info.clear();
        let labels = Labels {
            version: self.version,
            artefact: artefact.to_owned(),
        };
        self.info.get_or_create(&labels).set(1);
    }
}
