CREATE TYPE mood AS ENUM ('sad', 'in love');
CREATE DOMAIN word_list AS varchar(5)[];
CREATE TABLE shelf (
  id integer PRIMARY KEY,
  flags boolean[],
  smalls smallint[],
  numbers integer[],
  bigs bigint[],
  floats double precision[],
  singles real[],
  decimals numeric[],
  prices numeric(10,2)[],
  texts text[] NOT NULL DEFAULT '{"by itself"}',
  names varchar(10)[],
  codes character(3)[],
  tokens uuid[],
  days date[],
  times time[],
  stamps timestamp[],
  moments timestamptz[],
  documents jsonb[],
  loose json[],
  blobs bytea[],
  moods mood[],
  hosts inet[],
  papers xml[],
  grades text[],
  words word_list
);
CREATE TABLE box (id integer PRIMARY KEY, shelf_id integer REFERENCES shelf, labels text[]);
INSERT INTO shelf VALUES
  (1, '{t,f}', '{1,-2}', '{7,8,7}', '{9223372036854775807,0}', '{0.5,1e21}', '{0.1}', '{12345678901234567890123456789012345678.5,1.50}', '{3.50,4}',
    '{"red","with \"quotes\" and , commas","","NULL",ünïcödé}', '{ada,grace}', '{ab,xyz}', '{6fa459ea-ee8a-3ca4-894e-db77e160355e}', '{2026-01-31}', '{08:00:00.5}',
    '{2026-01-31 08:00:00}', '{2026-01-31 08:00:00.25Z}', ARRAY['{"a": [1, 2.50]}', '"text"', 'null']::jsonb[], ARRAY['{"b":1.0}']::json[], ARRAY['\x00ff', '\x']::bytea[], '{"in love",sad}', '{10.0.0.1,10.0.0.0/8}', '{<a/>}', '{very good,poor}', '{ab,abcde}'),
  (2, '{NULL,t}', '{NULL}', '{NULL,8}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL,red}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}',
    '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}'),
  (3, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
  (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{green,red}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO shelf (id, numbers, texts) VALUES (5, '{{1,2},{7,8}}', '{blue}'), (6, '[0:1]={7,9}', '{blue,red}');
INSERT INTO box VALUES (1, 1, '{a,b}'), (2, 1, NULL), (3, 2, '{b}');
