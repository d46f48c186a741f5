//! What a release has beside the program: manual pages, schemas, completions,
//! and only libraries that may be in it.

mod completions;
mod deny;
mod manual;
mod package;
mod schemas;
