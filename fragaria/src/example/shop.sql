-- A shop: what it sells, to whom, and what they think of it.
--
-- Types are names that Fragaria understands: DECIMAL_TEXT holds a decimal number as its digits,
-- TIMESTAMPTZ a moment in UTC as 2026-11-23 18:12:18.

-- The shelves of the shop, as a tree: departments, aisles, shelves.
CREATE TABLE categories (
    id        INTEGER PRIMARY KEY,
    parent_id INTEGER REFERENCES categories (id),
    name      TEXT NOT NULL,
    slug      TEXT NOT NULL UNIQUE,
    position  INTEGER NOT NULL,
    CHECK (parent_id <> id)
);

CREATE INDEX categories_by_parent ON categories (parent_id, position);

-- What the shop sells.
CREATE TABLE products (
    id           INTEGER PRIMARY KEY,
    category_id  INTEGER NOT NULL REFERENCES categories (id),
    sku          TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    description  TEXT,
    price        DECIMAL_TEXT NOT NULL CHECK (price NOT LIKE '-%'),
    weight_grams INTEGER CHECK (weight_grams > 0),
    attributes   JSON NOT NULL DEFAULT '{}' CHECK (json_valid(attributes)),
    active       BOOLEAN NOT NULL DEFAULT TRUE CHECK (active IN (0, 1)),
    released_on  DATE NOT NULL
);

CREATE INDEX products_by_category ON products (category_id);
CREATE INDEX products_by_name ON products (name);
CREATE INDEX products_by_release ON products (released_on);

-- Words to find products by.
CREATE TABLE tags (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE product_tags (
    product_id INTEGER NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    tag_id     INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    PRIMARY KEY (product_id, tag_id)
) WITHOUT ROWID;

CREATE INDEX product_tags_by_tag ON product_tags (tag_id);

-- People who buy.
CREATE TABLE customers (
    id         INTEGER PRIMARY KEY,
    email      TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    city       TEXT NOT NULL,
    country    TEXT NOT NULL CHECK (length(country) = 2),
    tier       TEXT NOT NULL DEFAULT 'standard' CHECK (tier IN ('standard', 'silver', 'gold')),
    birth_date DATE,
    newsletter BOOLEAN NOT NULL DEFAULT FALSE CHECK (newsletter IN (0, 1)),
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX customers_by_name ON customers (name);
CREATE INDEX customers_by_country ON customers (country, city);
CREATE INDEX customers_by_creation ON customers (created_at);

-- What they bought; the total is the sum of the lines.
CREATE TABLE orders (
    id          INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    reference   UUID NOT NULL UNIQUE,
    status      TEXT NOT NULL DEFAULT 'pending'
                CHECK (status IN ('pending', 'paid', 'shipped', 'delivered', 'cancelled')),
    total       DECIMAL_TEXT NOT NULL CHECK (total NOT LIKE '-%'),
    note        TEXT,
    placed_at   TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    shipped_at  TIMESTAMPTZ CHECK (shipped_at >= placed_at)
);

CREATE INDEX orders_by_customer ON orders (customer_id, placed_at);
CREATE INDEX orders_by_status ON orders (status, placed_at);
CREATE INDEX orders_by_time ON orders (placed_at);

-- The price is that of the day, which may not be the product's price of today.
CREATE TABLE order_lines (
    order_id   INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL CHECK (position > 0),
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity   INTEGER NOT NULL CHECK (quantity > 0),
    unit_price DECIMAL_TEXT NOT NULL CHECK (unit_price NOT LIKE '-%'),
    PRIMARY KEY (order_id, position),
    UNIQUE (order_id, product_id)
) WITHOUT ROWID;

CREATE INDEX order_lines_by_product ON order_lines (product_id);

-- What customers think of what they bought; one word each for a product.
CREATE TABLE reviews (
    id          INTEGER PRIMARY KEY,
    product_id  INTEGER NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    rating      INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 5),
    title       TEXT NOT NULL,
    body        TEXT,
    created_at  TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (product_id, customer_id)
);

CREATE INDEX reviews_by_customer ON reviews (customer_id);
CREATE INDEX reviews_by_time ON reviews (created_at);

-- The products that sold, with how many; order by units_sold to see the best.
CREATE VIEW best_sellers AS
SELECT
    products.id AS product_id,
    products.name AS name,
    products.price AS price,
    CAST(count(*) AS INTEGER) AS order_count,
    CAST(sum(order_lines.quantity) AS INTEGER) AS units_sold
FROM products
JOIN order_lines ON order_lines.product_id = products.id
JOIN orders ON orders.id = order_lines.order_id AND orders.status <> 'cancelled'
GROUP BY products.id;
