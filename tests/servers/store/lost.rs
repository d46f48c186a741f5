//! Answers that get lost on the way: what was done is found again, and not done twice.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use otpctl::operations::OperationError;
use otpctl::otp::record::{Reason, Verdict};
use otpctl::otp::rules::Linked;
use otpctl::store::{Redis, StoreError};

use crate::servers::fixtures::Server;
use crate::support::client::{Client, RIGHT, WRONG, fresh_id, phone, user};
use crate::support::fake::Calls;
use crate::support::fixtures::{Fixture as _, address};

/// Stands only in the script that commits.
const COMMIT: &[u8] = b"LTRIM";

/// A way to a Redis that loses answers.
struct Way {
    port: u16,
    switch: Arc<Switch>,
}

#[derive(Default)]
struct Switch {
    /// So many commits get through; then the answer of one is lost.
    before: AtomicUsize,
    armed: AtomicBool,
    /// After the loss nobody gets through.
    closes: AtomicBool,
    closed: AtomicBool,
}

impl Way {
    fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (switch, target) = (Arc::new(Switch::default()), server.0.port());
        let shared = Arc::clone(&switch);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if shared.closed.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else { return };
                let switch = Arc::clone(&shared);
                std::thread::spawn(move || passed_on(&client, &server, &switch));
            }
        });
        Self { port, switch }
    }

    /// Loses the answer to a commit, after so many others.
    fn lose_after(&self, others: usize) {
        self.switch.before.store(others, Ordering::SeqCst);
        self.switch.armed.store(true, Ordering::SeqCst);
    }

    fn client(&self) -> Client {
        Client::over(Box::new(Redis::new(&address(&format!("redis://127.0.0.1:{}/0", self.port)))))
    }

    fn lost(&self) -> bool {
        !self.switch.armed.load(Ordering::SeqCst)
    }
}

/// One question, one answer: what the client asks is always read in one piece, since it is small.
fn passed_on(mut client: &TcpStream, mut server: &TcpStream, switch: &Switch) {
    let mut buffer = vec![0; 65536];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let commit = buffer[..length].windows(COMMIT.len()).any(|window| window == COMMIT);
        let lose = commit && switch.armed.load(Ordering::SeqCst) && {
            let before = switch.before.load(Ordering::SeqCst);
            switch.before.store(before.saturating_sub(1), Ordering::SeqCst);
            before == 0
        };
        if server.write_all(&buffer[..length]).is_err() {
            break;
        }
        let Ok(length @ 1..) = server.read(&mut buffer) else { break };
        if lose {
            switch.armed.store(false, Ordering::SeqCst);
            switch.closed.store(switch.closes.load(Ordering::SeqCst), Ordering::SeqCst);
            break;
        }
        if client.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // Either side may be gone already.
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}

#[test]
fn a_verify_whose_answer_was_lost_says_yes_once() {
    let fixture = Server::open();
    let (way, direct) = (Way::to(&fixture), Client::of(&fixture));
    direct.issue(&phone(1), RIGHT);
    way.lose_after(0);
    assert_eq!(way.client().verify(&phone(1), RIGHT).verdict, Verdict::Ok);
    assert!(way.lost());
    assert_eq!(direct.verify(&phone(1), RIGHT).reason, Some(Reason::Used));
    let events = direct.timeline(&phone(1), 50);
    assert_eq!(events.iter().filter(|event| event.result == "ok").count(), 1);
}

#[test]
fn a_wrong_code_whose_answer_was_lost_is_counted_once() {
    let fixture = Server::open();
    let (way, direct) = (Way::to(&fixture), Client::of(&fixture));
    direct.issue(&phone(1), RIGHT);
    way.lose_after(0);
    let answer = way.client().verify(&phone(1), WRONG);
    assert_eq!((answer.verdict, answer.failures, answer.attempts_left, way.lost()), (Verdict::Wrong, 1, 4, true));
    assert_eq!(direct.failures(&phone(1)), 1);
}

#[test]
fn a_verify_into_silence_is_unknown_and_can_be_asked_again() {
    let fixture = Server::open();
    let (way, direct) = (Way::to(&fixture), Client::of(&fixture));
    direct.issue(&phone(1), RIGHT);
    way.switch.closes.store(true, Ordering::SeqCst);
    way.lose_after(0);
    let id = fresh_id();
    let tried = way.client().try_verify(&phone(1), RIGHT, &id);
    assert!(matches!(tried, Err(OperationError::Store(StoreError::Unknown(_)))), "{tried:?}");
    let again = direct.try_verify(&phone(1), RIGHT, &id).unwrap();
    assert_eq!((again.answer.verdict, again.replayed), (Verdict::Ok, true));
}

#[test]
fn a_send_sends_once_whichever_answer_is_lost() {
    // The counters of the prefix, the reservation, the provider's answer.
    for others in 0..3 {
        let fixture = Server::open();
        let (way, calls) = (Way::to(&fixture), Calls::default());
        way.lose_after(others);
        let sent = way.client().send(&phone(1), RIGHT, &calls.accepting().route());
        assert!(sent.is_ok(), "after {others}: {sent:?}");
        assert_eq!((calls.count(), way.lost()), (1, true), "after {others}");
        assert_eq!(Client::of(&fixture).verify(&phone(1), RIGHT).verdict, Verdict::Ok);
    }
}

#[test]
fn other_changes_whose_answer_was_lost_are_done_once() {
    let fixture = Server::open();
    let (way, direct) = (Way::to(&fixture), Client::of(&fixture));
    let client = way.client();
    way.lose_after(0);
    client.issue(&phone(1), RIGHT);
    assert_eq!((direct.timeline(&phone(1), 50).len(), way.lost()), (1, true));
    way.lose_after(0);
    assert_eq!((client.revoke(&phone(1)), way.lost()), (Ok(1), true));
    for others in 0..2 {
        way.lose_after(others);
        client.link(&phone(1), &user(&format!("u{others}")));
        assert!(way.lost());
    }
    assert_eq!(direct.look(&phone(1)).known.users.users.len(), 2);
}

#[test]
fn a_change_of_users_whose_answer_was_lost_is_done_once() {
    for others in 0..4 {
        let fixture = Server::open();
        let (way, direct) = (Way::to(&fixture), Client::of(&fixture));
        let (client, owner) = (way.client(), user("u1"));
        way.lose_after(others);
        assert!(matches!(client.try_link(&phone(1), &owner), Ok(Linked::Changed(_))), "after {others}");
        assert_eq!(direct.phones_of(&owner), [phone(1).as_str()]);
        way.lose_after(others);
        assert_eq!(client.move_to(&phone(2), &owner), [phone(1).as_str()], "after {others}");
        assert_eq!((direct.phones_of(&owner), direct.index_of(&owner).len()), (vec![phone(2).as_str().to_owned()], 1));
        way.lose_after(others);
        assert!(matches!(client.try_unlink(&phone(2), &owner), Ok(Linked::Changed(_))), "after {others}");
        assert_eq!((direct.phones_of(&owner).len(), direct.index_of(&owner).len()), (0, 0));
    }
}

#[test]
fn a_change_of_users_that_ends_in_silence_is_never_told_as_not_done() {
    type Work = fn(&Client) -> Result<(), OperationError>;
    let (link, unlink, moved): (Work, Work, Work) = (
        |client| client.try_link(&phone(2), &user("u1")).map(drop),
        |client| client.try_unlink(&phone(1), &user("u1")).map(drop),
        |client| client.try_move(&phone(2), &user("u1")).map(drop),
    );
    for (work, commits) in [(link, 2), (unlink, 2), (moved, 4)] {
        for others in 0..commits {
            let fixture = Server::open();
            let (way, direct) = (Way::to(&fixture), Client::of(&fixture));
            direct.link(&phone(1), &user("u1"));
            let before = direct.phones_of(&user("u1"));
            way.switch.closes.store(true, Ordering::SeqCst);
            way.lose_after(others);
            let told = work(&way.client());
            assert!(way.lost(), "{commits} after {others}: {told:?}");
            let unknown =
                matches!(told, Err(OperationError::Store(StoreError::Unknown(_)) | OperationError::HalfDone(_)));
            let after = direct.phones_of(&user("u1"));
            assert!(told.is_ok() || unknown || after == before, "{commits} after {others}: {told:?}, {after:?}");
            // Once more, and it is whole.
            work(&direct).unwrap();
            let index = direct.index_of(&user("u1"));
            assert_eq!(direct.phones_of(&user("u1")), index, "{commits} after {others}");
        }
    }
}

#[test]
fn an_sms_that_is_out_is_told_even_if_the_store_is_gone() {
    let fixture = Server::open();
    let (way, calls) = (Way::to(&fixture), Calls::default());
    way.switch.closes.store(true, Ordering::SeqCst);
    way.lose_after(2);
    let sent = way.client().send(&phone(1), RIGHT, &calls.accepting().route()).unwrap();
    assert!(matches!(sent.unmarked, Some(StoreError::Unknown(_))), "{:?}", sent.unmarked);
    assert_eq!((calls.count(), way.lost()), (1, true));
    assert_eq!(Client::of(&fixture).verify(&phone(1), RIGHT).verdict, Verdict::Ok);
}

#[test]
fn nothing_is_sent_when_the_reservation_is_lost_for_good() {
    let fixture = Server::open();
    let (way, calls) = (Way::to(&fixture), Calls::default());
    way.switch.closes.store(true, Ordering::SeqCst);
    way.lose_after(1);
    let sent = way.client().send(&phone(1), RIGHT, &calls.accepting().route());
    assert!(matches!(sent, Err(OperationError::Store(StoreError::Unknown(_)))), "{sent:?}");
    assert_eq!((calls.count(), way.lost()), (0, true));
}
