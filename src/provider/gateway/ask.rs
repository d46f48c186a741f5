//! Questions to a gateway that send nothing: what became of a message, what is left, whether the settings work.

use minijinja::Value as Jinja;
use tokio::time::Instant;

use super::super::reply::{Amount, Class, QueryError, QueryResult, Refusal};
use super::{Gateway, without_token};
use crate::http::{Answered, AskError, Client, Expression, Request, Scope};
use crate::otp::redact::Redactor;
use crate::otp::{DeliveryReport, Phone};

impl Gateway {
    pub(super) async fn ask_status(
        &self,
        message_id: &str,
        to: &Phone,
        deadline: Instant,
    ) -> QueryResult<DeliveryReport> {
        let status = self.definition.status.as_ref().ok_or(QueryError::NotOffered)?;
        let mut redactor = self.client.redactor().clone();
        redactor.phone(to);
        let named = [("id".to_owned(), Jinja::from(message_id)), ("phone".to_owned(), Jinja::from(self.written(to)))];
        let answered = self.asked(&self.client, &status.request, Scope::from(named), deadline, &mut redactor).await?;
        // Some say with a 404 that nothing is known yet: a definition that looks at the status reads it all the same.
        if !answered.is_success() && !status.fields.state.uses("status") {
            return Err(QueryError::Refused(self.no(&answered, &redactor)));
        }
        match self.report(&status.fields, answered.scope(), &redactor) {
            Some(report) => Ok(report),
            None if answered.is_success() => Err(self.without("state", &answered, &redactor)),
            None => Err(QueryError::Refused(self.no(&answered, &redactor))),
        }
    }

    pub(super) async fn ask_balance(&self, deadline: Instant) -> QueryResult<Amount> {
        let balance = self.definition.balance.as_ref().ok_or(QueryError::NotOffered)?;
        let mut redactor = self.client.redactor().clone();
        let answered = self.ask(&balance.request, Scope::new(), deadline, &mut redactor).await?;
        let text = |expression: &Expression| expression.text(answered.scope()).map(|text| redactor.clean(&text));
        match text(&balance.amount) {
            Some(amount) => Ok(Amount { amount, currency: balance.currency.as_ref().and_then(text) }),
            None => Err(self.without("amount", &answered, &redactor)),
        }
    }

    pub(super) async fn ask_test(&self, deadline: Instant) -> QueryResult<Option<String>> {
        let Some(test) = &self.definition.test else {
            let amount = self.ask_balance(deadline).await?;
            let unit = amount.currency.map(|currency| format!(" {currency}")).unwrap_or_default();
            return Ok(Some(format!("balance: {}{unit}", amount.amount)));
        };
        let mut redactor = self.client.redactor().clone();
        let answered = self.ask(&test.request, Scope::new(), deadline, &mut redactor).await?;
        if !test.ok.holds(answered.scope()) {
            return Err(self.without("success as `ok` describes it", &answered, &redactor));
        }
        let says = test.says.as_ref().and_then(|says| says.text(answered.scope()));
        Ok(says.map(|says| redactor.clean(&says)))
    }

    pub(super) async fn take_back(&self, message_id: &str, to: &Phone, deadline: Instant) -> QueryResult<()> {
        let revoke = self.definition.revoke.as_ref().ok_or(QueryError::NotOffered)?;
        let mut redactor = self.client.redactor().clone();
        redactor.phone(to);
        let named = [("id".to_owned(), Jinja::from(message_id)), ("phone".to_owned(), Jinja::from(self.written(to)))];
        let answered = self.ask(&revoke.request, Scope::from(named), deadline, &mut redactor).await?;
        let was_done = revoke.ok.as_ref().is_none_or(|ok| ok.holds(answered.scope()));
        if was_done { Ok(()) } else { Err(QueryError::Refused(self.no(&answered, &redactor))) }
    }

    pub(super) async fn tell(
        &self,
        message_id: &str,
        to: &Phone,
        verified: bool,
        deadline: Instant,
    ) -> QueryResult<()> {
        let feedback = self.definition.feedback.as_ref().ok_or(QueryError::NotOffered)?;
        if !verified && !feedback.abandoned {
            return Ok(());
        }
        let mut redactor = self.client.redactor().clone();
        redactor.phone(to);
        let named = [
            ("id".to_owned(), Jinja::from(message_id)),
            ("phone".to_owned(), Jinja::from(self.written(to))),
            ("verified".to_owned(), Jinja::from(verified)),
        ];
        let elsewhere = feedback.base_url.as_ref().map(|base| self.client.at(base)).transpose();
        let elsewhere =
            elsewhere.map_err(|error| QueryError::Refused(Refusal::new(Class::Other, error.to_string())))?;
        let client = elsewhere.as_ref().unwrap_or(&self.client);
        self.ask_by(client, &feedback.request, Scope::from(named), deadline, &mut redactor).await.map(drop)
    }

    /// Asks once. Whatever is no success is a refusal, also where a send would be in doubt: nothing was at stake.
    async fn ask(
        &self,
        request: &Request,
        named: Scope,
        deadline: Instant,
        redactor: &mut Redactor,
    ) -> Result<Answered, QueryError> {
        self.ask_by(&self.client, request, named, deadline, redactor).await
    }

    /// The same, maybe at another address.
    async fn ask_by(
        &self,
        client: &Client,
        request: &Request,
        named: Scope,
        deadline: Instant,
        redactor: &mut Redactor,
    ) -> Result<Answered, QueryError> {
        let answered = self.asked(client, request, named, deadline, redactor).await?;
        if answered.is_success() { Ok(answered) } else { Err(QueryError::Refused(self.no(&answered, redactor))) }
    }

    /// Asks once; the answer, whatever its status is.
    async fn asked(
        &self,
        client: &Client,
        request: &Request,
        named: Scope,
        deadline: Instant,
        redactor: &mut Redactor,
    ) -> Result<Answered, QueryError> {
        let refused = |class, why: String| QueryError::Refused(Refusal::new(class, why));
        client.ask(request, named, deadline, redactor).await.map_err(|error| match error {
            AskError::NotBuilt(error) => refused(Class::Other, error.to_string()),
            AskError::NoToken(why) => QueryError::Refused(without_token(why)),
            AskError::Late => QueryError::Refused(Refusal::late()),
            AskError::NotSent(why) | AskError::Doubtful(why) => refused(Class::Unreachable, why),
        })
    }

    /// What the gateway's own words make of an answer that is no yes.
    fn no(&self, answered: &Answered, redactor: &Redactor) -> Refusal {
        let class = self.class(answered, true).unwrap_or(Class::ServerError);
        self.refusal(class, answered, redactor)
    }

    /// The gateway's refusal, or an answer without what was requested.
    fn without(&self, what: &str, answered: &Answered, redactor: &Redactor) -> QueryError {
        let refusal = self.no(answered, redactor);
        if refusal.code.is_some() || self.words(answered.scope()).is_some() {
            return QueryError::Refused(refusal);
        }
        let message = format!("its answer has no {what} ({})", refusal.message);
        let advice = Some("compare its answer with the definition of the provider; -vv shows more".to_owned());
        QueryError::Refused(Refusal { advice, ..Refusal::new(refusal.class, message) })
    }
}
