//! What became of codes, in numbers: what each event adds, and what the sums of many hours say.

mod counted;
mod counts;
mod half_hours;
mod index;
mod latency;

pub use counted::{Counted, Field, Route, counted};
pub use counts::{By, Cell, Counts, rows, total};
pub use half_hours::{HALF_HOUR, KEPT, day, days, half_hour};
pub use index::{index_name, indexed};
