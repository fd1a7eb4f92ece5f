// A month by day or a year by month, with the one of the year before.
/** @import {Bars, Month, Shared, TableColumn, Year} from "../types" */
import { Card } from "./card.js";
import { partsOf, shift } from "./days.js";
import { hasData, layers, mainOf, sum } from "./layers.js";
import { choiceHtml, rect, signHtml, svg, words } from "./svg.js";

/** @extends {Card<Bars>} */
export default class MonthsCard extends Card {
	/** @type {"month" | "year" | undefined} */
	chosen;

	setUp() {
		this.actions.period = (period) => {
			this.chosen = /** @type {"month" | "year"} */ (period);
			this.wanted = null;
			this.begin();
		};
	}

	prepare() {
		this.period = this.chosen ?? this.config.period ?? "month";
		super.prepare();
		this.put(".tools", choiceHtml("period", ["month", "year"], this.period, this.t));
	}

	/** @returns {Promise<Bars>} */
	async fetch() {
		const { shown } = this;
		if (this.period === "year") {
			/** @type {Year} */
			const { months, months_before, cost } = await this.ask("climkit/year", { year: Number(shown) });
			return { names: partsOf(shown, 12), now: months, old: months_before, cost };
		}
		/** @type {Month} */
		const { days, days_before, cost_days, day_starts } = await this.ask("climkit/month", { month: shown });
		return { names: partsOf(shown, day_starts.length - 1), now: days, old: days_before, cost: cost_days };
	}

	/** What the same of the year before is called. */
	get yearBefore() {
		return this.f.period(shift(this.shown, this.period === "year" ? -1 : -12));
	}

	plot() {
		const { now, old } = this.data;
		if (!hasData(now) && !hasData(old)) return { empty: "no_data_month" };
		const sign = '<rect class="old" width="16" height="10" rx="2"/>';
		return { svg: this.chart(), legend: hasData(old) ? signHtml(sign, this.yearBefore) : "", sums: this.sums() };
	}

	sums() {
		const { now, old, cost } = this.data;
		const { total } = mainOf(now);
		const lines = this.totals(now, (name) => sum(now[name]));
		// A month that runs is compared with the same days a year before.
		/** @type {Shared["common"]} */
		const common = (values, other) => sum(values?.filter((_, index) => other?.[index] != null));
		const [amount, before] = [common(now[total], old[total]), common(old[total], now[total])];
		if (amount !== null && before) {
			lines.push({
				name: this.t("compared_with", { period: this.yearBefore }),
				value: this.f.change(amount / before - 1),
			});
		}
		const paid = sum(cost);
		if (paid !== null) lines.push({ name: this.t("cost"), value: this.f.money(paid, this.subject.site.currency) });
		return lines;
	}

	chart() {
		const { names, now, old, cost } = this.data;
		const { stacked } = layers(now);
		const { total } = mainOf(now);
		const before = old[total] ?? [];
		const tops = stacked.flatMap(({ reach }) => names.map((_, index) => reach(index)[1]));
		const label = this.f.period(this.shown);
		const { width, height, x, y, drawn, slot } = this.axes({
			values: [...tops, ...before],
			unit: this.unit,
			count: names.length,
			label,
			first: (now[total] ?? []).findLastIndex((value) => value !== null),
			read: (index) => {
				const lines = this.lines(now, (name) => now[name]?.[index]);
				const [paid, was] = [cost?.[index], before[index]];
				if (paid != null) lines.push({ name: this.t("cost"), value: this.f.money(paid, this.subject.site.currency) });
				if (was != null) lines.push({ name: this.yearBefore, value: this.amount(was), color: "var(--secondary-text-color)" });
				return { title: this.f.short(names[index] ?? ""), lines };
			},
		});
		/** @type {Shared["bar"]} */
		const bar = (index, width, from, to, attributes) => {
			const [above, below] = [y(Math.max(from, to)), y(Math.min(from, to))];
			const box = { x: x(index + 0.5) - width / 2, y: above, width, height: below - above };
			if (below > above) drawn.push(rect(box, attributes));
		};
		names.forEach((name, index) => {
			const isYear = names.length === 12;
			const text = isYear ? this.f.short(name).slice(0, slot < 34 ? 1 : 9) : String(index + 1);
			if (isYear || index % Math.ceil(20 / slot) === 0) drawn.push(words(x(index + 0.5), height - 4, text));
			bar(index, Math.min(44, slot * 0.88), 0, before[index] ?? 0, 'class="old" rx="2"');
			for (const { name, reach } of stacked) {
				const color = `fill="${this.color(name)}" fill-opacity=".88" rx="1"`;
				bar(index, Math.min(28, slot * 0.58), ...reach(index), color);
			}
		});
		return svg(width, height, `${this.title}, ${label}, ${this.amount(sum(now[total]))}`, drawn);
	}

	table() {
		const { names, now, old, cost } = this.data;
		/** @type {TableColumn[]} */
		const more = [[this.yearBefore, old[mainOf(now).total], 2]];
		if (cost) more.push([`${this.t("cost")} (${this.subject.site.currency ?? ""})`, cost, 2]);
		return this.tableOf(names.map(this.f.short), now, 2, more);
	}
}
