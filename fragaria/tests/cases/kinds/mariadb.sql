CREATE TABLE party (
  id int PRIMARY KEY,
  kind varchar(100) NOT NULL,
  name varchar(100) NOT NULL
);
CREATE TABLE person (
  id int PRIMARY KEY REFERENCES party (id),
  born int,
  friend_id int REFERENCES person (id)
);
CREATE TABLE company (
  code int PRIMARY KEY REFERENCES party (id),
  vat varchar(100) NOT NULL,
  boss_id int REFERENCES person (id)
);
CREATE TABLE work (
  id int PRIMARY KEY,
  kind varchar(100) NOT NULL,
  title varchar(100) NOT NULL,
  author_id int REFERENCES party (id),
  pages int,
  minutes int,
  book_id int REFERENCES work (id)
);
CREATE TABLE attachment (
  id int PRIMARY KEY,
  kind int NOT NULL,
  work_id int NOT NULL REFERENCES work (id),
  url varchar(100),
  words varchar(100)
);
CREATE TABLE prize (
  id int PRIMARY KEY,
  person_id int REFERENCES person (id),
  company_code int REFERENCES company (code)
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
