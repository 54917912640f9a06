CREATE TABLE tenant (id int PRIMARY KEY, name varchar(50) NOT NULL);
CREATE TABLE customer (
    id int PRIMARY KEY,
    tenant_id int NOT NULL REFERENCES tenant (id),
    name varchar(50) NOT NULL UNIQUE,
    email varchar(50),
    score int NOT NULL CHECK (score >= 0)
);
CREATE TABLE invoice (
    id int PRIMARY KEY,
    customer_id int NOT NULL REFERENCES customer (id),
    tenant_id int NOT NULL REFERENCES tenant (id),
    total int NOT NULL,
    note varchar(50)
);
CREATE TABLE secret (id int PRIMARY KEY, word varchar(50) NOT NULL);
CREATE TABLE paper (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenant (id), content json);
INSERT INTO tenant VALUES (1, 'a');
INSERT INTO tenant VALUES (2, 'b');
INSERT INTO customer VALUES (1, 1, 'Ann', 'ann@x', 5);
INSERT INTO customer VALUES (2, 1, 'Abe', 'abe@x', 7);
INSERT INTO customer VALUES (3, 2, 'Bob', 'bob@x', 9);
INSERT INTO invoice VALUES (1, 1, 1, 10, 'n1');
INSERT INTO invoice VALUES (2, 1, 1, 20, 'n2');
INSERT INTO invoice VALUES (3, 3, 2, 99, 'n3');
INSERT INTO secret VALUES (1, 'xyzzy');
INSERT INTO paper VALUES (1, 1, '{"a": {"b": "one"}}');
INSERT INTO paper VALUES (2, 2, '{"a": {"b": "two"}}');
