//! A port for a server that a test starts, or for nobody.

use std::net::{Ipv4Addr, TcpListener};

/// A port that nobody listens on at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
