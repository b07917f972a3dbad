"""Sizes and habits that hold only when a machine counts. Lists of exceptions may only shrink."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from appliance.cli.arguments import build_parser

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "appliance"

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_PARAMETERS = 6
MAX_KERNEL_PARAMETERS = 8  # kernels take arrays one by one

LONG_FILES: frozenset[str] = frozenset()
# One straight pass over a record, a line a field.
LONG_FUNCTIONS: frozenset[str] = frozenset(
    {
        "appliance/kernels/beginning.py::begin_flow",
        "appliance/kernels/link.py::skip_tags",
        "appliance/pipeline/rows.py::_make_row",
    }
)
WIDE_FUNCTIONS: frozenset[str] = frozenset()

# Modules without a test file of their own, and what tests them instead.
UNMIRRORED: dict[str, str] = {
    "__main__.py": "tests/unit/cli/test_entry.py starts it",
    "detect/weights_windows.py": "is vocabulary",
    "detect/windowinput.py": "is vocabulary",
    "errors.py": "has no behaviour",
    "kernels/windowtable.py": "tests/unit/kernels/test_windows.py fills it",
    "model/alert.py": "is vocabulary",
    "model/contact.py": "is vocabulary",
    "detect/weights_pairs.py": "tests/unit/detect/test_weights.py",
    "model/flowkey.py": "is vocabulary",
    "model/forest.py": "is vocabulary",
    "model/observation.py": "is vocabulary",
    "model/pair.py": "is vocabulary",
    "model/window.py": "is vocabulary",
    "warmup.py": "tests/replay/test_demo.py starts it",
    "web/scripts/write_types.py": "tests/unit/web runs it",
    # the inside of the tables of contacts: compared as a whole with dictionaries and lists
    **dict.fromkeys(
        (
            "detect/memory.py", "kernels/contactcount.py", "kernels/contactrow.py",
            "kernels/contacttable.py", "kernels/fantable.py", "kernels/hosts.py",
            "kernels/rhythm.py",
        ),
        "tests/unit/kernels/test_contacts.py",
    ),
    # declarations of what the API takes and gives, and routes: asked over HTTP
    **dict.fromkeys(
        (
            "api/access.py", "api/documents.py", "api/examples.py", "api/problem.py",
            "api/reader.py", "api/schemas.py", "api/services.py", "api/system.py",
            "api/traffic.py", "api/caseexamples.py",
        ),
        "tests/unit/api/test_app.py",
    ),
    **dict.fromkeys(("api/casefilters.py", "api/desk.py"), "tests/unit/api/test_alerts.py"),
    "cli/flags.py": "tests/unit/cli/test_arguments.py",
    "cli/casearguments.py": "tests/unit/cli/test_arguments.py",
    "cli/casecolumns.py": "tests/unit/cli/test_cases.py",
    "model/memory.py": "is vocabulary",
    **dict.fromkeys(("store/caseload.py", "store/casequery.py"), "tests/unit/store/test_cases.py"),
    "store/records.py": "tests/unit/store/test_history.py",
    # the inside of the writer and of the reader: tested through these two, on real files
    **dict.fromkeys(
        (
            "store/mainfile.py", "store/pool.py", "store/retention.py", "store/segment.py",
            "store/startup.py",
        ),
        "tests/unit/store/test_writer.py",
    ),
    **dict.fromkeys(
        (
            "store/flowfilter.py", "store/flowquery.py", "store/flowrow.py", "store/hostquery.py",
            "store/hostsums.py", "store/names.py", "store/trafficquery.py",
        ),
        "tests/unit/store/test_reader.py",
    ),
    # halves of one thing
    "learn/walk.py": "tests/unit/kernels/test_forest.py",
    "learn/flowkey.py": "tests/unit/kernels/test_flowscore.py",
    "learn/naive.py": "tests/unit/learn/test_yardstick.py",
    "learn/naivefit.py": "tests/unit/learn/test_yardstick.py",
    "learn/task.py": "tests/unit/learn/test_process.py",
}  # fmt: skip


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if "node_modules" not in path.parts]


class Function(NamedTuple):
    """What is asked of a function."""

    name: str  # "file::name"
    lines: int
    parameters: int  # without self and cls
    decorators: tuple[ast.expr, ...]


class Outline(NamedTuple):
    """What is asked of a file. Trees are not kept: millions of objects slow all that follows."""

    lines: int
    functions: tuple[Function, ...]
    broad: bool  # an except for everything that does not raise it again


@functools.cache
def outline(path: Path) -> Outline:
    text = path.read_text(encoding="utf-8")
    nodes = list(statements(ast.parse(text)))
    return Outline(
        len(text.splitlines()),
        tuple(
            Function(
                f"{path.relative_to(ROOT).as_posix()}::{node.name}",
                (node.end_lineno or 0) - node.lineno + 1,
                count_parameters(node),
                tuple(node.decorator_list),
            )
            for node in nodes
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ),
        any(isinstance(node, ast.ExceptHandler) and _is_broad(node) for node in nodes),
    )


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield everything that holds statements; expressions, most of a tree, are not visited."""
    yield node
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        inner = getattr(node, name, None)
        for child in inner if isinstance(inner, list) else ():
            yield from statements(child)


def count_parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return len([argument for argument in given if argument.arg not in {"self", "cls"}])


def limit_for(name: str) -> int:
    return MAX_KERNEL_PARAMETERS if name.startswith("appliance/kernels/") else MAX_PARAMETERS


def test_files_can_be_read_in_one_sitting() -> None:
    long = {
        path.relative_to(ROOT).as_posix()
        for path in sources("appliance", "packaging", "tests")
        if outline(path).lines > MAX_FILE_LINES
    }
    assert long == LONG_FILES


def test_functions_are_short() -> None:
    long = {
        function.name
        for path in sources("appliance", "packaging", "tests")
        for function in outline(path).functions
        if function.lines > MAX_FUNCTION_LINES
    }
    assert long == LONG_FUNCTIONS


def test_functions_take_few_parameters() -> None:
    wide = {
        function.name
        for path in sources("appliance")
        for function in outline(path).functions
        if function.parameters > limit_for(function.name)
    }
    assert wide == WIDE_FUNCTIONS


def test_every_module_has_a_test_file_beside_its_like() -> None:
    missing = set()
    for path in sources("appliance"):
        module = path.relative_to(PACKAGE)
        mirror = ROOT / "tests" / "unit" / module.parent / f"test_{module.name}"
        if path.name != "__init__.py" and not mirror.exists():
            missing.add(module.as_posix())
    assert missing == set(UNMIRRORED)


def test_nothing_swallows_every_error() -> None:
    """Only the supervisor of threads may end what comes; others may undo and raise it again."""
    broad = {
        path.relative_to(PACKAGE).as_posix() for path in sources("appliance") if outline(path).broad
    }
    assert broad <= {"runtime/tasks.py"}


def _is_broad(node: ast.ExceptHandler) -> bool:
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    last = node.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"})
        for kind in kinds
    )


@pytest.fixture(scope="module")
def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_names_every_command(readme: str) -> None:
    """A command nobody is told about does not exist."""
    commands = build_parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    assert commands is not None
    assert {name for name in commands if f"appliance {name}" not in readme} == set()


def test_readme_links_only_to_files_that_exist(readme: str) -> None:
    targets = {
        part.split(")")[0].split("#")[0]
        for part in readme.split("](")[1:]
        if not part.startswith(("http", "#"))
    }
    assert {target for target in targets if not (ROOT / target).exists()} == set()


def test_readme_names_every_route_of_the_api(readme: str) -> None:
    assert {route for route in _routes() if route not in readme} == set()


def _routes() -> set[str]:
    """Return every path a handler under appliance/api is registered for, as it is written."""
    routes = set()
    for path in sources("appliance/api"):
        for function in outline(path).functions:
            for decorator in function.decorators:
                routes |= set(_route_of(decorator))
    return routes


def _route_of(decorator: ast.expr) -> Iterator[str]:
    if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Name):
        return
    if decorator.func.id not in {"get", "post", "put", "delete", "websocket", "websocket_stream"}:
        return
    for argument in decorator.args[:1]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield re.sub(r":\w+}", "}", argument.value)  # {id:str} is written {id}
