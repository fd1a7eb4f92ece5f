// Walking over a chart by keys.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cursor } from "../../custom_components/climkit/frontend/www/cursor.js";

/** @returns {any} an element without a page */
const element = () => ({ style: {}, hidden: true, offsetWidth: 40, offsetHeight: 20 });

/** A cursor over 100 places of 4 px, from left to right. */
function cursorOver() {
	/** @type {Record<string, any>} */
	const parts = { ".mark": element(), ".cursor": element(), ".tip": element() };
	const chart = { clientWidth: 400, querySelector: (/** @type {string} */ name) => parts[name] };
	const cursor = new Cursor(/** @type {any} */ (chart));
	const read = (/** @type {number} */ index) => ({ title: `${index}`, lines: [] });
	const box = (/** @type {number} */ index) => ({ x: 4 * index, y: 30, width: 4, height: 100 });
	const at = (/** @type {number} */ x) => (x < 0 ? -1 : Math.floor(x / 4));
	cursor.set({ label: "hours", count: 100, columns: 24, first: 1, at, box, read });
	return { cursor, parts };
}

test("the tip stands beside its place, and inside the chart", () => {
	const { cursor, parts } = cursorOver();
	/** @param {number} index */
	const left = (index) => {
		cursor.show(index);
		return parts[".tip"].style.left;
	};
	assert.deepEqual([0, 86, 87, 99].map(left), ["16px", "360px", "296px", "344px"]);
	parts[".tip"].offsetWidth = 390;
	assert.equal(left(50), "0px");
});

test("the tip stands at the top of a high place, and beside a low one", () => {
	const { cursor, parts } = cursorOver();
	cursor.show(3);
	assert.equal(parts[".tip"].style.top, "30px");
	if (cursor.places) cursor.places.box = () => ({ x: 0, y: 30, width: 4, height: 17 });
	cursor.show(3);
	assert.equal(parts[".tip"].style.top, "20px");
});

test("a pointer shows the place under it, and nothing beside the chart", () => {
	const { cursor, parts } = cursorOver();
	parts[".cursor"].getBoundingClientRect = () => ({ left: 100, top: 50 });
	/** @param {number} clientX */
	const shown = (clientX, how = "onpointermove") => {
		parts[".cursor"][how]({ clientX, clientY: 60 });
		return parts[".tip"].hidden ? null : cursor.index;
	};
	assert.deepEqual(
		[180, 99, 180, 99, 100].map((x) => shown(x)),
		[20, null, 20, null, 0],
	);
	parts[".cursor"].onpointerleave();
	assert.equal(parts[".mark"].hidden, true);
	assert.equal(shown(180, "onpointerdown"), 20, "a finger does not move before it taps");
});

test("what is shown stays shown when new data come, as long as there is such a place", () => {
	const { cursor, parts } = cursorOver();
	const places = /** @type {import("../../custom_components/climkit/frontend/types").Places} */ (cursor.places);
	cursor.show(40);
	cursor.set({ ...places, first: 7 });
	assert.deepEqual([cursor.index, parts[".tip"].hidden], [40, false]);
	cursor.set({ ...places, count: 40, first: 7 });
	assert.deepEqual([cursor.index, parts[".tip"].hidden], [7, true]);
	assert.equal(parts[".cursor"].ariaValueMax, "40");
	assert.equal(parts[".cursor"].ariaValueNow, "8");
	cursor.set(undefined);
	assert.equal(parts[".cursor"].hidden, true);
});

test("keys lead from place to place, and not over the ends", () => {
	/** @type {Record<string, any>} */
	const parts = { ".mark": element(), ".cursor": element(), ".tip": element() };
	const chart = { clientWidth: 400, querySelector: (/** @type {string} */ name) => parts[name] };
	const cursor = new Cursor(/** @type {any} */ (chart));
	const read = (/** @type {number} */ index) => ({ title: `${index}`, lines: [] });
	const box = (/** @type {number} */ index) => ({ x: 4 * index, y: 0, width: 4, height: 100 });
	cursor.set({ label: "hours", count: 50, columns: 24, first: 1, at: () => 0, box, read });
	/** @type {string[]} */
	const taken = [];
	/** @param {string} key */
	const press = (key) => {
		cursor.press(/** @type {any} */ ({ key, preventDefault: () => taken.push(key) }));
		return cursor.index;
	};
	assert.deepEqual(["ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft"].map(press), [2, 26, 2, 1]);
	assert.deepEqual(["End", "ArrowRight", "ArrowDown", "Home", "ArrowLeft"].map(press), [49, 49, 49, 0, 0]);
	assert.equal(parts[".cursor"].ariaValueText, "0");
	assert.equal(parts[".tip"].hidden, false);
	press("Escape");
	assert.equal(parts[".tip"].hidden, true);
	taken.length = 0;
	for (const key of ["ArrowDown", "Tab", "End", "a"]) press(key);
	assert.deepEqual(taken, ["ArrowDown", "End"], "the page does not scroll too, and keeps its other keys");
});
