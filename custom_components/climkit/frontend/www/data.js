// Asks for Climkit's data; all cards share the answers for a while.
/** @import {Api, Hass, Site} from "../types" */

// The path changes with each release.
const DIGEST = /\/climkit_frontend\/([^/]+)\//.exec(import.meta.url)?.[1];
const FRESH = 50_000; // milliseconds
const KEPT = 80;

/** Whether Home Assistant runs another release of this code. */
export const release = { isOld: false };

/** @type {Map<string, {asked: number, answer: Promise<any>}>} */
const kept = new Map();
/** @type {Hass["connection"] | undefined} */
let connection;

/** @type {Api["ask"]} */
export function ask(hass, message) {
	if (connection !== hass.connection) {
		kept.clear();
		connection = hass.connection;
		connection.addEventListener("ready", () => kept.clear());
	}
	const key = JSON.stringify(message);
	const old = kept.get(key);
	if (old && Date.now() - old.asked < FRESH) return old.answer;
	const answer = hass.callWS(message).then((data) => {
		release.isOld = DIGEST !== undefined && data.version !== DIGEST;
		return data;
	});
	kept.delete(key);
	kept.set(key, { asked: Date.now(), answer });
	answer.catch(() => kept.delete(key));
	if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? "");
	return answer;
}

/** @type {Api["overview"]} */
export const overview = (hass) => ask(hass, { type: "climkit/overview" });

/** @type {Api["views"]} */
export async function views({ type: _, ...options }, hass) {
	return (await ask(hass, { type: "climkit/views", language: hass.language, ...options })).config;
}

/** @type {Api["subjectOf"]} */
export function subjectOf({ sites }, { site: wanted, meter }) {
	if (!sites.length) throw { code: "no_sites" };
	for (const site of sites) {
		const found = site.meters.find(({ meter_id }) => meter_id === meter);
		if (meter ? found : wanted === site.site_id) return { site, meter: found };
	}
	if (meter || wanted) throw { code: sites.some((s) => !s.is_loaded && (wanted || s.site_id) === s.site_id) ? "not_loaded" : "not_found" };
	for (const site of sites) {
		const meter = site.meters.find(({ kind, is_wanted }) => kind === "consumer" && is_wanted);
		if (meter && site.chosen !== "building") return { site, meter };
	}
	return { site: /** @type {Site} */ (sites[0]) };
}

/** @type {Api["texts"]} */
export async function texts(hass) {
	const prefix = "component.climkit.common.dashboard_";
	let localize = await hass.loadBackendTranslation("common", "climkit");
	// Who asks while another waits for the texts gets an answer without.
	for (let tries = 50; tries && !localize(`${prefix}waiting`); tries--) {
		await new Promise((resolve) => setTimeout(resolve, 100));
		localize = await hass.loadBackendTranslation("common", "climkit");
	}
	return (key, values) => localize(prefix + key, values) || key;
}
