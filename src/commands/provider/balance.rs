//! `provider balance`: what is left on the accounts.

use futures_util::future::join_all;
use serde::Serialize;

use super::question;
use crate::app::App;
use crate::commands::CommandResult;
use crate::error::{Error, Exit};
use crate::otp::Hint;
use crate::output::{Human, Lines, Report, Table, lines_of};
use crate::provider::Amount;

/// Show what is left on the providers' accounts
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Configured providers [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Row {
    provider: String,
    /// `ok`, `not_offered`, `not_asked` or `failed`.
    status: &'static str,
    /// As the gateway writes it: nothing is lost by rounding.
    amount: Option<String>,
    currency: Option<String>,
    note: Option<String>,
    hint: Option<String>,
    #[serde(skip)]
    next: Option<Hint>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Balances {
    balances: Vec<Row>,
    dry_run: bool,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let mut names: Vec<&str> = Vec::new();
        for name in &self.names {
            question::configured(app, name)?;
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        if names.is_empty() {
            names.extend(app.settings()?.providers.keys().map(String::as_str));
        }
        let mut answers = join_all(names.iter().map(|name| one(app, name))).await;
        // The only one that was named fails as itself.
        if names.len() == 1
            && !self.names.is_empty()
            && let Some(Err(error)) = answers.pop_if(|answer| answer.is_err())
        {
            return Err(error);
        }
        let balances = names.iter().zip(answers).map(|(name, answer)| row(app, name, answer)).collect();
        Ok(Box::new(Balances { balances, dry_run: app.globals.dry_run }))
    }
}

/// What one answers; `None`: it was not asked, since nothing is to be called.
async fn one(app: &App, name: &str) -> Result<Option<Amount>, Error> {
    if app.globals.dry_run {
        let provider = app.provider(name).await?;
        return if provider.capabilities().balance { Ok(None) } else { Err(question::not_offered(name)) };
    }
    question::ask(app, name, async |provider, deadline| provider.balance(deadline).await).await.map(Some)
}

fn row(app: &App, name: &str, answer: Result<Option<Amount>, Error>) -> Row {
    let row = |status, note: Option<String>| Row {
        provider: name.to_owned(),
        status,
        amount: None,
        currency: None,
        note,
        hint: None,
        next: None,
    };
    match answer {
        Ok(Some(Amount { amount, currency })) => Row { amount: Some(amount), currency, ..row("ok", None) },
        Ok(None) => row("not_asked", Some("would be asked".to_owned())),
        Err(error) if error.exit == Exit::Usage => row("not_offered", Some("cannot be asked".to_owned())),
        Err(error) => Row {
            hint: error.hint.as_ref().map(|hint| app.printer.text(hint)),
            next: error.hint.clone(),
            ..row("failed", Some(error.message()))
        },
    }
}

impl Report for Balances {
    const SCHEMA: &str = "otpctl.provider_balance/1";

    fn human(&self) -> Human {
        let mut table = Table::new(&["NAME", "AMOUNT", "CURRENCY", "NOTE"], "No provider.").wrapped(&["NOTE"]);
        for row in &self.balances {
            let cell = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            table.row([row.provider.clone(), cell(&row.amount), cell(&row.currency), cell(&row.note)]);
        }
        Human::Rows(table)
    }

    fn lines(&self) -> Lines {
        lines_of("otpctl.provider_balance_row/1", &self.balances)
    }

    fn exit(&self) -> Exit {
        if self.balances.iter().any(|row| row.status == "failed") { Exit::Partial } else { Exit::Ok }
    }

    fn hints(&self) -> Vec<Hint> {
        let hint = |row: &Row| {
            let hint = row.next.clone()?;
            let why =
                if hint.why().is_empty() { row.provider.clone() } else { format!("{}: {}", row.provider, hint.why()) };
            Some(hint.because(why))
        };
        self.balances.iter().filter_map(hint).collect()
    }
}

crate::otp::schema::documents! { "otpctl.provider_balance/1" => Balances, "otpctl.provider_balance_row/1" => Row }
