//! The questions put to `information_schema`; each works on every version since 10.6.
//!
//! Names are ordered by their bytes.

/// The tables of `information_schema` know no snapshots; this keeps all else of one read together.
pub(super) const BEGIN: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// Name, kind, comment of tables and views; sequences and our own tables are left out.
pub(super) const TABLES: &str = "
SELECT table_name, table_type, table_comment
FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')
  AND table_name NOT LIKE 'fragaria\\_%'
ORDER BY BINARY table_name";

/// Tables with a column that is text, or JSON, which is text with a check.
pub(super) const TEXTS: &str = "
SELECT DISTINCT t.table_name
FROM information_schema.tables t
JOIN information_schema.columns c
  ON c.table_schema = t.table_schema AND c.table_name = t.table_name
WHERE t.table_schema = DATABASE() AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
  AND c.column_type = 'longtext' AND t.table_name NOT LIKE 'fragaria\\_%'
ORDER BY BINARY t.table_name";

/// Name of a table, and what makes it; `information_schema` shows checks only to some of those who
/// may read the table.
pub(super) fn creation(table: &str) -> String {
    format!("SHOW CREATE TABLE `{}`", table.replace('`', "``"))
}

/// Table, name, type, nullable, default, what else there is, generated, comment of columns, and our
/// rights on them.
pub(super) const COLUMNS: &str = "
SELECT table_name, column_name, column_type, is_nullable, column_default, extra, is_generated,
       column_comment, privileges
FROM information_schema.columns
WHERE table_schema = DATABASE() AND table_name NOT LIKE 'fragaria\\_%'
ORDER BY BINARY table_name, ordinal_position";

/// Table, index, place, column of unique keys that hold for every row and on whole values.
pub(super) const KEYS: &str = "
SELECT s.table_name, s.index_name, s.seq_in_index, s.column_name
FROM information_schema.statistics s
WHERE s.table_schema = DATABASE() AND s.non_unique = 0
  AND NOT EXISTS (
    SELECT 1 FROM information_schema.statistics p
    WHERE p.table_schema = s.table_schema AND p.table_name = s.table_name
      AND p.index_name = s.index_name AND (p.sub_part IS NOT NULL OR p.column_name IS NULL))
ORDER BY BINARY s.table_name, BINARY s.index_name, s.seq_in_index";

/// Table, index, place, column of FULLTEXT indexes.
pub(super) const SEARCHES: &str = "
SELECT table_name, index_name, seq_in_index, column_name
FROM information_schema.statistics
WHERE table_schema = DATABASE() AND index_type = 'FULLTEXT' AND column_name IS NOT NULL
ORDER BY BINARY table_name, BINARY index_name, seq_in_index";

/// Table, place, column, table referred to, column referred to of foreign keys.
pub(super) const FOREIGN_KEYS: &str = "
SELECT table_name, ordinal_position, column_name, referenced_table_name, referenced_column_name
FROM information_schema.key_column_usage
WHERE table_schema = DATABASE() AND referenced_table_schema = DATABASE()
ORDER BY BINARY table_name, BINARY constraint_name, ordinal_position";

/// Table, name of unique indexes, foreign keys and checks; of the check of a column it is that of the
/// column.
pub(super) const CONSTRAINTS: &str = "
SELECT table_name, index_name AS name FROM information_schema.statistics
WHERE table_schema = DATABASE() AND non_unique = 0
UNION
SELECT table_name, constraint_name FROM information_schema.key_column_usage
WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL
UNION
SELECT table_name, constraint_name FROM information_schema.check_constraints
WHERE constraint_schema = DATABASE()
ORDER BY BINARY table_name, BINARY name";

/// Name, kind, access to data, whether it gives the same for the same, comment, whether it is an
/// aggregate function, of functions and procedures.
///
/// No column says what is an aggregate; its text must, where the user may see it.
pub(super) const ROUTINES: &str = "
SELECT routine_name, routine_type, sql_data_access, is_deterministic, routine_comment,
       COALESCE(routine_definition REGEXP '(?i)fetch[[:space:]]+group[[:space:]]+next[[:space:]]+row', 0)
FROM information_schema.routines
WHERE routine_schema = DATABASE() AND routine_type IN ('FUNCTION', 'PROCEDURE')
ORDER BY BINARY routine_name, routine_type";

/// Function, name, mode, type of what functions are given; the result comes first and has no mode.
pub(super) const PARAMETERS: &str = "
SELECT specific_name, parameter_name, parameter_mode, dtd_identifier
FROM information_schema.parameters
WHERE specific_schema = DATABASE() AND routine_type = 'FUNCTION'
ORDER BY BINARY specific_name, ordinal_position";
