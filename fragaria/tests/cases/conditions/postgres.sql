CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE pair (
  id integer PRIMARY KEY,
  small integer,
  large bigint,
  exact numeric,
  scaled numeric(10,2),
  weight double precision,
  volume double precision,
  title text COLLATE "POSIX",
  subtitle text COLLATE "C",
  open boolean,
  "full" boolean,
  born date,
  died date,
  opens time,
  closes time,
  begins timestamp,
  ends timestamp,
  seen timestamptz,
  "left" timestamptz,
  token uuid,
  nonce uuid,
  front bytea,
  back bytea,
  mood mood,
  former_mood mood,
  size text,
  truth integer
);
INSERT INTO pair VALUES
  (1, 5, 5, '5.00', '5.00', 0.5, 0.5, 'same', 'same', true, true, '2026-01-01', '2026-01-01', '08:00', '08:00', '2026-01-01 08:00', '2026-01-01 08:00', '2026-01-01 08:00Z', '2026-01-01 08:00Z', '6fa459ea-ee8a-3ca4-894e-db77e160355e', '6fa459ea-ee8a-3ca4-894e-db77e160355e', '\x00ff', '\x00ff', 'sad', 'sad', 'small', 1),
  (2, 2147483647, 9223372036854775807, '9223372036854775807.00000000000000000001', '0.30', 1, 2, 'Zebra', 'apple', false, true, '1999-12-31', '2000-01-01', '08:00:00.5', '08:00', '1999-12-31 23:59:59.999999', '2000-01-01', '2026-01-01 08:00:00.25Z', '2026-01-01 08:00Z', '00000000-0000-0000-0000-000000000001', 'f0000000-0000-0000-0000-000000000000', '\x00', '\x0000', 'sad', 'happy', 'large', 3),
  (3, -1, -9223372036854775808, '0.3', '0.30', -0.5, -1.5, 'Same', 'same', true, false, '2026-02-01', '2026-01-31', '08:00', '09:00', '2026-02-01', '2026-01-31', '2026-02-01Z', '2026-03-01Z', 'f0000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000001', '\xff', '\x00', 'happy', 'sad', 'small', -2),
  (4, 10, 9, '9.5', '10.00', NULL, 1, 'blank', 'blank ', NULL, true, NULL, '2026-01-01', '10:00', NULL, '2026-01-01', NULL, NULL, '2026-01-01Z', NULL, '6fa459ea-ee8a-3ca4-894e-db77e160355e', '\x', NULL, NULL, 'sad', NULL, NULL),
  (5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE word (id integer PRIMARY KEY, text text, plain varchar(40));
INSERT INTO word VALUES
  (1, 'Ada Lovelace', 'Ada Lovelace'),
  (2, 'ADA LOVELACE', 'ADA LOVELACE'),
  (3, 'ÄRGER', 'ÄRGER'),
  (4, 'ärger', 'ärger'),
  (5, 'Arger', 'Arger'),
  (6, 'Ω mega', NULL),
  (7, '50%_\ OFF', '50%_\ OFF'),
  (8, 'МОСКВА', NULL),
  (9, 'Москва ', NULL),
  (10, 'ΟΔΟΣ', NULL),
  (11, NULL, NULL);
CREATE TABLE document (id integer PRIMARY KEY, data jsonb, loose json);
INSERT INTO document VALUES
  (1, '{"name": "Ada", "address": {"city": "London", "zip": "N1"}, "tags": ["red", "green"], "age": 36, "ok": true}', '{"name": "Ada", "address": {"city": "London", "zip": "N1"}, "tags": ["red", "green"], "age": 36, "ok": true}'),
  (2, '{"name": "ada", "address": {"city": "Paris"}, "tags": [], "age": 36.0, "ok": false, "none": null}', '{"name": "ada", "address": {"city": "Paris"}, "tags": [], "age": 36.0, "ok": false, "none": null}'),
  (3, '{"name": "Grace", "address": null, "tags": ["red", ["blue"]], "age": "36"}', '{"name": "Grace", "address": null, "tags": ["red", ["blue"]], "age": "36"}'),
  (4, '{"age": 1e2, "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 12345678901234567890.5}], "0": "zero", "a.b": 1, "q\"\\": "quoted", "ä": "ö", "": "empty"}', '{"age": 1e2, "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 12345678901234567890.5}], "0": "zero", "a.b": 1, "q\"\\": "quoted", "ä": "ö", "": "empty"}'),
  (5, '[1, 2, [3], "red", {"name": "Ada"}, null]', '[1, 2, [3], "red", {"name": "Ada"}, null]'),
  (6, '"red"', '"red"'),
  (7, '36', '36'),
  (8, 'null', 'null'),
  (9, '{}', '{}'),
  (10, NULL, NULL),
  (11, '{"name": "A\u0064a \ud83c\udf53\n", "age": -0.50, "tags": "red", "items": {"sku": "a"}}', '{"name": "A\u0064a \ud83c\udf53\n", "age": -0.50, "tags": "red", "items": {"sku": "a"}}'),
  (12, '36.10', '36.10');
