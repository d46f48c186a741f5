//! What a wrong clock left behind: nothing that is read from a record ends later than an honest clock could have said.

use super::policy::{MAX_COOLDOWN, MAX_LOCK, MAX_TTL, MAX_WINDOW};
use super::record::{Challenge, PurposeState, Record};
use super::rules::REQUEST_KEPT;
use super::{Limits, Moment};

impl Record {
    /// Corrects what was written while the store's clock was ahead. What says when it was made is taken as made now,
    /// with the lengths of these limits; what only says when it ends, ends no later than the longest that any file may
    /// ask for. Returns whether anything changed.
    pub fn clamp(&mut self, now: Moment, limits: &Limits) -> bool {
        let before = self.clone();
        let was_ahead = self.sends.iter().any(|sent| *sent > now);
        self.sends.iter_mut().for_each(|sent| *sent = (*sent).min(now));
        let longest = if was_ahead { limits.longest_cooldown() } else { MAX_COOLDOWN };
        self.cooldown_until = no_later(self.cooldown_until, now.after(longest));
        let longest = if was_ahead { limits.longest_window().max(limits.quiet()) } else { MAX_WINDOW };
        self.history_until = no_later(self.history_until, now.after(longest));
        for request in &mut self.requests {
            request.until = request.until.min(now.after(REQUEST_KEPT));
        }
        self.purposes.values_mut().for_each(|purpose_state| purpose_state.clamp(now, limits));
        *self != before
    }
}

impl PurposeState {
    fn clamp(&mut self, now: Moment, limits: &Limits) {
        let was_ahead = self.failed_at.is_some_and(|failed| failed > now);
        self.failed_at = no_later(self.failed_at, now);
        let kept = if was_ahead { limits.failures_kept } else { MAX_LOCK };
        self.failures_until = no_later(self.failures_until, now.after(kept));
        if let Some(lock) = &mut self.lock {
            let longest = if was_ahead { limits.longest_lock() } else { MAX_LOCK };
            lock.until = no_later(lock.until, now.after(longest));
        }
        for attempt in &mut self.attempts {
            attempt.until = attempt.until.min(now.after(MAX_TTL));
        }
        // Where an application keeps the code, it says itself how long.
        for challenge in self.challenges.iter_mut().filter(|challenge| challenge.app_fingerprint.is_none()) {
            challenge.clamp(now);
        }
    }
}

impl Challenge {
    fn clamp(&mut self, now: Moment) {
        let from = self.created_at;
        if from > now {
            let shifted = |moment: Moment| now.after(moment.since(from));
            self.created_at = now;
            self.expires_at = shifted(self.expires_at);
            self.lease_until = self.lease_until.map(shifted);
        }
        self.expires_at = self.expires_at.min(now.after(MAX_TTL));
        self.cooldown_before = no_later(self.cooldown_before, now.after(MAX_COOLDOWN));
    }
}

fn no_later(moment: Option<Moment>, latest: Moment) -> Option<Moment> {
    moment.map(|moment| moment.min(latest))
}
