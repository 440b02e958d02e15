//! The one table of codes: the word, the caller's next move, a title, a help sentence, and the page.

use std::fmt;

use super::Kind;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $slug:literal, $kind:ident, $title:literal, $help:literal;)+) => {
        /// The word for exactly one error. Stable: a code keeps its meaning from release to release.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The code as users see it, `"UNKNOWN_REF"`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $slug,)+ }
            }

            /// What the caller can do about it.
            pub fn kind(self) -> Kind {
                match self { $(Code::$variant => Kind::$kind,)+ }
            }

            /// A few words, for lists.
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)+ }
            }

            /// The way out when the place of the error knows no better one.
            pub fn help(self) -> &'static str {
                match self { $(Code::$variant => $help,)+ }
            }

            /// The text of the code's page in `docs/errors/`: the doc comment of the variant.
            pub fn page(self) -> &'static str {
                match self { $(Code::$variant => concat!($($doc, "\n"),+),)+ }
            }
        }
    };
}

// Grouped by the room that raises them. A compile-time code has a fixture in tests/projects/errors/<CODE>/.
codes! {
    // project and config
    /// A namespace, pipeline or landing zone has a name that cannot be used.
    ///
    /// Names match `^[a-z][a-z0-9_-]*$` and have at most 128 characters: they become folders, and table names in SQL. A file in these folders
    /// may have any name in UTF-8 without control characters.
    InvalidName = "INVALID_NAME", Invalid, "a name that cannot be used", "use lower-case letters, digits, `_` and `-`, starting with a letter";
    /// A folder under `pipelines/` is not one of the three layers.
    ///
    /// Layers are `bronze`, `silver` and `gold`, and no other.
    UnknownLayer = "UNKNOWN_LAYER", Invalid, "a folder that is no layer", "move the pipeline under `bronze`, `silver` or `gold`";
    /// A pipeline folder holds both `pipeline.sql` and `pipeline.py`.
    ///
    /// A pipeline is exactly one of the two; rat does not guess which one is meant.
    TwoSources = "TWO_SOURCES", Invalid, "both `pipeline.sql` and `pipeline.py`", "remove one of the two files";
    /// A pipeline folder holds neither `pipeline.sql` nor `pipeline.py`.
    NoSource = "NO_SOURCE", Invalid, "neither `pipeline.sql` nor `pipeline.py`", "add a `pipeline.sql`, or remove the folder";
    /// A file lies where rat does not read it, though its name says that it was meant to be read. A warning.
    ///
    /// For example `config.yml` instead of `config.yaml`, or a test directly in `tests/`.
    MisplacedFile = "MISPLACED_FILE", Invalid, "a file that is not read", "move or rename the file as shown";
    /// A file of the project is not UTF-8 text.
    NotUtf8 = "NOT_UTF8", Invalid, "a file that is not UTF-8", "save the file as UTF-8";
    /// A YAML file cannot be read: `config.yaml` or a unit test.
    ///
    /// YAML is read safely: no tags, no aliases that grow, no duplicate keys.
    InvalidYaml = "INVALID_YAML", Invalid, "YAML that cannot be read", "mend the YAML at the place shown";
    /// `rat.toml` cannot be read.
    InvalidToml = "INVALID_TOML", Invalid, "TOML that cannot be read", "mend the TOML at the place shown";
    /// A key of an annotation, `config.yaml` or `rat.toml` is not known. A warning: the key is left out.
    UnknownKey = "UNKNOWN_KEY", Invalid, "a key that is not known", "remove the key, or write the one that was meant";
    /// An annotation stands where it does not count: after the first line of code, or without its `:`. A warning.
    MisplacedAnnotation = "MISPLACED_ANNOTATION", Invalid, "an annotation that does not count", "write it as `@key: value` before the first line of code";
    /// An annotation is written twice in one file. A warning: the last one counts.
    DuplicateAnnotation = "DUPLICATE_ANNOTATION", Invalid, "an annotation written twice", "remove one of the two";
    /// A value has the wrong type for its key, such as text where a list is expected.
    WrongType = "WRONG_TYPE", Invalid, "a value of the wrong type", "write a value of the type shown";
    /// A value has the right type and is not one of those allowed.
    InvalidValue = "INVALID_VALUE", Invalid, "a value that is not allowed", "write one of the values shown";
    /// The merge strategy needs a key that is not set.
    ///
    /// `incremental`, `delete_insert` and `scd2` need `unique_key`; `snapshot` needs `partition_column`. rat never falls back to
    /// another strategy: that would replace a table where an update was meant.
    MissingKey = "MISSING_KEY", Invalid, "a required key is not set", "set the key that the merge strategy needs";
    /// `rat.toml` uses `${NAME}` and the environment has no such variable.
    UnsetVariable = "UNSET_VARIABLE", Invalid, "an environment variable that is not set", "set the variable, or write the value";

    // template
    /// A template is not valid Jinja.
    TemplateSyntax = "TEMPLATE_SYNTAX", Invalid, "a template that is not valid Jinja", "close every `{{`, `{%` and block";
    /// A template uses a name, attribute or key that does not exist. Templates are strict: nothing undefined renders as empty text.
    UndefinedName = "UNDEFINED_NAME", Invalid, "a name that is not defined in the template", "define the name, or write the one that was meant";
    /// A call in a template failed: wrong arguments, or an operation that has no result.
    TemplateCall = "TEMPLATE_CALL", Invalid, "a call in a template failed", "mend the call at the place shown";
    /// A template tries something that the sandbox does not allow, such as `{% include %}` of a file.
    TemplateForbidden = "TEMPLATE_FORBIDDEN", Denied, "not allowed in a template", "use `ref`, `var` and macros";
    /// A template does not end within its budget of steps, depth or output.
    TemplateLimit = "TEMPLATE_LIMIT", Invalid, "a template that does not end", "bound the loop or the recursion";
    /// Two macros of `macros/` have the same name, or one has the name of something every template has, such as `ref`.
    ///
    /// Templates call macros by name alone, so a name means one macro.
    DuplicateMacro = "DUPLICATE_MACRO", Invalid, "two macros of one name", "rename one of the two";
    /// `var('name')` is not set anywhere, and has no default.
    UnknownVar = "UNKNOWN_VAR", Invalid, "a variable that is not set", "set it under `[vars]` in `rat.toml`, or give `var` a default";
    /// `ref()` was given something that is not `layer.name` or `namespace.layer.name`.
    InvalidRef = "INVALID_REF", Invalid, "a reference that is not a table name", "write `layer.name` or `namespace.layer.name`";
    /// A template compares with `watermark_value` where there is none yet.
    ///
    /// Before the first publish the watermark is none, and `ts > 'None'` would select nothing, or everything.
    UnguardedWatermark = "UNGUARDED_WATERMARK", Invalid, "a comparison with an empty watermark", "guard it: `{% if watermark_value %} where ... {% endif %}`";
    /// `materialized: view` with `landing_zone`, `watermark_value` or `run_started_at`: a view would change meaning with every read.
    ViewNotPure = "VIEW_NOT_PURE", Invalid, "a view that depends on its run", "make it a table, or remove what depends on the run";

    // graph
    /// A `ref()` names neither a pipeline of the project nor a table of the lake.
    UnknownRef = "UNKNOWN_REF", Invalid, "a reference to something that does not exist", "write the name of a pipeline or table";
    /// Pipelines depend on each other in a circle.
    Cycle = "CYCLE", Invalid, "pipelines that depend on each other in a circle", "remove one of the references shown";
    /// A selection cannot be read, or selects by a method that does not exist.
    InvalidSelector = "INVALID_SELECTOR", Invalid, "a selection that cannot be read", "write names, `tag:`, `layer:`, `path:`, `+` and `@`";
    /// A selection, or a verb, names a pipeline that does not exist.
    PipelineNotFound = "PIPELINE_NOT_FOUND", NotFound, "no such pipeline", "name a pipeline of the project";

    // plan and dialect
    /// A query is not valid SQL.
    SqlSyntax = "SQL_SYNTAX", Invalid, "not valid SQL", "mend the SQL at the place shown";
    /// SQL that rat does not run, or does not run with the meaning DuckDB gives it.
    UnsupportedSql = "UNSUPPORTED_SQL", Invalid, "SQL that is not supported", "write it another way";
    /// A column that no table in the query has.
    UnknownColumn = "UNKNOWN_COLUMN", Invalid, "no such column", "name a column of the tables in the query";
    /// A column name that more than one table in the query has.
    AmbiguousColumn = "AMBIGUOUS_COLUMN", Invalid, "a column name that is ambiguous", "write the table before the column";
    /// A table name in SQL that does not exist.
    UnknownTable = "UNKNOWN_TABLE", NotFound, "no such table", "name a table of the lake, as `layer.name`";
    /// A function that does not exist.
    UnknownFunction = "UNKNOWN_FUNCTION", Invalid, "no such function", "name a function that exists";
    /// An expression over types that do not go together.
    TypeMismatch = "TYPE_MISMATCH", Invalid, "types that do not go together", "cast one side";
    /// A query that is valid SQL and cannot be planned.
    InvalidQuery = "INVALID_QUERY", Invalid, "a query that cannot be planned", "change the query as the message says";
    /// Two columns of a pipeline's result have the same name, or a column has none.
    DuplicateColumn = "DUPLICATE_COLUMN", Invalid, "two columns of one name", "give each column its own alias";
    /// A column's type cannot be stored in a table without loss.
    UnsupportedType = "UNSUPPORTED_TYPE", Invalid, "a type that a table cannot hold", "cast the column";
    /// A pipeline's query does not give what its `columns` contract promises.
    ContractBroken = "CONTRACT_BROKEN", Invalid, "the `columns` contract is broken", "change the query or the contract";

    // landing
    /// A landing zone's folder does not exist.
    UnknownZone = "UNKNOWN_ZONE", NotFound, "no such landing zone", "create the folder, or write the zone's name";
    /// A landing zone holds no file to read, and the reader needs one to know the columns.
    EmptyZone = "EMPTY_ZONE", Invalid, "a landing zone without files", "land a file, or declare `columns`";
    /// A landed file cannot be read as what it should be.
    MalformedFile = "MALFORMED_FILE", Rejected, "a landed file that cannot be read", "mend the file, or set `ignore_errors = true`";
    /// A read function was given an option it does not have, or a value the option does not take.
    InvalidOption = "INVALID_OPTION", Invalid, "an option of a read function that cannot be used", "use an option of the read function";
    /// A read function was given something other than `landing_zone('...')`.
    NotALandingZone = "NOT_A_LANDING_ZONE", Denied, "a read function may only read a landing zone", "write `landing_zone('name')`";

    // query
    /// A statement that would do more than read.
    NotReadOnly = "NOT_READ_ONLY", Denied, "only reading is allowed", "write one SELECT";
    /// The SQL text is longer than allowed.
    QueryTooLong = "QUERY_TOO_LONG", Invalid, "the SQL text is too long", "shorten the query";
    /// The query is nested deeper than allowed.
    QueryTooDeep = "QUERY_TOO_DEEP", Invalid, "the query is nested too deep", "flatten the query";
    /// The result has more bytes than allowed.
    ResultTooLarge = "RESULT_TOO_LARGE", Unavailable, "the result is too large", "use `stream`, or a LIMIT";
    /// As many queries run as the lake allows at once, and none of them ended while this one could wait.
    ///
    /// `queries` under `[engine]` says how many run at once; a query waits for its turn as long as its own timeout.
    Busy = "BUSY", Unavailable, "too many queries at once", "try again, or raise `queries` under `[engine]` in `rat.toml`";
    /// It took longer than allowed.
    TimedOut = "TIMED_OUT", Timeout, "it took longer than allowed", "give more time, or less work";
    /// The caller stopped it. Nothing was published.
    Cancelled = "CANCELLED", Cancelled, "stopped by the caller", "run it again";
    /// The memory budget of the lake is used up.
    OutOfMemory = "OUT_OF_MEMORY", Unavailable, "the memory budget is used up", "raise `memory` under `[engine]` in `rat.toml`";
    /// A query failed on the data while it ran, such as a cast of text that is no number.
    ExecutionFailed = "EXECUTION_FAILED", Rejected, "the query failed on the data", "look at the value shown, or use TRY_CAST";

    // storage and tables
    /// A folder, file or bucket that is not there.
    PathNotFound = "PATH_NOT_FOUND", NotFound, "no such folder or file", "create it, or open another path";
    /// The storage did not do what was asked: permission, network, a device error.
    StorageUnavailable = "STORAGE_UNAVAILABLE", Unavailable, "the storage did not answer", "look at the cause, then try again";
    /// The storage cannot be written: a read-only disk, or no permission.
    ReadOnlyStorage = "READ_ONLY_STORAGE", Denied, "the storage cannot be written", "make it writable, or open with `read_only`";
    /// The disk is full. Nothing was published.
    StorageFull = "STORAGE_FULL", Unavailable, "no space is left", "free space, then run again";
    /// A storage URL that cannot be used.
    InvalidUrl = "INVALID_URL", Invalid, "a URL that cannot be used", "write a folder, `file://`, or `memory://`";
    /// A table that does not exist.
    TableNotFound = "TABLE_NOT_FOUND", NotFound, "no such table", "name a table of the lake";
    /// The name is another table's or view's.
    TableExists = "TABLE_EXISTS", Invalid, "the name is taken", "take another name, or drop the table that has it";
    /// A table or view of the lake was made by a pipeline of its name, and there is no such pipeline any more.
    ///
    /// Nothing makes it further, and who reads it reads what it was. Drop it when it is of no more use; and when the pipeline has another name
    /// now, rename the table too, or its next run begins from nothing: `lake.tables.rename("silver.old", "silver.new")`, or
    /// `rat tables silver.old --rename silver.new`.
    PipelineGone = "PIPELINE_GONE", NotFound, "a table whose pipeline is gone", "drop the table, or rename it to what its pipeline is called now";
    /// Another writer changed the table first, more often than rat tries again. Nothing was published.
    CommitConflict = "COMMIT_CONFLICT", Conflict, "another writer was first", "run again";
    /// The catalog did not say whether the commit happened, and the table does not tell either.
    CommitUnknown = "COMMIT_UNKNOWN", Unavailable, "it is not known whether the commit happened", "open the lake again: it is found out then";
    /// A table has something that rat cannot read exactly (a newer format version, a column of a type of version 3, an encrypted file, a file that
    /// is not Parquet), or is of a format version that rat reads and does not write: rat writes version 2.
    UnsupportedFormat = "UNSUPPORTED_FORMAT", Invalid, "a table that cannot be read or written exactly", "rewrite the table with format version 2";
    /// A metadata, manifest or data file is not what the catalog or the table says it is.
    CorruptTable = "CORRUPT_TABLE", Corrupt, "a table file that is damaged or missing", "restore the file, or drop the table";
    /// The catalog's metadata points into another folder: the lake was moved.
    ///
    /// Iceberg's paths are absolute. `rat maintain --relocate` writes what holds them anew for where the lake is now.
    LakeMoved = "LAKE_MOVED", Invalid, "the lake folder was moved", "relocate it with `rat maintain --relocate`, or move it back to the folder shown";
    /// The lake was written by a newer rat.
    LakeNewer = "LAKE_NEWER", Invalid, "the lake was made by a newer rat", "update rat";
    /// The catalog or ledger database is locked by another process, or cannot be opened.
    CatalogUnavailable = "CATALOG_UNAVAILABLE", Unavailable, "the catalog cannot be used", "close the other program, then try again";
    /// The catalog or ledger database is damaged.
    CorruptCatalog = "CORRUPT_CATALOG", Corrupt, "the catalog is damaged", "restore the database file from a copy";

    // runs
    /// A run or a query names the table of a pipeline that has made nothing yet.
    NotBuilt = "NOT_BUILT", Invalid, "a table that is not built yet", "build it first, with `+name`";
    /// The pipeline cannot be run by this version: a Python pipeline.
    UnsupportedPipeline = "UNSUPPORTED_PIPELINE", Invalid, "a pipeline that cannot be run yet", "write it in SQL";
    /// Rows whose whole key is NULL.
    NullKey = "NULL_KEY", Rejected, "rows whose key is NULL", "filter the rows, or set `null_keys: match`";
    /// `scd2`, with the query's own `valid_from`: a new version is older than the newest one that the table has of its key, and is none of
    /// those that are there. History that was told is not changed; a version that is sent again as it was is not late.
    Scd2LateRow = "SCD2_LATE_ROW", Rejected, "a version that comes too late", "leave the row out, or rebuild the history with full_refresh and `allow_data_loss`";
    /// `scd2`: the query has a column of the name of `scd_valid_to`, and it is not NULL. The strategy says when a version ends.
    Scd2ValidTo = "SCD2_VALID_TO", Rejected, "a version that says when it ends", "leave the column out of the query, or make it NULL";
    /// `scd2` with `scd_hard_deletes: close`: the query gave no row. That every key is gone is less likely than that the source was empty
    /// by mistake, so no version was ended.
    Scd2NoRows = "SCD2_NO_ROWS", Invalid, "nothing to tell what is gone by", "look at what the query reads";
    /// A value does not fit the column's type in the table.
    CastFailed = "CAST_FAILED", Rejected, "a value that does not fit its column", "cast or clean the value in the query";
    /// A column that must not be NULL is NULL in some rows.
    NotNullViolated = "NOT_NULL_VIOLATED", Rejected, "NULL in a column that must not be NULL", "filter the rows, or drop `not_null`";
    /// A quality test of severity `error` failed. Nothing was published.
    QualityFailed = "QUALITY_FAILED", Rejected, "a quality test failed", "look at the sample rows in the report";
    /// The query's columns and the table's do not go together, under this `on_schema_change`.
    SchemaChanged = "SCHEMA_CHANGED", Invalid, "the columns changed", "set `on_schema_change`, or run with full_refresh";
    /// The key or the strategy changed in a way that the stored rows cannot follow.
    StrategyChanged = "STRATEGY_CHANGED", Invalid, "the merge strategy or key changed", "run once with full_refresh";
    /// A plan cannot tell how far the table is without reading its rows, so it cannot tell what a filter by `watermark_value` leaves.
    ///
    /// A run asks the rows, and writes down how far the table is wherever it knows it. It does not know it after a run that put an older row
    /// in the place of the newest one, or after another engine wrote to the table.
    WatermarkUnknown = "WATERMARK_UNKNOWN", Invalid, "only the rows tell how far the table is", "run it: a run asks the rows";
    /// A full refresh would lose what cannot be rebuilt.
    RefreshLosesData = "REFRESH_LOSES_DATA", Invalid, "a full refresh would lose data", "pass `allow_data_loss` if that is meant";
    /// Another run of this table is active in this process, and `on_active` is `fail`.
    AlreadyRunning = "ALREADY_RUNNING", Conflict, "another run of this table is active", "wait for it, or set `on_active: queue`";
    /// `write` was given the name of a table that a pipeline makes.
    ///
    /// The pipeline owns its table: what was written beside it would be gone, or changed, with the pipeline's next run.
    TableHasPipeline = "TABLE_HAS_PIPELINE", Invalid, "a table that a pipeline makes", "write into a table of another name, and let the pipeline read it with `ref`";
    /// The rows that `write` was given ended in an error, or are not what their schema says. Nothing was published.
    InputFailed = "INPUT_FAILED", Rejected, "rows that cannot be read to their end", "look at what makes the rows, then write them again";
    /// A run that does not exist in the ledger.
    RunNotFound = "RUN_NOT_FOUND", NotFound, "no such run", "list the runs";
    /// `runs.cancel` was given a run that is over already.
    RunEnded = "RUN_ENDED", Conflict, "a run that is over", "look at what came of it with `runs.get`";
    /// `runs.cancel` was given a run that is under way, and not by this handle of the lake: another process runs it, or another handle that
    /// was opened in this one.
    RunElsewhere = "RUN_ELSEWHERE", Conflict, "a run that is under way elsewhere", "cancel it where it was started";
    /// The process that ran it is gone, and the table shows that it did not publish.
    RunLost = "RUN_LOST", Unavailable, "the run's process ended before it was finished", "run it again";
    /// The lake is open for reading only.
    ReadOnlyLake = "READ_ONLY_LAKE", Denied, "the lake is open for reading only", "open it without `read_only`";
    /// The lake handle was closed.
    Closed = "CLOSED", Invalid, "the lake is closed", "open it again";
    /// An argument of a verb cannot be used.
    InvalidArgument = "INVALID_ARGUMENT", Invalid, "an argument that cannot be used", "change the argument";

    /// A defect in rat. Nothing was published.
    Internal = "INTERNAL", Internal, "a defect in rat", "report it, with the message";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
