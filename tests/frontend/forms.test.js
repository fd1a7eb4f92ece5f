// What the visual editors ask.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fill, form } from "../../custom_components/climkit/frontend/www/forms.js";

/** @typedef {{name: string, selector: {select: {options: {value: string, label: string}[]}}}} Field */
/** @typedef {(field: Field) => string | undefined} Words */
/** @typedef {{schema: Field[], computeLabel: Words, computeHelper: Words}} Form */

const meters = [{ meter_id: "m", name: "Flat" }];
const sites = [
	{ site_id: "a", name: "House", meters },
	{ site_id: "b", name: "Garage", meters: [] },
];
const hass = {
	connection: { addEventListener() {} },
	callWS: async () => ({ sites }),
	loadBackendTranslation: async () => (/** @type {string} */ key) => `text of ${key.split(".").at(-1)}`,
};
Object.assign(globalThis, { document: { querySelector: () => ({ hass }) } });

test("each kind of card asks what it can show, in the person's words", async () => {
	/** @type {Record<string, string[]>} */
	const asked = {};
	for (const kind of ["day", "heatmap", "meters", "months", "strategy"]) {
		const { schema, computeLabel, computeHelper } = /** @type {Form} */ (await form(kind));
		asked[kind] = schema.map(({ name }) => name);
		for (const field of schema) {
			assert.equal(computeLabel(field), `text of dashboard_form_${field.name}`);
			assert.equal(computeHelper(field), field.name === "meter" ? "text of dashboard_form_meter_help" : undefined);
		}
	}
	assert.deepEqual(asked, {
		day: ["site", "meter", "title"],
		heatmap: ["site", "meter", "measure", "title"],
		meters: ["site", "title"],
		months: ["site", "meter", "period", "title"],
		strategy: ["site"],
	});
});

test("what a heat map and bars can be told to show is what they know", async () => {
	/** @param {string} kind */
	const values = async (kind) => {
		const { schema } = /** @type {Form} */ (await form(kind));
		const field = schema.find(({ name }) => ["measure", "period"].includes(name));
		return field?.selector.select.options.map(({ value }) => value);
	};
	assert.deepEqual(await values("heatmap"), ["total", "grid", "solar_share", "production"]);
	assert.deepEqual(await values("months"), ["month", "year"]);
});

test("a meter is named with its site where there are several", async () => {
	const { schema } = /** @type {Form} */ (await form("day"));
	assert.deepEqual(schema[1]?.selector.select.options, [{ value: "m", label: "House - Flat" }]);
});

test("a site that was cleared is all sites again", async () => {
	/** @type {((event: {detail: {value: object}, stopPropagation(): void}) => void) | undefined} */
	let changed;
	const element = {
		addEventListener(/** @type {string} */ _, /** @type {typeof changed} */ listener) {
			changed = listener;
		},
	};
	/** @type {object[]} */
	const configs = [];
	const editor = {
		firstElementChild: null,
		appendChild: () => element,
		dispatchEvent: (/** @type {CustomEvent} */ event) => configs.push(event.detail.config),
	};
	Object.assign(globalThis.document, { createElement: () => element });
	await fill(/** @type {HTMLElement} */ (/** @type {unknown} */ (editor)), {});
	for (const site of ["a", ""]) changed?.({ detail: { value: { type: "custom:climkit", site } }, stopPropagation() {} });
	assert.deepEqual(configs, [{ type: "custom:climkit", site: "a" }, { type: "custom:climkit" }]);
});

test("a meter needs no site's name where there is one site", async () => {
	const connection = { addEventListener() {} };
	const one = { ...hass, connection, callWS: async () => ({ sites: sites.slice(0, 1) }) };
	Object.assign(globalThis, { document: { querySelector: () => ({ hass: one }) } });
	const { schema } = /** @type {Form} */ (await form("day"));
	assert.deepEqual(schema[1]?.selector.select.options, [{ value: "m", label: "Flat" }]);
});
