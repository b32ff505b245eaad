"""The fixtures, the marker, and what Locum saw under a failed test. pytest finds this by itself."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any, ContextManager, Generator, Iterator, Mapping, Optional, TypeVar, Union

import pytest

from locum._error import LocumError
from locum._saw import Watch
from locum._server import LocumServer
from locum._world import Locum

Entered = TypeVar("Entered")
Seed = Union[Mapping[str, Any], str]

WATCH = pytest.StashKey[Watch]()

MARKER = (
    "locum(seed=…, clock=…): the world of the fixture `locum` is made from this seed (a dict, a text in YAML or JSON, "
    "or the path of a file, from the test's folder on), and its clock begins like this ('frozen@2026-06-01T09:00:00Z')"
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def locum_server(request: pytest.FixtureRequest) -> Iterator[LocumServer]:
    """A Locum for the whole run, or the one that ``LOCUM_URL`` names. Of pytest-xdist, each worker has its own."""
    with ExitStack() as stack:
        server = enter(stack, LocumServer.start())
        request.config.stash[WATCH] = server.watch
        server.watch.begin_test()
        yield server


@pytest.fixture
def locum(request: pytest.FixtureRequest, locum_server: LocumServer) -> Iterator[Locum]:
    """A world that only this test is in."""
    # By name, because it has no type in pytest 8, which pyright minds.
    node: pytest.Item = getattr(request, "node")
    settings = read_markers(node)
    seed, clock = read_seed(settings.get("seed"), node.path.parent), settings.get("clock")
    # A test that asks for it by `getfixturevalue` has not begun yet.
    if not locum_server.watch.is_begun:
        locum_server.watch.begin_test()
    with ExitStack() as stack:
        yield enter(stack, locum_server.space(seed, clock))


def enter(stack: ExitStack, context: ContextManager[Entered]) -> Entered:
    """Enters it, and fails with the message alone, because a traceback through this package helps nobody."""
    try:
        return stack.enter_context(context)
    except LocumError as error:
        message = str(error)
    # Outside, because pytest would print what it came from as well.
    pytest.fail(message, pytrace=False)


def read_markers(node: pytest.Item) -> Mapping[str, Any]:
    """What the markers of a test, its class and its module say; the nearest one wins, word by word."""
    settings: dict[str, Any] = {}
    for marker in node.iter_markers("locum"):
        unknown = set(marker.kwargs) - {"seed", "clock"}
        if marker.args or unknown:
            what = f"`{min(unknown)}`" if unknown else "values without a name"
            pytest.fail(f"@pytest.mark.locum takes `seed` and `clock`, not {what}", pytrace=False)
        settings = {**marker.kwargs, **settings}
    return settings


def read_seed(seed: Union[Seed, Path, None], folder: Path) -> Optional[Seed]:
    """Reads the file, if the seed is a path: a `Path`, or a line that ends as the name of such a file does."""
    if isinstance(seed, str) and "\n" not in seed and seed.endswith((".yaml", ".yml", ".json")):
        seed = Path(seed)
    if not isinstance(seed, Path):
        return seed
    file = folder / seed
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        message = f"@pytest.mark.locum: the seed {file} cannot be read: {error}"
    pytest.fail(message, pytrace=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    watch = item.config.stash.get(WATCH, None)
    if watch is not None:
        watch.end_test()
        # Also without a world of its own: one of its module or class will do.
        if "locum_server" in getattr(item, "fixturenames", ()):
            watch.begin_test()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    report: pytest.TestReport = (yield).get_result()
    watch = item.config.stash.get(WATCH, None)
    if watch is None or not watch.is_begun or not report.failed:
        return
    # Once is enough, if the teardown fails as well.
    if report.when == "teardown" and watch.is_told:
        return
    saw = watch.describe()
    if saw is not None:
        watch.is_told = True
        add_section(report, "What Locum saw", saw)


def add_section(report: pytest.TestReport, title: str, text: str) -> None:
    """Puts it to the failure itself, which is also in JUnit's files and before the debugger's prompt."""
    add = getattr(report.longrepr, "addsection", None)
    if add is not None:
        add(title, text)
    else:
        # One that has no traceback, as of `xfail(strict=True)`.
        report.sections.append((title, text))
