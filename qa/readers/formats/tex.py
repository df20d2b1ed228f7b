"""Formulas in TeX, as Markdown has them between dollars, in a line: `\\frac{1}{2} x^{2}` is `1/2 x²`."""

from __future__ import annotations

import re

from qa.readers.formats.scripts import accented, fraction, limits, raised_to, root

__all__ = ["in_a_line"]

_LONGEST = 2000  # characters
_DEEPEST = 30  # groups within one another
_TOKEN = re.compile(r"\\(?:[A-Za-z]{1,30}\*?|.)|[{}^_&~]|[ \t\n]+|[^\\{}^_&~ \t\n]", re.DOTALL)

_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi"
    " omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega varepsilon vartheta varphi varrho varsigma"
)
_GREEK = dict(zip(_GREEK_NAMES.split(), "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩεϑφϱς", strict=True))
_SIGNS = {
    "times": "×", "cdot": "·", "pm": "±", "mp": "∓", "div": "÷", "ast": "*", "star": "⋆", "circ": "∘", "bullet": "•",
    "le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "ll": "≪", "gg": "≫", "ne": "≠",
    "neq": "≠", "approx": "≈", "sim": "∼", "simeq": "≃", "cong": "≅", "equiv": "≡", "propto": "∝", "to": "→",
    "rightarrow": "→", "longrightarrow": "→", "leftarrow": "←", "leftrightarrow": "↔", "Rightarrow": "⇒",
    "Leftrightarrow": "⇔", "mapsto": "↦", "uparrow": "↑", "downarrow": "↓", "sum": "∑", "prod": "∏", "int": "∫",
    "partial": "∂", "nabla": "∇", "infty": "∞", "in": "∈", "notin": "∉", "subset": "⊂", "subseteq": "⊆", "cup": "∪",
    "cap": "∩", "emptyset": "∅", "forall": "∀", "exists": "∃", "neg": "¬", "land": "∧", "wedge": "∧", "lor": "∨",
    "vee": "∨", "mid": "|", "vert": "|", "degree": "°", "ell": "ℓ", "hbar": "ℏ", "prime": "′", "ldots": "…",
    "dots": "…", "cdots": "…", "langle": "⟨", "rangle": "⟩", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉",
    "perp": "⊥", "parallel": "∥", "oplus": "⊕", "otimes": "⊗", "setminus": "∖", "colon": ":", "lbrace": "{",
    "rbrace": "}", "quad": " ", "qquad": " ", ",": " ", ";": " ", ":": " ", "!": "", " ": " ", "%": "%", "$": "$",
    "#": "#", "&": "&", "_": "_", "{": "{", "}": "}", "|": "‖", "\\": "; ",
    "left": "", "right": "", "big": "", "Big": "", "bigl": "", "bigr": "", "Bigl": "", "Bigr": "", "displaystyle": "",
    "limits": "", "nolimits": "",
}  # fmt: skip
_FUNCTIONS = "log ln lg exp sin cos tan cot sec csc sinh cosh tanh max min lim sup inf det dim arg gcd Pr"
_LOOKS = (
    "text textrm textbf textit mathrm mathbf mathit mathsf mathtt mathcal mathbb mathfrak operatorname boldsymbol bm"
    " underline mbox hbox"
)
_NAMES, _OF_LOOKS = frozenset(_FUNCTIONS.split()), frozenset(_LOOKS.split())
_MARKS = {
    **dict.fromkeys(("hat", "widehat"), "\u0302"),
    **dict.fromkeys(("bar", "overline"), "\u0304"),
    **dict.fromkeys(("tilde", "widetilde"), "\u0303"),
    "vec": "\u20d7",
    "dot": "\u0307",
    "ddot": "\u0308",
}
_FRACTIONS = frozenset({"frac", "dfrac", "tfrac", "cfrac"})


class _UnknownError(Exception):
    """Something that cannot be written in a line."""


def in_a_line(formula: str) -> str | None:
    """A formula in a line; None for one that has what is not known here, as matrices.

    >>> in_a_line(r"E = mc^2"), in_a_line(r"\\frac{140 - age}{72} \\le 10^{-3}")
    ('E = mc²', '(140 - age)/72 ≤ 10⁻³')
    >>> in_a_line(r"\\begin{pmatrix} a \\end{pmatrix}") is None
    True
    """
    if len(formula) > _LONGEST:
        return None
    try:
        return " ".join(_Formula(_TOKEN.findall(formula)).sequence(0).split())
    except _UnknownError:
        return None


class _Formula:
    """The pieces of a formula, which are taken one by one."""

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces
        self._place = 0

    def sequence(self, depth: int, end: str = "") -> str:
        """What stands up to an end, written in a line."""
        if depth > _DEEPEST:
            raise _UnknownError
        written: list[str] = []
        while self._place < len(self._pieces):
            piece = self._take()
            if piece == end:
                return "".join(written)
            if piece in "^_":
                base = written.pop() if written else ""
                written.append(self._with_limits(piece, base, depth))
            else:
                written.append(self._one(piece, depth))
        if end:
            raise _UnknownError
        return "".join(written)

    def _take(self) -> str:
        if self._place >= len(self._pieces):
            raise _UnknownError
        self._place += 1
        return self._pieces[self._place - 1]

    def _argument(self, depth: int) -> str:
        """The next group or letter, or what a command makes of its own argument."""
        if depth > _DEEPEST:
            raise _UnknownError
        piece = self._take()
        while piece.isspace():
            piece = self._take()
        return self._one(piece, depth + 1)

    def _one(self, piece: str, depth: int) -> str:
        if piece == "{":
            return self.sequence(depth + 1, "}")
        if piece in {"}", "^", "_"}:
            raise _UnknownError
        if piece in {"&", "~"}:
            return " "
        return self._command(piece[1:], depth) if piece[0] == "\\" else piece

    def _command(self, name: str, depth: int) -> str:
        if name in _GREEK:
            return _GREEK[name]
        if name in _SIGNS:
            return _SIGNS[name]
        if name.rstrip("*") in _OF_LOOKS:
            return self._argument(depth)
        if name in _MARKS:
            return accented(self._argument(depth), _MARKS[name])
        if name in _FRACTIONS:
            above = self._argument(depth)
            return fraction(above, self._argument(depth))
        if name == "sqrt":
            degree = ""
            if self._place < len(self._pieces) and self._pieces[self._place] == "[":
                self._place += 1
                degree = self.sequence(depth + 1, "]")
            return root(self._argument(depth), degree)
        if name in _NAMES:
            follows = self._pieces[self._place] if self._place < len(self._pieces) else ""
            return f"{name} " if follows[:1].isspace() else name
        raise _UnknownError

    def _with_limits(self, first: str, base: str, depth: int) -> str:
        """A base with its index, its power, or both."""
        given = {first: self._argument(depth)}
        if self._place < len(self._pieces) and self._pieces[self._place] in "^_" and self._pieces[self._place] != first:
            second = self._take()
            given[second] = self._argument(depth)
        above, below = given.get("^", ""), given.get("_", "")
        if above == "∘" and not below:
            return f"{base}°"
        return limits(base, below, above) if below else raised_to(base, above)
