CREATE TABLE shelf (id integer PRIMARY KEY);
INSERT INTO shelf VALUES (1), (2);
CREATE TABLE product (
  id integer PRIMARY KEY,
  shelf_id integer REFERENCES shelf (id),
  attributes jsonb,
  variants jsonb NOT NULL DEFAULT '[]',
  loose json
);
INSERT INTO product VALUES
  (1, 1, '{"color": "red", "the title": "A\u0064a \ud83c\udf53 \"x\"", "rank": -7, "count": 9223372036854775807, "weight": 12345678901234567890.1250, "rate": 1.5e2, "sealed": true, "token": "6FA459EA-EE8A-3CA4-894E-DB77E160355E", "made": "2026-11-23", "opens": "18:12", "begins": "2026-11-23T18:12:18.500", "seen": "2026-11-23T18:12:18+02:00", "front": "AP8=", "other": {"a": [1, null]}, "tags": ["a", "b\n"], "grid": [[1, null], []], "size": {"width": 1, "height": 2, "depth": 3}, "colors": ["green", "red"], "parts": [{"color": "green", "parts": [{"color": "red", "weight": "0.10"}]}], "unknown": {"deep": true}}', '[{"sku": "a", "size": null}, {"sku": "b", "size": {"height": 5, "width": 4}}]', '{"color": "red", "the title": "A\u0064a \ud83c\udf53 \"x\"", "rank": -7, "count": 9223372036854775807, "weight": 12345678901234567890.1250, "rate": 1.5e2, "sealed": true, "token": "6FA459EA-EE8A-3CA4-894E-DB77E160355E", "made": "2026-11-23", "opens": "18:12", "begins": "2026-11-23T18:12:18.500", "seen": "2026-11-23T18:12:18+02:00", "front": "AP8=", "other": {"a": [1, null]}, "tags": ["a", "b\n"], "grid": [[1, null], []], "size": {"width": 1, "height": 2, "depth": 3}, "colors": ["green", "red"], "parts": [{"color": "green", "parts": [{"color": "red", "weight": "0.10"}]}], "unknown": {"deep": true}}'),
  (2, 1, '{"color": "green"}', '[]', '{"color":"green","rank":null}'),
  (3, 2, NULL, '[]', NULL),
  (4, 2, '{"color": "blue", "rank": "one", "size": {"width": 1}, "tags": ["a", 5]}', '[{"size": null}]', '{"color": "red", "color": "green"}');
CREATE VIEW stored AS SELECT id, attributes, variants FROM product;
