import assert from "node:assert/strict";
import { test } from "node:test";
import { ask } from "../../custom_components/climkit/frontend/www/data.js";

/** @param {(message: {type: string}) => Promise<unknown>} callWS */
const hassOf = (callWS) => {
	/** @type {(() => void)[]} */
	const listeners = [];
	const connection = { addEventListener: (/** @type {string} */ _, /** @type {() => void} */ listener) => void listeners.push(listener) };
	const hass = /** @type {import("../../custom_components/climkit/frontend/types").Hass} */ (
		/** @type {unknown} */ ({ callWS, connection })
	);
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
