// A page without a browser: parts that remember what was done to them, and a Home Assistant that answers.
import { mock } from "node:test";

/**
 * Keeps a property of a style as those that have a name of their own are kept.
 * @type {(this: Record<string, string>, name: string, value: string) => void}
 */
function setProperty(name, value) {
	this[name] = value;
}

/** @type {(this: Record<string, string>, name: string) => string | undefined} */
function getPropertyValue(name) {
	return this[name];
}

/** @returns {any} a part of a card; `written` tells what was put into it, one after the other */
export function part() {
	/** @type {Record<string, any>} */
	const inner = {};
	/** @type {string[]} */
	const written = [];
	/** @type {Record<string, (event: any) => void>} */
	const listeners = {};
	return {
		...{ hidden: true, disabled: false, open: false, clientWidth: 800, offsetWidth: 0, offsetHeight: 0, dataset: {} },
		...{ style: { setProperty, getPropertyValue }, written, listeners },
		set innerHTML(/** @type {string} */ html) {
			written.push(html);
		},
		get innerHTML() {
			return written.at(-1) ?? "";
		},
		addEventListener(/** @type {string} */ name, /** @type {any} */ listener) {
			listeners[name] = listener;
		},
		querySelector(/** @type {string} */ selector) {
			inner[selector] ??= part();
			return inner[selector];
		},
		get parentElement() {
			return this.querySelector("..");
		},
		focus() {},
	};
}

/** What Home Assistant is to a card; `answers` by the type of the question, `asked` what was asked. */
export function homeOf(/** @type {Record<string, unknown>} */ answers, language = "en") {
	/** @type {any[]} */
	const asked = [];
	const locale = { language, number_format: "language", time_format: "24", date_format: "language", time_zone: "local" };
	const callWS = async (/** @type {{type: string}} */ message) => {
		asked.push(message);
		const answer = answers[message.type];
		return typeof answer === "function" ? answer(message) : answer;
	};
	const connection = { addEventListener() {} };
	const loadBackendTranslation = async () => (/** @type {string} */ key) => key.split("dashboard_").at(-1);
	return /** @type {any} */ ({ callWS, connection, language, locale, loadBackendTranslation, asked });
}

/** Lets what is answered at once be answered; no time passes. */
export async function settle() {
	for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** Timers stand still from now on, and a document is seen. */
export function stopTime() {
	mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
	Object.assign(globalThis, {
		document: { hidden: false },
		ResizeObserver: class {
			observe() {}
			disconnect() {}
		},
	});
}

export const HOUSE = {
	...{ site_id: "s", name: "House", zone: "Europe/Zurich", currency: "CHF", today: "2026-11-27", first_day: "2026-09-05" },
	...{ chosen: "building", meters: [{ meter_id: "m", name: "Flat", kind: "consumer", is_wanted: true, unit: "kWh" }] },
};
