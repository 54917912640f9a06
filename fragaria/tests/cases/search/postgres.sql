CREATE TABLE author (id integer PRIMARY KEY, search text);
CREATE TABLE article (
  id integer PRIMARY KEY,
  title text,
  body text,
  author_id integer REFERENCES author,
  words tsvector GENERATED ALWAYS AS (to_tsvector('simple', title || ' ' || body)) STORED
);
CREATE INDEX ON article USING gin (words);
INSERT INTO author VALUES (1, 'Ada'), (2, 'Grace');
INSERT INTO article VALUES
  (1, 'Red lamps', 'A lamp of red oak', 1),
  (2, 'Blue lamp', 'Steel, painted blue', 1),
  (3, 'Chair', 'red oak chair, lamp included', 2),
  (4, NULL, NULL, 2),
  (5, 'Größe', 'Ünïcödé, МОСКВА and 日本', NULL),
  (6, 'Signs', 'foo-bar, under_score and "quoted" words', NULL),
  (7, 'Numbers', 'model 2026 costs 100', NULL);
