// What a browser is told when it loads the first file, and what an element of a card does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "./page.js";

/** @type {Record<string, any>} */
const defined = {};
const customElements = {
	whenDefined: async () => {},
	get: (/** @type {string} */ name) => defined[name],
	define(/** @type {string} */ name, /** @type {any} */ element) {
		defined[name] = element;
	},
};
/** @type {any} */
const window = { customElements, customCards: [{ type: "other" }] };
const lang = { lang: "de-CH" };
Object.assign(globalThis, { window, customElements, HTMLElement: class {}, document: { documentElement: lang } });
globalThis.fetch = async () => new Response(""); // card.html
await import(String(new URL("../../custom_components/climkit/frontend/www/climkit.js", import.meta.url)));
const cards = window.customCards.slice(1);

test("cards are offered in the language of the page, beside those of others", () => {
	assert.equal(window.customCards[0].type, "other");
	/** @param {string} language */
	const names = (language) => {
		lang.lang = language;
		return cards.map((/** @type {any} */ { type, name }) => [type, name]);
	};
	assert.deepEqual(names("de-CH"), [
		["climkit-day", "Climkit · Tag"],
		["climkit-heatmap", "Climkit · Heatmap"],
		["climkit-meters", "Climkit · Zähler"],
		["climkit-months", "Climkit · Tage und Monate"],
	]);
	assert.equal(names("rm")[0][1], "Climkit · day");
	assert.equal(window.customStrategies[0].description, "Your flat and your building by quarter-hour");
});

test("elements are defined once Home Assistant has its registry", () => {
	assert.deepEqual(Object.keys(defined).sort(), [
		...["climkit-day", "climkit-heatmap", "climkit-meters", "climkit-months"],
		...["ll-strategy-dashboard-climkit", "ll-strategy-view-climkit"],
	]);
});

test("an element has one card, which begins when the element is on a page, and stops with it", async () => {
	/** @type {string[]} */
	const done = [];
	class Kind {
		constructor() {
			done.push("made");
		}
		update(/** @type {any} */ hass, /** @type {any} */ config) {
			done.push(`${hass.user} ${config.site}`);
		}
		start() {
			done.push("started");
		}
		stop() {
			done.push("stopped");
		}
	}
	const element = Object.assign(new defined["climkit-day"](), { isConnected: true });
	element.setConfig({ site: "a" });
	element.hass = { user: "Anna" };
	element.card = new Kind();
	await element.connectedCallback();
	await settle();
	element.hass = { user: "Ben" };
	element.disconnectedCallback();
	assert.deepEqual(done, ["made", "Anna a", "started", "Ben a", "stopped"]);
	done.length = 0;
	element.isConnected = false; // it left the page while its code was loaded
	await element.connectedCallback();
	assert.deepEqual(done, ["Ben a"]);
});
