//! PDUs on a stream: where one ends, what its header says, and its body where it can be read.

use bytes::{Buf, BufMut, BytesMut};
use rusmpp_core::command::owned::Command;
use rusmpp_core::decode::owned::DecodeWithLength;
use rusmpp_core::encode::Length;
use rusmpp_core::encode::owned::Encode;
use rusmpp_core::pdus::owned::Pdu;
use rusmpp_core::{CommandId, CommandStatus};

/// Length, command, status and sequence number, four octets each (SMPP 3.4 §3.2).
const HEADER: usize = 16;

/// The longest PDU that is read: a message in `message_payload` has 64 kB (§5.3.2.32).
const LONGEST: usize = 70 * 1024;

/// The bit that is set in the command of every response (§5.1.2.1).
const RESPONSE: u32 = 0x8000_0000;

/// One PDU. The header counts even if the body cannot be read: it says which request it answers, and how.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) command: CommandId,
    pub(super) status: u32,
    pub(super) sequence: u32,
    pub(super) body: Body,
}

#[derive(Debug)]
pub(super) enum Body {
    /// None: a PDU that has none, or a response that says no (§4.4.2).
    Empty,
    Read(Box<Pdu>),
    Unreadable,
}

/// What was read is no PDU and cannot be the beginning of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotSmpp;

impl Frame {
    pub(super) fn is_response(&self) -> bool {
        u32::from(self.command) & RESPONSE != 0
    }
}

/// Takes one PDU off the front of what was read; `None` while it is not whole.
pub(super) fn take(read: &mut BytesMut) -> Result<Option<Frame>, NotSmpp> {
    let Some(length) = read.first_chunk::<4>().map(|length| u32::from_be_bytes(*length)) else { return Ok(None) };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if !(HEADER..=LONGEST).contains(&length) {
        return Err(NotSmpp);
    }
    if read.len() < length {
        return Ok(None);
    }
    // Cut out before it is decoded, so that a body that cannot be read costs itself only.
    let mut pdu = read.split_to(length);
    pdu.advance(4);
    let mut header = pdu.clone();
    let (command, status, sequence) = (header.get_u32(), header.get_u32(), header.get_u32());
    let body = match Command::decode(&mut pdu, length - 4) {
        _ if length == HEADER => Body::Empty,
        Ok((decoded, _)) => match decoded.pdu() {
            Some(pdu) => Body::Read(Box::new(pdu.clone())),
            None => Body::Empty,
        },
        Err(_) => Body::Unreadable,
    };
    Ok(Some(Frame { command: CommandId::from(command), status, sequence, body }))
}

/// One PDU as octets.
pub(super) fn octets(status: CommandStatus, sequence: u32, pdu: Pdu) -> BytesMut {
    let command = Command::new(status, sequence, pdu);
    let length = 4 + command.length();
    let mut octets = BytesMut::with_capacity(length);
    octets.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    command.encode(&mut octets);
    octets
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusmpp_core::pdus::owned::SubmitSmResp;

    use super::*;

    #[test]
    fn a_response_without_a_body_is_one() {
        // As an SMSC refuses a submit_sm: 16 octets, ESME_RTHROTTLED.
        let mut read = BytesMut::from(&[0, 0, 0, 16, 0x80, 0, 0, 4, 0, 0, 0, 0x58, 0, 0, 0, 2][..]);
        let frame = take(&mut read).unwrap().unwrap();
        assert_eq!((frame.command, frame.status, frame.sequence), (CommandId::SubmitSmResp, 0x58, 2));
        assert!(matches!(frame.body, Body::Empty) && frame.is_response() && read.is_empty());
    }

    #[test]
    fn a_body_that_cannot_be_read_costs_itself_only() {
        let good = octets(CommandStatus::EsmeRok, 7, SubmitSmResp::default().into());
        let mut read = BytesMut::from(&[0, 0, 0, 18, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 2, 0xFF, 0xFF][..]);
        read.extend_from_slice(&good);
        assert!(matches!(take(&mut read).unwrap().unwrap().body, Body::Unreadable));
        assert_eq!(take(&mut read).unwrap().unwrap().sequence, 7);
    }

    #[test]
    fn what_is_no_smpp_is_told_apart() {
        assert_eq!(take(&mut BytesMut::from("HTTP/1.1 400 Bad Request")).unwrap_err(), NotSmpp);
        assert_eq!(take(&mut BytesMut::from(&[0, 0, 0, 15, 1][..])).unwrap_err(), NotSmpp);
        assert!(take(&mut BytesMut::from(&[0, 0, 0][..])).unwrap().is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        #[test]
        fn nothing_that_is_read_stops_the_reader(
            command in prop_oneof![0_u32..0x120, 0x8000_0000_u32..0x8000_0120, any::<u32>()],
            status in 0_u32..2,
            body in prop::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..200),
        ) {
            let mut read = BytesMut::new();
            read.put_u32(u32::try_from(HEADER + body.len()).unwrap());
            read.put_u32(command);
            read.put_u32(status);
            read.put_u32(1);
            read.extend_from_slice(&body);
            let frame = take(&mut read).unwrap().unwrap();
            prop_assert_eq!((u32::from(frame.command), frame.status, frame.sequence), (command, status, 1));
            prop_assert!(read.is_empty());
        }

        #[test]
        fn octets_at_random_are_at_most_not_smpp(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut read = BytesMut::from(&bytes[..]);
            while let Ok(Some(_)) = take(&mut read) {}
        }
    }
}
