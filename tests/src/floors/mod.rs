//! The house keeps its own rules: imports only go down, one owner per dependency, the language floor is pure, `main` moves in one place.
//!
//! Read from the text of `rat-core/src`, comments left out. When one of these fails, either the code is in the wrong room, or the house has
//! changed: then `docs/architecture.md` and the tables here change with it.

mod imports;
mod owners;
mod source;
mod tree;
