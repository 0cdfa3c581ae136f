"""Run the Python code blocks of the pages named on the command line, page by page, each page in one namespace.

A page that begins with the comment ``.. needs: torch`` is left out where there is no torch.
"""

import doctest
import re
import sys
import textwrap
import time
import traceback
from importlib.util import find_spec
from pathlib import Path

BLOCKS = {
    ".rst": re.compile(r"^( *)\.\. code-block:: python\n(?P<code>(?:\1 +.*\n|\s*\n)+)", re.MULTILINE),
    ".md": re.compile(r"^```python\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL),
}
NEEDS = re.compile(r"\A\.\. needs: (\w+)$", re.MULTILINE)


def blocks(page):
    """Yield the line number and the code of every block."""
    text = page.read_text(encoding="utf-8") + "\n"
    for match in BLOCKS[page.suffix].finditer(text):
        yield text.count("\n", 0, match.start("code")) + 1, textwrap.dedent(match["code"])


def run(page):
    """Run one page; return the number of failures. Lines that begin with ``>>>`` are doctests."""
    needed = NEEDS.match(page.read_text(encoding="utf-8"))
    if needed and find_spec(needed[1]) is None:
        print(f"{page}: left out, needs {needed[1]}")
        return 0
    namespace = {"__name__": "__main__"}
    for line, code in blocks(page):
        try:
            exec(compile("\n" * (line - 1) + code, str(page), "exec"), namespace)
        except Exception:
            traceback.print_exc()
            return 1
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.testfile(str(page), module_relative=False, optionflags=flags).failed


def main(pages):
    failures = 0
    for page in pages:
        start = time.perf_counter()
        failures += run(Path(page))
        print(f"{page}: {time.perf_counter() - start:.1f} s", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
