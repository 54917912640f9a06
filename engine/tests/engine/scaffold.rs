//! The first schema file of databases that are not as tidy as one would like.

use crate::catalogs::catalog;
use crate::show;
use model::Dialect::{self, Postgres, Sqlite};

/// The text and what is said beside it; it compiles, and its own database is no drift.
fn init(dialect: Dialect, text: &str) -> String {
    let catalog = catalog(dialect, text);
    let scaffold = engine::scaffold(&catalog);
    let schema = show::schema(&scaffold.sdl, dialect);
    let drift = engine::drift(&schema, &catalog);
    let errors: Vec<_> = drift
        .iter()
        .filter(|finding| finding.level == model::Level::Error)
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{}", scaffold.sdl);
    format!(
        "{}---\n{}",
        scaffold.sdl,
        show::findings_of("", &scaffold.warnings)
    )
}

#[test]
fn a_shop_reads_like_a_hand_written_schema() {
    let shown = init(
        Postgres,
        r"
table customers # People who buy.
  id integer key default=nextval('customers_id_seq'::regclass)
  email text unique # Where we write to.
  full_name character varying(80)? # First,\nthen last.
  created_at timestamp with time zone default=now()
  billing_address_id integer? -> addresses.id
  shipping_address_id integer? -> addresses.id
table addresses
  id integer key
  street text
table orders
  id bigint key default=
  customer_id integer -> customers.id
  status @order_status default='open'::order_status
  total numeric(12,2) generated
table sales.order_lines
  order_id bigint -> orders.id
  product_id uuid -> products.id
  position integer
  note text?
  key (product_id, order_id)
  unique (order_id, position)
table products
  id uuid key default=gen_random_uuid()
  attributes jsonb?
table tags
  id integer key
  name text unique
table product_tags
  product_id uuid -> products.id
  tag_id integer -> tags.id
  key (product_id, tag_id)
table profiles
  customer_id integer key -> customers.id
  photo bytea?
view active_customers # Those who bought this year.
  id integer?
  email text?
enum order_status = open | in progress | shipped # Where an order is.
",
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn several_keys_to_one_table_are_told_apart() {
    let shown = init(
        Postgres,
        r"
table people
  id integer key
  parent_id integer? -> people.id
  reports_to integer? -> people.id
  best_friend_id integer? unique -> people.id
table follows
  follower_id integer -> people.id
  followee_id integer -> people.id
  key (follower_id, followee_id)
table letters
  id integer key
  sender integer -> people.id
  recipientid integer -> people.id
  peopleid integer -> people.id
  people text
",
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn composite_and_shared_keys_become_relations() {
    let shown = init(
        Postgres,
        r"
table tenants
  id integer key
table users
  tenant_id integer -> tenants.id
  id integer
  key (tenant_id, id)
table documents
  tenant_id integer -> tenants.id
  id integer
  author_id integer
  editor_id integer?
  isbn text -> books.isbn
  country_code character(2)? -> countries.code
  key (tenant_id, id)
  link (tenant_id, author_id) -> users (tenant_id, id)
  link (tenant_id, editor_id) -> users (tenant_id, id)
table books
  isbn text key
table countries
  code character(2) key
",
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn what_cannot_be_shown_is_left_out_and_said() {
    let shown = init(
        Postgres,
        r"
table places
  id integer key
  location point
  tags text[]?
table logs
  at timestamp without time zone
  line text
table shapes
  outline polygon
table codes
  code text unique
  name text?
table odd
  id integer key
  code_name text? -> codes.name
  ghost_id integer? -> ghosts.id
  code_id integer? -> codes.code
enum empty = 
",
    );
    insta::assert_snapshot!(shown);
    let shown = init(
        Sqlite,
        r"
table prices
  code text? key
  price NUMERIC(10,2)
  rate NUMERIC
  place GEOMETRY?
  x 
",
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn names_that_graphql_cannot_hold_are_mended() {
    let shown = init(
        Postgres,
        r#"
table queries
  id integer key
  nodeId text?
  and text?
  node_id text?
  2nd text?
  a␣b text?
  a_b text?
  größe text?
  __x text?
table nodes
  set integer key
table product
  id integer key
table product_edge
  id integer key
table person
  id integer key
table people
  id integer key
table sales.people
  id integer key
table news
  id integer key
table 注文
  id integer key
  status @status
  other @status?
table sales.status
  id integer key
enum status = 1st | a b | a-b | A_B | true | | naïve "quoted"
"#,
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn the_same_catalog_gives_the_same_text_in_any_order() {
    let text = "table b\n  id integer key\n  a_id integer -> a.id\ntable a\n  id integer key\n";
    let mut shuffled = catalog(Postgres, text);
    shuffled.tables.reverse();
    assert_eq!(
        engine::scaffold(&catalog(Postgres, text)).sdl,
        engine::scaffold(&shuffled).sdl
    );
}
