// A day by quarter-hour: what was used and from where.
/** @import {Day, Shared} from "../types" */
import { Card } from "./card.js";
import { range, shift } from "./days.js";
import { hasData, layers, mainOf } from "./layers.js";
import { area, clock, line, linear, runs } from "./scales.js";
import { signHtml, spoken, svg, words } from "./svg.js";

const DWELL = 900; // milliseconds on an older day until the day before is asked for

/** @extends {Card<Day>} */
export default class DayCard extends Card {
	/** @type {Day | undefined} */
	before;

	setUp() {
		this.period = /** @type {const} */ ("day");
		const { picker } = this;
		picker.onchange = () => picker.value && this.go(picker.value);
	}

	get picker() {
		return /** @type {HTMLInputElement} */ (this.part("input"));
	}

	prepare() {
		super.prepare();
		const { picker, shown } = this;
		Object.assign(picker, { hidden: false, min: this.first, max: this.last, ariaLabel: this.t("pick_day") });
		if (picker.value !== shown) picker.value = shown;
	}

	/** @returns {Promise<Day>} */
	async fetch() {
		const { turn, shown } = this;
		const day = shift(shown, -1);
		if (this.before?.day !== day && turn === this.turn) this.before = undefined;
		const data = await this.ask("climkit/day", { day: shown });
		if (day >= this.first) this.fetchBefore(day, turn);
		return /** @type {Day} */ (data);
	}

	/** @type {Shared["fetchBefore"]} */
	async fetchBefore(day, turn) {
		if (this.shown < this.last) await new Promise((resolve) => setTimeout(resolve, DWELL));
		if (turn !== this.turn) return;
		/** @type {Day | undefined} */
		const before = await this.ask("climkit/day", { day }).catch(() => undefined);
		if (turn !== this.turn) return;
		this.before = before;
		this.draw();
	}

	plot() {
		const { before, data, isNarrow } = this;
		const { columns, count, start, step, zone, low, price, day, is_today, currency } = data;
		if (!hasData(columns)) return { empty: is_today ? "no_data_today" : "no_data_day" };
		const sums = this.sums();
		if (count === 1) return { sums };
		const { stacked, lines } = layers(columns);
		const rate = 3600 / step; // from kWh in a quarter-hour to kW
		const minutes = clock(start, step, count, zone);
		const known = minutes.map((_, index) => Object.values(columns).some((values) => values[index] != null));
		const last = known.lastIndexOf(true);
		/** @param {string} name */
		const power = (name, from = columns) => (from[name] ?? []).map((value) => value && value * rate);

		// The day before, brought to this day's clock.
		const old = power(mainOf(columns).total, before?.columns ?? {});
		const oldClock = before ? clock(before.start, step, old.length, zone) : [];
		const byClock = new Map(oldClock.map((minute, index) => [minute, old[index] ?? null]));
		const past = minutes.map((minute) => byClock.get(minute) ?? null);

		const tops = stacked.flatMap(({ reach }) => minutes.map((_, index) => reach(index)[1] * rate));
		const values = [...tops, ...past, ...lines.flatMap((name) => power(name))];
		const { width, height, end, top, bottom, x, y, drawn } = this.axes({
			values,
			unit: "kW",
			right: price ? 44 : 6,
			count,
			jump: 4,
			label: this.t("quarters_of", { day: this.f.period(day) }),
			first: last,
			read: (index) => this.read(index),
		});
		/** @type {Shared["shade"]} */
		const shade = (runs, kind) => {
			for (const [first, next] of runs) {
				drawn.push(`<path class="${kind}" d="M${x(first)} ${top}H${x(next)}V${bottom}H${x(first)}Z"/>`);
			}
		};
		/** @type {Shared["trace"]} */
		const trace = (numbers, scale, attributes) => {
			for (const run of runs(count, (index) => numbers[index] != null)) {
				drawn.push(`<path ${attributes} d="${line(run, x, (index) => scale(numbers[index] ?? 0))}"/>`);
			}
		};
		shade(low ?? [], "low");
		minutes.forEach((minute, index) => {
			if (minute % (isNarrow ? 360 : 180) === 0) {
				drawn.push(words(x(index), height - 4, this.f.time(start + index * step)));
			}
		});
		const holes = runs(is_today ? last : count, (index) => !known[index]);
		shade(holes, "hole");
		for (const { name, reach } of stacked) {
			for (const run of runs(count, (index) => columns[name]?.[index] != null)) {
				const [from, to] = [0, 1].map((side) => (/** @type {number} */ index) => y((reach(index)[side] ?? 0) * rate));
				const outline = from && to ? area(run, x, to, from) : "";
				drawn.push(`<path d="${outline}" fill="${this.color(name)}" fill-opacity=".82"/>`);
			}
		}
		for (const name of lines) trace(power(name), y, `class="over" stroke="${this.color(name)}"`);
		trace(past, y, 'class="before"');
		if (price) {
			const prices = price.filter((value) => value !== null);
			const [most, least] = [Math.max(0.01, ...prices), Math.min(...prices)];
			const scale = linear(Math.min(0, least), most * 1.15, y(0), top);
			trace(price, scale, 'class="price"');
			for (const value of scale(least) - scale(most) > 12 ? [most, least] : [most]) {
				drawn.push(words(end + 5, scale(value) + 4, this.f.fixed(value, 2, 3), "start"));
			}
			drawn.push(words(width, 9, `${currency ?? ""}/kWh`, "end"));
		}
		if (is_today) drawn.push(`<path class="current" d="M${x(last + 1)} ${top}V${bottom}"/>`);

		/** @type {[unknown, string, string][]} */
		const signs = [
			[before, "day_before", '<path class="before" d="M0 5H16"/>'],
			[lines.length, "production", `<path class="over" stroke="${this.color("production")}" d="M0 5H16"/>`],
			[low?.length, "low_tariff", '<rect class="low" width="16" height="10"/>'],
			[price, "price", '<path class="price" d="M0 5H16"/>'],
			[holes.length, "no_data", '<rect class="hole" width="16" height="10"/>'],
		];
		return {
			svg: svg(width, height, spoken({ title: `${this.title}, ${this.f.period(day)}`, lines: sums }), drawn),
			legend: signs.map(([isThere, name, sign]) => (isThere ? signHtml(sign, this.t(name)) : "")).join(""),
			sums,
		};
	}

	/** @param {number} index */
	read(index) {
		const { columns, start, step, price, low, currency } = this.data;
		const lines = this.lines(columns, (name) => columns[name]?.[index]);
		const total = columns[mainOf(columns).total]?.[index];
		if (total != null) lines.push({ name: this.t("power"), value: this.f.amount((total * 3600) / step, "kW") });
		if (price?.[index] != null) {
			const isLow = low?.some(([first, end]) => index >= first && index < end);
			lines.push({ name: this.t(isLow ? "price_low" : "price"), value: this.f.price(price[index], currency) });
		}
		const from = start + index * step;
		return { title: `${this.f.time(from)}–${this.f.time(from + step)}`, lines };
	}

	sums() {
		const { columns, sums, cost, currency, peak } = this.data;
		const lines = this.totals(columns, (name) => sums[name]);
		if (peak) {
			lines.push({ name: this.t("peak"), value: `${this.f.amount(peak.kw, "kW")} · ${this.f.time(peak.start)}` });
		}
		if (cost !== null) lines.push({ name: this.t("cost"), value: this.f.money(cost, currency) });
		return lines;
	}

	table() {
		const { columns, start, step, price, currency, count } = this.data;
		const names = range(count, (index) => this.f.time(start + index * step));
		return this.tableOf(names, columns, 3, price ? [[`${this.t("price")} (${currency ?? ""}/kWh)`, price, 4]] : []);
	}
}
