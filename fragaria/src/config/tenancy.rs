//! Where the data of each tenant is.

use model::{Dialect, Secret};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::{Component, PathBuf};
use std::time::Duration;
use store::Pooler;

/// Most tenants.
const TENANTS_MAX: usize = 10_000;
/// The longest name of a tenant, in bytes.
const NAME_BYTES_MAX: usize = 255;
/// The longest name of a schema that PostgreSQL does not cut, in bytes.
const SCHEMA_BYTES_MAX: usize = 63;

/// Where the data of each tenant is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tenancy {
    /// What a tenant has for itself.
    pub(crate) by: By,
    /// The tenants: a section `[[tenancy.tenants]]` for each, 10,000 at most. A caller of any other
    /// tenant, or of none, is refused.
    pub(crate) tenants: Vec<Tenant>,
    /// A file (TOML) with further tenants, in sections `[[tenants]]`; a relative path begins at the project.
    pub(crate) file: String,
    /// The tenant of who asks `fragaria dev` as nobody else. Without one each request has to name one
    /// in `fragaria-as`.
    pub(crate) development: String,
    /// How many tenants' databases are open at a time. For one more, the one is closed that was not used for the
    /// longest, when its requests are answered.
    pub(crate) open_max: usize,
    /// How long the database of a tenant stays open that nobody asks for, in seconds.
    pub(crate) idle_seconds: u64,
}

/// What a tenant has for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum By {
    /// Rows: all tenants share the database, and access rules tell their rows apart.
    #[default]
    Row,
    /// A database, with an address of its own.
    Database,
    /// A schema of the database, in PostgreSQL; in MariaDB a schema is a database.
    Schema,
}

/// A tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tenant {
    /// What it is called in the token, the key or the certificate of a caller, letter by letter.
    pub(crate) name: String,
    /// With `by = "database"`: where its database is, as `database.url` says it.
    #[serde(serialize_with = "store::serialize_address")]
    pub(crate) url: Secret,
    /// With `by = "schema"`: its schema.
    pub(crate) schema: String,
}

/// What a file of tenants holds.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Listed {
    /// The tenants.
    pub(crate) tenants: Vec<Tenant>,
}

impl Default for Tenancy {
    fn default() -> Self {
        Self {
            by: By::Row,
            tenants: Vec::new(),
            file: String::new(),
            development: String::new(),
            open_max: 100,
            idle_seconds: 300,
        }
    }
}

impl Tenancy {
    /// Whether a tenant has a database, or a schema, for itself.
    pub(crate) fn is_on(&self) -> bool {
        self.by != By::Row
    }

    /// How long a database stays open that nobody asks for.
    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds)
    }

    /// Keys whose values cannot be worked with, and why; those of a file are perhaps to come.
    pub(super) fn findings(
        &self,
        home: &store::Config,
        is_whole: bool,
    ) -> Vec<(&'static str, String)> {
        let mut findings = self.bounds();
        if self.by == By::Row {
            let given = [
                ("tenancy.tenants", self.tenants.is_empty()),
                ("tenancy.file", self.file.is_empty()),
                ("tenancy.development", self.development.is_empty()),
            ];
            let given = given.into_iter().filter(|(_, is_empty)| !is_empty);
            let message = "is for tenants with databases of their own: set `tenancy.by` to \
                           `database` or `schema`";
            findings.extend(given.map(|(key, _)| (key, message.to_owned())));
            return findings;
        }
        if self.by == By::Schema {
            findings.extend(unfit_for_schemas(home).map(|why| ("tenancy.by", why.to_owned())));
        }
        if self.tenants.len() > TENANTS_MAX {
            let message = format!("{} tenants, at most {TENANTS_MAX}", self.tenants.len());
            findings.push(("tenancy.tenants", message));
        }
        let listed = self.listed(home).into_iter();
        findings.extend(listed.map(|message| ("tenancy.tenants", message)));
        let is_known = |name: &String| self.tenants.iter().any(|tenant| tenant.name == *name);
        if is_whole && self.tenants.is_empty() {
            let message = "there are none, so nobody could ask for anything".to_owned();
            findings.push(("tenancy.tenants", message));
        }
        if is_whole && !self.development.is_empty() && !is_known(&self.development) {
            let message = format!("{:?} is none of `tenancy.tenants`", self.development);
            findings.push(("tenancy.development", message));
        }
        findings
    }

    fn bounds(&self) -> Vec<(&'static str, String)> {
        let bounds = [
            ("tenancy.open_max", self.open_max as u64),
            ("tenancy.idle_seconds", self.idle_seconds),
        ];
        let small = bounds.into_iter().filter(|&(_, value)| value == 0);
        small
            .map(|(key, _)| (key, "0 is too small, at least 1".to_owned()))
            .collect()
    }

    /// What is wrong with tenants, each by its name.
    fn listed(&self, home: &store::Config) -> Vec<String> {
        let (mut names, mut places) = (HashSet::new(), HashSet::new());
        let mut wrong = Vec::new();
        for (index, tenant) in self.tenants.iter().enumerate() {
            let named = match &*tenant.name {
                "" => format!("number {}", index + 1),
                name => format!("{name:?}"),
            };
            let why = tenant.flaw(self.by, home);
            let why = why.or_else(|| (!names.insert(&tenant.name)).then_some("stands twice"));
            let mut is_shared = || !places.insert(tenant.place(self.by));
            let why = why.or_else(|| is_shared().then_some("is where another tenant is"));
            wrong.extend(why.map(|why| format!("{named} {why}")));
        }
        wrong
    }
}

/// Why a database cannot have a schema for each tenant.
fn unfit_for_schemas(home: &store::Config) -> Option<&'static str> {
    match store::dialect(&home.url) {
        Some(Dialect::Postgres) if home.postgres.pooler == Pooler::Transaction => Some(
            "through a pooler in transaction mode no connection keeps its schema: give each tenant \
             a database, or take the pooler away",
        ),
        Some(Dialect::Mariadb) => {
            Some("in MariaDB a schema is a database: set `by` to `database`, and a `url` for each")
        }
        Some(Dialect::Sqlite) => {
            Some("SQLite has no schemas: set `by` to `database`, and a `url` for each")
        }
        Some(Dialect::Postgres) | None => None,
    }
}

impl Tenant {
    /// How its database is reached, within the bounds of all, and which schema it is.
    pub(crate) fn address(&self, home: &store::Config) -> (store::Config, Option<&str>) {
        let mut config = home.clone();
        if self.schema.is_empty() {
            config.url = self.url.clone();
        }
        (config, (!self.schema.is_empty()).then_some(&*self.schema))
    }

    fn flaw(&self, by: By, home: &store::Config) -> Option<&'static str> {
        if self.name.is_empty() || self.name.len() > NAME_BYTES_MAX {
            return Some("needs a `name` of 1 to 255 bytes");
        }
        if self.name.chars().any(char::is_control) {
            return Some("has a `name` with control characters");
        }
        match by {
            By::Schema => self.flaw_of_schema(),
            By::Row | By::Database => self.flaw_of_address(home),
        }
    }

    /// Where its data is, in one spelling.
    fn place(&self, by: By) -> String {
        if by == By::Schema {
            return self.schema.clone();
        }
        let Some(path) = store::sqlite_file(&self.url) else {
            return store::without_password(&self.url);
        };
        let parts = path.components().filter(|part| *part != Component::CurDir);
        parts.collect::<PathBuf>().display().to_string()
    }

    fn flaw_of_schema(&self) -> Option<&'static str> {
        let schema = &*self.schema;
        match () {
            () if !self.url.expose().is_empty() => Some("has a `url`, and `by` is `schema`"),
            () if schema.is_empty() => Some("needs a `schema`"),
            () if schema.len() > SCHEMA_BYTES_MAX => {
                Some("has a `schema` of more than 63 bytes, which PostgreSQL would cut")
            }
            () if schema.contains('\0') => Some("has a `schema` that is no name"),
            () if schema == "public" => {
                Some("has the schema `public`, in which everybody's tables are made by default")
            }
            () if matches!(schema, "fragaria" | "information_schema")
                || schema.starts_with("pg_") =>
            {
                Some("has a schema of the database's, or of ours")
            }
            () => None,
        }
    }

    fn flaw_of_address(&self, home: &store::Config) -> Option<&'static str> {
        let (theirs, ours) = (store::dialect(&self.url), store::dialect(&home.url));
        match () {
            () if !self.schema.is_empty() => Some("has a `schema`, and `by` is `database`"),
            () if self.url.expose().is_empty() => Some("needs a `url`"),
            () if theirs.is_none() => Some("has a `url` that is for no database that was tested"),
            () if ours.is_some() && theirs != ours => {
                Some("has a `url` for another kind of database than `database.url`")
            }
            () if theirs == Some(Dialect::Sqlite) && store::sqlite_file(&self.url).is_none() => {
                Some("has a database in memory, which is gone when it is closed")
            }
            () => None,
        }
    }
}
