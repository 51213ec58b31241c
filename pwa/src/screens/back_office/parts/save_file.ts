/** Hands a file to the person: the browser's own saving, under a name they recognise. */

/** Long enough for a browser that asks where to put it, ms. */
const KEPT_MS = 60_000;

export function saveFile(name: string, content: Blob): void {
	const address = URL.createObjectURL(content);
	const link = document.createElement("a");
	link.href = address;
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}
