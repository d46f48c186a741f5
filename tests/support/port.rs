//! A port for a server that a test starts, or for nobody.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::{Domain, Socket, Type};

/// The ports of servers that tests start: below those that the kernel gives to connections, and to whoever binds to any
/// port. Ten thousand above each is one more, for the bus of a Cluster.
const FIRST: u32 = 12_000;
const PORTS: u32 = 10_000;

/// A port for a server that is about to start: nobody listens on it, and nobody else in these tests is given it. It stays
/// free until it is used, however long that takes, and may be used again by a server that comes back.
pub fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Other runs of the tests begin elsewhere.
    let begin = std::process::id().wrapping_mul(7919);
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let next = || FIRST + begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % PORTS;
    (0..PORTS).map(|_| u16::try_from(next()).unwrap()).find(free).expect("a free port")
}

/// A port that refuses every connection as long as the tests run: it is taken, and nobody listens.
pub fn closed_port() -> u16 {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    // Who gave it back would give it to the next server that starts.
    std::mem::forget(socket);
    port
}
