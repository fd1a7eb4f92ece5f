// What cards work out before anything is drawn; how they look, tests/browser tells.
/** @import {Day, Meters, MeterRow, Row, Subject, Texts} from "../../custom_components/climkit/frontend/types" */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { formats } from "../../custom_components/climkit/frontend/www/format.js";

globalThis.fetch = async () => new Response(""); // card.html
const { Card } = await import("../../custom_components/climkit/frontend/www/card.js");
const { default: DayCard } = await import("../../custom_components/climkit/frontend/www/day-card.js");
const { default: HeatmapCard } = await import("../../custom_components/climkit/frontend/www/heatmap-card.js");
const { default: MetersCard } = await import("../../custom_components/climkit/frontend/www/meters-card.js");
const { default: MonthsCard } = await import("../../custom_components/climkit/frontend/www/months-card.js");

const LOCALE = { language: "en", number_format: "language", time_format: "24", date_format: "language", time_zone: "local" };
const SITE = { name: "House", today: "2026-11-27", currency: "CHF" };

/**
 * A card without a page around it.
 * @template {object} T
 * @param {new (host: HTMLElement) => T} kind
 * @param {object} fields
 * @returns {T}
 */
function cardOf(kind, fields, language = "en") {
	const locale = { ...LOCALE, language };
	return Object.assign(Object.create(kind.prototype), {
		hass: { language, locale },
		subject: /** @type {Subject} */ (/** @type {unknown} */ ({ site: SITE })),
		f: formats({ language, locale }, "Europe/Zurich"),
		t: /** @type {Texts} */ ((key) => key),
		period: "month",
		...fields,
	});
}

/** @param {Partial<MeterRow>} changed */
const row = (changed) => ({
	.../** @type {MeterRow} */ ({ meter_id: "m", name: "Flat", kind: "consumer", unit: "kWh", total: null, is_silent: false }),
	...{ solar_share: null, cost: null, share: null, last_data: null, months: Array(12).fill(null) },
	...changed,
});

/** @param {MeterRow[]} meters */
const metersCard = (meters, month = "2026-10", language = "en") => {
	/** @type {Meters} */
	const data = { month, currency: "CHF", peak: null, meters };
	return cardOf(MetersCard, { data, shown: month, sorted: "total", isDown: true }, language);
};

test("a meter's change is that from the month before, once the month is over", () => {
	const months = [...Array(8).fill(null), 200, 150, 30, null];
	const october = row({ total: 150, months });
	assert.equal(metersCard([]).value(october, "change"), -0.25);
	assert.equal(metersCard([], "2026-11").value(row({ total: 30, months }), "change"), null);
	assert.equal(metersCard([], "2026-09").value(row({ total: 200, months }), "change"), null);
});

test("meters are sorted with what is missing last, whichever way", () => {
	const card = metersCard([row({ name: "absent" }), row({ name: "small", total: 1 }), row({ name: "large", total: 2 })]);
	/** @param {boolean} isDown */
	const names = (isDown) => Object.assign(card, { isDown }).rows.map(({ name }) => name);
	assert.deepEqual(names(true), ["large", "small", "absent"]);
	assert.deepEqual(names(false), ["small", "large", "absent"]);
});

test("a saved table is one that the person's spreadsheet opens", async () => {
	/** @type {Blob[]} */
	const saved = [];
	mock.method(URL, "createObjectURL", (/** @type {Blob} */ blob) => `blob:${saved.push(blob)}`);
	mock.timers.enable({ apis: ["setTimeout"] });
	const link = { click() {}, download: "" };
	Object.assign(globalThis, { document: { createElement: () => link } });
	for (const language of ["en", "de"]) metersCard([row({ total: 1.5 })], "2026-10", language).save();
	const [english = "", german = ""] = await Promise.all(saved.map((blob) => blob.text()));
	mock.reset();
	mock.timers.reset();
	assert.equal(link.download, "climkit-2026-10.csv");
	assert.match(english, /^meter,amount,unit,2026-01.*\r\nFlat,1\.5,kWh,/);
	assert.match(german, /^meter;amount;unit;2026-01.*\r\nFlat;1,5;kWh;/);
});

test("a running month is compared with the same days of the year before", () => {
	const data = { names: [], now: { total: [2, 4, null] }, old: { total: [1, 3, 5] }, cost: null };
	const lines = cardOf(MonthsCard, { data, shown: "2026-11" }).sums();
	assert.deepEqual(lines.at(-1), { name: "compared_with", value: "+50%" });
});

test("a month and a year are compared with those of a year before", () => {
	assert.equal(cardOf(MonthsCard, { shown: "2026-11" }).yearBefore, "November 2025");
	assert.equal(cardOf(MonthsCard, { shown: "2026", period: "year" }).yearBefore, "2025");
});

test("paging stops at the first month, and follows time at the last", () => {
	/** @type {Record<string, Record<string, unknown>>} */
	const parts = {};
	const part = (/** @type {string} */ selector) => (parts[selector] ??= {});
	const site = { ...SITE, first_day: "2026-09-05" };
	const card = cardOf(Card, { part, drawn: new Map(), subject: { site }, config: {}, begin() {} });
	mock.timers.enable({ apis: ["setTimeout"] });
	/** @type {Record<string, unknown[]>} */
	const buttons = {};
	for (const month of ["2026-08", "2026-10", "2026-11", "2026-12"]) {
		card.go(month);
		buttons[month] = [card.wanted, ...["back", "next"].map((action) => parts[`[data-do=${action}]`]?.disabled)];
	}
	mock.timers.reset();
	assert.deepEqual(buttons, {
		"2026-08": ["2026-08", true, false],
		"2026-10": ["2026-10", false, false],
		"2026-11": [null, false, true],
		"2026-12": [null, false, true],
	});
});

test("water is told in its own unit", () => {
	assert.equal(cardOf(Card, {}).unit, "kWh");
	assert.equal(cardOf(Card, { subject: { site: SITE, meter: { unit: "m3" } } }).unit, "m³");
});

/** @type {Day} */
const DAY = {
	...{ day: "2026-11-27", zone: "Europe/Zurich", start: Date.parse("2026-11-26T23:00Z") / 1000, step: 900, count: 4, is_today: false },
	...{ columns: { total: [0.5, 0.25, null, 0.1] }, low: [[0, 2]], price: [0.2, 0.2, 0.3, 0.3], sums: { total: 0.85 } },
	...{ cost: null, currency: "CHF", peak: null },
};

test("a day's curve is of kW, not of kWh", () => {
	/** @type {Row | undefined} */
	let drawn;
	const axes = (/** @type {Row} */ row) => {
		drawn = row;
		throw new Error("nothing to draw on");
	};
	const part = () => ({ clientWidth: 800 });
	assert.throws(() => cardOf(DayCard, { data: DAY, axes, part }).plot(), /nothing to draw on/);
	assert.equal(drawn?.unit, "kW");
	assert.equal(Math.max(...(drawn?.values ?? []).map((value) => value ?? 0)), 2);
});

test("the day before is asked for too, where there is one", async () => {
	/** @type {string[]} */
	const asked = [];
	const fetchBefore = (/** @type {string} */ day) => asked.push(day);
	for (const shown of ["2026-11-25", "2026-11-26"]) {
		const subject = { site: { ...SITE, first_day: "2026-11-25" } };
		await cardOf(DayCard, { period: "day", shown, subject, ask: async () => DAY, fetchBefore }).fetch();
	}
	assert.deepEqual(asked, ["2026-11-25"]);
});

test("a quarter-hour tells its power, and the tariff that holds in it", () => {
	const card = cardOf(DayCard, { data: DAY });
	/** @param {number} index */
	const told = (index) => Object.fromEntries(card.read(index).lines.map(({ name, value }) => [name, value.replace("\u00A0", " ")]));
	assert.equal(card.read(1).title, "00:15–00:30");
	assert.deepEqual(told(1), { total: "0.25 kWh", power: "1.00 kW", price_low: "0.20 CHF/kWh" });
	assert.deepEqual(told(2), { total: "no_data", price: "0.30 CHF/kWh" });
});

test("an hour without data is a hole in the heat map, one without consumption is none", () => {
	const rest = Array(21).fill(0.5);
	const hours = { total: [null, 0, 1, ...rest], solar: [null, 0, 0.5, ...rest] };
	const data = { month: "2026-10", zone: "Europe/Zurich", start: Date.parse("2026-09-30T22:00Z") / 1000, day_starts: [0, 24], hours };
	const part = () => ({ clientWidth: 800 });
	const card = cardOf(HeatmapCard, { data, shown: "2026-10", measure: "solar_share", part, cursor: { set() {} } });
	const drawn = card.chart(card.measures().get("solar_share") ?? [], 1);
	const kinds = [...drawn.matchAll(/<rect [^>]*class="(\w+)"/g)].map(([, kind]) => kind);
	assert.deepEqual(kinds.slice(0, 3), ["hole", "l0", "l7"]);
});

test("autumn's two hours share a place in the heat map", () => {
	const data = { month: "2026-10", zone: "Europe/Zurich", start: Date.parse("2026-10-24T22:00Z") / 1000, day_starts: [0, 25] };
	const places = cardOf(HeatmapCard, { data }).places();
	assert.deepEqual(
		places.slice(1, 5).map(({ hour, isSecond, isTwin }) => [hour, isSecond, isTwin]),
		[
			[1, false, false],
			[2, false, true],
			[2, true, true],
			[3, false, false],
		],
	);
});

test("a card that only has to wait asks again, one that was refused does not", () => {
	mock.timers.enable({ apis: ["setInterval"] });
	Object.assign(globalThis, { document: { hidden: false } });
	/** @type {Record<string, number>} */
	const asked = {};
	for (const problem of ["", "no_data_yet", "not_loaded", "no_sites", "refused", "not_found"]) {
		const begin = () => {
			asked[problem] = (asked[problem] ?? 0) + 1;
		};
		cardOf(Card, { problem, wanted: null, sizes: { observe() {} }, begin }).start();
	}
	mock.timers.tick(60_000);
	mock.timers.reset();
	assert.deepEqual(asked, { "": 2, no_data_yet: 2, not_loaded: 2, no_sites: 2, refused: 1, not_found: 1 });
});
