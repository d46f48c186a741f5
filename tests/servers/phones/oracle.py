"""What Google's libphonenumber, in its Python port, makes of phone numbers: the oracle of tests/servers/phones/mod.rs.

    oracle.py judge                 reads lines of HOME<TAB>typed from standard input (HOME may be empty)
    oracle.py generate COUNT SEED   makes about COUNT lines of its own: every country and type, near misses, national
                                    forms, prefixes with all their rules, random digits; the same for the same seed

Prints the version of the port, then a line for each: HOME, typed, and what `answer` says, with tabs between.
"""

import random
import sys

try:
    from re import _constants as op
    from re import _parser as parser
except ImportError:  # Python before 3.11
    import sre_constants as op
    import sre_parse as parser

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    NumberParseException,
    PhoneMetadata,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
)


def names(enumeration):
    return {value: name.lower() for name, value in vars(enumeration).items() if isinstance(value, int)}


TYPES = names(PhoneNumberType)
LENGTHS = names(ValidationResult)
ERRORS = names(NumberParseException)


def parse(typed, home):
    try:
        return phonenumbers.parse(typed, home or None), None
    except NumberParseException as error:
        return None, ERRORS[error.error_type]


def canonical(typed, home):
    """The E.164 form of a valid number, or nothing; and whether it is read back as the same number."""
    number, _ = parse(typed, home)
    if number is None or not phonenumbers.is_valid_number(number):
        return "", False
    form = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return form, parse(form, "")[0] == number


def behind_zeros(typed):
    """The number that is written with 00 for a plus: its E.164 form, if it is valid and read back as the same."""
    digits = "".join(c for c in typed if c in "0123456789")
    if not digits.startswith("00") or typed.startswith(("+", "tel:")):
        return ""
    form, is_stable = canonical("+" + digits[2:], "")
    return form if is_stable else ""


def answer(home, typed):
    """The kind of error, or: calling code, national number, region, type, verdict on the length, and E.164 form of a
    valid number with whether it is read back as the same; and the number behind 00."""
    number, error = parse(typed, home)
    if number is None:
        return [error, "", "", "", "", "", "", "", behind_zeros(typed)]
    form, is_stable = canonical(typed, home)
    return [
        "",
        str(number.country_code),
        phonenumbers.national_significant_number(number),
        phonenumbers.region_code_for_number(number) or "",
        TYPES[phonenumbers.number_type(number)],
        LENGTHS[phonenumbers.is_possible_number_with_reason(number)],
        form,
        "stable" if is_stable else "",
        behind_zeros(typed),
    ]


class Digits:
    """Random digits that a pattern matches."""

    def __init__(self, chance):
        self.chance = chance
        self.parsed = {}

    def matching(self, pattern):
        if pattern not in self.parsed:
            self.parsed[pattern] = parser.parse(pattern)
        return self.sequence(self.parsed[pattern])

    def sequence(self, pieces):
        return "".join(self.piece(kind, value) for kind, value in pieces)

    def piece(self, kind, value):
        if kind is op.LITERAL:
            return chr(value)
        if kind is op.AT:
            return ""
        if kind is op.IN:
            return self.chance.choice([digit for part in value for digit in self.members(*part)])
        if kind is op.BRANCH:
            return self.sequence(self.chance.choice(value[1]))
        if kind is op.SUBPATTERN:
            return self.sequence(value[-1])
        if kind is op.MAX_REPEAT:
            least, most, part = value
            return "".join(self.sequence(part) for _ in range(self.chance.randint(least, most)))
        raise ValueError(kind)

    @staticmethod
    def members(kind, value):
        if kind is op.LITERAL:
            return [chr(value)]
        if kind is op.RANGE:
            return [chr(digit) for digit in range(value[0], value[1] + 1)]
        return list("0123456789")


class Plan:
    def __init__(self, code, country):
        self.code = str(code)
        self.home = "" if country == "001" else country
        data = PhoneMetadata.metadata_for_region_or_calling_code(code, country)
        self.international_prefix = data.international_prefix
        self.national_prefix = data.national_prefix_for_parsing
        self.leading_digits = data.leading_digits
        kinds = [getattr(data, name) for name in TYPES.values() if name not in ("fixed_line_or_mobile", "unknown")]
        self.kinds = [kind for kind in kinds if kind is not None and kind.national_number_pattern]
        self.general = data.general_desc
        self.lengths = [*data.general_desc.possible_length, *data.general_desc.possible_length_local_only]


class Generator:
    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.digits = Digits(self.chance)
        self.plans = [Plan(code, home) for code, homes in COUNTRY_CODE_TO_REGION_CODE.items() for home in homes]
        self.homes = [plan.home for plan in self.plans if plan.home]

    def lines(self, count):
        made = 0
        while made < count:
            for plan in self.plans:
                for kind in plan.kinds:
                    national = self.digits.matching(kind.national_number_pattern)
                    for line in self.spellings(plan, national):
                        yield line
                        made += 1
                for line in self.noise(plan):
                    yield line
                    made += 1

    def random_digits(self, length):
        return "".join(self.chance.choices("0123456789", k=length))

    def near(self, digits):
        """One digit wrong, too many, too few, or two in the wrong order."""
        at = self.chance.randrange(len(digits))
        return self.chance.choice(
            [
                digits[:at] + self.random_digits(1) + digits[at + 1 :],
                digits[:at] + self.random_digits(1) + digits[at:],
                digits[:at] + digits[at + 1 :],
                digits[:at] + digits[at + 1 : at + 2] + digits[at : at + 1] + digits[at + 2 :],
            ]
        )

    def prefix(self, plan):
        return self.digits.matching(plan.national_prefix) if plan.national_prefix else self.chance.choice("018")

    def idd(self, plan):
        return self.digits.matching(plan.international_prefix) if plan.international_prefix else "00"

    def abroad(self, plan):
        """A country, by chance often one that shares the calling code."""
        homes = COUNTRY_CODE_TO_REGION_CODE[int(plan.code)]
        return self.chance.choice(homes if len(homes) > 1 and self.chance.random() < 0.5 else self.homes)

    def spellings(self, plan, national):
        """A number in some of the ways that it can be written, and others that are almost it."""
        home, code = plan.home, plan.code
        yield "", f"+{code}{national}"
        wrong = self.near(national)
        away = self.abroad(plan)
        away_plan = next(other for other in self.plans if other.home == away)
        ways = [
            ("", f"+{code}{wrong}"),
            ("", f"+{code}{self.prefix(plan)}{national}"),
            ("", f"00{code}{national}"),
            ("", f"+{code}{national}{self.random_digits(self.chance.randint(1, 9))}"),
            (away, f"+{code}{national}"),
            (away, f"{self.idd(away_plan)}{code}{national}"),
            (away, f"{self.idd(away_plan)}{code}{wrong}"),
            (away, f"{self.idd(away_plan)}{code}{self.prefix(plan)}{national}"),
            (away, f"00{code}{national}"),
            (away, f"+{self.idd(away_plan)}{code}{national}"),
            (away, f"+0{code}{national}"),
            (away, national),
        ]
        if home:
            ways += [
                (home, national),
                (home, wrong),
                (home, f"{self.prefix(plan)}{national}"),
                (home, f"{self.prefix(plan)}{wrong}"),
                (home, f"{self.prefix(plan)}{national[self.chance.randint(1, 4):]}"),
                (home, f"{self.chance.choice('0189')}{national}"),
                (home, f"{code}{national}"),
                (home, f"{code}{self.prefix(plan)}{national}"),
                (home, f"{code}{wrong}"),
                (home, f"{self.idd(plan)}{code}{national}"),
                (home, f"+{self.idd(plan)}{code}{national}"),
                (home, f"+{national}"),
                (home, f"00{national}"),
                (home, national[self.chance.randint(1, 4) :]),
                (home, self.formatted(home, code, national)),
            ]
        yield from self.chance.sample(ways, 6)

    def formatted(self, home, code, national):
        number, _ = parse(f"+{code}{national}", home)
        ways = [PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.RFC3966]
        return phonenumbers.format_number(number, self.chance.choice(ways)) if number else national

    def noise(self, plan):
        """Digits of the plan and of any length, behind the calling code and at home."""
        yield "", f"+{plan.code}{self.random_digits(self.chance.choice(plan.lengths))}"
        yield "", f"+{plan.code}{self.random_digits(self.chance.randint(0, 16))}"
        yield "", f"+{plan.code}{self.digits.matching(plan.general.national_number_pattern)}"
        yield "", f"+{self.random_digits(self.chance.randint(0, 20))}"
        if plan.leading_digits:
            rest = self.random_digits(self.chance.randint(3, 8))
            yield "", f"+{plan.code}{self.digits.matching(plan.leading_digits)}{rest}"
        if plan.home:
            yield plan.home, self.random_digits(self.chance.choice(plan.lengths))
            yield plan.home, self.random_digits(self.chance.randint(0, 20))
            yield plan.home, self.prefix(plan) + self.random_digits(self.chance.choice(plan.lengths))
            yield plan.home, self.prefix(plan) + self.random_digits(self.chance.randint(0, 9))
            yield plan.home, self.idd(plan) + self.random_digits(self.chance.randint(0, 12))
            yield plan.home, plan.code + self.random_digits(self.chance.randint(0, 12))


def main():
    if sys.argv[1] == "generate":
        lines = Generator(sys.argv[3]).lines(int(sys.argv[2]))
    else:
        # The lines are numbers as typed: only a line feed ends one, whatever else Unicode calls the end of a line.
        text = sys.stdin.buffer.read().decode("utf-8")
        lines = [line.split("\t", 1) for line in text.split("\n") if line]
    write = sys.stdout.buffer.write
    write(f"{phonenumbers.__version__}\n".encode())
    for home, typed in lines:
        write("\t".join([home, typed, *answer(home, typed)]).encode() + b"\n")


if __name__ == "__main__":
    main()
