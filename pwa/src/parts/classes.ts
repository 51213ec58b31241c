/** The six classes of the call list (A9): what colour, shape and word each has. */
import type { CallRow, CallType, Directory } from "../core/calls/types";
import { common } from "../text/common";
import { type Language, named, say } from "../text/words";

export type Shape = "octagon" | "triangle" | "diamond" | "circle" | "square" | "hexagon";

const SHAPES: readonly Shape[] = ["octagon", "triangle", "diamond", "circle", "square", "hexagon"];

/** Shape of a class; unknown classes look like trouble. */
export function shapeOf(classNumber: number): Shape {
	return SHAPES[classNumber] ?? "hexagon";
}

/** Ground and ink of a class as CSS custom properties, for `style=`. */
export function classStyle(classNumber: number): string {
	const known = classNumber >= 0 && classNumber <= 5 ? classNumber : 5;
	return `--c:var(--class-${known});--ci:var(--class-${known}-ink)`;
}

export function className(classNumber: number, language: Language): string {
	const t = say(language, common);
	return [t.class0, t.class1, t.class2, t.class3, t.class4, t.class5][classNumber] ?? t.class5;
}

/** The call type of a row, or undefined while the settings have not come. */
export function callType(directory: Directory, type: string): CallType | undefined {
	return directory.call_types[type];
}

/** "疼痛" under "呼叫", or the type's own word; the type id when nothing is known. */
export function typeName(row: CallRow, directory: Directory, language: Language): string {
	const type = callType(directory, row.type);
	return type === undefined ? row.type : named(type, language);
}

export function purposeName(row: CallRow, directory: Directory, language: Language): string | null {
	if (row.purpose === null) return null;
	const purpose = callType(directory, row.type)?.purposes?.find((one) => one.id === row.purpose);
	return purpose === undefined ? row.purpose : named(purpose, language);
}
