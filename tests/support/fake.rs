//! Providers that send nothing, and count how often they were asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use otpctl::operations::Route;
use otpctl::otp::Message;
use otpctl::provider::{Capabilities, Class, Indeterminate, Provider, ProviderReply, Receipt, Refusal};
use tokio::time::Instant;

type During = Box<dyn Fn() + Send + Sync>;

/// One provider with one answer.
pub struct Fake {
    name: &'static str,
    answer: ProviderReply,
    calls: Arc<AtomicUsize>,
    during: Option<During>,
}

/// How often a provider was asked.
#[derive(Clone, Default)]
pub struct Calls(Arc<AtomicUsize>);

impl Calls {
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn fake(&self, name: &'static str, answer: ProviderReply) -> Fake {
        Fake { name, answer, calls: Arc::clone(&self.0), during: None }
    }

    pub fn accepting(&self) -> Fake {
        self.fake(
            "good",
            ProviderReply::Accepted(Receipt { id: Some("m-1".to_owned()), segments: Some(1), report: None }),
        )
    }

    pub fn refusing(&self, class: Class) -> Fake {
        self.fake("bad", ProviderReply::Refused(Refusal::new(class, "no")))
    }

    pub fn unsure(&self) -> Fake {
        self.fake("unsure", ProviderReply::Unknown(Indeterminate { why: "no answer".to_owned() }))
    }
}

impl Fake {
    /// The same under another name.
    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// Does this while it is asked.
    pub fn during(mut self, work: impl Fn() + Send + Sync + 'static) -> Self {
        self.during = Some(Box::new(work));
        self
    }

    /// A route of this one alone, over which an SMS would cost money.
    pub fn route(self) -> Route {
        route(vec![self])
    }
}

/// A route of several.
pub fn route(fakes: Vec<Fake>) -> Route {
    let steps = fakes.into_iter().map(|fake| (Box::new(fake) as Box<dyn Provider>).into()).collect();
    Route { steps, real: true, ..Route::default() }
}

#[async_trait]
impl Provider for Fake {
    fn name(&self) -> &str {
        self.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    async fn send(&self, message: &Message<'_>, _deadline: Instant) -> ProviderReply {
        assert!(message.text.contains(message.code.expose()), "the text holds the code");
        self.calls.fetch_add(1, Ordering::SeqCst);
        if let Some(during) = &self.during {
            // What happens meanwhile happens in another process, with a runtime of its own.
            std::thread::scope(|scope| scope.spawn(during).join()).unwrap();
        }
        self.answer.clone()
    }
}
