import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { ask, texts } from "../../custom_components/climkit/frontend/www/data.js";
import { settle } from "./page.js";

/** @typedef {import("../../custom_components/climkit/frontend/types").Hass} Hass */

/** @param {(message: {type: string}) => Promise<unknown>} callWS */
const hassOf = (callWS) => {
	/** @type {(() => void)[]} */
	const listeners = [];
	const connection = { addEventListener: (/** @type {string} */ _, /** @type {() => void} */ listener) => void listeners.push(listener) };
	const hass = /** @type {Hass} */ (/** @type {unknown} */ ({ callWS, connection }));
	return { hass, reconnect: () => listeners.forEach((listener) => void listener()) };
};

test("cards that ask the same at once cause one question", async () => {
	let asked = 0;
	const { hass, reconnect } = hassOf(async () => ({ version: "1", number: ++asked }));
	const answers = await Promise.all([1, 2, 3].map(() => ask(hass, { type: "climkit/day", day: "2026-11-27" })));
	assert.deepEqual(
		answers.map((answer) => answer.number),
		[1, 1, 1],
	);
	assert.equal((await ask(hass, { type: "climkit/day", day: "2026-11-26" })).number, 2);
	reconnect();
	assert.equal((await ask(hass, { type: "climkit/day", day: "2026-11-27" })).number, 3);
});

test("an error is not kept", async () => {
	let asked = 0;
	const { hass } = hassOf(() => (++asked === 1 ? Promise.reject({ code: "unavailable" }) : Promise.resolve({})));
	await assert.rejects(ask(hass, { type: "climkit/overview" }));
	await ask(hass, { type: "climkit/overview" });
	assert.equal(asked, 2);
});

test("an answer grows old within a minute", async () => {
	let asked = 0;
	const { hass } = hassOf(async () => ({ number: ++asked }));
	mock.timers.enable({ apis: ["Date"] });
	const numbers = [];
	for (const seconds of [0, 49, 2]) {
		mock.timers.tick(seconds * 1000);
		numbers.push((await ask(hass, { type: "climkit/overview" })).number);
	}
	mock.timers.reset();
	assert.deepEqual(numbers, [1, 1, 2]);
});

test("another user of the same page gets answers of one's own", async () => {
	const [one, other] = ["Anna", "Ben"].map((name) => hassOf(async () => ({ name })).hass);
	assert.ok(one && other);
	assert.equal((await ask(one, { type: "climkit/overview" })).name, "Anna");
	assert.equal((await ask(other, { type: "climkit/overview" })).name, "Ben");
});

test("however far one pages, the answers that are kept are few", async () => {
	const asked = /** @type {unknown[]} */ ([]);
	const { hass } = hassOf(async ({ ...message }) => asked.push(message));
	/** @param {number} year */
	const page = (year) => ask(hass, { type: "climkit/year", year });
	for (let year = 1; year <= 81; year++) await page(year);
	await page(81);
	await page(2);
	assert.equal(asked.length, 81);
	await page(1); // the oldest went
	assert.equal(asked.length, 82);
});

test("a page of before an update is told so, and one of now is not", async () => {
	const url = new URL("../../custom_components/climkit/frontend/www/data.js", import.meta.url);
	/** @type {typeof import("../../custom_components/climkit/frontend/www/data.js")} */
	const served = await import(`${url}?/climkit_frontend/abc123/data.js`);
	for (const [version, isOld] of /** @type {[string, boolean][]} */ ([
		["abc123", false],
		["def456", true],
	])) {
		await served.ask(hassOf(async () => ({ version })).hass, { type: "climkit/overview" });
		assert.equal(served.release.isOld, isOld, version);
	}
});

test("what has no text is told by its key", async () => {
	/** @type {Record<string, string>} */
	const known = { "component.climkit.common.dashboard_waiting": "Einen Moment" };
	const loadBackendTranslation = async () => (/** @type {string} */ key) => known[key] ?? "";
	const t = await texts(/** @type {Hass} */ (/** @type {unknown} */ ({ loadBackendTranslation })));
	assert.deepEqual([t("waiting"), t("error_new")], ["Einen Moment", "error_new"]);
});

test("texts that come late are waited for", async () => {
	mock.timers.enable({ apis: ["setTimeout"] });
	/** @type {Record<string, string>} */
	let known = {};
	const loadBackendTranslation = async () => {
		const loaded = known;
		return (/** @type {string} */ key) => loaded[key] ?? "";
	};
	const asked = texts(/** @type {Hass} */ (/** @type {unknown} */ ({ loadBackendTranslation })));
	await settle();
	known = { "component.climkit.common.dashboard_waiting": "Einen Moment" };
	mock.timers.tick(100);
	const t = await asked;
	mock.timers.reset();
	assert.equal(t("waiting"), "Einen Moment");
});
