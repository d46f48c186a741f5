//! What goes over many stops at none of them: each has its own end, and what could not be done is named.
//! What its tests share.

pub fn phone(number: usize) -> String {
    format!("+9198765432{number:02}")
}
