//! What the completion of a shell offers beside commands and options: the names in the configuration file. It reads that
//! file and the names of its neighbors, and nothing else: no store, no secret, no network.

use std::ffi::OsString;

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use super::line::unbuilt;
use super::whole;
use crate::config::{self, Chosen, Env, Request};
use crate::otp::Purpose;

/// The names that a line could mean.
#[derive(Debug, Default)]
struct Offers {
    profiles: Vec<String>,
    providers: Vec<String>,
    /// Kinds of providers, where a definition can be meant.
    kinds: Vec<String>,
    purposes: Vec<String>,
    languages: Vec<String>,
    /// What can be explained.
    topics: Vec<String>,
}

/// Every command with its arguments, which offer the names that the file of this line has.
pub(crate) fn offering(words: &[OsString], env: &Env) -> clap::Command {
    let offers = Offers::of(words, env);
    with(&offers, "", unbuilt())
}

fn with(offers: &Offers, path: &str, command: clap::Command) -> clap::Command {
    let own = |arg: clap::Arg| match offers.of_arg(path, arg.get_id().as_str()) {
        Some(names) => {
            let names = names.to_vec();
            arg.add(ArgValueCandidates::new(move || names.iter().map(CompletionCandidate::new).collect()))
        }
        None => arg,
    };
    let below = |command: clap::Command| {
        let path = format!("{path} {}", command.get_name());
        with(offers, path.trim_start(), command)
    };
    command.mut_args(own).mut_subcommands(below)
}

impl Offers {
    fn of(words: &[OsString], env: &Env) -> Self {
        let commands = whole();
        let topics = commands.get_subcommands().map(|command| command.get_name().to_owned()).collect();
        // The line is still being typed: what is wrong with it does not matter.
        let matches = commands.ignore_errors(true).try_get_matches_from(words).ok();
        let chosen = |name: &str| matches.as_ref().and_then(|matches| matches.try_get_raw(name).ok()??.next());
        let request = Request {
            config: chosen("config").map(|value| Chosen { value: value.into(), by_flag: false }),
            profile: chosen("profile")
                .and_then(|value| value.to_str())
                .map(|value| Chosen { value: value.to_owned(), by_flag: false }),
        };
        // A file that does not hold has no names that help.
        let settings = config::locate(&request, env).and_then(|located| config::load(&located, env)).ok();
        let mut offers = Self { profiles: config::profile_names(env), topics, ..Self::default() };
        offers.kinds = crate::provider::kinds().map(str::to_owned).collect();
        offers.purposes = vec![Purpose::default().to_string()];
        if let Some(settings) = settings {
            offers.providers = settings.providers.keys().cloned().collect();
            offers.languages = settings.message.lang.keys().cloned().collect();
            let of_providers = settings.providers.values().flat_map(|provider| provider.purposes.keys());
            let more = settings.routes.by_purpose.keys().chain(of_providers).map(ToString::to_string);
            offers.purposes.extend(more);
            offers.purposes.sort();
            offers.purposes.dedup();
        }
        offers
    }

    /// The names for an argument of a command.
    fn of_arg(&self, path: &str, arg: &str) -> Option<&[String]> {
        match (path, arg) {
            (_, "profile") => Some(&self.profiles),
            (_, "purpose") => Some(&self.purposes),
            (_, "lang") => Some(&self.languages),
            (_, "provider") | ("provider test" | "provider balance", "name" | "names") => Some(&self.providers),
            ("provider show", "name") => Some(&self.kinds),
            ("help", "topic") | ("man", "command") => Some(&self.topics),
            _ => None,
        }
    }
}
