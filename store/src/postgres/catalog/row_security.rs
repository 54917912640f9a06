//! What row-level security comes to for the login and for roles that requests act as: each is tried
//! as a request tries it, and asked what it sees.

use super::{get, sql};
use crate::Error;
use crate::idempotency::statement;
use crate::postgres::acting;
use crate::postgres::session::Session;
use crate::snag::{Kind, Snag};
use futures_util::TryStreamExt;
use model::Relation;
use model::row_security::{Rows, Sight, Standing, Subject};
use model::{Argument, Parameter, Scalar, Statement, Value};
use tokio_postgres::Row;

/// The login, and those of the roles.
pub(in crate::postgres) async fn read(
    session: &Session,
    roles: &[String],
    relations: &[Relation],
) -> Result<(Subject, Vec<Subject>), Snag> {
    let control = async |sql| Ok::<_, Snag>(session.client.batch_execute(sql).await?);
    control(sql::BEGIN).await?;
    let login = subject(session, relations).await?;
    let mut subjects = Vec::with_capacity(roles.len());
    for role in roles {
        control("SAVEPOINT login").await?;
        subjects.push(acting_as(session, role, relations).await?);
        control("ROLLBACK TO SAVEPOINT login; RELEASE SAVEPOINT login").await?;
    }
    control("COMMIT").await?;
    Ok((login, subjects))
}

/// A role, as the login acts as it. What gives another one, as `none` gives the login, is no role.
async fn acting_as(session: &Session, role: &str, relations: &[Relation]) -> Result<Subject, Snag> {
    let barred = Subject {
        name: role.to_owned(),
        standing: Standing::Barred,
    };
    match acting::become_role(session, role).await {
        Ok(()) => {
            let subject = subject(session, relations).await?;
            Ok(if subject.name == role {
                subject
            } else {
                barred
            })
        }
        Err(Snag {
            kind: Kind::Refused,
            error: Error::Denied(_),
            ..
        }) => Ok(barred),
        Err(snag) => Err(snag),
    }
}

/// Whoever asks now.
async fn subject(session: &Session, relations: &[Relation]) -> Result<Subject, Snag> {
    let (sql, arguments) = statement(sql::SELF, []);
    let row = rows(session, &sql, &arguments).await?.into_iter().next();
    let row = row.ok_or_else(|| Error::Internal("the role that asks is not there".into()))?;
    let standing = match (get(&row, 1)?, get(&row, 2)?) {
        (true, _) => Standing::Superuser,
        (false, true) => Standing::Bypasses,
        (false, false) => Standing::Narrowed(sights(session, relations).await?),
    };
    Ok(Subject {
        name: get(&row, 0)?,
        standing,
    })
}

async fn sights(session: &Session, relations: &[Relation]) -> Result<Vec<Sight>, Snag> {
    let text = |text: &str| Value::Text(text.into());
    let schema = |relation: &Relation| relation.schema.as_deref().map_or(Value::Null, text);
    let names = |values: Vec<Value>| Argument::Value(Value::List(values));
    let arguments = [
        names(relations.iter().map(schema).collect()),
        names(
            relations
                .iter()
                .map(|relation| text(&relation.name))
                .collect(),
        ),
    ];
    let names = Parameter {
        scalar: Scalar::String,
        list: true,
    };
    let statement = Statement {
        sql: sql::SIGHTS.into(),
        parameters: vec![names, names],
    };
    let rows = rows(session, &statement, &arguments).await?;
    if rows.len() != relations.len() {
        return Err(Error::Internal("a name means several tables".into()).into());
    }
    Ok(rows.iter().map(sight).collect::<Result<_, _>>()?)
}

fn sight(row: &Row) -> Result<Sight, Error> {
    let (kind, enabled, active): (String, bool, bool) = (get(row, 1)?, get(row, 2)?, get(row, 3)?);
    Ok(Sight {
        relation: get(row, 0)?,
        rows: match (&*kind, enabled, active) {
            ("m", ..) => Rows::Copied,
            ("v", false, _) => Rows::OfOwner,
            ("v", true, _) | (_, true, true) => Rows::Policies,
            (_, true, false) => Rows::Owned,
            (_, false, _) => Rows::All,
        },
        is_readable: get(row, 4)?,
    })
}

async fn rows(
    session: &Session,
    statement: &Statement,
    arguments: &[Argument],
) -> Result<Vec<Row>, Snag> {
    let rows = session
        .query_unnamed(statement, arguments, &statement.sql)
        .await?;
    Ok(rows.try_collect().await?)
}
