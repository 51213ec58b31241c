/** What a table shows: searching and sorting of rows, without drawing. */

export interface Column<Row> {
	id: string;
	title: string;
	/** what is searched, sorted by and, unless drawn, shown; absent: neither */
	value?: (row: Row) => string | number;
	/** the page draws the cell itself */
	drawn?: boolean;
	width?: string;
}

export interface Sorting {
	column: string;
	down: boolean;
}

// 2床 before 12床, Chinese by pinyin
const collator = new Intl.Collator("zh-CN", { numeric: true });

/** Rows in which every word of `wanted` stands somewhere. */
export function foundRows<Row>(
	rows: readonly Row[],
	columns: readonly Column<Row>[],
	wanted: string,
): readonly Row[] {
	const parts = wanted.toLowerCase().split(/\s+/).filter(Boolean);
	if (parts.length === 0) return rows;
	return rows.filter((row) => {
		const text = columns
			.map((column) => column.value?.(row) ?? "")
			.join("\n")
			.toLowerCase();
		return parts.every((part) => text.includes(part));
	});
}

/** Rows in order; equal ones keep theirs. */
export function sortRows<Row>(
	rows: readonly Row[],
	columns: readonly Column<Row>[],
	sorting: Sorting | null,
): readonly Row[] {
	const value = columns.find((column) => column.id === sorting?.column)?.value;
	if (sorting === null || value === undefined) return rows;
	const sign = sorting.down ? -1 : 1;
	return [...rows].sort((a, b) => {
		const [first, second] = [value(a), value(b)];
		if (typeof first === "number" && typeof second === "number") return sign * (first - second);
		return sign * collator.compare(String(first), String(second));
	});
}
