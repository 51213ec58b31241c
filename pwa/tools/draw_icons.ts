/** Draws the app's icons as PNG (a lamp over a door, white on blue): `node tools/draw_icons.ts`. The drawn files are kept in public/. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";

const BLUE = [0x10, 0x32, 0x4a] as const;
const WHITE = [0xff, 0xff, 0xff] as const;
const RED = [0xe5, 0x48, 0x3c] as const;

/** Colour at (x, y) in 0..1. Everything stands in the middle 80 %, the safe zone of a maskable icon. */
function colourAt(x: number, y: number): readonly [number, number, number] {
	if (Math.hypot(x - 0.5, y - 0.25) < 0.085) return RED;
	const ring = Math.hypot(x - 0.5, y - 0.25);
	if (ring > 0.115 && ring < 0.14 && y < 0.27) return WHITE;
	const frame = x > 0.3 && x < 0.7 && y > 0.4 && y < 0.85;
	const inside = x > 0.345 && x < 0.655 && y > 0.445;
	if (frame && !inside) return WHITE;
	if (Math.hypot(x - 0.6, y - 0.66) < 0.025) return WHITE;
	return BLUE;
}

function chunk(type: string, data: Buffer): Buffer {
	const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
	const out = Buffer.alloc(body.length + 8);
	out.writeUInt32BE(data.length, 0);
	body.copy(out, 4);
	out.writeUInt32BE(crc32(body), body.length + 4);
	return out;
}

/** PNG of `size` px square, 8-bit RGB, four samples a pixel. */
function draw(size: number): Buffer {
	const rows = Buffer.alloc(size * (size * 3 + 1));
	for (let y = 0; y < size; y++) {
		for (let x = 0; x < size; x++) {
			const sum = [0, 0, 0];
			for (const [dx, dy] of [
				[0.25, 0.25],
				[0.75, 0.25],
				[0.25, 0.75],
				[0.75, 0.75],
			] as const) {
				const colour = colourAt((x + dx) / size, (y + dy) / size);
				for (let c = 0; c < 3; c++) sum[c] = (sum[c] ?? 0) + (colour[c] ?? 0);
			}
			for (let c = 0; c < 3; c++)
				rows[y * (size * 3 + 1) + 1 + x * 3 + c] = Math.round((sum[c] ?? 0) / 4);
		}
	}
	const header = Buffer.alloc(13);
	header.writeUInt32BE(size, 0);
	header.writeUInt32BE(size, 4);
	header.set([8, 2, 0, 0, 0], 8);
	return Buffer.concat([
		Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
		chunk("IHDR", header),
		chunk("IDAT", deflateSync(rows, { level: 9 })),
		chunk("IEND", Buffer.alloc(0)),
	]);
}

for (const size of [144, 192, 512]) {
	writeFileSync(join(import.meta.dirname, `../public/assets/icons/icon-${size}.png`), draw(size));
}
