//! The index of a day: which countries and routes have numbers in which of its half hours.

use super::counted::Route;
use super::half_hours::{DAY, HALF_HOUR, day};

/// The name of one half hour of a country and a route in the index of its day.
#[must_use]
pub fn index_name(country: &str, half_hour: i64, route: &Route) -> String {
    format!("{}:{country}:{}|{}", (half_hour - day(half_hour)) / HALF_HOUR, route.provider, route.channel)
}

/// The reverse of [`index_name`], of that day.
#[must_use]
pub fn indexed(day: i64, name: &str) -> Option<(String, i64, Route)> {
    let (number, rest) = name.split_once(':')?;
    let (country, route) = rest.split_once(':')?;
    let (provider, channel) = route.rsplit_once('|')?;
    let number = number.parse::<i64>().ok().filter(|number| (0..DAY / HALF_HOUR).contains(number))?;
    let route = Route { provider: provider.to_owned(), channel: channel.to_owned() };
    Some((country.to_owned(), day + number * HALF_HOUR, route))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_an_index_is_read_back_and_no_other() {
        let day = 1_789_948_800;
        for (country, provider, channel) in [("IN", "msg91", "sms"), ("+881", "", ""), ("US", "a:b|c", "voice")] {
            let route = Route { provider: provider.to_owned(), channel: channel.to_owned() };
            let name = index_name(country, day + 47 * HALF_HOUR, &route);
            assert_eq!(indexed(day, &name), Some((country.to_owned(), day + 47 * HALF_HOUR, route)), "{name}");
        }
        for other in ["", "48:IN:a|b", "x:IN:a|b", "-1:IN:a|b", "1:IN", "1:IN:ab"] {
            assert_eq!(indexed(day, other), None, "{other}");
        }
    }
}
