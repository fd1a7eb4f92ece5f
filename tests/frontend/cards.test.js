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

test("a change has its sign, a share has none", () => {
	const months = [...Array(8).fill(null), 100, 150, null, null];
	const october = row({ total: 150, months, solar_share: 0.41, share: 0.2 });
	const card = metersCard([october]);
	const said = /** @type {const} */ (["change", "solar_share", "share"]).map((column) => card.say(october, column));
	assert.deepEqual(said, ["+50%", "41%", "20%"]);
});

test("a cost has its currency, and the last data its day", () => {
	const flat = row({ cost: 12.4, last_data: Date.parse("2026-11-27T08:15Z") / 1000 });
	const said = /** @type {const} */ (["cost", "last_data"]).map((column) => metersCard([flat]).say(flat, column));
	assert.deepEqual(
		said.map((text) => text.replaceAll("\u00A0", " ")),
		["CHF 12.40", "Nov 27, 09:15"],
	);
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
	const locale = { ...LOCALE, language: "de", number_format: "quote_decimal" };
	const f = formats({ language: "de", locale }, "Europe/Zurich");
	Object.assign(metersCard([row({ total: 1.5 })], "2026-10", "de"), { f }).save();
	const [english = "", german = "", swiss = ""] = await Promise.all(saved.map((blob) => blob.text()));
	mock.reset();
	mock.timers.reset();
	assert.equal(link.download, "climkit-2026-10.csv");
	assert.match(english, /^meter,amount,unit,2026-01.*\r\nFlat,1\.5,kWh,/);
	assert.match(german, /^meter;amount;unit;2026-01.*\r\nFlat;1,5;kWh;/);
	assert.match(swiss, /^meter;amount;unit;2026-01.*\r\nFlat;1\.5;kWh;/);
});

test("a running month is compared with the same days of the year before", () => {
	const data = { names: [], now: { total: [2, 4, null] }, old: { total: [1, 3, 5] }, cost: null };
	const lines = cardOf(MonthsCard, { data, shown: "2026-11" }).sums();
	assert.deepEqual(lines.at(-1), { name: "compared_with", value: "+50%" });
});

test("a month that costs nothing says so, one of which nobody knows it does not", () => {
	/** @param {import("../../custom_components/climkit/frontend/types").Numbers | null} cost */
	const said = (cost) => {
		const data = { names: [], now: { total: [2, 4] }, old: {}, cost };
		const line = cardOf(MonthsCard, { data, shown: "2026-11" }).sums().at(-1);
		return line?.name === "cost" ? line.value.replaceAll("\u00A0", " ") : null;
	};
	assert.deepEqual([[0, 0], [2.5, -2.5], [null, null], null].map(said), ["CHF 0.00", "CHF 0.00", null, null]);
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

test("a card that only has to wait asks again, for an older period one that was refused does not", () => {
	mock.timers.enable({ apis: ["setInterval"] });
	Object.assign(globalThis, { document: { hidden: false } });
	const problems = ["no_data_yet", "not_loaded", "not_found", "no_sites", "unavailable", "refused"];
	/** @param {string | null} wanted */
	const asking = (wanted) => {
		/** @type {string[]} */
		const asked = [];
		const cards = problems.map((problem) => {
			const card = cardOf(Card, { problem, wanted, sizes: { observe() {} }, begin: () => asked.push(problem) });
			card.start();
			return card;
		});
		asked.length = 0;
		mock.timers.tick(60_000);
		for (const card of cards) clearInterval(card.timer);
		return asked;
	};
	assert.deepEqual(asking("2026-10-03"), problems.slice(0, 4));
	assert.deepEqual(asking(null), problems, "what is new costs no request");
	mock.timers.reset();
});

/** What a card draws on: parts of 800 pixels, and nothing that shows. */
const onPage = () => ({ part: () => ({ clientWidth: 800 }), drawn: new Map(), put() {}, cursor: { set() {} } });

test("bars of meters compare what has the same unit", () => {
	const meters = [row({ total: 10 }), row({ total: 5 }), row({ total: 100, unit: "m3" }), row({ total: null })];
	const card = Object.assign(metersCard(meters), { config: {} });
	assert.deepEqual(
		meters.map((meter) => /--part:([\d.]+%)/.exec(card.row(meter))?.[1]),
		["100%", "50%", "100%", "0%"],
	);
});

test("what somebody called a meter is text and nothing else", () => {
	const meter = row({ name: "<img src=x onerror=alert()>" });
	for (const config of [{}, { link: true }]) {
		const html = Object.assign(metersCard([meter]), { config }).row(meter);
		assert.doesNotMatch(html, /<img/);
		assert.match(html, /&#60;img src=x onerror=alert\(\)&#62;/);
	}
});

test("meters are sorted with kWh before m³, whichever way", () => {
	const card = metersCard([
		row({ name: "water", unit: "m3", total: 90 }),
		row({ name: "small", total: 1 }),
		row({ name: "large", total: 2 }),
	]);
	/** @param {boolean} isDown */
	const names = (isDown) => Object.assign(card, { isDown }).rows.map(({ name }) => name);
	assert.deepEqual(names(true), ["large", "small", "water"]);
	assert.deepEqual(names(false), ["small", "large", "water"]);
});

test("who sorts by another column sees the most first, by name the first letter", () => {
	const card = Object.assign(metersCard([]), { actions: {}, draw() {} });
	card.setUp();
	const sorted = ["cost", "cost", "name", "name", "total"].map((column) => {
		card.actions.sort?.(column);
		return [card.sorted, card.isDown];
	});
	assert.deepEqual(sorted, [
		["cost", true],
		["cost", false],
		["name", false],
		["name", true],
		["total", true],
	]);
});

test("a meter's year is twelve bars, and the month that is shown is marked", () => {
	const months = [10, 5, 0.01, 0, null, null, null, null, null, 2, null, null];
	const html = metersCard([], "2026-10").year(row({ months }));
	const bars = [...html.matchAll(/<rect class="(\w*)" x="(\d+)" y="[\d.]+" width="5" height="([\d.]+)"/g)];
	assert.deepEqual(
		bars.map(([, kind, , height]) => [kind, Number(height)]),
		[["", 22], ["", 11], ["", 1], ...Array(6).fill(["", 0]), ["here", 4.4], ["", 0], ["", 0]],
	);
	assert.match(html.replaceAll("\u00A0", " "), /Jan 10\.0 kWh, Feb 5\.00 kWh, .*May –/);
});

test("a saved table tells when a meter had its last data, and all months", async () => {
	/** @type {Blob[]} */
	const saved = [];
	mock.method(URL, "createObjectURL", (/** @type {Blob} */ blob) => `blob:${saved.push(blob)}`);
	mock.timers.enable({ apis: ["setTimeout"] });
	Object.assign(globalThis, { document: { createElement: () => ({ click() {} }) } });
	const months = [1, ...Array(10).fill(null), 12.34567];
	metersCard([row({ name: "a, b", total: 1, cost: 0, last_data: Date.parse("2026-11-27T08:15Z") / 1000, months })]).save();
	const [text = ""] = await Promise.all(saved.map((blob) => blob.text()));
	mock.reset();
	mock.timers.reset();
	assert.match(text, /\r\n"a, b",1,0,2026-11-27T08:15:00\.000Z,kWh,1,,,,,,,,,,,12\.3457\r\n$/);
});

test("another kind of period begins with the present one", () => {
	/** @type {unknown[]} */
	const begun = [];
	const card = cardOf(MonthsCard, { wanted: "2026-03", actions: {} });
	Object.assign(card, { begin: () => begun.push([card.chosen, card.wanted]) });
	card.setUp();
	card.actions.period?.("year");
	assert.deepEqual(begun, [["year", null]]);
});

test("of a running month no hour is drawn that is still to come", () => {
	/** @param {string} month */
	const drawn = (month) => {
		const hours = { total: [...Array(29).fill(0.5), null, 1, ...Array(17).fill(null)] };
		const data = { month, zone: "Europe/Zurich", start: Date.parse(`${month}-02T23:00Z`) / 1000, day_starts: [0, 24, 48], hours };
		const card = cardOf(HeatmapCard, { data, measure: "total", ...onPage() });
		return [...card.chart(hours.total, 1).matchAll(/<rect [^>]*class="(\w+)"/g)].map(([, kind]) => kind);
	};
	assert.deepEqual([drawn("2026-11").length, drawn("2026-11").at(-1), drawn("2026-11").at(-2)], [31, "l10", "hole"]);
	assert.deepEqual([drawn("2026-01").length, drawn("2026-01").at(-1)], [48, "hole"]);
});

test("the table of a heat map has each hour, both of autumn's, and the day's sum", () => {
	const total = Array.from({ length: 49 }, (_, index) => index);
	const data = {
		month: "2026-10",
		zone: "Europe/Zurich",
		start: Date.parse("2026-10-24T22:00Z") / 1000,
		day_starts: [0, 25, 49],
		hours: { total },
	};
	const { heads, rows } = cardOf(HeatmapCard, { data, measure: "total" }).table();
	assert.deepEqual([heads.length, heads.at(-1), heads[1], heads[24]], [26, "sum", "0", "23"]);
	assert.deepEqual(rows[0]?.slice(2, 5), ["1.00", "2.00 / 3.00", "4.00"]);
	assert.deepEqual([rows[0]?.at(-2), rows[0]?.at(-1)], ["24.00", "300.00"]);
	assert.deepEqual([rows[1]?.[1], rows[1]?.at(-1)], ["25.00", "876.00"]);
	const hours = { total, solar: total.map((value) => 0.41 * value) };
	const shares = cardOf(HeatmapCard, { data: { ...data, hours }, measure: "solar_share" }).table();
	assert.deepEqual([shares.caption, shares.heads.at(-1)], ["solar_share (%)", "23"], "shares have no sum");
	assert.deepEqual(shares.rows[0]?.slice(1, 4), ["–", "41%", "41% / 41%"]);
});

test("a place of a heat map tells its day and hour", () => {
	/** @type {import("../../custom_components/climkit/frontend/types").Places | undefined} */
	let places;
	const hours = { total: [1, 2], solar: [0.5, 2] };
	const data = { month: "2026-10", zone: "Europe/Zurich", start: Date.parse("2026-09-30T22:00Z") / 1000, day_starts: [0, 24], hours };
	const cursor = { set: (/** @type {typeof places} */ set) => (places = set) };
	const card = cardOf(HeatmapCard, { data, measure: "solar_share", ...onPage(), cursor });
	card.chart(card.measures().get("solar_share") ?? [], 1);
	const { title = "", lines = [] } = places?.read(1) ?? {};
	assert.equal(title, "Thu, Oct 1, 01:00–02:00");
	assert.deepEqual(
		lines.map(({ name, value }) => [name, value.replace("\u00A0", " ")]),
		[
			["solar_share", "100%"],
			["total", "2.00 kWh"],
		],
	);
	assert.deepEqual([places?.at(66, 16), places?.at(799, 20), places?.at(66, 40)], [0, 23, -1]);
});

test("a pointer over autumn's two hours tells the one that it is over", () => {
	/** @type {import("../../custom_components/climkit/frontend/types").Places | undefined} */
	let places;
	const hours = { total: Array(25).fill(1) };
	const data = { month: "2026-10", zone: "Europe/Zurich", start: Date.parse("2026-10-24T22:00Z") / 1000, day_starts: [0, 25], hours };
	const cursor = { set: (/** @type {typeof places} */ set) => (places = set) };
	cardOf(HeatmapCard, { data, measure: "total", ...onPage(), cursor }).chart(hours.total, 1);
	for (const index of [1, 2, 3, 4, 24]) {
		const { x, y, width } = places?.box(index) ?? { x: 0, y: 0, width: 0 };
		assert.equal(places?.at(x + width / 2, y), index);
	}
});

/**
 * The paths of a class that a day's curve is drawn with.
 * @param {Partial<Day>} changed
 * @param {object} fields
 */
const curve = (changed, fields = {}) => {
	const card = cardOf(DayCard, { data: { ...DAY, ...changed }, ...onPage(), ...fields });
	const { svg = "", legend = "" } = card.plot();
	/** @param {string} kind */
	const paths = (kind) => [...svg.matchAll(new RegExp(`<path class="${kind}" d="([^"]+)"`, "g"))].map(([, path]) => path);
	return { svg, legend, paths };
};

test("a day has its holes, today up to its newest data only", () => {
	const columns = { total: [0.5, null, 0.25, null] };
	assert.deepEqual(curve({ columns }).paths("hole"), ["M219 18H398V258H219Z", "M577 18H756V258H577Z"]);
	const today = curve({ columns, is_today: true });
	assert.deepEqual(today.paths("hole"), ["M219 18H398V258H219Z"]);
	assert.deepEqual(today.paths("current"), ["M577 18V258"]);
	assert.deepEqual(curve({ columns }).paths("current"), []);
});

test("a day's legend says what is drawn, and nothing else", () => {
	const columns = { total: [0.5, 0.5, 0.5, 0.5] };
	/** @param {string} legend */
	const signs = (legend) => [...legend.matchAll(/<\/svg>(\w+)/g)].map(([, name]) => name);
	assert.deepEqual(signs(curve({ columns }).legend), ["low_tariff", "price"]);
	assert.deepEqual(signs(curve({ columns, low: [], price: null }).legend), []);
	assert.deepEqual(signs(curve({ price: null, low: null }, { before: DAY }).legend), ["day_before", "no_data"]);
	assert.deepEqual(curve({ columns }).paths("low"), ["M40 18H398V258H40Z"]);
});

test("the day before stands at this day's clock", () => {
	/** @type {Row | undefined} */
	let drawn;
	const axes = (/** @type {Row} */ row) => {
		drawn = row;
		throw new Error("nothing to draw on");
	};
	const spring = { start: Date.parse("2026-03-28T23:00Z") / 1000, count: 12, columns: { total: Array(12).fill(0) } };
	const total = Array.from({ length: 20 }, (_, index) => index / 4);
	const before = { ...DAY, start: Date.parse("2026-03-27T23:00Z") / 1000, columns: { total } };
	assert.throws(() => curve(spring, { axes, before }), /nothing to draw on/);
	assert.deepEqual(drawn?.values.slice(12), [0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15]);
});

test("a chart's places reach from end to end", () => {
	/** @type {import("../../custom_components/climkit/frontend/types").Places | undefined} */
	let places;
	const cursor = { set: (/** @type {typeof places} */ set) => (places = set) };
	cardOf(DayCard, { data: { ...DAY, price: null }, ...onPage(), cursor }).plot();
	assert.equal(places?.first, 3);
	assert.deepEqual(
		[-5, 40, 229, 793, 900].map((px) => places?.at(px, 0)),
		[0, 0, 1, 3, 3],
	);
	assert.deepEqual(places?.box(1), { x: 228.5, y: 18, width: 188.5, height: 240 });
});

test("bars tell the amount, what it cost, and that of the year before", () => {
	/** @type {import("../../custom_components/climkit/frontend/types").Places | undefined} */
	let places;
	const cursor = { set: (/** @type {typeof places} */ set) => (places = set) };
	const names = ["2026-11-01", "2026-11-02", "2026-11-03"];
	const data = { names, now: { total: [2, 4, null] }, old: { total: [1, null, 5] }, cost: [0.5, null, null] };
	const card = cardOf(MonthsCard, { data, shown: "2026-11", ...onPage(), cursor });
	const drawn = card.chart();
	assert.equal((drawn.match(/class="old"/g) ?? []).length, 2);
	assert.equal((drawn.match(/fill-opacity="\.88"/g) ?? []).length, 2);
	const tops = [...drawn.matchAll(/<rect x="[\d.]+" y="([\d.-]+)"/g)].map(([, top]) => Number(top));
	assert.ok(Math.min(...tops) >= 18, "none stands over the chart's head, be it the year before's");
	assert.equal(places?.first, 1);
	/** @param {number} index */
	const told = (index) => places?.read(index).lines.map(({ name, value }) => `${name} ${value}`.replaceAll("\u00A0", " "));
	assert.deepEqual(told(0), ["total 2.00 kWh", "cost CHF 0.50", "November 2025 1.00 kWh"]);
	assert.deepEqual(told(1), ["total 4.00 kWh"]);
	assert.deepEqual(told(2), ["total no_data", "November 2025 5.00 kWh"]);
	const { heads, rows } = card.table();
	assert.deepEqual(heads, ["time", "total (kWh)", "November 2025", "cost (CHF)"]);
	assert.deepEqual(rows[2], ["Tue, Nov 3", "–", "5.00", "–"]);
});

test("a connection that was lost is tried again by itself, and said in words", () => {
	const said = /** @type {string[]} */ ([]);
	const note = (/** @type {string} */ html) => said.push(html);
	const t = (/** @type {string} */ key) => (key === "error_not_loaded" ? "It is not loaded." : key);
	const card = cardOf(Card, { t, note, body: {} });
	card.fail({ type: "result", success: false, error: { code: 3, message: "Connection lost" } });
	assert.equal(card.problem, "not_loaded");
	assert.match(said[0] ?? "", /It is not loaded\./);
});

test("what went wrong is said in the person's words, what has none in Climkit's", () => {
	/** @type {string[]} */
	const said = [];
	const texts = (/** @type {string} */ key) => (key === "error_refused" ? "Refused." : key);
	const t = (/** @type {string} */ key, /** @type {any} */ values) =>
		key === "error_unknown" ? `Unknown: ${values?.message}` : texts(key);
	const note = (/** @type {string} */ html) => said.push(html);
	for (const error of [{ code: "refused" }, { code: "odd", message: "<b>" }, { code: "unknown_command", message: "?" }, new Error("cut")]) {
		const card = cardOf(Card, { t, note, body: {} });
		card.fail(error);
		said.push(card.problem);
	}
	const again = '<button data-do="again">again</button>';
	assert.deepEqual(said, [
		...[`<p>Refused.</p>${again}`, "refused", `<p>Unknown: &#60;b&#62;</p>${again}`, "odd"],
		...[`<p>Unknown: ?</p>${again}`, "not_loaded", `<p>Unknown: cut</p>${again}`, "unknown"],
	]);
});
