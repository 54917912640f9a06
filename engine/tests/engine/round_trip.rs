//! Any database: its scaffold compiles, makes a valid API, and serving it there is no drift.

use engine::{Config, Engine, Scaffold};
use model::catalog::{Catalog, Column, Composite, Enum, ForeignKey, Function, Kind, Table, Unfit};
use model::metric::Registry;
use model::{Dialect, Level};

use crate::show;

/// The numbers of a small generator: the same seed gives the same database.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).expect("less than sides")
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.roll(words.len())]
    }

    fn often(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }
}

const TABLES: &[&str] = &[
    "order",
    "orders",
    "Order",
    "order_items",
    "people",
    "person",
    "news",
    "News",
    "query",
    "node",
    "group",
    "nodes",
    "product",
    "product_where",
    "ProductConnection",
    "ProductFigureOrderBy",
    "GroupByTime",
    "product_aggregate",
    "__x",
    "x",
    "1st",
    "a b",
    "a-b",
    "größe",
    "注文",
    "string",
    "decimal",
    "StringFilter",
    "",
    "status",
    "page_info",
    "children",
    "data",
    "by_id",
    "x_by_a_and_b",
];
const COLUMNS: &[&str] = &[
    "id",
    "ID",
    "Id",
    "_id",
    "order_id",
    "orderId",
    "person_id",
    "parent_id",
    "reports_to",
    "order",
    "orders",
    "nodeId",
    "node_id",
    "and",
    "or",
    "not",
    "set",
    "name",
    "Name",
    "a b",
    "a_b",
    "aB",
    "orders_connection",
    "ordersConnection",
    "ordersAggregate",
    "news",
    "__typename",
    "2nd",
    "é",
    "",
    "status",
];
const FUNCTIONS: &[&str] = &[
    "order",
    "orders",
    "node",
    "update_order",
    "deleteOrders",
    "order_name",
    "people_id",
    "news_",
    "__typename",
    "search",
    "nodeId",
    "and",
    "group_by",
    "é",
    "",
];
const ARGUMENTS: &[&str] = &[
    "", "a", "A", "where", "order_by", "limit", "__x", "é", "1st",
];
const POSTGRES: &[&str] = &[
    "integer",
    "bigint",
    "smallint",
    "text",
    "character varying(40)",
    "numeric(10,2)",
    "uuid",
    "timestamp(3) with time zone",
    "jsonb",
    "json",
    "bytea",
    "point",
    "text[]",
    "citext",
    "@0",
    "@1",
    "%0",
    "%1",
    "%2",
];
const SQLITE: &[&str] = &[
    "INTEGER",
    "INTEGER",
    "BIGINT",
    "NVARCHAR(40)",
    "NUMERIC(10,2)",
    "NUMERIC",
    "REAL",
    "DATETIME",
    "GEOMETRY",
    "",
    "JSON",
    "DECIMAL_TEXT",
];

const MARIADB: &[&str] = &[
    "int(11)",
    "bigint(20) unsigned",
    "tinyint(1)",
    "text",
    "varchar(40)",
    "decimal(10,2)",
    "double",
    "float",
    "datetime(6)",
    "timestamp",
    "json",
    "uuid",
    "varbinary(16)",
    "bit(8)",
    "geometry",
    "set('a','b')",
    "@0",
    "@1",
];

fn database(dialect: Dialect, seed: u64) -> Catalog {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut tables: Vec<Table> = Vec::new();
    for _ in 0..=dice.roll(9) {
        let name = dice.pick(TABLES).to_owned();
        let schema = (dialect == Dialect::Postgres && dice.often(20)).then(|| "sales".to_owned());
        let is_same = |table: &Table| {
            table.name.eq_ignore_ascii_case(&name)
                && (dialect == Dialect::Sqlite || table.schema == schema && table.name == name)
        };
        if !tables.iter().any(is_same) {
            tables.push(table(&mut dice, dialect, schema, name));
        }
    }
    for index in 0..tables.len() {
        for _ in 0..dice.roll(4) {
            let key = foreign_key(&mut dice, &tables, index);
            tables[index].foreign_keys.extend(key);
        }
    }
    let labels = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect();
    let enums = vec![
        Enum {
            schema: None,
            name: "status".to_owned(),
            comment: None,
            labels: labels(&["a", "A", "a b", "", "true", "1"]),
        },
        Enum {
            schema: Some("sales".to_owned()),
            name: "status".to_owned(),
            comment: Some("x\ny".to_owned()),
            labels: labels(&["q"]),
        },
    ];
    // SQLite has no stored functions.
    let most = if dialect == Dialect::Sqlite { 1 } else { 12 };
    let functions = (0..dice.roll(most))
        .map(|_| function(&mut dice, dialect, tables.len()))
        .collect();
    Catalog {
        dialect,
        tables,
        enums,
        composites: composites(),
        functions,
    }
}

/// Types that only columns of PostgreSQL are of; the first one holds the second.
fn composites() -> Vec<Composite> {
    let attribute = |name: &str, native: &str| Column {
        name: name.to_owned(),
        native: native.to_owned(),
        enumeration: index_of(native, '@'),
        composite: index_of(native, '%'),
        nullable: true,
        default: None,
        generated: false,
        nondeterministic: false,
        comment: Some("x\ny".to_owned()),
    };
    let composite = |name: &str, attributes| Composite {
        schema: None,
        name: name.to_owned(),
        comment: None,
        attributes,
    };
    vec![
        composite(
            "order",
            vec![
                attribute("Full Name", "text"),
                attribute("full_name", "@0"),
                attribute("__type", "numeric(3,1)"),
                attribute("raw", "bytea"),
                attribute("inner", "%1"),
                attribute("nothing", "%2"),
            ],
        ),
        composite(
            "query",
            vec![
                attribute("", "jsonb"),
                attribute("true", "@1"),
                attribute("at", "date"),
            ],
        ),
        composite(
            "nothing",
            vec![attribute("a", "bytea"), attribute("b", "text[]")],
        ),
    ]
}

/// The index behind a mark.
fn index_of(native: &str, mark: char) -> Option<usize> {
    native
        .strip_prefix(mark)
        .and_then(|index| index.parse().ok())
}

fn table(dice: &mut Dice, dialect: Dialect, schema: Option<String>, name: String) -> Table {
    let mut columns: Vec<Column> = Vec::new();
    for _ in 0..=dice.roll(8) {
        let name = dice.pick(COLUMNS).to_owned();
        let is_same = |column: &Column| match dialect {
            Dialect::Sqlite => column.name.eq_ignore_ascii_case(&name),
            Dialect::Postgres | Dialect::Mariadb => column.name == name,
        };
        if !columns.iter().any(is_same) {
            columns.push(column(dice, dialect, name));
        }
    }
    let keys = |dice: &mut Dice| -> Vec<String> {
        let mut key: Vec<String> = Vec::new();
        for _ in 0..=dice.roll(2) {
            let name = &columns[dice.roll(columns.len())].name;
            if !key.contains(name) {
                key.push(name.clone());
            }
        }
        key
    };
    let kind = if dice.often(15) {
        Kind::View
    } else {
        Kind::Table
    };
    let is_table = kind == Kind::Table;
    let primary_key = if is_table && dice.often(80) {
        keys(dice)
    } else {
        Vec::new()
    };
    let uniques = (0..dice.roll(3))
        .map(|_| keys(dice))
        .filter(|_| is_table)
        .collect();
    Table {
        schema,
        name,
        kind,
        readable: true,
        comment: dice.often(20).then(|| "Said \"so\".".to_owned()),
        columns,
        primary_key,
        uniques,
        foreign_keys: Vec::new(),
        searches: Vec::new(),
        constraints: Vec::new(),
    }
}

fn column(dice: &mut Dice, dialect: Dialect, name: String) -> Column {
    let native = dice.pick(match dialect {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
        Dialect::Mariadb => MARIADB,
    });
    let generated = dice.often(10);
    Column {
        name,
        native: native.to_owned(),
        enumeration: index_of(native, '@'),
        composite: index_of(native, '%'),
        nullable: dice.often(40),
        default: dice.often(20).then(|| {
            dice.pick(&["", "nextval('x')", "'it''s'", "now()"])
                .to_owned()
        }),
        generated,
        nondeterministic: false,
        comment: dice.often(10).then(|| "  odd\n\"\"\" ".to_owned()),
    }
}

fn function(dice: &mut Dice, dialect: Dialect, tables: usize) -> Function {
    let is_postgres = dialect == Dialect::Postgres;
    let rows = |dice: &mut Dice| (is_postgres && dice.often(30)).then(|| dice.roll(tables));
    let operand = |dice: &mut Dice| {
        let name = dice.pick(ARGUMENTS).to_owned();
        column(dice, dialect, name)
    };
    let (receiver, given) = (rows(dice), dice.roll(4));
    Function {
        schema: (is_postgres && dice.often(20)).then(|| "sales".to_owned()),
        name: dice.pick(FUNCTIONS).to_owned(),
        comment: dice.often(20).then(|| "odd\n}\n\"\"\" ".to_owned()),
        unfit: dice.often(10).then_some(Unfit::Trigger),
        writes: dice.often(30),
        receiver,
        arguments: (0..given + usize::from(receiver.is_some()))
            .map(|_| operand(dice))
            .collect(),
        rows: rows(dice),
        result: dice.often(95).then(|| operand(dice)),
        several: is_postgres && dice.often(40),
    }
}

fn foreign_key(dice: &mut Dice, tables: &[Table], from: usize) -> Option<ForeignKey> {
    let target = &tables[dice.roll(tables.len())];
    let keys: Vec<_> = std::iter::once(&target.primary_key)
        .chain(&target.uniques)
        .collect();
    let target_columns = keys[dice.roll(keys.len())].clone();
    if target_columns.is_empty() {
        return None;
    }
    let own = &tables[from].columns;
    let columns = target_columns
        .iter()
        .map(|_| own[dice.roll(own.len())].name.clone())
        .collect();
    Some(ForeignKey {
        columns,
        target_schema: target.schema.clone(),
        target: target.name.clone(),
        target_columns,
    })
}

fn goes_round(dialect: Dialect, seeds: std::ops::Range<u64>) {
    let relations: usize = seeds.map(|seed| round(dialect, seed)).sum();
    assert!(relations > 100, "only {relations} relations were tried");
}

/// Takes one database all the way; returns how many relations it has.
fn round(dialect: Dialect, seed: u64) -> usize {
    let catalog = database(dialect, seed);
    let Scaffold { sdl, warnings } = engine::scaffold(&catalog);
    let sdl = unmarked(&sdl);
    if !sdl.contains("\ntype ") {
        let is_said = warnings.iter().any(|warning| warning.code == "init.empty");
        assert!(is_said, "seed {seed}: {warnings:#?}");
        return 0;
    }
    let schema = show::schema(&sdl, dialect);
    let drift = engine::drift(&schema, &catalog);
    let errors: Vec<_> = drift
        .iter()
        .filter(|finding| finding.level == Level::Error)
        .collect();
    assert!(errors.is_empty(), "seed {seed}: {errors:#?}\n{sdl}");
    let artefact = engine::artefact::read(&engine::artefact::write(&schema)).expect("ours");
    assert_eq!(artefact.schema, schema);
    let served = Engine::new(artefact, &Config::default(), &mut Registry::default());
    assert!(served.is_ok(), "seed {seed}: {:?}\n{sdl}", served.err());
    schema
        .tables
        .iter()
        .map(|table| table.relations.len())
        .sum()
}

/// The schema with the functions in it that may write.
fn unmarked(sdl: &str) -> String {
    let Some((before, marked)) = sdl.split_once("\n# extend type Mutation") else {
        return sdl.to_owned();
    };
    let marked = marked.split("\n\n").next().unwrap_or(marked);
    format!(
        "{before}\nextend type Mutation{}",
        marked.replace("\n# ", "\n").replace("\n#", "\n")
    )
}

#[test]
fn any_postgres_database_goes_round() {
    goes_round(Dialect::Postgres, 1..200);
}

#[test]
fn any_mariadb_database_goes_round() {
    goes_round(Dialect::Mariadb, 1..200);
}

#[test]
fn any_sqlite_database_goes_round() {
    goes_round(Dialect::Sqlite, 1..200);
}
