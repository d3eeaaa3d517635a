"""Pictures with a palette: a screenshot has few colours, and so takes a third of the room."""

from __future__ import annotations

import base64
import struct
import zlib

from playwright.async_api import BrowserContext

_COUNT = """async (png) => {
  const blob = await (await fetch("data:image/png;base64," + png)).blob();
  const image = await createImageBitmap(blob), { width, height } = image;
  const canvas = new OffscreenCanvas(width, height), drawing = canvas.getContext("2d");
  drawing.fillStyle = "white";
  drawing.fillRect(0, 0, width, height);
  drawing.drawImage(image, 0, 0);
  const all = new Uint32Array(drawing.getImageData(0, 0, width, height).data.buffer);
  const seen = new Map();
  for (const one of all) seen.set(one, (seen.get(one) || 0) + 1);
  const most = [...seen].sort((one, other) => other[1] - one[1]).slice(0, 256).map(([one]) => one);
  const parts = (one) => [one & 255, (one >> 8) & 255, (one >> 16) & 255];
  const far = (one, other) => one.reduce((sum, part, at) => sum + (part - other[at]) ** 2, 0);
  const palette = most.map(parts), nearest = new Map(most.map((one, at) => [one, at]));
  for (const one of seen.keys()) {
    if (nearest.has(one)) continue;
    const mine = parts(one);
    let best = 0;
    palette.forEach((other, at) => { if (far(mine, other) < far(mine, palette[best])) best = at; });
    nearest.set(one, best);
  }
  let bytes = "";
  for (const one of all) bytes += String.fromCharCode(nearest.get(one));
  return [width, height, palette.flat(), btoa(bytes)];
}"""
"""Count the colours, keep the 256 that most pixels have, and take the nearest of these for the others."""


async def with_palette(context: BrowserContext, png: bytes) -> bytes:
    """Return a picture anew, in at most 256 colours, on white where it was transparent."""
    page = await context.new_page()
    try:
        # What a page may count with is nobody's content: the page is empty.
        width, height, palette, packed = await page.evaluate(_COUNT, base64.b64encode(png).decode())
    finally:
        await page.close()
    pixels = base64.b64decode(packed)
    # A row begins with its filter: 0, none, which is best for a palette (https://www.w3.org/TR/png-3/#12Filter-selection).
    rows = b"".join(b"\0" + pixels[at : at + width] for at in range(0, len(pixels), width))
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [(b"IHDR", head), (b"PLTE", bytes(palette)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
