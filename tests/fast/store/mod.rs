//! What is known of stores without a server.

mod interleavings;
mod scripts;
