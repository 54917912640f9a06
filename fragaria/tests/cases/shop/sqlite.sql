CREATE TABLE category (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  parent_id INTEGER REFERENCES category
);
CREATE TABLE product (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  price DECIMAL_TEXT NOT NULL,
  weight REAL,
  stock BIGINT NOT NULL DEFAULT 0,
  active BOOLEAN NOT NULL DEFAULT 1,
  category_id INTEGER REFERENCES category,
  attributes JSON,
  picture BLOB,
  barcode UUID UNIQUE,
  available_from DATE,
  opens_at TIME,
  changed_at DATETIME,
  created_at TIMESTAMPTZ NOT NULL DEFAULT '2026-01-01 00:00:00',
  label TEXT GENERATED ALWAYS AS (name || ' #' || id) STORED
);
CREATE TABLE customer (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT
);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  buyer_id INTEGER NOT NULL REFERENCES customer,
  payer_id INTEGER REFERENCES customer,
  status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'paid', 'in delivery'))
);
CREATE TABLE order_line (
  order_id INTEGER NOT NULL REFERENCES orders,
  position INTEGER NOT NULL,
  product_id INTEGER NOT NULL REFERENCES product,
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (order_id, position)
);
CREATE TABLE tag (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
CREATE TABLE product_tag (
  product_id INTEGER NOT NULL REFERENCES product,
  tag_id INTEGER NOT NULL REFERENCES tag,
  PRIMARY KEY (product_id, tag_id)
);
CREATE TABLE profile (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER UNIQUE REFERENCES customer,
  nickname text NOT NULL
);
CREATE TABLE order_tag (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders,
  tag_id INTEGER NOT NULL REFERENCES tag
);
CREATE TABLE memo (id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, body TEXT, version INTEGER NOT NULL DEFAULT 1);
CREATE VIEW best_seller AS
  SELECT p.id AS product_id, p.name, sum(l.quantity) AS sold
  FROM product p JOIN order_line l ON l.product_id = p.id GROUP BY p.id, p.name;
INSERT INTO category VALUES (1, 'Fruit', NULL), (2, 'Berries', 1), (3, 'Garden', NULL), (4, 'Empty', 3);
INSERT INTO product (id, name, price, weight, stock, active, category_id, attributes, picture, barcode, available_from, opens_at, changed_at, created_at) VALUES
  (1, 'Strawberry', '3.50', 0.25, 9223372036854775807, TRUE, 2, '{"colour": "red", "digits": 12345678901234567890.12345}', X'00FF10', '6fa459ea-ee8a-3ca4-894e-db77e160355e', '2024-02-29', '08:00:00', '2026-11-23 18:12:18.5', '2026-11-23 17:12:18.125'),
  (2, 'Raspberry', '4.00', 0.1, 10, TRUE, 2, NULL, NULL, '7d444840-9dc0-11d1-b245-5ffdce74fad2', '1968-01-01', '23:59:59.999999', '1969-07-20 20:17:40', '1969-12-31 23:59:59.5'),
  (3, 'Blackberry', '3.5', NULL, -5, FALSE, 2, '[]', X'', NULL, NULL, NULL, NULL, '2026-01-01 00:00:00'),
  (4, 'Apple 50%', '0.99', 1e-7, 0, TRUE, 1, '"text"', NULL, NULL, NULL, NULL, NULL, '2026-01-01 00:00:00'),
  (5, 'apple_juice', '12345678901234567890123456789012345678.90', 1e21, 7, TRUE, NULL, '{"a": [1, 2.50, null, true]}', NULL, NULL, NULL, NULL, NULL, '2026-01-01 00:00:00'),
  (6, 'Ünïcödé 🍓', '-1.25', -0.5, 1, FALSE, 3, NULL, NULL, NULL, NULL, NULL, NULL, '2026-01-01 00:00:00'),
  (7, '', '10', 0, 2, TRUE, 3, 'true', NULL, NULL, NULL, NULL, NULL, '2026-01-01 00:00:00'),
  (8, 'back\slash "quote"', '9', 2, 3, TRUE, 3, '{}', NULL, NULL, NULL, NULL, NULL, '2026-01-01 00:00:00');
INSERT INTO customer VALUES (1, 'ada@example.com', 'Ada'), (2, 'grace@example.com', 'Grace'), (3, 'alan@example.com', NULL);
INSERT INTO orders VALUES (1, 1, NULL, 'open'), (2, 1, 2, 'paid'), (3, 2, 2, 'in delivery'), (4, 2, 1, 'open');
INSERT INTO order_line VALUES (1, 1, 1, 2), (1, 2, 2, 1), (2, 1, 1, 5), (3, 1, 4, 10), (3, 2, 5, 1), (3, 3, 1, 1);
INSERT INTO memo VALUES (1, 'a', 'first', 1), (2, 'b', 'second', 5), (3, 'c', NULL, 1);
INSERT INTO tag VALUES (1, 'red'), (2, 'sweet'), (3, 'rare');
INSERT INTO product_tag VALUES (1, 1), (1, 2), (2, 1), (3, 2), (5, 2);
INSERT INTO profile (id, customer_id, nickname) VALUES (1, 1, 'countess'), (2, NULL, 'nobody');
INSERT INTO order_tag (id, order_id, tag_id) VALUES (1, 1, 2), (2, 2, 2);
