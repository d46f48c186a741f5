//! Questions to a gateway that send nothing: what became of a message, what is left, whether the settings work.

use minijinja::Value as Jinja;
use tokio::time::Instant;

use super::super::reply::{Amount, Class, QueryError, QueryResult, Refusal};
use super::{Gateway, without_token};
use crate::http::{Answered, AskError, Expression, Request, Scope};
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
        let answered = self.asked(&status.request, Scope::from(named), deadline, &mut redactor).await?;
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

    /// Asks once. Whatever is no success is a refusal, also where a send would be in doubt: nothing was at stake.
    async fn ask(
        &self,
        request: &Request,
        named: Scope,
        deadline: Instant,
        redactor: &mut Redactor,
    ) -> Result<Answered, QueryError> {
        let answered = self.asked(request, named, deadline, redactor).await?;
        if answered.is_success() { Ok(answered) } else { Err(QueryError::Refused(self.no(&answered, redactor))) }
    }

    /// Asks once; the answer, whatever its status is.
    async fn asked(
        &self,
        request: &Request,
        named: Scope,
        deadline: Instant,
        redactor: &mut Redactor,
    ) -> Result<Answered, QueryError> {
        let refused = |class, why: String| QueryError::Refused(Refusal::new(class, why));
        self.client.ask(request, named, deadline, redactor).await.map_err(|error| match error {
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
