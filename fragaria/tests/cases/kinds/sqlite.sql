CREATE TABLE party (
  id integer PRIMARY KEY,
  kind text NOT NULL,
  name text NOT NULL
);
CREATE TABLE person (
  id integer PRIMARY KEY REFERENCES party (id),
  born integer,
  friend_id integer REFERENCES person (id)
);
CREATE TABLE company (
  code integer PRIMARY KEY REFERENCES party (id),
  vat text NOT NULL,
  boss_id integer REFERENCES person (id)
);
CREATE TABLE work (
  id integer PRIMARY KEY,
  kind text NOT NULL,
  title text NOT NULL,
  author_id integer REFERENCES party (id),
  pages integer,
  minutes integer,
  book_id integer REFERENCES work (id)
);
CREATE TABLE attachment (
  id integer PRIMARY KEY,
  kind integer NOT NULL,
  work_id integer NOT NULL REFERENCES work (id),
  url text,
  words text
);
CREATE TABLE prize (
  id integer PRIMARY KEY,
  person_id integer REFERENCES person (id),
  company_code integer REFERENCES company (code)
);
INSERT INTO party VALUES (1, 'person', 'Ada'), (2, 'person', 'Bo'), (3, 'company', 'Acme'), (4, 'company', 'Zeta');
INSERT INTO person VALUES (2, NULL, NULL), (1, 1815, 2);
INSERT INTO company VALUES (3, 'X1', 1), (4, 'X2', NULL);
INSERT INTO work VALUES
  (1, 'book', 'Notes', 1, 66, NULL, NULL),
  (2, 'film', 'Engine', 3, NULL, 90, 1),
  (3, 'book', 'Empty', NULL, NULL, NULL, NULL),
  (4, 'map', 'World', 2, NULL, NULL, NULL);
INSERT INTO attachment VALUES
  (1, 1, 1, 'https://a.example', NULL),
  (2, 2, 1, NULL, 'first'),
  (3, 2, 2, NULL, 'second');
INSERT INTO prize VALUES (1, 1, NULL), (2, NULL, 3), (3, NULL, NULL), (4, 2, 4);
