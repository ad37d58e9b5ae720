#!/bin/sh
# SQLite in a file: joins, windows, recursion, JSON, floating-point text, an index, a vacuum: each answer is a line.
set -eu
cd "$(mktemp -d)"
sqlite3 database <<"END"
CREATE TABLE n(i INTEGER PRIMARY KEY, square INTEGER, root REAL, word TEXT);
WITH RECURSIVE count(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM count WHERE i < 30000)
	INSERT INTO n SELECT i, i * i, sqrt(i), printf('%x-%d', i * 2654435761 % 4294967296, i % 97) FROM count;
CREATE INDEX words ON n(word);
SELECT count(*), sum(square), round(sum(root), 6), max(word), min(word) FROM n;
SELECT count(*), sum(length(hex(word))) FROM n WHERE word LIKE '%a%-1%' OR word GLOB '[0-3]*f*';
SELECT sum(a.i * b.i) FROM n a JOIN n b ON a.i = b.square WHERE a.i < 20000;
SELECT i % 7 AS rest, count(*), total(root), group_concat(i, ',') FILTER (WHERE i < 60) FROM n GROUP BY rest ORDER BY rest;
SELECT i, word, rank() OVER (ORDER BY word), sum(i) OVER (ORDER BY i ROWS 5 PRECEDING), lag(word, 3) OVER (ORDER BY i)
	FROM n WHERE i % 4999 = 3 ORDER BY i;
WITH RECURSIVE
	x(v) AS (SELECT -2.0 UNION ALL SELECT v + 0.05 FROM x WHERE v < 1.2),
	y(v) AS (SELECT -1.0 UNION ALL SELECT v + 0.1 FROM y WHERE v < 1.0),
	m(steps, cx, cy, a, b) AS (SELECT 0, x.v, y.v, 0.0, 0.0 FROM x, y
		UNION ALL SELECT steps + 1, cx, cy, a * a - b * b + cx, 2.0 * a * b + cy FROM m WHERE a * a + b * b < 4.0 AND steps < 28)
	SELECT group_concat(substr(' .+*#', 1 + min(depth / 7, 4), 1), '') FROM
		(SELECT max(steps) AS depth, cx, cy FROM m GROUP BY cx, cy) GROUP BY cy ORDER BY cy;
SELECT json_extract('{"a":[1,2.5,{"b":"\u00e9"}],"c":1e-7}', '$.a[2].b', '$.c'), json_group_array(i) FROM n WHERE i < 6;
SELECT printf('%.17g %.3e %g', 0.1 + 0.2, 1e22 / 3, 1e-320), 9223372036854775807 + 1, 7 / -2, 7 % -2, -7 >> 1, ~5;
SELECT cast('123456789.987654321' AS REAL), 1.7976931348623157e308 * 10, round(2.5), round(-1.005, 2), 1e15 + 0.3;
UPDATE n SET word = upper(substr(word, 1, 3)) || i WHERE i % 3 = 0;
DELETE FROM n WHERE i % 5 = 0;
VACUUM;
PRAGMA integrity_check;
SELECT count(*), count(DISTINCT word), sum(unicode(word)), max(length(word)) FROM n;
END
