//! Statements by hand: those that are held to the rules, and those that nearly are.

use super::*;
use crate::access::Shape;
use crate::compile::{Source, compile};
use crate::input::{Source as Origin, coerce_variables};
use crate::json::Members;
use crate::plan::{Binding, Form};
use crate::sql::{Cast, Change, Join, JsonKind, JsonPlace};
use std::sync::Arc;

use model::{Cell, Claims, Codec, Dialect, Parameter, Scalar, Value};

const SCHEMA: &str = r#"
type Customer @table {
  id: Int! @id
  tenantId: Int!
  name: String!
  email: String
  invoices: [Invoice!]! @relation(inverse: "customer")
  share: Int @computed(sql: "100 / {tenantId}")
}
type Invoice @table {
  id: Int! @id
  customerId: Int!
  total: Int!
  notes: JSON
  customer: Customer! @relation(fields: ["customerId"])
}
interface Party @table(discriminator: "kind") { id: Int! @id kind: String! }
type Person implements Party @table @variant(value: "person") {
  id: Int! @id
  kind: String!
  born: Int!
  party: Party! @relation(fields: ["id"])
}
extend interface Party @access(to: "temp", allow: READ)
extend type Person @access(to: "temp", allow: READ, where: {born: {eq: 1}})
extend schema @role(name: "clerk") @role(name: "auditor") @role(name: "desk") @role(name: "temp")
  @role(name: "reader")
extend type Customer
  @access(to: "clerk", allow: [READ, CREATE, UPDATE], where: {tenantId: {eq: {claim: "tenant"}}}, except: ["email"])
  @access(to: "auditor", allow: READ, where: {name: {eq: "Ann"}})
  @access(to: "desk", allow: READ, mask: {name: PARTIAL, email: HASH})
extend type Invoice
  @access(to: "temp", allow: READ, rowsMax: 2)
  @access(to: "reader", allow: READ, where: {notes: {path: [{at: ["a", 0], string: {eq: "x"}}]}})
  @access(to: "clerk", allow: [READ, DELETE], where: {customer: {tenantId: {eq: {claim: "tenant"}}}})
"#;

const CUSTOMER: usize = 0;
const INVOICE: usize = 1;
const A: Alias = Alias(0);
const B: Alias = Alias(1);

/// Parameters of the statements: the claim, a constant, what an earlier step found, the keys of the
/// hashes of a column, numbers of rows, two paths into JSON and a text.
fn slots() -> Vec<Slot> {
    let key = |outer| {
        Slot::Bound(Binding {
            parameter: Parameter {
                scalar: Scalar::Bytes,
                list: false,
            },
            source: Origin::Constant(Value::Null),
            form: Form::HashKey {
                outer,
                column: "Customer.email".into(),
            },
        })
    };
    let bound = |source| {
        Slot::Bound(Binding {
            parameter: Parameter {
                scalar: Scalar::Int,
                list: false,
            },
            source,
            form: Form::Plain,
        })
    };
    let text = |text: &str| Origin::Constant(Value::Text(text.into()));
    let counted = |source, most| {
        Slot::Bound(Binding {
            parameter: Parameter {
                scalar: Scalar::BigInt,
                list: false,
            },
            source,
            form: Form::Count(most),
        })
    };
    vec![
        bound(Origin::Variable(0, [].into())),
        bound(Origin::Constant(Value::Integer(1))),
        Slot::KeptOne { step: 0, column: 0 },
        key(false),
        key(true),
        counted(Origin::Variable(0, [].into()), Some(2)),
        counted(Origin::Variable(0, [].into()), Some(3)),
        counted(Origin::Variable(0, [].into()), None),
        counted(Origin::Constant(Value::Integer(2)), None),
        counted(Origin::Constant(Value::Integer(3)), None),
        bound(text("strict $.\"a\"[0] ? (@.type() == \"string\")")),
        bound(text("strict $.\"b\"[0] ? (@.type() == \"string\")")),
        bound(text("x")),
    ]
}

/// What is said of a statement of a caller with these roles.
fn said<T>(roles: &[&str], ask: impl FnOnce(&Proof<'_>) -> T) -> T {
    let source = Source {
        name: "schema.graphql".to_owned(),
        text: SCHEMA.to_owned(),
    };
    let schema = compile(&[source], Dialect::Postgres).unwrap().schema;
    let roles = roles.iter().copied().collect();
    let shape = Shape::all(Arc::new(schema)).unwrap().of(&roles);
    let claims: serde_json::Map<_, _> = serde_json::from_str(r#"{"tenant": 1}"#).unwrap();
    let variables = coerce_variables(&shape, &Claims::from(claims), &[], &Members::default());
    let (variables, slots) = (variables.unwrap(), slots());
    ask(&Proof {
        schema: &shape.schema,
        access: shape.access.as_ref().unwrap(),
        variables: &variables,
        slots: &slots.iter().collect::<Vec<_>>(),
    })
}

fn column(alias: Alias, table: usize, column: usize) -> Expr {
    Expr::Column(Reference::new(alias, table, column))
}

fn equal(left: Expr, right: Expr) -> Expr {
    Expr::Compare(Operator::Equal, Box::new(left), Box::new(right))
}

/// The rule of clerks on customers.
fn of_tenant(alias: Alias) -> Expr {
    equal(column(alias, CUSTOMER, 1), Expr::Parameter(0))
}

fn from(table: usize, alias: Alias, filter: Vec<Expr>) -> Select {
    Select {
        from: Some(From::Table(table, alias)),
        filter,
        ..Select::default()
    }
}

/// Whether it is shown of a select that shows its first column.
fn holds(roles: &[&str], select: Select) -> Result<(), Gap> {
    let cell = Cell::Scalar {
        column: 0,
        codec: Codec::Scalar(Scalar::Int),
    };
    let (tree, rows) = (Tree::Select(select), Use::Value(cell));
    said(roles, |proof| proof.statement(&tree, &rows).map(drop))
}

#[test]
fn a_table_is_narrowed_by_what_means_a_rule_and_by_nothing_else() {
    let narrowed = |condition: Expr| holds(&["clerk"], from(CUSTOMER, A, vec![condition]));
    assert_eq!(narrowed(of_tenant(A)), Ok(()));
    assert_eq!(narrowed(Expr::Rule(Box::new(of_tenant(A)))), Ok(()));
    for condition in [
        equal(column(A, CUSTOMER, 1), Expr::Parameter(1)),
        equal(column(A, CUSTOMER, 0), Expr::Parameter(0)),
        equal(column(B, CUSTOMER, 1), Expr::Parameter(0)),
        Expr::Compare(
            Operator::NotEqual,
            Box::new(column(A, CUSTOMER, 1)),
            Box::new(Expr::Parameter(0)),
        ),
        Expr::Or(vec![of_tenant(A), Expr::And(Vec::new())]),
        Expr::Not(Box::new(of_tenant(A))),
        Expr::Rule(Box::new(Expr::And(Vec::new()))),
        equal(column(A, CUSTOMER, 2), Expr::Parameter(1)),
    ] {
        assert!(narrowed(condition.clone()).is_err(), "{condition:?}");
    }
    assert!(holds(&["clerk"], from(CUSTOMER, A, Vec::new())).is_err());
    // Nothing is seen without a role.
    assert!(holds(&[], from(CUSTOMER, A, vec![of_tenant(A)])).is_err());
    assert_eq!(
        holds(&[], from(CUSTOMER, A, vec![Expr::Or(Vec::new())])),
        Ok(())
    );
}

#[test]
fn every_table_of_a_select_is_narrowed_wherever_it_stands() {
    let join = |outer, filter| Join {
        outer,
        table: CUSTOMER,
        alias: B,
        on: vec![(
            Reference::new(B, CUSTOMER, 0),
            Reference::new(A, INVOICE, 1),
        )],
        filter,
    };
    let invoices = || {
        let link = equal(column(Alias(7), CUSTOMER, 0), column(A, INVOICE, 1));
        let inner = from(CUSTOMER, Alias(7), vec![link, of_tenant(Alias(7))]);
        from(
            INVOICE,
            A,
            vec![Expr::Rule(Box::new(Expr::Exists(Box::new(inner))))],
        )
    };
    assert_eq!(holds(&["clerk"], invoices()), Ok(()));
    let joined = |outer, own: Vec<Expr>, further: Vec<Expr>| {
        let mut select = invoices();
        select.joins.push(join(outer, own));
        select.filter.extend(further);
        holds(&["clerk"], select)
    };
    assert_eq!(joined(true, vec![of_tenant(B)], Vec::new()), Ok(()));
    assert_eq!(joined(false, Vec::new(), vec![of_tenant(B)]), Ok(()));
    assert!(joined(true, Vec::new(), vec![of_tenant(B)]).is_err());
    assert!(joined(true, Vec::new(), Vec::new()).is_err());
    assert!(joined(false, vec![of_tenant(B)], Vec::new()).is_err());
    // In conditions, orders and figures too.
    let inner = |filter| Box::new(from(CUSTOMER, B, filter));
    for (filter, is_held) in [(vec![of_tenant(B)], true), (Vec::new(), false)] {
        let mut select = invoices();
        select.filter.push(Expr::Exists(inner(filter.clone())));
        assert_eq!(holds(&["clerk"], select).is_ok(), is_held);
        let mut select = invoices();
        select.columns = [Expr::Value(inner(filter.clone()))].into_iter().collect();
        assert_eq!(holds(&["clerk"], select).is_ok(), is_held);
        let mut select = invoices();
        select
            .having
            .push(Expr::Not(Box::new(Expr::Exists(inner(filter)))));
        assert_eq!(holds(&["clerk"], select).is_ok(), is_held);
    }
}

#[test]
fn a_cell_is_shown_by_a_rule_or_under_it() {
    let shows = |roles: &[&str], expr: Expr, condition: Expr| {
        let mut select = from(CUSTOMER, A, vec![condition]);
        select.columns = [expr].into_iter().collect();
        holds(roles, select)
    };
    let email = || column(A, CUSTOMER, 3);
    assert_eq!(
        shows(&["clerk"], column(A, CUSTOMER, 2), of_tenant(A)),
        Ok(())
    );
    assert!(shows(&["clerk"], email(), of_tenant(A)).is_err());
    assert!(
        shows(
            &["clerk"],
            Expr::Count(Some(Box::new(email()))),
            of_tenant(A)
        )
        .is_err()
    );
    let ann = || equal(column(A, CUSTOMER, 2), Expr::Parameter(3));
    let both = || Expr::Or(vec![of_tenant(A), ann()]);
    let guarded = |by: Expr| Expr::Guarded(Box::new(by), Box::new(email()));
    assert!(shows(&["clerk", "auditor"], guarded(of_tenant(A)), of_tenant(A)).is_err());
    assert!(shows(&["clerk", "auditor"], email(), of_tenant(A)).is_err());
    assert!(shows(&["clerk", "auditor"], guarded(both()), of_tenant(A)).is_err());
    let mut select = from(
        CUSTOMER,
        A,
        vec![of_tenant(A), equal(email(), Expr::Parameter(1))],
    );
    assert!(holds(&["clerk"], select.clone()).is_err());
    select.filter.pop();
    select.group = vec![email()];
    assert!(holds(&["clerk"], select).is_err());
}

#[test]
fn a_change_reaches_what_it_may_and_is_looked_at() {
    let update = |set: usize, filter: Vec<Expr>| {
        Tree::Change(Change::Update {
            table: CUSTOMER,
            alias: A,
            set: vec![(set, Expr::Parameter(1))],
            filter,
            returning: Vec::new(),
        })
    };
    let debt = |tree: &Tree| said(&["clerk"], |proof| proof.statement(tree, &Use::Discard));
    assert!(debt(&update(2, Vec::new())).is_err());
    assert!(debt(&update(3, vec![of_tenant(A)])).is_err());
    let owed = debt(&update(2, vec![of_tenant(A)])).unwrap().unwrap();
    let look = |conditions: Vec<Expr>| {
        let unlike = Expr::IsNotTrue(Box::new(Expr::And(conditions)));
        let keys = Expr::InKeys(vec![column(A, CUSTOMER, 0)], Vec::new());
        Tree::Select(from(CUSTOMER, A, vec![keys, unlike]))
    };
    let pays = |tree: &Tree| said(&["clerk"], |proof| proof.pays(&owed, tree));
    assert_eq!(pays(&look(vec![of_tenant(A)])), Ok(()));
    assert!(pays(&look(Vec::new())).is_err());
    assert!(
        pays(&look(vec![Expr::Or(vec![
            of_tenant(A),
            Expr::And(Vec::new())
        ])]))
        .is_err()
    );
    assert!(pays(&update(2, vec![of_tenant(A)])).is_err());
    let delete = |filter| {
        Tree::Change(Change::Delete {
            table: CUSTOMER,
            alias: A,
            filter,
            returning: Vec::new(),
        })
    };
    assert!(debt(&delete(vec![of_tenant(A)])).is_err());
    let insert = |columns: Vec<usize>| {
        Tree::Change(Change::Insert {
            table: CUSTOMER,
            alias: None,
            rows: vec![columns.iter().map(|_| Expr::Parameter(1)).collect()],
            columns,
            condition: None,
            conflict: None,
            returning: Vec::new(),
        })
    };
    assert!(debt(&insert(vec![0, 1, 2])).unwrap().is_some());
    assert!(debt(&insert(vec![0, 1, 2, 3])).is_err());
}

#[test]
fn a_change_may_say_itself_what_its_rows_are() {
    let insert = |returning: Vec<Expr>| {
        Tree::Change(Change::Insert {
            table: CUSTOMER,
            alias: Some(A),
            columns: vec![0, 1, 2],
            rows: vec![vec![
                Expr::Parameter(1),
                Expr::Parameter(1),
                Expr::Parameter(1),
            ]],
            condition: None,
            conflict: None,
            returning,
        })
    };
    let shows = |column: usize| {
        Use::Value(Cell::Scalar {
            column,
            codec: Codec::Scalar(Scalar::Int),
        })
    };
    let owed = |tree: &Tree| said(&["clerk"], |proof| proof.statement(tree, &shows(0)));
    let must = |conditions| Expr::Must(Box::new(Expr::And(conditions)));
    let ruled = |condition| Expr::Rule(Box::new(condition));
    let bare = |index| Expr::Column(Reference::bare(CUSTOMER, index));
    let paid = insert(vec![bare(0), must(vec![ruled(of_tenant(A))])]);
    assert!(owed(&paid).unwrap().is_none());
    for returning in [
        // Nothing is said, nothing of a rule, or of another row; or nobody fails where it does not hold.
        vec![bare(0)],
        vec![bare(0), ruled(of_tenant(A))],
        vec![bare(0), must(Vec::new())],
        vec![bare(0), must(vec![ruled(of_tenant(B))])],
        vec![bare(0), Expr::First(vec![must(vec![ruled(of_tenant(A))])])],
        vec![
            bare(0),
            Expr::Must(Box::new(Expr::Or(vec![ruled(of_tenant(A))]))),
        ],
    ] {
        let outcome = owed(&insert(returning.clone()));
        assert!(!matches!(outcome, Ok(None)), "{returning:?}");
    }
    let tells = |expr| insert(vec![expr, must(vec![ruled(of_tenant(A))])]);
    assert!(
        owed(&tells(bare(3))).is_err(),
        "a column that no rule shows"
    );
    let hidden = tells(Expr::Cast(Box::new(bare(3)), Cast::Text));
    assert!(owed(&hidden).is_err(), "nor as text");
    let kept = |tree: &Tree| {
        let keep = Use::Keep(vec![Codec::Scalar(Scalar::Int)]);
        said(&["clerk"], |proof| proof.statement(tree, &keep))
    };
    assert!(
        kept(&tells(bare(3))).unwrap().is_none(),
        "what is kept is not shown"
    );
}

#[test]
fn a_masked_cell_is_shown_under_its_mask_and_under_no_other() {
    let shown = |roles: &[&str], expr: Expr| {
        let mut select = from(CUSTOMER, A, Vec::new());
        select.columns = [expr].into_iter().collect();
        holds(roles, select)
    };
    let masked = |index: usize, veil| Expr::Masked(Box::new(column(A, CUSTOMER, index)), veil);
    let [name, email] = [2, 3];
    let (right, wrong) = (
        Veil::Hash { inner: 3, outer: 4 },
        Veil::Hash { inner: 4, outer: 3 },
    );
    assert_eq!(shown(&["desk"], masked(name, Veil::Partial)), Ok(()));
    assert_eq!(shown(&["desk"], masked(email, right)), Ok(()));
    for expr in [
        column(A, CUSTOMER, name),
        column(A, CUSTOMER, email),
        masked(email, Veil::Partial),
        masked(email, wrong),
        masked(email, Veil::Hash { inner: 0, outer: 1 }),
        masked(name, right),
        Expr::Masked(
            Box::new(equal(column(A, CUSTOMER, name), Expr::Parameter(0))),
            Veil::Partial,
        ),
        Expr::First(vec![masked(name, Veil::Partial), column(A, CUSTOMER, name)]),
        Expr::Guarded(Box::new(of_tenant(A)), Box::new(column(A, CUSTOMER, name))),
    ] {
        assert!(shown(&["desk"], expr.clone()).is_err(), "{expr:?}");
    }
    // Whoever is a clerk too sees the name of its tenant's, and of others what the desk shows.
    let both = Expr::First(vec![
        Expr::Guarded(Box::new(of_tenant(A)), Box::new(column(A, CUSTOMER, name))),
        masked(name, Veil::Partial),
    ]);
    assert_eq!(shown(&["clerk", "desk"], both.clone()), Ok(()));
    assert!(shown(&["desk"], both).is_err());
}

#[test]
fn a_condition_that_can_fail_looks_only_at_rows_that_are_seen() {
    let share = || column(A, CUSTOMER, 4);
    let is_one = |expr| equal(expr, Expr::Parameter(1));
    let under = |condition, expr| Expr::Guarded(Box::new(condition), Box::new(expr));
    let told = |role: &str, condition| {
        let rule = match role {
            "desk" => Expr::And(Vec::new()),
            _ => of_tenant(A),
        };
        holds(&[role], from(CUSTOMER, A, vec![condition, rule]))
    };
    assert!(told("clerk", is_one(share())).is_err());
    assert!(told("clerk", Expr::Not(Box::new(is_one(share())))).is_err());
    assert_eq!(told("clerk", is_one(under(of_tenant(A), share()))), Ok(()));
    let always = Expr::And(Vec::new());
    assert!(told("clerk", is_one(under(always, share()))).is_err());
    // Where all rows are seen none is told of.
    assert_eq!(told("desk", is_one(share())), Ok(()));
    let name = || column(A, CUSTOMER, 2);
    assert_eq!(told("clerk", is_one(name())), Ok(()));
    let called = |expr| is_one(Expr::Next(Box::new(expr)));
    assert!(told("clerk", called(name())).is_err());
    assert_eq!(told("clerk", called(under(of_tenant(A), name()))), Ok(()));
}

#[test]
fn a_condition_inside_json_looks_at_the_place_that_a_rule_names() {
    let at = |path, kind| {
        let place = JsonPlace {
            path,
            lists: Vec::new(),
            kind,
        };
        Expr::JsonAt(Box::new(column(A, INVOICE, 3)), place)
    };
    let told = |left: Expr, value| {
        let left = Expr::Bytewise(Box::new(left));
        let condition = equal(left, Expr::Parameter(value));
        holds(&["reader"], from(INVOICE, A, vec![condition]))
    };
    assert_eq!(told(at(10, JsonKind::String), 12), Ok(()));
    for (path, kind, value) in [
        (11, JsonKind::String, 12),
        (12, JsonKind::String, 12),
        (10, JsonKind::Number, 12),
        (10, JsonKind::String, 10),
    ] {
        assert!(told(at(path, kind), value).is_err(), "{path} {kind:?}");
    }
    assert!(told(column(A, INVOICE, 3), 12).is_err());
}

#[test]
fn a_list_brings_no_more_rows_than_the_rules_say() {
    let list = |limit: Option<Expr>| {
        let mut select = from(INVOICE, A, Vec::new());
        select.columns = [column(A, INVOICE, 0)].into_iter().collect();
        select.limit = limit;
        select
    };
    let shown = |roles: &[&str], select: Select| {
        let (tree, rows) = (Tree::Select(select), Use::Rows(model::Record::default()));
        said(roles, |proof| proof.statement(&tree, &rows).map(drop))
    };
    // Parameters 5 to 9 are counted: up to 2, up to 3, without a bound, the constants 2 and 3.
    let counted = [
        (5, true),
        (8, true),
        (6, false),
        (7, false),
        (9, false),
        (1, false),
    ]
    .map(|(index, is_held)| (Some(Expr::Parameter(index)), is_held));
    let stated = [
        (Some(Expr::Number(2)), true),
        (Some(Expr::Number(3)), false),
        (Some(Expr::NumberAndOne(2)), true),
        (Some(Expr::NumberAndOne(3)), false),
        (None, false),
    ];
    for (limit, is_held) in counted.into_iter().chain(stated) {
        let list = || list(limit.clone());
        assert_eq!(shown(&["temp"], list()).is_ok(), is_held, "{limit:?}");
        let mut groups = list();
        groups.group = vec![column(A, INVOICE, 2)];
        groups.columns.place(Expr::Count(None));
        assert_eq!(shown(&["temp"], groups).is_ok(), is_held, "{limit:?}");
        let mut packed = Select::default();
        packed.column(Expr::Rows(Box::new(list())));
        assert_eq!(holds(&["temp"], packed).is_ok(), is_held, "{limit:?}");
    }
    let mut total = list(None);
    total.columns = [Expr::Count(None)].into_iter().collect();
    assert_eq!(shown(&["temp"], total), Ok(()));
}

#[test]
fn no_part_of_a_row_is_hidden_in_another_table() {
    let place = |name: &str| {
        said(&["temp"], |proof| {
            let mut tables = proof.schema.tables.iter();
            tables.position(|table| table.type_name == name).unwrap()
        })
    };
    let (party, person) = (place("Party"), place("Person"));
    let link = |ours: usize| equal(column(B, person, 0), column(A, party, ours));
    let born = || equal(column(B, person, 1), Expr::Parameter(1));
    let unlike = |seen: Expr| Expr::IsNotTrue(Box::new(seen));
    let none = |select: Select| {
        Expr::Rule(Box::new(Expr::Not(Box::new(Expr::Exists(Box::new(
            select,
        ))))))
    };
    let hidden = |filter: Vec<Expr>| from(person, B, filter);
    let shown = |conditions: Vec<Expr>| holds(&["temp"], from(party, A, conditions));
    assert_eq!(
        shown(vec![none(hidden(vec![link(0), unlike(born())]))]),
        Ok(())
    );
    let mut first = hidden(vec![link(0), unlike(born())]);
    first.limit = Some(Expr::Parameter(8));
    for conditions in [
        Vec::new(),
        vec![none(hidden(vec![link(1), unlike(born())]))],
        vec![none(hidden(vec![unlike(born())])), born()],
        vec![none(hidden(vec![link(0), born()]))],
        vec![none(hidden(vec![
            link(0),
            unlike(Expr::Or(vec![born(), Expr::And(Vec::new())])),
        ]))],
        vec![none(hidden(vec![link(0), born(), unlike(born())]))],
        vec![none(from(party, B, vec![link(0), unlike(born())]))],
        vec![none(first)],
        vec![Expr::Rule(Box::new(Expr::Exists(Box::new(hidden(vec![
            link(0),
            unlike(born()),
        ])))))],
    ] {
        assert!(shown(conditions.clone()).is_err(), "{conditions:?}");
    }
    // Whoever is hidden in the table of its own type is no row of it either.
    assert_eq!(holds(&["temp"], from(person, B, vec![born()])), Ok(()));
    assert!(holds(&["temp"], from(person, B, Vec::new())).is_err());
}
