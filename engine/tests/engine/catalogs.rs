//! Catalogs from a short notation: one line for each table, column, key and enum.
//!
//! ```text
//! table sales.order_lines # what was bought
//!   id integer key default=
//!   note varchar(40)? unique default='none' # a word
//!   status @order_status
//!   home %address
//!   total numeric generated
//!   customer_id integer -> customers.id
//!   key (a, b)
//!   unique (a, b)
//!   link (a, b) -> target (c, d)
//! view active
//! enum order_status = open | in progress
//! composite sales.address # where
//!   street text
//! function shop.vat(1,2) volatile
//! ```

use model::Dialect;
use model::catalog::{Catalog, Column, Composite, Enum, ForeignKey, Function, Kind, Table};

pub(crate) fn catalog(dialect: Dialect, text: &str) -> Catalog {
    let enums: Vec<Enum> = text.lines().filter_map(enumeration).collect();
    let mut tables: Vec<Table> = Vec::new();
    let names: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("composite "))
        .map(|line| qualified(split_comment(line).0).1)
        .collect();
    let mut composites: Vec<Composite> = Vec::new();
    let mut is_composite = false;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (words, comment) = split_comment(line);
        let (first, rest) = words.trim().split_once(' ').unwrap_or((words.trim(), ""));
        match (line.starts_with(' '), first) {
            (false, "enum" | "function") => {}
            (false, "composite") => {
                is_composite = true;
                composites.push(composite(rest, comment));
            }
            (false, kind) => {
                is_composite = false;
                tables.push(table(kind, rest, comment));
            }
            (true, name) if is_composite => {
                let composite = composites.last_mut().expect("an attribute of a type");
                let mut table = table("view", "", None);
                column(&mut table, (&enums, &names), name, rest, comment);
                composite.attributes.extend(table.columns);
            }
            (true, "key") => last(&mut tables).primary_key = list(rest),
            (true, "unique") => last(&mut tables).uniques.push(list(rest)),
            (true, "link") => {
                let link = link(rest);
                last(&mut tables).foreign_keys.push(link);
            }
            (true, name) => column(last(&mut tables), (&enums, &names), name, rest, comment),
        }
    }
    Catalog {
        dialect,
        tables,
        enums,
        composites,
        functions: text.lines().filter_map(function).collect(),
    }
}

/// Its numbers are those of the arguments it needs and takes.
fn function(line: &str) -> Option<Function> {
    let (name, rest) = line.strip_prefix("function ")?.split_once('(')?;
    let (numbers, volatile) = rest.split_once(')')?;
    let (least, most) = numbers.split_once(',')?;
    let [least, most] = [least, most].map(|text| text.parse::<usize>().expect("a number"));
    let (schema, name) = qualified(name);
    let argument = |index| Column {
        name: String::new(),
        native: "integer".to_owned(),
        enumeration: None,
        composite: None,
        nullable: true,
        default: (index >= least).then(|| "1".to_owned()),
        generated: false,
        nondeterministic: false,
        comment: None,
    };
    Some(Function {
        schema,
        name,
        comment: None,
        unfit: None,
        writes: !volatile.is_empty(),
        receiver: None,
        arguments: (0..most).map(argument).collect(),
        rows: None,
        result: None,
        several: false,
    })
}

fn last(tables: &mut [Table]) -> &mut Table {
    tables.last_mut().expect("a column stands under a table")
}

fn split_comment(line: &str) -> (&str, Option<String>) {
    match line.split_once(" # ") {
        Some((words, comment)) => (words, Some(comment.replace("\\n", "\n"))),
        None => (line, None),
    }
}

fn qualified(name: &str) -> (Option<String>, String) {
    match name.split_once('.') {
        Some((schema, name)) => (Some(schema.to_owned()), name.to_owned()),
        None => (None, name.to_owned()),
    }
}

fn enumeration(line: &str) -> Option<Enum> {
    let (words, comment) = split_comment(line);
    let (name, labels) = words.strip_prefix("enum ")?.split_once(" = ")?;
    let (schema, name) = qualified(name);
    let labels = labels
        .split('|')
        .map(|label| label.trim().to_owned())
        .collect();
    Some(Enum {
        schema,
        name,
        comment,
        labels,
    })
}

fn composite(name: &str, comment: Option<String>) -> Composite {
    let (schema, name) = qualified(name);
    Composite {
        schema,
        name,
        comment,
        attributes: Vec::new(),
    }
}

fn table(kind: &str, name: &str, comment: Option<String>) -> Table {
    let (schema, name) = qualified(name);
    Table {
        schema,
        name,
        kind: match kind {
            "table" => Kind::Table,
            "view" => Kind::View,
            "materialized" => Kind::MaterializedView,
            other => panic!("{other}"),
        },
        readable: true,
        comment,
        columns: Vec::new(),
        primary_key: Vec::new(),
        uniques: Vec::new(),
        foreign_keys: Vec::new(),
        searches: Vec::new(),
        constraints: Vec::new(),
    }
}

fn list(text: &str) -> Vec<String> {
    let inside = text.trim().trim_matches(['(', ')']);
    inside
        .split(',')
        .map(|name| name.trim().to_owned())
        .collect()
}

fn link(text: &str) -> ForeignKey {
    let (columns, target) = text.split_once("->").expect("an arrow");
    let (target, target_columns) = target.trim().split_once(' ').expect("columns");
    let (target_schema, target) = qualified(target);
    ForeignKey {
        columns: list(columns),
        target_schema,
        target,
        target_columns: list(target_columns),
    }
}

fn column(
    table: &mut Table,
    (enums, composites): (&[Enum], &[String]),
    name: &str,
    rest: &str,
    comment: Option<String>,
) {
    let name = name.replace('␣', " ");
    let (rest, arrow) = match rest.split_once(" -> ") {
        Some((rest, arrow)) => (rest, Some(arrow)),
        None => (rest, None),
    };
    let (rest, default) = match rest.split_once(" default=") {
        Some((rest, default)) => (rest, Some(default.trim().to_owned())),
        None => (rest, None),
    };
    let mut native: Vec<&str> = rest.split(' ').collect();
    let mut take = |word: &str| {
        let found = native.last() == Some(&word);
        if found {
            native.pop();
        }
        found
    };
    let (key, unique, generated) = (take("key"), take("unique"), take("generated"));
    let native = native.join(" ");
    let nullable = native.ends_with('?');
    let native = native.trim_end_matches('?').to_owned();
    let enumeration = native.strip_prefix('@').map(|wanted| {
        enums
            .iter()
            .position(|found| found.name == wanted)
            .expect("an enum of that name")
    });
    let composite = native.strip_prefix('%').map(|wanted| {
        let found = composites.iter().position(|found| found == wanted);
        found.expect("a composite type of that name")
    });
    if key {
        table.primary_key.push(name.clone());
    }
    if unique {
        table.uniques.push(vec![name.clone()]);
    }
    if let Some((target, referred)) = arrow.and_then(|arrow| arrow.trim().rsplit_once('.')) {
        let (target_schema, target) = qualified(target);
        table.foreign_keys.push(ForeignKey {
            columns: vec![name.clone()],
            target_schema,
            target,
            target_columns: vec![referred.to_owned()],
        });
    }
    let native = native.trim_start_matches(['@', '%']).to_owned();
    table.columns.push(Column {
        name,
        native,
        enumeration,
        composite,
        nullable,
        default,
        generated,
        nondeterministic: false,
        comment,
    });
}
