// What all cards share: they find what they are about, page, wait, show, say what is wrong.
/** @import {Config, Formats, Hass, Row, Shared, Subject, TableColumn, Table, Texts, Value} from "../types" */
import { Cursor } from "./cursor.js";
import { ask, overview, release, subjectOf, texts } from "./data.js";
import { LENGTH, shift, within } from "./days.js";
import { formats } from "./format.js";
import { COLORS, mainOf, share, told } from "./layers.js";
import { linear, ticks } from "./scales.js";
import { esc, sumsHtml, tableHtml, words } from "./svg.js";

const REFRESH = 60_000; // milliseconds
const PATIENCE = 200;
// What passes by itself; the rest of an older period costs requests, or stays.
const PASSING = ["not_loaded", "not_found", "no_data_yet", "no_sites"];
const BODY = await (await fetch(new URL("card.html", import.meta.url))).text();

/** @template Data */
export class Card {
	hass = /** @type {Hass} */ ({});
	config = /** @type {Config} */ ({});
	subject = /** @type {Subject} */ ({});
	f = /** @type {Formats} */ ({});
	data = /** @type {Data} */ ({});
	/** @type {Texts} */
	t = () => "…";
	/** The kind of period that is shown. @type {keyof typeof LENGTH} */
	period = "month";
	/** The period that is wanted; null follows the current one. @type {string | null} */
	wanted = null;
	shown = "";
	problem = "";
	turn = 0;
	drawn = new Map();
	isReady = false;
	/** @type {ReturnType<typeof setInterval> | undefined} */
	timer;
	/** @type {typeof this.timer} */
	going;
	/** What buttons do, by their names. @type {Record<string, (value: string) => void>} */
	actions = {
		back: () => this.go(shift(this.shown, -1)),
		next: () => this.go(shift(this.shown, 1)),
		now: () => this.go(this.last),
		again: () => this.begin(),
		reload: () => location.reload(),
	};

	/** @param {HTMLElement} host */
	constructor(host) {
		this.root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
		this.root.innerHTML = BODY;
		this.root.addEventListener("click", (event) => {
			const button = /** @type {HTMLElement} */ (event.target).closest("[data-do]");
			if (!(button instanceof HTMLElement)) return;
			event.preventDefault();
			const { do: action = "", value = "" } = button.dataset;
			this.actions[action]?.(value);
			this.part(`[data-do=${action}][data-value="${value}"]`)?.focus();
		});
		this.body = this.part(".body");
		this.sizes = new ResizeObserver(() => this.isReady && !this.body.hidden && this.draw());
		this.cursor = new Cursor(this.part(".chart"));
		this.part("details").addEventListener("toggle", () => this.drawTable());
		this.setUp();
	}

	/** Add what only this kind does. */
	setUp() {}

	/** @param {string} selector */
	part(selector) {
		return /** @type {HTMLElement} */ (this.root.querySelector(selector));
	}

	/** @type {Shared["put"]} */
	put(selector, html) {
		if (this.drawn.get(selector) === html) return; // it keeps its focus
		this.drawn.set(selector, html);
		this.part(selector).innerHTML = html;
	}

	/** @type {Shared["update"]} */
	update(hass, config) {
		const { hass: old } = this;
		const isNew = config !== this.config || hass.locale !== old.locale || hass.connection !== old.connection;
		this.hass = hass;
		this.config = config;
		// The date picker's own colours.
		this.body.parentElement?.style.setProperty("color-scheme", hass.themes?.darkMode ? "dark" : "light");
		if (isNew && this.timer) this.begin();
	}

	start() {
		this.timer ??= setInterval(() => {
			if (!document.hidden && (!this.wanted || PASSING.includes(this.problem))) this.begin();
		}, REFRESH);
		this.sizes.observe(this.body);
		this.begin();
	}

	stop() {
		clearInterval(this.timer);
		this.timer = undefined;
		this.sizes.disconnect();
		this.turn++;
	}

	get first() {
		const { first_day, today } = this.subject.site;
		return (first_day ?? today).slice(0, LENGTH[this.period]);
	}

	get last() {
		return this.subject.site.today.slice(0, LENGTH[this.period]);
	}

	get title() {
		return (this.subject.meter ?? this.subject.site).name;
	}

	get unit() {
		return (this.subject.meter?.unit ?? "kWh").replace("m3", "m³");
	}

	/** Find out what to show, fetch it and show it. A later call voids an earlier one. */
	async begin() {
		if (!this.hass.callWS) return;
		const turn = ++this.turn;
		const isCurrent = () => turn === this.turn;
		const patience = setTimeout(() => isCurrent() && this.wait(), this.isReady ? PATIENCE : 0);
		try {
			this.t = await texts(this.hass);
			const subject = subjectOf(await overview(this.hass), this.config);
			if (!isCurrent()) return;
			this.subject = subject;
			this.f = formats(this.hass, subject.site.zone);
			this.prepare();
			const data = await this.fetch();
			if (!isCurrent()) return;
			this.data = data;
			this.problem = "";
			this.isReady = true;
			this.body.hidden = false;
			this.tell();
			this.draw();
		} catch (error) {
			if (isCurrent()) this.fail(error);
		} finally {
			clearTimeout(patience);
			if (isCurrent()) this.body.ariaBusy = "false";
		}
	}

	/** @type {Shared["ask"]} */
	ask(type, fields) {
		const { site, meter } = this.subject;
		return ask(this.hass, { type, site_id: site.site_id, ...(meter && { meter_id: meter.meter_id }), ...fields });
	}

	/** Bring the head up to the period that will be shown. */
	prepare() {
		const { first, last, period } = this;
		this.part(".head").hidden = false;
		this.shown = within(this.wanted ?? last, first, last);
		this.put("h2", esc(this.config.title || this.title));
		this.put(".when", esc(this.f.period(this.shown)));
		this.put("summary", esc(this.t("table")));
		for (const action of ["back", "next", "now"]) {
			const button = /** @type {HTMLButtonElement} */ (this.part(`[data-do=${action}]`));
			const text = this.t(`${action}_${period}`);
			button.disabled = action === "back" ? this.shown <= first : this.shown >= last;
			if (action === "now") {
				button.hidden = button.disabled;
				button.textContent = text;
			} else button.ariaLabel = button.title = text;
		}
	}

	/** @param {string} wanted */
	go(wanted) {
		this.wanted = wanted >= this.last ? null : wanted;
		this.turn++;
		this.prepare();
		// Whoever pages on at once does not wait for what lies between.
		clearTimeout(this.going);
		this.going = setTimeout(() => this.begin(), PATIENCE);
	}

	wait() {
		this.body.ariaBusy = "true";
		this.note(`<i class="wheel"></i><p>${esc(this.t("waiting"))}</p>`, "wait");
	}

	/** Say what stands above what is shown: nothing, if all is well. */
	tell() {
		this.note(release.isOld ? `<p>${esc(this.t("old_release"))}</p>${this.button("reload")}` : "");
	}

	/** @param {unknown} error */
	fail(error) {
		// A lost connection wraps its error.
		const { code, message, error: lost } = /** @type {{code?: string, message?: string, error?: unknown}} */ (error ?? {});
		this.problem = lost || code === "unknown_command" ? "not_loaded" : (code ?? "unknown");
		this.body.hidden = true;
		if (release.isOld) return this.tell();
		const key = `error_${this.problem}`;
		const values = { message: message ?? String(error) };
		const known = this.t(key, values);
		const text = known === key ? this.t("error_unknown", values) : known;
		this.note(`<p>${esc(text)}</p>${this.button("again")}`);
	}

	/** @param {string} action */
	button(action) {
		return `<button data-do="${action}">${esc(this.t(action))}</button>`;
	}

	/** @param {string} html */
	note(html, kind = "") {
		const notice = this.part(".notice");
		notice.className = `notice ${kind}`;
		notice.hidden = !html;
		notice.innerHTML = html;
	}

	/** @returns {Promise<Data>} */
	async fetch() {
		return this.data;
	}

	/** @type {Shared["plot"]} */
	plot() {
		return {};
	}

	draw() {
		const { svg = "", legend = "", sums = [], empty } = this.plot();
		this.put(".plot", empty ? `<p class="empty">${esc(this.t(empty))}</p>` : svg);
		this.put(".legend", legend);
		this.put(".sums", sumsHtml(sums));
		this.part("details").hidden = !svg;
		if (!svg) this.cursor.set(undefined);
		this.drawTable();
	}

	/** @returns {Table} */
	table() {
		return { caption: "", heads: [], rows: [] };
	}

	drawTable() {
		const { open } = /** @type {HTMLDetailsElement} */ (this.part("details"));
		if (open) this.put(".scroll", tableHtml(this.table()));
	}

	/** @param {string} name of a column */
	color(name) {
		const isMain = name === "total" || name === "consumption";
		return COLORS[isMain ? (this.subject.meter?.kind ?? "") : name] ?? "var(--primary-color)";
	}

	/** @param {Value} value */
	amount(value) {
		return value == null ? this.t("no_data") : this.f.amount(value, this.unit);
	}

	/** @type {Shared["lines"]} */
	lines(columns, amountOf) {
		return told(columns).map((name) => ({
			name: this.t(name),
			value: this.amount(amountOf(name)),
			color: this.color(name),
		}));
	}

	/** @type {Shared["totals"]} */
	totals(columns, sumOf) {
		const { total, solar } = mainOf(columns);
		const lines = this.lines(columns, sumOf);
		if (!solar) return lines;
		Object.assign(lines.at(-1) ?? {}, { color: "" });
		const isSite = solar === "self";
		const shares = [[isSite ? "self_sufficiency" : "solar_share", total], ...(isSite ? [["self_consumption", "production"]] : [])];
		for (const [name = "", whole = ""] of shares) {
			const value = share(sumOf(solar), sumOf(whole));
			if (value !== null) lines.push({ name: this.t(name), value: this.f.percent(value) });
		}
		return lines;
	}

	/** @type {Shared["tableOf"]} */
	tableOf(names, columns, digits, more) {
		/** @type {TableColumn[]} */
		const own = told(columns).map((name) => [`${this.t(name)} (${this.unit})`, columns[name], digits]);
		const all = [...own, ...more];
		const rows = names.map((name, index) => [name, ...all.map(([, values, digits]) => this.f.fixed(values?.[index], digits))]);
		return { caption: this.f.period(this.shown), heads: [this.t("time"), ...all.map(([head]) => head)], rows };
	}

	/** The axes of a chart whose places stand in a row. @param {Row} row */
	axes({ values, unit, right = 0, count, jump = 1, label, first, read }) {
		const known = values.map((value) => value ?? 0);
		const marks = ticks(Math.min(0, ...known), Math.max(0.05, ...known));
		const { width } = this;
		const height = this.isNarrow ? 230 : 280;
		const [left, end, top, bottom] = [40, width - right, 18, height - 22];
		const x = linear(0, count, left, end);
		const y = linear(marks[0] ?? 0, marks.at(-1) ?? 1, bottom, top);
		const drawn = [words(0, 9, unit, "start")];
		for (const mark of marks) {
			const path = `d="M${left} ${y(mark)}H${end}"`;
			drawn.push(`<path class="${mark ? "axis" : "zero"}" ${path}/>`, words(left - 6, y(mark) + 4, this.f.number(mark), "end"));
		}
		this.cursor.set({
			label,
			count,
			columns: jump,
			first: Math.max(0, first),
			at: (px) => Math.min(count - 1, Math.max(0, Math.floor(((px - left) / (end - left)) * count))),
			box: (index) => ({ x: x(index), y: top, width: x(index + 1) - x(index), height: bottom - top }),
			read,
		});
		return { width, height, end, top, bottom, x, y, drawn, slot: (end - left) / count };
	}

	get width() {
		return Math.max(240, this.part(".chart").clientWidth);
	}

	get isNarrow() {
		return this.width < 500;
	}
}
