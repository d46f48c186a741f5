//! Numbers as pictures of letters: bars and sparklines.

/// An eighth of a letter, up to a whole one, from the left.
const EIGHTHS: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
/// The same from below.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A bar of so many letters at most, for a number of at most `most`.
pub(super) fn bar(number: u64, most: u64, letters: u64) -> String {
    let eighths = if most == 0 { 0 } else { (number * letters * 8).div_ceil(most) };
    filled(eighths, letters)
}

/// A bar for a part of one; what is more than all is all.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between none and all of them")]
pub(super) fn part(part: f64, letters: u8) -> String {
    let eighths = (part.clamp(0.0, 1.0) * f64::from(letters) * 8.0).round();
    filled(eighths as u64, letters.into())
}

fn filled(eighths: u64, letters: u64) -> String {
    let letter = |at: u64| {
        let here = usize::try_from(eighths.saturating_sub(at * 8).min(8)).unwrap_or_default();
        EIGHTHS[here]
    };
    (0..letters).map(letter).collect()
}

/// One letter for each number: the highest is the whole height, and nothing is a space.
pub(super) fn spark(numbers: &[u64]) -> String {
    let most = numbers.iter().copied().max().unwrap_or_default();
    let letter = |number: &u64| match (number * 8).checked_div(most) {
        None | Some(0) if *number == 0 => ' ',
        height => HEIGHTS[usize::try_from(height.unwrap_or_default()).unwrap_or_default().clamp(1, 8) - 1],
    };
    numbers.iter().map(letter).collect()
}

/// A time to delivery, as a person reads it.
pub(super) fn seconds(seconds: f64) -> String {
    match seconds {
        short if short < 9.95 => format!("{short:.1} s"),
        middle if middle < 90.0 => format!("{middle:.0} s"),
        long => format!("{:.0} min", long / 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_as_long_as_its_number() {
        assert_eq!((bar(0, 8, 4), bar(8, 8, 4), bar(1, 8, 4)), ("    ".into(), "████".into(), "▌   ".into()));
        assert_eq!(bar(1, 10_000, 4), "▏   ", "what is there is seen");
        assert_eq!(bar(0, 0, 2), "  ");
        assert_eq!((part(0.5, 4), part(7.0, 2), part(-1.0, 2)), ("██  ".into(), "██".into(), "  ".into()));
        assert_eq!(spark(&[0, 1, 4, 8]), " ▁▄█");
        assert_eq!((spark(&[0, 0]), spark(&[]), spark(&[5])), ("  ".into(), String::new(), "█".into()));
        assert_eq!(spark(&[1, 1000]), "▁█");
    }

    #[test]
    fn a_time_has_one_unit() {
        let all = [0.52, 9.94, 12.4, 89.0, 240.0].map(seconds);
        assert_eq!(all, ["0.5 s", "9.9 s", "12 s", "89 s", "4 min"]);
    }
}
