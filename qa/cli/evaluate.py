"""The command that measures: how often the right passage comes first, what people get, and how sure that is."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from qa.cli.group import cli, library_option
from qa.cli.printing import OUTCOMES, StatusLine, count_of, visible
from qa.cli.progress import ProgressLine
from qa.config import Settings
from qa.engine import Engine
from qa.errors import JudgedQuestionsError
from qa.evaluation import (
    MEASURES,
    Comparison,
    Estimate,
    Reliability,
    Reply,
    compare,
    estimate,
    false_answers,
    measure,
    reliability,
    require_measures,
    shares,
)
from qa.library.adding import Progress
from qa.model import Answer
from qa.readers import JudgedQuestions, read_judged, read_lines, read_run, write_run

__all__ = ["evaluate"]

_RANKED = 50  # passages of each question: as many as the measures look at

_SHARES = {
    "right_first": "right first",
    "answered_right": f"{OUTCOMES['answered']}, right",
    "possible_right": f"{OUTCOMES['possible']}, right",
    "answered_wrong": f"{OUTCOMES['answered']}, wrong",
    "possible_wrong": f"{OUTCOMES['possible']}, wrong",
    "refused_right": "refused, though right first",
    "refused": "refused, all",
    "precision": "right, of the answered",
}
"""What `shares` gives, in words."""

_FALSE = {"answered": "off topic, yet answered", "possible": "off topic, yet possible"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """A measure of the ranking: its mean and interval, and how that compares with another ranking."""

    mean: float
    low: float
    high: float
    difference: Estimate
    better: int
    worse: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _OffTopic:
    """How many questions were asked that have no answer, and the shares of them that got one."""

    questions: int
    shares: Mapping[str, Estimate | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    """The questions with a history, asked with it and without; `gain` is that of the history, in right first."""

    questions: int
    with_history: Mapping[str, Estimate | None]
    without_history: Mapping[str, Estimate | None]
    gain: Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worse:
    """A question whose first passage got worse: what is first now, and what is right."""

    id: str
    question: str
    first: Sequence[str]
    right: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """The figures of one folder, as `--json` prints them. `encoded` is how many of the passages have vectors of the
    encoder, which is None where there is none or meaning is off; where it is 0, words alone ranked."""

    name: str
    passages: int
    questions: int
    compared_with: str
    measures: Mapping[str, _Measured]
    outcomes: Mapping[str, Estimate | None]
    off_topic: _OffTopic | None
    reliability: Reliability
    history: _History | None
    worse: Sequence[_Worse]
    encoder: str | None
    encoded: int


@cli.command("eval")
@click.argument("folders", nargs=-1, required=True, metavar="FOLDER...", type=click.Path(path_type=Path))
@click.option(
    "--sample", type=click.IntRange(1), help="Ask only this many of the questions, evenly spaced. Default: all."
)
@click.option(
    "--off-topic", type=click.Path(path_type=Path), help="File with one question per line that must not be answered."
)
@click.option("--against", type=click.Path(path_type=Path), help="Compare with this run, not with plain BM25.")
@click.option(
    "--worse", type=click.IntRange(0), default=0, help="Show up to this many questions whose first passage got worse."
)
@click.option(
    "--run", "run_path", type=click.Path(path_type=Path), help="Write the ranking to this file in TREC format."
)
@library_option
@click.option("--json", "as_json", is_flag=True, help="Print all figures as one JSON object.")
def evaluate(
    folders: tuple[Path, ...],
    sample: int | None,
    off_topic: Path | None,
    against: Path | None,
    worse: int,
    run_path: Path | None,
    library: Path | None,
    as_json: bool,
) -> None:
    """Measure how often the right passage comes first and what people get, on judged questions in BEIR's form.

    A FOLDER holds corpus.jsonl, queries.jsonl and qrels/test.tsv. Without corpus.jsonl the questions are asked of the
    library. Then qrels/test.tsv has ids of its passages or documents; of a document any passage is right.

    A "history" in queries.jsonl lists what the person said before, oldest first: texts, or objects with a "role" and a
    "text", of which those of the role "user" count. Such questions are also asked without it. Where a line names its
    "conversation" and "turn" too, answers and later turns in the history are left out.

    The ranking is compared, question by question, with plain BM25 or with a run that was written before. Then come the
    shares of questions by outcome, and whether the first passage is right. "Refused" means that nothing is found. For
    --off-topic each answer is a false one. Each mean and share has its 95 % interval.

    The last table shows whether the confidence can be relied on: of questions with a confidence of about 0.8, about 80
    % should be right. The calibration error is the mean distance from that.

    Passages of corpus.jsonl are encoded first, unless PINCITE_MEANING is off. A library is asked with the vectors that
    it has. The end says whether meaning was used.
    """
    if len(folders) > 1 and (against or run_path):
        raise click.UsageError("--against and --run work with one FOLDER only.")
    require_measures()
    others = read_lines(off_topic) if off_topic else None
    earlier = read_run(against) if against else None
    settings = Settings.load(library=library)
    reports = [
        _evaluated(folder, settings, sample=sample, off_topic=others, earlier=earlier, worse=worse, run_path=run_path)
        for folder in folders
    ]
    if as_json:
        click.echo(json.dumps({"sets": [asdict(report) for report in reports]}, indent=2))
    else:
        click.echo("\n\n".join("\n".join(_report_lines(report, settings)) for report in reports))


def _evaluated(
    folder: Path,
    settings: Settings,
    *,
    sample: int | None,
    off_topic: Sequence[str] | None,
    earlier: Mapping[str, Sequence[str]] | None,
    worse: int,
    run_path: Path | None,
) -> _Report:
    """The figures of one folder."""
    judged = read_judged(folder)
    engine = _engine(judged, settings)
    document_of = {each.id: entry.id for entry in engine.contents() for each in engine.passages(entry.id)}
    known = document_of.keys() | document_of.values()
    if known.isdisjoint(each for grades in judged.qrels.values() for each in grades):
        raise JudgedQuestionsError(folder, reason="no id in qrels/test.tsv is that of a passage or document here")
    if judged.documents is not None:
        _encode(engine)
    ids = list(judged.questions)
    ids = ids[:: max(1, len(ids) // sample)][:sample] if sample else ids
    qrels = {each: judged.qrels[each] for each in ids}
    ranking: dict[str, list[str]] = {}
    baseline: dict[str, list[str]] = {}
    replies: dict[str, Reply] = {}
    alone: dict[str, Reply] = {}  # of the questions with a history, without it
    with StatusLine() as show:
        for number, each in enumerate(ids):
            question, history, grades = judged.questions[each], judged.history[each], qrels[each]
            show(f"{judged.name}: {number:,} of {len(ids):,} questions asked")
            answer = engine.ask(question, history=history, limit=_RANKED)
            ranking[each] = _judged_ids(_ranked_ids(answer), grades, document_of)
            replies[each] = _reply(answer, ranking[each], grades)
            if history:
                answer = engine.ask(question, limit=1)
                alone[each] = _reply(answer, _judged_ids(_ranked_ids(answer), grades, document_of), grades)
            if earlier is None:
                retrieved = (candidate.passage_id for candidate in engine.retrieve(question, limit=_RANKED))
                baseline[each] = _judged_ids(retrieved, grades, document_of)
    found, compared = measure(ranking, qrels), measure(baseline if earlier is None else earlier, qrels)
    if run_path:
        write_run(run_path, ranking)
    first, first_before = found[MEASURES[0]], compared[MEASURES[0]]
    return _Report(
        name=judged.name,
        passages=engine.passage_count,
        questions=len(ids),
        compared_with="plain BM25" if earlier is None else "the run",
        measures={name: _measured(found[name], compared[name]) for name in MEASURES},
        outcomes=shares(list(replies.values())),
        off_topic=None if off_topic is None else _off_topic(off_topic, engine),
        reliability=reliability(list(replies.values())),
        history=_history(replies, alone) if alone else None,
        worse=[
            _Worse(id=each, question=judged.questions[each], first=ranking[each][:1], right=sorted(qrels[each]))
            for each in ids
            if first[each] < first_before[each]
        ][:worse],
        encoder=engine.encoder,
        encoded=engine.encoded_count,
    )


def _engine(judged: JudgedQuestions, settings: Settings) -> Engine:
    """What is asked: the passages that come with the questions, or the library."""
    return Engine.open(settings) if judged.documents is None else Engine.over(judged.documents, settings)


def _encode(engine: Engine) -> None:
    """Make the vectors of passages in memory, and show how far that is; nothing where meaning is off."""
    with ProgressLine() as line:
        engine.encode(on_passages=lambda done, total: line.show(Progress(step="encoding", done=done, total=total)))


def _ranked_ids(answer: Answer) -> list[str]:
    """The ids of an answer's passages, best first; where nothing is found, of the nearest ones."""
    return [each.passage.id for each in [*([answer.best] if answer.best else []), *answer.alternatives]]


def _reply(answer: Answer, ranked: Sequence[str], grades: Mapping[str, int]) -> Reply:
    return Reply(
        outcome=answer.outcome, confidence=answer.confidence, is_right=any(each in grades for each in ranked[:1])
    )


def _judged_ids(passages: Iterable[str], grades: Mapping[str, int], document_of: Mapping[str, str]) -> list[str]:
    """The ids of ranked passages as the judgements name them: where it is the document that is judged, its id, once."""
    ids = (each if each in grades or document_of[each] not in grades else document_of[each] for each in passages)
    return list(dict.fromkeys(ids))[:_RANKED]


def _measured(values: Mapping[str, float], others: Mapping[str, float]) -> _Measured:
    mean, compared = estimate(list(values.values())), compare(values, others)
    return _Measured(
        mean=mean.mean,
        low=mean.low,
        high=mean.high,
        difference=compared.difference,
        better=compared.better,
        worse=compared.worse,
    )


def _off_topic(questions: Sequence[str], engine: Engine) -> _OffTopic:
    outcomes = [engine.ask(question, limit=0).outcome for question in questions]
    return _OffTopic(questions=len(questions), shares=false_answers(outcomes))


def _history(replies: Mapping[str, Reply], alone: Mapping[str, Reply]) -> _History:
    """What a history does for the questions that have one: those in `alone`, where they were asked without it."""
    return _History(
        questions=len(alone),
        with_history=shares([replies[each] for each in alone]),
        without_history=shares(list(alone.values())),
        gain=compare(
            {each: float(replies[each].is_right) for each in alone},
            {each: float(reply.is_right) for each, reply in alone.items()},
        ),
    )


def _report_lines(report: _Report, settings: Settings) -> list[str]:
    """The figures as a person reads them."""
    return [
        f"{report.name}: {count_of(report.questions, 'question')}, {count_of(report.passages, 'passage')}",
        *_measure_lines(report),
        "",
        *_share_lines(report),
        *(_history_lines(report.history) if report.history else []),
        "",
        *_reliability_lines(report.reliability),
        "",
        *_worse_lines(report.worse),
        _meaning_line(report, settings),
    ]


def _measure_lines(report: _Report) -> list[str]:
    against = f"against {report.compared_with}"
    lines = [f"{'':<10}{'mean':>8}  {'95 % interval':<17}{against:>20}  {'95 % interval':<20}better  worse"]
    for name, each in report.measures.items():
        difference = each.difference
        lines.append(
            f"{name:<10}{each.mean:>8.4f}  {each.low:.4f} - {each.high:.4f}"
            f"{difference.mean:>+20.4f}  {difference.low:+.4f} to {difference.high:+.4f}"
            f"{each.better:>8,}{each.worse:>7,}"
        )
    return lines


def _share_lines(report: _Report) -> list[str]:
    lines = [f"{'':<28}{'share':>8}  95 % interval"]
    lines += [f"{words:<28}{_share_text(report.outcomes[name])}" for name, words in _SHARES.items()]
    if report.off_topic:
        lines += [f"{words:<28}{_share_text(report.off_topic.shares[name])}" for name, words in _FALSE.items()]
    return lines


def _history_lines(history: _History) -> list[str]:
    gain = history.gain.difference
    lines = [
        "",
        f"{count_of(history.questions, 'question')} with a history",
        f"{'':<28}{'with it':>8}  {'95 % interval':<18}{'without':>8}  95 % interval",
    ]
    lines += [
        f"{words:<28}{_share_text(history.with_history[name]):<28}{_share_text(history.without_history[name])}"
        for name, words in _SHARES.items()
    ]
    return [*lines, f"{'right first, gained by it':<28}{gain.mean:>+8.1%}  {gain.low:+.1%} to {gain.high:+.1%}"]


def _reliability_lines(found: Reliability) -> list[str]:
    lines = [f"{'confidence':<12}{'questions':>10}{'mean confidence':>18}{'right first':>14}"]
    for each in found.bins:
        name = f"{each.low:.1f} - {each.high:.1f}"
        if each.mean_confidence is None or each.right is None:
            lines.append(f"{name:<12}{each.count:>10,}{'-':>18}{'-':>14}")
        else:
            lines.append(f"{name:<12}{each.count:>10,}{each.mean_confidence:>18.4f}{each.right:>14.1%}")
    error = "-" if found.error is None else f"{found.error:.4f}"
    return [*lines, f"expected calibration error {error:>13}"]


def _worse_lines(worse: Sequence[_Worse]) -> list[str]:
    lines = []
    for each in worse:
        first, right = ", ".join(each.first) or "nothing", ", ".join(each.right)
        lines += [f"worse: {visible(each.question)}", f"       first {visible(first)}; right {visible(right)}"]
    return lines


def _meaning_line(report: _Report, settings: Settings) -> str:
    """Whether the passages were found by their meaning too, and if not, why."""
    if report.encoder is None:
        why = "meaning is off" if settings.meaning == "off" else "the encoder is not installed"
        return f"Passages were found by their words alone: {why}."
    if not report.encoded:
        library = f" --library {shlex.quote(visible(str(settings.library)))}" if settings.library else ""
        return (
            "Passages were found by their words alone: they have no vectors. "
            f"Make them with: pincite index --vectors{library}"
        )
    if report.encoded < report.passages:
        part = f"{report.encoded:,} of {count_of(report.passages, 'passage')}"
        return f"{part} were found by their meaning too, by the encoder {report.encoder}; the others by words alone."
    return f"Passages were found by their words and by their meaning, by the encoder {report.encoder}."


def _share_text(share: Estimate | None) -> str:
    return f"{'-':>8}" if share is None else f"{share.mean:>8.1%}  {share.low:.1%} - {share.high:.1%}"
