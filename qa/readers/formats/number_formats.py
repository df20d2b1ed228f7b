"""Numbers and dates as a spreadsheet shows them, by the codes of their formats: `0.0%`, `#,##0.00 "mg"`, `d mmm yyyy`.

The codes are those of ECMA-376, part 1, 18.8.30 and 18.8.31. What they say of colours and widths is passed over.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction

__all__ = ["BUILT_IN", "shown_as"]

_ISO, _ISO_TIME = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: _ISO, 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: _ISO_TIME, 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
"""The formats that a file need not name, by their numbers. The two whose order depends on the country are as ISO has
it."""

_PART = re.compile(
    r'"(?P<quoted>[^"]{0,255})"|\\(?P<escaped>.)|\[(?P<bracket>[^\]]{0,255})\]|_.|\*.|(?P<half>AM/PM|A/P)|(?P<general>General)'
    r"|(?P<date>y+|m+|d+|h+|s+)|(?P<number>[0#?][0#?,.]*|\.[0#?]+)|(?P<exponent>E[+-]0+)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_FRACTION = re.compile(r"(?P<whole>[#0]{1,9}\s{1,3})?[?#0]{1,5}/(?P<below>[?#]{1,5}|[1-9]\d{0,3})")
_LONGEST_FORMAT = 300  # characters
_CURRENCY = re.compile(r"\$(?P<sign>[^-]*)(?:-.*)?")
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_LATEST = 2_958_465  # 31 December 9999, in days
_MOST_DIGITS = 30  # before the point, above which a number stays as the file has it
_GENERAL_DIGITS = 11


def shown_as(value: str, form: str, *, from_1904: bool = False) -> str:
    """A number, as the file has it, in a format. `from_1904` says that days are counted from 1904, and not from 1900.

    >>> [shown_as("0.256", "0.0%"), shown_as("1234.5", '#,##0.00 "mg"'), shown_as("45418", "d mmm yyyy")]
    ['25.6%', '1,234.50 mg', '6 May 2024']
    >>> [shown_as("0.30000000000000004", "General"), shown_as("-5", "0;(0)"), shown_as("0.75", "h:mm AM/PM")]
    ['0.3', '(5)', '6:00 PM']
    >>> [shown_as(each, "# ?/?") for each in ("1.5", "0.25", "3", "-0.5")]
    ['1 1/2', '1/4', '3', '-1/2']
    """
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS or len(form) > _LONGEST_FORMAT:
        return value
    sections = _sections(form)
    section, is_negated = _section(sections, number)
    parts = list(_PART.finditer(section))
    if any(part["date"] or part["half"] for part in parts) or any(
        part["bracket"] and _ELAPSED.fullmatch(part["bracket"]) for part in parts
    ):
        return _date(number, parts, from_1904=from_1904) if 0 <= number <= _LATEST else value
    if section == "@" or not any(part["number"] or part["general"] for part in parts):
        literal = "".join(_literal(part) for part in parts if part[0] != "@")
        return literal if literal.strip() and section != "@" else _general(number)
    if broken := _FRACTION.fullmatch(section.strip()):
        return _as_fraction(-number if is_negated else number, broken)
    return _number(-number if is_negated else number, parts, section)


def _as_fraction(number: Decimal, form: re.Match[str]) -> str:
    """A number with a fraction: `1 1/2`."""
    below = form["below"]
    exact = Fraction(number)
    if below.isdecimal():
        near = Fraction(round(exact * int(below)), int(below)) if int(below) else exact
    else:
        near = exact.limit_denominator(10 ** len(below) - 1)
    sign, near = ("-" if near < 0 else ""), abs(near)
    whole, rest = (divmod(near.numerator, near.denominator)) if form["whole"] else (0, near.numerator)
    shown = [str(whole)] if whole or not rest else []
    return sign + " ".join([*shown, *([f"{rest}/{near.denominator}"] if rest else [])])


def _sections(form: str) -> list[str]:
    """The parts of a format, for positive numbers, negative ones, zero and text, with semicolons between."""
    found, begin, is_quoted = [], 0, False
    for place, letter in enumerate(form):
        if letter == '"':
            is_quoted = not is_quoted
        elif letter == ";" and not is_quoted:
            found.append(form[begin:place])
            begin = place + 1
    return [*found, form[begin:]]


def _section(sections: list[str], number: Decimal) -> tuple[str, bool]:
    """The part of a format for a number, and whether it writes a negative one by itself."""
    if number < 0 and len(sections) > 1:
        return sections[1], True
    if number == 0 and len(sections) > 2:
        return sections[2], False
    return sections[0], False


def _literal(part: re.Match[str]) -> str:
    if part["bracket"] is not None:
        currency = _CURRENCY.fullmatch(part["bracket"])
        return currency["sign"] if currency else ""
    return part["quoted"] or part["escaped"] or (part["other"] if part["other"] and part["other"] != "@" else "") or ""


def _general(number: Decimal) -> str:
    """A number as a cell without a format shows it: of eleven digits at most."""
    if number == 0:
        return "0"
    if abs(number) >= Decimal(10) ** _GENERAL_DIGITS or abs(number) < Decimal("1e-9"):
        return f"{number:.5E}".replace("E+0", "E+").replace("E-0", "E-")
    places = max(_GENERAL_DIGITS - 2 - max(number.adjusted(), 0), 0)
    shown = f"{number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _number(number: Decimal, parts: list[re.Match[str]], section: str) -> str:
    """A number by the places of its format: how many stand before and behind the point, and what parts thousands."""
    if any(part["general"] for part in parts):
        return "".join(_general(number) if part["general"] else _literal(part) for part in parts)
    if "/" in section and "?" in section:
        return _general(number)  # a fraction, which is as near as its format lets it be
    percents = sum(part["other"] == "%" for part in parts)
    places = "".join(part["number"] for part in parts if part["number"])
    whole, _, behind = places.partition(".")
    scaled = number.scaleb(2 * percents).scaleb(-3 * (len(whole) - len(whole.rstrip(","))))
    decimals = len(re.sub(r"[^0#?]", "", behind))
    if any(part["exponent"] for part in parts):
        shown = f"{scaled:.{decimals}E}"
    else:
        rounded = abs(scaled).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        shown = f"{rounded:,f}" if "," in whole.rstrip(",") else f"{rounded:f}"
        shown = _with_optional_places(shown, whole, behind)
        shown = f"-{shown}" if scaled < 0 and rounded else shown
    pieces: list[str] = []
    is_written = False
    for part in parts:
        if part["number"]:
            pieces.append("" if is_written else shown)
            is_written = True
        elif not part["exponent"]:
            pieces.append(_literal(part))
    return "".join(pieces).strip()


def _with_optional_places(shown: str, whole: str, behind: str) -> str:
    """A number without the zeros behind the point that its format does not ask for, and with those before it that it
    does."""
    digits, point, decimals = shown.partition(".")
    optional = len(behind) - len(behind.rstrip("#?"))
    least = len(decimals) - optional
    while len(decimals) > least and decimals.endswith("0"):
        decimals = decimals[:-1]
    zeros = whole.count("0")
    if "," not in digits:
        digits = digits.zfill(zeros) if zeros else digits
    return f"{digits}{point}{decimals}" if decimals else digits


def _date(number: Decimal, parts: list[re.Match[str]], *, from_1904: bool) -> str:
    """A day and time by the parts of its format. Days count from 1900, in which spreadsheets have a 29 February."""
    days = int(number)
    start = datetime(1904, 1, 1, tzinfo=UTC) if from_1904 else datetime(1899, 12, 30 if days >= 60 else 31, tzinfo=UTC)
    seconds = round(float(number - days) * 86_400, 3)
    moment = start + timedelta(days=days, seconds=round(seconds))
    has_half = any(part["half"] for part in parts)
    pieces: list[str] = []
    for place, part in enumerate(parts):
        elapsed = part["bracket"]
        if part["date"]:
            pieces.append(_part_of_date(part["date"].lower(), moment, parts, place, has_half=has_half))
        elif part["half"]:
            pieces.append("AM" if moment.hour < 12 else "PM")
        elif elapsed and _ELAPSED.fullmatch(elapsed):
            whole = days * 86_400 + round(seconds)
            pieces.append(str(whole // {"h": 3600, "m": 60, "s": 1}[elapsed[0].lower()]).zfill(len(elapsed)))
        elif not part["number"]:
            pieces.append(_literal(part))
    return "".join(pieces).strip(" ;,")


def _part_of_date(code: str, moment: datetime, parts: list[re.Match[str]], place: int, *, has_half: bool) -> str:
    width = len(code)
    match code[0]:
        case "y":
            return f"{moment.year % 100:02}" if width <= 2 else str(moment.year)
        case "d":
            name = _DAYS[moment.weekday()]
            return str(moment.day).zfill(width) if width < 3 else name[:3] if width == 3 else name
        case "h":
            return str(((moment.hour + 11) % 12 + 1) if has_half else moment.hour).zfill(min(width, 2))
        case "s":
            return str(moment.second).zfill(min(width, 2))
    if width < 3 and _are_minutes(parts, place):
        return str(moment.minute).zfill(width)
    name = _MONTHS[moment.month - 1]
    return str(moment.month).zfill(width) if width < 3 else name[:3] if width == 3 else name[0] if width == 5 else name


def _are_minutes(parts: list[re.Match[str]], place: int) -> bool:
    """Whether an `m` stands behind hours or before seconds, and so is minutes and no month."""

    def kind(part: re.Match[str]) -> str:
        return (part["date"] or part["bracket"] or "")[:1].lower()

    before = next((kind(part) for part in reversed(parts[:place]) if kind(part) in set("ymdhs")), "")
    behind = next((kind(part) for part in parts[place + 1 :] if kind(part) in set("ymdhs")), "")
    return before == "h" or behind == "s"
