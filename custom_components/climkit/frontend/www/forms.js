// What the visual editors of the cards and of the dashboard ask.
/** @import {Api, Hass} from "../types" */
import { overview, texts } from "./data.js";

const home = () => /** @type {{hass: Hass}} */ (/** @type {unknown} */ (document.querySelector("home-assistant"))).hass;

/** @type {Api["form"]} */
export async function form(kind) {
	const hass = home();
	const t = await texts(hass);
	const { sites } = await overview(hass).catch(() => ({ sites: [] }));
	/** @type {(name: string, options: {value: string, label: string}[]) => object} */
	const select = (name, options) => ({ name, selector: { select: { mode: "dropdown", options } } });
	/** @param {string[]} values */
	const words = (values) => values.map((value) => ({ value, label: t(value) }));
	const meters = sites.flatMap(({ name: site, meters }) =>
		meters.map(({ meter_id: value, name }) => ({ value, label: sites.length > 1 ? `${site} - ${name}` : name })),
	);
	const schema = [
		select(
			"site",
			sites.map(({ site_id: value, name: label }) => ({ value, label })),
		),
	];
	if (!["meters", "strategy"].includes(kind)) schema.push(select("meter", meters));
	if (kind === "heatmap") schema.push(select("measure", words(["total", "grid", "solar_share", "production"])));
	if (kind === "months") schema.push(select("period", words(["month", "year"])));
	if (kind !== "strategy") schema.push({ name: "title", selector: { text: {} } });
	/** @type {(field: {name: string}) => string | undefined} */
	const computeLabel = ({ name }) => t(`form_${name}`);
	/** @type {typeof computeLabel} */
	const computeHelper = ({ name }) => (name === "meter" ? t("form_meter_help") : undefined);
	return { schema, computeLabel, computeHelper };
}

/** @type {Api["fill"]} */
export async function fill(editor, config) {
	const old = editor.firstElementChild;
	const element = old ?? editor.appendChild(document.createElement("ha-form"));
	Object.assign(element, { data: config });
	if (old) return;
	Object.assign(element, { hass: home(), schema: [] });
	Object.assign(element, await form("strategy"));
	element.addEventListener("value-changed", (event) => {
		event.stopPropagation();
		const { site, ...rest } = /** @type {CustomEvent} */ (event).detail.value;
		const detail = { config: site ? { ...rest, site } : rest };
		editor.dispatchEvent(new CustomEvent("config-changed", { detail, bubbles: true, composed: true }));
	});
}
