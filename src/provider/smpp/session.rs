//! One session with an SMSC: bound, one request at a time, and what the SMSC asks for meanwhile answered.

use std::time::Duration;

use bytes::BytesMut;
use rusmpp_core::pdus::owned::{DataSmResp, DeliverSm, DeliverSmResp, Pdu};
use rusmpp_core::{CommandId, CommandStatus};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::connect::Stream;
use super::wire::{Body, Frame, NotSmpp, octets, take};

/// How long the end of a session is waited for: what it was for is over.
const FAREWELL: Duration = Duration::from_millis(300);

/// `ESME_RX_T_APPN`: not now. The SMSC keeps what it wanted to deliver, for the application that it is meant for.
const NOT_NOW: CommandStatus = CommandStatus::EsmeRxTAppn;

/// Is shown a message that the SMSC delivers, and says whether it was for us.
pub(super) type Keeps<'a> = dyn FnMut(&DeliverSm) -> bool + Send + 'a;

/// Nothing that is delivered is for us.
pub(super) fn nothing(_: &DeliverSm) -> bool {
    false
}

/// An open session.
pub(super) struct Session {
    stream: Box<dyn Stream>,
    read: BytesMut,
    sequence: u32,
}

impl Session {
    pub(super) fn over(stream: Box<dyn Stream>) -> Self {
        Self { stream, read: BytesMut::with_capacity(4096), sequence: 0 }
    }

    /// Makes one request and waits for its response. An error says what happened instead of a response; then nobody
    /// knows whether the SMSC did what it was asked.
    pub(super) async fn ask(&mut self, pdu: Pdu, end: Instant, keeps: &mut Keeps<'_>) -> Result<Frame, String> {
        match timeout_at(end, self.exchange(pdu, keeps)).await {
            Ok(result) => result,
            Err(_) => Err("the SMSC did not answer in time".to_owned()),
        }
    }

    async fn exchange(&mut self, pdu: Pdu, keeps: &mut Keeps<'_>) -> Result<Frame, String> {
        self.sequence += 1;
        let sequence = self.sequence;
        self.write(CommandStatus::EsmeRok, sequence, pdu).await?;
        loop {
            let frame = self.next().await?;
            if !frame.is_response() {
                self.attend(frame, keeps).await?;
            } else if frame.sequence == sequence {
                return Ok(frame);
            } else if frame.command == CommandId::GenericNack {
                // Without the number of what it refuses (§4.3.1), it may be about anything.
                return Err("the SMSC did not understand a request".to_owned());
            }
        }
    }

    /// Takes what the SMSC delivers until the given moment, or until something was kept.
    pub(super) async fn listen(&mut self, end: Instant, keeps: &mut Keeps<'_>) {
        let heard = async {
            while let Ok(frame) = self.next().await {
                if !frame.is_response() && self.attend(frame, keeps).await != Ok(false) {
                    break;
                }
            }
        };
        // That nothing came in time is an answer too.
        let _ = timeout_at(end, heard).await;
    }

    /// Ends the session, without waiting long.
    pub(super) async fn end(mut self, end: Instant) {
        let end = end.min(Instant::now() + FAREWELL);
        // The work is done, so how it ends does not matter.
        let _ = self.ask(Pdu::Unbind, end, &mut nothing).await;
        let _ = timeout_at(end, self.stream.shutdown()).await;
    }

    /// Answers a request of the SMSC. True where it delivered what was kept.
    async fn attend(&mut self, frame: Frame, keeps: &mut Keeps<'_>) -> Result<bool, String> {
        let kept =
            matches!(&frame.body, Body::Read(pdu) if matches!(&**pdu, Pdu::DeliverSm(message) if keeps(message)));
        let status = if kept { CommandStatus::EsmeRok } else { NOT_NOW };
        let (status, response) = match frame.command {
            CommandId::EnquireLink => (CommandStatus::EsmeRok, Pdu::EnquireLinkResp),
            CommandId::DeliverSm => (status, DeliverSmResp::default().into()),
            CommandId::DataSm => (NOT_NOW, DataSmResp::default().into()),
            CommandId::Unbind => {
                self.write(CommandStatus::EsmeRok, frame.sequence, Pdu::UnbindResp).await?;
                return Err("the SMSC ended the session".to_owned());
            }
            // These have no response (§4.1.7, §4.12).
            CommandId::AlertNotification | CommandId::Outbind => return Ok(false),
            _ => (CommandStatus::EsmeRinvcmdid, Pdu::GenericNack),
        };
        self.write(status, frame.sequence, response).await?;
        Ok(kept)
    }

    async fn write(&mut self, status: CommandStatus, sequence: u32, pdu: Pdu) -> Result<(), String> {
        let broken = |error: std::io::Error| format!("the connection broke: {error}");
        self.stream.write_all(&octets(status, sequence, pdu)).await.map_err(broken)?;
        self.stream.flush().await.map_err(broken)
    }

    /// The next PDU. Stopped in the middle it loses nothing: what was read stays.
    async fn next(&mut self) -> Result<Frame, String> {
        loop {
            match take(&mut self.read) {
                Ok(Some(frame)) => return Ok(frame),
                Ok(None) => {}
                Err(NotSmpp) => return Err("the answer is not SMPP".to_owned()),
            }
            match self.stream.read_buf(&mut self.read).await {
                Ok(0) => return Err("the SMSC closed the connection".to_owned()),
                Ok(_) => {}
                Err(error) => return Err(format!("the connection broke: {error}")),
            }
        }
    }
}
