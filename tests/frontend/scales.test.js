import assert from "node:assert/strict";
import { test } from "node:test";
import { area, clock, LEVELS, level, line, linear, runs, ticks } from "../../custom_components/climkit/frontend/www/scales.js";

const ZONE = "Europe/Zurich";
/** @param {string} time */
const epoch = (time) => Date.parse(time) / 1000;

test("marks are round and cover what is drawn", () => {
	assert.deepEqual(ticks(0, 1), [0, 0.25, 0.5, 0.75, 1]);
	assert.deepEqual(ticks(0, 1.14), [0, 0.5, 1, 1.5]);
	assert.deepEqual(ticks(0, 30), [0, 10, 20, 30]);
	assert.deepEqual(ticks(-6, 8), [-10, -5, 0, 5, 10]);
	for (const most of [0.05, 0.3, 7, 99, 1234]) {
		const marks = ticks(-most / 3, most);
		assert.ok((marks[0] ?? 1) <= -most / 3 && (marks.at(-1) ?? 0) >= most, String(marks));
		assert.ok(marks.includes(0) && marks.length <= 7, String(marks));
	}
});

test("a scale goes from end to end, and survives nothing at all", () => {
	const y = linear(0, 10, 100, 0);
	assert.deepEqual([y(0), y(2.5), y(10)], [100, 75, 0]);
	assert.ok(Number.isFinite(linear(0, 0, 0, 9)(0)));
});

test("colours begin at nothing, end at the most, and tell small amounts apart", () => {
	assert.deepEqual([level(0, 4), level(4, 4), level(9, 4), level(-1, 4), level(1, 0)], [0, LEVELS, LEVELS, 0, 0]);
	assert.deepEqual(
		[0.04, 0.16, 1, 2].map((value) => level(value, 4)),
		[1, 2, 5, 7],
	);
});

test("the clock skips an hour in spring and repeats one in autumn", () => {
	const spring = clock(epoch("2026-03-28T23:00Z"), 3600, 23, ZONE).map((minute) => minute / 60);
	assert.deepEqual(spring.slice(0, 4), [0, 1, 3, 4]);
	const autumn = clock(epoch("2026-10-24T22:00Z"), 900, 100, ZONE);
	assert.equal(autumn[0], 0);
	assert.deepEqual(autumn.slice(8, 16), [120, 135, 150, 165, 120, 135, 150, 165]);
	assert.equal(autumn.at(-1), 23 * 60 + 45);
});

test("stretches are found, at both ends too", () => {
	const values = [1, null, null, 2, 3, null];
	assert.deepEqual(
		runs(6, (index) => values[index] === null),
		[
			[1, 3],
			[5, 6],
		],
	);
	assert.deepEqual(
		runs(6, () => true),
		[[0, 6]],
	);
	assert.deepEqual(
		runs(0, () => true),
		[],
	);
});

test("steps are drawn flat, and areas come back to where they began", () => {
	const x = (/** @type {number} */ index) => index * 10;
	assert.equal(
		line([1, 3], x, (index) => index),
		"M10 1V1H20V2H30",
	);
	assert.equal(
		area(
			[0, 2],
			x,
			() => 5,
			() => 9,
		),
		"M0 5V5H10V5H20V9H10V9H0Z",
	);
});
