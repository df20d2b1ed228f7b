"""Imports go one way, each thing is done in one place only, and importing does no work.

The order of the layers here is the one that `qa/README.md` draws.
"""

from __future__ import annotations

import ast
import copy
import importlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pincite
import qa
import web

ROOT = Path(__file__).resolve().parent.parent

LAYERS = (
    {"qa.errors", "qa.model"},
    {"qa.config", "qa.feedback", "qa.limits", "qa.text"},
    {"qa.asking", "qa.encoders", "qa.retrievers", "qa.wire"},
    {"qa.ranking", "qa.readers.references"},
    {"qa.readers.formats"},
    {"qa.readers.sandbox"},
    {"qa.readers"},
    {"qa.library"},
    {"qa.citations.styles"},
    {"qa.citations", "qa.evaluation"},
    {"qa.answering"},
    {"qa.engine"},
    {"qa"},
    {"qa.cli"},
    {"pincite"},
    {"web.addresses", "web.networks", "web.origins", "web.remembering", "web.texts", "web.watching"},
    {"web.answers"},
    {"web.languages", "web.metrics"},
    {"web.access", "web.problem_texts", "web.pages", "web.widget"},
    {"web.freshness", "web.problems"},
    {"web.managing", "web.plugs"},
    {"web.openapi"},
    {"web.api"},
    {"web.app"},
    {"web", "web.service"},
    {"web.command"},
)
"""From the lowest; a module imports from layers below its own and, inside a folder, from the modules beside it."""

FOLDERS = {
    name for names in LAYERS for name in names if (Path(__file__).parent.parent / name.replace(".", "/")).is_dir()
} - {"qa", "web"}
FOLDERS |= {"pincite"}  # which stands in web/clients

OPEN_TO_WEB = {"qa", "qa.errors", "qa.model", "qa.citations.styles", "qa.wire"}
OPEN_TO_THE_COMMAND = OPEN_TO_WEB | {"qa.cli"}

TOUCH_FILES = {"qa.config", "qa.encoders.files", "qa.feedback", "qa.library", "qa.readers", "qa.retrievers.files"}
TOUCH_FILES |= {"qa.evaluation.peers", "qa.evaluation.contest"}  # the indexes of other engines
SAVE_AND_LOAD = {"qa.text.arrays": {"save", "load"}}

ASKS_A_CLUSTER = "qa.retrievers.cluster"

OF_FRAMEWORKS = {"pincite.haystack", "pincite.langchain", "pincite.llamaindex"}
"""These need what is not always installed."""

MODULES = {
    name: importlib.import_module(name)
    for package in (pincite, qa, web)
    for name in [
        package.__name__,
        *(module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")),
    ]
    if name not in OF_FRAMEWORKS
}
TREES = {name: ast.parse(Path(str(module.__file__)).read_text("utf-8")) for name, module in MODULES.items()}


def unit(module: str) -> str:
    """The part of the architecture that a module belongs to: itself, or the innermost folder that it is in."""
    inside = [folder for folder in FOLDERS if module == folder or module.startswith(folder + ".")]
    return max(inside, key=len, default=module)


def layer(module: str) -> int:
    [found] = [number for number, names in enumerate(LAYERS) if unit(module) in names]
    return found


def imports(tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """Every module that is imported anywhere in a module, with the names taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((each.name, []) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name their module in full"
            names = [each.name for each in node.names]
            inner = [f"{node.module}.{name}" for name in names if f"{node.module}.{name}" in MODULES]
            yield from ((name, []) for name in inner)
            if len(inner) < len(names):
                yield str(node.module), [name for name in names if f"{node.module}.{name}" not in MODULES]


def ours(tree: ast.AST) -> list[tuple[str, list[str]]]:
    return [(module, names) for module, names in imports(tree) if module.split(".")[0] in ("pincite", "qa", "web")]


# One direction


def test_every_module_has_its_place() -> None:
    placed = set().union(*LAYERS)
    assert {unit(module) for module in MODULES} == placed
    assert sum(len(names) for names in LAYERS) == len(placed)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_from_below_only(module: str) -> None:
    for imported, _ in ours(TREES[module]):
        assert layer(imported) < layer(module) or unit(imported) == unit(module) in FOLDERS, imported


def test_no_two_folders_import_each_other() -> None:
    """The layers say so too; this looks at folders as a newcomer sees them, with all that lies in them."""

    def room(module: str) -> str:
        return ".".join(module.split(".")[:2]) if module.startswith(("qa.", "web.")) else module.split(".")[0]

    arrows = {
        (room(module), room(imported))
        for module in MODULES
        for imported, _ in ours(TREES[module])
        if not {module, imported} & {"qa", "web"} and room(module) != room(imported)
    }
    assert {(one, other) for one, other in arrows if (other, one) in arrows} == set()


def test_modules_of_a_folder_do_not_import_one_another_in_a_circle() -> None:
    graph = {module: {imported for imported, _ in ours(TREES[module])} & set(MODULES) for module in MODULES}
    done: set[str] = set()
    while ready := {module for module, needed in graph.items() if module not in done and needed <= done}:
        done |= ready
    assert set(MODULES) - done == set()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_takes_only_what_another_offers(module: str) -> None:
    for imported, names in ours(TREES[module]):
        assert imported in MODULES
        assert set(names) <= set(MODULES[imported].__all__), imported


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("web")])
def test_the_web_sees_the_public_face_the_errors_the_nouns_the_wire_form_and_the_styles_alone(module: str) -> None:
    seen = {imported for imported, _ in ours(TREES[module]) if imported.startswith("qa")}
    assert seen <= (OPEN_TO_THE_COMMAND if module == "web.command" else OPEN_TO_WEB)


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("pincite")])
def test_the_clients_see_the_nouns_and_the_wire_form_alone_and_no_server(module: str) -> None:
    seen = {imported for imported, _ in ours(TREES[module]) if not imported.startswith("pincite")}
    assert seen <= {"qa.model", "qa.wire"}
    assert {imported.split(".")[0] for imported, _ in imports(TREES[module])} & {
        "flask",
        "werkzeug",
        "httptools",
    } == set()


@pytest.mark.parametrize("module", sorted(OF_FRAMEWORKS))
def test_a_retriever_for_a_framework_sees_that_framework_and_what_all_of_them_share(module: str) -> None:
    tree = ast.parse((Path(pincite.__path__[0]) / f"{module.split('.')[1]}.py").read_text("utf-8"))
    framework = {"haystack": "haystack", "langchain": "langchain_core", "llamaindex": "llama_index"}
    seen = {imported.split(".")[0] for imported, _ in imports(tree)} - {"__future__", "typing"}
    assert seen == {"pincite", framework[module.split(".")[1]]}
    assert {imported for imported, _ in ours(tree)} == {"pincite.retrieving"}


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("qa")])
def test_the_engine_knows_nothing_of_http(module: str) -> None:
    above = {"flask", "werkzeug", "httptools", "jinja2", "http", "urllib", "socket", "web", "requests"}
    above -= {"socket"} if module == ASKS_A_CLUSTER else set()  # which sets when a connection counts as lost
    assert {imported.split(".")[0] for imported, _ in imports(TREES[module])} & above == set()


# One place for each thing

FILE_MODULES = {"glob", "io", "os", "shutil", "sqlite3", "tempfile"}
FILE_CALLS = {
    *("chmod", "exists", "glob", "is_dir", "is_file", "iterdir", "lstat", "mkdir", "open", "read_bytes", "read_text"),
    *("rename", "rglob", "rmdir", "savez", "stat", "symlink_to", "touch", "unlink", "write_bytes", "write_text"),
}

OWN_FILES = {"Engine.open", "tantivy.Index.open"}
"""The library opens its files, and tantivy its own."""


def file_uses(tree: ast.AST) -> list[str]:
    """Where a module imports what reaches files or the environment, or calls it."""
    found = [
        f"import {module}"
        for module, names in imports(tree)
        if module.split(".")[0] in FILE_MODULES and names != ["get_terminal_size"]
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            is_file_call = isinstance(node.func, ast.Attribute) and node.func.attr in FILE_CALLS
            if called == "open" or (is_file_call and called not in OWN_FILES):
                found.append(f"{called} in line {node.lineno}")
    return found


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("qa")])
def test_only_readers_library_and_config_touch_files_or_the_environment(module: str) -> None:
    tree = copy.deepcopy(TREES[module])
    if module in SAVE_AND_LOAD:
        tree.body = [each for each in tree.body if getattr(each, "name", "") not in SAVE_AND_LOAD[module]]
    if not any(module == each or module.startswith(f"{each}.") for each in TOUCH_FILES):
        assert file_uses(tree) == []


def test_touching_a_file_would_be_noticed() -> None:
    touching = ("qa.readers.files", "qa.library.folder", "qa.config")
    assert [bool(file_uses(TREES[module])) for module in touching] == [True] * 3
    assert file_uses(ast.parse("path.read_text('utf-8')")) == ["path.read_text in line 1"]
    assert file_uses(ast.parse("open('x')")) == ["open in line 1"]
    assert file_uses(ast.parse("def f():\n    import os.path")) == ["import os.path"]


LOGGING = {"web.service.listening", "web.service.serving", "web.watching.logs"}
"""The server, which has nobody to tell of its own faults, and the module that writes the log."""


def printed(tree: ast.AST) -> list[str]:
    """Where a module writes to the terminal or a log."""
    found = [
        f"import {module}" for module, _ in imports(tree) if module.split(".")[0] in ("click", "logging", "warnings")
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in ("print", "input", "breakpoint"):
            found.append(f"{node.id} in line {node.lineno}")
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in ("sys.stdout", "sys.stderr", "sys.exit"):
            found.append(f"{ast.unparse(node)} in line {node.lineno}")
    return found


@pytest.mark.parametrize(
    "module",
    [module for module in MODULES if unit(module) != "qa.cli" and module not in {"web.command", *LOGGING}],
)
def test_only_the_command_line_prints(module: str) -> None:
    assert printed(TREES[module]) == []


def test_printing_would_be_noticed() -> None:
    assert printed(TREES["qa.cli.group"])
    assert printed(ast.parse("print(1)")) == ["print in line 1"]


# The public names


def sorting_key(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, each by name: the order that ruff keeps."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("module", MODULES)
def test_what_a_module_offers_is_listed_sorted_and_there(module: str) -> None:
    offered = MODULES[module].__all__
    assert list(offered) == sorted(offered, key=sorting_key)
    assert len(set(offered)) == len(offered)
    assert [name for name in offered if not hasattr(MODULES[module], name)] == []


def test_the_public_face_is_four_names() -> None:
    assert qa.__all__ == ["Engine", "Progress", "QAError", "Settings"]
    assert sorted(qa.__all__) == sorted(qa._HOMES)
    assert [getattr(qa, name).__module__ for name in qa.__all__] == list(qa._HOMES.values())
    with pytest.raises(AttributeError, match=r"^module 'qa' has no attribute 'Index'$"):
        _ = qa.Index


def test_the_public_face_loads_nothing_that_is_not_asked_for() -> None:
    loaded, _ = imported("qa")
    assert loaded & {"numpy", "pydantic", "rank_bm25", "sqlite3"} == set()


# Importing does no work

IMPORT = """
import json, sys

touched = []

def audit(event, arguments):
    if event in ("sqlite3.connect", "socket.__new__", "subprocess.Popen", "os.system", "_thread.start_new_thread"):
        touched.append(event)
    elif event == "open" and not str(arguments[0]).endswith((".py", ".pyc")):
        touched.append(str(arguments[0]))

sys.addaudithook(audit)
__import__(sys.argv[1])
loaded = sorted({name.split(".")[0] for name in sys.modules})
print(json.dumps([loaded, [each for each in touched if "/" not in each or each.startswith(sys.argv[2])]]))
"""


def imported(module: str) -> tuple[set[str], list[str]]:
    """The packages that importing a module loads, and the files of the checkout and the services that it touches."""
    command = [sys.executable, "-c", IMPORT, module, str(ROOT)]
    places = [str(ROOT / "web" / "clients"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    loaded, touched = json.loads(ran.stdout)
    installed = (sys.prefix, str(Path(sys.prefix).resolve()))
    return set(loaded), [each for each in touched if not each.startswith(installed)]


def test_importing_the_engine_loads_no_web_and_opens_nothing() -> None:
    loaded, touched = imported("qa.engine")
    assert {"qa", "rank_bm25"} <= loaded
    assert loaded & {"flask", "werkzeug", "httptools", "jinja2", "click", "web", "pytest"} == set()
    assert touched == []


def test_importing_the_clients_loads_neither_http_nor_the_engine() -> None:
    loaded, _ = imported("pincite")
    assert loaded & {"flask", "httpx2", "numpy", "pydantic", "qa", "web"} == set()


def test_importing_the_web_opens_nothing() -> None:
    loaded, touched = imported("web.app")
    assert {"qa", "web", "flask"} <= loaded
    assert loaded & {"httptools", "mcp", "openai", "starlette"} == set()
    assert touched == []


def test_the_service_starts_without_what_speaks_the_protocols_of_others() -> None:
    program = "import web.app, sys; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "web.plugs.routes" in ran.stdout.split()
    of_others = {f"web.plugs.{name}" for name in ("openai_forms", "openai_views", "mcp_server", "mcp_views", "prose")}
    assert {"web.openapi", *of_others} & set(ran.stdout.split()) == set()


# A command loads what it needs

ASK = """
import sys
from click.testing import CliRunner
from web.command import cli

ran = CliRunner().invoke(cli, sys.argv[1:])
assert ran.exit_code == 0, ran.output
print(" ".join(sorted({name.split(".")[0] for name in sys.modules})))
"""
SERVERS = {"flask", "httptools", "jinja2", "werkzeug"}
OF_OTHER_FORMATS = {"bibtexparser", "charset_normalizer", "lxml", "pypdfium2", "rispy"}
OF_INDEXING = {"markdown_it", "mdit_py_plugins", "spellchecker", "yaml"}
OF_MEASURING = {"ir_measures", "pytrec_eval"}
NOBODYS = {"matplotlib", "nltk", "pandas", "scipy"}  # of NLTK there are parts, by which it is not known


def loaded_by(*arguments: str) -> set[str]:
    ran = subprocess.run([sys.executable, "-c", ASK, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_asking_a_library_loads_no_server_no_reader_and_nothing_of_indexing(tmp_path: Path) -> None:
    qa.Engine.create(qa.Settings(library=tmp_path)).add([ROOT / "tests" / "fixtures" / "terns"])
    loaded = loaded_by("ask", "In how many people did fever end with alcanor?", "--library", str(tmp_path))
    assert {"qa", "rank_bm25"} <= loaded
    too_much = SERVERS | OF_OTHER_FORMATS | OF_INDEXING | OF_MEASURING | NOBODYS | {"http", "pydantic"}
    assert loaded & too_much == set()


def test_asking_the_shipped_corpus_loads_no_server_and_no_reader_of_other_formats() -> None:
    loaded = loaded_by("ask", "Which protein does selinexor block?")
    assert loaded & (SERVERS | OF_OTHER_FORMATS | OF_MEASURING | NOBODYS) == set()


def test_help_loads_no_server_and_no_reader() -> None:
    assert loaded_by("--help") & (SERVERS | OF_OTHER_FORMATS | OF_INDEXING | OF_MEASURING | NOBODYS) == set()


def test_who_imports_nltk_gets_it_whole_before_and_after() -> None:
    program = "import {}, {}; assert nltk.stem.porter.PorterStemmer().stem('terns') == 'tern'; nltk.word_tokenize"
    for order in (("qa", "nltk"), ("nltk", "qa")):
        subprocess.run([sys.executable, "-c", program.format(*order)], cwd=ROOT, check=True)
