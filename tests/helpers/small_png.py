"""Makes a screenshot small enough for a repository: scaled down, 256 colours, a PNG of palette entries."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

from playwright.sync_api import Page

REDUCE = """async ([png, widest]) => {
    const bytes = Uint8Array.from(atob(png), (sign) => sign.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const scale = Math.min(1, widest / image.width);
    const width = Math.round(image.width * scale), height = Math.round(image.height * scale);
    const canvas = new OffscreenCanvas(width, height).getContext("2d");
    canvas.imageSmoothingQuality = "high";
    canvas.drawImage(image, 0, 0, width, height);
    const { data } = canvas.getImageData(0, 0, width, height);
    // Like colours share a bucket of 5 bits a channel; the commonest colour of a bucket stands for it.
    const bucketOf = (at) => (data[at] >> 3) << 10 | (data[at + 1] >> 3) << 5 | data[at + 2] >> 3;
    const exact = new Map();
    for (let at = 0; at < data.length; at += 4) {
        const colour = data[at] << 16 | data[at + 1] << 8 | data[at + 2];
        exact.set(colour, (exact.get(colour) ?? 0) + 1);
    }
    const buckets = new Map();
    for (const [colour, count] of exact) {
        const key = (colour >> 19) << 10 | (colour >> 11 & 31) << 5 | colour >> 3 & 31;
        const bucket = buckets.get(key) ?? { total: 0, most: 0, colour };
        bucket.total += count;
        if (count > bucket.most) Object.assign(bucket, { most: count, colour });
        buckets.set(key, bucket);
    }
    const palette = [...buckets.values()].sort((a, b) => b.total - a.total).slice(0, 256)
        .map(({ colour }) => [colour >> 16, colour >> 8 & 255, colour & 255]);
    const places = new Map();
    for (const [key, { colour }] of buckets) {
        const [r, g, b] = [colour >> 16, colour >> 8 & 255, colour & 255];
        let best = 0, least = Infinity;
        palette.forEach(([pr, pg, pb], place) => {
            const far = 3 * (r - pr) ** 2 + 6 * (g - pg) ** 2 + (b - pb) ** 2;
            if (far < least) { least = far; best = place; }
        });
        places.set(key, best);
    }
    const drawn = new Uint8Array(width * height);
    for (let at = 0; at < data.length; at += 4) drawn[at >> 2] = places.get(bucketOf(at));
    let text = "";
    for (let at = 0; at < drawn.length; at += 32768)
        text += String.fromCharCode(...drawn.subarray(at, at + 32768));
    return { width, height, palette, drawn: btoa(text) };
}"""


def small_png(page: Page, png: bytes, widest: int) -> bytes:
    """Return `png` at most `widest` pixels wide, with a palette. `page` (a blank one) does the drawing."""
    image: dict[str, Any] = page.evaluate(REDUCE, [base64.b64encode(png).decode(), widest])
    width, height = int(image["width"]), int(image["height"])
    drawn = base64.b64decode(image["drawn"])
    rows = b"".join(b"\0" + drawn[at : at + width] for at in range(0, len(drawn), width))
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(part for colour in image["palette"] for part in colour)),
            _chunk(b"IDAT", zlib.compress(rows, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
