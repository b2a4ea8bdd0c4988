"""Take the screenshot of the README: the real widget of notebook 00 in a real JupyterLab.

Run it as ``uv run python -m tests.browser.picture_of_readme`` after a change of the widget's looks.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import BROWSER_ARGUMENTS, chromium_path

from browser.jupyterlab import REPOSITORY, open_notebook, run_all, running_lab

TARGET = REPOSITORY / ".github" / "images" / "score-explorer.png"


def main() -> None:
    """Take the first widget of notebook 04, where the output is drawn in the plane as well."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_lab(Path(folder)) as lab,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=list(BROWSER_ARGUMENTS)
        )
        page = browser.new_page(viewport={"width": 1380, "height": 1000}, device_scale_factor=1.5)
        open_notebook(page, lab, "notebooks/04_weighted_sum.ipynb")
        run_all(page)
        widget = page.locator("[data-widget]").first
        widget.scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        widget.screenshot(path=TARGET)
        browser.close()
    print(f"wrote {TARGET.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
