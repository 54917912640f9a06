//! A project directory: its configuration, its schema files, its trusted documents and its artefact.

mod documents;

use crate::address;
use crate::config::{self, Config, File, Flag, Listed, Loaded};
use crate::environment::Environment;
use crate::mend;
use crate::snippet::{Refused, Texts};
use anyhow::{Context as _, Result, anyhow, bail};
use engine::artefact::{self, Artefact};
use engine::{self, Source, trusted};
use model::{Diagnostic, Dialect, Place, Schema};
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The configuration file of a project.
pub(crate) const CONFIG: &str = "fragaria.toml";
/// The schema file of a project.
pub(crate) const SCHEMA: &str = "schema.graphql";
/// The directory for several schema files.
pub(crate) const SCHEMA_DIRECTORY: &str = "schema";
/// The compiled schema of a project.
pub(crate) const ARTEFACT: &str = "fragaria.artefact.json";
/// Documents the console begins with, beside the schema.
pub(crate) const QUERIES_DIRECTORY: &str = "queries";
/// Most documents the console opens.
const QUERIES_MAX: usize = 12;

/// A project on disk and its configuration.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    /// Its directory, as the person named it.
    pub(crate) directory: PathBuf,
    /// Its configuration; a relative path in it is relative to the directory no more.
    pub(crate) loaded: Loaded,
}

/// What people see of a project in the console.
pub(crate) struct Face {
    /// The name of its directory.
    pub(crate) name: String,
    /// Documents to begin with; the console opens each in a tab.
    pub(crate) queries: Vec<String>,
}

/// What compiling a project gives.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// The compiled schema.
    pub(crate) artefact: Artefact,
    /// Its bytes, as they are written to a file.
    pub(crate) bytes: Vec<u8>,
    /// What somebody should look at.
    pub(crate) warnings: Vec<Diagnostic>,
    /// The texts the warnings are about.
    pub(crate) texts: Texts,
    /// Where each rule of each table stands in them.
    pub(crate) rules: Vec<Vec<Place>>,
}

impl Project {
    /// Reads the configuration of a project.
    pub(crate) fn open(
        directory: &Path,
        environment: &Environment,
        flags: &[Flag],
    ) -> Result<Self> {
        if !directory.is_dir() {
            return Err(no_project(directory));
        }
        let file = config_file(directory)?;
        let mut loaded = config::load(file.as_ref(), &environment.variables, flags)
            .map_err(|diagnostics| refused(diagnostics, file.as_ref()))?;
        if let Some(file) = tenants_file(directory, &loaded)? {
            let refused = |diagnostics| refused(diagnostics, Some(&file));
            let listed = listed(&file).map_err(refused)?;
            loaded = loaded.joined_by(listed).map_err(refused)?;
        }
        let tenants = loaded.config.tenancy.tenants.iter_mut();
        let tenants = tenants.map(|tenant| &mut tenant.url);
        for url in tenants.chain([&mut loaded.config.database.url]) {
            *url = address::locate(url, directory);
        }
        let roots = [
            &mut loaded.config.auth.root_certificates,
            &mut loaded.config.rates.redis.root_certificates,
        ];
        for file in roots.into_iter().chain(loaded.config.tls.files()) {
            if !file.is_empty() {
                *file = directory.join(&*file).display().to_string();
            }
        }
        Ok(Self {
            directory: directory.to_owned(),
            loaded,
        })
    }

    /// The name of its directory.
    fn name(&self) -> String {
        let whole = self.directory.canonicalize();
        let whole = whole.as_deref().unwrap_or(&self.directory);
        let last = whole.file_name().unwrap_or(whole.as_os_str());
        last.to_string_lossy().into_owned()
    }

    /// The dialect of the configured database.
    pub(crate) fn dialect(&self) -> Result<Dialect> {
        let url = &self.loaded.config.database.url;
        if url.expose().is_empty() && !self.directory.join(CONFIG).exists() {
            return Err(no_configuration(&self.directory));
        }
        address::dialect(url)
    }

    /// The schema that is served, or else the one in the files.
    pub(crate) fn schema(&self) -> Result<Schema> {
        let artefact = self.directory.join(ARTEFACT);
        if artefact.is_file() {
            return Ok(read_artefact(&artefact)?.schema);
        }
        Ok(self.compile()?.artefact.schema)
    }

    /// The dialect, as far as it can be told: by the address, or else by the artefact.
    pub(crate) fn known_dialect(&self) -> Option<Dialect> {
        let url = &self.loaded.config.database.url;
        if url.expose().is_empty() {
            let artefact = read_artefact(&self.directory.join(ARTEFACT)).ok()?;
            return Some(artefact.schema.dialect);
        }
        address::dialect(url).ok()
    }

    /// Compiles the schema files for the configured database.
    pub(crate) fn compile(&self) -> Result<Compiled> {
        self.compile_for(self.dialect()?)
    }

    /// The same to be looked at and not to be served, so that it need not be known where the
    /// database is; the other dialect is for a project that tells none.
    pub(crate) fn compile_alone(&self, other: Option<Dialect>) -> Result<Compiled> {
        match self.known_dialect().or(other) {
            Some(dialect) => self.compile_for(dialect),
            None => self.compile(),
        }
    }

    /// The API alone: the tools of clients read it to write the documents.
    pub(crate) fn compile_bare(&self) -> Result<Artefact> {
        let dialect = self.known_dialect().map_or_else(|| self.dialect(), Ok)?;
        let sources = self.sources()?;
        let compiled = schema_of(&sources, dialect)?;
        Ok(artefact::read(&artefact::write(&compiled.schema))?)
    }

    fn compile_for(&self, dialect: Dialect) -> Result<Compiled> {
        let sources = self.sources()?;
        let compiled = schema_of(&sources, dialect)?;
        let trusted = self.trusted(&compiled.schema)?;
        let bytes = artefact::write_with(&compiled.schema, &trusted.0.documents);
        let artefact = artefact::read(&bytes)?;
        let mut warnings = compiled.warnings;
        warnings.extend(trusted.0.warnings);
        warnings.extend(idle_cache(&self.loaded.config, &artefact.schema));
        Ok(Compiled {
            artefact,
            bytes,
            warnings,
            texts: texts(&sources).into_iter().chain(trusted.1).collect(),
            rules: compiled.rules,
        })
    }

    /// The documents it trusts, for a schema, and their texts.
    fn trusted(&self, schema: &Schema) -> Result<(trusted::Compiled, Texts)> {
        let config = &self.loaded.config;
        let sources = documents::read(&self.directory, &config.documents)?;
        let texts = documents::texts(&sources);
        let compiled = trusted::compile(schema, &sources, &config.limits);
        let mut compiled = compiled.map_err(|diagnostics| Refused {
            diagnostics,
            texts: texts.clone(),
        })?;
        documents::bound(&compiled.documents, config.documents.bytes_max)?;
        let nothing = sources
            .is_empty()
            .then(|| documents::missing(&config.documents));
        compiled.warnings.extend(nothing.flatten());
        Ok((compiled, texts))
    }

    /// The schema files with their texts, in the order of their names.
    pub(crate) fn sources(&self) -> Result<Vec<Source>> {
        self.source_paths()?
            .iter()
            .map(|path| {
                Ok(Source {
                    name: display(path),
                    text: text(path)?,
                })
            })
            .collect()
    }

    /// What people see of it.
    pub(crate) fn face(&self) -> Result<Face> {
        let directory = self.directory.join(QUERIES_DIRECTORY);
        let paths = if directory.is_dir() {
            graphql_files(&directory)?
        } else {
            Vec::new()
        };
        let shown = paths.iter().take(QUERIES_MAX);
        Ok(Face {
            name: self.name(),
            queries: shown.map(|path| text(path)).collect::<Result<_>>()?,
        })
    }

    /// Whether its schema files say something else than an artefact that was made of them.
    ///
    /// A project that is only served need not have any.
    pub(crate) fn outdates(&self, artefact: &Artefact) -> bool {
        if !self.has_sources() {
            return false;
        }
        let compiled = self.compile_for(artefact.schema.dialect);
        compiled.map_or(true, |compiled| compiled.artefact.hash != artefact.hash)
    }

    /// Whether it has nothing but schema files, all written before its artefact: then they were compiled
    /// into it, and a start need not compile them again to know.
    pub(crate) fn is_older_than_artefact(&self) -> bool {
        let written = |path: &Path| fs::metadata(path).and_then(|known| known.modified()).ok();
        let made = written(&self.directory.join(ARTEFACT));
        let documents = documents::read(&self.directory, &self.loaded.config.documents);
        let (Ok(sources), Some(made), Ok([])) = (self.source_paths(), made, documents.as_deref())
        else {
            return false;
        };
        // A file that is gone since was in the directory.
        let directory = self.directory.join(SCHEMA_DIRECTORY);
        let directory = directory.is_dir().then_some(directory);
        let mut all = sources.iter().chain(&directory);
        all.all(|path| written(path).is_some_and(|source| source < made))
    }

    /// Whether there are schema files.
    pub(crate) fn has_sources(&self) -> bool {
        let mut names = [SCHEMA, SCHEMA_DIRECTORY].into_iter();
        names.any(|name| self.directory.join(name).exists())
    }

    /// Refuses a directory in which no project was begun, for somebody who wants to try one.
    pub(crate) fn is_begun(&self) -> Result<()> {
        let names = [CONFIG, SCHEMA, SCHEMA_DIRECTORY];
        if names.iter().any(|name| self.directory.join(name).exists()) {
            return Ok(());
        }
        let shown = self.directory.display();
        let help = format!(
            "{}, and `fragaria dev <new directory>` an example to try",
            init(&self.directory)
        );
        Err(mend::failure(
            format!("there is no project in {shown}"),
            help,
        ))
    }

    fn source_paths(&self) -> Result<Vec<PathBuf>> {
        let single = self.directory.join(SCHEMA);
        let several = self.directory.join(SCHEMA_DIRECTORY);
        match (single.is_file(), several.is_dir()) {
            (true, false) => Ok(vec![single]),
            (false, true) => graphql_files(&several),
            (true, true) => bail!(
                "there are both {} and {}; keep one of them",
                display(&single),
                display(&several)
            ),
            (false, false) => {
                let what = format!(
                    "there is no schema in {}: neither {SCHEMA} nor {SCHEMA_DIRECTORY}/*.graphql",
                    self.directory.display()
                );
                let help = format!("{}, or name another directory", init(&self.directory));
                Err(mend::failure(what, help))
            }
        }
    }
}

/// The schema in some files.
fn schema_of(sources: &[Source], dialect: Dialect) -> Result<engine::Compiled, Refused> {
    engine::compile(sources, dialect).map_err(|diagnostics| Refused {
        diagnostics,
        texts: texts(sources),
    })
}

fn texts(sources: &[Source]) -> Texts {
    let text = |source: &Source| (source.name.clone(), source.text.clone());
    sources.iter().map(text).collect()
}

/// What is said where answers are to be kept, and of no type any may be.
pub(crate) fn idle_cache(config: &Config, schema: &Schema) -> Option<Diagnostic> {
    let is_kept = schema.tables.iter().any(|table| table.max_age_s.is_some());
    let what = "cache.enabled is true, and no type says that answers about it may be kept";
    let help = "write @cache(maxAge: 60) on such types, or take cache.enabled out";
    (config.cache.enabled && !is_kept).then(|| Diagnostic::warning("cache.unused", what).help(help))
}

/// Why there is no project, and what to do.
fn no_project(directory: &Path) -> anyhow::Error {
    if directory.to_str().is_some_and(guard::api_key::is_key) {
        // What is told of an error is kept by whoever runs commands, and a key is a secret.
        let what = "an API key stands where the directory of a project is expected";
        return mend::failure(what, "name the key first, and the directory behind it");
    }
    let shown = directory.display();
    if directory.exists() {
        let what = format!("{shown} is not a directory");
        return mend::failure(what, "give the directory of a project");
    }
    let help = format!(
        "{}, and `fragaria dev {shown}` makes an example to try",
        init(directory)
    );
    mend::failure(format!("there is no directory {shown}"), help)
}

/// Why a directory is no project, and what to do.
pub(crate) fn no_configuration(directory: &Path) -> anyhow::Error {
    let what = format!("there is no {CONFIG} in {}", directory.display());
    let help = format!("{}, or name another directory", init(directory));
    mend::failure(what, help)
}

/// How a project comes to be.
fn init(directory: &Path) -> String {
    format!(
        "`fragaria init --from <database> --out {}` makes a project from a database",
        directory.display()
    )
}

/// The directory of the project that a file is of.
pub(crate) fn directory_of(file: &Path) -> &Path {
    let parent = file.parent();
    let named = parent.filter(|parent| !parent.as_os_str().is_empty());
    named.unwrap_or(Path::new("."))
}

/// Reads an artefact.
pub(crate) fn read_artefact(path: &Path) -> Result<Artefact> {
    let help = "give the directory of a project, or the artefact that `fragaria compile` makes";
    let shown = display(path);
    if !path.exists() {
        return Err(mend::failure(format!("there is no {shown}"), help));
    }
    if path.extension() == Some(OsStr::new("graphql")) {
        let help = "give the directory of its project, or the artefact made from it";
        return Err(mend::failure(format!("{shown} is a schema file"), help));
    }
    let bytes = fs::read(path).with_context(|| format!("cannot read {shown}"))?;
    artefact::read(&bytes).map_err(|error| match error {
        artefact::Error::Foreign(_) => {
            mend::failure(format!("{shown} is not usable: {error}"), help)
        }
        error => anyhow::Error::new(error).context(format!("{shown} is not usable")),
    })
}

/// Writes a file that somebody asked for.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    fs::write(path, bytes).map_err(|error| {
        let what = format!("cannot write {}: {error}", display(path));
        match unwritable(path, error.kind()) {
            Some(help) => mend::failure(what, help),
            None => anyhow!(what),
        }
    })
}

/// What to do about a file that cannot be written.
fn unwritable(path: &Path, why: ErrorKind) -> Option<String> {
    let folder = display(path.parent()?);
    match why {
        ErrorKind::IsADirectory => Some("it is a directory: name a file in it".to_owned()),
        ErrorKind::NotFound => Some(format!("make the directory {folder}")),
        ErrorKind::NotADirectory => Some(format!("{folder} is no directory: name another")),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            Some("let whoever runs this write there".to_owned())
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Some("make room on the disk".to_owned())
        }
        _ => None,
    }
}

/// A path as people write it, without a leading `./`.
pub(crate) fn display(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

fn config_file(directory: &Path) -> Result<Option<File>> {
    let path = directory.join(CONFIG);
    if !path.exists() {
        return Ok(None);
    }
    Ok(Some(File {
        name: display(&path),
        text: text(&path)?,
    }))
}

/// The file with further tenants, if there is one.
fn tenants_file(directory: &Path, loaded: &Loaded) -> Result<Option<File>> {
    let name = &loaded.config.tenancy.file;
    if name.is_empty() {
        return Ok(None);
    }
    let path = directory.join(name);
    Ok(Some(File {
        name: display(&path),
        text: text(&path)?,
    }))
}

/// What it lists. It may hold passwords: of a value nothing is repeated.
fn listed(file: &File) -> Result<Listed, Vec<Diagnostic>> {
    toml::from_str(&file.text).map_err(|error| {
        let finding = match error.message() {
            message if message.starts_with("invalid type") => {
                "a value is of another kind than it must be"
            }
            message => message,
        };
        let finding = Diagnostic::error("config.value", finding);
        vec![match error.span() {
            Some(span) => finding.at(&file.name, span),
            None => finding,
        }]
    })
}

fn refused(diagnostics: Vec<Diagnostic>, file: Option<&File>) -> Refused {
    let texts = file
        .map(|file| (file.name.clone(), file.text.clone()))
        .into_iter()
        .collect();
    Refused { diagnostics, texts }
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", display(path)))
}

fn graphql_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new("graphql")) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        bail!("there is no *.graphql file in {}", display(directory));
    }
    paths.sort();
    Ok(paths)
}
