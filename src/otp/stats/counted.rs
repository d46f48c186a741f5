//! What the events of one step add to the numbers.

use super::latency::bucket;
use crate::otp::money::Cost;
use crate::otp::record::{Challenge, Delivery};
use crate::otp::{Channel, Event, EventKind, Phone, Record};

/// On which way a code went out; nothing where no provider had it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The provider's name in the configuration.
    pub provider: String,
    /// Such as `sms`.
    pub channel: String,
}

/// What is added to the numbers of one country and route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub country: String,
    pub route: Route,
    /// The fields, and how much is added to them.
    pub fields: Vec<Field>,
}

/// One number, and what is added to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    /// Of one of many, such as a range: the other one that has it where there are too many.
    pub otherwise: Option<String>,
    pub by: i64,
}

/// What was spent in a currency is in fields that begin so.
pub const SPEND: &str = "spend_";

/// What these events add, where the record was this before them and is this after them.
#[must_use]
pub fn counted(phone: &Phone, before: &Record, after: &Record, events: &[Event]) -> Vec<Counted> {
    events.iter().filter_map(|event| one(phone, before, after, event)).collect()
}

fn one(phone: &Phone, before: &Record, after: &Record, event: &Event) -> Option<Counted> {
    let id = event.challenge_id.as_deref();
    let challenge = id.and_then(|id| after.challenge(id).or_else(|| before.challenge(id))).map(|(_, own)| own);
    // Of a code with several messages, an event says which one it is about.
    let delivery = challenge.and_then(|challenge| match &event.provider {
        Some(name) => challenge.messages().into_iter().rfind(|own| own.provider == *name),
        None => challenge.delivery.clone(),
    });
    let delivery = delivery.as_ref();
    let names = names(event, (challenge, delivery), was_under_way(before, id))?;
    let channel = event
        .channel
        .clone()
        .or_else(|| delivery.map(Delivery::channel))
        .unwrap_or_else(|| Channel::default().to_string());
    let provider = event.provider.clone().or_else(|| delivery.map(|delivery| delivery.provider.clone()));
    // A request has no provider yet.
    let is_request = names.first().is_some_and(|own| own == "requested");
    let provider = provider.filter(|_| !is_request).unwrap_or_default();
    let fields = fields(phone, event, delivery, names);
    Some(Counted { country: country(phone), route: Route { provider, channel }, fields })
}

/// What the event is counted as; the first is what it is. `under_way`: the code was typed before its provider answered.
fn names(
    event: &Event,
    (challenge, delivery): (Option<&Challenge>, Option<&Delivery>),
    under_way: bool,
) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    match (event.event, event.result.as_str()) {
        (EventKind::Send, "pending") => {
            names.push("requested".to_owned());
            names.extend(event.would_refuse.as_ref().map(|_| "would_refuse".to_owned()));
        }
        (EventKind::Send, "refused") => {
            names.extend(["requested".to_owned(), "refused".to_owned()]);
            names.extend(event.rule.as_ref().map(|rule| format!("refused_by:{rule}")));
        }
        (EventKind::Send, state @ ("sent" | "unknown")) => names.push(state.to_owned()),
        (EventKind::Send, "failed" | "not_sent") => {
            names.extend(["failed".to_owned(), "failed_by:not_sent".to_owned()]);
        }
        (EventKind::Delivery, "delivered") => {
            names.push("delivered".to_owned());
            let asked_at = delivery.and_then(Delivery::asked_at).or(challenge.map(|challenge| challenge.created_at));
            let taken = asked_at.map(|asked_at| event.at.since(asked_at));
            names.extend(taken.map(|taken| format!("latency:{}", bucket(taken))));
        }
        (EventKind::Delivery, "failed") => {
            let reason = delivery.and_then(|delivery| delivery.report.as_ref()?.reason);
            names.extend(["failed".to_owned(), format!("failed_by:{}", reason.map_or("unknown", |own| own.as_str()))]);
        }
        // Of a code that went out by a message, and was not read out.
        (EventKind::Verify, "ok") if delivery.is_some() || under_way => names.push("verified".to_owned()),
        _ => return None,
    }
    Some(names)
}

/// What is added to: these names, and the same of one of many.
fn fields(phone: &Phone, event: &Event, delivery: Option<&Delivery>, names: Vec<String>) -> Vec<Field> {
    let own = names.first().cloned().unwrap_or_default();
    let of_all = |name: String, by| Field { name, otherwise: None, by };
    let of_many = |kind: &str, which: &str, own: &str, by| {
        let name = |which: &str| format!("{kind}:{which}:{own}");
        Field { name: name(which), otherwise: Some(name("other")), by }
    };
    let mut fields: Vec<Field> = names.into_iter().map(|name| of_all(name, 1)).collect();
    if ["requested", "sent", "delivered", "failed", "verified"].contains(&own.as_str()) {
        let operator = delivery.and_then(|delivery| delivery.report.as_ref()?.operator.as_ref());
        fields.push(of_many("range", phone.range(), &own, 1));
        fields.extend(operator.map(|operator| of_many("operator", operator, &own, 1)));
    }
    // What may have been sent may have to be paid for.
    let is_out = event.event == EventKind::Send && ["sent", "unknown"].contains(&own.as_str());
    if let Some(Cost { currency, amount }) = delivery.filter(|_| is_out).and_then(Delivery::cost) {
        let own = format!("{SPEND}{currency}");
        fields.push(of_all(own.clone(), amount.millionths()));
        fields.push(of_many("range", phone.range(), &own, amount.millionths()));
    }
    fields
}

/// Whether a code was typed before its provider answered.
fn was_under_way(before: &Record, id: Option<&str>) -> bool {
    let own = id.and_then(|id| before.challenge(id));
    own.is_some_and(|(_, own): (_, &Challenge)| own.lease_until.is_some())
}

/// The country of a number; one of no country is known by its calling code.
fn country(phone: &Phone) -> String {
    phone.country().map_or_else(|| format!("+{}", phone.calling_code()), |country| country.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::otp::money::{Amount, Currency};
    use crate::otp::record::State;
    use crate::otp::{DeliveryReason, DeliveryReport, DeliveryState, Moment, Purpose};

    fn phone() -> Phone {
        Phone::parse("+919876543210", None).unwrap()
    }

    fn record(delivery: Option<Delivery>, lease: Option<Moment>) -> Record {
        let challenge = Challenge {
            id: "ch_1".to_owned(),
            state: State::Sent,
            mac: None,
            app_fingerprint: None,
            user: None,
            users_version: None,
            created_at: Moment::from_millis(0),
            expires_at: Moment::from_millis(300_000),
            tries: 0,
            max_tries: 5,
            lease_until: lease,
            cooldown_before: None,
            delivery,
            more: crate::otp::More::default(),
        };
        let mut record = Record::default();
        record.purposes.entry(Purpose::default()).or_default().challenges.push(challenge);
        record
    }

    fn event(kind: EventKind, result: &str) -> Event {
        Event::new(Moment::from_millis(8_500), kind, result).about(&Purpose::default(), "ch_1")
    }

    /// The provider, and the fields that are added to.
    fn told(record: &Record, event: Event) -> Option<(String, Vec<String>)> {
        let mut all = counted(&phone(), record, record, &[event]);
        assert!(all.iter().all(|own| own.country == "IN" && own.route.channel == "sms"), "{all:?}");
        let own = all.pop()?;
        Some((own.route.provider, own.fields.into_iter().map(|field| field.name).collect()))
    }

    #[test]
    fn each_event_adds_to_what_it_is_about() {
        let reason = Some(DeliveryReason::HandsetOff);
        let report = DeliveryReport { reason, ..DeliveryReport::of(DeliveryState::Failed) };
        let by = |provider: &str| Delivery { report: Some(report.clone()), ..Delivery::by(provider) };
        let sent = record(Some(by("msg91")), None);
        let none = record(None, None);
        let range = |name: &str| format!("range:+919876:{name}");
        let fields = |names: &[&str], many: &str| {
            names.iter().map(|name| (*name).to_owned()).chain([range(many)]).collect::<Vec<_>>()
        };
        let (here, nowhere) = ("msg91".to_owned(), String::new());
        for (record, event, (provider, fields)) in [
            (&none, event(EventKind::Send, "pending"), (&nowhere, fields(&["requested"], "requested"))),
            (
                &none,
                event(EventKind::Send, "refused").refused_by("cooldown", None),
                (&nowhere, fields(&["requested", "refused", "refused_by:cooldown"], "requested")),
            ),
            (&sent, event(EventKind::Send, "sent"), (&here, fields(&["sent"], "sent"))),
            (&sent, event(EventKind::Send, "unknown"), (&here, vec!["unknown".to_owned()])),
            (&sent, event(EventKind::Send, "failed"), (&here, fields(&["failed", "failed_by:not_sent"], "failed"))),
            (
                &sent,
                event(EventKind::Delivery, "delivered"),
                (
                    &here,
                    fields(&["delivered", &format!("latency:{}", bucket(Duration::from_millis(8500)))], "delivered"),
                ),
            ),
            (
                &sent,
                event(EventKind::Delivery, "failed"),
                (&here, fields(&["failed", "failed_by:handset_off"], "failed")),
            ),
            (&sent, event(EventKind::Verify, "ok"), (&here, fields(&["verified"], "verified"))),
        ] {
            assert_eq!(told(record, event.clone()), Some((provider.clone(), fields)), "{event:?}");
        }
        let early = record(None, Some(Moment::from_millis(60_000)));
        assert_eq!(told(&early, event(EventKind::Verify, "ok")), Some((nowhere, fields(&["verified"], "verified"))));
    }

    #[test]
    fn the_network_of_the_receiver_is_counted_where_a_gateway_names_it() {
        let report =
            DeliveryReport { operator: Some("22801".to_owned()), ..DeliveryReport::of(DeliveryState::Delivered) };
        let sent = record(Some(Delivery { report: Some(report), ..Delivery::by("infobip") }), None);
        for (kind, result, own) in
            [(EventKind::Delivery, "delivered", "delivered"), (EventKind::Verify, "ok", "verified")]
        {
            let (_, fields) = told(&sent, event(kind, result)).unwrap();
            assert!(fields.contains(&format!("operator:22801:{own}")), "{fields:?}");
        }
    }

    #[test]
    fn what_a_message_costs_is_added_when_it_is_sent() {
        let cost = Cost { currency: Currency::named("EUR").unwrap(), amount: Amount::of_millionths(360_000) };
        let paid = record(Some(Delivery::by("msg91").at_cost(Some(&cost))), None);
        let spent = |kind, result: &str| {
            let all = counted(&phone(), &paid, &paid, &[event(kind, result)]);
            let fields = all.into_iter().flat_map(|own| own.fields).filter(|field| field.name.contains(SPEND));
            fields.map(|field| (field.name, field.by)).collect::<Vec<_>>()
        };
        let both = [("spend_EUR".to_owned(), 360_000), ("range:+919876:spend_EUR".to_owned(), 360_000)];
        assert_eq!(spent(EventKind::Send, "sent"), both);
        assert_eq!(spent(EventKind::Send, "unknown"), both, "it may have to be paid for");
        for (kind, result) in [
            (EventKind::Send, "pending"),
            (EventKind::Send, "failed"),
            (EventKind::Send, "not_sent"),
            (EventKind::Delivery, "delivered"),
            (EventKind::Verify, "ok"),
        ] {
            assert_eq!(spent(kind, result), [], "{result}");
        }
    }

    #[test]
    fn what_is_no_message_adds_nothing() {
        let printed = record(None, None);
        for (kind, result) in [
            (EventKind::Send, "issued"),
            (EventKind::Verify, "ok"),
            (EventKind::Verify, "wrong"),
            (EventKind::Delivery, "accepted"),
            (EventKind::Delivery, "refused"),
            (EventKind::Lock, "hard"),
            (EventKind::Revoke, "revoked"),
        ] {
            assert_eq!(told(&printed, event(kind, result)), None, "{result}");
        }
    }

    #[test]
    fn a_range_among_too_many_is_another_one() {
        let all = counted(&phone(), &record(None, None), &Record::default(), &[event(EventKind::Send, "pending")]);
        let (name, otherwise) = ("range:+919876:requested".to_owned(), Some("range:other:requested".to_owned()));
        assert_eq!(all[0].fields[1], Field { name, otherwise, by: 1 });
    }
}
