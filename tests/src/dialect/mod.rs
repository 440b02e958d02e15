//! The dialect against DuckDB's recorded answers: single expressions, and what is refused.

mod answers;
mod lake;
mod refusals;
