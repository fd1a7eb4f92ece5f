// Cards as they live: they find what they are about, ask, show, page, wait, and go.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { HOUSE, homeOf, part, settle, stopTime } from "./page.js";

globalThis.fetch = async () => new Response(""); // card.html
const { release } = await import("../../custom_components/climkit/frontend/www/data.js");
const { default: DayCard } = await import("../../custom_components/climkit/frontend/www/day-card.js");
const { default: HeatmapCard } = await import("../../custom_components/climkit/frontend/www/heatmap-card.js");
const { default: MetersCard } = await import("../../custom_components/climkit/frontend/www/meters-card.js");
const { default: MonthsCard } = await import("../../custom_components/climkit/frontend/www/months-card.js");

beforeEach(stopTime);
afterEach(() => mock.timers.reset());

/**
 * A card on a page, which has begun.
 * @template {import("../../custom_components/climkit/frontend/www/card.js").Card<any>} T
 * @param {new (host: HTMLElement) => T} kind
 * @param {Record<string, unknown>} answers
 * @param {any} config
 */
async function begun(kind, answers, config = {}) {
	const root = part();
	const hass = homeOf({ "climkit/overview": { sites: [HOUSE] }, ...answers });
	const card = new kind(/** @type {any} */ ({ shadowRoot: root }));
	card.update(hass, config);
	card.start();
	await settle();
	/** @param {string} type */
	const asked = (type) => hass.asked.filter((/** @type {any} */ message) => message.type === `climkit/${type}`);
	return { card, hass, asked, at: (/** @type {string} */ selector) => root.querySelector(selector) };
}

const YEAR = {
	...{ year: 2026, months: { consumption: [...Array(10).fill(1), 3, null], self: [...Array(10).fill(0.5), 1, null] } },
	...{ months_before: { consumption: Array(12).fill(null) }, cost: null },
};
/** @param {{month: string}} message */
const month = ({ month }) => ({
	...{ month, zone: "Europe/Zurich", start: Date.parse("2026-10-31T23:00Z") / 1000, day_starts: [0, 24, 48] },
	...{ hours: { total: Array(48).fill(1), solar: Array(48).fill(0.25) }, days: { total: [24, 24], solar: [6, 6] } },
	...{ days_before: { total: [12, 24] }, cost_days: null },
});

test("a card says what it is about, of when, and how to page", async () => {
	const { at } = await begun(MonthsCard, { "climkit/month": month });
	assert.deepEqual([at("h2").innerHTML, at(".when").innerHTML], ["House", "November 2026"]);
	const [back, next, now] = ["back", "next", "now"].map((action) => at(`[data-do=${action}]`));
	assert.deepEqual([back.disabled, next.disabled, now.hidden, back.title], [false, true, true, "back_month"]);
	assert.match(at(".plot").innerHTML, /^<svg/);
	assert.equal(at("details").hidden, false);
	mock.timers.tick(200);
	assert.equal(at(".notice").hidden, true, "nothing is waited for any more");
});

test("a card is called what it was told to, as text", async () => {
	const { at } = await begun(MonthsCard, { "climkit/month": month }, { title: "<b>Mine" });
	assert.equal(at("h2").innerHTML, "&#60;b&#62;Mine");
});

test("who pages back comes to the present again by one button, or by paging on", async () => {
	const { card, asked, at } = await begun(MonthsCard, { "climkit/month": month });
	card.actions.back?.("");
	mock.timers.tick(150);
	card.actions.back?.("");
	mock.timers.tick(150);
	await settle();
	assert.equal(asked("month").length, 1, "somebody still pages");
	mock.timers.tick(50);
	await settle();
	assert.deepEqual([card.shown, at("[data-do=now]").hidden], ["2026-09", false]);
	assert.deepEqual(
		asked("month").map((/** @type {any} */ { month }) => month),
		["2026-11", "2026-09"],
		"what lies between is not asked for",
	);
	card.actions.now?.("");
	assert.deepEqual([card.shown, card.wanted], ["2026-11", null]);
});

test("what is wanted lies between the first period and the present one", async () => {
	const { card } = await begun(MonthsCard, { "climkit/month": month });
	for (const [wanted, shown] of [
		["2025-01", "2026-09"],
		["2027-01", "2026-11"],
		["2026-10", "2026-10"],
	]) {
		card.wanted = wanted ?? null;
		card.prepare();
		assert.equal(card.shown, shown);
	}
});

test("a later question voids the answer to an earlier one", async () => {
	/** @type {((answer: unknown) => void)[]} */
	const waiting = [];
	const answers = { "climkit/month": () => new Promise((resolve) => void waiting.push(resolve)) };
	const { card } = await begun(MonthsCard, answers);
	card.wanted = "2026-10";
	card.begin();
	await settle();
	waiting[1]?.({ ...month({ month: "2026-10" }), days: { total: [1, 1] } });
	waiting[0]?.({ ...month({ month: "2026-11" }), days: { total: [2, 2] } });
	await settle();
	assert.deepEqual(card.data.now, { total: [1, 1] });
});

test("a card waits at once where it has nothing to show, and after a moment where it has", async () => {
	/** @type {((answer: unknown) => void)[]} */
	const waiting = [];
	const { card, at } = await begun(MonthsCard, { "climkit/month": () => new Promise((resolve) => void waiting.push(resolve)) });
	const waits = () => [!at(".notice").hidden, card.body.ariaBusy === "true"];
	const answer = async () => {
		waiting.pop()?.(month({ month: card.shown }));
		await settle();
	};
	mock.timers.tick(1);
	assert.deepEqual(waits(), [true, true]);
	await answer();
	assert.deepEqual(waits(), [false, false]);
	card.wanted = "2026-10";
	card.begin();
	await settle();
	mock.timers.tick(199);
	assert.deepEqual(waits(), [false, false], "an answer may come in no time");
	mock.timers.tick(1);
	assert.deepEqual(waits(), [true, true]);
	await answer();
	assert.deepEqual(waits(), [false, false]);
});

test("a card that is gone shows nothing more, and asks for nothing", async () => {
	/** @type {((answer: unknown) => void)[]} */
	const waiting = [];
	const { card, asked, at } = await begun(MonthsCard, { "climkit/month": () => new Promise((resolve) => void waiting.push(resolve)) });
	card.stop();
	waiting[0]?.(month({ month: "2026-11" }));
	mock.timers.tick(600_000);
	await settle();
	assert.equal(at(".plot").innerHTML, "");
	assert.equal(asked("month").length, 1);
});

test("each minute it is asked anew, unless nobody looks or an older period is shown", async () => {
	const { card } = await begun(MonthsCard, { "climkit/month": month });
	let number = 0;
	card.begin = async () => void number++;
	mock.timers.tick(180_000);
	assert.equal(number, 3);
	Object.assign(document, { hidden: true });
	mock.timers.tick(180_000);
	assert.equal(number, 3);
	Object.assign(document, { hidden: false });
	card.wanted = "2026-10";
	mock.timers.tick(180_000);
	assert.equal(number, 3);
});

test("an older period is asked for each minute until what passes has passed", async () => {
	const { card } = await begun(MonthsCard, { "climkit/month": month });
	const { begin } = card;
	let number = 0;
	card.begin = async () => void number++;
	card.wanted = "2026-10";
	card.fail({ code: "no_data_yet" });
	mock.timers.tick(120_000);
	assert.equal(number, 2);
	await begin.call(card);
	mock.timers.tick(120_000);
	assert.equal(number, 2);
});

test("a card begins anew where language, account or configuration changed, not with each state", async () => {
	const { card, hass } = await begun(MonthsCard, { "climkit/month": month });
	let number = 0;
	card.begin = async () => void number++;
	const { config } = card;
	card.update({ ...hass, states: {} }, config);
	assert.equal(number, 0);
	card.update({ ...hass, locale: { ...hass.locale, language: "de" } }, config);
	card.update({ ...card.hass, connection: { addEventListener() {}, removeEventListener() {} } }, config);
	card.update(card.hass, { title: "Mine" });
	assert.equal(number, 3);
});

test("a date picker is as dark as the page", async () => {
	const { card, hass } = await begun(MonthsCard, { "climkit/month": month });
	const scheme = () => card.body.parentElement?.style.getPropertyValue("color-scheme");
	assert.equal(scheme(), "light");
	card.update({ ...hass, themes: { darkMode: true } }, card.config);
	assert.equal(scheme(), "dark");
});

test("what is drawn the same way again keeps its focus", async () => {
	const { card, at } = await begun(MonthsCard, { "climkit/month": month });
	const before = at(".plot").written.length;
	card.draw();
	card.draw();
	assert.equal(at(".plot").written.length, before);
});

test("of a building self-sufficiency and self-consumption are told, of a flat its solar share", async () => {
	const day = {
		...{ day: "2026-11-27", zone: "Europe/Zurich", start: Date.parse("2026-11-26T23:00Z") / 1000, step: 900, count: 4, is_today: true },
		...{ low: [], price: null, currency: "CHF", cost: 0, peak: { kw: 2, start: Date.parse("2026-11-26T23:15Z") / 1000 } },
	};
	const site = {
		...day,
		...{ columns: { consumption: [0.5, 0.5, null, null], production: [0, 0.8, null, null], self: [0, 0.25, null, null] } },
		sums: { consumption: 1, production: 0.8, self: 0.25 },
	};
	const flat = { ...day, columns: { total: [0.5, 0.5, null, null], solar: [0, 0.25, null, null] }, sums: { total: 1, solar: 0.25 } };
	const answers = { "climkit/day": (/** @type {any} */ { meter_id }) => (meter_id ? flat : site) };
	/** @param {any} config */
	const told = async (config) => {
		const { card } = await begun(DayCard, answers, config);
		return card.sums().map(({ name, value, color }) => `${name} ${value}${color ? " ●" : ""}`.replaceAll("\u00A0", " "));
	};
	assert.deepEqual(await told({ site: "s" }), [
		...["production 0.80 kWh ●", "self 0.25 kWh ●", "consumption 1.00 kWh", "self_sufficiency 25%", "self_consumption 31%"],
		...["peak 2.00 kW · 00:15", "cost CHF 0.00"],
	]);
	assert.deepEqual((await told({ meter: "m" })).slice(0, 3), ["solar 0.25 kWh ●", "total 1.00 kWh", "solar_share 25%"]);
});

/** @param {string} day */
const dayOf = (day) => ({
	...{ day, zone: "Europe/Zurich", start: Date.parse(`${day}T00:00+01:00`) / 1000, step: 900, count: 4, is_today: day === HOUSE.today },
	...{
		columns: { total: [0.1234, 0.25, 0.5, null] },
		sums: { total: 0.8734 },
		low: [],
		price: null,
		cost: null,
		currency: "CHF",
		peak: null,
	},
});

test("today's day before is asked for at once, an older one's when somebody dwells on it", async () => {
	const { card, asked } = await begun(DayCard, { "climkit/day": (/** @type {any} */ { day }) => dayOf(day) }, { meter: "m" });
	assert.deepEqual(
		asked("day").map((/** @type {any} */ { day }) => day),
		["2026-11-27", "2026-11-26"],
	);
	const before = () => card.before?.day;
	assert.equal(before(), "2026-11-26");
	card.actions.back?.("");
	card.actions.back?.("");
	mock.timers.tick(200);
	await settle();
	assert.equal(before(), undefined, "it is another day's");
	assert.equal(asked("day").length, 3);
	mock.timers.tick(900);
	await settle();
	assert.equal(before(), "2026-11-24");
});

test("a day without data says so, today that there is none yet", async () => {
	const empty = (/** @type {any} */ { day }) => ({ ...dayOf(day), columns: { total: [null, null, null, null] }, sums: { total: null } });
	const { card, at } = await begun(DayCard, { "climkit/day": empty }, { meter: "m" });
	assert.equal(at(".plot").innerHTML, '<p class="empty">no_data_today</p>');
	card.go("2026-10-03");
	mock.timers.tick(200);
	await settle();
	assert.equal(at(".plot").innerHTML, '<p class="empty">no_data_day</p>');
});

test("of water, which is read once a day, a day is told and no curve drawn", async () => {
	const site = { ...HOUSE, meters: [{ ...HOUSE.meters[0], kind: "cold_water", unit: "m3" }] };
	const once = { step: 86_400, count: 1, columns: { total: [0.12] }, sums: { total: 0.12 } };
	const water = (/** @type {any} */ { day }) => ({ ...dayOf(day), ...once });
	const { at } = await begun(DayCard, { "climkit/overview": { sites: [site] }, "climkit/day": water }, { meter: "m" });
	assert.equal(at(".plot").innerHTML, "");
	assert.match(at(".sums").innerHTML, /total<\/small><strong>0\.12\u00A0m³</);
});

test("the day before comes too late where another day is shown by then", async () => {
	/** @type {((answer: unknown) => void)[]} */
	const waiting = [];
	const day = (/** @type {any} */ { day }) => (day === "2026-11-26" ? new Promise((resolve) => void waiting.push(resolve)) : dayOf(day));
	const { card } = await begun(DayCard, { "climkit/day": day }, { meter: "m" });
	card.go("2026-11-20");
	waiting[0]?.(dayOf("2026-11-26"));
	await settle();
	assert.equal(card.before, undefined);
});

test("a day's picker leads to its day, and no further than there is data", async () => {
	const { card, at } = await begun(DayCard, { "climkit/day": (/** @type {any} */ { day }) => dayOf(day) }, { meter: "m" });
	const picker = at("input");
	assert.deepEqual([picker.hidden, picker.min, picker.max, picker.value], [false, "2026-09-05", "2026-11-27", "2026-11-27"]);
	for (const [value, shown] of [
		["2026-10-03", "2026-10-03"],
		["2020-01-01", "2026-09-05"],
		["2030-01-01", "2026-11-27"],
		["2026-10-04", "2026-10-04"],
		["", "2026-10-04"], // it was cleared: nothing to go to
	]) {
		picker.value = value;
		picker.onchange();
		assert.equal(card.shown, shown);
	}
});

test("a day's table has each quarter-hour with the digits that Climkit tells", async () => {
	const answers = { "climkit/day": (/** @type {any} */ { day }) => ({ ...dayOf(day), price: [0.2, 0.2, 0.12345, null] }) };
	const { card } = await begun(DayCard, answers, { meter: "m" });
	const { caption, heads, rows } = card.table();
	assert.equal(caption, "Friday, November 27, 2026");
	assert.deepEqual(heads, ["time", "total (kWh)", "price (CHF/kWh)"]);
	assert.deepEqual(rows[0], ["00:00", "0.123", "0.2000"]);
	assert.deepEqual(rows.at(-1), ["00:45", "–", "–"]);
});

test("a price's lines are named where there is room for both", async () => {
	/** @param {number[]} price */
	const named = async (price) => {
		const { at } = await begun(DayCard, { "climkit/day": (/** @type {any} */ { day }) => ({ ...dayOf(day), price }) }, { meter: "m" });
		return [...at(".plot").innerHTML.matchAll(/text-anchor="start">(0\.\d+)/g)].map(([, value]) => value);
	};
	assert.deepEqual(await named([0.2, 0.2, 0.3, 0.3]), ["0.30", "0.20"]);
	assert.deepEqual(await named([0.3, 0.3, 0.299, 0.3]), ["0.30"]);
});

test("a price below zero stays within the chart", async () => {
	const price = [-0.3, -0.1, 0.2, 0.05];
	const { at } = await begun(DayCard, { "climkit/day": (/** @type {any} */ { day }) => ({ ...dayOf(day), price }) }, { meter: "m" });
	const [, path = ""] = /class="price" d="([^"]+)"/.exec(at(".plot").innerHTML) ?? [];
	const heights = [...path.matchAll(/V([\d.-]+)/g)].map(([, height]) => Number(height));
	assert.equal(heights.length, 4);
	assert.ok(
		heights.every((height) => height >= 18 && height <= 258),
		`${heights}`,
	);
	assert.equal(heights[0], Math.max(...heights));
});

test("nothing at all is drawn on a scale all the same", async () => {
	const nothing = (/** @type {any} */ { day }) => ({ ...dayOf(day), columns: { total: [0, 0, 0, 0] }, sums: { total: 0 } });
	const { at } = await begun(DayCard, { "climkit/day": nothing }, { meter: "m" });
	assert.doesNotMatch(at(".plot").innerHTML, /NaN|Infinity/);
	assert.match(at(".plot").innerHTML, />0\.06</);
});

test("a year is asked for by its number, and named by its months", async () => {
	const { card, asked, at } = await begun(MonthsCard, { "climkit/year": YEAR }, { period: "year" });
	assert.deepEqual(asked("year")[0], { type: "climkit/year", site_id: "s", year: 2026 });
	assert.deepEqual(
		card.data.names,
		["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"].map((one) => `2026-${one}`),
	);
	assert.equal(at(".legend").innerHTML, "", "of the year before there is nothing");
	const labels = [...at(".plot").innerHTML.matchAll(/text-anchor="middle">(\w+)/g)].map(([, label]) => label);
	assert.deepEqual([labels.length, labels[0]], [12, "Jan"]);
});

test("a card that begins with a year shows months to whoever wants them", async () => {
	const { card } = await begun(MonthsCard, { "climkit/year": YEAR, "climkit/month": month }, { period: "year" });
	assert.equal(card.shown, "2026");
	card.actions.period?.("month");
	await settle();
	assert.equal(card.shown, "2026-11");
});

test("a month has as many bars as days, and labels that do not touch", async () => {
	const long = (/** @type {any} */ message) => ({ ...month(message), day_starts: Array.from({ length: 31 }, (_, day) => 24 * day) });
	const { card, at } = await begun(MonthsCard, { "climkit/month": long });
	assert.deepEqual([card.data.names.length, card.data.names.at(-1)], [30, "2026-11-30"]);
	const labels = () => [...at(".plot").innerHTML.matchAll(/text-anchor="middle">(\d+)/g)].map(([, label]) => label);
	assert.equal(labels().length, 30);
	at(".chart").clientWidth = 360;
	card.draw();
	assert.deepEqual([labels().length, labels()[1]], [15, "3"]);
});

test("a month of which only the year before has data shows that", async () => {
	const old = (/** @type {any} */ message) => ({ ...month(message), days: { total: [null, null] } });
	const { at } = await begun(MonthsCard, { "climkit/month": old });
	assert.match(at(".plot").innerHTML, /class="old"/);
	const none = (/** @type {any} */ message) => ({ ...old(message), days_before: { total: [null, null] } });
	assert.equal((await begun(MonthsCard, { "climkit/month": none })).at(".plot").innerHTML, '<p class="empty">no_data_month</p>');
});

test("where nothing is drawn there is nothing to point at", async () => {
	const { card, at } = await begun(MonthsCard, { "climkit/month": month });
	const surface = at(".chart").querySelector(".cursor");
	assert.equal(surface.hidden, false);
	card.data = { ...card.data, now: { total: [null, null] }, old: { total: [null, null] } };
	card.draw();
	assert.equal(surface.hidden, true);
});

test("a heat map's strongest colour is its most, of a share the whole", async () => {
	const { card, at } = await begun(HeatmapCard, { "climkit/month": month }, { meter: "m", measure: "solar_share" });
	assert.match(at(".legend").innerHTML, /^<span>0%.*100%<\/span>/);
	assert.match(at(".plot").innerHTML, /class="l5"/);
	card.actions.measure?.("total");
	assert.match(at(".legend").innerHTML, /^<span>0\.00\u00A0kWh.*1\.00\u00A0kWh<\/span>/);
	assert.match(at(".plot").innerHTML, /class="l10"/);
});

test("a heat map is in the colour of what it shows", async () => {
	const hours = { consumption: Array(48).fill(1), self: Array(48).fill(0.25), import: Array(48).fill(0.75) };
	const building = (/** @type {any} */ message) => ({ ...month(message), hours });
	const { card } = await begun(HeatmapCard, { "climkit/month": building }, { site: "s" });
	const tone = () => card.body.style.getPropertyValue("--tone");
	assert.equal(tone(), "var(--primary-color)");
	card.actions.measure?.("import");
	assert.equal(tone(), "var(--energy-grid-consumption-color)");
});

test("a heat map names its days by weekday, on a phone by number", async () => {
	const { card, at } = await begun(HeatmapCard, { "climkit/month": month }, { meter: "m" });
	const names = () => [...at(".plot").innerHTML.matchAll(/text-anchor="end">([^<]+)/g)].map(([, name]) => name);
	assert.deepEqual(names(), ["01 Sun", "02 Mon"]);
	at(".chart").clientWidth = 360;
	card.draw();
	assert.deepEqual(names(), ["1", "2"]);
});

test("keys begin at the newest data, and lead up by a day in a heat map, by an hour in a day", async () => {
	const hours = { total: [...Array(40).fill(1), ...Array(8).fill(null)] };
	const running = (/** @type {any} */ message) => ({ ...month(message), hours });
	const day = (/** @type {any} */ { day }) => ({ ...dayOf(day), count: 12, columns: { total: [...Array(10).fill(1), null, null] } });
	const cards = [
		(await begun(HeatmapCard, { "climkit/month": running }, { meter: "m" })).card,
		(await begun(DayCard, { "climkit/day": day }, { meter: "m" })).card,
	];
	const walked = cards.map(({ cursor }) => {
		const first = cursor.index;
		cursor.press(/** @type {any} */ ({ key: "ArrowUp", preventDefault() {} }));
		return [first, cursor.index];
	});
	assert.deepEqual(walked, [
		[39, 15],
		[9, 5],
	]);
});

test("a heat map that is told to show what there is not shows all", async () => {
	const { card } = await begun(HeatmapCard, { "climkit/month": month }, { meter: "m", measure: "production" });
	assert.equal(card.measure, "total");
});

test("a heat map keeps what somebody chose over a month that has none of it", async () => {
	const solarOf = (/** @type {any} */ message) => {
		const { hours, ...rest } = month(message);
		return { ...rest, hours: message.month === "2026-10" ? { total: hours.total } : hours };
	};
	const { card } = await begun(HeatmapCard, { "climkit/month": solarOf }, { meter: "m" });
	card.actions.measure?.("solar_share");
	/** @type {string[]} */
	const drawn = [];
	for (const page of ["back", "next"]) {
		card.actions[page]?.("");
		mock.timers.tick(200);
		await settle();
		drawn.push(card.measure);
	}
	assert.deepEqual(drawn, ["total", "solar_share"]);
});

test("a heat map of what comes from the grid calls it import where it is a building's", async () => {
	const hours = { consumption: Array(48).fill(1), self: Array(48).fill(0.25), import: Array(48).fill(0.75) };
	const building = (/** @type {any} */ message) => ({ ...month(message), hours });
	const { card } = await begun(HeatmapCard, { "climkit/month": building }, { site: "s", measure: "grid" });
	assert.equal(card.measure, "import");
});

test("of the whole a heat map tells one line, of a part the whole too", async () => {
	const { card } = await begun(HeatmapCard, { "climkit/month": month }, { meter: "m" });
	const told = () => card.cursor.places?.read(0).lines.map(({ name }) => name);
	assert.deepEqual(told(), ["total"]);
	card.actions.measure?.("solar_share");
	assert.deepEqual(told(), ["solar_share", "total"]);
});

test("the table of meters says when the peak was, and which are silent", async () => {
	const row = { meter_id: "m", name: "Flat", kind: "consumer", unit: "kWh", total: 1, solar_share: null, cost: null, share: null };
	const rest = { last_data: null, months: Array(12).fill(null) };
	const meters = [
		{ ...row, ...rest, is_silent: true },
		{ ...row, ...rest, name: "Stairs", is_silent: false },
	];
	const peak = { kw: 12.5, start: Date.parse("2026-11-03T11:15Z") / 1000 };
	const { at } = await begun(MetersCard, { "climkit/meters": { month: "2026-11", currency: "CHF", peak, meters } }, { site: "s" });
	assert.match(at(".tools").innerHTML, /peak 12\.5\u00A0kW, Nov 3, 12:15/);
	assert.deepEqual(
		[...at(".plot").innerHTML.matchAll(/<\/i> (\w+)( <span class="silent">silent)?/g)].map(([, name, silent]) => [name, !!silent]),
		[
			["Flat", true],
			["Stairs", false],
		],
	);
	assert.equal(at("h2").innerHTML, "House · meters");
});

test("lines of a flat have the colour of what it is", async () => {
	const { card } = await begun(DayCard, { "climkit/day": (/** @type {any} */ { day }) => dayOf(day) }, { meter: "m" });
	const water = { ...card.subject, meter: { ...HOUSE.meters[0], kind: "cold_water" } };
	Object.assign(card, { subject: water });
	assert.equal(card.color("total"), "var(--energy-water-color)");
	Object.assign(card, { subject: { ...water, meter: { ...HOUSE.meters[0], kind: "consumer" } } });
	assert.equal(card.color("total"), "var(--primary-color)");
	assert.equal(card.color("export"), "var(--energy-grid-return-color)");
});

test("a page of before an update says so, whatever else went wrong", async () => {
	const { card, at } = await begun(MonthsCard, { "climkit/month": month });
	const said = '<p>old_release</p><button data-do="reload">reload</button>';
	release.isOld = true;
	card.tell();
	assert.deepEqual([at(".notice").innerHTML, at(".notice").hidden, card.body.hidden], [said, false, false]);
	card.fail({ code: "refused" });
	assert.deepEqual([at(".notice").innerHTML, card.body.hidden], [said, true]);
	release.isOld = false;
	card.tell();
	assert.equal(at(".notice").hidden, true);
});
