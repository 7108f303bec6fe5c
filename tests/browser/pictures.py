"""
Makes docs/pictures/ from the browser tests' screenshots (build/screenshots/): fewer colours, a hairline around. Run by hand after `tests/check browser`.
"""
import pathlib

from PIL import Image, ImageOps

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHOSEN = {"phone-1-sign-in": "sign-in-phone", "phone-2-consent": "consent-phone", "phone-3-review": "review-phone", "desktop-3-review": "review-desktop",
          "phone-4-signed": "signed-phone"}

for source, name in CHOSEN.items():
    picture = Image.open(ROOT / f"build/screenshots/{source}.png").convert("RGB")
    picture = ImageOps.expand(picture, 1, (200, 200, 200))
    picture.quantize(48, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(ROOT / f"docs/pictures/{name}.png", optimize=True)
