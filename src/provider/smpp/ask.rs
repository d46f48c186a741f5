//! Questions to an SMSC that send nothing: what became of a message, and whether a session can be had.

use std::time::Duration;

use rusmpp_core::pdus::owned::{DeliverSm, Pdu, QuerySm};
use rusmpp_core::types::owned::COctetString;
use tokio::time::Instant;

use super::super::reply::{Class, QueryError, QueryResult, Refusal};
use super::send::Smsc;
use super::session::{Keeps, Session};
use super::wire::Body;
use super::{codes, receipt};
use crate::otp::redact::Redactor;
use crate::otp::{DeliveryReport, Phone};

/// How long receipts are waited for: an SMSC delivers what it holds as soon as a client is bound.
const HEARD: Duration = Duration::from_secs(1);

impl Smsc {
    /// Asks with `query_sm`, and takes the receipt of the message where the SMSC delivers it meanwhile. Many SMSCs know
    /// only one of the two.
    pub(super) async fn ask_status(&self, id: &str, to: &Phone, deadline: Instant) -> QueryResult<DeliveryReport> {
        let mut redactor = self.redactor.clone();
        redactor.phone(to);
        let end = deadline.min(Instant::now() + self.account.timeout);
        let query = self.query(id).ok_or_else(|| refused(Class::Other, "an SMSC has no message of such an id"))?;
        let mut session = self.bound(end, &redactor).await.map_err(QueryError::Refused)?;
        let mut heard: Option<DeliveryReport> = None;
        let manner = &self.account.manner;
        let keep = |heard: &mut Option<DeliveryReport>, message: &DeliverSm| {
            let Some(report) = receipt::about(id, message, manner, &redactor) else { return false };
            if heard.as_ref().is_none_or(|before| before.rank() <= report.rank()) {
                *heard = Some(report);
            }
            true
        };
        let mut keeps = |message: &DeliverSm| keep(&mut heard, message);
        let answered = self.queried(&mut session, query, end, &redactor, &mut keeps).await;
        let known = answered.as_ref().ok().into_iter().chain(&heard).any(DeliveryReport::is_final);
        if !known && !self.account.transmitter && self.account.registered_delivery {
            let mut keeps = |message: &DeliverSm| keep(&mut heard, message);
            session.listen(end.min(Instant::now() + HEARD), &mut keeps).await;
        }
        session.end(end).await;
        match (answered, heard) {
            // A receipt says why, too.
            (Ok(answered), Some(heard)) if answered.rank() > heard.rank() => Ok(answered),
            (_, Some(heard)) => Ok(heard),
            (answered, None) => answered.map_err(QueryError::Refused),
        }
    }

    fn query(&self, id: &str) -> Option<QuerySm> {
        let id = COctetString::from_string(id.to_owned()).ok()?;
        let source = &self.account.source;
        let query = QuerySm::builder().message_id(id).source_addr_ton(source.ton).source_addr_npi(source.npi);
        Some(query.source_addr(source.address.clone()).build())
    }

    async fn queried(
        &self,
        session: &mut Session,
        query: QuerySm,
        end: Instant,
        redactor: &Redactor,
        keeps: &mut Keeps<'_>,
    ) -> Result<DeliveryReport, Refusal> {
        let answer = session.ask(query.into(), end, keeps).await;
        let answer = answer.map_err(|why| Refusal::new(Class::Unreachable, redactor.clean(&why)))?;
        if answer.status != 0 {
            return Err(codes::refusal(answer.status, &self.account.errors, None, redactor));
        }
        let Body::Read(pdu) = answer.body else { return Err(unreadable()) };
        let Pdu::QuerySmResp(said) = *pdu else { return Err(unreadable()) };
        let error = Some(said.error_code.to_string());
        Ok(receipt::numbered(said.message_state.into(), error, &self.account.manner, redactor))
    }

    /// Binds, and ends the session again.
    pub(super) async fn ask_test(&self, deadline: Instant) -> QueryResult<Option<String>> {
        let end = deadline.min(Instant::now() + self.account.timeout);
        let session = self.bound(end, &self.redactor).await.map_err(QueryError::Refused)?;
        session.end(end).await;
        Ok(None)
    }
}

fn refused(class: Class, why: &str) -> QueryError {
    QueryError::Refused(Refusal::new(class, why))
}

fn unreadable() -> Refusal {
    Refusal::new(Class::ServerError, "the answer cannot be read")
}
