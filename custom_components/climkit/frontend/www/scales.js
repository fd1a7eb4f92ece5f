// Where things are drawn and how strong; pure arithmetic.
/** @import {Api} from "../types" */
import { range } from "./days.js";

/** @type {Api["ticks"]} */
export function ticks(low, high) {
	const size = (high - low || 1) / 4;
	const power = 10 ** Math.floor(Math.log10(size));
	const step = power * ([1, 2, 2.5, 5].find((factor) => factor * power >= size * 0.999) ?? 10);
	const first = Math.floor(low / step + 1e-9);
	const last = Math.ceil(high / step - 1e-9);
	return range(last - first + 1, (index) => Number(((first + index) * step).toPrecision(12)));
}

/** @type {Api["linear"]} */
export const linear = (low, high, from, to) => (value) => Math.round((from + ((value - low) / (high - low || 1)) * (to - from)) * 10) / 10;

/** How many colours a heat map has beside that of nothing. */
export const LEVELS = 10;

/** @type {Api["level"]} */
export const level = (value, most) => (most > 0 ? Math.min(LEVELS, Math.round(LEVELS * Math.sqrt(Math.max(0, value) / most))) : 0);

/** @type {Api["clock"]} */
export function clock(start, step, count, timeZone) {
	const format = new Intl.DateTimeFormat("en", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
	return range(count, (index) => {
		const [hour, minute] = format.format((start + index * step) * 1000).split(":");
		return Number(hour) * 60 + Number(minute);
	});
}

/** @type {Api["runs"]} */
export function runs(count, isSo) {
	/** @type {[number, number][]} */
	const found = [];
	for (let index = 0; index < count; index++) {
		const last = found.at(-1);
		if (!isSo(index)) continue;
		if (last?.[1] === index) last[1] = index + 1;
		else found.push([index, index + 1]);
	}
	return found;
}

/** @type {Api["line"]} */
export function line([first, end], x, y) {
	let path = `M${x(first)} ${y(first)}`;
	for (let index = first; index < end; index++) path += `V${y(index)}H${x(index + 1)}`;
	return path;
}

/** @type {Api["area"]} */
export function area(run, x, top, bottom) {
	let path = line(run, x, top);
	for (let index = run[1] - 1; index >= run[0]; index--) path += `V${bottom(index)}H${x(index)}`;
	return `${path}Z`;
}
