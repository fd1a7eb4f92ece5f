// What of a meter or a building is drawn and told, and how; pure.
/** @import {Api, Numbers} from "../types" */

const GRID = "var(--energy-grid-consumption-color)";
const SOLAR = "var(--energy-solar-color)";
const WATER = "var(--energy-water-color)";
const BATTERY = "var(--energy-battery-out-color)";

/** The theme's colours of columns and kinds of meters. @type {Record<string, string>} */
export const COLORS = {
	solar: SOLAR,
	self: SOLAR,
	solar_share: SOLAR,
	production: SOLAR,
	grid: GRID,
	import: GRID,
	export: "var(--energy-grid-return-color)",
	charge: "var(--energy-battery-in-color)",
	discharge: BATTERY,
	battery: BATTERY,
	cold_water: WATER,
	hot_water: WATER,
	heating: "var(--energy-gas-color)",
};

/** @param {Numbers | undefined} values */
const isKnown = (values) => values?.some((value) => value !== null) ?? false;

/** @type {Api["hasData"]} */
export const hasData = (columns) => Object.values(columns).some(isKnown);

/** @type {Api["mainOf"]} */
export function mainOf(columns) {
	/** @param {...string} names */
	const first = (...names) => names.find((name) => columns[name]);
	const total = first("consumption", "total", "production", ...Object.keys(columns)) ?? "total";
	return { total, solar: first("self", "solar"), grid: first("grid", "import") ?? "" };
}

/** @type {Api["layers"]} */
export function layers(columns) {
	/** @param {...string} names */
	const known = (...names) => names.filter((name) => isKnown(columns[name]));
	const isSite = known("consumption", "production").length > 0;
	const up = isSite ? known("self", "discharge", "import") : known("solar", "grid");
	const down = isSite ? known("charge", "export") : [];
	/** @type {(names: string[], sign: number) => ReturnType<Api["layers"]>["stacked"]} */
	const stack = (names, sign) =>
		names.map((name, depth) => ({
			name,
			reach: (index) => {
				const sizes = names.slice(0, depth + 1).map((part) => Math.max(0, columns[part]?.[index] ?? 0) * sign);
				const to = sizes.reduce((total, size) => total + size, 0);
				return [to - (sizes.at(-1) ?? 0), to];
			},
		}));
	const stacked = [...stack(up.length ? up : [mainOf(columns).total], 1), ...stack(down, -1)];
	return { stacked, lines: isSite ? known("production") : [] };
}

/** @type {Api["told"]} */
export function told(columns) {
	const { total, solar } = mainOf(columns);
	const parts = ["production", "self", "solar", "discharge", "grid", "import", "charge", "export"];
	// What comes from the grid alone is told once.
	const names = parts.filter((name) => columns[name] && name !== total && (solar || name !== "grid"));
	return [...names, total];
}

/** @type {Api["sum"]} */
export function sum(values) {
	const known = (values ?? []).filter((value) => value !== null);
	return known.length ? known.reduce((total, value) => total + value, 0) : null;
}

/** @type {Api["share"]} */
export const share = (part, whole) => (part == null || whole == null || whole <= 0 ? null : Math.min(1, Math.max(0, part / whole)));
