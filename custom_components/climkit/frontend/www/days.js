// Arithmetic of days ("2026-11-27"), months ("2026-11") and years ("2026"); pure.
/** @import {Api} from "../types" */

/** How long the texts are. */
export const LENGTH = { day: 10, month: 7, year: 4 };

/** @type {Api["noon"]} */
export const noon = (period) => new Date(`${`${period}-01-01`.slice(0, 10)}T12:00Z`);

/** @type {Api["shift"]} */
export function shift(period, steps) {
	const date = noon(period);
	if (period.length === LENGTH.day) date.setUTCDate(date.getUTCDate() + steps);
	else date.setUTCMonth(date.getUTCMonth() + steps * (period.length === LENGTH.month ? 1 : 12));
	return date.toISOString().slice(0, period.length);
}

/** @type {Api["range"]} */
export const range = (count, make) => Array.from({ length: count }, (_, index) => make(index));

/** @type {Api["partsOf"]} */
export const partsOf = (period, count) => range(count, (index) => shift(`${period}-01`, index));

/** @type {Api["within"]} */
export const within = (wanted, first, last) => (wanted > last ? last : wanted < first ? first : wanted);
