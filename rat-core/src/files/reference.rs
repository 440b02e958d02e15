//! `docs/reference/landing.md`, made of the table of options.

use std::fmt::Write;

use super::options::{OPTIONS, UNSUPPORTED};

const INTRODUCTION: &str = "\
# Landing zones

A landing zone is the folder `<namespace>/landing/<zone>/`. Programs put files there; a pipeline reads them:

```sql
-- @merge_strategy: append_only
-- @archive_landing_zones: true
select * from read_csv('{{ landing_zone(\"orders\") }}', nullstr = 'NA')
```

`read_csv`, `read_csv_auto`, `read_json`, `read_json_auto`, `read_ndjson`, `read_ndjson_auto` and `read_parquet` read all files of the zone
as one table. They read landing zones and nothing else. Text files may be packed as `.gz` or `.zst`: their first bytes tell.

Left out are `_samples/` (files that show what others will look like; preview reads them), `_processed/` (consumed files that were moved
away), names that begin with a dot, and names that end in `.tmp`, `.temp`, `.part`, `.partial`, `.crdownload` or `~`. Land a file by writing
it under such a name and renaming it: then a run sees the whole file or none.

## New files

`landing_zone('orders', new=true)`, which `archive_landing_zones: true` implies, is only the files that no published run of this table has
consumed. A file is its path, size and etag, so a file that is sent again under the same name is a new one. Which files were consumed is
committed with the rows that were made of them: whatever crashes, each file is ingested exactly once. Files that could not be moved to
`_processed/<run id>/` after publishing are moved by the next run, and not read again.

When there is no new file, the columns are those of the files that are there, else of `_samples/`, else of the file that was moved away last.

## Columns and types

What is not said is found out from a sample: of the first 10 files (of all with `union_by_name`) at most 20,480 rows and 1 MiB each. The
model is DuckDB's: BOOLEAN, BIGINT, HUGEINT, DOUBLE, TIME, DATE, TIMESTAMP, TIMESTAMP WITH TIME ZONE, else VARCHAR, which every value must
fit. Digits that a number would lose make a text: `007`, `+1`. The `columns` contract of a pipeline types the columns of the same name.

CSV files with a header and Parquet files match by column name; a file that lacks a column is an error, unless `union_by_name` is set. One
that has more has them left out. CSV files without a header match by position.

The types found are those of all files of the run: a later value that does not fit is `MALFORMED_FILE`, with file, line, column and value.
With `ignore_errors = true` such rows are left out, and the run report counts them.

## Where rat differs from DuckDB

- The first record of a CSV file decides how many columns there are. A row with more or fewer is an error at its place; DuckDB may skip the
  rows before it, or read each line as one column.
- A whole-number column takes no value that would be rounded: `1.5` is an error in BIGINT, where DuckDB stores 2.
- A DATE takes no time of day, and a TIMESTAMP no offset other than `Z`; DuckDB drops both.
- Dates and timestamps in one column are timestamps, whichever comes first. Each column has its own date format.
- A JSON record that cannot be read is left out by `ignore_errors`; DuckDB gives a row of NULLs.
- A column that has no value in the sample is VARCHAR.

## Options
";

/// The page.
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (title, kind) in [("All functions", ""), ("CSV and JSON", "text"), ("CSV", "csv"), ("JSON", "json"), ("Parquet", "parquet")] {
        let ours = |functions: &[&str]| match (functions, kind) {
            ([_, _, _], "") => true,
            ([_, _], "text") => true,
            ([one], kind) => *one == kind,
            _ => false,
        };
        let _ = write!(page, "\n### {title}\n\n| option | takes | default | meaning |\n|---|---|---|---|\n");
        for option in OPTIONS.iter().filter(|option| ours(option.functions)) {
            let names: Vec<String> = std::iter::once(&option.name).chain(option.aliases).map(|name| format!("`{name}`")).collect();
            let cell = |text: &str| text.replace('|', "\\|");
            let _ =
                writeln!(page, "| {} | {} | {} | {} |", names.join(", "), cell(option.takes), cell(option.default), cell(option.meaning));
        }
    }
    page.push_str("\n### Options of DuckDB that rat does not have\n\n| option | of | instead |\n|---|---|---|\n");
    for (functions, name, instead) in UNSUPPORTED {
        let _ = writeln!(page, "| `{name}` | {} | {instead} |", functions.join(", "));
    }
    page
}
