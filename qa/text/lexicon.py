"""The words that are about language, not about a subject: stop words, abbreviations, spellings."""

from __future__ import annotations

from typing import Literal

__all__ = [
    "ABBREVIATIONS",
    "ADVISING_VERBS",
    "ALL_OPENERS",
    "ALL_WORDS",
    "ASKED_FOR_WORDS",
    "ASKED_KINDS",
    "ASKING_OPENERS",
    "ASKING_PHRASES",
    "BACK_MATTER",
    "CLAUSE_OPENERS",
    "COURTEOUS_OPENERS",
    "CURRENCIES",
    "DEFINED_OPENERS",
    "DEFINING_ENDS",
    "DEFINING_OPENERS",
    "DEFINING_VERBS",
    "DETERMINERS",
    "DRUG_ENDINGS",
    "DUMMY_ADJECTIVES",
    "FRAME_WORDS",
    "GENERIC_VERBS",
    "INTERCHANGEABLE_WORDS",
    "INTRODUCING_OPENERS",
    "LEANING_OPENERS",
    "LEANING_WORDS",
    "LETTER_SPELLINGS",
    "LINKING_WORDS",
    "LISTED_WORDS",
    "MEANING_ENDS",
    "MEANING_OPENERS",
    "MONTHS",
    "MORE_WORDS",
    "NAMING_OPENERS",
    "NUMBER_OPENERS",
    "NUMBER_WORDS",
    "PEOPLE",
    "PERSONAL_PRONOUNS",
    "PHRASAL_VERBS",
    "PLURAL_PRONOUNS",
    "POINTING_HEADINGS",
    "POWER_BASES",
    "PRICE_WORDS",
    "QUESTION_WORDS",
    "REASON_PHRASES",
    "SHORTENED_WORDS",
    "STOP_WORDS",
    "TOKEN_SPELLINGS",
    "WHICH_OPENERS",
    "WORD_SPELLINGS",
    "Kind",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP_WORDS = _words(
    """
    a about above after again against all also although am among an and any are as at be because been before being
    below between both but by can cannot could did do does doing done down due during each either else ever every few
    for from further get gets given had has have having he hence her here hers herself him himself his how however i if
    in into is isn it its itself just let may me might mine more most much must my myself neither no nor not of off on
    once one only or other others our ours ourselves out over own per please same shall she should since so some such
    than that the their theirs them themselves then there these they this those though through thus to too toward
    towards under until up upon us very via was we well were what whatever when whenever where whether which while who
    whom whose why will with within without would yes yet you your yours yourself yourselves
    al eg et ie versus vs
    aren couldn didn doesn don hadn hasn haven isn shouldn wasn weren won wouldn ll re ve
    """
)
"""Dropped from passages and questions alike, in the form that `Analyzer` compares: folded, not stemmed."""

FRAME_WORDS = _words(
    """
    tell know explain describe show find give want wonder wondering like ask asking question answer say says said
    mean means meant kind sort many long often old far big thing things called name named anyone someone something
    anything there here exactly actually really instead true everything summarize summarise
    hi hello hey ok okay dear sir madam thank thanks thx appreciate appreciated grateful kindly pls plz asap fyi btw
    regards sincerely faithfully advise advice inform information info reply suggest suggestion suggestions
    whats thats hows wheres whos theres dont doesnt didnt isnt arent wasnt werent cant couldnt wouldnt shouldnt wont
    hasnt havent hadnt im ive youre youve theyre weve
    """
)
"""Words that frame a question and are not what it is about. They weigh in the ranking but their absence
does not speak against a passage."""

LEANING_WORDS = _words(
    "it its itself they them their theirs themselves he she him her his hers himself herself this these those"
)
"""Words that stand for what was named before, in the question itself or in an earlier one."""

PLURAL_PRONOUNS = _words("they them their theirs themselves these those")
"""Those of them that stand for several."""

PERSONAL_PRONOUNS = _words("he she him her his hers himself herself")
"""Those of them that stand for one person."""

PEOPLE = _words("people patients men women children adults doctors nurses")
"""Words for several people, of which those that end in no "s" tell it by nothing else."""

DETERMINERS = _words("a an my your our one any each every")
"""Words before a thing that was not spoken of before: a later "it" may stand for that."""

DUMMY_ADJECTIVES = _words(
    """
    safe unsafe ok okay fine possible impossible true normal usual unusual typical common rare good bad better worse
    best dangerous risky harmful important necessary essential required advisable recommended advised allowed permitted
    likely unlikely hard difficult easy easier wise worth useful helpful sensible right wrong legal time
    """
)
"""Words behind an "it" that stands for nothing, where "to" or "that" follows: "Is it safe to travel?"."""

ADVISING_VERBS = _words("recommend advise suggest prescribe diagnose test check measure monitor screen")
"""Verbs of which "they" are people in general: "What do they recommend for bone pain?"."""

GENERIC_VERBS = _words(
    """
    take takes taken took taking use uses used using work works worked working give gives given gave giving stop stops
    stopped stopping start starts started starting continue try tried do done go goes going went make makes made making
    happen happens happened help helps helped keep kept end last find found cause caused come came put
    """
)
"""Verbs that name no subject: in "Is it safe to take?" the "it" is what is taken."""

CLAUSE_OPENERS = _words("and or but if when before after because since while until so why")
"""Words that begin a further clause, in which "it" may stand for what the one before it named."""

DEFINING_ENDS = _words("mean means")
"""Ends of short questions that stand alone."""

MORE_WORDS = _words("else more other others another")
"""Words by which a question asks for more than an earlier one was told."""

LEANING_OPENERS = (
    ("and",),
    ("or",),
    ("but",),
    ("also",),
    ("what", "about"),
    ("how", "about"),
    ("what", "else"),
    ("the", "same"),
)
"""Beginnings by which a question leans on an earlier one."""

DEFINING_OPENERS = (
    *(("what", "is"), ("what", "are"), ("who", "is"), ("who", "are"), ("who", "was"), ("who", "were"), ("define",)),
    ("what", "do", "you", "mean", "by"),
)
"""Beginnings of short questions that stand alone: they name what they ask for."""

DEFINED_OPENERS = tuple((word, verb) for word in ("what", "who") for verb in ("is", "are", "was", "were"))
"""Beginnings of questions that ask what a thing is, where nothing but its name follows."""

MEANING_OPENERS = (("what", "does"), ("what", "do"))
MEANING_ENDS = (("mean",), ("stand", "for"))
"""Beginnings and ends of questions that ask what the name between them means."""

DEFINING_VERBS = _words("is are was were means refers describes")
"""Verbs behind the name of a thing by which a text says what it is."""

LINKING_WORDS = _words("is are was were a an the of and or in with to for as by")
"""Stop words of which a name may be made up, with others."""

NUMBER_OPENERS = (
    *(("how", word) for word in ("many", "much", "long", "often", "old", "far", "large", "big", "tall")),
    ("when",),
    *((*opener, word) for opener in (("what",), ("in", "what")) for word in ("year", "date", "percentage", "number")),
)
"""Beginnings of questions that a number answers."""

QUESTION_WORDS = _words("what which who whom whose when where why how")

ASKING_OPENERS = QUESTION_WORDS | _words(
    """
    is are was were am do does did can could should would will may might must has have had isn aren don doesn didn
    shouldn wouldn won whats hows wheres any
    """
)
"""Words that a sentence that asks begins with, whether or not a question mark ends it."""

ASKING_PHRASES = (
    *("want to know", "like to know", "need to know", "wish to know", "wanted to know", "want to find", "let me know"),
    *("wonder", "wondering", "tell me", "explain", "advise", "advice on", "question is", "know if", "know whether"),
    *("looking for", "like to learn", "learn more", "know about", "need help", "information on", "information about"),
    *("find out", "find info", "info on", "info about", "information regarding", "obtain information", "curious"),
)
"""What a sentence says that asks without being a question."""

COURTEOUS_OPENERS = _words(
    """
    hi hello hey dear thanks thank thx cheers regards sincerely yours best greetings sir madam please pls appreciate
    grateful morning afternoon evening ok okay perfect alright
    """
)
"""Words by which a short sentence greets, thanks or takes leave, and names nothing that is asked about."""

INTRODUCING_OPENERS = (
    ("my", "name"),
    ("this", "is"),
    ("i", "am"),
    ("i'm",),
    ("im",),
    ("we", "are"),
    ("it", "is", "me"),
)
"""Beginnings of short sentences that say who is writing."""

Kind = Literal["time", "number", "price", "name", "place", "reason", "definition"]
"""What a question asks for, as far as its opening tells, or that it speaks of a price."""


def _after(openers: str, nouns: str) -> frozenset[str]:
    return frozenset(f"{opener} {noun}" for opener in openers.split() for noun in nouns.split())


ASKED_KINDS: dict[Kind, tuple[frozenset[str], frozenset[str]]] = {
    "time": (_words("when"), _after("what which", "year years date month day century decade")),
    "number": (
        frozenset(),
        _after("how", "many much long often old far large big tall high fast few deep wide")
        | _after("what which", "percentage % number proportion amount age population temperature"),
    ),
    "place": (
        _words("where"),
        _after("what which", "country city state place region location town county continent"),
    ),
    "name": (
        _words("who whom whose"),
        _after("what which", "person man woman people king president author actor player leader name team company")
        | _after("what which", "university group organization"),
    ),
    "reason": (_words("why"), frozenset()),
}
"""By which question word, or which one with the word behind it, each kind is asked for."""

PRICE_WORDS = _words("cost costs price prices fee fees expensive")
"""Words by which a price is asked for."""

CURRENCIES = _words("dollar dollars cents euro euros pounds pence francs rupees usd eur gbp chf")
"""Words that stand with a price, in any case."""

MONTHS = _words("January February March April May June July August September October November December")
"""As they stand in a text, where "May" is not "may"."""

NUMBER_WORDS = _words(
    """
    one two three four five six seven eight nine ten eleven twelve thirteen fifteen twenty thirty forty fifty sixty
    seventy eighty ninety hundred thousand million billion half third quarter twice once dozen first second
    """
)

REASON_PHRASES = (
    *("because", "due to", "in order to", "so that", "as a result", "since", "caused by", "owing", "to avoid"),
    *("therefore", "thus", "reason"),
)
"""Words that announce a reason."""

ALL_OPENERS = (
    ("what", "are", "the"),
    ("what", "are", "all"),
    ("which", "are", "the"),
    ("name", "the"),
    ("name", "all"),
    ("list",),
    ("summary",),
    *((*opener, "overview") for opener in ((), ("an",), ("give", "an"), ("give", "me", "an"))),
)
"""Beginnings of questions that ask for all of something."""

WHICH_OPENERS = (("which",), ("what",))
"""Beginnings of questions that ask for all of something where one of `LISTED_WORDS` follows soon."""

LISTED_WORDS = _words(
    """
    options choices kinds types drugs medicines medications agents treatments therapies effects symptoms causes risks
    complications methods
    """
)
"""What there are several of, and may be asked for all at once."""

NAMING_OPENERS = (("the",), ("a",), ("an",), ("about",), ("what", "is", "the"), ("what", "was", "the"))
"""Beginnings after which a question may name its subject and ask for nothing else."""

ALL_WORDS = _words(
    """
    all list overview summary name give options option choices kinds types available different various possible main
    existing exist used
    """
)
"""Words by which all of something is asked for, and which its title need not hold."""

ASKED_FOR_WORDS = _words("amount date dates number numbers percentage quantity year years")
"""Words by which a question says what kind of thing it asks for, which an answer gives without the word."""

INTERCHANGEABLE_WORDS = (
    ("drug", "medicine", "medication", "treatment", "therapy", "agent"),
    ("efficacy", "effective"),
)
"""Words each of which names the same title as the others with it."""

BACK_MATTER = frozenset(
    {
        *("references", "bibliography", "sources", "literature", "further reading", "see also", "external links"),
        *("acknowledgements", "acknowledgments", "feedback", "additional feedback", "contents", "table of contents"),
        *("conflict of interest", "conflicts of interest", "competing interests", "author contributions"),
        *("funding", "disclaimer", "about the author", "about the authors"),
    }
)
"""Headings, folded, of what is in a document and says nothing of its subject."""

POINTING_HEADINGS = frozenset(
    {
        *("contents", "table of contents", "see also", "further reading", "external links", "related articles"),
        *("related topics", "related pages", "references", "bibliography", "on this page", "in this article"),
        *("list of figures", "list of tables"),
    }
)
"""Headings, folded, of lists that name other places."""

WORD_SPELLINGS = {"percent": "%", "percents": "%", "mcg": "mug", "ug": "mug", "csharp": "c#"}
"""One spelling for words that are written in several ways; "mug" is what becomes of "µg"."""

TOKEN_SPELLINGS = {".net": "dotnet", "w/": "with", "w/o": "without"}
"""The same for what has more than letters."""

PHRASAL_VERBS = {
    "down": ("break", "count", "crack", "lock", "melt", "shut", "slow", "touch"),
    "in": ("check", "log", "opt", "sign"),
    "off": ("cut", "kick", "log", "pay", "sign", "spin", "trade"),
    "on": ("log", "sign"),
    "out": (
        "burn",
        "buy",
        "check",
        "drop",
        "fall",
        "lay",
        "log",
        "opt",
        "print",
        "roll",
        "sign",
        "time",
        "wash",
        "work",
    ),
    "over": ("carry", "hand", "spill", "take", "turn"),
    "through": ("walk",),
    "up": (
        *("back", "build", "check", "clean", "flare", "follow", "line", "make", "mark", "pick", "set", "sign", "speed"),
        *("start", "top", "warm", "work", "write"),
    ),
}
"""Particles with the verbs that they are joined with as often as not: "log in", "log-in" and "login"."""

LETTER_SPELLINGS = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "ω": "omega",
}
"""One spelling for letters that are written out as often as not, inside words too."""

POWER_BASES = _words(
    """
    m mm cm dm km nm pm µm μm ft in yd mi ha s ms min hr sec kg mg ml dl mol sin cos tan log exp chi phi psi rho tau eta
    meter metre meters metres millimeter millimetre millimeters millimetres centimeter centimetre centimeters
    centimetres kilometer kilometre kilometers kilometres micrometer micrometre inch inches foot feet yard yards mile
    miles second seconds minute minutes hour hours sinh cosh tanh alpha beta gamma delta epsilon zeta theta kappa lambda
    sigma omega height radius length width diameter distance velocity speed time
    """
)
"""Words, in small letters, behind which a raised number is a power and no reference marker."""

ABBREVIATIONS = _words(
    """
    a.k.a a.m al approx apr assn assoc aug ave bros c.f.r ca capt cf ch cmdr co contd corp d.c dec dept dr e.g e.u ed
    eds eg eq equiv esp esq est et etc ex excl f.3d f.supp feb fig figs gov govt hon i.e ibid ie inc incl intl jan jr
    jul jun lt ltd mar messrs mlle mme mr mrs ms mt n.b n.y natl nov nr oct op p.m p.o para paras ph.d pp prof ref refs
    resp sched seq sgt sec sen sep sept spp sr st ste subsp supp suppl tab u.k u.n u.s u.s.c v viz vol vols vs
    """
)
"""Words that end in a full stop without ending a sentence, as Punkt wants them: folded, without the last stop."""

SHORTENED_WORDS = _words(
    """
    Adm Admin Agric Amend Amer Ann Appx Art Arts Bd Bull Cal Cap Cir Civ Cl Clin Col Colo Comm Cong Conn Const Crim Ct
    Del Dist Div Doc Docs Evid Exh Fed Fla Gen Ill Ind Inst Int Kan Maj Mass Med Mich Minn Misc Okla Ont Pa Par Proc
    Prop Pt Pub Reg Regs Rep Res Rev Secs Sess Stat Surg Tenn Tex Tit Treas Univ Wash Wis
    """
)
"""Words that are short for another where they have a capital and a full stop, and a name or number stands behind: in
laws, journals, titles and names of states. In small letters most are words that may end a sentence."""

DRUG_ENDINGS = _words(
    """
    abine afil apine arabine asone asteride azepam azole azoline barbital bine buvir caine cept ciclib ciclovir cillin
    conazole coxib cycline dipine domide dotin dronate fenac fibrate floxacin formin gatran gene gliflozin gliptin
    glitazone grastim grel imus isone kinra leucel limus lib lukast mab mib micin mycin navir nexor nib olol olone
    oxetine oxicam parib parin peridone pril profen quine rafenib rixafor rubicin sartan semide setron sone statin stat
    tansine taxel tecan tegravir tide tidine toclax trexate triptan triptyline tropium vir xaban zosin
    """
)
"""Ends of generic names of drugs, after the common stems of the World Health Organization: they tell such a name."""
