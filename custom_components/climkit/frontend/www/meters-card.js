// All meters of a building in a month: a table to sort and to save.
/** @import {Column, MeterRow, Meters, Shared, Value} from "../types" */
import { Card } from "./card.js";
import { csv } from "./csv.js";
import { ask } from "./data.js";
import { partsOf } from "./days.js";
import { COLORS } from "./layers.js";
import { esc } from "./svg.js";

/** @type {Column[]} */
const COLUMNS = ["name", "total", "solar_share", "cost", "share", "change", "last_data"];

/** @extends {Card<Meters>} */
export default class MetersCard extends Card {
	/** @type {Column} */
	sorted = "total";
	isDown = true;

	setUp() {
		this.actions.sort = (column) => {
			this.isDown = column === this.sorted ? !this.isDown : column !== "name";
			this.sorted = /** @type {Column} */ (column);
			this.draw();
		};
		this.actions.save = () => this.save();
		this.actions.open = (meter) => {
			history.pushState(null, "", `/${location.pathname.split("/")[1]}/meter-${meter}`);
			window.dispatchEvent(new CustomEvent("location-changed", { detail: {} }));
		};
	}

	get title() {
		return `${this.subject.site.name} · ${this.t("meters")}`;
	}

	/** @returns {Promise<Meters>} */
	fetch() {
		return ask(this.hass, { type: "climkit/meters", site_id: this.subject.site.site_id, month: this.shown });
	}

	/** @type {Shared["value"]} */
	value(row, column) {
		if (column !== "change") return row[column];
		// A month that still runs would look like less.
		const before = this.shown < this.last && row.months[Number(this.data.month.slice(5)) - 2];
		return before && row.total !== null ? row.total / before - 1 : null;
	}

	/** @type {Shared["say"]} */
	say(row, column) {
		const value = this.value(row, column);
		if (typeof value === "string") return value;
		if (column === "total") return this.f.amount(value, row.unit);
		if (column === "cost") return this.f.money(value, this.data.currency);
		if (column === "last_data") return this.f.moment(value);
		return column === "change" ? this.f.change(value) : this.f.percent(value);
	}

	/** The columns that have something to say. */
	get columns() {
		return COLUMNS.filter((column) => this.data.meters.some((row) => this.value(row, column) !== null));
	}

	/** The rows as sorted: what is missing last, kWh before m³. */
	get rows() {
		const { sorted } = this;
		const words = new Intl.Collator(this.hass.language, { numeric: true });
		return [...this.data.meters].sort((one, other) => {
			if (sorted === "total" && one.unit !== other.unit) return one.unit < other.unit ? -1 : 1;
			const [a, b] = [this.value(one, sorted), this.value(other, sorted)];
			if (a === null || b === null) return Number(a === null) - Number(b === null);
			const order = typeof a === "string" ? words.compare(a, String(b)) : a - Number(b);
			return (this.isDown ? -order : order) || words.compare(one.name, other.name);
		});
	}

	get months() {
		return partsOf(this.data.month.slice(0, 4), 12);
	}

	/** @param {Column} column */
	head(column) {
		return this.t(column === "name" ? "meter" : column === "total" ? "amount" : column);
	}

	draw() {
		const { data, sorted, isDown } = this;
		const { peak, meters, month } = data;
		const said = peak ? `${this.t("peak")} ${this.f.amount(peak.kw, "kW")}, ${this.f.moment(peak.start)}` : "";
		this.put(".tools", `<p>${esc(said)}</p>${this.button("save")}`);
		const heads = this.columns.map((column) => {
			const [order, sign] = column !== sorted ? ["none", ""] : isDown ? ["descending", " ↓"] : ["ascending", " ↑"];
			const button = `<button data-do="sort" data-value="${column}">${esc(this.head(column))}${sign}</button>`;
			return `<th scope="col" aria-sort="${order}">${button}</th>`;
		});
		const rows = this.rows.map((row) => this.row(row)).join("");
		const table = `<table aria-label="${esc(this.f.period(month))}"><thead><tr>${heads.join("")}<th scope="col">${esc(this.t("year"))}</th></tr></thead><tbody>${rows}</tbody></table>`;
		this.put(".plot", meters.length ? table : `<p class="empty">${esc(this.t("no_data_month"))}</p>`);
	}

	/** @param {MeterRow} row */
	row(row) {
		const { meter_id, is_silent, kind } = row;
		const most = Math.max(...this.data.meters.map(({ unit, total }) => (unit === row.unit ? (total ?? 0) : 0)));
		const cells = this.columns.slice(1).map((column) => {
			const part = `${((row.total ?? 0) / (most || 1)) * 100}%`;
			const bar = column === "total" ? `<span class="bar" style="--part:${part}"></span>` : "";
			return `<td data-name="${esc(this.head(column))}"><span>${esc(this.say(row, column))}${bar}</span></td>`;
		});
		let name = esc(row.name);
		if (this.config.link) {
			name = `<a href="meter-${esc(meter_id)}" data-do="open" data-value="${esc(meter_id)}">${name}</a>`;
		}
		if (is_silent) name += ` <span class="silent">${esc(this.t("silent"))}</span>`;
		const year = `<td class="wide" data-name="${esc(this.t("year"))}">${this.year(row)}</td>`;
		const color = COLORS[kind] ?? "var(--primary-color)";
		return `<tr style="--dot:${color}"><th scope="row"><i class="dot"></i> ${name}</th>${cells.join("")}${year}</tr>`;
	}

	/** The months of the year as small bars. @param {MeterRow} row */
	year({ months, unit }) {
		const most = Math.max(...months.map((value) => value ?? 0)) || 1;
		const said = months.map((value, index) => `${this.f.short(this.months[index] ?? "")} ${this.f.amount(value, unit)}`);
		const text = esc(said.join(", "));
		const bars = months.map((value, index) => {
			const tall = value ? Math.max(1, (value / most) * 22) : 0;
			const kind = this.months[index] === this.data.month ? "here" : "";
			return `<rect class="${kind}" x="${index * 7}" y="${24 - tall}" width="5" height="${tall}" rx="1"/>`;
		});
		return `<svg class="year" role="img" aria-label="${text}" width="84" height="24"><title>${text}</title>${bars.join("")}</svg>`;
	}

	/** Save what is shown, as sorted. */
	save() {
		const { columns, f, data, months } = this;
		/** @param {string | Value} value */
		const field = (value) => (typeof value === "number" ? String(+value.toFixed(4)).replace(".", f.decimal) : (value ?? ""));
		const rows = this.rows.map((row) => [
			...columns.map((column) => {
				const value = this.value(row, column);
				return column === "last_data" && value ? new Date(Number(value) * 1000).toISOString() : field(value);
			}),
			row.unit,
			...months.map((_, index) => field(row.months[index])),
		]);
		const heads = [...columns.map((column) => this.head(column)), this.t("unit"), ...months];
		// Where the comma is decimal, spreadsheets expect semicolons.
		const isComma = f.decimal === "." && this.hass.language.startsWith("en");
		const link = document.createElement("a");
		link.href = URL.createObjectURL(new Blob([csv([heads, ...rows], isComma ? "," : ";")], { type: "text/csv" }));
		link.download = `climkit-${data.month}.csv`;
		link.click();
		setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
	}
}
