"""The fixtures, the marker, and what Locum saw under a failed test. pytest finds this by itself."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any, ContextManager, Generator, Iterator, Mapping, Optional, TypeVar, Union

import pytest

from locum._error import LocumError
from locum._saw import Mark
from locum._server import LocumServer
from locum._world import Locum

Entered = TypeVar("Entered")
Seed = Union[Mapping[str, Any], str]

MARK = pytest.StashKey[Mark]()

MARKER = (
    "locum(seed=…, clock=…): the world of the fixture `locum` is made from this seed (a dict, a text in YAML or JSON, "
    "or the path of a file, from the test's folder on), and its clock begins like this ('frozen@2026-06-01T09:00:00Z')"
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def locum_server() -> Iterator[LocumServer]:
    """A Locum for the whole run, or the one that ``LOCUM_URL`` names. Of pytest-xdist, each worker has its own."""
    with ExitStack() as stack:
        yield enter(stack, LocumServer.start())


@pytest.fixture
def locum(request: pytest.FixtureRequest, locum_server: LocumServer) -> Iterator[Locum]:
    """A world that only this test is in."""
    node: pytest.Item = request.node
    settings = read_markers(node)
    seed, clock = read_seed(settings.get("seed"), node.path.parent), settings.get("clock")
    with ExitStack() as stack:
        world = enter(stack, locum_server.space(seed, clock))
        node.stash[MARK] = Mark(world)
        yield world
    # It may be run again, in another world.
    del node.stash[MARK]


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


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    report: pytest.TestReport = (yield).get_result()
    mark: Optional[Mark] = item.stash.get(MARK, None)
    # Once is enough; and after the test, its space is gone.
    if mark is not None and report.failed and report.when != "teardown":
        report.sections.append(("What Locum saw", mark.describe()))
