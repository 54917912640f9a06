//! What is asked, as GraphQL of the server and as SQL of the database.

/// One kind of request.
pub(super) struct Workload {
    /// Its name in the report.
    pub(super) name: &'static str,
    /// The GraphQL document.
    pub(super) document: &'static str,
    /// SQL that returns the finished JSON text, for `pgbench`.
    pub(super) sql: &'static str,
    /// Variables, each an integer drawn anew for every request: name, lowest, highest.
    pub(super) variables: &'static [(&'static str, u32, u32)],
    /// The share of pgbench's rate that is wanted, where one is.
    pub(super) wanted: Option<f64>,
}

/// Every workload, in the order of the report.
pub(super) const WORKLOADS: [Workload; 6] = [
    Workload {
        name: "point",
        document: "query($id: Int!) { user(id: $id) { id name email city createdAt } }",
        sql: "SELECT json_build_object('data', json_build_object('user', (SELECT json_build_object(
                'id', id, 'name', name, 'email', email, 'city', city, 'createdAt', created_at)
              FROM users WHERE id = :id)))",
        variables: &[("id", 1, 10_000)],
        wanted: Some(0.6),
    },
    Workload {
        name: "list of 20",
        document: "query($category: Int!) { products(where: { category: { eq: $category }, stock: { gt: 10 } }, \
                   orderBy: [{ price: DESC }], limit: 20) { id name price stock category } }",
        sql: "SELECT json_build_object('data', json_build_object('products', coalesce((
                SELECT json_agg(json_build_object('id', id, 'name', name, 'price', price,
                  'stock', stock, 'category', category))
                FROM (SELECT id, name, price, stock, category FROM products
                  WHERE category = :category AND stock > 10
                  ORDER BY price DESC, id LIMIT 20) AS p), '[]')))",
        variables: &[("category", 1, 50)],
        wanted: Some(0.8),
    },
    Workload {
        name: "nesting",
        document: "query($user: Int!) { orders(where: { userId: { eq: $user } }, limit: 10) \
                   { id status items { quantity product { name price } } } }",
        sql: "SELECT json_build_object('data', json_build_object('orders', coalesce((
                SELECT json_agg(json_build_object('id', id, 'status', status, 'items', items))
                FROM (SELECT o.id, o.status, (SELECT coalesce(json_agg(json_build_object(
                    'quantity', i.quantity, 'product', json_build_object('name', p.name,
                    'price', p.price)) ORDER BY i.id), '[]')
                  FROM items AS i JOIN products AS p ON p.id = i.product_id
                  WHERE i.order_id = o.id) AS items
                FROM orders AS o WHERE o.user_id = :user ORDER BY o.id LIMIT 10) AS o), '[]')))",
        variables: &[("user", 1, 10_000)],
        wanted: Some(0.8),
    },
    Workload {
        name: "1000 rows",
        document: "query($first: Int!) { items(where: { id: { gte: $first } }, orderBy: [{ id: ASC }], \
                   limit: 1000) { id orderId productId quantity price discount } }",
        sql: "SELECT json_build_object('data', json_build_object('items', coalesce((
                SELECT json_agg(json_build_object('id', id, 'orderId', order_id, 'productId',
                  product_id, 'quantity', quantity, 'price', price, 'discount', discount))
                FROM (SELECT id, order_id, product_id, quantity, price, discount FROM items
                  WHERE id >= :first ORDER BY id LIMIT 1000) AS i), '[]')))",
        variables: &[("first", 1, 299_000)],
        wanted: Some(2.0),
    },
    Workload {
        name: "aggregate",
        document: "query($region: Int!) { orderAggregate(where: { region: { eq: $region } }, \
                   groupBy: [{ status: VALUE }]) { key { status } count sum { total } } }",
        sql: "SELECT json_build_object('data', json_build_object('orderAggregate', coalesce((
                SELECT json_agg(json_build_object('key', json_build_object('status', status),
                  'count', count, 'sum', json_build_object('total', total)))
                FROM (SELECT status, count(*) AS count, sum(total) AS total FROM orders
                  WHERE region = :region GROUP BY status ORDER BY status) AS o), '[]')))",
        variables: &[("region", 1, 100)],
        wanted: None,
    },
    Workload {
        name: "insert",
        document: "mutation($user: Int!, $product: Int!, $rating: Int!) { createReview(input: { userId: $user, \
                   productId: $product, rating: $rating, body: \"As good as the last one.\" }) { id rating } }",
        sql: "INSERT INTO reviews (user_id, product_id, rating, body)
              VALUES (:user, :product, :rating, 'As good as the last one.')
              RETURNING json_build_object('data', json_build_object('createReview',
                json_build_object('id', id, 'rating', rating)))",
        variables: &[("user", 1, 10_000), ("product", 1, 5_000), ("rating", 1, 5)],
        wanted: None,
    },
];
