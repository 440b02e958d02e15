//! The door: a lake as a user opens it, and the flights project from landed files to an answer.

mod compiled;
mod doors;
mod flights;
mod fresh;
mod graph;
mod init;
mod moments;
mod nouns;
mod previewed;
mod support;
mod tested;
mod unbuilt;
mod written;
