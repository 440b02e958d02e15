//! The dialect against DuckDB's recorded answers, for statements and for single expressions, and what is refused.

mod answers;
mod corpus;
mod functions;
mod lake;
mod refusals;
