//! What is known of codes in keys of an application's from the configuration alone.

use std::time::Duration;

use serde_json::{Value, json};

use super::bound::BoundKeyed;
use super::{AppKey, AttemptCounter, CodeShapes, Form, HashScheme, KeyedLayout, Keys, TimeFormat};
use crate::layout::{Access, BoundLayout, Layout, LayoutContext, NoContext, Operation, Refusal};
use crate::otp::duration::spelled;
use crate::otp::{Alphabet, CodeSpec, Phone, UserId};

impl Layout for KeyedLayout {
    fn name(&self) -> &str {
        &self.name
    }

    fn allows(&self, operation: Operation) -> Result<(), Refusal> {
        let in_files = Operation::IN_FILES.iter().any(|(_, one)| *one == operation);
        if in_files && !self.allows.contains(&operation) {
            return Err(Refusal::of(&self.name, operation, self.because.as_deref()));
        }
        Ok(())
    }

    fn own_codes(&self, ours: &CodeSpec) -> CodeSpec {
        CodeSpec {
            alphabet: self.alphabet.as_ref().unwrap_or(&ours.alphabet).clone(),
            length: self.length.unwrap_or(ours.length),
        }
    }

    fn shapes(&self, ours: &CodeSpec) -> CodeShapes {
        CodeShapes::of_layout(self, ours)
    }

    fn ttl(&self) -> Option<Duration> {
        Some(self.ttl)
    }

    fn is_plain(&self) -> bool {
        self.hash_scheme == HashScheme::Plain
    }

    fn settings(&self) -> Vec<(&'static str, Value)> {
        let (attempts, attempts_field) = match &self.attempts {
            Some(AttemptCounter::Key(key)) => (Some(key.to_string()), None),
            Some(AttemptCounter::Field(field)) => (None, Some(field)),
            None => (None, None),
        };
        let purposes = self.purposes.iter().map(|(ours, theirs)| (ours.to_string(), theirs.as_str().into()));
        let allows = Operation::IN_FILES.iter().filter(|(_, one)| self.allows.contains(one));
        let expires_as = self.expires.as_ref().map(|(_, format)| word(&TimeFormat::ALL, format));
        vec![
            ("key", self.key.to_string().into()),
            ("purposes", Value::Object(purposes.collect())),
            ("type", word(&Form::ALL, &self.form).into()),
            ("field", json!(self.field)),
            ("verifier", word(&HashScheme::ALL, &self.hash_scheme).into()),
            ("ttl", spelled(self.ttl).into()),
            ("length", json!(self.length)),
            ("alphabet", json!(self.alphabet.as_ref().map(Alphabet::name))),
            ("attempts", json!(attempts)),
            ("attempts_field", json!(attempts_field)),
            ("max_attempts_field", json!(self.max_attempts)),
            ("closed_field", json!(self.used_field)),
            ("expires_field", json!(self.expires.as_ref().map(|(field, _)| field))),
            ("expires_as", json!(expires_as)),
            ("nullable", json!(self.nullable)),
            ("cooldown", json!(self.cooldown.as_ref().map(ToString::to_string))),
            ("allows", allows.map(|(name, _)| *name).collect()),
        ]
    }

    fn has_user_in_keys(&self) -> bool {
        self.asks_for_user()
    }

    fn keys(&self, phone: &Phone, user: Option<&UserId>) -> Vec<String> {
        let keys = self.phone_keys(phone, user).unwrap_or_default();
        keys.iter().flat_map(Keys::names).map(str::to_owned).collect()
    }

    fn tag(&self, phone: &Phone) -> String {
        self.slot_tag(phone)
    }

    fn phone_of_tag(&self, tag: &str) -> Option<String> {
        self.phone_of_slot_tag(tag).map(|phone| phone.as_str().to_owned())
    }

    fn tag_pattern(&self) -> &'static str {
        "*"
    }

    fn scan_patterns(&self) -> Vec<String> {
        self.purposes.iter().map(|(_, theirs)| self.key.pattern(self.phone, theirs)).collect()
    }

    fn phone_of_key(&self, pattern: usize, key: &str) -> Option<Phone> {
        let (_, theirs) = self.purposes.get(pattern)?;
        self.phone.read(self.key.phone_in(key, theirs)?)
    }

    fn code_keys(&self, phone: &Phone) -> Vec<String> {
        self.phone_keys(phone, None).unwrap_or_default().into_iter().map(|keys| keys.code).collect()
    }

    fn app_key(&self, name: &str) -> Option<AppKey> {
        self.key_role(name)
    }

    fn access(&self) -> Access {
        let (tag, probe_keys) = self.probe_keys();
        Access { patterns: self.key_patterns(), writes: true, probe_keys, probe_tag: Some(tag) }
    }

    fn bind<'a>(&'a self, context: Option<LayoutContext<'a>>) -> Result<Box<dyn BoundLayout + 'a>, NoContext> {
        Ok(Box::new(BoundKeyed { layout: self, context: context.ok_or(NoContext)? }))
    }

    fn needs_context(&self) -> bool {
        true
    }
}

/// The word of the configuration for one of a few.
fn word<T: PartialEq>(all: &[(&'static str, T)], one: &T) -> &'static str {
    all.iter().find(|(_, other)| other == one).map_or("", |(word, _)| *word)
}
