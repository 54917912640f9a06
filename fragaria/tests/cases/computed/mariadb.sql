CREATE TABLE `show` (
  id int PRIMARY KEY,
  name varchar(100) NOT NULL
);
CREATE TABLE seat (
  id int PRIMARY KEY,
  show_id int NOT NULL REFERENCES `show` (id),
  first_name varchar(100) NOT NULL,
  last_name varchar(100),
  price decimal(10,2) NOT NULL,
  number int NOT NULL
);
INSERT INTO `show` VALUES (1, 'Emil'), (2, 'Faust');
INSERT INTO seat VALUES
  (1, 1, 'Ann', 'Ox', '2.50', 3),
  (2, 1, 'Bob', NULL, '10.00', 1),
  (3, 2, 'Cay', 'Ray', '0.10', 7),
  (4, 2, 'Ann', 'Pi', '4.00', 2);
