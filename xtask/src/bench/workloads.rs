//! What is asked: as GraphQL of the server and of its peer, and as SQL of the database.

/// One kind of request.
pub(super) struct Workload {
    /// Its name in the report.
    pub(super) name: &'static str,
    /// What it does.
    pub(super) title: &'static str,
    /// The GraphQL document.
    pub(super) document: &'static str,
    /// The same question as SQL, for `pgbench`.
    pub(super) sql: Sql,
    /// The same question as `PostGraphile`'s schema of the database spells it, where it can.
    pub(super) postgraphile: Option<&'static str>,
    /// Variables, each an integer drawn anew for every request: name, lowest, highest.
    pub(super) variables: &'static [(&'static str, u32, u32)],
    /// What is wanted.
    pub(super) wanted: Wanted,
}

/// Forms of a question in SQL.
pub(super) struct Sql {
    /// Returns the finished JSON text.
    ///
    /// Of the forms PostgreSQL offers it is the fastest: whole rows become JSON quicker than
    /// `json_build_object` makes them of columns, except where objects stand in objects.
    pub(super) json: &'static str,
    /// The same with an object made of columns for each row, as servers of GraphQL mostly write it,
    /// where that is another form.
    pub(super) objects: Option<&'static str>,
    /// What is in the answer, as rows: the least that the database has to do.
    pub(super) rows: &'static str,
}

impl Sql {
    /// The forms that return JSON, the fastest first.
    pub(super) fn of_json(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.json).chain(self.objects)
    }
}

/// How fast the server is to be, as a multiple of others' rates.
pub(super) struct Wanted {
    /// Of pgbench's.
    pub(super) pgbench: f64,
    /// Of `PostGraphile`'s.
    pub(super) postgraphile: Option<f64>,
}

impl Workload {
    /// Whether it is the one that bare HTTP is compared with.
    pub(super) fn is_first(&self) -> bool {
        self.name == WORKLOADS[0].name
    }

    /// The id of its document, where documents are trusted.
    pub(super) fn id(&self) -> String {
        self.name.to_lowercase()
    }

    /// Whether its answers are not of what was there before.
    pub(super) fn writes(&self) -> bool {
        self.document.starts_with("mutation")
    }
}

/// Every workload, in the order of the report.
pub(super) const WORKLOADS: [Workload; 6] = [
    Workload {
        name: "Q1",
        title: "point lookup of five fields",
        document: "query($id: Int!) { user(id: $id) { id name email city createdAt } }",
        sql: Sql {
            json: "SELECT json_build_object('data', json_build_object('user', (SELECT row_to_json(u) FROM (
                SELECT id, name, email, city, created_at AS \"createdAt\"
                FROM users WHERE id = :id) AS u)))",
            objects: Some(
                "SELECT json_build_object('data', json_build_object('user', (
                SELECT json_build_object('id', id, 'name', name, 'email', email, 'city', city,
                  'createdAt', created_at) FROM users WHERE id = :id)))",
            ),
            rows: "SELECT id, name, email, city, created_at FROM users WHERE id = :id",
        },
        postgraphile: Some(
            "query($id: Int!) { user: userByRowId(rowId: $id) { id: rowId name email city createdAt } }",
        ),
        variables: &[("id", 1, 10_000)],
        wanted: Wanted {
            pgbench: 1.0,
            postgraphile: Some(6.0),
        },
    },
    Workload {
        name: "Q2",
        title: "filtered and ordered list of 20",
        document: "query($category: Int!) { products(where: { category: { eq: $category }, stock: { gt: 10 } }, \
                   orderBy: [{ price: DESC }], limit: 20) { id name price stock category } }",
        sql: Sql {
            json: "SELECT json_build_object('data', json_build_object('products', coalesce((
                SELECT json_agg(p) FROM (SELECT id, name, price, stock, category FROM products
                  WHERE category = :category AND stock > 10
                  ORDER BY price DESC, id LIMIT 20) AS p), '[]')))",
            objects: Some(
                "SELECT json_build_object('data', json_build_object('products', coalesce((
                SELECT json_agg(json_build_object('id', id, 'name', name, 'price', price,
                  'stock', stock, 'category', category))
                FROM (SELECT id, name, price, stock, category FROM products
                  WHERE category = :category AND stock > 10
                  ORDER BY price DESC, id LIMIT 20) AS p), '[]')))",
            ),
            rows: "SELECT id, name, price, stock, category FROM products
                  WHERE category = :category AND stock > 10 ORDER BY price DESC, id LIMIT 20",
        },
        postgraphile: Some(
            "query($category: Int!) { products: allProducts(filter: { category: { equalTo: $category }, \
             stock: { greaterThan: 10 } }, orderBy: [PRICE_DESC], first: 20) \
             { nodes { id: rowId name price stock category } } }",
        ),
        variables: &[("category", 1, 50)],
        wanted: Wanted {
            pgbench: 1.3,
            postgraphile: Some(7.0),
        },
    },
    Workload {
        name: "Q3",
        title: "10 orders with their items and products",
        document: "query($user: Int!) { orders(where: { userId: { eq: $user } }, limit: 10) \
                   { id status items { quantity product { name price } } } }",
        sql: Sql {
            json: "SELECT json_build_object('data', json_build_object('orders', coalesce((
                SELECT json_agg(json_build_object('id', id, 'status', status, 'items', items))
                FROM (SELECT o.id, o.status, (SELECT coalesce(json_agg(json_build_object(
                    'quantity', i.quantity, 'product', json_build_object('name', p.name,
                    'price', p.price)) ORDER BY i.id), '[]')
                  FROM items AS i JOIN products AS p ON p.id = i.product_id
                  WHERE i.order_id = o.id) AS items
                FROM orders AS o WHERE o.user_id = :user ORDER BY o.id LIMIT 10) AS o), '[]')))",
            objects: None,
            rows: "SELECT o.id, o.status, i.quantity, p.name, p.price
                FROM (SELECT id, status FROM orders WHERE user_id = :user ORDER BY id LIMIT 10) AS o
                LEFT JOIN items AS i ON i.order_id = o.id
                LEFT JOIN products AS p ON p.id = i.product_id ORDER BY o.id, i.id",
        },
        postgraphile: Some(
            "query($user: Int!) { orders: allOrders(filter: { userId: { equalTo: $user } }, first: 10) \
             { nodes { id: rowId status items: itemsByOrderId { nodes { quantity \
             product: productByProductId { name price } } } } } }",
        ),
        variables: &[("user", 1, 10_000)],
        wanted: Wanted {
            pgbench: 1.4,
            postgraphile: Some(3.4),
        },
    },
    Workload {
        name: "Q4",
        title: "1,000 rows of six fields",
        document: "query($first: Int!) { items(where: { id: { gte: $first } }, orderBy: [{ id: ASC }], \
                   limit: 1000) { id orderId productId quantity price discount } }",
        sql: Sql {
            json: "SELECT json_build_object('data', json_build_object('items', coalesce((
                SELECT json_agg(i) FROM (SELECT id, order_id AS \"orderId\",
                  product_id AS \"productId\", quantity, price, discount FROM items
                  WHERE id >= :first ORDER BY id LIMIT 1000) AS i), '[]')))",
            objects: Some(
                "SELECT json_build_object('data', json_build_object('items', coalesce((
                SELECT json_agg(json_build_object('id', id, 'orderId', order_id,
                  'productId', product_id, 'quantity', quantity, 'price', price,
                  'discount', discount))
                FROM (SELECT id, order_id, product_id, quantity, price, discount FROM items
                  WHERE id >= :first ORDER BY id LIMIT 1000) AS i), '[]')))",
            ),
            rows: "SELECT id, order_id, product_id, quantity, price, discount FROM items
                  WHERE id >= :first ORDER BY id LIMIT 1000",
        },
        postgraphile: Some(
            "query($first: Int!) { items: allItems(filter: { rowId: { greaterThanOrEqualTo: $first } }, \
             orderBy: [ROW_ID_ASC], first: 1000) \
             { nodes { id: rowId orderId productId quantity price discount } } }",
        ),
        variables: &[("first", 1, 299_000)],
        wanted: Wanted {
            pgbench: 3.5,
            postgraphile: Some(6.0),
        },
    },
    Workload {
        name: "Q5",
        title: "count and sum by group",
        document: "query($region: Int!) { orderAggregate(where: { region: { eq: $region } }, \
                   groupBy: [{ status: VALUE }]) { key { status } count sum { total } } }",
        sql: Sql {
            json: "SELECT json_build_object('data', json_build_object('orderAggregate', coalesce((
                SELECT json_agg(json_build_object('key', json_build_object('status', status),
                  'count', count, 'sum', json_build_object('total', total)))
                FROM (SELECT status, count(*) AS count, sum(total) AS total FROM orders
                  WHERE region = :region GROUP BY status ORDER BY status) AS o), '[]')))",
            objects: None,
            rows: "SELECT status, count(*), sum(total) FROM orders
                  WHERE region = :region GROUP BY status ORDER BY status",
        },
        postgraphile: None,
        variables: &[("region", 1, 100)],
        wanted: Wanted {
            pgbench: 0.95,
            postgraphile: None,
        },
    },
    Workload {
        name: "M1",
        title: "insert of one row",
        document: "mutation($user: Int!, $product: Int!, $rating: Int!) { createReview(input: { userId: $user, \
                   productId: $product, rating: $rating, body: \"As good as the last one.\" }) { id rating } }",
        sql: Sql {
            json: "INSERT INTO reviews (user_id, product_id, rating, body)
              VALUES (:user, :product, :rating, 'As good as the last one.')
              RETURNING json_build_object('data', json_build_object('createReview',
                json_build_object('id', id, 'rating', rating)))",
            objects: None,
            rows: "INSERT INTO reviews (user_id, product_id, rating, body)
              VALUES (:user, :product, :rating, 'As good as the last one.') RETURNING id, rating",
        },
        postgraphile: Some(
            "mutation($user: Int!, $product: Int!, $rating: Int!) { createReview(input: { review: { \
             userId: $user, productId: $product, rating: $rating, body: \"As good as the last one.\" } }) \
             { review { id: rowId rating } } }",
        ),
        variables: &[("user", 1, 10_000), ("product", 1, 5_000), ("rating", 1, 5)],
        wanted: Wanted {
            pgbench: 0.8,
            postgraphile: Some(3.5),
        },
    },
];
