//! What a schema file becomes, and what is said about one that is wrong.

use crate::show;
use engine::{Source, compile};
use model::Dialect::{self, Mariadb, Postgres, Sqlite};
use model::schema::Cardinality;

const SHOP: &str = r#"
"People who buy."
type Customer @table(name: "customers") {
  id: Int! @id @default
  email: String! @unique
  "Digits and spaces."
  phone: String @column(type: "varchar(20)")
  status: OrderStatus!
  orders: [Order!]! @relation(inverse: "customer")
  profile: Profile @relation(inverse: "customer")
}
type Profile @table(name: "profiles") {
  customerId: Int! @id @column(name: "customer_id")
  customer: Customer! @relation(fields: ["customerId"])
}
type Order @table(name: "orders", schema: "sales") {
  id: BigInt! @id
  customerEmail: String @column(name: "customer_email")
  customerId: Int! @column(name: "customer_id")
  shipperId: Int @column(name: "shipper_id")
  total: Decimal! @column(type: "NUMERIC(10, 2)") @generated
  customer: Customer! @relation(fields: "customerId")
  byEmail: Customer @relation(fields: ["customerEmail"], references: ["email"])
  shipper: Customer @relation(fields: ["shipperId"])
  products: [Product!]! @relation(through: ["lines", "product"])
  lines: [OrderLine!]! @relation(inverse: "order")
}
type OrderLine @table(name: "order_lines", key: ["productId", "orderId"])
  @unique(fields: ["orderId", "position"]) @unique(fields: ["productId", "position"]) {
  orderId: BigInt! @id @column(name: "order_id")
  productId: UUID! @id @column(name: "product_id")
  position: Int!
  order: Order! @relation(fields: ["orderId"])
  product: Product! @relation(fields: ["productId"])
}
type Product @table(name: "products") @api(singular: "item", plural: "items") { id: UUID! @id }
type News @table { id: Int! @id }
type ActiveCustomer @view(name: "active_customers", key: ["id"]) { id: Int! email: String }
enum OrderStatus @enum(name: "order_status") { OPEN @value(name: "open") CLOSED }
"#;

#[test]
fn a_whole_schema_resolves() {
    insta::assert_debug_snapshot!(show::schema(SHOP, Postgres));
}

#[test]
fn cardinality_follows_nulls_and_keys() {
    let schema = show::schema(SHOP, Postgres);
    let of = |field: &str| {
        let relations = schema.tables.iter().flat_map(|table| &table.relations);
        relations
            .filter(|relation| relation.field == field)
            .map(|found| found.cardinality)
            .next()
    };
    assert_eq!(of("customer"), Some(Cardinality::One));
    assert_eq!(of("shipper"), Some(Cardinality::Maybe));
    assert_eq!(of("profile"), Some(Cardinality::Maybe));
    assert_eq!(of("orders"), Some(Cardinality::Many));
    assert_eq!(of("products"), Some(Cardinality::Many));
}

#[test]
fn the_order_of_files_and_types_does_not_matter() {
    let types: Vec<&str> = SHOP.split_inclusive("\n}\n").collect();
    let whole = show::schema(SHOP, Postgres);
    let sources: Vec<Source> = types
        .iter()
        .rev()
        .enumerate()
        .map(|(index, text)| Source {
            name: format!("{index}.graphql"),
            text: (*text).to_owned(),
        })
        .collect();
    assert_eq!(
        compile(&sources, Postgres).expect("the same types").schema,
        whole
    );
}

#[test]
fn a_type_may_be_continued_in_another_file() {
    let source = |name: &str, text: &str| Source {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let files = [
        source(
            "more.graphql",
            "extend type Tag @unique(fields: [\"name\"]) { name: String! }",
        ),
        source("tag.graphql", "type Tag @table { id: Int! @id }"),
    ];
    let schema = compile(&files, Sqlite).expect("a continued type").schema;
    assert_eq!(schema.tables[0].columns.len(), 2);
    assert_eq!(schema.tables[0].uniques, [[1]]);
}

#[test]
fn a_blank_file_adds_nothing_and_a_schema_has_tables() {
    let source = |name: &str, text: &str| Source {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let files = [
        source("a", "type A @table { id: Int! @id }"),
        source("b", "# later\n\n"),
    ];
    assert_eq!(
        compile(&files, Sqlite)
            .expect("one table")
            .schema
            .tables
            .len(),
        1
    );
    insta::assert_snapshot!(show::findings("# nothing\n", Sqlite));
}

/// Findings of each text, one after the other.
fn all(dialect: Dialect, texts: &[&str]) -> String {
    texts
        .iter()
        .map(|text| show::findings(text, dialect))
        .collect::<Vec<_>>()
        .join("────\n")
}

/// Findings of texts that stand beside a customer with a key.
fn beside_customer(texts: &[&str]) -> String {
    let customer = "type Customer @table { id: Int! @id name: String }\n";
    let texts: Vec<String> = texts
        .iter()
        .map(|text| format!("{customer}{text}"))
        .collect();
    all(
        Postgres,
        &texts.iter().map(String::as_str).collect::<Vec<_>>(),
    )
}

#[test]
fn broken_syntax_is_shown_where_it_breaks() {
    let shown = all(
        Postgres,
        &[
            "type Customer @table { id: Int! @id",
            "type Customer @table(name: customers\") { id: Int! @id }",
            "table Customer { id: Int! }",
        ],
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn unknown_names_come_with_what_was_meant() {
    let shown = all(
        Postgres,
        &[
            "type Customer @tabel(name: \"customers\") { id: Int! @id }",
            "type Customer @table(nmae: \"customers\") { id: Int! @id }",
            "type Customer @table { id: Int! @id born: Dat home: Adress at: ID }\ntype Address @table { id: Int! @id }",
            "type Customer @table { id: Int! @id @frobnicate }",
            "type Customer @table { id: Int! @id all: Query kind: __Type kinds: [__TypeKind!]! }",
        ],
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn directives_are_refused_where_they_mean_nothing() {
    let shown = all(
        Postgres,
        &[
            "type Customer @table @id { id: Int! @id @id }",
            "type Customer @table @table(name: \"x\") { id: Int! @id }",
            "type Customer @table(name: 3) { id: Int! @id @column(name: [\"a\"]) }",
            "type Customer @table { id: Int! @id }\nenum E { A @value }",
            "type Customer @table { id: Int! @id @relation(fields: [\"id\"]) }",
            "type Customer @view { id: Int! @default total: Int @generated }",
            "type Customer @table { id: Int! @id total: Int @generated @default }",
        ],
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn definitions_that_are_no_tables_are_not_supported() {
    let shown = all(
        Postgres,
        &[
            "type Customer @table { id: Int! @id }\ninput New { name: String }",
            "type Customer @table { id: Int! @id }\nscalar UUID\ndirective @mine on OBJECT",
            "type Customer @table { id: Int! @id }\nschema { query: Customer }\nquery { a }",
            "type Customer @table { id: Int! @id name(short: Boolean): String }",
            "type Customer @table { id: Int! @id s: S @deprecated }\nenum S { A @deprecated(reason: \"old\") }",
        ],
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn interfaces_and_unions_are_tables_of_several_types() {
    let media = |types: &str| {
        format!(
            "interface Media @table(discriminator: \"kind\") {{ id: Int! @id kind: String! title: String }}\n{types}"
        )
    };
    let texts = [
        "interface Media { id: Int! }\ntype Book implements Media @table { id: Int! @id }".to_owned(),
        "interface Media @table { id: Int! @id }".to_owned(),
        "interface Media @table(discriminator: \"knd\") { id: Int! @id kind: String! }\ntype Book implements Media @variant(value: \"b\") { id: Int! kind: String! }".to_owned(),
        "interface Media @table(discriminator: \"kind\") { id: Int! @id kind: String }\ntype Book implements Media @variant(value: \"b\") { id: Int! kind: String }".to_owned(),
        media(""),
        media("type Book implements Media { id: Int! kind: String! title: String }"),
        media("type Book implements Media @variant(value: \"b\") { id: Int! kind: String! }"),
        media("type Book implements Media @variant(value: \"b\") { id: Int! kind: String! title: String! }"),
        media("type Book implements Media @variant(value: \"b\") @api(singular: \"x\", plural: \"y\") { id: Int! @id kind: String! title: String @unique }"),
        media("type Book implements Media @variant(value: \"b\") { id: Int! kind: String! title: String size: Int }\ntype Film implements Media @variant(value: \"b\") { id: Int! kind: String! title: String size: String }"),
        media("type Book implements Media @variant(value: \"b\") { id: Int! kind: String! title: String }\ntype Shelf @table { id: Int! @id bookId: Int book: Book @relation(fields: [\"bookId\"]) }"),
        media("type Book implements Media @table @variant(value: \"b\") { id: Int! @id kind: String! title: String }"),
        "type Book @table @variant(value: \"b\") { id: Int! @id }\ntype Film @table(discriminator: \"id\") { id: Int! @id }".to_owned(),
        "union Media @table(discriminator: \"kind\") = Book | Film\ntype Book @table @variant(value: \"1\") { id: Int! @id kind: Int! }\ntype Film @variant(value: \"02\") { id: Int! @id kind: Int! }".to_owned(),
        "enum Kind { BOOK FILM }\nunion Media @table(discriminator: \"kind\") = Book\ntype Book @variant(value: \"BOK\") { id: Int! @id kind: Kind! }".to_owned(),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    insta::assert_snapshot!(all(Postgres, &texts));
}

#[test]
fn a_scalar_has_the_form_of_another() {
    let shown = beside_customer(&[
        "scalar Money",
        "scalar Money @scalar",
        "scalar Money @scalar(as: \"Decmal\")",
        "scalar StringFilter @scalar(as: \"String\")",
        "scalar CustomerFilter @scalar(as: \"String\")\nscalar Customer @scalar(as: \"String\")",
        "scalar Money @scalar(as: \"Decimal\")\ntype A @table { id: Money! @id name: Money @column(type: \"text\") }",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn a_field_of_rows_may_call_a_function() {
    let shown = beside_customer(&[
        "type A @table { id: Int! @id f(x: Int): Customer @function }",
        "type A @table { id: Int! @id f(x: Int): Int @function(of: [\"idd\"]) }",
        "type A @table { id: Int! @id f: Int @function @id }",
        "type A @table { id: Int! @id and: Int @function f(x: Int = 1): Int @function }",
        "extend type Query { f: Int @function(of: [\"id\"]) }",
        "interface M @table(discriminator: \"kind\") { id: Int! @id kind: Int! f: Int @function }\ntype N implements M @variant(value: \"1\") { id: Int! kind: Int! f: Int }",
        "type A @table { id: Int! @id f(x: Int): Int }",
        "type A @table { id: Int! @id f: Int @function(of: \"f\") }",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn a_field_of_a_union_goes_by_relations_to_one_row() {
    let shown = beside_customer(&[
        "union Any @api(singular: \"a\", plural: \"b\") = Customer",
        "union Any @table(discriminator: \"kind\") = Customer",
        "union Any = Customer\ntype A @table { id: Int! @id any: Any }",
        "union Any = Customer\ntype A @table { id: Int! @id any: Any @relation(fields: [\"id\"]) }",
        "union Any = Customer\ntype A @table { id: Int! @id any: Any! @relation(oneOf: [\"custmer\"]) customer: Customer! @relation(fields: [\"id\"]) }",
        "union Any = B\ntype B @table { id: Int! @id }\ntype A @table { id: Int! @id any: Any @relation(oneOf: [\"customer\", \"as\"]) customer: Customer! @relation(fields: [\"id\"]) aId: Int a: A @relation(fields: [\"aId\"]) as: [A!]! @relation(inverse: \"a\") }",
        "type A @table { id: Int! @id customer: Customer @relation(oneOf: [\"id\"]) }",
        "union CustomerWhere = Customer",
        "union Any = Customer\ninterface P @table(discriminator: \"kind\") { id: Int! @id kind: String! }\ntype Q implements P @variant(value: \"q\") { id: Int! kind: String! }\ntype A @table { id: Int! @id any: Any @relation(oneOf: [\"p\"]) pId: Int p: P @relation(fields: [\"pId\"]) }",
        "union Any = Customer\ntype A @table { id: Int! @id and: Any @relation(oneOf: [\"customer\"]) customer: Customer! @relation(fields: [\"id\"]) }",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn types_say_what_they_are() {
    let shown = all(
        Postgres,
        &[
            "type Customer { id: Int! @id }",
            "type Customer @table @view { id: Int! @id }",
            "type Customer @table",
            "type Customer @table(name: \"\") { id: Int! @id @column(name: \"a\\u0000b\") }",
            "type Customer @table(name: \"people\") { id: Int! @id }\ntype Person @table(name: \"people\") { id: Int! @id }",
            "type Customer @table { id: Int! @id a: Int b: Int @column(name: \"a\") }",
            "type Customer @table { id: Int! @id }\ntype Customer @table { id: Int! @id id: Int }",
        ],
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn sqlite_tells_names_apart_without_their_case() {
    let shown = all(
        Sqlite,
        &[
            "type Customer @table(name: \"People\") { id: Int! @id a: Int A: Int }\ntype Person @table(name: \"people\") { id: Int! @id }",
        ],
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn columns_have_types_that_can_be_mapped() {
    let shown = all(
        Postgres,
        &[
            "type Customer @table { id: Int! @id tags: [String!]! }",
            "type Customer @table { id: Int! @id at: String @column(type: \"point\") tags: String @column(type: \"text[]\") }",
            "type Customer @table { id: Int! @id price: Int @column(type: \"numeric(10,2)\") }",
            "type Customer @table { id: Int! @id s: S @column(type: \"text\") }\nenum S @enum(name: \"s\") { A }",
            "type Customer @table { id: Int! @id s: S @column(type: \"integer\") t: S @column(type: \"hstore\") }\nenum S { A }",
        ],
    );
    insta::assert_snapshot!(shown);
    let shown = all(
        Sqlite,
        &[
            "type Customer @table { id: Int! @id price: Decimal @column(type: \"NUMERIC(10,2)\") }",
            "type Customer @table { id: Int! @id at: String @column(type: \"geometry\") }",
            "type Customer @table { id: Int! @id price: Decimal @column(type: \"text\") }",
        ],
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn tables_have_keys_without_nulls() {
    let shown = all(
        Postgres,
        &[
            "type Customer @table { id: Int! name: String }",
            "type Customer @table { name: String! }",
            "type Customer @table { id: Int @id }",
            "type Customer @table(key: [\"a\", \"c\"]) { a: Int! @id b: Int! @id }",
            "type Customer @table(key: [\"a\"]) { a: Int! @id b: Int! @id }",
            "type Customer @table(key: []) { a: Int! }",
            "type Customer @view(key: [\"a\", \"a\"]) { a: Int! }",
            "type Customer @view(key: [\"a\"]) { a: Int }",
            "type Customer @table { a: JSON! @id b: Int c: JSON @unique }",
            "type Customer @view { a: JSON b: JSON! }",
        ],
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn unique_keys_name_columns() {
    let shown = all(
        Postgres,
        &[
            "type Customer @table @unique(fields: [\"first_name\", \"lastNam\"]) { id: Int! @id firstName: String @column(name: \"first_name\") lastName: String }",
            "type Customer @table @unique { id: Int! @id }",
            "type Customer @table { id: Int! @id email: String @unique(fields: [\"email\"]) name: String @unique @unique }",
            "type Customer @table @unique(fields: [\"friend\"]) { id: Int! @id friend: Customer @relation(fields: [\"id\"]) }",
            "type Customer @table @unique(fields: [\"aB\"]) @unique(fields: [\"a\", \"b\"]) { id: Int! @id aB: Int a: Int b: Int }",
        ],
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn relations_lead_to_a_key() {
    let shown = beside_customer(&[
        "type Order @table { id: Int! @id customer: Customer }",
        "type Order @table { id: Int! @id customers: [Customer!]! }",
        "type Order @table { id: Int! @id customer: Customer @relation }",
        "type Order @table { id: Int! @id customer: Customer @relation(fields: [\"id\"], inverse: \"x\") }",
        "type Order @table { id: Int! @id customerId: Int customer: Customer @relation(fields: [\"customerID\"]) }",
        "type Order @table { id: Int! @id customerName: String customer: Customer @relation(fields: [\"customerName\"], references: [\"name\"]) }",
        "type Order @table { id: Int! @id a: Int b: Int customer: Customer @relation(fields: [\"a\", \"b\"]) }",
        "type Order @table { id: Int! @id customerId: String customer: Customer @relation(fields: [\"customerId\"]) }",
        "type Order @table { id: Int! @id customerId: Int customer: Customer! @relation(fields: [\"customerId\"]) }",
        "type Order @table { id: Int! @id customerId: Int customer: [Customer!]! @relation(fields: [\"customerId\"]) }",
        "type Report @view { id: Int }\ntype Order @table { id: Int! @id report: Report @relation(fields: [\"id\"]) }",
        "type Order @table { id: Int! @id customerId: Int customer: Customer @id @column(name: \"x\") @relation(fields: [\"customerId\"]) }",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn inverses_are_the_other_side_of_a_relation() {
    let order = "type Order @table { id: Int! @id customerId: Int! customer: Customer! @relation(fields: [\"customerId\"]) \
                 other: Order @relation(fields: [\"id\"]) ";
    let texts = [
        "orders: [Order!]! @relation(inverse: \"custmer\")",
        "orders: [Order!]! @relation(inverse: \"customerId\")",
        "orders: [Order!]! @relation(inverse: \"other\")",
        "orders: [Order!] @relation(inverse: \"customer\")",
        "orders: [Order]! @relation(inverse: \"customer\")",
        "order: Order @relation(inverse: \"customer\")",
        "order: Order! @relation(inverse: \"customer\")",
        "a: [Order!]! @relation(inverse: \"customer\") b: Customer @relation(inverse: \"a\")",
    ]
    .map(|field| format!("{order} }}\ntype Customer @table {{ id: Int! @id\n  {field} }}"));
    let shown = all(
        Postgres,
        &texts.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn ways_through_take_a_list_and_then_one_row() {
    let rest = "type Track @table { id: Int! @id entries: [Entry!]! @relation(inverse: \"track\") }\n\
                type Entry @table { listId: Int! @id trackId: Int! @id list: List @relation(fields: [\"listId\"]) track: Track @relation(fields: [\"trackId\"]) }\n";
    let texts = [
        "tracks: [Track!]! @relation(through: [\"entries\"])",
        "tracks: [Track!]! @relation(through: [\"entrys\", \"track\"])",
        "tracks: [Track!]! @relation(through: [\"entries\", \"trak\"])",
        "tracks: [Track!]! @relation(through: [\"entries\", \"list\"])",
        "tracks: Track @relation(through: [\"entries\", \"track\"])",
        "tracks: [Track!]! @relation(through: [\"tracks\", \"track\"])",
        "tracks: [Track!]! @relation(through: [\"id\", \"track\"])",
    ]
    .map(|field| {
        format!("{rest}type List @table {{ id: Int! @id entries: [Entry!]! @relation(inverse: \"list\")\n  {field} }}")
    });
    let shown = all(
        Postgres,
        &texts.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn lists_are_columns_of_postgres_alone() {
    let lists = [
        "type C @table { id: Int! @id tags: [String]! sizes: [Decimal] @column(type: \"numeric(10,2)[]\") moods: [M] }\nenum M @enum(name: \"m\") { A }",
        "type C @table { id: Int! @id tags: [String!]! }",
        "type C @table { id: Int! @id tags: [[String]] }",
        "type C @table { id: [Int]! @id }",
        "type C @table { id: Int! @id tags: [String] @unique count: [Int]! @version }",
        "type C @table { id: Int! @id tags: [String] @column(type: \"text\") }",
        "type C @table { id: Int! @id tag: String @column(type: \"text[]\") }",
        "type C @table { id: Int! @id tags: [String] @column(type: \"text[][]\") }",
        "type C @view(name: \"c\") { tags: [String] data: JSON }",
        "type C @table { id: Int! @id ds: [Int] d: D @relation(fields: [\"ds\"]) }\ntype D @table { id: Int! @id }",
        "type StringListFilter @table { id: Int! @id }\nenum M { A }\ntype MListFilter @table { id: Int! @id m: M }",
    ];
    insta::assert_snapshot!(all(Postgres, &lists));
    insta::assert_snapshot!(all(Sqlite, &lists[..1]));
}

#[test]
fn a_search_goes_by_what_its_database_has() {
    let table = "{ id: Int! @id title: String body: String size: Int }";
    let searched = |arguments: &str| format!("type C @table @search{arguments} {table}");
    let texts = [
        searched("(column: \"words\", configuration: \"english\")"),
        searched("(column: \"words\")"),
        searched("(fields: [\"title\"])"),
        searched(""),
        "type C @table @search(column: \"w\", configuration: \"simple\") { id: Int! @id search: Int }"
            .to_owned(),
    ];
    let texts = texts.each_ref().map(String::as_str);
    insta::assert_snapshot!(all(Postgres, &texts));
    let texts = [
        searched("(table: \"words\")"),
        searched("(table: \"words\", configuration: \"english\")"),
        "type C @view @search(table: \"words\") { id: Int }".to_owned(),
    ];
    let texts = texts.each_ref().map(String::as_str);
    insta::assert_snapshot!(all(Sqlite, &texts));
    let texts = [
        searched("(fields: [\"title\", \"body\"])"),
        searched("(fields: [\"titel\", \"size\"])"),
        searched("(fields: [\"title\", \"size\"])"),
    ];
    let texts = texts.each_ref().map(String::as_str);
    insta::assert_snapshot!(all(Mariadb, &texts));
}

#[test]
fn a_constraint_has_a_code_and_a_message_of_its_own() {
    let told = |arguments: &str| {
        format!("type C @table @constraint({arguments}) {{ id: Int! @id size: Int }}")
    };
    let texts = [
        told("name: \"k\", code: \"store.unique\", message: \"Taken.\""),
        told("name: \"k\", code: \"taken\", message: \"Taken.\""),
        told("name: \"k\", code: \"\", message: \" \""),
        told("name: \"k\", code: \"A\", message: \"one\\ntwo\", field: \"sise\""),
        told("name: \"\", code: \"A\", message: \"a\""),
        told("name: \"k\", message: \"a\""),
        format!(
            "{} extend type C @constraint(name: \"k\", code: \"B\", message: \"b\")",
            told("name: \"k\", code: \"A\", message: \"a\", field: \"size\"")
        ),
        "type C @view @constraint(name: \"k\", code: \"A\", message: \"a\") { id: Int }".to_owned(),
    ];
    let texts = texts.each_ref().map(String::as_str);
    insta::assert_snapshot!(all(Sqlite, &texts));
}

#[test]
fn a_weight_is_a_whole_number_and_stands_on_what_is_counted() {
    let texts = [
        "type C @table @cost(weight: \"-1\") { id: Int! @id @cost(weight: \"2.5\") size: Int @cost(weight: \"+2\") note: String @cost(weight: \"\") }",
        "type C @table @cost(weight: \"1000001\") { id: Int! @id @cost(weight: 5) size: Int @listSize(assumedSize: 3) }",
        "type C @table { id: Int! @id up: Int c: C @relation(fields: [\"up\"]) @listSize(assumedSize: 3)\n\
         cs: [C!]! @relation(inverse: \"c\") @listSize(assumedSize: 0) }",
        "type C @table { id: Int! @id j: J } type J @json @cost(weight: \"2\") { a: Int @cost(weight: \"2\") }",
        "type C @table { id: Int! @id } extend type Query @cost(weight: \"2\")",
        "interface I @table(discriminator: \"k\") { id: Int! @id k: String! } type A implements I @variant(value: \"a\") @cost(weight: \"2\") { id: Int! k: String! }",
    ];
    insta::assert_snapshot!(all(Sqlite, &texts));
}

#[test]
fn names_the_api_needs_are_reserved() {
    let shown = all(
        Postgres,
        &[
            "type Query @table { id: Int! @id }\ntype Node @table { id: Int! @id }\nenum OrderDirection { A }",
            "type Decimal @table { id: Int! @id }\ntype StringFilter @table { id: Int! @id }",
            "type Customer @table { id: Int! @id nodeId: Int and: Int or: Customer @relation(fields: [\"id\"]) }",
            "type Customer @table { set: Int! @id __x: Int compare: Int }",
            "type __Customer @table { id: Int! @id }",
            "type Customer @table @api(singular: \"node\", plural: \"__all\") { id: Int! @id }",
            "type Customer @table @api(singular: \"client\", plural: \"client\") { id: Int! @id }",
            "type Query { vat(amount: Int!): Int @function }\ntype Customer @table { id: Int! @id }",
        ],
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn two_things_never_share_a_name() {
    let shown = all(
        Postgres,
        &[
            "type Product @table { id: Int! @id }\ntype ProductWhere @table { id: Int! @id }\nenum ProductEdge { A }",
            "type Product @table { id: Int! @id }\ntype ProductNumberColumn @table { id: Int! @id }",
            "type Product @table { id: Int! @id }\ntype Ware @table @api(singular: \"product\") { id: Int! @id }",
            "type Product @table { id: Int! @id }\ntype P @table @api(singular: \"productAggregate\") { id: Int! @id }",
            "type Product @table { id: Int! @id code: Int @unique }\ntype P @table @api(singular: \"productByCode\") { id: Int! @id }",
            "type Request @table { id: Int! @id }\ntype DeleteRequest @table { id: Int! @id }",
            "type Item @table { id: Int! @id }\nextend type Mutation { upsertItems: Int @function }",
            "type A @table { id: Int! @id bs: [B!]! @relation(inverse: \"a\") bsConnection: Int }\ntype B @table { id: Int! @id a: A @relation(fields: [\"id\"]) }",
            "type A @table { id: Int! @id bs: [B!]! @relation(inverse: \"a\") bsAggregate: Int }\ntype B @table { id: Int! @id a: A @relation(fields: [\"id\"]) }",
        ],
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn enums_have_values_with_labels_of_their_own() {
    let shown = all(
        Postgres,
        &[
            "type C @table { id: Int! @id s: S }\nenum S",
            "type C @table { id: Int! @id s: S }\nenum S { A @value(name: \"x\") B @value(name: \"x\") }",
            "type C @table { id: Int! @id s: S }\nenum S @enum(schema: \"app\") { A }",
            "type C @table { id: Int! @id s: S }\nenum S { A true }",
        ],
    );
    insta::assert_snapshot!(shown);
    let shown = all(
        Sqlite,
        &["type C @table { id: Int! @id s: S }\nenum S @enum(name: \"s\") { A }"],
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn one_run_reports_errors_of_every_stage() {
    let shown = all(
        Postgres,
        &[
            "type Customer @table {\n  id: Int @id\n  born: Dat\n  tags: [String!]\n  order: Order\n}\n\
         type Order @table {\n  id: Int! @id\n  customer: Customer @relation(fields: [\"custmerId\"])\n  nodeId: Int\n}\n",
        ],
    );
    insta::assert_snapshot!(shown);
}
