// Walking over a chart by keys.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cursor } from "../../custom_components/climkit/frontend/www/cursor.js";

/** @returns {any} an element without a page */
const element = () => ({ style: {}, hidden: true, offsetWidth: 40, offsetHeight: 20 });

test("keys lead from place to place, and not over the ends", () => {
	/** @type {Record<string, any>} */
	const parts = { ".mark": element(), ".cursor": element(), ".tip": element() };
	const chart = { clientWidth: 400, querySelector: (/** @type {string} */ name) => parts[name] };
	const cursor = new Cursor(/** @type {any} */ (chart));
	const read = (/** @type {number} */ index) => ({ title: `${index}`, lines: [] });
	const box = (/** @type {number} */ index) => ({ x: 4 * index, y: 0, width: 4, height: 100 });
	cursor.set({ label: "hours", count: 50, columns: 24, first: 1, at: () => 0, box, read });
	/** @param {string} key */
	const press = (key) => {
		cursor.press(/** @type {any} */ ({ key, preventDefault() {} }));
		return cursor.index;
	};
	assert.deepEqual(["ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft"].map(press), [2, 26, 2, 1]);
	assert.deepEqual(["End", "ArrowRight", "ArrowDown", "Home", "ArrowLeft"].map(press), [49, 49, 49, 0, 0]);
	assert.equal(parts[".cursor"].ariaValueText, "0");
	assert.equal(parts[".tip"].hidden, false);
	press("Escape");
	assert.equal(parts[".tip"].hidden, true);
});
