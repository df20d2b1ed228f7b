"""The command that measures: how often the right passage comes first, and how often an answer is rightly given."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from qa.cli.group import cli, library_option
from qa.cli.printing import StatusLine, visible
from qa.config import Settings
from qa.engine import Engine
from qa.errors import JudgedQuestionsError
from qa.evaluation import MEASURES, compare, estimate, measure, require_measures
from qa.readers import read_judged, read_lines, read_run, write_run

__all__ = ["evaluate"]

_RANKED = 50  # passages of each question: as many as the measures look at


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
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
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
    """Measure how often the right passage comes first, on judged questions in BEIR format.

    A FOLDER has corpus.jsonl, queries.jsonl and qrels/test.tsv. A "history" in queries.jsonl is a list of what was said
    before. Without corpus.jsonl the library is asked. Then qrels/test.tsv has ids of its passages or documents; any
    passage of such a document is right.

    Each figure has its 95 % interval. It is compared, question by question, with the retriever's own ranking, or with
    the run that --against names.

    "Refused" is the share of judged questions that were not answered but should have been. "Off topic, yet answered" is
    the share of --off-topic questions that were answered but should not have been. A possible answer does not count as
    answered.
    """
    if len(folders) > 1 and (against or run_path):
        raise click.UsageError("--against and --run work with one FOLDER only.")
    require_measures()
    others = read_lines(off_topic) if off_topic else []
    earlier = read_run(against) if against else None
    settings = Settings.load(library=library)
    reports = [
        _evaluated(folder, settings, sample=sample, off_topic=others, earlier=earlier, worse=worse, run_path=run_path)
        for folder in folders
    ]
    click.echo(json.dumps(reports, indent=2) if as_json else "\n\n".join(map(_report_text, reports)))


def _evaluated(
    folder: Path,
    settings: Settings,
    *,
    sample: int | None,
    off_topic: Sequence[str],
    earlier: Mapping[str, Sequence[str]] | None,
    worse: int,
    run_path: Path | None,
) -> dict[str, Any]:
    """The figures of one folder, as `--json` prints them."""
    judged = read_judged(folder)
    engine = Engine.open(settings) if judged.documents is None else Engine.over(judged.documents, settings)
    document_of = {each.id: entry.id for entry in engine.contents() for each in engine.passages(entry.id)}
    known = document_of.keys() | document_of.values()
    if known.isdisjoint(each for grades in judged.qrels.values() for each in grades):
        raise JudgedQuestionsError(folder, reason="no id in qrels/test.tsv is that of a passage or document here")
    ids = list(judged.questions)
    ids = ids[:: max(1, len(ids) // sample)][:sample] if sample else ids
    qrels = {each: judged.qrels[each] for each in ids}
    ranking: dict[str, list[str]] = {}
    baseline: dict[str, list[str]] = {}
    refused = 0
    with StatusLine() as show:
        for number, each in enumerate(ids):
            question = judged.questions[each]
            show(f"{judged.name}: {number:,} of {len(ids):,} questions asked")
            answer = engine.ask(question, history=judged.history[each], limit=_RANKED)
            refused += not answer.answered
            cited = [*([answer.best] if answer.best else []), *answer.alternatives]
            ranking[each] = _judged_ids([one.passage.id for one in cited], qrels[each], document_of)
            if earlier is None:
                retrieved = [candidate.passage_id for candidate in engine.retrieve(question, limit=_RANKED)]
                baseline[each] = _judged_ids(retrieved, qrels[each], document_of)
    found, compared = measure(ranking, qrels), measure(earlier or baseline, qrels)
    if run_path:
        write_run(run_path, ranking)
    first, first_before = found[MEASURES[0]], compared[MEASURES[0]]
    return {
        "name": judged.name,
        "passages": engine.passage_count,
        "questions": len(ids),
        "compared_with": "the run" if earlier else "plain BM25",
        "measures": {
            name: {**asdict(estimate(list(found[name].values()))), **asdict(compare(found[name], compared[name]))}
            for name in MEASURES
        },
        "refused": refused / len(ids),
        "off_topic_answered": (
            sum(engine.ask(question, limit=0).answered for question in off_topic) / len(off_topic)
            if off_topic
            else None
        ),
        "worse": [
            {"id": each, "question": judged.questions[each], "first": ranking[each][:1], "right": sorted(qrels[each])}
            for each in ids
            if first[each] < first_before[each]
        ][:worse],
    }


def _judged_ids(passages: Sequence[str], grades: Mapping[str, int], document_of: Mapping[str, str]) -> list[str]:
    """The ids of ranked passages as the judgements name them: where it is the document that is judged, its id, once."""
    ids = (each if each in grades or document_of[each] not in grades else document_of[each] for each in passages)
    return list(dict.fromkeys(ids))[:_RANKED]


def _report_text(report: dict[str, Any]) -> str:
    against = report["compared_with"]
    lines = [
        f"{report['name']}: {report['questions']:,} questions, {report['passages']:,} passages",
        f"{'':<10}{'mean':>8}  {'95 % interval':<17}{'against ' + against:>20}  {'95 % interval':<20}better  worse",
    ]
    for name, each in report["measures"].items():
        difference = each["difference"]
        lines.append(
            f"{name:<10}{each['mean']:>8.4f}  {each['low']:.4f} - {each['high']:.4f}"
            f"{difference['mean']:>+20.4f}  {difference['low']:+.4f} to {difference['high']:+.4f}"
            f"{each['better']:>8,}{each['worse']:>7,}"
        )
    lines.append(f"refused although judged   {report['refused']:>7.1%}")
    if report["off_topic_answered"] is not None:
        lines.append(f"off topic, yet answered   {report['off_topic_answered']:>7.1%}")
    for each in report["worse"]:
        lines += [
            f"worse: {visible(each['question'])}",
            f"       first {', '.join(each['first']) or 'nothing'}; right {', '.join(each['right'])}",
        ]
    return "\n".join(lines)
