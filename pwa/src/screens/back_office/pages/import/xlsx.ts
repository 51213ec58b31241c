/** The first sheet of an XLSX file as rows of cells, to be shown only: formats are not read, dates stay numbers. */

/** More than this unpacked is not shown. The hub has its own limits. */
const MAX_UNPACKED = 20 * 1024 * 1024;
const END = 0x06054b50;
const ENTRY = 0x02014b50;

interface Part {
	method: number;
	packed: number;
	/** where its own head begins */
	at: number;
}

/** Name → where it lies. Empty for what is no zip. */
function partsOf(view: DataView): Map<string, Part> {
	const parts = new Map<string, Part>();
	let end = view.byteLength - 22;
	while (end >= 0 && view.getUint32(end, true) !== END) end -= 1;
	if (end < 0) return parts;
	let at = view.getUint32(end + 16, true);
	for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
		if (view.getUint32(at, true) !== ENTRY) break;
		const length = view.getUint16(at + 28, true);
		const name = new TextDecoder().decode(new Uint8Array(view.buffer, at + 46, length));
		parts.set(name, {
			method: view.getUint16(at + 10, true),
			packed: view.getUint32(at + 20, true),
			at: view.getUint32(at + 42, true),
		});
		at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
	}
	return parts;
}

async function partText(view: DataView, part: Part | undefined): Promise<string | null> {
	if (part === undefined) return null;
	const head = part.at + 30;
	const start = head + view.getUint16(part.at + 26, true) + view.getUint16(part.at + 28, true);
	const packed = new Uint8Array(view.buffer as ArrayBuffer, start, part.packed);
	if (part.method === 0) return new TextDecoder().decode(packed);
	if (part.method !== 8) return null;
	const reader = new Blob([packed])
		.stream()
		.pipeThrough(new DecompressionStream("deflate-raw"))
		.getReader();
	const decoder = new TextDecoder();
	let text = "";
	let size = 0;
	for (;;) {
		const { done, value } = await reader.read();
		if (done) return text + decoder.decode();
		size += value.byteLength;
		if (size > MAX_UNPACKED) {
			await reader.cancel();
			return null;
		}
		text += decoder.decode(value, { stream: true });
	}
}

function parse(text: string): Document {
	return new DOMParser().parseFromString(text, "application/xml");
}

/** Number of the column in "AB12", from 0. */
function columnOf(name: string): number {
	let column = 0;
	for (const mark of name.match(/^[A-Z]{1,3}/)?.[0] ?? "")
		column = column * 26 + mark.charCodeAt(0) - 64;
	return column - 1;
}

/** Text of all its runs, without what is only for reading aloud. */
function runs(element: Element): string {
	return [...element.getElementsByTagName("t")]
		.filter((one) => one.parentElement?.tagName !== "rPh")
		.map((one) => one.textContent ?? "")
		.join("");
}

function sheetPath(workbook: string, links: string): string | null {
	const first = parse(workbook).getElementsByTagName("sheet")[0];
	const id = first?.getAttribute("r:id");
	const link = [...parse(links).getElementsByTagName("Relationship")].find(
		(one) => one.getAttribute("Id") === id,
	);
	const target = link?.getAttribute("Target");
	if (!target) return null;
	return target.startsWith("/") ? target.slice(1) : `xl/${target}`;
}

/** Rows as the spreadsheet counts them, row 1 first; null when the file cannot be read here. */
export async function xlsxRows(data: Uint8Array): Promise<string[][] | null> {
	try {
		const view = new DataView(data.slice().buffer);
		const parts = partsOf(view);
		const read = (name: string) => partText(view, parts.get(name));
		const [workbook, links] = [
			await read("xl/workbook.xml"),
			await read("xl/_rels/workbook.xml.rels"),
		];
		if (workbook === null || links === null) return null;
		const path = sheetPath(workbook, links);
		const sheet = path === null ? null : await read(path);
		if (sheet === null) return null;
		const shared = await read("xl/sharedStrings.xml");
		const texts =
			shared === null ? [] : [...parse(shared).getElementsByTagName("si")].map((one) => runs(one));
		return rowsOf(parse(sheet), texts);
	} catch {
		// broken or made by a program that does it otherwise: the hub says what is wrong with it
		return null;
	}
}

function rowsOf(sheet: Document, texts: readonly string[]): string[][] {
	const rows: string[][] = [];
	for (const row of sheet.getElementsByTagName("row")) {
		const number = Number(row.getAttribute("r") ?? rows.length + 1);
		if (!Number.isInteger(number) || number < 1 || number > 100_000) continue;
		while (rows.length < number) rows.push([]);
		const cells = rows[number - 1] ?? [];
		for (const cell of row.getElementsByTagName("c")) {
			const name = cell.getAttribute("r");
			const at = name === null ? cells.length : columnOf(name);
			if (at < 0 || at > 200) continue;
			while (cells.length < at) cells.push("");
			const value = cell.getElementsByTagName("v")[0]?.textContent ?? "";
			const type = cell.getAttribute("t");
			const formula = cell.getElementsByTagName("f")[0];
			if (formula) cells[at] = `=${formula.textContent ?? ""}`;
			else if (type === "s") cells[at] = texts[Number(value)]?.trim() ?? "";
			else cells[at] = (type === "inlineStr" ? runs(cell) : value).trim();
		}
	}
	return rows;
}
