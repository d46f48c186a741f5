//! Makes the index of the numbering plans, so that the program reads only the few lines of the plan that it needs.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::{fs, io};

/// The plans, from the root of the package.
const PLANS: &str = "src/otp/phone/plans.txt";

/// What a line of a plan may begin with.
const KEYS: [&str; 18] = [
    "international_prefix",
    "national_prefix",
    "transform",
    "leading_digits",
    "local_only",
    "general",
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
    "fixed_line",
    "mobile",
    "trunk",
    "format",
];

/// Writes `plans.rs`: calling code, country (`00` for none) and first line's offset of every plan, in the order of the
/// file, which is that of the calling codes.
///
/// # Errors
/// When the file is not as its own head says, so that a damaged one stops the build and not a number.
pub fn index(out: &Path) -> Result<(), Box<dyn Error>> {
    writeln!(io::stdout(), "cargo::rerun-if-changed={PLANS}")?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(PLANS);
    let text = fs::read_to_string(&file)?;
    let (mut index, mut count, mut offset, mut last) = (String::new(), 0_usize, 0_usize, 0_u16);
    for line in text.split_inclusive('\n') {
        offset += line.len();
        let line = line.trim_end();
        if let Some(head) = line.strip_prefix('+') {
            let (code, country) = head.split_once(' ').ok_or_else(|| format!("{PLANS}: {line}"))?;
            let code: u16 = code.parse()?;
            let letters = if country == "001" { "00" } else { country };
            if letters.len() != 2 || code < last {
                return Err(format!("{PLANS}: {line}: not a country, or out of order").into());
            }
            let (thousands, rest) = (offset / 1000, offset % 1000);
            let at = if thousands == 0 { rest.to_string() } else { format!("{thousands}_{rest:03}") };
            writeln!(index, "    Entry {{ calling_code: {code}, letters: *b{letters:?}, at: {at} }},")?;
            (count, last) = (count + 1, code);
        } else if !line.is_empty() && !line.starts_with('#') {
            let key = line.split(' ').next().unwrap_or_default();
            if count == 0 || !KEYS.contains(&key) {
                return Err(format!("{PLANS}: {line}: not a line of a plan").into());
            }
        }
    }
    let path = file.display().to_string();
    let text = format!("/// The file of the plans.\npub(super) static TEXT: &str = include_str!({path:?});\n");
    let index = format!("/// Where each plan is in it.\npub(super) static INDEX: [Entry; {count}] = [\n{index}];\n");
    fs::write(out.join("plans.rs"), text + &index)?;
    Ok(())
}
