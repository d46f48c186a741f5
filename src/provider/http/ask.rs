//! Questions to a gateway that send nothing: what became of a message, what is left, whether the settings work.

use minijinja::Value as Jinja;
use tokio::time::Instant;

use super::super::definition::{self, Scope};
use super::super::outcome::{Amount, Asked, Class, Refusal, Silence};
use super::super::redact::Redactor;
use super::answer::seen;
use super::body::Body;
use super::exchange::{self, Exchange};
use super::{Gateway, request};
use crate::otp::{DeliveryReport, Phone};

/// An answer with a status of success, as expressions see it.
struct Answered {
    scope: Scope,
    /// The refusal that the gateway's own words make of it, for an answer that does not hold what was asked for.
    refusal: Refusal,
    /// Whether these words are there.
    says_why: bool,
}

impl Answered {
    /// The gateway's own no, or that its answer does not hold what was asked for.
    fn without(self, what: &str) -> Silence {
        let refusal = self.refusal;
        if refusal.code.is_some() || self.says_why {
            return Silence::Refused(refusal);
        }
        let message = format!("its answer holds no {what} ({})", refusal.message);
        let advice = Some("compare its answer with the definition of the provider; -vv says more".to_owned());
        Silence::Refused(Refusal { advice, ..Refusal::new(refusal.class, message) })
    }
}

impl Gateway {
    pub(super) async fn ask_status(&self, message_id: &str, to: &Phone, deadline: Instant) -> Asked<DeliveryReport> {
        let status = self.definition.status.as_ref().ok_or(Silence::NotOffered)?;
        let mut redactor = self.redactor.clone();
        redactor.phone(to);
        let named = [("id".to_owned(), Jinja::from(message_id)), ("phone".to_owned(), Jinja::from(self.written(to)))];
        let answered = self.ask(&status.request, Scope::from(named), deadline, redactor.clone()).await?;
        let report = self.report(&status.says, &answered.scope, &redactor);
        report.ok_or_else(|| answered.without("state"))
    }

    pub(super) async fn ask_balance(&self, deadline: Instant) -> Asked<Amount> {
        let balance = self.definition.balance.as_ref().ok_or(Silence::NotOffered)?;
        let answered = self.ask(&balance.request, Scope::new(), deadline, self.redactor.clone()).await?;
        let text = |expression: &definition::Expression| {
            expression.text(&answered.scope).map(|text| self.redactor.clean(&text))
        };
        match text(&balance.amount) {
            Some(amount) => Ok(Amount { amount, currency: balance.currency.as_ref().and_then(text) }),
            None => Err(answered.without("amount")),
        }
    }

    pub(super) async fn ask_test(&self, deadline: Instant) -> Asked<Option<String>> {
        let Some(test) = &self.definition.test else {
            let amount = self.ask_balance(deadline).await?;
            let unit = amount.currency.map(|currency| format!(" {currency}")).unwrap_or_default();
            return Ok(Some(format!("balance: {}{unit}", amount.amount)));
        };
        let answered = self.ask(&test.request, Scope::new(), deadline, self.redactor.clone()).await?;
        if !test.ok.holds(&answered.scope) {
            return Err(answered.without("yes that `ok` asks for"));
        }
        let says = test.says.as_ref().and_then(|says| says.text(&answered.scope));
        Ok(says.map(|says| self.redactor.clean(&says)))
    }

    /// Asks once. Whatever is no success is a refusal, also where a send would be in doubt: nothing was at stake.
    async fn ask(
        &self,
        request: &definition::Request,
        named: Scope,
        deadline: Instant,
        mut redactor: Redactor,
    ) -> Result<Answered, Silence> {
        let refused = |class, why: String| Silence::Refused(Refusal::new(class, why));
        let phone = named.get("phone").cloned().unwrap_or_default();
        let id = named.get("id").cloned().unwrap_or_default();
        let mut scope = named;
        scope.extend(self.settings.clone());
        let built = request::build(&self.base, request, &self.definition.auth, &scope, (self.clock)(), &mut redactor);
        let built = built.map_err(|error| refused(Class::Other, error.to_string()))?;
        let end = deadline.min(Instant::now() + self.timeout);
        let answer = match exchange::run(built, end, &redactor).await {
            Exchange::Answered(answer) => answer,
            Exchange::NotSent(why) => return Err(refused(Class::Unreachable, why)),
            Exchange::Doubtful(doubt) => return Err(refused(Class::Unreachable, doubt.why)),
        };
        let body = Body::read(&answer.body, self.definition.body);
        let mut scope = seen(&answer, &body, phone);
        scope.insert("id".to_owned(), id);
        let class = self.class(&answer, &scope, true).unwrap_or(Class::ServerError);
        let refusal = self.refusal(class, &answer, &body, &scope, &redactor);
        if (200..300).contains(&answer.status) {
            let says_why = self.words(&scope).is_some();
            Ok(Answered { scope, refusal, says_why })
        } else {
            Err(Silence::Refused(refusal))
        }
    }
}
