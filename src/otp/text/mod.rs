//! The text of a message: what it costs, how it is made from a template, and how a browser reads it.

mod notice;
mod origin;
mod segments;
mod template;

pub use notice::{NoticeTemplate, PhoneChange};
pub use origin::parse_origin_bound;
pub use segments::{Encoding, Segments, cut, segments};
pub use template::{MessageTemplate, TemplateError, Vars};
