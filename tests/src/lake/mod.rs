//! The door: a lake as a user opens it, and the flights project from landed files to an answer.

mod compiled;
mod doors;
mod flights;
mod fresh;
mod graph;
mod init;
mod joined;
mod moments;
mod moved;
mod nouns;
mod previewed;
mod renamed;
mod support;
mod tested;
mod types;
mod unbuilt;
mod united;
mod values;
mod written;
