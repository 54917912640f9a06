CREATE TABLE hall (
  tenant int NOT NULL,
  id int NOT NULL,
  name varchar(100) NOT NULL,
  version int NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, name)
);
CREATE TABLE shelf (
  tenant int NOT NULL,
  hall_id int NOT NULL,
  number int NOT NULL,
  note varchar(100),
  PRIMARY KEY (tenant, hall_id, number),
  FOREIGN KEY (tenant, hall_id) REFERENCES hall (tenant, id)
);
CREATE TABLE box (
  tenant int NOT NULL,
  id int NOT NULL,
  content varchar(100) NOT NULL,
  weight int NOT NULL DEFAULT 1 CHECK (weight > 0),
  hall_id int,
  shelf_number int,
  parent_id int,
  version bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, id),
  FOREIGN KEY (tenant, hall_id, shelf_number) REFERENCES shelf (tenant, hall_id, number),
  FOREIGN KEY (tenant, parent_id) REFERENCES box (tenant, id)
);
CREATE TABLE label (
  tenant int NOT NULL,
  id int NOT NULL,
  word varchar(100) NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, word)
);
CREATE TABLE box_label (
  tenant int NOT NULL,
  box_id int NOT NULL,
  label_id int NOT NULL,
  PRIMARY KEY (tenant, box_id, label_id),
  FOREIGN KEY (tenant, box_id) REFERENCES box (tenant, id),
  FOREIGN KEY (tenant, label_id) REFERENCES label (tenant, id)
);
CREATE TABLE seal (
  id int PRIMARY KEY AUTO_INCREMENT,
  code varchar(100) NOT NULL UNIQUE,
  tenant int,
  box_id int,
  mark varchar(100) UNIQUE,
  UNIQUE (tenant, box_id),
  FOREIGN KEY (tenant, box_id) REFERENCES box (tenant, id)
);
CREATE TABLE ribbon (
  id int PRIMARY KEY,
  colour varchar(100) NOT NULL,
  seal_mark varchar(100),
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
