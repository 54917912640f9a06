//! What `fragaria dev` says first: whether the project is served, where, and what to ask it.

use crate::config::Tenancy;
use crate::count::count;
use crate::example;
use crate::first_query::first_query;
use crate::http::GRAPHQL;
use crate::project::{Project, SCHEMA, SCHEMA_DIRECTORY};
use crate::readiness::{Away, Outlook};
use crate::server::Server;
use crate::terminal::Terminal;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// What is known of a project when it begins to be served.
pub(super) struct Banner {
    directory: String,
    dialect: String,
    base: String,
    query: String,
    console: bool,
    /// The header by which a first query has a tenant, where it needs one.
    tenant: String,
    /// Why it is not ready, and what to do.
    problem: Option<(String, Option<String>)>,
}

impl Banner {
    pub(super) fn new(
        project: &Project,
        server: &Server,
        address: SocketAddr,
        outlook: &Outlook,
    ) -> Self {
        let schema = &server.edition().schema;
        Self {
            directory: project.directory.display().to_string(),
            dialect: schema.dialect.to_string(),
            base: format!("{}://{address}", server.scheme()),
            query: first_query(schema),
            console: server.has_console(),
            tenant: tenant(&server.config.tenancy),
            problem: problem(project, outlook),
        }
    }

    /// For machines.
    pub(super) fn json(&self) -> Value {
        let base = &self.base;
        let problem = self.problem.as_ref();
        json!({
            "url": base,
            "graphql": format!("{base}{GRAPHQL}"),
            "ready": format!("{base}/health/ready"),
            "metrics": format!("{base}/metrics"),
            "query": self.query,
            "problem": problem.map(|(why, help)| json!({ "message": why, "help": help })),
        })
    }

    /// For people: a query to paste only where it would be answered.
    pub(super) fn told(&self, terminal: Terminal) -> String {
        let Self {
            directory, base, ..
        } = self;
        let console = if self.console {
            format!("  GraphiQL   {base}/\n")
        } else {
            String::new()
        };
        format!(
            "\n{}\n\n\
             {console}  GraphQL    {base}{GRAPHQL}\n  Health     {base}/health/ready\n  \
             Metrics    {base}/metrics\n\n{}\
             Edit {SCHEMA} or {SCHEMA_DIRECTORY}/*.graphql in {directory}, and it is served. \
             Ctrl-C stops.\n",
            self.title(terminal),
            self.invitation(),
        )
    }

    fn title(&self, terminal: Terminal) -> String {
        let directory = &self.directory;
        match &self.problem {
            None => terminal.bold(&format!("{directory} is served from {}", self.dialect)),
            Some((why, help)) => {
                let title = terminal.bold(&format!("{directory} is not ready yet: {why}"));
                let help = help.iter().map(|help| format!("\n  = help: {help}"));
                help.fold(title, |title, help| title + &help)
            }
        }
    }

    fn invitation(&self) -> String {
        if self.problem.is_some() {
            return "It is served as soon as the database is there and holds what the schema says; \
                    a change of fragaria.toml needs a restart.\n"
                .to_owned();
        }
        let (base, body) = (&self.base, json!({ "query": self.query }));
        let tenant = &self.tenant;
        format!(
            "A first query:\n\n  curl {base}{GRAPHQL} -H 'content-type: application/json' \\\n    \
             {tenant}-d '{body}'\n\n"
        )
    }
}

/// The part of a command by which it asks as a tenant, where each has a database and none is taken.
fn tenant(tenancy: &Tenancy) -> String {
    if !tenancy.is_on() || !tenancy.development.is_empty() {
        return String::new();
    }
    let is_plain = |name: &&str| name.chars().all(|letter| letter.is_ascii_alphanumeric());
    let names = tenancy.tenants.iter().map(|tenant| &*tenant.name);
    let name = names.into_iter().find(is_plain).unwrap_or("<tenant>");
    format!("-H 'fragaria-as: {}' ", json!({ "tenant": name }))
}

fn problem(project: &Project, outlook: &Outlook) -> Option<(String, Option<String>)> {
    match outlook {
        Outlook::Ready => None,
        Outlook::Away(Away { why, help, .. }) => {
            let again = example::was_made_in(&project.directory).then(|| {
                let directory = project.directory.display();
                format!("; or delete {directory} and run dev again, which makes the example anew")
            });
            let help = help.clone().map(|help| help + &again.unwrap_or_default());
            Some((why.clone(), help))
        }
        Outlook::Drift(findings) => Some((
            format!(
                "the database does not hold what the schema says, {} above",
                count(findings.len(), "finding")
            ),
            Some("migrate the database, or edit the schema".to_owned()),
        )),
    }
}
