import assert from "node:assert/strict";
import { test } from "node:test";
import { csv } from "../../custom_components/climkit/frontend/www/csv.js";
import { subjectOf } from "../../custom_components/climkit/frontend/www/data.js";
import { layers, mainOf, share, sum, told } from "../../custom_components/climkit/frontend/www/layers.js";
import { choiceHtml, esc, signHtml, sumsHtml, svg, tableHtml, tipHtml, words } from "../../custom_components/climkit/frontend/www/svg.js";

test("a flat's solar energy and grid energy are stacked", () => {
	const { stacked, lines } = layers({ solar: [1, null], grid: [2, 3], total: [3, 3] });
	assert.deepEqual(
		stacked.map(({ name, reach }) => [name, reach(0)]),
		[
			["solar", [0, 1]],
			["grid", [1, 3]],
		],
	);
	assert.deepEqual(lines, []);
});

test("a building's export and charging are stacked below zero", () => {
	const columns = { production: [9], consumption: [4], self: [3], discharge: [0], import: [1], export: [4], charge: [2] };
	const { stacked, lines } = layers(columns);
	assert.deepEqual(
		stacked.map(({ name }) => name),
		["self", "discharge", "import", "charge", "export"],
	);
	assert.deepEqual(stacked.at(-1)?.reach(0), [-2, -6]);
	assert.deepEqual(lines, ["production"]);
});

test("what is slightly negative at night takes nothing from the stack", () => {
	const { stacked } = layers({ solar: [-0.02], grid: [1], total: [0.98] });
	assert.deepEqual(stacked.at(-1)?.reach(0), [0, 1]);
});

test("what has no parts is drawn as a whole", () => {
	assert.deepEqual(
		layers({ total: [1] }).stacked.map(({ name }) => name),
		["total"],
	);
	assert.deepEqual(
		layers({ solar: [null], grid: [null], total: [1] }).stacked.map(({ name }) => name),
		["total"],
	);
	assert.deepEqual(
		layers({}).stacked.map(({ name }) => name),
		["total"],
	);
});

test("each column is told once, the whole last", () => {
	assert.deepEqual(told({ total: [1], grid: [1] }), ["total"]);
	assert.deepEqual(told({ total: [1], solar: [1], grid: [0] }), ["solar", "grid", "total"]);
	assert.deepEqual(told({ production: [1], export: [1] }), ["export", "production"]);
	assert.equal(mainOf({ cold_water: [1] }).total, "cold_water");
});

test("missing is not zero", () => {
	assert.equal(sum([null, null]), null);
	assert.equal(sum([0, null]), 0);
	assert.equal(sum(undefined), null);
	assert.deepEqual([share(1, 4), share(1, 0), share(null, 4), share(5, 4), share(-1, 4)], [0.25, null, null, 1, 0]);
});

test("a CSV file survives names with separators, quotes and lines, and starts no formula", () => {
	const rows = [
		["Meter", "kWh"],
		['Flat "1"; left', "-1,5"],
		["=1+1", ""],
		["-x", "+4"],
		["a\nb", "2"],
	];
	assert.equal(csv(rows, ";"), '\uFEFFMeter;kWh\r\n"Flat ""1""; left";-1,5\r\n\'=1+1;\r\n\'-x;+4\r\n"a\nb";2\r\n');
});

test("names cannot break out of HTML", () => {
	assert.equal(esc(`<img src="x" onerror='y'>&`), "&#60;img src=&#34;x&#34; onerror=&#39;y&#39;&#62;&#38;");
});

test("whatever is told, no name breaks out of it", () => {
	const name = '"><img src=x>';
	const line = { name, value: name };
	const told = {
		sums: sumsHtml([line]),
		tip: tipHtml({ title: name, lines: [line] }),
		table: tableHtml({ caption: name, heads: [name], rows: [[name, name]] }),
		choice: choiceHtml("measure", ["a", "b"], "a", () => name),
		sign: signHtml("", name),
		picture: svg(1, 1, name, []),
		words: words(0, 0, name),
	};
	for (const [kind, html] of Object.entries(told)) {
		assert.ok(html.includes(esc(name)), kind);
		assert.ok(!html.includes("<img"), kind);
		assert.ok(!html.includes('""'), kind);
	}
});

const METER = { name: "", unit: "kWh", entities: {}, statistics: {} };
const SITE = { name: "", zone: "", currency: null, today: "", first_day: null, is_loaded: true, entities: {}, statistics: {} };
const HAS = { has: { solar: true, battery: false, tariff: false, low_tariff: false } };
/** @type {import("../../custom_components/climkit/frontend/types").Site[]} */
const SITES = [
	{ ...SITE, ...HAS, site_id: "s1", chosen: "building", meters: [{ ...METER, meter_id: "m1", kind: "consumer", is_wanted: true }] },
	{ ...SITE, ...HAS, site_id: "s2", chosen: "flat", meters: [{ ...METER, meter_id: "m2", kind: "consumer", is_wanted: true }] },
];
/** @param {import("../../custom_components/climkit/frontend/types").Config} config */
const ids = (config, sites = SITES) => {
	const { site, meter } = subjectOf({ sites }, config);
	return [site.site_id, meter?.meter_id];
};

test("a card is about what it is told, else the first flat, else the first building", () => {
	assert.deepEqual(ids({}), ["s2", "m2"]);
	assert.deepEqual(ids({ site: "s2" }), ["s2", undefined]);
	assert.deepEqual(ids({ meter: "m1" }), ["s1", "m1"]);
	assert.deepEqual(ids({}, SITES.slice(0, 1)), ["s1", undefined]);
	assert.throws(() => ids({ site: "s3" }), { code: "not_found" });
	assert.throws(() => ids({ meter: "m3", site: "s1" }), { code: "not_found" });
	assert.throws(() => ids({}, []), { code: "no_sites" });
});

test("what is asked of may be there soon, while an account is not loaded", () => {
	const sites = SITES.map((site, index) => (index ? { ...site, is_loaded: false, meters: [] } : site));
	assert.deepEqual(ids({ meter: "m1" }, sites), ["s1", "m1"]);
	assert.deepEqual(ids({ site: "s2" }, sites), ["s2", undefined]);
	for (const config of [{ meter: "m2" }, { meter: "m2", site: "s2" }]) assert.throws(() => ids(config, sites), { code: "not_loaded" });
	assert.throws(() => ids({ meter: "gone", site: "s1" }, sites), { code: "not_found" });
});

test("there is something to choose from two on, and what is chosen says so", () => {
	const t = (/** @type {string} */ key) => `<${key}>`;
	assert.equal(choiceHtml("measure", ["total"], "total", t), "");
	const html = choiceHtml("measure", ["total", "grid"], "grid", t);
	assert.deepEqual(
		[...html.matchAll(/data-value="(\w+)" aria-pressed="(\w+)">([^<]+)</g)].map(([, ...found]) => found),
		[
			["total", "false", "&#60;total&#62;"],
			["grid", "true", "&#60;grid&#62;"],
		],
	);
});
