CREATE TABLE hall (
  tenant INTEGER NOT NULL,
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, name)
);
CREATE TABLE shelf (
  tenant INTEGER NOT NULL,
  hall_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  note TEXT,
  PRIMARY KEY (tenant, hall_id, number),
  FOREIGN KEY (tenant, hall_id) REFERENCES hall
);
CREATE TABLE box (
  tenant INTEGER NOT NULL,
  id INTEGER NOT NULL,
  content TEXT NOT NULL,
  weight INTEGER NOT NULL DEFAULT 1 CHECK (weight > 0),
  hall_id INTEGER,
  shelf_number INTEGER,
  parent_id INTEGER,
  version BIGINT NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, id),
  FOREIGN KEY (tenant, hall_id, shelf_number) REFERENCES shelf,
  FOREIGN KEY (tenant, parent_id) REFERENCES box
);
CREATE TABLE label (
  tenant INTEGER NOT NULL,
  id INTEGER NOT NULL,
  word TEXT NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, word)
);
CREATE TABLE box_label (
  tenant INTEGER NOT NULL,
  box_id INTEGER NOT NULL,
  label_id INTEGER NOT NULL,
  PRIMARY KEY (tenant, box_id, label_id),
  FOREIGN KEY (tenant, box_id) REFERENCES box,
  FOREIGN KEY (tenant, label_id) REFERENCES label
);
CREATE TABLE seal (
  id INTEGER PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  tenant INTEGER,
  box_id INTEGER,
  mark TEXT UNIQUE,
  UNIQUE (tenant, box_id),
  FOREIGN KEY (tenant, box_id) REFERENCES box
);
CREATE TABLE ribbon (
  id INTEGER PRIMARY KEY,
  colour TEXT NOT NULL,
  seal_mark TEXT,
  FOREIGN KEY (seal_mark) REFERENCES seal (mark)
);
INSERT INTO hall VALUES (1, 1, 'North', 1), (1, 2, 'South', 4), (2, 1, 'North', 1);
INSERT INTO shelf VALUES (1, 1, 1, 'first'), (1, 1, 2, NULL), (1, 2, 1, 'high'), (2, 1, 1, NULL);
INSERT INTO box VALUES
  (1, 1, 'apples', 5, 1, 1, NULL, 1), (1, 2, 'pears', 3, 1, 1, 1, 7), (1, 3, 'plums', 2, 1, 2, 1, 1),
  (1, 4, 'nuts', 9, NULL, NULL, NULL, 2), (2, 1, 'tools', 20, 1, 1, NULL, 1), (2, 2, 'nails', 8, NULL, NULL, 1, 1);
INSERT INTO label VALUES (1, 1, 'fresh'), (1, 2, 'heavy'), (2, 1, 'fresh'), (2, 2, 'sharp');
INSERT INTO box_label VALUES (1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 2);
INSERT INTO seal (id, code, tenant, box_id, mark) VALUES (1, 'S-1', 1, 1, NULL), (2, 'S-9', NULL, NULL, 'lion');
INSERT INTO ribbon VALUES (1, 'red', 'lion');
