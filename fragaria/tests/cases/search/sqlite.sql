CREATE TABLE author (id INTEGER PRIMARY KEY, search TEXT);
CREATE TABLE article (
  id INTEGER PRIMARY KEY,
  title TEXT,
  body TEXT,
  author_id INTEGER REFERENCES author
);
CREATE VIRTUAL TABLE article_words USING fts5(title, body, content='article', content_rowid='id');
CREATE TRIGGER article_added AFTER INSERT ON article BEGIN
  INSERT INTO article_words (rowid, title, body) VALUES (new.id, new.title, new.body);
END;
CREATE TRIGGER article_removed AFTER DELETE ON article BEGIN
  INSERT INTO article_words (article_words, rowid, title, body) VALUES ('delete', old.id, old.title, old.body);
END;
CREATE TRIGGER article_changed AFTER UPDATE ON article BEGIN
  INSERT INTO article_words (article_words, rowid, title, body) VALUES ('delete', old.id, old.title, old.body);
  INSERT INTO article_words (rowid, title, body) VALUES (new.id, new.title, new.body);
END;
INSERT INTO author VALUES (1, 'Ada'), (2, 'Grace');
INSERT INTO article VALUES
  (1, 'Red lamps', 'A lamp of red oak', 1),
  (2, 'Blue lamp', 'Steel, painted blue', 1),
  (3, 'Chair', 'red oak chair, lamp included', 2),
  (4, NULL, NULL, 2),
  (5, 'Größe', 'Ünïcödé, МОСКВА and 日本', NULL),
  (6, 'Signs', 'foo-bar, under_score and "quoted" words', NULL),
  (7, 'Numbers', 'model 2026 costs 100', NULL);
