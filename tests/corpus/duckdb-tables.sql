CREATE TABLE numbers AS SELECT * FROM (VALUES
  (1, 0::BIGINT, 0::INTEGER, 0.0::DOUBLE, 0.0::FLOAT, 0.00::DECIMAL(10,2)),
  (2, 1, 1, 1.5, 1.5, 1.50),
  (3, -1, -1, -2.5, -2.5, -2.55),
  (4, NULL, NULL, NULL, NULL, NULL),
  (5, 7, 7, 0.1, 0.1, 3.33),
  (6, 1000000007, 65537, 123456.789, 1234.5, 123456.78),
  (7, 7, 7, 0.1, 0.1, 3.33)
) t(id, b, i, d, f, m);
CREATE TABLE texts AS SELECT * FROM (VALUES
  (1, 'Hello World', 'o'), (2, '', ''), (3, NULL, 'a'), (4, 'Ünïcödé ß', 'ö'), (5, '日本語テキスト', '本'),
  (6, '  blanks	tab ', ' '), (7, 'a,b,,c', ','), (8, '🦆🦆 duck', '🦆'), (9, 'aaa', 'a'), (10, 'it''s 100% "q" \ _x_', '%'),
  (11, 'Hello World', NULL), (12, '12.5', '2')
) t(id, s, p);
CREATE TABLE days AS SELECT * FROM (VALUES
  (1, DATE '2024-02-29', TIMESTAMP '2024-02-29 23:59:59.999999', 2),
  (2, DATE '1970-01-01', TIMESTAMP '1970-01-01 00:00:00', 0),
  (3, DATE '1969-12-31', TIMESTAMP '1969-12-31 23:59:59.5', -1),
  (4, NULL, NULL, NULL),
  (5, DATE '2021-01-03', TIMESTAMP '2021-01-03 12:34:56.789', 13),
  (6, DATE '1900-03-01', TIMESTAMP '1900-03-01 06:07:08', -14),
  (7, DATE '2024-12-30', TIMESTAMP '2024-12-30 01:02:03', 1),
  (8, DATE '2023-10-31', TIMESTAMP '2023-10-31 00:00:00.000001', 100)
) t(id, d, t, n);
CREATE TABLE lists AS SELECT * FROM (VALUES
  (1, [3, 1, 2], ['b', 'a'], 2), (2, [NULL, 1, NULL, 1], ['x', NULL], 1), (3, NULL, NULL, 1), (4, [5], [''], 5), (5, [2, 2, 9], ['b', 'b', 'c'], NULL)
) t(id, l, w, n);
CREATE TABLE groups AS SELECT * FROM (VALUES
  (1, 'a', 1, 1.5, 'x', TRUE, DATE '2024-01-01'), (2, 'a', 1, 1.5, 'x', FALSE, DATE '2024-01-02'), (3, 'a', NULL, NULL, NULL, NULL, NULL),
  (4, 'a', 5, -2.25, 'z', TRUE, DATE '2023-01-01'), (5, 'b', NULL, NULL, NULL, NULL, NULL), (6, 'b', NULL, NULL, NULL, NULL, NULL),
  (7, 'c', -3, 10.75, 'y', FALSE, DATE '2020-02-29'), (8, NULL, 2, 0.25, 'x', TRUE, DATE '2024-06-01'), (9, NULL, 4, 0.5, '', NULL, DATE '2024-06-01'),
  (10, 'c', 8, 3.00, 'w', TRUE, DATE '2020-02-29')
) t(id, g, v, m, s, b, d);
