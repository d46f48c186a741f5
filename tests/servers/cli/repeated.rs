//! A send that is asked for again under its key, and another file's limits on the same store.
//! These need a server or another program.

use std::time::Duration;

use crate::servers::machine::embedded_and_redis;
use crate::support::cli::PHONE;

#[test]
fn another_file_with_smaller_windows_lets_no_sms_more_through() {
    let limits = |window: &str| {
        format!(
            "[limits]\ncooldown = []\nper_phone = {{ \"{window}\" = 5 }}\nper_prefix = {{ \"{window}\" = 50 }}\n\
             per_country = {{ \"{window}\" = 50 }}\nlocks = {{}}\n"
        )
    };
    embedded_and_redis(&limits("1h"), |machine| {
        let text = std::fs::read_to_string(machine.config()).unwrap_or_default();
        let other = machine.write(".config/otpctl/other.toml", &text.replace("\"1h\"", "\"1s\""));
        let other = ["--config", other.to_str().unwrap()];
        for _ in 0..5 {
            machine.run(&["send", PHONE]).exits(0);
        }
        std::thread::sleep(Duration::from_millis(1100));
        let commands: [&[&str]; 5] =
            [&["issue", PHONE], &["verify", PHONE, "000000"], &["revoke", PHONE], &["send", PHONE], &["unlock", PHONE]];
        for words in commands {
            machine.run(&[words, &other].concat());
            machine.run(&["send", PHONE]).exits(13);
        }
        if machine.config().exists() && text.contains("store.redis") {
            for key in
                ["otpctl:{+919876543210}:record", "otpctl:{prefix:+91987654}:sends", "otpctl:{country:IN}:counts"]
            {
                let left: i64 = machine.redis().cli(&["PTTL", key]).parse().unwrap();
                assert!(left > 3_500_000, "{key} lives for {left} ms");
            }
        }
    });
}
