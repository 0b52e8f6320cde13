"""Draw the pictures of the README with npufit and a real browser: `make pictures SHARED=FOLDER PHOTOS=FOLDER`.

SHARED holds `models/ssd_mobilenet_v1_coco_quant.tflite` (TensorFlow's detection models) and, in `captures/`, what
Mesa's driver submitted for it; PHOTOS are the photographs of scikit-image that are in the public domain or CC0.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import FloatRect, Page, sync_playwright

_HERE = Path(__file__).parent
_NPUFIT = Path(sys.executable).with_name("npufit")
_CHROMIUM = "/usr/bin/chromium"
_DETECTOR = "ssd_mobilenet_v1_coco_quant"


@dataclass(frozen=True, slots=True)
class Picture:
    """The part of a page from its top to the end of `last`, a CSS selector, made by one command."""

    name: str
    command: tuple[str, ...]
    last: str
    width: int = 1280
    padding: int = 24


def _pictures(shared: Path, photos: Path) -> tuple[Picture, ...]:
    detector = str(shared / "models" / f"{_DETECTOR}.tflite")
    sizes = ("--sizes", "96:512:32", "-t", "imx93/vela", "-t", "imx95/neutron")
    capture = ("--capture", str(shared / "captures" / _DETECTOR), "--images", str(photos))
    return (
        Picture("check-ssd", ("check", detector, "-t", "imx93/teflon@25.3"), "#graph"),
        Picture("sweep-cliff", ("sweep", "--no-cache", "zoo:mobilenet_v2", "zoo:resnet50_v2", *sizes), "#network-1"),
        Picture("evaluate-ssd", ("evaluate", detector, *capture), "#images"),
    )


def main() -> None:
    """Run each command, open its page, and store the picture beside this file."""
    shared, photos = map(Path, sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for picture in _pictures(shared, photos):
            html = Path(folder) / f"{picture.name}.html"
            subprocess.run([_NPUFIT, *picture.command, "--html", html], check=True, stdout=subprocess.DEVNULL)
            page = browser.new_page(viewport={"width": picture.width, "height": 900}, device_scale_factor=1.5)
            page.goto(html.as_uri())
            page.wait_for_timeout(1500)  # layouts and charts are drawn
            page.screenshot(path=_HERE / f"{picture.name}.png", full_page=True, clip=_clip(page, picture))
        browser.close()


def _clip(page: Page, picture: Picture) -> FloatRect:
    box = page.locator(picture.last).first.bounding_box()
    assert box is not None, picture.last
    return {"x": 0, "y": 0, "width": picture.width, "height": box["y"] + box["height"] + picture.padding}


if __name__ == "__main__":
    main()
