//! What errors say and how they are drawn.

mod drawing;
mod near;
mod pages;
mod places;
