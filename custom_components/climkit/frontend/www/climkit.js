// Says what there is; all else is fetched when a dashboard needs it.
/** @import {Api, Config, Hass} from "../types" */
/** @typedef {import("./card.js").Card<any>} Card */

/** @type {Record<string, string>} */
const TEXTS = {
	en: "Your flat and your building by quarter-hour|day|heat map|meters|days and months",
	de: "Wohnung und Gebäude in Viertelstunden|Tag|Heatmap|Zähler|Tage und Monate",
	fr: "Appartement et immeuble par quarts d’heure|jour|carte thermique|compteurs|jours et mois",
	it: "Appartamento ed edificio quarto d’ora per quarto d’ora|giorno|mappa di calore|contatori|giorni e mesi",
};
/** @param {number} index */
const text = (index) => (TEXTS[document.documentElement.lang.slice(0, 2)] ?? TEXTS.en)?.split("|")[index];

/** @type {Api["cardOf"]} */
const cardOf = (kind, load) =>
	class extends HTMLElement {
		config = /** @type {Config} */ ({});
		/** @type {Card | undefined} */
		card;
		/** @type {Hass | undefined} */
		known;

		/** @param {Config} config */
		setConfig(config) {
			this.config = config;
			this.update();
		}

		set hass(/** @type {Hass} */ hass) {
			this.known = hass;
			this.update();
		}

		update() {
			if (this.known) this.card?.update(this.known, this.config);
		}

		async connectedCallback() {
			const { default: Kind } = await load();
			this.card ??= new Kind(this);
			this.update();
			if (this.isConnected) this.card.start();
		}

		disconnectedCallback() {
			this.card?.stop();
		}

		getCardSize() {
			return 7;
		}

		getGridOptions() {
			return { columns: 12, min_columns: 6 };
		}

		static async getConfigForm() {
			return (await import("./forms.js")).form(kind);
		}

		static getStubConfig() {
			return {};
		}
	};

class View extends HTMLElement {
	/** @type {Api["views"]} */
	static async generate(config, hass) {
		return (await import("./data.js")).views(config, hass);
	}
}

class Dashboard extends View {
	static getCreateSuggestions() {
		return { title: "Climkit", icon: "mdi:home-lightning-bolt-outline" };
	}

	static getConfigElement() {
		const editor = document.createElement("div");
		/** @param {Config} config */
		const setConfig = async (config) => (await import("./forms.js")).fill(editor, config);
		return Object.assign(editor, { setConfig });
	}
}

const CARDS = {
	"climkit-day": cardOf("day", () => import("./day-card.js")),
	"climkit-heatmap": cardOf("heatmap", () => import("./heatmap-card.js")),
	"climkit-meters": cardOf("meters", () => import("./meters-card.js")),
	"climkit-months": cardOf("months", () => import("./months-card.js")),
};
const STRATEGIES = { "ll-strategy-dashboard-climkit": Dashboard, "ll-strategy-view-climkit": View };

// Home Assistant replaces the registry while it starts; what is defined before is lost.
customElements.whenDefined("home-assistant").then(() => {
	for (const [name, element] of Object.entries({ ...CARDS, ...STRATEGIES })) {
		if (!window.customElements.get(name)) window.customElements.define(name, element);
	}
});

window.customStrategies ??= [];
window.customStrategies.push({
	type: "climkit",
	strategyType: "dashboard",
	name: "Climkit",
	get description() {
		return text(0);
	},
});
window.customCards ??= [];
window.customCards.push(
	...Object.keys(CARDS).map((type, index) => ({
		type,
		preview: true,
		get name() {
			return `Climkit · ${text(index + 1)}`;
		},
	})),
);
