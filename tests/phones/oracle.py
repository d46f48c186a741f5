"""What Google's libphonenumber, in its Python port, makes of phone numbers: the oracle of tests/phones.rs.

Reads lines of `REGION<TAB>typed` (REGION may be empty) from standard input. Prints the version of the port, then one
JSON object a line: `{"e164": …, "country": …, "type": …}`, all null where the number is not valid.
"""

import json
import sys

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

TYPES = {
    value: "unknown" if name == "UNKNOWN" else name.lower()
    for name, value in vars(PhoneNumberType).items()
    if isinstance(value, int)
}


def judge(region, typed):
    try:
        number = phonenumbers.parse(typed, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    country = phonenumbers.region_code_for_number(number)
    return {
        "e164": phonenumbers.format_number(number, PhoneNumberFormat.E164),
        "country": None if country == "001" else country,
        "type": TYPES[phonenumbers.number_type(number)],
    }


def main():
    # The lines are numbers as typed: only a line feed ends one, whatever else Unicode calls the end of a line.
    lines = sys.stdin.buffer.read().decode("utf-8").split("\n")
    answers = [phonenumbers.__version__]
    for line in lines:
        if line:
            region, typed = line.split("\t", 1)
            answers.append(json.dumps(judge(region, typed) or {"e164": None, "country": None, "type": None}))
    sys.stdout.write("\n".join(answers) + "\n")


if __name__ == "__main__":
    main()
