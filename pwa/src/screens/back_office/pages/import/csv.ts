/** CSV as rows of cells, to be shown beside what the hub says of them. The hub reads the file itself. */

const SEPARATORS = [",", ";", "\t"];

/** Text of a file in UTF-8 or GB18030, as hospitals' spreadsheet programs write it. */
export function textOf(data: Uint8Array): string {
	try {
		return new TextDecoder("utf-8", { fatal: true }).decode(data);
	} catch {
		return new TextDecoder("gb18030").decode(data);
	}
}

/** Row by row, line 1 first; a cell may hold line ends within quotes. */
export function csvRows(text: string): string[][] {
	const head = text.split("\n", 1)[0] ?? "";
	const count = (mark: string) => head.split(mark).length;
	const separator = SEPARATORS.reduce((best, one) => (count(one) > count(best) ? one : best));
	const rows: string[][] = [];
	let row: string[] = [];
	let cell = "";
	let quoted = false;
	const endRow = () => {
		rows.push([...row, cell.trim()]);
		row = [];
		cell = "";
	};
	for (let at = 0; at < text.length; at += 1) {
		const mark = text[at];
		if (quoted) {
			if (mark !== '"') cell += mark;
			else if (text[at + 1] === '"') {
				cell += '"';
				at += 1;
			} else quoted = false;
		} else if (mark === '"' && cell === "") quoted = true;
		else if (mark === separator) {
			row.push(cell.trim());
			cell = "";
		} else if (mark === "\n") endRow();
		else if (mark !== "\r") cell += mark;
	}
	if (cell !== "" || row.length > 0) endRow();
	return rows;
}
