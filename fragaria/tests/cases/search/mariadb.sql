CREATE TABLE author (id int PRIMARY KEY, search varchar(100));
CREATE TABLE article (
  id int PRIMARY KEY,
  title varchar(100),
  body text,
  author_id int,
  FOREIGN KEY (author_id) REFERENCES author (id),
  FULLTEXT (title, body)
) COLLATE utf8mb4_general_ci;
INSERT INTO author VALUES (1, 'Ada'), (2, 'Grace');
INSERT INTO article VALUES
  (1, 'Red lamps', 'A lamp of red oak', 1),
  (2, 'Blue lamp', 'Steel, painted blue', 1),
  (3, 'Chair', 'red oak chair, lamp included', 2),
  (4, NULL, NULL, 2),
  (5, 'Größe', 'Ünïcödé, МОСКВА and 日本', NULL),
  (6, 'Signs', 'foo-bar, under_score and "quoted" words', NULL),
  (7, 'Numbers', 'model 2026 costs 100', NULL);
