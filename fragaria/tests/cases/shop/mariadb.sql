CREATE TABLE category (
  id int PRIMARY KEY,
  name varchar(100) NOT NULL UNIQUE,
  parent_id int,
  FOREIGN KEY (parent_id) REFERENCES category (id)
);
CREATE SEQUENCE product_ids START 9;
CREATE TABLE product (
  id int PRIMARY KEY DEFAULT (NEXT VALUE FOR product_ids),
  name varchar(200) NOT NULL,
  price decimal(40,2) NOT NULL,
  weight double,
  stock bigint NOT NULL DEFAULT 0,
  active boolean NOT NULL DEFAULT true,
  category_id int,
  attributes json,
  picture blob,
  barcode char(36) UNIQUE,
  available_from date,
  opens_at time(6),
  changed_at datetime(6),
  created_at datetime(6) NOT NULL DEFAULT '2026-01-01 00:00:00',
  label varchar(300) GENERATED ALWAYS AS (concat(name, ' #', id)) STORED,
  FOREIGN KEY (category_id) REFERENCES category (id)
);
CREATE TABLE customer (
  id int PRIMARY KEY,
  email varchar(100) NOT NULL UNIQUE,
  name text
);
CREATE TABLE orders (
  id int PRIMARY KEY,
  buyer_id int NOT NULL,
  payer_id int,
  status enum('open', 'paid', 'in delivery') NOT NULL DEFAULT 'open',
  FOREIGN KEY (buyer_id) REFERENCES customer (id),
  FOREIGN KEY (payer_id) REFERENCES customer (id)
);
CREATE TABLE order_line (
  order_id int NOT NULL,
  position int NOT NULL,
  product_id int NOT NULL,
  quantity int NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (order_id, position),
  FOREIGN KEY (order_id) REFERENCES orders (id),
  FOREIGN KEY (product_id) REFERENCES product (id)
);
CREATE TABLE tag (id int PRIMARY KEY, word varchar(100) NOT NULL UNIQUE);
CREATE TABLE product_tag (
  product_id int NOT NULL,
  tag_id int NOT NULL,
  PRIMARY KEY (product_id, tag_id),
  FOREIGN KEY (product_id) REFERENCES product (id),
  FOREIGN KEY (tag_id) REFERENCES tag (id)
);
CREATE TABLE profile (
  id int PRIMARY KEY AUTO_INCREMENT,
  customer_id int UNIQUE,
  nickname varchar(100) NOT NULL,
  FOREIGN KEY (customer_id) REFERENCES customer (id)
);
CREATE TABLE order_tag (
  id int PRIMARY KEY AUTO_INCREMENT,
  order_id int NOT NULL,
  tag_id int NOT NULL,
  FOREIGN KEY (order_id) REFERENCES orders (id),
  FOREIGN KEY (tag_id) REFERENCES tag (id)
);
CREATE TABLE memo (id int PRIMARY KEY, slug varchar(100) NOT NULL UNIQUE, body text, version int NOT NULL DEFAULT 1);
CREATE VIEW best_seller AS
  SELECT p.id AS product_id, p.name, CAST(sum(l.quantity) AS SIGNED) AS sold
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
  (8, 'back\\slash "quote"', '9', 2, 3, TRUE, 3, '{}', NULL, NULL, NULL, NULL, NULL, '2026-01-01 00:00:00');
INSERT INTO customer VALUES (1, 'ada@example.com', 'Ada'), (2, 'grace@example.com', 'Grace'), (3, 'alan@example.com', NULL);
INSERT INTO orders VALUES (1, 1, NULL, 'open'), (2, 1, 2, 'paid'), (3, 2, 2, 'in delivery'), (4, 2, 1, 'open');
INSERT INTO order_line VALUES (1, 1, 1, 2), (1, 2, 2, 1), (2, 1, 1, 5), (3, 1, 4, 10), (3, 2, 5, 1), (3, 3, 1, 1);
INSERT INTO memo VALUES (1, 'a', 'first', 1), (2, 'b', 'second', 5), (3, 'c', NULL, 1);
INSERT INTO tag VALUES (1, 'red'), (2, 'sweet'), (3, 'rare');
INSERT INTO product_tag VALUES (1, 1), (1, 2), (2, 1), (3, 2), (5, 2);
INSERT INTO profile (id, customer_id, nickname) VALUES (1, 1, 'countess'), (2, NULL, 'nobody');
INSERT INTO order_tag (id, order_id, tag_id) VALUES (1, 1, 2), (2, 2, 2);
